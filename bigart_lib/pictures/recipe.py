"""How a picture was made, as data: enough to make it again, and to say whether it is the same.

It is kept in the picture's own file as ASCII JSON, in a text of a PNG and in the XMP packet of all formats,
and is read as what it is: text that anybody may have written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from bigart_lib.machine import VERSION
from bigart_lib.pictures import reading, written
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.metadata import AGENT, ATTRIBUTION, TEXT_KEY, is_painted
from bigart_lib.pictures.older_recipes import modern
from bigart_lib.pictures.rounding import byte_strips
from bigart_lib.settings import (
    COUNT,
    Ancestor,
    Bounds,
    GenerateSettings,
    PaintSettings,
    TextureSettings,
    check,
)

if TYPE_CHECKING:
    import numpy as np
    import pyvips

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
    source_pixels: str | None = None  # `Brought.fingerprint` of that picture
    source_channels: int | None = None  # 1 to 4: grey, grey and alpha, RGB, RGB and alpha
    source_recipe: Mapping[str, Any] = field(default_factory=dict)  # of that picture, if it carries one
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
        values = self.to_dict()
        texts = {TEXT_KEY: json.dumps(values), "Software": AGENT}
        if is_painted(values):  # what others made is not ours
            texts["Comment"] = ATTRIBUTION
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
    values, unknown = modern(dict(values)), []
    try:
        for name, kind in (("generate", GenerateSettings), ("paint", PaintSettings)):
            if values.get(name) is not None:
                values[name] = _settings(kind, values[name], name, unknown)
        for name in ("networks", "machine", "sampling", "steps"):
            _check_mapping(name, values.setdefault(name, {}))
        for name in ("models", "prompt", "source", "source_pixels", "stage"):
            _check_text(name, values.get(name))
        if not isinstance(values.setdefault("source_recipe", {}), dict):
            raise ValueError("source_recipe must be an object")
        if values.get("source_channels") is not None:
            check("source_channels", values["source_channels"], Bounds(1, 4), whole=True)
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


def read(path: Path) -> tuple[Recipe, bool | None]:
    """The recipe in a picture's file, and whether the pixels are still those that it made.

    Of a JPEG, and of a WebP with loss, nobody can tell: None.

    Raises
    ------
    PictureError
        When there is no such picture, or it carries no recipe.
    """
    file = written.read(path)
    recipe = _read(from_json, file)
    return recipe, has_pixels(file, recipe.pixels) if file.is_exact else None


def has_pixels(file: written.Written, pixels: str | None) -> bool:
    """Whether the pixels of a file have this `pixel_hash`; raises as `read` does."""
    with reading.faults(file.path):
        return pixels == pixel_hash(file.picture())


def read_picture(path: Path) -> tuple[Recipe, Image.Image]:
    """The recipe in a picture's file, and the picture in 8 bits; raises as `read` does.

    The picture is RGB, or RGBA where it has transparency.
    """
    file = written.read(path)
    found = _read(from_json, file)
    with reading.faults(file.path):
        return found, _image(file.picture())


def read_as_written(path: Path) -> dict[str, Any]:
    """The recipe in a picture's file with all that its version wrote; raises as `read` does."""
    return _read(lambda text: load_json(text, "a recipe"), written.read(path))


def _read(read: Callable[[str], Any], file: written.Written) -> Any:
    """What `read` makes of the recipe's text."""
    if file.recipe is None:
        raise written.no_recipe(file.path)
    try:
        return read(file.recipe)
    except ValueError as error:
        raise PictureError(f"{file.path}: {error}") from None


def _image(picture: pyvips.Image) -> Image.Image:
    import numpy as np

    values = np.empty((picture.height, picture.width, picture.bands), np.uint8)
    for top, strip in byte_strips(picture):
        values[top : top + len(strip)] = strip
    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if "A" in image.mode else "RGB")


def pixel_hash(picture: Image.Image | np.ndarray | pyvips.Image) -> str:
    """SHA-256 of a picture's size and of its bytes of RGB, or RGBA where something is transparent.

    Grey counts as RGB of three equal values, and 16 bits a colour as `rounding.to_bytes` makes 8 of them: so
    a picture has one hash, in whatever format and mode a file keeps it without loss.

    Parameters
    ----------
    picture : as for `rounding.byte_strips`.
    """
    import numpy as np

    height, width = picture.shape[:2] if isinstance(picture, np.ndarray) else (picture.height, picture.width)
    opaque = hashlib.sha256(f"{width}x{height}".encode())
    whole, is_opaque = opaque.copy(), True
    for _, strip in byte_strips(picture):
        channels = strip.shape[2]
        colours = np.repeat(strip[..., :1], 3, axis=2) if channels < 3 else strip[..., :3]
        opaque.update(colours.tobytes())
        if channels in (2, 4):
            alpha = strip[..., -1:]
            is_opaque = is_opaque and bool((alpha == 255).all())
            whole.update(np.concatenate([colours, alpha], axis=2).tobytes())
    return (opaque if is_opaque else whole).hexdigest()
