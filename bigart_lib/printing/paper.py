"""Sizes of paper and lengths on it, by their names or in units, in millimetres."""

from __future__ import annotations

import re
from typing import NamedTuple

from bigart_lib.settings import Bounds
from bigart_lib.text import shown

INCH = 25.4  # mm
UNITS = {"mm": 1.0, "cm": 10.0, "in": INCH, "inch": INCH, "inches": INCH, '"': INCH}
SIDE = Bounds(20, 5000)  # mm, of a paper; a page of a PDF has at most 5080
NAMED = {  # mm, upright; ISO 216 rounds each side down to whole millimetres
    "A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420), "A4": (210, 297),
    "A5": (148, 210), "A6": (105, 148),
    "B0": (1000, 1414), "B1": (707, 1000), "B2": (500, 707), "B3": (353, 500), "B4": (250, 353),
    "B5": (176, 250),
    "letter": (8.5 * INCH, 11 * INCH), "legal": (8.5 * INCH, 14 * INCH), "tabloid": (11 * INCH, 17 * INCH),
}  # fmt: skip
NUMBER = r"(\d{1,5}(?:[.,]\d{1,4})?)"


class Paper(NamedTuple):
    """A size of paper, as it is called and in millimetres."""

    name: str
    width: float
    height: float

    def turned(self, is_wide: bool) -> Paper:
        """The same paper, landscape or upright."""
        short, long = sorted(self[1:])
        return Paper(self.name, *((long, short) if is_wide else (short, long)))


def read_paper(words: str) -> Paper:
    """The paper that is meant by words such as A2, letter, 30x40cm or 8.5x11in.

    Raises
    ------
    ValueError
        When there is no such paper, or it is too small or too large to print on.
    """
    plain = " ".join(str(words).split())
    for name, sides in NAMED.items():
        if plain.lower() == name.lower():
            return Paper(name, *map(float, sides))
    found = re.fullmatch(rf"{NUMBER}\s*[xX×]\s*{NUMBER}\s*([a-zA-Z\"]+)", plain)
    if not found or found[3].lower() not in UNITS:
        raise ValueError(
            "paper must be A0 to A6, B0 to B5, letter, legal, tabloid or a size such as 30x40cm, 200x300mm "
            f"or 8x10in, not {_quoted(plain)}"
        )
    unit = found[3].lower()
    width, height = (float(number.replace(",", ".")) * UNITS[unit] for number in found.groups()[:2])
    if not all(SIDE.least <= side <= SIDE.most for side in (width, height)):
        raise ValueError(
            f"paper must have sides from {SIDE.least} to {SIDE.most} mm, not {width:.4g} x {height:.4g} mm"
        )
    sides = "x".join(number.replace(",", ".") for number in found.groups()[:2])
    return Paper(f"{sides}{'in' if UNITS[unit] == INCH else unit}", width, height)


def read_length(name: str, words: str | float, bounds: Bounds) -> float:
    """Millimetres out of "3mm", "1.5cm", "0.125in" or a number.

    Raises
    ------
    ValueError
        When it is no length, or not within the bounds.
    """
    plain = "".join(str(words).split()).lower()
    found = re.fullmatch(rf"([+-]?){NUMBER}(mm|cm|in|inch|inches|\"|)", plain)
    if isinstance(words, bool) or not found:
        raise ValueError(f"{name} must be a length such as 3mm, 1.5cm or 0.125in, not {_quoted(plain)}")
    value = float(found[1] + found[2].replace(",", ".")) * UNITS[found[3] or "mm"]
    if not bounds.least <= value <= bounds.most:
        raise ValueError(f"{name} must be from {bounds.least:g} to {bounds.most:g} mm, not {value:g} mm")
    return value


def _quoted(words: str) -> str:
    return repr(shown(words[:40]))
