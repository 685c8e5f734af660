"""A whole set of models with random weights, small enough to run every stage in milliseconds."""

from pathlib import Path

import torch
from diffusers import VQModel
from safetensors.torch import save_file

from bigart_lib.enlarge import rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.generate.text_encoder import TextEncoderConfig
from bigart_lib.weights import ModelSet, Sampling

VOCABULARY = ("a", "lake", "over", "sunset")


def tiny_glide(in_channels: int) -> glide.Glide:
    """A base model or, with 6 channels, an upsampler."""
    text = TextEncoderConfig(
        vocabulary_size=len(VOCABULARY) + 1,
        context_length=6,
        width=8,
        num_layers=1,
        num_heads=1,
        summary_width=16,
    )
    # Attention takes the square of what is left: 16 px a side.
    channels = (4, 4, 8) if in_channels == 3 else (4, 4, 4, 4, 8)
    attention = (*[False] * (len(channels) - 1), True)
    config = glide.GlideConfig(in_channels, channels, attention, 1, 8, 4, text, VOCABULARY)
    return glide.Glide(config)


def tiny_vqgan() -> VQModel:
    """A VQGAN as deep as the published one: its attention takes the square of what is left."""
    return VQModel(
        down_block_types=5 * ("DownEncoderBlock2D",),
        up_block_types=5 * ("UpDecoderBlock2D",),
        block_out_channels=(2, 2, 2, 2, 4),
        latent_channels=4,
        num_vq_embeddings=16,
        norm_num_groups=2,
    )


def tiny_enlarger() -> rrdbnet.RRDBNet:
    """An enlarger whose pictures are neither black nor white: its last layer is scaled and centred."""
    network = rrdbnet.RRDBNet(rrdbnet.RRDBNetConfig(num_features=4, num_blocks=1, growth=2))
    network.requires_grad_(False)
    made = network(torch.rand(1, 3, 32, 32))
    gain = 0.15 / made.std((0, 2, 3))
    *_, weight, bias = network.parameters()
    weight.mul_(gain[:, None, None, None])
    bias.sub_(made.mean((0, 2, 3))).mul_(gain).add_(0.5)
    return network


def write_tiny_set(folder: Path) -> ModelSet:
    """Write the set's files and return it."""
    torch.manual_seed(0)
    glide.save(tiny_glide(3), folder / "base.safetensors")
    glide.save(tiny_glide(6), folder / "upsampler.safetensors")
    vqgan.save(tiny_vqgan(), folder / "vqgan.safetensors")
    save_file(tiny_enlarger().state_dict(), folder / "enlarger.safetensors")
    return ModelSet(
        name="embedded",
        base=folder / "base.safetensors",
        upsampler=folder / "upsampler.safetensors",
        enlarger=folder / "enlarger.safetensors",
        enhancer=folder / "vqgan.safetensors",
        sampling=Sampling(
            2,
            3.0,
            "dpm++",
            (500, 0),
            start_log_snr=-5.0,
            qualities={"draft": {"guided": 0.5, "upsampler_timesteps": (500,)}},
        ),  # fmt: skip
    )
