"""A second copy of what was made, in a folder that may vanish meanwhile, such as Google Drive's."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from bigart_lib.files import writing

CHANGING = {".json"}  # kinds of files that are written again; all others are written once


def copy_new(source: Path, target: Path) -> None:
    """Copy the files of a folder that are not in another one yet, and make sure that they arrived.

    Raises
    ------
    OSError
        When a file could not be copied, or is not the same after it was.
    """
    for path in sorted(source.rglob("*")):
        arrived = target / path.relative_to(source)
        is_changing = path.suffix in CHANGING
        if path.is_dir() or path.name.startswith(".") or (arrived.exists() and not is_changing):
            continue
        with path.open("rb") as original, writing(arrived, replace=is_changing) as copy:
            shutil.copyfileobj(original, copy)
        if not filecmp.cmp(path, arrived, shallow=False):
            arrived.unlink()
            raise OSError(f"{path} did not arrive whole in {target}")
        shutil.copystat(path, arrived)
