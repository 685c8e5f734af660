"""Small pictures of single files, for whoever asks; made beside him, so that he never waits long.

They are those of the gallery's page, in its folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bigart_lib.files import size_in_words
from bigart_lib.gallery.beside import Beside
from bigart_lib.gallery.collecting import stage_of
from bigart_lib.gallery.making import NAME, folder_beside, in_pixels, printed
from bigart_lib.pictures import written
from bigart_lib.text import in_words

MOST = 200  # files that are asked for, or whose small picture waits to be fetched


class Looked(NamedTuple):
    """What is shown of a file."""

    data: bytes  # a small picture, as WebP; none where there is a problem
    words: str  # pixels, centimetres and bytes, or the problem
    is_damaged: bool = False


class SmallPictures:
    """Makes small pictures, the last ones asked for first.

    Parameters
    ----------
    folder : says where the pictures are, beside which the small ones lie.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._news = threading.Condition()
        self._wanted: list[Path] = []
        self._made: dict[Path, Looked] = {}
        self._thread: threading.Thread | None = None

    def get(self, files: Sequence[Path], seconds: float) -> dict[Path, Looked]:
        """Those of these files that are there within so many seconds; the others come when asked again."""
        with self._news:
            missing = [file for file in files if file not in self._made]
            rest = [file for file in self._wanted if file not in files]
            self._wanted = [*dict.fromkeys(missing), *rest][:MOST]
            if self._wanted and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="bigart-small", daemon=True)
                self._thread.start()
            self._news.wait_for(lambda: all(file in self._made for file in files), seconds)
            return {file: self._made.pop(file) for file in files if file in self._made}

    def _work(self) -> None:
        while True:
            with self._news:
                if not self._wanted:
                    self._thread = None
                    return
                file = self._wanted[0]
            looked = self._look(file)
            with self._news:
                self._made[file] = looked
                self._wanted = [one for one in self._wanted if one != file]
                for old in [*self._made][:-MOST]:
                    del self._made[old]
                self._news.notify_all()

    def _look(self, file: Path) -> Looked:
        try:
            stage, beside = stage_of(written.read(file)), Beside(folder_beside(self._folder() / NAME))
            data = (beside.folder / beside.small(stage).name).read_bytes()
            on_paper = printed(stage).partition(" at ")[0]
            facts = (in_pixels(stage), on_paper, size_in_words(file.stat().st_size))
            return Looked(data, ", ".join(filter(None, facts)))
        except Exception as error:  # whatever is wrong with one file, the others are shown
            return Looked(b"", in_words(error), is_damaged=True)
