"""What somebody brings, as a file or as a picture of Pillow's, in the one form that everything else takes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PIL import Image

from bigart_lib.pictures import reading, recipe
from bigart_lib.pictures.carried import Brought
from bigart_lib.pictures.images import PictureError

Picture = Path | str | Image.Image | Brought


def brought(picture: Picture) -> Brought:
    """A picture with what it carries, its recipe too, if BIG.art made it; raises as `reading.read` does."""
    if isinstance(picture, Brought):
        return picture
    if isinstance(picture, Image.Image):
        return reading.from_image(picture)
    found = reading.read(Path(picture))
    with suppress(PictureError):
        found = replace(found, carried=replace(found.carried, recipe=recipe.read_as_written(Path(picture))))
    return found
