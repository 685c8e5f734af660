"""JPEG files: what their segments say, and whether all of the picture is there."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from bigart_lib.pictures.formats import photoshop
from bigart_lib.pictures.formats.header import MOST_BLOCK, Header, counted

EXIF_MARK = b"Exif\0\0"
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_MARK = b"http://ns.adobe.com/xmp/extension/\0"
PROFILE_MARK, PHOTOSHOP_MARK, PICTURES_MARK = b"ICC_PROFILE\0", b"Photoshop 3.0\0", b"MPF\0"
HAS_EXTENSION = re.compile(rb'xmpNote:HasExtendedXMP(?:=["\']|>)([0-9A-Fa-f]{32})')
START, END, SCAN, RESTARTS, COMMENT = 0xD8, 0xD9, 0xDA, 0xDD, 0xFE
FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
NEXT_MARK = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")  # in a scan: no stuffing, no restart
RESTART_MARK = re.compile(rb"\xff[\xd0-\xd7]")
MOST_SEGMENTS = 100_000
NUM_PICTURES = 0xB001  # tag of the multi-picture format
PER_CENTIMETRE = 2.54


class Segment(NamedTuple):
    """A segment of a JPEG."""

    mark: int
    data: bytes
    end: int  # place behind it


def segments(data: bytes) -> Iterator[Segment]:
    """The segments of the first picture in some bytes, which may be a mapped file's; scans are passed."""
    place = 2
    for _ in range(MOST_SEGMENTS):
        found = re.compile(rb"\xff+([\x01-\xfe])").match(data, place) or NEXT_MARK.search(data, place)
        if found is None:
            return
        mark, place = data[found.end() - 1], found.end()
        if mark == END:
            yield Segment(mark, b"", place)
            return
        if 0xD0 <= mark <= START or mark == 1:
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        if length < 2 or place + length > len(data):
            return
        yield Segment(mark, bytes(data[place + 2 : place + length]), place + length)
        place += length
        if mark == SCAN:
            found = NEXT_MARK.search(data, place)
            if found is None:
                return
            place = found.start()


def header(data: bytes) -> Header:
    """What a JPEG says, given its bytes; SyntaxError when it is none."""
    if bytes(data[:3]) != b"\xff\xd8\xff":
        raise SyntaxError("it does not begin as JPEG does")
    found = Header("JPEG", 0, 0)
    said = _Said()
    has_end, frame = False, None
    for segment in segments(data):
        has_end = has_end or segment.mark == END
        if segment.mark in FRAMES and frame is None:
            if len(segment.data) < 6:
                raise SyntaxError("its header is damaged")
            found.bits, found.height, found.width, channels = struct.unpack_from(">BHHB", segment.data)
            frame = segment
            found.facts["channels"] = channels
        elif segment.mark == SCAN:
            said.scans.append(segment)
        elif segment.mark == RESTARTS and len(segment.data) >= 2:
            said.interval = int.from_bytes(segment.data[:2], "big")
        else:
            _add(found, said, segment)
    if frame is None or not found.width or not found.height:
        raise SyntaxError("it has no picture" if frame is None else "it does not say how large it is")
    if not has_end:
        found.facts |= {"lacks_end": True, "restarts": said.interval > 0}
        is_whole = _is_complete([scan.data for scan in said.scans], frame.data)
        if not is_whole or (said.interval and not _has_restarts(data, said, frame)):
            raise SyntaxError("it is cut short: parts of the picture are missing")
    said.finish(found)
    return found


class _Said:
    """What comes in several segments."""

    def __init__(self) -> None:
        self.scans: list[Segment] = []
        self.interval = 0  # blocks between two restart marks
        self.profile: dict[int, bytes] = {}
        self.extension: dict[bytes, dict[int, bytes]] = {}
        self.photoshop = b""

    def finish(self, found: Header) -> None:
        """Put the parts together."""
        parts = [self.profile.get(number, b"") for number in range(1, max(self.profile, default=0) + 1)]
        found.add_block("profile", b"".join(parts))
        found.add_block("iptc", photoshop.iptc_of(self.photoshop))
        if found.dpi is None:
            for number, value in photoshop.resources(self.photoshop):
                if number == photoshop.RESOLUTION and len(value) >= 16:
                    found.set_dpi(*(struct.unpack_from(">I", value, place)[0] / 65536 for place in (0, 8)))
        if found.xmp and (wanted := HAS_EXTENSION.search(found.xmp)):
            parts = self.extension.get(wanted[1].upper(), {})
            found.xmp = _extended(found, b"".join(parts[place] for place in sorted(parts)))


