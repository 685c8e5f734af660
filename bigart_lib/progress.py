"""How work tells how far it has come and what it costs, and how it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


STAGE_LABELS = {  # what people are told that is done
    "base": "painting",
    "upsample": "upsampling",
    "paint": "painting",
    "enlarge": "enlarging",
    "texture": "laying texture",
    "enhance": "VQGAN repaints details",
    "fit": "reducing",
    "write": "saving",
    "load": "loading",
    "fetch": "fetching",
    "verify": "verifying",
    "convert": "converting",
}


class Cost(NamedTuple):
    """What a piece of work takes."""

    operations: float = 0.0  # floating-point operations of networks; pixels, where none runs
    memory: float = 0.0  # bytes of working memory


class Progress(NamedTuple):
    """How far work has come."""

    stage: str  # the action of a step of a plan; "fetch", "verify" or "convert" for files of weights
    step: int  # done of this stage: steps, operations or bytes
    total: int  # in all
    preview: torch.Tensor | None = None  # (N, 3, h, w) in [0, 1]: the candidates as they are guessed now
    name: str = ""  # of the file of weights
    share: float | None = None  # of the whole plan that is done, from 0 to 1
    seconds_left: float | None = None  # until the whole plan is done


Report = Callable[[Progress], None]  # may raise, CancelledError for example, to stop the work at this step
Announce = Callable[[str], None]  # told, in a sentence, what a person should know before work goes on


class CancelledError(Exception):
    """Raised by a report to stop work between two steps."""


def no_report(progress: Progress) -> None:
    """Ignore progress."""


def announce_nothing(sentence: str) -> None:
    """Ignore the sentence."""


class PlanProgress:
    """A report that adds to the progress of each part of a plan how far the whole is.

    Parameters
    ----------
    parts : stage and forecast seconds of each, in their order.
    report : told the same, with `share` and `seconds_left`.
    """

    def __init__(self, parts: Sequence[tuple[str, float]], report: Report) -> None:
        self._parts, self._report = list(parts), report
        self._total = sum(seconds for _, seconds in parts)
        self._current, self._share, self._began = 0, 0.0, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Tell how far a part is."""
        share = progress.step / progress.total if progress.total else 1.0
        self._turn_to(progress.stage, share)
        if self._total and self._current < len(self._parts):
            done = sum(seconds for _, seconds in self._parts[: self._current])
            whole = min((done + share * self._parts[self._current][1]) / self._total, 1.0)
            progress = progress._replace(share=whole, seconds_left=self._left(whole))
        self._report(progress)

    def _turn_to(self, stage: str, share: float) -> None:
        """Find the part that is told of: the current one, or the next of this stage if it begins anew."""
        begins_anew = share < self._share
        start = self._current + begins_anew
        later = [place for place in range(start, len(self._parts)) if self._parts[place][0] == stage]
        if later:
            self._current = later[0]
        self._share = share

    def _left(self, share: float) -> float:
        """Seconds by the forecast, and more and more by the pace so far."""
        forecast = self._total * (1 - share)
        if share <= 0:
            return forecast
        by_pace = (time.monotonic() - self._began) / share * (1 - share)
        return (1 - share) * forecast + share * by_pace


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
