"""Photoshop's documents: what their resources say, and the merged picture, in 8, 16 or 32 bits.

Follows Adobe's "Photoshop File Formats Specification". Layers are not looked at: a document without a merged
picture has to be saved again with "maximize compatibility".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from bigart_lib.pictures import profiles
from bigart_lib.pictures.formats.header import Header, Pixels, counted

if TYPE_CHECKING:
    import numpy as np

RESOLUTION, IPTC, PROFILE, EXIF, XMP, VERSION = 1005, 1028, 1039, 1058, 1060, 1057
MODES = {0: "GRAY", 1: "GRAY", 2: "PALETTE", 3: "RGB", 4: "CMYK", 8: "GRAY", 9: "LAB"}  # 8 is duotone
CHANNELS = {"GRAY": 1, "PALETTE": 1, "RGB": 3, "CMYK": 4, "LAB": 3}
MOST_SIDE = 300_000  # px, of the large kind
MOST_CHANNELS = 56
RAW, PACKED = 0, 1
NOT_ON_WHITE = 0.001  # share of the values too dark to lie on white, from which on they do not


def resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The resources in a block of them, by number."""
    place = 0
    while place + 12 <= len(data) and data[place : place + 4] in (
        b"8BIM",
        b"MeSa",
        b"PHUT",
        b"AgHg",
        b"DCSR",
    ):
        (number,) = struct.unpack_from(">H", data, place + 4)
        name = data[place + 6] + 1
        place += 6 + name + name % 2
        if place + 4 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, place)
        yield number, data[place + 4 : place + 4 + length]
        place += 4 + length + length % 2


def iptc_of(data: bytes) -> bytes | None:
    """IPTC records, from among resources or as they are."""
    if data[:1] == b"\x1c":
        return data
    return next((value for number, value in resources(data) if number == IPTC), None)


def header(file: BinaryIO) -> Header:
    """What a document says; SyntaxError when it is none."""
    file.seek(0)
    start = file.read(26)
    if len(start) < 26 or start[:4] != b"8BPS":
        raise SyntaxError("it does not begin as a Photoshop document does")
    version, channels, height, width, depth, mode = struct.unpack(">H6xHIIHH", start[4:])
    if version not in (1, 2) or mode not in MODES or depth not in (1, 8, 16, 32):
        raise SyntaxError(f"it is of a kind that is not known (version {version}, mode {mode}, {depth} bits)")
    space = MODES[mode]
    if not CHANNELS[space] <= channels <= MOST_CHANNELS or max(width, height) > MOST_SIDE:
        raise SyntaxError(f"it has {counted(channels, 'channel')} of {width}x{height} px")
    found = Header("PSD", width, height, depth)
    palette = _block(file, ">I")
    for number, value in resources(_block(file, ">I")):
        _add_resource(found, number, value)
    layers = _block(file, ">Q" if version == 2 else ">I", 32)
    has_alpha = channels > CHANNELS[space] and _says_alpha(layers, version)
    if depth == 32 and not found.profile and space in ("RGB", "GRAY"):  # always linear, says Photoshop
        line = profiles.gamma(1)
        is_rgb = space == "RGB"
        found.profile = (
            profiles.rgb("linear", profiles.SRGB_PRIMARIES, profiles.D65, line)
            if is_rgb
            else profiles.grey("linear", line)
        )
        found.profile_from = "its 32 bits"
    found.facts |= {
        "channels": channels, "space": space, "palette": palette, "has_alpha": has_alpha, "version": version,
        "start": file.tell(),
    }  # fmt: skip
    if found.facts.pop("has_no_picture", False):
        raise SyntaxError("it has no merged picture: save it with “maximize compatibility”")
    return found


def _block(file: BinaryIO, length: str, most: int = 64_000_000) -> bytes:
    """A section behind its length, of which only so much is kept."""
    (size,) = struct.unpack(length, file.read(struct.calcsize(length)))
    there = file.tell()
    kept = file.read(min(size, most))
    file.seek(there + size)
    return kept


def _says_alpha(layers: bytes, version: int) -> bool:
    """Whether the number of layers is negative, which says that the first channel more is transparency."""
    skip = 8 if version == 2 else 4
    if len(layers) < skip + 2:
        return False
    (length,) = struct.unpack_from(">Q" if version == 2 else ">I", layers)
    if length:
        return struct.unpack_from(">h", layers, skip)[0] < 0
    block = layers[skip:]  # of 16 and 32 bits the layers stand behind, under a key
    key = block.find(b"8BIM")
    named = block[key + 4 : key + 8] in (b"Lr16", b"Lr32", b"Mt16", b"Mt32", b"Mtrn") if key >= 0 else False
    if named and block[key + 4 : key + 6] == b"Mt":
        return True
    count = key + 8 + (8 if version == 2 else 4)
    return bool(named and len(block) >= count + 2 and struct.unpack_from(">h", block, count)[0] < 0)


