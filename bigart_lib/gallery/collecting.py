"""Which pictures lie below a folder: those of runs, with each of their steps, and loose ones with a recipe.

Of files it reads headers and recipes alone. Knows nothing of pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bigart_lib.pictures import recipe as recipes
from bigart_lib.pictures import written
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.reading import size
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import SHEET
from bigart_lib.pictures.writing import ENDINGS
from bigart_lib.runs.journal import JOURNAL
from bigart_lib.runs.run import Run, open_run
from bigart_lib.runs.source import SOURCE
from bigart_lib.text import in_words

BROUGHT = "brought"  # the kind of a picture that was brought, whose file may be of any format
PAGES = "pdf"  # the kind that may hold anything
MARK = "bigart-gallery.txt"  # lies in the folder of thumbnails and tiles that belongs to a page


@dataclass(frozen=True)
class Stage:
    """A picture after one step."""

    name: str  # as the step is called
    path: Path
    kind: str  # "png", "tiff", "jpeg", "webp", "pdf" or "brought"
    size: tuple[int, int]  # width and height in px
    dpi: tuple[float, float] | None = None  # pixels an inch, across and down, as the file says


@dataclass(frozen=True)
class Entry:
    """A picture with all that it became; the last stage is the finished one."""

    stages: tuple[Stage, ...]  # from the smallest
    recipe: Recipe  # of the last
    date: float  # when that was written, in seconds since 1970
    is_favourite: bool = False

    @property
    def finished(self) -> Stage:
        """The last stage."""
        return self.stages[-1]

    @property
    def title(self) -> str:
        """The prompt, or what was enlarged."""
        return self.recipe.prompt or self.recipe.source or self.finished.path.name


@dataclass
class Collection:
    """What was found."""

    entries: list[Entry] = field(default_factory=list)  # the newest prompt first, and its pictures in order
    left_out: list[str] = field(default_factory=list)  # of what is damaged, a sentence each
    without_recipe: int = 0  # pictures that others made


def collect(folder: Path) -> Collection:
    """Every picture of ours below a folder.

    Raises
    ------
    PictureError
        Where there is no such folder, or no such picture in it.
    """
    if not folder.is_dir():
        raise PictureError(f"expected a folder of pictures, found none: {folder}")
    found, known = Collection(), set()
    for place in _places(folder):
        if (place / JOURNAL).is_file():
            known |= _add_run(found, place)
    for place in _places(folder):
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in ENDINGS and path.name[0] != "." and path not in known:
                _add_loose(found, path)
    if not found.entries:
        raise PictureError(f"there is no picture of BIG.art below {folder}")
    newest: dict[str, float] = {}
    for entry in found.entries:
        newest[entry.title] = max(newest.get(entry.title, 0), entry.date)
    found.entries.sort(key=lambda one: (-newest[one.title], one.title, *_order(one)))
    return found


def _order(entry: Entry) -> tuple:
    """Within a prompt: run by run, as their candidates are numbered, and loose ones by name."""
    made_by = entry.recipe.generate
    index = -1 if entry.recipe.index is None else entry.recipe.index
    return (made_by.seed if made_by else -1, index, str(entry.finished.path))


def _places(folder: Path) -> Iterator[Path]:
    """The folder and all below it that may hold pictures."""
    for place, folders, files in os.walk(folder):
        if MARK in files:
            folders.clear()
            continue
        is_run = JOURNAL in files
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not (is_run and name == SOURCE)
        )
        yield Path(place)


def _add_run(found: Collection, place: Path) -> set[Path]:
    """Add the pictures of a run; returns all files that it made."""
    try:
        run = open_run(place)
    except PictureError as error:  # its pictures may still be loose ones
        found.left_out.append(str(error))
        return set()
    made = [place / entry["file"] for entry in run.values["made"].values()]
    for index in [None] if run.recipe.prompt is None else run.indices:
        files = [path for path in made if path.parent == run.folder_of(index) and path.is_file()]
        if entry := _entry_of(found, run, index, files):
            found.entries.append(entry)
    return {*made, *run.path.glob(f"{SHEET}*")}


def _entry_of(found: Collection, run: Run, index: int | None, files: list[Path]) -> Entry | None:
    stages, recipe = [], None
    for path in files:
        with _telling(found):
            stage, read = _read(path)
            stages.append((stage, read))
    if not stages:
        return None
    stages.sort(key=lambda one: one[0].size[0] * one[0].size[1])  # those of one size stay as they were made
    finished, recipe = stages[-1]
    before = [_brought(run)] if index is None else []
    kept = (*filter(None, before), *(stage for stage, _ in stages))
    return Entry(kept, recipe, finished.path.stat().st_mtime, index in run.favourites)


def _brought(run: Run) -> Stage | None:
    """The picture that a run enlarged."""
    with suppress(PictureError):
        if path := run.source.file(run.path):
            return Stage("as brought", path, BROUGHT, size(path))
    return None


def _add_loose(found: Collection, path: Path) -> None:
    try:
        file = written.read(path)
    except PictureError as error:
        if path.suffix.lower() == f".{PAGES}":
            found.without_recipe += 1
        else:
            found.left_out.append(str(error))
        return
    if file.recipe is None:
        found.without_recipe += 1
        return
    with _telling(found):
        stage, recipe = _read(path)
        if recipe.stage != SHEET:
            found.entries.append(Entry((stage,), recipe, path.stat().st_mtime))


def stage_of(file: written.Written) -> Stage:
    """A file as a stage that is called like it."""
    return Stage(file.path.stem, file.path, file.kind, file.size, file.dpi)


def _read(path: Path) -> tuple[Stage, Recipe]:
    """A file of ours as a stage, and its recipe; raises PictureError where it has none."""
    file = written.read(path)
    if file.recipe is None:
        raise written.no_recipe(path)
    try:
        recipe = recipes.from_json(file.recipe)
    except ValueError as error:
        raise PictureError(f"{path}: {error}") from None
    return stage_of(file), recipe


@contextmanager
def _telling(found: Collection) -> Iterator[None]:
    """Pass over a picture that cannot be read, with a line."""
    try:
        yield
    except (PictureError, OSError) as error:
        found.left_out.append(in_words(error))
