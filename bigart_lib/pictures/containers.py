"""The parts of picture files beside the pixels, as bytes: PNG chunks, JPEG segments, a WebP's chunks."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping

from PIL import PngImagePlugin

LONGEST_KEYWORD = 79  # bytes of the name of a text in a PNG
PNG_START = 33  # bytes of the signature and the header, behind which ours stand
MOST_SEGMENT = 65533  # bytes that a segment of a JPEG holds
EXIF_MARK, XMP_MARK = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_MARK = b"http://ns.adobe.com/xmp/extension/\0"
PROFILE_MARK, PHOTOSHOP_MARK = b"ICC_PROFILE\0", b"Photoshop 3.0\0"
LONGEST_XMP = MOST_SEGMENT - len(XMP_MARK)  # bytes of a packet in one segment
EXTENSION_PART = 65400  # bytes of a packet's extension in a segment
APP0, APP1, APP2, APP13, COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
ALPHA, HAS_PROFILE, HAS_EXIF, HAS_XMP = 0x10, 0x20, 0x08, 0x04  # of a WebP


def png_chunks(
    profile: bytes, texts: Mapping[str, str], xmp: bytes, exif: bytes | None, iptc: bytes | None
) -> bytes:
    """What stands between the header and the pixels of a PNG; its resolution is written with these.

    A text is in plain Latin-1 where it can be, which more programs leave alone, else in UTF-8. IPTC records
    have no place of their own: ImageMagick's, which ExifTool reads too, is taken.
    """
    chunks = _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile, 9))
    if exif:
        chunks += _chunk(b"eXIf", exif)
    information = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        keyword = (
            " ".join(name.split()).encode("latin-1", "replace")[:LONGEST_KEYWORD].decode("latin-1").strip()
        )
        if keyword:
            information.add_text(keyword, text.replace("\0", " ").encode("utf-8", "replace").decode())
    if iptc:
        data = photoshop_resource(iptc)
        lines = data.hex()
        lines = "\n".join(lines[start : start + 72] for start in range(0, len(lines), 72))
        information.add_text("Raw profile type iptc", f"\niptc\n{len(data):8}\n{lines}\n", zip=True)
    information.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return chunks + b"".join(_chunk(kind, data) for kind, data, *_ in information.chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def photoshop_resource(iptc: bytes) -> bytes:
    """IPTC records as the block of resources that Photoshop puts them in."""
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


# -------------------------------------------------------------------------------------------------- JPEG


def jpeg_start(dpi: tuple[float, float], has_jfif: bool = True) -> bytes:
    """The first two segments' bytes: start of the image and, but for CMYK, JFIF with the resolution."""
    across, down = (min(65535, max(1, round(one))) for one in dpi)
    jfif = struct.pack(">5sHBHHBB", b"JFIF\0", 0x0102, 1, across, down, 0, 0)
    return b"\xff\xd8" + (_segment(APP0, jfif) if has_jfif else b"")


def jpeg_segments(
    profile: bytes,
    comments: list[str],
    xmp: tuple[bytes, bytes | None],
    exif: bytes | None,
    iptc: bytes | None,
) -> tuple[bytes, tuple[str, ...]]:
    """What stands before the picture of a JPEG, and in sentences what does not fit there.

    Parameters
    ----------
    xmp : a packet, and the extension that it names; see `xmp.extended`.
    """
    segments, notes = b"", []
    blocks = [("EXIF", APP1, EXIF_MARK, exif), ("XMP", APP1, XMP_MARK, xmp[0])]
    blocks.append(("IPTC block", APP13, PHOTOSHOP_MARK, photoshop_resource(iptc) if iptc else None))
    for name, marker, mark, data in blocks:
        if data and len(mark) + len(data) <= MOST_SEGMENT:
            segments += _segment(marker, mark + data)
        elif data:
            notes.append(
                f"its {name} of {len(data):,} bytes is longer than a JPEG can hold, and was left out"
            )
    if extension := xmp[1]:
        name = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
        for start in range(0, len(extension), EXTENSION_PART):
            place = struct.pack(">II", len(extension), start)
            part = extension[start : start + EXTENSION_PART]
            segments += _segment(APP1, EXTENSION_MARK + name + place + part)
    part = MOST_SEGMENT - len(PROFILE_MARK) - 2
    number = -(-len(profile) // part)
    if number > 255:
        notes.append("its colour profile is longer than a JPEG can hold, and was left out")
    for index in range(number if number <= 255 else 0):
        data = profile[index * part : (index + 1) * part]
        segments += _segment(APP2, PROFILE_MARK + bytes((index + 1, number)) + data)
    for comment in comments:
        segments += _segment(COMMENT, comment.encode("utf-8", "replace")[:MOST_SEGMENT])
    return segments, tuple(notes)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


# -------------------------------------------------------------------------------------------------- WebP


def webp(
    data: bytes, size: tuple[int, int], has_alpha: bool, profile: bytes, exif: bytes, xmp: bytes
) -> bytes:
    """A WebP file with all that belongs to it, from one that has nothing but the picture."""
    chunks = [(kind, part) for kind, part in webp_chunks(data) if kind in (b"ALPH", b"VP8 ", b"VP8L")]
    flags = HAS_PROFILE | HAS_EXIF | HAS_XMP | (ALPHA if has_alpha else 0)
    head = struct.pack("<I", flags) + b"".join(struct.pack("<I", side - 1)[:3] for side in size)
    chunks = [(b"VP8X", head), (b"ICCP", profile), *chunks, (b"EXIF", exif), (b"XMP ", xmp)]
    body = b"".join(
        kind + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a WebP file by their kinds."""
    place = 12
    while place + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        yield bytes(data[place : place + 4]), data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
