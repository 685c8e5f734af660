"""VQGANs small enough for tests, with the sizes that published files and diffusers tell of the golden one."""

from functools import cache

import torch
from reference import CONFIG, draw_weights

from bigart_lib.finish import vqgan


def small_shapes():
    """Published names and shapes of the network that the golden outputs came from, by the published rule."""
    config = CONFIG["vqgan_small"]
    width, multipliers, blocks = config["ch"], config["ch_mult"], config["num_res_blocks"]
    latent, code = config["z_channels"], config["embed_dim"]
    channels = [width * multiplier for multiplier in multipliers]
    shapes = {"quantize.embedding.weight": (config["n_embed"], code)}

    def convolution(name, inputs, outputs, size=3):
        shapes.update({f"{name}.weight": (outputs, inputs, size, size), f"{name}.bias": (outputs,)})

    def norm(name, features):
        shapes.update({f"{name}.weight": (features,), f"{name}.bias": (features,)})

    def residual(name, inputs, outputs):
        norm(f"{name}.norm1", inputs)
        convolution(f"{name}.conv1", inputs, outputs)
        norm(f"{name}.norm2", outputs)
        convolution(f"{name}.conv2", outputs, outputs)
        if inputs != outputs:
            convolution(f"{name}.nin_shortcut", inputs, outputs, 1)

    def attention(name, features):
        norm(f"{name}.norm", features)
        for part in ("q", "k", "v", "proj_out"):
            convolution(f"{name}.{part}", features, features, 1)

    def level(name, number, inputs, count):
        for block in range(count):
            residual(f"{name}.block.{block}", inputs, channels[number])
            inputs = channels[number]
            if config["resolution"] >> number in config["attn_resolutions"]:
                attention(f"{name}.attn.{block}", inputs)

    def ends(name, first, last):
        convolution(f"{name}.conv_in", *first)
        norm(f"{name}.norm_out", last[0])
        convolution(f"{name}.conv_out", *last)
        for block in (1, 2):
            residual(f"{name}.mid.block_{block}", channels[-1], channels[-1])
        attention(f"{name}.mid.attn_1", channels[-1])

    ends("encoder", (config["in_channels"], width), (channels[-1], latent))
    ends("decoder", (latent, channels[-1]), (channels[0], config["out_ch"]))
    convolution("quant_conv", latent, code, 1)
    convolution("post_quant_conv", code, latent, 1)
    for number, features in enumerate(channels):
        level(f"encoder.down.{number}", number, channels[max(0, number - 1)], blocks)
        level(f"decoder.up.{number}", number, channels[min(len(channels) - 1, number + 1)], blocks + 1)
        if number < len(channels) - 1:
            convolution(f"encoder.down.{number}.downsample.conv", features, features)
        if number > 0:
            convolution(f"decoder.up.{number}.upsample.conv", features, features)
    return shapes


def small_config():
    """The same sizes as diffusers names them."""
    config = CONFIG["vqgan_small"]
    levels = range(len(config["ch_mult"]))
    attends = [config["resolution"] >> level in config["attn_resolutions"] for level in levels]
    return {
        "down_block_types": [f"{'Attn' * attends[level]}DownEncoderBlock2D" for level in levels],
        "up_block_types": [f"{'Attn' * attends[level]}UpDecoderBlock2D" for level in levels[::-1]],
        "block_out_channels": [config["ch"] * multiplier for multiplier in config["ch_mult"]],
        "layers_per_block": config["num_res_blocks"],
        "latent_channels": config["z_channels"],
        "num_vq_embeddings": config["n_embed"],
        "vq_embed_dim": config["embed_dim"],
    }


@cache
def small_network():
    """The golden network."""
    return vqgan.convert(draw_weights("vqgan", small_shapes()), "small.ckpt", small_config())


@cache
def shallow_network():
    """A network of few levels without attention, as the embedded one; its maps differ from one another."""
    config = {
        "down_block_types": ["DownEncoderBlock2D"] * 3,
        "up_block_types": ["UpDecoderBlock2D"] * 3,
        "block_out_channels": [4, 6, 8],
        "latent_channels": 2,
        "num_vq_embeddings": 64,
        "norm_num_groups": 2,
        "mid_block_add_attention": False,
    }
    torch.manual_seed(1)
    network = vqgan.build(config).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, torch.nn.GroupNorm):
            torch.nn.init.normal_(module.weight, 1, 0.3)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    return network
