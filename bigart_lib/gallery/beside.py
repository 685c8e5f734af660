"""What lies beside a page: small pictures for its grid, and large ones in tiles. Each is made once.

Their names are fingerprints of the files that they show, so that a changed file gets new ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import write_text, writing
from bigart_lib.gallery.collecting import BROUGHT, MARK, Stage
from bigart_lib.pictures import reading, written

if TYPE_CHECKING:
    import pyvips

EDITION = 1  # of what is made here: another number makes all of it anew
HEIGHT = 320  # px of a small picture, of which pages show two thirds: screens may be fine
WIDTH = 960  # px at most
QUALITY = 80  # of a small picture
TILE, OVERLAP = 512, 1  # px
TILE_QUALITY = 90
IN_BROWSERS = ("png", "jpeg", "webp")  # kinds that they show
MOST_WHOLE = 4096 * 4096  # pixels of a file that a browser is given whole
DIGITS = 24  # of a fingerprint
NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}(\.webp)?")
SAYS = """Small pictures and tiles that a gallery of BIG.art shows, whose page lies beside this folder.
The page needs them. They can be made again from your pictures: bigart gallery
"""


@dataclass(frozen=True)
class Small:
    """A small picture."""

    name: str  # within the folder
    width: int  # px
    height: int


@dataclass(frozen=True)
class Tiles:
    """A large picture in tiles, as Deep Zoom has them: NAME/LEVEL/COLUMN_ROW.FORMAT."""

    name: str  # within the folder
    format: str


class Beside:
    """The folder beside a page.

    Parameters
    ----------
    folder : which is made when something is written into it.

    Raises
    ------
    FileExistsError
        Where there is a folder of that name that is somebody else's.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not (folder / MARK).is_file():
            raise FileExistsError(
                17, "it would hold the small pictures of the page, and is there already", str(folder)
            )
        self.folder = folder
        self.made = 0  # how many were not there yet
        self._used: set[str] = set()

    def small(self, stage: Stage) -> Small:
        """The small picture of a stage; raises PictureError where its file is damaged."""
        share = min(HEIGHT / stage.size[1], WIDTH / stage.size[0], 1)
        width, height = (max(1, round(share * side)) for side in stage.size)
        name = self._name(stage)
        if not (self.folder / name).is_file():
            with reading.faults(stage.path):
                image = _pixels(stage).thumbnail_image(width, height=height, size="force")
                data = _opened(image).webpsave_buffer(Q=QUALITY, smart_subsample=True, keep="none")
            self._begin()
            with writing(self.folder / name, replace=True) as file:
                file.write(data)
        self._used.add(name)
        return Small(name, width, height)

    def keep(self, stage: Stage) -> None:
        """Keep the small picture of a stage that the page does not show: the studio's gallery may have it."""
        with suppress(OSError):
            self._used.add(self._name(stage))

    def tiles(self, stage: Stage) -> Tiles | None:
        """The tiles of a stage; None for one that browsers show whole. Raises as `small` does."""
        if stage.kind in IN_BROWSERS and stage.size[0] * stage.size[1] <= MOST_WHOLE:
            return None
        name = self._fingerprint(stage)
        if not (self.folder / name).is_dir():
            self._begin()
            with tempfile.TemporaryDirectory(prefix=".", dir=self.folder) as place:
                with reading.faults(stage.path):
                    image = _opened(_pixels(stage))
                    image.dzsave(
                        os.path.join(place, "a"), layout="dz", tile_size=TILE, overlap=OVERLAP, keep="none",
                        suffix=f".{_format(image)}[Q={TILE_QUALITY}]",
                    )  # fmt: skip
                (Path(place) / "a_files" / "vips-properties.xml").unlink(
                    missing_ok=True
                )  # nobody asks for it
                os.rename(os.path.join(place, "a_files"), self.folder / name)
        self._used.add(name)
        (first,) = (self.folder / name / "0").iterdir()
        return Tiles(name, first.suffix[1:])

    def tidy(self) -> None:
        """Remove what no picture of this page has any more."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                if NAME.fullmatch(path.name) and path.name not in self._used:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _begin(self) -> None:
        if not (self.folder / MARK).is_file():
            write_text(self.folder / MARK, SAYS)
        self.made += 1

    def _name(self, stage: Stage) -> str:
        return f"{self._fingerprint(stage)}.webp"

    def _fingerprint(self, stage: Stage) -> str:
        """Of a file: its place beside the page, its size and when it was changed."""
        status = stage.path.stat()
        place = os.path.relpath(stage.path, self.folder.parent)
        words: tuple[Any, ...] = (EDITION, place, status.st_size, status.st_mtime_ns)
        return hashlib.sha256(repr(words).encode()).hexdigest()[:DIGITS]


def _pixels(stage: Stage) -> pyvips.Image:
    """A stage in sRGB, or in grey with its curve, to be read once from top to bottom."""
    from bigart_lib.pictures import colour, spaces

    if stage.kind == BROUGHT:
        image, carried = reading.stream(stage.path)
        profile = carried.profile
    else:
        file = written.read(stage.path)
        image, profile = file.picture(), file.profile
    if profile and not spaces.describe(profile).is_srgb:
        image = colour.convert(image, profile, None)
    return image


def _opened(image: pyvips.Image) -> pyvips.Image:
    """A picture in 8 bits a colour, whose damage is an error."""
    if image.format == "ushort":
        image = (image >> 8).cast("uchar")
    return image.copy(interpretation="b-w" if image.bands < 3 else "srgb")


def _format(image: pyvips.Image) -> str:
    return "webp" if image.bands in (2, 4) else "jpg"
