"""The studio: five cards in one widget, from a prompt to a print, and what happens between them.

Knows the order of an artist's steps; the pictures are made by the session, the widgets are the cards'.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from bigart_lib.generate.prompts import about_words
from bigart_lib.pictures import images
from bigart_lib.progress import Progress, Report
from bigart_lib.runs.session import Batch, Session, Work, describe, first_candidate
from bigart_lib.settings import PaintSettings, new_seed
from bigart_lib.studio import parts
from bigart_lib.studio.enlarge_card import EnlargeCard
from bigart_lib.studio.jobs import Jobs, Listener, in_colab
from bigart_lib.studio.pick_card import STRIP_SIDE, PickCard, Tile
from bigart_lib.studio.progress_row import ProgressRow
from bigart_lib.studio.prompt_card import PromptCard
from bigart_lib.studio.result_card import ResultCard

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.results import Painting

HERE = Path(__file__).parent
SMALL, LARGE = 1024, 4096  # px a side of what the two enlarge cards make
MOST_TILES = 24


class Studio:
    """An artist's way from a prompt to a print; `widget` is what a notebook displays.

    Parameters
    ----------
    bigart : the loaded models.
    folder : where runs get their folders, and where those of earlier sessions are found.
    copy_to : a second folder that gets a copy of everything.
    """

    def __init__(
        self, bigart: BigArt, folder: Path | str = "bigart_pictures", copy_to: Path | str | None = None
    ) -> None:
        self.session = Session(bigart, folder, copy_to)
        self.batch: Batch | None = None
        self.picked: int | None = None
        self.jobs = Jobs(threading.RLock())
        self._row: ProgressRow | None = None  # where something was said last
        guard = self._guard
        about = functools.partial(about_words, read=bigart.read, models=bigart.model_set.name)
        self.prompt_card = PromptCard(bigart.model_set.sampling, self.create, self.cancel, guard, about)
        self.pick_card = PickCard(
            self.pick, self.toggle_favourite, self.more_like_this, self.seven_more, self._show_strip, guard
        )
        self.small_card = EnlargeCard(
            3, "Enlarge to 1K", "1K", self.make_small, self.cancel, guard, can_enhance=True
        )
        self.large_card = EnlargeCard(
            4, "Enlarge to 4K", "4K", self.make_large, self.cancel, guard, can_enhance=False
        )
        self.result_card = ResultCard(5, self.download if in_colab() else None, guard)
        self.continue_row = parts.row(classes=["bigart-found"])
        self.widget = parts.named(
            ipywidgets.VBox(
                [
                    parts.text(_page_code(), "bigart-hidden"),
                    parts.text(f"<h2>BIG.art</h2><p>{parts.escape(bigart.describe())}</p>", "bigart-title"),
                    self.continue_row,
                    self.prompt_card.widget,
                    self.pick_card.widget,
                    self.small_card.widget,
                    self.large_card.widget,
                    self.result_card.widget,
                ]
            ),
            "bigart-studio",
        )
        self._offer_to_continue()
        self._show_strip()
        self._let_work(True)

    def create(self) -> None:
        """Paint seven pictures of the prompt."""
        prompt, settings = self.prompt_card.prompt.value, self.prompt_card.settings()
        self._generate(lambda report: self.session.generate(prompt, settings, report))

    def seven_more(self) -> None:
        """Paint seven more of the batch's prompt, with a new seed."""
        batch = self._need_batch()
        settings = replace(batch.candidates.settings, seed=new_seed())
        self._generate(lambda report: self.session.generate(batch.candidates.prompt, settings, report))

    def more_like_this(self) -> None:
        """Paint seven variations of the picked one."""
        batch, index = self._need_batch(), self._need_picked()
        settings = replace(batch.candidates.settings, seed=new_seed())
        self._generate(lambda report: self.session.variations(batch, index, settings, report))

    def cancel(self) -> None:
        """Stop what is being made at its next step."""
        self.jobs.cancel()
        if self.jobs.busy:
            self._row.stopping()

    def pick(self, index: int) -> None:
        """Choose one of the batch."""
        batch = self._need_batch()
        self.picked = index
        work = self.session.work(batch, index)
        if work.settings() is not None:
            self.small_card.set_texture(work.settings().texture_1k)
            self.large_card.set_texture(work.settings().texture_4k)
            self.small_card.enhance.value = work.settings().enhance
        self._show_picked()
        for card, times in ((self.small_card, 4), (self.large_card, 16)):
            card.progress.say("")
            card.tell_duration(self._seconds(times))
        self._show_work(work)

    def toggle_favourite(self) -> None:
        """Make the picked one a favourite, or no longer."""
        self.session.toggle_favourite(self._need_batch(), self._need_picked())
        self._show_picked()
        self._show_strip()

    def make_small(self) -> None:
        """Make the picked one at 1K."""
        self._paint(SMALL, self.small_card)

    def make_large(self) -> None:
        """Make the picked one at 4K, from 1K as its card says."""
        self._paint(LARGE, self.large_card)

    def download(self) -> None:
        """Send the finished picture from Colab to the artist's machine."""
        from google.colab import files

        work = self.session.work(self._need_batch(), self._need_picked())
        files.download(str(work.files[str(LARGE)]))

    def open(self, path: Path) -> None:
        """Go on with a batch that an earlier session left on disk, and with what was picked there last."""
        batch = self.session.open(path)
        self._show_batch(batch)
        if batch.last_picked() is not None:
            self.pick(batch.last_picked())

    def _generate(self, job: Callable[[Report], Batch]) -> None:
        def done(batch: Batch, seconds: float) -> str:
            self._show_batch(batch)
            where = self._near_path(batch.folder.path)
            return f"{len(batch.candidates)} pictures in {parts.duration(seconds)}; they are in {where}"

        self._start(self.prompt_card.progress, job, done, self._show_guesses)

    def _paint(self, size: int, card: EnlargeCard) -> None:
        work = self.session.work(self._need_batch(), self._need_picked())
        settings = PaintSettings(
            size, self.small_card.texture(), self.large_card.texture(), self.small_card.enhance.value
        )

        def done(_: Painting, seconds: float) -> str:
            self._show_work(work)
            if size == SMALL and settings.enhance:
                self.small_card.show_enhanced()
            path = work.files[work.painting.recipe.stage]
            return f"Made in {parts.duration(seconds)}: {self._near_path(path)}"

        self._start(card.progress, lambda report: self.session.paint(work, settings, report), done)

    def _start(
        self,
        row: ProgressRow,
        job: Callable[[Report], Any],
        done: Callable[[Any, float], str],
        show: Callable[[Progress], None] | None = None,
    ) -> None:
        """Do long work; `done` is given its result and its seconds, and says what to tell the artist."""
        if self.jobs.busy:
            raise ValueError("something is being made already: wait for it, or cancel it")
        began = time.monotonic()
        self._row = row

        def progress(news: Progress) -> None:
            row.show(news)
            if show is not None:
                show(news)

        def end(words: str, error: bool = False) -> None:
            self._let_work(True)
            row.say(words, error)

        def finish(result: Any) -> None:
            self._let_work(True)
            words = done(result, time.monotonic() - began)
            problem = self.session.copy_problem
            row.say(f"{words} ({problem})" if problem else words)

        def cancelled() -> None:
            self._show_again()
            end("Cancelled. What was finished before is kept.")

        def failed(error: BaseException) -> None:
            self._show_again()
            end(_in_words(error), error=True)

        self._let_work(False)
        row.begin("Getting ready…")
        listener = Listener(*(self._guard(heard) for heard in (progress, finish, failed, cancelled)))
        self.jobs.start(job, listener)

    def _let_work(self, allowed: bool) -> None:
        """Enable or disable what would begin other work."""
        count = len(self.batch.candidates) if self.batch else 0
        for index, thumbnail in enumerate(self.pick_card.thumbnails):
            thumbnail.disabled = not allowed or index >= count
        picks = (self.pick_card.favourite, self.pick_card.more_like_this)
        for button in (*picks, self.small_card.make, self.large_card.make):
            button.disabled = not allowed or self.picked is None
        for button in (self.prompt_card.create, *self.pick_card.tiles):
            button.disabled = not allowed
        self.pick_card.seven_more.disabled = not allowed or self.batch is None

    def _show_guesses(self, progress: Progress) -> None:
        if progress.step == 0 and progress.stage == "base":
            self.batch, self.picked = None, None
            self.pick_card.clear(" ".join(self.prompt_card.prompt.value.split()))
            self._close_cards()
        if progress.preview is not None:
            self.pick_card.show([images.to_image(one) for one in progress.preview.split(1)])

    def _show_again(self) -> None:
        """Show the latest batch again, after one that was not finished."""
        if self.batch is None and self.session.batches:
            self._show_batch(self.session.batches[-1])
        elif self.batch is None:
            self.pick_card.clear("")

    def _show_batch(self, batch: Batch) -> None:
        self.batch, self.picked = batch, None
        candidates = batch.candidates
        self.prompt_card.take_over(candidates.prompt, candidates.settings)
        self.pick_card.show([candidate.image for candidate in candidates])
        self.pick_card.name(candidates.prompt, candidates.settings.seed)
        self._close_cards()
        self._show_picked()
        self._show_strip()
        parts.show(self.continue_row, False)

    def _show_picked(self) -> None:
        batch = self._need_batch()
        words = f"Number {self.picked + 1}" if self.picked is not None else ""
        self.pick_card.select(self.picked, self.picked in batch.favourites, words)
        self.pick_card.mark_favourites(batch.favourites)
        self._let_work(True)

    def _show_work(self, work: Work) -> None:
        """Show what became of the picked one so far."""
        pictures, settings = work.painting.stages, work.settings()
        candidate = work.candidate.image
        textured = pictures.get(f"{SMALL}_textured", pictures.get(str(SMALL)))
        enhanced = pictures.get(f"{SMALL}_enhanced") if settings and settings.enhance else None
        comparison = (textured, enhanced) if textured and enhanced else None
        self.small_card.open(enhanced or textured or candidate, SMALL, work.preview(SMALL), comparison)
        finished = pictures.get(str(LARGE))
        if textured is None:
            self.large_card.close("Make 1K first.")
        else:
            preview = work.preview(LARGE) if finished else None
            self.large_card.open(finished or enhanced or textured, LARGE, preview)
        if finished:
            files = [work.files[stage] for stage in pictures if stage in work.files]
            self.result_card.show(candidate, finished, files)
        else:
            self.result_card.close()

    def _close_cards(self) -> None:
        self.small_card.close("Pick a picture first.")
        self.large_card.close("Make 1K first.")
        self.result_card.close()

    def _show_strip(self) -> None:
        batches = list(reversed(self.session.batches))
        if self.pick_card.strip_of.value == "Batches":
            tiles = [self._tile(batch, None) for batch in batches]
            tiles += [self._tile_on_disk(folder) for folder in self.session.earlier()]
        else:
            tiles = [self._tile(batch, index) for batch in batches for index in sorted(batch.favourites)]
        self.pick_card.show_strip(tiles[:MOST_TILES])

    def _tile(self, batch: Batch, index: int | None) -> Tile:
        shown = index if index is not None else min(batch.favourites, default=0)

        def open_batch() -> None:
            self._show_batch(batch)
            if index is not None:
                self.pick(index)

        chosen = batch is self.batch and index in (None, self.picked)
        number = "" if index is None else f", number {index + 1}"
        words = f"{batch.candidates.prompt}, seed {batch.candidates.settings.seed}{number}"
        return Tile(batch.candidates[shown].image.resize((STRIP_SIDE, STRIP_SIDE)), words, chosen, open_batch)

    def _tile_on_disk(self, folder: Path) -> Tile:
        return Tile(first_candidate(folder), f"earlier: {folder.name}", False, lambda: self.open(folder))

    def _offer_to_continue(self) -> None:
        earlier = self.session.earlier(1)
        parts.show(self.continue_row, bool(earlier))
        if not earlier:
            return
        words = f"Your last pictures are still here: <b>{parts.escape(describe(earlier[0]))}</b>"
        self.continue_row.children = [
            parts.text(words),
            parts.button("Continue", self._guard(lambda: self.open(earlier[0])), "bigart-primary"),
            parts.button("Not now", self._guard(lambda: parts.show(self.continue_row, False))),
        ]

    def _near_path(self, path: Path) -> Path:
        """A path short enough for a line: from the folder of all pictures on."""
        return path.relative_to(self.session.folder.parent)

    def _need_batch(self) -> Batch:
        if self.batch is None:
            raise ValueError("there are no pictures yet: create seven first")
        return self.batch

    def _need_picked(self) -> int:
        if self.picked is None:
            raise ValueError("nothing is picked yet: click one of the pictures first")
        return self.picked

    @functools.cache  # noqa: B019 -- a studio lives as long as its notebook
    def _seconds(self, times: int) -> float:
        return self.session.bigart.seconds_to_enlarge(256, 256, times)

    def _guard(self, function: Callable) -> Callable:
        """Let nothing fail in silence: a widget's callback has nobody else who would show its error."""

        @functools.wraps(function)
        def guarded(*arguments: Any) -> None:
            with self.jobs.lock:
                try:
                    function(*arguments)
                except Exception as error:
                    (self._row or self.prompt_card.progress).say(_in_words(error), error=True)

        return guarded


def _in_words(error: BaseException) -> str:
    words = " ".join(str(error).split())
    if isinstance(error, (ValueError, OSError)):  # what the library says to people
        return words or type(error).__name__
    logging.getLogger(__name__).error("in the studio", exc_info=error)
    return f"Something went wrong that should not have ({type(error).__name__}: {words})"


def _page_code() -> str:
    """The style sheet, and the script for keys and clicks, which starts when its tiny picture is loaded."""
    style = (HERE / "studio.css").read_text(encoding="utf-8")
    script = (HERE / "studio.js").read_text(encoding="utf-8")
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    return f'<style>{style}</style><img alt="" src="{pixel}" onload="{parts.escape(script)}">'
