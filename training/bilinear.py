"""Lets an untrained upsampler begin as bilinear enlarging, so that all it has to learn is detail.

Where the picture is what its enlarged input shows, the noise is what is left of the sample after that:
epsilon = (sample - sqrt(alpha-bar) * enlarged) / sqrt(1 - alpha-bar). Sample and input reach the last
residual block by its skip connection; there the embedding of time weighs both.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from bigart_lib.generate.network import Glide
from training.passage import add_constants, keep_size, lanes, lay, middle, through_silu

LEAST_SQUARES_PENALTY = 1e-4
COLOURS = 3


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

    width, groups = unet.conv_in.out_channels, unet.conv_norm_out.num_groups
    both = lanes(width, groups, 2 * COLOURS)  # of a colour the sample, then the enlarged input
    channels = [channel for colour in range(COLOURS) for channel in (colour, COLOURS + colour)]
    lay(unet.conv_in, both, [{middle(unet.conv_in, channel): 1.0} for channel in channels])
    add_constants(unet.conv_in, both)
    # The last block's groups join two of these: the one that the lanes' last is joined to holds opposites.
    free = slice(len(both.rows), len(both.rows) + width // groups, 2)
    unet.conv_in.weight[free.start + 1 : free.stop : 2] = -unet.conv_in.weight[free]
    unet.conv_in.bias[free.start : free.stop] = 0
    keep_size(first.norm1, both)
    add_constants(first.conv2, both, -1)  # nothing below needs them

    keep_size(last.norm1, both, start=width)
    lay(last.conv1, both, [through_silu(last.conv1, width + row) for row in both.signals])
    add_constants(last.conv1, both)
    keep_size(last.norm2, both)
    _weigh(network, both.signals, signal, frequency)
    samples, inputs = both.signals[::2], both.signals[1::2]
    noise = replace(both, signals=samples)
    for layer in (last.conv2, last.conv_shortcut):
        layer.weight[both.rows] = 0
        layer.bias[both.rows] = 0
    lay(
        last.conv2,
        noise,
        [
            through_silu(last.conv2, sample) | through_silu(last.conv2, low, -1)
            for sample, low in zip(samples, inputs, strict=True)
        ],
    )
    add_constants(last.conv2, noise)
    keep_size(unet.conv_norm_out, noise)
    nn.init.zeros_(unet.conv_out.weight)
    nn.init.zeros_(unet.conv_out.bias)
    for colour, row in enumerate(noise.signals):
        for tap, weight in through_silu(unet.conv_out, row).items():
            unet.conv_out.weight[(colour, *tap)] = weight
    for module in (unet.time_embedding, summary, last.time_emb_proj):
        module.requires_grad_(False)


def _weigh(network: Glide, signals: tuple[int, ...], signal: torch.Tensor, frequency: torch.Tensor) -> None:
    """Let the embedding of time scale sample and input by what the equation above gives each."""
    unet = network.unet
    last = unet.up_blocks[-1].resnets[-1]
    timesteps = torch.arange(len(signal), device=signal.device)
    embedded = unet.time_embedding(unet.time_proj(timesteps).to(unet.dtype))
    features = nn.functional.silu(embedded).double()
    features = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
    signal = signal.double()
    factors = torch.stack([(1 - signal).rsqrt(), (signal / (1 - signal)).sqrt()], dim=1)
    # The least stands in the normalisation, the rest above 1 in the embedding: in bfloat16 one plus what is
    # almost -1 would be off by some per cent.
    least = factors[frequency > 0].amin(0)
    # By what an error does to the picture, over the timesteps that are trained at.
    trusted = (frequency.double() * (1 - signal) / signal)[:, None]
    penalty = LEAST_SQUARES_PENALTY * torch.eye(features.shape[1], dtype=torch.float64, device=signal.device)
    solved = torch.linalg.solve(
        features.T @ (trusted * features) + penalty, features.T @ (trusted * (factors - least))
    )
    solved /= least
    projection = last.time_emb_proj
    half = projection.out_features // 2  # scales, then shifts
    for index, row in enumerate(signals):
        last.norm2.weight[row : row + 2] *= least[index % 2].to(last.norm2.weight)
        for here in (row, row + 1):
            projection.weight[here] = solved[:-1, index % 2].to(projection.weight)
            projection.bias[here] = float(solved[-1, index % 2])
            projection.weight[half + here] = 0
            projection.bias[half + here] = 0
