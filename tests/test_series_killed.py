"""A series that is killed, divided, or made by two processes at once: the same bytes as undisturbed."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SMALL = ("--size", 256, "--count", 1)
LINES = """prompt;seed;size
a lake;1;
sunset over a lake;2;1024
{a|the} sea;3;
a {lake;4;
"a lake; blue";5;
over a lake;6;
over the lake;;
over a sunset;8;4000
a sunset;9;1024
a;10;
sunset;11;
"""


def table(path):
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


def pictures(folder):
    """The bytes of every picture of a run, by its name below the folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*-*/**/*.png")}


def process(number, *arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
    command = [sys.executable, str(TESTS / "killed_series.py"), str(number), *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder with a file of ten jobs and two bad lines, and what an undisturbed call makes of it."""
    folder = tmp_path_factory.mktemp("series")
    (folder / "a.csv").write_text(LINES, encoding="utf-8")
    done = process(0, folder / "a.csv", "--out", folder / "whole", *SMALL)
    output = done.communicate()[0]
    assert done.returncode == 1, output
    found = pictures(folder / "whole")
    assert len({name.partition("/")[0] for name in found}) == 10
    assert [row["line"] for row in table(folder / "whole" / "failures.csv")] == ["5", "9"]
    return folder, found


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a dozen processes, each of which imports torch
def test_a_series_that_is_killed_five_times_ends_with_the_same_bytes(undisturbed):
    folder, expected = undisturbed
    for number in (4, 7, 11, 16, 9):
        killed = process(number, folder / "a.csv", "--out", folder / "killed", *SMALL)
        output = killed.communicate()[0]
        assert killed.returncode == -9, output
    done = process(0, folder / "a.csv", "--out", folder / "killed", *SMALL)
    assert " made; about " in done.communicate()[0] and done.returncode == 1
    assert pictures(folder / "killed") == expected
    assert not [*(folder / "killed").rglob("*.part")]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a dozen processes, each of which imports torch
def test_shards_that_are_merged_have_the_same_bytes(undisturbed, command_line):
    folder, expected = undisturbed
    runs = [
        process(0, folder / "a.csv", "--out", folder / "shards" / number, "--shard", f"{number}/2", *SMALL)
        for number in "12"
    ]
    assert {run.communicate() and run.returncode for run in runs} == {1}
    parts_of = [pictures(folder / "shards" / str(number)) for number in (1, 2)]
    assert parts_of[0] | parts_of[1] == expected and not {*parts_of[0]} & {*parts_of[1]} and all(parts_of)
    code, lines, errors = command_line("series", "--merge", folder / "shards")
    assert code == 1 and lines[-1].startswith("10 of 12 made")
    whole, merged = (table(folder / name / "results.csv") for name in ("whole", "shards"))
    assert [row["prompt"] for row in whole] == [row["prompt"] for row in merged]
    assert all((folder / "shards" / row["file"]).is_file() for row in merged)
    assert [row["line"] for row in table(folder / "shards" / "failures.csv")] == ["5", "9"]
    (folder / "shards" / "2" / "series-2-of-2.jsonl").unlink()
    code, _, errors = command_line("series", "--merge", folder / "shards")
    assert code == 1 and errors[-1] == "part 2 of 2 is not here"


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a dozen processes, each of which imports torch
def test_two_processes_at_once_in_one_folder_share_the_work(undisturbed):
    folder, expected = undisturbed
    runs = [process(0, folder / "a.csv", "--out", folder / "both", *SMALL) for _ in range(2)]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [1, 1], outputs
    assert pictures(folder / "both") == expected
