"""The cards that enlarge: a Make button, the texture's two sliders, and a live look at it at 1:1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets
from PIL import Image

from bigart_lib.settings import TEXTURE_AMOUNT, TEXTURE_SIZE, TextureSettings
from bigart_lib.studio import parts
from bigart_lib.studio.comparison import Comparison
from bigart_lib.studio.overview import CROP, Overview
from bigart_lib.studio.progress_row import ProgressRow

if TYPE_CHECKING:
    from bigart_lib.finish.preview import TexturePreview

STYLE = {"description_width": "96px"}
TEXTURE_VIEW, ENHANCED_VIEW = "Texture, live", "VQGAN: before, after"


class EnlargeCard:
    """Enlarges the picked picture to one size, and shows texture on it.

    Parameters
    ----------
    number, title, name : of the card, and what it calls its picture, as "1K".
    on_make, on_cancel : called by the buttons.
    guard : wraps what a widget calls, so that errors are shown.
    can_enhance : whether VQGAN may be chosen here.
    """

    def __init__(
        self,
        number: int,
        title: str,
        name: str,
        on_make: Callable[[], None],
        on_cancel: Callable[[], None],
        guard: Callable[[Callable], Callable],
        can_enhance: bool,
    ) -> None:
        self._name = name
        self._preview: TexturePreview | None = None
        self._enhanced: tuple[Image.Image, Image.Image] | None = None  # before and after
        standard = TextureSettings()
        self.amount = ipywidgets.FloatSlider(
            100 * standard.amount, min=100 * TEXTURE_AMOUNT.least, max=100 * TEXTURE_AMOUNT.most, step=0.5,
            description="Texture, %", readout_format=".1f", style=STYLE,
        )  # fmt: skip
        self.size = ipywidgets.IntSlider(
            standard.size,
            min=TEXTURE_SIZE.least,
            max=TEXTURE_SIZE.most,
            description="Texture size",
            style=STYLE,
        )
        for slider in (self.amount, self.size):
            slider.observe(guard(lambda _: self._show_texture()), names="value")
        self.enhance = ipywidgets.Checkbox(
            False, description="VQGAN repaints the details", indent=False, disabled=not can_enhance
        )
        self.make = parts.button(f"Make {name}", guard(on_make), "bigart-primary")
        self.overview = Overview(guard(self._show_part))
        self.image = parts.named(ipywidgets.Image(format="png", width=CROP, height=CROP), "bigart-crop")
        self.view = parts.named(
            ipywidgets.ToggleButtons(options=[TEXTURE_VIEW, ENHANCED_VIEW], style={"button_width": "200px"}),
            "bigart-view",
        )
        self.view.observe(guard(lambda _: self._choose_view()), names="value")
        self.comparison = Comparison()
        self.progress = ProgressRow(on_cancel)
        self._empty = parts.text("", "bigart-empty")
        self._note = parts.text("", "bigart-note")
        controls = [self.overview.widget, self.amount, self.size]
        controls += [self.enhance] if can_enhance else []
        self._waiting = parts.text("Pick a picture first.", "bigart-note")
        self._body = parts.row(
            parts.column(
                self.view, self.image, self.comparison.widget, self._empty, self._note,
                classes=["bigart-large"],
            ),
            parts.column(*controls, self.make, classes=["bigart-controls"]),
            classes=["bigart-body"],
        )  # fmt: skip
        self.widget = parts.card(number, title, [self._waiting, self._body, self.progress.widget])
        self.close("Pick a picture first.")

    def texture(self) -> TextureSettings:
        """The texture that the sliders ask for."""
        return TextureSettings(round(self.amount.value / 100, 4), self.size.value)

    def set_texture(self, settings: TextureSettings) -> None:
        """Move the sliders."""
        self.amount.value, self.size.value = 100 * settings.amount, settings.size

    def close(self, words: str) -> None:
        """Show nothing but what is to be done first."""
        self._waiting.value = parts.escape(words)
        parts.show(self._waiting, True)
        parts.show(self._body, False)
        parts.show(self.progress.widget, False)

    def open(
        self,
        whole: Image.Image,
        size: int,
        preview: TexturePreview | None,
        enhanced: tuple[Image.Image, Image.Image] | None = None,
    ) -> None:
        """Show a picture.

        Parameters
        ----------
        whole : the picture as it is now, of any size.
        size : px a side that it has here.
        preview : the texture on it, once it is made.
        enhanced : before and after VQGAN, if it was asked for.
        """
        for widget, shown in ((self._waiting, False), (self._body, True), (self.progress.widget, True)):
            parts.show(widget, shown)
        self._preview, self._enhanced = preview, enhanced
        self.overview.show(whole, f"the whole picture, {self._name}", (size, size))
        parts.show(self.view, enhanced is not None)
        if enhanced is None:
            self.view.value = TEXTURE_VIEW
        parts.show(self._empty, preview is None)
        self._empty.value = f"<div>Make {self._name} to see it here at full size, with texture.</div>"
        self._note.value = "" if preview is None else "At 1:1, the very pixels of the result."
        self._choose_view()

    def tell_duration(self, seconds: float) -> None:
        """Say on the button about how long making takes."""
        self.make.description = f"Make {self._name}, about {parts.duration(seconds)}"

    def show_enhanced(self) -> None:
        """Turn to the view before and after VQGAN."""
        self.view.value = ENHANCED_VIEW

    def _choose_view(self) -> None:
        parts.show(self.image, self._preview is not None and not self._compares)
        parts.show(self.comparison.widget, self._compares)
        self._show_part()

    @property
    def _compares(self) -> bool:
        return self.view.value == ENHANCED_VIEW and self._enhanced is not None

    def _show_part(self) -> None:
        if self._compares:
            before, after = (image.crop(self.overview.box) for image in self._enhanced)
            self.comparison.show(before, after, "before VQGAN", "after")
        else:
            self._show_texture()

    def _show_texture(self) -> None:
        if self._preview is not None:
            self.image.value = parts.png(self._preview.crop(self.texture(), self.overview.box))
