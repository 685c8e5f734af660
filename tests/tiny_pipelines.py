"""Text-to-image pipelines of diffusers with tiny random networks, and tokenizers made on the fly."""

import json
import re
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = "a an the of over with sunset lake cat dog villa red blue green ugly blurry painting".split()
WIDTH = 32  # of the text encoders


def clip_tokenizer():
    """A tokenizer of CLIP's kind, that knows the letters."""
    from transformers import CLIPTokenizer

    letters = [*pre_tokenizers.ByteLevel.alphabet()]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:  # transformers 4 makes it of files alone, 5 of either
        vocabulary = {token: place for place, token in enumerate(tokens)}
        Path(folder, "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
        Path(folder, "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
        return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def t5_tokenizer():
    """A tokenizer of T5's kind, that knows some words."""
    from transformers import PreTrainedTokenizerFast

    tokens = ["<pad>", "</s>", "<unk>", *WORDS]
    vocabulary = {token: place for place, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        model_max_length=512,
    )  # fmt: skip


def clip_encoder(tokenizer, projected=False):
    """A text encoder of CLIP's kind."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, projection_dim=WIDTH, max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def t5_encoder(tokenizer):
    """A text encoder of T5's kind."""
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(vocab_size=len(tokenizer), d_model=WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    ).eval()


def autoencoder(channels=4, **more):
    """An autoencoder that makes sides 8 times shorter."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, latent_channels=channels, sample_size=64,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, **more,
    )  # fmt: skip


def unet(**more):
    """The denoising network of Stable Diffusion; its squares are 64 px."""
    from diffusers import UNet2DConditionModel

    settings = {
        "block_out_channels": (8, 16), "layers_per_block": 1, "sample_size": 8, "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "cross_attention_dim": WIDTH,
        "attention_head_dim": 2,
    }  # fmt: skip
    return UNet2DConditionModel(**{**settings, **more})


def scheduler(name="PNDMScheduler", **more):
    """A scheduler with the noise of Stable Diffusion."""
    import diffusers

    settings = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    if name == "PNDMScheduler":
        settings["skip_prk_steps"] = True
    return getattr(diffusers, name)(**settings, **more)


def stable_diffusion():
    """Stable Diffusion."""
    from diffusers import StableDiffusionPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionPipeline(
        vae=autoencoder(), text_encoder=clip_encoder(tokenizer), tokenizer=tokenizer, unet=unet(),
        scheduler=scheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def stable_diffusion_xl():
    """Stable Diffusion XL."""
    from diffusers import StableDiffusionXLPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionXLPipeline(
        vae=autoencoder(), text_encoder=clip_encoder(tokenizer), tokenizer=tokenizer,
        text_encoder_2=clip_encoder(tokenizer, projected=True), tokenizer_2=clip_tokenizer(),
        unet=unet(
            use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=WIDTH + 6 * 8, cross_attention_dim=2 * WIDTH,
        ),
        scheduler=scheduler("EulerDiscreteScheduler"),
    )  # fmt: skip


def latent_consistency():
    """A latent consistency model."""
    from diffusers import LatentConsistencyModelPipeline

    tokenizer = clip_tokenizer()
    return LatentConsistencyModelPipeline(
        vae=autoencoder(), text_encoder=clip_encoder(tokenizer), tokenizer=tokenizer,
        unet=unet(time_cond_proj_dim=32), safety_checker=None, feature_extractor=None,
        scheduler=scheduler("LCMScheduler"), requires_safety_checker=False,
    )  # fmt: skip


def pixart_sigma():
    """PixArt-Sigma."""
    from diffusers import PixArtSigmaPipeline, PixArtTransformer2DModel

    tokenizer = t5_tokenizer()
    return PixArtSigmaPipeline(
        tokenizer=tokenizer, text_encoder=t5_encoder(tokenizer), vae=autoencoder(),
        transformer=PixArtTransformer2DModel(
            sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=3,
            caption_channels=WIDTH, in_channels=4, cross_attention_dim=24, out_channels=8,
            attention_bias=True, activation_fn="gelu-approximate", num_embeds_ada_norm=1000,
            norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6,
            use_additional_conditions=False,
        ),
        scheduler=scheduler("DPMSolverMultistepScheduler"),
    )  # fmt: skip


def flux():
    """FLUX.1."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    clip, t5 = clip_tokenizer(), t5_tokenizer()
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), tokenizer=clip, text_encoder=clip_encoder(clip),
        tokenizer_2=t5, text_encoder_2=t5_encoder(t5),
        vae=autoencoder(4, shift_factor=0.1, scaling_factor=1.5, use_quant_conv=False,
                        use_post_quant_conv=False),
        transformer=FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=WIDTH, pooled_projection_dim=WIDTH,
            axes_dims_rope=[4, 4, 8],
        ),
    )  # fmt: skip


