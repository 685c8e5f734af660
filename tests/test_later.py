"""Files are written while networks go on, in order, whole or not at all, and nothing that fails is lost."""

import threading

import pytest

from bigart_lib import CancelledError, GenerateSettings, PaintSettings
from bigart_lib.pictures.recipe import read
from bigart_lib.runs.run import Run, UnsavedError, open_run
from bigart_lib.runs.unsaved import MOST_WAITING, Later, Unsaved
from bigart_lib.runs.work import Work

PATIENCE = 60  # seconds: longer, and the other thread does not come
PAINT = PaintSettings(1024, enhance=True)


@pytest.fixture(scope="module")
def painted(bigart, tmp_path_factory):
    """A folder, and a run in it with one candidate."""
    run = Run.new(tmp_path_factory.mktemp("later"), "A lake", bigart.recipe("a lake", GenerateSettings(3, 1)))
    run.paint_candidates(bigart)
    return run


@pytest.fixture
def run(painted, tmp_path):
    """A copy of that run."""
    import shutil

    return open_run(shutil.copytree(painted.path, tmp_path / "run"))


@pytest.fixture
def held_up(monkeypatch):
    """Holds up the writing of the picture of a name until the event is set; the names, once written."""
    written, is_free, original = [], threading.Event(), Unsaved.write

    def hold(name):
        def write(self, *arguments):
            assert self.name != name or is_free.wait(PATIENCE), f"{name} is waited for"
            notes = original(self, *arguments)
            written.append(self.name)
            return notes

        monkeypatch.setattr(Unsaved, "write", write)
        return is_free, written

    return hold


def test_whoever_gives_work_goes_on_and_it_is_done_in_order():
    done, is_free = [], threading.Event()
    with Later() as later:
        later.do(lambda: done.append(is_free.wait(PATIENCE)))
        later.do(done.append, "second")
        assert done == []
        is_free.set()
    assert done == [True, "second"]


def test_no_more_waits_than_is_allowed_so_that_memory_is_bounded():
    done, is_free = [], threading.Event()
    with Later() as later:
        for number in range(MOST_WAITING):
            later.do(lambda number=number: (is_free.wait(PATIENCE), done.append(number)))
        threading.Timer(0.05, is_free.set).start()
        later.do(done.append, MOST_WAITING)
        assert done[0] == 0  # it was waited for
    assert done == [*range(MOST_WAITING + 1)]


def test_outside_a_context_work_is_done_at_once():
    done, later = [], Later()
    later.do(done.append, threading.current_thread())
    with later:
        later.do(done.append, None)
    later.do(done.append, threading.current_thread())
    assert done == [threading.current_thread(), None, threading.current_thread()]


def fail(error):
    raise error


@pytest.mark.parametrize("error", [ValueError("a profile"), KeyboardInterrupt(), AssertionError()])
@pytest.mark.parametrize("when", ["wait", "do", "exit"])
def test_what_is_no_matter_of_the_disk_comes_out_in_whoever_gave_the_work(error, when):
    later = Later()
    with pytest.raises(type(error)), later:
        later.do(fail, error)
        if when == "wait":
            later.wait()
        for _ in range(MOST_WAITING if when == "do" else 0):
            later.do(int)
        if when != "exit":
            pytest.fail("nothing was raised")
    with later:  # and it is told once
        later.wait()


def test_what_the_disk_does_not_take_is_no_error_here():
    done = []
    with Later() as later:
        later.do(fail, OSError(28, "No space left on device"))
        later.do(done.append, 1)
        later.wait()
    assert done == [1]


def test_whatever_ends_the_work_what_was_given_is_done():
    done, is_free = [], threading.Event()
    with pytest.raises(CancelledError), Later() as later:
        later.do(is_free.wait, PATIENCE)
        later.do(done.append, 1)
        is_free.set()
        raise CancelledError
    assert done == [1]


def test_a_picture_is_written_while_the_next_is_made(bigart, run, held_up, monkeypatch):
    is_free, written = held_up("1024")
    enhance, before = bigart.enhancer.enhance, []

    def enhanced(*arguments):
        before.extend(written)
        is_free.set()  # were the picture waited for, this would never be
        return enhance(*arguments)

    monkeypatch.setattr(bigart.enhancer, "enhance", enhanced)
    work = run.paint(bigart, 0, PAINT)
    assert before == [] and written == ["1024", "1024_textured", "1024_enhanced"]
    assert all(read(path)[1] for path in work.files.values()) and open_run(run.path).unfinished() == []


def test_an_unrounded_result_is_written_while_texture_is_laid(bigart, run, monkeypatch):
    from bigart_lib.finish import texture
    from bigart_lib.runs import work as work_module

    is_free, write, add = threading.Event(), work_module._write_exact, texture.add

    def held_up(path, levels):
        assert is_free.wait(PATIENCE), "the result is waited for"
        write(path, levels)

    monkeypatch.setattr(work_module, "_write_exact", held_up)
    monkeypatch.setattr(texture, "add", lambda *arguments: is_free.set() or add(*arguments))
    before = {*run.path.rglob("*.safetensors")}
    run.paint(bigart, 0, PaintSettings(1024))
    (made,) = {*run.path.rglob("*.safetensors")} - before
    assert work_module._read_exact(made) is not None


def test_cancelled_while_a_picture_is_written_that_is_whole_and_no_other_is_there(bigart, run, held_up):
    is_free, written = held_up("1024_textured")

    def report(progress):
        if progress.stage == "enhance":
            is_free.set()
            raise CancelledError

    with pytest.raises(CancelledError):
        run.paint(bigart, 0, PAINT, report)
    names = {path.name for path in (run.path / "candidate-1").iterdir() if path.name.startswith("1024")}
    assert names == {"1024.png", "1024_textured.png"} and written == ["1024", "1024_textured"]
    assert not [*run.path.rglob("*.part")] and not run.unsaved
    assert all(read(run.path / "candidate-1" / name)[1] for name in names)
    run.paint(bigart, 0, PAINT)
    assert open_run(run.path).unfinished() == []


def test_a_disk_that_takes_a_picture_no_more_is_told_of_when_the_work_is_done(bigart, run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Unsaved, "write", lambda *_: fail(OSError(28, "No space left on device")))
        with pytest.raises(UnsavedError, match=r"^3 pictures could not be written to .* stay in memory$"):
            run.paint(bigart, 0, PAINT)
    run.save_rest()
    assert not run.unsaved and open_run(run.path).unfinished() == []


def test_the_seconds_that_are_learned_of_the_last_picture_have_its_file_in_them(bigart, run, monkeypatch):
    settled = []
    monkeypatch.setattr(
        Work, "settle", lambda self: settled.append([*self.run.unsaved]) or self.run.later.wait()
    )
    work = run.paint(bigart, 0, PAINT)
    assert len(settled) == 1 and work.steps[-1].key in work.run.values["made"]
