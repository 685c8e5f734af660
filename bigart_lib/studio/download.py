"""Files that the studio offers to the page, which saves them where the artist's browser saves files.

They go through the wire in pieces, so that it works wherever the studio does, on another machine too.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import size_in_words
from bigart_lib.studio import parts
from bigart_lib.studio.wire import Answer

if TYPE_CHECKING:
    from bigart_lib.studio.wire import Wire

PIECE = 1_200_000  # bytes, a multiple of 3


class Download:
    """Gives the page those files that were offered, and no others.

    Parameters
    ----------
    wire : where pages ask for pieces, as `bigart.download(number)` does.
    """

    def __init__(self, wire: Wire) -> None:
        self._offered: dict[Path, int] = {}
        wire.answer("download-piece", self._piece)

    def offer(self, path: Path) -> int:
        """Allow a file; returns the number by which the page asks for it."""
        return self._offered.setdefault(Path(path), len(self._offered))

    def link(self, path: Path, words: str = "Download") -> str:
        """A button that saves a file, as HTML."""
        name = parts.escape(path.name)
        return (
            f'<button type="button" class="bigart-text-button" data-bigart-download="{self.offer(path)}" '
            f'aria-label="{parts.escape(words)} {name}">{parts.escape(words)}</button>'
        )

    def _piece(self, asked: dict[str, Any]) -> Answer:
        """From a place in a file on, as much as one answer holds."""
        number, start = asked.get("number"), asked.get("start")
        paths = [*self._offered]
        if type(number) is not int or not 0 <= number < len(paths) or type(start) is not int or start < 0:
            raise ValueError("there is no such file to download: open its picture again")
        path = paths[number]
        with path.open("rb") as file:
            status = path.stat()
            file.seek(start)
            piece = file.read(PIECE)
        return Answer(
            {
                "name": _saved_as(path), "size": status.st_size, "version": status.st_mtime_ns // 1000,
                "piece": base64.b64encode(piece).decode(),
            }
        )  # fmt: skip


def _saved_as(path: Path) -> str:
    """A name that says where a file is from, for those of steps are called alike in all runs."""
    folder = path.parent
    places = [folder.parent.name, folder.name] if folder.name.startswith("candidate-") else [folder.name]
    return "-".join([*places, path.name])


def size_of(path: Path) -> str:
    """The size of a file in words."""
    return size_in_words(path.stat().st_size)
