"""The door for files: a picture that was dropped on the page, or chosen there.

One of ours fills every field with its recipe, and can be made again, varied, or given another texture. Any
other gets a run of its own. Names and bytes are somebody else's: a name is cut down to what a file can be
called, and the bytes are a picture only once the library has read them.
"""

from __future__ import annotations

import base64
import binascii
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from bigart_lib.files import check_room, writing
from bigart_lib.pictures.formats import kinds
from bigart_lib.pictures.images import PictureError
from bigart_lib.progress import CancelledError, duration
from bigart_lib.runs.brought import Ours, read_ours
from bigart_lib.runs.folders import file_stem
from bigart_lib.runs.redo import DIFFERENT, UNKNOWN, Verdict
from bigart_lib.runs.session import Batch, Session
from bigart_lib.studio import parts
from bigart_lib.studio.wire import Answer, Wire
from bigart_lib.text import in_words, shown

if TYPE_CHECKING:
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.progress import Report

# How pictures that are read are called; what a file is, its content says.
ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".avif", ".gif", ".bmp", ".jp2", ".ppm",
    ".psd", ".heic", ".heif", ".pdf",
)  # fmt: skip
MOST_BYTES = 2_000_000_000  # of a file
LONGEST_ENDING = 6  # characters, with its dot
PLACE = ".dropped-"  # how the folders begin in which files lie meanwhile
DAY = 86400  # seconds after which such a folder is left over from a studio that was killed


@dataclass
class _Arriving:
    """A file of which there are pieces."""

    id: str
    name: str  # as it is called on the artist's machine, for messages
    path: Path
    size: int  # bytes
    received: int = 0
    stack: ExitStack = field(default_factory=ExitStack)  # closes the file, whole
    file: BinaryIO | None = None


