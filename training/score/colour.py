"""Colour: both colours that a prompt names are there, over pairs that the painter held out."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from training.painter import COLOURS, HELD_OUT_PAIRS, colour_shares
from training.score.fresh import UNSEEN_SEED
from training.score.given import Given
from training.score.table import Row, percent

LEAST_SHARE = 0.08  # of the pixels, for a colour to count as shown
PHRASINGS = (
    "a block color painting with {} and {} squares",
    "an abstract painting with {} and {} circles",
    "a painting of {} and {} triangles",
    "an abstract painting of {} and {} stripes",
)
PER_PROMPT = 5


def score(given: Given) -> list[Row]:
    """Share of pictures that show both named colours, and a random other pair."""
    generator = np.random.default_rng(UNSEEN_SEED)
    shown, others = [], []
    count = given.number(PER_PROMPT)
    for pair, phrasing in itertools.product(sorted(map(sorted, HELD_OUT_PAIRS)), PHRASINGS):
        for picture in given.paint(phrasing.format(*pair), count, first=len(shown)):
            shown.append(shows(picture, pair))
            free = [name for name in COLOURS if name not in pair]
            others.append(shows(picture, generator.choice(free, 2, replace=False).tolist()))
    return [
        Row("base", f"both named colours shown ({len(shown)} pictures)", percent(np.mean(shown)), "90 %"),
        Row("base", "a random other pair shown", percent(np.mean(others)), "under 30 %"),
    ]


def shows(picture: torch.Tensor, names: list[str]) -> bool:
    """Whether each named colour covers enough of a picture (3, H, W) in [0, 1]."""
    shares = colour_shares(picture.mul(255).round().byte().permute(1, 2, 0).numpy())
    return all(shares[name] >= LEAST_SHARE for name in names)
