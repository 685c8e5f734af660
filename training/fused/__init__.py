"""Residual blocks that train faster on a CPU: one compiled pass for normalisation, scale and shift, and SiLU.

The blocks compute what diffusers' do; only training uses them. Compiled at the first use, which needs g++ and
ninja, into a folder of torch's extensions that is named by what is compiled; without them, and on a GPU,
`accelerate` leaves the network as it is.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

import torch
from diffusers.models.resnet import ResnetBlock2D
from filelock import FileLock
from torch import nn
from torch.nn import functional

FLAGS = ("-O3", "-march=native", "-ffast-math")


SOURCE = Path(__file__).with_name("norm_silu.cpp")


@functools.cache
def _compiled() -> ModuleType | None:
    from torch.utils import cpp_extension

    try:
        folder = _build_folder(cpp_extension.get_default_build_root())
        folder.mkdir(parents=True, exist_ok=True)
        # The system takes this lock from a process that is killed. Torch's own lock would stay, and be waited
        # for without end; whoever holds this one knows that nobody builds.
        with FileLock(folder.with_suffix(".lock")):
            (folder / "lock").unlink(missing_ok=True)
            return cpp_extension.load(
                "bigart_norm_silu", [str(SOURCE)], extra_cflags=list(FLAGS), build_directory=str(folder)
            )
    except (ImportError, OSError, RuntimeError) as error:  # no ninja, no g++, no headers of Python
        reason = str(error).splitlines()[0]
        print(f"training.fused: training goes without fused blocks: {reason}", file=sys.stderr)
        return None


def _build_folder(default_root: str) -> Path:
    """A folder for this source, compiled for this processor, Python and torch."""
    machine = (platform.machine(), torch.backends.cpu.get_cpu_capability())
    made_of = (SOURCE.read_bytes(), FLAGS, machine, platform.python_version(), torch.__version__)
    fingerprint = hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
    return Path(os.environ.get("TORCH_EXTENSIONS_DIR") or default_root) / f"bigart_norm_silu-{fingerprint}"


def is_available() -> bool:
    """Whether there is a compiler, and what it makes runs here."""
    return _compiled() is not None


def accelerate(network: nn.Module) -> nn.Module:
    """Let a network's residual blocks, in place, use the compiled pass where it can be had."""
    if next(network.parameters()).device.type == "cpu" and is_available():
        for module in network.modules():
            if type(module) is ResnetBlock2D:
                module.__class__ = FusedResnetBlock2D
    return network


class FusedResnetBlock2D(ResnetBlock2D):
    """Diffusers' residual block, with its two normalisations fused with what follows them."""

    def forward(self, input_tensor: torch.Tensor, temb: torch.Tensor | None = None) -> torch.Tensor:
        hidden = norm_silu(input_tensor, self.norm1)
        for resample in (self.upsample, self.downsample):
            if resample is not None:
                input_tensor, hidden = resample(input_tensor), resample(hidden)
        hidden = self.conv1(hidden)
        scale = shift = None
        if self.time_emb_proj is not None:
            embedded = self.time_emb_proj(functional.silu(temb)).float()
            if self.time_embedding_norm == "scale_shift":
                scale, shift = embedded.chunk(2, dim=1)
            else:
                hidden = hidden + embedded[:, :, None, None].to(hidden.dtype)
        hidden = self.conv2(norm_silu(hidden, self.norm2, scale, shift))
        if self.conv_shortcut is not None:
            input_tensor = self.conv_shortcut(input_tensor)
        return input_tensor + hidden


def norm_silu(
    features: torch.Tensor,
    norm: nn.GroupNorm,
    scale: torch.Tensor | None = None,
    shift: torch.Tensor | None = None,
) -> torch.Tensor:
    """`silu(norm(features) * (1 + scale) + shift)` of (N, C, H, W); scale and shift (N, C) float32."""
    factor = 1 if scale is None else 1 + scale
    weight = norm.weight * factor
    bias = norm.bias * factor + (0 if shift is None else shift)
    rows = (len(features), norm.num_channels)
    return _NormSilu.apply(features, weight.expand(rows), bias.expand(rows), norm.num_groups, norm.eps)


class _NormSilu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, weight, bias, num_groups, epsilon):
        features = features.contiguous(memory_format=torch.channels_last)
        sums, squares = _compiled().moments(features)
        count = features[0].numel() // num_groups

        def of_groups(values: torch.Tensor) -> torch.Tensor:
            """Sums over the channels of each group, for each channel."""
            grouped = values.unflatten(1, (num_groups, -1))
            return grouped.sum(2, keepdim=True).expand_as(grouped).flatten(1)

        mean = of_groups(sums) / count
        inverse = (of_groups(squares) / count - mean.square()).clamp(min=0).add(epsilon).rsqrt().float()
        mean = mean.float()
        a = (weight * inverse).contiguous()
        b = (bias - mean * a).contiguous()
        ctx.save_for_backward(features, weight, mean, inverse, a, b)
        ctx.of_groups, ctx.count = of_groups, count
        return _compiled().forward(features, a, b)

    @staticmethod
    def backward(ctx, upstream):
        features, weight, mean, inverse, a, b = ctx.saved_tensors
        upstream = upstream.to(features.dtype).contiguous(memory_format=torch.channels_last)
        slopes, d_bias, products = _compiled().slopes(features, upstream, a, b)
        centred = products - mean * d_bias
        d_inverse = ctx.of_groups(weight * centred)
        d_mean = -inverse * ctx.of_groups(weight * d_bias)
        q = -(inverse**3) * d_inverse / ctx.count
        r = d_mean / ctx.count - q * mean
        d_features = _compiled().backward(features, slopes, a, q.contiguous(), r.contiguous())
        return d_features, inverse * centred, d_bias, None, None
