"""Parts of maps; and maps that go on beyond their edges with what lies at the opposite ones."""

from __future__ import annotations

import torch
from torch import Tensor

from bigart_lib.enlarge.area import Area


def cut(x: Tensor, box: Area) -> Tensor:
    """The part of a (N, C, H, W) tensor that a box covers, as a view."""
    return x[..., box.top : box.bottom, box.left : box.right]


def wrapped(x: Tensor, box: Area) -> Tensor:
    """A copy of the part of a (N, C, H, W) tensor that a box covers, which may lie beyond any edge."""
    _, _, height, width = x.shape
    rows = torch.arange(box.top, box.bottom, device=x.device).remainder_(height)
    columns = torch.arange(box.left, box.right, device=x.device).remainder_(width)
    return x.index_select(2, rows).index_select(3, columns)


def fill_border(x: Tensor, border: int) -> None:
    """Fill so many rows and columns at each edge of a (N, C, H, W) tensor from what lies within, in place."""
    if not border:
        return
    for axis in (2, 3):
        within = x.shape[axis] - 2 * border
        for first in (-border, within):
            places = torch.arange(first, first + border, device=x.device).remainder_(within) + border
            x.narrow(axis, first + border, border).copy_(x.index_select(axis, places))
