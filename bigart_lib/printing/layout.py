"""Where everything lies on a print, in px and in points, by its size and the settings alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bigart_lib.printing.paper import INCH, Paper
from bigart_lib.printing.settings import MOST_PIXELS, PrintSettings

POINTS = 72  # an inch
MARK_OFFSET = 3.0  # mm from the cut to a crop mark, where the bleed is not wider
MARK_LENGTH = 5.0  # mm
CAPTION_GAP = 0.6  # of the caption's size, above and below it
POOR, LOW = 150, 200  # px an inch below which a print is poor, and below which it shows
LEAST_TIMES, MOST_TIMES = 1.5, 64.0  # that a picture can be enlarged


class Box(NamedTuple):
    """Edges from the upper left corner: px, mm, or px of the picture."""

    left: float
    upper: float
    right: float
    lower: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.lower - self.upper

    def grown(self, by: float) -> Box:
        """The box with its edges so much further out."""
        return Box(self.left - by, self.upper - by, self.right + by, self.lower + by)


@dataclass(frozen=True)
class Layout:
    """A print: boxes in whole px of the page at the print's DPI, and in mm for what must be exact."""

    paper: Paper  # as it lies
    dpi: float
    page_mm: Box  # the whole sheet; also in the other three, from its upper left corner
    trim_mm: Box  # where it is cut
    bleed_mm: Box  # how far colours reach
    face_mm: Box
    page: Box
    trim: Box
    bleed: Box
    face: Box  # what is seen from the front: the trimmed sheet, or a canvas without its wrap
    picture: Box  # the picture within the face
    drawn: Box  # the picture with what it can spare for the bleed
    extended: Box  # `drawn`, and what is mirrored round it
    crop: Box  # what of the picture fills `drawn`, in its px, with fractions
    caption: Box | None
    effective_dpi: float  # px of the picture an inch

    def points(self, box: Box) -> tuple[float, float, float, float]:
        """A box in mm as left, lower, right and upper in points from the page's lower left corner."""
        scale, height = POINTS / INCH, self.page_mm.height
        return (
            box.left * scale, (height - box.lower) * scale, box.right * scale, (height - box.upper) * scale,
        )  # fmt: skip

    def px(self, box: Box) -> Box:
        """A box in mm in whole px of the page."""
        return in_px(box, self.face_mm, self.page_mm, self.dpi)

    def marks(self) -> list[Box]:
        """Crop marks in mm: lines without width, two at each corner of the trimmed sheet."""
        trim, away = self.trim_mm, max(MARK_OFFSET, self.trim_mm.left - self.bleed_mm.left)
        lines = []
        for x in (trim.left, trim.right):
            lines.append(Box(x, trim.upper - away - MARK_LENGTH, x, trim.upper - away))
            lines.append(Box(x, trim.lower + away, x, trim.lower + away + MARK_LENGTH))
        for y in (trim.upper, trim.lower):
            lines.append(Box(trim.left - away - MARK_LENGTH, y, trim.left - away, y))
            lines.append(Box(trim.right + away, y, trim.right + away + MARK_LENGTH, y))
        return lines


def lay_out(size: tuple[int, int], settings: PrintSettings) -> Layout:
    """Lay a picture of so many px, across and down, on paper.

    Raises
    ------
    ValueError
        When border or caption leave no room, or the print would have too many px.
    """
    is_wide = size[0] > size[1] if settings.orientation == "auto" else settings.orientation == "landscape"
    paper = settings.paper.turned(is_wide)
    margin = settings.bleed
    if settings.marks:
        margin = max(settings.bleed, MARK_OFFSET) + MARK_LENGTH
    sheet = paper.width + 2 * settings.wrap, paper.height + 2 * settings.wrap
    trim = Box(margin, margin, margin + sheet[0], margin + sheet[1])
    face, page, bleed = trim.grown(-settings.wrap), trim.grown(margin), trim.grown(settings.bleed)
    _check_pixels(page, settings.dpi)
    room = face.grown(-settings.border)
    if min(room.width, room.height) < 10:
        raise ValueError(
            f"a border of {settings.border:g} mm leaves less than 10 mm of {paper.name} for the picture"
        )
    picture = room if settings.fit == "crop" else _whole(size, room)
    crop = _cropped(size, picture, settings.keep)
    scale = crop.width / picture.width  # px of the picture a mm
    drawn, extended = _reaching(size, picture, face, bleed, crop, settings)
    spared = Box(
        crop.left - (picture.left - drawn.left) * scale,
        crop.upper - (picture.upper - drawn.upper) * scale,
        crop.right + (drawn.right - picture.right) * scale,
        crop.lower + (drawn.lower - picture.lower) * scale,
    )
    boxes = {"page": page, "trim": trim, "bleed": bleed, "face": face, "picture": picture}
    boxes |= {"drawn": drawn, "extended": extended}
    # What sums of fractions have left of a whole px is no px.
    spared = Box(*(round(edge, 6) for edge in spared))
    inside = Box(*map(max, spared[:2], (0.0, 0.0)), *map(min, spared[2:], size))
    pixels = {name: in_px(box, face, page, settings.dpi) for name, box in boxes.items()}
    return Layout(
        paper=paper, dpi=settings.dpi, page_mm=page, trim_mm=trim, bleed_mm=bleed,face_mm=face,
        crop=_snapped(inside, pixels["drawn"], size), **pixels,
        caption=_caption(picture, face, settings),
        effective_dpi=scale * INCH,
    )  # fmt: skip


