"""Variety: pictures of a prompt differ as much as painted ones do, and none is a copy of one learned from."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.painter import SCENES, paint
from training.photographs import load_crops
from training.pictures import PAINTED_SHARE
from training.score.fresh import UNSEEN_SEED, Fresh, as_tensor, pictures, unseen
from training.score.given import Given
from training.score.held_out import seen_photographs
from training.score.table import Row

PROMPTS = 6
EACH = 7  # pictures of a prompt, as many as the tool offers
LEARNED = 4000  # painted pictures like those learned from
LEARNED_CROPS = 1000  # of the photographs learned from
FIRST_NOISE = 70_000


def score(given: Given) -> list[Row]:
    """Ratios of distances to the painter's, between pictures of a prompt and to what was learned from."""
    asked = common_captions(given.number(PROMPTS))
    ours = [given.paint(caption, EACH, FIRST_NOISE + 100 * i) for i, caption in enumerate(asked)]
    painted = [pictures(alike) for alike in asked.values()]
    features = given.classifier.features
    rows = []
    for name, space in (("features", features), ("pixels", torch.nn.Flatten())):
        pairs = zip(ours, painted, strict=True)
        ratios = [spread(space(own)) / spread(space(theirs)) for own, theirs in pairs]
        least = list(asked)[int(np.argmin(ratios))]
        value = f"{np.mean(ratios):.2f} (least {min(ratios):.2f}: {least})"
        rows.append(Row("base", f"spread of {EACH} in {name}, against the painter's", value, "about 1"))
    learned = learned_from(given.number(LEARNED), given.number(LEARNED_CROPS))
    bank = features(learned)
    own, theirs = torch.cat(ours), torch.cat(painted)
    distance, index = nearest(features(own), bank)
    usual, _ = nearest(features(theirs), bank)
    ratio = distance / usual.median()
    least = f"least {ratio.min():.2f}; of painted ones {usual.min() / usual.median():.2f}"
    title = f"distance to the nearest of {len(bank)} learned from, against painted ones'"
    rows.append(Row("base", title, f"{ratio.median():.2f} ({least})", "about 1"))
    if given.sheets:
        write_pairs(own, learned[index], given.sheets / "nearest.png")
    return rows


def common_captions(count: int) -> dict[str, list[Fresh]]:
    """Captions of at least seven unseen pictures, at most one of a scene, with seven pictures each."""
    found = {}
    for scene in SCENES:
        groups = defaultdict(list)
        for one in unseen(scene):
            groups[one.caption].append(one)
        caption, alike = max(groups.items(), key=lambda item: len(item[1]))
        if len(alike) >= EACH:
            found[caption] = alike[:EACH]
    step = max(1, len(found) / count)
    chosen = {list(found)[int(index * step)] for index in range(min(count, len(found)))}
    return {caption: alike for caption, alike in found.items() if caption in chosen}


def learned_from(count: int, crops: int) -> torch.Tensor:
    """Pictures (N, 3, 64, 64) as training shows them: painted ones, and crops of photographs if here."""
    generator = np.random.default_rng(UNSEEN_SEED + 2)
    shown = np.stack([paint(generator, 64).picture for _ in range(count)])
    photographs = seen_photographs()
    if photographs:
        shown = np.concatenate([shown, load_crops(photographs, 64, crops, generator, PAINTED_SHARE)[0]])
    return as_tensor(shown)


def spread(points: torch.Tensor) -> float:
    """Mean distance between two of some points (N, D)."""
    return torch.pdist(points).mean().item()


def nearest(points: torch.Tensor, bank: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance of each point to the nearest of the bank, and which that is."""
    return torch.cdist(points, bank).min(dim=1)


def write_pairs(own: torch.Tensor, learned: torch.Tensor, path: Path) -> None:
    """A sheet of pictures (N, 3, H, W), seven a row, with the nearest learned from in the row below."""
    rows = []
    for first in range(0, len(own), EACH):
        for group in (own, learned):
            rows.append(torch.cat([*group[first : first + EACH]], dim=2))
    sheet = torch.cat(rows, dim=1).mul(255).round().byte().permute(1, 2, 0).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path)
