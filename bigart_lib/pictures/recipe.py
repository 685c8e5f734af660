"""How a picture was made, as data: enough to make it again, and to say whether it is the same.

Kept in the picture's own file, as JSON in a PNG text chunk. Knows no model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from PIL import Image

from bigart_lib.pictures.images import PictureError
from bigart_lib.settings import Ancestor, GenerateSettings, PaintSettings, TextureSettings

ATTRIBUTION = "This image was created with BIG.art by Robert A. Gonsalves."
TEXT_KEY = "bigart"  # of the PNG chunk that holds the recipe


@dataclass(frozen=True)
class Recipe:
    """Everything that decided a picture's pixels."""

    version: str  # of BIG.art
    models: str  # name of the set
    device: str  # device and precision in words: arithmetic differs between machines
    torch: str  # its version, for the same reason
    prompt: str | None = None
    source: str | None = None  # name of the picture that was enlarged instead of a prompt
    generate: GenerateSettings | None = None
    index: int | None = None  # which candidate, from 0
    paint: PaintSettings | None = None
    stage: str | None = None  # the last stage that the picture has been through
    pixels: str | None = None  # SHA-256 of the picture's size and RGB bytes

    def texts(self) -> dict[str, str]:
        """What a file made by this recipe says of itself."""
        recipe = json.dumps(asdict(self), ensure_ascii=False)
        return {TEXT_KEY: recipe, "Comment": ATTRIBUTION, "Software": f"BIG.art {self.version}"}


def from_json(text: str) -> Recipe:
    """The recipe that `texts` wrote.

    Raises
    ------
    ValueError
        When the text is no recipe, or one that this version does not know.
    """
    try:
        values = json.loads(text)
        unknown = set(values) - {field.name for field in fields(Recipe)}
        if unknown:
            raise ValueError(f"it has {', '.join(sorted(unknown))}")
        if values.get("generate"):
            near = tuple(Ancestor(*ancestor) for ancestor in values["generate"].pop("near", ()))
            values["generate"] = GenerateSettings(**values["generate"], near=near)
        if values.get("paint"):
            paint = values["paint"]
            for texture in ("texture_1k", "texture_4k"):
                paint[texture] = TextureSettings(**paint[texture])
            values["paint"] = PaintSettings(**paint)
        return Recipe(**values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"not a recipe that this version of BIG.art can read: {error}") from error


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
    try:
        with Image.open(path) as image:
            image.load()
            text = getattr(image, "text", {}).get(TEXT_KEY)
            if text is None:
                raise PictureError(
                    f"{path} carries no recipe: it was not made by BIG.art, or saved again since"
                )
            return from_json(text), image.convert("RGB")
    except FileNotFoundError:
        raise PictureError(f"{path}: expected a picture, found no file") from None
    except (OSError, SyntaxError) as error:
        raise PictureError(f"{path} is not a picture that can be read ({error})") from None


def pixel_hash(image: Image.Image) -> str:
    """SHA-256 of a picture's size and RGB bytes."""
    digest = hashlib.sha256(f"{image.width}x{image.height}".encode())
    for top in range(0, image.height, 1024):  # bounds the memory of a large picture's bytes
        strip = image.crop((0, top, image.width, min(top + 1024, image.height)))
        digest.update(strip.convert("RGB").tobytes())
    return digest.hexdigest()
