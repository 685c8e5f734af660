"""One job of a series: plain data, its key, its shard, and what making it gives back."""

import json

import pytest

from bigart_lib.pictures import recipe
from bigart_lib.runs.journal import locked
from bigart_lib.series import driving, parts, running
from bigart_lib.series.jobs import Job, Shard, from_values, read_shard
from bigart_lib.series.running import BUSY, FAILED, MADE, Models, Row


def job(prompt="a lake", seed=1, **more):
    return Job(prompt, {"seed": seed, "count": 1}, load={"models": "embedded"}, **more)


def test_a_job_is_plain_data_with_a_key_of_what_decides_its_pictures():
    one = job(paint={"size": 1024}, indices=(0,))
    assert from_values(json.loads(json.dumps(one.to_dict()))) == one
    assert from_values(json.loads(json.dumps(one.to_dict()))).key == one.key
    assert job(keep="none").key == job().key
    others = [job("a sea"), job(seed=2), job(written={"dpi": 72}), job(paint={"size": 1024}, indices=(0,))]
    assert len({one.key for one in [job(), *others]}) == 5
    assert job("../..//\n").folder.startswith("picture-") and "/" not in job("a/b").folder


def test_shards_divide_jobs_by_key_so_that_a_new_line_moves_none():
    keys = [job(seed=seed).key for seed in range(300)]
    shards = [[key for key in keys if Shard(number, 3).has(key)] for number in (1, 2, 3)]
    assert sorted(sum(shards, [])) == sorted(keys) and min(map(len, shards)) > 60
    assert read_shard("2/3") == Shard(2, 3) and Shard().has(keys[0])
    for words in ("0/3", "4/3", "x", "1/0"):
        with pytest.raises(ValueError, match="shard must be a part such as 1/4"):
            read_shard(words)


def test_a_job_that_another_process_is_at_is_left_to_it_and_looked_at_again(
    tiny_models, tmp_path, monkeypatch
):
    one, models = job(), Models({"device": "cpu"})
    folder = tmp_path / one.folder
    folder.mkdir()
    with locked(folder / running.LOCK, 0, ""):
        assert running.make(one, models, tmp_path).status == BUSY
    assert [*folder.glob("*.json")] == []
    monkeypatch.setattr(driving, "WAIT", 0)
    part, rows = parts.Part(tmp_path, "a"), iter([BUSY, BUSY, MADE])
    part.write([parts.Entry(1, one)])
    told = []
    driving.drive(
        part, driving.Foresight(models), driving.Outlook(jobs=1), lambda _: None,
        lambda _, row: told.append(row.status),
        lambda *_: Row(one.key, next(rows)),
    )  # fmt: skip
    assert told == [MADE]


def test_models_are_loaded_once_for_all_jobs_that_ask_for_them(tmp_path):
    asked = []

    class Loaded:
        device = type("Device", (), {"type": "cpu"})()
        generator = type("Generator", (), {"abilities": type("Abilities", (), {"origin": ""})()})()

    def load(models, **_):
        asked.append(models)
        if models == "bad":
            raise ValueError("there is no such set")
        return Loaded()

    part = parts.Part(tmp_path, "a")
    names = ["one", "two", "one", "bad", "two", "bad"]
    entries = [
        parts.Entry(line, Job("a", {"seed": line}, load={"models": name})) for line, name in enumerate(names)
    ]
    part.write(entries)
    models = Models(load=load)
    for entry in driving._in_order(part):
        row = running.make(entry.job, models, tmp_path)
        assert row.status == FAILED  # these models cannot paint
    assert asked == ["one", "two", "bad"]


def test_a_run_begun_in_another_precision_is_finished_in_that(tiny_models, tmp_path):
    one = job(seed=3)
    begun = running.make(
        from_values({**one.to_dict(), "load": {"models": "embedded", "dtype": "bf16"}}),
        Models({"device": "cpu"}),
        tmp_path,
    )
    folder = next(tmp_path.glob("a-lake-*"))
    folder.rename(tmp_path / one.folder)
    for name in ("candidate-1/256.png", "job.json"):
        (tmp_path / one.folder / name).unlink()
    assert begun.status == running.make(one, Models({"device": "cpu"}), tmp_path).status == MADE
    assert recipe.read(tmp_path / one.folder / "candidate-1" / "256.png")[0].machine["precision"] == "bf16"
