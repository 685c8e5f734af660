"""The studio: cards in one widget, from a prompt to a print, and what happens between them.

Knows the order of an artist's steps; the pictures are made by the session, the widgets are the cards'.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets

from bigart_lib.pictures import images
from bigart_lib.progress import Progress, duration
from bigart_lib.runs.session import Batch, Session
from bigart_lib.settings import GenerateSettings
from bigart_lib.shapes import ratio
from bigart_lib.studio import parts
from bigart_lib.studio.door import Door
from bigart_lib.studio.download import Download
from bigart_lib.studio.enlarge_card import EnlargeCard
from bigart_lib.studio.fields import Fields
from bigart_lib.studio.gallery_panel import GalleryPanel
from bigart_lib.studio.generator_row import GeneratorRow
from bigart_lib.studio.notes import Notes
from bigart_lib.studio.page_code import page_code
from bigart_lib.studio.pick_card import PickCard
from bigart_lib.studio.presets import Presets
from bigart_lib.studio.prompt_card import PromptCard
from bigart_lib.studio.rescue import Rescue
from bigart_lib.studio.tasks import Tasks
from bigart_lib.studio.viewer import Look, Viewer
from bigart_lib.studio.wire import Wire
from bigart_lib.studio.work_panel import WorkPanel

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.generate.generator import Generator
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.runs.work import Work

DOORS = {"gallery": "Pictures", "door": "Open a picture", "help": "Keys"}  # that scripts of the page open
DOOR = "<button type='button' class='jupyter-button bigart-button bigart-nav' data-opens='{}'>{}</button>"
NAVIGATION = f"<nav aria-label='Studio'>{''.join(DOOR.format(*one) for one in DOORS.items())}</nav>"
NO_PROMPT = "Type what to paint first, or take an example."


class Studio:
    """An artist's way from a prompt to a print; `widget` is what a notebook displays.

    Parameters
    ----------
    bigart : the loaded models.
    folder : where runs get their folders, and where those of earlier sessions are found.
    copy_to : a second folder that gets a copy of everything.
    generator : that is loaded first, as `loading.load` takes it; None keeps that of `bigart`.
    notes : what was, and will be, announced of the models.
    """

    def __init__(
        self,
        bigart: BigArt,
        folder: Path | str = "bigart_pictures",
        copy_to: Path | str | None = None,
        generator: str | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.notes = notes or Notes()
        self.session = Session(bigart, folder, copy_to)
        self.batch: Batch | None = None
        self.picked: int | None = None
        self.last_picked: int | None = None  # before that, of the same batch
        self._left: tuple[Batch | None, int | None] = None, None  # before a batch was begun
        self.tasks = Tasks(self._let_work, self._show_again)
        guard = self.tasks.guard
        self.wire = Wire(guard)
        self.generators = GeneratorRow(self.use_generator, guard)
        self.prompt_card = PromptCard(bigart, self.create, guard, self.generators.widget)
        self.wire.act("create", self._create_from)
        self.pick_card = PickCard(self.pick, self.toggle_favourite, self.more_like_this, self.more, guard)
        self.rescue = Rescue(self.session, lambda words: self.tasks.row.say(words), guard)
        files, begin = Download(self.wire), self.tasks.begin
        self.work_panel = WorkPanel(self.session, begin, self.make, files, guard)
        self.viewer = Viewer(self.wire, lambda: Look(self.session, self.batch, self.picked, self.last_picked))
        self.gallery = GalleryPanel(self.session, self.wire, self.open, guard, files, self._altered)
        fields = Fields(self.generators, self.prompt_card, self.work_panel, self.use_generator)
        self.door = Door(self.session, self.wire, begin, fields.fill, self._show_opened, self._vary, guard)
        self.presets = Presets(self.session.folder, fields.take, fields.give, guard)
        self.prompt_card.presets.children = [self.presets.widget]
        self.widget = self._laid_out()
        self._shown: BigArt | None = None  # the models that the cards are for
        self._adapt()
        self.prompt_card.choices["count"].observe(guard(lambda _: self._offer_more()), names="value")
        self._offer_more()
        self._show_again()
        if generator is not None:
            self.use_generator(generator)

    def _laid_out(self) -> ipywidgets.VBox:
        """The page: what stays in view above, then what to paint beside what became of it."""
        title, doors = parts.text("<h2>BIG.art</h2>", "bigart-title"), parts.text(NAVIGATION, "bigart-doors")
        header = parts.row(title, self.tasks.row.widget, doors, classes=["bigart-header"])
        status = parts.column(header, self.tasks.queue.widget, classes=["bigart-sticky"])
        cards = (self.prompt_card.widget, self.pick_card.widget, self.gallery.strip)
        left = parts.column(*cards, classes=["bigart-left"])
        right = parts.column(self.work_panel.widget, classes=["bigart-right"])
        columns = parts.row(left, right, classes=["bigart-columns"])
        hidden = parts.text(page_code(), "bigart-hidden")
        above = (self.notes.widget, self.rescue.widget, self.gallery.found, self.door.widget)
        return parts.named(
            ipywidgets.VBox([self.wire.widget, hidden, status, *above, columns]), "bigart-studio"
        )

    def _adapt(self) -> None:
        """Have cards for the models that the session has, where those before were for others."""
        bigart = self.session.bigart
        if self._shown is not bigart:
            self._shown, self.batch, self.picked, self.last_picked = bigart, None, None, None
            self.prompt_card.adapt(bigart)
            self.work_panel.adapt()
            self.generators.show(bigart.generator)

    def close(self, words: str) -> None:
        """Free the memory, break off what is being made, and leave nothing on the page but these words."""
        cards = self.widget.children
        self.widget.children = [parts.text(parts.escape(words), "bigart-note")]
        try:
            self.tasks.close()
        finally:  # the artist may interrupt the wait for the step that is being made
            parts.close(*cards)

    def use_generator(
        self, generator: Generator | str | None, then: Callable[[], None] = lambda: None
    ) -> None:
        """Load another generator, as `loading.load` takes it, in place of the one before; None is GLIDE."""

        def done(_: None, seconds: float) -> str:
            self._show_again()
            then()
            return f"Loaded in {duration(seconds)}: ready to paint."

        self.tasks.start(partial(self.session.use_generator, generator), done)

    def create(self, prompt: str | None = None) -> None:
        """Paint candidates of a prompt, by default the field's, once what is being made is done."""
        prompt = self.prompt_card.prompt.value if prompt is None else prompt
        if not prompt.strip():
            self.prompt_card.complain(NO_PROMPT)
            return
        self._generate(prompt, self.prompt_card.settings(), self.session.generate)

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
        if self.picked not in (None, index):
            self.last_picked = self.picked
        self.picked = index
        self.work_panel.take_over(self.session.work(batch, index).settings())
        self._show_picked()  # before the work, which foresees what is left to do
        self.work_panel.turn_to(self.work_panel.show(batch, index))

    def toggle_favourite(self) -> None:
        """Make the picked one a favourite, or no longer."""
        self.session.toggle_favourite(*self._need_picked())
        self._show_picked()

    def make(self, card: EnlargeCard) -> None:
        """Make the picked one as large as a card says, and all that comes before."""
        (batch, index), settings = self._need_picked(), self.work_panel.wanted(card)

        def done(work: Work, seconds: float) -> str:
            if self.batch is batch and self.picked == index:  # which the artist may have left meanwhile
                self.work_panel.show(batch, index)
                if settings.enhance and card is self.work_panel.enlarge_cards[0]:
                    card.show_enhanced()
                self.viewer.prepare()
            self.gallery.changed()
            return f"Made in {duration(seconds)}: {self._where(work.last)}"

        self.tasks.start(partial(self.session.paint, batch, index, settings), done)

    def open(self, wanted: Path | Batch, pick: int | None = None) -> None:
        """Go on with a batch, with the generator that painted it; pick one, or what was picked there last.

        Parameters
        ----------
        wanted : the batch, or its folder where it is on disk alone.
        """

        def done(batch: Batch, seconds: float) -> str:
            self._show_opened(batch, pick)
            return f"Opened {self._where(batch.run.path)}"

        if isinstance(wanted, Batch) and self.session.suits(wanted.run):
            self._show_opened(wanted, pick)
        else:
            path = wanted.run.path if isinstance(wanted, Batch) else wanted
            self.tasks.begin(f"open {path.name}", partial(self.session.open, wanted), done)

    def _show_opened(self, batch: Batch, pick: int | None = None) -> None:
        """Show a batch with all that it was painted with; pick one, or what was picked there last."""
        self._adapt()
        if not batch.is_brought:
            self.prompt_card.take_over(batch.candidates.prompt, batch.candidates.settings)
        self._show_batch(batch, batch.last_picked() if pick is None else pick)

    def _altered(self, batch: Batch) -> None:
        """A batch has another name or favourite, or was thrown away."""
        if batch is not self.batch:
            return
        if batch in self.session.batches:
            self._show_picked()
        else:
            self.batch, self.picked, self.last_picked = None, None, None
            self._show_places("", self.prompt_card.choices["count"].value)

    def _vary(self, recipe: Recipe) -> None:
        """Paint variations of the picture of a recipe, with the settings that the page shows."""
        vary = lambda _, *more: self.session.vary(recipe, *more)  # noqa: E731
        self._generate(recipe.prompt, self.prompt_card.like(recipe.generate), vary)

    def _create_from(self, said: dict) -> None:
        """Create from what the page's field had; the field is left alone, as more may be typed already."""
        self.create(str(said["prompt"]))

    def _generate(self, prompt: str, settings: GenerateSettings, paint: Callable[..., Batch]) -> None:
        """Paint now, or after what is being made."""
        self.session.bigart.recipe(prompt, settings)  # what is wrong with it is said now
        self._paint(prompt, settings, partial(paint, prompt, settings))

    def _paint(self, prompt: str, settings: GenerateSettings, job: Callable[..., Batch]) -> None:
        def show(progress: Progress) -> None:
            nonlocal begun
            if not begun:  # what fails before leaves the page as it was
                self.prompt_card.fold()
                self._left = self.batch, self.picked
                self.batch, self.picked, begun = None, None, True
                self._show_places(words, settings.count, ratio(settings.shape))
            if progress.preview is not None:
                self.pick_card.show([images.to_image(one) for one in progress.preview.split(1)])

        def done(batch: Batch, seconds: float) -> str:
            self.prompt_card.painted(batch.candidates.settings)
            self._show_batch(batch)
            made, where = len(batch.candidates), self._where(batch.run.path)
            return f"{made} pictures in {duration(seconds)}; they are in {where}"

        begun, words = False, " ".join(prompt.split())
        self.tasks.begin(f"{settings.count} of “{words}”", job, done, show)

    def _offer_more(self) -> None:
        self.pick_card.more.description = f"{self.prompt_card.choices['count'].value} more"

    def _let_work(self, allowed: bool) -> None:
        """Enable or disable what would begin other work; what can wait, and what looks, stays enabled."""
        self._adapt()
        picks, is_painted = self.pick_card, self.batch is not None and not self.batch.is_brought
        for buttons, is_possible in (
            (picks.thumbnails, self.batch is not None),
            ([picks.more], is_painted),
            ([picks.favourite], self.picked is not None),
            ([picks.alike], is_painted and self.picked is not None),
        ):
            for button in buttons:
                button.disabled = not is_possible
        self.prompt_card.let_wait(not allowed)
        self.generators.let_choose(allowed)
        self.rescue.show()
        self.work_panel.let_make(allowed)

    def _show_places(self, prompt: str, count: int, shape: float = 1.0) -> None:
        """Show empty places for candidates."""
        self.pick_card.clear(prompt, count, shape)
        self.pick_card.mark_favourites(set())
        self.work_panel.adapt()
        self.work_panel.close()
        self._let_work(not self.tasks.jobs.busy)

    def _show_again(self) -> None:
        """Show the latest batch of this generator again, after one that was not finished."""
        self._adapt()
        self.generators.show(self.session.bigart.generator)  # whatever was chosen and could not be had
        fitting = [batch for batch in self.session.batches if self.session.suits(batch.run)]
        if self.batch is None and fitting:
            batch, pick = self._left if self._left[0] in fitting else (fitting[-1], None)
            self._show_batch(batch, pick)
        elif self.batch is None:
            self._show_places("", self.prompt_card.choices["count"].value)

    def _show_batch(self, batch: Batch, pick: int | None = None) -> None:
        is_new, candidates = self.batch is not batch, batch.candidates
        self.batch, self.picked = batch, None
        self.last_picked = None if is_new else self.last_picked
        pictures = [candidate.image for candidate in candidates]
        self.pick_card.show_batch(candidates.prompt, candidates.settings.seed, pictures)
        self.work_panel.adapt(batch)
        self.work_panel.close()
        self._show_picked()
        parts.show(self.gallery.found, False)
        self.gallery.changed()
        if pick is not None:
            self.pick(pick)

    def _show_picked(self) -> None:
        favourites = self._need_batch().favourites
        is_brought = self.batch.is_brought
        words = "" if self.picked is None else "Your picture" if is_brought else f"Number {self.picked + 1}"
        self.pick_card.select(self.picked, self.picked in favourites, words)
        self.pick_card.mark_favourites(favourites)
        self._let_work(not self.tasks.jobs.busy)

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
