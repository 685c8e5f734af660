"""The folder of one run on disk: new every time, and every picture in it is written once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from PIL import Image

from bigart_lib import images
from bigart_lib.recipe import Recipe, pixel_hash

LONGEST_NAME = 48  # characters of a prompt in a folder's name


class RunFolder:
    """A new folder below `parent`, named after what is painted.

    Raises
    ------
    OSError
        When the folder cannot be made.
    """

    def __init__(self, parent: Path, title: str) -> None:
        words = re.sub(r"\W+", "-", title.lower()).strip("-")[:LONGEST_NAME].strip("-") or "picture"
        parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            self.path = parent / (words if number == 1 else f"{words}-{number}")
            try:
                self.path.mkdir()
                return
            except FileExistsError:
                number += 1

    def save(self, name: str, image: Image.Image, recipe: Recipe) -> Path:
        """Write `name`.png with its recipe, and return where."""
        path = self.path / f"{name}.png"
        images.save(image, path, replace(recipe, pixels=pixel_hash(image)).texts())
        return path
