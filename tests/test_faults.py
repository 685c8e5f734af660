"""A few faults of each kind that `python -m benchmarks.faults` tries: nothing is lost, hangs, or lies."""

import os
import random
import tempfile
import time
from pathlib import Path

import pytest

from benchmarks.faults.campaign import try_fault, workshop
from benchmarks.faults.kinds.damaged import given, truncated
from benchmarks.faults.trial import KINDS, NotSurvived, Trial

MANY = 60  # tries of a kind that are quick, as their number shows
HERE = [  # one or two of each kind, which the shorter command is disturbed by; the campaign tries all
    (name, number)
    for name, kind in KINDS.items()
    for share in ((0.25, 0.75) if kind.tries >= MANY else (0.5,))
    if (number := int(share * kind.tries) | 1) < kind.tries
]


@pytest.fixture(scope="module")
def shop():
    with tempfile.TemporaryDirectory() as folder, workshop(Path(folder)):  # others may not read pytest's own
        yield Path(folder)


@pytest.mark.parametrize(("kind", "number"), HERE, ids=[f"{name}, {number}" for name, number in HERE])
def test_a_fault_costs_nothing(shop, kind, number):
    result = try_fault((kind, number), shop, seed=1)
    assert not result.problem, f"{result.about}: {result.problem}"


@pytest.fixture
def trial(shop, tmp_path):
    return Trial(tmp_path / "trial", 0, 0.5, random.Random(1), shop)


def test_a_lost_picture_is_noticed(trial):
    run = given(trial, "candidates")
    trial.is_as_undisturbed("candidates")
    (run / "candidate-1" / "64.png").unlink()
    with pytest.raises(NotSurvived, match="other bytes"):
        trial.is_as_undisturbed("candidates")


def test_a_half_picture_is_noticed(trial):
    run = given(trial, "candidates")
    trial.is_whole()
    truncated(run / "candidate-1" / "64.png", trial)
    with pytest.raises(NotSurvived, match="half or damaged"):
        trial.is_whole()


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (lambda: 1 / 0, "a traceback"),
        (lambda: 7, "exit code 7"),
        (lambda: 2, "not one line"),
        (lambda: time.sleep(9), "it hung"),
        (lambda: 0 if os.fork() else time.sleep(9), "a process was left"),
    ],
    ids=["traceback", "exit code", "no line", "hang", "left process"],
)
def test_an_end_that_is_not_clear_is_noticed(trial, work, problem):
    ended = trial.call(work, limit=0.5)
    with pytest.raises(NotSurvived, match=problem):
        trial.ends_clearly(ended)


def test_a_file_where_none_belongs_is_noticed(trial):
    trial.keeps_others()
    (trial.folder / "made.txt").touch()
    with pytest.raises(NotSurvived, match="where none belong"):
        trial.keeps_others()
