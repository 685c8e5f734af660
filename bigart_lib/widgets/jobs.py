"""Long work beside the widgets: a thread that computes, a queue of what it says, and who reads that queue.

A job touches no widget. What it reports is applied by a pump: a second thread where widgets may be changed
from one, and the main thread, inside the click that began the job, in Colab, where such changes are lost.
Knows no stage and no picture.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bigart_lib.progress import CancelledError, Progress, Report
from bigart_lib.widgets import messages

POLL = 0.05  # seconds between two looks at waiting clicks
SHOW_EVERY = 0.2  # seconds between two previews, which are large


class Listener(NamedTuple):
    """What is called, one at a time, with what a job says."""

    progress: Callable[[Progress], None]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    cancelled: Callable[[], None]


def in_colab() -> bool:
    """Whether this kernel is one of Colab's."""
    return "google.colab" in sys.modules


class Jobs:
    """Runs one job at a time.

    Parameters
    ----------
    lock : held while a listener is called, so that clicks and events do not meet.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self.lock = lock
        self._cancel = threading.Event()
        self._worker: threading.Thread | None = None
        self._pump: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs, or its last words are not yet heard."""
        return self._worker is not None

    def cancel(self) -> None:
        """Ask the job to stop at its next step."""
        self._cancel.set()

    def start(self, job: Callable[[Report], Any], listener: Listener) -> None:
        """Run `job`, given a report, in a thread. In Colab this returns when the job has ended.

        Raises
        ------
        RuntimeError
            When another job runs.
        """
        if self.busy:
            raise RuntimeError("something else is being made: wait for it, or cancel it")
        self._cancel.clear()
        events: queue.SimpleQueue = queue.SimpleQueue()
        self._worker = threading.Thread(
            target=_work, args=(job, events, self._cancel), name="bigart-job", daemon=True
        )
        self._worker.start()
        if in_colab():
            self._pump_here(events, listener)
        else:
            self._pump = threading.Thread(
                target=self._apply_all, args=(events, listener), name="bigart-pump", daemon=True
            )
            self._pump.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until the job and its pump have ended; for programs, not for clicks."""
        if self._pump is not None:
            self._pump.join(seconds)

    def _apply_all(self, events: queue.SimpleQueue, listener: Listener) -> None:
        while not self._apply(_next(events, timeout=None), listener):
            time.sleep(SHOW_EVERY / 4)  # lets what comes fast pile up, of which the newest is shown

    def _pump_here(self, events: queue.SimpleQueue, listener: Listener) -> None:
        clicks = messages.WaitingMessages()
        ended = False
        try:
            while not ended:
                try:
                    event = _next(events, timeout=POLL)
                    if event is not None:
                        ended = self._apply(event, listener)
                    clicks.handle()
                except KeyboardInterrupt:  # the stop button of the cell
                    self.cancel()
        finally:
            clicks.give_back()

    def _apply(self, event: tuple[str, tuple], listener: Listener) -> bool:
        """Tell the listener; returns whether this was the job's last word."""
        name, arguments = event
        last = name != "progress"
        with self.lock:
            if last:
                self._worker = None
            getattr(listener, name)(*arguments)
        return last


def _work(job: Callable[[Report], Any], events: queue.SimpleQueue, cancel: threading.Event) -> None:
    shown = 0.0

    def report(progress: Progress) -> None:
        nonlocal shown
        now = time.monotonic()
        if progress.preview is not None and now - shown < SHOW_EVERY and progress.step < progress.total:
            progress = progress._replace(preview=None)
        elif progress.preview is not None:
            shown = now
        events.put(("progress", (progress,)))
        if cancel.is_set():
            raise CancelledError(f"stopped in {progress.stage} at step {progress.step}")

    try:
        events.put(("done", (job(report),)))
    except CancelledError:
        events.put(("cancelled", ()))
    except BaseException as error:  # a job must not end without a word
        events.put(("failed", (error,)))


def _next(events: queue.SimpleQueue, timeout: float | None) -> tuple[str, tuple] | None:
    """The next event, of progress the newest that waits; None if nothing came in time."""
    try:
        event = events.get(timeout=timeout)
        while event[0] == "progress" and not events.empty():
            newer = events.get()
            if newer[0] == "progress" and newer[1][0].preview is None:
                newer = ("progress", (newer[1][0]._replace(preview=event[1][0].preview),))
            event = newer
        return event
    except queue.Empty:
        return None
