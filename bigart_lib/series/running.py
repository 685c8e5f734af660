"""One job made in this process: models kept from job to job, a run on disk, and a row that says what became.

It knows nothing of other jobs and of where jobs come from; a worker on another machine can call it as well.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from bigart_lib.bigart import BigArt
from bigart_lib.files import FULL, read_values, write_text
from bigart_lib.loading import load
from bigart_lib.machine import release_memory
from bigart_lib.pictures import writing
from bigart_lib.plan import Step
from bigart_lib.progress import Announce, CancelledError, Report, announce_nothing, no_report
from bigart_lib.runs.journal import JOURNAL, Plan, locked
from bigart_lib.runs.run import SHEET_BYTES, Run, open_run
from bigart_lib.runs.unsaved import UnsavedError
from bigart_lib.series.jobs import Job
from bigart_lib.text import in_words

MADE, FAILED, BUSY, FULL_DISK = "made", "failed", "at work elsewhere", "not written"
ROW = "job.json"  # in the folder of the run
LOCK = ".job.lock"


@dataclass(frozen=True)
class Row:
    """What became of a job."""

    key: str
    status: str  # MADE, FAILED, BUSY: another process makes it, or FULL_DISK: nothing can be written
    reason: str = ""  # why it is not made, in a line
    pictures: tuple[dict[str, Any], ...] = ()  # pick, file, preview and bytes, files below the job's folder
    seconds: float = 0.0  # of the work that finished it

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Row:
        """The row that `asdict` made into plain values; a TypeError or a KeyError where it is none."""
        return cls(**{**values, "pictures": tuple(values["pictures"])})

    def note(self, folder: Path) -> None:
        """Write it into the folder of the job's run; raises OSError where that fails."""
        write_text(folder / ROW, json.dumps(asdict(self), indent=1), replace=True)


class Models:
    """The models of the latest job, kept for the next: one set at a time is in memory.

    Parameters
    ----------
    options : for `load`, the same for all jobs: device and memory.
    load : gives models; see `loading.load`.
    """

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        report: Report = no_report,
        announce: Announce = announce_nothing,
        load: Callable[..., BigArt] = load,
    ) -> None:
        self._options, self._load, self._announce = dict(options or {}), load, announce
        self._report = report
        self._name, self._bigart = "", None
        self._failed: dict[str, Exception] = {}  # by what was asked for: waiting for it once is enough

    def get(self, options: Mapping[str, Any] | None) -> BigArt:
        """The models that a job asks for; raises as `load` does."""
        name = _name(options)
        if name in self._failed:
            raise self._failed[name]
        if self._bigart is None or name != self._name:
            self.close()
            try:
                asked = {**self._options, **(options or {})}
                self._bigart = self._load(**asked, report=self._report, announce=self._announce)
            except Exception as error:
                self._failed[name] = error
                raise
            self._name = name
            if origin := self._bigart.generator.abilities.origin:
                self._announce(origin)
        return self._bigart

    def problem(self, options: Mapping[str, Any] | None) -> Exception | None:
        """Why these models could not be loaded, if that was tried."""
        return self._failed.get(_name(options))

    def close(self) -> None:
        """Free their memory."""
        if self._bigart is not None:
            device, self._bigart = self._bigart.device, None
            gc.collect()
            release_memory(device)


def _name(options: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(options or {}), sort_keys=True)


class Foreseen(NamedTuple):
    """What a job takes."""

    seconds: float
    bytes: float  # on disk
    memory: float = 0.0  # bytes, at the most, beside networks


def make(job: Mapping[str, Any] | Job, models: Models, parent: Path, report: Report = no_report) -> Row:
    """Make the pictures of a job in its folder below `parent`, as far as they are not there.

    Whatever a user, a file or a full disk can cause comes back as a row; what ends the process, or was asked
    to stop, is raised. A job that was broken off goes on; one that another process is at is left to it.
    """
    job = job if isinstance(job, Job) else Job(**job)
    folder = parent / job.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(folder / LOCK, 0, ""))
            except ValueError:
                return Row(job.key, BUSY, f"another BIG.art is at work in {folder}")
            row = row_of(job, parent)
            if row is None or row.status != MADE:
                row = _made(job, models, folder, report)
                row.note(folder)
            return row
    except CancelledError:
        raise
    except Exception as error:
        if os.environ.get("BIGART_DEBUG") == "1":
            raise
        return _failed(job, folder, error)


