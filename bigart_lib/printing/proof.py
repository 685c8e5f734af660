"""A proof: one page with parts of a print as they will be, at 1:1, to look at before the print is paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigart_lib.printing import grain
from bigart_lib.printing.layout import Layout
from bigart_lib.printing.lettering import wrapped
from bigart_lib.printing.paper import INCH, NAMED
from bigart_lib.printing.scratch import Scratch
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.printing.sheets import Sheet
from bigart_lib.settings import TextureSettings

if TYPE_CHECKING:
    import pyvips

PAGE = NAMED["A4"]  # mm
MARGIN = 15.0  # mm
PART = 85.0  # mm, side of the two parts
PATCH, PATCH_GAP = 27.0, 3.6  # mm, of the pieces with texture
AMOUNTS = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15)  # of texture
CELLS = 24  # that a part is divided into, to find the most detailed and the flattest
TITLE, TEXT, SMALL = 5.0, 3.2, 2.7  # mm, size of letters
MOST_FACTS = 14  # lines
FRAME = 0.4  # mm, thickness


def proof_page(
    printed: pyvips.Image, plain: pyvips.Image, settings: PrintSettings, title: str, facts: Sequence[str],
    scratch: Scratch,
) -> pyvips.Image:  # fmt: skip
    """An A4 page, in px of the print.

    Parameters
    ----------
    printed : the picture as it is printed, 16-bit levels, readable in any order.
    plain : the same without texture and sharpening.
    """
    sheet = Sheet(PAGE, settings.dpi, printed.bands)
    side = min(sheet.px(PART), printed.width, printed.height)
    detailed, flat = extremes(plain, side)
    base = MARGIN + TITLE
    sheet.write(title, MARGIN, base, TITLE)
    sheet.write("Printed at 100 %, these are parts of the print, pixel by pixel.", MARGIN, base + 6, TEXT)
    upper = base + 14
    for (x, y), label, left in (
        (detailed, "The most detailed part", MARGIN),
        (flat, "The flattest part", PAGE[0] - MARGIN - PART),
    ):
        sheet.lay(printed.crop(x, y, side, side), left, upper)
        sheet.write(label, left, upper - 2, TEXT)
    upper += PART + 12
    size = settings.texture_settings.size
    width = size * INCH / settings.dpi
    sheet.write(f"Texture on the flattest part, in clumps of {width:.2f} mm", MARGIN, upper - 2, TEXT)
    patches(sheet, plain, flat, side, TextureSettings(0, size), upper, settings.seed, scratch)
    base = upper + PATCH + 16
    lines = [line for fact in facts for line in _lines(sheet, fact)]
    base = sheet.write_lines(lines[:MOST_FACTS], MARGIN, base, TEXT)
    _overview(sheet, plain, (detailed, flat), side, base + 2)
    return sheet.page


def _overview(
    sheet: Sheet, picture: pyvips.Image, places: Sequence[tuple[int, int]], side: int, upper: float
) -> None:
    """The whole picture small, with frames round the two parts, in what is left of the page."""
    room = PAGE[0] - 2 * MARGIN, PAGE[1] - MARGIN - upper
    scale = min(1.0, sheet.px(room[0]) / picture.width, sheet.px(room[1]) / picture.height)
    small = picture.cast("float").resize(scale, kernel="lanczos3").rint().cast("ushort")
    sheet.lay(small.copy(interpretation=picture.interpretation), MARGIN, upper)
    mm = scale * INCH / sheet.dpi  # on the sheet, of a px of the picture
    for x, y in places:
        sheet.frame(MARGIN + x * mm, upper + y * mm, side * mm, side * mm, FRAME)


def patches(
    sheet: Sheet, plain: pyvips.Image, place: tuple[int, int], side: int, settings: TextureSettings,
    upper: float, seed: int, scratch: Scratch,
) -> None:  # fmt: skip
    """Lay a row of pieces of one place, each with another amount of texture."""
    size = min(sheet.px(PATCH), side)
    x, y = (start + (side - size) // 2 for start in place)
    piece = plain.crop(x, y, size, size)
    left = MARGIN
    for amount in AMOUNTS:
        laid = piece
        if amount:
            texture = TextureSettings(amount, settings.size, settings.style)
            laid = grain.textured(piece, grain.field((size, size), texture, (seed,), scratch))
        sheet.lay(laid, left, upper)
        sheet.write(f"{100 * amount:g} %", left, upper + PATCH + 4, SMALL)
        left += PATCH + PATCH_GAP


def extremes(picture: pyvips.Image, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the squares of this side with the most and the least detail have their upper left corners, in px.

    Detail is how much neighbouring px differ in lightness.
    """
    import numpy as np

    cell = max(1, side // CELLS)
    light = picture.cast("float")
    light = light.recomb([list(grain.LUMA)]) if picture.bands == 3 else light
    width, height = light.width, light.height
    across = (light.crop(1, 0, width - 1, height) - light.crop(0, 0, width - 1, height)).abs()
    down = (light.crop(0, 1, width, height - 1) - light.crop(0, 0, width, height - 1)).abs()
    both = across.crop(0, 0, width - 1, height - 1) + down.crop(0, 0, width - 1, height - 1)
    small = both.shrink(cell, cell)
    cells = small.numpy().reshape(small.height, small.width)
    count = min(max(1, (side - 1) // cell), *cells.shape)
    sums = np.pad(cells, ((1, 0), (1, 0))).astype(np.float64).cumsum(0).cumsum(1)
    boxes = sums[count:, count:] - sums[:-count, count:] - sums[count:, :-count] + sums[:-count, :-count]
    found = []
    for place in (boxes.argmax(), boxes.argmin()):
        row, column = np.unravel_index(int(place), boxes.shape)
        found.append((min(int(column) * cell, width - side), min(int(row) * cell, height - side)))
    return found[0], found[1]


def facts(layout: Layout, settings: PrintSettings, size: tuple[int, int], colours: str) -> list[str]:
    """What is to be known of a print, a line each."""
    paper, face = layout.paper, layout.picture
    texture = f"{100 * settings.texture:g} %" if settings.texture else "none"
    black = "fitted" if settings.black_point else "as it is"
    return [
        f"Paper: {paper.name}, {paper.width:.0f} x {paper.height:.0f} mm; {_fit(settings)}",
        f"Picture: {size[0]} x {size[1]} px, printed as {face.width:.0f} x {face.height:.0f} px at "
        f"{settings.dpi:g} DPI",
        f"Effective resolution: {layout.effective_dpi:.0f} pixels of the picture an inch",
        f"Colours: {colours}; {settings.intent} intent, black point {black}",
        f"Texture: {texture}; sharpening: {settings.sharpen or 'none'}",
    ]


def recipe_facts(recipe: dict) -> list[str]:
    """What a recipe, which anybody may have written, says of how a picture was painted."""
    made_by = recipe.get("generate")
    seed = made_by.get("seed") if isinstance(made_by, dict) else None
    index = recipe.get("index")
    said = {
        "Prompt": recipe.get("prompt"),
        "Enlarged from": recipe.get("source"),
        "Seed": seed,
        "Candidate": index + 1 if isinstance(index, int) and abs(index) < 1000 else None,
        "Models": recipe.get("models"),
    }
    return [f"{name}: {str(value)[:1000]}" for name, value in said.items() if value not in (None, "")]


def _fit(settings: PrintSettings) -> str:
    words = ["cropped to fill" if settings.fit == "crop" else "the whole picture"]
    for name in ("border", "bleed", "wrap"):
        if length := getattr(settings, name):
            words.append(f"{name} {length:g} mm")
    return ", ".join(words)


def _lines(sheet: Sheet, fact: str) -> list[str]:
    letters = max(6, sheet.px(TEXT))
    return wrapped(fact, letters, sheet.px(PAGE[0] - 2 * MARGIN), 4)
