"""Tries faults, each in a folder of its own, which is kept where one was not survived."""

from __future__ import annotations

import os
import pkgutil
import random
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from tiny_set import write_tiny_set

import bigart_lib
from benchmarks.faults import kinds  # noqa: F401 -- registers them
from benchmarks.faults.trial import KINDS, NotSurvived, Trial
from bigart_lib.weights import sets

KEPT = "not-survived"  # folder in the shop


@dataclass(frozen=True)
class Result:
    """What came of one fault."""

    kind: str
    number: int
    about: str  # what was done
    problem: str  # empty where it was survived
    seconds: float  # that processors worked for it


@contextmanager
def workshop(shop: Path) -> Iterator[None]:
    """Let this process and its forks work with tiny networks, one thread, and folders of the shop."""
    for module in pkgutil.walk_packages(bigart_lib.__path__, "bigart_lib."):
        if not module.name.startswith(("bigart_lib.studio", "bigart_lib.cli.studio_", "bigart_lib.__main__")):
            import_module(module.name)  # once, instead of in every fork
    models = shop / "models"
    models.mkdir(parents=True)
    tiny = write_tiny_set(models)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # forks and threads do not go together, and so little work is not worth dividing
    own = {name: value for name, value in os.environ.items() if not name.startswith("BIGART_")}
    own |= {"BIGART_CACHE": str(shop / "cache"), "BIGART_OFFLINE": "1", "HOME": str(shop / "home")}
    with patch.dict(sets.SETS, embedded=lambda: tiny), patch.dict(os.environ, own, clear=True):
        yield
    torch.set_num_threads(threads)


def try_fault(task: tuple[str, int], shop: Path, seed: int) -> Result:
    """Try one fault of a kind, by its number."""
    name, number = task
    kind = KINDS[name]
    folder = shop / "tried" / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())[:60]}-{number}"
    draw = random.Random(f"{seed} {name} {number}")
    trial = Trial(folder, number, (number + 0.5) / kind.tries, draw, shop)
    problem = ""
    try:
        kind.try_one(trial)
        trial.keeps_others()
    except NotSurvived as fault:
        problem = str(fault)
    except Exception:
        problem = f"the campaign itself failed: {traceback.format_exc()}"
    if problem:
        _keep(trial, problem, shop / KEPT / folder.name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(trial.aside, ignore_errors=True)
    return Result(name, number, trial.about, problem, sum(ended.computed for ended in trial.ended))


def _keep(trial: Trial, problem: str, place: Path) -> None:
    told = [f"{trial.about}\n{problem}\n"]
    told += [f"\nexit code {one.code}\n--- out\n{one.out}\n--- err\n{one.err}\n" for one in trial.ended]
    place.parent.mkdir(exist_ok=True)
    os.rename(trial.folder, place)
    place.with_name(f"{place.name}.txt").write_text("".join(told), encoding="utf-8", errors="replace")
