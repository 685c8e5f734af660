"""Train the embedded GLIDE base or upsampler: `python -m training.glide base` (or `upsampler`).

Stop it when you like; the same command goes on. On several processors or cards:
`torchrun --nproc-per-node 2 -m training.glide base`. `--export FILE` writes the moving average, to ship.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from bigart_lib.files import write_text
from bigart_lib.generate import network as glide
from bigart_lib.generate.sampling import (
    BASE_SIZE,
    MULTIPLE,
    complete,
    draw_noise,
    sample_base,
    sample_upsampler,
)
from bigart_lib.generate.text_encoder import TextEncoderConfig
from bigart_lib.machine import random_generator
from bigart_lib.settings import GenerateSettings
from bigart_lib.shapes import nearest_size, ratio
from bigart_lib.weights.sets import embedded
from training.bilinear import begin_bilinear
from training.diffusion import Diffusion, Objective
from training.fused import accelerate
from training.painter import SCENES, paint
from training.pictures import PHOTOGRAPHS_SHARE, SHAPES, Pictures, random_crops, vocabulary
from training.run import (
    PICTURES_BETWEEN_SHEETS,
    RUNS,
    Phase,
    Run,
    join_processes,
    phase_of,
    quick_arithmetic,
)

DROPPED_CAPTIONS = 0.12  # share trained without a caption, for classifier-free guidance


@dataclass(frozen=True)
class Recipe:
    """All that makes one network what it is."""

    objective: Objective
    channels: tuple[int, ...]
    attention: tuple[bool, ...]
    text_width: int
    text_layers: int
    phases: tuple[Phase, ...]
    painted_size: int  # px a side of the pictures that crops are taken from
    crops: int = 1  # taken from each picture, at most
    low_size: int | None = None  # px a side of an upsampler's input
    photographs_share: float = PHOTOGRAPHS_SHARE
    learning_rate: float = 8e-4
    context_length: int = 20  # words
    summary_width: int = 256


RECIPES = {
    "base": Recipe(
        objective=Objective("squaredcos_cap_v2"),
        channels=(32, 32, 64, 128, 192),
        attention=(False, False, True, True, True),
        text_width=128,
        text_layers=3,
        phases=(
            Phase(until=125_000, size=32, batch=48),
            Phase(until=460_000, size=64, batch=32),
            Phase(until=540_000, size=64, batch=32, shapes=SHAPES),
        ),
        painted_size=64,
    ),
    "upsampler": Recipe(
        objective=Objective(
            "linear",
            cleanest=150,
            noisiest=570,
            first=640,
            largest_weight=50.0,
            drift=0.3,
            tint_weight=1.0,
        ),
        channels=(48, 48, 64, 96),
        attention=(False, False, False, False),
        text_width=64,
        text_layers=1,
        phases=(
            Phase(until=36_000, size=64, batch=8),
            Phase(until=40_800, size=128, batch=4),
            Phase(until=48_000, size=256, batch=2),
        ),
        painted_size=256,
        crops=4,
        low_size=64,
        photographs_share=0.45,
        learning_rate=1e-4,
    ),
}


def build(recipe: Recipe, words: tuple[str, ...]) -> glide.Glide:
    """The untrained network of a recipe."""
    text = TextEncoderConfig(
        vocabulary_size=len(words) + 1,  # and the padding
        context_length=recipe.context_length,
        width=recipe.text_width,
        num_layers=recipe.text_layers,
        num_heads=4,
        summary_width=recipe.summary_width,
    )
    config = glide.GlideConfig(
        in_channels=3 if recipe.low_size is None else 6,
        channels=recipe.channels,
        attention=recipe.attention,
        layers_per_level=1,
        head_width=32,
        norm_groups=8,
        text=text,
        vocabulary=words,
    )
    network = glide.Glide(config)
    torch.nn.init.zeros_(network.unet.conv_out.weight)
    if recipe.low_size is not None:
        diffusion = Diffusion(recipe.objective, torch.device("cpu"))
        begin_bilinear(network, diffusion.signal, diffusion.frequency)
    return network.to(memory_format=torch.channels_last)


def words_of(name: str, begin: Path | None = None) -> tuple[str, ...]:
    """The vocabulary of a run: that of the captions when it began, since its embeddings stand for those.

    One that begins from an exported file has that file's.
    """
    path = RUNS / name / "vocabulary.txt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        words = glide.load(begin).config.vocabulary if begin else vocabulary()
        write_text(path, "\n".join(words), replace=True)
    return tuple(path.read_text(encoding="utf-8").split("\n"))


def train(name: str, device: torch.device, seed: int, begin: Path | None = None, seen: int = 0) -> None:
    """Train a recipe until its pictures are seen, from its last checkpoint if it has one.

    Without one, `begin` is an exported file to begin from, whose network has `seen` so many pictures.
    """
    recipe = RECIPES[name]
    torch.manual_seed(seed)
    supply = Pictures(recipe.painted_size, np.random.default_rng(seed), recipe.photographs_share)
    network = build(recipe, words_of(name, begin))
    if begin:
        network.load_state_dict(glide.load(begin).state_dict())
    network = accelerate(network.to(device))
    run = Run(name, network, recipe.phases, recipe.learning_rate, seen=seen)
    diffusion = Diffusion(recipe.objective, device)
    next_sheet = run.done + PICTURES_BETWEEN_SHEETS
    while run.done < run.total:
        phase = phase_of(recipe.phases, run.done)
        supply.generator = run.draws(seed)
        count = phase.batch // run.processes
        shown, painted_size = sizes(recipe, phase, str(supply.generator.choice(phase.shapes)))
        crops = min(recipe.crops, count)
        painted, captions = supply.take(count // crops, painted_size)
        clean, low = prepare(painted.to(device), recipe, shown, crops)
        captions = [caption for caption in captions for _ in range(crops)]
        kept = [caption if torch.rand(()) > DROPPED_CAPTIONS else "" for caption in captions]
        with quick_arithmetic(device):
            losses = diffusion.losses(network, clean, network.encode(kept), low)
        run.update(losses, len(clean))
        if run.done >= next_sheet and run.rank == 0:
            run.sheet(samples(run.average.module, recipe, phase.size))
            next_sheet = run.done + PICTURES_BETWEEN_SHEETS
        run.save_now_and_then()


def sizes(recipe: Recipe, phase: Phase, shape: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of what the network is shown in a shape, and of the pictures that it is taken from."""
    small = nearest_size(ratio(shape), BASE_SIZE, MULTIPLE)
    shown, painted = (
        tuple(side * size // BASE_SIZE for side in small) for size in (phase.size, recipe.painted_size)
    )
    return shown, painted


def prepare(
    painted: torch.Tensor, recipe: Recipe, size: tuple[int, int], crops: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Painted uint8 pictures as the network sees them: in [-1, 1], shrunk or cropped to `size`."""
    pictures = painted.float() / 127.5 - 1
    if recipe.low_size is None:
        shrunk = functional.interpolate(pictures, size=size[::-1], mode="area")
        return shrunk.contiguous(memory_format=torch.channels_last), None
    both = torch.cat([pictures, enlarged_input(pictures, recipe.painted_size // recipe.low_size)], dim=1)
    return random_crops(both, size, crops).chunk(2, dim=1)


def enlarged_input(pictures: torch.Tensor, times: int) -> torch.Tensor:
    """An upsampler's second input: shrunk, a little spoilt as a base model's pictures are, enlarged again."""
    low = functional.avg_pool2d(pictures, times)
    strength = 0.06 * torch.rand(len(low), 1, 1, 1, device=low.device)
    low = low + strength * torch.randn_like(low)  # not clamped: black would be lighter then than it is
    return functional.interpolate(low, size=pictures.shape[-2:], mode="bilinear", align_corners=False)


SHEET_SEED = 7
SHEET_COLUMNS = 6
SHEET_PROMPTS = (
    "a block color painting with purple and green squares",
    "an abstract painting with orange triangles",
    "an abstract painting with colorful circles",
    "a splatter painting with thin yellow and black lines",
    "sunset over a lake",
    "majestic snow-capped mountains",
    "a seascape with crashing waves",
    "a city skyline at night",
    "a painting of a corgi",
    "still life painting of colorful glass bottles",
)


@torch.inference_mode()
def samples(network: glide.Glide, recipe: Recipe, size: int) -> list[torch.Tensor]:
    """Rows for a sheet, sampled as the tool does it.

    Of a base model six pictures of each prompt, of an upsampler its inputs, its pictures and the truths.
    """
    network = deepcopy(network).eval()
    sampling = embedded().sampling
    if recipe.low_size is None:
        settings = complete(GenerateSettings(), sampling)
        noises, generators = _noises(SHEET_COLUMNS, size)
        rows = (
            sample_base(network, prompt, settings, sampling, noises, generators, batch_size=SHEET_COLUMNS)
            for prompt in SHEET_PROMPTS
        )
        return [torch.cat(row) for row in rows]
    painter = np.random.default_rng(SHEET_SEED)
    painted = [paint(painter, recipe.painted_size, scene) for scene in SCENES[:SHEET_COLUMNS]]
    truth = torch.stack([torch.from_numpy(one.picture) for one in painted]).permute(0, 3, 1, 2) / 255
    small = functional.interpolate(truth, size=(recipe.low_size, recipe.low_size), mode="area")
    upsampled = [
        sample_upsampler(network, one.caption, [low], sampling, *_noises(1, recipe.painted_size))[0]
        for one, low in zip(painted, small.split(1), strict=True)
    ]
    shown = functional.interpolate(small, size=truth.shape[-2:], mode="bilinear")
    return [shown, torch.cat(upsampled), truth]


def _noises(count: int, size: int) -> tuple[list[torch.Tensor], list[torch.Generator]]:
    """What `count` samples begin from, and what they go on drawing from."""
    generators = [random_generator(SHEET_SEED, index) for index in range(count)]
    return [draw_noise(generator, size) for generator in generators], generators


def export(name: str, path: Path) -> None:
    """Write the moving average of a run's checkpoint as the file that `bigart_lib` loads."""
    recipe = RECIPES[name]
    run = Run(name, build(recipe, words_of(name)), recipe.phases, recipe.learning_rate)
    glide.save(run.average.module, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=RECIPES)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="begin", type=Path, help="begin from these exported weights")
    parser.add_argument("--seen", type=int, default=0, help="pictures that those weights have seen")
    parser.add_argument("--export", type=Path, help="write the trained weights here instead of training")
    options = parser.parse_args(arguments)
    join_processes(options.device)
    if options.export:
        export(options.network, options.export)
    else:
        train(options.network, torch.device(options.device), options.seed, options.begin, options.seen)


if __name__ == "__main__":
    main()
