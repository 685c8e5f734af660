"""Score the embedded models: `python -m training.score`. Prints a table; the model card quotes it.

Colour: both colours that a prompt names cover at least 8 % of the picture, over pairs that the painter
held out. Upsampler and VQGAN: closeness to held-out painted pictures, against bicubic enlarging.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from bigart_lib import model_sets, stages
from bigart_lib.models import glide, vqgan
from bigart_lib.sampling import BASE_SIZE, UPSAMPLED_SIZE, sample_base, sample_upsampler
from bigart_lib.settings import GenerateSettings, Sampling
from training.painter import COLOURS, HELD_OUT_PAIRS, SCENES, colour_shares, paint

LEAST_SHARE = 0.08  # of the pixels, for a colour to count as shown
PHRASINGS = (
    "a block color painting with {} and {} squares",
    "an abstract painting with {} and {} circles",
    "a painting of {} and {} triangles",
    "an abstract painting of {} and {} stripes",
)
UNSEEN_SEED = 10**6  # far from any seed of the training


def score_colours(base: glide.Glide, sampling: Sampling, per_prompt: int) -> dict[str, float]:
    """Share of pictures that show both named colours of a held-out pair, and a random other pair."""
    settings = stages.complete(GenerateSettings(seed=UNSEEN_SEED), sampling)
    generator = np.random.default_rng(UNSEEN_SEED)
    shown, other_shown = [], []
    for pair, phrasing in itertools.product(sorted(map(sorted, HELD_OUT_PAIRS)), PHRASINGS):
        generators = [stages.random_generator(UNSEEN_SEED, len(shown) + one) for one in range(per_prompt)]
        prompt = phrasing.format(*pair)
        noises = [stages.draw_noise(generator, BASE_SIZE) for generator in generators]
        for picture in sample_base(base, prompt, settings, sampling, noises, generators):
            pixels = picture[0].mul(255).round().byte().permute(1, 2, 0).numpy()
            shares = colour_shares(pixels)
            others = generator.choice([name for name in COLOURS if name not in pair], 2, replace=False)
            shown.append(all(shares[name] >= LEAST_SHARE for name in pair))
            other_shown.append(all(shares[name] >= LEAST_SHARE for name in others))
    return {
        "pictures": len(shown),
        "both named colours shown": sum(shown) / len(shown),
        "a random other pair shown": sum(other_shown) / len(other_shown),
    }


def score_upsampler(upsampler: glide.Glide, sampling: Sampling, count: int) -> dict[str, float]:
    """PSNR and mean gradient of upsampled pictures against held-out ones, beside bicubic enlarging."""
    rows = []
    for truth, caption in held_out(count):
        small = functional.interpolate(truth, size=(64, 64), mode="area")
        generator = stages.random_generator(UNSEEN_SEED)
        noise = stages.draw_noise(generator, UPSAMPLED_SIZE)
        ours = sample_upsampler(upsampler, caption, [small], sampling, [noise], [generator])[0]
        bicubic = functional.interpolate(small, size=truth.shape[-2:], mode="bicubic").clamp(0, 1)
        rows.append(
            [psnr(ours, truth), psnr(bicubic, truth), sharpness(ours, truth), sharpness(bicubic, truth)]
        )
    names = ("PSNR, dB", "PSNR of bicubic, dB", "sharpness", "sharpness of bicubic")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


def score_vqgan(network: torch.nn.Module, count: int) -> dict[str, float]:
    """PSNR and shift of the mean of held-out pictures encoded and decoded."""
    rows = []
    for truth, _ in held_out(count):
        ours = vqgan.reconstruct(network, truth)
        shift = (ours.mean((0, 2, 3)) - truth.mean((0, 2, 3))).abs().max() * 255
        rows.append([psnr(ours, truth), float(shift)])
    return dict(zip(("PSNR, dB", "shift of the mean, levels"), np.mean(rows, axis=0).tolist(), strict=True))


def held_out(count: int) -> list[tuple[torch.Tensor, str]]:
    """Painted pictures (1, 3, 256, 256) in [0, 1] with captions, of all scenes in turn."""
    generator = np.random.default_rng(UNSEEN_SEED)
    painted = [paint(generator, 256, SCENES[index % len(SCENES)]) for index in range(count)]
    return [
        (torch.from_numpy(one.picture).permute(2, 0, 1)[None].float() / 255, one.caption) for one in painted
    ]


def psnr(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Peak signal-to-noise ratio in dB of pictures in [0, 1]."""
    return -10 * math.log10(functional.mse_loss(picture, truth).item() + 1e-12)


def sharpness(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Mean absolute difference of neighbouring pixels, as a share of the truth's."""

    def gradient(image: torch.Tensor) -> float:
        return float(sum(image.diff(dim=axis).abs().mean() for axis in (2, 3)))

    return gradient(picture) / gradient(truth)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-prompt", type=int, default=3, help="pictures of each prompt for the colours")
    parser.add_argument("--held-out", type=int, default=len(SCENES), help="pictures for upsampler and VQGAN")
    options = parser.parse_args(arguments)
    chosen = model_sets.embedded()
    scores = {
        "upsampler": score_upsampler(glide.load(chosen.upsampler), chosen.sampling, options.held_out),
        "VQGAN": score_vqgan(vqgan.load(chosen.enhancer), options.held_out),
        "colour": score_colours(glide.load(chosen.base), chosen.sampling, options.per_prompt),
    }
    for network, values in scores.items():
        for name, value in values.items():
            print(f"| {network} | {name} | {value:.3g} |")


if __name__ == "__main__":
    main()
