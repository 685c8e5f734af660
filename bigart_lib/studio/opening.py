"""One studio at a time in a kernel: for the same arguments the same, or else the one before is closed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.studio import link, parts
from bigart_lib.studio.notes import Notes
from bigart_lib.studio.studio_page import Studio

if TYPE_CHECKING:
    import ipywidgets

    from bigart_lib.bigart import BigArt
    from bigart_lib.progress import Announce

LEFT = "The studio was opened again in another place: go on there. Everything that was finished is kept."

WARM_UP_AFTER = 2  # seconds after the page: what painting needs takes that long to import, and nobody waits

_warming: list[threading.Timer] = []
_at_work: list[Studio] = []
_asked: list[tuple] = []  # what for
_left: list[ipywidgets.Widget] = []  # the page of the one before, which says so as long as it is shown


def open_studio(
    bigart: BigArt | Callable[[Announce], BigArt],
    pictures: Path | str,
    copy_to: Path | str | None,
    generator: str | None = None,
) -> ipywidgets.Widget:
    """The page of the studio that is open for this, with what it is making, or of a new one; see `studio`."""
    notes = Notes()
    bigart = bigart(notes.tell) if callable(bigart) else bigart
    places = [one and Path(one).resolve() for one in (pictures, copy_to)]
    asked = (*_models(bigart), *places, generator)
    if not (_at_work and _asked == [asked]):
        _close_before()
        _at_work.append(Studio(bigart, pictures, copy_to, generator, notes))
        _asked[:] = [asked]
        _tie(_at_work[0])
    else:
        parts.close(notes.widget)
    return _at_work[0].widget


def _models(bigart: BigArt) -> tuple:
    """What makes pictures other ones, or how they are made: the files of the models, and their use."""
    return bigart.fingerprints(), bigart.options, bigart.name, bigart.device, bigart.dtype


def _tie(studio: Studio) -> None:
    link.follow_pages()
    link.end_when_left(_is_busy)
    studio.wire.tell(kernel=link.kernel_id())
    timer = threading.Timer(WARM_UP_AFTER, studio.tasks.warm_up, [studio.session.measure])
    timer.daemon = True
    _warming.append(timer)
    timer.start()


def _is_busy() -> bool:
    return any(studio.tasks.jobs.busy for studio in _at_work)


def _close_before() -> None:
    while _warming:
        _warming.pop().cancel()
    parts.close(*_left)
    _left.clear()
    while _at_work:
        studio = _at_work.pop()
        _left.append(studio.widget)
        studio.close(LEFT)
        del studio
    gc.collect()  # widgets and what they call hold one another, and with them models and pictures
