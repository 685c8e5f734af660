"""Blocks of diffusers as they run without gradients: exact in `channels_last`, and with fewer copies.

Torch's group normalisation adds up all rows of a `channels_last` map in float32 on a CPU. Of 256x256 px some
3e-5 is lost so, forty times what is lost of a contiguous map, and 27 steps of a network make 4e-3 of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

if TYPE_CHECKING:
    from typing import TypeVar

    Network = TypeVar("Network", bound=nn.Module)

SUMMED_AT_ONCE = 1024  # px: longer sums in float32 lose digits, and torch has a slower way for smaller maps


class GroupNorm(nn.GroupNorm):
    """Torch's (Wu and He 2018), but for float32 maps that are `channels_last` on a CPU: in parts."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, channels, height, width) to the same, normalised by groups of channels."""
        return self._in_parts(input) if self._loses_digits(input) else super().forward(input)

    def modulated(self, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """The same times 1 + scale, and a shift, each (N, channels, 1, 1); without gradients."""
        if self._loses_digits(features):
            return self._in_parts(features, 1 + scale, shift)
        return super().forward(features).mul_(1 + scale).add_(shift)

    def _loses_digits(self, features: Tensor) -> bool:
        """Whether torch's own would, which training does without."""
        return (
            features.device.type == "cpu"
            and features.dtype == torch.float32
            and features.ndim == 4
            and features[0, 0].numel() > SUMMED_AT_ONCE
            and not features.is_contiguous()
            and not torch.is_grad_enabled()
        )

    def _in_parts(
        self, features: Tensor, factor: Tensor | None = None, shift: Tensor | None = None
    ) -> Tensor:
        """Normalise each part of a map by its own moments, then correct that by those of the whole map.

        The correction works in place, on one new map, and costs little beside the making of that.
        """
        (number, channels, height, width), groups = features.shape, self.num_groups
        parts = _parts(height, width)
        # A map's rows follow one another in this layout: its parts are so many smaller maps.
        rows = features.permute(0, 2, 3, 1).reshape(number * parts, height // parts, width, channels)
        made, means, inverses = torch.native_group_norm(
            rows.permute(0, 3, 1, 2), None, None, number * parts, channels, height // parts * width, groups,
            self.eps,
        )  # fmt: skip
        means, inverses = (moment.double().view(number, parts, groups, 1) for moment in (means, inverses))
        mean = means.mean(1, keepdim=True)
        inverse = (inverses**-2 + (means - mean).square()).mean(1, keepdim=True).rsqrt()  # with `eps`
        weight, bias = (one.view(groups, -1) for one in (self.weight, self.bias))
        if factor is not None:
            factor, shift = (one.view(number, 1, groups, -1) for one in (factor, shift))
            weight, bias = weight * factor, bias * factor + shift
        times, plus = inverse / inverses * weight, (means - mean) * inverse * weight + bias
        times, plus = (one.float().view(number * parts, channels, 1, 1) for one in (times, plus))
        torch.addcmul(plus, made, times, out=made)
        return made.permute(0, 2, 3, 1).reshape(number, height, width, channels).permute(0, 3, 1, 2)


def _parts(height: int, width: int) -> int:
    """Into how many parts of whole rows, all alike, a map is split."""
    most = height * width // SUMMED_AT_ONCE
    return next(parts for parts in range(min(most, height), 0, -1) if height % parts == 0)


class ResidualBlock(ResnetBlock2D):
    """Diffusers' as GLIDE has it: the same numbers, each written over what nobody reads any more."""

    def forward(self, input_tensor: Tensor, temb: Tensor, *others: object, **options: object) -> Tensor:
        """(N, channels, height, width) and the embedding of the timestep to (N, more channels, ...)."""
        if torch.is_grad_enabled():
            return super().forward(input_tensor, temb, *others, **options)
        made = F.silu(self.norm1(input_tensor), inplace=True)
        for resample in filter(None, (self.upsample, self.downsample)):
            input_tensor, made = resample(input_tensor), resample(made)
        scale, shift = self.time_emb_proj(F.silu(temb))[..., None, None].chunk(2, 1)
        made = self.norm2.modulated(self.conv1(made), scale, shift)
        made = self.conv2(F.silu(made, inplace=True))
        return made.add_(input_tensor if self.conv_shortcut is None else self.conv_shortcut(input_tensor))


def fit_to_run(network: Network) -> Network:
    """Let the blocks of a network of GLIDE, in place, be of these kinds; weights stay where they are."""
    for module in network.modules():
        if type(module) is nn.GroupNorm:
            module.__class__ = GroupNorm
        elif type(module) is ResnetBlock2D and module.time_embedding_norm == "scale_shift":
            module.__class__ = ResidualBlock
    return network
