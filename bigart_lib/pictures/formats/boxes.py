"""Files made of boxes: AVIF, HEIC (ISO 14496-12, 23008-12) JPEG 2000 (ISO 15444-1). Reads a few."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from bigart_lib.pictures.formats import coding_points
from bigart_lib.pictures.formats.header import MOST_BLOCK, Header

MOST_BOXES = 10_000
WITHIN = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"jp2h": 0}  # boxes of boxes, and bytes before the first
AVIF_BRANDS = (b"avif", b"avis")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The boxes in some bytes, and in the boxes of `WITHIN`: kind, where their content begins and ends."""
    end = len(data) if end is None else end
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1 and start + 16 <= end:
            (length,), head = struct.unpack_from(">Q", data, start + 8), 16
        stop = end if length == 0 else start + length
        if length and length < head or stop > end:
            return
        yield kind, start + head, stop
        if kind in WITHIN:
            yield from boxes(data, start + head + WITHIN[kind], stop)
        start = stop


def brands(start: bytes) -> tuple[bytes, ...]:
    """What a file of boxes calls itself."""
    if start[4:8] != b"ftyp" or len(start) < 16:
        return ()
    end = min(int.from_bytes(start[:4], "big"), len(start))
    return tuple(start[place : place + 4] for place in (8, *range(16, end - 3, 4)))


def add_still(found: Header, data: bytes) -> None:
    """Depth and code points of AVIF or HEIC, where no profile says more."""
    points = None
    for kind, start, end in boxes(data):
        if kind == b"av1C" and end - start >= 4:
            is_high, is_twelve = data[start + 2] >> 6 & 1, data[start + 2] >> 5 & 1
            found.bits = max(found.bits, 12 if is_high and is_twelve else 10 if is_high else 8)
        elif kind in (b"irot", b"imir"):
            found.facts["is_turned"] = True
        elif kind == b"hvcC" and end - start >= 19:
            found.bits = max(found.bits, 8 + (data[start + 17] & 7))
        elif kind == b"colr" and data[start : start + 4] == b"nclx" and points is None and end - start >= 8:
            points = struct.unpack_from(">HH", data, start + 4)
        elif kind == b"colr" and data[start : start + 4] in (b"prof", b"rICC"):
            found.add_block("profile", data[start + 4 : min(end, start + 4 + MOST_BLOCK + 1)])
    if points and not found.profile and not coding_points.add(found, *points):
        found.note("it names a space that is not known: taken as sRGB")


def add_jpeg_2000(found: Header, data: bytes) -> None:
    """Profile and depth of JPEG 2000, as a file of boxes or bare."""
    place = bytes(data[:65536]).find(b"\xff\x4f\xff\x51")
    for kind, start, end in boxes(data) if bytes(data[4:8]) == b"jP  " else ():
        if kind == b"colr" and end - start > 3 and data[start] in (2, 3):
            found.add_block("profile", data[start + 3 : min(end, start + 3 + MOST_BLOCK + 1)])
        elif kind == b"jp2c":
            place = start
    if place >= 0 and place + 43 <= len(data):
        found.bits = (data[place + 42] & 127) + 1
