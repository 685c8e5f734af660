"""Pictures of 256 px that no training sees, for upsampler and VQGAN: painted ones, and photographs.

The photographs are those of the fetched packages that have no caption, which is why training leaves them out.
"""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import torch
from PIL import Image

from training.painter import SCENES
from training.photograph_captions import captions_for
from training.photographs import DATA, SOURCES, Photograph, fetch, load_crops
from training.score.fresh import UNSEEN_SEED, as_tensor, paint_unseen

SIZE = 256  # px a side
Captioned = list[tuple[torch.Tensor, str]]  # pictures (1, 3, H, W) in [0, 1], each with its caption


def painted(count: int, size: int | tuple[int, int] = SIZE, first: int = 30_000) -> Captioned:
    """Unseen pictures of all scenes in turn, with captions."""
    made = [paint_unseen(SCENES[index % len(SCENES)], first + index, size) for index in range(count)]
    return [(as_tensor(one.picture[None]), one.caption) for one in made]


def photographed(count: int) -> Captioned:
    """Crops of photographs that training leaves out, with no caption; none where none were fetched."""
    photographs = unseen_photographs()
    if not photographs:
        return []
    crops, _ = load_crops(photographs, SIZE, count, np.random.default_rng(UNSEEN_SEED))
    return [(one, "") for one in as_tensor(crops).split(1)]


def sets(painted_count: int, photographed_count: int) -> dict[str, Captioned]:
    """Both kinds by their names; photographs only where there are any."""
    both = {"painted": painted(painted_count), "photographs": photographed(photographed_count)}
    return {kind: captioned for kind, captioned in both.items() if captioned}


def seen_photographs() -> list[Photograph]:
    """The photographs that training learns from; none where they were not fetched."""
    return fetch() if _fetched() else []


@cache
def unseen_photographs() -> tuple[Photograph, ...]:
    """Fetched photographs without a caption that are large enough; none where none were fetched."""
    if not _fetched():
        return ()
    found = []
    for source in SOURCES:
        licences = json.loads((DATA / source / "licences.json").read_text(encoding="utf-8"))
        for name, licence in sorted(licences.items()):
            path = DATA / source / name
            if captions_for(path.parent.name, path.stem):
                continue
            with Image.open(path) as picture:
                if min(picture.size) >= SIZE:
                    found.append(Photograph(path, ("",), licence, source))
    return tuple(found)


def _fetched() -> bool:
    return all((DATA / source / "licences.json").exists() for source in SOURCES)
