"""What became of one candidate, in its folder; see `plan.Kept`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.files import writing
from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import Recipe, read_picture
from bigart_lib.pictures.results import Levels
from bigart_lib.plan import Step, to_do
from bigart_lib.runs.folders import file_stem
from bigart_lib.runs.unsaved import Unsaved
from bigart_lib.settings import PaintSettings

if TYPE_CHECKING:
    import torch

    from bigart_lib.finish.texture import TexturePreview
    from bigart_lib.runs.run import Run

EXACT = "exact"  # the folder of results to go on from
MOST_EXACT = 5120 * 4096  # pixels: 4096 a side, and other shapes as long before their edges are cut off
TENSOR = "picture"  # its name in a file
IMAGES_IN_MEMORY = 4
PNG_BYTES = 2.5  # of a pixel with texture, about


class Work:
    """The pictures of one candidate, or of a picture that was brought.

    Parameters
    ----------
    index : of the candidate; None for a picture that was brought.
    elsewhere : folders of exact results of other runs, to go on from too.
    """

    def __init__(self, run: Run, index: int | None, elsewhere: Sequence[Path] = ()) -> None:
        self.run, self.index = run, index
        self.elsewhere = elsewhere
        self.steps: tuple[Step, ...] = ()
        self._levels = Levels()
        self._images: dict[str, Image.Image] = {}
        self._preview: tuple[str, TexturePreview] | None = None

    @property
    def folder(self) -> Path:
        """Where its pictures are."""
        return self.run.folder_of(self.index)

    def settings(self) -> PaintSettings | None:
        """What the latest painting was begun with."""
        begun = [one.settings for one in self.run.wanted() if one.index == self.index and one.paint]
        return begun[-1] if begun else None

    # ------------------------------------------------------------------------------- what plans ask for

    def begin(self, steps: Sequence[Step]) -> None:
        """Be told the plan."""
        self.steps = tuple(steps)

    def holds(self, step: Step) -> bool:
        """Whether the step's result is here unrounded, or can be read back exactly."""
        if self._levels.get(step) is not None or any(path.is_file() for path in self._exact_files(step)):
            return True
        return step.action == "source" and self.run.source.file(self.run.path) is not None

    def get(self, step: Step) -> torch.Tensor | None:
        """The step's result, in 16-bit levels; None where it is not here, or damaged."""
        levels = self._levels.get(step)
        if levels is None and (levels := self._read(step)) is not None:
            self._levels.put(step, levels)
        return levels

    def _read(self, step: Step) -> torch.Tensor | None:
        own, *others = self._exact_files(step)
        if own.is_file() and (levels := _read_exact(own)) is not None:
            return levels
        for other in others:
            if other.is_file() and (levels := _read_exact(other)) is not None:
                self.put(step, levels)  # so that this run does not need the other one
                return levels
        found = self.run.source.read(self.run.path) if step.action == "source" else None
        return None if found is None else images.from_array(found.levels)

    def put(self, step: Step, levels: torch.Tensor) -> None:
        """Keep the step's result; on disk as far as the run keeps such."""
        self._levels.put(step, levels)
        if self._is_kept(step):  # on a full disk, what is in memory is enough to go on
            self.run.later.do(_write_exact, self.folder / EXACT / f"{step.key}.safetensors", levels)

    def _is_kept(self, step: Step) -> bool:
        """Whether the step's unrounded result is for the disk too."""
        keep = self.run.options.get("keep", "exact")
        is_wanted = keep == "all" or (keep == "exact" and step.pixels <= MOST_EXACT)
        return is_wanted and step.is_costly and step.action != "source"  # whose file is kept

    def bytes_to_write(self, steps: Sequence[Step]) -> tuple[float, float]:
        """About what the pictures of a plan that are not made yet will take on disk, and the results."""
        computed, written = to_do(steps, self)
        pictures = sum(PNG_BYTES * step.pixels for step in written)
        return pictures, sum(images.LEVEL_BYTES * step.pixels for step in computed if self._is_kept(step))

    def made(self, step: Step) -> str | None:
        """The pixel hash of the step's picture, if its file is whole, or it waits for room on the disk."""
        if waiting := self.run.unsaved.get(step.key):
            return waiting.recipe.pixels
        entry = self.run.made(step.key)
        return entry["pixels"] if entry else None

    def finish(self, step: Step, image: Image.Image, recipe: Recipe, levels: torch.Tensor) -> None:
        """Write the step's picture, and note it in the journal; the last of a plan in the run's format."""
        made = Unsaved(self.index, self._name(step), image, recipe)
        if recipe.paint is not None and step.key == self.steps[-1].key:
            deep = levels if self.run.depth == 16 else None
            made = replace(made, levels=deep, suffix=self.run.suffix, form=self.run.form)
        self.run.finish(step.key, made)
        self._remember(step.key, image)

    def settle(self) -> None:
        """Wait until what was given is written, or the disk has refused it."""
        self.run.later.wait()

    # ---------------------------------------------------------------------------- what people look at

    def file(self, step: Step) -> Path | None:
        """The file of the step's picture."""
        entry = self.run.made(step.key)
        return self.run.path / entry["file"] if entry else None

    @property
    def files(self) -> dict[str, Path]:
        """The files of the plan's pictures that are made, by the names of their steps."""
        found = {step.name: self.file(step) for step in self.steps if step.is_shown}
        return {name: path for name, path in found.items() if path is not None}

    @property
    def last(self) -> Path | None:
        """The file of the last picture that is made."""
        return next(reversed(self.files.values()), None)

    def image(self, step: Step) -> Image.Image | None:
        """The step's picture, rounded to 8 bits; None if it is not made."""
        if waiting := self.run.unsaved.get(step.key):
            return waiting.image
        if step.key not in self._images:
            path = self.file(step)
            if path is None:
                return None
            self._remember(step.key, read_picture(path)[1])
        return self._images[step.key]

    def preview(
        self, enlarged: Step, seed: Sequence[int], before: Step | None = None
    ) -> TexturePreview | None:
        """A live look at texture on an enlarged picture; None if that is not here unrounded.

        Parameters
        ----------
        before : the step before; of a picture that was reduced to its size, that alone is kept.
        """
        from bigart_lib.finish.texture import TexturePreview

        if self._preview is None or self._preview[0] != enlarged.key:
            picture = self._to_texture(enlarged, before)
            if picture is None:
                return None
            self._preview = enlarged.key, TexturePreview(picture, seed)
        return self._preview[1]

    def _to_texture(self, enlarged: Step, before: Step | None) -> torch.Tensor | None:
        from bigart_lib.finish.fit import fit

        if self.holds(enlarged):
            return self.get(enlarged)
        is_here = enlarged.action == "fit" and before is not None and self.holds(before)
        larger = self.get(before) if is_here else None
        return None if larger is None else fit(larger, *enlarged.size)

    def _remember(self, key: str, image: Image.Image) -> None:
        self._images = {
            **{other: self._images[other] for other in [*self._images][1 - IMAGES_IN_MEMORY :]},
            key: image,
        }

    def _name(self, step: Step) -> str:
        """Of the step's file: of a picture that was brought, it begins with that picture's."""
        return step.name if self.index is not None else f"{file_stem(self.run.recipe.source)}_{step.name}"

    def _exact_files(self, step: Step) -> list[Path]:
        return [folder / f"{step.key}.safetensors" for folder in (self.folder / EXACT, *self.elsewhere)]


def _write_exact(path: Path, levels: torch.Tensor) -> None:
    """Write levels as a safetensors file that knows its own hash."""
    data = memoryview(levels.contiguous().numpy()).cast("B")
    header = {
        "__metadata__": {"sha256": hashlib.sha256(data).hexdigest(), "key": path.stem},
        TENSOR: {"dtype": "U16", "shape": list(levels.shape), "data_offsets": [0, len(data)]},
    }
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the tensor is aligned
    with writing(path, replace=True) as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.write(data)


def _read_exact(path: Path) -> torch.Tensor | None:
    """The levels in a file; None if it is damaged."""
    from safetensors import SafetensorError, safe_open

    with suppress(OSError, SafetensorError, ValueError, RuntimeError):
        with safe_open(path, "pt") as opened:
            metadata = opened.metadata() or {}
            levels = opened.get_tensor(TENSOR)
        sha256 = hashlib.sha256(memoryview(levels.contiguous().numpy()).cast("B")).hexdigest()
        if sha256 == metadata.get("sha256") and metadata.get("key", path.stem) == path.stem:
            return levels
    return None
