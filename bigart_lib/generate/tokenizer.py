"""Prompts to token ids, for GLIDE's text encoder."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

import torch

from bigart_lib.generate.words import Reading, make_reading, read_words, spelled_reading

if TYPE_CHECKING:
    import tiktoken

GPT2_RANKS = "weights/embedded/gpt2.tiktoken"
# GPT-2's pattern: contractions, then letters, digits or other signs with the blank before them, then blanks.
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


class Tokenizer(Protocol):
    """What GLIDE asks of a tokenizer, and how ids become batches."""

    context_length: int  # tokens in a sequence; a longer prompt is cut
    padding_id: int  # fills what is left

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of one prompt, neither cut nor padded."""

    def read(self, prompt: str) -> Reading:
        """Which words of the prompt are followed, and which are not."""

    def __call__(self, prompts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids (N, context_length) int64, and the mask of the same shape, True at the prompt's own tokens.

        The empty prompt is all padding: it is the unconditional one of classifier-free guidance.
        """
        length = self.context_length
        ids = torch.full((len(prompts), length), self.padding_id)
        mask = torch.zeros((len(prompts), length), dtype=torch.bool)
        for row, prompt in enumerate(prompts):
            tokens = self.tokens(prompt)[:length]
            ids[row, : len(tokens)] = torch.tensor(tokens, dtype=torch.int64)
            mask[row, : len(tokens)] = True
        return ids, mask


class BytePairTokenizer(Tokenizer):
    """GPT-2's byte-level byte pair encoding of the lower-cased prompt, as published GLIDE reads it."""

    def __init__(self, context_length: int = 128) -> None:
        self.context_length, self.padding_id = context_length, 50256

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of one prompt, neither cut nor padded."""
        return _gpt2_encoding().encode_ordinary(prompt.lower())

    def read(self, prompt: str) -> Reading:
        """Every word is followed, as what is no token is spelled, but what is too far back."""
        tokens, most = self.tokens(prompt), self.context_length
        return spelled_reading(prompt, _gpt2_encoding().decode(tokens[:most], "ignore"), most, len(tokens))


class WordTokenizer(Tokenizer):
    """One token per word of a small vocabulary; other words are read as a known word, or ignored.

    The embeddings of all byte pairs would be most of the size of a small model.
    """

    def __init__(self, vocabulary: Sequence[str], context_length: int) -> None:
        self.context_length, self.padding_id = context_length, len(vocabulary)
        self._ids = {word: index for index, word in enumerate(vocabulary)}

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of what one prompt's words are read as, neither cut nor padded."""
        return [self._ids[known] for word in read_words(prompt, self._ids) for known in word.known]

    def read(self, prompt: str) -> Reading:
        """Which words of the prompt are followed, and which are not."""
        return make_reading(prompt, self._ids, self.context_length)


@cache
def _gpt2_encoding() -> tiktoken.Encoding:
    import tiktoken

    lines = (files("bigart_lib") / GPT2_RANKS).read_text().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    return tiktoken.Encoding("gpt2", pat_str=GPT2_PATTERN, mergeable_ranks=ranks, special_tokens={})
