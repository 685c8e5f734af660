"""Shapes of pictures: words such as 3:2, A or panorama as a width to a height in whole numbers."""

from __future__ import annotations

import re
from contextlib import suppress
from fractions import Fraction
from math import log
from numbers import Real

SQUARE = "1:1"
MOST = 3  # times that one side may be as long as the other
NAMED = {
    "square": SQUARE,
    "landscape": "3:2",
    "portrait": "2:3",
    "wide": "16:9",
    "tall": "9:16",
    "panorama": "2:1",
    "a": "70:99",  # A4; the other papers of ISO 216 differ from it by less than 1 %
    "a portrait": "70:99",
    "a landscape": "99:70",
}
OFFERED = (SQUARE, "5:4", "3:2", "16:9", "2:1", "4:5", "2:3", "9:16")  # to be clicked
MOST_PARTS = 1000  # that a side is counted in
LONGEST_SHOWN = 40  # characters of a wrong value in a message
NUMBER = r"(\d{1,5}(?:\.\d{1,4})?)"


def read_shape(words: object) -> str:
    """A shape such as "3:2" in lowest terms, out of words or of a number, which is width over height.

    Raises
    ------
    ValueError
        When it is no shape, or one side is more than three times as long as the other.
    """
    plain = " ".join(str(words).split()).lower()
    found = re.fullmatch(rf"{NUMBER}\s*[:x×/]\s*{NUMBER}", NAMED.get(plain, plain))
    value = None
    with suppress(ArithmeticError, ValueError):  # a height of 0, or a number that is none
        if found:
            value = Fraction(found[1]) / Fraction(found[2])
        elif isinstance(words, Real) and not isinstance(words, bool):
            value = Fraction(float(words))
        elif re.fullmatch(NUMBER, plain):
            value = Fraction(plain)
    if not value or value < 0:
        given = plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"
        raise ValueError(
            "shape must be a width to a height such as 3:2 or 4:5, or one of square, landscape, portrait, "
            f"wide, tall, panorama, A and A landscape, not {given!r}"
        )
    if not Fraction(1, MOST) <= value <= MOST:
        raise ValueError(f"shape must be from 1:{MOST} to {MOST}:1, not {float(value):.4g}:1")
    # Of a tall shape the height is counted, so that a shape turned has the same numbers.
    whole = (
        value.limit_denominator(MOST_PARTS) if value > 1 else 1 / (1 / value).limit_denominator(MOST_PARTS)
    )
    return f"{whole.numerator}:{whole.denominator}"


def ratio(shape: str) -> float:
    """Width over height of a shape that `read_shape` gave."""
    width, height = map(int, shape.split(":"))
    return width / height


def sides(shape: str, long: int) -> tuple[int, int]:
    """Width and height in px of a picture of this shape, given its longer side."""
    wide = ratio(shape)
    return (long, max(1, round(long / wide))) if wide >= 1 else (max(1, round(long * wide)), long)


def nearest_size(wide: float, square: int, multiple: int) -> tuple[int, int]:
    """Width and height in px that a network paints well: about as many pixels as its square has.

    Parameters
    ----------
    wide : width over height.
    square : px a side of the squares that it was trained on.
    multiple : of which both sides must be.
    """
    long_over_short = max(wide, 1 / wide)
    steps = range(multiple, 2 * square + 1, multiple)
    # A rectangle is longer than the square, so that as many enlargings reach the same long side.
    pairs = [
        (long, short) for long in steps for short in steps if short < square < long or short == square < long
    ]
    pairs.append((square, square))
    long, short = min(pairs, key=lambda pair: _misfit(pair, long_over_short, square))
    return (long, short) if wide >= 1 else (short, long)


def _misfit(pair: tuple[int, int], wanted: float, square: int) -> float:
    """How far a size is from a ratio, which costs pixels at its edges, and half as much from the area."""
    long, short = pair
    return abs(log(long / short / wanted)) + abs(log(long * short / square**2)) / 2
