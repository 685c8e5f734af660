"""The second card: thumbnails to pick from, and the batches and favourites of before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts
from bigart_lib.studio.parts import Click, Guard

MOST_TILES = 24
LARGEST = 512  # px a side of a picture that is sent for a thumbnail


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
        self._styles = parts.named(ipywidgets.Box([]), "bigart-hidden")  # one a thumbnail
        self._strip_style = parts.text("", "bigart-hidden")
        self._shape_style = parts.text(_shape(1.0), "bigart-hidden")  # of the thumbnails
        self._shown: Sequence[Tile] = ()
        self.favourite = parts.button("☆ Favourite", guard(favour))
        self.alike = parts.button("More like this", guard(alike), tooltip="variations of the picked one")
        self.more = parts.button("", guard(more), tooltip="the same prompt with a new seed")
        self._words = parts.text("", "bigart-note")
        actions = [self._words, self.favourite, self.alike, self.more]
        self._actions = parts.column(*actions, classes=["bigart-actions"])
        self._grid = parts.named(ipywidgets.GridBox([self._actions]), "bigart-grid")
        self.strip_of = parts.choice(["Batches", "Favourites"], 104, "bigart-strip-of")
        opens = [guard(partial(self._open_tile, place)) for place in range(MOST_TILES)]
        tiles = [parts.button("", open_tile, "bigart-tile") for open_tile in opens]
        self._tiles = parts.named(ipywidgets.Box(tiles), "bigart-wrap", "bigart-strip")
        help_words = parts.text("Click a picture, or press its number and the arrow keys.", "bigart-note")
        history = parts.row(self.strip_of, self._tiles, classes=["bigart-history"])
        children = [self._styles, self._strip_style, self._shape_style, help_words, self._grid, history]
        self.widget = parts.card(2, "Pick one", children)

    @property
    def thumbnails(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the candidates."""
        return self._grid.children[:-1]

    @property
    def tiles(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the history strip that are shown."""
        return self._tiles.children[: len(self._shown)]

    def clear(self, prompt: str, count: int, shape: float = 1.0) -> None:
        """Show empty places, of this width over height, for a prompt whose pictures are to come."""
        self._shape_style.value = _shape(shape)
        self._fill(count, [], f"{prompt}, not painted yet")

    def show(self, images: Sequence[Image.Image]) -> None:
        """Show pictures in the first places, as far as they have come."""
        backgrounds = [_background("bigart-thumb", *one) for one in enumerate(images, start=1)]
        for place, style in enumerate(self._styles.children):  # the page hears only of what has changed
            style.value = backgrounds[place] if place < len(backgrounds) else ""

    def show_batch(self, prompt: str, seed: int, images: Sequence[Image.Image]) -> None:
        """Show finished pictures, and say what they are for tooltips and screen readers."""
        self._shape_style.value = _shape(images[0].width / images[0].height if images else 1.0)
        self._fill(len(images), images, f"{prompt}, seed {seed}")

    def select(self, index: int | None, favourite: bool, words: str = "") -> None:
        """Mark the picked one."""
        self._mark("bigart-picked", {index})
        self.favourite.description = "★ Favourite" if favourite else "☆ Favourite"
        self._words.value = words and f"<b>{parts.escape(words)}</b>"

    def mark_favourites(self, indices: set[int]) -> None:
        """Put a star on favourites."""
        self._mark("bigart-starred", indices)

    def show_strip(self, tiles: Sequence[Tile]) -> None:
        """Show earlier batches, or favourites, at most `MOST_TILES`."""
        self._shown = tiles
        images = enumerate((tile.image for tile in tiles), start=1)
        self._strip_style.value = "".join(_background("bigart-tile", *one) for one in images)
        for button, tile in zip_longest(self._tiles.children, tiles):
            parts.show(button, tile is not None)
            button.description = button.tooltip = tile.words if tile else ""
            parts.mark(button, "bigart-picked", tile is not None and tile.chosen)

    def _open_tile(self, place: int) -> None:
        self._shown[place].open()

    def _fill(self, count: int, images: Sequence[Image.Image], words: str) -> None:
        self._have_places(count)
        self.show(images)
        for number, thumbnail in enumerate(self.thumbnails, start=1):
            thumbnail.description = thumbnail.tooltip = f"{number}: {words}"
        self.select(None, False)

    def _have_places(self, count: int) -> None:
        """Have so many thumbnails: those that are there, more, or fewer."""
        thumbnails, styles = self.thumbnails, self._styles.children
        picks = [self._guard(partial(self._pick, index)) for index in range(len(thumbnails), count)]
        more = [parts.button("", pick, "bigart-thumb") for pick in picks]
        self._grid.children = [*thumbnails[:count], *more, self._actions]
        self._styles.children = [*styles[:count], *(parts.text() for _ in more)]
        parts.close(*thumbnails[count:], *styles[count:])

    def _mark(self, name: str, indices: set[int | None]) -> None:
        for index, thumbnail in enumerate(self.thumbnails):
            parts.mark(thumbnail, name, index in indices)


def _shape(wide: float) -> str:
    """Style that gives thumbnails a width over height."""
    return f"<style>.bigart-studio .bigart-thumb{{aspect-ratio:{wide:.4f}!important}}</style>"


def _background(name: str, number: int, image: Image.Image) -> str:
    """Style that lays a picture behind a button, which stays on the page and keeps the focus."""
    address = parts.data_address(parts.small(image, LARGEST))
    rule = f".bigart-studio .{name}:nth-child({number}){{background-image:url({address})!important}}"
    return f"<style>{rule}</style>"
