"""The part of an RRDBNet that enlarges, in tiles: with less work than its convolutions, and finer in bf16.

Where every pixel stands twice, two of three weights in a row meet the same one, and can be added up before.
What is left are four convolutions of 2x2 weights over the map as it was, one for each pixel of two by two.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bigart_lib.enlarge.area import Area
from bigart_lib.enlarge.rrdbnet import NEGATIVE_SLOPE, RRDBNet
from bigart_lib.enlarge.wrapping import cut

TAIL_HALO = 2  # input pixels that the tail sees beyond its result
# Which of three weights meet the first and the second of two pixels: for the left, and for the right.
MET = (((1, 0, 0), (0, 1, 1)), ((1, 1, 0), (0, 0, 1)))
PARTS = 4  # of the values from 0 to 1


class TailTiles:
    """Enlarges a picture's features tile by tile.

    Parameters
    ----------
    network : whose tail it is.
    picture, features : what the trunk saw, and what its last block gave.
    limit : what both cover; the network sees zeros beyond.
    """

    def __init__(self, network: RRDBNet, picture: Tensor, features: Tensor, limit: Area) -> None:
        self._network, self._picture, self._features, self._limit = network, picture, features, limit
        self._doublings = [_Doubling(conv) for conv in network.tail.enlargements]
        self._last = _Finely(network.tail.conv_last) if picture.dtype == torch.bfloat16 else None

    def run(self, box: Area) -> Tensor:
        """The enlarged picture in a box: the trunk's last convolution and skip, then the tail."""
        trunk, tail, limit = self._network.trunk, self._network.tail, self._limit
        levels = [limit.times(2**i) for i in range(len(self._doublings) + 1)]
        last = box.times(self._network.config.scale)
        before_last = last.grow(1, levels[-1])
        needed = [before_last.grow(1, levels[-1])]  # of the trunk and each enlargement, worked out backwards
        for level in reversed(levels[1:]):
            needed.insert(0, needed[0].grow(1, level).halved())
        window = needed[0].grow(1, limit)
        place = window.within(limit)
        x = _convolve(trunk.conv_body, cut(self._features, place), window, needed[0], limit)
        x += _convolve(trunk.conv_first, cut(self._picture, place), window, needed[0], limit)
        for i, double in enumerate(self._doublings):
            x = cut(double(x), needed[i + 1].within(needed[i].times(2)))
        x = _convolve(tail.conv_before_last, x, needed[-1], before_last, levels[-1])
        F.leaky_relu_(x, NEGATIVE_SLOPE)
        x = _convolve(self._last or tail.conv_last, x, before_last, last, levels[-1])
        return self._last.join(x) if self._last else x


class _Doubling:
    """Doubles the sides of a map, each pixel standing twice, then convolves it and activates the result."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self._channels = conv.out_channels
        met = torch.tensor(MET, dtype=torch.float32, device=conv.weight.device)
        weight = torch.einsum("arp,bsq,ocpq->abocrs", met, met, conv.weight.float()).flatten(0, 2)
        self._weight = weight.to(conv.weight.dtype).contiguous(memory_format=torch.channels_last)
        self._bias = conv.bias.repeat(4)

    def __call__(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, channels, 2*H, 2*W); zeros lie beyond the edges."""
        count, _, height, width = x.shape
        phases = F.conv2d(x, self._weight, self._bias, padding=1)
        result = x.new_empty(count, 2 * height, 2 * width, self._channels).permute(0, 3, 1, 2)
        for phase, part in enumerate(phases.split(self._channels, dim=1)):
            row, column = divmod(phase, 2)
            part = part[..., row : row + height, column : column + width]
            result[..., row::2, column::2] = part
        return F.leaky_relu_(result, NEGATIVE_SLOPE)


class _Finely:
    """The last convolution in bf16, in steps of 1/1024 and less from 0 to 1: bf16 has 1/256 near white.

    What it gives less 1/8, less 3/8 and so on is fine near zero, and each of these counts there alone. oneDNN
    computes 16 channels at a time, so that twelve take it no longer than three.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        bias = conv.bias.float()
        less = (torch.arange(PARTS, device=bias.device)[:, None] + 0.5) / PARTS
        biases = (bias - less).to(conv.bias)
        less = bias - biases.float()  # as rounding left it
        between = (less[:-1] + less[1:]) / 2  # where the next part takes over
        endless = torch.full_like(bias, torch.inf)[None]
        shape = 1, PARTS, -1, 1, 1
        self.weight, self.bias = conv.weight.repeat(PARTS, 1, 1, 1), biases.flatten()
        self._least = (torch.cat([-endless, between]) - less).view(shape)
        self._most = (torch.cat([between, endless]) - less).view(shape)
        self._rest = (less.sum(0) - between.sum(0))[:, None, None]

    def join(self, x: Tensor) -> Tensor:
        """The values, float32 (N, channels, H, W), of the parts of all, (N, PARTS * channels, H, W)."""
        parts = x.to(torch.float32, memory_format=torch.contiguous_format).unflatten(1, (PARTS, -1))
        # A value beyond a part's bounds adds the bound, so that all parts together are the value.
        return parts.clamp_(self._least, self._most).sum(1).add_(self._rest)


def _convolve(conv: nn.Conv2d | _Finely, x: Tensor, covered: Area, needed: Area, whole: Area) -> Tensor:
    """`conv` over `needed`, from an `x` that covers `covered`; zeros only beyond the whole picture's edge."""
    seen = needed.grow(1, whole)
    x = cut(x, seen.within(covered))
    padding = (
        1 - (needed.left - seen.left),
        1 - (seen.right - needed.right),
        1 - (needed.top - seen.top),
        1 - (seen.bottom - needed.bottom),
    )
    return F.conv2d(F.pad(x, padding) if any(padding) else x, conv.weight, conv.bias)
