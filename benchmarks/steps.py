"""How few evaluations of the embedded networks paint what many paint: samplers, steps, guidance, caching.

    python benchmarks/steps.py [--device cuda] [--only base,upsampler] [--asked FILE] [--worse FILE]

Pictures of all prompts of the scores (`training/score`) are painted side by side, each way from the same
noise, and judged: both named colours there, scene and shape recognised, words of manner moving pictures as
they should, seven of a prompt spread out. "dB" is how near they are to those of 100 steps, the baseline. The
upsampler's are compared with the truth. A CUDA card takes minutes, two CPU cores hours. The prompts are the
painter's, which needs skia: `--asked` keeps them in a file for machines without. The last line is JSON.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import numpy as np
import torch
from diffusers import UniPCMultistepScheduler
from torch.nn import functional

from benchmarks import cases
from benchmarks.asked import Asked, read_asked
from benchmarks.deep_cache import deep_cache
from bigart_lib import machine
from bigart_lib.generate import network as glide
from bigart_lib.generate.noise import draw_noise
from bigart_lib.generate.sampling import (
    _ancestral,
    base_scheduler,
    round_to_levels,
    spaced_timesteps,
    upsampler_scheduler,
)
from bigart_lib.machine import random_generator
from bigart_lib.weights import sets as model_sets

AT_ONCE = 400  # pictures
UNSEEN_SEED = 10**6  # as the scores have it
UPSAMPLER_SETS = (
    (640, 520, 400, 280), (640, 427, 213), (640, 320), (640, 0), (640, 480, 320, 160),
    (640, 512, 384, 256, 128),
    (640, 560, 480, 400, 320, 240, 160, 80),
)  # fmt: skip
Note = Callable[[str, dict], None]
REFERENCE = "ancestral"


@dataclass(frozen=True)
class Way:
    """How the base model is sampled."""

    sampler: str = "ddim"
    steps: int = 20
    guidance: float = 3.0
    guided: float = 1.0  # share of the steps, from the first on, that are guided
    spacing: str = "even"  # of the timesteps: one of `settings.SPACINGS`
    cached: int = 1  # steps for which what the inner levels gave is kept; see `deep_cache`
    guide: str = ""  # a worse network of the same prompt in place of one without prompt
    draw: int = 0  # another number, other noises

    @property
    def name(self) -> str:
        """What differs from the usual."""
        changed = {name: value for name, value in asdict(self).items() if value != getattr(Way, name)}
        changed = {"sampler": self.sampler, "steps": self.steps, **changed}
        return ", ".join(f"{name} {value}" if name != "sampler" else value for name, value in changed.items())


def ways() -> Iterator[Way]:
    """What is tried; the first is what the others are compared with."""
    yield Way("ddim", 100)
    for sampler in ("ddim", "dpm++", "unipc"):
        yield from (Way(sampler, steps) for steps in (6, 8, 10, 12, 15, 20, 30))
    for sampler in ("ddim", "dpm++"):
        yield from (Way(sampler, steps, spacing="log-snr") for steps in (10, 12, 15, 20))
    for sampler, steps in (("ddim", 20), ("dpm++", 20), ("dpm++", 25)):
        yield from (Way(sampler, steps, guided=guided) for guided in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8))
    for steps, guided in ((10, 0.3), (10, 0.4), (12, 0.25), (12, 0.35), (15, 0.3), (15, 0.4)):
        yield Way("ddim", steps, guided=guided, spacing="log-snr")
    for steps in (20, 30):
        yield from (Way("ddim", steps, cached=cached) for cached in (2, 3))
    yield from (Way("ddim", 20, guidance=guidance) for guidance in (2.0, 4.0))
    yield from (Way(REFERENCE, steps) for steps in (27, 100, 1000))


# --------------------------------------------------------------------------------------------- what is asked


def judged(asked: Sequence[Asked], pictures: torch.Tensor, judge: torch.nn.Module) -> dict:
    """Shares and means, by score, of pictures (N, 3, 64, 64) in [0, 1]."""
    from training.score import colour, manner, shape, variety

    groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, one in enumerate(asked):
        groups[one.score][one.group].append(index)

    pictures = pictures.to(judge.head.weight.device)

    def share(right: Callable[[str, torch.Tensor], Sequence[bool]], score: str) -> float:
        return float(
            np.mean([one for name, some in groups[score].items() for one in right(name, pictures[some])])
        )

    own = pictures.cpu()
    moves = {
        word: manner.move(expected, own[groups["manner"][word]], own[groups["manner"][f"no {word}"]])
        for word, expected in manner.EXPECTED.items()
    }
    right = {
        word: float(torch.stack([one > 0 for one in own.values()]).all(0).float().mean())
        for word, own in moves.items()
    }
    light = pictures.mean(1, keepdim=True)
    return {
        "colour": share(
            lambda pair, some: [colour.shows(one, pair.split(",")) for one in some.cpu()], "colour"
        ),
        "scene": share(lambda name, some: [one == name for one in judge.name(some)], "scene"),
        "shape": share(
            lambda name, some: [one == name for one in judge.name(some, among=shape.SHAPES)], "shape"
        ),
        "manner": float(np.mean([*right.values()])),
        "spread": float(
            np.mean([variety.spread(judge.features(pictures[some])) for some in groups["variety"].values()])
        ),
        "sharpness": float(sum(light.diff(dim=axis).abs().mean() for axis in (2, 3))),
    }


# ------------------------------------------------------------------------------------------- the base model


class Painter:
    """Paints all that is asked in large batches, one scheduler for all."""

    def __init__(self, base: glide.Glide, worse: glide.Glide | None, sampling: model_sets.Sampling) -> None:
        self._networks = {"": base, "worse": worse}
        self._sampling, self._device = sampling, base.unet.device
        self._noises: dict[tuple, torch.Tensor] = {}
        self.evaluations = 0  # of the last way, for one picture

    @torch.inference_mode()
    def paint(self, asked: Sequence[Asked], way: Way) -> torch.Tensor:
        """Pictures (N, 3, 64, 64) in [0, 1], in 256 levels."""
        made = [self._some(asked[first : first + AT_ONCE], way) for first in range(0, len(asked), AT_ONCE)]
        return round_to_levels(torch.cat(made))

    def _some(self, asked: Sequence[Asked], way: Way) -> torch.Tensor:
        seed = UNSEEN_SEED + way.draw
        key = (seed, asked[0].number, len(asked))
        if key not in self._noises:
            noises = [draw_noise(random_generator(seed, one.number), 64, 64) for one in asked]
            self._noises[key] = torch.cat(noises).to(self._device)
        samples = self._noises[key]
        predict = self._predictor([one.prompt for one in asked], way)
        scheduler, random = self._scheduler(way), torch.Generator(self._device).manual_seed(seed)
        timesteps = scheduler.timesteps.tolist()
        self.evaluations = 0
        for index, timestep in enumerate(timesteps):
            prediction = predict(samples, timestep, index, index < round(way.guided * len(timesteps)))
            if way.sampler == "ancestral":
                _, samples, deviation = _ancestral(scheduler, prediction, timestep, samples)
                if timestep:
                    samples = samples + deviation * torch.randn(
                        samples.shape, generator=random, device=self._device
                    )
            else:
                prediction = prediction[:, :3] if way.sampler == "unipc" else prediction
                samples = scheduler.step(prediction, timestep, samples).prev_sample
        return ((samples + 1) / 2).clamp(0, 1).float().cpu()

    def _predictor(self, prompts: Sequence[str], way: Way) -> Callable[..., torch.Tensor]:
        texts = {
            "with": (self._networks[""], prompts),
            "without": (self._networks[way.guide], [""] * len(prompts)),
        }
        if way.guide:
            texts["without"] = (self._networks[way.guide], prompts)
        encoded = {name: (network, network.encode(list(some)), {}) for name, (network, some) in texts.items()}

        def ask(name: str, samples: torch.Tensor, timestep: int, index: int) -> torch.Tensor:
            network, text, kept = encoded[name]
            samples = samples.to(network.unet.dtype, memory_format=torch.channels_last)
            self.evaluations += 1
            if way.cached == 1:
                return network(samples, timestep, text).float()
            return deep_cache(network, samples, timestep, text, kept, index % way.cached == 0).float()

        def predict(samples: torch.Tensor, timestep: int, index: int, guided: bool) -> torch.Tensor:
            with_prompt = ask("with", samples, timestep, index)
            if not guided:
                return with_prompt
            without = ask("without", samples, timestep, index)[:, :3]
            return torch.cat([without + way.guidance * (with_prompt[:, :3] - without), with_prompt[:, 3:]], 1)

        return predict

    def _scheduler(self, way: Way) -> object:
        if way.sampler != "unipc":
            return base_scheduler(way.sampler, way.steps, replace(self._sampling, spacing=way.spacing))
        scheduler = UniPCMultistepScheduler(
            1000,
            beta_schedule="squaredcos_cap_v2",
            thresholding=True,
            sample_max_value=1.0,
            final_sigmas_type="zero",
        )
        timesteps = spaced_timesteps(way.steps, self._sampling.start_log_snr, scheduler)
        scheduler.set_timesteps(len(timesteps))
        signal = scheduler.alphas_cumprod[timesteps]
        scheduler.timesteps = torch.tensor(timesteps)
        scheduler.sigmas = torch.cat([((1 - signal) / signal) ** 0.5, torch.zeros(1)])
        return scheduler


def measure_base(painter: Painter, asked: Sequence[Asked], judge: torch.nn.Module, note: Note) -> None:
    """Every way."""
    many = None
    for way in ways():
        began = time.perf_counter()
        made = painter.paint(asked, way)
        row = {
            "way": way.name,
            "evaluations": painter.evaluations,
            "seconds": round(time.perf_counter() - began, 2),
        }
        if many is None:
            many = made  # the same equation, from the same noise
        if way.sampler != REFERENCE:
            row["dB"] = round(float(-10 * torch.log10((made - many).square().mean() + 1e-12)), 2)
        note("base", row | judged(asked, made, judge))


# ------------------------------------------------------------------------------------------- the upsampler


@torch.inference_mode()
def measure_upsampler(
    network: glide.Glide, held_out: Mapping[str, np.ndarray], noise: float, note: Note
) -> None:
    """Sets of timesteps from where the embedded upsampler was trained to begin, against the truth."""
    from training.score import measures

    device, truths = network.unet.device, torch.from_numpy(held_out["pictures"]).float() / 255
    low = functional.avg_pool2d(truths, 4)
    low = functional.interpolate(round_to_levels(low) * 2 - 1, scale_factor=4, mode="bilinear").to(device)
    text = network.encode([str(one) for one in held_out["captions"]])
    noises = [draw_noise(random_generator(UNSEEN_SEED, number), 256, 256) for number in range(len(truths))]
    first = noise * torch.cat(noises).to(device)
    for timesteps in UPSAMPLER_SETS:
        scheduler, samples = upsampler_scheduler(timesteps), first
        for timestep in timesteps:
            given = torch.cat([samples, low], 1).to(network.unet.dtype, memory_format=torch.channels_last)
            predicted = network(given, timestep, text).float()
            samples = scheduler.step(predicted, timestep, samples).prev_sample
        made = ((samples + 1) / 2).clamp(0, 1).cpu()
        pairs = [*zip(made.split(1), truths.split(1), strict=True)]
        found = {"evaluations": len(timesteps)}
        for name in ("psnr", "sharpness", "colour_shift"):
            found[name] = round(float(np.mean([getattr(measures, name)(*pair) for pair in pairs])), 3)
        note("upsampler", {"way": " ".join(map(str, timesteps)), **found})


def measure(options: argparse.Namespace) -> dict:
    """A row for each way of the base model, and for each set of the upsampler's timesteps."""
    device = machine.pick_device(options.device)
    dtype = machine.pick_precision(device)
    chosen, (asked, held_out), rows = model_sets.embedded(), read_asked(options.asked), []

    def note(network: str, row: dict) -> None:
        rows.append({"network": network, **row})
        print(json.dumps(rows[-1]), flush=True)

    def load(path: Path) -> glide.Glide:
        return glide.load(path, device, dtype).to(memory_format=torch.channels_last)

    if "upsampler" in options.only:
        measure_upsampler(load(chosen.upsampler), held_out, chosen.sampling.upsampler_noise, note)
    if "base" in options.only:
        worse = load(options.worse) if options.worse else None
        painter = Painter(load(chosen.base), worse, chosen.sampling)
        measure_base(painter, asked, _judge(device), note)
    return {"benchmark": "steps", "device": machine.describe(device, dtype), "rows": rows}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default=None)
    parser.add_argument("--only", default="base,upsampler")
    parser.add_argument("--asked", type=Path, help="file that keeps what the scores ask for")
    parser.add_argument("--worse", type=Path, help="an earlier base model, for guidance by it")


def _judge(device: torch.device) -> torch.nn.Module:
    """The scores' classifier; whether its painter is still the same is not asked."""
    from training.score import classifier

    network = classifier.Classifier(classifier.Recipe())
    network.load_state_dict(torch.load(classifier.FILE, weights_only=True)["network"])
    return network.eval().requires_grad_(False).to(device)


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
