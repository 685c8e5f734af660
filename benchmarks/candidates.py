"""How fast seven candidates are painted at GLIDE's published size: our way against the article's.

    python benchmarks/candidates.py [--device cuda] [--count 7] [--runs 2]

The networks have random weights of the published shapes; time does not depend on the values. Ours is what
`bigart` does here: precision and layout of the machine, as many candidates in a pass as it has there, text
encoded once, and the published set's own steps, all of which one batch takes for real; the others take as
long. The article's way is fp32, contiguous, all candidates in one batch, and the text encoded anew at every
step. Its steps all do the same work, so some are timed, and their median is multiplied by their number: by
400, the article's notebook's default, or 100, the published one's, and by 27. What its sampler computes
between two steps is left out. fp32 is as torch has it, on newer cards with TF32 in convolutions; there the
article's way is timed in fp16 too. The last line is JSON.
"""

import argparse
import math
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases
from benchmarks.peak import peak_memory

PROMPT = "sunset over a lake"
WORDS = ("sunset", "over", "a", "lake")  # a vocabulary of the prompt alone needs no tokenizer's file
EQUAL_STEPS = ((400, 27), (100, 27))  # of the article's notebook, and of the published one
STAGES = ("base", "upsample")
EQUAL, DEFAULT = "equal steps, 100 + 27", "default against 400 + 27"
GUIDED = 2  # passes for one step: with the prompt and without
SMALLER = 3  # times fewer channels, for a quick look


