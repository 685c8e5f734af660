"""Pictures that are made and wait to be written: for their turn, or until the disk takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
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


MOST_WAITING = 2  # pieces of work that are given and not done, which bounds the memory that they hold


class Later:
    """Writes in a thread of its own, in the order in which it is told, while networks go on.

    Used as a context; outside one, each piece is done at once. What the disk does not take is no error here:
    whoever gave the work sees whether it is done.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._given: deque[Future] = deque()

    def __enter__(self) -> Later:
        self._pool = ThreadPoolExecutor(1, "bigart-writes")
        return self

    def __exit__(self, kind: type | None, *_: Any) -> None:
        """What was given is done, whatever has happened: it was made."""
        pool, self._pool = self._pool, None
        pool.shutdown()
        if kind is None:
            self.wait()
        self._given.clear()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do this after what was given before; waits where much is to be done, and raises as `wait` does."""
        if self._pool is None:
            _try(work, *arguments)
            return
        self.wait(MOST_WAITING - 1)
        self._given.append(self._pool.submit(_try, work, *arguments))

    def wait(self, most: int = 0) -> None:
        """Wait until at most so many pieces are left; raises what one of them raised but OSError."""
        while len(self._given) > most:
            self._given.popleft().result()


def _try(work: Callable[..., None], *arguments: Any) -> None:
    with suppress(OSError):
        work(*arguments)


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
