"""What a file may ask for of a VQGAN: the arguments of diffusers' `VQModel`, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigart_lib.settings import Bounds, check, check_choice
from bigart_lib.weights import check_levels, check_parts, check_sizes

MOST = {  # of whole numbers from 1
    "layers_per_block": 8,
    "latent_channels": 1024,
    "vq_embed_dim": 1024,
    "num_vq_embeddings": 2**20,
    "norm_num_groups": 1024,
    "sample_size": 65536,
}
CHOICES = {
    "in_channels": (3,),
    "out_channels": (3,),
    "act_fn": ("silu",),
    "norm_type": ("group",),
    "mid_block_add_attention": (True, False),
    "lookup_from_codebook": (False,),
    "force_upcast": (True, False),
}
BLOCKS = {
    "down_block_types": ("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
    "up_block_types": ("UpDecoderBlock2D", "AttnUpDecoderBlock2D"),
}
GROUPS = 32  # of the normalisation, where a config does not say


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in a config; entries that begin with an underscore are ignored.

    Raises
    ------
    ValueError
        When there is no such argument, or it may not have this value.
    """
    values = {name: value for name, value in config.items() if not name.startswith("_")}
    known = {*MOST, *CHOICES, *BLOCKS, "block_out_channels", "scaling_factor"}
    if unknown := sorted({*values} - known):
        raise ValueError(f"nothing of a VQGAN is called {', '.join(unknown)[:80]}")
    check_levels("block_out_channels", values.get("block_out_channels"), 4096)
    for name, allowed in BLOCKS.items():
        check_parts(name, values.get(name), allowed, len(values["block_out_channels"]))
    named = {name: value for name, value in values.items() if name in MOST}
    if named.get("vq_embed_dim", 0) is None:  # as many as latent channels
        del named["vq_embed_dim"]
    check_sizes(named, {name: MOST[name] for name in named})
    for name in values.keys() & CHOICES.keys():
        check_choice(name, values[name], CHOICES[name])
    check("scaling_factor", values.get("scaling_factor", 1), Bounds(0, 1000))
    groups = values.get("norm_num_groups", GROUPS)
    if any(channels % groups for channels in values["block_out_channels"]):
        raise ValueError(f"block_out_channels must be multiples of norm_num_groups, {groups}")
    return values
