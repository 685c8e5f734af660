"""Aspect: in pictures that are not square, scenes are recognised and colours shown as in squares."""

from __future__ import annotations

import itertools

import numpy as np

from bigart_lib.generate.sampling import BASE_SIZE, MULTIPLE
from bigart_lib.shapes import SQUARE, nearest_size, ratio
from training.painter import HELD_OUT_PAIRS, SCENES
from training.score import classifier, colour
from training.score.fresh import prompts
from training.score.given import Given
from training.score.table import Row, percent

JUDGED = (SQUARE, "3:2", "2:3", "16:9")
PROMPTS = 5  # of a scene, at most
PAIRS = 10  # pairs of colours, each in every phrasing
TESTED_PER_SCENE = 20  # painted pictures that the classifier itself is tested on
FIRST_NOISE = 200_000  # see `scene.py`


def score(given: Given) -> list[Row]:
    """Shares of pictures with the prompt's scene, and with both its colours, in each shape."""
    rows = []
    for shape in JUDGED:
        right, painted, worst = _scenes(given, shape)
        size = nearest_size(ratio(shape), BASE_SIZE, MULTIPLE)
        own = classifier.accuracy(given.classifier, given.number(TESTED_PER_SCENE), size)
        colours = _colours(given, shape)
        wanted = "" if shape == SQUARE else "about the square's"
        rows += [
            Row("base", f"{shape}: scene recognised ({painted})", percent(right / painted), wanted),
            Row("base", f"{shape}: scenes recognised least", worst),
            Row("base", f"{shape}: both colours ({len(colours)})", percent(np.mean(colours)), wanted),
            Row("classifier", f"{shape}: painted pictures recognised", percent(own), "97 %"),
        ]
    return rows


def _scenes(given: Given, shape: str) -> tuple[int, int, str]:
    """How many pictures were taken for their scene, of how many, and the scenes that were so least."""
    shares, right, painted = {}, 0, 0
    for number, scene in enumerate(SCENES):
        if asked := prompts(scene, given.number(PROMPTS)):
            named = given.classifier.name(given.paint_all(asked, 1, FIRST_NOISE + 100 * number, shape))
            shares[scene] = named.count(scene) / len(named)
            right, painted = right + named.count(scene), painted + len(named)
    least = sorted(shares, key=shares.get)[:3]
    return right, painted, ", ".join(f"{scene} {percent(shares[scene])}" for scene in least)


def _colours(given: Given, shape: str) -> list[bool]:
    """Whether a picture shows both colours of its prompt, over pairs that the painter held out."""
    pairs = sorted(map(sorted, HELD_OUT_PAIRS))[: given.number(PAIRS)]
    return [
        colour.shows(given.paint(phrasing.format(*pair), 1, FIRST_NOISE + 50_000 + number, shape)[0], pair)
        for number, (pair, phrasing) in enumerate(itertools.product(pairs, colour.PHRASINGS))
    ]
