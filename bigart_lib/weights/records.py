"""What is remembered about a file of weights: its fingerprint, and that of the original it was made from.

The record of NAME.safetensors is NAME.json beside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bigart_lib.files import read_values, write_text
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.settings import Bounds, check

CHUNK = 1 << 20  # bytes read at a time


@dataclass(frozen=True)
class Fingerprint:
    """Size and SHA-256 of a file."""

    num_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if not isinstance(self.sha256, str):
            raise ValueError("sha256 must be text")
        check("num_bytes", self.num_bytes, Bounds(0, 2**63), whole=True)


def fingerprint(path: Path, report: Report = no_report, name: str = "") -> Fingerprint:
    """Read a file for its fingerprint; `report` is told of stage "verify" in bytes, with `name`."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            report(Progress("verify", done, max(total, done), name=name))
    return Fingerprint(done, digest.hexdigest())


@dataclass(frozen=True)
class Record:
    """The fingerprints of a checkpoint's files."""

    original: Fingerprint | None = None  # stays when the file is gone: the next download must equal it
    converted: Fingerprint | None = None

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record in a file; an empty one where there is none that can be read."""
        try:
            content = read_values(path).items()
            return cls(**{name: Fingerprint(**known) if known else None for name, known in content})
        except (ValueError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        """Keep the record in a file; an empty one is removed."""
        if self == Record():
            path.unlink(missing_ok=True)
        else:
            write_text(path, json.dumps(asdict(self), indent=1), replace=True)
