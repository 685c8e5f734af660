"""PNG files: what their chunks say. Follows the PNG specification, third edition."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from bigart_lib.pictures import profiles
from bigart_lib.pictures.formats import coding_points, photoshop
from bigart_lib.pictures.formats.header import MOST_BLOCK, MOST_TEXT, Header, counted, unpacked

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNK = 64_000_000  # bytes of a chunk that is read
MOST_CHUNKS = 1_000_000
XMP_KEY = "XML:com.adobe.xmp"
RAW_PROFILE = "Raw profile type "  # ImageMagick's and ExifTool's way to store what PNG had no chunk for
PALETTE = 3
SRGB_GAMMA, GAMMA_SLACK = 45455, 0.01  # of the chunk, and what share of it rounding may take
SRGB_CHROMATICITIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
CHROMATICITY_SLACK = 150  # hundred-thousandths
READ = (
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"iCCP",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"cICP",
    b"pHYs",
    b"eXIf",
    b"acTL",
    b"PLTE",
)


def header(file: BinaryIO) -> Header:
    """What a PNG says; SyntaxError when it is none."""
    file.seek(0)
    if file.read(8) != SIGNATURE:
        raise SyntaxError("it does not begin as PNG does")
    length, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
    if kind != b"IHDR" or length != 13:
        raise SyntaxError("its header is missing")
    width, height, depth, colour = struct.unpack(">IIBB", file.read(13).ljust(13, b"\0")[:10])
    found = Header("PNG", width, height, 8 if colour == PALETTE else depth)
    said: dict[bytes, bytes] = {}
    has_end = False
    for kind, data in chunks(file):
        has_end = has_end or kind == b"IEND"
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            _add_text(found, kind, data)
        elif kind in READ:
            said.setdefault(kind, data)
    if not has_end:
        found.note("the file lacks its end, but no pixel")
    palette = said.get(b"PLTE", b"")
    found.facts["is_grey"] = colour == PALETTE and palette[::3] == palette[1::3] == palette[2::3]
    _add_colour(found, said, colour in (0, 4))
    _add_rest(found, said)
    return found


def chunks(file: BinaryIO, start: int = 33) -> Iterator[tuple[bytes, bytes]]:
    """The chunks behind the header, one after the other; the data of those that are not read are empty."""
    file.seek(0, 2)
    end, place = file.tell(), start
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        place += 12 + length
        if place > end + 4 and kind not in (b"IDAT", b"IEND"):  # cut off within: not to be trusted
            return
        yield kind, file.read(length) if kind in READ and length <= MOST_CHUNK else b""
        if kind == b"IEND":
            return


def _add_text(found: Header, kind: bytes, data: bytes) -> None:
    key, _, rest = data.partition(b"\0")
    name = key.decode("latin-1").strip()
    if kind == b"tEXt":
        value = rest.decode("latin-1")
    elif kind == b"zTXt":
        value = _unpacked(found, name, rest[1:], "latin-1")
    else:
        flags, rest = rest[:2], rest[2:]
        _, _, rest = rest.partition(b"\0")  # language
        _, _, rest = rest.partition(b"\0")  # translated name
        value = (
            _unpacked(found, name, rest, "utf-8") if flags[:1] == b"\1" else rest.decode("utf-8", "replace")
        )
    if value is None:
        return
    if name == XMP_KEY:
        found.add_block("xmp", value.encode("utf-8", "replace"))
    elif name.startswith(RAW_PROFILE):
        _add_raw_profile(found, name.removeprefix(RAW_PROFILE).lower(), value)
    else:
        found.add_text(name, value)


def _unpacked(found: Header, name: str, data: bytes, encoding: str) -> str | None:
    value = unpacked(data, MOST_TEXT)
    if value is None:
        found.note(f"a text ({name[:40]!r}) is left out: it is damaged, or too long")
        return None
    return value.decode(encoding, "replace")


def _add_raw_profile(found: Header, name: str, value: str) -> None:
    """A block written as hexadecimal digits behind its name and its length."""
    with suppress(ValueError):
        _, length, digits = value.split(None, 2)
        data = bytes.fromhex("".join(digits.split()))[: int(length)]
        if name in ("exif", "app1"):
            if data.startswith(b"Exif"):
                found.add_block("exif", data)
            elif (start := data.find(b"<x:xmpmeta")) >= 0:
                found.add_block("xmp", data[start:])
        elif name in ("iptc", "8bim"):
            found.add_block("iptc", photoshop.iptc_of(data))
        elif name == "xmp":
            found.add_block("xmp", data)
        elif name in ("icc", "icm"):
            found.add_block("profile", data)


def _add_colour(found: Header, said: dict[bytes, bytes], is_grey: bool) -> None:
    """The space of its colours, by the chunk that counts most of those that are there."""
    if (points := said.get(b"cICP")) and len(points) >= 4 and points[2] == 0:
        if not coding_points.add(found, points[0], points[1], is_grey):
            found.note("its cICP chunk names a space that is not known: taken as sRGB")
        return
    if b"iCCP" in said:
        _, _, rest = said[b"iCCP"].partition(b"\0")
        profile = unpacked(rest[1:], MOST_BLOCK)
        if profile is None:
            found.note("its profile is left out: it is damaged, or too long")
        found.profile = profile or None
        return
    if found.profile or b"sRGB" in said or len(said.get(b"gAMA", b"")) != 4:
        return
    (gamma,) = struct.unpack(">I", said[b"gAMA"])
    points = struct.unpack(">8I", said[b"cHRM"]) if len(said.get(b"cHRM", b"")) == 32 else SRGB_CHROMATICITIES
    is_srgb = all(
        abs(one - other) <= CHROMATICITY_SLACK for one, other in zip(points, SRGB_CHROMATICITIES, strict=True)
    )
    if not gamma or (abs(gamma / SRGB_GAMMA - 1) <= GAMMA_SLACK and (is_srgb or is_grey)):
        return
    curve = profiles.gamma(round(100_000 / gamma, 4)) if 0.1 <= 100_000 / gamma <= 10 else None
    pairs = [(points[place] / 100_000, points[place + 1] / 100_000) for place in range(0, 8, 2)]
    with suppress(ValueError):
        if curve:
            found.profile = (
                profiles.grey("gAMA", curve) if is_grey else profiles.rgb("gAMA", pairs[1:], pairs[0], curve)
            )
            found.profile_from = f"its gamma of {100_000 / gamma:.3g}"


def _add_rest(found: Header, said: dict[bytes, bytes]) -> None:
    if len(said.get(b"pHYs", b"")) == 9:
        across, down, unit = struct.unpack(">IIB", said[b"pHYs"])
        if unit == 1:
            found.set_dpi(across * 0.0254, down * 0.0254)
    exif = said.get(b"eXIf")
    if exif:
        found.exif = None  # the chunk counts more than a text of the kind
        found.add_block("exif", exif)
    if len(said.get(b"acTL", b"")) >= 4 and (frames := struct.unpack(">I", said[b"acTL"][:4])[0]) > 1:
        found.note(f"of {counted(frames, 'frame')} the first is taken")
