"""One run on disk: a prompt with its candidates and what became of them, or a picture that was enlarged.

    sunset-over-a-lake/
        run.json                            recipe, favourites, and the journal: what is wanted, what is made
        candidates.png                      contact sheet
        candidate-3/                        what became of number 3
            64.png 256.png 1024.png ...
            exact/KEY.safetensors           results to go on from, not rounded to 8 bits

Command line, studio and `redo` write this and nothing else. Whatever is killed, every file is whole; what is
in the journal is made, and a plan goes on at the first step that is not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bigart_lib.bigart import BigArt
from bigart_lib.files import check_room, free_names, remove_parts, set_aside, size_in_words
from bigart_lib.machine import precision_name
from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import Recipe, from_dict
from bigart_lib.pictures.results import SHEET, Candidates, with_pixels
from bigart_lib.pictures.writing import Form
from bigart_lib.plan import to_do
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.copies import copy_files
from bigart_lib.runs.folders import folder_name, free_folder
from bigart_lib.runs.journal import JOURNAL, UPDATE_LOCK, Journal, Plan, Wanted, file_hash, locked
from bigart_lib.runs.source import SOURCE, Source
from bigart_lib.runs.unsaved import Later, Unsaved, UnsavedError
from bigart_lib.runs.work import EXACT, Work
from bigart_lib.settings import PaintSettings

SHEET_BYTES = 2_000_000  # about
WORK_LOCK = ".work.lock"


class Run(Journal):
    """The folder of a run, and its journal; see `Run.new` and `open_run`."""

    def __init__(self, path: Path, values: dict[str, Any] | None = None) -> None:
        super().__init__(path, values)
        self.recipe: Recipe = from_dict(self.values["recipe"])
        if self.recipe.prompt is not None and self.recipe.generate is None:
            raise ValueError("its recipe has a prompt and no settings")
        self.unsaved: dict[str, Unsaved] = {}  # by the keys of their steps
        self.later = Later()
        self.notes: list[str] = []  # what the formats of files could not hold, in sentences
        self._works: dict[int | None, Work] = {}
        self.source = Source(self.recipe.source_pixels)

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.folder

    @classmethod
    def new(
        cls,
        parent: Path,
        title: str,
        recipe: Recipe,
        options: dict[str, Any] | None = None,
        size: tuple[int, int] | None = None,
        indices: Sequence[int] | None = None,
        beside: Path | None = None,
        folder: Path | None = None,
    ) -> Run:
        """A new folder below `parent`, named after what is painted. The first `want` makes it a run.

        Parameters
        ----------
        options : how the models were loaded, for `resume`; and "keep", which unrounded results are kept.
        size : width and height of a picture that was brought.
        indices : the candidates that the run will have; by default all of the recipe.
        beside : a folder of copies, in which the new name must be free too.
        folder : one in which there is no run yet, where its name is decided already.

        Raises
        ------
        OSError
            When the folder cannot be made.
        """
        if indices is None:
            indices = range(recipe.generate.count) if recipe.prompt is not None else ()
        values = {
            "recipe": recipe.to_dict(), "options": options or {}, "size": size, "indices": list(indices),
            "favourites": [], "wanted": [], "made": {},
        }  # fmt: skip
        run = cls(parent, values)  # whatever fails here leaves no folder
        run.folder = folder or free_folder(folder_name(title), parent, beside)
        return run

    @property
    def options(self) -> dict[str, Any]:
        """How the models were loaded."""
        return self.values["options"]

    @property
    def suffix(self) -> str:
        """How the names of finished pictures end, which says their format."""
        return str(self.options.get("suffix", ".png"))

    @property
    def form(self) -> Form:
        """How finished pictures are written."""
        return Form(**self.options.get("form", {}))

    @property
    def depth(self) -> int:
        """Bits a colour of finished pictures."""
        return self.form.fitting(f"a{self.suffix}", self.source.carried(self.path).depth)

    @property
    def native_size(self) -> tuple[int, int] | None:
        """Of a picture that was brought, else None."""
        return tuple(self.values["size"]) if self.values.get("size") else None

    @property
    def indices(self) -> list[int]:
        """Which candidates the run has: all that were asked for, or the one that was made again."""
        return self.values["indices"]

    @property
    def favourites(self) -> set[int]:
        """Indices of candidates."""
        return {number - 1 for number in self.values["favourites"]}

    def toggle_favourite(self, index: int) -> bool:
        """Make a candidate a favourite, or no longer; returns which."""
        with self.updating() as values:
            values["favourites"] = sorted({*values["favourites"]} ^ {index + 1})
        return index in self.favourites

    def work(self, index: int | None) -> Work:
        """What became of a candidate, or of the picture that was brought."""
        if index not in self._works:
            self._works[index] = Work(self, index)
        return self._works[index]

    def close(self, index: int | None) -> None:
        """Free the memory that a work takes; all of it is on disk."""
        self._works.pop(index, None)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the folder while pictures are made in it.

        Raises
        ------
        ValueError
            When another process does.
        """
        problem = f"another BIG.art is at work in {self.path}: wait for it, or end it"
        with locked(self.path / WORK_LOCK, 0, problem), self.later:
            remove_parts(self.path)
            yield

    def paint_candidates(self, bigart: BigArt, report: Report = no_report) -> Candidates:
        """Paint the candidates that are not there yet, and the contact sheet."""
        plans = [(index, None, bigart.plan(self.recipe_of(index))) for index in self.indices]
        self._check(bigart, *plans)
        self.want(*plans)
        with self.at_work():
            candidates = bigart.paint_candidates(self.recipe, report, self.work, self.indices)
            self._write_sheet(candidates)
            self.save_rest(candidates)
        return candidates

    def paint(
        self, bigart: BigArt, index: int | None, settings: PaintSettings, report: Report = no_report
    ) -> Work:
        """Take a candidate, or the picture that was brought, through the steps that are not made yet."""
        recipe = self.recipe_of(index, settings)
        steps = bigart.plan(recipe, self.native_size)
        self._check(bigart, (index, settings, steps))
        self.want((index, settings, steps))
        work = self.work(index)
        with self.at_work():
            bigart.run(recipe, steps, work, report)
            self.save_rest(work)
        return work

    def want(self, *plans: Plan) -> None:
        """Note plans before they are begun; raises OSError where the disk has no room for their pictures."""
        sizes = [self.work(index).bytes_to_write(steps) for index, _, steps in plans]
        pictures, results = (sum(kind) for kind in zip(*sizes, strict=True))
        if pictures or results:
            rest = f", {size_in_words(results)} of it for results to go on from (--keep none)"
            check_room(self.path, pictures + results + SHEET_BYTES, rest if results else "")
        super().want(*plans)

    def _check(self, bigart: BigArt, *plans: Plan) -> None:
        """Refuse to let other networks than the run's make one of its steps."""
        differing = self.differing(bigart)
        to_make = (step for index, _, steps in plans for step in to_do(steps, self.work(index))[0])
        if differing and any(step.is_costly for step in to_make):
            raise ValueError(
                f"{self.path} was begun with another {', '.join(differing)} than is loaded: load the "
                f"{self.recipe.models} models in {self.recipe.machine.get('precision')}, or begin a new run"
            )

    def recipe_of(self, index: int | None, settings: PaintSettings | None = None) -> Recipe:
        """The recipe of one candidate."""
        return replace(self.recipe, index=index, paint=settings)

    def differing(self, bigart: BigArt) -> list[str]:
        """Which networks are others than the run was begun with, and "precision", if that is another."""
        here, precision = bigart.fingerprints(), precision_name(bigart.dtype)
        networks = [name for name, sha256 in self.recipe.networks.items() if here.get(name) != sha256]
        return networks + (["precision"] if self.recipe.machine.get("precision") != precision else [])

    @property
    def sheet(self) -> Path:
        """The contact sheet."""
        return self.path / f"{SHEET}.png"

    @property
    def _sheet_key(self) -> str:
        return hashlib.sha256(json.dumps([SHEET, self.recipe.to_dict()], sort_keys=True).encode()).hexdigest()

    def unfinished(self, thorough: bool = True) -> list[Wanted]:
        """See `Journal`; where the contact sheet alone is missing, the last of the candidates counts."""
        found, candidates = super().unfinished(thorough), [one for one in self.wanted() if one.paint is None]
        has_sheet = self.made(self._sheet_key) if thorough else self.sheet.is_file()
        is_whole = len(candidates) >= len(self.indices) and self.options.get("sheet", True)
        return found or (candidates[-1:] if is_whole and not has_sheet else [])

    def _write_sheet(self, candidates: Candidates) -> None:
        if self.made(self._sheet_key) is None:
            image = candidates.sheet()
            made_by = with_pixels(candidates.recipe, SHEET, image)
            self.finish(self._sheet_key, Unsaved(None, SHEET, image, made_by))

    def folder_of(self, index: int | None) -> Path:
        """Where the pictures of a candidate are, or of the picture that was brought."""
        return self.path if index is None else self.path / f"candidate-{index + 1}"

    def finish(self, key: str, made: Unsaved) -> None:
        """Write a picture and note it, while work goes on; where that fails the picture stays in memory."""
        self.unsaved[key] = made
        self.later.do(self._save, key)

    def save_rest(self, made: Any = None) -> None:
        """Write what could not be written before.

        Raises
        ------
        UnsavedError
            Where that still fails; with what the work gave.
        """
        self.later.wait()
        try:
            for key in [*self.unsaved]:
                self._save(key)
            if self.is_unwritten:
                with self.updating():
                    pass
        except OSError as error:
            raise UnsavedError(self, error, made) from error

    def move(self, parent: Path) -> None:
        """Go on in a new folder below another parent, with all that is written and all that is in memory.

        Raises
        ------
        OSError
            Where that folder does not take them either; the run is where it was.
        """
        before, target = (self.path, self.is_unwritten, {**self.unsaved}), free_folder(self.path.name, parent)
        try:
            copy_files(self, target)
            self.folder, self.is_unwritten = target, True
            self.save_rest()
        except BaseException:
            self.folder, self.is_unwritten, self.unsaved = before
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _save(self, key: str) -> None:
        one = self.unsaved[key]
        path = self.save(self.folder_of(one.index), one)
        try:
            self.record(key, path, one.recipe.pixels)
        finally:  # the picture is safe; the journal may have to wait
            del self.unsaved[key]

    def save(self, folder: Path, made: Unsaved) -> Path:
        """Write a picture by its name, or with a number where another has that name; returns where."""
        for free in free_names(made.name):
            path = folder / f"{free}{made.suffix}"
            if os.path.lexists(path):
                hashes = self.hashes(path)
                if not hashes and made.is_in(path):
                    return path  # written just before this run was killed
                if hashes and not (path.is_file() and file_hash(path) in hashes):
                    set_aside(path)  # damaged, or changed by somebody
            with suppress(FileExistsError):
                self.notes += made.write(path, self.source.carried(self.path), self.options.get("dpi"))
                return path
        raise AssertionError("unreachable")

    def discard_if_empty(self) -> bool:
        """Remove the folder if nothing made is in it, or waits for it; returns whether it is gone."""
        files = [path for path in self.path.rglob("*") if path.is_file() and not path.name.startswith(".")]
        kept = [path for path in files if path.parent.name in (EXACT, SOURCE)]
        made = [path for path in files if path not in kept and path.name != JOURNAL]
        if self.unsaved or made or (kept and (self.path / JOURNAL).is_file()):
            return False
        remove_parts(self.path)
        for path in (*kept, *(self.path / name for name in (JOURNAL, UPDATE_LOCK, WORK_LOCK))):
            path.unlink(missing_ok=True)
        for folder in (*sorted(self.path.rglob("*"), reverse=True), self.path):
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()


def open_run(folder: Path | str) -> Run:
    """The run in a folder.

    Raises
    ------
    PictureError
        When there is none that this version can read.
    """
    try:
        return Run(Path(folder))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:  # a link to itself is the last
        reason = "there is no run.json" if isinstance(error, FileNotFoundError) else str(error)
        raise images.PictureError(f"{folder} is no run of BIG.art that can be read ({reason})") from None


def all_runs(parent: Path) -> list[Run]:
    """Every run below a folder that can be read, the latest touched first."""
    found = []
    with suppress(OSError):  # a mount that is gone
        for journal in parent.glob(f"*/{JOURNAL}"):
            with suppress(images.PictureError):
                found.append(open_run(journal.parent))
    return sorted(found, key=lambda run: run.touched, reverse=True)
