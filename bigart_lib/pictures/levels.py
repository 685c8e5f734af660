"""Decoded pixels as 16-bit levels with straight transparency, whatever their numbers were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigart_lib.pictures.colour import to_16_bits
from bigart_lib.pictures.formats.header import Header, Pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyvips

MOST = 65535  # of a level
# What white can be in numbers of 32 bits: of light as a share, of 8 and 16 bits, of signed and unsigned ones.
WHITES = (1, 255, 65535, 2**31 - 1, 2**32 - 1)
SLACK = 1.02  # by which values may go over what is taken as white
FLOATS = ("float", "double")
BEYOND_ONE = 0.5  # share of the values over 1 from which on 1 is not white


@dataclass(frozen=True)
class Prepared:
    """A picture in 16-bit levels, or in float Lab, with its transparency behind, if it has one."""

    image: pyvips.Image
    space: str


def prepared(opened: Callable[[], Pixels], header: Header) -> Callable[[], Prepared]:
    """What gives a picture's levels anew each time that it is called, as `opened` gives its pixels.

    Looks through the picture as often as need be: for the value of white among floats, and whether its
    transparency is opaque everywhere, which is dropped.
    """
    first = opened()
    white = first.white
    if white is None:
        white, has_alpha = _white(opened, header), first.has_alpha
    has_alpha = first.has_alpha and not _is_opaque(opened().image, white)

    def again() -> Prepared:
        pixels = opened()
        colours = pixels.image
        if pixels.has_alpha:
            colours = pixels.image.extract_band(0, n=pixels.image.bands - 1)
        if pixels.space == "LAB":
            return Prepared(_with_alpha(pixels, colours, has_alpha, 1.0), "LAB")
        done = _scaled(colours, white)
        if has_alpha:
            alpha = _scaled(pixels.image[pixels.image.bands - 1], white)
            done = (_straight(done, alpha) if pixels.is_premultiplied else done).bandjoin(alpha)
        return Prepared(
            done.copy(interpretation="rgb16" if pixels.space == "RGB" else "multiband"), pixels.space
        )

    return again


def _with_alpha(pixels: Pixels, colours: pyvips.Image, has_alpha: bool, white: float) -> pyvips.Image:
    """Float Lab; its transparency is in levels, as `colour.convert` hands it on."""
    if not has_alpha:
        return colours.copy(interpretation="lab")
    alpha = _scaled(pixels.image[pixels.image.bands - 1], white)
    return colours.bandjoin(alpha).copy(interpretation="lab")


def _scaled(image: pyvips.Image, white: float) -> pyvips.Image:
    """Values from 0 to white as levels, rounded; what lies beyond is cut."""
    from bigart_lib.pictures.vips import vips

    if image.format == "ushort" and white == MOST:
        return image
    if image.format == "uchar" and white == 255:
        return to_16_bits(image)
    if image.format in ("uchar", "ushort"):
        table = vips().Image.identity(ushort=image.format == "ushort")
        return image.maplut(_rounded(table, white))
    return _rounded((image == image).ifthenelse(image, 0), white)  # what is no number equals nothing


def _rounded(image: pyvips.Image, white: float) -> pyvips.Image:
    double = image.cast("double") * (MOST / white) + 0.5
    return (double < 0).ifthenelse(0, (double > MOST).ifthenelse(MOST, double)).cast("ushort")


def _straight(image: pyvips.Image, alpha: pyvips.Image) -> pyvips.Image:
    """Colours that were multiplied by their transparency, as they were before."""
    divided = image.cast("double") * MOST / (alpha > 0).ifthenelse(alpha, MOST) + 0.5
    return (divided > MOST).ifthenelse(MOST, divided).cast("ushort")


def _is_opaque(image: pyvips.Image, white: float) -> bool:
    return image[image.bands - 1].min() >= white


def _white(opened: Callable[[], Pixels], header: Header) -> float:
    """The value of white among numbers of 32 bits or floats, which do not say it."""
    image = opened().image
    is_number = image == image
    share = is_number.avg() / 255
    if share < 1:
        header.note("values that are no numbers are taken as black")
    image = opened().image
    known = (image == image).ifthenelse(image, 0)
    known = (known.abs() < 1e30).ifthenelse(known, 0)
    most = known.max()
    image = opened().image
    over = (image > 1).avg() / 255
    lit = (opened().image > 0).avg() / 255
    if most <= SLACK or (image.format in FLOATS and over < BEYOND_ONE * lit):
        white = 1
    else:
        white = next((one for one in WHITES[1:] if most <= one * SLACK), None) or most
    if white != 1:
        header.note(f"its values go up to {most:.5g}: {white:.10g} is taken as white")
    elif most > 1:
        header.note("what is brighter than white is cut")
    return white
