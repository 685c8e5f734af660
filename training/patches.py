"""Lets an untrained VQGAN begin by carrying the colours of patches of 4 px: see `passage.py`.

A latent is the mean colour of its patch, and how lightness changes across it: from left to right, from
top to bottom and from corner to corner, then within its quarters from left to right and from top to
bottom. The decoder enlarges the colours; what the rest is good for it learns.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import VQModel
from diffusers.models.resnet import ResnetBlock2D

from training.passage import Lanes, Tap, add_constants, keep_size, lanes, lay, middle, through_silu

COLOURS = 3
LATENTS = COLOURS + 3 + 2  # the changes across a patch, and those within its quarters
FOUR = ((0, 0), (0, 1), (1, 0), (1, 1))  # row and column of the pixels that become one
ACROSS, DOWN, CORNERS = (-1, 1, -1, 1), (-1, -1, 1, 1), (1, -1, -1, 1)  # their signs in a change
LIGHTNESS = (0.299, 0.587, 0.114)  # Rec. 601
CHANGE = 2.0  # how much larger changes are than they would be beside mean colours
SMOOTH = (0.25, 0.5, 0.25)  # along a row or column: after repeating pixels, almost bilinear
KERNEL = tuple((y, x) for y in range(3) for x in range(3))


def begin_patches(network: VQModel) -> None:
    """Set the weights that carry colours, in place; residual blocks begin by doing nothing.

    `network` halves pictures twice, has eight latents, and at least eight channels in each group of its
    normalisations.
    """
    for module in network.modules():
        if isinstance(module, ResnetBlock2D):
            torch.nn.init.zeros_(module.conv2.weight)
            torch.nn.init.zeros_(module.conv2.bias)
    _begin_encoder(network)
    _begin_decoder(network)


def _begin_encoder(network: VQModel) -> None:
    encoder = network.encoder
    fine, half, quarter = encoder.down_blocks
    widths, groups = network.config.block_out_channels, network.config.norm_num_groups
    colours = lanes(widths[0], groups, COLOURS)
    lay(encoder.conv_in, colours, [{middle(encoder.conv_in, colour): 1.0} for colour in range(COLOURS)])
    # The kernel of a step down begins at the four pixels that become one.
    changes = lanes(widths[0], groups, COLOURS + 2)
    across, down = (lightness(colours, pattern) for pattern in (ACROSS, DOWN))
    lay(fine.downsamplers[0].conv, changes, [*means(colours.signals), across, down])
    wider = lanes(widths[1], groups, COLOURS + 2)
    _widen(half.resnets[0], changes, wider)
    latents = lanes(widths[1], groups, LATENTS)
    own = [lightness(wider, pattern) for pattern in (ACROSS, DOWN, CORNERS)]
    kept, fine_changes = means(wider.signals[:COLOURS]), means(wider.signals[COLOURS:])
    lay(half.downsamplers[0].conv, latents, [*kept, *own, *fine_changes])
    last = lanes(widths[2], groups, LATENTS)
    _widen(quarter.resnets[0], latents, last)
    _end(encoder, encoder.mid_block.resnets[-1], last)
    _leave_alone(network.quant_conv)


def _begin_decoder(network: VQModel) -> None:
    decoder = network.decoder
    groups = network.config.norm_num_groups
    _leave_alone(network.post_quant_conv)
    here = lanes(decoder.conv_in.out_channels, groups, COLOURS)
    lay(decoder.conv_in, here, [{middle(decoder.conv_in, colour): 1.0} for colour in range(COLOURS)])
    for block in decoder.up_blocks:
        for resnet in block.resnets:
            if resnet.conv_shortcut is not None:
                narrower = lanes(resnet.out_channels, groups, COLOURS)
                _widen(resnet, here, narrower)
                here = narrower
        for enlarge in block.upsamplers or ():
            smooth = [{(row, y, x): SMOOTH[y] * SMOOTH[x] for y, x in KERNEL} for row in here.signals]
            lay(enlarge.conv, here, smooth)
    _end(decoder, decoder.up_blocks[-1].resnets[-1], here)


def _widen(resnet: ResnetBlock2D, before: Lanes, after: Lanes) -> None:
    """Let a residual block that changes the number of channels pass the signals on."""
    lay(resnet.conv_shortcut, after, [{middle(resnet.conv_shortcut, row): 1.0} for row in before.signals])


@torch.no_grad()
def _end(half: torch.nn.Module, last: ResnetBlock2D, given: Lanes) -> None:
    """Let an encoder or decoder give the signals, past its last normalisation, and nothing else."""
    add_constants(last.conv2, given)  # no sooner: what reads large constants learns in great leaps
    keep_size(half.conv_norm_out, given)
    torch.nn.init.zeros_(half.conv_out.weight)
    torch.nn.init.zeros_(half.conv_out.bias)
    for out, row in enumerate(given.signals):
        for tap, weight in through_silu(half.conv_out, row).items():
            half.conv_out.weight[(out, *tap)] = weight


def means(signals: Sequence[int]) -> list[dict[Tap, float]]:
    """Taps of the mean of four pixels, for each signal."""
    return [{(row, y, x): 0.25 for y, x in FOUR} for row in signals]


def lightness(given: Lanes, pattern: tuple[int, ...]) -> dict[Tap, float]:
    """Taps of a change of lightness among four pixels, of the colours that are the first signals."""
    return {
        (row, y, x): CHANGE * share * sign / 4
        for row, share in zip(given.signals, LIGHTNESS, strict=False)
        for (y, x), sign in zip(FOUR, pattern, strict=True)
    }


@torch.no_grad()
def _leave_alone(layer: torch.nn.Conv2d) -> None:
    layer.weight.copy_(torch.eye(len(layer.weight))[:, :, None, None])
    torch.nn.init.zeros_(layer.bias)
