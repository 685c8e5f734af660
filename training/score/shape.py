"""Shape: circles, squares, triangles and lines are told apart by the classifier of scenes."""

from __future__ import annotations

import numpy as np

from training.score.fresh import pictures, prompts, unseen
from training.score.given import Given
from training.score.table import Row, percent

SHAPES = ("circles", "squares", "triangles", "lines")
PER_SHAPE = 20
FIRST_NOISE = 50_000  # number of the first noise, so that no other score's pictures are judged twice


def score(given: Given) -> list[Row]:
    """Share of pictures taken for the shape of their prompt, of the four."""
    shares, own = {}, []
    for number, shape in enumerate(SHAPES):
        asked = prompts(shape, given.number(PER_SHAPE))
        painted = given.paint_each(asked, first=FIRST_NOISE + number * PER_SHAPE)
        shares[shape] = given.classifier.name(painted, among=SHAPES).count(shape) / len(asked)
        named = given.classifier.name(pictures(unseen(shape)[: given.number(100)]), among=SHAPES)
        own.append(named.count(shape) / len(named))
    each = ", ".join(f"{shape} {percent(share)}" for shape, share in shares.items())
    count = len(SHAPES) * given.number(PER_SHAPE)
    return [
        Row("base", f"shapes told apart ({count} pictures)", percent(np.mean([*shares.values()])), "85 %"),
        Row("base", "each shape", each),
        Row("classifier", "shapes of painted pictures told apart", percent(np.mean(own))),
    ]