def stable_diffusion_3():
    """Stable Diffusion 3."""
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    clip, t5 = clip_tokenizer(), t5_tokenizer()
    return StableDiffusion3Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), tokenizer=clip,
        text_encoder=clip_encoder(clip, projected=True), tokenizer_2=clip_tokenizer(),
        text_encoder_2=clip_encoder(clip, projected=True), tokenizer_3=t5, text_encoder_3=t5_encoder(t5),
        vae=autoencoder(16, shift_factor=0.06, scaling_factor=1.53, use_quant_conv=False,
                        use_post_quant_conv=False),
        transformer=SD3Transformer2DModel(
            sample_size=8, patch_size=2, in_channels=16, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, joint_attention_dim=WIDTH, caption_projection_dim=32,
            pooled_projection_dim=2 * WIDTH, out_channels=16,
        ),
    )  # fmt: skip


def sana_sprint():
    """Sana-Sprint."""
    from diffusers import AutoencoderDC, SanaSprintPipeline, SanaTransformer2DModel, SCMScheduler
    from transformers import Gemma2Config, Gemma2Model

    tokenizer = t5_tokenizer()
    tokenizer.padding_side = "right"
    coder = {}
    for side in ("encoder", "decoder"):
        coder[f"{side}_block_types"] = ("ResBlock", "EfficientViTBlock")
        coder[f"{side}_block_out_channels"] = (8, 8)
        coder[f"{side}_qkv_multiscales"] = ((), (5,))
        coder[f"{side}_layers_per_block"] = (1, 1)
    return SanaSprintPipeline(
        tokenizer=tokenizer, scheduler=SCMScheduler(),
        text_encoder=Gemma2Model(
            Gemma2Config(
                vocab_size=len(tokenizer), hidden_size=8, intermediate_size=64, num_hidden_layers=1,
                num_attention_heads=2, num_key_value_heads=2, head_dim=16, initializer_range=0.02,
            )
        ).eval(),
        vae=AutoencoderDC(
            in_channels=3, latent_channels=4, attention_head_dim=2, downsample_block_type="conv",
            upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu",
            scaling_factor=0.41407, **coder,
        ),
        transformer=SanaTransformer2DModel(
            patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
            attention_head_dim=4, num_cross_attention_heads=2, cross_attention_head_dim=4,
            cross_attention_dim=8, caption_channels=8, sample_size=32, qk_norm="rms_norm_across_heads",
            guidance_embeds=True,
        ),
    )  # fmt: skip


PIPELINES = {
    "sd": stable_diffusion,
    "sdxl": stable_diffusion_xl,
    "lcm": latent_consistency,
    "pixart": pixart_sigma,
    "flux": flux,
    "sd3": stable_diffusion_3,
    "sana": sana_sprint,
}


def save(name, folder):
    """Build a pipeline and save it; the same numbers every time."""
    torch.manual_seed(sum(map(ord, name)))
    PIPELINES[name]().save_pretrained(folder, safe_serialization=True)
    return folder


