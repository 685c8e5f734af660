"""All runs on disk, in the folder of pictures and in that of their copies, as a list to look through.

Reads of each run its journal alone, and once for as long as that stays as it is. Thousands of them take
seconds, so that they are read in slices of time, the latest first. Knows nothing of pages.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bigart_lib.files import read_text, read_values
from bigart_lib.pictures import images
from bigart_lib.pictures.results import SHEET
from bigart_lib.pictures.writing import ENDINGS
from bigart_lib.runs.journal import JOURNAL, Journal
from bigart_lib.runs.run import Run, open_run
from bigart_lib.runs.source import SOURCE
from bigart_lib.runs.work import EXACT
from bigart_lib.text import in_words, readable, shown

BIN = ".bin"  # the folder of runs that were thrown away, within that of the pictures
EMPTIED = "emptied.txt"  # the ids of those that are gone for good, whose copies are not offered again
HERE, COPIES, THROWN_AWAY = "here", "copies", "bin"
DAY = 86400.0  # seconds: by so much may a journal be older, by its file's time, than it says itself

Stamp = tuple[int, int]  # size and time of change of a journal


class Places(Protocol):
    """Where runs are, as a session says it."""

    folder: Path
    copy_to: Path | None


@dataclass(frozen=True)
class Picture:
    """A picture of a run."""

    file: str  # below the run's folder
    place: int  # of the candidate among those of the run, from 0; 0 of a picture that was brought


@dataclass(frozen=True)
class Shelved:
    """A run, as far as its journal tells of it."""

    place: str  # HERE, COPIES or THROWN_AWAY
    path: Path
    touched: float  # seconds since 1970
    title: str  # the prompt, or what was enlarged; the folder's name where it is damaged
    id: str = ""
    seed: int | None = None
    pictures: tuple[Picture, ...] = ()  # candidate by candidate, in the order in which they were made
    others: tuple[str, ...] = ()  # files of the journal that are no pictures for people
    favourites: frozenset[int] = frozenset()  # places of candidates
    last: int | None = None  # the place of the candidate that was taken further last
    largest: int = 0  # px, the longer side of what was made of the candidates
    problem: str = ""  # why it cannot be read, in a sentence

    @property
    def key(self) -> str:
        """What it is called among all."""
        return f"{self.place}/{self.path.name}"

    @property
    def words(self) -> str:
        """What it is, for people."""
        seed = f", seed {self.seed}" if self.seed is not None else ""
        return f"{self.title}{seed}" + (f", painted up to {self.largest} px" if self.largest else "")


class Shelf:
    """Knows the runs on disk.

    Parameters
    ----------
    places : where they are; it may change.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[Path, tuple[Stamp, Shelved]] = {}
        self._walk: Iterator[None] | None = None
        self.to_read = 0  # how many journals are not read yet

    def look(self, seconds: float = math.inf, again: bool = False) -> bool:
        """Go on reading for so long, `again` from the beginning; returns whether all is read."""
        if again or self._walk is None:
            self._walk = self._read_all()
        end = time.monotonic() + seconds
        return all(time.monotonic() < end for _ in self._walk)  # stops at the first that is too late

    def runs(self) -> list[Shelved]:
        """Every run that is known and not in the bin, once, the latest touched first."""
        known = [one for _, one in self._known.values()]
        here = [one for one in known if one.place == HERE]
        dates, names = {one.id: one.touched for one in here if one.id}, {one.path.name for one in here}
        dates.update(dict.fromkeys(self._thrown_away(), math.inf))
        copies = [  # begun or gone on with elsewhere
            one for one in known if one.place == COPIES
            and (one.touched > dates.get(one.id, 0) if one.id else one.path.name not in names)
        ]  # fmt: skip
        newer = {one.id for one in copies if one.id}
        found = [one for one in here if one.id not in newer] + copies
        return sorted(found, key=lambda one: one.touched, reverse=True)

    def in_bin(self) -> list[Shelved]:
        """The runs in the bin, the latest touched first."""
        found = [one for _, one in self._known.values() if one.place == THROWN_AWAY]
        return sorted(found, key=lambda one: one.touched, reverse=True)

    def find(self, key: str) -> Shelved:
        """The run of this key, as it is now.

        Raises
        ------
        ValueError
            When it is gone.
        """
        place, _, name = key.partition("/")
        path = self._parents().get(place, Path()) / name
        stamp = _stamp(path) if path in self._known else None  # so that a name leads nowhere else
        if stamp is None:
            raise ValueError(f"{shown(name)} is gone: its folder was renamed, moved or deleted meanwhile")
        return self._read(place, path, stamp)

    def moved(self, one: Shelved, place: str, path: Path) -> Shelved:
        """Be told where a run is now; returns what it is there."""
        self._known.pop(one.path, None)
        return self._read(place, path, _stamp(path) or (0, 0))

    def latest(self) -> Shelved | None:
        """The run that was touched last, by whoever did it; of thousands, only the newest files are read.

        A journal that was copied is newer by its file's time than it says itself, and none is much older.
        """
        newest, gone, found = 0.0, self._thrown_away(), []
        for stamp, place, path in self._stamps():
            if stamp[1] / 1e9 + DAY < newest:
                break
            said = read_values(path / JOURNAL)
            touched, id_ = said.get("touched", stamp[1] / 1e9), said.get("id")
            if place == THROWN_AWAY:
                gone.add(id_)
            elif id_ not in gone and isinstance(touched, int | float):
                newest = max(newest, touched)
                found.append((touched, place, path, stamp))
        found.sort(key=lambda one: one[0], reverse=True)
        read = (self._read(place, path, stamp) for _, place, path, stamp in found)
        return next((one for one in read if not one.problem), None)

    def _thrown_away(self) -> set[str]:
        """The ids of runs whose copies are not offered."""
        found = {one.id for _, one in self._known.values() if one.place == THROWN_AWAY}
        with suppress(OSError, ValueError):
            found |= {*read_text(self._places.folder / BIN / EMPTIED).split()}
        return found

    def _stamps(self) -> list[tuple[Stamp, str, Path]]:
        """Every journal, the latest changed first; those of the bin before all, as they hide copies."""
        found = [
            (stamp, place, path)
            for place, parent in self._parents().items()
            for path in _folders(parent)
            if (stamp := _stamp(path)) is not None
        ]
        return sorted(found, key=lambda one: (one[1] != THROWN_AWAY, -one[0][1]))

    def _read_all(self) -> Iterator[None]:
        stamps = self._stamps()
        there = {path for _, _, path in stamps}
        self._known = {path: known for path, known in self._known.items() if path in there}
        self.to_read = len(stamps)
        for stamp, place, path in stamps:
            self._read(place, path, stamp)
            self.to_read -= 1
            yield

    def _read(self, place: str, path: Path, stamp: Stamp) -> Shelved:
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, _shelved(place, path, stamp)
        return known[1]

    def _parents(self) -> dict[str, Path]:
        folder, copies = self._places.folder, self._places.copy_to
        return {HERE: folder, THROWN_AWAY: folder / BIN, **({COPIES: copies} if copies else {})}


