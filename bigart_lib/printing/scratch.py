"""Large pictures on the disk while they are worked on, so that they need no memory."""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.files import PART
from bigart_lib.pictures.vips import vips

if TYPE_CHECKING:
    import numpy as np
    import pyvips

KINDS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
INTERPRETATIONS = {1: "grey16", 3: "rgb16", 4: "cmyk"}
STRIP_VALUES = 8_000_000  # that are computed at a time

Shape = tuple[int, int, int]  # height, width, channels


class Scratch:
    """Pictures and arrays that are files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    def stored(self, strips: Iterator[np.ndarray], shape: Shape, kind: str) -> pyvips.Image:
        """A picture that is made of strips from top to bottom, and then can be read in any order.

        Parameters
        ----------
        strips : rows (height, width, channels) of "uint8", "uint16" or "float32", as `kind` says.
        """
        path = self._file(shape, kind)
        with path.open("r+b") as file:
            for strip in strips:
                file.write(strip.astype(kind, copy=False).tobytes())
        return self._loaded(path, shape, kind)

    def kept(self, image: pyvips.Image) -> pyvips.Image:
        """A picture that is computed once, from top to bottom, and then read in any order."""
        kind = next(kind for kind, name in KINDS.items() if name == image.format)
        step = max(16, STRIP_VALUES // (image.width * image.bands))

        def strips() -> Iterator[np.ndarray]:
            for top in range(0, image.height, step):
                yield image.crop(0, top, image.width, min(step, image.height - top)).numpy()

        return self.stored(strips(), (image.height, image.width, image.bands), kind)

    def array(self, shape: Shape, kind: str) -> np.memmap:
        """A new array of zeros, which is read and written anywhere; see `release`."""
        import numpy as np

        return np.memmap(self._file(shape, kind), dtype=kind, mode="r+", shape=shape)

    def _file(self, shape: Shape, kind: str) -> Path:
        """A file with room: a full disk must be an error now, not a crash when it is written to."""
        import numpy as np

        path = self._folder / f"{next(self._numbers)}"
        num_bytes = math.prod(shape) * np.dtype(kind).itemsize
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, num_bytes)
            else:
                file.truncate(num_bytes)
        return path

    @staticmethod
    def _loaded(path: Path, shape: Shape, kind: str) -> pyvips.Image:
        height, width, channels = shape
        loaded = vips().Image.rawload(str(path), width, height, channels, format=KINDS[kind])
        return loaded.copy(interpretation=INTERPRETATIONS[channels])


def release(array: np.memmap) -> None:
    """Let what was read or written of an array leave the memory; it stays on the disk."""
    if hasattr(mmap, "MADV_DONTNEED"):
        array.flush()
        array._mmap.madvise(mmap.MADV_DONTNEED)


@contextmanager
def scratch_in(folder: Path) -> Iterator[Scratch]:
    """A place for such pictures on the disk of a folder, which is made if need be; it is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".bigart-", suffix=PART, dir=folder, ignore_cleanup_errors=True
    ) as path:
        yield Scratch(Path(path))
