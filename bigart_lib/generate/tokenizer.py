"""Prompts to token ids, for GLIDE's text encoder. Knows words and numbers, no network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import torch

from bigart_lib.generate.words import Reading, content_words, make_reading, read_words

if TYPE_CHECKING:
    import tiktoken

GPT2_RANKS = "weights/embedded/gpt2.tiktoken"
# GPT-2's pattern: contractions, then letters, digits or other signs with the blank before them, then blanks.
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


class Tokenizer:
    """What both tokenizers share: ids padded to a fixed length, with a mask of the real ones.

    Parameters
    ----------
    context_length : tokens in a sequence; a longer prompt is cut.
    padding_id : the id that fills what is left.
    """

    def __init__(self, context_length: int, padding_id: int) -> None:
        self.context_length = context_length
        self.padding_id = padding_id

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of one prompt, neither cut nor padded."""
        raise TypeError("use BytePairTokenizer or WordTokenizer")

    def read(self, prompt: str) -> Reading:
        """Which words of the prompt are followed, and which are not."""
        raise TypeError("use BytePairTokenizer or WordTokenizer")

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
        super().__init__(context_length, padding_id=50256)

    def tokens(self, prompt: str) -> list[int]:
        """Token ids of one prompt, neither cut nor padded."""
        return _gpt2_encoding().encode_ordinary(prompt.lower())

    def read(self, prompt: str) -> Reading:
        """Every word is followed: what is no token is spelled."""
        return Reading(followed=content_words(prompt))


class WordTokenizer(Tokenizer):
    """One token a word, from a small vocabulary; other words are read as one of it, or passed over.

    A whole vocabulary of byte pairs would be most of the weight of a small model.
    """

    def __init__(self, vocabulary: Sequence[str], context_length: int) -> None:
        super().__init__(context_length, padding_id=len(vocabulary))
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
