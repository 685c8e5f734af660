"""Pictures into open files, in each format that we write: pixels by libvips, strip by strip, the rest by us.

libvips writes no profile and no word of its own: all that a file says beside its pixels is in its `Labels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from bigart_lib.pictures import containers, tags
from bigart_lib.pictures.vips import vips
from bigart_lib.pictures.xmp import extended

if TYPE_CHECKING:
    import pyvips

MM = 25.4  # an inch
TILE = 256  # px, of a TIFF
CLASSIC_TIFF = 2**32 - 2**26  # bytes; above them it must be a BigTIFF
MOST_GROWTH = 1.5  # of what LZW cannot compress
# Progressive JPEGs and those with codes made for the picture need all of it in memory, in 6 bytes a pixel.
MOST_PIXELS_OPTIMISED = 40_000_000
# On textured pictures level 3 is a third smaller than 1, and 4 takes half as long again for 3 % less.
PNG_COMPRESSION = 3
PNG_FILTERS = ("none", "sub", "up", "avg", "paeth", "all")  # of rows, the quickest first
SLACK = 1.02  # how much larger a file may get by a quicker filter
# Parts of a picture on which the filters are tried: how many, their rows, and how many fill the width.
PARTS, PART_ROWS, PART_SHARE = 4, 48, 4
FEW_PIXELS = 1_000_000  # for which no filter is looked for
WEBP_EFFORT = 4


@dataclass(frozen=True)
class Labels:
    """What a file holds beside its pixels."""

    profile: bytes  # ICC
    dpi: tuple[float, float]  # across and down
    xmp: bytes
    exif: bytes | None = None
    iptc: bytes | None = None
    texts: Mapping[str, str] | None = None  # of a PNG
    comments: tuple[str, ...] = ()  # of a JPEG
    software: str = ""  # of a TIFF
    description: str = ""  # of a TIFF


def png(image: pyvips.Image, file: BinaryIO, labels: Labels) -> tuple[str, ...]:
    """Write a PNG of 8 or 16 bits a colour; returns in sentences what it could not hold."""
    chunks = containers.png_chunks(labels.profile, labels.texts or {}, labels.xmp, labels.exif, labels.iptc)
    across, down = (one / MM for one in labels.dpi)
    sink = _Sink(file, {containers.PNG_START: chunks})
    options = {"compression": PNG_COMPRESSION, "filter": png_filter(image)}
    sink.write_picture(image.copy(xres=across, yres=down), ".png", **options)
    return ()


def png_filter(image: pyvips.Image) -> str:
    """The quickest of `PNG_FILTERS` with which parts of a picture get about as small as they can.

    "all" chooses for each row anew, by a guess that takes longer than any one filter, and is seldom better on
    texture. It is taken where a picture is small, or can be read once only.
    """
    if image.width * image.height < FEW_PIXELS or image.get_typeof("vips-sequential"):
        return "all"
    width, height = max(1, image.width // PART_SHARE), min(PART_ROWS, image.height)
    across, down = image.width - width, image.height - height
    places = [(across * part // (PARTS - 1), down * part // (PARTS - 1)) for part in range(PARTS)]
    try:
        parts = [image.crop(*place, width, height) for place in places]
        sample = vips().Image.arrayjoin(parts, across=1).copy_memory()
        with ThreadPoolExecutor(2) as pool:  # more would take more memory
            sizes = [*pool.map(partial(_png_bytes, sample), PNG_FILTERS)]
    except vips().Error:  # writing will meet it again, and say so
        return "all"
    return next(one for one, size in zip(PNG_FILTERS, sizes, strict=True) if size <= SLACK * min(sizes))


def _png_bytes(image: pyvips.Image, row_filter: str) -> int:
    return len(image.pngsave_buffer(compression=PNG_COMPRESSION, filter=row_filter, keep="none"))


def jpeg(image: pyvips.Image, file: BinaryIO, labels: Labels, quality: int) -> tuple[str, ...]:
    """Write a JPEG with colours at full resolution."""
    xmp = extended(labels.xmp, containers.LONGEST_XMP)
    segments, notes = containers.jpeg_segments(
        labels.profile, list(labels.comments), xmp, labels.exif, labels.iptc
    )
    file.write(containers.jpeg_start(labels.dpi, image.bands < 4) + segments)
    is_small = image.width * image.height <= MOST_PIXELS_OPTIMISED
    options = {"Q": quality, "subsample_mode": "off", "optimize_coding": is_small, "interlace": is_small}
    _Sink(file, skipped=2).write_picture(image, ".jpg", **options)  # its start is there already
    return notes


def tiff(image: pyvips.Image, file: BinaryIO, labels: Labels, compression: str) -> tuple[str, ...]:
    """Write a TIFF of 8 or 16 bits a colour, in tiles; the file must be open for reading too."""
    width = 2 if image.format == "ushort" else 1
    is_big = image.width * image.height * image.bands * width * MOST_GROWTH > CLASSIC_TIFF
    options = {"predictor": "horizontal"} if compression != "none" else {}
    _Sink(file).write_picture(
        image, ".tif", compression=compression, tile=True, tile_width=TILE, tile_height=TILE,
        bigtiff=is_big, **options,
    )  # fmt: skip
    added = {
        tags.X_RESOLUTION: tags.rational(labels.dpi[0], "<"),
        tags.Y_RESOLUTION: tags.rational(labels.dpi[1], "<"),
        tags.UNIT: tags.short(2, "<"),
        tags.XMP: tags.blob(labels.xmp, tags.BYTE),
        tags.PROFILE: tags.blob(labels.profile),
    }
    if labels.iptc:
        added[tags.IPTC] = tags.blob(labels.iptc)
    said = {tags.SOFTWARE: labels.software, tags.DESCRIPTION: labels.description}
    wished = {tag: tags.ascii_text(text) for tag, text in said.items() if text}
    tags.add_to_tiff(file, added, labels.exif, wished)
    return ()


def webp(image: pyvips.Image, file: BinaryIO, labels: Labels, quality: int | None) -> tuple[str, ...]:
    """Write a WebP: without loss, or of this quality."""
    options = (
        {"lossless": True, "exact": True} if quality is None else {"Q": quality, "smart_subsample": True}
    )
    data = _Memory()
    _Sink(data).write_picture(image, ".webp", effort=WEBP_EFFORT, **options)
    whole = containers.webp(
        bytes(data.data),
        (image.width, image.height),
        image.bands in (2, 4),
        labels.profile,
        labels.exif or b"",
        labels.xmp,
    )
    file.write(whole)
    return ()


class _Memory:
    """What was written."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


