"""PDF files of lossless pictures: pages to the point, colours by their profile, and the same bytes each time.

pikepdf makes the document; the pixels are appended to it strip by strip, so that a picture of any size is
never in memory as a whole (an incremental update: ISO 32000-1, 7.5.6). Read back in `pdf_reading`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import writing
from bigart_lib.pictures.pdf_pixels import Pixels, append, channels_of, depth_of, size_of
from bigart_lib.pictures.pdf_reading import read_image, read_metadata

if TYPE_CHECKING:
    import numpy as np
    import pikepdf
    import pyvips
    from PIL import Image

__all__ = [
    "Page",
    "Placed",
    "Stencil",
    "picture_page",
    "profile_colours",
    "profile_name",
    "read_image",
    "read_metadata",
    "write_pdf",
]
VERSION = "1.7"  # 16 bits a colour need 1.5, profiles of ICC's version 4 need 1.7
POINTS = 72  # an inch
LONGEST_SIDE = 14400  # points, of a page
LINE_WIDTH = 0.25  # points, of crop marks
SPACES = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}  # by the signature in a profile: colours
DEVICE = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}

Points = tuple[float, float, float, float]  # left, lower, right, upper


@dataclass(frozen=True)
class Placed:
    """A picture on a page."""

    # (height, width, colours or colours and alpha), 8 or 16 bits; one with alpha is read twice
    picture: np.ndarray | pyvips.Image
    box: Points
    profile: bytes | None = None  # ICC profile of the colours; None: those of the device
    depth: int = 16  # bits a colour in the file, 8 or 16; at most what the picture has


@dataclass(frozen=True)
class Stencil:
    """What is printed in black through a mask: letters, for example."""

    mask: Image.Image  # ink where it is not 0
    box: Points


@dataclass(frozen=True)
class Page:
    """A page; all boxes are in points from its lower left corner."""

    size: tuple[float, float]  # width and height
    images: Sequence[Placed] = ()
    stencils: Sequence[Stencil] = ()
    lines: Sequence[Points] = ()  # from (left, lower) to (right, upper), in all inks: crop marks
    trim: Points | None = None  # where it is cut
    bleed: Points | None = None  # how far the picture reaches


def picture_page(
    picture: np.ndarray | pyvips.Image, dpi: float, profile: bytes | None = None, depth: int = 16
) -> Page:
    """A page as large as a picture at this many px an inch."""
    if hasattr(picture, "shape"):
        height, width = picture.shape[:2]
    else:
        width, height = picture.width, picture.height
    size = (width * POINTS / dpi, height * POINTS / dpi)
    return Page(size, (Placed(picture, (0, 0, *size), profile, depth),), trim=(0, 0, *size))


def write_pdf(
    path: Path | str,
    pages: Sequence[Page],
    xmp: bytes | None = None,
    about: Mapping[str, str] | None = None,
    output_profile: bytes | None = None,
) -> None:
    """Write a new PDF, whole or not at all; the same pages are the same bytes.

    Parameters
    ----------
    xmp : a packet, which is kept as it is, in clear.
    about : entries of the document's information: Title, Author, Subject, Keywords, Creator.
    output_profile : ICC profile of the press that it is made for: its output intent.

    Raises
    ------
    ValueError
        When a page is too large for a PDF, or a profile and its picture do not go together.
    FileExistsError
        Nothing an artist made is overwritten.
    """
    for page in pages:
        if not all(0 < side <= LONGEST_SIDE for side in page.size):
            raise ValueError(
                f"a page of a PDF has sides of at most {LONGEST_SIDE / POINTS * 25.4:.0f} mm, not "
                f"{' x '.join(f'{side / POINTS * 25.4:.0f}' for side in page.size)} mm"
            )
    document = _Document()
    for page in pages:
        document.add(page)
    if output_profile:
        document.aim_at(output_profile)
    skeleton = document.skeleton(xmp, about or {})
    with writing(path) as file:
        file.write(skeleton)
        append(file, skeleton, document.pixels)


class _Document:
    """The pages with all that belongs to them, but for the pixels."""

    def __init__(self) -> None:
        import pikepdf

        self.pixels: list[Pixels] = []  # of each image, in order
        self._pdf = pikepdf.new()
        self._profiles: dict[bytes, Any] = {}
        self._images: list[Any] = []

    def add(self, page: Page) -> None:
        """Add a page."""
        from pikepdf import Array, Dictionary, Name

        resources, content = {}, []
        for number, image in enumerate(page.images):
            resources[f"/Picture{number}"] = self._image(image)
            content.append(_drawn(f"/Picture{number}", image.box))
        for number, stencil in enumerate(page.stencils):
            resources[f"/Stencil{number}"] = self._stencil(stencil.mask)
            content.append(_drawn(f"/Stencil{number}", stencil.box))
        if page.lines:
            path = "".join(f"{_numbers(line[:2])} m {_numbers(line[2:])} l S\n" for line in page.lines)
            content.append(f"q /All CS 1 SCN {LINE_WIDTH} w\n{path}Q\n")
        made = {
            "Type": Name.Page,
            "MediaBox": Array(_box((0, 0, *page.size))),
            "CropBox": Array(_box((0, 0, *page.size))),
            "Resources": Dictionary(XObject=Dictionary(resources)),
            "Contents": self._pdf.make_stream("".join(content).encode()),
        }
        if page.lines:
            made["Resources"].ColorSpace = Dictionary(All=self._all_inks())
        for name, box in (("TrimBox", page.trim), ("BleedBox", page.bleed or page.trim)):
            if box:
                made[name] = Array(_box(box))
        import pikepdf

        self._pdf.pages.append(pikepdf.Page(self._pdf.make_indirect(Dictionary(**made))))

    def aim_at(self, profile: bytes) -> None:
        """Say for which press the document is made."""
        from pikepdf import Array, Dictionary, Name, String

        intent = Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFX,
            OutputConditionIdentifier=String("Custom"),
            RegistryName=String(""),
            Info=String(profile_name(profile)),
            DestOutputProfile=self._profile(profile)[1],
        )
        self._pdf.Root.OutputIntents = Array([self._pdf.make_indirect(intent)])

    def skeleton(self, xmp: bytes | None, about: Mapping[str, str]) -> bytes:
        """The document without pixels."""
        import pikepdf

        if xmp:
            self._pdf.Root.Metadata = pikepdf.Stream(
                self._pdf, xmp, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
            )
        self._pdf.docinfo["/Trapped"] = pikepdf.Name("/False")
        for name, text in about.items():
            self._pdf.docinfo[f"/{name}"] = pikepdf.String(text)
        file = BytesIO()
        self._pdf.save(
            file,
            deterministic_id=True,
            force_version=VERSION,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            fix_metadata_version=False,
        )
        return file.getvalue()

    def _image(self, placed: Placed) -> pikepdf.Object:
        """A picture's dictionary, with its transparency; the pixels are appended later."""
        channels = channels_of(placed.picture)
        colours = _colours(placed, channels)
        depth = min(placed.depth, depth_of(placed.picture))
        space = self._space(placed.profile, colours)
        made = self._placeholder(placed.picture, depth, space)
        self.pixels.append(Pixels(placed.picture, slice(0, colours), depth))
        if channels > colours:
            made.SMask = self._placeholder(placed.picture, depth, DEVICE[1])
            self.pixels.append(Pixels(placed.picture, slice(colours, colours + 1), depth))
        return made

    def _placeholder(self, picture: Any, depth: int, space: Any) -> pikepdf.Object:
        from pikepdf import Name, Stream

        width, height = size_of(picture)
        made = Stream(
            self._pdf,
            b"",
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=width,
            Height=height,
            BitsPerComponent=depth,
            ColorSpace=Name(space) if isinstance(space, str) else space,
            BigartPixels=len(self._images),  # which of the pixels these are; see `pdf_pixels.MARK`
        )
        self._images.append(made)
        return made

    def _space(self, profile: bytes | None, colours: int) -> Any:
        from pikepdf import Array, Name

        if profile is None:
            return DEVICE[colours]
        known, stream = self._profile(profile)
        if known != colours:
            raise ValueError(f"a profile of {known} colours does not go with a picture of {colours}")
        return Array([Name.ICCBased, stream])

    def _profile(self, profile: bytes) -> tuple[int, Any]:
        from pikepdf import Name, Stream

        colours = profile_colours(profile)
        if profile not in self._profiles:
            self._profiles[profile] = Stream(self._pdf, profile, N=colours, Alternate=Name(DEVICE[colours]))
        return colours, self._profiles[profile]

    def _stencil(self, mask: Image.Image) -> pikepdf.Object:
        from pikepdf import Name, Stream

        inked = mask.convert("L").point(lambda value: 0 if value > 127 else 255).convert("1", dither=0)
        return Stream(
            self._pdf,
            inked.tobytes(),  # 0 is where ink goes
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=mask.width,
            Height=mask.height,
            BitsPerComponent=1,
            ImageMask=True,
        )

    def _all_inks(self) -> pikepdf.Array:
        """The colour that every plate gets, for marks."""
        from pikepdf import Array, Dictionary, Name

        to_grey = Dictionary(FunctionType=2, Domain=[0, 1], C0=[1], C1=[0], N=1)
        return Array([Name.Separation, Name.All, Name.DeviceGray, to_grey])


