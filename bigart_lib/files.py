"""Files that are there whole or not at all. Everything that writes uses this, and nothing is half written."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

PART = ".part"  # how the names of files end that are not whole yet
LONGEST_NAME = 120  # characters of a name that a part repeats: names may have 255 bytes
CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
FULL = (errno.ENOSPC, errno.EDQUOT)  # what systems say of a disk without room
LONGEST_TEXT = 16_000_000  # bytes of a text file that is read


@contextmanager
def writing(path: Path | str, replace: bool = False) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, which gets that name once it is whole and on the disk.

    Whatever is raised meanwhile, no file is left. Its folder is made if need be.

    Parameters
    ----------
    replace : whether a file of that name may be replaced.

    Raises
    ------
    FileExistsError
        Where there is such a file already, unless it may be replaced.
    OSError
        Where the file cannot be written; the error names it.
    """
    path = Path(path)
    part = path.with_name(f".{path.name[:LONGEST_NAME]}.{os.getpid()}-{threading.get_ident()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            _sync(file.fileno())  # a power cut must not leave an empty file under the final name
        _give_name(part, path, replace)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part)):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(path: Path | str, text: str, replace: bool = False) -> None:
    """Write a small file in UTF-8, whole or not at all."""
    with writing(path, replace) as file:
        file.write(text.encode())


def read_text(path: Path | str, most: int = LONGEST_TEXT) -> str:
    """What a small text file says that anybody may have written, in UTF-8, with or without its mark.

    Raises
    ------
    OSError
        Where there is no such plain file, or it cannot be read.
    ValueError
        Where it is longer than `most` bytes, or no text in UTF-8.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # reading a pipe or a device might never end
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{path} is longer than {most:,} bytes")
    return data.decode("utf-8-sig")


def read_values(path: Path | str) -> dict[str, Any]:
    """The object in a JSON file that is only a help; an empty one where there is none that can be read."""
    try:
        found = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_room(folder: Path | str, num_bytes: float, hint: str = "") -> None:
    """Refuse work whose results will not fit on the disk of a folder, which need not be there yet.

    Raises
    ------
    OSError
        Saying how much is needed, how much is free, and what to do; `hint` says it more closely.
    """
    place = next(one for one in (Path(folder).absolute(), *Path(folder).absolute().parents) if one.is_dir())
    try:
        usage = shutil.disk_usage(place)
    except OSError:  # some mounts do not say
        return
    if usage.total and usage.free < num_bytes:
        free, needed = size_in_words(usage.free), size_in_words(num_bytes)
        raise OSError(
            f"the disk of {folder} has {free} free, and about {needed} are needed{hint}: make room, or "
            "choose a folder on another disk"
        )


def remove_parts(folder: Path) -> None:
    """Remove what a killed process left; nobody else may be writing in the folder."""
    for part in folder.rglob(f".*{PART}"):
        with suppress(OSError):
            part.unlink()


def free_names(name: str) -> Iterator[str]:
    """The name, then the name with a number."""
    yield name
    for number in count(2):
        yield f"{name}-{number}"


def name_stem(name: str) -> str:
    """The name that `free_names` gave a number."""
    return re.sub(r"-\d+$", "", name)


def set_aside(path: Path) -> None:
    """Give a file that is not what its name says another name; it may be somebody's."""
    for free in free_names(f"{path.stem}_set-aside"):
        if not (aside := path.with_name(f"{free}{path.suffix}")).exists():
            path.rename(aside)
            return


def size_in_words(num_bytes: float) -> str:
    """A size for people."""
    for factor, unit, places in ((1e9, "GB", 2), (1e6, "MB", 0), (1e3, "kB", 0)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.{places}f} {unit}"
    return f"{num_bytes:.0f} bytes"


def _give_name(part: Path, path: Path, replace: bool) -> None:
    if replace:
        os.replace(part, path)
    else:
        try:
            os.link(part, path)  # fails where the name is taken, even if it was taken just now
        except FileExistsError:
            raise FileExistsError(17, "there is such a file already", str(path)) from None
        except OSError:  # a file system without links
            if path.exists():
                raise FileExistsError(17, "there is such a file already", str(path)) from None
            os.rename(part, path)
    if os.name == "posix":
        with suppress(OSError):  # some mounts cannot
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _sync(descriptor: int) -> None:
    """Wait until a file is on the disk, where the mount knows how to."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise
