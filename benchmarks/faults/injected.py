"""Calls that fail on purpose: of the file system, of networks, of any function of the library.

Each `watch_...` is called in the process that is to be disturbed, and is given `step`: a function that is
told of every call before it is made, and may raise, or end the process.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch

import bigart_lib

Step = Callable[[str], None]  # told the name of the call
RUNS = Path("pictures")  # the folder of all runs, in the folder that is worked in
FILE_CALLS = ("fsync", "link", "replace", "rename", "mkdir")
LIBRARY = str(Path(bigart_lib.__file__).parent)
TELLS = ("main.py", "terminal.py", "call.py", "bars.py")  # the parts of the command line that tell of errors


class AtCall:
    """Does something at the n-th call, counted from 1, or at that and all later ones."""

    def __init__(self, number: int, act: Callable[[], None], lasting: bool = False) -> None:
        self.number, self.act, self.lasting, self.seen = number, act, lasting, 0

    def __call__(self, name: str) -> None:
        self.seen += 1
        if self.seen == self.number or (self.lasting and self.seen > self.number):
            self.act()


def raises(error: BaseException) -> Callable[[], None]:
    """An act that raises."""

    def act() -> None:
        raise error

    return act


def watch_files(step: Step, below: Path = RUNS) -> None:
    """Watch what changes a folder: opening to write, writing, giving names, making folders."""
    whole = Path(os.path.realpath(below))

    def is_below(place: Any) -> bool:
        path = Path(os.path.realpath(f"/proc/self/fd/{place}" if isinstance(place, int) else place))
        return path == whole or whole in path.parents

    for name in FILE_CALLS:
        setattr(os, name, _before(step, name, is_below, getattr(os, name)))
    opened = io.open

    def watched(file: Any, mode: str = "r", *others: Any, **more: Any) -> Any:
        if not {*mode} & {*"wxa+"} or not is_below(file):
            return opened(file, mode, *others, **more)
        step("open")
        return _WatchedFile(opened(file, mode, *others, **more), step)

    io.open = watched


class _WatchedFile:
    """A file that is open for writing; of what cannot be written, the half is."""

    def __init__(self, file: Any, step: Step) -> None:
        self._file, self._step = file, step

    def write(self, data: Any) -> int:
        try:
            self._step("write")
        except OSError:
            self._file.write(data[: len(data) // 2])
            raise
        return self._file.write(data)

    def flush(self) -> None:
        self._step("flush")
        self._file.flush()

    def __enter__(self) -> _WatchedFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def watch_convolutions(step: Step, spoil: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
    """Watch the networks: every convolution. What `step` raises as `Spoilt` goes through `spoil` instead."""
    convolve = torch.nn.functional.conv2d

    def watched(*arguments: Any, **options: Any) -> torch.Tensor:
        try:
            step("conv2d")
        except Spoilt:
            return spoil(convolve(*arguments, **options))
        return convolve(*arguments, **options)

    torch.nn.functional.conv2d = watched


class Spoilt(Exception):  # noqa: N818 -- nobody sees it
    """The call is made, and its result spoilt."""


def watch_library(step: Step) -> None:
    """Watch every call of a function of the library, but for those that tell people of errors."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        is_ours = event == "call" and code.co_filename.startswith(LIBRARY)
        if is_ours and not code.co_filename.endswith(TELLS) and not code.co_name.startswith("<"):
            step(code.co_name)

    sys.setprofile(profile)


def _before(step: Step, name: str, is_watched: Callable[[Any], bool], call: Callable) -> Callable:
    def watched(place: Any, *others: Any, **options: Any) -> Any:
        if is_watched(place):
            step(name)
        return call(place, *others, **options)

    return watched
