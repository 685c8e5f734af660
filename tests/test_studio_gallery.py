"""The gallery's answers to the page, without a browser: what they list, change, and refuse."""

import json
import os
import shutil
import time
import uuid
from pathlib import Path

import pytest
from test_studio import Artist

import bigart_lib
from bigart_lib.gallery.making import make
from bigart_lib.runs.run import open_run
from bigart_lib.runs.session import Session
from bigart_lib.studio.download import Download
from bigart_lib.studio.gallery_panel import GalleryPanel
from bigart_lib.studio.wire import Wire


class Page:
    """Asks as the page's script does; what the studio is told to do is in lists."""

    def __init__(self, folder, copy_to=None):
        self.opened, self.altered, self.said = [], [], []
        self.session = Session(bigart_lib.load("embedded", device="cpu"), folder, copy_to)
        self.wire = Wire(lambda function: function)
        self.panel = GalleryPanel(
            self.session, self.wire, lambda *where: self.opened.append(where), self.guard,
            Download(self.wire), self.altered.append,
        )  # fmt: skip

    def guard(self, function):
        def guarded(*arguments):
            try:
                function(*arguments)
            except ValueError as error:
                self.said.append(str(error))

        return guarded

    def ask(self, topic, **data):
        return self.wire._answers[f"gallery_{topic}"](data)

    def list(self, **data):
        return self.ask("list", again=True, **data).data

    def titles(self, **data):
        return [run["title"] for run in self.list(**data)["runs"]]

    def small(self, *wanted, seconds=20):
        """Ask until all small pictures have come, as the page does."""
        words, problems, pictures, end = {}, {}, {}, time.monotonic() + seconds
        while len(words) + len(problems) < len(wanted):
            answer = self.ask("small", wanted=[list(one) for one in wanted])
            words |= answer.data["words"]
            problems |= answer.data["problems"]
            pictures |= answer.pictures
            assert time.monotonic() < end
        return words, problems, pictures

    def act(self, **data):
        self.wire._actions["gallery_open"](data)


@pytest.fixture
def pictures(tiny_models, painted):
    """The painted run, and an older one with a favourite."""
    shutil.copytree(painted / "a-lake", painted / "a-boat", copy_function=os.link)
    journal = painted / "a-boat" / "run.json"
    values = json.loads(journal.read_text())
    values["recipe"]["prompt"] = "A Boat <b>"
    values |= {"id": uuid.uuid4().hex, "touched": 1000.0, "favourites": [5]}
    journal.unlink()
    journal.write_text(json.dumps(values))
    return painted


@pytest.fixture
def page(pictures):
    return Page(pictures)


def test_favourites_come_first_or_alone_and_words_are_searched(page):
    assert page.titles() == ["a lake", "A Boat <b>"]
    assert page.titles(order="first") == ["A Boat <b>", "a lake"]
    assert page.titles(search="BOAT a") == ["A Boat <b>"] and page.titles(search="a-lake") == ["a lake"]
    (run,) = page.list(order="favourites")["runs"]
    assert run["pictures"] == [["candidate-5/256.png", 4, True]]
    assert page.list(start=1)["runs"][0]["title"] == "A Boat <b>" and page.list()["total"] == 2


def test_what_is_listed_is_json_that_any_name_survives(page, pictures):
    (pictures / "a-boat").rename(pictures / b"b\xffat".decode("utf-8", "surrogateescape"))
    found = json.loads(json.dumps(page.list()))
    assert [run["name"] for run in found["runs"]] == ["a-lake", "b�at"]
    assert page.ask("small", wanted=[[found["runs"][1]["key"], "candidate-1/256.png"]]).data["problems"] == {}


def test_small_pictures_come_with_size_pixels_and_centimetres(page, pictures):
    key, file = "here/a-lake", "candidate-3/1024_enhanced.png"
    page.list()
    words, problems, small = page.small((key, file), (key, "candidate-1/none.png"))
    name = f"{key}:{file}"
    size = (pictures / "a-lake" / file).stat().st_size
    assert words == {name: f"1024 px, 8.7 × 8.7 cm, {size / 1e6:.0f} MB"}
    assert list(problems.values()) == ["candidate-1/none.png is no picture of a-lake, or is gone"]
    assert small[name][:4] == b"RIFF"


def test_small_pictures_are_those_of_the_command_lines_gallery(page, pictures):
    page.list()
    page.small(("here/a-lake", "candidate-3/256.png"), ("here/a-lake", "candidate-1/256.png"))
    folder = pictures / "gallery_files"
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.webp")}
    assert len(before) == 2
    make(pictures, lambda *_: ({}, ""))
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.webp")}
    assert before.items() <= after.items() and len(after) == 14 + 1


