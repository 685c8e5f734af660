"""WebP, AVIF, HEIC, GIF, BMP, JPEG 2000 and the PPM family: what they say, and their pixels."""

from __future__ import annotations

import mmap
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from bigart_lib.pictures.formats import boxes
from bigart_lib.pictures.formats.header import MOST_BLOCK, Header, Pixels, counted

if TYPE_CHECKING:
    import numpy as np

NO_HEIC = "it is HEIC, for which pillow-heif is missing: pip install pillow-heif, or save it as JPEG"
FRAMES = ("GIF", "WEBP", "AVIF")
NETPBM = re.compile(rb"P([1-6])" + 3 * rb"(?:\s|#[^\n]*\n)+(\d{1,9})" + rb"\s")
PLAIN = (1, 2, 3)  # kinds of netpbm that are written in digits
SIGNED = 128  # by which Pillow's bytes of a and b differ


def header(file: BinaryIO, name: str) -> Header:
    """What a file says, whose format has this name with Pillow."""
    if name == "PPM" and (found := _netpbm(file)):
        return found
    image = _image(file, name)
    found = Header(name, *image.size)
    said = image.info
    found.add_block("profile", said.get("icc_profile"))
    found.add_block("exif", said.get("exif"))
    xmp = said.get("xmp")
    found.add_block("xmp", xmp.encode() if isinstance(xmp, str) else xmp)
    comment = said.get("comment", "")
    found.add_text(
        "Comment", comment.decode("utf-8", "replace") if isinstance(comment, bytes) else str(comment)
    )
    if isinstance(dpi := said.get("dpi"), tuple) and len(dpi) == 2:
        found.set_dpi(*map(float, dpi))
    if name in FRAMES and (number := getattr(image, "n_frames", 1)) > 1:
        found.note(f"of {counted(number, 'frame')} the first is taken")
    if image.mode.startswith(("I", "F")):
        found.bits = 16
    if name == "BMP":
        _add_bitmap(found, file)
    elif name in ("AVIF", "JPEG2000"):
        file.seek(0)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            (boxes.add_still if name == "AVIF" else boxes.add_jpeg_2000)(found, data)
    if name == "JPEG2000" and found.bits > 8 and not image.mode.startswith("I"):
        found.note(f"of its {found.bits} bits a colour 8 are read")
        found.bits = 8
    return found


def pixels(path: Path, found: Header) -> Pixels:
    """The picture's pixels, or those of its first frame."""
    if found.format == "AVIF" and found.bits > 8:
        return _deep_avif(path, found)
    with path.open("rb") as file:
        if "netpbm" in found.facts:
            return _netpbm_pixels(file, found)
        image = _image(file, found.format)
        image.load()
        done = from_pillow(image)
    if found.format == "JPEG2000" and image.mode.startswith("I") and found.bits <= 16:
        done.white = 65535  # to which Pillow scales
    return done


def _image(file: BinaryIO, name: str) -> Image.Image:
    """Pillow's own reader of a format, whatever other formats the file could be."""
    Image.init()
    if name not in Image.OPEN:
        raise SyntaxError(f"it is {name}, which this machine's Pillow cannot read")
    file.seek(0)
    return Image.OPEN[name][0](file, None)


def _add_bitmap(found: Header, file: BinaryIO) -> None:
    """The profile within a BMP of the fifth version."""
    file.seek(14)
    head = file.read(124)
    if len(head) == 124 and head[:4] == struct.pack("<I", 124) and head[56:60] == b"DEBM":
        place, length = struct.unpack_from("<II", head, 112)
        file.seek(14 + place)
        found.add_block("profile", file.read(min(length, MOST_BLOCK + 1)))


# ---------------------------------------------------------------------------------------------- Pillow's


