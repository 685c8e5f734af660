"""How long the embedded models take from a prompt to a 4096 px file, from a cold process, and where it goes.

    python benchmarks/whole.py [--baseline FOLDER] [--rounds 1] [--size 4096] [--device cuda]

The real command line runs in a process of its own. Its parts are told from outside, by when each file got its
name: the first small pictures end the start and the base model. FOLDER is a checkout of another version, such
as `git worktree add FOLDER 9f37400` makes of 0.10; it runs by the same Python, in turn with this one, and
medians count. Each version has a cache folder of its own, which a first run of candidates alone has filled.
The last line is JSON.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases

HERE, BASELINE = "this version", "the baseline"
PROMPT = "sunset over a lake"
END = "to the end of the process"
GOAL = 1 / 0.77  # of 65 s


def once(root: Path, folder: Path, size: int, options: argparse.Namespace) -> dict:
    """Seconds in all and by parts, and the peak of the process, of one run."""
    environment = {**os.environ, "PYTHONPATH": str(root), "BIGART_CACHE": str(folder / "cache")}
    if options.threads:
        environment["OMP_NUM_THREADS"] = str(options.threads)
    pictures = Path(tempfile.mkdtemp(dir=folder))
    command = [
        sys.executable,
        "-m",
        "bigart_lib",
        "paint",
        PROMPT,
        "--seed",
        "1",
        "--size",
        str(size),
        "--quiet",
    ]
    command += ["--count", str(options.count), "--models", "embedded", "--device", options.device]
    clock, began = time.time(), time.perf_counter()
    with open(folder / "said.txt", "w+", encoding="utf-8") as said:
        started = subprocess.Popen(
            [*command, "--out", str(pictures)], env=environment, cwd=folder, stdout=said, stderr=said
        )
        _, status, used = os.wait4(started.pid, 0)
        seconds = time.perf_counter() - began
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode:
            said.seek(0)
            raise SystemExit(f"{root} ended with {started.returncode}: {said.read()[-500:]}")
    return {
        "seconds": seconds,
        "peak_mb": used.ru_maxrss * 1024 / 1e6,
        "parts": _parts(pictures, clock, seconds),
    }


def _parts(pictures: Path, began: float, seconds: float) -> dict[str, float]:
    """Seconds until each kind of picture of the first candidate was there, from the one before."""
    done: dict[str, float] = {}
    for path in pictures.glob("*/candidate-*/*.png"):  # those of all candidates count for the small ones
        done[path.stem] = max(done.get(path.stem, 0.0), path.stat().st_mtime - began)
    parts, before = {}, 0.0
    for name, ended in sorted(done.items(), key=lambda one: one[1]):
        parts[name], before = ended - before, ended
    return {**parts, END: seconds - before}


def check(root: Path) -> None:
    """Refuse a folder whose version would not be the one that runs."""
    code = "import bigart_lib; print(bigart_lib.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    if root.resolve() not in Path(found.stdout.strip()).resolve().parents:
        raise SystemExit(f"{root} should hold a checkout of BIG.art, and {found.stdout.strip()} would run")


def measure(options: argparse.Namespace) -> dict:
    """Both versions in turn; a table of the parts."""
    roots = {HERE: cases.ROOT, **({BASELINE: options.baseline.resolve()} if options.baseline else {})}
    runs: dict[str, list[dict]] = {name: [] for name in roots}
    with tempfile.TemporaryDirectory() as place:
        for name, root in roots.items():
            check(root)
            (Path(place) / name).mkdir()
            once(root, Path(place) / name, 256, options)
        for _ in range(options.rounds):
            for name, root in roots.items():
                runs[name].append(once(root, Path(place) / name, options.size, options))
                print(f"{name}: {runs[name][-1]['seconds']:.1f} s", flush=True)
    rows = []
    for name, these in runs.items():
        median = sorted(these, key=lambda one: one["seconds"])[len(these) // 2]
        row = {"version": name, "seconds": statistics.median(one["seconds"] for one in these)}
        rows.append({**row, "peak_mb": round(max(one["peak_mb"] for one in these)), **median["parts"]})
    cases.table(rows)
    result = {"benchmark": "whole", "device": options.device, "size": options.size, "count": options.count,
              "rows": rows}  # fmt: skip
    if options.baseline:
        name = "seconds of the baseline to this version"
        result |= {"ratios": {name: rows[1]["seconds"] / rows[0]["seconds"]}, "goals": {name: GOAL}}
    return result


def add_options(parser: argparse.ArgumentParser) -> None:
    cases.device_options(parser)
    parser.add_argument("--baseline", type=Path, help="a checkout of another version")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--size", type=int, default=4096, help="px: 256, 1024 or 4096")
    parser.add_argument("--count", type=int, default=7, help="candidates")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
