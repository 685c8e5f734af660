"""The folder of one run on disk: new every time, and nothing in it is ever written over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import TEXT_KEY, Recipe, from_json, pixel_hash

if TYPE_CHECKING:
    import torch

LONGEST_NAME = 48  # characters of a prompt in a folder's name
EXACT = "exact"  # the folder of pictures to go on from: a PNG's are rounded


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
        for name in _free_names(words):
            self.path = parent / name
            try:
                self.path.mkdir()
                return
            except FileExistsError:
                continue

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """A folder that may be there already; it is made when something is saved."""
        folder = cls.__new__(cls)
        folder.path = path
        return folder

    def save(self, name: str, image: Image.Image, recipe: Recipe) -> Path:
        """Write `name`.png with its recipe, or `name`-2.png where that is taken, and return where."""
        texts = replace(recipe, pixels=pixel_hash(image)).texts()
        self.path.mkdir(parents=True, exist_ok=True)
        for free in _free_names(name):
            path = self.path / f"{free}.png"
            try:
                images.save(image, path, texts)
                return path
            except FileExistsError:
                continue
        raise AssertionError("names never end")

    def keep_exact(self, name: str, tensors: Mapping[str, torch.Tensor], recipe: Recipe) -> None:
        """Keep pictures unrounded, to go on from in another session; those kept before stay."""
        from safetensors.torch import save_file

        path = self.path / EXACT / f"{name}.safetensors"
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        save_file({key: value.contiguous() for key, value in tensors.items()}, unfinished, recipe.texts())
        unfinished.replace(path)

    def exact(self, name: str) -> tuple[dict[str, torch.Tensor], Recipe] | None:
        """What `keep_exact` kept; None where there is nothing, or nothing that this version can read."""
        from safetensors import SafetensorError, safe_open

        path = self.path / EXACT / f"{name}.safetensors"
        try:
            with safe_open(path, "pt") as opened:
                recipe = from_json((opened.metadata() or {}).get(TEXT_KEY, ""))
                return {key: opened.get_tensor(key) for key in opened.keys()}, recipe  # noqa: SIM118
        except (OSError, SafetensorError, ValueError):
            return None


def _free_names(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name}-{number}"
