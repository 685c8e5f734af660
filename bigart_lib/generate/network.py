"""GLIDE's networks: a text encoder beside a diffusers UNet, and files of weights to and from them.

Knows how the published tensors map onto diffusers' modules. Knows no sampler: see `stages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from bigart_lib.generate.text_encoder import EncodedText, TextEncoder, TextEncoderConfig
from bigart_lib.generate.tokenizer import BytePairTokenizer, Tokenizer, WordTokenizer
from bigart_lib.progress import Report, no_report
from bigart_lib.weights import (
    WeightsError,
    check_fit,
    read_config,
    read_onto,
    read_tensors,
    write_network,
)


@dataclass(frozen=True)
class GlideConfig:
    """Sizes of one GLIDE network; the defaults are the published base model's."""

    in_channels: int = 3  # 3, or 6 for an upsampler: the noisy picture and the enlarged small one
    channels: tuple[int, ...] = (192, 384, 576, 768)  # of each level, finest first
    attention: tuple[bool, ...] = (False, True, True, True)  # whether each level attends
    layers_per_level: int = 3  # residual blocks on the way down; one more on the way up
    head_width: int = 64  # channels of one attention head
    norm_groups: int = 32  # groups of the group normalisation
    text: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    vocabulary: tuple[str, ...] | None = None  # words, or None for GPT-2's byte pairs

    @classmethod
    def from_dict(cls, values: Mapping) -> GlideConfig:
        """The config that `dataclasses.asdict` and JSON made into plain values."""
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists, "text": TextEncoderConfig(**values["text"])})


PUBLISHED_BASE = GlideConfig()
PUBLISHED_UPSAMPLER = GlideConfig(
    in_channels=6,
    channels=(192, 192, 384, 384, 768, 768),
    attention=(False, False, False, True, True, True),
    layers_per_level=2,
)


