"""What an artist can choose, with the bounds that notebook, command line and tests share: plain values."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

SAMPLERS = ("dpm++", "ddim", "ancestral")
TEXTURE_STYLES = ("even", "article")
PICTURE_SIZES = (256, 1024, 4096, 16384)  # px a side that a square candidate can be painted at
LARGE_SIZE = 2048  # px a side: above, texture is of the larger kind, and VQGAN repaints no more
BROUGHT_SIZE = 256  # px a side that a picture of the artist's own counts as, whatever it has


class Bounds(NamedTuple):
    """The least and the most that a setting may be, both allowed."""

    least: float
    most: float


SEED = Bounds(0, 2**63 - 1)
COUNT = Bounds(1, 49)  # candidates
STEPS = Bounds(2, 1000)  # denoising steps of the base model
GUIDANCE = Bounds(0, 20)  # 1 follows the prompt as trained, more follows it harder
DISTANCE = Bounds(0, 1)  # of a variation from the picture it stays near
TEXTURE_AMOUNT = Bounds(0, 0.15)  # share of full scale
TEXTURE_SIZE = Bounds(1, 9)  # width of the clumps, whole numbers


def check(name: str, value: float, bounds: Bounds, whole: bool = False) -> None:
    """Raise a ValueError that says what `name` may be, unless `value` is a number within its bounds."""
    kind = int if whole else (int, float)
    if not isinstance(value, kind) or isinstance(value, bool) or (kind is not int and not _is_finite(value)):
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number, not {value!r}")
    if not bounds.least <= value <= bounds.most:
        came = value if abs(value) < 1e15 else f"{value:.3g}" if abs(value) < 1e300 else "a larger number"
        raise ValueError(f"{name} must be from {bounds.least} to {bounds.most}, not {came}")


def _is_finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return True


def check_flag(name: str, value: object) -> None:
    """Raise a ValueError unless `value` is true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {value!r}")


def check_choice(name: str, value: object, choices: tuple) -> None:
    """Raise a ValueError that lists the choices, unless `value` is one of them."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {value!r}")


def read_memory(words: str) -> int:
    """Bytes out of "6GB", "800 MB" or a plain number of bytes.

    Raises
    ------
    ValueError
        When it says no amount of memory.
    """
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,3})?)\s*([kmgt]?)i?b?\s*", words.lower())
    amount = float(found[1]) * 1000 ** " kmgt".index(found[2] or " ") if found else 0
    if amount < 1:
        raise ValueError(f"memory must be an amount such as 6GB or 800MB, not {words!r}")
    return int(amount)


def new_seed() -> int:
    """A seed nobody chose, short enough to read out."""
    return secrets.randbelow(2**31)


class Ancestor(NamedTuple):
    """A picture that variations stay near."""

    seed: int
    index: int  # which candidate, from 0
    distance: float  # from the ancestor before it, if there is one


@dataclass(frozen=True)
class GenerateSettings:
    """How candidates are painted. None takes what suits the set of models."""

    seed: int = field(default_factory=new_seed)  # same seed, same candidates
    count: int = 7  # candidates
    steps: int | None = None  # denoising steps of the base model
    guidance: float | None = None  # how hard the prompt is followed
    sampler: str | None = None  # one of SAMPLERS; "ancestral" is the published one
    near: tuple[Ancestor, ...] = ()  # what to stay near, the eldest first: a picture may be a variation too
    distance: float = 0.5  # from the last of them: 0 is that picture again, 1 has nothing of it

    def __post_init__(self) -> None:
        check("seed", self.seed, SEED, whole=True)
        for ancestor in self.near:
            check("seed to stay near", ancestor.seed, SEED, whole=True)
            check("index to stay near", ancestor.index, Bounds(0, COUNT.most - 1), whole=True)
            check("distance", ancestor.distance, DISTANCE)
        check("distance", self.distance, DISTANCE)
        check("count", self.count, COUNT, whole=True)
        if self.steps is not None:
            check("steps", self.steps, STEPS, whole=True)
        if self.guidance is not None:
            check("guidance", self.guidance, GUIDANCE)
        if self.sampler is not None:
            check_choice("sampler", self.sampler, SAMPLERS)


@dataclass(frozen=True)
class TextureSettings:
    """Blurred monochrome noise laid over a picture."""

    amount: float = 0.05  # standard deviation, as a share of full scale; 0 lays none
    size: int = 1  # width of the clumps
    style: str = "even"  # "article" is the filter of the article, whose amount shrinks with size

    def __post_init__(self) -> None:
        check("texture amount", self.amount, TEXTURE_AMOUNT)
        check("texture size", self.size, TEXTURE_SIZE, whole=True)
        check_choice("texture style", self.style, TEXTURE_STYLES)


@dataclass(frozen=True)
class PaintSettings:
    """What happens to the picture that was picked."""

    size: int = 4096  # px a side of the finished picture, for a square candidate
    texture_1k: TextureSettings = TextureSettings()  # laid on after the first enlarging
    texture_4k: TextureSettings = TextureSettings()  # laid on after the second
    enhance: bool = False  # whether VQGAN repaints the first enlarging

    def __post_init__(self) -> None:
        check_choice("size", self.size, PICTURE_SIZES)
        for name in ("texture_1k", "texture_4k"):
            if not isinstance(getattr(self, name), TextureSettings):
                raise ValueError(f"{name} must be a texture, with an amount and a size")
        check_flag("enhance", self.enhance)
