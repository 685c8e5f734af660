"""Enlarging with an RRDBNet in bounded memory, exactly: the same numbers as in one piece.

The trunk sees about 350 pixels to each side, so tiles of the whole network cannot be exact. One dense block
sees five. So the picture's features are kept whole, twice, and each dense block passes over them in tiles
that read five pixels more on each side; the tiles stay in the processor's cache, which also makes them
faster than one piece. The features of a picture that repeats have a border, which is filled from the opposite
edges before each dense block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bigart_lib.enlarge.area import Area
from bigart_lib.enlarge.dense import DENSE_HALO, convs_for
from bigart_lib.enlarge.rrdbnet import (
    DENSE_CONVS,
    RESIDUAL_SCALE,
    DenseBlock,
    RRDBNet,
    RRDBNetConfig,
    dense_blocks,
    flops_dense,
    flops_first,
    flops_tail,
)
from bigart_lib.enlarge.tail import TAIL_HALO, TailTiles
from bigart_lib.enlarge.wrapping import cut, fill_border, wrapped
from bigart_lib.pictures.images import to_levels
from bigart_lib.weights import check_finite

Tell = Callable[[int, int], None]  # operations done, and in all

TILES = (512, 384, 256, 128, 96, 64, 48, 32, 16)  # pixels a side that are tried, largest first
LARGEST_TILE_CPU = 384  # pixels a side; larger ones leave the cache (benchmarks/enlarge.py)
CONTEXT = 32  # pixels of surroundings that each piece of the approximate fallback gets
PIECES = (512, 256, 128, 64, 32)  # pixels a side that the fallback tries, largest first


class BudgetError(ValueError):
    """A memory budget that does not hold even the smallest piece; `least` bytes would."""

    def __init__(self, message: str, least: int) -> None:
        super().__init__(message)
        self.least = least


@dataclass
class _Account:
    """Adds up the work done and reports it."""

    total: int
    tell: Tell | None
    done: int = field(default=0)

    def add(self, flops: int) -> None:
        self.done += flops
        if self.tell is not None:
            self.tell(self.done, self.total)


def working_memory(
    config: RRDBNetConfig, height: int, width: int, dtype: torch.dtype, tile: int, repeats: bool = False
) -> int:
    """Bytes that enlarging one picture exactly takes beside the picture, the weights and the result.

    Counts the features of the whole picture (two maps in the trunk, one in the tail), the picture in the
    network's precision, and for one tile the buffer of a dense block, or the tail's enlarged features, with
    the copies that the convolutions make of them. Does not count the program and its libraries, nor the
    code that they compile for each shape they meet (10-30 MiB on a CPU, whatever the picture's size).
    """
    features, dense_width = config.num_features, config.num_features + (DENSE_CONVS - 1) * config.growth
    tile_height, tile_width = min(tile, height), min(tile, width)
    tail_height, tail_width = min(_tail_side(tile), height), min(_tail_side(tile), width)
    if repeats:
        height, width = height + 2 * DENSE_HALO, width + 2 * DENSE_HALO
    picture = config.in_channels * height * width
    first_map = features * height * width
    second_map = features * (height + DENSE_HALO) * (width + DENSE_HALO)
    dense_area = (tile_height + 2 * DENSE_HALO) * (tile_width + 2 * DENSE_HALO)
    strip = features * DENSE_HALO * max(height, width) if repeats else 0  # of the border that is filled
    trunk = strip + first_map + second_map + picture + dense_area * (2 * dense_width + 2 * features)
    enlarged_area = config.scale**2 * (tail_height + 2 * TAIL_HALO) * (tail_width + 2 * TAIL_HALO)
    tail = first_map + picture + 3 * features * enlarged_area
    return max(trunk, tail) * dtype.itemsize


def fastest_tile(device: torch.device) -> int:
    """The side of the tiles that run fastest on a device, in px."""
    return LARGEST_TILE_CPU if device.type == "cpu" else TILES[0]


def least_memory(
    config: RRDBNetConfig, height: int, width: int, dtype: torch.dtype, repeats: bool = False
) -> int:
    """Bytes below which a picture cannot be enlarged exactly."""
    return working_memory(config, height, width, dtype, TILES[-1], repeats)


def _tail_side(tile: int) -> int:
    """The tail's maps are `scale` times as long, so its tiles are shorter."""
    return max(tile // 4, 8)


@torch.no_grad()
def enlarge(
    network: RRDBNet,
    picture: Tensor,
    memory_budget: int,
    tell: Tell | None = None,
    as_levels: bool = False,
    repeats: bool = False,
) -> Tensor:
    """Enlarge one picture in bounded memory, with the result of `network(picture)` in one piece.

    Parameters
    ----------
    picture : float (1, in_channels, H, W) in [0, 1], of any size from 1x1, on any device.
    memory_budget : bytes of working memory, as `working_memory` counts them. Tiles are as large as it
        allows, up to the size that runs fastest.
    tell : called with the floating-point operations done and to do, after each piece; what it raises
        comes through, so it can cancel. On a GPU the work itself may lag a little behind the calls.
    as_levels : whether the result is wanted in 16-bit levels, half as large as float32.
    repeats : whether the picture goes on beyond each edge with what lies at the opposite one, as a tile of a
        wallpaper; the result then does too. Without, there is black beyond the edges, as in training.

    Returns
    -------
    (1, out_channels, scale*H, scale*W), on the picture's device and in its dtype, not clamped; or levels.

    Raises
    ------
    ValueError
        If the picture is not as described.
    BudgetError
        If the budget is too small for even the smallest pieces.

    Notes
    -----
    A budget below `least_memory` does not hold the whole picture's features. The picture is then enlarged in
    pieces with 32 pixels of surroundings each, and where they meet there may be faint seams.
    """
    config = network.config
    if picture.ndim != 4 or picture.shape[:2] != (1, config.in_channels) or picture.numel() == 0:
        raise ValueError(
            f"expected one picture of shape (1, {config.in_channels}, H, W), got {tuple(picture.shape)}"
        )
    if not picture.is_floating_point():
        raise ValueError(
            f"expected a float picture in [0, 1], got {picture.dtype}; divide 8-bit values by 255"
        )
    whole = Area(0, picture.shape[2], 0, picture.shape[3])
    tile, pieces = _plan(network, whole, memory_budget, repeats)
    work = [_work(config, context.area, piece.area) for piece, context in pieces]
    account = _Account(sum(work), tell)
    sides = config.scale * whole.height, config.scale * whole.width
    dtype = torch.uint16 if as_levels else picture.dtype
    result = picture.new_empty(1, config.out_channels, *sides, dtype=dtype)
    for piece, context in pieces:
        border = DENSE_HALO if repeats and context == whole else 0
        seen = wrapped(picture, context.around(border)) if repeats else cut(picture, context)
        seen = seen.to(network.trunk.conv_first.weight).contiguous(memory_format=torch.channels_last)
        target = cut(result, piece.times(config.scale))
        _enlarge_piece(network, seen, piece.within(context), target, tile, account, border)
    return result


def _work(config: RRDBNetConfig, trunk_area: int, tail_area: int) -> int:
    """Operations for a trunk and a tail of these areas: `estimate_flops` if they are the same."""
    trunk = flops_first(config) + flops_dense(config) * dense_blocks(config)
    return trunk * trunk_area + flops_tail(config) * tail_area


def _plan(
    network: RRDBNet, whole: Area, memory_budget: int, repeats: bool
) -> tuple[int, list[tuple[Area, Area]]]:
    """The tile's side, and the pieces of the picture each with the surroundings it is computed from."""
    config, weight = network.config, network.trunk.conv_first.weight
    tiles = [tile for tile in TILES if tile <= fastest_tile(weight.device)]

    def fitting(height: int, width: int, wraps: bool = False) -> int | None:
        sizes = ((working_memory(config, height, width, weight.dtype, t, wraps), t) for t in tiles)
        return next((tile for size, tile in sizes if size <= memory_budget), None)

    def with_context(side: int) -> tuple[int, ...]:
        sides = whole.height, whole.width
        if repeats:  # there are surroundings beyond the edges too
            return tuple(min(side, one) + 2 * CONTEXT for one in sides)
        return tuple(min(side + 2 * CONTEXT, one) for one in sides)

    if (tile := fitting(whole.height, whole.width, repeats)) is not None:
        return tile, [(whole, whole)]
    for side in PIECES:
        if (tile := fitting(*with_context(side))) is not None:
            pieces = whole.tiles(side)
            return tile, [
                (piece, piece.around(CONTEXT) if repeats else piece.grow(CONTEXT, whole)) for piece in pieces
            ]
    sizes = (*with_context(PIECES[-1]), False), (whole.height, whole.width, repeats)
    least = min(least_memory(config, *sides, weight.dtype, wraps) for *sides, wraps in sizes)
    raise BudgetError(
        f"the memory budget of {memory_budget} bytes is too small to enlarge even a piece of "
        f"{PIECES[-1]} pixels; give it {least} bytes or more",
        least,
    )


def _enlarge_piece(
    network: RRDBNet, picture: Tensor, piece: Area, target: Tensor, tile: int, account: _Account, border: int
) -> None:
    """Enlarge exactly, as if `picture` were a whole one, and write `piece` of it into the target.

    With a border, which the piece is counted without, the picture within it repeats.
    """
    features = _run_blocks(network, picture, tile, account, border)
    limit = Area(-border, picture.shape[2] - border, -border, picture.shape[3] - border)
    tail = TailTiles(network, picture, features, limit)
    for box in piece.tiles(_tail_side(tile)):
        enlarged = tail.run(box)
        check_finite(enlarged, "the enlarger")
        if target.dtype == torch.uint16:  # which mps does not know
            enlarged = to_levels(enlarged.cpu() if enlarged.device.type == "mps" else enlarged)
        cut(target, box.within(piece).times(network.config.scale)).copy_(enlarged)
        account.add(flops_tail(network.config) * box.area)


def _run_blocks(network: RRDBNet, picture: Tensor, tile: int, account: _Account, border: int) -> Tensor:
    """The features after the last block, before the trunk's last convolution, with the picture's border."""
    config, (height, width) = network.config, picture.shape[2:]
    features = network.trunk.conv_first(picture).contiguous(memory_format=torch.channels_last)
    account.add(flops_first(config) * (height - 2 * border) * (width - 2 * border))
    # One map serves as the second block's source and as its target. The target lies DENSE_HALO rows and
    # columns before the source, so tiles taken row by row overwrite only what no later tile reads.
    spare = torch.empty(
        (1, config.num_features, height + DENSE_HALO, width + DENSE_HALO),
        dtype=features.dtype, device=features.device, memory_format=torch.channels_last,
    )  # fmt: skip
    ahead, behind = spare[..., DENSE_HALO:, DENSE_HALO:], spare[..., :height, :width]
    dense = _DenseTiles(config, features, tile, account, border)
    for block in network.trunk.blocks:
        first, second, third = block.dense
        dense.run(first, features, ahead)
        dense.run(second, ahead, behind)
        dense.run(third, behind, features, accumulate=True)
    fill_border(features, border)
    return features


class _DenseTiles:
    """Passes dense blocks over whole maps, tile by tile."""

    def __init__(
        self, config: RRDBNetConfig, like: Tensor, tile: int, account: _Account, border: int
    ) -> None:
        self.whole = Area(0, like.shape[2] - 2 * border, 0, like.shape[3] - 2 * border)
        self.limit, self.border = self.whole.around(border), border  # what maps cover
        self.tile, self.account, self.flops = tile, account, flops_dense(config)
        sides = min(tile, self.whole.height), min(tile, self.whole.width)
        self.convs = convs_for(config, like, *sides)

    def run(self, block: DenseBlock, source: Tensor, target: Tensor, accumulate: bool = False) -> None:
        """Write the block's result into `target`; or add it, scaled, to what is there (the outer skip)."""
        fill_border(source, self.border)
        self.convs.take(block)
        for box in self.whole.tiles(self.tile):
            place = box.within(self.limit)
            last, here = self.convs.last(source, box, self.limit), cut(target, place)
            # In memory of its own: the target may lie across the source, which two threads read and write.
            out = torch.add(cut(source, place), last, alpha=RESIDUAL_SCALE, out=last)
            if accumulate:
                here.add_(out, alpha=RESIDUAL_SCALE)
            else:
                here.copy_(out)
            self.account.add(self.flops * box.area)
