"""`bigart series`: every line becomes pictures, whatever happens meanwhile, and what does not is told."""

import csv
import errno
import gc
import json
import os
import tracemalloc
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

from bigart_lib.cli import main as cli
from bigart_lib.pictures import recipe
from bigart_lib.runs.run import Run
from bigart_lib.series import parts, running
from bigart_lib.series.jobs import own_seed
from bigart_lib.series.running import FAILED, MADE

SMALL = ("--size", 256, "--count", 1)
OUT = Path("out")


@pytest.fixture
def series(tiny_models, command_line):
    """The command with tiny models; gives exit code, lines of output, lines of errors."""
    return lambda *arguments: command_line("series", *arguments)


def write(text, name="prompts.txt"):
    Path(name).write_text(text, encoding="utf-8")
    return name


def table(path):
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


def pictures(folder):
    """The bytes of every picture of a run, by its name below the folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*-*/**/*.png")}


# ------------------------------------------------------------------------------------------------ running


def test_every_line_becomes_a_run_that_other_commands_know(series, command_line):
    write("prompt;seed;pick;size;texture\na {red|blue} lake;3;2;1024;0.1 3\nthe sea;1,2;;256;\n", "a.csv")
    code, lines, errors = series("a.csv", "--out", OUT, "--count", 2)
    assert code == 0, errors
    assert lines[0].startswith("4 jobs; about ")
    assert lines[-1] == f"4 of 4 made, see {OUT / 'results.csv'}"
    rows = table(OUT / "results.csv")
    assert [(row["line"], row["prompt"], row["seed"], row["pick"]) for row in rows] == [
        ("2", "a red lake", "3", "2"), ("2", "a blue lake", "3", "2"),
        ("3", "the sea", "1", "1"), ("3", "the sea", "1", "2"),
        ("3", "the sea", "2", "1"), ("3", "the sea", "2", "2"),
    ]  # fmt: skip
    assert {row["status"] for row in rows} == {MADE}
    made = recipe.read(OUT / rows[0]["file"])[0]
    assert (made.prompt, made.generate.seed, made.index) == ("a red lake", 3, 1)
    assert (made.paint.size, made.paint.texture_1k.amount, made.paint.texture_1k.size) == (1024, 0.1, 3)
    assert command_line("resume", (OUT / rows[0]["file"]).parent.parent)[1][0].startswith(
        "nothing is unfinished"
    )
    with Image.open(OUT / "sheet.png") as sheet:
        assert sheet.width > 6 * 256
    assert not (OUT / "failures.csv").exists()  # all is made


def test_a_second_call_makes_only_what_is_missing_and_a_changed_line_anew(series, monkeypatch):
    series(write("a lake\nthe sea\na lake\n"), "--out", OUT, *SMALL)
    before = pictures(OUT)
    with monkeypatch.context() as patch:
        patch.setattr(running, "_made", lambda *_: pytest.fail("it is made already"))
        code, lines, _ = series(write("a lake\nthe sea\na lake\n"), "--out", OUT, *SMALL)
    assert code == 0 and lines[0] == "2 jobs (1 more said twice), 2 made; nothing to be done"
    lost = next(OUT.glob("the-sea-*")) / "candidate-1" / "256.png"
    lost.unlink()
    series(write("new\na lake\nthe sea\nover a lake\n"), "--out", OUT, *SMALL)
    assert before.items() < pictures(OUT).items()
    assert [row["line"] for row in table(OUT / "results.csv")] == ["1", "2", "3", "4"]
    assert len([*OUT.glob("*/run.json")]) == 4


def test_a_part_alone_is_whole_and_misses_the_others_only_when_it_is_merged(series):
    write("a lake\nthe sea\na red lake\nthe blue sea\n")
    codes = [series("prompts.txt", "--out", OUT / n, "--shard", f"{n}/2", *SMALL) for n in "12"]
    assert [code for code, *_ in codes] == [0, 0] and not any("not here" in str(one) for one in codes)
    assert series("--merge", OUT)[0] == 0
    code, _, errors = series("--merge", OUT / "1")
    assert code == 1 and errors == ["part 2 of 2 is not here"]
    assert series("prompts.txt", "--out", OUT / "1", *SMALL)[0] == 0
    assert series("--merge", OUT / "1")[0] == 0  # all of it is there now


def test_bad_lines_and_failing_prompts_do_not_stop_the_others(series, monkeypatch):
    made = running._made

    def fail_at_sea(job, *others):
        if job.prompt == "the sea":
            raise RuntimeError("the sea\nis too deep")
        return made(job, *others)

    lines = [
        {"prompt": "a lake"},
        {"prompt": "b", "steps": 0},
        {"prompt": "the sea"},
        {"prompt": "{"},
        {"seed": 1},
    ]
    file = write("\n".join(map(json.dumps, [*lines, {"prompt": "a sunset"}])), "a.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(running, "_made", fail_at_sea)
        code, _, errors = series(file, "--out", OUT, *SMALL)
    assert code == 1 and errors[0] == "line 3: the sea is too deep"
    found = table(OUT / "failures.csv")
    assert [(row["line"], row["status"]) for row in found] == [
        ("2", "bad line"), ("3", FAILED), ("4", "bad line"), ("5", "bad line"),
    ]  # fmt: skip
    assert found[0]["reason"] == "steps must be from 1 to 1000, not 0"
    assert "prompt is empty" in found[3]["reason"]
    assert errors[-5] == f"4 of 6 are not made, see {OUT / 'failures.csv'}:"
    code, lines, _ = series(file, "--out", OUT, *SMALL)
    assert code == 1 and lines[-1].startswith("3 of 6 made")
    assert [row["line"] for row in table(OUT / "failures.csv")] == ["2", "4", "5"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"seed": "x"}, "seed must be a whole number, not 'x'"),
        ({"pick": "9"}, "pick must be numbers from 1 to 7"),
        ({"pick": "ask"}, "nobody can be asked"),
        ({"shape": "9:1"}, "shape must be from 1:3 to 3:1"),
        ({"size": 1000}, "size must be one of 256, 1024, 4096, 16384, not 1000"),
        ({"paper": "Z9"}, "Z9"),
        ({"paper": "A3", "size": 1024}, "--paper and --size both say how large"),
        ({"texture": "0.1"}, "texture must be AMOUNT SIZE, as in 0.08 3"),
        ({"texture": [0.9, 1]}, "texture amount must be from 0 to 0.15, not 0.9"),
        ({"enhance": "maybe"}, "enhance: 'maybe' is not a valid boolean"),
        ({"sampler": "euler"}, "sampler must be one of"),
        ({"format": "jpg", "depth": 16}, "JPEG has 8 bits a colour"),
        ({"distance": 0.3}, "--distance is from a picture"),
        ({"near": "nowhere.png"}, "nowhere.png"),
        ({"device": "cuda"}, "no setting 'device'"),
    ],
)
def test_a_line_is_checked_as_the_command_line_is(series, columns, message):
    file = write(json.dumps({"prompt": "a lake", **columns}), "a.jsonl")
    code, lines, errors = series(file, "--dry-run")
    assert code == 1 and message in lines[0] and lines[0].startswith("line 1: cannot be painted: ")
    assert not errors and not Path("bigart_series").exists()


def test_a_line_overrules_the_options_of_the_series(series):
    write("prompt,size,texture,enhance\na,1024,,yes\nb,,0.1 2,\nc,,,\n", "a.csv")
    series(
        "a.csv",
        "--paper",
        "A4",
        "--dpi",
        20,
        "--texture-4k",
        0.02,
        1,
        "--seed",
        5,
        "--count",
        2,
        "--out",
        OUT,
    )
    a, b, c = (entry.job for entry in parts.Part(OUT, "a.csv").entries())
    assert (a.paint["size"], a.paint["fit"], a.paint["enhance"], a.seed) == (1024, None, True, 5)
    assert a.generate["shape"] == "1:1" and b.generate["shape"] == c.generate["shape"] == "70:99"
    assert b.paint["texture_4k"]["amount"] == 0.1 and c.paint["texture_4k"]["amount"] == 0.02
    assert b.paint["fit"] == c.paint["fit"] == [165, 234]


def test_variations_of_a_picture_need_no_prompt(series, painted):
    near = painted / "a-lake" / "candidate-3" / "256.png"
    file = write(
        json.dumps({"near": str(near), "distance": 0.2, "size": 256, "count": 1, "seed": 4}), "a.jsonl"
    )
    assert series(file, "--out", OUT)[0] == 0
    (row,) = table(OUT / "results.csv")
    made = recipe.read(OUT / row["file"])[0]
    assert made.prompt == "a lake" and made.generate.near[0].seed == 5 and made.generate.distance == 0.2


def test_a_full_disk_ends_it_in_a_line_and_the_same_command_goes_on(series, monkeypatch):
    file, save = write("a lake\nthe sea\nover a lake\n"), Run.save

    def full(run, folder, made):
        if run.recipe.prompt == "the sea":
            raise OSError(errno.ENOSPC, "No space left on device", str(folder))
        return save(run, folder, made)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save", full)
        code, _, errors = series(file, "--out", OUT, *SMALL)
    assert code == 2 and "could not be written" in errors[-1]
    assert errors[-1].endswith(f'"bigart series {file} --out {OUT} --size 256 --count 1" goes on')
    assert not [*OUT.glob("over-a-lake-*")]  # would have been painted for nothing
    code, lines, _ = series(file, "--out", OUT, *SMALL)
    assert code == 0 and lines[0].startswith("3 jobs, 1 made; about ")


def test_ctrl_c_ends_it_with_what_is_made_and_the_same_command_goes_on(series, monkeypatch):
    file, made = write("a lake\nthe sea\n"), running._made

    def interrupted(job, *others):
        if job.prompt == "the sea":
            raise KeyboardInterrupt
        return made(job, *others)

    with monkeypatch.context() as patch:
        patch.setattr(running, "_made", interrupted)
        code, _, errors = series(file, "--out", OUT, *SMALL)
    assert code == 130 and errors[-1].startswith(f"bigart: interrupted; what is made is in {OUT}, and ")
    assert errors[-1].endswith('--count 1" goes on')
    assert series(file, "--out", OUT, *SMALL)[0] == 0


# ------------------------------------------------------------------------------------------------ dry run


def test_a_dry_run_tells_jobs_bad_lines_and_what_they_take_and_makes_nothing(series):
    file = write("# mine\na {red|blue} lake\n\na {lake\na red lake\n")
    code, lines, _ = series(file, "--out", OUT, "--dry-run", "--pick", "1,2")
    assert code == 1
    seeds = own_seed("a red lake"), own_seed("a blue lake")
    assert lines[:3] == [
        f"line 2: a red lake, seed {seeds[0]}, 7 candidates, number 1, 2 to 4096 px",
        f"line 2: a blue lake, seed {seeds[1]}, 7 candidates, number 1, 2 to 4096 px",
        r"line 4: cannot be painted: the { at letter 3 is never closed (write \{ for the sign)",
    ]
    assert lines[3].startswith("1 bad line, 2 jobs (1 more said twice); about ") and lines[3].endswith(
        " on disk"
    )
    assert [*Path().iterdir()] == [Path(file)]


def test_what_the_models_cannot_is_a_bad_line_before_anything_is_painted(series):
    code, lines, _ = series(write("a lake\n"), "--dry-run", "--negative", "blur")
    assert code == 1 and "negative" in lines[0] and lines[-1].startswith("1 bad line, 0 jobs")


def test_a_dry_run_fetches_no_models(series, monkeypatch):
    monkeypatch.delenv("BIGART_OFFLINE", raising=False)
    code, lines, errors = series(write("a lake\n"), "--dry-run", "--generator", "some/model")
    assert code == 0 and lines[-1] == "1 job; no forecast" and "no forecast for some jobs: " in errors[0]
    assert "BIGART_OFFLINE" not in os.environ


def test_memory_of_a_dry_run_does_not_grow_with_the_file(series, monkeypatch):
    held, printed = [], count()

    def look(_):
        if next(printed) % 100 == 0:
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    monkeypatch.setattr("bigart_lib.cli.call.say", look)

    def most(num_lines):
        file = write("".join(f"a lake, number {number}\n" for number in range(num_lines)))
        held.clear()
        tracemalloc.start()
        assert cli.main(["series", file, "--dry-run"]) == 0
        tracemalloc.stop()
        return max(held)

    most(10)
    assert most(4000) < most(400) + 200_000


# ------------------------------------------------------------------------------------------ random choice


def test_combinations_are_drawn_alike_in_every_call(series):
    file = write("{a|b|c|d} {lake|sea}\n")
    drawn = [series(file, "--dry-run", "--combine", "random", 3, *SMALL)[1][:-1] for _ in range(2)]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 3
    assert series(file, "--dry-run", "--combine", "random", 3, "--choice-seed", 1, *SMALL)[1][:-1] != drawn[0]
    for words in (["all", 3], ["random", 0], ["some", 1]):
        assert series(file, "--dry-run", "--combine", " ".join(map(str, words)))[0] == 2
