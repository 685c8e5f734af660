"""A series with the tiny set of models that kills itself: python killed_series.py NUMBER ARGUMENTS.

It ends by SIGKILL as soon as so many files have got their names, an odd number just before that; 0: never.
"""

import os
import signal
import sys
import tempfile
from itertools import count
from pathlib import Path

from tiny_set import write_tiny_set

from bigart_lib import files
from bigart_lib.cli.main import main
from bigart_lib.weights import sets

models = write_tiny_set(Path(tempfile.mkdtemp()))
sets.SETS["embedded"] = lambda: models
last, named, give_name = int(sys.argv[1]), count(1), files._give_name


def give_name_or_die(part: Path, path: Path, replace: bool) -> None:
    if path.suffix not in (".json", ".jsonl", ".png", ".safetensors") or "speeds" in path.name:
        return give_name(part, path, replace)
    if (number := next(named)) == last and last % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    give_name(part, path, replace)
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)


files._give_name = give_name_or_die
raise SystemExit(main(["series", *sys.argv[2:]]))