def profile_colours(profile: bytes) -> int:
    """How many colours an ICC profile is for.

    Raises
    ------
    ValueError
        When it is for none that a PDF may have.
    """
    if profile[36:40] != b"acsp" or profile[16:20] not in SPACES:
        raise ValueError("expected an ICC profile of grey, RGB or CMYK")
    return SPACES[profile[16:20]]


def profile_name(profile: bytes) -> str:
    """What an ICC profile calls itself, in ASCII; "ICC profile" where it does not say."""
    from PIL import ImageCms

    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (OSError, ImageCms.PyCMSError, ValueError):
        name = ""
    return "".join(char for char in name.strip() if " " <= char <= "~")[:100] or "ICC profile"


def _colours(placed: Placed, channels: int) -> int:
    if placed.profile is not None:
        colours = profile_colours(placed.profile)
    elif getattr(placed.picture, "interpretation", "") == "cmyk":
        colours = 4
    else:
        colours = 1 if channels < 3 else 3
    if channels - colours not in (0, 1):
        raise ValueError(f"a profile of {colours} colours does not go with a picture of {channels} channels")
    return colours


def _drawn(name: str, box: Points) -> str:
    left, lower, right, upper = box
    return f"q {_numbers((right - left, 0, 0, upper - lower, left, lower))} cm {name} Do Q\n"


def _box(box: Points) -> list[Any]:
    from decimal import Decimal

    return [Decimal(_numbers((value,))) for value in box]


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{round(value, 4) + 0:.4f}".rstrip("0").rstrip(".") for value in values)
