"""Pictures in tiles and in several sizes: one in memory, one too large for that, one enlarged on the way."""

from __future__ import annotations

import io
import mmap
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from bigart_lib.pictures import colour, reading, spaces
from bigart_lib.pictures.rounding import REACH, to_bytes
from bigart_lib.studio import parts

TILE, OVERLAP = 512, 1  # px a side of a tile, and of its neighbours that it has too
COARSE = 2  # how often one that is too large for the memory is halved at once
QUALITY = 90  # of JPEG, which small levels are sent as

Box = tuple[int, int, int, int]
Size = tuple[int, int]


class Pyramid(Protocol):
    """A picture in several sizes."""

    def part(self, level: int, box: Box) -> Image.Image:
        """The part in a box of the picture whose sides are halved so many times."""


def tile(pyramid: Pyramid, size: Size, level: Any, column: Any, row: Any) -> bytes:
    """A tile of a picture of this size, as PNG at level 0, whose pixels are the picture's own, else as JPEG.

    Raises
    ------
    ValueError
        When there is no such tile.
    """
    if not all(isinstance(number, int) for number in (level, column, row)):
        raise ValueError(f"expected the level, column and row of a tile, got {(level, column, row)}")
    box = _box(size, level, column, row)
    return _encoded(pyramid.part(level, box), is_exact=level == 0)


class Halved:
    """A picture in memory, with its smaller levels."""

    def __init__(self, image: Image.Image) -> None:
        self.levels = [image if image.mode in ("RGB", "RGBA") else image.convert("RGB")]
        while max(self.levels[-1].size) > TILE:
            self.levels.append(self.levels[-1].reduce(2))

    def part(self, level: int, box: Box) -> Image.Image:
        """See `Pyramid`."""
        return self.levels[level].crop(box)


class Stored:
    """A picture with its smaller levels, decoded, in a file without a name that goes with it; not in memory.

    Raises
    ------
    OSError
        Where there is no room for it.
    """

    def __init__(self, pyramid: Halved) -> None:
        self._levels, start = [], 0  # width, height, mode, and where its rows begin
        with tempfile.TemporaryFile() as file:
            for level in pyramid.levels:
                self._levels.append((*level.size, level.mode, start))
                start += file.write(level.tobytes())
            file.flush()
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def part(self, level: int, box: Box) -> Image.Image:
        """See `Pyramid`."""
        (width, _, mode, start), (left, upper, right, lower) = self._levels[level], box
        row = width * len(mode)
        rows = memoryview(self._data)[start + upper * row : start + lower * row]
        return Image.frombuffer(mode, (width, lower - upper), rows, "raw", mode, 0, 1).crop(
            (left, 0, right, lower - upper)
        )


class Streamed:
    """A picture that is too large to be in memory; raises PictureError as `reading.stream` does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._image, carried = reading.stream(path, is_random=True)
        if carried.profile and not spaces.describe(carried.profile).is_srgb:
            self._image = colour.convert(self._image, carried.profile, None)
        coarse = self._image.shrink(2**COARSE, 2**COARSE, ceil=True)
        self._coarse = Halved(self._read(coarse, (0, 0, coarse.width, coarse.height)))

    def part(self, level: int, box: Box) -> Image.Image:
        """See `Pyramid`."""
        if level >= COARSE:
            return self._coarse.part(level - COARSE, box)
        image = self._image.shrink(2**level, 2**level, ceil=True) if level else self._image
        left, upper, right, lower = box
        first = max(0, left - REACH), max(0, upper - REACH)  # rounding looks at a few pixels around
        last = min(image.width, right + REACH), min(image.height, lower + REACH)
        around = self._read(image, (*first, *last))
        return around.crop((left - first[0], upper - first[1], right - first[0], lower - first[1]))

    def _read(self, image: Any, box: Box) -> Image.Image:
        left, upper, right, lower = box
        with reading.faults(self._path):
            values = image.crop(left, upper, right - left, lower - upper).numpy()
        values = values.reshape(lower - upper, right - left, -1)
        values = values if values.dtype == "uint8" else to_bytes(values, (left, upper))
        return Image.fromarray(values.squeeze()).convert("RGBA" if values.shape[2] in (2, 4) else "RGB")


class Enlarged:
    """A small picture as bicubic enlarging shows it at a larger size; what goes beyond is cut off evenly."""

    def __init__(self, image: Image.Image, size: Size) -> None:
        self._image, self._size = image, size
        self._times = max(end / start for end, start in zip(size, image.size, strict=True))
        pairs = zip(size, image.size, strict=True)
        self._cut = [max(0.0, start - end / self._times) / 2 for end, start in pairs]

    def part(self, level: int, box: Box) -> Image.Image:
        """See `Pyramid`."""
        size, place = (box[2] - box[0], box[3] - box[1]), []
        for number, edge in enumerate(box):
            axis = number % 2
            share = min(edge * 2**level, self._size[axis]) / self._times + self._cut[axis]
            place.append(min(share, float(self._image.size[axis])))
        return self._image.resize(size, Image.Resampling.BICUBIC, box=tuple(place))


def _box(size: Size, level: int, column: int, row: int) -> Box:
    """Where a tile lies in the picture of its level."""
    edges = []
    for length, place in zip(size, (column, row), strict=True):
        is_known = 0 <= level <= _levels(size)
        length = -(-length // 2**level) if is_known else 0
        if not 0 <= place * TILE < length:
            raise ValueError(f"a picture of {size[0]} x {size[1]} px has no tile {(level, column, row)}")
        edges.append((max(0, place * TILE - OVERLAP), min(length, (place + 1) * TILE + OVERLAP)))
    left, upper, right, lower = chain(*zip(*edges, strict=True))
    return left, upper, right, lower


def _levels(size: Size) -> int:
    """How often a picture is halved until one tile has all of it."""
    return (-(-max(size) // TILE) - 1).bit_length()


def _encoded(image: Image.Image, is_exact: bool) -> bytes:
    if is_exact or image.mode == "RGBA":
        return parts.png(image)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
