"""The second card: thumbnails to pick from, and the batches and favourites of before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts
from bigart_lib.studio.parts import Click, Guard


class Tile(NamedTuple):
    """A small picture in the history strip."""

    image: Image.Image
    words: str  # what it is, for the tooltip and for screen readers
    chosen: bool
    open: Callable[[], None]


class PickCard:
    """Shows candidates while and after they are painted.

    Parameters
    ----------
    pick : called with the index of the thumbnail that was clicked.
    favour, alike, more : called by the buttons.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(self, pick: Callable, favour: Click, alike: Click, more: Click, guard: Guard) -> None:
        self._guard, self._pick = guard, pick
        self._style, self._strip_style = parts.text("", "bigart-hidden"), parts.text("", "bigart-hidden")
        self._made: list[ipywidgets.Button] = []  # thumbnails, of which a smaller batch shows the first
        self.favourite = parts.button("☆ Favourite", guard(favour))
        self.alike = parts.button("More like this", guard(alike), tooltip="variations of the picked one")
        self.more = parts.button("", guard(more), tooltip="the same prompt with a new seed")
        self._words = parts.text("", "bigart-note")
        actions = [self._words, self.favourite, self.alike, self.more]
        self._actions = parts.column(*actions, classes=["bigart-actions"])
        self._grid = parts.named(ipywidgets.GridBox([self._actions]), "bigart-grid")
        self.strip_of = parts.choice(["Batches", "Favourites"], 104, "bigart-strip-of")
        self._tiles = parts.named(ipywidgets.Box([]), "bigart-wrap", "bigart-strip")
        help_words = parts.text("Click a picture, or press its number and the arrow keys.", "bigart-note")
        history = parts.row(self.strip_of, self._tiles, classes=["bigart-history"])
        children = [self._style, self._strip_style, help_words, self._grid, history]
        self.widget = parts.card(2, "Pick one", children)

    @property
    def thumbnails(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the candidates."""
        return self._grid.children[:-1]

    @property
    def tiles(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the history strip."""
        return self._tiles.children

    def clear(self, prompt: str, count: int) -> None:
        """Show empty places, for a prompt whose pictures are to come."""
        picks = [self._guard(partial(self._pick, index)) for index in range(len(self._made), count)]
        self._made += [parts.button("", pick, "bigart-thumb") for pick in picks]
        self._grid.children = [*self._made[:count], self._actions]
        self.more.description = f"{count} more"
        self._style.value = ""
        self._name(f"{prompt}, not painted yet")
        self.select(None, False)

    def show(self, images: Sequence[Image.Image]) -> None:
        """Show pictures in the first places, as far as they have come."""
        self._style.value = _backgrounds("bigart-thumb", images)

    def show_batch(self, prompt: str, seed: int, images: Sequence[Image.Image]) -> None:
        """Show finished pictures, and say what they are for tooltips and screen readers."""
        self.clear(prompt, len(images))
        self.show(images)
        self._name(f"{prompt}, seed {seed}")

    def select(self, index: int | None, favourite: bool, words: str = "") -> None:
        """Mark the picked one."""
        self._mark("bigart-picked", {index})
        self.favourite.description = "★ Favourite" if favourite else "☆ Favourite"
        self._words.value = words and f"<b>{parts.escape(words)}</b>"

    def mark_favourites(self, indices: set[int]) -> None:
        """Put a star on favourites."""
        self._mark("bigart-starred", indices)

    def show_strip(self, tiles: Sequence[Tile]) -> None:
        """Show earlier batches, or favourites."""
        self._strip_style.value = _backgrounds("bigart-tile", [tile.image for tile in tiles])
        old = self._tiles.children
        self._tiles.children = [
            parts.button(tile.words, self._guard(tile.open), "bigart-tile", *["bigart-picked"] * tile.chosen)
            for tile in tiles
        ]
        for button in old:
            button.close()

    def _name(self, words: str) -> None:
        for number, thumbnail in enumerate(self.thumbnails, start=1):
            thumbnail.description = thumbnail.tooltip = f"{number}: {words}"

    def _mark(self, name: str, indices: set[int | None]) -> None:
        for index, thumbnail in enumerate(self.thumbnails):
            (thumbnail.add_class if index in indices else thumbnail.remove_class)(name)


def _backgrounds(name: str, images: Sequence[Image.Image]) -> str:
    """A style sheet that lays pictures behind buttons, which stay on the page and keep the focus."""
    rules = "".join(
        f".bigart-studio .{name}:nth-child({number})"
        f"{{background-image:url({parts.data_address(image)})!important}}"
        for number, image in enumerate(images, start=1)
    )
    return f"<style>{rules}</style>"