def build(stage: str, device: str, dtype, small: bool):
    """A network of random values, on a device in a precision."""
    from dataclasses import replace

    import torch

    from bigart_lib.generate import network as glide

    config = glide.PUBLISHED_BASE if stage == "base" else glide.PUBLISHED_UPSAMPLER
    config = replace(config, vocabulary=WORDS)
    if small:
        text = replace(config.text, summary_width=256)
        config = replace(config, channels=tuple(one // SMALLER for one in config.channels), text=text)
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)  # so that no copy in fp32 counts as its memory
    try:
        with torch.device(device):
            return glide.Glide(config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(torch.float32)


def article(device: str, count: int, runs: int, small: bool, precision: str) -> dict:
    """Median seconds of one step of each stage, for all candidates in one batch."""
    import torch

    from bigart_lib import machine

    dtype, taken = machine.pick_precision(torch.device(device), precision), {}
    networks = {stage: build(stage, device, dtype, small) for stage in STAGES}  # both, as it has them
    for stage, side, channels in (("base", 64, 3), ("upsample", 256, 6)):
        network, passes = networks[stage], GUIDED if stage == "base" else 1
        prompts = [PROMPT] * count + [""] * (count * (passes - 1))
        noisy = torch.randn(passes * count, channels, side, side, device=device, dtype=dtype)

        @torch.inference_mode()
        def step(network=network, noisy=noisy, prompts=prompts):
            return network(noisy, 500, network.encode(prompts))

        step()
        taken[stage] = cases.seconds(step, runs, device)
    return {"step": taken, "precision": precision, "peak_mb": peak_memory(device) / 1e6}


def ours(device: str, count: int, small: bool, steps: int | None = None) -> dict:
    """Seconds of each stage, and of one guided step, for all candidates; one batch of them is painted."""
    import torch

    from bigart_lib import loading, machine
    from bigart_lib.generate.blocks import fit_to_run
    from bigart_lib.generate.glide import GlideGenerator
    from bigart_lib.settings import GenerateSettings
    from bigart_lib.weights import sets

    place = torch.device(device)
    dtype = machine.pick_precision(place)
    networks = {
        stage: fit_to_run(build(stage, device, dtype, small)).to(memory_format=torch.channels_last)
        for stage in STAGES
    }
    batch = loading.batch_size(place)
    generator = GlideGenerator(
        lambda: networks["base"], lambda: networks["upsample"],
        tuple(networks[stage].config for stage in STAGES), sets.published().sampling, dict, batch,
    )  # fmt: skip
    painted, batches = min(batch, count), math.ceil(count / batch)
    settings = generator.complete(GenerateSettings(seed=1, count=painted, steps=steps))
    warm_up = generator.complete(GenerateSettings(seed=1, count=painted, steps=2))
    _told(generator, warm_up, painted, most=2)
    told = _told(generator, settings, painted)
    found = {"steps": {}, "seconds": {}, "step": {}, "batch": batch}
    for stage in STAGES:
        began, *ended = told[stage]
        apart = [after - before for before, after in zip([began, *ended], ended, strict=False)]
        found["steps"][stage] = len(ended)
        found["seconds"][stage] = batches * (ended[-1] - began)
        # The first steps are guided whatever the default; the very first may still warm up.
        found["step"][stage] = batches * statistics.median(apart[1 : max(3, len(apart) // 4)] or apart)
    return {**found, "precision": machine.precision_name(dtype), "peak_mb": peak_memory(device) / 1e6}


class _EnoughError(Exception):
    """Raised to end a warm-up."""


def _told(generator, settings, painted: int, most: int | None = None) -> dict[str, list[float]]:
    """When each stage began, and when each of its steps was done; at the most so many of the last stage."""
    told: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def report(news) -> None:
        told[news.stage].append(time.perf_counter())
        if most is not None and len(told["upsample"]) > most:
            raise _EnoughError

    try:
        for _ in generator.paint(PROMPT, settings, range(painted), report, {}):
            pass
    except _EnoughError:
        pass
    return told


def measure(options: argparse.Namespace) -> dict:
    """Both ways, each in a process of its own; a table, and ratios."""
    shared = {"device": options.device, "count": options.count, "small": options.small}
    precisions = ["fp32", "fp16"] if options.device.startswith("cuda") else ["fp32"]
    theirs = [
        cases.in_own_process(
            __file__, "article", {**shared, "runs": options.runs, "precision": precision}, options.threads
        )
        for precision in precisions
    ]
    mine = cases.in_own_process(__file__, "ours", {**shared, "steps": options.steps}, options.threads)
    if absent := [one[cases.ABSENT] for one in (mine, *theirs) if cases.ABSENT in one]:
        raise SystemExit(f"not measured: {absent[0]}")
    rows = [_row("article", one, steps) for one in theirs for steps in EQUAL_STEPS]
    rows += [_row("ours", mine, steps) for steps in EQUAL_STEPS]
    own_steps = tuple(mine["steps"][stage] for stage in STAGES)
    rows.append({**_row("ours, default", mine, own_steps), "all_s": sum(mine["seconds"].values())})
    cases.table(rows)
    ours_equal, default, ratios = rows[-2]["all_s"], rows[-1]["all_s"], {}
    for place, precision in enumerate(precisions):
        of_article, of_published = (rows[2 * place + one]["all_s"] for one in (0, 1))
        ratios |= {
            f"{EQUAL}, {precision}": of_published / ours_equal,
            f"{DEFAULT}, {precision}": of_article / default,
            f"default against 100 + 27, {precision}": of_published / default,
        }
    return {"benchmark": "candidates", **shared, "batch": mine["batch"], "rows": rows, "ratios": ratios,
            "goals": {f"{EQUAL}, fp32": 8 if len(precisions) > 1 else 6, f"{DEFAULT}, fp32": 20}}  # fmt: skip


def _row(way: str, case: dict, steps: tuple[int, int]) -> dict:
    """A line of the table: all candidates, by so many steps of each stage."""
    return {
        "way": f"{way}, {case['precision']}",
        "steps": " + ".join(map(str, steps)),
        "base_step_s": case["step"]["base"],
        "upsampler_step_s": case["step"]["upsample"],
        "all_s": sum(case["step"][stage] * number for stage, number in zip(STAGES, steps, strict=True)),
        "peak_mb": round(case["peak_mb"]),
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    cases.device_options(parser)
    parser.add_argument("--count", type=int, default=7, help="candidates")
    parser.add_argument("--runs", type=int, default=2, help="steps of the article's way, whose median counts")
    parser.add_argument("--steps", type=int, help="of our base model; the default is the published set's")
    parser.add_argument("--small", action="store_true", help=f"{SMALLER} times fewer channels: a quick look")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure, {"ours": ours, "article": article})
