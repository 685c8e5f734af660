"""Printing that never ends the work: streams may be absent, closed, full, or of a narrow encoding."""

import io
import os
import sys
import unicodedata
from contextlib import suppress

CLOSED = (OSError, ValueError)  # what writing to a stream raises that is gone, full or closed
HARMLESS_FORMATS = "\u200c\u200d"  # join letters and emoji, and turn no text round


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


def shown(text: object) -> str:
    """Text of somebody else's, on one line: what would move the cursor or turn text round is escaped."""
    return "".join(char if _is_plain(char) else char.encode("unicode_escape").decode() for char in str(text))


def _is_plain(char: str) -> bool:
    return char in HARMLESS_FORMATS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
