"""A second copy of what was made, in a folder that may vanish meanwhile, such as Google Drive's."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

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
        if path.is_dir() or path.suffix == ".part" or (arrived.exists() and path.suffix not in CHANGING):
            continue
        arrived.parent.mkdir(parents=True, exist_ok=True)
        unfinished = arrived.with_name(f"{arrived.name}.part")
        shutil.copyfile(path, unfinished)
        if not filecmp.cmp(path, unfinished, shallow=False):
            unfinished.unlink()
            raise OSError(f"{path} did not arrive whole in {target}")
        unfinished.replace(arrived)
        shutil.copystat(path, arrived)
