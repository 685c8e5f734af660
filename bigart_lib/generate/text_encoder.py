"""GLIDE's text encoder: token ids to the two things a GLIDE UNet reads of a prompt.

No library has this network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from bigart_lib.weights import check_sizes

MOST = {
    "vocabulary_size": 2**18,
    "context_length": 1024,
    "width": 4096,
    "num_layers": 64,
    "num_heads": 64,
    "summary_width": 4096,
}


class EncodedText(NamedTuple):
    """A batch of encoded prompts."""

    sequence: torch.Tensor  # (N, context_length, width): what cross-attention reads
    summary: torch.Tensor  # (N, summary_width): added to the time embedding


@dataclass(frozen=True)
class TextEncoderConfig:
    """The encoder's sizes; the defaults are the published ones."""

    vocabulary_size: int = 50257  # token embeddings, 1-262144
    context_length: int = 128  # tokens in a sequence, 1-1024
    width: int = 512  # channels of the residual stream, 1-4096
    num_layers: int = 16  # residual blocks, 1-64
    num_heads: int = 8  # attention heads a block, 1-64
    summary_width: int = 768  # width of the UNet's time embedding, 1-4096

    def __post_init__(self) -> None:
        check_sizes(vars(self), MOST)
        if self.width % self.num_heads:
            raise ValueError(f"width must be a multiple of num_heads, not {self.width} of {self.num_heads}")


class TextEncoder(nn.Module):
    """Pre-norm transformer without a causal mask (Nichol et al. 2022, glide_text2im `text2im_model.py`)."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.token_embedding = nn.Embedding(config.vocabulary_size, width)
        self.positional_embedding = nn.Parameter(0.01 * torch.randn(config.context_length, width))
        self.padding_embedding = nn.Parameter(0.01 * torch.randn(config.context_length, width))
        self.blocks = nn.ModuleList(_Block(width, config.num_heads) for _ in range(config.num_layers))
        self.final_norm = nn.LayerNorm(width)
        self.summary_projection = nn.Linear(width, config.summary_width)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> EncodedText:
        """Encode ids (N, context_length) int64 with their mask, True at the prompt's own tokens."""
        stream = self.token_embedding(ids) + self.positional_embedding
        stream = torch.where(mask[..., None], stream, self.padding_embedding)
        for block in self.blocks:
            stream = block(stream)
        stream = self.final_norm(stream)
        # The published model summarises a prompt by its last position, usually padding.
        return EncodedText(stream, self.summary_projection(stream[:, -1]))


class _Block(nn.Module):
    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        stream = stream + self._attend(self.attention_norm(stream))
        return stream + self.mlp_out(functional.gelu(self.mlp_in(self.mlp_norm(stream))))

    def _attend(self, stream: torch.Tensor) -> torch.Tensor:
        batch, length, width = stream.shape
        packed = self.query_key_value(stream).view(batch, length, self.num_heads, -1).transpose(1, 2)
        attended = functional.scaled_dot_product_attention(*packed.chunk(3, dim=-1))
        return self.attention_out(attended.transpose(1, 2).reshape(batch, length, width))
