"""Which format a file is, by its content and never by its name; what it says, and its pixels.

Only formats of this list are read: none that runs a program, as PostScript, PDF and SVG can.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures.formats import boxes, jpeg, others, photoshop, png, tiff
from bigart_lib.pictures.formats.header import Header, Pixels

if TYPE_CHECKING:
    import pyvips

STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"8BPS", "PSD"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    *((b"P" + kind, "PPM") for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"f")),
)
STILL_BRANDS = (b"mif1", b"msf1")  # of AVIF and HEIC alike
UNKNOWN = "it is of no kind that is known; expected PNG, JPEG, TIFF, WebP, AVIF, GIF, BMP, JPEG 2000 or PSD"
LONGEST_START = 4096
SIDEWAYS = (5, 6, 7, 8)  # orientations that exchange width and height
# Of libjpeg's warnings those that speak of pixels; what stands before the end mark does not.
LOST = re.compile(
    r"premature end|bad huffman|bad arithmetic|instead of rst|extraneous bytes before marker 0x(?!d9)", re.I
)
MORE_BYTES = b"\xa5\x3c\x69" * 400
END_OF_JPEG = b"\xff\xd9"


def kind_of(start: bytes) -> str | None:
    """The format of a file that begins so, or None."""
    for mark, name in STARTS:
        if start.startswith(mark):
            return name
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    brands = boxes.brands(start)
    for names, name in ((boxes.AVIF_BRANDS, "AVIF"), (boxes.HEIC_BRANDS, "HEIC")):
        if any(brand in names for brand in brands):
            return name
    if any(brand in STILL_BRANDS for brand in brands):
        return "HEIC" if b"hvc1" in start else "AVIF"
    return None


def header(path: Path) -> Header:
    """What a file says; SyntaxError and others of `reading.faults` when it is no picture."""
    with path.open("rb") as file:
        name = kind_of(file.read(LONGEST_START))
        if name is None:
            raise SyntaxError(UNKNOWN)
        if name == "PNG":
            return png.header(file)
        if name == "PSD":
            return photoshop.header(file)
        if name in ("JPEG", "TIFF"):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return jpeg.header(data) if name == "JPEG" else tiff.header(data)
        if name != "HEIC":
            return others.header(file, name)
    return others.heic_header(path)


@dataclass
class Opener:
    """Gives a file's pixels, as often as they are wanted: decoded anew, or kept where they are in memory."""

    path: Path
    header: Header
    access: str = "sequential"  # or "random"
    _kept: Pixels | None = field(default=None, init=False)
    _fail_on: str | None = field(default=None, init=False)  # of a JPEG, once it was looked through

    def open(self) -> Pixels:
        """The pixels; of PNG, JPEG and most TIFF files read only as far as they are used."""
        if self._kept is not None:
            return self._kept
        if self.header.format == "PNG":
            return self._png()
        if self.header.format == "JPEG":
            return self._jpeg()
        if self.header.format == "TIFF":
            found = tiff.pixels(self.path, self.header, self.access)
            self._kept = found if self.header.facts.get("is_kept") else None
            return found
        if self.header.format == "PSD":
            with self.path.open("rb") as file:
                self._kept = photoshop.pixels(file, self.header)
        elif self.header.format == "HEIC":
            self._kept = others.heic_pixels(self.path, self.header)
        else:
            self._kept = others.pixels(self.path, self.header)
        return self._kept

    def _png(self) -> Pixels:
        from bigart_lib.pictures.vips import source, vips

        image = vips().Image.pngload_source(source(self.path), access=self.access, fail_on="error")
        if self.header.facts.get("is_grey") and image.bands > 2:  # a palette of greys
            image = image[0] if image.bands == 3 else image[0].bandjoin(image[3])
        space = "GRAY" if image.bands < 3 else "RGB"
        return Pixels(image, space, 255 if image.format == "uchar" else 65535, image.bands in (2, 4))

    def _jpeg(self) -> Pixels:
        from bigart_lib.pictures.vips import source, vips

        def loaded(access: str, fail_on: str, before_end: bytes = b"") -> pyvips.Image:
            if not self.header.facts.get("lacks_end"):
                return vips().Image.jpegload_source(source(self.path), access=access, fail_on=fail_on)
            data = self.path.read_bytes().removesuffix(b"\xff") + before_end + END_OF_JPEG
            return vips().Image.jpegload_buffer(data, access=access, fail_on=fail_on)

        if self._fail_on is None:  # libjpeg fills what is missing with grey, and only warns
            try:
                loaded("sequential", "warning").avg()
                self._fail_on = "warning"
            except vips().Error as error:
                if LOST.search(str(error)):
                    raise
                loaded("sequential", "error").avg()
                self._fail_on = "error"
            # Behind a restart mark it does not even warn; but then it takes more bytes for pixels.
            if self.header.facts.get("restarts"):
                other = loaded("sequential", "none", MORE_BYTES)
                if (loaded("sequential", "none") != other).max():
                    raise SyntaxError("it is cut short: parts of the picture are missing")
        image = loaded(self.access, self._fail_on)
        return Pixels(image, {1: "GRAY", 3: "RGB", 4: "CMYK"}[image.bands], 255)
