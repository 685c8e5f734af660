"""RRDBNet, the enlarging network of ESRGAN, BSRGAN and Real-ESRGAN, and how much work it is.

The network is kept in two halves: the trunk works at the picture's own size, the tail enlarges. Both run
here in one piece, whatever memory that takes; `tiles.py` runs them in bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bigart_lib.settings import check_choice
from bigart_lib.weights import check_sizes

NEGATIVE_SLOPE = 0.2  # of every LeakyReLU
RESIDUAL_SCALE = 0.2  # share of a block's result that is added to its input
DENSE_BLOCKS = 3  # dense blocks in a residual-in-residual block
DENSE_CONVS = 5  # convolutions in a dense block


@dataclass(frozen=True)
class RRDBNetConfig:
    """The numbers that make one RRDBNet different from another; the defaults are the published networks'."""

    num_features: int = 64  # channels between blocks, 1-1024
    num_blocks: int = 23  # residual-in-residual blocks, 1-256
    growth: int = 32  # channels that each convolution of a dense block adds, 1-1024
    scale: int = 4  # enlargement of each side, 2 or 4
    in_channels: int = 3  # of the picture, 1-1024
    out_channels: int = 3  # of the enlarged picture, 1-1024

    def __post_init__(self) -> None:
        channels = dict.fromkeys(("num_features", "growth", "in_channels", "out_channels"), 1024)
        check_sizes(vars(self), {"num_blocks": 256, **channels})
        check_choice("scale", self.scale, (2, 4))

    @property
    def num_enlargements(self) -> int:
        """How many times the tail doubles the picture."""
        return self.scale.bit_length() - 1

    @property
    def packing(self) -> int:
        """How many pixels a side it sees as one of more channels: 2 for Real-ESRGAN x2plus, else 1."""
        return 2 if self.in_channels == 4 * self.out_channels else 1

    @property
    def times(self) -> int:
        """How many times longer it makes a side of the picture before that is packed."""
        return self.scale // self.packing


def _conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, NEGATIVE_SLOPE)


class DenseBlock(nn.Module):
    """Five convolutions; each takes the block's input and the results of all before it."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * (DENSE_CONVS - 1) + [num_features]
        self.convs = nn.ModuleList(_conv(num_features + i * growth, width) for i, width in enumerate(widths))

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_features, H, W) to the same shape."""
        seen = x
        for conv in self.convs[:-1]:
            seen = torch.cat((seen, _activate(conv(seen))), dim=1)
        return x + RESIDUAL_SCALE * self.convs[-1](seen)


class ResidualBlock(nn.Module):
    """Three dense blocks in a residual connection: the "RRDB" of ESRGAN."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(DenseBlock(num_features, growth) for _ in range(DENSE_BLOCKS))

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_features, H, W) to the same shape."""
        y = x
        for dense in self.dense:
            y = dense(y)
        return x + RESIDUAL_SCALE * y


class Trunk(nn.Module):
    """The part that works at the picture's own size, and does most of the work."""

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        self.conv_first = _conv(config.in_channels, config.num_features)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.num_features, config.growth) for _ in range(config.num_blocks)
        )
        self.conv_body = _conv(config.num_features, config.num_features)

    def forward(self, picture: Tensor) -> Tensor:
        """Picture (N, in_channels, H, W) in [0, 1] to features (N, num_features, H, W)."""
        first = x = self.conv_first(picture)
        for block in self.blocks:
            x = block(x)
        return first + self.conv_body(x)


class Tail(nn.Module):
    """The part that enlarges; each result depends on features at most 2 pixels away."""

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        features = config.num_features
        self.enlargements = nn.ModuleList(_conv(features, features) for _ in range(config.num_enlargements))
        self.conv_before_last = _conv(features, features)
        self.conv_last = _conv(features, config.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, num_features, H, W) to a picture (N, out_channels, scale*H, scale*W)."""
        for conv in self.enlargements:
            x = _activate(conv(F.interpolate(x, scale_factor=2, mode="nearest")))
        return self.conv_last(_activate(self.conv_before_last(x)))


class RRDBNet(nn.Module):
    """The enlarging network of Wang et al. 2018 (ESRGAN), as BSRGAN and Real-ESRGAN publish it."""

    def __init__(self, config: RRDBNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or RRDBNetConfig()
        self.trunk = Trunk(self.config)
        self.tail = Tail(self.config)

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge in one piece.

        Parameters
        ----------
        picture : float (N, 3, H, W) in [0, 1].

        Returns
        -------
        float (N, 3, scale*H, scale*W), about [0, 1] but not clamped.
        """
        return self.tail(self.trunk(picture))


def estimate_flops(config: RRDBNetConfig, height: int, width: int) -> int:
    """Floating-point operations (a multiply-add is two) to enlarge one picture of this size."""
    trunk = flops_first(config) + flops_dense(config) * dense_blocks(config)
    return (trunk + flops_tail(config)) * height * width


def dense_blocks(config: RRDBNetConfig) -> int:
    """How many dense blocks the trunk runs one after another."""
    return config.num_blocks * DENSE_BLOCKS


def flops_first(config: RRDBNetConfig) -> int:
    """Operations per input pixel of the first convolution."""
    return 18 * config.in_channels * config.num_features


def flops_dense(config: RRDBNetConfig) -> int:
    """Operations per input pixel of one dense block."""
    features, growth = config.num_features, config.growth
    growing = sum((features + i * growth) * growth for i in range(DENSE_CONVS - 1))
    return 18 * (growing + (features + (DENSE_CONVS - 1) * growth) * features)


def flops_tail(config: RRDBNetConfig) -> int:
    """Operations per input pixel of all that follows the last block."""
    square = 18 * config.num_features**2
    enlarging = sum(4 ** (i + 1) for i in range(config.num_enlargements)) * square
    return square + enlarging + config.scale**2 * (square + 18 * config.num_features * config.out_channels)
