"""`bigart redo`: makes a picture again from its file alone, and compares every step."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.pictures import recipe
from bigart_lib.runs import redo as runs
from bigart_lib.text import shown

DIFFERS = 1  # exit code
HASH_DIGITS = 10  # that are shown
CHANGE = (
    "Another setting, as in seed=8, size=16384, texture_4k.amount=0.1, or number=3 for another candidate; "
    "may be repeated."
)


@click.command()
@shared.picture
@click.option("--change", "changes", metavar="KEY=VALUE", multiple=True, show_default="nothing", help=CHANGE)
@shared.option("--source", shared.FILE, None, "What PICTURE was enlarged from.", "looked for beside it")
@shared.models(None, "as the picture says")
@shared.place
def redo(call: Call, picture: Path, changes: tuple[str, ...], source: Path, out: Path, **options: Any) -> int:
    """Make PICTURE again from its file alone, in a new run, and say of every step whether it is the same.

    The exit code is 1 where a step differs by more than one level and nothing was changed on purpose.
    """
    wanted = dict(map(_read_change, changes))
    first, _ = recipe.read(picture)
    recipe.changed(first, wanted)  # refuses what is no setting before it becomes an argument of `redo`
    bigart = runs.load_for(first, **shared.to_load(call, options))
    verdict = runs.redo(picture, out, bigart, source, call.report, call.work_in, **wanted)
    for step in verdict.steps:
        call.say(f"{step.name}: {in_words(step)}")
    for name, then, now in differences(verdict.machine):
        call.say(shown(f"{name}: {then} then, {now} now"))
    call.say(f"{verdict.networks_run} steps computed by networks")
    call.show(verdict.path)
    is_apart = any(step.verdict in (runs.DIFFERENT, runs.UNKNOWN) for step in verdict.steps)
    return DIFFERS if is_apart and not changes else 0


def _read_change(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign:
        raise ValueError(f"change must be KEY=VALUE, as in --change texture_4k.amount=0.1, not {word!r}")
    return name.strip(), value.strip()


def differences(machine: Mapping[str, tuple[Any, Any]]) -> Iterator[tuple[str, str, str]]:
    """What is not as it was: its name, then and now, of hashes the first digits."""
    for name, both in machine.items():
        then, now = (str(one)[: HASH_DIGITS if name.startswith("network ") else None] for one in both)
        yield name, then, now


def in_words(step: runs.StepVerdict) -> str:
    """How the picture of a step compares with the first."""
    percent = 100 * step.share
    share = "less than 0.1 %" if percent < 0.1 else f"{percent:.{1 if percent < 10 else 0}f} %"
    if step.verdict == runs.WITHIN:
        return f"{step.verdict} ({share} of values differ)"
    by = f", by at most {step.worst} levels of 255 ({share} of values)"
    return step.verdict + (by if step.verdict == runs.DIFFERENT else "")
