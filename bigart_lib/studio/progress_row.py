"""A bar, a line of words and a button to cancel: what a card says while its work is done, and after."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets

from bigart_lib.progress import Progress
from bigart_lib.studio import parts

STAGES = {
    "base": "Painting at 64 px",
    "upsample": "Bringing them to 256 px",
    "enlarge": "Enlarging",
    "texture": "Laying texture",
    "enhance": "VQGAN repaints details",
}
LEAST_SHARE = 0.04  # of a stage done before its time left is told


class ProgressRow:
    """Takes the same room whether work is done or not, so that nothing jumps."""

    def __init__(self, on_cancel: Callable[[], None]) -> None:
        self._words = parts.text("", "bigart-status")
        self._cancel = parts.button("Cancel", on_cancel, "bigart-cancel", tooltip="stop at the next step")
        self.widget = parts.row(self._words, self._cancel, classes=["bigart-progress-row"])
        self._stage = ""
        self._began = 0.0
        self.say("")

    def begin(self, words: str) -> None:
        """Work begins."""
        self._stage = ""
        self._show_cancel(True)
        self._write(words, share=0.0)

    def show(self, progress: Progress) -> None:
        """Work has come this far."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, now
        share = progress.step / progress.total
        words = f"{STAGES.get(progress.stage, progress.stage)}: {self._steps(progress)}"
        if LEAST_SHARE <= share < 1:
            left = (now - self._began) / share * (1 - share)
            words += f", about {parts.duration(left)} left"
        self._write(words, share)

    def stopping(self) -> None:
        """The artist has asked to cancel."""
        self._cancel.disabled = True
        self._write("Stopping at the next step…", share=None)

    def say(self, words: str, error: bool = False) -> None:
        """No work is done; these words stay."""
        self._show_cancel(False)
        self._write(words, share=None, error=error)

    @property
    def words(self) -> str:
        """What it says now, as HTML."""
        return self._words.value

    @property
    def cancel_button(self) -> ipywidgets.Button:
        """The button to cancel."""
        return self._cancel

    def _steps(self, progress: Progress) -> str:
        if progress.total > 100:
            return f"{100 * progress.step / progress.total:.0f} %"
        return f"step {progress.step} of {progress.total}"

    def _show_cancel(self, shown: bool) -> None:
        self._cancel.disabled = not shown
        # Hidden, not removed: its room stays.
        self._cancel.layout.visibility = "visible" if shown else "hidden"

    def _write(self, words: str, share: float | None, error: bool = False) -> None:
        percent = 0 if share is None else round(100 * share)
        bar = (
            '<div class="bigart-bar"></div>'
            if share is None
            else f'<div class="bigart-bar bigart-bar-on" role="progressbar" aria-valuenow="{percent}" '
            f'aria-valuemin="0" aria-valuemax="100"><div style="width:{percent}%"></div></div>'
        )
        kind = ' class="bigart-error" role="alert"' if error else ' role="status"'
        self._words.value = f"{bar}<div{kind}>{parts.escape(words)}</div>"
