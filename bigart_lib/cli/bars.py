"""Progress: bars on a terminal and in a notebook, now and then a line everywhere else."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from bigart_lib.cli.terminal import CLOSED, aside
from bigart_lib.progress import STAGE_LABELS, Progress, duration

IN_BYTES = ("fetch", "verify", "convert")
PLAN_BAR = "{desc:>22} {bar:20} {percentage:3.0f} %  {elapsed}{postfix}"  # fits 80 columns
BYTES_BAR = "{desc:>26} {bar:14} {percentage:3.0f} % of {total_fmt}B, {rate_fmt}, {remaining} left"
PAUSE = 10  # seconds between two lines


class Bars:
    """A report that shows one bar for a whole plan, and one for each file of weights, on standard error.

    Parameters
    ----------
    is_watched : whether bars make sense; None finds out.
    clock : gives seconds.
    """

    def __init__(self, is_watched: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_watched = _is_watched() if is_watched is None else is_watched
        self._clock, self._told = clock, None  # when the last line was printed
        self._bar, self._shows = None, ""

    def __call__(self, progress: Progress) -> None:
        """Show how far work has come."""
        try:
            (self._draw if self._is_watched else self._tell)(progress)
        except CLOSED:  # nobody watches any more
            self.close()
            self._is_watched = False

    def close(self, done: bool = False) -> None:
        """Leave the bar as it is, or as that of finished work."""
        bar, self._bar = self._bar, None
        with suppress(*CLOSED):
            if bar is not None and done:
                bar.set_postfix_str("", refresh=False)
                bar.update(bar.total - bar.n)
            if bar is not None:
                bar.close()

    def _draw(self, progress: Progress) -> None:
        in_bytes, title = progress.stage in IN_BYTES, _title(progress)
        total, done = (progress.total, progress.step) if in_bytes else (100, 100 * _share(progress))
        shows = title if in_bytes else ""
        if self._bar is None or shows != self._shows or done < self._bar.n:
            self.close(done=True)
            self._bar, self._shows = _new_bar(total, done, BYTES_BAR if in_bytes else PLAN_BAR), shows
        self._bar.total = total
        self._bar.set_description_str(title, refresh=False)
        self._bar.set_postfix_str(_left(progress), refresh=False)
        self._bar.update(done - self._bar.n)  # draws ten times a second at most
        if done >= total:
            self.close(done=True)

    def _tell(self, progress: Progress) -> None:
        now = self._clock()
        if self._told is None:
            self._told = now  # what is done so soon needs no line
        if now - self._told >= PAUSE:
            self._told = now
            parts = (_title(progress), f"{100 * _share(progress):.0f} %", _left(progress))
            aside(", ".join(filter(None, parts)))


def _is_watched() -> bool:
    """Whether standard error is a terminal that can draw, or a notebook's."""
    if type(sys.stderr).__module__.startswith("ipykernel"):
        return True
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _title(progress: Progress) -> str:
    return f"{STAGE_LABELS.get(progress.stage, progress.stage)} {progress.name}".strip()


def _share(progress: Progress) -> float:
    """Of the whole plan where that is known, else of the stage."""
    return progress.step / max(progress.total, 1) if progress.share is None else progress.share


def _left(progress: Progress) -> str:
    return "" if progress.seconds_left is None else f"about {duration(progress.seconds_left)} left"


def _new_bar(total: float, done: float, looks: str) -> object:
    from tqdm.auto import tqdm

    # What was done before, on another day perhaps, does not count into the rate.
    return tqdm(total=total, initial=done, bar_format=looks, unit="B", unit_scale=True, miniters=0)
