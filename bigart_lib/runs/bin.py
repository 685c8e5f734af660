"""Runs renamed, thrown into a bin, taken out of it again, and deleted for good.

Folders are moved whole, by one renaming, and only while nobody works in them. Copies of runs in a second
folder are a backup: they follow a new name, and are never thrown away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bigart_lib.files import read_values, write_text
from bigart_lib.runs.copies import find_copy
from bigart_lib.runs.folders import folder_name, free_folder
from bigart_lib.runs.journal import JOURNAL, PATIENCE, UPDATE_LOCK, Journal, locked
from bigart_lib.runs.run import WORK_LOCK
from bigart_lib.runs.shelf import BIN, EMPTIED


def rename(path: Path, title: str, copy_to: Path | None = None) -> Path:
    """Give a run's folder another name, free beside it and in the folder of copies; returns the folder.

    Its copy is renamed too; where that fails, the copy stays as it is.

    Raises
    ------
    ValueError
        When somebody works in it, it is gone, or the name says nothing.
    OSError
        When the disk refuses.
    """
    name = folder_name(title)
    if not title.strip():
        raise ValueError("a run needs a name: type one")
    if name == path.name:
        return path
    with _idle(path):
        copy = None
        if copy_to is not None:
            with suppress(OSError, ValueError):
                copy = find_copy(Journal(path), copy_to)
        renamed = _move(path, name, path.parent, copy_to)
    if copy is not None:
        with suppress(OSError):
            _move(copy, renamed.name, copy.parent)
    return renamed


def throw_away(path: Path) -> Path:
    """Move a run into the bin beside it; returns its folder there. Raises as `rename`."""
    place = path.parent / BIN
    if place.is_symlink():
        raise ValueError(f"{place} is a link to somewhere else, and no bin: remove it first")
    with _idle(path):
        return _move(path, path.name, place)


def put_back(path: Path) -> Path:
    """Move a run out of the bin, under its name or one with a number; returns where. Raises as `rename`."""
    with _idle(path):
        return _move(path, path.name, path.parent.parent)


def contents(folder: Path) -> list[Path]:
    """The runs in the bin of a folder of pictures; nothing else that lies there."""
    place = folder / BIN
    if place.is_symlink() or not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if (path / JOURNAL).is_file())


def size(folder: Path) -> int:
    """How many bytes the runs in the bin take."""
    found = 0
    for path in contents(folder):
        for place, _, files in os.walk(path):
            for name in files:
                with suppress(OSError):
                    found += os.lstat(os.path.join(place, name)).st_size
    return found


def empty(folder: Path) -> int:
    """Delete the runs in the bin for good, and nothing else; returns how many. Raises as `rename`."""
    runs, ids = contents(folder), []
    for path in runs:
        with _idle(path):
            ids.append(str(read_values(path / JOURNAL).get("id") or ""))
    noted = folder / BIN / EMPTIED
    before = noted.read_text(encoding="utf-8").split() if noted.is_file() else []
    write_text(noted, "\n".join(dict.fromkeys([*before, *filter(None, ids)])) + "\n", replace=True)
    for path in runs:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    return len(runs)


@contextmanager
def _idle(path: Path) -> Iterator[None]:
    """Hold a run's folder while nobody else works in it."""
    if not path.is_dir():
        raise ValueError(f"{path.name} is gone: its folder was renamed, moved or deleted meanwhile")
    problem = f"{path.name} is being worked on: wait until that has ended, or cancel it"
    with locked(path / WORK_LOCK, 0, problem), locked(path / UPDATE_LOCK, PATIENCE, problem):
        if os.name != "nt":
            yield
            return
    yield  # a folder with open files in it cannot be moved there


def _move(path: Path, name: str, parent: Path, beside: Path | None = None) -> Path:
    """Rename a folder to a free name below another; returns it there."""
    target = free_folder(name, parent, beside)
    try:
        if os.name == "nt" or path.is_symlink():  # elsewhere, an empty folder gives way
            target.rmdir()
        os.rename(path, target)
    except OSError:
        with suppress(OSError):
            target.rmdir()
        raise
    return target
