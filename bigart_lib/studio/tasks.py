"""What clicks begin: one piece of long work at a time, what waits for it, and errors in words."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from bigart_lib.progress import Progress, Report
from bigart_lib.studio.jobs import Jobs, Listener
from bigart_lib.studio.parts import in_words
from bigart_lib.studio.progress_row import ProgressRow
from bigart_lib.studio.queue_row import QueueRow


class Tasks:
    """Runs jobs and shows in one row how far they are and how they ended.

    Parameters
    ----------
    let_work : told whether other work may be begun.
    show_again : called after work that was not finished.
    """

    def __init__(self, let_work: Callable[[bool], None], show_again: Callable[[], None]) -> None:
        self.jobs = Jobs(threading.RLock())
        self.row, self.queue = ProgressRow(self.guard(self.cancel)), QueueRow(self.guard)
        self._let_work, self._show_again = let_work, show_again
        self._closed, self._warming = False, threading.Lock()

    def warm_up(self, prepare: Callable[[], None]) -> None:
        """Do what the first work would have to do, unless that has begun; work that begins meanwhile waits.

        Both import diffusers, which fails where two threads do.
        """
        with self._warming:
            if not (self._closed or self.jobs.busy):
                prepare()

    def close(self) -> None:
        """Break off what is being made, so that it can be gone on with, and hear of nothing any more."""
        with self.jobs.lock:
            self._closed = True
            self.queue.clear()
        self.jobs.break_off()

    def cancel(self) -> None:
        """Stop what is being made at its next step; what waits is begun then."""
        self.jobs.cancel()
        if self.jobs.busy:
            self.row.stopping()

    def begin(
        self, words: str, job: Callable, done: Callable[..., str], show: Callable | None = None
    ) -> None:
        """Do long work now, or after what is being made; `words` say what it is. See `start`."""
        if self.jobs.busy:
            self.queue.add(words, functools.partial(self.start, job, done, show))
        else:
            self.start(job, done, show)

    def start(self, job: Callable, done: Callable[..., str], show: Callable | None = None) -> None:
        """Do long work, and show how it goes.

        Parameters
        ----------
        job : given a report.
        done : given the job's result and its seconds; says what to tell the artist.
        show : told of progress, beside the row.
        """
        if self.jobs.busy:
            raise ValueError("something is being made already: wait for it, or cancel it")
        began, row = time.monotonic(), self.row

        def warmed(report: Report) -> Any:
            with self._warming:
                pass
            return job(report)

        def progress(news: Progress) -> None:
            row.show(news)
            if show is not None:
                show(news)

        def finish(result: Any) -> None:
            self._let_work(True)
            row.say(done(result, time.monotonic() - began))
            self.queue.begin_next()

        def stop(words: str, error: bool = False) -> None:
            self._show_again()
            self._let_work(True)
            row.say(words, error)
            self.queue.begin_next()

        def failed(error: BaseException) -> None:
            stop(in_words(error), error=True)

        cancelled = functools.partial(stop, "Cancelled. What was finished before is kept.")
        self._let_work(False)
        row.begin()
        listener = Listener(*(self.guard(heard) for heard in (progress, finish, failed, cancelled)))
        self.jobs.start(warmed, listener)

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
                    self._tell(in_words(error))

        return guarded

    def _tell(self, problem: str) -> None:
        """Say what is wrong; work that goes on goes on telling how far it is."""
        if self.jobs.busy:
            self.row.warn(problem)
        else:
            self.row.say(problem, error=True)
