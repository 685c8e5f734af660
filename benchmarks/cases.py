"""What the questions share: cases in processes of their own, medians, the machine, the last line of JSON.

Knows nothing of what is measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path

ROOT = Path(__file__).parent.parent
ABSENT = "absent"  # names why a case could not be measured


def main(
    doc: str,
    add_options: Callable[[argparse.ArgumentParser], None],
    measure: Callable[[argparse.Namespace], dict],
    cases: Mapping[str, Callable[..., dict]] | None = None,
) -> None:
    """A question's command line: measure, and print one last line of JSON.

    `cases` are functions that `in_own_process` asks this same file for, by their names.
    """
    if sys.argv[1:2] == ["--case"]:
        name, values = json.loads(sys.argv[2])
        print(json.dumps(cases[name](**values)))
        return
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    options = parser.parse_args()
    found = measure(options)
    for name, ratio in found.get("ratios", {}).items():
        goal = found.get("goals", {}).get(name)
        print(f"{name}: {shown(ratio)} times" + (f", the goal is {shown(goal)}" if goal else ""))
    print(json.dumps(found))


def device_options(parser: argparse.ArgumentParser) -> None:
    """The options of every question that asks networks."""
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")


def in_own_process(
    script: str | Path,
    name: str,
    values: Mapping[str, object],
    threads: int = 0,
    environment: Mapping[str, str] | None = None,
) -> dict:
    """What a case of a script measures; {"absent": why} where it cannot be measured here."""
    added = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    done = subprocess.run(
        [sys.executable, str(script), "--case", json.dumps([name, values])],
        cwd=ROOT, env={**os.environ, **added, **(environment or {})}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        return {ABSENT: said[-1].strip()[:300]}
    return json.loads(done.stdout.splitlines()[-1])


def without_gradients(case: Callable[..., dict]) -> Callable[..., dict]:
    """A case that asks networks, which then keep nothing for gradients."""

    @wraps(case)
    def asked(*values: object, **named: object) -> dict:
        import torch

        with torch.inference_mode():
            return case(*values, **named)

    return asked


def seconds(work: Callable[[], object], runs: int, device: str = "cpu") -> float:
    """The median of some runs, each until a card is done with it."""
    taken = []
    for _ in range(runs):
        synchronize(device)
        began = time.perf_counter()
        work()
        synchronize(device)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def synchronize(device: str) -> None:
    """Wait for a card, so that the clock sees its work."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()


def table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows under the names of their values."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([shown(row.get(name)) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)), flush=True)


def shown(value: object) -> str:
    """A value in few characters: three digits of what is no whole number."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if type(value) is int else str(value)


def machine(device: str = "cpu") -> dict:
    """What a result was measured on: processor or card, precision, threads, memory, versions."""
    import platform

    import psutil
    import torch

    from bigart_lib import machine

    chosen = torch.device(device)
    found = machine.facts(chosen, machine.pick_precision(chosen))
    memory = psutil.virtual_memory().total
    if chosen.type == "cuda":
        memory = torch.cuda.get_device_properties(chosen).total_memory
    return {**found, "memory_gb": round(memory / 1e9, 1), "python": platform.python_version()}