def save_single_file(folder, path):
    """Write a saved Stable Diffusion as one file, as it was first published, its configurations beside it."""
    read = {name: _read(folder / name) for name in ("unet", "vae", "text_encoder")}
    unet_names = {name: f"model.diffusion_model.{_old_unet(name)}" for name in read["unet"]}
    vae_names = {name: f"first_stage_model.{_old_vae(name)}" for name in read["vae"]}
    text = "cond_stage_model.transformer.text_model."
    text_names = {name: text + name.removeprefix("text_model.") for name in read["text_encoder"]}
    tensors = {}
    for component, names in (("unet", unet_names), ("vae", vae_names), ("text_encoder", text_names)):
        tensors.update({new: read[component][old].contiguous() for old, new in names.items()})
    save_file(tensors, path)
    shutil.copytree(folder, path.with_suffix(""), ignore=shutil.ignore_patterns("*.safetensors"))
    return path


def _read(folder):
    return load_file(next(folder.glob("*.safetensors")))


def _replaced(name, pairs):
    for new, old in pairs.items():
        name = name.replace(new, old)
    return name


def _old_unet(name, a_block=2):
    """The published name of a tensor of the UNet, which has one layer in a block."""
    name = _replaced(
        name, {
            "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
            "conv_norm_out": "out.0", "conv_out": "out.2", "conv_in": "input_blocks.0.0",
            "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
            "mid_block.resnets.1": "middle_block.2",
        },
    )  # fmt: skip
    for pattern, place, part in (
        (r"down_blocks.(\d+).resnets.(\d+)", lambda b, i: a_block * b + i + 1, "0"),
        (r"down_blocks.(\d+).attentions.(\d+)", lambda b, i: a_block * b + i + 1, "1"),
        (r"down_blocks.(\d+).downsamplers.(\d+).conv", lambda b, i: a_block * b + a_block, "0.op"),
    ):
        if found := re.match(pattern, name):
            name = f"input_blocks.{place(*map(int, found.groups()))}.{part}{name[found.end() :]}"
    for pattern, place, part in (
        (r"up_blocks.(\d+).resnets.(\d+)", lambda b, i: a_block * b + i, "0"),
        (r"up_blocks.(\d+).attentions.(\d+)", lambda b, i: a_block * b + i, "1"),
        (r"up_blocks.(\d+).upsamplers.(\d+)", lambda b, i: a_block * b + a_block - 1, "2"),
    ):
        if found := re.match(pattern, name):
            name = f"output_blocks.{place(*map(int, found.groups()))}.{part}{name[found.end() :]}"
    if "transformer_blocks" in name or ".1.norm" in name or ".1.proj_" in name:
        return name
    return _replaced(
        name, {
            "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
            "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
        },
    )  # fmt: skip


def _old_vae(name, blocks=4):
    """The published name of a tensor of the autoencoder."""
    name = re.sub(r"up_blocks.(\d+)", lambda found: f"up.{blocks - 1 - int(found[1])}", name)
    name = re.sub(r"down_blocks.(\d+)", r"down.\1", name)
    name = _replaced(
        name, {
            "mid_block.resnets.0": "mid.block_1", "mid_block.resnets.1": "mid.block_2",
            "mid_block.attentions.0": "mid.attn_1", "resnets": "block", "downsamplers.0": "downsample",
            "upsamplers.0": "upsample", "conv_shortcut": "nin_shortcut", "conv_norm_out": "norm_out",
        },
    )  # fmt: skip
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
    return _replaced(name, attention) if "attn_1" in name else name


def write_index(folder, class_name, **entries):
    """Write a folder that says which pipeline it is, and has nothing of it."""
    folder.mkdir(parents=True)
    index = {"_class_name": class_name, "_diffusers_version": "0.42.1", **entries}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
