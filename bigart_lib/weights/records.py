"""What is remembered about the files in the cache folder: sizes, hashes, and which terms were shown.

Beside each converted file lies a record, NAME.json, with the size and SHA-256 of the file and of the
original it was made from. Knows nothing of what the files are for.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.weights.catalogue import Checkpoint

CHUNK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class Stamp:
    """By what a file is known."""

    num_bytes: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """What is known of a checkpoint's files."""

    original: Stamp | None = None  # kept when the file is gone: what comes next is held to it
    converted: Stamp | None = None


def read_record(checkpoint: Checkpoint, folder: Path) -> Record:
    """The record of a checkpoint; an empty one where there is none that can be read."""
    try:
        content = json.loads(_record_path(checkpoint, folder).read_text(encoding="utf-8"))
        return Record(**{name: Stamp(**stamp) if stamp else None for name, stamp in content.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return Record()


def write_record(checkpoint: Checkpoint, folder: Path, record: Record) -> None:
    """Keep a record; an empty one is removed."""
    path = _record_path(checkpoint, folder)
    if record == Record():
        path.unlink(missing_ok=True)
        return
    stamps = {name: vars(stamp) if stamp else None for name, stamp in vars(record).items()}
    write_whole(path, json.dumps(stamps, indent=1))


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def stamp(path: Path, report: Report = no_report, name: str = "") -> Stamp:
    """Size and SHA-256 of a file."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            report(Progress("verify", done, max(total, done), name=name))
    return Stamp(done, digest.hexdigest())


def unshown_notes(checkpoints: list[Checkpoint], folder: Path) -> list[str]:
    """The terms of checkpoints that nobody was shown yet, each once."""
    shown = _shown_notes(folder)
    return [note for note in dict.fromkeys(one.note for one in checkpoints) if note not in shown]


def keep_shown(notes: list[str], folder: Path) -> None:
    """Remember that these terms were shown."""
    write_whole(_notes_path(folder), "".join(f"{note}\n" for note in [*_shown_notes(folder), *notes]))


def _shown_notes(folder: Path) -> list[str]:
    path = _notes_path(folder)
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _notes_path(folder: Path) -> Path:
    return folder / "licences-shown.txt"


def _record_path(checkpoint: Checkpoint, folder: Path) -> Path:
    return folder / f"{checkpoint.name}.json"
