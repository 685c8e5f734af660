"""Directories of tags, of which TIFF and EXIF are made: read, and changed without moving what they name.

Changed directories are added behind the data, and the old ones left where they are: what is stored elsewhere
keeps its place, as the notes of some cameras' makers must, and the pixels of a TIFF file need not be copied.
Follows TIFF 6.0, BigTIFF and EXIF 2.32.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from bigart_lib.pictures.formats.directories import (
    COLOUR_SPACE,
    DESCRIPTIVE,
    EXIF,
    GPS,
    INTEROPERABILITY,
    ORIENTATION,
    SIZES,
    UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    Directories,
    Tag,
)

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD8 = 1, 2, 3, 4, 5, 7, 18
TURNED = {5: 4, 10: 4}  # bytes that are turned round together, where not the whole value
DESCRIPTION, SOFTWARE, POSITIONING, XMP, IPTC, PROFILE = 270, 305, 531, 700, 33723, 34675
VERSION, COMPONENTS, COMMENT, FLASHPIX = 0x9000, 0x9101, 0x9286, 0xA000
X_DIMENSION, Y_DIMENSION = 0xA002, 0xA003
# Of how a photograph was taken; some programs put them into the first directory, where few look for them.
TAKEN = (0x829A, 0x829D, *range(0x8822, 0x8836), *range(0x9000, 0x9C9B), *range(0xA000, 0xA500))
NOT_IN_TIFF = (COMPONENTS, X_DIMENSION, Y_DIMENSION)  # whose own tags say it
BEGUN = b"MM\0*\0\0\0\0"  # an EXIF block that says nothing


@dataclass(frozen=True)
class Entry:
    """A tag's value: its bytes, or, where it stays where it is, the field that names its place."""

    kind: int
    count: int
    data: bytes | None = None
    kept: bytes = b""  # field of 4 or 8 bytes


class Said(NamedTuple):
    """The directories of an EXIF block by what they tell of, their values in little-endian order."""

    first: dict[int, Entry]  # the picture
    exif: dict[int, Entry]  # how it was taken
    gps: dict[int, Entry]  # where


def short(value: int, order: str) -> Entry:
    """A number of 16 bits."""
    return Entry(SHORT, 1, struct.pack(f"{order}H", value))


def long(value: int, order: str) -> Entry:
    """A number of 32 bits."""
    return Entry(LONG, 1, struct.pack(f"{order}I", value))


def rational(value: float, order: str) -> Entry:
    """A number as a fraction, exact to a thousandth."""
    whole = float(value).is_integer()
    fraction = (int(value), 1) if whole else (round(value * 1000), 1000)
    return Entry(RATIONAL, 1, struct.pack(f"{order}II", *fraction))


def ascii_text(value: str) -> Entry:
    """A text; what is not ASCII is in UTF-8, as most programs read it."""
    data = value.replace("\0", " ").encode("utf-8", "replace") + b"\0"
    return Entry(ASCII, len(data), data)


def blob(data: bytes, kind: int = UNDEFINED) -> Entry:
    """Bytes as they are."""
    return Entry(kind, len(data), data)


def text(entry: Entry) -> str:
    """The text of an entry."""
    data = (entry.data or b"").split(b"\0")[0]
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        return data.decode("latin-1").strip()


# -------------------------------------------------------------------------------------------------- EXIF


def read(exif: bytes) -> Said:
    """All values of an EXIF block.

    Raises
    ------
    ValueError
        When it is none.
    """
    found = Directories(exif)
    first, _ = found.read(found.first)
    taken, gps = found.below(first, EXIF), found.below(first, GPS)
    _put_right(first, taken)
    for tags, tag in ((first, EXIF), (first, GPS), (taken, INTEROPERABILITY)):  # directories of their own
        tags.pop(tag, None)
    return Said(*(_values(found, tags) for tags in (first, taken, gps)))


def updated(
    exif: bytes | None,
    size: tuple[int, int],
    dpi: tuple[float, float],
    is_srgb: bool = True,
    comment: str | None = None,
) -> bytes:
    """An EXIF block with this size, resolution and kind of colours, upright.

    Parameters
    ----------
    exif : the author's; None begins one.
    comment : kept as the user's, where there is none.

    Raises
    ------
    ValueError
        When the block is none.
    """
    found = Directories(exif or BEGUN)
    if found.is_big:
        raise ValueError("it does not begin as EXIF does")
    order, done = found.order, bytes(found.data)
    there = found.read(found.first)[0] if exif else {}
    first, taken = _fields(found, there), _fields(found, found.below(there, EXIF))
    _put_right(first, taken)
    first |= {X_RESOLUTION: rational(dpi[0], order), Y_RESOLUTION: rational(dpi[1], order)}
    first |= {ORIENTATION: short(1, order), UNIT: short(2, order)}
    first.setdefault(POSITIONING, short(1, order))  # this and those below are what no EXIF may lack
    taken = {VERSION: blob(b"0232"), COMPONENTS: blob(b"\1\2\3\0"), FLASHPIX: blob(b"0100"), **taken}
    taken |= {X_DIMENSION: long(size[0], order), Y_DIMENSION: long(size[1], order)}
    taken[COLOUR_SPACE] = short(1 if is_srgb else 0xFFFF, order)
    if comment and COMMENT not in taken:
        encoded = comment.encode("utf-16-be" if order == ">" else "utf-16-le", "replace")
        taken[COMMENT] = blob(b"UNICODE\0" + encoded)
    done += b"\0" * (len(done) % 2)
    first[EXIF] = long(len(done), order)
    done += _directory(taken, len(done), found)
    place = len(done)
    done += _directory(first, place, found)
    return done[:4] + struct.pack(found.offset, place) + done[8:]


