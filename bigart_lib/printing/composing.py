"""The picture, its border, its bleed and its wrap put together, as px that are computed when written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigart_lib.pictures.vips import vips
from bigart_lib.printing import inks
from bigart_lib.printing.layout import Box, Layout
from bigart_lib.printing.lettering import line_mask
from bigart_lib.printing.paper import INCH
from bigart_lib.printing.scratch import Scratch
from bigart_lib.printing.settings import PrintSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyvips
    from PIL import Image

WRAP_BLUR = 4.0  # mm, standard deviation
BLUR_GRID = 8  # px that are blurred as one
CAPTION_FINENESS = 1200  # px an inch of letters in a PDF
MARK_WIDTH = 0.25 / 72  # inch


def composed(
    drawn: pyvips.Image, layout: Layout, settings: PrintSettings, profile: bytes, scratch: Scratch
) -> pyvips.Image:
    """All that is inked, up to the end of the bleed.

    Parameters
    ----------
    drawn : the picture in the px of `layout.drawn`, 16-bit levels, readable in any order.
    profile : of its values.
    """
    paper = inks.levels_of(settings.border_colour, profile)
    bleed = layout.bleed
    extended = _extended(drawn, layout.drawn, layout.extended)
    if settings.wrap and settings.wrap_with.startswith("#"):
        ground = inks.levels_of(settings.wrap_with, profile)
        face = _laid(_sheet(layout.face, paper, drawn), extended, layout.face, layout.extended)
        return _laid(_sheet(bleed, ground, drawn), face, bleed, layout.face)
    whole = _laid(_sheet(bleed, paper, drawn), extended, bleed, layout.extended)
    if settings.wrap and settings.wrap_with == "blur":
        whole = scratch.kept(whole)  # it is read twice
        return _melted(
            whole,
            Box(*(edge - start for edge, start in zip(layout.face, bleed[:2] * 2, strict=True))),
            settings.dpi,
        )
    return whole


def page_raster(
    inked: pyvips.Image, layout: Layout, settings: PrintSettings, caption: str | None
) -> pyvips.Image:
    """The whole page as px, with caption and crop marks, in the colours that are printed."""
    page = inked
    if caption:
        mask, box = caption_mask(layout, caption, settings.dpi)
        page = _printed(page, mask, layout.px(box), layout.bleed)
    if settings.marks:
        page = _laid(_sheet(layout.page, inks.WHITE[inked.bands], inked), page, layout.page, layout.bleed)
        for mark in layout.marks():
            dot = max(1, round(MARK_WIDTH * settings.dpi))
            left, upper, right, lower = layout.px(mark)
            box = Box(
                left - dot // 2,
                upper - dot // 2,
                max(right, left - dot // 2 + dot),
                max(lower, upper - dot // 2 + dot),
            )
            box = Box(
                max(box.left, 0), max(box.upper, 0), min(box.right, page.width), min(box.lower, page.height)
            )
            line = _sheet(box, inks.ALL_INKS[inked.bands], inked)
            page = page.insert(line, int(box.left), int(box.upper))
    return page


def caption_mask(layout: Layout, caption: str, dpi: float) -> tuple[Image.Image, Box]:
    """The caption as a mask of this many px an inch, white on black, and where it stands, in mm.

    Raises
    ------
    ValueError
        When it is too long for the picture's width.
    """
    room, scale = layout.caption, dpi / INCH
    mask = line_mask(caption, round(room.height * scale), int(room.width * scale))
    width, height = mask.width / scale, mask.height / scale
    left = room.left + (room.width - width) / 2
    return mask, Box(left, room.upper, left + width, room.upper + height)


def _extended(drawn: pyvips.Image, box: Box, wanted: Box) -> pyvips.Image:
    """A picture mirrored at its edges as far as is wanted."""
    if box == wanted:
        return drawn
    left, upper = int(box.left - wanted.left), int(box.upper - wanted.upper)
    return drawn.embed(left, upper, int(wanted.width), int(wanted.height), extend="mirror")


def _melted(whole: pyvips.Image, face: Box, dpi: float) -> pyvips.Image:
    """A picture that is blurred beyond its face: not at the edge, which may be folded a little aside."""
    places = vips().Image.xyz(whole.width, whole.height)
    across = (face.left - places[0]).maxpair(places[0] - (face.right - 1))
    down = (face.upper - places[1]).maxpair(places[1] - (face.lower - 1))
    share = (across.maxpair(down) * (INCH / (WRAP_BLUR * dpi))).clamp(min=0, max=1)
    mixed = whole + (_blurred(whole, dpi) - whole) * share
    return mixed.rint().cast("ushort").copy(interpretation=whole.interpretation)


def _blurred(whole: pyvips.Image, dpi: float) -> pyvips.Image:
    """The whole picture out of focus, computed on a coarse grid."""
    sigma = WRAP_BLUR * dpi / INCH
    grid = max(1, min(BLUR_GRID, int(sigma / 3)))
    small = whole.cast("float").shrink(grid, grid, ceil=True)
    soft = small.copy_memory().gaussblur(sigma / grid, precision="float")
    return soft.resize(grid, kernel="linear").embed(0, 0, whole.width, whole.height, extend="copy")


def _sheet(box: Box, levels: Sequence[int], like: pyvips.Image) -> pyvips.Image:
    """A box of one colour."""
    dot = vips().Image.black(1, 1, bands=like.bands) + list(levels)
    flat = dot.cast(like.format).embed(0, 0, int(box.width), int(box.height), extend="copy")
    return flat.copy(interpretation=like.interpretation)


def _laid(sheet: pyvips.Image, picture: pyvips.Image, sheet_box: Box, box: Box) -> pyvips.Image:
    if (picture.width, picture.height) == (sheet.width, sheet.height):
        return picture
    return sheet.insert(picture, int(box.left - sheet_box.left), int(box.upper - sheet_box.upper))


def _place(box: Box, within: Box) -> tuple[int, int, int, int]:
    return int(box.left - within.left), int(box.upper - within.upper), int(box.width), int(box.height)


def _printed(page: pyvips.Image, mask: Image.Image, box: Box, within: Box) -> pyvips.Image:
    """A page with letters in black through a mask."""
    import numpy as np

    from bigart_lib.pictures.vips import from_array

    left, upper, width, height = *_place(box, within)[:2], *mask.size
    cover = from_array(np.asarray(mask)[:, :, None]) / 255
    ground = page.crop(left, upper, width, height)
    ink = _sheet(Box(0, 0, width, height), inks.BLACK[page.bands], page)
    letters = (ink * cover + ground * (1 - cover)).rint().cast(page.format)
    return page.insert(letters.copy(interpretation=page.interpretation), left, upper)