def on_disk(places: Places) -> list[Shelved]:
    """Every run, the latest touched first, read at once."""
    shelf = Shelf(places)
    shelf.look()
    return shelf.runs()


def prints(one: Shelved) -> list[Picture]:
    """Pictures in a run's folder that its journal does not name: those that were made for a printer."""
    known, found = {*one.others, *(picture.file for picture in one.pictures)}, []
    folders = Counter((picture.place, Path(picture.file).parent) for picture in one.pictures)
    for (place, folder), count in folders.items():
        if count > 1 or folder == Path():  # it was taken further, or brought
            files = _files(one.path / folder, one.path)
            found += [Picture(file, place) for file in files if file not in known]
    return found


def follow(run: Journal, folder: Path) -> None:
    """Let a run follow its folder, where somebody has renamed that below the folder of pictures.

    Raises
    ------
    ValueError
        When it is in the bin, or gone.
    """
    if run.folder.is_dir() or run.is_unwritten:
        return
    for parent in (folder, folder / BIN):
        for path in _folders(parent):
            if read_values(path / JOURNAL).get("id") == run.id:
                if parent.name == BIN:
                    raise ValueError(f"{run.folder.name} is in the bin: put it back first, under Pictures")
                run.folder = path
                return
    raise ValueError(f"the folder {run.folder} is gone: it was moved or deleted, or its disk is away")


def _folders(parent: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(parent) as entries:  # a mount that is gone
        for entry in entries:
            if not entry.name.startswith("."):
                yield parent / entry.name


def _stamp(path: Path) -> Stamp | None:
    """Of a run's journal; None where there is none."""
    with suppress(OSError):
        status = os.stat(os.path.join(path, JOURNAL))
        return status.st_size, status.st_mtime_ns
    return None


def _shelved(place: str, path: Path, stamp: Stamp) -> Shelved:
    try:
        run = open_run(path)
    except images.PictureError as error:
        return Shelved(place, path, stamp[1] / 1e9, readable(path.name), problem=in_words(error))
    made_by, places = run.recipe.generate if run.recipe.prompt is not None else None, _places(run)
    painted = [one for one in run.wanted() if one.paint is not None and one.index in places]
    finished = [one.settings for one in painted if {*one.keys} <= {*run.values["made"]}]
    pictures = tuple(_pictures(run))
    others = {entry["file"] for entry in run.values["made"].values()} - {one.file for one in pictures}
    return Shelved(
        place, path, run.touched, readable(run.recipe.prompt or run.recipe.source or path.name), run.id,
        made_by.seed if made_by else None, pictures, tuple(others), frozenset(favourite_places(run)),
        places[painted[-1].index] if painted else None,
        max((max(one.fit or (one.size,)) for one in finished), default=0),
    )  # fmt: skip


def _places(run: Run) -> dict[int | None, int]:
    """The places of a run's candidates, by their indices; a picture that was brought has place 0."""
    return {None: 0} if run.recipe.prompt is None else {index: n for n, index in enumerate(run.indices)}


def favourite_places(run: Run) -> list[int]:
    """The places of the favourites among the candidates of a run; a picture that was brought has place 0."""
    return [place for index, place in _places(run).items() if (index or 0) in run.favourites]


def _pictures(run: Run) -> Iterator[Picture]:
    """Those that an artist would call so: not the sheet, nor what a candidate was painted from."""
    before = {key for one in run.wanted() if one.paint is None for key in one.keys[:-1]}
    files = dict.fromkeys(entry["file"] for key, entry in run.values["made"].items() if key not in before)
    for index, place in _places(run).items():
        folder = run.folder_of(index).relative_to(run.path)
        for file in files:
            if Path(file).parent == folder and Path(file).stem != SHEET:
                yield Picture(file, place)


def _files(folder: Path, run: Path) -> list[str]:
    """Pictures in a folder and in those within it, as they are named from the run's on."""
    found = []
    with suppress(OSError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name[0] == "." or entry.name in (EXACT, SOURCE):
                continue
            if entry.is_file():
                found += [path] if path.suffix.lower() in ENDINGS and path.stem != SHEET else []
            elif folder != run and entry.is_dir(follow_symlinks=False):
                found += [run / file for file in _files(path, run)]
    return [path.relative_to(run).as_posix() for path in found]
