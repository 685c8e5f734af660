"""What keeps a network from changing the colours of a picture. Knows no network.

An enlarger is to add detail. What it changes of the mean colour of a region is a fault of its own, which can
be seen where a picture hangs beside its enlargement, and is taken out again.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from bigart_lib.pictures import images

REGION = 16  # px a side, of the picture before, whose mean colour is to stay
STRIP = 512  # rows that are corrected at a time


def match(made: torch.Tensor, before: torch.Tensor, repeats: bool = False) -> torch.Tensor:
    """A network's picture in 16-bit levels, with the colours of regions that the picture before has.

    Parameters
    ----------
    made : (1, channels, times height, times width) in [0, 1] or in levels; levels are changed in place.
    before : (1, channels, height, width) in levels.
    repeats : whether the regions at an edge have those at the opposite one as neighbours.
    """
    made = images.to_levels(made)
    shift = _means(made, before.shape[-2:]) - _means(before, before.shape[-2:])
    rows, columns = (_places(made.shape[axis], shift.shape[axis], repeats) for axis in (2, 3))
    for top in range(0, made.shape[2], STRIP):
        strip = made[..., top : top + STRIP, :]
        along = _interpolated(shift, rows[top : top + STRIP], 2)
        corrected = images.from_levels(strip) - _interpolated(along, columns, 3)
        strip.copy_(images.to_levels(corrected))
    return made


def _means(picture: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """The mean of each region of levels; regions are counted in px of the picture before, of this size."""
    counts = [max(1, round(side / REGION)) for side in size]
    bounds = [round(picture.shape[2] * place / counts[0]) for place in range(counts[0] + 1)]
    rows = [
        F.adaptive_avg_pool2d(images.from_levels(picture[..., first:last, :]), (1, counts[1]))
        for first, last in zip(bounds, bounds[1:], strict=False)
    ]
    return torch.cat(rows, 2)


def _places(side: int, count: int, repeats: bool) -> torch.Tensor:
    """Where the middle of each of `side` pixels is, counted in regions."""
    places = (torch.arange(side) + 0.5) * (count / side) - 0.5
    return places if repeats else places.clamp(0, count - 1)


def _interpolated(values: torch.Tensor, places: torch.Tensor, axis: int) -> torch.Tensor:
    first, count = places.floor().long(), values.shape[axis]
    # The one beyond the last: the first of a picture that repeats, else it has no share.
    second = (first + 1) % count
    shape = [1] * 4
    shape[axis] = -1
    share = (places - first).view(shape)
    return values.index_select(axis, first % count) * (1 - share) + values.index_select(axis, second) * share
