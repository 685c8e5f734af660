"""How fast the embedded models paint candidates: one at a time against all in one batch.

    python benchmarks/generate.py [--count 7] [--steps 5] [--device cuda]

One at a time is what the pipeline does on a CPU, since it keeps each candidate to the last bit independent
of the others. A warm-up, then the median of several runs; the last line is JSON.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from benchmarks import cases
from bigart_lib import machine
from bigart_lib.generate import network as glide
from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.progress import no_report
from bigart_lib.settings import GenerateSettings
from bigart_lib.weights import sets as model_sets

TOGETHER, ALONE = "all in one batch", "one at a time"


def embedded_generator(device: str, batch_size: int) -> GlideGenerator:
    """The embedded models, loaded."""
    chosen, place = model_sets.embedded(), torch.device(device)
    base, upsampler = (
        glide.load(path, place, machine.pick_precision(place)).to(memory_format=torch.channels_last)
        for path in (chosen.base, chosen.upsampler)
    )
    configs = base.config, upsampler.config
    return GlideGenerator(lambda: base, lambda: upsampler, configs, chosen.sampling, dict, batch_size)


def paint(generator: GlideGenerator, count: int, steps: int | None) -> None:
    """Candidates from first to last."""
    settings = generator.complete(GenerateSettings(seed=1, count=count, steps=steps))
    list(generator.paint("sunset over a lake", settings, range(count), no_report, {}))


def measure(options: argparse.Namespace) -> dict:
    """Both ways; a table."""
    if options.threads:
        torch.set_num_threads(options.threads)
    taken = {}
    for way, batch_size in ((TOGETHER, options.count), (ALONE, 1)):
        work = partial(paint, embedded_generator(options.device, batch_size), options.count, options.steps)
        work()
        taken[way] = cases.seconds(work, options.runs, options.device)
    rows = [{"way": way, "seconds": one, "times_batch": one / taken[TOGETHER]} for way, one in taken.items()]
    cases.table(rows)
    ratios = {f"{TOGETHER} to {ALONE}": taken[TOGETHER] / taken[ALONE]}
    return {"benchmark": "generate", "device": options.device, "count": options.count, "steps": options.steps,
            "rows": rows, "ratios": ratios}  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    cases.device_options(parser)
    parser.add_argument("--count", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
