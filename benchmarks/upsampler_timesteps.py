"""Which timesteps of the published upsampler matter: a search where the perfect network is known.

    python benchmarks/upsampler_timesteps.py [--counts 6,8,10,12]

What the upsampler adds to a small picture, seen by frequency, is taken as normally distributed, with the
spectrum of pictures that no training saw. Of such pictures the best prediction is Wiener's filter, and
what DDIM makes of a set of timesteps follows exactly: from each frequency it brings out too little.
"Missing" is the mean square of that, against all there is; "detail" the share of energy that comes out.
Sets are searched by moving one timestep after the other; the baseline is "fast27", as published. No
weights are needed, and none are tried. Needs skia, as the pictures are the painter's. The last line is
JSON.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import numpy as np
import torch
from torch.nn import functional

from benchmarks import cases
from bigart_lib.generate.sampling import upsampler_scheduler
from bigart_lib.weights.sets import FAST27, published

PAINTED, PHOTOGRAPHED = 24, 8  # pictures; photographs only where they were fetched
EVERY = 16  # of the frequencies, by their power, is looked at
STRIDES = (128, 64, 32, 16, 8, 4, 2, 1)  # by which a timestep is moved


class Model:
    """The spectrum of what is added, (frequencies,), and what sampling makes of it."""

    def __init__(self, spectrum: np.ndarray, noise: float) -> None:
        self._power, self._noise = np.sort(spectrum)[::EVERY] + 1e-9, noise
        self._signal = upsampler_scheduler([0]).alphas_cumprod.double().numpy()

    def missing(self, timesteps: list[int]) -> float:
        """Mean square of what comes out too little, against all there is."""
        return float(np.square(self._made(timesteps) - self._power**0.5).mean() / self._power.mean())

    def detail(self, timesteps: list[int]) -> float:
        """The share of energy that comes out."""
        return float(np.square(self._made(timesteps)).mean() / self._power.mean())

    def _made(self, timesteps: list[int]) -> np.ndarray:
        sample = np.full_like(self._power, self._noise)
        for here, there in zip(timesteps, [*timesteps[1:], None], strict=True):
            signal = self._signal[here]
            guess = signal**0.5 * self._power / (signal * self._power + 1 - signal) * sample
            if there is None:
                return guess
            epsilon = (sample - signal**0.5 * guess) / (1 - signal) ** 0.5
            sample = self._signal[there] ** 0.5 * guess + (1 - self._signal[there]) ** 0.5 * epsilon

    def searched(self, count: int, first: int) -> list[int]:
        """So many timesteps, of which the first is given, that miss least."""
        found = [first, *np.linspace(first, 0, count + 1).round().astype(int)[1:-1].tolist()]
        least = self.missing(found)
        for stride in STRIDES:
            moved = True
            while moved:
                moved = False
                for place in range(1, count):
                    for other in (found[place] - stride, found[place] + stride):
                        tried = [*found[:place], other, *found[place + 1 :]]
                        if other < 0 or tried != sorted({*tried}, reverse=True):
                            continue
                        if (missing := self.missing(tried)) < least - 1e-12:
                            found, least, moved = tried, missing, True
        return found


def spectrum() -> np.ndarray:
    """Mean power of what enlarging by bilinear filtering lacks, by frequency, of pictures in [-1, 1]."""
    from training.score.held_out import sets

    captioned = [one for some in sets(PAINTED, PHOTOGRAPHED).values() for one, _ in some]
    pictures = torch.cat(captioned) * 2 - 1
    small = functional.avg_pool2d(pictures, 4)
    lacking = pictures - functional.interpolate(small, scale_factor=4, mode="bilinear")
    return (
        (torch.fft.fft2(lacking).abs().square() / lacking[0, 0].numel())
        .mean((0, 1))
        .flatten()
        .double()
        .numpy()
    )


def measure(options: argparse.Namespace) -> dict:
    """A row a set."""
    chosen = published().sampling
    model = Model(spectrum(), chosen.upsampler_noise)
    sets = {"fast27": [*FAST27], "standard": [*chosen.upsampler_timesteps]}
    sets["draft"] = [*chosen.at("draft").upsampler_timesteps]
    for count in options.counts:
        sets[f"searched {count}"] = model.searched(count, FAST27[0])
        sets[f"even {count}"] = np.linspace(FAST27[0], 0, count).round().astype(int).tolist()
    rows = [
        {"set": name, "evaluations": len(one), "missing": round(model.missing(one), 4),
         "detail": round(model.detail(one), 3), "timesteps": " ".join(map(str, one)) if len(one) < 20 else ""}
        for name, one in sets.items()
    ]  # fmt: skip
    cases.table(rows)
    ratio = len(FAST27) / len(chosen.upsampler_timesteps)
    return {
        "benchmark": "upsampler_timesteps",
        "rows": rows,
        "ratios": {"evaluations, fast27 against standard": ratio},
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    def numbers(words: str) -> list[int]:
        return [int(one) for one in words.split(",")]

    parser.add_argument("--counts", type=numbers, default=[6, 8, 10, 12], help="how many timesteps")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
