"""How fast the embedded models paint candidates: one at a time against all in one batch.

    python benchmarks/generate.py --count 7 --steps 5

One at a time is what the pipeline does on a CPU, since it keeps each candidate to the last bit independent
of the others. A warm-up, then the median of several runs; the last line is JSON.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from bigart_lib import machine
from bigart_lib.generate import network as glide
from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.progress import no_report
from bigart_lib.settings import GenerateSettings
from bigart_lib.weights import sets as model_sets


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    chosen = model_sets.embedded()
    device = machine.pick_device()
    dtype = machine.pick_precision(device)
    base, upsampler = (
        glide.load(path, device, dtype).to(memory_format=torch.channels_last)
        for path in (chosen.base, chosen.upsampler)
    )
    settings = GenerateSettings(seed=1, count=options.count, steps=options.steps)

    def seconds(batch_size: int) -> float:
        started = time.perf_counter()
        generator = GlideGenerator(
            lambda: base,
            lambda: upsampler,
            (base.config, upsampler.config),
            chosen.sampling,
            dict,
            batch_size,
        )
        complete = generator.complete(settings)
        list(generator.paint("sunset over a lake", complete, range(settings.count), no_report, {}))
        return time.perf_counter() - started

    ways = {"all in one batch": options.count, "one at a time": 1}
    for batch_size in ways.values():
        seconds(batch_size)
    medians = {
        way: statistics.median(seconds(batch_size) for _ in range(options.runs))
        for way, batch_size in ways.items()
    }
    baseline = medians["all in one batch"]
    for way, median in medians.items():
        print(f"{way:>17}: {median:6.2f} s, {baseline / median:.2f} times the speed of one batch")
    print(json.dumps({"machine": machine.describe(device, dtype), "seconds": medians}))


if __name__ == "__main__":
    main()
