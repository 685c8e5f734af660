"""GLIDE's inner features kept between neighbouring steps (Ma et al. 2024, DeepCache), to be measured."""

import torch

from bigart_lib.generate.network import Glide
from bigart_lib.generate.text_encoder import EncodedText


def deep_cache(
    network: Glide, samples: torch.Tensor, timestep: int, text: EncodedText, kept: dict, is_full: bool
) -> torch.Tensor:
    """A network's prediction; all but its finest level from the last full one (Ma et al. 2024, DeepCache)."""
    unet = network.unet
    embedded = unet.time_embedding(unet.get_time_embed(samples, timestep)) + text.summary
    outer, *inner = unet.down_blocks
    features = unet.conv_in(samples)
    sees = {"encoder_hidden_states": text.sequence}

    def block(one: torch.nn.Module, features: torch.Tensor, **given: object) -> object:
        attends = getattr(one, "has_cross_attention", False)
        return one(hidden_states=features, temb=embedded, **given, **(sees if attends else {}))

    deep, beside = block(outer, features)
    beside = [features, *beside]
    if is_full:
        skips = [*beside]
        for one in inner:
            deep, more = block(one, deep)
            skips += more
        deep = unet.mid_block(deep, embedded, **sees)
        for one in unet.up_blocks[:-1]:
            count = len(one.resnets)
            deep = block(one, deep, res_hidden_states_tuple=tuple(skips[-count:]))
            del skips[-count:]
        kept["deep"] = deep
    last = unet.up_blocks[-1]
    made = block(last, kept["deep"], res_hidden_states_tuple=tuple(beside[: len(last.resnets)]))
    return unet.conv_out(unet.conv_act(unet.conv_norm_out(made)))
