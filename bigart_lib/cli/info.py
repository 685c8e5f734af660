"""`bigart info`: how a picture was made, as its file tells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.redo import HASH_DIGITS
from bigart_lib.cli.terminal import shown
from bigart_lib.pictures import recipe


@click.command(short_help="Say how a picture was made, and whether it was changed since.")
@shared.picture
@click.pass_obj
def info(call: Call, picture: Path) -> None:
    """Say how PICTURE was made, and whether it was changed since."""
    found, is_same = recipe.read(picture)
    pixels = "as made" if is_same else "changed since they were made"
    for name, value in {**_facts(found), "pixels": pixels}.items():
        if value not in (None, ""):
            call.show(f"{name}: {shown(value)}")  # anybody may have written the file
    if found.prompt:
        call.show(recipe.ATTRIBUTION)


def _facts(found: recipe.Recipe) -> dict[str, Any]:
    facts = {"prompt": found.prompt, "enlarged from": found.source}
    if made_by := found.generate:
        facts["seed" if found.prompt else "seed of the texture"] = made_by.seed
    if made_by and found.prompt:
        near = ", then ".join(f"seed {one.seed} number {one.index + 1}" for one in made_by.near)
        facts["candidate"] = "" if found.index is None else f"{found.index + 1} of {made_by.count}"
        facts["a variation of"] = near and f"{near}, at a distance of {made_by.distance}"
        facts["sampling"] = f"{made_by.sampler}, {made_by.steps} steps, guidance {made_by.guidance}"
        facts["schedule"] = _listed(found.sampling)
    if paint := found.paint:
        both = (("1K", paint.texture_1k), ("4K", paint.texture_4k))
        facts["texture"] = "; ".join(f"{laid.amount} of size {laid.size} at {size}" for size, laid in both)
        facts["enhanced"] = "yes" if paint.enhance else "no"
    networks = {name: sha256[:HASH_DIGITS] for name, sha256 in found.networks.items()}
    facts |= {"stage": found.stage, "models": found.models, "networks": _listed(networks)}
    unknown = {"written by a newer version, not understood": ", ".join(found.unknown)}
    return {**facts, "machine": _listed(found.machine), **unknown}


def _listed(values: Mapping[str, Any]) -> str:
    listed = {name: value if isinstance(value, (list, tuple)) else [value] for name, value in values.items()}
    return ", ".join(" ".join(map(str, [name, *value])) for name, value in listed.items())
