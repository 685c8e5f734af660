"""What the file of a picture that we may have written says: its recipe, what kind of file it is, its pixels.

Any program may have saved it since, and anybody may have written it: it is read within limits, and whatever
is wrong with it is one PictureError.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures import metadata, reading, xmp
from bigart_lib.pictures.formats import directories, kinds
from bigart_lib.pictures.images import LONGEST_SIDE_OPENED, MOST_PIXELS_OPENED, PictureError
from bigart_lib.pictures.vips import source, vips

if TYPE_CHECKING:
    import pyvips

WRITTEN = {"PNG": "png", "TIFF": "tiff", "JPEG": "jpeg", "WEBP": "webp"}  # of the formats that are read
POINTS = 72  # an inch


@dataclass(frozen=True)
class Written:
    """A picture's file, but for the pixels."""

    path: Path
    kind: str  # "png", "tiff", "jpeg", "webp" or "pdf"
    recipe: str | None  # its text
    source_type: str | None  # what the IPTC calls its origin, without the vocabulary's address
    size: tuple[int, int]  # width and height in px
    depth: int  # bits a colour
    profile: bytes | None  # ICC
    dpi: tuple[float, float] | None  # pixels an inch, across and down
    is_exact: bool  # whether the format kept every pixel

    def picture(self) -> pyvips.Image:
        """The pixels as they are stored, 8 or 16 bits a colour, to be read once from top to bottom.

        Raises
        ------
        PictureError
            When they are damaged; where that shows itself later, `reading.faults` tells it.
        """
        if self.kind == "pdf":
            from bigart_lib.pictures.pdf import read_image

            return read_image(self.path)[0]
        image, options = vips().Image, {"access": "sequential", "fail_on": "truncated"}
        load = {
            "png": partial(image.pngload_source, unlimited=True),  # limits are held when it is opened
            "tiff": image.tiffload_source,
            "jpeg": image.jpegload_source,
            "webp": image.webpload_source,
        }[self.kind]
        with reading.faults(self.path):
            return load(source(self.path), **options)


def read(path: Path | str) -> Written:
    """What a picture's file says.

    Raises
    ------
    PictureError
        When there is no such picture, it is damaged, too large, or of a format that carries no recipe.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # reading might never end
        raise PictureError(f"{path}: expected a picture, found no plain file")
    with reading.faults(path):
        if _is_pdf(path):
            return _read_pdf(path)
        found = kinds.header(path)
        if (
            found.width * found.height > MOST_PIXELS_OPENED
            or max(found.width, found.height) > LONGEST_SIDE_OPENED
        ):
            raise PictureError(
                f"{path} has {found.width}x{found.height} pixels, too many to read: make it smaller first"
            )
        kind = WRITTEN.get(found.format)
        if kind is None:
            raise no_recipe(path)
        is_exact = kind in ("png", "tiff") or (kind == "webp" and _is_lossless(path))
        packets = [found.xmp] if found.xmp else []
        return Written(
            path, kind, metadata.find_recipe(found.texts, *packets), _source_type(packets),
            (found.width, found.height), 16 if found.bits > 8 else 8, found.profile,
            found.dpi or _dpi_of(found.exif), is_exact,
        )  # fmt: skip


def no_recipe(path: Path) -> PictureError:
    """That a file has none, in words."""
    return PictureError(f"{path} carries no recipe: it was not made by BIG.art, or saved again since")


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"%PDF-"


def _source_type(packets: list[bytes]) -> str | None:
    for packet in packets:
        with suppress(ValueError):
            if found := xmp.Packet(packet).text(metadata.SOURCE_TYPE):
                return found.rpartition("/")[2]
    return None


def _dpi_of(exif: bytes | None) -> tuple[float, float] | None:
    with suppress(ValueError):
        return directories.read_exif(exif or b"").dpi
    return None


def _is_lossless(path: Path) -> bool:
    """Whether a WebP is one picture that was kept without loss."""
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[4:], "little")
            if head[:4] in (b"VP8L", b"VP8 "):
                return head[:4] == b"VP8L"
            file.seek(length + length % 2, 1)
    return False


def _read_pdf(path: Path) -> Written:
    """As `read`, of a PDF of ours."""
    from bigart_lib.pictures.pdf import read_image, read_metadata

    packet = read_metadata(path)
    packets = [packet] if packet else []
    recipe = metadata.find_recipe({}, *packets)
    if recipe is None:  # it may hold anything
        raise no_recipe(path)
    picture, profile = read_image(path)
    size = picture.width, picture.height
    depth, dpi = _page_of(path, size)
    return Written(path, "pdf", recipe, _source_type(packets), size, depth, profile, dpi, True)


def _page_of(path: Path, size: tuple[int, int]) -> tuple[int, tuple[float, float] | None]:
    """Bits a colour of the first page's picture, and pixels an inch if it fills the page."""
    import pikepdf

    try:
        with pikepdf.open(path, attempt_recovery=False) as pdf:
            page = pdf.pages[0]
            depth = int(next(iter(page.Resources.XObject.values())).BitsPerComponent)
            left, lower, right, upper = (float(one) for one in page.trimbox)
    except (pikepdf.PdfError, StopIteration):
        raise PictureError(f"{path} is a PDF whose first page cannot be read") from None
    sides = right - left, upper - lower
    dpi = (size[0] * POINTS / sides[0], size[1] * POINTS / sides[1]) if min(sides) > 0 else None
    return depth, dpi
