"""The viewer's kernel side: what there is to look at of a batch, and the pixels of it in tiles.

The page asks for both through the wire, and does the rest: see page/viewer.js. A file is decoded in a thread
of its own, once it is made or first looked at. The last four that were decoded are in temporary files, 67 MB
for one of 4096 px, so that they are there at once when they are looked at again, and none is in memory. Of
larger ones the last two are there until the viewer is closed: a quarter of each side in memory, the rest in a
temporary file of libvips.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from bigart_lib.gallery.page import openseadragon
from bigart_lib.pictures import reading
from bigart_lib.pictures.recipe import read_picture
from bigart_lib.runs.session import Batch, Session
from bigart_lib.studio.tiles import Enlarged, Halved, Pyramid, Stored, Streamed, tile
from bigart_lib.studio.wire import Answer, Wire

MOST_TILES = 8  # of one question
STORED = 4  # decoded pictures in temporary files
KEPT = 2  # decoded pictures that are, at least in part, in memory
SMALL = 1024 * 1024  # pixels of a picture in memory that is made ready in no time
MOST_IN_MEMORY = 8192 * 8192  # pixels of a picture that is decoded whole

Size = tuple[int, int]


class Look(NamedTuple):
    """Where the studio is."""

    session: Session
    batch: Batch | None
    picked: int | None  # a place in the batch
    last_picked: int | None  # the one that was picked before


@dataclass(frozen=True, eq=False)
class View:
    """Something to look at."""

    key: str  # which says all that it depends on
    name: str
    group: str
    size: Size
    source: Path | Image.Image | Enlarged
    step: str = ""  # that made it, if it is of the plan
    action: str = ""  # of that step
    is_first: bool = False  # whether it is the candidate, or the picture that was brought


class Viewer:
    """Answers what the viewer of the page asks.

    Parameters
    ----------
    wire : that it asks through.
    look : tells where the studio is.
    """

    def __init__(self, wire: Wire, look: Callable[[], Look]) -> None:
        self._look = look
        self._views: dict[str, View] = {}  # that were listed last, by their keys
        self._opened: dict[tuple, Pyramid | Exception] = {}  # decoded, the latest used last
        self._opening: set[tuple] = set()
        self._lock = threading.Lock()
        wire.answer("viewer-library", lambda _: Answer({"code": openseadragon()}))
        wire.answer("viewer-views", self.views)
        wire.answer("viewer-tiles", self.tiles)
        wire.answer("viewer-close", self.close)

    def views(self, asked: dict) -> Answer:
        """List what there is to look at, and say what is shown first.

        Parameters
        ----------
        asked : {"index": a place in the batch, by default the picked one; "stage": "last", the name of a
            stage, the action that made it, or the longest side in px that it may have; "against": "before",
            the stage before, "bicubic", a name, or nothing; "compare": "last", the one picked before}.

        Raises
        ------
        ValueError
            When there is nothing to look at, or to compare with.
        """
        look = self._look()
        if look.batch is None:
            raise ValueError("there are no pictures yet: create some first")
        place = asked.get("index")
        place = next((one for one in (place, look.picked, 0) if one is not None), 0)
        if not isinstance(place, int) or not 0 <= place < len(look.batch.candidates):
            raise ValueError(f"expected one of {len(look.batch.candidates)} pictures, got number {place!r}")
        stages = list(_stages(look, place))
        bicubic = _bicubic(look, place, stages)
        shown = _wanted(stages, asked.get("stage") or "last")
        against = _against([*stages, *bicubic], shown, asked.get("against"))
        others = {other: _with_number(other, _stages(look, other)) for other in _others(look, place)}
        if asked.get("compare") == "last":
            against = _of_last_pick(look, shown, others)
        listed = [*stages, *bicubic]
        for other, found in others.items():
            listed += found if other == look.last_picked else (_first(found), found[-1])
        self._views = {view.key: view for view in listed}
        described = [
            {"key": one.key, "name": one.name, "group": one.group, "size": one.size}
            for one in self._views.values()
        ]
        title = f"{look.batch.candidates.prompt}: {stages[0].group}"
        return Answer(
            {"title": title, "views": described, "shown": shown.key, "against": against and against.key}
        )

    def tiles(self, asked: dict) -> Answer:
        """Give tiles of what was listed, as pictures "0", "1" ... in the order of the question.

        Those of a picture that is still being decoded are left out: the page asks for them again.

        Parameters
        ----------
        asked : {"tiles": [[key, level, column, row], ...]}

        Raises
        ------
        ValueError
            When there is no such tile, or a picture cannot be read.
        """
        wanted = asked.get("tiles")
        if not isinstance(wanted, list) or len(wanted) > MOST_TILES:
            raise ValueError(f"expected at most {MOST_TILES} tiles")
        views = {key: self._views.get(key) for key, *_ in wanted}
        if None in views.values():
            raise ValueError("this picture is no longer listed: open the viewer again")
        pyramids = {key: self._open(view) for key, view in views.items()}
        pictures = {}
        for number, (key, *where) in enumerate(wanted):
            pyramid = pyramids[key]
            if isinstance(pyramid, Exception):
                raise pyramid
            if pyramid is not None:
                pictures[str(number)] = tile(pyramid, views[key].size, *where)
        return Answer({}, pictures)

    def close(self, _: dict) -> Answer:
        """Free the memory."""
        with self._lock:
            self._views = {}
            self._opened = {name: one for name, one in self._opened.items() if isinstance(one, Stored)}
        return Answer()

    def prepare(self) -> None:
        """Decode the last stage of the picked one, which was just made, before anybody asks."""
        look = self._look()
        if look.batch is not None and look.picked is not None:
            *_, last = _stages(look, look.picked)
            if last.action != "source" and last.size[0] * last.size[1] <= MOST_IN_MEMORY:
                self._open(last)

    def _open(self, view: View) -> Pyramid | Exception | None:
        """A picture, or why it cannot be read; None while it is decoded."""
        if isinstance(view.source, Enlarged):
            return view.source
        if isinstance(view.source, Image.Image) and view.size[0] * view.size[1] <= SMALL:
            return Halved(view.source)
        name = _identity(view)
        with self._lock:
            if name in self._opened:
                self._opened[name] = self._opened.pop(name)
                return self._opened[name]
            if name not in self._opening:
                self._opening.add(name)
                thread = threading.Thread(target=self._decode, args=(view, name), daemon=True)
                thread.name = "bigart-viewer"
                thread.start()
        return None

    def _decode(self, view: View, name: tuple) -> None:
        try:
            made = _decoded(view)
        except Exception as error:
            made = error
        with self._lock:
            self._opening.discard(name)
            if view.key in self._views or isinstance(made, Stored):  # else the viewer was closed meanwhile
                self._opened[name] = made
            for is_stored, most in ((True, STORED), (False, KEPT)):
                alike = [one for one in self._opened if isinstance(self._opened[one], Stored) == is_stored]
                for one in alike[:-most]:
                    del self._opened[one]


def _identity(view: View) -> tuple:
    """What says which pixels a view has: a file may have been replaced by another."""
    if not isinstance(view.source, Path):
        return (view.key, id(view.source))
    status = view.source.stat()
    return (view.key, view.source, status.st_mtime_ns, status.st_size)


def _decoded(view: View) -> Pyramid:
    if isinstance(view.source, Path) and (
        view.size[0] * view.size[1] > MOST_IN_MEMORY or view.action == "source"
    ):
        return Streamed(view.source)
    pyramid = Halved(view.source if isinstance(view.source, Image.Image) else read_picture(view.source)[1])
    try:
        return Stored(pyramid)
    except OSError:  # no room
        return pyramid


def _stages(look: Look, place: int) -> Iterator[View]:
    """A candidate after each step that is made: what is on disk beside the plan, then the plan's in order."""
    batch, run, index = look.batch, look.batch.run, look.batch.index(place)
    group = f"Number {place + 1}" if index is not None else "A picture of yours"
    view = partial(View, group=f"{group}, picked before" if place == look.last_picked else group)
    settings = [one.settings for one in run.wanted() if one.index == index and one.paint]
    painted = look.session.steps(batch, place, None)
    steps = look.session.steps(batch, place, settings[-1] if settings else None)
    known = {step.key for step in steps}
    files = {key: run.path / entry["file"] for key, entry in run.values["made"].items()}
    files = {key: path for key, path in files.items() if path.is_file()}
    for key, path in files.items():
        if key not in known and path.parent == run.folder_of(index) and path != run.sheet:
            yield view(f"{index}-{key}", _words(path.stem), size=reading.size(path), source=path)
    for step in steps:
        source, is_first = files.get(step.key), False
        name = _words(source.stem if source else step.name)  # another version may have the step's own name
        if unsaved := run.unsaved.get(step.key):
            source = unsaved.image
        elif is_first := step == painted[-1]:
            source = batch.candidates[place].image if index is not None else run.source.file(run.path)
            name = f"{name}, the candidate" if index is not None else "as it was brought"
        if source is not None and (step.is_shown or is_first):
            told = {"step": step.name, "action": step.action, "is_first": is_first}
            yield view(f"{index}-{step.key}", name, size=step.size, source=source, **told)


