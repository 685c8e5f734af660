"""Long work beside the widgets: a thread that computes, a queue of what it says, and who reads that queue.

A job touches no widget. What it reports is applied by a pump: a second thread where widgets may be changed
from one, and the main thread, inside the click that began the job, in Colab, where such changes are lost.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from bigart_lib.machine import on_colab
from bigart_lib.progress import CancelledError, Progress, Report
from bigart_lib.studio import messages

POLL = 0.05  # seconds between two looks at waiting clicks
SHOW_EVERY = 0.2  # seconds between two previews, which are large


class Listener(NamedTuple):
    """What is called, one at a time, with what a job says: any progress, then one of the others, once."""

    progress: Callable[[Progress], None]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    cancelled: Callable[[], None]


class Jobs:
    """Runs one job at a time.

    Parameters
    ----------
    lock : held while a listener is called, so that clicks and events do not meet.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self.lock = lock
        self._job: _Job | None = None
        self._pump: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs, or its last word is not yet heard."""
        return self._job is not None

    def cancel(self) -> None:
        """Ask the job to stop at its next step."""
        if (job := self._job) is not None:
            job.cancel.set()

    def break_off(self) -> None:
        """Stop the job at its next step as if its process had ended, so that it can be gone on with."""
        if (job := self._job) is not None:
            job.is_broken_off = True
            job.cancel.set()
        self.wait()

    def start(self, job: Callable[[Report], Any], listener: Listener) -> None:
        """Run `job`, given a report, in a thread. In Colab this returns when the job has ended.

        Once the last word is told, another job may start, from within the listener too. A listener that
        raises stops the job, and what it raised is what the job failed with.

        Raises
        ------
        RuntimeError
            When another job runs.
        """
        if on_colab() and threading.current_thread() is threading.main_thread():
            with _interrupts() as interrupts:
                self._tell_all_here(self._start(job, listener), interrupts)
        else:
            with self.lock:
                started = self._start(job, listener)
                self._pump = threading.Thread(None, self._tell_all, "bigart-pump", (started,), daemon=True)
                self._pump.start()

    def _start(self, job: Callable[[Report], Any], listener: Listener) -> _Job:
        with self.lock:  # of two clicks at once, one starts a job
            if self.busy:
                raise RuntimeError("something else is being made: wait for it, or cancel it")
            started = _Job(job, listener)
            threading.Thread(target=started.work, name="bigart-job", daemon=True).start()
            self._job = started
        return started

    def wait(self, seconds: float | None = None) -> None:
        """Until the job, and those that its listener started, have ended; for programs, not for clicks."""
        pump = None
        while self._pump is not pump:
            pump = self._pump
            pump.join(seconds)

    def _tell_all(self, job: _Job) -> None:
        while not self._tell(job):
            time.sleep(POLL)  # lets what comes fast pile up, of which the newest is shown

    def _tell_all_here(self, job: _Job, interrupts: list[int]) -> None:
        clicks = messages.WaitingMessages()
        try:
            while not self._tell(job, timeout=POLL):
                if interrupts:
                    job.cancel.set()
                clicks.handle()
        finally:
            clicks.give_back()

    def _tell(self, job: _Job, timeout: float | None = None) -> bool:
        """Tell the listener what comes next, if it comes in time; returns whether it was the last word."""
        event = job.next(timeout)
        if event is None:
            return False
        name, arguments = event
        with self.lock:
            if name == "progress":
                job.tell_progress(*arguments)
                return False
            self._job = None
            job.tell_last(name, arguments)
        return True


class _Job:
    """A job at work, and what it has said that nobody has heard yet."""

    def __init__(self, job: Callable[[Report], Any], listener: Listener) -> None:
        self.cancel = threading.Event()
        self.is_broken_off = False
        self._job = job
        self._listener = listener
        self._events: queue.SimpleQueue[tuple[str, tuple]] = queue.SimpleQueue()
        self._last: tuple[str, tuple] | None = None  # the result, if it arrived meanwhile
        self._shown = float("-inf")  # when a preview last went out
        self._listener_error: Exception | None = None

    def work(self) -> None:
        """Do the job."""
        try:
            self._events.put(("done", (self._job(self._report),)))
        except (CancelledError, KeyboardInterrupt):
            self._events.put(("cancelled", ()))
        except BaseException as error:  # a job must not end without a word
            self._events.put(("failed", (error,)))

    def _report(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.preview is not None:
            if now - self._shown < SHOW_EVERY and progress.step < progress.total:
                progress = progress._replace(preview=None)
            else:
                self._shown = now
        self._events.put(("progress", (progress,)))
        if self.cancel.is_set():
            stop = KeyboardInterrupt if self.is_broken_off else CancelledError
            raise stop(f"stopped in {progress.stage} at step {progress.step}")

    def next(self, timeout: float | None) -> tuple[str, tuple] | None:
        """The next event, of progress the newest that waits; None if nothing came in time."""
        if self._last is not None:
            return self._last
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        while event[0] == "progress" and not self._events.empty():
            newer = self._events.get()
            if newer[0] != "progress":
                self._last = newer
                break
            if newer[1][0].preview is None:
                newer = ("progress", (newer[1][0]._replace(preview=event[1][0].preview),))
            event = newer
        return event

    def tell_progress(self, progress: Progress) -> None:
        """Tell the listener how far the job is; the job stops if that cannot be told."""
        try:
            self._listener.progress(progress)
        except Exception as error:
            self._listener_error = self._listener_error or error
            self.cancel.set()

    def tell_last(self, name: str, arguments: tuple) -> None:
        """Tell the listener how the job ended."""
        try:
            if self._listener_error is not None:
                raise self._listener_error
            getattr(self._listener, name)(*arguments)
        except Exception as error:
            if name == "failed" and error is not self._listener_error:
                raise  # the listener cannot even tell of failures
            self._listener.failed(error)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect the kernel's interrupts, none of which then breaks off what is being done."""
    collected: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: collected.append(number))
    try:
        yield collected
    finally:
        signal.signal(signal.SIGINT, before)
