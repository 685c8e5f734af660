"""Measures of a picture against the truth: closeness, sharpness, detail, grids, seams, shifts of colour.

Pictures are float32 (1, 3, H, W) in [0, 1]. Knows no network and no painter.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import median

import torch
from torch.nn import functional

LEVELS = 255
PERIODS = (2, 4, 8)  # px, at which networks that enlarge in steps of two leave a grid
NEIGHBOURS = (3, 4, 5)  # steps of frequency from a grid's line that it is compared with


def psnr(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Peak signal-to-noise ratio in dB."""
    return -10 * math.log10(functional.mse_loss(picture, truth).item() + 1e-12)


def sharpness(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Mean absolute difference of neighbouring pixels, as a share of the truth's."""

    def gradient(image: torch.Tensor) -> float:
        return float(sum(image.diff(dim=axis).abs().mean() for axis in (2, 3)))

    return gradient(picture) / gradient(truth)


def colour_shift(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Largest shift of a channel's mean, in levels of 255."""
    return (picture.mean((0, 2, 3)) - truth.mean((0, 2, 3))).abs().max().item() * LEVELS


def detail(picture: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Energy of both in the upper half of the frequencies, over 1/4 cycle a pixel: divide sums of many."""
    return _fine_energy(picture), _fine_energy(truth)


def _fine_energy(picture: torch.Tensor) -> float:
    power = _power(picture)
    height, width = power.shape
    radius = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None])
    return power[radius > 0.25].sum().item()


def grid(pictures: Sequence[torch.Tensor], truths: Sequence[torch.Tensor], period: int) -> float:
    """How much more a picture stands out at a grid's frequencies than the truth does; 1 is no grid.

    Counts what repeats every `period` px, across, down or both, and not every `period` / 2. The median of
    the pictures; the truth is asked too, as regular patterns and painted canvas have grids of their own.

    Parameters
    ----------
    pictures, truths : (1, 3, H, W), both multiples of 8 from 64 up.
    """
    return median(
        _grid(_power(one), period) / _grid(_power(truth), period)
        for one, truth in zip(pictures, truths, strict=True)
    )


def _grid(power: torch.Tensor, period: int) -> float:
    """Power at a grid's frequencies, against that beside them."""
    height, width = power.shape
    offsets = [step for distance in NEIGHBOURS for step in (-distance, distance)]
    here = beside = 0.0
    for row, column in itertools.product(range(period), repeat=2):
        if row % 2 == column % 2 == 0:  # also in the grid of half the period
            continue
        y, x = row * height // period, column * width // period
        down = sum(power[(y + step) % height, x].item() for step in offsets)
        across = sum(power[y, (x + step) % width].item() for step in offsets)
        here += power[y, x].item()
        # Edges lie along the axes and so does their power: the stronger side is the fair neighbour.
        beside += max(down, across) / len(offsets)
    return (here + 1e-6) / (beside + 1e-6)


def _power(picture: torch.Tensor) -> torch.Tensor:
    """Power spectrum (H, W), summed over channels; a Hann window keeps the borders out of it."""
    height, width = picture.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)[None]
    flat = picture - picture.mean((2, 3), keepdim=True)
    return torch.fft.fft2(flat * window).abs().square().sum((0, 1))


def seam(picture: torch.Tensor, truth: torch.Tensor, period: int) -> float:
    """Steps of the difference to the truth across borders every `period` px, against others; 1 is no seam."""
    steps = []
    for axis in (2, 3):
        jumps = (picture - truth).diff(dim=axis).abs().mean([other for other in range(4) if other != axis])
        at_border = (torch.arange(len(jumps)) + 1) % period == 0
        steps.append((jumps[at_border].mean().item(), jumps[~at_border].mean().item()))
    across, elsewhere = (sum(side) for side in zip(*steps, strict=True))
    return across / (elsewhere + 1e-9)


def unevenness(picture: torch.Tensor) -> float:
    """Standard deviation within a channel, in levels of 255: what was added to a picture that is flat."""
    return picture.std((2, 3)).mean().item() * LEVELS