class _Sink:
    """What libvips writes to: a file, with our parts put in, and errors that are the file's own.

    Parameters
    ----------
    inserted : bytes that are put in, by how many of libvips' stand before them.
    skipped : how many of libvips' first bytes are left out.
    """

    def __init__(self, file: Any, inserted: Mapping[int, bytes] | None = None, skipped: int = 0) -> None:
        self._file, self._inserted, self._skipped = file, dict(inserted or {}), skipped
        self._count = 0  # of libvips' bytes
        self._error: BaseException | None = None

    def write_picture(self, image: pyvips.Image, ending: str, **options: Any) -> None:
        """Have a picture written.

        Raises
        ------
        OSError
            As the file raises it, or when libvips cannot write the picture.
        """
        library = vips()
        target = library.TargetCustom()
        target.on_write(self._write)
        target.on_end(lambda: 0)
        if ending == ".tif":  # the only one that goes back in what it has written
            target.on_read(lambda length: self._careful(self._file.read, length, b""))
            target.on_seek(lambda place, whence: self._careful(self._file.seek, (place, whence), -1))
        try:
            image.write_to_target(target, ending, keep="none", **options)
        except library.Error as error:
            if self._error:
                raise self._error from None
            raise OSError(
                f"the picture could not be written ({' '.join(str(error).split())[:300]})"
            ) from None
        if self._error:
            raise self._error

    def _write(self, data: bytes) -> int:
        length = len(data)
        return self._careful(self._put, bytes(data), -1) or length

    def _put(self, data: bytes) -> int:
        start, self._count = self._count, self._count + len(data)
        if start < self._skipped:
            data = data[self._skipped - start :]
        for place, part in self._inserted.items():
            if start <= place < self._count:
                self._file.write(data[: place - start])
                self._file.write(part)
                data = data[place - start :]
        self._file.write(data)
        return 0

    def _careful(self, call: Any, argument: Any, failed: Any) -> Any:
        """An exception may not pass through libvips: it is raised when that has given up."""
        if self._error:
            return failed
        try:
            return call(*argument) if isinstance(argument, tuple) else call(argument)
        except BaseException as error:  # Ctrl-C too
            self._error = error
            return failed
