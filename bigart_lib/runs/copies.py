"""A second copy of a run, in a folder that may vanish meanwhile, such as Google Drive's.

A run is known by the id in its journal, not by its name: on another machine, yesterday's name is free again.
"""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bigart_lib.files import name_stem, set_aside, writing
from bigart_lib.runs.folders import free_folder
from bigart_lib.runs.journal import JOURNAL, Journal, file_hash, merged, write_values


def copy_run(run: Journal, parent: Path) -> Path:
    """Bring the copy of a run below another folder up to date; returns its folder there.

    Files that are there and differ are set aside, never written over. The two journals are merged.

    Raises
    ------
    OSError
        When a file could not be copied, or is not the same after it was.
    """
    target = find_copy(run, parent) or free_folder(run.folder.name, parent)
    values = run.values
    with suppress(OSError, ValueError):
        values = merged(values, Journal(target).values)
    write_values(target, values)  # first: what it names and is not there yet is known to be missing
    copy_files(run, target)
    return target


def copy_files(run: Journal, target: Path) -> None:
    """Copy the files of a run that are not in another folder yet; raises as `copy_run`."""
    for path in _files(run.folder):
        _copy(path, target / path.relative_to(run.folder), run.hashes(path))


def find_copy(run: Journal, parent: Path) -> Path | None:
    """The folder of the same run below another folder, whatever it is called there."""
    name = run.folder.name
    others = sorted(parent.glob(f"{glob.escape(name_stem(name))}*"))
    for folder in dict.fromkeys([parent / name, *others]):
        with suppress(OSError, ValueError):
            if Journal(folder).id == run.id:
                return folder
    return None


def _files(folder: Path) -> Iterator[Path]:
    """What is written once; hidden files are nobody's pictures."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != JOURNAL and not path.name.startswith("."):
            yield path


def _copy(path: Path, arrived: Path, hashes: Sequence[str]) -> None:
    """Copy a file, unless that is there; `hashes` are those that the journal knows for it."""
    if arrived.is_file():
        here, there = file_hash(path), file_hash(arrived)
        if there == here or (there in hashes and here not in hashes):
            return
        set_aside(arrived)  # it came half, or another machine made another of this name
    with path.open("rb") as original, writing(arrived) as copy:
        shutil.copyfileobj(original, copy)
    if file_hash(arrived) != file_hash(path):
        arrived.unlink()
        raise OSError(f"{path} did not arrive whole in {arrived.parent}")
    shutil.copystat(path, arrived)
