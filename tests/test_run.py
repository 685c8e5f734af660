"""A run on disk: what was made is there at once, is not made twice, and is gone on with after any end."""

import hashlib
import json
import os
import shutil
from types import SimpleNamespace

import pytest
from PIL import Image

from bigart_lib import CancelledError, GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.pictures.images import PictureError
from bigart_lib.runs import run as run_module
from bigart_lib.runs.resume import load_for_run, newest_unfinished, resume, seconds_left
from bigart_lib.runs.run import JOURNAL, Run, UnsavedError, all_runs, open_run

TWO, PAINT = GenerateSettings(seed=3, count=2), PaintSettings(1024, enhance=True)
COARSE = TextureSettings(0.1, 6)
PICTURES = ["256.png", "64.png"]


def begin(bigart, folder, **options):
    return Run.new(folder, "A lake!", bigart.recipe("a lake", TWO), {"models": "embedded", **options})


@pytest.fixture(scope="module")
def undisturbed(bigart, tmp_path_factory):
    """A finished run that nothing happened to."""
    run = begin(bigart, tmp_path_factory.mktemp("undisturbed"))
    run.paint_candidates(bigart)
    run.paint(bigart, 1, PAINT)
    return run


@pytest.fixture
def run(undisturbed, tmp_path):
    """A copy of it, to be disturbed."""
    return open_run(shutil.copytree(undisturbed.path, tmp_path / undisturbed.path.name))