def test_a_damaged_picture_is_told_and_the_others_are_shown(page, pictures):
    bad = pictures / "a-lake" / "candidate-1" / "256.png"
    data = bad.read_bytes()
    bad.unlink()
    bad.write_bytes(data[: len(data) // 2])
    page.list()
    words, problems, _ = page.small(*(("here/a-lake", f"candidate-{number}/256.png") for number in (1, 2)))
    assert len(words) == 1 and "\n" not in next(iter(problems.values()))


@pytest.mark.parametrize(
    "key", ["here/../pictures/a-lake", "here//etc", "../a-lake", "copies/a-lake", "", "bin/"]
)
def test_no_key_leads_anywhere_else(page, key):
    page.list()
    with pytest.raises(ValueError, match="is gone"):
        page.ask("download", key=key, file="candidate-1/256.png")


@pytest.mark.parametrize("file", ["run.json", "../a-boat/run.json", "/etc/passwd", "candidate-1/exact"])
def test_no_file_but_a_picture_is_given(page, file):
    page.list()
    with pytest.raises(ValueError, match="is no picture of a-lake"):
        page.ask("download", key="here/a-lake", file=file)


def test_a_picture_is_offered_for_download(page, pictures):
    page.list()
    number = page.ask("download", key="here/a-lake", file="candidate-1/256.png").data["offered"]
    assert page.wire._answers["download-piece"]({"number": number, "start": 0}).data["size"] == (
        (pictures / "a-lake" / "candidate-1" / "256.png").stat().st_size
    )


def test_a_run_is_opened_at_the_picture_that_was_clicked_or_at_the_last_one(page, pictures):
    page.list()
    page.act(key="here/a-boat", place=4)
    page.act(key="here/a-boat", place=None)
    batch = page.session.open(pictures / "a-lake")
    page.act(key="here/a-lake", place=None)
    assert page.opened == [(pictures / "a-boat", 4), (pictures / "a-boat", 2), (batch, 2)]


def test_the_last_work_is_offered_whoever_did_it(pictures):
    page = Page(pictures)
    words = page.panel.found.children[0].value
    assert "a lake, seed 5, painted up to 1024 px, number 3</b>" in words
    open_run(pictures / "a-boat").toggle_favourite(0)  # as the command line or another studio does
    page = Page(pictures)
    assert "A Boat &lt;b&gt;, seed 5" in page.panel.found.children[0].value
    page.panel.found.children[1].click()
    assert page.opened == [(pictures / "a-boat", 2)]
    page.panel.found.children[2].click()
    assert page.panel.found.layout.display == "none"


def test_nothing_is_offered_before_there_is_anything(tiny_models, tmp_path):
    page = Page(tmp_path / "none")
    assert page.panel.found.layout.display == "none" and page.list()["runs"] == []


def test_continue_says_in_words_that_the_folder_is_gone(pictures):
    page = Page(pictures)
    shutil.rmtree(pictures / "a-lake")
    page.panel.found.children[1].click()
    assert page.said == ["a-lake is gone: its folder was renamed, moved or deleted meanwhile"]


def test_a_favourite_of_any_run_is_made_and_told_to_the_studio(page, pictures):
    batch = page.session.open(pictures / "a-lake")
    page.list()
    assert page.ask("favour", key="here/a-lake", place=1).data["star"] is True
    assert batch.favourites == {1} and page.altered == [batch]
    assert page.ask("favour", key="here/a-boat", place=4).data["star"] is False
    assert open_run(pictures / "a-boat").favourites == set() and page.altered == [batch]


def test_a_batch_in_memory_follows_its_new_name(page, pictures):
    batch = page.session.open(pictures / "a-lake")
    page.list()
    run = page.ask("rename", key="here/a-lake", name="My Lake").data["run"]
    assert (run["key"], run["name"]) == ("here/my-lake", "my-lake")
    assert batch.run.path == pictures / "my-lake" and page.altered == [batch]
    page.session.toggle_favourite(batch, 0)
    assert open_run(pictures / "my-lake").favourites == {0} and not (pictures / "a-lake").exists()


def test_a_batch_that_is_thrown_away_is_left_and_comes_back(page, pictures):
    batch = page.session.open(pictures / "a-lake")
    page.list()
    answer = page.ask("throw_away", key="here/a-lake").data
    assert page.altered == [batch] and page.session.batches == []
    assert page.titles() == ["A Boat <b>"] and page.list()["in_bin"] == 1
    assert page.ask("bin").data["runs"][0]["title"] == "a lake"
    with pytest.raises(ValueError, match="open it first"):
        page.ask("rename", key=answer["key"], name="x")
    page.ask("put_back", key=answer["key"])
    assert page.titles() == ["a lake", "A Boat <b>"]
    assert len(page.session.open(pictures / "a-lake").candidates) == 7


def test_what_is_not_saved_yet_is_not_thrown_away(page, pictures):
    batch = page.session.open(pictures / "a-lake")
    batch.run.is_unwritten = True
    page.list()
    with pytest.raises(ValueError, match="not saved yet"):
        page.ask("throw_away", key="here/a-lake")


def test_copies_stay_and_are_named(pictures, tmp_path):
    page = Page(pictures, tmp_path / "drive")
    batch = page.session.open(pictures / "a-lake")
    page.session.toggle_favourite(batch, 0)
    page.list()
    assert page.ask("throw_away", key="here/a-lake").data["copy"] == str(tmp_path / "drive" / "a-lake")
    assert page.titles() == ["A Boat <b>"]
    assert page.ask("empty").data["count"] == 1
    assert page.titles() == ["A Boat <b>"] and (tmp_path / "drive" / "a-lake").is_dir()
    later = Page(tmp_path / "new machine", tmp_path / "drive")
    (run,) = later.list()["runs"]
    assert run["is_copy"]
    with pytest.raises(ValueError, match="is in the folder of copies alone, or newer there: open it first"):
        later.ask("throw_away", key=run["key"])


def test_a_folder_is_shown_without_a_shell_and_only_where_there_is_a_screen(page, pictures, monkeypatch):
    page.list()
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert page.list()["can_show"] is False
    with pytest.raises(ValueError, match="copy the path instead"):
        page.ask("show", key="here/a-lake")
    started = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("subprocess.Popen", lambda command, **options: started.append((command, options)))
    page.ask("show", key="here/a-lake")
    ((command, options),) = started
    assert command == ["/usr/bin/xdg-open", str(pictures / "a-lake")] and "shell" not in options
    monkeypatch.setattr("bigart_lib.studio.gallery_panel.on_colab", lambda: True)
    assert page.list()["can_show"] is False


def test_of_thousands_a_part_is_listed_at_a_time(page, pictures, monkeypatch):
    monkeypatch.setattr("bigart_lib.studio.gallery_panel.RUNS", 3)
    values = json.loads((pictures / "a-lake" / "run.json").read_text())
    for number in range(8):
        folder = Path(pictures, f"lake-{number}")
        folder.mkdir()
        values |= {"id": uuid.uuid4().hex, "touched": 10.0 + number}
        (folder / "run.json").write_text(json.dumps(values))
    assert [len(page.list(start=start, count=1000)["runs"]) for start in (0, 3, 6, 9)] == [3, 3, 3, 1]
    monkeypatch.setattr("bigart_lib.studio.gallery_panel.READING", 0)
    fresh = Page(pictures)
    first = fresh.list()
    assert not first["is_all"] and first["to_read"] > 0 and len(first["runs"]) < 3
    while not fresh.ask("list").data["is_all"]:
        pass
    assert fresh.ask("list").data["total"] == 10


def test_no_star_stays_on_a_thumbnail_that_is_being_painted(tiny_models, tmp_path, monkeypatch):
    artist, seen = Artist(tmp_path / "pictures"), []
    artist.create()
    artist.pick(2)
    artist.click(artist.picks.favourite)
    show = artist.picks.show

    def look(pictures):
        seen.append(["bigart-starred" in one._dom_classes for one in artist.picks.thumbnails])
        show(pictures)

    assert "bigart-starred" in artist.picks.thumbnails[1]._dom_classes
    monkeypatch.setattr(artist.studio.pick_card, "show", look)
    monkeypatch.setattr(artist.studio, "_show_batch", lambda batch, *_: None)
    artist.create(seed="6")
    assert seen and seen[-1] == [False, False]


def test_the_studio_leaves_a_batch_that_is_thrown_away(tiny_models, painted):
    artist = Artist(painted).go_on()
    panel = artist.studio.gallery
    panel._list({"again": True})
    panel._throw_away({"key": "here/a-lake"})
    assert artist.studio.batch is None and artist.studio.picked is None
    assert all(one.disabled for one in artist.picks.thumbnails)
