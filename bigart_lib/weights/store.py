"""The cache folder: which published models are here, and how they are verified, removed and locked.

Knows nothing of networks, of either kind.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.weights.catalogue import Checkpoint
from bigart_lib.weights.files import WeightsError
from bigart_lib.weights.records import Record, Stamp, read_record, stamp, write_record

SIZE_TOLERANCE = 0.05  # of a size that is known only about
LOCK_POLL = 0.5  # seconds between two looks at what another process has fetched


def cache_folder() -> Path:
    """Where downloaded models are kept: `BIGART_CACHE`, or the platform's folder for such files."""
    if chosen := os.environ.get("BIGART_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("bigart")


def is_ready(checkpoint: Checkpoint, folder: Path) -> bool:
    """Whether the converted file is here, of the recorded size. `verify` looks at every byte."""
    path = folder / checkpoint.converted_file
    recorded = read_record(checkpoint, folder).converted
    return path.is_file() and (recorded is None or path.stat().st_size == recorded.num_bytes)


def is_available(checkpoint: Checkpoint, folder: Path) -> bool:
    """Whether the checkpoint can be had without a download: converted, or its original put here."""
    return is_ready(checkpoint, folder) or (folder / checkpoint.file).is_file()


def part_path(checkpoint: Checkpoint, folder: Path) -> Path:
    """What has arrived of the original so far."""
    return folder / f"{checkpoint.file}.part"


def check_original(checkpoint: Checkpoint, found: Stamp, held_to: Stamp | None) -> str | None:
    """What is wrong with an original, in words; None for what was published or recorded before."""
    wrong_size = size_problem(checkpoint, found.num_bytes)
    if wrong_size:
        return wrong_size
    expected = checkpoint.sha256 or (held_to.sha256 if held_to else None)
    if expected and found.sha256 != expected:
        return (
            f"expected SHA-256 {expected}, got {found.sha256}: it was damaged on the way, or another file "
            "has its name"
        )
    return None


def size_problem(checkpoint: Checkpoint, num_bytes: int) -> str | None:
    """What is wrong with a size, in words."""
    expected = checkpoint.num_bytes
    allowed = 0 if checkpoint.size_is_exact else SIZE_TOLERANCE * expected
    if abs(num_bytes - expected) <= allowed:
        return None
    about = "" if checkpoint.size_is_exact else "about "
    cause = "it was cut short" if num_bytes < expected else "another file has its name"
    return f"expected {about}{expected:,} bytes, got {num_bytes:,}: {cause}"


def verify(checkpoint: Checkpoint, folder: Path, report: Report = no_report) -> list[str]:
    """Read every byte of a checkpoint's files; returns what is wrong, a sentence a file."""
    record, problems = read_record(checkpoint, folder), []
    again = f"get it again by: bigart models remove {checkpoint.name}; bigart models fetch {checkpoint.name}"
    converted, original = folder / checkpoint.converted_file, folder / checkpoint.file
    if converted.is_file():
        found = stamp(converted, report, checkpoint.name)
        if record.converted is None:
            problems.append(f"{converted} has no recorded hash, so it may not be whole; {again}")
        elif found != record.converted:
            problems.append(
                f"{converted} has changed: expected {record.converted.num_bytes:,} bytes with SHA-256 "
                f"{record.converted.sha256}, got {found.num_bytes:,} with {found.sha256}; {again}"
            )
    if original.is_file():
        problem = check_original(checkpoint, stamp(original, report, checkpoint.name), record.original)
        if problem:
            problems.append(f"{original}: {problem}; {again}")
        elif not (checkpoint.sha256 or record.original):
            problems.append(
                f"{original} has the right size, but no hash to be held to before it is converted: "
                f"bigart models fetch {checkpoint.name}"
            )
    return problems


def remove(checkpoint: Checkpoint, folder: Path) -> int:
    """Remove what is here of a checkpoint, and say how many bytes that frees.

    The hash of an original whose hash nobody published stays on record.
    """
    part = part_path(checkpoint, folder)
    freed = 0
    for path in (folder / checkpoint.converted_file, folder / checkpoint.file, part, source_path(part)):
        if path.is_file():
            freed += path.stat().st_size
            path.unlink()
    kept = read_record(checkpoint, folder).original if checkpoint.sha256 is None else None
    with contextlib.suppress(FileNotFoundError):
        write_record(checkpoint, folder, Record(original=kept))
    return freed


def source_path(part: Path) -> Path:
    """Where it is noted from where a part came."""
    return part.with_name(f"{part.name}.json")


def check_room(folder: Path, num_bytes: int, name: str) -> None:
    """Refuse before a download what will not fit on the disk.

    Raises
    ------
    WeightsError
        Saying how much is needed, how much is free, and what to do.
    """
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise WeightsError(
            f"{name} needs {in_words(num_bytes)} of disk in {folder}, and {in_words(free)} are free: "
            "make room, or name a larger folder in BIGART_CACHE"
        )


def disk_problem(checkpoint: Checkpoint, folder: Path, error: OSError) -> str:
    """Why the cache folder cannot be worked in, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{checkpoint.name}: the disk of {folder} is full; what arrived is kept: make room and run this "
            "again, or name a larger folder in BIGART_CACHE"
        )
    return (
        f"{checkpoint.name}: cannot write to the cache folder {folder} ({error.strerror or error}): name one "
        "that can be written to in BIGART_CACHE"
    )


@contextlib.contextmanager
def held(checkpoint: Checkpoint, folder: Path, report: Report = no_report) -> Iterator[None]:
    """Keep other processes from fetching or converting the same checkpoint; waits for one that does."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f"{checkpoint.name}.lock")
    part = part_path(checkpoint, folder)
    while True:
        try:
            lock.acquire(timeout=LOCK_POLL)
            break
        except Timeout:
            done = part.stat().st_size if part.is_file() else 0
            total = max(checkpoint.num_bytes, done + 1)
            report(Progress("fetch", done, total, name=checkpoint.name))
    try:
        yield
    finally:
        lock.release()


def in_words(num_bytes: int) -> str:
    """A size for people."""
    for factor, unit, places in ((1e9, "GB", 2), (1e6, "MB", 0), (1e3, "kB", 0)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.{places}f} {unit}"
    return f"{num_bytes} bytes"
