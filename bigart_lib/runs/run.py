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
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from bigart_lib.bigart import BigArt
from bigart_lib.files import free_names, remove_parts, set_aside
from bigart_lib.machine import precision_name
from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import Recipe, from_dict, read
from bigart_lib.pictures.results import Candidates, with_pixels
from bigart_lib.plan import to_do
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.journal import JOURNAL, UPDATE_LOCK, Journal, Plan, file_hash, locked
from bigart_lib.runs.work import Work
from bigart_lib.settings import PaintSettings

SHEET = "candidates"  # name of the contact sheet
LONGEST_NAME = 48  # characters of a prompt in a folder's name
DEFAULT_FOLDER = Path("bigart_pictures")
WORK_LOCK = ".work.lock"


class Run(Journal):
    """The folder of a run, and its journal; see `Run.new` and `open_run`."""

    def __init__(self, path: Path, values: dict[str, Any] | None = None) -> None:
        super().__init__(path, values)
        self.path = path
        self.recipe: Recipe = from_dict(self.values["recipe"])
        self._works: dict[int | None, Work] = {}

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
    ) -> Run:
        """A new folder below `parent`, named after what is painted. The first `want` makes it a run.

        Parameters
        ----------
        options : how the models were loaded, for `resume`; and "keep", which unrounded results are kept.
        size : width and height of a picture that was brought.
        indices : the candidates that the run will have; by default all of the recipe.
        beside : a folder of copies, in which the new name must be free too.

        Raises
        ------
        OSError
            When the folder cannot be made.
        """
        words = _folder_name(title)
        parent.mkdir(parents=True, exist_ok=True)
        for name in free_names(words):
            if beside and (beside / name).exists():
                continue
            try:
                (parent / name).mkdir()
                break
            except FileExistsError:
                continue
        if indices is None:
            indices = range(recipe.generate.count) if recipe.prompt is not None else ()
        values = {
            "recipe": recipe.to_dict(), "options": options or {}, "size": size, "indices": list(indices),
            "favourites": [], "wanted": [], "made": {},
        }  # fmt: skip
        return cls(parent / name, values)

    @property
    def options(self) -> dict[str, Any]:
        """How the models were loaded."""
        return self.values["options"]

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
        with locked(self.path / WORK_LOCK, 0, problem):
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
        return work

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

    def _write_sheet(self, candidates: Candidates) -> None:
        key = hashlib.sha256(json.dumps([SHEET, self.recipe.to_dict()], sort_keys=True).encode()).hexdigest()
        if self.made(key) is not None:
            return
        image = candidates.sheet()
        made_by = with_pixels(candidates.recipe, SHEET, image)
        path = self.save(self.path, SHEET, image, made_by)
        self.record(key, path, made_by.pixels)

    def save(self, folder: Path, name: str, image: Image.Image, made_by: Recipe) -> Path:
        """Write a picture as NAME.png, or NAME-2.png where another picture has that name; returns where."""
        for free in free_names(name):
            path = folder / f"{free}.png"
            if path.exists():
                hashes = self.hashes(path)
                if not hashes and _holds(path, made_by):
                    return path  # written just before this run was killed
                if hashes and file_hash(path) not in hashes:
                    set_aside(path)  # damaged, or changed by somebody
            with suppress(FileExistsError):
                images.save(image, path, made_by.texts())
                return path
        raise AssertionError("unreachable")

    def discard_if_empty(self) -> bool:
        """Remove the folder if no picture is in it; returns whether it is gone."""
        if any(path.is_file() and path.suffix in (".png", ".safetensors") for path in self.path.rglob("*")):
            return False
        remove_parts(self.path)
        for name in (JOURNAL, UPDATE_LOCK, WORK_LOCK):
            (self.path / name).unlink(missing_ok=True)
        for folder in (*sorted(self.path.rglob("*"), reverse=True), self.path):
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()


def _folder_name(title: str) -> str:
    """The words of a title, as far as the file system can spell them."""
    words = re.sub(r"\W+", "-", title.lower()).strip("-")[:LONGEST_NAME].strip("-")
    try:
        os.fsencode(words)
    except UnicodeEncodeError:
        words = ""
    return words or "picture"


def open_run(folder: Path | str) -> Run:
    """The run in a folder.

    Raises
    ------
    PictureError
        When there is none that this version can read.
    """
    try:
        return Run(Path(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
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


def _holds(path: Path, made_by: Recipe) -> bool:
    """Whether a file is the whole picture of this recipe."""
    with suppress(images.PictureError):
        found, is_whole = read(path)
        return is_whole and found.steps == made_by.steps
    return False