class Glide(nn.Module):
    """One GLIDE network (Nichol et al. 2022): base or upsampler.

    Raises
    ------
    ValueError
        From diffusers, when the sizes do not go together.
    """

    def __init__(self, config: GlideConfig) -> None:
        super().__init__()
        self.config = config
        self.text_encoder = TextEncoder(config.text)
        self.unet = UNet2DConditionModel(
            in_channels=config.in_channels,
            out_channels=6,  # epsilon, and the share of the learned variance
            down_block_types=[
                "SimpleCrossAttnDownBlock2D" if attends else "ResnetDownsampleBlock2D"
                for attends in config.attention
            ],
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            up_block_types=[
                "SimpleCrossAttnUpBlock2D" if attends else "ResnetUpsampleBlock2D"
                for attends in reversed(config.attention)
            ],
            block_out_channels=config.channels,
            layers_per_block=config.layers_per_level,
            attention_head_dim=config.head_width,
            norm_num_groups=config.norm_groups,
            norm_eps=1e-5,
            cross_attention_dim=config.text.width,
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
            flip_sin_to_cos=True,
            freq_shift=0,
            time_embedding_dim=config.text.summary_width,
        )
        self.tokenizer = _tokenizer(config)

    def encode(self, prompts: list[str]) -> EncodedText:
        """Encode N prompts: sequence (N, context_length, width) and summary (N, summary_width)."""
        ids, mask = self.tokenizer(prompts)
        return self.text_encoder(ids.to(self.unet.device), mask.to(self.unet.device))

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor | int, text: EncodedText) -> torch.Tensor:
        """Predict epsilon and variance share, (N, 6, H, W), of a noisy sample (N, in_channels, H, W)."""
        return self.unet(
            sample, timestep, encoder_hidden_states=text.sequence, class_labels=text.summary
        ).sample


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a network in a file, without the network."""
    values = read_config(path)
    return _tokenizer(GlideConfig.from_dict(values) if values else GlideConfig())


def _tokenizer(config: GlideConfig) -> Tokenizer:
    if config.vocabulary is None:
        return BytePairTokenizer(config.text.context_length)
    return WordTokenizer(config.vocabulary, config.text.context_length)


def load(path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Glide:
    """Load a network, frozen and in evaluation mode.

    Parameters
    ----------
    path : a `.safetensors` file that `save` wrote, or a checkpoint of the size and in the layout published.
    device, dtype : where and in which precision it will run.

    Raises
    ------
    WeightsError
        When the file is neither, or its tensors do not fit.
    """
    values = read_config(path)
    if values is None:
        published = read_tensors(path)
        first_shape = getattr(published.get("input_blocks.0.0.weight"), "shape", ())
        is_upsampler = first_shape[1:2] == (PUBLISHED_UPSAMPLER.in_channels,)
        network = convert(published, str(path), PUBLISHED_UPSAMPLER if is_upsampler else PUBLISHED_BASE)
        return network.to(device=device, dtype=dtype)
    tensors = read_onto(path, device, dtype)
    try:
        network = _empty(GlideConfig.from_dict(values))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: no GLIDE can be built from its config: {error}") from error
    check_fit({name: tuple(value.shape) for name, value in network.state_dict().items()}, tensors, str(path))
    return _fill(network, tensors)


def save(network: Glide, path: Path, report: Report = no_report) -> None:
    """Write a network as fp16 safetensors with its config, for `load`."""
    write_network(path, network.state_dict(), asdict(network.config), report)


def convert(published: Mapping[str, torch.Tensor], source: str, config: GlideConfig) -> Glide:
    """A published GLIDE state dict as our network: frozen, eval mode, same precision.

    Parameters
    ----------
    published : tensors under glide_text2im's names. The network shares the memory of most.
    source : the file, for messages.
    config : the sizes that the network must have; the widths of heads cannot be read from tensors.

    Raises
    ------
    WeightsError
        Naming what is missing, not expected, or of another shape.
    """
    network = _empty(config)
    entries = list(published_entries(network))
    check_fit({entry.published: entry.shape for entry in entries}, published, source)
    tensors = {}
    for entry in entries:
        tensors.update(entry.split(published[entry.published]))
    return _fill(network, tensors)


def _empty(config: GlideConfig) -> Glide:
    with torch.device("meta"):
        return Glide(config)


def _fill(network: Glide, tensors: Mapping[str, torch.Tensor]) -> Glide:
    network.load_state_dict(tensors, strict=True, assign=True)
    return network.requires_grad_(False).eval()


# Published names of the parts of a block, by ours.
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ATTENTION = {
    "group_norm": "norm",
    "to_out.0": "proj_out",
    "to_q": "qkv",
    "to_k": "qkv",
    "to_v": "qkv",
    "add_k_proj": "encoder_kv",
    "add_v_proj": "encoder_kv",
}
_TEXT_BLOCK = {
    "attention_norm": "ln_1",
    "query_key_value": "attn.c_qkv",
    "attention_out": "attn.c_proj",
    "mlp_norm": "ln_2",
    "mlp_in": "mlp.c_fc",
    "mlp_out": "mlp.c_proj",
}
_WHOLE = {
    "unet.time_embedding.linear_1": "time_embed.0",
    "unet.time_embedding.linear_2": "time_embed.2",
    "unet.conv_in": "input_blocks.0.0",
    "unet.conv_norm_out": "out.0",
    "unet.conv_out": "out.2",
    "text_encoder.token_embedding": "token_embedding",
    "text_encoder.positional_embedding": "positional_embedding",
    "text_encoder.padding_embedding": "padding_embedding",
    "text_encoder.final_norm": "final_ln",
    "text_encoder.summary_projection": "transformer_proj",
}


class PublishedEntry(NamedTuple):
    """One published tensor and the tensors of ours that it holds, packed head by head if several."""

    published: str
    ours: tuple[str, ...]
    shape: tuple[int, ...]  # of the published tensor
    num_heads: int

    def split(self, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
        """Our tensors, by name, from the published one."""
        parts = len(self.ours)
        if len(self.shape) == 3:  # a 1-D convolution of width 1 is our linear layer
            tensor = tensor.squeeze(-1)
        if parts == 1:
            return {self.ours[0]: tensor}
        rest = tensor.shape[1:]
        packed = tensor.reshape(self.num_heads, parts, -1, *rest)
        return {name: packed[:, part].reshape(-1, *rest) for part, name in enumerate(self.ours)}


def published_entries(network: Glide) -> Iterator[PublishedEntry]:
    """Every tensor of the published state dict that a network of these sizes has."""
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for published, ours in _group_by_published_name(network.config, shapes).items():
        rows, *columns = shapes[ours[0]]
        is_attention_weight = re.search(r"\.(qkv|encoder_kv|proj_out)\.weight$", published)
        yield PublishedEntry(
            published,
            tuple(ours),
            (len(ours) * rows, *columns, *([1] if is_attention_weight else [])),
            max(1, rows // network.config.head_width),
        )


def _group_by_published_name(config: GlideConfig, names: Mapping) -> dict[str, list[str]]:
    prefixes = dict(_block_names(config))
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_published_name(name, prefixes), []).append(name)
    return groups


def _published_name(name: str, prefixes: Mapping[str, str]) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    layer, parameter = name.rsplit(".", 1)
    if layer in _WHOLE:
        return f"{_WHOLE[layer]}.{parameter}"
    block = re.match(
        r"text_encoder\.blocks\.\d+|unet\..*?(?:resnets|attentions|downsamplers|upsamplers)\.\d+", layer
    )[0]
    part = layer[len(block) + 1 :]
    parts = _TEXT_BLOCK if block.startswith("text") else _ATTENTION if "attentions" in block else _RESNET
    return f"{prefixes[block]}.{parts[part]}.{parameter}"


def _block_names(config: GlideConfig) -> Iterator[tuple[str, str]]:
    """(ours, published) for every residual, attention and transformer block."""
    for index in range(config.text.num_layers):
        yield f"text_encoder.blocks.{index}", f"transformer.resblocks.{index}"
    yield "unet.mid_block.resnets.0", "middle_block.0"
    yield "unet.mid_block.attentions.0", "middle_block.1"
    yield "unet.mid_block.resnets.1", "middle_block.2"
    num_levels, layers = len(config.channels), config.layers_per_level
    for level in range(num_levels):
        for layer in range(layers):
            index = 1 + level * (layers + 1) + layer
            yield f"unet.down_blocks.{level}.resnets.{layer}", f"input_blocks.{index}.0"
            yield f"unet.down_blocks.{level}.attentions.{layer}", f"input_blocks.{index}.1"
        halving = (level + 1) * (layers + 1)
        yield f"unet.down_blocks.{level}.downsamplers.0", f"input_blocks.{halving}.0"
    for level, attends in enumerate(reversed(config.attention)):
        for layer in range(layers + 1):
            index = level * (layers + 1) + layer
            yield f"unet.up_blocks.{level}.resnets.{layer}", f"output_blocks.{index}.0"
            yield f"unet.up_blocks.{level}.attentions.{layer}", f"output_blocks.{index}.1"
        doubling = level * (layers + 1) + layers
        yield f"unet.up_blocks.{level}.upsamplers.0", f"output_blocks.{doubling}.{2 if attends else 1}"
