"""The part of an RRDBNet that enlarges, tile by tile, with less work than its convolutions over doubled maps.

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
        return _convolve(tail.conv_last, F.leaky_relu_(x, NEGATIVE_SLOPE), before_last, last, levels[-1])


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
            torch.ops.aten.leaky_relu.out(part, NEGATIVE_SLOPE, out=result[..., row::2, column::2])
        return result


def _convolve(conv: nn.Conv2d, x: Tensor, covered: Area, needed: Area, whole: Area) -> Tensor:
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
