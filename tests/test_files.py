"""Files are there whole or not at all, and never in place of another."""

import errno
import os

import pytest

from bigart_lib import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_name_only_once_it_is_whole(tmp_path):
    with files.writing(tmp_path / "deep" / "a.txt") as file:
        file.write(b"half")
        assert not (tmp_path / "deep" / "a.txt").exists()
        file.write(b" and whole")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == b"half and whole" and names(tmp_path / "deep") == [
        "a.txt"
    ]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("replace", [True, False])
def test_whatever_is_raised_meanwhile_leaves_no_file_and_the_old_one_as_it_was(tmp_path, error, replace):
    path = tmp_path / "a.txt"
    if replace:
        path.write_text("old")
    with pytest.raises(type(error)), files.writing(path, replace) as file:
        file.write(b"half")
        raise error
    assert names(tmp_path) == (["a.txt"] if replace else [])
    assert not replace or path.read_text() == "old"


def test_an_error_of_the_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left on device: .*a.txt"), files.writing(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("has_links", [True, False])
def test_nothing_is_overwritten_unless_it_may_be(tmp_path, has_links, monkeypatch):
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no links here")))
    files.write_text(tmp_path / "a.txt", "first")
    with pytest.raises(FileExistsError, match="a.txt"):
        files.write_text(tmp_path / "a.txt", "second")
    assert (tmp_path / "a.txt").read_text() == "first"
    files.write_text(tmp_path / "a.txt", "third ü", replace=True)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "third ü" and names(tmp_path) == ["a.txt"]


def test_a_file_has_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in (".a.png.77-1.part", "inner/.b.png.9-1.part", "a.part", ".hidden", "c.png"):
        (tmp_path / name).write_text("")
    files.remove_parts(tmp_path)
    assert names(tmp_path) == [".hidden", "a.part", "c.png", "inner"] and names(tmp_path / "inner") == []
