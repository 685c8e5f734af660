"""What a series is to make, on disk: a line of JSON for each job and for each line that cannot be one.

    series.jsonl                    or series-1-of-2.jsonl, for a part of it
    results.csv failures.csv        what became of it, for people
    sheet.png sheet_2.png ...       its pictures
    red-circles-3f9a2c1b44d0/       a run, see `runs.run`, with job.json: what became of it

Whatever is killed, a file is whole; nothing is kept in memory but what is at work.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bigart_lib.files import writing
from bigart_lib.series.jobs import Job, Shard, from_values

NAME = "series"
ENDING = ".jsonl"
FORMAT = 1


class Entry(NamedTuple):
    """A job with the number of its line; or why a line is none."""

    line: int
    job: Job | None = None
    reason: str = ""


class Part(NamedTuple):
    """The jobs of a series, or of a shard, in a folder.

    Parameters
    ----------
    name : of the file of prompts.
    """

    folder: Path
    name: str
    shard: Shard = Shard()

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / f"{NAME}{self.shard.tag}{ENDING}"

    def write(self, entries: Iterable[Entry]) -> None:
        """Note what is to be made, in place of what was noted before."""
        header = {"format": FORMAT, "name": self.name, "shard": [*self.shard]}
        with writing(self.path, replace=True) as file:
            file.write(f"{json.dumps(header)}\n".encode())
            for entry in entries:
                job = entry.job.to_dict() if entry.job else None
                file.write(f"{json.dumps([entry.line, job, entry.reason])}\n".encode())

    def entries(self) -> Iterator[Entry]:
        """What is to be made, in the order of the file of prompts."""
        with self.path.open(encoding="utf-8") as file:
            next(file, "")
            for text in file:
                line, job, reason = json.loads(text)
                yield Entry(line, from_values(job) if job else None, reason)


def parts_below(folder: Path) -> list[Part]:
    """Every part in a folder and in the folders below it.

    Raises
    ------
    ValueError
        When there is none, or one that this version cannot read.
    """
    found = []
    for path in sorted(folder.rglob(f"{NAME}*{ENDING}")):
        header = {}
        with suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
            header = json.loads(file.readline(10_000))
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError(f"{path} is no series that this version of BIG.art can read")
        found.append(Part(path.parent, str(header["name"]), Shard(*header["shard"])))
    if not found:
        raise ValueError(f"there is no series in {folder}: expected a folder that `bigart series` made")
    return found


class Seen:
    """Which jobs there were, by their keys; in a file without a name, so that memory does not grow."""

    def __init__(self) -> None:
        self._known = sqlite3.connect("")  # a temporary file, gone with the connection
        self._known.execute("create table jobs (key text primary key, line integer) without rowid")

    def close(self) -> None:
        """Forget them."""
        self._known.close()

    def first(self, key: str, line: int) -> int | None:
        """The line that had a job first, if this is not the one."""
        done = self._known.execute("insert or ignore into jobs values (?, ?)", (key, line))
        if done.rowcount:
            return None
        return self._known.execute("select line from jobs where key = ?", (key,)).fetchone()[0]
