"""A long sitting in the studio: what it keeps in memory, and what is left when its cell is run again."""

import gc
import itertools
import os
import threading
import weakref
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from PIL import Image
from test_studio import WAIT, Artist, pixels, shown

import bigart_lib
from bigart_lib.enlarge.rrdbnet import RRDBNet
from bigart_lib.generate.network import Glide
from bigart_lib.runs.run import Run, open_run
from bigart_lib.runs.session import OPEN_BATCHES
from bigart_lib.studio import opening, studio

TESTS = Path(__file__).parent
CELL = """
import bigart_lib
from bigart_lib.studio import studio

studio(bigart_lib.load("embedded", device="cpu"), {folder!r}, {copy_to!r})
"""
TINY = """
import gc, sys, weakref
from pathlib import Path

sys.path.insert(0, {tests!r})
from tiny_set import write_tiny_set

from bigart_lib.studio import opening
from bigart_lib.weights import sets

tiny_set = write_tiny_set(Path({folder!r}))
sets.SETS["embedded"] = lambda: tiny_set

def networks():
    gc.collect()
    return [weakref.ref(one) for one in gc.get_objects() if type(one).__name__ == "Glide"]
"""
PAINT = """
opening._at_work[0].prompt_card.prompt.value = "a lake"
opening._at_work[0].create()
opening._at_work[0].tasks.jobs.wait(60)
before = networks()
"""


@pytest.fixture
def artist(tiny_models, tmp_path):
    """One before an empty studio."""
    return Artist(tmp_path / "pictures")


@pytest.fixture
def run_cell(tiny_models, tmp_path):
    """Run the studio's cell, asked each time to copy elsewhere, or as before; gives its page."""
    copies = itertools.count()

    def run(copy_to=None):
        copy_to = copy_to or tmp_path / f"copies {next(copies)}"
        return studio(bigart_lib.load("embedded", device="cpu"), tmp_path / "pictures", copy_to)

    yield run
    opening._close_before()


def count_widgets():
    widgets = getattr(ipywidgets.widgets.widget, "_instances", None)
    return len(ipywidgets.Widget.widgets if widgets is None else widgets)  # before ipywidgets 8


def networks():
    return [one for one in gc.get_objects() if type(one) in (Glide, RRDBNet)]


def loaded():
    gc.collect()
    return [one for one in gc.get_objects() if type(one) is bigart_lib.BigArt]


def paint_batches(artist, numbers):
    for number in numbers:
        artist.create(prompt=f"lake {number}", seed=str(number))


def words(page):
    return [one.value for one in page.children if isinstance(one, ipywidgets.HTML)]


# ---------------------------------------------------------------------------------------------- batches


def test_batches_make_no_new_widgets(artist):
    paint_batches(artist, range(4))
    before = count_widgets()
    paint_batches(artist, range(4, 8))
    assert count_widgets() == before


def test_smaller_batches_close_the_thumbnails_that_they_do_not_need(artist):
    artist.create(count=2)
    before = count_widgets()
    artist.create(count=5)
    assert count_widgets() > before
    artist.create(count=2)
    assert count_widgets() == before


def test_older_batches_hold_no_pictures_in_memory(artist):
    made = []
    for number in range(OPEN_BATCHES + 2):
        paint_batches(artist, [number])
        made.append(weakref.ref(artist.studio.batch.candidates[0].picture))
    gc.collect()
    assert [one() is None for one in made] == [True, True, *OPEN_BATCHES * [False]]
    runs = [one for one in gc.get_objects() if type(one) is Run and one._works]
    mine = [one for one in runs if one.path.parent == artist.studio.session.folder]
    assert {one.recipe.generate.seed for one in mine} == {*range(2, OPEN_BATCHES + 2)}


def test_an_older_batch_is_shown_picked_and_painted_as_when_it_was_new(artist):
    paint_batches(artist, [0])
    before = [np.asarray(one.image) for one in artist.studio.batch.candidates]
    styles = [one.value for one in artist.picks._styles.children]
    path = artist.studio.batch.run.path
    paint_batches(artist, range(1, OPEN_BATCHES + 2))
    artist.studio.open(path)
    artist.studio.tasks.jobs.wait(WAIT)
    assert [one.value for one in artist.picks._styles.children] == styles
    assert all(map(np.array_equal, before, [np.asarray(one.image) for one in artist.studio.batch.candidates]))
    artist.pick(2)
    artist.click(artist.small.make)
    assert (path / "candidate-2" / "1024_textured.png").is_file()
    assert pixels(artist.small.image.value).shape == (512, 512, 3)


def test_a_preview_sends_only_the_pictures_that_have_changed(artist):
    images = [Image.new("RGB", (8, 8), shade) for shade in ("red", "green", "blue")]
    artist.picks.clear("a lake", 3)
    artist.picks.show(images[:2])
    sent = []
    for place, style in enumerate(artist.picks._styles.children):
        style.observe(lambda change, place=place: sent.append(place), names="value")
    artist.picks.show([images[0], images[2]])
    artist.picks.show([images[0], images[2], images[1]])
    assert sent == [1, 2]


