"""The journal of a run: its recipe, what is wanted, and which steps are made, with which file and hashes."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from bigart_lib.files import read_text, write_text
from bigart_lib.pictures.recipe import from_dict, load_json
from bigart_lib.plan import Step
from bigart_lib.settings import PaintSettings

JOURNAL = "run.json"
FORMAT = 1
PARTS = {
    "id": str, "touched": (int, float), "recipe": dict, "options": dict, "indices": list, "favourites": list,
    "wanted": list, "made": dict,
}  # fmt: skip
ENTRY = ("file", "sha256", "pixels")  # of what is made
UPDATE_LOCK = ".update.lock"
PATIENCE = 10  # seconds to wait for another process that writes the journal


# Index of the candidate, None for a picture that was brought; settings, None for the candidate alone; steps.
Plan = tuple[int | None, PaintSettings | None, Sequence[Step]]


@dataclass(frozen=True)
class Wanted:
    """A plan that was begun."""

    index: int | None  # of the candidate, from 0; None for a picture that was brought
    paint: dict | None  # the settings, as plain values; None makes the candidate alone
    keys: tuple[str, ...]  # of the steps whose pictures are for people

    @property
    def settings(self) -> PaintSettings | None:
        """The settings."""
        return from_dict({"models": "", "paint": self.paint}).paint if self.paint else None


class Journal:
    """What is noted in a run's folder.

    Parameters
    ----------
    values : a new journal, which is written at the first change; None reads the one that is there.

    Raises
    ------
    OSError, ValueError
        When there is none that this version can read.
    """

    def __init__(self, folder: Path, values: dict[str, Any] | None = None) -> None:
        self.folder = folder
        begun = {"format": FORMAT, "id": uuid.uuid4().hex, "touched": 0.0}
        self.values = _read(folder) if values is None else {**begun, **values}
        self.is_unwritten = False  # whether the latest change could not be written: memory has what counts

    @property
    def id(self) -> str:
        """What the run is known by in any folder, whatever that is called."""
        return self.values["id"]

    @property
    def touched(self) -> float:
        """When it was last changed, in seconds since 1970; copying does not count."""
        return self.values["touched"]

    def wanted(self) -> list[Wanted]:
        """Every plan that was begun, in order."""
        return [Wanted(one["index"], one["paint"], tuple(one["keys"])) for one in self.values["wanted"]]

    def unfinished(self, thorough: bool = True) -> list[Wanted]:
        """The plans that lack a picture; thorough, every file is read and compared with its hash."""
        files = {key: self.folder / entry["file"] for key, entry in self.values["made"].items()}

        def is_there(key: str) -> bool:
            return self.made(key) is not None if thorough else key in files and files[key].is_file()

        return [one for one in self.wanted() if not all(is_there(key) for key in one.keys)]

    def want(self, *plans: Plan) -> None:
        """Note plans before they are begun. A candidate's latest painting counts."""
        entries = [
            {
                "index": index,
                "paint": asdict(paint) if paint else None,
                "keys": [step.key for step in steps if step.is_shown],
            }
            for index, paint, steps in plans
        ]
        with self.updating() as values:
            entries = [one for one in entries if one["paint"] or one not in values["wanted"]]
            replaced = {(one["index"], one["paint"] is None) for one in entries}
            kept = [one for one in values["wanted"] if (one["index"], one["paint"] is None) not in replaced]
            values["wanted"] = [*kept, *entries]

    def give_up(self, index: int | None) -> None:
        """Want a painting no longer, as the artist has cancelled it; what is made stays."""
        with self.updating() as values:
            values["wanted"] = [o for o in values["wanted"] if o["index"] != index or o["paint"] is None]

    def give_up_candidates(self) -> None:
        """Want no more candidates than are finished, as the artist has cancelled the others."""
        unfinished = {one.index for one in self.unfinished(thorough=False) if one.paint is None}
        with self.updating() as values:
            values["indices"] = [index for index in values["indices"] if index not in unfinished]
            values["wanted"] = [one for one in values["wanted"] if one["index"] not in unfinished]

    def made(self, key: str) -> dict[str, str] | None:
        """File, file hash and pixel hash of a step's picture, if the file is there and as it was written."""
        entry = self.values["made"].get(key)
        path = self.folder / entry["file"] if entry else None
        return entry if path and path.is_file() and file_hash(path) == entry["sha256"] else None

    def hashes(self, path: Path) -> list[str]:
        """Those that a file of this name has had."""
        name = path.relative_to(self.folder).as_posix()
        return [entry["sha256"] for entry in self.values["made"].values() if entry["file"] == name]

    def record(self, key: str, path: Path, pixels: str) -> None:
        """Note that a step's picture is made."""
        name = path.relative_to(self.folder).as_posix()
        with self.updating() as values:
            values["made"][key] = {"file": name, "sha256": file_hash(path), "pixels": pixels}

    @contextmanager
    def updating(self) -> Iterator[dict[str, Any]]:
        """Change the journal as it is on disk now: another process may have changed it."""
        with locked(self.folder / UPDATE_LOCK, PATIENCE, f"{self.folder} is in use: try again"):
            if not self.is_unwritten:
                with suppress(ValueError, OSError):
                    self.values = _read(self.folder)
            before = json.dumps(self.values)
            yield self.values
            is_written = not self.is_unwritten and (self.folder / JOURNAL).is_file()
            if is_written and json.dumps(self.values) == before:
                return  # only opened: of two copies, the one that was changed last counts
            self.values["touched"] = max(time.time(), self.touched + 0.001)  # later, whatever the clock says
            self.is_unwritten = True
            write_values(self.folder, self.values)
            self.is_unwritten = False


