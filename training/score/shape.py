"""Shape: circles, squares, triangles and lines are told apart by the classifier of scenes."""

from __future__ import annotations

import numpy as np

from training.score.fresh import pictures, prompts, unseen
from training.score.given import Given
from training.score.table import Row, percent

SHAPES = ("circles", "squares", "triangles", "lines")
PROMPTS = 8  # of a shape
EACH = 2  # pictures of a prompt
PAINTED = 50  # pictures of a shape that the classifier itself is tested on
FIRST_NOISE = 50_000  # see `scene.py`


def score(given: Given) -> list[Row]:
    """Share of pictures taken for the shape of their prompt, of the four."""
    shares, own, count = {}, [], 0
    for number, shape in enumerate(SHAPES):
        asked = prompts(shape, given.number(PROMPTS))
        painted = given.paint_all(asked, EACH, first=FIRST_NOISE + 100 * number)
        named = given.classifier.name(painted, among=SHAPES)
        shares[shape] = named.count(shape) / len(named)
        count += len(named)
        named = given.classifier.name(pictures(unseen(shape)[:PAINTED]), among=SHAPES)
        own.append(named.count(shape) / len(named))
    each = ", ".join(f"{shape} {percent(share)}" for shape, share in shares.items())
    return [
        Row("base", f"shapes told apart ({count} pictures)", percent(np.mean([*shares.values()])), "85 %"),
        Row("base", "each shape", each),
        Row("classifier", "shapes of painted pictures told apart", percent(np.mean(own))),
    ]
