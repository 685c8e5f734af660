"""Try hundreds of faults, and say of each kind how many were survived.

    python -m benchmarks.faults [--only WORDS] [--share 1] [--seed 1] [--processes 2]

A fault is survived when the work ends in time, with the exit code that is promised, one line and no
traceback; no half file has a final name; nothing that was finished is lost; what was begun ends with the
bytes of an undisturbed run; no process is left, and no file of anybody else's was touched. What is left of
the others is kept in a folder that is named. The networks are tiny and have random weights. The last line is
JSON; the exit code is 1 where a fault was not survived. As root on Linux, disks are really full.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run from a checkout that is not installed

from benchmarks.faults.campaign import KEPT, Result, try_fault, workshop
from benchmarks.faults.trial import COMMANDS, KINDS, undisturbed

WIDTH = 74  # of the first column


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="kinds whose names hold these words")
    parser.add_argument("--share", type=float, default=1.0, help="of the faults of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and the damage")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    shop = Path(tempfile.mkdtemp(prefix="bigart-faults-"))
    began = time.monotonic()
    with workshop(shop):
        for command in COMMANDS:
            undisturbed(shop, command)
        results = tell(_results(options, shop))
    counts = {
        name: [len(these), sum(not one.problem for one in these), round(sum(one.seconds for one in these))]
        for name, these in results.items()
    }
    tried, survived, _ = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{'all':{WIDTH}} | {tried:5} | {survived:5}")
    if tried > survived:
        print(f"what is left of the others is in {shop / KEPT}")
        for path in {*shop.iterdir()} - {shop / KEPT}:
            shutil.rmtree(path, ignore_errors=True)
    else:
        shutil.rmtree(shop)
    seconds = round(time.monotonic() - began)
    total = {"seed": options.seed, "seconds": seconds, "tried": tried, "survived": survived}
    print(json.dumps({**total, "tried, survived, seconds of computing": counts}))
    return 0 if tried == survived else 1


def _results(options: argparse.Namespace, shop: Path) -> Iterator[Result]:
    """The results, in the order of the kinds, as faults are tried by several processes."""
    kinds = [one for one in KINDS.values() if options.only.lower() in one.name.lower()]
    tasks = [
        (one.name, int((place + 0.5) * one.tries / tries))
        for one in kinds
        if one.tries and (tries := max(1, round(one.tries * options.share)))
        for place in range(tries)
    ]
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        yield from pool.imap(partial(try_fault, shop=shop, seed=options.seed), tasks)


def tell(results: Iterator[Result]) -> dict[str, list[Result]]:
    """Print a line for each kind as soon as all of it was tried."""
    by_kind = {}
    print(f"{'kind':{WIDTH}} | tried | survived")
    for name, these in groupby(results, lambda one: one.kind):
        by_kind[name] = list(these)
        survived = [one for one in by_kind[name] if not one.problem]
        print(f"{name:{WIDTH}} | {len(by_kind[name]):5} | {len(survived):5}")
        for one in by_kind[name]:
            if one.problem:
                print(f"    {one.about or one.number}: {one.problem}")
        sys.stdout.flush()
    return by_kind


if __name__ == "__main__":
    raise SystemExit(main())
