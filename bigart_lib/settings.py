"""What an artist can choose, with the bounds that notebook, command line and tests share: plain values."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from operator import index
from pathlib import Path
from typing import Any, NamedTuple

from bigart_lib import shapes

SAMPLERS = ("dpm++", "ddim", "ancestral")
QUALITIES = ("draft", "standard", "published")  # of candidates; the last is how the original samples
SPACINGS = ("even", "log-snr")  # of timesteps: by number, or by the logarithm of the signal-to-noise ratio
TIMESTEPS = 1000  # of the noise schedules that GLIDE was trained with
TEXTURE_STYLES = ("even", "article")
PICTURE_SIZES = (256, 1024, 4096, 16384)  # px of the long side that a candidate can be painted at
LARGE_SIZE = 2048  # px a side: above, texture is of the larger kind, and VQGAN repaints no more
MOST_ANCESTORS = 99  # of a variation
LONGEST_SHOWN = 60  # characters of a wrong value in a message
MOST_PIXELS = 16384 * 16384  # of a finished picture
DEFAULT_FOLDER = Path("bigart_pictures")  # in which each run gets a folder of its own
KEPT_RESULTS = ("none", "exact", "all")  # which a run keeps, to go on from: none, up to 4096x4096 pixels, all
BROUGHT_SIZE = 256  # px a side that a picture of the artist's own counts as, whatever it has


class Bounds(NamedTuple):
    """The least and the most that a setting may be, both allowed."""

    least: float
    most: float


SEED = Bounds(0, 2**63 - 1)
COUNT = Bounds(1, 49)  # candidates
STEPS = Bounds(1, 1000)  # denoising steps of the base model
GUIDANCE = Bounds(0, 20)  # 1 follows the prompt as trained, more follows it harder
TIMES = Bounds(1.5, 64)  # longer that the sides of a picture that was brought become
SIDE = Bounds(1, 1_000_000)  # px
DPI = Bounds(1, 10_000)  # pixels an inch
GUIDED = Bounds(0, 1)  # share of the steps, from the noisiest on, that the prompt guides
QUALITY = Bounds(1, 100)  # of JPEG and WebP
DISTANCE = Bounds(0, 1)  # of a variation from the picture it stays near
TEXTURE_AMOUNT = Bounds(0, 0.15)  # share of full scale
TEXTURE_SIZE = Bounds(1, 9)  # width of the clumps, whole numbers


def check(name: str, value: Any, bounds: Bounds, whole: bool = False) -> Any:
    """The value as a plain number; numpy's are welcome.

    Raises
    ------
    ValueError
        In a line that says what `name` may be, unless the value is a number within its bounds.
    """
    plain = None if isinstance(value, bool) else _plain(value, whole)
    if plain is None:
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number, not {_short(value)}")
    if not bounds.least <= plain <= bounds.most:
        came = plain if abs(plain) < 1e15 else f"{plain:.3g}" if abs(plain) < 1e300 else "a larger number"
        raise ValueError(f"{name} must be from {bounds.least} to {bounds.most}, not {came}")
    return plain


def _plain(value: Any, whole: bool) -> int | float | None:
    """The whole number, or else the finite one, that a value is; None where it is none."""
    with suppress(TypeError):
        return index(value)
    if whole or not isinstance(value, Real) or not isfinite(value):
        return None
    return float(value)


def _short(value: Any) -> str:
    """A value of any kind for a message, in one line."""
    words = " ".join(repr(value).split())
    return words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…"


def check_flag(name: str, value: object) -> None:
    """Raise a ValueError unless `value` is true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {_short(value)}")


def check_choice(name: str, value: Any, choices: tuple) -> Any:
    """The choice that a value is; raises a ValueError that lists the choices where it is none."""
    with suppress(ValueError):  # it is not there, or is a list, which equals nothing
        return choices[choices.index(value)]
    raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {_short(value)}")


