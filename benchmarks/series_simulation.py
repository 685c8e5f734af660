"""Many workers at one series, event by event: failures, start-up, a shared disk, a driver, and the last jobs.

It knows no pictures and no machines: what a step takes is measured elsewhere. A worker is one process. A step
is kept once its files are on the disk, and only what is not kept is lost. The disk serves one file after the
other.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

HOUR = 3600.0  # seconds
PAINTING, LOST, TWICE, START, AWAY = "painting", "lost", "twice", "start-up", "away"
DISK, DRIVER, IDLE, SHEETS = "disk", "driver", "idle", "sheets"
SHARES = (PAINTING, LOST, TWICE, START, AWAY, DISK, DRIVER, IDLE, SHEETS)


class Step(NamedTuple):
    """A part of a job that is kept once it is made."""

    seconds: float
    bytes: float = 0.0
    files: int = 0  # that are written, journals too


@dataclass(frozen=True)
class Way:
    """How jobs come to workers."""

    name: str
    shards_per_worker: int = 0  # parts by hash, each a process of its own; 0: each job goes to a free worker
    shared: bool = True  # folder: steps are kept, and a lock keeps others from a job that is at work


@dataclass(frozen=True)
class World:
    """What workers have and what befalls them; seconds and bytes."""

    failures_per_hour: float = 0.0  # of a worker
    believed_lost: float = 0.0  # share of failures where the worker goes on unheard, until its job is done
    away: float = 0.0  # s until there is another worker for one that failed
    start: float = 0.0  # s from a process to its first job, models loaded
    start_bytes: float = 0.0  # models, read from the shared disk
    line: float = 0.0  # s to read a line; each shard reads all lines
    bandwidth: float = float("inf")  # of the shared disk, bytes/s
    file: float = 0.0  # s of the shared disk for each file, whatever its size
    dispatch: float = 0.0  # s of the driver for each job
    sheets: float = 0.0  # s for each job at the end: table and contact sheets, in one process


class Outcome(NamedTuple):
    """How long a series took, and where the time of its workers went."""

    seconds: float
    jobs: int
    shares: dict[str, float]  # of all workers' time; 1 together
    starts: int
    failures: int

    @property
    def per_hour(self) -> float:
        """Jobs that are made in an hour."""
        return self.jobs / self.seconds * HOUR

    @property
    def limit(self) -> str:
        """What takes the most time beside painting; painting where nothing else takes a tenth."""
        return PAINTING if self.shares[PAINTING] > 0.9 else max(SHARES[1:], key=self.shares.get)


@dataclass
class _Job:
    steps: Sequence[Step]
    made: int = 0


@dataclass
class _Worker:
    task: list[_Job] = field(default_factory=list)  # the first is at work
    state: str = IDLE
    since: float = 0.0
    version: int = 0  # of its plans: those made before a failure count no more
    is_started: bool = False
    is_unheard: bool = False
    step_end: float = 0.0  # before its files are written


def simulate(way: Way, jobs: Sequence[Sequence[Step]], workers: int, world: World, seed: int = 0) -> Outcome:
    """Let so many workers make a series; the same seed gives the same outcome."""
    return _Simulation(way, jobs, workers, world, seed).run()


class _Simulation:
    def __init__(
        self, way: Way, jobs: Sequence[Sequence[Step]], workers: int, world: World, seed: int
    ) -> None:
        self._way, self._world, self._random = way, world, random.Random(seed)
        self._events: list[tuple] = []  # time, order, what, worker, version
        self._order = self._starts = self._failures = 0
        self._now = self._disk_free = self._driver_free = 0.0
        self._spent = dict.fromkeys(SHARES, 0.0)
        self._left = self._num_jobs = len(jobs)
        self._tasks = deque(self._divided([_Job(self._kept(job)) for job in jobs], workers))
        self._workers = [_Worker() for _ in range(workers)]
        self._idle: dict[int, _Worker] = {}
        for worker in self._workers:
            self._expect_failure(worker)
            self._take(worker)

    def run(self) -> Outcome:
        while self._left:
            self._now, _, what, worker, version = heapq.heappop(self._events)
            if version is None or version == worker.version:
                what(worker)
        for worker in self._workers:
            if worker.state in (START, AWAY, TWICE):
                self._spent[worker.state] += self._now - worker.since
        sheets = self._world.sheets * self._num_jobs
        self._spent[SHEETS] = sheets * len(self._workers)
        whole = (self._now + sheets) * len(self._workers)
        self._spent[IDLE] += max(whole - sum(self._spent.values()), -self._spent[IDLE])
        shares = {name: spent / whole for name, spent in self._spent.items()}
        return Outcome(self._now + sheets, self._num_jobs, shares, self._starts, self._failures)

    def _kept(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Steps as they are kept: without a shared folder a job is kept whole or not at all."""
        return steps if self._way.shared else (Step(*map(sum, zip(*steps, strict=True))),)

    def _divided(self, jobs: list[_Job], workers: int) -> list[list[_Job]]:
        """Tasks, each a list of jobs: those of a shard, or one."""
        if not (count := self._way.shards_per_worker * workers):
            return [[job] for job in jobs]
        shards: list[list[_Job]] = [[] for _ in range(count)]
        for job in jobs:
            shards[self._random.randrange(count)].append(job)  # as good as by hash
        return [shard for shard in shards if shard]

    def _at(self, time: float, what: object, worker: _Worker, always: bool = False) -> None:
        self._order += 1
        heapq.heappush(self._events, (time, self._order, what, worker, None if always else worker.version))

    def _become(self, worker: _Worker, state: str) -> None:
        """Begin something else; what it did before is noted by the name of that."""
        self._spent[worker.state] += self._now - worker.since
        worker.state, worker.since = state, self._now

    # ------------------------------------------------------------------------------------------ work

    def _take(self, worker: _Worker) -> None:
        """Begin the next task, in a new process where there is none or the task is a shard."""
        if not self._tasks:
            self._become(worker, IDLE)
            self._idle[id(worker)] = worker
            return
        worker.task = self._tasks.popleft()
        if worker.is_started and not self._way.shards_per_worker:
            self._dispatch(worker)
            return
        self._become(worker, START)
        self._starts += 1
        lines = self._num_jobs * self._world.line if self._way.shards_per_worker else 0.0
        loaded = self._through_disk(self._world.start_bytes, 0)
        self._at(loaded + self._world.start + lines, self._started, worker)

    def _started(self, worker: _Worker) -> None:
        worker.is_started = True
        self._dispatch(worker)

    def _dispatch(self, worker: _Worker) -> None:
        """Wait until the driver has sent the job."""
        if self._way.shards_per_worker:
            self._step(worker)
            return
        self._become(worker, DRIVER)
        self._driver_free = max(self._driver_free, self._now) + self._world.dispatch
        self._at(self._driver_free, self._step, worker)

    def _step(self, worker: _Worker) -> None:
        self._become(worker, PAINTING)
        job = worker.task[0]
        worker.step_end = self._now + job.steps[job.made].seconds
        self._at(worker.step_end, self._write, worker)

    def _write(self, worker: _Worker) -> None:
        job = worker.task[0]
        step = job.steps[job.made]
        self._at(self._through_disk(step.bytes, step.files), self._wrote, worker)

    def _through_disk(self, size: float, files: int) -> float:
        """When it is read or written: all share one disk."""
        begun = max(self._disk_free, self._now)
        self._disk_free = begun + size / self._world.bandwidth + files * self._world.file
        return self._disk_free

    def _wrote(self, worker: _Worker) -> None:
        """A step is kept."""
        self._spent[PAINTING] += worker.step_end - worker.since
        self._spent[DISK] += self._now - worker.step_end
        worker.since = self._now
        job = worker.task[0]
        job.made += 1
        if job.made < len(job.steps):
            self._step(worker)
            return
        self._left -= 1
        worker.task.pop(0)
        if worker.is_unheard:
            self._leave(worker)
        elif worker.task:
            self._step(worker)
        else:
            self._take(worker)

    # -------------------------------------------------------------------------------------- failures

    def _expect_failure(self, worker: _Worker) -> None:
        if self._world.failures_per_hour:
            after = self._random.expovariate(self._world.failures_per_hour / HOUR)
            self._at(self._now + after, self._fail, worker, always=True)

    def _fail(self, worker: _Worker) -> None:
        self._expect_failure(worker)
        if worker.state == AWAY or worker.is_unheard:
            return
        self._failures += 1
        if worker.state != PAINTING:
            self._leave(worker)
        elif self._random.random() >= self._world.believed_lost:
            worker.state = LOST  # what it did since the last step that was kept
            self._leave(worker)
        elif self._way.shared:  # its lock tells others to leave it the job
            worker.is_unheard = True
        else:  # another makes the job, and what this one makes is never fetched
            worker.is_unheard, worker.state = True, TWICE
            task, worker.task = worker.task, []
            worker.version += 1
            self._at(max(worker.step_end, self._now), self._leave, worker)
            self._give_back(task)

    def _leave(self, worker: _Worker) -> None:
        """Be gone, and what was not made is for others."""
        self._idle.pop(id(worker), None)
        self._become(worker, AWAY)
        task, worker.task = worker.task, []
        worker.version += 1
        worker.is_started = worker.is_unheard = False
        self._at(self._now + self._world.away, self._take, worker)
        if task:
            self._give_back(task)

    def _give_back(self, task: list[_Job]) -> None:
        self._tasks.appendleft(task)
        if self._idle:
            self._take(self._idle.pop(next(iter(self._idle))))
