"""GLIDE's networks: a text encoder beside a diffusers UNet, and files of weights to and from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from bigart_lib.generate.text_encoder import EncodedText, TextEncoder, TextEncoderConfig
from bigart_lib.generate.tokenizer import BytePairTokenizer, Tokenizer, WordTokenizer
from bigart_lib.progress import Report, no_report
from bigart_lib.settings import check_choice
from bigart_lib.weights import (
    Layout,
    build_empty,
    check_levels,
    check_parts,
    check_sizes,
    from_config,
    importing_diffusers,
    load_network,
    read_config,
    write_network,
)


@dataclass(frozen=True)
class GlideConfig:
    """Sizes of one GLIDE network; the defaults are the published base model's."""

    in_channels: int = 3  # 3, or 6 for an upsampler: the noisy picture and the enlarged small one
    channels: tuple[int, ...] = (192, 384, 576, 768)  # of each of 1-8 levels, finest first, 1-4096
    attention: tuple[bool, ...] = (False, True, True, True)  # whether each level attends
    layers_per_level: int = 3  # residual blocks on the way down, 1-8; one more on the way up
    head_width: int = 64  # channels of one attention head, 1-1024
    norm_groups: int = 32  # groups of the group normalisation, 1-1024; divides all channels
    text: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    vocabulary: tuple[str, ...] | None = None  # words, fewer than embeddings; None for GPT-2's byte pairs

    def __post_init__(self) -> None:
        check_choice("in_channels", self.in_channels, (3, 6))
        check_levels("channels", self.channels, 4096)
        check_parts("attention", self.attention, (True, False), len(self.channels))
        check_sizes(vars(self), {"layers_per_level": 8, "head_width": 1024, "norm_groups": 1024})
        if any(channels % self.norm_groups for channels in self.channels):
            raise ValueError(f"channels must be multiples of norm_groups, {self.norm_groups}")
        if not isinstance(self.text, TextEncoderConfig):
            raise ValueError("text must have the sizes of a text encoder")
        if self.vocabulary is not None:
            self._check_vocabulary()

    def _check_vocabulary(self) -> None:
        words, most = self.vocabulary, self.text.vocabulary_size - 1  # one embedding fills what is left
        if not isinstance(words, tuple) or not all(isinstance(word, str) for word in words):
            raise ValueError("vocabulary must be a list of words")
        if len(words) > most:
            raise ValueError(f"vocabulary may have {most} words, one fewer than embeddings, not {len(words)}")

    @classmethod
    def from_dict(cls, values: Mapping) -> GlideConfig:
        """The config that `dataclasses.asdict` and JSON made into plain values.

        Raises
        ------
        TypeError, ValueError
            When there is no such config.
        """
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        text = values.get("text")
        if not isinstance(text, Mapping):
            raise ValueError("text must have the sizes of a text encoder")
        return cls(**{**values, **lists, "text": TextEncoderConfig(**text)})


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
        with importing_diffusers:  # takes seconds, which a studio has before it paints
            from diffusers import UNet2DConditionModel

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
        self.tokenizer = new_tokenizer(config)

    def encode(self, prompts: list[str]) -> EncodedText:
        """Encode N prompts: sequence (N, context_length, width) and summary (N, summary_width)."""
        ids, mask = self.tokenizer(prompts)
        return self.text_encoder(ids.to(self.unet.device), mask.to(self.unet.device))

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor | int, text: EncodedText) -> torch.Tensor:
        """Predict epsilon and variance share, (N, 6, H, W), of a noisy sample (N, in_channels, H, W)."""
        return self.unet(
            sample, timestep, encoder_hidden_states=text.sequence, class_labels=text.summary
        ).sample


@contextmanager
def circular(*networks: nn.Module) -> Iterator[None]:
    """Within it, the convolutions of networks see beyond each edge what lies at the opposite one.

    A picture that they make then tiles without a seam, and is moved as its noise is. Networks are as before
    afterwards, whatever happens. Nothing is copied; a padded convolution copies what it reads.
    """
    padded = [
        module
        for network in networks
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and any(module.padding)
    ]
    modes = [module.padding_mode for module in padded]
    try:
        for module in padded:
            module.padding_mode = "circular"
        yield
    finally:
        for module, mode in zip(padded, modes, strict=True):
            module.padding_mode = mode


def load_config(path: Path, is_upsampler: bool = False) -> GlideConfig:
    """The sizes of a network in a file; the published ones where the file does not carry them.

    Raises
    ------
    WeightsError
        When no network has such sizes.
    """
    values = read_config(path)
    if values is None:
        return PUBLISHED_UPSAMPLER if is_upsampler else PUBLISHED_BASE
    return from_config("GLIDE", GlideConfig.from_dict, values, str(path))


