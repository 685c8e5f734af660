"""What a PDF of ours holds: its picture, as it was written, and what it says of itself.

It is read as what anybody may have written. A PDF of other programs is refused; it may hold anything.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.pictures.images import LONGEST_SIDE_OPENED, MOST_PIXELS_OPENED, PictureError
from bigart_lib.pictures.vips import vips
from bigart_lib.pictures.xmp import LONGEST

if TYPE_CHECKING:
    import pikepdf
    import pyvips

LONGEST_PROFILE = 16_000_000  # bytes of an ICC profile
PNG_KINDS = {1: 0, 3: 2, 4: 6}  # by colours: how a PNG holds as many values a pixel


def read_metadata(path: Path | str) -> bytes | None:
    """The XMP packet of a PDF; None where it has none.

    Raises
    ------
    PictureError
        When it is no PDF, damaged, or says too much.
    """
    with _opened(Path(path)) as pdf:
        return _data(pdf.Root.Metadata, LONGEST) if "/Metadata" in pdf.Root else None


def read_image(path: Path | str) -> tuple[pyvips.Image, bytes | None]:
    """The first picture on the first page of a PDF that `write_pdf` wrote, and its profile.

    Returns
    -------
    The levels, 16-bit (8 bits times 257) with transparency if it has any, to be read from top to bottom or in
    any order; of CMYK the interpretation is "cmyk".

    Raises
    ------
    PictureError
        When there is no such picture, or it is damaged or too large; damage within the pixels shows itself
        when they are read: see `reading.faults`.
    """
    with _opened(Path(path)) as pdf:
        found = _first_picture(pdf)
        profile = _profile(found)
        picture = _decoded(found)
        if "/SMask" in found:
            mask = _decoded(found.SMask)
            if (mask.width, mask.height, mask.bands) != (picture.width, picture.height, 1):
                raise ValueError("its transparency is not of the picture's size")
            picture = picture.bandjoin(mask)
        return picture, profile


@contextmanager
def _opened(path: Path) -> Iterator[pikepdf.Pdf]:
    import pikepdf

    if not path.is_file():
        raise PictureError(f"{path}: expected a PDF, found {'no plain file' if path.exists() else 'no file'}")
    try:
        with path.open("rb") as file:
            if file.read(5) != b"%PDF-":
                raise PictureError(f"{path} is no PDF")
        # Ours have no compressed objects, which could be made to fill the memory.
        with pikepdf.open(path, ignore_xref_streams=True, attempt_recovery=False) as pdf:
            yield pdf
    except PictureError:
        raise
    except (
        pikepdf.PdfError, vips().Error, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError,
        RuntimeError, OverflowError, zlib.error, struct.error,
    ) as error:  # fmt: skip
        message = " ".join(str(error).split())[:200] or type(error).__name__
        raise PictureError(f"{path} is no PDF that BIG.art wrote, or it is damaged ({message})") from None


def _first_picture(pdf: pikepdf.Pdf) -> Any:
    resources = pdf.pages[0].Resources.XObject
    for name in sorted(resources.keys()):
        found = resources[name]
        if found.get("/Subtype") == "/Image" and not found.get("/ImageMask", False):
            return found
    raise ValueError("there is no picture on its first page")


def _data(stream: Any, most: int) -> bytes:
    """What a stream holds, plain or deflated, up to so many bytes."""
    raw = bytes(stream.read_raw_bytes())
    kind = stream.get("/Filter")
    if kind is None:
        data = raw[: most + 1]
    elif kind == "/FlateDecode" and "/DecodeParms" not in stream:
        data = zlib.decompressobj().decompress(raw, most + 1)
    else:
        raise ValueError("it is compressed in a way that BIG.art does not use")
    if len(data) > most:
        raise ValueError(f"something in it has more than {most:,} bytes")
    return data


def _profile(image: Any) -> bytes | None:
    space = image.ColorSpace
    if str(space) in ("/DeviceGray", "/DeviceRGB", "/DeviceCMYK"):
        return None
    if len(space) != 2 or space[0] != "/ICCBased":
        raise ValueError("its picture's colours are of no kind that BIG.art writes")
    return _data(space[1], LONGEST_PROFILE)


def _decoded(image: Any) -> pyvips.Image:
    """The values of an image, from its dictionary and its stream, which is decoded as that of a PNG is."""
    coding = image.DecodeParms
    width, height, depth = (int(image[name]) for name in ("/Width", "/Height", "/BitsPerComponent"))
    colours = int(coding.Colors)
    if (
        width < 1
        or height < 1
        or width * height > MOST_PIXELS_OPENED
        or max(width, height) > LONGEST_SIDE_OPENED
    ):
        raise ValueError(f"its picture has {width}x{height} pixels")
    is_ours = (
        image.Filter == "/FlateDecode" and int(coding.Predictor) == 15 and int(coding.Columns) == width
        and int(coding.BitsPerComponent) == depth and depth in (8, 16) and colours in PNG_KINDS
    )  # fmt: skip
    if not is_ours:
        raise ValueError("its picture is compressed in a way that BIG.art does not use")
    header = struct.pack(">IIBBBBB", width, height, depth, PNG_KINDS[colours], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", bytes(image.read_raw_bytes())), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    loaded = vips().Image.pngload_buffer(png, fail_on="truncated", unlimited=True)
    levels = (loaded * 257).cast("ushort") if depth == 8 else loaded
    kinds = {1: "grey16", 3: "rgb16", 4: "cmyk"}
    return levels.copy(interpretation=kinds[colours])
