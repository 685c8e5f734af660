"""The way back: a strip of batches or favourites, and the offer to go on where an earlier session ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import ImageOps

from bigart_lib.runs.session import Batch, Session, describe, first_candidate
from bigart_lib.studio import parts
from bigart_lib.studio.pick_card import PickCard, Tile

SIDE = 64  # px of a tile
MOST_TILES = 24


class History:
    """Fills the strip of the pick card, and `widget`, which offers to continue.

    Parameters
    ----------
    show : called with a batch of this session and the index of the candidate to pick, if there is one.
    open_folder : called with the folder of a batch that is on disk alone.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self, session: Session, card: PickCard, show: Callable, open_folder: Callable, guard: parts.Guard
    ) -> None:
        self._session, self._card, self._show, self._open = session, card, show, open_folder
        self._chosen: tuple[Batch | None, int | None] = None, None
        card.strip_of.observe(guard(lambda _: self.show(*self._chosen)), names="value")
        self.widget = parts.row(classes=["bigart-found"])
        earlier = session.earlier(1)
        parts.show(self.widget, bool(earlier))
        if earlier:
            words = f"Your last pictures are still here: <b>{parts.escape(describe(earlier[0]))}</b>"
            go_on, leave = guard(partial(open_folder, earlier[0])), partial(parts.show, self.widget, False)
            buttons = parts.button("Continue", go_on, "bigart-primary"), parts.button("Not now", leave)
            self.widget.children = [parts.text(words), *buttons]

    def show(self, batch: Batch | None, picked: int | None) -> None:
        """Show the strip, with what is chosen now."""
        self._chosen = batch, picked
        batches = list(reversed(self._session.batches))
        if self._card.strip_of.value == "Batches":
            tiles = [self._tile(one, None, one is batch) for one in batches]
            for path in self._session.earlier():
                words = f"earlier: {path.name}"
                tiles.append(Tile(first_candidate(path), words, False, partial(self._open, path)))
        else:
            liked = [(one, index) for one in batches for index in sorted(one.favourites)]
            tiles = [self._tile(one, index, one is batch and index == picked) for one, index in liked]
        self._card.show_strip(tiles[:MOST_TILES])

    def _tile(self, batch: Batch, index: int | None, chosen: bool) -> Tile:
        candidates = batch.candidates
        shown = index if index is not None else min(batch.favourites, default=0)
        number = "" if index is None else f", number {index + 1}"
        words = f"{candidates.prompt}, seed {candidates.settings.seed}{number}"
        image = ImageOps.fit(candidates[shown].image, (SIDE, SIDE))
        return Tile(image, words, chosen, partial(self._show, batch, index))
