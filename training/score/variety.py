"""Variety: pictures of a prompt differ as much as painted ones do, and none is a copy of one learned from."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from training.painter import SCENES, paint
from training.photographs import load_crops
from training.pictures import PAINTED_SHARE
from training.score.fresh import UNSEEN_SEED, Fresh, as_tensor, pictures, unseen
from training.score.given import Given
from training.score.held_out import seen_photographs
from training.score.table import Row

PROMPTS = 6
EACH = 7  # pictures of a prompt, as many as the tool offers
COARSE = 16  # px a side, for what is compared as a whole
LEARNED = 4000  # painted pictures like those learned from
LEARNED_CROPS = 1000  # of the photographs learned from
FIRST_NOISE = 70_000  # see `scene.py`


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
    own, theirs = torch.cat(ours), torch.cat(painted)
    sheet = [own]
    for name, space in (("features", features), (f"{COARSE}x{COARSE} pixels", coarse)):
        bank = space(learned)
        distance, index = nearest(space(own), bank)
        usual = nearest(space(theirs), bank)[0]
        ratio = distance / usual.median()
        least = f"least {ratio.min():.2f}; of painted ones {usual.min() / usual.median():.2f}"
        title = f"distance in {name} to the nearest of {len(bank)} learned from, against painted ones'"
        rows.append(Row("base", title, f"{ratio.median():.2f} ({least})", "1 or more"))
        sheet.append(learned[index])
    if given.sheets:
        write_sheet(sheet, given.sheets / "nearest.png")
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


def coarse(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures averaged down to 16 px, (N, 3 * 16 * 16): what a copy would share, whatever its detail."""
    return functional.adaptive_avg_pool2d(pictures, COARSE).flatten(1)


def write_sheet(stacks: list[torch.Tensor], path: Path) -> None:
    """A sheet of pictures (N, 3, H, W), seven a row, and below each row those of the other stacks."""
    rows = [
        torch.cat([*stack[first : first + EACH]], dim=2)
        for first in range(0, len(stacks[0]), EACH)
        for stack in stacks
    ]
    sheet = torch.cat(rows, dim=1).mul(255).round().byte().permute(1, 2, 0).numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path)
