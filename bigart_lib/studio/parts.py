"""The small parts that the studio's cards are built of."""

from __future__ import annotations

import base64
import html
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from PIL import Image

from bigart_lib.text import in_words as _in_words
from bigart_lib.text import is_expected, shown

Click = Callable[[], None]  # what a button calls
Guard = Callable[[Callable], Callable]  # wraps what a widget calls, so that errors are shown

JPEG_QUALITY = 85  # noisy thumbnails of a batch, or a noisy comparison, stay under a megabyte


def png(image: Image.Image) -> bytes:
    """A picture as a file that holds its very pixels, made fast."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def data_address(image: Image.Image) -> str:
    """A picture as an address that a page can show without asking anyone for it."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def small(image: Image.Image, side: int) -> Image.Image:
    """A picture whose longer side is at most so many px."""
    made = image.convert("RGB")
    made.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2)
    return made


def escape(text: str) -> str:
    """Text of anybody's as HTML that shows it, inside and outside of attributes."""
    return html.escape(shown(text), quote=True)


def in_words(error: BaseException) -> str:
    """An error on one line, for people; one that nobody expected goes to the log too."""
    if not is_expected(error):
        logging.getLogger(__name__).error("in the studio", exc_info=error)
    return _in_words(error)


def text(content: str = "", *classes: str) -> ipywidgets.HTML:
    """Words on the page, as HTML."""
    return named(ipywidgets.HTML(content), *classes)


def button(label: str, on_click: Click, *classes: str, tooltip: str = "") -> ipywidgets.Button:
    """A button that calls a function without arguments."""
    made = ipywidgets.Button(description=label, tooltip=tooltip or label)
    made.on_click(lambda _: on_click())
    return named(made, "bigart-button", *classes)


def choice(
    options: Sequence[str], width: int, name: str, on_choose: Click | None = None, **more: Any
) -> ipywidgets.ToggleButtons:
    """Buttons of so many px each, one of which is chosen."""
    made = ipywidgets.ToggleButtons(options=options, style={"button_width": f"{width}px"}, **more)
    if on_choose is not None:
        made.observe(lambda _: on_choose(), names="value")
    return named(made, name)


def card(number: int, title: str, children: Sequence[ipywidgets.Widget]) -> ipywidgets.VBox:
    """A step of the way, with its number and title."""
    heading = text(f"<h3><span>{number}</span>{escape(title)}</h3>", "bigart-heading")
    return named(ipywidgets.VBox([heading, *children]), "bigart-card")


def row(*children: ipywidgets.Widget, classes: Sequence[str] = ()) -> ipywidgets.HBox:
    """Widgets side by side, as wide as they need."""
    return named(ipywidgets.HBox(children), "bigart-row", *classes)


def column(*children: ipywidgets.Widget, classes: Sequence[str] = ()) -> ipywidgets.VBox:
    """Widgets one below the other."""
    return named(ipywidgets.VBox(children), "bigart-column", *classes)


def named(widget: ipywidgets.Widget, *classes: str) -> ipywidgets.Widget:
    """The widget, with classes that the style sheet knows."""
    for name in classes:
        widget.add_class(name)
    return widget


def close(*widgets: ipywidgets.Widget) -> None:
    """Take widgets, and all that they are made of, out of the kernel and off the page."""
    for widget in widgets:
        made_of = [getattr(widget, name) for name in ("layout", "style") if widget.has_trait(name)]
        close(*getattr(widget, "children", ()), *made_of)
        widget.close()


def mark(widget: ipywidgets.Widget, name: str, marked: bool) -> None:
    """Give a widget a class that the style sheet knows, or take it away."""
    (widget.add_class if marked else widget.remove_class)(name)


def show(widget: ipywidgets.Widget, shown: bool) -> None:
    """Show a widget, or take it off the page."""
    widget.layout.display = None if shown else "none"


def fold(waiting: ipywidgets.HTML, body: Sequence[ipywidgets.Widget], words: str = "") -> None:
    """Show what is to be done first instead of a card's body, or the body where there is nothing to say."""
    waiting.value = escape(words)
    show(waiting, bool(words))
    for widget in body:
        show(widget, not words)
