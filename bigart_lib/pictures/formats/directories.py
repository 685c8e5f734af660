"""Directories of tags, of which TIFF files and EXIF are made, as anybody may have written them: read only.

Follows TIFF 6.0, BigTIFF and EXIF 2.32. An EXIF block is made upright where it stands, so that whatever it
refers to stays in its place, makers' notes too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
FORMATS = {
    1: "B",
    3: "H",
    4: "I",
    6: "b",
    8: "h",
    9: "i",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
MOST_TAGS = 4096  # of a directory
MOST_NUMBERS = 4096  # of a value that is taken as numbers
MOST_PAGES = 10_000
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 274, 282, 283, 296
EXIF, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
COLOUR_SPACE, INDEX = 0xA001, 1
THUMBNAIL, THUMBNAIL_LENGTH = 513, 514
INCH, CENTIMETRE = 2, 3
LONG8, MAKER_NOTE = 16, 0x927C
MOST_VALUE = 1_000_000  # bytes of a value that is copied
# Tags of a page that speak of the picture, and not of how the file stores it: name, maker, model, software,
# date, artist, copyright, ratings, and what Windows writes.
DESCRIPTIVE = (269, 270, 271, 272, 305, 306, 315, 316, 0x4746, 0x4749, 33432, *range(0x9C9B, 0x9CA0))


@dataclass(frozen=True)
class Tag:
    """A tag's value, where it stands."""

    kind: int
    count: int
    place: int  # of its bytes
    field: int  # of the entry's four or eight bytes that hold it, or its place

    @property
    def length(self) -> int:
        """In bytes."""
        return SIZES.get(self.kind, 0) * self.count


