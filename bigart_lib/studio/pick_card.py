"""The second card: seven thumbnails to pick from, and the batches and favourites of before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import ipywidgets
from PIL import Image

from bigart_lib.settings import GenerateSettings
from bigart_lib.studio import parts

COUNT = GenerateSettings.count  # thumbnails
STRIP_SIDE = 64  # px of a thumbnail in the history


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
    on_pick : called with the index of the thumbnail that was clicked.
    on_favourite, on_more_like_this, on_seven_more : called by the buttons.
    on_strip : called when the strip is to show batches or favourites.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self,
        on_pick: Callable[[int], None],
        on_favourite: Callable[[], None],
        on_more_like_this: Callable[[], None],
        on_seven_more: Callable[[], None],
        on_strip: Callable[[], None],
        guard: Callable[[Callable], Callable],
    ) -> None:
        self._guard = guard
        self._style = parts.text("", "bigart-hidden")
        self._strip_style = parts.text("", "bigart-hidden")
        self.thumbnails = [
            parts.button("", guard(self._picker(on_pick, index)), "bigart-thumb", f"bigart-thumb-{index + 1}")
            for index in range(COUNT)
        ]
        self.favourite = parts.button("☆ Favourite", guard(on_favourite))
        self.more_like_this = parts.button(
            "More like this", guard(on_more_like_this), tooltip="seven variations of the picked one"
        )
        self.seven_more = parts.button(
            "Seven more", guard(on_seven_more), tooltip="the same prompt with a new seed"
        )
        self._words = parts.text("", "bigart-note")
        actions = parts.column(
            self._words, self.favourite, self.more_like_this, self.seven_more, classes=["bigart-actions"]
        )
        grid = parts.named(ipywidgets.GridBox([*self.thumbnails, actions]), "bigart-grid")
        self.strip_of = parts.named(
            ipywidgets.ToggleButtons(options=["Batches", "Favourites"], style={"button_width": "104px"}),
            "bigart-strip-of",
        )
        self.strip_of.observe(guard(lambda _: on_strip()), names="value")
        self._tiles = parts.named(ipywidgets.Box([]), "bigart-wrap", "bigart-strip")
        self.widget = parts.card(
            2,
            "Pick one",
            [
                self._style,
                self._strip_style,
                parts.text("Click a picture, or press 1 to 7 and the arrow keys.", "bigart-note"),
                grid,
                parts.row(self.strip_of, self._tiles, classes=["bigart-history"]),
            ],
        )
        self.clear("")

    @property
    def tiles(self) -> tuple[ipywidgets.Button, ...]:
        """The buttons of the history strip."""
        return self._tiles.children

    def clear(self, prompt: str) -> None:
        """Show seven empty places, for a prompt whose pictures are to come."""
        self._style.value = ""
        for index, thumbnail in enumerate(self.thumbnails):
            thumbnail.description = f"{index + 1}: {prompt}, not painted yet"
            thumbnail.tooltip = thumbnail.description
        self.select(None, False)

    def show(self, images: Sequence[Image.Image]) -> None:
        """Show pictures in the seven places, as far as they have come."""
        self._style.value = _backgrounds("bigart-thumb", images)

    def name(self, prompt: str, seed: int) -> None:
        """Say what finished pictures are, for tooltips and screen readers."""
        for index, thumbnail in enumerate(self.thumbnails):
            thumbnail.description = f"{index + 1}: {prompt}, seed {seed}"
            thumbnail.tooltip = thumbnail.description

    def select(self, index: int | None, favourite: bool, words: str = "") -> None:
        """Mark the picked one."""
        for place, thumbnail in enumerate(self.thumbnails):
            (thumbnail.add_class if place == index else thumbnail.remove_class)("bigart-picked")
        self.favourite.description = "★ Favourite" if favourite else "☆ Favourite"
        self._words.value = words and f"<b>{parts.escape(words)}</b>"

    def mark_favourites(self, indices: set[int]) -> None:
        """Put a star on favourites."""
        for place, thumbnail in enumerate(self.thumbnails):
            (thumbnail.add_class if place in indices else thumbnail.remove_class)("bigart-starred")

    def show_strip(self, tiles: Sequence[Tile]) -> None:
        """Show earlier batches, or favourites."""
        self._strip_style.value = _backgrounds("bigart-tile", [tile.image for tile in tiles])
        buttons = []
        for number, tile in enumerate(tiles, start=1):
            classes = ["bigart-tile", f"bigart-tile-{number}", *(["bigart-picked"] if tile.chosen else [])]
            buttons.append(parts.button(tile.words, self._guard(tile.open), *classes))
        for old in self._tiles.children:
            old.close()
        self._tiles.children = buttons

    def _picker(self, on_pick: Callable[[int], None], index: int) -> Callable[[], None]:
        return lambda: on_pick(index)


def _backgrounds(name: str, images: Sequence[Image.Image]) -> str:
    """A style sheet that lays pictures behind buttons, which stay on the page and keep the focus."""
    rules = "".join(
        f".bigart-studio .{name}-{number}{{background-image:url({parts.data_address(image)})!important}}"
        for number, image in enumerate(images, start=1)
    )
    return f"<style>{rules}</style>"
