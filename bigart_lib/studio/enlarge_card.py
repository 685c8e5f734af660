"""The cards that enlarge: a Make button, the texture's two sliders, and a live look at it at 1:1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets
from PIL import Image

from bigart_lib.progress import duration
from bigart_lib.settings import PICTURE_SIZES, TEXTURE_AMOUNT, TEXTURE_SIZE, TextureSettings
from bigart_lib.studio import parts
from bigart_lib.studio.comparison import Comparison
from bigart_lib.studio.overview import Overview
from bigart_lib.studio.parts import Click, Guard

if TYPE_CHECKING:
    from bigart_lib.bigart import Forecast
    from bigart_lib.finish.texture import TexturePreview
    from bigart_lib.plan import Step

STYLE = {"description_width": "96px"}
VIEWER = '<button type="button" class="jupyter-button" data-side="{}">Open in the viewer</button>'
EMPTY = (
    '<img src="{0}" alt="as it is now"><p>As it is now. Make {1} to see it at full size, with texture.</p>'
)
EMPTY_SIDE = 512  # px
TEXTURE_VIEW, ENHANCED_VIEW = "Texture, live", "VQGAN: before, after"

Pair = tuple[Image.Image, Image.Image]  # before and after VQGAN


class EnlargeCard:
    """Enlarges the picked picture to one size, and shows texture on it.

    Parameters
    ----------
    number : of the card.
    side : one of `settings.PICTURE_SIZES`.
    name : of this size.
    vqgan : whether VQGAN may be chosen here.
    make : called by the button with this card.
    change : called when something else is asked for.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self, number: int, side: int, name: str, vqgan: bool, make: Callable, change: Click, guard: Guard
    ) -> None:
        self.side, self.name = side, name
        self._whole: Image.Image | None = None  # in the size that it has here
        self._preview: TexturePreview | None = None
        self._enhanced: Pair | None = None
        self.amount, self.size = _texture_sliders()
        self.enhance = ipywidgets.Checkbox(False, description="VQGAN repaints the details", indent=False)
        parts.show(self.enhance, vqgan)
        show_part = guard(lambda *_: self._show_part())
        for widget in (self.amount, self.size, self.enhance):
            widget.observe(show_part, names="value")
            widget.observe(guard(lambda _: change()), names="value")
        self.make = parts.button(f"Make {self.name}", guard(lambda: make(self)), "bigart-primary")
        self.overview, self.comparison = Overview(show_part), Comparison()
        self.image = parts.named(ipywidgets.Image(format="png"), "bigart-crop")
        self.view = parts.choice([TEXTURE_VIEW, ENHANCED_VIEW], 200, "bigart-view", show_part)
        self._empty = parts.text("", "bigart-empty")
        self._note, self._waiting = parts.text("", "bigart-note"), parts.text("", "bigart-note")
        large = [self.view, self.image, self.comparison.widget, self._empty, self._note]
        viewer = parts.text(VIEWER.format(self.side), "bigart-part-look")
        controls = [self.overview.widget, viewer, self.amount, self.size, self.enhance, self.make]
        self._body = parts.row(
            parts.column(*controls, classes=["bigart-controls", "bigart-enlarge"]),
            parts.column(*large, classes=["bigart-large"]),
            classes=["bigart-body"],
        )
        self.widget = parts.card(number, f"Enlarge to {self.name}", [self._waiting, self._body])

    def texture(self) -> TextureSettings:
        """The texture that the sliders ask for."""
        return TextureSettings(round(self.amount.value / 100, 4), self.size.value)

    def set_texture(self, settings: TextureSettings) -> None:
        """Move the sliders."""
        self.amount.value, self.size.value = 100 * settings.amount, settings.size

    def close(self, words: str) -> None:
        """Show nothing but what is to be done first."""
        self._whole = self._preview = self._enhanced = None
        parts.fold(self._waiting, [self._body], words)

    def open(
        self, whole: Image.Image, size: tuple[int, int], preview: TexturePreview | None, enhanced: Pair | None
    ) -> None:
        """Show a picture.

        Parameters
        ----------
        whole : the picture as it is now, of any size.
        size : width and height in px that it has here.
        preview : the texture on it, once it is made.
        enhanced : before and after VQGAN, if it was asked for.
        """
        parts.fold(self._waiting, [self._body])
        self._whole = whole if whole.size == size else None
        self._preview, self._enhanced = preview, enhanced
        self.overview.show(whole, f"the whole picture, {self.name}", size)
        if preview is None and self._whole is None:
            self._empty.value = EMPTY.format(parts.data_address(parts.small(whole, EMPTY_SIDE)), self.name)
        parts.show(self.view, enhanced is not None)
        if enhanced is None:
            self.view.value = TEXTURE_VIEW
        self._show_part()

    def tell(self, forecast: Forecast) -> None:
        """Say what is still to be done, about how long it will take, and what the memory does not allow."""
        steps = forecast.steps
        actions = {step.action for step in steps}
        is_made = self.make.disabled = not steps and not forecast.pictures
        words = "New texture only" if {"texture"} <= actions <= {"fit", "texture"} else f"Make {self.name}"
        words = f"{self.name} is made" if is_made else f"{words}, about {duration(forecast.seconds)}"
        self.make.description = self.make.tooltip = words
        notes = []
        if self._preview or self._whole:
            seen = "as it was made before" if "enlarge" in actions else "the very pixels of the result"
            notes.append(f"At 1:1, {seen}{'' if is_made else ', not saved yet'}.")
        if steps:
            notes.append(f"To be made: {', '.join(map(_label, steps))}.")
        self._note.value = parts.escape(" ".join([*notes, *forecast.compromises]))
        parts.mark(self._note, "bigart-unsaved", not is_made)

    def show_enhanced(self) -> None:
        """Turn to the view before and after VQGAN."""
        self.view.value = ENHANCED_VIEW

    def _show_part(self) -> None:
        is_there = self._preview is not None or self._whole is not None
        compares = self.view.value == ENHANCED_VIEW and self._enhanced is not None
        parts.show(self.comparison.widget, compares)
        parts.show(self.image, is_there and not compares)
        parts.show(self._empty, not is_there and not compares)
        if compares:
            before, after = (image.crop(self.overview.box_in(image.size)) for image in self._enhanced)
            self.comparison.show(before, after, "before VQGAN", "after")
        elif self._preview is not None:
            self.image.value = parts.png(self._preview.crop(self.texture(), self.overview.box))
        elif self._whole is not None:  # where nothing unrounded was kept
            self.image.value = parts.png(self._whole.crop(self.overview.box))


def size_name(side: int) -> str:
    """What a size is called, given its longer side in px."""
    return f"{side // 1024}K" if side in PICTURE_SIZES and side >= 1024 else f"{side} px"


def _label(step: Step) -> str:
    """A step that is to be made, in a word or two."""
    name = size_name(max(step.size))
    return {"texture": f"texture on {name}", "enhance": f"VQGAN on {name}"}.get(step.action, name)


def _texture_sliders() -> tuple[ipywidgets.FloatSlider, ipywidgets.IntSlider]:
    """For the amount in percent, and for the size."""
    standard, (least, most) = TextureSettings(), TEXTURE_AMOUNT
    amount = ipywidgets.FloatSlider(
        100 * standard.amount, min=100 * least, max=100 * most, step=0.5,
        description="Texture, %", readout_format=".1f", style=STYLE,
    )  # fmt: skip
    least, most = TEXTURE_SIZE
    size = ipywidgets.IntSlider(standard.size, min=least, max=most, description="Texture size", style=STYLE)
    return amount, size