def _add_resource(found: Header, number: int, value: bytes) -> None:
    blocks = {IPTC: "iptc", PROFILE: "profile", EXIF: "exif", XMP: "xmp"}
    if number in blocks:
        found.add_block(blocks[number], value)
    elif number == RESOLUTION and len(value) >= 16:
        across, down = (struct.unpack_from(">I", value, place)[0] / 65536 for place in (0, 8))
        found.set_dpi(across, down)
    elif number == VERSION and len(value) >= 5 and not value[4]:
        found.facts["has_no_picture"] = True


def pixels(file: BinaryIO, found: Header) -> Pixels:
    """The merged picture; ValueError when it is damaged."""
    import numpy as np

    from bigart_lib.pictures.vips import from_array

    space, has_alpha = found.facts["space"], found.facts["has_alpha"]
    wanted = CHANNELS[space] + has_alpha
    planes = _planes(file, found, wanted)
    if found.bits == 1:
        planes = [255 - np.unpackbits(plane, axis=1)[:, : found.width] * np.uint8(255) for plane in planes]
    if space == "PALETTE":
        table = np.frombuffer(found.facts["palette"][:768].ljust(768, b"\0"), np.uint8).reshape(3, 256).T
        planes = [*np.moveaxis(table[planes[0]], 2, 0), *planes[1:]]
        space = "RGB"
    values = np.stack(planes, 2)
    white = {1: 255, 8: 255, 16: 65535, 32: 1.0}[found.bits]
    if space == "CMYK":
        values[..., :4] = white - values[..., :4]
    if has_alpha and _lies_on_white(values, white):
        values = _without_white(values, white)
    if space == "LAB":
        return Pixels(lab(values, white, has_alpha), "LAB", 1.0, has_alpha)
    return Pixels(from_array(values), space, white, has_alpha)


def _planes(file: BinaryIO, found: Header, wanted: int) -> list[np.ndarray]:
    """The first so many channels, as numbers of their depth; of one bit, packed."""
    import numpy as np

    width = (found.width + 7) // 8 if found.bits == 1 else found.width
    kind = {1: ">u1", 8: ">u1", 16: ">u2", 32: ">f4"}[found.bits]
    row = width * np.dtype(kind).itemsize
    file.seek(found.facts["start"])
    (compression,) = struct.unpack(">H", file.read(2))
    if compression == RAW:
        data = file.read(wanted * found.height * row)
    elif compression == PACKED:
        size = 4 if found.facts["version"] == 2 else 2
        count = found.facts["channels"] * found.height
        lengths = np.frombuffer(file.read(count * size), f">u{size}").astype(int)
        if len(lengths) < count:
            raise ValueError("it is cut short")
        data = b"".join(_unpacked(file.read(length), row) for length in lengths[: wanted * found.height])
    else:
        raise ValueError("its merged picture is compressed in a way that is not known")
    if len(data) != wanted * found.height * row:
        raise ValueError("it is cut short")
    shape = (wanted, found.height, width)
    return list(np.frombuffer(data, kind).astype(np.dtype(kind).newbyteorder("="), copy=False).reshape(shape))


def _unpacked(data: bytes, length: int) -> bytes:
    """A row compressed by PackBits."""
    done, place = bytearray(), 0
    while place < len(data) and len(done) < length:
        head = data[place]
        if head < 128:
            done += data[place + 1 : place + 2 + head]
            place += 2 + head
        elif head > 128:
            done += data[place + 1 : place + 2] * (257 - head)
            place += 2
        else:
            place += 1
    if len(done) != length:
        raise ValueError("a row of it is damaged")
    return bytes(done)


def _lies_on_white(values: np.ndarray, white: float) -> bool:
    """Whether no colour is darker than white through its transparency, as only some programs leave it."""
    import numpy as np

    least = 1 - values[..., -1:] / np.float32(white) - 2 / 255
    return bool(((values[..., :-1] / np.float32(white)) < least).mean() < NOT_ON_WHITE)


def _without_white(values: np.ndarray, white: float) -> np.ndarray:
    """Colours as they were before Photoshop laid them on white, as it does in the merged picture."""
    import numpy as np

    done = values.copy()
    for top in range(0, len(values), 256):
        strip = values[top : top + 256].astype(np.float64)
        share = strip[..., -1:] / white
        colours = white - (white - strip[..., :-1]) / np.maximum(share, 1 / white / 2)
        colours = np.where(share > 0, np.clip(colours, 0, white), strip[..., :-1])
        whole = np.dtype(values.dtype).kind == "u"
        done[top : top + 256, :, :-1] = np.rint(colours) if whole else colours
    return done


def lab(values: np.ndarray, white: float, has_alpha: bool) -> object:
    """Encoded Lab, with an offset of half in a and b, as float; a transparency is from 0 to 1."""
    import numpy as np

    from bigart_lib.pictures.vips import from_array

    scale = {255: (100 / 255, 1.0, 1.0), 65535: (100 / 65535, 1 / 256, 1 / 256)}.get(white, (100.0, 1.0, 1.0))
    offset = {255: 128, 65535: 32768}.get(white, 0)
    done = np.empty(values.shape, np.float32)
    for place, factor in enumerate(scale):
        done[..., place] = (values[..., place].astype(np.float32) - (offset if place else 0)) * np.float32(
            factor
        )
    if has_alpha:
        done[..., 3] = values[..., 3] / np.float32(white)
    return from_array(done, "lab")