def _put_right(first: dict[int, Any], taken: dict[int, Any]) -> None:
    """Move what stands in the first directory by mistake."""
    for tag in [one for one in first if one in TAKEN and one not in (GPS, INTEROPERABILITY)]:
        value = first.pop(tag)
        taken.setdefault(tag, value)


def _fields(found: Directories, tags: dict[int, Tag]) -> dict[int, Entry]:
    """A directory with all values where they are."""
    return {
        key: Entry(tag.kind, tag.count, None, bytes(found.data[tag.field : tag.field + found.width]))
        for key, tag in tags.items()
    }


def _values(found: Directories, tags: dict[int, Tag]) -> dict[int, Entry]:
    """The values of a directory, in little-endian order."""
    return {
        key: Entry(tag.kind, tag.count, _turned(found.bytes_of(tag) or b"", tag.kind, found.order))
        for key, tag in tags.items()
    }


def _turned(value: bytes, kind: int, order: str) -> bytes:
    unit = TURNED.get(kind, SIZES[kind])
    if order == "<" or unit == 1:
        return value
    return b"".join(value[start : start + unit][::-1] for start in range(0, len(value), unit))


def _directory(entries: dict[int, Entry], place: int, like: Directories) -> bytes:
    """A directory and the values that do not fit into it, to stand at this place, in the form of others."""
    head = struct.pack(f"{like.order}{'Q' if like.is_big else 'H'}", len(entries))
    end = place + len(head) + len(entries) * (4 + 2 * like.width) + like.width
    values = b""
    for tag, entry in sorted(entries.items()):
        head += struct.pack(f"{like.order}HH", tag, entry.kind) + struct.pack(like.offset, entry.count)
        if entry.data is None:
            head += entry.kept
        elif len(entry.data) <= like.width:
            head += entry.data.ljust(like.width, b"\0")
        else:
            head += struct.pack(like.offset, end + len(values))
            values += entry.data + b"\0" * (len(entry.data) % 2)
    return head + bytes(like.width) + values


# -------------------------------------------------------------------------------------------------- TIFF


def add_to_tiff(
    file: BinaryIO, added: dict[int, Entry], exif: bytes | None = None, wished: dict[int, Entry] | None = None
) -> None:
    """Add tags to the one picture of a TIFF file that is open for reading and writing.

    Parameters
    ----------
    added : in little-endian order, in place of those that are there.
    exif : of which the directories are added, and what the first says of the picture.
    wished : added where neither has such a tag.

    Raises
    ------
    ValueError
        When the EXIF is none.
    """
    others = read(exif) if exif else Said({}, {}, {})
    file.flush()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = Directories(data)
        tags = _fields(found, found.read(found.first)[0])
        found.data = b""
    said = {tag: entry for tag, entry in others.first.items() if tag in DESCRIPTIVE}
    tags |= _in_order({**(wished or {}), **said, **added}, found)
    end = file.seek(0, 2)
    end += file.write(b"\0" * (end % 2))
    taken = {tag: entry for tag, entry in others.exif.items() if tag not in NOT_IN_TIFF}
    for tag, entries in ((EXIF, taken), (GPS, others.gps)):
        if entries:
            tags[tag] = Entry(IFD8 if found.is_big else LONG, 1, struct.pack(found.offset, end))
            directory = _directory(_in_order(entries, found), end, found)
            end += file.write(directory + b"\0" * (len(directory) % 2))
    file.write(_directory(tags, end, found))
    file.seek(8 if found.is_big else 4)
    file.write(struct.pack(found.offset, end))


def _in_order(entries: dict[int, Entry], like: Directories) -> dict[int, Entry]:
    """Values that are in little-endian order as a file has them."""
    turned = {tag: _turned(entry.data or b"", entry.kind, like.order) for tag, entry in entries.items()}
    return {tag: Entry(entry.kind, entry.count, turned[tag]) for tag, entry in entries.items()}
