"""What clicks begin: one piece of long work at a time, and errors in words beside what caused them."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from bigart_lib.progress import Progress
from bigart_lib.studio.jobs import Jobs, Listener
from bigart_lib.studio.progress_row import ProgressRow
from bigart_lib.text import in_words, is_expected


class Tasks:
    """Runs jobs and shows in a progress row how far they are and how they ended.

    Parameters
    ----------
    let_work : told whether other work may be begun.
    show_again : called after work that was not finished.
    """

    def __init__(self, let_work: Callable[[bool], None], show_again: Callable[[], None]) -> None:
        self.jobs = Jobs(threading.RLock())
        self.row: ProgressRow | None = None  # where something is said next
        self._let_work, self._show_again = let_work, show_again
        self._closed = False

    def close(self) -> None:
        """Break off what is being made, so that it can be gone on with, and hear of nothing any more."""
        with self.jobs.lock:
            self._closed = True
        self.jobs.break_off()

    def cancel(self) -> None:
        """Stop what is being made at its next step."""
        self.jobs.cancel()
        if self.jobs.busy:
            self.row.stopping()

    def start(
        self, row: ProgressRow, job: Callable, done: Callable[..., str], show: Callable | None = None
    ) -> None:
        """Do long work, and show in a row how it goes.

        Parameters
        ----------
        job : given a report.
        done : given the job's result and its seconds; says what to tell the artist.
        show : told of progress, beside the row.
        """
        if self.jobs.busy:
            raise ValueError("something is being made already: wait for it, or cancel it")
        began = time.monotonic()
        self.row = row

        def progress(news: Progress) -> None:
            row.show(news)
            if show is not None:
                show(news)

        def finish(result: Any) -> None:
            self._let_work(True)
            row.say(done(result, time.monotonic() - began))

        def stop(words: str, error: bool = False) -> None:
            self._show_again()
            self._let_work(True)
            row.say(words, error)

        def failed(error: BaseException) -> None:
            stop(_in_words(error), error=True)

        cancelled = functools.partial(stop, "Cancelled. What was finished before is kept.")
        self._let_work(False)
        row.begin()
        listener = Listener(*(self.guard(heard) for heard in (progress, finish, failed, cancelled)))
        self.jobs.start(job, listener)

    def guard(self, function: Callable) -> Callable:
        """Let nothing fail in silence: a widget's callback has nobody else who would show its error."""

        @functools.wraps(function)
        def guarded(*arguments: Any) -> None:
            with self.jobs.lock:
                if self._closed:
                    return
                try:
                    function(*arguments)
                except Exception as error:
                    self.row.say(_in_words(error), error=True)

        return guarded


def _in_words(error: BaseException) -> str:
    if not is_expected(error):
        logging.getLogger(__name__).error("in the studio", exc_info=error)
    return in_words(error)
