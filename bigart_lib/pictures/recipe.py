"""How a picture was made, as data: enough to make it again, and to say whether it is the same.

It is kept in the picture's own file as ASCII JSON, which other programs leave alone, and is read as what it
is: text that anybody may have written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from bigart_lib.machine import VERSION
from bigart_lib.pictures.images import PictureError, opened
from bigart_lib.settings import (
    COUNT,
    Ancestor,
    Bounds,
    GenerateSettings,
    PaintSettings,
    TextureSettings,
    check,
)

ATTRIBUTION = "This image was created with BIG.art by Robert A. Gonsalves."
TEXT_KEY = "bigart"  # of the text chunk that holds the recipe
LONGEST_RECIPE = 1_000_000  # characters
LONGEST_TEXT = 100_000  # characters of a prompt, or of any other text in a recipe
DEEPEST = 8  # brackets within brackets
MOST_ENTRIES = 2000  # of a list or an object in a recipe


@dataclass(frozen=True)
class Recipe:
    """Everything that decided a picture's pixels."""

    models: str  # name of the set
    networks: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of the weights of each
    machine: Mapping[str, str | int] = field(default_factory=dict)  # device, precision, threads, versions
    prompt: str | None = None
    source: str | None = None  # name of the picture that was enlarged instead of a prompt
    source_pixels: str | None = None  # `pixel_hash` of that picture
    generate: GenerateSettings | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)  # timesteps and the like of the networks
    index: int | None = None  # which candidate, from 0
    paint: PaintSettings | None = None
    stage: str | None = None  # the step of the plan that made the picture
    steps: Mapping[str, str] = field(default_factory=dict)  # `pixel_hash` after each step, by its name
    unknown: tuple[str, ...] = ()  # what a newer version wrote and this one does not know

    @property
    def pixels(self) -> str | None:
        """The `pixel_hash` of the picture."""
        return self.steps.get(self.stage or "")

    def to_dict(self) -> dict[str, Any]:
        """As plain values, without what is empty."""
        values = asdict(self)
        del values["unknown"]
        return {name: value for name, value in values.items() if value not in (None, {})}

    def texts(self) -> dict[str, str]:
        """What a file made by this recipe says of itself; "parameters" is what other image tools read."""
        texts = {
            TEXT_KEY: json.dumps(self.to_dict()),
            "Comment": ATTRIBUTION,
            "Software": f"BIG.art {VERSION}",
        }
        return {**texts, "parameters": self._parameters()} if self.prompt and self.generate else texts

    def _parameters(self) -> str:
        made_by = self.generate
        parameters = {
            "Steps": made_by.steps,
            "Sampler": made_by.sampler,
            "CFG scale": made_by.guidance,
            "Seed": made_by.seed,
            "Candidate": None if self.index is None else self.index + 1,
            "Model": self.models,
            "Model hash": self.networks.get("base", "")[:10] or None,
            "Version": f"BIG.art {self.machine.get('bigart', VERSION)}",
        }
        listed = (f"{name}: {value}" for name, value in parameters.items() if value is not None)
        return f"{self.prompt}\n{', '.join(listed)}"


def from_json(text: str) -> Recipe:
    """The recipe that `texts` wrote.

    Raises
    ------
    ValueError
        When the text is no recipe, in one line that says why.
    """
    return from_dict(load_json(text, "a recipe"))


