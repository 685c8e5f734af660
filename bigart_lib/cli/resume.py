"""`bigart resume`: goes on with what was interrupted."""

from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.paint import TEXTURE, picked, want
from bigart_lib.progress import duration
from bigart_lib.runs.resume import load_for_run, newest_unfinished, seconds_left
from bigart_lib.runs.resume import resume as go_on
from bigart_lib.runs.run import open_run


@click.command()
@click.argument("folder", type=shared.FOLDER, required=False, metavar="[FOLDER]")
@shared.option(
    "--pick", shared.Checked("NUMBERS|all", str), None, "Other candidates to enlarge, as in 1,3.", "none"
)
@shared.size
@shared.finishing(TEXTURE)
@shared.place
def resume(call: Call, folder: Path | None, pick: str | None, size: int, out: Path, **options: Any) -> None:
    """Go on with the run in FOLDER: by default, the newest below --out that is not finished.

    Size, texture and VQGAN are for the candidates that --pick names.
    """
    run = open_run(folder) if folder else newest_unfinished(out)
    if run is None or (pick is None and not run.unfinished()):
        return call.say(f"nothing is unfinished in {folder or out}")
    if pick is not None and run.recipe.prompt is None:
        raise ValueError(f"{run.path} has no candidates to pick from: a picture was enlarged there")
    indices = [] if pick is None else picked(pick, run.recipe.generate.count)
    bigart = load_for_run(run, **shared.to_load(call, options))
    call.work_in(run, is_new=False)
    if indices:
        want(bigart, run, indices, shared.paint_settings(options, size, TEXTURE))
    left = duration(seconds_left(run, bigart))
    call.say(f"going on with {run.path}: {bigart.describe()}; about {left} left")
    unfinished = [one.index for one in run.unfinished() if one.paint]
    made, _ = go_on(run, bigart, call.report)
    asked = dict.fromkeys([*unfinished, *indices]) or list(made)[-1:]
    for path in [made[index] for index in asked] or [run.sheet]:
        call.show(path)
