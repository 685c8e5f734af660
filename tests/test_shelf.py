"""What is on disk of all runs: found in order, renamed, thrown away and taken back, whoever works."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from PIL import Image

from bigart_lib import PaintSettings, TextureSettings
from bigart_lib.runs import bin as away
from bigart_lib.runs.copies import copy_run, find_copy
from bigart_lib.runs.run import WORK_LOCK, open_run
from bigart_lib.runs.session import Session
from bigart_lib.runs.shelf import BIN, COPIES, Shelf, on_disk, prints

DAMAGE = {
    "empty": b"",
    "null": b"null",
    "list": b"[99]",
    "cut": b'{"format": 1, "id"',
    "mark alone": b"\xef\xbb\xbf",
}
FAVOUR = """
import sys
from bigart_lib.runs.run import open_run
for index in sys.argv[2:]:
    open_run(sys.argv[1]).toggle_favourite(int(index))
"""
HOLD = """
import sys, time
from pathlib import Path
from bigart_lib.runs.journal import locked
with locked(Path(sys.argv[1]), 0, "taken"):
    print("held", flush=True)
    sys.stdin.read()
"""


class Places:
    """Two folders, as a session has them."""

    def __init__(self, folder, copy_to=None):
        self.folder, self.copy_to = folder, copy_to


@pytest.fixture
def session(tiny_models, painted):
    import bigart_lib

    return Session(bigart_lib.load("embedded", device="cpu"), painted)


def another(painted, name, touched, prompt="a boat", **values):
    """A run like the painted one."""
    folder = painted / name
    ignored = shutil.ignore_patterns("exact", "*.lock", "run.json")
    shutil.copytree(painted / "a-lake", folder, copy_function=os.link, ignore=ignored)
    journal = json.loads((painted / "a-lake" / "run.json").read_text())
    journal["recipe"]["prompt"] = prompt
    journal |= {"id": uuid.uuid4().hex, "touched": touched, **values}
    (folder / "run.json").write_text(json.dumps(journal))
    return folder


def names(places):
    return [one.path.name for one in on_disk(places)]


def places_on_disk(folder):
    """Each file and folder, and where the disk has it."""
    found = (path for path in folder.rglob("*") if not path.name.endswith(".lock"))
    return {path.relative_to(folder): path.stat().st_ino for path in found}


# ---------------------------------------------------------------------------------------------- looking


def test_a_run_is_known_by_words_and_by_its_pictures(painted):
    open_run(painted / "a-lake").toggle_favourite(1)
    (one,) = on_disk(Places(painted))
    assert one.words == "a lake, seed 5, painted up to 1024 px" and one.last == 2 and one.favourites == {1}
    files = [picture.file for picture in one.pictures]
    assert files[:3] == [f"candidate-{number}/256.png" for number in (1, 2, 3)]
    assert [picture.file for picture in one.pictures if picture.place == 2] == [
        f"candidate-3/{name}.png" for name in ("256", "1024", "1024_textured", "1024_enhanced")
    ]
    assert prints(one) == []


def test_of_two_prints_both_are_found(session, painted):
    batch = session.open(painted / "a-lake")
    for amount in (0.02, 0.1):
        texture = TextureSettings(amount, 3)
        session.paint(batch, 0, PaintSettings(1024, texture_1k=texture))
    files = [picture.file for picture in on_disk(session)[0].pictures if picture.place == 0]
    assert files == [
        f"candidate-1/{name}.png" for name in ("256", "1024", "1024_textured", "1024_textured-2")
    ]


def test_what_was_printed_of_a_picture_is_found_beside_it(painted):
    made = painted / "a-lake" / "candidate-3" / "prints" / "A3.tif"
    made.parent.mkdir()
    Image.new("RGB", (8, 8)).save(made)
    (made.parent / "notes.txt").write_text("for the printer")
    (one,) = on_disk(Places(painted))
    assert [(picture.file, picture.place) for picture in prints(one)] == [("candidate-3/prints/A3.tif", 2)]


def test_a_picture_that_was_brought_is_a_run_too(tiny_models, command_line, tmp_path):
    Image.effect_noise((40, 30), 50).convert("RGB").save(tmp_path / "photo.jpg")
    assert command_line("enlarge", "photo.jpg", "--times", "2", "--out", "pictures")[0] == 0
    (one,) = on_disk(Places(tmp_path / "pictures"))
    assert (one.title, one.seed) == ("photo.jpg", None)
    assert [(picture.file, picture.place) for picture in one.pictures] == [("photo_2x.png", 0)]


def test_the_latest_is_the_one_that_was_worked_on_last_whatever_files_say(painted):
    old, new = another(painted, "old", 1000.0), another(painted, "new", 1e9)
    shutil.rmtree(painted / "a-lake")
    (old / "run.json").touch()
    assert Shelf(Places(painted)).latest().path == new
    open_run(old).toggle_favourite(0)
    assert names(Places(painted))[:2] == ["old", "new"]
    assert Shelf(Places(painted)).latest().path == old


def test_of_thousands_only_the_newest_are_read_to_find_the_latest(painted, monkeypatch):
    from bigart_lib.runs import shelf

    for number in range(6):
        path = another(painted, f"run-{number}", 1000.0 * number) / "run.json"
        os.utime(path, (1000 * number, 1000 * number))
    opened, original = [], shelf.read_values
    monkeypatch.setattr(shelf, "read_values", lambda path: opened.append(path.parent) or original(path))
    assert Shelf(Places(painted)).latest().path == painted / "a-lake"
    assert opened == [painted / "a-lake"]


def test_looking_goes_on_where_it_stopped_and_reads_only_what_has_changed(painted, monkeypatch):
    from bigart_lib.runs import shelf

    for number in range(8):
        another(painted, f"run-{number}", float(number))
    places = Shelf(Places(painted))
    assert not places.look(seconds=0) and places.to_read > 0
    while not places.look(seconds=0):
        pass
    assert len(places.runs()) == 9 and places.to_read == 0
    opened, original = [], shelf.open_run
    monkeypatch.setattr(shelf, "open_run", lambda path: opened.append(path.name) or original(path))
    open_run(painted / "run-3").toggle_favourite(1)
    assert places.look(again=True) and opened == ["run-3"]


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_run_is_listed_with_a_sentence_and_stops_nothing(painted, damage):
    bad = another(painted, "bad", 4e9)
    (bad / "run.json").write_bytes(damage)
    found = {one.path.name: one for one in on_disk(Places(painted))}
    assert found["a-lake"].problem == "" and "\n" not in found["bad"].problem
    assert found["bad"].problem.startswith(f"{bad} is no run of BIG.art that can be read")
    assert Shelf(Places(painted)).latest().path == painted / "a-lake"


def test_a_dangling_link_among_the_pictures_stops_nothing(painted, session):
    folder = painted / "a-lake" / "candidate-3"
    (folder / "99.png").symlink_to(painted / "nowhere.png")
    (painted / "gone").symlink_to(painted / "nowhere")
    (one,) = on_disk(session)
    assert prints(one) == []
    assert len(session.open(painted / "a-lake").candidates) == 7


def test_a_run_without_its_exact_files_is_found_and_opened(painted, session):
    for folder in (painted / "a-lake").rglob("exact"):
        shutil.rmtree(folder)
    assert on_disk(session)[0].words == "a lake, seed 5, painted up to 1024 px"
    assert len(session.open(painted / "a-lake").candidates) == 7


def test_two_processes_that_make_favourites_lose_none(painted):
    command = [sys.executable, "-c", FAVOUR, str(painted / "a-lake")]
    both = [subprocess.Popen([*command, *numbers]) for numbers in (("0", "2", "4"), ("1", "3", "5"))]
    assert [one.wait(60) for one in both] == [0, 0]
    assert on_disk(Places(painted))[0].favourites == {0, 1, 2, 3, 4, 5}


# ------------------------------------------------------------------------------------------------ names


def test_a_run_gets_a_name_that_is_free_in_both_places_and_stays_the_same_run(painted, tmp_path):
    drive = tmp_path / "drive"
    (drive / "my-lake").mkdir(parents=True)
    run = open_run(painted / "a-lake")
    copy_run(run, drive)
    renamed = away.rename(painted / "a-lake", "My lake!", drive)
    assert renamed == painted / "my-lake-2" and not (painted / "a-lake").exists()
    assert open_run(renamed).id == run.id and find_copy(open_run(renamed), drive) == drive / "my-lake-2"
    assert sorted(path.name for path in drive.iterdir()) == ["my-lake", "my-lake-2"]
    assert away.rename(renamed, "my lake 2") == renamed


def test_no_name_leads_out_of_the_folder(painted):
    assert away.rename(painted / "a-lake", "../../etc/passwd").parent == painted
    with pytest.raises(ValueError, match="needs a name"):
        away.rename(painted / "etc-passwd", "  ")


def test_a_run_that_is_worked_on_is_not_moved(painted):
    lock = str(painted / "a-lake" / WORK_LOCK)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], **pipes) as other:
        other.stdout.readline()
        for move in (lambda path: away.rename(path, "mine"), away.throw_away):
            with pytest.raises(ValueError, match="a-lake is being worked on: wait"):
                move(painted / "a-lake")
        other.communicate()
    assert sorted(path.name for path in painted.iterdir() if path.is_dir()) == ["a-lake"]
    assert away.rename(painted / "a-lake", "mine").is_dir()


def test_what_is_open_elsewhere_follows_a_new_name(painted, session):
    batch = session.open(painted / "a-lake")
    away.rename(painted / "a-lake", "mine")
    assert session.toggle_favourite(batch, 3)
    assert batch.run.path == painted / "mine" and open_run(painted / "mine").favourites == {3}
    assert not (painted / "a-lake").exists()


def test_what_is_gone_is_told_in_a_sentence(painted, session):
    batch = session.open(painted / "a-lake")
    thrown = away.throw_away(painted / "a-lake")
    with pytest.raises(ValueError, match="a-lake is in the bin: put it back first"):
        session.toggle_favourite(batch, 3)
    shutil.rmtree(thrown)
    with pytest.raises(ValueError, match="is gone: it was moved or deleted"):
        session.open(batch)
    for move in (lambda path: away.rename(path, "mine"), away.throw_away):
        with pytest.raises(ValueError, match="a-lake is gone"):
            move(painted / "a-lake")
    assert not (painted / "a-lake").exists()


# -------------------------------------------------------------------------------------------------- bin


def test_what_is_thrown_away_can_be_taken_back_as_it_was(painted):
    before = places_on_disk(painted)
    thrown = away.throw_away(painted / "a-lake")
    assert thrown == painted / BIN / "a-lake" and names(Places(painted)) == []
    shelf = Shelf(Places(painted))
    shelf.look()
    assert [one.path for one in shelf.in_bin()] == [thrown]
    assert away.put_back(thrown) == painted / "a-lake"
    after = places_on_disk(painted)
    assert before.items() <= after.items()


def test_two_of_one_name_are_both_kept(painted):
    first = away.throw_away(painted / "a-lake")
    shutil.copytree(first, painted / "a-lake")
    second = away.throw_away(painted / "a-lake")
    assert second.name == "a-lake-2"
    assert away.put_back(second).name == "a-lake-2" and away.put_back(first).name == "a-lake"


def test_a_run_in_the_bin_or_emptied_does_not_come_back_from_the_copies(painted, tmp_path):
    places = Places(painted, tmp_path / "drive")
    copy_run(open_run(painted / "a-lake"), places.copy_to)
    away.throw_away(painted / "a-lake")
    assert names(places) == [] and Shelf(places).latest() is None
    assert away.size(painted) > 100_000
    assert away.empty(painted) == 1 and away.contents(painted) == []
    assert names(places) == [] and Shelf(places).latest() is None
    assert (places.copy_to / "a-lake" / "run.json").is_file()  # the backup
    elsewhere = Places(tmp_path / "new machine", places.copy_to)
    assert [one.place for one in on_disk(elsewhere)] == [COPIES]


def test_emptying_deletes_runs_and_nothing_else(painted, tmp_path):
    keep = tmp_path / "keep"
    shutil.copytree(painted / "a-lake", keep)
    (painted / "linked").symlink_to(keep)
    away.throw_away(painted / "linked")
    away.throw_away(painted / "a-lake")
    own = painted / BIN / "my own"
    own.mkdir()
    (own / "letter.txt").write_text("dear")
    assert away.empty(painted) == 2
    assert (keep / "run.json").is_file() and (own / "letter.txt").is_file()
    assert sorted(path.name for path in (painted / BIN).iterdir()) == ["emptied.txt", "my own"]


def test_a_bin_that_leads_elsewhere_is_none(painted, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree(painted / "a-lake", tmp_path / "elsewhere" / "a-lake")
    (painted / BIN).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="is a link to somewhere else"):
        away.throw_away(painted / "a-lake")
    assert away.empty(painted) == 0 and (tmp_path / "elsewhere" / "a-lake" / "run.json").is_file()


def test_a_gallery_of_the_command_line_shows_nothing_of_the_bin(painted):
    from bigart_lib.gallery.collecting import collect

    another(painted, "thrown", 1.0, "a boat")
    away.throw_away(painted / "thrown")
    assert {entry.title for entry in collect(painted).entries} == {"a lake"}
    assert Path(painted / BIN / "thrown").is_dir()
