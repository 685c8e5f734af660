"""Going on with a run after whatever ended it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bigart_lib.bigart import BigArt
from bigart_lib.pictures.results import Candidates
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.redo import load_for
from bigart_lib.runs.run import Run, all_runs

OF_THE_RUN = ("keep", "sheet", "suffix", "form", "dpi")  # options that are not how models are loaded


def newest_unfinished(parent: Path) -> Run | None:
    """The run below a folder that was touched last, of those that lack a picture."""
    return next((run for run in all_runs(parent) if run.unfinished(thorough=False)), None)


def load_for_run(run: Run, **options: Any) -> BigArt:
    """The models that a run was begun with; `options` as for `load`, in place of the run's own."""
    kept = {name: value for name, value in run.options.items() if name not in OF_THE_RUN}
    return load_for(run.recipe, **{**kept, **options})


def seconds_left(run: Run, bigart: BigArt) -> float:
    """About how long `resume` will take."""
    # The plan of a painting begins with the candidate's own, which counts once.
    longest = {one.index: one for one in sorted(run.wanted(), key=lambda one: one.paint is not None)}
    plans = {
        index: bigart.plan(run.recipe_of(index, one.settings), run.native_size)
        for index, one in longest.items()
    }
    return sum(bigart.forecast(steps, run.work(index)).seconds for index, steps in plans.items())


def resume(
    run: Run, bigart: BigArt, report: Report = no_report
) -> tuple[dict[int | None, Path], Candidates | None]:
    """Make what was begun and is not made; what is made is compared with its hash, and not made again.

    Returns
    -------
    The file of the last picture of each candidate that was to be taken further, by its index, and the
    candidates, where the run has some.
    """
    candidates, made = None, {}
    if run.recipe.prompt is not None:
        candidates = run.paint_candidates(bigart, report)
    for wanted in run.wanted():
        if wanted.paint is not None:
            made[wanted.index] = run.paint(bigart, wanted.index, wanted.settings, report).last
            run.close(wanted.index)
    return made, candidates