def file_hash(path: Path) -> str:
    """SHA-256 of a file; computed once for as long as its size and its time of change stay."""
    status = path.stat()
    return _hash_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hash_of(path: Path, size: int, changed: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def locked(path: Path, patience: float, problem: str) -> Iterator[None]:
    """Hold a lock, which ends with the process; a ValueError tells the problem when another holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise ValueError(problem) from None
    except (NotImplementedError, OSError):  # a file system without locks
        lock = None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def write_values(folder: Path, values: dict[str, Any]) -> None:
    """Write a journal."""
    write_text(folder / JOURNAL, json.dumps(values, indent=1), replace=True)


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What two copies of a run's journal say together; where they differ, the one touched last counts."""
    older, newer = sorted((one, other), key=lambda values: values["touched"])
    return {**newer, "made": {**older["made"], **newer["made"]}}


def _read(folder: Path) -> dict[str, Any]:
    """The journal in a folder; whatever anybody may have written there is a ValueError."""
    path = folder / JOURNAL
    values = load_json(read_text(path), "a journal")
    if values.get("format") != FORMAT:
        raise ValueError(f"its journal has format {values.get('format')!r}, and this version reads {FORMAT}")
    values.setdefault("id", hashlib.sha256(json.dumps(values.get("recipe")).encode()).hexdigest()[:32])
    values.setdefault("touched", path.stat().st_mtime)  # as of runs that 0.7.0 began
    _check(values, folder.resolve())
    return values


def _check(values: dict[str, Any], folder: Path) -> None:
    for name, kind in PARTS.items():
        if not isinstance(values.get(name), kind):
            raise ValueError(f"{name} in its journal is missing, or of another kind")
    numbers = [*values["indices"], *values["favourites"], *(values.get("size") or ())]
    if not all(_is_whole(number) for number in numbers):
        raise ValueError("its journal numbers something by what is no number")
    for one in values["wanted"]:
        if not (isinstance(one, dict) and _are_texts(one.get("keys")) and _is_whole(one.get("index"), True)):
            raise ValueError("what is wanted in its journal is damaged")
        from_dict({"models": "", "paint": one.get("paint")})
    for entry in values["made"].values():
        if not (isinstance(entry, dict) and _are_texts([entry.get(name) for name in ENTRY])):
            raise ValueError("an entry of its journal is damaged")
    names = [PurePosixPath(entry["file"]) for entry in values["made"].values()]
    places = {name.parent for name in names}  # few, as looking at the disk takes its time
    is_here = all((folder / place).resolve().is_relative_to(folder) for place in places)
    if not is_here or any(".." in name.parts or not name.name for name in names):
        raise ValueError("an entry of its journal names a file elsewhere")


def _is_whole(value: Any, or_none: bool = False) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
    return is_number or (or_none and value is None)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
