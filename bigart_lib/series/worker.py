"""One job as a task of Ray, in a worker process on any machine: where it is made, and what comes back.

It knows nothing of other tasks, and of the loop that gives them out.
"""

from __future__ import annotations

import io
import json
import os
import platform
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from bigart_lib import machine
from bigart_lib.files import LONGEST_TEXT, remove_parts, set_aside, writing
from bigart_lib.runs.journal import JOURNAL, locked
from bigart_lib.series import running
from bigart_lib.series.jobs import Job, from_values
from bigart_lib.series.running import BUSY, FAILED, FULL_DISK, LOCK, ROW, Models, Row

LAST = (JOURNAL, ROW)  # written when all that they name is there
Answer = dict[str, Any]  # plain values alone: another version of this module may read them


def here(options: Mapping[str, Any], threads: int) -> Answer:
    """What this worker is: machine, version, and what decides the last digits of its pictures."""
    import ray

    with machine.at_threads(threads):
        device = machine.pick_device(options.get("device"))
        facts = machine.facts(device, machine.pick_precision(device))
    node = ray.get_runtime_context().get_node_id()
    return {"node": node, "host": platform.node(), "version": machine.VERSION, "facts": facts}


def work(values: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[Answer]:
    """Tell what this worker is, then make a job, and give its row, and its files where no folder is shared.

    Parameters
    ----------
    values : of a `Job`.
    asked : the same for all jobs: folder, token, options, threads, version, and facts that the machine must
        have; None takes any machine.
    """
    options, threads = asked["options"], asked["threads"]
    answer = here(options, threads)
    is_fit = answer["version"] == asked["version"] and asked["facts"] in (None, answer["facts"])
    yield {**answer, "is_fit": is_fit, "pid": os.getpid()}
    if not is_fit:
        return
    job, folder = from_values(values), Path(asked["folder"])
    with machine.at_threads(threads):
        if is_shared(folder, asked["token"]):
            yield {"row": asdict(running.make(job, _models(json.dumps(options)), folder))}
            return
        with TemporaryDirectory(prefix="bigart-series-") as temporary:
            row = running.make(job, _models(json.dumps(options)), Path(temporary))
            if row.status == FULL_DISK:  # of one machine: no reason to stop the others
                reason = f"{answer['host']}, where no folder is shared: {row.reason}"
                row = replace(row, status=FAILED, reason=reason)
            yield {"row": asdict(row), "files": packed(Path(temporary) / job.folder)}


@cache
def _models(options: str) -> Models:
    """Of this process, kept from task to task."""
    return Models(json.loads(options))


def is_shared(folder: Path, token: str) -> bool:
    """Whether a folder is the one in which the driver wrote a file of this name."""
    with suppress(OSError):
        return (folder / token).read_text() == token
    return False


def packed(folder: Path) -> bytes:
    """The files of a folder as a tar, without what is hidden, as locks are."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                tar.add(path, path.relative_to(folder).as_posix())
    return data.getvalue()


def unpack(data: bytes, job: Job, parent: Path) -> Row:
    """Write the files of a job that another machine made, each whole or not at all, and its row at the end.

    Raises
    ------
    OSError
        Where they cannot be written.
    ValueError
        Where a file is to be outside of the job's folder.
    """
    folder = parent / job.folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / LOCK, 0, BUSY), tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = sorted(tar.getmembers(), key=lambda one: one.name in LAST and LAST.index(one.name) + 1)
            for member in members:
                name = PurePosixPath(member.name)
                if not member.isfile() or name.is_absolute() or ".." in name.parts:
                    raise ValueError(f"a worker sent {member.name!r}, which is no file of a job")
                _place(folder / name, tar.extractfile(member).read())
    except ValueError as error:
        if str(error) != BUSY:
            raise
        return Row(job.key, BUSY)
    return running.row_of(job, parent) or give_up(job, parent, "what a worker sent was not whole")


def _place(path: Path, data: bytes) -> None:
    if path.is_file() and path.name not in LAST:
        if path.read_bytes() == data:
            return
        set_aside(path)
    with writing(path, replace=True) as file:
        file.write(data)


def tidy(job: Job, parent: Path) -> None:
    """Remove what a killed worker left half written, unless another process is at the job."""
    folder = parent / job.folder
    with suppress(OSError, ValueError):
        if folder.is_dir():
            with locked(folder / LOCK, 1, BUSY):  # a process that was killed may need a moment to end
                remove_parts(folder)


def give_up(job: Job, parent: Path, reason: str) -> Row:
    """Note that a job failed, as far as that can be noted."""
    tidy(job, parent)
    row = Row(job.key, FAILED, reason[:LONGEST_TEXT])
    with suppress(OSError):
        row.note(parent / job.folder)
    return row