def from_pillow(image: Image.Image) -> Pixels:
    """A picture of any mode of Pillow's; palettes and key colours become colours and transparency."""
    import numpy as np

    from bigart_lib.pictures.formats.photoshop import lab
    from bigart_lib.pictures.vips import from_array

    key = image.info.get("transparency")
    if image.mode in ("P", "PA"):
        clear = key is not None or image.mode == "PA" or getattr(image.palette, "mode", "RGB") == "RGBA"
        colours = np.array(image.getpalette("RGB") or [0, 1, 2]).reshape(-1, 3)
        is_grey = (colours == colours[:, :1]).all()  # a palette of greys
        image, key = image.convert("RGBA" if clear else "RGB"), None
        image = image.convert("LA" if clear else "L") if is_grey else image
    plain = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
    image = image.convert(plain[image.mode]) if image.mode in plain else image
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        values = values.astype(np.uint16)
    values = values.reshape(image.height, image.width, -1)
    if image.mode == "LAB":
        return Pixels(lab(values ^ np.array([0, SIGNED, SIGNED], np.uint8), 255, False), "LAB", 1.0)
    if image.mode in ("L", "RGB", "I;16") and key is not None:
        values, has_alpha = _without_key(values, key), True
    else:
        has_alpha = image.mode in ("LA", "RGBA")
    space = (
        "CMYK"
        if image.mode == "CMYK"
        else "GRAY"
        if image.mode in ("L", "LA") or values.shape[2] == 1
        else "RGB"
    )
    white = {"uint8": 255, "uint16": 65535}.get(str(values.dtype))
    return Pixels(from_array(values), space, white, has_alpha)


def _without_key(values: np.ndarray, key: int | tuple[int, ...]) -> np.ndarray:
    """Pixels of the key colour made clear."""
    import numpy as np

    most = np.iinfo(values.dtype).max
    opaque = (values != np.array(key).reshape(-1)[: values.shape[2]]).any(2, keepdims=True)
    return np.concatenate([values, (opaque * most).astype(values.dtype)], 2)


# ---------------------------------------------------------------------------------------------- deep ones


def _netpbm(file: BinaryIO) -> Header | None:
    """What a PGM or PPM of more than 8 bits says; the others are Pillow's."""
    file.seek(0)
    found = NETPBM.match(file.read(4096))
    if not found or int(found[1]) in (1, 4) or not 255 < int(found[4]) <= 65535:
        return None
    done = Header("PPM", int(found[2]), int(found[3]), 16)
    done.facts["netpbm"] = int(found[1]), int(found[4]), found.end()
    return done


def _netpbm_pixels(file: BinaryIO, found: Header) -> Pixels:
    import numpy as np

    from bigart_lib.pictures.vips import from_array

    kind, most, start = found.facts["netpbm"]
    channels = 3 if kind in (3, 6) else 1
    count = found.width * found.height * channels
    file.seek(start)
    if kind in PLAIN:
        values = np.array(file.read(6 * count + 4096).split()[:count], dtype=np.uint16)
    else:
        values = np.frombuffer(file.read(2 * count), ">u2").astype(np.uint16)
    if len(values) != count:
        raise ValueError("it is cut short")
    image = from_array(values.reshape(found.height, found.width, channels))
    return Pixels(image, "RGB" if channels == 3 else "GRAY", most)


def _deep_avif(path: Path, found: Header) -> Pixels:
    """By libvips, which gives 10 or 12 bits, shifted to the upper end of 16."""
    from bigart_lib.pictures.vips import source, vips

    image = vips().Image.heifload_source(source(path), fail_on="error", access="random")
    shift = 16 - found.bits
    found.orientation = 1  # libheif has turned it
    return Pixels(
        (image >> shift) if image.format == "ushort" else image,
        "RGB" if image.bands > 2 else "GRAY",
        (1 << found.bits) - 1 if image.format == "ushort" else 255,
        image.bands in (2, 4),
    )


def heic_header(path: Path) -> Header:
    """What a HEIC file says, where pillow-heif is installed; SyntaxError says what to do where it is not."""
    heif = _heic(path)
    image = heif[heif.primary_index]
    found = Header("HEIC", *image.size)
    for name, key in (("exif", "exif"), ("xmp", "xmp"), ("profile", "icc_profile")):
        found.add_block(name, image.info.get(key))
    if len(heif) > 1:
        found.note(f"of {counted(len(heif), 'picture')} in the file the first is taken")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        boxes.add_still(found, data)
    return found


def heic_pixels(path: Path, found: Header) -> Pixels:
    """A HEIC file's main picture, which libheif has turned."""
    import numpy as np

    from bigart_lib.pictures.vips import from_array

    heif = _heic(path)
    image = heif[heif.primary_index]
    values = np.asarray(image)
    values = values.reshape(image.size[1], image.size[0], -1)
    space = "RGB" if values.shape[2] > 2 else "GRAY"
    white = 65535 if values.dtype == np.uint16 else 255
    return Pixels(from_array(values), space, white, values.shape[2] in (2, 4))


def _heic(path: Path) -> object:
    try:
        import pillow_heif
    except ImportError:
        raise SyntaxError(NO_HEIC) from None
    return pillow_heif.open_heif(path, convert_hdr_to_8bit=False)