def _with_number(place: int, stages: Iterator[View]) -> list[View]:
    """The stages of another candidate than the one that is looked at, by names that tell which."""
    return [replace(one, name=f"number {place + 1}, {one.name}") for one in stages]


def _words(name: str) -> str:
    """A step's or a file's name for people."""
    return name.replace("_", " ")


def _first(stages: Sequence[View]) -> View:
    """The candidate itself, which is in memory, and so is always there; or the picture that was brought."""
    return next(one for one in stages if one.is_first)


def _others(look: Look, place: int) -> list[int]:
    """The other places of a batch, the one that was picked before first."""
    found = [other for other in range(len(look.batch.candidates)) if other != place]
    return sorted(found, key=lambda other: other != look.last_picked)


def _bicubic(look: Look, place: int, stages: Sequence[View]) -> list[View]:
    """The candidate, enlarged to the size of the largest that is made; nothing if it is not here whole."""
    first, last, image = _first(stages), stages[-1], look.batch.candidates[place].image
    if image.size != first.size:
        return []
    key = f"bicubic-{last.size[0]}x{last.size[1]}-{first.key}"
    return [View(key, "bicubic", last.group, last.size, Enlarged(image, last.size), action="bicubic")]


def _wanted(stages: Sequence[View], stage: str | int) -> View:
    """The stage that is meant by a name, an action or a longest side; the last where there is none."""
    if isinstance(stage, int):
        fitting = [one for one in stages if max(one.size) <= stage]
    else:
        fitting = [one for one in stages if stage in (one.action, one.step, one.name)]
    return (fitting or stages)[-1]


def _against(stages: Sequence[View], shown: View, against: Any) -> View | None:
    if against == "before":
        return stages[max(0, stages.index(shown) - 1)]
    return _wanted(stages, against) if against else None


def _of_last_pick(look: Look, shown: View, others: dict[int, list[View]]) -> View:
    """The one that was picked before: after the same step if that is made, else as far as it is."""
    if look.last_picked not in others:
        raise ValueError("nothing was picked before this one: pick another one first")
    stages = others[look.last_picked]
    same = [one for one in stages if shown.step and one.step == shown.step]
    return (same or stages)[-1]
