"""A dense block's convolutions over one tile, each of which sees what all before it gave.

Two ways of keeping what they gave, with the same numbers. oneDNN, torch's library for CPUs, convolves only
what lies together in memory: there it is kept in planes of so many channels as one convolution adds, one
behind another as the slices of a volume, and the volume's first slices are convolved where they lie.
Elsewhere all channels of a pixel lie together, and each convolution gets a copy of those that it sees.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bigart_lib.enlarge.area import Area
from bigart_lib.enlarge.rrdbnet import DENSE_CONVS, NEGATIVE_SLOPE, DenseBlock, RRDBNetConfig
from bigart_lib.enlarge.wrapping import cut

DENSE_HALO = DENSE_CONVS  # pixels that a dense block sees beyond its result, one for each convolution


class DenseConvs(Protocol):
    """Runs the convolutions of a dense block over tiles."""

    def take(self, block: DenseBlock) -> None:
        """Make ready for this block."""

    def last(self, source: Tensor, box: Area, limit: Area) -> Tensor:
        """What the last convolution gives over `box`, of a source that covers `limit`; zeros lie beyond."""


def convs_for(config: RRDBNetConfig, like: Tensor, height: int, width: int) -> DenseConvs:
    """The faster way for maps such as this one, and for tiles of at most this size."""
    fits = config.num_features % config.growth == 0 and like.dtype in (torch.float32, torch.bfloat16)
    if fits and like.device.type == "cpu" and torch.backends.mkldnn.is_available():
        return _InPlanes(config, like, height, width)
    return _InPixels(config, like, height, width)


class _InPlanes:
    """Planes of `growth` channels: (growth, planes, height, width), each plane's pixels together."""

    def __init__(self, config: RRDBNetConfig, like: Tensor, height: int, width: int) -> None:
        self._growth, self._first = config.growth, config.num_features // config.growth
        sides = height + 2 * DENSE_HALO, width + 2 * DENSE_HALO
        self._memory = like.new_empty((self._first + DENSE_CONVS - 1) * self._growth * sides[0] * sides[1])
        self._weights: list[tuple[Tensor, Tensor]] = []

    def take(self, block: DenseBlock) -> None:
        """Cut each convolution's weights into planes, too."""
        self._weights = [(self._in_planes(conv.weight), conv.bias) for conv in block.convs]

    def _in_planes(self, weight: Tensor) -> Tensor:
        planes = weight.unflatten(1, (-1, self._growth)).transpose(1, 2)
        return planes.contiguous(memory_format=torch.channels_last_3d)

    def last(self, source: Tensor, box: Area, limit: Area) -> Tensor:
        """As `DenseConvs.last`.

        Every convolution covers all of the window: what it gets wrong at an edge that is not the picture's
        moves inwards by a pixel with each, and stays in the halo.
        """
        window = box.grow(DENSE_HALO, limit)
        volume = self._volume(window)
        pixels = cut(source, window.within(limit)).unflatten(1, (self._first, self._growth))
        volume[:, :, : self._first].copy_(pixels.transpose(1, 2))
        for i, (weight, bias) in enumerate(self._weights):
            seen = self._first + i
            out = _convolve_volume(volume[:, :, :seen], weight, bias)
            if i < DENSE_CONVS - 1:
                torch.ops.aten.leaky_relu.out(out[:, :, 0], NEGATIVE_SLOPE, out=volume[:, :, seen])
        return cut(out[:, :, 0], box.within(window))

    def _volume(self, window: Area) -> Tensor:
        """(1, growth, planes, height, width), in which the first planes lie together."""
        planes = self._first + DENSE_CONVS - 1
        part = self._memory[: planes * self._growth * window.area]
        return part.view(1, planes, window.height, window.width, self._growth).permute(0, 4, 1, 2, 3)


def _convolve_volume(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """One slice of all of a volume's; zeros lie beyond the sides."""
    padding, ones = (0, 1, 1), (1, 1, 1)
    if x.dtype == torch.float32:  # conv3d would take small volumes to its own way, ten times slower
        return torch.mkldnn_convolution(x, weight, bias, padding, ones, ones, 1)
    return F.conv3d(x, weight, bias, padding=padding)


class _InPixels:
    """A map of all of a block's channels, and a contiguous copy for each convolution."""

    def __init__(self, config: RRDBNetConfig, like: Tensor, height: int, width: int) -> None:
        channels = config.num_features + (DENSE_CONVS - 1) * config.growth
        sides = height + 2 * DENSE_HALO, width + 2 * DENSE_HALO
        self._buffer = like.new_empty(1, *sides, channels).permute(0, 3, 1, 2)
        self._packed = like.new_empty(self._buffer.numel())
        self._convs: nn.ModuleList | list[nn.Conv2d] = []

    def take(self, block: DenseBlock) -> None:
        """Its convolutions as they are."""
        self._convs = block.convs

    def last(self, source: Tensor, box: Area, limit: Area) -> Tensor:
        """As `DenseConvs.last`; each convolution covers a pixel less than the one before, at every edge."""
        around = box.around(DENSE_HALO)
        self._clear_beyond_edges(around, limit)
        window = box.grow(DENSE_HALO, limit)
        filled = source.shape[1]
        cut(self._buffer, window.within(around))[:, :filled] = cut(source, window.within(limit))
        for i, conv in enumerate(self._convs):
            needed = box.grow(DENSE_CONVS - 1 - i, limit).within(around)
            seen = cut(self._buffer, needed.around(1))[:, :filled]
            out = F.conv2d(self._pack(seen), conv.weight, conv.bias)
            if i < DENSE_CONVS - 1:
                F.leaky_relu_(out, NEGATIVE_SLOPE)
                cut(self._buffer, needed)[:, filled : filled + out.shape[1]] = out
                filled += out.shape[1]
        return out

    def _pack(self, part: Tensor) -> Tensor:
        """A contiguous copy; the convolution would make one itself, but in new memory each time."""
        _, channels, height, width = part.shape
        packed = self._packed[: part.numel()].view(1, height, width, channels).permute(0, 3, 1, 2)
        return packed.copy_(part)

    def _clear_beyond_edges(self, around: Area, limit: Area) -> None:
        """Zero the part of the buffer that lies beyond the picture's edges, as the convolutions' padding."""
        inside = around.grow(0, limit).within(around)
        self._buffer[..., : inside.top, :] = 0
        self._buffer[..., inside.bottom :, :] = 0
        self._buffer[..., : inside.left] = 0
        self._buffer[..., inside.right :] = 0