def load_json(text: str, what: str) -> dict:
    """Read JSON that anybody may have written: within limits of size and depth, an object.

    Raises
    ------
    ValueError
        When it is something else.
    """
    if len(text) > LONGEST_RECIPE:
        raise ValueError(f"not {what}: {len(text):,} characters, of at most {LONGEST_RECIPE:,}")
    depth = deepest = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
        depth += (bracket in "[{") - (bracket in "]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise ValueError(f"not {what}: {deepest} brackets within brackets, of at most {DEEPEST}")
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ValueError(f"not {what}: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"not {what}: expected an object, got {type(values).__name__}")
    return values


def from_dict(values: dict) -> Recipe:
    """The recipe that `Recipe.to_dict` made into plain values; raises as `from_json` does."""
    values, unknown = _modern(dict(values)), []
    try:
        for name, kind in (("generate", GenerateSettings), ("paint", PaintSettings)):
            if values.get(name) is not None:
                values[name] = _settings(kind, values[name], name, unknown)
        for name in ("networks", "machine", "sampling", "steps"):
            _check_mapping(name, values.setdefault(name, {}))
        for name in ("models", "prompt", "source", "source_pixels", "stage"):
            _check_text(name, values.get(name))
        if values.get("index") is not None:
            check("index", values["index"], Bounds(0, COUNT.most - 1), whole=True)
        return Recipe(**_known(Recipe, values, "", unknown), unknown=tuple(unknown))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"not a recipe that this version of BIG.art can read: {error}") from None


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with other settings.

    Parameters
    ----------
    changes : values, or their words, by name: "seed", "size", "texture_4k.amount", "prompt", ..., and
        "number" for the candidate, counted from 1.

    Raises
    ------
    ValueError
        When there is no such setting, or it may not have this value.
    """
    for name, value in changes.items():
        value = _read_word(value)
        if name == "number":
            check("number", value, COUNT, whole=True)
            recipe = replace(recipe, index=value - 1)
        elif name == "prompt":
            recipe = replace(recipe, prompt=str(value))
        else:
            recipe = _change(recipe, name, value)
    return recipe


def _change(recipe: Recipe, name: str, value: Any) -> Recipe:
    first, _, rest = name.partition(".")
    for part, kind in (("generate", GenerateSettings), ("paint", PaintSettings)):
        if first in {one.name for one in fields(kind)} - {"near"}:
            settings = getattr(recipe, part) or kind()
            if rest or is_dataclass(getattr(settings, first)):
                inner = getattr(settings, first)
                if not is_dataclass(inner) or rest not in {one.name for one in fields(inner)}:
                    break
                value = replace(inner, **{rest: value})
            return replace(recipe, **{part: replace(settings, **{first: value})})
    known = [one.name for kind in (GenerateSettings, PaintSettings) for one in fields(kind)]
    inner = [one.name for one in fields(TextureSettings)]
    raise ValueError(
        f"no setting is called {name!r}: expected prompt, number, {', '.join(known)}, where a texture has "
        f"{', '.join('.' + one for one in inner)}, as in texture_4k.amount"
    )


def _read_word(value: Any) -> Any:
    """A value as it is, or what its word says: a number, true, false, or the word itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _modern(values: dict) -> dict:
    """Put what the versions before 0.7 called otherwise where it is now."""
    old = {name: values.pop(name) for name in ("version", "device", "torch", "pixels") if name in values}
    pixels = old.pop("pixels", None)
    if old:
        values["machine"] = {{"version": "bigart"}.get(name, name): value for name, value in old.items()}
    if pixels:
        values["steps"] = {str(values.get("stage")): pixels}
    return values


def _settings(kind: type, values: Any, where: str, unknown: list[str]) -> Any:
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be an object, not {type(values).__name__}")
    values = _known(kind, values, f"{where}.", unknown)
    for name in ("texture_1k", "texture_4k"):
        if name in values:
            values[name] = _settings(TextureSettings, values[name], f"{where}.{name}", unknown)
    if "near" in values:
        values["near"] = tuple(Ancestor(*ancestor) for ancestor in values["near"])
    return kind(**values)


def _known(kind: type, values: dict, where: str, unknown: list[str]) -> dict:
    names = {one.name for one in fields(kind)} - {"unknown"}
    unknown += [f"{where}{name}"[:80] for name in values if name not in names]
    return {name: value for name, value in values.items() if name in names}


def _check_text(name: str, value: Any) -> None:
    if value is not None and not (isinstance(value, str) and len(value) <= LONGEST_TEXT):
        raise ValueError(f"{name} must be text of at most {LONGEST_TEXT:,} characters")


def _check_mapping(name: str, values: Any) -> None:
    if not isinstance(values, dict) or len(values) > MOST_ENTRIES:
        raise ValueError(f"{name} must be an object with at most {MOST_ENTRIES} entries")
    for value in values.values():
        entries = value if isinstance(value, list) else [value]
        if len(entries) > MOST_ENTRIES or not all(isinstance(one, (str, int, float)) for one in entries):
            raise ValueError(f"{name} must hold texts and numbers")
        if any(isinstance(one, int) and abs(one) > 2**63 for one in entries):
            raise ValueError(f"{name} holds too large a number")
        if name in ("networks", "steps"):
            _check_text(name, value)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def read(path: Path) -> tuple[Recipe, bool]:
    """The recipe in a picture's file, and whether the pixels are still those that it made.

    Raises
    ------
    PictureError
        When there is no such picture, or it carries no recipe.
    """
    recipe, image = read_picture(path)
    return recipe, recipe.pixels == pixel_hash(image)


def read_picture(path: Path) -> tuple[Recipe, Image.Image]:
    """The recipe in a picture's file, and the picture; raises as `read` does."""
    with opened(path) as image:
        found = _read(from_json, image, path)
        image.load()
        return found, image if image.mode == "RGB" else image.convert("RGB")


def read_as_written(path: Path) -> dict[str, Any]:
    """The recipe in a picture's file with all that its version wrote; raises as `read` does."""
    with opened(path) as image:
        return _read(lambda text: load_json(text, "a recipe"), image, path)


def _read(read: Callable[[str], Any], image: Image.Image, path: Path) -> Any:
    """What `read` makes of the recipe's text."""
    if TEXT_KEY not in image.info:
        image.load()  # other programs write texts behind the pixels
    text = image.info.get(TEXT_KEY)
    if not isinstance(text, str):
        raise PictureError(f"{path} carries no recipe: it was not made by BIG.art, or saved again since")
    try:
        return read(text)
    except ValueError as error:
        raise PictureError(f"{path}: {error}") from None


def pixel_hash(image: Image.Image) -> str:
    """SHA-256 of a picture's size and RGB bytes."""
    digest = hashlib.sha256(f"{image.width}x{image.height}".encode())
    for top in range(0, image.height, 1024):  # bounds the memory of a large picture's bytes
        strip = image.crop((0, top, image.width, min(top + 1024, image.height)))
        digest.update(strip.convert("RGB").tobytes())
    return digest.hexdigest()
