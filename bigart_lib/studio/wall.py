"""A print on a wall, to scale: beside somebody of 170 cm, and above a sofa where it is large."""

from __future__ import annotations

from typing import NamedTuple

from bigart_lib.printing.layout import Box, Layout
from bigart_lib.printing.paper import INCH

PERSON, SOFA = 170, 210  # cm: the height of one, the width of the other
EYES = 152  # cm above the floor, where the middle of a picture hangs in museums
BACK = 82  # cm, of the sofa
ABOVE = 16  # cm from the sofa to a picture, at least
SMALL = 46  # cm: what is smaller is seen from nearer
# Outlines in cm, from the floor up, around their middles.
HEAD = '<ellipse cx="0" cy="-158" rx="8.4" ry="12"/>'
BODY = (
    "M-3.6-147C-3.6-142-6-141-11-139.5C-18-137.5-21.5-134-22.2-127L-24.6-104L-27-80C-27.3-76.5-25-74-23-74"
    "C-21-74-20.3-76-20-78.5L-16.6-104L-14.6-121L-14-98C-15.4-80-14.6-58-12.4-42L-10.6-8C-14-5.6-16-3-16 0"
    "H-2.4L-1.8-42L0-80L1.8-42L2.4 0H16C16-3 14-5.6 10.6-8L12.4-42C14.6-58 15.4-80 14-98L14.6-121L16.6-104"
    "L20-78.5C20.3-76 21-74 23-74C25-74 27.3-76.5 27-80L24.6-104L22.2-127C21.5-134 18-137.5 11-139.5"
    "C6-141 3.6-142 3.6-147"
)
SOFA_PARTS = (
    '<path d="M-92-5V0M92-5V0"/><rect x="-84" y="-82" width="168" height="46" rx="9"/>'
    '<path d="M0-81V-36"/><rect x="-90" y="-44" width="180" height="20" rx="6"/><path d="M0-43V-25"/>'
    '<rect x="-92" y="-25" width="184" height="20" rx="4"/>'
    '<rect x="-105" y="-62" width="18" height="57" rx="8"/>'
    '<rect x="87" y="-62" width="18" height="57" rx="8"/>'
)


class Scene(NamedTuple):
    """What of the wall is seen, in cm: from the middle of the print to the right, and from the floor up."""

    left: float
    right: float
    lower: float
    upper: float
    middle: float  # of the print, above the floor
    person: float  # where somebody stands
    sofa: bool


def drawing(layout: Layout, size: tuple[int, int], look: str) -> str:
    """A print on a wall as HTML, to scale, as wide as its place.

    Parameters
    ----------
    layout : of a print of a picture of this size in px.
    look : an address of the whole picture, of any size.
    """
    wide, high = layout.paper.width / 10, layout.paper.height / 10
    scene = _scene(wide, high)
    across, up = scene.right - scene.left, scene.upper - scene.lower
    figures = f'<g transform="translate({scene.person:.2f} 0)">{HEAD}<path d="{BODY}"/></g>'
    if scene.sofa:
        figures = f"{SOFA_PARTS}{figures}"
    words = f"A print of {_cm(wide)} by {_cm(high)} cm on a wall, beside somebody of {PERSON} cm"
    below = max(0.0, -scene.lower)
    floor = f'<rect class="bigart-floor" x="{scene.left}" width="{across}" height="{below}"/>'
    return f"""
<div class="bigart-wall" style="aspect-ratio:{across:.2f}/{up:.2f}">
<svg viewBox="{scene.left:.2f} {-scene.upper:.2f} {across:.2f} {up:.2f}" role="img" aria-label="{words}">
{floor}<g class="bigart-shade"><rect x="{-wide / 2 + 0.4:.2f}" y="{-scene.middle - high / 2 + 0.9:.2f}"
 width="{wide:.2f}" height="{high:.2f}"/></g>
{_sheet(layout, size, look, wide, high, scene.middle)}<g class="bigart-figures">{figures}</g></svg>
{_label(scene, 0, scene.middle - high / 2, f"{_cm(wide)} × {_cm(high)} cm", "below")}
{_label(scene, scene.person, PERSON, f"{PERSON} cm", "above")}
{_label(scene, 0, 0, f"{SOFA} cm", "below") if scene.sofa else ""}</div>"""


def _scene(wide: float, high: float) -> Scene:
    """The part of the wall that shows a print well: a small one from near, a large one with what is below."""
    if max(wide, high) < SMALL:
        middle, person = EYES, wide / 2 + 44
        lower, upper = 98.0, max(EYES + high / 2, PERSON) + 16
        left = min(-wide / 2 - 30, person + 38 - 1.5 * (upper - lower))
        return Scene(left, person + 38, lower, upper, middle, person, False)
    middle = max(EYES, BACK + ABOVE + high / 2)
    side = max(SOFA, wide) / 2
    person = side + 42
    return Scene(-side - 26, person + 42, -20, max(middle + high / 2, PERSON) + 26, middle, person, True)


def _sheet(layout: Layout, size: tuple[int, int], look: str, wide: float, high: float, middle: float) -> str:
    """The paper once it is cut, with the picture on it."""
    left, upper = -wide / 2, -middle - high / 2
    picture, trim, drawn, crop = layout.picture, layout.trim, layout.drawn, layout.crop
    cm = INCH / 10 / layout.dpi  # a px of the print
    place = Box(
        left + (picture.left - trim.left) * cm, upper + (picture.upper - trim.upper) * cm,
        left + (picture.right - trim.left) * cm, upper + (picture.lower - trim.upper) * cm,
    )  # fmt: skip
    # Of what is drawn, the part within the bleed is what is seen; here as shares of the crop.
    across, down = crop.width / drawn.width, crop.height / drawn.height
    seen = Box(
        crop.left + (picture.left - drawn.left) * across, crop.upper + (picture.upper - drawn.upper) * down,
        crop.right - (drawn.right - picture.right) * across,
        crop.lower - (drawn.lower - picture.lower) * down,
    )  # fmt: skip
    return (
        f'<rect class="bigart-sheet" x="{left:.3f}" y="{upper:.3f}" width="{wide:.3f}" height="{high:.3f}"/>'
        f'<svg x="{place.left:.3f}" y="{place.upper:.3f}" width="{place.width:.3f}" '
        f'height="{place.height:.3f}" viewBox="{seen.left:.2f} {seen.upper:.2f} {seen.width:.2f} '
        f'{seen.height:.2f}" preserveAspectRatio="none"><image href="{look}" width="{size[0]}" '
        f'height="{size[1]}" preserveAspectRatio="none"/></svg>'
    )


def _label(scene: Scene, x: float, y: float, words: str, side: str) -> str:
    """Words at a place on the wall, in letters of the page's size."""
    left = 100 * (x - scene.left) / (scene.right - scene.left)
    top = 100 * (scene.upper - y) / (scene.upper - scene.lower)
    return f'<span class="bigart-{side}" style="left:{left:.2f}%;top:{top:.2f}%">{words}</span>'


def _cm(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