def check_colour(name: str, value: Any) -> str:
    """A colour, by its English name, #RGB or #RRGGBB, as #rrggbb; raises a ValueError where it is none."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(value)
    except (ValueError, TypeError, AttributeError):  # a fourth is transparency
        raise ValueError(f"{name} must be a colour such as white or #ffeedd, not {_short(value)}") from None
    return f"#{red:02x}{green:02x}{blue:02x}"


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
    """A candidate that variations stay near."""

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
    shape: str = shapes.SQUARE  # width to height, in whole numbers; see `shapes.read_shape`
    repeats: bool = False  # whether pictures tile without a seam
    negative: str | None = None  # what to keep away from, where the generator can
    quality: str | None = None  # one of QUALITIES, which chooses what is left open; None is "standard"
    guided: float | None = None  # share of the steps, the noisiest first, that are guided
    spacing: str | None = None  # one of SPACINGS, of the base model's timesteps
    upsampler_timesteps: tuple[int, ...] | None = None  # of 1000, noisiest first

    def __post_init__(self) -> None:
        plain = {"near": _ancestors(self.near), "shape": shapes.read_shape(self.shape)}
        numbers = {"seed": SEED, "count": COUNT, "distance": DISTANCE}
        left_open = {"steps": STEPS, "guidance": GUIDANCE, "guided": GUIDED}  # the models can choose these
        numbers |= {name: bounds for name, bounds in left_open.items() if getattr(self, name) is not None}
        for name, bounds in numbers.items():
            plain[name] = check(name, getattr(self, name), bounds, whole=name in ("seed", "count", "steps"))
        check_flag("repeats", self.repeats)
        if self.negative is not None and not isinstance(self.negative, str):
            raise ValueError(f"negative must be words, not {_short(self.negative)}")
        plain["negative"] = " ".join((self.negative or "").split()) or None
        for name, choices in {"sampler": SAMPLERS, "quality": QUALITIES, "spacing": SPACINGS}.items():
            if getattr(self, name) is not None:
                plain[name] = check_choice(name, getattr(self, name), choices)
        if self.upsampler_timesteps is not None:
            plain["upsampler_timesteps"] = _timesteps(self.upsampler_timesteps)
        _set(self, plain)

    def line(self, index: int) -> tuple[Ancestor, ...]:
        """What variations of one of these candidates stay near: what it stays near itself, and it."""
        return (*self.near, Ancestor(self.seed, index, self.distance if self.near else 1.0))


def _ancestors(near: Any) -> tuple[Ancestor, ...]:
    """What to stay near, checked; one alone is welcome."""
    several = (near,) if isinstance(near, Ancestor) else near
    if not isinstance(several, (tuple, list)) or not all(isinstance(one, Ancestor) for one in several):
        raise ValueError(f"near must be an Ancestor, or several, the eldest first, not {_short(near)}")
    if len(several) > MOST_ANCESTORS:
        raise ValueError(f"near must be at most {MOST_ANCESTORS} ancestors, not {len(several)}")
    return tuple(
        Ancestor(
            check("seed to stay near", one.seed, SEED, whole=True),
            check("index to stay near", one.index, Bounds(0, COUNT.most - 1), whole=True),
            check("distance", one.distance, DISTANCE),
        )
        for one in several
    )


def _timesteps(values: Any) -> tuple[int, ...]:
    """Timesteps, checked."""
    bounds = Bounds(0, TIMESTEPS - 1)
    if not isinstance(values, (tuple, list)) or not values:
        raise ValueError(f"upsampler_timesteps must be whole numbers, noisiest first, not {_short(values)}")
    plain = tuple(check("upsampler_timesteps", one, bounds, whole=True) for one in values)
    if list(plain) != sorted({*plain}, reverse=True):
        raise ValueError(f"upsampler_timesteps must go down from one to the next, not {_short(values)}")
    return plain


def _set(settings: Any, values: Mapping[str, Any]) -> None:
    """Give frozen settings their checked values: plain ones, so that any recipe can be written as JSON."""
    for name, value in values.items():
        object.__setattr__(settings, name, value)


@dataclass(frozen=True)
class TextureSettings:
    """Blurred monochrome noise laid over a picture."""

    amount: float = 0.05  # standard deviation, as a share of full scale; 0 lays none
    size: int = 1  # width of the clumps
    style: str = "even"  # "article" is the filter of the article, whose amount shrinks with size

    def __post_init__(self) -> None:
        plain = {
            "amount": check("texture amount", self.amount, TEXTURE_AMOUNT),
            "size": check("texture size", self.size, TEXTURE_SIZE, whole=True),
            "style": check_choice("texture style", self.style, TEXTURE_STYLES),
        }
        _set(self, plain)


@dataclass(frozen=True)
class PaintSettings:
    """What happens to the picture that was picked."""

    size: int = 4096  # px of the finished picture's long side
    texture_1k: TextureSettings = TextureSettings()  # laid on after the first enlarging
    texture_4k: TextureSettings = TextureSettings()  # laid on after the second
    enhance: bool = False  # whether VQGAN repaints the first enlarging
    fit: tuple[int, int] | None = None  # width and height in px of the finished picture, instead of `size`
    background: str | None = None  # that transparency is laid on, #RRGGBB in the picture's own colours
    match_colours: bool = False  # whether networks' own shift of colours is taken out again

    def __post_init__(self) -> None:
        _set(self, {"size": check_choice("size", self.size, PICTURE_SIZES)})
        if self.fit is not None:
            if not isinstance(self.fit, (tuple, list)) or len(self.fit) != 2:
                raise ValueError(f"fit must be a width and a height in pixels, not {_short(self.fit)}")
            _set(self, {"fit": tuple(check("fit", side, SIDE, whole=True) for side in self.fit)})
        if self.background is not None:
            _set(self, {"background": check_colour("background", self.background)})
        for name in ("texture_1k", "texture_4k"):
            if not isinstance(getattr(self, name), TextureSettings):
                raise ValueError(f"{name} must be a texture, with an amount and a size")
        for name in ("enhance", "match_colours"):
            check_flag(name, getattr(self, name))


# What happens to a picture that somebody brings, where nothing is asked for: it keeps its colours, and no
# grain is laid over it.
BROUGHT = PaintSettings(4 * BROUGHT_SIZE, TextureSettings(0), TextureSettings(0), match_colours=True)
