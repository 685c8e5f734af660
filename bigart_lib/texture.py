"""The field of blurred monochrome noise that is laid over a picture as texture. Knows no picture."""

from __future__ import annotations

import torch
from torch.nn import functional

from bigart_lib.settings import TextureSettings

BLURRED_SHARE = 0.75  # of the article's field; the rest is raw noise
ARTICLE_SIGMA = 1.0  # px, whatever the size


def white_noise(height: int, width: int, generator: torch.Generator) -> torch.Tensor:
    """Standard normals (1, 1, height, width) with a mean of exactly nothing, so that no picture is tinted."""
    noise = torch.randn(1, 1, height, width, generator=generator)
    return noise.sub_(noise.mean(dtype=torch.float64).float())


def field(noise: torch.Tensor, settings: TextureSettings) -> torch.Tensor:
    """White noise (1, 1, height, width) as texture of the same shape, to be added to all three channels.

    Its standard deviation is `settings.amount`, its clumps about `settings.size` px wide: size 1 is the raw
    noise, and each size more widens the Gaussian blur by half a pixel. The blur wraps round the edges,
    which keeps the field even up to them and its mean at nothing. In the article's own style the blur is
    always that of one pixel, cut off at the size, and what the blur takes from the amount is not given back.
    """
    if settings.style == "article":
        kernel = _gaussian(ARTICLE_SIGMA, radius=settings.size // 2)
        mixed = BLURRED_SHARE * _blur(noise, kernel) + (1 - BLURRED_SHARE) * noise
        return settings.amount * mixed
    if settings.size == 1:
        return settings.amount * noise
    sigma = (settings.size - 1) / 2
    kernel = _gaussian(sigma, radius=int(3 * sigma + 0.5))
    # Blurring along each axis shrinks white noise by the kernel's length.
    return _blur(noise, kernel).mul_(settings.amount / kernel.square().sum().item())


def _gaussian(sigma: float, radius: int) -> torch.Tensor:
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def _blur(noise: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Convolve along both axes, wrapping round as often as a narrow picture needs."""
    radius = len(kernel) // 2
    for axis, shape in ((2, (1, 1, -1, 1)), (3, (1, 1, 1, -1))):
        length = noise.shape[axis]
        wrapped = torch.arange(-radius, length + radius).remainder(length)
        noise = functional.conv2d(noise.index_select(axis, wrapped), kernel.view(shape))
    return noise
