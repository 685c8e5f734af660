"""Painted pictures from seeds that training never uses, and the prompts that fit them. Knows no network."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from bigart_lib.generate.prompts import EXAMPLES
from bigart_lib.generate.words import split_words
from training.painter import COLOURS, SCENES, Painted, paint

UNSEEN_SEED = 10**6  # far from any seed of the training
LOOKED_AT = 400  # pictures of each scene whose captions are read
CAPTION_SIZE = 8  # px a side: the caption is the same at any size
SMOOTHING = 0.01  # added to the count of a word in a scene's captions
COLOUR_NAME = re.compile(rf"\b({'|'.join(COLOURS)})\b")


@dataclass(frozen=True)
class Fresh:
    """An unseen picture, before it is painted."""

    scene: str
    number: int
    caption: str

    def paint(self, size: int) -> np.ndarray:
        """The picture, uint8, size x size x 3."""
        return paint_unseen(self.scene, self.number, size).picture


def paint_unseen(scene: str, number: int, size: int | tuple[int, int]) -> Painted:
    """One picture of the scene for each number, at any size."""
    return paint(np.random.default_rng([UNSEEN_SEED, zlib.crc32(scene.encode()), number]), size, scene)


@cache
def unseen(scene: str) -> tuple[Fresh, ...]:
    """The first pictures of a scene."""
    captions = (paint_unseen(scene, number, CAPTION_SIZE).caption for number in range(LOOKED_AT))
    return tuple(Fresh(scene, number, caption) for number, caption in enumerate(captions))


def pictures(fresh: Sequence[Fresh], size: int = 64) -> torch.Tensor:
    """Paint them: (N, 3, size, size) float32 in [0, 1]."""
    return as_tensor(np.stack([one.paint(size) for one in fresh]))


def as_tensor(painted: np.ndarray) -> torch.Tensor:
    """Pictures (N, H, W, 3) uint8 as (N, 3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(painted).permute(0, 3, 1, 2).float() / 255


def prompts(scene: str, count: int) -> list[str]:
    """What names the scene and no other: the article's prompts first, then captions, no two the same.

    Fewer than `count` where the painter has no more to say.
    """
    captions = [one.caption for one in unseen(scene) if _scenes_called(form(one.caption)) == {scene}]
    article = [prompt for prompt, named in article_prompts().items() if named == scene]
    return list(dict.fromkeys([*article, *captions]))[:count]


def form(caption: str) -> str:
    """A caption with every colour's name left out, so that two which differ in colours are one."""
    return COLOUR_NAME.sub("_", caption)


def _scenes_called(wanted: str) -> set[str]:
    return _scenes_by_form()[wanted]


@cache
def _scenes_by_form() -> dict[str, set[str]]:
    scenes: dict[str, set[str]] = {}
    for scene in SCENES:
        for one in unseen(scene):
            scenes.setdefault(form(one.caption), set()).add(scene)
    return scenes


@cache
def article_prompts() -> dict[str, str]:
    """The article's prompts, all of whose words the painter says, each with the scene that it names."""
    texts = [prompt.lower() for kind in EXAMPLES.values() for prompt in kind]
    counts = {scene: Counter(_words(one.caption for one in unseen(scene))) for scene in SCENES}
    named = {}
    for text in texts:
        words = _words([text])
        if all(any(counts[scene][word] for scene in SCENES) for word in words):
            named[text] = max(SCENES, key=lambda scene: _likeness(words, counts[scene]))
    return named


def _likeness(words: Sequence[str], counts: Counter) -> float:
    """Log-likelihood of words by their frequency in a scene's captions."""
    return float(sum(np.log((counts[word] + SMOOTHING) / LOOKED_AT) for word in words))


def _words(captions: object) -> list[str]:
    return [word for caption in captions for word in split_words(COLOUR_NAME.sub("", caption))]
