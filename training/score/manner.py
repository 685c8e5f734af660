"""Manner: night, seasons and styles move a picture the way they move the painter's own pictures.

Pairs of the base model's pictures start from the same noise, with the word in the prompt and without it.
The painter's move is the difference of the means over its pictures with the word and plain ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

from training.painter import SCENES
from training.score.fresh import Fresh, pictures, unseen
from training.score.given import Given
from training.score.table import Row, percent

PAIRS = 12  # of each word
SCENES_ASKED = 6  # of each word
LEAST_CAPTIONS = 8  # of a scene with the word, for the scene to be asked
PAINTED = 60  # pictures of a scene, with the word and plain, that the painter's move is taken from
FIRST_NOISE = 60_000
EDGE = 0.06  # difference of luminance between neighbours that counts as an edge
ARTICLE = re.compile(r"\ban? (?=([a-z]))")

Measure = Callable[[torch.Tensor], torch.Tensor]  # pictures (N, 3, H, W) in [0, 1] to (N,)


def brightness(pixels: torch.Tensor) -> torch.Tensor:
    """Mean luminance (Rec. 709 weights)."""
    return _luminance(pixels).mean((1, 2))


def blueness(pixels: torch.Tensor) -> torch.Tensor:
    """Blue's share of all light."""
    light = pixels.mean((2, 3))
    return light[:, 2] / light.sum(1).clamp(min=1e-6)


def colourfulness(pixels: torch.Tensor) -> torch.Tensor:
    """Mean distance between a pixel's largest and smallest channel."""
    return (pixels.amax(1) - pixels.amin(1)).mean((1, 2))


def whiteness(pixels: torch.Tensor) -> torch.Tensor:
    """Mean of each pixel's smallest channel: how much white is in it."""
    return pixels.amin(1).mean((1, 2))


def warmth(pixels: torch.Tensor) -> torch.Tensor:
    """Red over green in the lower two thirds, where land is."""
    land = pixels[:, :, pixels.shape[2] // 3 :]
    return (land[:, 0] - land[:, 1]).mean((1, 2))


def roughness(pixels: torch.Tensor) -> torch.Tensor:
    """Mean absolute Laplacian of the luminance: contrast from one pixel to the next."""
    light = _luminance(pixels)
    centre = light[:, 1:-1, 1:-1]
    around = light[:, :-2, 1:-1] + light[:, 2:, 1:-1] + light[:, 1:-1, :-2] + light[:, 1:-1, 2:]
    return (centre - around / 4).abs().mean((1, 2))


def edges(pixels: torch.Tensor) -> torch.Tensor:
    """Share of neighbours whose luminance differs clearly."""
    light = _luminance(pixels)
    return sum((light.diff(dim=axis).abs() > EDGE).float().mean((1, 2)) for axis in (1, 2)) / 2


def _luminance(pixels: torch.Tensor) -> torch.Tensor:
    return torch.einsum("nchw,c->nhw", pixels, torch.tensor([0.2126, 0.7152, 0.0722]))


EXPECTED: dict[str, dict[Measure, int]] = {  # the direction, 1 or -1, in which each word moves each measure
    "night": {brightness: -1, blueness: 1},
    "autumn": {warmth: 1},
    "winter": {whiteness: 1, colourfulness: -1},
    "watercolor": {brightness: 1, colourfulness: -1},
    "oil": {roughness: 1},
    "impressionist": {roughness: 1},
    "minimalist": {edges: -1},
}


@dataclass(frozen=True)
class Moves:
    """How far a word moves each of its measures, in the expected direction if positive."""

    own: dict[str, torch.Tensor]  # of each pair, by the measure's name
    painters: dict[str, float]  # the painter's mean over the scenes asked

    @property
    def right_share(self) -> float:
        """Share of pairs in which every measure moves as expected."""
        return torch.stack([moves > 0 for moves in self.own.values()]).all(0).float().mean().item()

    def sizes(self) -> str:
        """The mean move of each measure against the painter's."""
        return ", ".join(
            f"{name} {moves.mean():+.3f} (painter {self.painters[name]:+.3f})"
            for name, moves in self.own.items()
        )


def score(given: Given) -> list[Row]:
    """Share of pairs that move right, and how far, for each word that the painter says."""
    rows = []
    for number, (word, expected) in enumerate(EXPECTED.items()):
        asked = scenes_with(word)
        if not asked:
            continue
        with_word, plain = [], []
        for index in range(given.number(PAIRS)):
            said = [one.caption for one in with_only(word, asked[index % len(asked)])]
            caption = said[index // len(asked) % len(said)]
            first = FIRST_NOISE + 1000 * number + index
            with_word.append(given.paint(caption, 1, first))
            plain.append(given.paint(without(word, caption), 1, first))
        own = move(expected, torch.cat(with_word), torch.cat(plain))
        moves = Moves(own, painters_move(word, expected, asked))
        rows.append(
            Row("base", f"{word}: pairs that move right ({len(plain)})", percent(moves.right_share), "most")
        )
        rows.append(Row("base", f"{word}: mean move", moves.sizes(), "the painter's"))
    return rows


def move(expected: dict[Measure, int], first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
    """How much further each picture of `first` is than its partner, by each measure, as expected."""
    return {measure.__name__: sign * (measure(first) - measure(second)) for measure, sign in expected.items()}


def painters_move(word: str, expected: dict[Measure, int], asked: list[str]) -> dict[str, float]:
    """The mean move of the painter's own pictures over scenes; it does not paint pairs, so of the means."""
    totals = dict.fromkeys((measure.__name__ for measure in expected), 0.0)
    for scene in asked:
        groups = [pictures(group[:PAINTED]) for group in (with_only(word, scene), with_only("", scene))]
        for measure, sign in expected.items():
            here, there = (measure(group).mean().item() for group in groups)
            totals[measure.__name__] += sign * (here - there) / len(asked)
    return totals


def scenes_with(word: str) -> list[str]:
    """Scenes of which the painter says the word often enough, spread over all there are."""
    known = [scene for scene in SCENES if len(with_only(word, scene)) >= LEAST_CAPTIONS]
    step = max(1, len(known) / SCENES_ASKED)
    return [known[int(index * step)] for index in range(min(SCENES_ASKED, len(known)))]


def with_only(word: str, scene: str) -> list[Fresh]:
    """Unseen pictures whose captions have this word of manner and no other; with no word at all for ""."""
    wanted = {word} - {""}
    return [one for one in unseen(scene) if set(EXPECTED) & set(one.caption.split()) == wanted]


def without(word: str, caption: str) -> str:
    """The caption of the same picture without the word."""
    text = re.sub(rf" (?:in|at) {word}\b", "", caption)
    text = text.replace(f"{word} of ", "painting of ").replace(f"{word} ", "")
    return ARTICLE.sub(lambda match: "an " if match[1] in "aeio" else "a ", text)
