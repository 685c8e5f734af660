"""How seconds and memory grow: of candidates with their number, of enlarging with size, of both with threads.

    python benchmarks/growth.py [--counts 1 2 4 7] [--sides 256 512 1024] [--workers 1 2] [--device cuda]

Candidates are the embedded models', enlarging is by Real-ESRGAN at full size, each as `bigart` does it here,
in a process of its own. The baseline of each row is the smallest of its kind: a ratio equal to that of the
work means that nothing is lost or won by size. The last line is JSON.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases
from benchmarks.peak import peak_memory

CANDIDATES, ENLARGING = "candidates", "enlarging"


def candidates(device: str, size: int, steps: int | None) -> dict:
    """What so many candidates take."""
    import torch

    from benchmarks.generate import embedded_generator, paint
    from bigart_lib import loading

    generator = embedded_generator(device, loading.batch_size(torch.device(device)))
    paint(generator, 1, 2)
    taken = cases.seconds(lambda: paint(generator, size, steps), 1, device)
    return {"seconds": taken, "peak_mb": round(peak_memory(device) / 1e6)}


@cases.without_gradients
def enlarging(device: str, size: int, blocks: int) -> dict:
    """What a picture of so many px a side takes."""
    from benchmarks import peers
    from benchmarks.enlarge import drawn

    run, _ = peers.ours(device, blocks, size, peers.fast_precision(device))
    picture = drawn(size)
    run(drawn(64))
    return {
        "seconds": cases.seconds(lambda: run(picture), 1, device),
        "peak_mb": round(peak_memory(device) / 1e6),
    }


def measure(options: argparse.Namespace) -> dict:
    """Every size with every number of threads; a table."""
    workers = [0] if options.device.startswith("cuda") else options.workers
    rows = []
    for kind, sizes, values in (
        (CANDIDATES, options.counts, {"steps": options.steps}),
        (ENLARGING, options.sides, {"blocks": options.blocks}),
    ):
        for threads in workers:
            of_these = []
            for size in sizes:
                asked = {"device": options.device, "size": size, **values}
                found = cases.in_own_process(__file__, kind, asked, threads)
                row = {"work": kind, "size": size, "threads": threads, **found}
                if "seconds" in found:
                    of_these.append(row)
                    smallest = of_these[0]
                    times = size / smallest["size"] if kind == CANDIDATES else (size / smallest["size"]) ** 2
                    row |= {"times_work": times, "times_seconds": row["seconds"] / smallest["seconds"]}
                rows.append(row)
                print(f"{kind} {size}, {threads} threads: {cases.shown(row.get('seconds'))} s", flush=True)
    cases.table(rows)
    return {"benchmark": "growth", "device": options.device, "rows": rows, "ratios": _ratios(rows, workers)}


def _ratios(rows: list[dict], workers: list[int]) -> dict[str, float]:
    """What threads bring to the largest of each kind."""
    ratios, least, most = {}, min(workers), max(workers)
    for kind in (CANDIDATES, ENLARGING):
        taken = {row["threads"]: row["seconds"] for row in rows if row["work"] == kind and "seconds" in row}
        if least < most and least in taken and most in taken:  # the last of each, which is the largest
            ratios[f"{kind}, {least} to {most} threads"] = taken[least] / taken[most]
    return ratios


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 7], help="candidates")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1024], help="px before")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="threads on a CPU")
    parser.add_argument("--steps", type=int, help="of the base model; the default is the set's")
    parser.add_argument("--blocks", type=int, default=23, help="of the enlarger; fewer for a quick look")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure, {CANDIDATES: candidates, ENLARGING: enlarging})
