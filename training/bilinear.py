"""Lets an untrained upsampler begin as bilinear enlarging, so that all it has to learn is detail.

Where the picture is what its enlarged input shows, the noise is what is left of the sample after that:
epsilon = (sample - sqrt(alpha-bar) * enlarged) / sqrt(1 - alpha-bar). Sample and input reach the last
residual block by its skip connection; there the embedding of time weighs both. Begun at random, a network of
this size goes on shifting colours for hours.

Two properties make the blocks exact. A channel and its negative pass SiLU unharmed, as
silu(x) - silu(-x) = x. And group normalisation takes nothing from a picture where large constants of both
signs stand beside it: mean and deviation are theirs.
"""

from __future__ import annotations

import torch
from torch import nn

from bigart_lib.models.glide import Glide

CONSTANT = 16.0
USUAL_SQUARE = 0.6  # of a sample or picture in [-1, 1], for the little that it adds to the deviation
LEAST_SQUARES_PENALTY = 1e-3
COLOURS = 3
GROUP = 6  # channels of a colour: sample and its negative, input and its negative, the constant and its own
SAMPLE, INPUT, CONSTANTS = 0, 2, 4  # where each pair begins in its group


@torch.no_grad()
def begin_bilinear(network: Glide, signal: torch.Tensor, frequency: torch.Tensor) -> None:
    """Set the weights that enlarge, in place; all others stay as they are.

    The embedding of time, and what the last block reads of it, are not trained then: the weights found for
    them are exact, and large enough for the smallest change to be seen in the colours.

    Parameters
    ----------
    network : an upsampler with six channels in each group of its finest normalisations, and at least eight
        groups.
    signal : alpha-bar of every timestep.
    frequency : how often each is trained at.
    """
    unet = network.unet
    first, last = unet.down_blocks[0].resnets[0], unet.up_blocks[-1].resnets[-1]
    summary = network.text_encoder.summary_projection  # is added to the embedding
    nn.init.zeros_(summary.weight)
    nn.init.zeros_(summary.bias)
    width = unet.conv_in.out_channels

    _clear(unet.conv_in, range(COLOURS * GROUP))
    for colour in range(COLOURS):
        _pair(unet.conv_in, colour * GROUP + SAMPLE, [colour])
        _pair(unet.conv_in, colour * GROUP + INPUT, [COLOURS + colour])
    _constants(unet.conv_in, 1)
    # A fourth group of opposites, as the last block's wider groups join two of these.
    fourth = slice(COLOURS * GROUP, (COLOURS + 1) * GROUP, 2)
    unet.conv_in.weight[fourth.start + 1 : fourth.stop : 2] = -unet.conv_in.weight[fourth]
    unet.conv_in.bias[fourth.start : fourth.stop] = 0

    _keep_size(first.norm1)
    _constants(first.conv2, -1)  # they have done their work

    _keep_size(last.norm1, width)
    _clear(last.conv1, range(COLOURS * GROUP))
    for colour in range(COLOURS):
        for pair in (SAMPLE, INPUT):
            _pair(last.conv1, colour * GROUP + pair, [width + colour * GROUP + pair], opposites=True)
    _constants(last.conv1, 1)
    _keep_size(last.norm2)
    _weigh(network, last.time_emb_proj, signal, frequency)
    _clear(last.conv2, range(COLOURS * GROUP))
    _clear(last.conv_shortcut, range(COLOURS * GROUP))
    for colour in range(COLOURS):
        start = colour * GROUP
        _pair(last.conv2, start, [start + SAMPLE], opposites=True)
        _pair(last.conv2, start, [start + INPUT], opposites=True, sign=-1)
    _constants(last.conv2, 1)
    _keep_size(unet.conv_norm_out)
    nn.init.zeros_(unet.conv_out.weight)
    nn.init.zeros_(unet.conv_out.bias)
    for colour in range(COLOURS):
        unet.conv_out.weight[colour, [colour * GROUP, colour * GROUP + 1], 1, 1] = torch.tensor([1.0, -1.0])
    for module in (unet.time_embedding, summary, last.time_emb_proj):
        module.requires_grad_(False)


def _clear(layer: nn.Conv2d, rows: range) -> None:
    layer.weight[rows.start : rows.stop] = 0
    layer.bias[rows.start : rows.stop] = 0


def _pair(layer: nn.Conv2d, row: int, columns: list[int], opposites: bool = False, sign: float = 1) -> None:
    """Let two rows pass a channel and its negative; `opposites` where the input holds its negative too."""
    middle = layer.kernel_size[0] // 2
    for column in columns:
        layer.weight[row, column, middle, middle] = sign
        layer.weight[row + 1, column, middle, middle] = -sign
        if opposites:
            layer.weight[row, column + 1, middle, middle] = -sign
            layer.weight[row + 1, column + 1, middle, middle] = sign


def _constants(layer: nn.Conv2d, sign: float) -> None:
    """Add the constants, or with -1 take them away."""
    for colour in range(COLOURS):
        start = colour * GROUP + CONSTANTS
        layer.bias[start : start + 2] += sign * torch.tensor([CONSTANT, -CONSTANT])


def _keep_size(norm: nn.GroupNorm, start: int = 0) -> None:
    """Let the colours' channels, from `start`, leave a normalisation as large as they came."""
    in_group = norm.num_channels // norm.num_groups
    for colour in range(COLOURS):
        here = start + colour * GROUP
        group = here // in_group * in_group
        colours_in_group = sum(group <= start + other * GROUP < group + in_group for other in range(COLOURS))
        square = colours_in_group * (2 * CONSTANT**2 + 4 * USUAL_SQUARE) / in_group
        norm.weight[here : here + CONSTANTS] = square**0.5


def _weigh(network: Glide, projection: nn.Linear, signal: torch.Tensor, frequency: torch.Tensor) -> None:
    """Let the embedding of time scale sample and input by what the equation above gives each."""
    unet = network.unet
    timesteps = torch.arange(len(signal), device=signal.device)
    embedded = unet.time_embedding(unet.time_proj(timesteps).to(unet.dtype))
    features = nn.functional.silu(embedded).double()
    features = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
    signal = signal.double()
    factors = torch.stack([(1 - signal).rsqrt(), (signal / (1 - signal)).sqrt()], dim=1)
    # By what an error does to the picture, over the timesteps that are trained at.
    trusted = (frequency.double() * (1 - signal) / signal)[:, None]
    penalty = LEAST_SQUARES_PENALTY * torch.eye(features.shape[1], dtype=torch.float64, device=signal.device)
    solved = torch.linalg.solve(
        features.T @ (trusted * features) + penalty, features.T @ (trusted * (factors - 1))
    )
    half = projection.out_features // 2
    for colour in range(COLOURS):
        for pair, solution in ((SAMPLE, solved[:, 0]), (INPUT, solved[:, 1])):
            for row in (colour * GROUP + pair, colour * GROUP + pair + 1):
                projection.weight[[row, half + row]] = torch.stack([solution[:-1], 0 * solution[:-1]]).to(
                    projection.weight.dtype
                )
                projection.bias[row], projection.bias[half + row] = float(solution[-1]), 0.0
