"""Sentences on the page on the machine and the models, until the artist closes them."""

from __future__ import annotations

from bigart_lib.studio import parts


class Notes:
    """Shows sentences; `widget` is there while there are any."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}  # each once, in order
        self._words = parts.text()
        self.close = parts.button("Close", self._close, "bigart-quiet", tooltip="close these notes")
        self.widget = parts.row(self._words, self.close, classes=["bigart-notes"])
        self._show()

    def tell(self, sentence: str) -> None:
        """Show one more; what is shown already stays as it is."""
        self._told[sentence] = None
        self._show()

    def _close(self) -> None:
        self._told.clear()
        self._show()

    def _show(self) -> None:
        sentences = "".join(f"<p>{parts.escape(one)}</p>" for one in self._told)
        self._words.value = f'<div role="status">{sentences}</div>'
        parts.show(self.widget, bool(self._told))
