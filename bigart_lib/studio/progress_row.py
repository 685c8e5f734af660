"""A bar, a line of words and a button to cancel: what the studio says while work is done, and after."""

from __future__ import annotations

from bigart_lib.progress import STAGE_LABELS, Progress, duration
from bigart_lib.studio import parts


class ProgressRow:
    """Takes the same room whether work is done or not, so that nothing jumps; always in view."""

    def __init__(self, on_cancel: parts.Click) -> None:
        self.words = parts.text("", "bigart-status")
        self.cancel = parts.button("Cancel", on_cancel, "bigart-cancel", tooltip="stop at the next step")
        self.widget = parts.row(self.words, self.cancel, classes=["bigart-progress-row"])
        self._problem = ""  # that is said while work goes on
        self.say("")

    def begin(self) -> None:
        """Work begins."""
        self._problem = ""
        self._show_cancel(True)
        self._write("Getting ready…", share=0.0)

    def show(self, progress: Progress) -> None:
        """The whole work has come this far."""
        share = progress.step / max(progress.total, 1) if progress.share is None else progress.share
        label = STAGE_LABELS.get(progress.stage, progress.stage)
        words = f"{label[:1].upper()}{label[1:]}: {100 * share:.0f} %"
        if progress.seconds_left:
            words += f", about {duration(progress.seconds_left)} left"
        self._write(words, share)

    def warn(self, problem: str) -> None:
        """Something else is wrong, while work goes on."""
        self._problem = problem
        self._write(*self._last)

    def stopping(self) -> None:
        """The artist has asked to cancel."""
        self.cancel.disabled = True
        self._write("Stopping at the next step…", share=None)

    def say(self, words: str, error: bool = False) -> None:
        """No work is done; these words stay."""
        self._problem = ""
        self._show_cancel(False)
        self._write(words, share=None, error=error)

    def _show_cancel(self, shown: bool) -> None:
        self.cancel.disabled = not shown
        # Hidden, not removed: its room stays.
        self.cancel.layout.visibility = "visible" if shown else "hidden"

    def _write(self, words: str, share: float | None, error: bool = False) -> None:
        self._last = words, share
        percent = 0 if share is None else round(100 * share)
        bar = (
            '<div class="bigart-bar"></div>'
            if share is None
            else f'<div class="bigart-bar bigart-bar-on" role="progressbar" aria-label="how far the work is" '
            f'aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100">'
            f'<div style="width:{percent}%"></div></div>'
        )
        kind = ' class="bigart-error" role="alert"' if error else ' role="status"'
        problem = f'<div class="bigart-error" role="alert">{parts.escape(self._problem)}</div>'
        said = f"<div{kind}>{parts.escape(words)}</div>"
        self.words.value = f"{bar}{said}{problem if self._problem else ''}"