class Door:
    """Takes pictures in.

    Parameters
    ----------
    session : gives them runs.
    wire : where pages bring pieces.
    begin : begins long work, now or after other: given words, a job that is given a report, and done, given
        its result and its seconds, which says what to tell.
    fill : shows a recipe in every field.
    show : shows a batch, and picks one of it.
    vary : paints variations of the picture of a recipe, with the settings that the page shows.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self,
        session: Session,
        wire: Wire,
        begin: Callable[[str, Callable, Callable], None],
        fill: Callable[[Recipe], None],
        show: Callable[[Batch, int | None], None],
        vary: Callable[[Recipe], None],
        guard: parts.Guard,
    ) -> None:
        self._session, self._begin = session, begin
        self._fill, self._show, self._vary = fill, show, vary
        self._arriving: _Arriving | None = None
        self._ours: Ours | None = None
        self._words = parts.text("", "bigart-door-words")
        self.again = parts.button("Make it again", guard(self._make_again), "bigart-primary")
        self.vary = parts.button("Variations", guard(self._make_variations))
        self.texture = parts.button("Another texture", guard(self._open_at_texture))
        self.own = parts.button("Enlarge or print this file", guard(self._take_as_own))
        self.close = parts.button("Close", guard(self._leave), "bigart-quiet")
        buttons = [self.again, self.vary, self.texture, self.own, self.close]
        self.widget = parts.row(self._words, *buttons, classes=["bigart-door"])
        parts.show(self.widget, False)
        wire.answer("door-piece", self._take_piece)
        wire.answer("door-cancel", self._cancel)
        wire.act("door-open", self._open)
        wire.tell(**{"door-kinds": [*ENDINGS]})
        _tidy(session.folder)

    # --------------------------------------------------------------------------------------- pieces of a file

    def _take_piece(self, asked: dict[str, Any]) -> Answer:
        """Write a piece; the first one says how the file is called and how large it is."""
        start, data = asked.get("start"), _decoded(asked.get("piece"))
        if start == 0:
            self._drop_arriving()
            self._arriving = _begun(asked, data, self._session.folder)
        one = self._arriving
        if one is None or one.id != asked.get("id") or one.received != start:
            raise ValueError("another picture came meanwhile: open this one again")
        try:
            if one.received + len(data) > one.size:
                raise ValueError(f"{one.name} grew while it was read: open it again")
            one.file.write(data)
            one.received += len(data)
            if one.received == one.size:
                one.stack.close()
        except BaseException:
            self._drop_arriving()
            raise
        return Answer({"received": one.received})

    def _cancel(self, asked: dict[str, Any]) -> Answer:
        if self._arriving and self._arriving.id == asked.get("id"):
            self._drop_arriving()
        return Answer()

    def _drop_arriving(self) -> None:
        """Leave nothing of a file that is not whole, or not wanted any more."""
        one, self._arriving = self._arriving, None
        if one is not None:
            with suppress(CancelledError), one.stack:
                raise CancelledError
            _remove(one.path)

    # ------------------------------------------------------------------------------------- what becomes of it

    def _open(self, asked: dict[str, Any]) -> None:
        """Look at a file that is here as a whole."""
        one, self._arriving = self._arriving, None
        if one is None or one.id != asked.get("id") or one.received != one.size:
            raise ValueError("the picture is not here as a whole: open it again")
        self._begin(f"open {shown(one.name)}", partial(self._read, one), partial(self._tell, one))

    def _read(self, one: _Arriving, report: Report) -> Ours | Batch:
        """What a file is: one of ours, or a picture that gets a run; raises PictureError where it is none."""
        places = [self._session.folder, *filter(None, [self._session.copy_to])]
        return read_ours(one.path, places) or self._bring(one, report)

    def _bring(self, one: _Arriving, report: Report) -> Batch:
        try:
            return self._session.bring(one.path, report)
        except ValueError as error:
            raise PictureError(in_words(error).replace(str(one.path), shown(one.name))) from None
        finally:
            _remove(one.path)

    def _tell(self, one: _Arriving, found: Ours | Batch, seconds: float) -> str:
        self._leave()
        if isinstance(found, Batch):
            return self._brought(one, found)
        self._ours = found
        self._words.value = f"<b>{parts.escape(one.name)}</b> {_about(found)}"
        is_one = found.recipe.index is not None
        for button in (self.vary, self.texture):
            parts.show(button, is_one)
        parts.show(self.widget, True)
        self._fill(found.recipe)
        return f"{shown(one.name)} is one of ours: all settings are as it was made."

    def _brought(self, one: _Arriving, batch: Batch) -> str:
        self._show(batch, 0)
        width, height = batch.run.native_size
        notes = " ".join(
            f"{shown(note)[:1].upper()}{shown(note)[1:].rstrip('.')}." for note in batch.run.notes
        )
        return (
            f"{shown(one.name)} is open, {width} × {height} pixels: enlarge it, or print it. {notes}".strip()
        )

    def _make_again(self) -> None:
        ours = self._need()

        def done(made: tuple[Batch, Verdict | None], seconds: float) -> str:
            batch, verdict = made
            self._leave()
            self._show(batch, None if verdict is None else 0)
            return f"Made again in {duration(seconds)}{_judged(verdict)}"

        self._begin("make it again", lambda report: self._session.again(ours.path, report), done)

    def _make_variations(self) -> None:
        recipe = self._need().recipe
        self._leave()
        self._vary(recipe)

    def _open_at_texture(self) -> None:
        """Open the picture where its texture is chosen; made again first, where its run is not here."""
        ours = self._need()

        def job(report: Report) -> tuple[Batch, int]:
            if ours.run is None:
                return self._session.again(ours.path, report)[0], 0
            batches = self._session.batches
            known = next((batch for batch in batches if batch.run.id == ours.run.id), ours.run.path)
            return self._session.open(known, report), ours.run.indices.index(ours.recipe.index)

        def done(made: tuple[Batch, int], seconds: float) -> str:
            self._leave()
            self._show(*made)
            return f"Opened in {duration(seconds)}: choose another texture"

        self._begin("open it for another texture", job, done)

    def _take_as_own(self) -> None:
        ours, self._ours = self._need(), None
        one = _Arriving("", ours.path.name, ours.path, 0)
        parts.show(self.widget, False)
        self._begin(f"open {one.name}", partial(self._bring, one), lambda made, _: self._brought(one, made))

    def _need(self) -> Ours:
        if self._ours is None:
            raise ValueError("the picture is not here any more: open it again")
        return self._ours

    def _leave(self) -> None:
        """Offer nothing, and keep no file."""
        ours, self._ours = self._ours, None
        parts.show(self.widget, False)
        if ours is not None:
            _remove(ours.path)


def _begun(asked: dict[str, Any], data: bytes, folder: Path) -> _Arriving:
    """A file of which this is the first piece, in a folder of its own; what is no picture is refused now."""
    name, size = str(asked.get("name", "")), asked.get("size")
    if type(size) is not int or size < 0:
        raise ValueError("the size of the file is not known: open it again")
    if size > MOST_BYTES:
        raise PictureError(
            f"{shown(name)} has {size:,} bytes, of at most {MOST_BYTES:,}: make it smaller first"
        )
    if not size:
        raise PictureError(f"{shown(name)}: expected a picture, found an empty file")
    if kinds.kind_of(data[: kinds.LONGEST_START]) is None and not data.startswith(b"%PDF-"):
        raise PictureError(f"{shown(name)} is not a picture that can be read: {kinds.UNKNOWN}")
    folder.mkdir(parents=True, exist_ok=True)
    check_room(folder, size)
    path = Path(tempfile.mkdtemp(prefix=PLACE, dir=folder)) / _file_name(name)
    one = _Arriving(
        str(asked.get("id")), PurePosixPath(name.replace("\\", "/")).name or path.name, path, size
    )
    try:
        one.file = one.stack.enter_context(writing(path))
    except BaseException:
        _remove(path)
        raise
    return one


def _file_name(name: str) -> str:
    """What a file is called here that is called so elsewhere: no folder, nothing that a disk cannot spell."""
    plain = PurePosixPath(name.replace("\\", "/"))
    ending = plain.suffix.lower()
    is_usual = len(ending) <= LONGEST_ENDING and ending[1:].isascii() and ending[1:].isalnum()
    return file_stem(plain.name) + (ending if is_usual else "")


def _decoded(piece: Any) -> bytes:
    try:
        return base64.b64decode(piece, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("a piece of the file is damaged: open it again") from None


def _about(ours: Ours) -> str:
    """What one of ours is, as HTML."""
    recipe, number = ours.recipe, ours.recipe.index
    which = "the sheet of all" if number is None else f"number {number + 1}"
    is_changed = " Its pixels were changed since." if ours.is_as_made is False else ""
    here = " Its run is here." if ours.run else ""
    return (
        f"is one of ours: “{parts.escape(recipe.prompt)}”, seed {recipe.generate.seed}, {which}."
        f"{is_changed}{here}"
    )


def _judged(verdict: Verdict | None) -> str:
    """Whether what was made again is the same."""
    if verdict is None or not verdict.steps:
        return ""
    if verdict.is_identical:
        return ": the same to the last bit"
    is_apart = any(step.verdict in (DIFFERENT, UNKNOWN) for step in verdict.steps)
    return ": not the same on this machine" if is_apart else ": the same within one level of 255"


def _remove(path: Path) -> None:
    """Remove a file that came, and its folder."""
    if path.parent.name.startswith(PLACE):
        shutil.rmtree(path.parent, ignore_errors=True)


def _tidy(folder: Path) -> None:
    """Remove what a studio that was killed has left."""
    with suppress(OSError):
        for left in folder.glob(f"{PLACE}*"):
            if left.is_dir() and not left.is_symlink() and time.time() - left.stat().st_mtime > DAY:
                shutil.rmtree(left, ignore_errors=True)
