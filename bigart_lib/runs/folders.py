"""How the folders of runs are called, and that a new one takes nobody's name."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from bigart_lib.files import free_names

LONGEST_NAME = 48  # characters of a prompt in a folder's name
LONGEST_NAME_BYTES = 120  # of them in UTF-8: encrypted home folders allow 143, a number included
WINDOWS_DEVICE = re.compile("con|prn|aux|nul|(com|lpt)[0-9¹²³]")  # no folder there can be called so


def folder_name(title: str) -> str:
    """The words of a title, as far as every file system can spell them."""
    words = re.sub(r"\W+", "-", title.lower()).strip("-")[:LONGEST_NAME]
    words = words.encode(errors="ignore")[:LONGEST_NAME_BYTES].decode(errors="ignore").strip("-")
    try:
        os.fsencode(words)
    except UnicodeEncodeError:
        words = ""
    return f"{words}-picture" if WINDOWS_DEVICE.fullmatch(words) else words or "picture"


def file_stem(name: str) -> str:
    """What files that are made of a file are called after, as far as every file system can spell it."""
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f]+', "-", Path(name).stem).strip(" .-")[:LONGEST_NAME]
    stem = stem.encode(errors="ignore")[:LONGEST_NAME_BYTES].decode(errors="ignore")
    return stem or "picture"


def free_folder(name: str, parent: Path, beside: Path | None = None) -> Path:
    """Make a folder of this name, or of the name with a number, that is free below `beside` too."""
    parent.mkdir(parents=True, exist_ok=True)
    for free in free_names(name):
        with suppress(FileExistsError):
            if not (beside and (beside / free).exists()):
                (parent / free).mkdir()
                return parent / free
    raise AssertionError("unreachable")