def row_of(job: Job, parent: Path) -> Row | None:
    """What is noted of a job; None where that is nothing, or a picture is gone or of another size since."""
    folder = parent / job.folder
    found = read_values(folder / ROW)
    with suppress(TypeError, KeyError, AttributeError, OSError):
        row = Row.from_dict(found)
        sizes = [(folder / one["file"]).stat().st_size == one["bytes"] for one in row.pictures]
        if row.key == job.key and all(sizes) and (row.pictures or row.status != MADE):
            return row
    return None


def foresee(job: Job, models: Models) -> Foreseen:
    """How long a job takes, and how much room; loads no network. Raises as making it would."""
    bigart = models.get(job.load)
    run = _begun(job, bigart, None)
    steps = {step.key: step for _, _, steps in _plans(job, bigart, run) for step in steps}
    forecast = bigart.forecast([*steps.values()])
    written = run.work(0).bytes_to_write([*steps.values()])
    return Foreseen(forecast.seconds, sum(written) + SHEET_BYTES, forecast.memory)


def _made(job: Job, models: Models, folder: Path, report: Report) -> Row:
    began = time.monotonic()
    bigart = models.get(job.load)
    is_begun = (folder / JOURNAL).is_file()
    run = open_run(folder) if is_begun else _begun(job, bigart, folder)
    if "precision" in run.differing(bigart) and "dtype" not in (job.load or {}):  # of another machine
        bigart = models.get({**(job.load or {}), "dtype": run.recipe.machine.get("precision")})
    plans = _plans(job, bigart, run)
    if painted := [plan for plan in plans if plan[1]]:
        run.want(*painted)  # first, so that `resume` goes on to the end
    run.paint_candidates(bigart, report)
    for index, settings, _ in painted:
        run.paint(bigart, index, settings, report)
        run.close(index)
    shown = painted or plans
    pictures = tuple(_picture(run, bigart.plan(run.recipe_of(plan[0]))[-1], plan) for plan in shown)
    return Row(job.key, MADE, "", pictures, round(time.monotonic() - began, 3))


def _begun(job: Job, bigart: BigArt, folder: Path | None) -> Run:
    """The run of a job; without a folder, one that is never written."""
    recipe = bigart.recipe(job.prompt, job.generate_settings)
    options = {**bigart.options, "keep": job.keep, **(job.written or {})}
    return Run.new(Path(), job.prompt, recipe, options, folder=folder or Path(job.folder))


def _plans(job: Job, bigart: BigArt, run: Run) -> list[Plan]:
    """What is to be made: a painting of each candidate that was picked, or the candidates alone."""
    wanted: list[Plan] = []
    for index in [*run.indices]:
        settings = job.paint_settings if index in job.indices else None
        wanted.append((index, settings, bigart.plan(run.recipe_of(index, settings))))
    if job.indices:
        writing.check_form(f"the finished picture{job.suffix}", job.form, wanted[job.indices[0]][2][-1].size)
    return wanted


def _picture(run: Run, candidate: Step, plan: Plan) -> dict[str, Any]:
    """The file of a finished picture, and that of the candidate, which is small."""
    index, _, steps = plan
    file, preview = (run.made(step.key)["file"] for step in (steps[-1], candidate))
    size = (run.path / file).stat().st_size
    return {"pick": index + 1, "file": file, "preview": preview, "bytes": size}


def _failed(job: Job, folder: Path, error: Exception) -> Row:
    """A row for an error; noted on disk, where that can be."""
    is_full = isinstance(error, UnsavedError) or getattr(error, "errno", None) in FULL
    row = Row(job.key, FULL_DISK if is_full else FAILED, in_words(error))
    with suppress(OSError):
        replace(row, status=FAILED).note(folder)
    return row