def new_tokenizer(config: GlideConfig) -> Tokenizer:
    """The tokenizer that a network of this config reads prompts with."""
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
    with importing_diffusers:
        from bigart_lib.generate.blocks import fit_to_run

    return fit_to_run(load_network("GLIDE", path, device, dtype, build, convert))


def build(values: Mapping) -> Glide:
    """A network of the config that `save` stores."""
    return Glide(GlideConfig.from_dict(values))


def save(network: Glide, path: Path, report: Report = no_report) -> None:
    """Write a network as fp16 safetensors with its config, for `load`."""
    write_network(path, network.state_dict(), asdict(network.config), report)


def convert(published: Mapping[str, torch.Tensor], source: str, config: GlideConfig | None = None) -> Glide:
    """A published GLIDE state dict as our network: frozen, in evaluation mode, in the same precision.

    Parameters
    ----------
    published : tensors under glide_text2im's names. The network shares the memory of most.
    source : the file, for messages.
    config : the sizes that the network must have, as tensors do not tell the width of heads; None takes
        those of the published base model or upsampler.

    Raises
    ------
    WeightsError
        Naming what is missing, not expected, or of another shape.
    """
    if config is None:
        first_shape = getattr(published.get("input_blocks.0.0.weight"), "shape", ())
        is_upsampler = first_shape[1:2] == (PUBLISHED_UPSAMPLER.in_channels,)
        config = PUBLISHED_UPSAMPLER if is_upsampler else PUBLISHED_BASE
    return layout(config).fill(build_empty("GLIDE", Glide, config, source), published, source)


def layout(config: GlideConfig) -> Layout:
    """How glide_text2im publishes the tensors of a network: levels as one list of blocks."""
    layers = config.layers_per_level
    each = layers + 1  # blocks of a level
    attends = config.attention[::-1]  # of the levels on the way up
    blocks = (
        (r"^unet\.mid_block\.resnets\.(\d)", lambda found: f"middle_block.{2 * int(found[1])}"),
        (r"^unet\.mid_block\.attentions\.0", "middle_block.1"),
        (
            r"^unet\.down_blocks\.(\d+)\.(resnets|attentions)\.(\d+)",
            lambda found: f"input_blocks.{1 + int(found[1]) * each + int(found[3])}.{_PLACES[found[2]]}",
        ),
        (
            r"^unet\.down_blocks\.(\d+)\.downsamplers\.0",
            lambda found: f"input_blocks.{(int(found[1]) + 1) * each}.0",
        ),
        (
            r"^unet\.up_blocks\.(\d+)\.(resnets|attentions)\.(\d+)",
            lambda found: f"output_blocks.{int(found[1]) * each + int(found[3])}.{_PLACES[found[2]]}",
        ),
        (
            r"^unet\.up_blocks\.(\d+)\.upsamplers\.0",
            lambda found: (
                f"output_blocks.{int(found[1]) * each + layers}.{2 if attends[int(found[1])] else 1}"
            ),
        ),
    )
    packed = r"\.(qkv|encoder_kv|proj_out)\.weight$"
    return Layout((*blocks, *_RENAMES), packed, kernel=(1,), head_width=config.head_width)


_PLACES = {"resnets": 0, "attentions": 1}  # in a published block
_RENAMES = (
    (r"^unet\.time_embedding\.linear_1", "time_embed.0"),
    (r"^unet\.time_embedding\.linear_2", "time_embed.2"),
    (r"^unet\.conv_in", "input_blocks.0.0"),
    (r"^unet\.conv_norm_out", "out.0"),
    (r"^unet\.conv_out", "out.2"),
    # residual blocks
    (r"\.norm1\b", ".in_layers.0"),
    (r"\.conv1\b", ".in_layers.2"),
    (r"\.time_emb_proj\b", ".emb_layers.1"),
    (r"\.norm2\b", ".out_layers.0"),
    (r"\.conv2\b", ".out_layers.3"),
    (r"\.conv_shortcut\b", ".skip_connection"),
    # attention
    (r"\.group_norm\b", ".norm"),
    (r"\.to_out\.0\b", ".proj_out"),
    (r"\.to_[qkv]\b", ".qkv"),
    (r"\.add_[kv]_proj\b", ".encoder_kv"),
    # the text encoder
    (r"^text_encoder\.blocks", "transformer.resblocks"),
    (r"^text_encoder\.final_norm", "final_ln"),
    (r"^text_encoder\.summary_projection", "transformer_proj"),
    (r"^text_encoder\.", ""),
    (r"\.attention_norm\b", ".ln_1"),
    (r"\.query_key_value\b", ".attn.c_qkv"),
    (r"\.attention_out\b", ".attn.c_proj"),
    (r"\.mlp_norm\b", ".ln_2"),
    (r"\.mlp_in\b", ".mlp.c_fc"),
    (r"\.mlp_out\b", ".mlp.c_proj"),
)
