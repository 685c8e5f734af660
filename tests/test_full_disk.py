"""On a disk that is full nothing that was painted is lost: it is written elsewhere, and said where."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import bigart_lib
from bigart_lib import GenerateSettings, PaintSettings
from bigart_lib.cli import main as cli
from bigart_lib.runs.run import UnsavedError, open_run
from bigart_lib.runs.session import Session


@pytest.fixture
def here(tiny_models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


@pytest.mark.parametrize("files", [3, 6, 12])
def test_the_command_line_writes_everything_into_a_temporary_folder_and_names_it(
    here, full_disk, capsys, files
):
    full_disk("bigart_pictures", files)
    code = cli.main(["a lake", "--seed", "3", "--count", "2", "--size", "1024", "--models", "embedded"])
    errors = capsys.readouterr().err.splitlines()
    (saved,) = here.glob("bigart-saved-*/a-lake")
    assert code == 2 and f"what is finished is in {saved}, and" in errors[-1]
    assert "could not be written" in errors[-1] and "bigart resume" in errors[-1]
    assert {path.name for path in saved.glob("candidate-*/256.png")} == {"256.png"}
    assert len([*saved.glob("candidate-*")]) == 2
    assert cli.main(["resume", str(saved)]) == 0
    assert open_run(saved).unfinished() == []


def test_an_artist_at_a_terminal_says_where(here, full_disk, monkeypatch, capsys):
    full_disk("bigart_pictures", 3)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: str(here / "usb stick"))
    cli.main(["a lake", "--seed", "3", "--count", "2", "--size", "256", "--models", "embedded"])
    assert str(here / "usb stick" / "a-lake") in capsys.readouterr().err
    assert (here / "usb stick" / "a-lake" / "candidates.png").is_file()


def test_in_a_session_the_batch_is_there_and_is_written_elsewhere(here, full_disk):
    session = Session(bigart_lib.load("embedded", device="cpu"), here / "pictures")
    full_disk(here / "pictures", 3)
    with pytest.raises(UnsavedError, match="stay in memory"):
        session.generate("a lake", GenerateSettings(seed=3, count=2))
    (batch,) = session.batches
    assert len(batch.candidates) == 2 and session.unsaved == [batch.run]
    session.save_elsewhere(here / "elsewhere")
    assert session.unsaved == [] and batch.run.path == here / "elsewhere" / "a-lake"
    session.paint(batch, 0, PaintSettings(1024))
    session.generate("a lake", GenerateSettings(seed=4, count=1))
    assert sorted(path.name for path in (here / "elsewhere").iterdir()) == ["a-lake", "a-lake-2"]


def test_work_that_does_not_fit_is_refused_in_a_line_before_it_begins(here, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, free=10**6))
    assert cli.main(["a lake", "--seed", "3", "--models", "embedded", "--quiet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "has 1 MB free, and about" in line and "--keep none" in line
    assert [*Path("bigart_pictures").iterdir()] == []
