"""Texture and sharpening of a print, at its size: what is as many mm on any paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bigart_lib.machine import random_generator
from bigart_lib.printing.paper import INCH
from bigart_lib.printing.scratch import Scratch, release
from bigart_lib.settings import TextureSettings

if TYPE_CHECKING:
    import numpy as np
    import pyvips

MOST_LEVEL = 65535
LUMA = (0.2126, 0.7152, 0.0722)  # of R, G and B: how much each adds to lightness
# What an eye at arm's length, 60 cm, does not see: it tells apart 1 minute of arc, 0.17 mm, at best, and
# grain of a few per cent only where its waves are some mm long, which are what a blur of this width leaves.
ARMS_LENGTH = 0.6  # mm, standard deviation
STRIP = 512  # rows


def field(
    size: tuple[int, int], settings: TextureSettings, seed: Sequence[int], scratch: Scratch,
    dpi: float | None = None,
) -> pyvips.Image:  # fmt: skip
    """Texture as a field of floats with zero mean, to be added to a picture; see `finish.texture.field`.

    Parameters
    ----------
    size : width and height in px.
    dpi : px an inch on paper; if given, all is taken out of the field that is seen from arm's length.
    """
    from bigart_lib.finish import texture

    noise = _white_noise(size, seed, scratch)
    width, height = size

    def strips() -> Iterator[np.ndarray]:
        import torch

        white = torch.from_numpy(noise)[None, :, :, 0][None]
        for top in range(0, height, texture.TILE):
            lower = min(top + texture.TILE, height)
            yield texture.field(white, settings, (0, top, width, lower))[0, 0].numpy()
            release(noise)

    made = scratch.stored(strips(), (height, width, 1), "float32")
    return made if dpi is None else made - _seen_from_afar(made, _loupe(settings, dpi))


def _seen_from_afar(laid: pyvips.Image, blur: float) -> pyvips.Image:
    """A field without what is finer than a blur of so many px."""
    reach = 3 * round(blur)
    around = laid.embed(reach, reach, laid.width + 2 * reach, laid.height + 2 * reach, extend="mirror")
    return around.gaussblur(blur, precision="float").crop(reach, reach, laid.width, laid.height)


def _white_noise(size: tuple[int, int], seed: Sequence[int], scratch: Scratch) -> np.memmap:
    """Standard normals (height, width, 1) with zero mean."""
    import torch

    width, height = size
    noise = scratch.array((height, width, 1), "float32")
    generator, total = random_generator(*seed), 0.0
    for top in range(0, height, STRIP):
        rows = min(STRIP, height - top)
        noise[top : top + rows, :, 0] = torch.randn(rows, width, generator=generator).numpy()
        total += float(noise[top : top + rows].sum(dtype="float64"))
        release(noise)
    for top in range(0, height, STRIP):
        noise[top : top + STRIP] -= total / (width * height)
        release(noise)
    return noise


def textured(picture: pyvips.Image, laid: pyvips.Image, amount: float = 1.0) -> pyvips.Image:
    """A picture, 16-bit levels, with a field, or so much of it, laid over all its colours."""
    return (
        (picture + laid * (amount * MOST_LEVEL))
        .rint()
        .cast("ushort")
        .copy(interpretation=picture.interpretation)
    )


def sharpened(picture: pyvips.Image, amount: float, radius: float) -> pyvips.Image:
    """A picture, 16-bit levels, after an unsharp mask of its lightness: colours get no rims.

    Parameters
    ----------
    amount : how much of the difference to the blurred picture is added.
    radius : px, standard deviation of the blur.
    """
    light = picture.cast("float")
    if picture.bands == 3:
        light = light.recomb([list(LUMA)])
    detail = light - light.gaussblur(radius, precision="float", min_ampl=0.01)
    return (picture + detail * amount).rint().cast("ushort").copy(interpretation=picture.interpretation)


def _loupe(settings: TextureSettings, dpi: float) -> float:
    """The width of the blur, in px, that takes what is seen from arm's length and leaves the clumps."""
    return max(ARMS_LENGTH * dpi / INCH, 1.5 * settings.size, 2.0)
