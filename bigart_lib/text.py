"""Text for people: every error in one line, and what others wrote in a form that can do no harm.

Command line and studio tell through this alone.
"""

from __future__ import annotations

import unicodedata

from bigart_lib.files import FULL
from bigart_lib.machine import is_out_of_memory

# Decoders and torch raise RuntimeError; safetensors has an error of its own.
EXPECTED = (ValueError, OSError, EOFError, RuntimeError, MemoryError)
EXPECTED_BY_NAME = ("SafetensorError",)
LONGEST_MESSAGE = 1500  # characters
HARMLESS_FORMATS = "\u200c\u200d"  # join letters and emoji, and turn no text round


def is_expected(error: BaseException) -> bool:
    """Whether an error is of a kind that what a user has, or does, can cause."""
    return isinstance(error, EXPECTED) or type(error).__name__ in EXPECTED_BY_NAME


def in_words(error: BaseException) -> str:
    """An error on one line, for people."""
    message, kind = " ".join(str(error).split())[:LONGEST_MESSAGE], type(error).__name__
    if is_out_of_memory(error):
        return f"memory is not enough ({message or kind}): close other programs, or choose a smaller --size"
    if isinstance(error, OSError) and error.strerror:
        return _of_the_system(error)
    if isinstance(error, RuntimeError) and ("CUDA" in message or "cuDNN" in message):
        return f"the GPU failed ({message}): begin anew, or let the processor do it (--device cpu)"
    if is_expected(error):
        return message or kind
    return f"something went wrong that should not have ({kind}: {message}); BIGART_DEBUG=1 shows where"


def first_line(error: BaseException) -> str:
    """What another library's error says first; the name of its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _of_the_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    advice = ": make room, or choose a folder on another disk" if error.errno in FULL else ""
    return f"{place}{error.strerror[:1].lower()}{error.strerror[1:]}{advice}"


def shown(text: object) -> str:
    """Text of somebody else's, on one line: what would move the cursor or turn text round is escaped."""
    return "".join(char if _is_plain(char) else char.encode("unicode_escape").decode() for char in str(text))


def _is_plain(char: str) -> bool:
    return char in HARMLESS_FORMATS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def readable(text: str) -> str:
    """Text without bytes of another encoding, which no file could hold."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
