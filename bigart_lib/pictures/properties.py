"""What EXIF, IPTC records and texts say that XMP has a property for: for files that can hold no other.

The names go together as the Metadata Working Group's "Guidelines For Handling Image Metadata" has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from bigart_lib.pictures import tags

if TYPE_CHECKING:
    from bigart_lib.pictures.carried import Carried
    from bigart_lib.pictures.xmp import Packet


class Said(NamedTuple):
    """A property, and where else the same is said."""

    property: str
    kind: str = ""  # "Alt", "Seq" or "Bag"; "" for a plain value
    keyword: str | None = None  # of a text
    tag: int | None = None  # of EXIF's first directory
    record: int | None = None  # of IPTC's second record


SAME = (
    Said("dc:title", "Alt", "Title", None, 5),
    Said("dc:creator", "Seq", "Author", 0x013B, 80),
    Said("dc:description", "Alt", "Description", 0x010E, 120),
    Said("dc:rights", "Alt", "Copyright", 0x8298, 116),
    Said("dc:subject", "Bag", None, None, 25),
    Said("photoshop:Headline", "", None, None, 105),
    Said("photoshop:Credit", "", None, None, 110),
    Said("photoshop:Source", "", "Source", None, 115),
    Said("photoshop:City", "", None, None, 90),
    Said("photoshop:State", "", None, None, 95),
    Said("photoshop:Country", "", None, None, 101),
    Said("photoshop:Instructions", "", None, None, 40),
    Said("xmp:CreatorTool", "", "Software", 0x0131, None),
    Said("tiff:Make", "", None, 0x010F, None),
    Said("tiff:Model", "", None, 0x0110, None),
)
TAKEN = 0x9003  # EXIF's tag of when a photograph was taken
UTF8 = b"\x1b%G"  # how IPTC records say that they are in UTF-8


def derive(found: Packet, carried: Carried, kept: Collection[str]) -> tuple[str, ...]:
    """Add to a packet what is not kept elsewhere in the file, where it says nothing of that yet.

    Parameters
    ----------
    kept : which of "exif", "iptc" and "texts" need not be looked at.

    Returns
    -------
    Sentences on what could not be read.
    """
    notes: tuple[str, ...] = ()
    first, taken, records = {}, None, {}
    if carried.exif and "exif" not in kept:
        try:
            first, taken = _of_exif(carried.exif)
        except ValueError as error:
            notes = (f"its EXIF cannot be read ({error}) and was left out",)
    if carried.iptc and "iptc" not in kept:
        records = _of_iptc(carried.iptc)
    texts = {} if "texts" in kept else carried.texts
    for one in SAME:
        values = records.get(one.record) or [first.get(one.tag) or texts.get(one.keyword)]
        if values[0] and not found.text(one.property):
            if one.kind:
                found.set_list(one.property, one.kind, values if one.kind != "Alt" else values[:1])
            else:
                found.set(one.property, values[0])
    if taken and not found.text("exif:DateTimeOriginal"):
        date, _, time = taken.partition(" ")
        found.set("exif:DateTimeOriginal", f"{date.replace(':', '-')}T{time}")
    return notes


def _of_exif(exif: bytes) -> tuple[dict[int, str], str | None]:
    """The texts of the first directory by their tags, and when the photograph was taken."""
    directories = tags.read(exif)
    texts = {tag: tags.text(entry) for tag, entry in directories.first.items() if entry.kind == tags.ASCII}
    taken = directories.exif.get(TAKEN)
    return texts, tags.text(taken) if taken else None


def _of_iptc(data: bytes) -> dict[int, list[str]]:
    """The values of IPTC's second record by their numbers."""
    found: dict[int, list[str]] = {}
    encoding = "utf-8"
    for record, number, value in _records(data):
        if (record, number) == (1, 90):
            encoding = "utf-8" if value == UTF8 else "latin-1"
        elif record == 2:
            found.setdefault(number, []).append(_decoded(value, encoding))
    return found


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    while place + 5 <= len(data) and data[place] == 0x1C:
        record, number, length = (
            data[place + 1],
            data[place + 2],
            int.from_bytes(data[place + 3 : place + 5], "big"),
        )
        if length & 0x8000:  # longer values, which no text of these has
            return
        yield record, number, data[place + 5 : place + 5 + length]
        place += 5 + length


def _decoded(value: bytes, encoding: str) -> str:
    try:
        return value.decode(encoding).strip("\0 ")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip("\0 ")
