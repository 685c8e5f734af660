"""The files that a command was given: names, folders and patterns."""

import glob
from collections.abc import Sequence
from pathlib import Path

from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.writing import ENDINGS

# How pictures are called that are taken out of a folder; whatever is named itself is read by its content.
READ = {*ENDINGS, ".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpe", ".ppm", ".psd"} - {".pdf"}


def pictures(names: Sequence[Path]) -> list[Path]:
    """The files that are meant, each once.

    Raises
    ------
    PictureError
        Where a folder holds no picture, or a pattern fits none.
    """
    found: dict[Path, None] = {}
    for name in names:
        if name.is_dir():
            inside = [path for path in sorted(name.iterdir()) if _is_picture(path)]
            if not inside:
                raise PictureError(f"there is no picture in the folder {name}")
        elif not name.exists() and glob.has_magic(str(name)):
            inside = [Path(path) for path in sorted(glob.glob(str(name), recursive=True))]
            inside = [path for path in inside if path.is_file()]
            if not inside:
                raise PictureError(f"no file is called like {name}")
        else:
            inside = [name]
        found |= dict.fromkeys(inside)
    return [*found]


def one_file(out: Path, found: Sequence[Path]) -> Path | None:
    """The file that --out names, where it names one.

    Raises
    ------
    ValueError
        Where there is one already, or it would be for several pictures.
    """
    if out.is_dir() or out.suffix.lower() not in ENDINGS:
        return None
    if len(found) > 1:
        raise ValueError(f"--out names one file, {out}, for {len(found)} pictures: name a folder")
    if out.exists():
        raise FileExistsError(17, "there is such a file already: choose another name by --out", str(out))
    return out


def _is_picture(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in READ and not path.name.startswith(".")