def in_px(box: Box, face: Box, page: Box, dpi: float) -> Box:
    """A box in mm in whole px of the page.

    The face has as many px as its size says, whatever is round it: a picture made for the paper fits.
    What lies beyond it goes so many px, rounded, from its edge.
    """
    scale = dpi / INCH
    edges = []
    for edge, start, end, origin in zip(box, face[:2] * 2, face[2:] * 2, page[:2] * 2, strict=True):
        near, length = round((start - origin) * scale), round((end - start) * scale)
        is_beyond = edge >= end
        edges.append(
            near + (length + round((edge - end) * scale) if is_beyond else round((edge - start) * scale))
        )
    return Box(*edges)


def times_needed(size: tuple[int, int], settings: PrintSettings) -> float | None:
    """How many times a picture must be enlarged for this print; None where it need not be.

    It need not where it has at least `LOW` px an inch, or as many as the print; else it is enlarged to these.
    """
    effective = lay_out(size, settings).effective_dpi
    if effective >= min(LOW, settings.dpi):
        return None
    times = -(-100 * settings.dpi // effective) / 100  # rounded up
    return min(max(times, LEAST_TIMES), MOST_TIMES)


def judged(effective_dpi: float, dpi: float) -> str | None:
    """A sentence on a picture with too few px an inch for a print of `dpi`; None where it has enough."""
    if effective_dpi >= min(LOW, dpi):
        return None
    kind = "poor" if effective_dpi < POOR else "soft when seen from near"
    return (
        f"The picture has {effective_dpi:.0f} pixels an inch at this size, where prints want {LOW} or more: "
        f"that is {kind}; enlarge it first (--enlarge)."
    )


def _snapped(crop: Box, drawn: Box, size: tuple[int, int]) -> Box:
    """Whole px, which need not be resampled, where the picture has as many as the paper to within one."""
    width, height = drawn.width, drawn.height
    if max(abs(crop.width - width), abs(crop.height - height)) >= 1 or width > size[0] or height > size[1]:
        return crop
    left = min(max(round((crop.left + crop.right - width) / 2), 0), size[0] - width)
    upper = min(max(round((crop.upper + crop.lower - height) / 2), 0), size[1] - height)
    return Box(left, upper, left + width, upper + height)


def _check_pixels(page: Box, dpi: float) -> None:
    width, height = (round(side * dpi / INCH) for side in (page.width, page.height))
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"this print would have {width}x{height} pixels, of at most {MOST_PIXELS // 1_000_000} million: "
            "choose a smaller --dpi or paper"
        )


def _whole(size: tuple[int, int], room: Box) -> Box:
    """Where all of a picture fits into a room, in its middle."""
    scale = min(room.width / size[0], room.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    # What differs by less than a thousandth of a mm has the same shape.
    left = room.left + (room.width - width) / 2 if room.width - width > 1e-3 else room.left
    upper = room.upper + (room.height - height) / 2 if room.height - height > 1e-3 else room.upper
    right = left + width if left > room.left else room.right
    lower = upper + height if upper > room.upper else room.lower
    return Box(left, upper, right, lower)


def _cropped(size: tuple[int, int], picture: Box, keep: tuple[float, float]) -> Box:
    """What of a picture fills a box of another shape, in its px."""
    scale = min(size[0] / picture.width, size[1] / picture.height)  # px a mm
    width, height = min(size[0], picture.width * scale), min(size[1], picture.height * scale)
    left = min(max(keep[0] * size[0] - width / 2, 0.0), size[0] - width)
    upper = min(max(keep[1] * size[1] - height / 2, 0.0), size[1] - height)
    return Box(left, upper, left + width, upper + height)


def _reaching(
    size: tuple[int, int], picture: Box, face: Box, bleed: Box, crop: Box, settings: PrintSettings
) -> tuple[Box, Box]:
    """How far the picture itself reaches beyond the face, and how far it is continued by mirroring, in mm."""
    if settings.wrap and settings.wrap_with.startswith("#"):
        return picture, picture
    scale = crop.width / picture.width
    spare = Box(
        crop.left / scale, crop.upper / scale, (size[0] - crop.right) / scale, (size[1] - crop.lower) / scale
    )
    if settings.wrap:  # a canvas repeats what is at its edge, whatever was cropped there
        spare = Box(0, 0, 0, 0)
    drawn, extended = [], []
    for edge, end, furthest, left_over, sign in zip(picture, face, bleed, spare, (-1, -1, 1, 1), strict=True):
        reach = abs(furthest - end) if edge == end else 0.0
        drawn.append(edge + sign * min(reach, left_over))
        extended.append(edge + sign * reach)
    return Box(*drawn), Box(*extended)


def _caption(picture: Box, face: Box, settings: PrintSettings) -> Box | None:
    """Where the caption stands, in mm."""
    if settings.caption is None:
        return None
    gap, size = CAPTION_GAP * settings.caption_size, settings.caption_size
    if face.lower - picture.lower < size + 2 * gap:
        raise ValueError(
            f"a caption of {size:g} mm needs a border of at least {size + 2 * gap:.1f} mm below the picture: "
            f"--border {-(-(size + 2 * gap) // 1):.0f}mm"
        )
    upper = picture.lower + gap
    return Box(picture.left, upper, picture.right, upper + size)
