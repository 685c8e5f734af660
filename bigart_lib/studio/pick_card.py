"""The second card: thumbnails to pick from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts
from bigart_lib.studio.parts import Click, Guard

LARGEST = 512  # px a side of a picture that is sent for a thumbnail


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
        self._shape_style = parts.text(_shape(1.0), "bigart-hidden")  # of the thumbnails
        self.favourite = parts.button("☆ Favourite", guard(favour), "bigart-favourite")
        tooltip = "variations of the picked one"
        self.alike = parts.button("More like this", guard(alike), "bigart-alike", tooltip=tooltip)
        tooltip = "the same prompt with a new seed, and the settings that are shown"
        self.more = parts.button("", guard(more), "bigart-more", tooltip=tooltip)
        self._words = parts.text("", "bigart-note")
        actions = [self._words, self.favourite, self.alike, self.more]
        self._actions = parts.column(*actions, classes=["bigart-actions"])
        self._grid = parts.named(ipywidgets.GridBox([self._actions]), "bigart-grid")
        help_words = parts.text("Click a picture, or press its number and the arrow keys.", "bigart-note")
        children = [self._styles, self._shape_style, help_words, self._grid]
        self.widget = parts.card(2, "Pick one", children)

    @property
    def thumbnails(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the candidates."""
        return self._grid.children[:-1]

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
