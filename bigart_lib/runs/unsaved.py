"""Pictures that are made and wait to be written, as long as the disk does not take them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.pictures import images, writing
from bigart_lib.pictures.recipe import Recipe, read
from bigart_lib.pictures.writing import Form

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from bigart_lib.pictures.carried import Carried
    from bigart_lib.runs.run import Run


@dataclass(frozen=True)
class Unsaved:
    """A picture that waits to be written."""

    index: int | None  # of the candidate; None for the picture that was brought, and for the contact sheet
    name: str
    image: Image.Image
    recipe: Recipe
    levels: torch.Tensor | None = None  # of a finished picture that is written in 16 bits a colour
    suffix: str = ".png"
    form: Form = Form()

    def write(self, path: Path, carried: Carried, dpi: float | None) -> tuple[str, ...]:
        """Write it as a new file; returns, and raises, what `writing.save` does."""
        picture = self.image if self.levels is None else images.to_planes(self.levels)
        return writing.save(picture, path, self.recipe.texts(), carried, dpi, self.form)

    def is_in(self, path: Path) -> bool:
        """Whether a file is the whole picture."""
        with suppress(images.PictureError):
            found, is_whole = read(path)
            return is_whole is not False and found.steps == self.recipe.steps
        return False


class UnsavedError(OSError):
    """Pictures are made and could not be written: they stay in memory, and `Run.move` writes them elsewhere.

    Parameters
    ----------
    run : whose pictures they are.
    made : what the work gave, as if all of it had been written.
    """

    def __init__(self, run: Run, reason: OSError, made: Any) -> None:
        pictures = f"{len(run.unsaved)} picture{'s' if len(run.unsaved) > 1 else ''}"
        super().__init__(
            f"{pictures} could not be written to {run.path} ({reason.strerror or reason}) and stay in memory"
        )
        self.run, self.made = run, made
