"""Copies in a second folder, such as Drive's: a run is known by its id, and no file of another is touched."""

import json
import shutil

import pytest

from bigart_lib import GenerateSettings, PaintSettings
from bigart_lib.pictures.recipe import read
from bigart_lib.runs.copies import copy_run, find_copy
from bigart_lib.runs.run import open_run
from bigart_lib.runs.session import Session
from bigart_lib.runs.shelf import on_disk


@pytest.fixture
def drive(tmp_path):
    return tmp_path / "drive"


def a_day(bigart, tmp_path, drive, name):
    """A session on a new machine, which has nothing but the copies."""
    return Session(bigart, tmp_path / name, drive)


def paths(session):
    return [one.path for one in on_disk(session)]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def candidate(session, seed):
    return session.generate("a lake", GenerateSettings(seed=seed, count=2))


def test_the_second_day_on_a_new_machine_takes_another_name_and_loses_nothing(bigart, tmp_path, drive):
    first = candidate(a_day(bigart, tmp_path, drive, "monday"), 1)
    before = contents(drive / "a-lake")
    second = candidate(a_day(bigart, tmp_path, drive, "tuesday"), 2)
    assert second.run.path.name == "a-lake-2"
    assert contents(drive / "a-lake") == before
    assert read(drive / "a-lake-2" / "candidate-1" / "256.png")[0].generate.seed == 2
    third = a_day(bigart, tmp_path, drive, "wednesday")
    assert [path.name for path in paths(third)] == ["a-lake-2", "a-lake"]
    opened = [third.open(path) for path in paths(third)]
    assert [batch.candidates.settings.seed for batch in opened] == [2, 1]
    assert [batch.run.id for batch in opened] == [second.run.id, first.run.id]


def test_a_name_that_was_taken_while_drive_was_gone_belongs_to_the_run_that_had_it_first(
    bigart, tmp_path, drive
):
    first = candidate(a_day(bigart, tmp_path, drive, "monday"), 1)
    before = contents(drive / "a-lake")
    tuesday = a_day(bigart, tmp_path, tmp_path / "not mounted", "tuesday")
    second = candidate(tuesday, 2)
    tuesday.toggle_favourite(second, 1)
    assert second.run.path.name == "a-lake"
    tuesday.copy_to = drive
    tuesday.toggle_favourite(second, 0)
    assert contents(drive / "a-lake") == before and tuesday.copy_problem == ""
    assert (
        open_run(drive / "a-lake-2").favourites == {0, 1} and open_run(drive / "a-lake").favourites == set()
    )
    assert find_copy(first.run, drive).name == "a-lake" and find_copy(second.run, drive).name == "a-lake-2"


def test_a_run_that_two_machines_went_on_with_is_one_run_with_what_both_made(bigart, tmp_path, drive):
    monday = a_day(bigart, tmp_path, drive, "monday")
    first = candidate(monday, 1)
    monday.toggle_favourite(first, 0)
    tuesday = a_day(bigart, tmp_path, drive, "tuesday")
    again = tuesday.open(drive / "a-lake")
    tuesday.paint(again, 1, PaintSettings(1024))
    tuesday.toggle_favourite(again, 1)
    later = Session(bigart, monday.folder, drive)  # which has the older copy
    assert paths(later) == [drive / "a-lake"]
    found = later.open(drive / "a-lake")
    assert found.run.path == first.run.path and found.run.favourites == {0, 1}
    assert (found.run.path / "candidate-2" / "1024_textured.png").is_file()
    assert sorted(path.name for path in drive.iterdir()) == ["a-lake"]


def test_a_copy_that_came_half_is_made_again_and_what_was_there_is_set_aside(bigart, tmp_path, drive):
    session = a_day(bigart, tmp_path, drive, "monday")
    batch = candidate(session, 1)
    half = drive / "a-lake" / "candidate-1" / "256.png"
    half.write_bytes(half.read_bytes()[:100])
    session.toggle_favourite(batch, 0)
    assert half.read_bytes() == (batch.run.path / "candidate-1" / "256.png").read_bytes()
    assert half.with_name("256_set-aside.png").stat().st_size == 100


def test_a_half_copy_never_takes_the_place_of_a_whole_picture(bigart, tmp_path, drive):
    session = a_day(bigart, tmp_path, drive, "monday")
    batch = candidate(session, 1)
    whole = batch.run.path / "candidate-1" / "256.png"
    before = whole.read_bytes()
    half = drive / "a-lake" / "candidate-1" / "256.png"
    half.write_bytes(before[:100])
    copy_run(open_run(drive / "a-lake"), session.folder)
    assert whole.read_bytes() == before and not whole.with_name("256_set-aside.png").exists()


def test_a_copy_that_was_begun_and_broken_off_is_gone_on_with(bigart, tmp_path, drive):
    session = a_day(bigart, tmp_path, drive, "monday")
    batch = candidate(session, 1)
    shutil.rmtree(drive / "a-lake" / "candidate-2")
    session.toggle_favourite(batch, 0)
    assert (drive / "a-lake" / "candidate-2" / "256.png").is_file()
    assert [path.name for path in drive.iterdir()] == ["a-lake"]


def test_a_run_of_0_7_0_which_has_no_id_is_copied_and_found_again(bigart, tmp_path, drive):
    session = a_day(bigart, tmp_path, drive, "monday")
    batch = candidate(session, 1)
    shutil.rmtree(drive)
    journal = batch.run.path / "run.json"
    values = json.loads(journal.read_text())
    del values["id"], values["touched"]
    journal.write_text(json.dumps(values))
    old = open_run(batch.run.path)
    assert copy_run(old, drive) == copy_run(old, drive) == drive / "a-lake"


def test_the_order_of_runs_is_that_of_work_whatever_the_files_say(bigart, tmp_path, drive):
    session = a_day(bigart, tmp_path, drive, "monday")
    first, second = candidate(session, 1), candidate(session, 2)
    session.toggle_favourite(first, 0)
    (second.run.path / "run.json").touch()
    later = Session(bigart, session.folder)
    assert paths(later) == [first.run.path, second.run.path]
