"""A whole series: what is made is skipped, the rest is made one by one, and how far all of it is is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bigart_lib.progress import Progress, Report
from bigart_lib.series import running
from bigart_lib.series.jobs import Job
from bigart_lib.series.parts import Entry, Part
from bigart_lib.series.running import BUSY, FAILED, FULL_DISK, MADE, Foreseen, Models, Row, row_of

MOST_FORESEEN = 1000  # kinds of jobs that are remembered
WAIT = 2  # seconds until a job that another process makes is looked at again


class FullDiskError(OSError):
    """Nothing can be written any more, and the rest of a series would be painted for nothing."""


class Foresight:
    """What jobs take; those that differ in prompt and seed alone take the same."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self._known: dict[str, Foreseen | Exception] = {}

    def of(self, job: Job) -> Foreseen:
        """Seconds and bytes of a job; raises as making it would."""
        if job.kind not in self._known:
            if len(self._known) >= MOST_FORESEEN:
                self._known.clear()
            try:
                self._known[job.kind] = running.foresee(job, self.models)
            except Exception as error:
                self._known[job.kind] = error
        found = self._known[job.kind]
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(frozen=True)
class Outlook:
    """How far a series is, and what the rest takes."""

    made: int = 0
    jobs: int = 0
    bad: int = 0  # lines
    seconds: float = 0.0  # of the jobs that are not made
    bytes: float = 0.0
    unknown: int = 0  # jobs of which no forecast can be given

    def with_entry(self, entry: Entry, parent: Path, foresight: Foresight) -> Outlook:
        """The same, and one job or bad line more."""
        if entry.job is None:
            return replace(self, bad=self.bad + 1)
        row = row_of(entry.job, parent)
        if row is not None and row.status == MADE:
            return replace(self, jobs=self.jobs + 1, made=self.made + 1)
        try:
            takes, unknown = foresight.of(entry.job), 0
        except Exception:
            takes, unknown = Foreseen(0.0, 0.0), 1
        return replace(
            self, jobs=self.jobs + 1, unknown=self.unknown + unknown,
            seconds=self.seconds + takes.seconds, bytes=self.bytes + takes.bytes,
        )  # fmt: skip


def drive(
    part: Part,
    foresight: Foresight,
    outlook: Outlook,
    report: Report,
    told: Callable[[Entry, Row], object],
    make: Callable[..., Row] = running.make,
) -> None:
    """Make every job of a part that is not made; `told` is told what became of each.

    Parameters
    ----------
    foresight : has the models that make them.

    Raises
    ------
    FullDiskError
        When nothing can be written: what is made is there, and the same call goes on.
    """
    models, progress = foresight.models, SeriesProgress(outlook, foresight, report)
    waiting: list[Entry] = []
    for entry in to_make(part):
        if _make(entry, part, models, progress, told, make).status == BUSY:
            waiting.append(entry)
    while waiting:  # another process is at these, or was killed at them
        time.sleep(WAIT)
        waiting = [
            entry for entry in waiting if _make(entry, part, models, progress, told, make).status == BUSY
        ]


def _make(
    entry: Entry,
    part: Part,
    models: Models,
    progress: SeriesProgress,
    told: Callable[[Entry, Row], object],
    make: Callable[..., Row],
) -> Row:
    progress.begin(entry.job)
    row = make(entry.job, models, part.folder, progress)
    if row.status == FULL_DISK:
        raise FullDiskError(row.reason)
    if row.status != BUSY:
        progress.end(row)
        told(entry, row)
    return row


def to_make(part: Part) -> Iterator[Entry]:
    """The jobs that are not made, in a good order."""
    for entry in _in_order(part):
        row = row_of(entry.job, part.folder)
        if row is None or row.status != MADE:
            yield entry


def _in_order(part: Part) -> Iterator[Entry]:
    """Jobs by what models they need, so that none are loaded twice; else in the order of the lines."""
    loads: dict[str, Mapping | None] = {}
    for entry in part.entries():
        if entry.job:
            loads[repr(entry.job.load)] = entry.job.load
    for wanted in loads.values():
        yield from (entry for entry in part.entries() if entry.job and entry.job.load == wanted)


class SeriesProgress:
    """Tells how far the series is, with every step of the job that is at work."""

    def __init__(self, outlook: Outlook, foresight: Foresight, report: Report) -> None:
        self._total, self._made, self._failed = outlook.jobs, outlook.made, 0
        self._foresight, self._report = foresight, report
        known = outlook.jobs - outlook.made - outlook.unknown
        self._usual = outlook.seconds / known if known and outlook.seconds else 1.0
        self._whole = max(outlook.seconds + outlook.unknown * self._usual, 1e-9)
        self._done = self._current = 0.0  # forecast seconds
        self._began = time.monotonic()
        self.workers = 1  # that share the work

    def takes(self, job: Job) -> float:
        """Forecast seconds of a job."""
        try:
            return self._foresight.of(job).seconds
        except Exception:
            return self._usual

    def begin(self, job: Job) -> None:
        """Note which job is at work in this process."""
        self._current = self.takes(job)

    def end(self, row: Row, seconds: float | None = None) -> None:
        """Note what became of a job; `seconds`: what it was forecast to take, where it worked elsewhere."""
        self._done += self._current if seconds is None else seconds
        self._made += row.status == MADE
        self._failed += row.status == FAILED
        self.tell()

    def __call__(self, progress: Progress) -> None:
        """Tell how far the job at work in this process is."""
        if progress.share is None:  # weights are fetched, say
            self._report(progress)
        else:
            self.tell(progress.share * self._current, ", 1 running")

    def tell(self, at_work: float = 0.0, running: str = "") -> None:
        """Tell how far the series is: forecast seconds that are done of jobs at work, and which these are."""
        done = self._done + at_work
        share = min(done / self._whole, 1.0)
        # By the forecast, and more and more by the pace so far.
        pace = (time.monotonic() - self._began) / done if done else 1.0
        left = max(self._whole - done, 0.0) * ((1 - share) / self.workers + share * pace)
        failed = f", {self._failed} failed" if self._failed else ""
        title = f"{self._made} of {self._total} made{failed}{running}"
        self._report(Progress(title, 0, 1, share=share, seconds_left=left))
