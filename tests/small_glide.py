"""GLIDE networks small enough for tests, with the weights that the golden outputs were made with."""

from dataclasses import replace
from functools import cache

import torch
from reference import CONFIG, draw_weights

from bigart_lib.generate import network as glide
from bigart_lib.generate.blocks import fit_to_run
from bigart_lib.generate.text_encoder import TextEncoderConfig

SMALL = CONFIG["glide_small"]


def small_config(**changes) -> glide.GlideConfig:
    """The sizes that the golden outputs were made with."""
    text = TextEncoderConfig(
        width=SMALL["xf_width"],
        num_layers=SMALL["xf_layers"],
        num_heads=SMALL["xf_heads"],
        summary_width=4 * SMALL["num_channels"],
    )
    base = glide.GlideConfig(
        channels=tuple(SMALL["num_channels"] * multiplier for multiplier in (1, 2, 3, 4)),
        layers_per_level=SMALL["num_res_blocks"],
        head_width=SMALL["num_head_channels"],
        text=text,
    )
    return replace(base, **changes)


UPSAMPLER = {
    "in_channels": 6,
    "channels": tuple(SMALL["num_channels"] * multiplier for multiplier in (1, 1, 2, 2, 4, 4)),
    "attention": (False, False, False, True, True, True),
}


def published_small(model: str, config: glide.GlideConfig) -> dict[str, torch.Tensor]:
    """The small published state dict of the golden outputs."""
    entries = glide.layout(config).entries(glide.Glide(config))
    return draw_weights(model, {name: entry.shape for name, entry in entries.items()})


def _as_run(model: str, config: glide.GlideConfig) -> glide.Glide:
    """A network of golden weights with the blocks and the layout that `load` and `Networks` give it."""
    network = fit_to_run(glide.convert(published_small(model, config), f"golden {model}", config))
    return network.to(memory_format=torch.channels_last)


@cache
def small_base() -> glide.Glide:
    """The golden base model."""
    return _as_run("base", small_config())


@cache
def small_upsampler() -> glide.Glide:
    """The golden upsampler."""
    return _as_run("upsample", small_config(**UPSAMPLER))
