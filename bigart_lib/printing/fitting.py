"""Resampling to the px of a print: Lanczos, in float, strip by strip.

Values are resampled in the encoding that the picture has. There, what Lanczos' filter overshoots at an edge
is as light on one side as it is dark on the other, to the eye; in linear light dark rims would show. libvips
is not used for this: it enlarges bicubically, and reduces 16-bit levels with weights that are rounded, which
shifts flat colours by up to 120 of 65,536 levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.pictures import reading
from bigart_lib.pictures.vips import vips
from bigart_lib.printing.layout import Box
from bigart_lib.printing.scratch import Scratch
from bigart_lib.progress import Progress, Report, no_report

if TYPE_CHECKING:
    import numpy as np
    import pyvips

MOST_LEVEL = 65535
REACH = 3  # of Lanczos' filter, in px of the coarser grid
STRIP_PIXELS = 4_000_000  # that are resampled at a time


def fitted(
    source: pyvips.Image,
    crop: Box,
    size: tuple[int, int],
    scratch: Scratch,
    report: Report = no_report,
    path: Path | str = "the picture",
) -> pyvips.Image:
    """A part of a picture in another size; transparency is laid on white.

    Parameters
    ----------
    source : 16-bit levels, grey or RGB with or without transparency; read once, from top to bottom.
    crop : the part, in px of the source, with fractions.
    size : width and height of the result.
    path : of the source, whose damage shows itself only now; raises PictureError then.

    Returns
    -------
    16-bit levels, grey or RGB, which can be read in any order.
    """
    width, height = size
    rows = _Rows(source, path)
    step = max(16, int(STRIP_PIXELS / max(width, crop.width * max(1.0, crop.height / height))))

    def strips() -> Iterator[np.ndarray]:
        for top in range(0, height, step):
            lower = min(top + step, height)
            yield _strip(rows, crop, size, top, lower)
            report(Progress("fit", lower, height))

    return scratch.stored(strips(), (height, width, rows.colours), "uint16")


class _Rows:
    """The rows of a picture, each read once, and kept while they are needed."""

    def __init__(self, source: pyvips.Image, path: Path | str) -> None:
        import numpy as np

        # One region, which goes down the picture: a file that is read in order cannot go back.
        self._source, self._bands, self._path = vips().Region.new(source), source.bands, path
        self.width, self.height = source.width, source.height
        self.colours = 1 if source.bands < 3 else 3
        self._first = 0
        self._held = np.empty((0, source.width, self.colours), np.uint16)

    def take(self, first: int, last: int) -> np.ndarray:
        """Rows from the first to before the last; those before the first are not asked for again."""
        import numpy as np

        end = self._first + len(self._held)
        if first >= end:
            self._held, end = self._held[:0], first
        else:
            self._held = self._held[first - self._first :]
        self._first = first
        if last > end:
            with reading.faults(self._path):
                data = self._source.fetch(0, end, self.width, last - end)
            strip = np.frombuffer(data, np.uint16).reshape(last - end, self.width, self._bands)
            self._held = np.concatenate([self._held, _on_white(strip, self.colours)])
        return self._held[: last - first]


def _on_white(levels: np.ndarray, colours: int) -> np.ndarray:
    """Levels without transparency, as they look on white paper."""
    import numpy as np

    if levels.shape[2] == colours:
        return levels
    cover = levels[:, :, colours:].astype(np.float32) / MOST_LEVEL
    laid = levels[:, :, :colours] * cover + MOST_LEVEL * (1 - cover)
    return np.rint(laid).astype(np.uint16)


def _strip(rows: _Rows, crop: Box, size: tuple[int, int], top: int, lower: int) -> np.ndarray:
    """Rows of the result."""
    import numpy as np

    width, height = size
    if (crop.width, crop.height) == size and all(float(edge).is_integer() for edge in crop):
        first = int(crop.upper)
        return rows.take(first + top, first + lower)[:, int(crop.left) : int(crop.right)]
    scale = crop.height / height
    upper, end = crop.upper + top * scale, crop.upper + lower * scale
    above, below = _around(upper, end, scale, rows.height)
    left, right = _around(crop.left, crop.right, crop.width / width, rows.width)
    block = rows.take(above, below)[:, left:right].astype(np.float32)
    box = (crop.left - left, upper - above, crop.right - left, end - above)
    box = (box[0], box[1], min(box[2], right - left), min(box[3], below - above))
    resampled = np.empty((lower - top, width, rows.colours), np.uint16)
    for channel in range(rows.colours):
        plane = Image.fromarray(np.ascontiguousarray(block[:, :, channel]))
        values = np.asarray(plane.resize((width, lower - top), Image.Resampling.LANCZOS, box))
        resampled[:, :, channel] = np.rint(np.clip(values, 0, MOST_LEVEL))
    return resampled


def _around(first: float, last: float, scale: float, length: int) -> tuple[int, int]:
    """The px that decide the values of a part."""
    reach = ceil(REACH * max(1.0, scale)) + 2
    return max(0, floor(first) - reach), min(length, ceil(last) + reach)
