"""The studio: cards in one widget, from a prompt to a print, and what happens between them.

Knows the order of an artist's steps; the pictures are made by the session, the widgets are the cards'.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets

from bigart_lib.machine import on_colab
from bigart_lib.pictures import images
from bigart_lib.progress import Progress, duration
from bigart_lib.runs.session import Batch, Session
from bigart_lib.settings import GenerateSettings, PaintSettings
from bigart_lib.shapes import ratio
from bigart_lib.studio import parts
from bigart_lib.studio.enlarge_card import EnlargeCard
from bigart_lib.studio.generator_row import GeneratorRow
from bigart_lib.studio.history import History
from bigart_lib.studio.pick_card import PickCard
from bigart_lib.studio.prompt_card import PromptCard
from bigart_lib.studio.rescue import Rescue
from bigart_lib.studio.result_card import ResultCard
from bigart_lib.studio.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bigart_lib.bigart import BigArt
    from bigart_lib.generate.generator import Generator
    from bigart_lib.plan import Step
    from bigart_lib.runs.work import Work

HERE = Path(__file__).parent


class Studio:
    """An artist's way from a prompt to a print; `widget` is what a notebook displays.

    Parameters
    ----------
    bigart : the loaded models.
    folder : where runs get their folders, and where those of earlier sessions are found.
    copy_to : a second folder that gets a copy of everything.
    generator : that is loaded first, as `loading.load` takes it; None keeps that of `bigart`.
    """

    def __init__(
        self,
        bigart: BigArt,
        folder: Path | str = "bigart_pictures",
        copy_to: Path | str | None = None,
        generator: str | None = None,
    ) -> None:
        self.session = Session(bigart, folder, copy_to)
        self.session.measure()
        self.batch: Batch | None = None
        self.picked: int | None = None
        self.tasks = Tasks(self._let_work, self._show_again)
        guard, cancel = self.tasks.guard, self.tasks.cancel
        self.generators = GeneratorRow(self.use_generator, guard)
        self.prompt_card = PromptCard(bigart, self.create, cancel, guard, self.generators.widget)
        self.tasks.row = self.prompt_card.progress
        self.pick_card = PickCard(self.pick, self.toggle_favourite, self.more_like_this, self.more, guard)
        self.history = History(self.session, self.pick_card, self.open, self.open, guard)
        self.rescue = Rescue(self.session, lambda words: self.tasks.row.say(words), guard)
        title = f"<h2>BIG.art</h2><p>{parts.escape(bigart.describe())}</p>"
        self._top = [parts.text(_page_code(), "bigart-hidden"), parts.text(title, "bigart-title")]
        self._top += [self.rescue.widget, self.history.widget, self.prompt_card.widget, self.pick_card.widget]
        self.widget = parts.named(ipywidgets.VBox(), "bigart-studio")
        self._shown: BigArt | None = None  # the models that the cards are for
        self._adapt()
        self.prompt_card.choices["count"].observe(guard(lambda _: self._offer_more()), names="value")
        self._offer_more()
        self._show_again()
        if generator is not None:
            self.use_generator(generator)

    def _adapt(self) -> None:
        """Have cards for the models that the session has, where those before were for others."""
        bigart, guard = self.session.bigart, self.tasks.guard
        if self._shown is not bigart:
            self._shown, self.batch, self.picked = bigart, None, None
            self.prompt_card.adapt(bigart)
            before, sides = self.widget.children[len(self._top) :], self.session.sides()
            self.enlarge_cards = [
                EnlargeCard(
                    number, side, number == 3, self.make, self.tasks.cancel, self._tell_what_is_left, guard
                )
                for number, side in enumerate(dict.fromkeys((sides[0], sides[-1])), start=3)
            ]
            number, download = 3 + len(self.enlarge_cards), _download if on_colab() else None
            self.result_card = ResultCard(number, download, guard)
            cards = (*self.enlarge_cards, self.result_card)
            self.widget.children = [*self._top, *(card.widget for card in cards)]
            parts.close(*before)
            self.generators.show(bigart.generator)

    def close(self, words: str) -> None:
        """Free the memory, break off what is being made, and leave nothing on the page but these words."""
        cards = self.widget.children
        self.widget.children = [parts.text(parts.escape(words), "bigart-note")]
        try:
            self.tasks.close()
        finally:  # the artist may interrupt the wait for the step that is being made
            parts.close(*cards)

    def use_generator(self, generator: Generator | str | None) -> None:
        """Load another generator, as `loading.load` takes it, in place of the one before; None is GLIDE."""

        def done(_: None, seconds: float) -> str:
            self._show_again()
            return f"Loaded in {duration(seconds)}: ready to paint."

        self.tasks.start(self.prompt_card.progress, partial(self.session.use_generator, generator), done)

    def create(self) -> None:
        """Paint candidates of the prompt."""
        self._generate(self.prompt_card.prompt.value, self.prompt_card.settings(), self.session.generate)

    def more(self) -> None:
        """Paint more of the batch's prompt, with a new seed, and with the settings that the page shows."""
        candidates = self._need_batch().candidates
        settings = self.prompt_card.like(candidates.settings)
        self._generate(candidates.prompt, settings, self.session.generate)

    def more_like_this(self) -> None:
        """Paint variations of the picked one, with the settings that the page shows."""
        batch, index = self._need_picked()
        settings = self.prompt_card.like(batch.candidates.settings)
        self._generate(
            batch.candidates.prompt, settings, lambda _, *more: self.session.variations(batch, index, *more)
        )

    def pick(self, index: int) -> None:
        """Choose one of the batch."""
        batch = self._need_batch()
        self.picked = None  # so that moving the sliders tells nothing yet
        settings = self.session.work(batch, index).settings()
        if settings is not None:
            self.enlarge_cards[0].set_texture(settings.texture_1k)
            self.enlarge_cards[-1].set_texture(settings.texture_4k)
            self.enlarge_cards[0].enhance.value = settings.enhance
        self.picked = index
        for card in self.enlarge_cards:
            card.progress.say("")
        self._show_work()
        self._show_picked()

    def toggle_favourite(self) -> None:
        """Make the picked one a favourite, or no longer."""
        self.session.toggle_favourite(*self._need_picked())
        self._show_picked()
        self.history.mark(self.batch, self.picked)

    def make(self, card: EnlargeCard) -> None:
        """Make the picked one as large as a card says, and all that comes before."""
        (batch, index), settings = self._need_picked(), self._wanted(card)

        def done(work: Work, seconds: float) -> str:
            self._show_work()
            if settings.enhance and card is self.enlarge_cards[0]:
                card.show_enhanced()
            return f"Made in {duration(seconds)}: {self._where(work.last)}"

        self.tasks.start(card.progress, partial(self.session.paint, batch, index, settings), done)

    def open(self, wanted: Path | Batch, pick: int | None = None) -> None:
        """Go on with a batch, with the generator that painted it; pick one, or what was picked there last.

        Parameters
        ----------
        wanted : the batch, or its folder where it is on disk alone.
        """

        def done(batch: Batch, seconds: float) -> str:
            self._show_batch(batch, batch.last_picked() if pick is None else pick)
            return f"Opened {self._where(batch.run.path)}"

        if isinstance(wanted, Batch) and self.session.suits(wanted.run):
            self._show_batch(wanted, pick)
        else:
            self.tasks.start(self.prompt_card.progress, partial(self.session.open, wanted), done)

    def _generate(self, prompt: str, settings: GenerateSettings, paint: Callable[..., Batch]) -> None:
        def show(progress: Progress) -> None:
            nonlocal begun
            if not begun:  # what fails before leaves the page as it was
                self.batch, self.picked, begun = None, None, True
                self._show_places(" ".join(prompt.split()), settings.count, ratio(settings.shape))
            if progress.preview is not None:
                self.pick_card.show([images.to_image(one) for one in progress.preview.split(1)])

        def done(batch: Batch, seconds: float) -> str:
            self._show_batch(batch)
            made, where = len(batch.candidates), self._where(batch.run.path)
            return f"{made} pictures in {duration(seconds)}; they are in {where}"

        begun = False
        self.tasks.start(self.prompt_card.progress, partial(paint, prompt, settings), done, show)

    def _offer_more(self) -> None:
        self.pick_card.more.description = f"{self.prompt_card.choices['count'].value} more"

    def _wanted(self, card: EnlargeCard) -> PaintSettings:
        """What the cards ask for, up to one of them."""
        first, last = self.enlarge_cards[0], self.enlarge_cards[-1]
        return PaintSettings(card.side, first.texture(), last.texture(), first.enhance.value)

    def _let_work(self, allowed: bool) -> None:
        """Enable or disable what would begin other work."""
        self._adapt()
        picks, prompts = self.pick_card, self.prompt_card
        makes = [card.make for card in self.enlarge_cards]
        for buttons, is_possible in (
            ([prompts.create, *picks.tiles], True),
            ([picks.more, *picks.thumbnails], self.batch is not None),
            ([picks.favourite, picks.alike, *makes], self.picked is not None),
        ):
            for button in buttons:
                button.disabled = not (allowed and is_possible)
        self.generators.let_choose(allowed)
        self.rescue.show()
        self._tell_what_is_left(allowed)

    def _tell_what_is_left(self, may_begin: bool = True) -> None:
        if self.picked is None or not may_begin or self.tasks.jobs.busy:
            return
        for card in self.enlarge_cards:
            card.tell(self.session.forecast(self.batch, self.picked, self._wanted(card)))

    def _show_places(self, prompt: str, count: int, shape: float = 1.0) -> None:
        """Show empty places for candidates."""
        self.pick_card.clear(prompt, count, shape)
        self._close_cards()
        self._let_work(not self.tasks.jobs.busy)

    def _show_again(self) -> None:
        """Show the latest batch of this generator again, after one that was not finished."""
        self._adapt()
        self.generators.show(self.session.bigart.generator)  # whatever was chosen and could not be had
        fitting = [batch for batch in self.session.batches if self.session.suits(batch.run)]
        if self.batch is None and fitting:
            self._show_batch(fitting[-1])
        elif self.batch is None:
            self._show_places("", self.prompt_card.choices["count"].value)
            self.history.show(self.batch, self.picked)

    def _show_batch(self, batch: Batch, pick: int | None = None) -> None:
        self.batch, self.picked = batch, None
        candidates = batch.candidates
        self.prompt_card.take_over(candidates.prompt, candidates.settings)
        pictures = [candidate.image for candidate in candidates]
        self.pick_card.show_batch(candidates.prompt, candidates.settings.seed, pictures)
        self._close_cards()
        self._show_picked()
        parts.show(self.history.widget, False)
        if pick is not None:
            self.pick(pick)
        self.history.show(self.batch, self.picked)

    def _show_picked(self) -> None:
        favourites = self._need_batch().favourites
        words = f"Number {self.picked + 1}" if self.picked is not None else ""
        self.pick_card.select(self.picked, self.picked in favourites, words)
        self.pick_card.mark_favourites(favourites)
        self._let_work(True)

    def _show_work(self) -> None:
        """Show what became of the picked one so far, by the plan that was begun last."""
        batch, index = self._need_picked()
        work, candidate = self.session.work(batch, index), batch.candidates[index].image
        painted, begun, missing = len(self.session.steps(batch, index, None)), work.settings(), ""
        for card in self.enlarge_cards:
            settings = replace(begun, size=card.side, fit=None) if begun else self._wanted(card)
            steps = self.session.steps(batch, index, settings)
            made = [step for step in steps[painted:] if step.is_shown and work.file(step)]
            if missing:
                card.close(f"Make {missing} first.")
            else:
                shown = work.image(made[-1]) if made else candidate
                preview = self.session.preview(batch, index, settings, card.side)
                enhanced = _enhanced(work, steps) if card is self.enlarge_cards[0] else None
                card.open(shown, steps[-1].size, preview, enhanced)
            if steps[-1] not in made:
                missing = missing or card.name
        if not missing:
            everything = self.session.steps(batch, index, begun or settings)
            files = [work.file(step) for step in everything if step.is_shown]
            self.result_card.show(candidate, shown, work.file(steps[-1]), [*filter(None, files)])
        else:
            self.result_card.close(f"Make {card.name} first.")
        self._tell_what_is_left()

    def _close_cards(self) -> None:
        words = "Pick a picture first."
        for card in self.enlarge_cards:
            card.close(words)
            words = f"Make {card.name} first."
        self.result_card.close(words)

    def _where(self, path: Path) -> str:
        """A path short enough for a line, from the folder of all pictures on; and why it has no copy."""
        home, problem = self.session.folder.parent, self.session.copy_problem
        near = path.relative_to(home) if path.is_relative_to(home) else path
        return f"{near} ({problem})" if problem else f"{near}"

    def _need_batch(self) -> Batch:
        if self.batch is None:
            raise ValueError("there are no pictures yet: create some first")
        return self.batch

    def _need_picked(self) -> tuple[Batch, int]:
        if self.picked is None:
            raise ValueError("nothing is picked yet: click one of the pictures first")
        return self._need_batch(), self.picked


def _enhanced(work: Work, steps: Sequence[Step]) -> tuple[Image.Image, Image.Image] | None:
    """The pictures before and after VQGAN, where both are made."""
    for before, step in zip(steps, steps[1:], strict=False):
        if step.action == "enhance" and work.file(before) and work.file(step):
            return work.image(before), work.image(step)
    return None


def _download(path: Path) -> None:
    """Send a picture from Colab to the artist's machine."""
    from google.colab import files

    files.download(str(path))


def _page_code() -> str:
    """The style sheet, and the script for keys and clicks, which starts when its tiny picture is loaded."""
    style = (HERE / "studio.css").read_text(encoding="utf-8")
    script = (HERE / "studio.js").read_text(encoding="utf-8")
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    return f'<style>{style}</style><img alt="" src="{pixel}" onload="{html.escape(script)}">'
