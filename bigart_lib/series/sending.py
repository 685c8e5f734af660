"""A series on a Ray cluster: a task for each job, what is lost sent again, and what came back on disk.

Nothing is kept here but what is in flight: what is made is on the disk, and the same call goes on.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bigart_lib.files import FULL, writing
from bigart_lib.machine import VERSION
from bigart_lib.progress import Announce, Report
from bigart_lib.series import cluster, worker
from bigart_lib.series.cluster import Slots, differing, named
from bigart_lib.series.driving import WAIT, Foresight, FullDiskError, Outlook, SeriesProgress, to_make
from bigart_lib.series.jobs import Job
from bigart_lib.series.parts import Entry, Part
from bigart_lib.series.running import BUSY, FULL_DISK, Row
from bigart_lib.text import in_words

NETWORKS = 1_000_000_000  # bytes that torch and networks take beside what a forecast counts
MOST_LOST = 5  # workers that a job may take with it, before it is given up
TICK = 1.0  # seconds between two looks at what is in flight
TOKEN = ".shared-"  # how the name of the file begins by which workers know a shared folder


class Workers(NamedTuple):
    """Those of a cluster."""

    takes: Slots
    options: Mapping[str, Any]  # for `load`
    facts: Mapping[str, Any] | None  # what a machine must be to get jobs; None takes any
    announce: Announce

    def describe(self) -> str:
        """How many, and what each job has, in words."""
        count = sum(self.takes.on(node) for node in cluster.nodes())
        each = "a GPU, " * self.takes.gpus + f"{self.takes.threads} thread{'s' * (self.takes.threads > 1)}"
        return f"Ray: {count} job{'s' * (count != 1)} at a time, each with {each}"

    def drive(
        self, part: Part, foresight: Foresight, outlook: Outlook, report: Report,
        told: Callable[[Entry, Row], object],
    ) -> None:  # fmt: skip
        """As `driving.drive`: make every job of a part that is not made."""
        Driver(self, part, foresight, SeriesProgress(outlook, foresight, report), told).run()


@contextmanager
def opened(
    address: str, options: Mapping[str, Any], threads: int | None, must_be_alike: bool, announce: Announce
) -> Iterator[Workers]:
    """The workers of a cluster, see `cluster.connected`.

    Parameters
    ----------
    options : for `load`: device and memory.
    threads : of each job; None: one on a CPU, and an even share beside a GPU.
    must_be_alike : refuse machines whose pictures would differ in the last digits.

    Raises
    ------
    ValueError
        When it cannot be reached, or its machines cannot make what is asked for.
    """
    with cluster.connected(address):
        takes = cluster.slots(options, threads)
        options = {**options, **({} if takes.gpus else {"memory": takes.memory})}
        found = cluster.machines(takes, options)
        if unlike := differing(found):
            if must_be_alike:
                raise ValueError(
                    f"the machines are not the same: {unlike}; leave --same-machines out, or them"
                )
            announce(f"unlike machines, whose pictures differ in the last digits: {unlike}")
        yield Workers(takes, options, found[0]["facts"] if must_be_alike and found else None, announce)


@dataclass
class _Flight:
    """A task on its way."""

    entry: Entry
    seconds: float  # forecast
    host: str = ""  # where it runs, once it does
    began: float = 0.0


@dataclass
class Driver:
    """Gives the jobs of a part to workers, and takes what they made; `told` is told what became of each."""

    workers: Workers
    part: Part
    foresight: Foresight
    progress: SeriesProgress
    told: Callable[[Entry, Row], object]
    _flights: dict[Any, _Flight] = field(default_factory=dict)
    _later: deque[tuple[float, Entry]] = field(default_factory=deque)
    _lost: Counter[str] = field(default_factory=Counter)
    _refused: set[str] = field(default_factory=set)
    _token: str = ""

    def run(self) -> None:
        """Make every job that is not made.

        Raises
        ------
        FullDiskError
            When nothing can be written: what is made is there, and the same call goes on.
        """
        folder = self.part.folder.absolute()
        self._token = f"{TOKEN}{secrets.token_hex(8)}"
        with writing(folder / self._token) as file:
            file.write(self._token.encode())
        jobs = to_make(self.part)
        try:
            while self._give(jobs) or self._later:
                self._take()
        finally:
            self._cancel()
            for path in folder.glob(f"{TOKEN}*"):  # those of killed drivers, too
                path.unlink(missing_ok=True)

    def _give(self, jobs: Iterator[Entry]) -> int:
        """Send off as many jobs as workers may want soon; returns how many are on their way."""
        self.progress.workers = max(sum(self.workers.takes.on(node) for node in cluster.nodes()), 1)
        while len(self._flights) < 2 * self.progress.workers + 2:
            is_due = bool(self._later) and self._later[0][0] <= time.monotonic()
            entry = self._later.popleft()[1] if is_due else next(jobs, None)
            if entry is None:
                break
            self._send(entry)
        return len(self._flights)

    def _send(self, entry: Entry) -> None:
        ray, takes = cluster.needed(), self.workers.takes
        asked = {
            "folder": str(self.part.folder.absolute()), "token": self._token, "threads": takes.threads,
            "options": dict(self.workers.options), "version": VERSION, "facts": self.workers.facts,
        }  # fmt: skip
        # Ray would count lost machines like what a job does to its worker: so it is counted here.
        options = {"num_returns": "streaming", "max_retries": 0, "num_cpus": takes.threads}
        options |= {"num_gpus": takes.gpus, "memory": self._memory(entry.job)}
        if self._refused:
            options["label_selector"] = {"ray.io/node-id": f"!in({', '.join(sorted(self._refused))})"}
        task = ray.remote(**options)(worker.work)
        self._flights[task.remote(entry.job.to_dict(), asked)] = _Flight(
            entry, self.progress.takes(entry.job)
        )

    def _memory(self, job: Job) -> int:
        """Bytes that a job reserves; no more than the largest machine has, or it would wait for ever."""
        with suppress(Exception):
            needed = max(self.workers.takes.memory, self.foresight.of(job).memory + NETWORKS)
            return int(min(needed, max(node["Resources"].get("memory", 0) for node in cluster.nodes())))
        return self.workers.takes.memory

    def _take(self) -> None:
        """Wait a moment, and see what has come back."""
        ray = cluster.needed()
        if not self._flights:
            time.sleep(TICK)
            return
        ready, _ = ray.wait([*self._flights], num_returns=1, timeout=TICK)
        for stream in ready:
            self._see(stream, self._flights[stream])
        self._tell()

    def _see(self, stream: Any, flight: _Flight) -> None:
        ray, job = cluster.needed(), flight.entry.job
        from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

        try:
            answer = ray.get(next(stream))
        except (OutOfMemoryError, WorkerCrashedError):
            self._lost[job.key] += 1
            if self._lost[job.key] < MOST_LOST:
                return self._again(stream)
            reason = (
                f"{MOST_LOST} workers ended at it, for want of memory perhaps: see --memory and --threads"
            )
            return self._end(stream, worker.give_up(job, self.part.folder, reason))
        except RayTaskError as error:
            reason = in_words(getattr(error, "cause", None) or error)
            return self._end(stream, worker.give_up(job, self.part.folder, reason))
        except (RayError, StopIteration):  # a machine is gone
            return self._again(stream)
        if "row" in answer:
            return self._end(stream, self._row(answer, job))
        flight.host, flight.began = answer["host"], time.monotonic()
        if not answer["is_fit"]:
            self._refuse(answer)
            self._again(stream)
        return None

    def _refuse(self, answer: worker.Answer) -> None:
        self._refused.add(answer["node"])
        if answer["version"] != VERSION:
            why = f"it has BIG.art {answer['version']}, and here is {VERSION}"
        else:
            why = differing([answer, {"host": "the others", "facts": self.workers.facts}])
        self.workers.announce(f"{answer['host']} gets no jobs: {why}")
        if not {node["NodeID"] for node in cluster.nodes() if self.workers.takes.on(node)} - self._refused:
            raise ValueError("no machine is left that is as the first ones were")

    def _row(self, answer: worker.Answer, job: Job) -> Row:
        if "files" not in answer:
            return Row.from_dict(answer["row"])
        try:
            return worker.unpack(answer["files"], job, self.part.folder)
        except OSError as error:
            if error.errno in FULL:
                raise FullDiskError(in_words(error)) from error
            raise

    def _end(self, stream: Any, row: Row) -> None:
        if row.status == FULL_DISK:
            raise FullDiskError(row.reason)
        if row.status == BUSY:
            return self._again(stream)
        flight = self._flights.pop(stream)
        self.progress.end(row, flight.seconds)
        return self.told(flight.entry, row)

    def _again(self, stream: Any) -> None:
        self._later.append((time.monotonic() + WAIT, self._flights.pop(stream).entry))

    def _tell(self) -> None:
        at_work = [one for one in self._flights.values() if one.host]
        now = time.monotonic()
        done = sum(min(now - one.began, 0.95 * one.seconds) for one in at_work)
        where = f", {len(at_work)} running on {named({one.host for one in at_work})}" if at_work else ""
        self.progress.tell(done, where)

    def _cancel(self) -> None:
        """End what is still at work, as after an interrupt; every file is whole or not there."""
        flights, self._flights = self._flights, {}
        killed = _cancelled([*flights], force=False, patience=5)
        _cancelled(killed, force=True, patience=1)
        for stream in killed:
            worker.tidy(flights[stream].entry.job, self.part.folder)


def _cancelled(streams: list[Any], force: bool, patience: float) -> list[Any]:
    """Cancel tasks and wait until they end; returns those still at work after `patience` seconds."""
    ray, ends = cluster.needed(), {}
    for stream in streams:
        with suppress(Exception):
            ray.cancel(stream, force=force)
        ends[stream.completed()] = stream  # to wait for a stream is to wait for what it gave first
    with suppress(Exception):
        _, at_work = ray.wait([*ends], num_returns=len(ends), timeout=patience) if ends else ([], [])
        return [ends[end] for end in at_work]
    return streams
