"""The way of the picked picture to its print: a card for each step, one of which is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.runs.brought import side_name
from bigart_lib.settings import BROUGHT, PaintSettings
from bigart_lib.studio import parts
from bigart_lib.studio.download import Download
from bigart_lib.studio.enlarge_card import EnlargeCard, size_name
from bigart_lib.studio.print_card import Printable, PrintCard

if TYPE_CHECKING:
    from PIL import Image

    from bigart_lib.plan import Step
    from bigart_lib.progress import Report
    from bigart_lib.runs.session import Batch, Session
    from bigart_lib.runs.work import Work

PRINT = "Print"
TAKEN = ("texture_1k", "texture_4k", "enhance")  # settings that the cards have
NOTHING_PICKED = "Pick a picture first."


class WorkPanel:
    """Shows what became of the picked one, and what can become of it.

    Parameters
    ----------
    session : makes the pictures.
    begin : begins long work, now or after other; see `Tasks.begin`.
    make : called with the card whose button was clicked.
    download : offers files to the page.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self,
        session: Session,
        begin: Callable[[str, Callable, Callable], None],
        make: Callable[[EnlargeCard], None],
        download: Download,
        guard: parts.Guard,
    ) -> None:
        self._session, self._begin, self._make, self._guard = session, begin, make, guard
        self._picked: tuple[Batch, int] | None = None
        self._sizes: list[tuple[int, str]] = []  # that cards are for
        self.is_busy = False  # whether something is made now, so that no forecast holds
        self.tabs = parts.row(classes=["bigart-tabs"])
        self.widget = parts.column(self.tabs, classes=["bigart-work"])
        self.enlarge_cards: list[EnlargeCard] = []
        self.print_card = PrintCard(5, guard, self._print, download, session)

    def adapt(self, batch: Batch | None = None) -> None:
        """Have the cards that a batch needs, or that the models do, in place of those before."""
        sides = self._session.sides(batch)
        is_brought = batch is not None and batch.is_brought
        ends = dict.fromkeys((sides[0], sides[-1])) if sides else {}
        sizes = [(side, side_name(side) if is_brought else size_name(side)) for side in ends]
        if sizes == self._sizes and self.tabs.children:
            return
        self._sizes, guard = sizes, self._guard
        before = (*self.tabs.children, *self.widget.children[1:-1])
        self.enlarge_cards = [
            EnlargeCard(number, side, name, number == 3, self._make, self.tell, guard)
            for number, (side, name) in enumerate(sizes, start=3)
        ]
        names = [*(card.name for card in self.enlarge_cards), PRINT]
        turns = [guard(partial(self.turn_to, place)) for place in range(len(names))]
        self.tabs.children = [
            parts.button(name, turn, "bigart-tab", tooltip=f"show {name}")
            for name, turn in zip(names, turns, strict=True)
        ]
        cards = (*self.enlarge_cards, self.print_card)
        self.widget.children = [self.tabs, *(card.widget for card in cards)]
        parts.close(*before)
        if is_brought:
            self.take_over(BROUGHT)
        self.close()

    def turn_to(self, place: int) -> None:
        """Show one step."""
        for number, (tab, card) in enumerate(zip(self.tabs.children, self.widget.children[1:], strict=True)):
            parts.mark(tab, "bigart-chosen", number == place)
            parts.show(card, number == place)

    def close(self) -> None:
        """Nothing is picked."""
        self._picked, words = None, NOTHING_PICKED
        for card in self.enlarge_cards:
            card.close(words)
            words = f"Make {card.name} first."
        self.print_card.close(words)
        self.turn_to(0)

    def take_over(self, settings: PaintSettings | None) -> None:
        """Ask for what was asked for before, if anything was."""
        self._picked = None  # so that moving the sliders tells nothing yet
        if settings is not None and self.enlarge_cards:
            self.enlarge_cards[0].set_texture(settings.texture_1k)
            self.enlarge_cards[-1].set_texture(settings.texture_4k)
            self.enlarge_cards[0].enhance.value = settings.enhance

    def take(self, values: Mapping[str, Any]) -> None:
        """Ask for some settings by their names; the others stay as they are."""
        picked, known = self._picked, {name: values[name] for name in TAKEN if name in values}
        self.take_over(replace(self.chosen(), **known))
        self._picked = picked
        self.tell()

    def chosen(self) -> PaintSettings:
        """What the cards ask for, all the way."""
        return self.wanted(self.enlarge_cards[-1]) if self.enlarge_cards else BROUGHT

    def wanted(self, card: EnlargeCard) -> PaintSettings:
        """What the cards ask for, up to one of them."""
        first, last = self.enlarge_cards[0], self.enlarge_cards[-1]
        return PaintSettings(card.side, first.texture(), last.texture(), first.enhance.value)

    def show(self, batch: Batch, position: int) -> int:
        """Show what became of one, by the plan that was begun last; returns how many cards are done."""
        self._picked, session = (batch, position), self._session
        work, candidate = session.work(batch, position), batch.candidates[position].image
        painted, begun = len(session.steps(batch, position, None)), work.settings()
        missing, num_done = "", 0
        for card in self.enlarge_cards:
            settings = replace(begun, size=card.side, fit=None) if begun else self.wanted(card)
            steps = session.steps(batch, position, settings)
            made = [step for step in steps[painted:] if step.is_shown and work.file(step)]
            if missing:
                card.close(f"Make {missing} first.")
            else:
                shown = work.image(made[-1]) if made else candidate
                preview = session.preview(batch, position, settings, card.side)
                enhanced = _enhanced(work, steps) if card is self.enlarge_cards[0] else None
                card.open(shown, steps[-1].size, preview, enhanced)
                missing = "" if work.file(steps[-1]) else card.name
                num_done += not missing
        self.print_card.show(self._printable(batch, position, missing))
        self.tell()
        return num_done

    def _printable(self, batch: Batch, position: int, missing: str) -> Printable:
        """What is printed: what is made by now, or what is made then."""
        session, settings = self._session, self.chosen()
        work, candidate = session.work(batch, position), batch.candidates[position].image
        begun = work.settings()
        steps = session.steps(batch, position, begun if begun and not missing else settings)
        made = [step for step in steps if step.is_shown and work.file(step)]
        common = {"folder": work.folder, "files": [work.file(step) for step in made]}
        if batch.is_brought and not made:
            run = batch.run
            return Printable(
                candidate, run.native_size, file=run.source.file(run.path), is_painted=False, **common
            )
        image = work.image(made[-1]) if made else candidate
        if batch.is_brought or not missing:
            file = work.file(made[-1])
            return Printable(image, made[-1].size, file=file, is_painted=not batch.is_brought, **common)
        seconds = session.forecast(batch, position, settings).seconds
        make = partial(self._make_whole, batch, position)
        name = self.enlarge_cards[-1].name
        return Printable(image, steps[-1].size, make=make, seconds=seconds, name=name, **common)

    def _make_whole(self, batch: Batch, position: int, report: Report) -> Path:
        return self._session.paint(batch, position, self.chosen(), report).last

    def _print(self, words: str, job: Callable, done: Callable[..., str]) -> None:
        picked = self._picked

        def tell(result: object, seconds: float) -> str:
            if picked is not None and picked is self._picked:
                self.show(*picked)
            return done(result, seconds)

        self._begin(words, job, tell)

    def let_make(self, allowed: bool) -> None:
        """Enable or disable what begins work that cannot wait."""
        self.is_busy = not allowed
        for card in self.enlarge_cards:
            card.make.disabled = not (allowed and self._picked)
        self.print_card.allow(allowed)
        self.tell()

    def tell(self) -> None:
        """Say on each card what is still to be made, and how long that takes."""
        if self._picked is None or self.is_busy:
            return
        for card in self.enlarge_cards:
            card.tell(self._session.forecast(*self._picked, self.wanted(card)))


def _enhanced(work: Work, steps: Sequence[Step]) -> tuple[Image.Image, Image.Image] | None:
    """The pictures before and after VQGAN, where both are made."""
    for before, step in zip(steps, steps[1:], strict=False):
        if step.action == "enhance" and work.file(before) and work.file(step):
            return work.image(before), work.image(step)
    return None
