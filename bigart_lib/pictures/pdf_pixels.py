"""The pixels of a PDF's pictures: predicted, compressed and appended to the document, strip by strip."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from bigart_lib.pictures.rounding import byte_strips, rows

if TYPE_CHECKING:
    import numpy as np
    import pikepdf
    import pyvips

COMPRESSION = 4  # zlib's: little larger than 9, and several times as fast
MARK = "/BigartPixels"  # which pixels belong to an image, in a document that has none yet


@dataclass(frozen=True)
class Pixels:
    """The values of one image of the document: some channels of a picture."""

    picture: np.ndarray | pyvips.Image
    channels: slice
    depth: int

    def strips(self) -> Iterator[np.ndarray]:
        """Rows of bytes, as a file has them, from top to bottom."""
        import numpy as np

        is_rounded = self.depth == 8 and depth_of(self.picture) == 16
        strips = byte_strips(self.picture) if is_rounded else _strips(self.picture)
        for _, strip in strips:
            values = np.ascontiguousarray(strip[:, :, self.channels], dtype=strip.dtype.newbyteorder(">"))
            yield values.view(np.uint8).reshape(len(values), -1)


def channels_of(picture: np.ndarray | pyvips.Image) -> int:
    """How many channels a picture has."""
    return picture.shape[2] if hasattr(picture, "shape") else picture.bands


def depth_of(picture: np.ndarray | pyvips.Image) -> int:
    """How many bits a channel of a picture has: 8 or 16; raises ValueError where it has others."""
    name = str(picture.dtype) if hasattr(picture, "shape") else picture.format
    if name not in ("uint8", "uint16", "uchar", "ushort"):
        raise ValueError(f"pictures in a PDF have 8 or 16 bits a colour, not {name}")
    return 8 if name in ("uint8", "uchar") else 16


def size_of(picture: np.ndarray | pyvips.Image) -> tuple[int, int]:
    """Width and height of a picture."""
    if hasattr(picture, "shape"):
        return picture.shape[1], picture.shape[0]
    return picture.width, picture.height


def append(file: BinaryIO, skeleton: bytes, pixels: Sequence[Pixels]) -> None:
    """Give each image of a document its pixels, behind all that is there."""
    import pikepdf

    with pikepdf.open(BytesIO(skeleton)) as pdf:
        made = {
            int(found[MARK]): found
            for found in pdf.objects
            if isinstance(found, pikepdf.Stream) and MARK in found
        }
        places, free = {}, int(pdf.trailer.Size)
        digest = hashlib.md5(skeleton, usedforsecurity=False)
        for number, values in enumerate(pixels):
            found = made[number]
            places[found.objgen[0]] = file.tell()
            dictionary = _dictionary(found, values, b"%d 0 R" % free)
            file.write(b"%d 0 obj\n%s\nstream\n" % (found.objgen[0], dictionary))
            length = 0
            for data in _deflated(values):
                digest.update(data)
                length += file.write(data)
            file.write(b"\nendstream\nendobj\n")
            places[free] = file.tell()
            file.write(b"%d 0 obj\n%d\nendobj\n" % (free, length))
            free += 1
        _end(file, pdf, skeleton, places, digest.hexdigest())


def _dictionary(image: pikepdf.Object, pixels: Pixels, length: bytes) -> bytes:
    """Of an image of the document, now that it has pixels."""
    from pikepdf import Dictionary, Name

    made = Dictionary(dict(image.stream_dict.items()))
    del made[MARK], made["/Length"]
    colours = pixels.channels.stop - pixels.channels.start
    made.Filter = Name.FlateDecode
    made.DecodeParms = Dictionary(
        Predictor=15, Colors=colours, BitsPerComponent=pixels.depth, Columns=int(image.Width)
    )
    return made.unparse().removesuffix(b">>") + b"/Length " + length + b" >>"


def _end(
    file: BinaryIO, pdf: pikepdf.Pdf, skeleton: bytes, places: Mapping[int, int], fingerprint: str
) -> None:
    """Write where the appended objects are, and what stays of the document before."""
    start = file.tell()
    entries = "".join(f"{number} 1\n{place:010d} 00000 n \n" for number, place in sorted(places.items()))
    before = int(skeleton.rpartition(b"startxref")[2].split()[0])
    size = max(places, default=0) + 1
    trailer = (
        f"<< /Size {max(size, int(pdf.trailer.Size))} /Root {pdf.Root.objgen[0]} 0 R "
        f"/Info {pdf.trailer.Info.objgen[0]} 0 R /Prev {before} "
        f"/ID [<{bytes(pdf.trailer.ID[0]).hex()}> <{fingerprint}>] >>"
    )
    file.write(f"xref\n{entries}trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())


def _deflated(pixels: Pixels) -> Iterator[bytes]:
    """The rows of an image, each with what predicts it best, compressed."""
    import numpy as np

    compressor, above = zlib.compressobj(COMPRESSION), None
    colours = pixels.channels.stop - pixels.channels.start
    for strip in pixels.strips():
        first = np.zeros_like(strip[:1]) if above is None else above
        predicted = _predicted(strip, np.concatenate([first, strip[:-1]]), colours * pixels.depth // 8)
        yield compressor.compress(predicted)
        above = strip[-1:]
    yield compressor.flush()


def _predicted(rows: np.ndarray, above: np.ndarray, step: int) -> bytes:
    """Rows of bytes as PNG's filters leave them, of these the one with the smallest differences.

    W3C, "Portable Network Graphics", 9.2 and 12.7: left neighbour, upper one, and their mean.

    Parameters
    ----------
    step : bytes of a pixel.
    """
    import numpy as np

    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    mean = (left & above) + ((left ^ above) >> 1)  # rounded down, without a ninth bit
    best = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    least = np.full(len(rows), np.iinfo(np.int64).max)
    for kind, guess in ((1, left), (2, above), (3, mean)):
        difference = rows - guess
        cost = np.minimum(difference, np.negative(difference)).sum(axis=1, dtype=np.int64)
        is_better = cost < least
        best[is_better, 0], best[is_better, 1:] = kind, difference[is_better]
        least = np.minimum(least, cost)
    return best.tobytes()


def _strips(picture: np.ndarray | pyvips.Image) -> Iterator[tuple[int, np.ndarray]]:
    width, height = size_of(picture)
    channels = channels_of(picture)
    step = rows(width, channels)
    for top in range(0, height, step):
        lower = min(top + step, height)
        if hasattr(picture, "shape"):
            yield top, picture[top:lower]
        else:
            yield top, picture.crop(0, top, width, lower - top).numpy().reshape(-1, width, channels)