def _add(found: Header, said: _Said, segment: Segment) -> None:
    mark, data = segment.mark, segment.data
    if mark == COMMENT:
        with suppress(UnicodeDecodeError):
            found.add_text("Comment", data.decode("utf-8"))
            return
        found.add_text("Comment", data.decode("latin-1"))
    elif mark == 0xE0 and data.startswith(b"JFIF\0") and len(data) >= 12:
        unit, across, down = struct.unpack_from(">BHH", data, 7)
        factor = {1: 1, 2: PER_CENTIMETRE}.get(unit, 0)
        found.set_dpi(across * factor, down * factor)
    elif mark == 0xE1 and data.startswith(EXIF_MARK):
        found.add_block("exif", data[len(EXIF_MARK) :])
    elif mark == 0xE1 and data.startswith(XMP_MARK):
        found.add_block("xmp", data[len(XMP_MARK) :])
    elif mark == 0xE1 and data.startswith(EXTENSION_MARK):
        rest = data[len(EXTENSION_MARK) :]
        if len(rest) > 40 and sum(map(len, said.extension)) < 1000:
            said.extension.setdefault(rest[:32].upper(), {})[int.from_bytes(rest[36:40], "big")] = rest[40:]
    elif mark == 0xE2 and data.startswith(PROFILE_MARK) and len(data) > 14:
        said.profile.setdefault(data[12], data[14:])
    elif mark == 0xE2 and data.startswith(PICTURES_MARK):
        _add_pictures(found, data[4:])
    elif mark == 0xED and data.startswith(PHOTOSHOP_MARK) and len(said.photoshop) < MOST_BLOCK:
        said.photoshop += data[len(PHOTOSHOP_MARK) :]


def _add_pictures(found: Header, data: bytes) -> None:
    """The number of pictures of a file that holds several."""
    from bigart_lib.pictures.formats.directories import Directories

    with suppress(ValueError, struct.error):
        index = Directories(data)
        number = int(index.number(index.read(index.first)[0], NUM_PICTURES))
        if number > 1:
            found.note(f"of {counted(number, 'picture')} in the file the first is taken")


def _extended(found: Header, extension: bytes) -> bytes | None:
    """An XMP packet with the extension that was too long for its segment."""
    from lxml import etree

    if not extension:
        return found.xmp
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    note = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"
    options = {"resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False}
    try:
        if b"<!DOCTYPE" in found.xmp + extension:
            raise ValueError("it has a document type")
        packet, more = (
            etree.fromstring(one.strip(b"\0 \r\n\t"), etree.XMLParser(**options))
            for one in (found.xmp, extension)
        )
        target = packet if packet.tag == f"{rdf}RDF" else packet.find(f".//{rdf}RDF")
        origin = more if more.tag == f"{rdf}RDF" else more.find(f".//{rdf}RDF")
        for description in target.findall(f"{rdf}Description"):
            description.attrib.pop(note, None)
            for element in description.findall(note):
                description.remove(element)
        target.extend(list(origin))
        return etree.tostring(packet, encoding="utf-8")
    except (etree.XMLSyntaxError, ValueError, AttributeError, TypeError):
        found.note("a part of its XMP is left out: it cannot be read")
        return found.xmp


def _is_complete(scans: list[bytes], frame: bytes) -> bool:
    """Whether there are scans for every coefficient down to its last bit."""
    channels = [frame[place] for place in range(6, len(frame) - 2, 3)]
    exact = {channel: set() for channel in channels}
    for scan in scans:
        count = scan[0] if scan else 0
        if len(scan) < 4 + 2 * count:
            return False
        first, last, bits = scan[1 + 2 * count : 4 + 2 * count]
        if bits & 15 == 0:
            for place in range(1, 1 + 2 * count, 2):
                exact.get(scan[place], set()).update(range(first, last + 1))
    return all(set(range(64)) <= found for found in exact.values())


def _has_restarts(data: bytes, said: _Said, frame: Segment) -> bool:
    """Whether the one scan of a picture has all its restart marks, whose absence libjpeg passes over."""
    if frame.mark in PROGRESSIVE or len(said.scans) != 1:
        return False
    height, width, count = struct.unpack_from(">HHB", frame.data, 1)
    factors = [frame.data[place] for place in range(7, 6 + 3 * count, 3)]
    across, down = (
        (max(factor >> 4 for factor in factors), max(factor & 15 for factor in factors))
        if count > 1
        else (1, 1)
    )
    blocks = -(-width // (8 * across)) * -(-height // (8 * down)) if across and down else 0
    marks = len(RESTART_MARK.findall(data[said.scans[0].end :]))
    return marks == -(-blocks // said.interval) - 1
