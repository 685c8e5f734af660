"""One studio at a time in a kernel: when another is opened, the one before is closed and its memory freed."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.studio import parts
from bigart_lib.studio.studio_page import Studio

if TYPE_CHECKING:
    import ipywidgets

    from bigart_lib.bigart import BigArt

LEFT = "The studio was opened again in another place: go on there. Everything that was finished is kept."

_at_work: list[Studio] = []
_left: list[ipywidgets.Widget] = []  # the page of the one before, which says so as long as it is shown


def open_studio(
    bigart: BigArt, pictures: Path | str, copy_to: Path | str | None, generator: str | None = None
) -> ipywidgets.Widget:
    """The page of a new studio, once the one before is closed; see `studio`."""
    _close_before()
    _at_work.append(Studio(bigart, pictures, copy_to, generator))
    return _at_work[0].widget


def _close_before() -> None:
    parts.close(*_left)
    _left.clear()
    while _at_work:
        studio = _at_work.pop()
        _left.append(studio.widget)
        studio.close(LEFT)
        del studio
    gc.collect()  # widgets and what they call hold one another, and with them models and pictures
