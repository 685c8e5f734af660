"""How soon BIG.art starts: the command line's help, and what each way in imports.

    python benchmarks/start.py [--runs 5]

Each start is a process of its own, after one to warm the disk's cache; the median counts. The baselines are a
bare Python, which nothing that Python runs can beat, and `import torch`, which nothing that paints can. The
last line is JSON.
"""

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases

BARE, TORCH, HELP = "python -c pass", "import torch", "bigart --help"
STARTS = {
    BARE: ("-c", "pass"),
    TORCH: ("-c", "import torch"),
    "import bigart_lib": ("-c", "import bigart_lib"),
    HELP: ("-m", "bigart_lib", "--help"),
    "bigart generators": ("-m", "bigart_lib", "generators"),
    'bigart_lib.load("embedded")': ("-c", "import bigart_lib; bigart_lib.load('embedded', device='cpu')"),
    "the studio's module": ("-c", "from bigart_lib.studio import studio"),
}


def start(arguments: tuple[str, ...], root: Path = cases.ROOT) -> None:
    """Run Python with these arguments to its end."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=True)


def measure(options: argparse.Namespace) -> dict:
    """Every start; a table."""
    taken = {}
    for name, arguments in STARTS.items():
        start(arguments)
        taken[name] = cases.seconds(partial(start, arguments), options.runs)
    rows = [
        {"start": name, "seconds": one, "times_bare": one / taken[BARE], "times_torch": one / taken[TORCH]}
        for name, one in taken.items()
    ]
    cases.table(rows)
    ratios = {
        "import torch to bigart --help": taken[TORCH] / taken[HELP],
        "bigart --help, seconds": taken[HELP],
    }
    return {"benchmark": "start", "rows": rows, "ratios": ratios,
            "goals": {"bigart --help, seconds": 0.3}, "at_most": ["bigart --help, seconds"]}  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=5)


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
