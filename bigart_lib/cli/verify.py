"""`bigart verify`: repaints pictures from their recipes and says whether they are the same."""

from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import files as named
from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.redo import differences
from bigart_lib.cli.redo import in_words as step_in_words
from bigart_lib.runs.verify import SAME, Verified, Verifier, differing
from bigart_lib.text import in_words, shown

DIFFERS, UNTOLD = 1, 2  # exit codes
NOT_VERIFIED = "not verified"


@click.command()
@click.argument("pictures", type=shared.FILE, metavar="PICTURE...", nargs=-1, required=True)
@shared.option("--source", shared.FILE, None, "What the PICTURE was enlarged from.", "looked for beside it")
@shared.models(None, "as the picture says")
@shared.device
@shared.quiet
@click.pass_obj
def verify(call: Call, pictures: tuple[Path, ...], source: Path | None, **options: Any) -> int:
    """Repaint each PICTURE from its recipe, keep nothing, and say "same to the last bit", or what differs.

    Files, folders of them, or patterns. The exit code is 1 where one differs, and 2 where of one nothing can
    be told, because it has no recipe or what it was enlarged from is not at hand.
    """
    found = named.pictures(pictures)
    if source and len(found) > 1:
        raise ValueError(f"--source is what one picture was enlarged from, and {len(found)} are named")
    verifier = Verifier(**shared.to_load(call, options))
    width, code, same = max(len(shown(path)) for path in found), 0, 0
    for path in found:
        try:
            verified = verifier.verify(path, source, call.report)
        except Exception as error:
            verdict, about, code = NOT_VERIFIED, in_words(error), UNTOLD
        else:
            verdict, about = verified.verdict, _about(verified)
            code, same = code or (0 if verified.is_same else DIFFERS), same + verified.is_same
        call.show(f"{shown(path):<{width}}  {verdict}" + (f": {about}" if about else ""))
    if len(found) > 1:
        call.say(f"{same} of {len(found)} are {SAME}")
    return code


def _about(verified: Verified) -> str:
    """The first step that differs, and what of the machine may be why."""
    parts = []
    if step := differing(verified.steps):
        parts.append(f"{step.name} is {step_in_words(step)}")
        parts += [f"{name} was {then}, here {now}" for name, then, now in differences(verified.machine)]
    return shown("; ".join(parts))
