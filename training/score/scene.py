"""Scene: a classifier of painted pictures recognises what a prompt names."""

from __future__ import annotations

import logging
from collections import Counter

from training.painter import SCENES
from training.score import classifier
from training.score.fresh import prompts
from training.score.given import Given
from training.score.table import Row, percent

PER_SCENE = 10
TESTED_PER_SCENE = 50  # painted pictures that the classifier itself is tested on
WANTED = 0.9  # share of pictures recognised
WORST = 5  # scenes reported by name


def score(given: Given) -> list[Row]:
    """Share of pictures in which the prompt's scene is recognised, the worst scenes, and the judge's own."""
    recognised: dict[str, Counter] = {}
    for number, scene in enumerate(SCENES):
        asked = prompts(scene, given.number(PER_SCENE))
        if asked:  # else every caption of the scene could be another's
            pictures = given.paint_each(asked, first=number * PER_SCENE)
            recognised[scene] = Counter(given.classifier.name(pictures))
    if given.verbose:
        logging.info(confusion(recognised))
    total = sum(named.total() for named in recognised.values())
    right = sum(named[scene] for scene, named in recognised.items())
    shares = {scene: named[scene] / named.total() for scene, named in recognised.items()}
    worst = sorted(shares, key=shares.get)[:WORST]
    own = classifier.accuracy(given.classifier, given.number(TESTED_PER_SCENE))
    good = sum(share >= WANTED for share in shares.values())
    title = f"scene recognised, {len(shares)} scenes ({total} pictures)"
    return [
        Row("base", title, percent(right / total), percent(WANTED)),
        Row("base", f"scenes recognised in {percent(WANTED)} of their pictures", str(good), "15"),
        Row("base", "the worst scenes", ", ".join(f"{scene} {percent(shares[scene])}" for scene in worst)),
        Row("classifier", "painted pictures recognised that it was not trained on", percent(own), "97 %"),
    ]


def confusion(recognised: dict[str, Counter]) -> str:
    """What each scene's pictures were taken for, a line a scene, most often first."""
    return "\n".join(
        f"{scene}: " + ", ".join(f"{name} {count}" for name, count in named.most_common())
        for scene, named in recognised.items()
    )
