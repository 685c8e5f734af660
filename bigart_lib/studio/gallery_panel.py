"""The gallery in the studio: all runs on disk with all their pictures, and the offer to go on with the last.

Answers the page's script, which draws the gallery and the strip of the latest pictures; see page/gallery.js.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bigart_lib.files import size_in_words
from bigart_lib.gallery.asked import SmallPictures
from bigart_lib.machine import on_colab
from bigart_lib.runs import bin as away
from bigart_lib.runs.copies import find_copy
from bigart_lib.runs.run import open_run
from bigart_lib.runs.session import Batch, Session
from bigart_lib.runs.shelf import COPIES, HERE, THROWN_AWAY, Shelf, Shelved, prints
from bigart_lib.studio import parts
from bigart_lib.studio.download import Download
from bigart_lib.studio.wire import Answer, Wire
from bigart_lib.text import readable, shown

RUNS = 100  # that are listed at once
READING = 0.06  # seconds that an answer may take to read journals, or to wait for small pictures
SMALL = 16  # small pictures in one answer
LONGEST_TITLE = 2000  # characters
ELSEWHERE = "is in the folder of copies alone, or newer there: open it first"


class GalleryPanel:
    """Shows what is on disk.

    Parameters
    ----------
    wire : that the page's script asks through.
    open_at : called with a batch that is in memory, or with the folder of a run, and with the place of the
        candidate to pick, or None for none.
    guard : wraps what a widget calls, so that errors are shown.
    files : gives the page those that are downloaded.
    altered : called with a batch in memory whose run got another name or favourite here, or was thrown away:
        then the session has it no more.
    """

    def __init__(
        self,
        session: Session,
        wire: Wire,
        open_at: Callable[[Path | Batch, int | None], None],
        guard: parts.Guard,
        files: Download,
        altered: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        self._session, self._wire, self._open_at, self._altered = session, wire, open_at, altered
        self._shelf, self._files, self._changes = Shelf(session), files, 0
        self._pictures = SmallPictures(lambda: session.folder)
        self.strip = parts.text('<div class="bigart-shelf"></div>', "bigart-shelf-holder")
        self.found = parts.row(classes=["bigart-found"])
        self._offer(guard)
        wire.act("gallery_open", self._open)
        answers = (
            self._list, self._small, self._download, self._favour, self._rename, self._throw_away,
            self._bin, self._put_back, self._empty, self._show,
        )  # fmt: skip
        for answer in answers:
            wire.answer(f"gallery{answer.__name__}", answer)
        self.changed()

    def changed(self) -> None:
        """Let the page look again: something was painted, made a favourite, or opened."""
        self._changes += 1
        self._wire.tell(gallery=self._changes)

    def _offer(self, guard: parts.Guard) -> None:
        """Offer to go on with what was worked on last, by whoever did it."""
        latest = self._shelf.latest()
        parts.show(self.found, latest is not None)
        if latest is None:
            return
        number = f", number {latest.last + 1}" if latest.last is not None and latest.seed is not None else ""
        words = f"Your last work is still here: <b>{parts.escape(latest.words + number)}</b>"
        go_on, leave = guard(partial(self._go_on, latest)), partial(parts.show, self.found, False)
        buttons = (
            parts.button("Continue", go_on, "bigart-primary", tooltip="go on with your last work"),
            parts.button("Not now", leave),
        )
        self.found.children = [parts.text(words), *buttons]

    def _go_on(self, latest: Shelved) -> None:
        self._begin(self._shelf.find(latest.key), None)

    # ------------------------------------------------------------------------------------------ looking

    def _list(self, asked: dict) -> Answer:
        """A part of the runs whose titles or folders have all the words that were typed."""
        is_all = self._shelf.look(READING, again=bool(asked.get("again")))
        words, order = str(asked.get("search", "")).casefold().split(), asked.get("order")
        found = [one for one in self._shelf.runs() if all(word in _searched(one) for word in words)]
        if order == "favourites":
            found = [one for one in found if one.favourites]
        elif order == "first":
            found.sort(key=lambda one: not one.favourites)  # among each, the latest first
        start, count = int(asked.get("start", 0)), min(int(asked.get("count", RUNS)), RUNS)
        runs = [_told(one, order == "favourites") for one in found[start : start + count]]
        folder = self._session.folder.absolute()
        return Answer({
            "runs": runs, "total": len(found), "is_all": is_all, "to_read": self._shelf.to_read,
            "folder": _words(folder), "in_bin": len(self._shelf.in_bin()), "can_show": _opener() is not None,
        })  # fmt: skip

    def _small(self, asked: dict) -> Answer:
        """Small pictures and words on their files; what is not there yet has to be asked for again."""
        files, problems = {}, {}
        for key, file in asked["wanted"][:SMALL]:
            try:
                files[f"{key}:{file}"] = self._file(key, file)
            except ValueError as error:
                problems[f"{key}:{file}"] = parts.in_words(error)
        looked = self._pictures.get([*files.values()], READING)
        there = {name: looked[path] for name, path in files.items() if path in looked}
        problems |= {name: shown(one.words) for name, one in there.items() if one.is_damaged}
        good = {name: one for name, one in there.items() if not one.is_damaged}
        data = {"words": {name: one.words for name, one in good.items()}, "problems": problems}
        return Answer(data, {name: one.data for name, one in good.items()})

    def _download(self, asked: dict) -> Answer:
        """Allow a picture's file to be downloaded as it is."""
        return Answer({"offered": self._files.offer(self._file(asked["key"], asked["file"]))})

    def _file(self, key: str, name: str) -> Path:
        """A picture's file; raises ValueError for any other, and for one that is gone."""
        one = self._shelf.find(key)
        known = name in (picture.file for picture in one.pictures)
        if not known and name not in (picture.file for picture in prints(one)):
            raise ValueError(f"{shown(name)} is no picture of {shown(one.path.name)}, or is gone")
        if not (one.path / name).is_file():
            raise ValueError(f"{shown(name)} is gone: it was moved or deleted")
        return one.path / name

    # ------------------------------------------------------------------------------------------- changing

    def _open(self, asked: dict) -> None:
        one, place = self._shelf.find(asked["key"]), asked.get("place")
        self._begin(one, None if place is None else int(place))

    def _begin(self, one: Shelved, place: int | None) -> None:
        batch = self._in_memory(one) if one.place == HERE else None
        self._open_at(batch or one.path, one.last if place is None else place)

    def _favour(self, asked: dict) -> Answer:
        one, place = self._own(asked["key"]), int(asked["place"])
        batch = self._in_memory(one)
        run = batch.run if batch else open_run(one.path)
        is_favourite = self._session.favour(run, run.indices[place] if run.recipe.prompt is not None else 0)
        self._tell_studio(batch)
        return Answer({"star": is_favourite})

    def _rename(self, asked: dict) -> Answer:
        one = self._own(asked["key"])
        path = away.rename(one.path, str(asked["name"]), self._session.copy_to)
        return Answer({"run": _told(self._moved(one, HERE, path))})

    def _throw_away(self, asked: dict) -> Answer:
        one = self._own(asked["key"])
        batch = self._in_memory(one)
        if batch is not None and batch.run in self._session.unsaved:
            raise ValueError(f"{one.path.name} has pictures that are not saved yet: save them first")
        copy = self._session.copy_to and one.id and find_copy(open_run(one.path), self._session.copy_to)
        moved = self._moved(one, THROWN_AWAY, away.throw_away(one.path))
        return Answer({"key": moved.key, "copy": _words(copy) if copy else ""})

    def _bin(self, asked: dict) -> Answer:
        self._shelf.look(READING, again=True)
        size = size_in_words(away.size(self._session.folder))
        return Answer({"runs": [_told(one) for one in self._shelf.in_bin()[:RUNS]], "size": size})

    def _put_back(self, asked: dict) -> Answer:
        one = self._shelf.find(asked["key"])
        if one.place != THROWN_AWAY:
            raise ValueError(f"{one.path.name} is not in the bin")
        return Answer({"run": _told(self._moved(one, HERE, away.put_back(one.path)))})

    def _empty(self, asked: dict) -> Answer:
        count = away.empty(self._session.folder)
        self._shelf.look(READING, again=True)
        return Answer({"count": count})

    def _show(self, asked: dict) -> Answer:
        """Open a run's folder in the file manager of this machine."""
        path, opener = self._shelf.find(asked["key"]).path, _opener()
        if opener is None:
            raise ValueError("there is no file manager here: copy the path instead")
        nothing, command = subprocess.DEVNULL, [opener, str(path.absolute())]
        subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
        return Answer()

    def _own(self, key: str) -> Shelved:
        """A run that may be changed here; raises ValueError for one of the copies."""
        one = self._shelf.find(key)
        if one.place != HERE:
            raise ValueError(f"{one.path.name} {ELSEWHERE}")
        return one

    def _in_memory(self, one: Shelved) -> Batch | None:
        return next((batch for batch in self._session.batches if one.id and batch.run.id == one.id), None)

    def _moved(self, one: Shelved, place: str, path: Path) -> Shelved:
        """Note where a run is now; a batch in memory follows it, and is left where it was thrown away."""
        batch = self._in_memory(one)
        if batch is not None:
            batch.run.folder = path
            if place == THROWN_AWAY:
                self._session.batches.remove(batch)
        self._tell_studio(batch)
        return self._shelf.moved(one, place, path)

    def _tell_studio(self, batch: Batch | None) -> None:
        if batch is not None:
            self._altered(batch)
        self.changed()


def _told(one: Shelved, only_favourites: bool = False) -> dict[str, Any]:
    """What the page knows of a run; favourites come first."""
    pictures = [*one.pictures, *prints(one)]
    pictures.sort(key=lambda picture: (picture.place not in one.favourites, picture.place))
    if only_favourites:
        pictures = [picture for picture in pictures if picture.place in one.favourites]
    return {
        "key": one.key, "title": shown(one.title)[:LONGEST_TITLE], "seed": one.seed, "touched": one.touched,
        "name": _words(one.path.name), "path": _words(one.path.absolute()), "problem": shown(one.problem),
        "is_copy": one.place == COPIES, "last": one.last,
        "pictures": [[picture.file, picture.place, picture.place in one.favourites] for picture in pictures],
    }  # fmt: skip


def _searched(one: Shelved) -> str:
    return f"{one.title} {one.path.name}".casefold()


def _words(path: Path | str) -> str:
    return shown(readable(str(path)))


def _opener() -> str | None:
    """The program that shows folders on this machine; None where there is none, or no screen."""
    if on_colab():
        return None
    if sys.platform in ("win32", "darwin"):
        return shutil.which("explorer" if sys.platform == "win32" else "open")
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return shutil.which("xdg-open") if has_screen else None
