"""A small network that names the scene of a picture, trained on painted pictures when it is first needed.

It judges the base model's pictures, so it learns with blur, noise and tints that those may have.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bigart_lib.generate.sampling import MULTIPLE
from bigart_lib.shapes import nearest_size, ratio
from training.painter import SCENES, paint
from training.pictures import SHAPES
from training.run import RUNS
from training.score.fresh import UNSEEN_SEED, as_tensor, paint_unseen

FILE = RUNS / "classifier.pt"
TRAINING_SEED = UNSEEN_SEED + 1  # so that it is tested on other pictures than it has seen
TESTED_FROM = 10_000  # numbers of unseen pictures that nothing else asks for
KEPT = 8192  # painted pictures in memory while learning
LEAST_MISTAKEN = 0.1  # added to a scene's share of mistakes, so that all stay in view
PAINTED_TO_COMPARE = 2  # pictures of each scene that tell whether the painter has changed


@dataclass(frozen=True)
class Recipe:
    """How the classifier is made."""

    scenes: tuple[str, ...] = SCENES
    size: int = 64  # px a side of squares
    shapes: tuple[str, ...] = SHAPES  # each batch is of one of them
    widths: tuple[int, ...] = (32, 64, 64, 96, 96, 128, 128)  # channels of each convolution
    strides: tuple[int, ...] = (2, 2, 1, 2, 1, 2, 1)  # px
    painted: int = 36_000  # pictures to learn from
    uses: int = 2  # of a picture, each time spoilt in another way
    batch: int = 64
    learning_rate: float = 4e-3
    seed: int = TRAINING_SEED


class Classifier(nn.Module):
    """Names scenes of pictures (N, 3, H, W) in [0, 1]."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.scenes = recipe.scenes
        layers: list[nn.Module] = []
        before, kernel = 3, 5
        for width, stride in zip(recipe.widths, recipe.strides, strict=True):
            layers += [nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False), *_active(width)]
            before, kernel = width, 3
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(2 * before, len(recipe.scenes))

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """What a picture is judged by, (N, 2 * last width): mean and maximum over the picture."""
        maps = self.body((pictures * 2 - 1).contiguous(memory_format=torch.channels_last))
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (N, scenes)."""
        return self.head(self.features(pictures))

    @torch.inference_mode()
    def name(self, pictures: torch.Tensor, among: tuple[str, ...] | None = None) -> list[str]:
        """The likeliest scene of each picture, of those asked about."""
        among = among or self.scenes
        logits = self(pictures)[:, [self.scenes.index(scene) for scene in among]]
        return [among[index] for index in logits.argmax(1).tolist()]


def _active(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(width), nn.ReLU(inplace=True)


def load(recipe: Recipe = Recipe(), file: Path = FILE) -> Classifier:
    """The classifier of a recipe: from its file, or trained (minutes) where that is another's or missing."""
    wanted = fingerprint(recipe)
    if file.exists():
        stored = torch.load(file, weights_only=True)
        if stored["fingerprint"] == wanted:
            network = Classifier(recipe)
            network.load_state_dict(stored["network"])
            return network.eval().requires_grad_(False)
    network = train(recipe)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".part")
    torch.save({"fingerprint": wanted, "network": network.state_dict()}, temporary)
    temporary.replace(file)
    return network


def fingerprint(recipe: Recipe) -> str:
    """Changes with the recipe, and with what the painter makes of a seed."""
    digest = hashlib.sha256(json.dumps(asdict(recipe)).encode())
    for scene in recipe.scenes:
        for number in range(PAINTED_TO_COMPARE):
            digest.update(paint_unseen(scene, number, 32).picture.tobytes())
    return digest.hexdigest()


def train(recipe: Recipe) -> Classifier:
    """Train one from its seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = Classifier(recipe).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=0.02)
        steps = recipe.painted * recipe.uses // recipe.batch
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.learning_rate, total_steps=steps + 1, pct_start=0.15
        )
        supply = Supply(recipe)
        for _ in range(steps):
            pictures, scenes = supply.take()
            logits = network(spoilt(pictures))
            loss = functional.cross_entropy(logits, scenes, label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            supply.learn_mistakes(scenes, logits.argmax(1) != scenes)
    return network.eval().requires_grad_(False)


class Supply:
    """Painted pictures in batches, more of the scenes that are mistaken more often."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.generator = np.random.default_rng(recipe.seed)
        self.mistaken = np.ones(len(recipe.scenes))  # moving share of each scene's pictures
        self.kept: dict[str, deque[tuple[np.ndarray, int]]] = {
            shape: deque(maxlen=KEPT // len({*recipe.shapes})) for shape in recipe.shapes
        }

    def take(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (batch, 3, height, width) in [0, 1] and their scenes' numbers; some were seen before."""
        batch, shape = self.recipe.batch, str(self.generator.choice(self.recipe.shapes))
        kept = self.kept[shape]
        wanted = batch // self.recipe.uses if kept else batch
        often = self.mistaken + LEAST_MISTAKEN
        for scene in self.generator.choice(len(often), wanted, p=often / often.sum()).tolist():
            size = nearest_size(ratio(shape), self.recipe.size, MULTIPLE)
            kept.append((paint(self.generator, size, self.recipe.scenes[scene]).picture, scene))
        chosen = [kept[index] for index in self.generator.integers(len(kept), size=batch).tolist()]
        pictures, scenes = zip(*chosen, strict=True)
        return as_tensor(np.stack(pictures)), torch.tensor(scenes)

    def learn_mistakes(self, scenes: torch.Tensor, mistaken: torch.Tensor) -> None:
        """Take a batch's mistakes, booleans, into the moving shares."""
        for scene, wrong in zip(scenes.tolist(), mistaken.tolist(), strict=True):
            self.mistaken[scene] += 0.02 * (wrong - self.mistaken[scene])


def spoilt(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 3, H, W) flipped, tinted, and some softened or noised, as generated ones may be."""
    count = len(pictures)

    def each(low: float, high: float, channels: int = 1) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, channels, 1, 1)

    pictures = torch.where(torch.rand(count, 1, 1, 1) < 0.5, pictures.flip(3), pictures)
    soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    pictures = pictures.lerp(soft, each(0, 1) * (torch.rand(count, 1, 1, 1) < 0.6))
    pictures = pictures * each(0.92, 1.06) + each(-0.04, 0.04, 3)
    noise = each(0, 0.05) * (torch.rand(count, 1, 1, 1) < 0.5)
    return (pictures + noise * torch.randn_like(pictures)).clamp(0, 1)


def accuracy(network: Classifier, per_scene: int, size: int | tuple[int, int] = 64) -> float:
    """Share of painted pictures, not those it was trained on, that it names rightly.

    `size` is in px, a side, or width and height.
    """
    right = 0
    for scene in network.scenes:
        numbers = range(TESTED_FROM, TESTED_FROM + per_scene)
        painted = np.stack([paint_unseen(scene, number, size).picture for number in numbers])
        right += network.name(as_tensor(painted)).count(scene)
    return right / (per_scene * len(network.scenes))
