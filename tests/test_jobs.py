"""Jobs beside the widgets: who is told what, on which thread; cancelling, failing and hurrying."""

import os
import signal
import sys
import threading
import time
import types

import pytest

from bigart_lib.machine import on_colab
from bigart_lib.progress import CancelledError, Progress
from bigart_lib.studio import jobs, messages
from bigart_lib.studio.jobs import Jobs, Listener

SOON = 60  # seconds after which a test gives up; none waits for them where all is well


class Told:
    """A listener that keeps what it is told, and by which thread."""

    def __init__(self, **replaced):
        self.words = []
        self.threads = []
        names = Listener._fields
        self.listener = Listener(**{name: replaced.get(name) or self._keeper(name) for name in names})

    def _keeper(self, name):
        def keep(*arguments):
            self.words.append((name, *arguments))
            self.threads.append(threading.current_thread())

        return keep

    @property
    def last_words(self):
        return [word for word in self.words if word[0] != "progress"]


@pytest.fixture(params=["elsewhere", "in Colab"])
def place(request, monkeypatch):
    """Where the job runs: with a pump thread, or with the pump on the main thread."""
    if request.param == "in Colab":
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    else:
        monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    return request.param


@pytest.fixture
def runner():
    return Jobs(threading.RLock())


def run(runner, job, **replaced):
    told = Told(**replaced)
    runner.start(job, told.listener)
    runner.wait(SOON)
    return told


def until_cancelled(report):
    """A job that reports until it is told to stop."""
    give_up = time.monotonic() + SOON
    while time.monotonic() < give_up:
        report(Progress("enlarge", 1, 2))
        time.sleep(0.001)


def test_a_job_tells_its_progress_then_its_result(runner, place):
    def job(report):
        report(Progress("base", 1, 1))
        return "a picture"

    told = run(runner, job)
    assert told.words == [("progress", Progress("base", 1, 1)), ("done", "a picture")]
    assert not runner.busy


def test_a_job_that_fails_at_once_says_so(runner, place):
    told = run(runner, lambda report: 1 / 0)
    assert [type(error) for _, error in told.words] == [ZeroDivisionError] and told.words[0][0] == "failed"
    assert not runner.busy


def test_cancelling_at_once_cancels(runner, place):
    told = run(
        runner,
        until_cancelled,
        progress=lambda progress: runner.cancel(),
    )
    assert told.words == [("cancelled",)]


def test_a_job_that_never_reports_again_is_done_though_cancelled(runner, place):
    def job(report):
        runner.cancel()
        return "all the same"

    assert run(runner, job).words == [("done", "all the same")]


def test_cancelling_what_has_ended_does_not_cancel_what_comes_next(runner, place):
    run(runner, lambda report: None)
    runner.cancel()
    told = run(runner, lambda report: report(Progress("base", 1, 1)))
    assert told.last_words == [("done", None)]


def test_a_second_job_is_refused_and_the_first_goes_on(runner, place):
    def start_another(progress):
        with pytest.raises(RuntimeError, match="wait for it, or cancel it"):
            runner.start(lambda report: "second", Told().listener)

    def job(report):
        report(Progress("base", 1, 1))
        return "first"

    assert run(runner, job, progress=start_another).words == [("done", "first")]


def test_of_many_starts_at_once_one_begins(runner, monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    begun, ready, release = [], threading.Barrier(8), threading.Event()

    def start():
        ready.wait(SOON)
        try:
            runner.start(lambda report: release.wait(SOON), Told().listener)
            begun.append(True)
        except RuntimeError:
            begun.append(False)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    release.set()
    runner.wait(SOON)
    assert sorted(begun) == [False] * 7 + [True]


def test_the_last_word_of_a_job_may_start_another(runner, place):
    second = Told()
    run(
        runner,
        lambda report: "first",
        done=lambda result: runner.start(lambda report: result, second.listener),
    )
    assert second.words == [("done", "first")] and not runner.busy


@pytest.mark.parametrize("name", ["progress", "done", "cancelled"])
def test_a_listener_that_raises_fails_the_job(runner, place, name):
    def job(report):
        if name == "done":
            return
        report(Progress("base", 1, 2))
        if name == "cancelled":
            raise CancelledError
        until_cancelled(report)

    def broken(*arguments):
        raise LookupError("no such widget")

    told = run(runner, job, **{name: broken})
    assert [str(word[1]) for word in told.last_words] == ["no such widget"]
    assert told.last_words[0][0] == "failed" and not runner.busy


def test_a_listener_is_called_on_the_pump_alone(runner, place):
    told = run(runner, lambda report: report(Progress("base", 1, 1)))
    main = threading.main_thread()
    assert {thread is main for thread in told.threads} == {place == "in Colab"}
    assert "bigart-job" not in {thread.name for thread in told.threads}


def test_clicks_wait_while_a_listener_is_called(place):
    lock, free = threading.RLock(), []

    def try_lock(*arguments):
        thread = threading.Thread(target=lambda: free.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join(SOON)

    run(Jobs(lock), lambda report: report(Progress("base", 1, 1)), progress=try_lock, done=try_lock)
    assert free and not any(free)


def run_faster_than_it_is_heard(runner, last, preview_of):
    """A job that reports its first step, and all others while the listener still looks at that."""
    looking, reported = threading.Event(), threading.Event()

    def job(report):
        for step in range(1, last + 1):
            report(Progress("base", step, last, preview=preview_of(step)))
            if step == 1:
                looking.wait(SOON)
        reported.set()

    def look(progress):
        told.append(progress)
        looking.set()
        reported.wait(SOON)

    told = []
    run(runner, job, progress=look)
    return told


def test_of_what_comes_fast_the_newest_is_told_with_the_newest_preview(runner, place, monkeypatch):
    monkeypatch.setattr(jobs, "SHOW_EVERY", 0)
    told = run_faster_than_it_is_heard(runner, 2000, lambda step: step if step <= 1500 else None)
    assert told == [Progress("base", 1, 2000, preview=1), Progress("base", 2000, 2000, preview=1500)]


def test_of_previews_that_come_fast_the_first_and_the_last_are_told(runner, place, monkeypatch):
    monkeypatch.setattr(jobs, "SHOW_EVERY", float("inf"))
    heard, previews = threading.Semaphore(0), []

    def job(report):
        for step in (1, 2, 3):
            report(Progress("base", step, 3, preview=step))
            heard.acquire(timeout=SOON)

    def look(progress):
        previews.append(progress.preview)
        heard.release()

    run(runner, job, progress=look)
    assert previews == [1, None, 3]


def test_the_interrupt_of_a_kernel_cancels_and_breaks_nothing_off(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    before = signal.getsignal(signal.SIGINT)

    def job(report):
        os.kill(os.getpid(), signal.SIGINT)
        until_cancelled(report)

    assert run(runner, job).last_words == [("cancelled",)]
    assert signal.getsignal(signal.SIGINT) is before


def test_in_colab_a_waiting_click_is_heard_while_a_job_runs(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    given_back = []

    class Clicks:
        def handle(self):
            runner.cancel()

        def give_back(self):
            given_back.append(runner.busy)

    monkeypatch.setattr(messages, "WaitingMessages", Clicks)
    assert run(runner, until_cancelled).last_words == [("cancelled",)]
    assert given_back == [False]


def test_colab_is_recognised_by_its_module(place):
    assert on_colab() == (place == "in Colab")


def test_where_there_is_no_kernel_no_message_waits():
    waiting = messages.WaitingMessages()
    waiting.handle()
    waiting.give_back()
