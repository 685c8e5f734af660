"""Printing that never ends the work: streams may be absent, closed, full, or of a narrow encoding."""

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

IS_WINDOWS = os.name == "nt"
CLOSED = (OSError, ValueError)  # what writing to a stream raises that is gone, full or closed


class _Nowhere(io.TextIOBase):
    """A stream that takes everything and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def prepare() -> None:
    """Make standard output and errors safe to write to; what they cannot show is escaped."""
    for descriptor in range(
        3
    ):  # a file that got the number of a closed one would be written into by libraries
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, _Nowhere())
        elif hasattr(stream, "reconfigure"):
            with suppress(*CLOSED):
                stream.reconfigure(errors="backslashreplace")


def say(line: object, stream: str = "stdout") -> None:
    """Print a line at once; where that fails, this one and all later ones are lost, and nothing else."""
    try:
        print(line, file=getattr(sys, stream), flush=True)
    except CLOSED:
        setattr(sys, stream, _Nowhere())


def aside(line: object) -> None:
    """Print a line on standard error."""
    say(line, "stderr")


def typed(words: Sequence[str]) -> str:
    """A command as it is typed in a shell of this system."""
    return subprocess.list2cmdline(words) if IS_WINDOWS else shlex.join(words)
