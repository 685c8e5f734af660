"""Work in a process of its own, forked after the libraries are loaded: what it said, and how it ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers  # noqa: F401 -- loaded before the forks

LIMIT = 60  # seconds after which work counts as hung
POLL = 0.002  # seconds
BROKEN = 99  # exit code of work that raised what nobody caught
SCREEN = ("stdout", "stderr")  # names of the files that take what is printed


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int | None  # exit code, or the negative number of a signal; None: it hung and was killed
    out: str
    err: str
    seconds: float
    computed: float  # seconds that processors worked for it
    peak: int  # bytes of memory, those shared with this process counted too
    left: bool  # whether it left a process behind


def run(
    work: Callable[[], int | None],
    folder: Path,
    end_after: float | None = None,
    end_by: int = signal.SIGKILL,
    environment: Mapping[str, str | None] | None = None,
    limit: float = LIMIT,
) -> Ended:
    """Call `work` in a process of its own; what it returns is the exit code.

    Parameters
    ----------
    folder : where it works; what it prints and its temporary files go beside it.
    end_after, end_by : seconds after which it gets a signal, and which.
    environment : variables that it sees, None for one that it does not.
    """
    beside = aside(folder)
    (beside / "temporary").mkdir(parents=True, exist_ok=True)
    for name in SCREEN:
        (beside / name).write_bytes(b"")
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        _be_child(work, folder, beside, environment or {}, writing)
    os.close(writing)
    os.read(reading, 1)  # until it begins
    os.close(reading)
    began = time.monotonic()
    signals = [] if end_after is None else [(began + end_after, end_by)]
    signals.append((began + limit, signal.SIGKILL))
    code, usage = _wait(process, signals, began + limit)
    with suppress(ProcessLookupError):
        os.killpg(process, 0)
        time.sleep(0.2)  # one that is about to end by itself is none that was left
    try:
        os.killpg(process, signal.SIGKILL)
        left = True
    except ProcessLookupError:
        left = False
    out, err = ((beside / name).read_text(encoding="utf-8", errors="replace") for name in SCREEN)
    seconds, computed = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    return Ended(code, out, err, seconds, computed, usage.ru_maxrss * 1024, left)


def apart(function: Callable[[], Any]) -> Any:
    """What a function returns, called in a fork: libvips that was used here would hang in later ones."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        with suppress(BaseException), os.fdopen(writing, "w") as answer:
            json.dump(function(), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(process, 0)
    return json.loads(said)


def aside(folder: Path) -> Path:
    """Where a process that works in a folder prints to, and has its temporary files."""
    return folder.with_name(f"{folder.name}-aside")


def _wait(
    process: int, signals: list[tuple[float, int]], limit: float
) -> tuple[int | None, resource.struct_rusage]:
    while True:
        done, status, usage = os.wait4(process, os.WNOHANG)
        now = time.monotonic()
        if done:
            code = os.waitstatus_to_exitcode(status)
            return (None if code == -signal.SIGKILL and now >= limit else code), usage
        if signals and now >= signals[0][0]:
            os.kill(process, signals.pop(0)[1])
        time.sleep(POLL)


def _be_child(
    work: Callable[[], int | None],
    folder: Path,
    beside: Path,
    environment: Mapping[str, str | None],
    begun: int,
) -> None:
    code = BROKEN
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in enumerate(SCREEN, 1):
            os.dup2(os.open(beside / name, os.O_WRONLY), number)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, "w" if number else "r") for number in range(3))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tempfile.tempdir = None
        for name, value in {"TMPDIR": str(beside / "temporary"), **environment}.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        os.close(begun)
        code = work() or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