def contents(run):
    """The hash of every file that people see, by its name."""
    files = sorted(path for path in run.path.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {
        str(path.relative_to(run.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != JOURNAL
    }


@pytest.fixture
def networks_run(bigart, monkeypatch):
    """What networks have been run for since."""
    seen = []
    parts = {"paint": bigart.generator, "enlarge": bigart.enlarger, "enhance": bigart.enhancer}
    for method, part in parts.items():
        original = getattr(part, method)
        monkeypatch.setattr(
            part, method, lambda *a, original=original, method=method: seen.append(method) or original(*a)
        )
    return seen


def test_the_folder_is_as_it_is_described(undisturbed):
    names = sorted(name for name in contents(undisturbed) if "exact" not in name)
    assert names == [
        "candidate-1/256.png",
        "candidate-1/64.png",
        "candidate-2/1024.png",
        "candidate-2/1024_enhanced.png",
        "candidate-2/1024_textured.png",
        "candidate-2/256.png",
        "candidate-2/64.png",
        "candidates.png",
    ]
    exact = [name for name in contents(undisturbed) if "exact" in name]
    assert len(exact) == 6  # two stages of two candidates; enlarged and enhanced
    assert undisturbed.unfinished() == [] and undisturbed.path.name == "a-lake"


def test_every_picture_is_in_the_journal_with_its_hashes(undisturbed):
    made = json.loads((undisturbed.path / JOURNAL).read_text())["made"]
    for entry in made.values():
        path = undisturbed.path / entry["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        with Image.open(path) as image:
            recipe = json.loads(image.text["bigart"])
        assert recipe["steps"][recipe["stage"]] == entry["pixels"]
    assert len(made) == 8


def test_every_run_gets_a_new_folder(bigart, tmp_path):
    titles = ("A lake", "a lake", "../..", "湖", "x" * 300)
    names = [Run.new(tmp_path, title, bigart.recipe("a lake", TWO)).path.name for title in titles]
    assert names == ["a-lake", "a-lake-2", "picture", "湖", "x" * 48]


def test_what_is_finished_is_not_made_again(bigart, run, networks_run):
    before = contents(run)
    resume(run, bigart)
    assert networks_run == [] and contents(run) == before


def interrupted_at(bigart, folder, event, **options):
    """A run that was broken off at its so-manieth report of progress; None if it ended before."""
    seen = 0

    def report(progress):
        nonlocal seen
        seen += 1
        if seen == event:
            raise CancelledError

    run = begin(bigart, folder, **options)
    try:
        run.want((1, PAINT, bigart.plan(run.recipe_of(1, PAINT))))
        run.paint_candidates(bigart, report)
        run.paint(bigart, 1, PAINT, report)
    except CancelledError:
        return run
    return None


@pytest.mark.parametrize(
    ("keep", "events"),
    [("exact", (1, 4, 7, 9, 13, 16, 19)), ("none", (8, 16))],  # of some twenty
)
def test_broken_off_anywhere_it_is_gone_on_with_to_the_same_bytes(
    bigart, undisturbed, tmp_path, keep, events
):
    expected = {n: h for n, h in contents(undisturbed).items() if keep == "exact" or "exact" not in n}
    for event in events:
        run = interrupted_at(bigart, tmp_path / str(event), event, keep=keep)
        again = newest_unfinished(tmp_path / str(event))
        assert again.path == run.path
        resume(again, load_for_run(again))
        assert contents(again) == expected, event


def test_only_a_damaged_or_missing_picture_is_made_again(bigart, run, undisturbed, networks_run):
    damaged, missing = (run.path / "candidate-2" / f"{name}.png" for name in ("1024_textured", "1024"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    missing.unlink()
    resume(run, bigart)
    assert networks_run == []  # the unrounded results are there
    made = contents(run)
    assert made.pop("candidate-2/1024_textured_set-aside.png")
    assert made == contents(undisturbed)


def test_a_damaged_result_to_go_on_from_is_noticed_and_made_again(bigart, run, undisturbed, networks_run):
    steps = bigart.plan(run.recipe_of(1, PAINT))
    (enlarged,) = [step for step in steps if step.action == "enlarge"]
    path = run.path / "candidate-2" / "exact" / f"{enlarged.key}.safetensors"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (run.path / "candidate-2" / "1024_textured.png").unlink()
    resume(run, bigart)
    assert networks_run == ["enlarge"] and contents(run) == contents(undisturbed)


def test_a_picture_that_was_written_but_not_noted_is_taken_as_it_is(bigart, run, undisturbed):
    journal = json.loads((run.path / JOURNAL).read_text())
    for key in [key for key, entry in journal["made"].items() if "1024" in entry["file"]]:
        del journal["made"][key]
    (run.path / JOURNAL).write_text(json.dumps(journal))
    again = open_run(run.path)
    assert len(again.unfinished()) == 1
    resume(again, bigart)
    assert contents(again) == contents(undisturbed)


def test_an_artists_own_file_is_never_written_over(bigart, run):
    own = run.path / "candidate-1" / "1024.png"
    own.write_text("mine")
    run.paint(bigart, 0, PaintSettings(1024))
    assert own.read_text() == "mine"
    assert sorted(path.name for path in own.parent.glob("*.png")) == [
        "1024-2.png", "1024.png", "1024_textured.png", "256.png", "64.png",
    ]  # fmt: skip


def test_another_texture_makes_a_new_picture_and_the_same_one_none(bigart, run, networks_run):
    for texture in (COARSE, COARSE, PAINT.texture_1k):
        work = run.paint(bigart, 1, PaintSettings(1024, texture))
    assert networks_run == []
    names = sorted(path.name for path in work.folder.glob("*.png"))
    assert names == [
        "1024.png", "1024_enhanced.png", "1024_textured-2.png", "1024_textured.png", "256.png", "64.png",
    ]  # fmt: skip
    assert work.last.name == "1024_textured.png"  # that of the first texture again


@pytest.mark.parametrize("files", range(1, 12, 2))
def test_where_the_disk_is_full_pictures_stay_in_memory_and_are_written_elsewhere(
    bigart, undisturbed, tmp_path, full_disk, files
):
    run = begin(bigart, tmp_path / "full")
    full_disk(run.path, files)
    with pytest.raises(UnsavedError, match="could not be written to .* stay in memory") as candidates:
        run.paint_candidates(bigart)
    assert len(candidates.value.made) == 2
    run.move(tmp_path / "elsewhere")
    assert run.path == tmp_path / "elsewhere" / "a-lake" and not run.unsaved
    run.paint(bigart, 1, PAINT)
    assert open_run(run.path).unfinished() == []
    pictures = {name: value for name, value in contents(undisturbed).items() if "exact" not in name}
    assert pictures.items() <= contents(run).items()


@pytest.mark.parametrize("files", range(1, 9, 2))
def test_a_painting_goes_on_to_its_end_on_a_full_disk(bigart, undisturbed, tmp_path, full_disk, files):
    run = begin(bigart, tmp_path / "full")
    run.paint_candidates(bigart)
    full_disk(run.path, files)
    with pytest.raises(UnsavedError) as painting:
        run.paint(bigart, 1, PAINT)
    work = painting.value.made
    assert work.image(work.steps[-1]) is not None and not run.discard_if_empty()
    run.move(tmp_path / "elsewhere")
    assert work.last == run.path / "candidate-2" / "1024_enhanced.png"
    pictures = {name: value for name, value in contents(undisturbed).items() if "exact" not in name}
    assert pictures.items() <= contents(run).items()


def test_once_there_is_room_again_what_waits_is_written_where_it_belongs(
    bigart, undisturbed, tmp_path, full_disk, monkeypatch
):
    run = begin(bigart, tmp_path)
    with monkeypatch.context():
        full_disk(run.path, 5)
        with pytest.raises(UnsavedError):
            run.paint_candidates(bigart)
        monkeypatch.undo()
    run.paint(bigart, 1, PAINT)
    assert not run.unsaved and open_run(run.path).unfinished() == []
    assert {name: value for name, value in contents(undisturbed).items() if "exact" not in name}.items() <= (
        contents(run).items()
    )


def test_a_folder_that_takes_nothing_either_changes_nothing(bigart, tmp_path, full_disk):
    run = begin(bigart, tmp_path / "full")
    full_disk(run.path, 3)
    with pytest.raises(UnsavedError):
        run.paint_candidates(bigart)
    waiting, before = dict(run.unsaved), run.path
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError):
        run.move(tmp_path / "file")
    assert run.path == before and run.unsaved == waiting


def test_work_that_will_not_fit_on_the_disk_is_refused_before_it_begins(
    bigart, tmp_path, networks_run, monkeypatch
):
    run = begin(bigart, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, free=10**7))
    with pytest.raises(OSError, match=r"has 10 MB free, and about .* of it for results to go on from"):
        run.paint(bigart, 1, PaintSettings(4096))
    assert networks_run == [] and run.discard_if_empty()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=0, free=0))  # some mounts
    begin(bigart, tmp_path).paint_candidates(bigart)


def test_what_a_killed_process_left_half_written_is_removed(bigart, run):
    (run.path / "candidate-2" / ".4096.png.99-1.part").write_bytes(b"half")
    resume(run, bigart)
    assert not list(run.path.rglob("*.part"))


def test_what_is_left_counts_every_step_once(bigart, run):
    assert seconds_left(run, bigart) == 0
    begun = begin(bigart, run.path.parent)
    steps = [bigart.plan(begun.recipe_of(index, settings)) for index, settings in ((0, None), (1, PAINT))]
    begun.want((1, PAINT, steps[1]), (0, None, steps[0]), (1, None, bigart.plan(begun.recipe_of(1))))
    expected = sum(bigart.forecast(one).seconds for one in steps)
    assert seconds_left(begun, bigart) == pytest.approx(expected)


def test_two_at_work_in_one_folder_are_refused_and_one_waits_for_nobody(bigart, run):
    with run.at_work(), pytest.raises(ValueError, match="another BIG.art is at work in"):
        open_run(run.path).paint(bigart, 1, PaintSettings(1024, COARSE))
    open_run(run.path).paint(bigart, 1, PaintSettings(1024, COARSE))


def test_two_that_change_the_journal_at_once_both_count(run):
    other = open_run(run.path)
    assert run.toggle_favourite(1) and other.toggle_favourite(0)
    assert open_run(run.path).favourites == {0, 1}
    assert not run.toggle_favourite(0) and open_run(run.path).favourites == {1}


def test_a_cancelled_painting_is_not_taken_up_again(bigart, tmp_path):
    run = begin(bigart, tmp_path)
    run.paint_candidates(bigart)
    run.want((1, PAINT, bigart.plan(run.recipe_of(1, PAINT))))
    assert newest_unfinished(tmp_path).path == run.path
    run.give_up(1)
    assert newest_unfinished(tmp_path) is None


def test_a_picture_that_was_brought_is_gone_on_with_too(bigart, tmp_path, networks_run):
    image = Image.effect_noise((24, 16), 60).convert("RGB")
    image.save(tmp_path / "my photo.png")
    settings = PaintSettings(4096)

    def begin(folder, keep):
        recipe = bigart.recipe_for("my photo.png", image, settings, seed=2)
        run = Run.new(folder, "my photo", recipe, {"models": "embedded", "keep": keep}, image.size)
        run.source.bring(tmp_path / "my photo.png", run.path)
        return run

    whole = begin(tmp_path / "whole", "exact")
    whole.paint(bigart, None, settings)
    names = sorted(name for name in contents(whole) if "exact" not in name)
    assert names == [
        f"{name}.png" for name in ("my photo_16x", "my photo_4x", "my photo_4x_textured", "source/my photo")
    ]
    for keep in ("exact", "none"):
        run = begin(tmp_path / keep, keep)
        with pytest.raises(CancelledError):
            run.paint(bigart, None, settings, _cancel_in_the_second("enlarge"))
        again = open_run(run.path)
        assert len(again.unfinished()) == 1
        made, candidates = resume(again, load_for_run(again))
        assert made[None].name == "my photo_16x.png" and candidates is None
        pictures = {n: h for n, h in contents(again).items() if "exact" not in n}
        assert pictures == {n: h for n, h in contents(whole).items() if "exact" not in n}


def _cancel_in_the_second(stage):
    """A report that cancels in the second of two steps of a stage, which begins at a smaller share of it."""
    before = 0.0

    def report(progress):
        nonlocal before
        if progress.stage == stage:
            if (share := progress.step / progress.total) < before:
                raise CancelledError
            before = share

    return report


@pytest.mark.parametrize("is_needed", [True, False])
def test_other_models_than_a_run_was_begun_with_make_none_of_its_steps(bigart, run, monkeypatch, is_needed):
    others = {"base": "0" * 64, "enlarger": "1" * 64}
    monkeypatch.setattr(type(bigart), "fingerprints", lambda self: others)
    if is_needed:
        before = contents(run)
        with pytest.raises(ValueError, match="another base, upsampler, enlarger, enhancer than"):
            run.paint(bigart, 0, PAINT)
        assert contents(run) == before
    else:  # another texture needs no network
        assert run.paint(bigart, 1, PaintSettings(1024, COARSE)).last.name == "1024_textured-2.png"


def test_a_folder_with_nothing_in_it_is_removed_and_one_with_a_picture_is_not(bigart, run, tmp_path):
    empty = begin(bigart, tmp_path / "other")
    assert empty.discard_if_empty() and not empty.path.exists()
    assert not run.discard_if_empty() and run.path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", '{"format": 1}', '{"format": 99}', "[" * 100_000,
        '{"format":1,"recipe":{"models":"x"},"options":{},"indices":[],"favourites":[],"wanted":[],'
        '"made":{"k":{"file":"../../x.png","sha256":"","pixels":""}}}',
    ],
)  # fmt: skip
def test_a_damaged_journal_is_one_sentence_and_hides_no_other_run(run, text, tmp_path):
    other = shutil.copytree(run.path, tmp_path / "other")
    (other / JOURNAL).write_text(text)
    with pytest.raises(PictureError, match="is no run of BIG.art that can be read"):
        open_run(other)
    assert [found.path for found in all_runs(tmp_path)] == [run.path]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wanted", "[99]"), ("wanted", '[{"index": "x", "paint": null, "keys": []}]'),
        ("wanted", '[{"index": 0, "paint": {"size": 7}, "keys": []}]'), ("wanted", '[{"keys": "abc"}]'),
        ("made", '{"k": 3}'), ("made", '{"k": {"file": 1, "sha256": "", "pixels": ""}}'),
        ("favourites", '["x"]'), ("favourites", "[-1]"), ("indices", "[1e400]"), ("indices", "[true]"),
        ("size", '["wide"]'), ("recipe", '{"prompt": 3}'), ("id", "7"), ("touched", '"today"'),
    ],
)  # fmt: skip
def test_whatever_stands_in_a_journal_is_read_right_or_refused_in_a_sentence(run, name, value, tmp_path):
    journal = run.path / JOURNAL
    values = json.loads(journal.read_text())
    journal.write_text(json.dumps({**values, name: "HERE"}).replace('"HERE"', value))
    with pytest.raises(PictureError, match="is no run of BIG.art that can be read"):
        open_run(run.path)


def test_a_journal_with_a_byte_order_mark_is_read(run):
    (run.path / JOURNAL).write_bytes(b"\xef\xbb\xbf" + (run.path / JOURNAL).read_bytes())
    assert open_run(run.path).id == run.id


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_place_of_a_journal_is_not_waited_for(run, tmp_path):
    (tmp_path / "other").mkdir()
    os.mkfifo(tmp_path / "other" / JOURNAL)
    with pytest.raises(PictureError, match="it is no plain file"):
        open_run(tmp_path / "other")
    assert [found.path for found in all_runs(tmp_path)] == [run.path]


def test_a_name_with_a_byte_of_another_encoding_is_no_run_of_ours(tmp_path):
    with pytest.raises(PictureError, match="there is no run.json"):
        open_run(tmp_path / "\udcff")
    assert run_module.all_runs(tmp_path / "nowhere") == []
