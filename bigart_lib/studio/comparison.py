"""Two pictures of the same place, one laid over the other up to a line that the artist drags."""

from __future__ import annotations

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts


class Comparison:
    """Works in the page alone, which keeps the line where it was put: see page/compare.js."""

    def __init__(self) -> None:
        self._before, self._after = (ipywidgets.Image(format="png") for _ in range(2))
        self.words = parts.text("", "bigart-comparison-words")
        pictures = parts.named(self._before, "bigart-before"), parts.named(self._after, "bigart-after")
        self.widget = parts.named(ipywidgets.Box([*pictures, self.words]), "bigart-comparison")

    def show(self, before: Image.Image, after: Image.Image, before_name: str, after_name: str) -> None:
        """Show the very pixels of two pictures of one size."""
        self._before.value, self._after.value = parts.png(before), parts.png(after)
        names = parts.escape(before_name), parts.escape(after_name)
        self.words.value = (
            f'<b>{names[0]}</b><b>{names[1]}</b><i role="slider" tabindex="0" aria-orientation="horizontal" '
            f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="50" '
            f'aria-label="{names[0]} left of the line, {names[1]} right of it"></i>'
        )
