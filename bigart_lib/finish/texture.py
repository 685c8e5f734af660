"""The field of blurred monochrome noise that is laid over a picture as texture, and a live look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from bigart_lib.machine import random_generator
from bigart_lib.pictures import images
from bigart_lib.pictures.rounding import REACH
from bigart_lib.settings import TextureSettings

if TYPE_CHECKING:
    from PIL import Image

BLURRED_SHARE = 0.75  # of the article's field; the rest is raw noise
ARTICLE_SIGMA = 1.0  # px, whatever the size
TILE = 512  # px a side of the pieces that are blurred

Box = tuple[int, int, int, int]  # left, upper, right and lower edge in px, as in Pillow


def add(picture: torch.Tensor, settings: TextureSettings, seed: Sequence[int]) -> torch.Tensor:
    """Lay texture over a picture (1, 3, height, width) in [0, 1]; the same seed lays the same field.

    The field has zero mean, before what is clamped at black and white. Of a picture in 16-bit levels the
    result is in levels too, so that no large picture is in memory as float.
    """
    height, width = picture.shape[-2:]
    noise = white_noise(height, width, random_generator(*seed))
    textured = torch.empty_like(picture)
    for top in range(0, height, TILE):  # so that the field is never in memory as a whole
        bottom = min(top + TILE, height)
        strip = lay(picture, noise, settings, (0, top, width, bottom))
        textured[..., top:bottom, :] = images.to_levels(strip) if picture.dtype == torch.uint16 else strip
    return textured


class TexturePreview:
    """Parts of a picture as `add` will leave them, to the last bit, in milliseconds.

    Parameters
    ----------
    picture : (1, 3, height, width) in [0, 1] or in 16-bit levels, as enlarging left it.
    seed : that of the texture on it; its noise is drawn here, once, for the whole picture.
    """

    def __init__(self, picture: torch.Tensor, seed: Sequence[int]) -> None:
        self._picture = picture
        self._noise = white_noise(*picture.shape[-2:], random_generator(*seed))

    def crop(self, settings: TextureSettings, box: Box) -> Image.Image:
        """The part in a box (left, upper, right, lower), with texture."""
        left, upper, right, lower = box
        height, width = self._picture.shape[-2:]
        # Rounding looks at a few pixels around.
        first = max(0, left - REACH), max(0, upper - REACH)
        last = min(width, right + REACH), min(height, lower + REACH)
        around = images.to_image(lay(self._picture, self._noise, settings, (*first, *last)), first)
        return around.crop((left - first[0], upper - first[1], right - first[0], lower - first[1]))


def white_noise(height: int, width: int, generator: torch.Generator) -> torch.Tensor:
    """Standard normals (1, 1, height, width) with zero mean, so that no picture is tinted."""
    noise = torch.randn(1, 1, height, width, generator=generator)
    return noise.sub_(noise.mean(dtype=torch.float64).float())


def lay(
    picture: torch.Tensor, noise: torch.Tensor, settings: TextureSettings, box: Box | None = None
) -> torch.Tensor:
    """A picture (1, 3, height, width), or the part of it in a box, in [0, 1] with the field laid over it."""
    left, upper, right, lower = box or (0, 0, picture.shape[-1], picture.shape[-2])
    part = images.as_float(picture[..., upper:lower, left:right])
    return (part + field(noise, settings, box)).clamp_(0, 1)


def field(noise: torch.Tensor, settings: TextureSettings, box: Box | None = None) -> torch.Tensor:
    """White noise (1, 1, height, width) as texture of the same shape, to be added to all three channels.

    Its standard deviation is `settings.amount`, its clumps about `settings.size` px wide: size 1 is the raw
    noise, and each size more widens the Gaussian blur by half a pixel. The blur wraps round the edges,
    which keeps the field even up to them and its mean at zero. In the article's own style the blur is
    always that of one pixel, cut off at the size, and what the blur takes from the amount is not given back.

    With a box, just that part; it equals the same part of the whole field to the last bit, because both are
    blurred in the same tiles.
    """
    height, width = noise.shape[-2:]
    left, upper, right, lower = box or (0, 0, width, height)
    if settings.size == 1 and settings.style != "article":
        return settings.amount * noise[..., upper:lower, left:right]
    result = noise.new_empty(1, 1, lower - upper, right - left)
    for top in _tile_starts(upper, lower):
        bottom = min(top + TILE, height)
        for start in _tile_starts(left, right):
            end = min(start + TILE, width)
            tile = _textured_tile(noise, settings, (start, top, end, bottom))
            rows = slice(max(top, upper), min(bottom, lower))
            columns = slice(max(start, left), min(end, right))
            result[..., _shift(rows, upper), _shift(columns, left)] = tile[
                ..., _shift(rows, top), _shift(columns, start)
            ]
    return result


def _tile_starts(first: int, last: int) -> Iterator[int]:
    return range(first - first % TILE, last, TILE)


def _shift(pixels: slice, origin: int) -> slice:
    return slice(pixels.start - origin, pixels.stop - origin)


def _textured_tile(noise: torch.Tensor, settings: TextureSettings, tile: Box) -> torch.Tensor:
    if settings.style == "article":
        kernel = _gaussian(ARTICLE_SIGMA, radius=settings.size // 2)
        left, upper, right, lower = tile
        raw = noise[..., upper:lower, left:right]
        return settings.amount * (BLURRED_SHARE * _blur(noise, kernel, tile) + (1 - BLURRED_SHARE) * raw)
    sigma = (settings.size - 1) / 2
    kernel = _gaussian(sigma, radius=int(3 * sigma + 0.5))
    # Blurring along each axis shrinks white noise by the kernel's length.
    return _blur(noise, kernel, tile).mul_(settings.amount / kernel.square().sum().item())


def _gaussian(sigma: float, radius: int) -> torch.Tensor:
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def _blur(noise: torch.Tensor, kernel: torch.Tensor, tile: Box) -> torch.Tensor:
    """Convolve a tile along both axes, wrapping round as often as a narrow picture needs."""
    left, upper, right, lower = tile
    radius = len(kernel) // 2
    for axis, start, end in ((2, upper - radius, lower + radius), (3, left - radius, right + radius)):
        if start >= 0 and end <= noise.shape[axis]:
            noise = noise.narrow(axis, start, end - start)
        else:
            noise = noise.index_select(axis, torch.arange(start, end).remainder(noise.shape[axis]))
    return _convolve(_convolve(noise, kernel, axis=2), kernel, axis=3)


def _convolve(noise: torch.Tensor, kernel: torch.Tensor, axis: int) -> torch.Tensor:
    """Convolve along one axis, which gets shorter.

    In NumPy, tap by tap: for one channel ten times as fast as torch's convolution, and on one thread, so
    that a slider answers while a network keeps all of them busy.
    """
    values = noise.movedim(axis, 0).numpy()
    length = len(values) - len(kernel) + 1
    first, *others = kernel.numpy()
    result = first * values[:length]
    for offset, weight in enumerate(others, start=1):
        result += weight * values[offset : offset + length]
    return torch.from_numpy(result).movedim(0, axis)
