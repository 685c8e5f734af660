"""The way back: a strip of batches or favourites, and the offer to go on where an earlier session ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from PIL import Image, ImageOps

from bigart_lib.runs.run import Run
from bigart_lib.runs.session import Batch, Session, describe, favourite_places, first_candidate
from bigart_lib.studio import parts
from bigart_lib.studio.pick_card import MOST_TILES, PickCard, Tile

SIDE = 64  # px of a tile


class History:
    """Fills the strip of the pick card, and `widget`, which offers to continue.

    Parameters
    ----------
    show : called with a batch in memory, and the place of the candidate to pick, if there is one.
    open_folder : called with the folder of a batch that is on disk alone, and perhaps with such a place.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self, session: Session, card: PickCard, show: Callable, open_folder: Callable, guard: parts.Guard
    ) -> None:
        self._session, self._card, self._show, self._open = session, card, show, open_folder
        self._chosen: tuple[Batch | None, int | None] = None, None
        self._others: list[Run] = []  # on disk alone
        card.strip_of.observe(guard(lambda _: self.mark(*self._chosen)), names="value")
        self.widget = parts.row(classes=["bigart-found"])
        earlier = session.earlier(1)
        parts.show(self.widget, bool(earlier))
        if earlier:
            words = f"Your last pictures are still here: <b>{parts.escape(describe(earlier[0]))}</b>"
            go_on, leave = guard(partial(open_folder, earlier[0])), partial(parts.show, self.widget, False)
            buttons = parts.button("Continue", go_on, "bigart-primary"), parts.button("Not now", leave)
            self.widget.children = [parts.text(words), *buttons]

    def show(self, batch: Batch | None, picked: int | None) -> None:
        """Look through the disk, and show the strip."""
        found = enumerate(self._session.others())
        self._others = [run for place, run in found if place < MOST_TILES or run.favourites]
        self.mark(batch, picked)

    def mark(self, batch: Batch | None, picked: int | None) -> None:
        """Show the strip, with what is chosen now."""
        self._chosen = batch, picked
        self._card.show_strip([*islice(self._tiles(), MOST_TILES)])

    def _tiles(self) -> Iterator[Tile]:
        """Of what is in memory, the latest first, then of what is on disk alone."""
        for batch in reversed(self._session.batches):
            yield from self._tiles_of(batch.run, partial(_picture, batch), partial(self._show, batch))
        for run in self._others:
            yield from self._tiles_of(run, partial(_picture_on_disk, run), partial(self._open, run.path))

    def _tiles_of(
        self, run: Run, picture: Callable[[int], Image.Image], open_at: Callable[[int | None], None]
    ) -> Iterator[Tile]:
        """One tile, or one for each favourite, given their pictures by their places."""
        favourites, (batch, picked) = favourite_places(run), self._chosen
        of_batches = self._card.strip_of.value == "Batches"
        words = f"{run.recipe.prompt}, seed {run.recipe.generate.seed}"
        for place in [None] if of_batches else favourites:
            number = "" if of_batches else f", number {place + 1}"
            shown = min(favourites, default=0) if of_batches else place
            image = ImageOps.fit(picture(shown), (SIDE, SIDE))
            chosen = batch is not None and run is batch.run and (of_batches or place == picked)
            yield Tile(image, words + number, chosen, partial(open_at, place))


def _picture(batch: Batch, place: int) -> Image.Image:
    return batch.candidates[place].image


def _picture_on_disk(run: Run, place: int) -> Image.Image:
    return first_candidate(run.path, run.indices[place])
