"""A soft proof: on a screen, how a picture will look on a paper, what is lost there, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigart_lib.pictures import colour, profiles, spaces
from bigart_lib.printing import inks
from bigart_lib.printing.lettering import wrapped
from bigart_lib.printing.paper import INCH
from bigart_lib.printing.sheets import Sheet

if TYPE_CHECKING:
    import numpy as np
    import pyvips

PANEL = 900  # px, the longer side of each of the three pictures
MOST_SAMPLES = 4_000_000  # px that the figures are taken from: every so manieth of a larger picture
# A colour is out of gamut where the nearest one that the paper has is further than this from it. Tables of
# printers' profiles are off by about 1 by themselves; 2.3 is seen by an attentive eye.
OUT_OF_GAMUT = 3.0  # dE2000
MARK = (65535, 0, 52428)  # of what is out of gamut: magenta, as nothing else in the grey picture
MARGIN, TEXT, TITLE = 24, 17, 26  # px
SCREEN_DPI = 96
LEAST_WIDTH = 1000  # px, of the sheet
RIM = 14  # px of paper round the picture on it


@dataclass(frozen=True)
class Figures:
    """How far the colours on paper are from the picture's, in dE2000, and how many it does not have."""

    mean: float
    nearly_all: float  # 95 % of the px are nearer
    most: float
    out_of_gamut: float  # share, from 0 to 1

    def __str__(self) -> str:
        return (
            f"dE2000 {self.mean:.1f} in the mean, 95 % below {self.nearly_all:.1f}, {self.most:.1f} at most, "
            f"{100 * self.out_of_gamut:.1f} % out of gamut"
        )


def soft_proof(
    picture: pyvips.Image, source: bytes, paper: bytes, intent: str, black_point: bool, title: str
) -> tuple[pyvips.Image, Figures]:
    """A sheet in sRGB, 16-bit levels, with the picture, the picture on paper, and what is out of gamut.

    The paper's own white is shown, which on a screen looks darker, and often yellowish or bluish.

    Parameters
    ----------
    picture : 16-bit levels of the profile `source`, readable in any order.
    paper : the profile of paper and ink.
    """
    small = _shrunk(picture)
    printed = colour.convert(small, source, paper, intent, black_point)
    shown = _on_paper(printed, paper)
    original = colour.convert(small, source, profiles.SRGB())
    figures = measured(picture, source, paper, intent, black_point)
    is_out = _distance(small, source, paper, "relative", False) > OUT_OF_GAMUT
    light = original.colourspace("b-w").cast("float") / 255
    grey = ((0.35 + 0.55 * light) * 65535).bandjoin([(0.35 + 0.55 * light) * 65535] * 2)
    marked = is_out.ifthenelse(list(MARK), grey).cast("ushort").copy(interpretation="rgb16")
    lines = [
        str(figures),
        f"Paper: {spaces.describe(paper).name}; {intent} intent, black point "
        f"{'fitted' if black_point else 'as it is'}. Out of gamut: more than {OUT_OF_GAMUT:g} dE2000 from "
        "the nearest colour that this paper has. Look at the middle picture alone, on a calibrated screen: "
        "white there is the paper.",
    ]
    panels = [
        ("The picture, in sRGB", original),
        ("On this paper", shown),
        ("Out of gamut, in magenta", marked),
    ]
    return _sheet(title, panels, lines), figures


def _on_paper(printed: pyvips.Image, paper: bytes) -> pyvips.Image:
    """What is printed as a screen shows it, with a margin of the paper."""
    white = inks.WHITE[printed.bands]
    framed = printed.embed(
        RIM,
        RIM,
        printed.width + 2 * RIM,
        printed.height + 2 * RIM,
        extend="background",
        background=list(white),
    ).copy(interpretation=printed.interpretation)
    return colour.convert(framed, paper, profiles.SRGB(), "absolute", False)


def measured(picture: pyvips.Image, source: bytes, paper: bytes, intent: str, black_point: bool) -> Figures:
    """How far colours are moved, white being that of the paper."""
    import numpy as np

    step = 1
    while picture.width * picture.height / step**2 > MOST_SAMPLES:
        step += 1
    sample = (picture.subsample(step, step) if step > 1 else picture).copy_memory()
    moved = _values(_distance(sample, source, paper, intent, black_point))
    lost = _values(_distance(sample, source, paper, "relative", False))
    middle = float(np.percentile(moved, 95))
    return Figures(float(moved.mean()), middle, float(moved.max()), float((lost > OUT_OF_GAMUT).mean()))


def _distance(
    picture: pyvips.Image, source: bytes, paper: bytes, intent: str, black_point: bool
) -> pyvips.Image:
    """The dE2000 between a picture and what a paper makes of it, each under its own white."""
    printed = colour.convert(picture, source, paper, intent, black_point)
    is_absolute = intent == "absolute"
    return colour.difference(_lab(picture, source, is_absolute), _lab(printed, paper, is_absolute))


def _lab(picture: pyvips.Image, profile: bytes, is_absolute: bool) -> pyvips.Image:
    """Colours in float Lab; white is 100, or as light as the paper is."""
    if is_absolute:  # by way of a space that holds all of them, whose white is D50
        picture, profile = (
            colour.convert(picture, profile, profiles.WIDE(), "absolute", False),
            profiles.WIDE(),
        )
    return colour.to_lab(picture, profile)


def _values(image: pyvips.Image) -> np.ndarray:
    return image.numpy().ravel()


def _shrunk(picture: pyvips.Image) -> pyvips.Image:
    scale = min(1.0, PANEL / max(picture.width, picture.height))
    if scale == 1:
        return picture
    small = picture.cast("float").resize(scale, kernel="lanczos3")
    return small.rint().cast("ushort").copy(interpretation=picture.interpretation).copy_memory()


def _sheet(title: str, panels: list[tuple[str, pyvips.Image]], lines: list[str]) -> pyvips.Image:
    unit = INCH / SCREEN_DPI  # mm of a px
    is_wide = panels[0][1].width > 1.3 * panels[0][1].height  # then they stand below one another
    widths, heights = [panel.width for _, panel in panels], [panel.height + 2 * TEXT for _, panel in panels]
    across = max(widths) if is_wide else sum(widths) + MARGIN * (len(panels) - 1)
    down = sum(heights) + MARGIN * (len(panels) - 1) if is_wide else max(heights)
    width = max(across + 2 * MARGIN, LEAST_WIDTH)
    text = [part for line in lines for part in wrapped(line, TEXT, width - 2 * MARGIN, 6)]
    left, top = MARGIN, 2 * MARGIN + TITLE
    whole = top + down + MARGIN + int(1.4 * TEXT * (len(text) + 1))
    sheet = Sheet((width * unit, whole * unit), SCREEN_DPI, 3)
    sheet.write(title, MARGIN * unit, (MARGIN + TITLE) * unit, TITLE * unit)
    for (label, panel), height in zip(panels, heights, strict=True):
        sheet.write(label, left * unit, (top + 1.4 * TEXT) * unit, TEXT * unit)
        sheet.lay(panel, left * unit, (top + 2 * TEXT) * unit)
        left, top = (left, top + height + MARGIN) if is_wide else (left + panel.width + MARGIN, top)
    below = 2 * MARGIN + TITLE + down + MARGIN + TEXT
    sheet.write_lines(text, MARGIN * unit, below * unit, TEXT * unit)
    return sheet.page