# ----------------------------------------------------------------------------- the cell is run again


def test_a_cell_that_is_run_again_as_it_is_shows_the_same_studio_whose_work_goes_on(run_cell, tmp_path):
    page = run_cell(tmp_path / "copies")
    opened, models = opening._at_work[0], len(loaded())
    opened.prompt_card.prompt.value = "a lake"
    opened.create()
    before = count_widgets()
    assert [run_cell(tmp_path / "copies") for _ in range(3)] == 3 * [page]
    assert opening._at_work == [opened] and count_widgets() == before
    opened.tasks.jobs.wait(WAIT)
    assert len(opened.batch.candidates) == 7
    assert len(loaded()) == models  # those that were loaded again are gone


def test_the_page_before_says_that_the_studio_was_opened_again_and_is_closed_by_the_third(run_cell):
    pages, counts = [], []
    for _ in range(4):
        pages.append(run_cell())
        counts.append(count_widgets())
    assert words(pages[2]) == [opening.LEFT] and len(pages[2].children) == 1
    assert len(pages[3].children) > 4
    assert [page.comm is None for page in pages] == [True, True, False, False]
    assert counts[1] == counts[2] == counts[3]


def test_networks_and_pictures_of_the_studio_before_are_freed(run_cell):
    others = networks()
    run_cell()
    before = opening._at_work[0]
    before.prompt_card.prompt.value = "a lake"
    before.create()
    before.tasks.jobs.wait(WAIT)
    before.pick(1)
    before.make(before.work_panel.enlarge_cards[0])
    before.tasks.jobs.wait(WAIT)
    held = [weakref.ref(one) for one in (before.session.bigart, before.batch.run, before.batch.candidates)]
    own = [weakref.ref(one) for one in networks() if all(one is not other for other in others)]
    assert len(own) == 3
    held += own
    del before
    run_cell()
    assert [one() for one in held if one() is not None] == []


def test_a_kernel_keeps_nothing_of_a_studio_whose_cell_is_run_again(tmp_path):
    manager = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"}
    kernels, client = manager.start_new_kernel(env=environment)

    def run(code, value="None"):
        reply = client.execute(code, reply=True, timeout=WAIT, user_expressions={"it": value})["content"]
        assert reply["status"] == "ok", "\n".join(reply["traceback"])
        return eval(reply["user_expressions"]["it"]["data"]["text/plain"])

    try:
        run(TINY.format(tests=str(TESTS), folder=str(tmp_path)))
        cell = CELL.format(folder=str(tmp_path / "pictures"), copy_to=None)
        run(cell)
        run("page = _")  # as history has it too
        run(PAINT)
        assert run("", "len(before)") == 2
        run(CELL.format(folder=str(tmp_path / "pictures"), copy_to=str(tmp_path / "copies")))
        assert run("", "sum(one() is not None for one in before)") == 0
    finally:
        client.stop_channels()
        kernels.shutdown_kernel(now=True)


def test_what_was_being_made_stops_and_can_be_gone_on_with(run_cell, monkeypatch):
    run_cell()
    before, reached, save = opening._at_work[0], threading.Event(), Run.save

    def save_and_wait(self, *arguments):
        path = save(self, *arguments)
        if not reached.is_set() and self.path.joinpath("candidate-2", "256.png").exists():
            reached.set()
            before.tasks.jobs._job.cancel.wait(WAIT)
        return path

    monkeypatch.setattr(Run, "save", save_and_wait)
    before.prompt_card.prompt.value = "a lake"
    before.prompt_card.choices["count"].value = 4
    before.create()
    assert reached.wait(WAIT)
    page = run_cell()
    assert not before.tasks.jobs.busy
    (run,) = [open_run(path) for path in before.session.folder.iterdir()]
    painted = [index for index in range(4) if (run.path / f"candidate-{index + 1}" / "256.png").exists()]
    assert 1 in painted and painted != [*range(4)] and run.unfinished()
    now = opening._at_work[0]
    assert shown(now.gallery.found) and page is now.widget
    now.gallery.found.children[1].click()
    now.tasks.jobs.wait(WAIT)
    assert len(now.batch.candidates) == 4 and open_run(run.path).unfinished() == []


def test_a_closed_studio_hears_no_clicks(run_cell):
    run_cell()
    before = opening._at_work[0]
    create = before.prompt_card.create
    before.prompt_card.prompt.value = "a lake"
    run_cell()
    create.click()
    assert not before.tasks.jobs.busy and not before.session.folder.exists()


def test_a_studio_that_cannot_be_opened_leaves_none_behind(run_cell, monkeypatch):
    run_cell()
    with monkeypatch.context() as broken:
        broken.setattr(opening, "Studio", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_cell()
    assert opening._at_work == []
    run_cell()
    assert len(opening._at_work) == 1