class Directories:
    """The directories in some bytes, which may be a file's that is mapped.

    Raises
    ------
    ValueError
        When they do not begin as such.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        start = bytes(data[:16])
        if start[:2] not in (b"II", b"MM"):
            raise ValueError("it does not begin as TIFF does")
        self.order = "<" if start[:2] == b"II" else ">"
        version = struct.unpack(f"{self.order}H", start[2:4].ljust(2, b"\0"))[0]
        if version not in (42, 43):
            raise ValueError("it does not begin as TIFF does")
        self.is_big = version == 43
        self.offset = f"{self.order}{'Q' if self.is_big else 'I'}"
        self.width = 8 if self.is_big else 4
        start = start.ljust(16, b"\0")
        (self.first,) = struct.unpack_from(self.offset, start, 8 if self.is_big else 4)

    def read(self, place: int) -> tuple[dict[int, Tag], int]:
        """The tags of the directory at a place, and the field that holds the place of the next one."""
        head = struct.calcsize("Q" if self.is_big else "H")
        if not 8 <= place <= len(self.data) - head:
            raise ValueError("a directory lies outside of the file")
        (number,) = struct.unpack_from(f"{self.order}{'Q' if self.is_big else 'H'}", self.data, place)
        size = 4 + 2 * self.width
        end = place + head + number * size
        if number > MOST_TAGS or end > len(self.data):
            raise ValueError("a directory is longer than the file")
        tags = {}
        for start in range(place + head, end, size):
            key, kind = struct.unpack_from(f"{self.order}HH", self.data, start)
            (count,) = struct.unpack_from(self.offset, self.data, start + 4)
            field = start + size - self.width
            length = SIZES.get(kind, 0) * count
            there = field if length <= self.width else struct.unpack_from(self.offset, self.data, field)[0]
            if kind in SIZES and there + length <= len(self.data):
                tags.setdefault(key, Tag(kind, count, there, field))
        return tags, end

    def pages(self) -> Iterator[dict[int, Tag]]:
        """The tags of one page after the other."""
        place, seen = self.first, set()
        while place and place not in seen and len(seen) < MOST_PAGES:
            seen.add(place)
            tags, link = self.read(place)
            yield tags
            if link + self.width > len(self.data):
                return
            (place,) = struct.unpack_from(self.offset, self.data, link)

    def bytes_of(self, tag: Tag | None) -> bytes | None:
        """A value as it stands."""
        return None if tag is None else bytes(self.data[tag.place : tag.place + tag.length])

    def numbers(self, tag: Tag | None, default: tuple = ()) -> tuple:
        """A value as numbers; fractions as floats."""
        if tag is None or not tag.count or tag.count > MOST_NUMBERS:
            return default
        if tag.kind in (5, 10):
            parts = struct.unpack_from(
                f"{self.order}{2 * tag.count}{'Ii'[tag.kind == 10]}", self.data, tag.place
            )
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return tuple(above / below if below else 0.0 for above, below in pairs)
        if tag.kind not in FORMATS:
            return default
        return struct.unpack_from(f"{self.order}{tag.count}{FORMATS[tag.kind]}", self.data, tag.place)

    def number(self, tags: dict[int, Tag], key: int, default: float = 0) -> float:
        """The first number of a tag."""
        return self.numbers(tags.get(key), (default,))[0]

    def below(self, tags: dict[int, Tag], key: int) -> dict[int, Tag]:
        """The directory that a tag points to; an empty one where it makes no sense."""
        try:
            return self.read(int(self.number(tags, key)))[0] if key in tags else {}
        except ValueError:
            return {}

    def dpi(self, tags: dict[int, Tag]) -> tuple[float, float] | None:
        """The resolution that a directory gives, if it gives one in inches or centimetres."""
        unit = self.number(tags, UNIT, INCH)
        if X_RESOLUTION not in tags or unit not in (INCH, CENTIMETRE):
            return None
        across = self.number(tags, X_RESOLUTION)
        factor = 2.54 if unit == CENTIMETRE else 1
        return across * factor, self.number(tags, Y_RESOLUTION, across) * factor

    def exif(self, first: dict[int, Tag]) -> bytes | None:
        """An EXIF block of what a page's tags say of the picture and of how it was taken.

        What the maker of a camera noted is left out: it may refer to places in the file.
        """
        kept = {key: tag for key, tag in first.items() if key in DESCRIPTIVE}
        below = {key: self.below(first, key) for key in (EXIF, GPS)}
        for key in (MAKER_NOTE, INTEROPERABILITY):
            below[EXIF].pop(key, None)
        block = (b"II" if self.order == "<" else b"MM") + struct.pack(f"{self.order}HI", 42, 0)
        entries = self._entries(kept)
        for key, tags in below.items():
            if tags:
                entries.append((key, 4, 1, struct.pack(f"{self.order}I", len(block))))
                block += self._written(self._entries(tags), len(block))
        if not entries:
            return None
        place = struct.pack(f"{self.order}I", len(block))
        block += self._written(sorted(entries), len(block))
        return block[:4] + place + block[8:]

    def _entries(self, tags: dict[int, Tag]) -> list[tuple[int, int, int, bytes]]:
        return sorted(
            (key, tag.kind, tag.count, self.bytes_of(tag))
            for key, tag in tags.items()
            if tag.kind < LONG8 and tag.length <= MOST_VALUE
        )

    def _written(self, entries: list[tuple[int, int, int, bytes]], place: int) -> bytes:
        """A directory to stand at this place, in the short form that EXIF has."""
        head, values = struct.pack(f"{self.order}H", len(entries)), b""
        end = place + 2 + 12 * len(entries) + 4
        for key, kind, count, data in entries:
            head += struct.pack(f"{self.order}HHI", key, kind, count)
            if len(data) <= 4:
                head += data.ljust(4, b"\0")
            else:
                head += struct.pack(f"{self.order}I", end + len(values))
                values += data + b"\0" * (len(data) % 2)
        return head + bytes(4) + values


@dataclass(frozen=True)
class Exif:
    """What an EXIF block says of a picture."""

    upright: bytes  # the block, saying upright, without its thumbnail
    orientation: int = 1
    dpi: tuple[float, float] | None = None
    is_adobe_rgb: bool = False


def read_exif(block: bytes) -> Exif:
    """An EXIF block, with or without the mark that JPEG and others put before it.

    Raises
    ------
    ValueError
        When it is none.
    """
    block = block.removeprefix(b"Exif\0\0")
    found = Directories(block)
    if found.is_big:
        raise ValueError("it does not begin as EXIF does")
    first, link = found.read(found.first)
    orientation = int(found.number(first, ORIENTATION, 1))
    taken = found.below(first, EXIF)
    index = found.bytes_of(found.below(taken, INTEROPERABILITY).get(INDEX)) or b""
    space = found.number(taken, COLOUR_SPACE)  # 2 is not in the standard, and written by some cameras
    is_adobe_rgb = space == 2 or (space == 0xFFFF and index[:3] == b"R03")
    upright = _without_thumbnail(found, _upright(found, first), link)
    orientation = orientation if 1 <= orientation <= 8 else 1
    return Exif(upright, orientation, found.dpi(first), is_adobe_rgb)


def _upright(found: Directories, first: dict[int, Tag]) -> bytearray:
    changed = bytearray(found.data)
    tag = first.get(ORIENTATION)
    if tag is not None and tag.count and tag.kind in (1, 3, 4):
        struct.pack_into(f"{found.order}{FORMATS[tag.kind]}", changed, tag.place, 1)
    return changed


def _without_thumbnail(found: Directories, changed: bytearray, link: int) -> bytes:
    """The block without the directory of the thumbnail; its pixels are cut off at the end, else cleared."""
    if link + 4 > len(changed):
        return bytes(changed)
    (place,) = struct.unpack_from(found.offset, found.data, link)
    changed[link : link + 4] = bytes(4)
    try:
        tags, _ = found.read(place) if place else ({}, 0)
    except ValueError:
        return bytes(changed)
    start = int(found.number(tags, THUMBNAIL))
    end = start + int(found.number(tags, THUMBNAIL_LENGTH))
    if not 8 <= start < end <= len(changed) or changed[start : start + 2] != b"\xff\xd8":
        return bytes(changed)
    if not any(changed[end:]):
        return bytes(changed[:start])
    changed[start:end] = bytes(end - start)
    return bytes(changed)
