"""`bigart info`: how pictures were made, as their files tell."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.again import again
from bigart_lib.cli.call import Call
from bigart_lib.cli.redo import HASH_DIGITS
from bigart_lib.pictures import metadata, recipe, written
from bigart_lib.pictures.pdf import profile_name
from bigart_lib.pictures.writing import NAMES
from bigart_lib.settings import GenerateSettings
from bigart_lib.text import shown

UNREADABLE = 2  # exit code
OF_THE_ONE_BEFORE = ("prompt", "seed", "candidate", "enlarged from", "stage", "models")  # that are shown
CM = 2.54  # an inch
MADE, CHANGED, NEARLY = "as made", "changed", "nearly as made"  # pixels
JSON = "One JSON object a picture, each on a line, with the recipe as it was written."


@click.command()
@click.argument("pictures", type=shared.FILE, metavar="PICTURE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help=JSON)
@click.pass_obj
def info(call: Call, pictures: tuple[Path, ...], as_json: bool) -> int:
    """Say how each PICTURE was made, by which command it is made again, and whether it was changed since.

    The exit code is 2 where one of them tells nothing; the others are shown all the same.
    """
    code = 0
    for picture in pictures:
        try:
            lines = [_as_json(picture)] if as_json else _in_words(picture)
        except (ValueError, OSError) as error:
            call.announce(f"bigart: {shown(error)}")
            code = UNREADABLE
            continue
        if len(pictures) > 1 and not as_json:
            call.show(f"{shown(picture)}:")
        for line in lines:
            call.show(line)
    return code


def _as_json(picture: Path) -> str:
    found, is_same = recipe.read(picture)
    file = written.read(picture)
    values = {
        "file": str(picture),
        "format": NAMES[file.kind],
        "size": file.size,
        "depth": file.depth,
        "profile": file.profile and profile_name(file.profile),
        "dpi": file.dpi and [round(one, 2) for one in file.dpi],
        "digital_source_type": file.source_type,
        "pixels": {True: MADE, False: CHANGED, None: NEARLY}[is_same],
        "again": again(found, picture),
        "recipe": recipe.read_as_written(picture),
    }
    return json.dumps(values)


def _in_words(picture: Path) -> list[str]:
    found, is_same = recipe.read(picture)
    file = written.read(picture)
    nearly = f"nearly as made: {NAMES[file.kind]} does not keep them exactly, so changes cannot be seen"
    pixels = {True: MADE, False: "changed since they were made", None: nearly}[is_same]
    told = {**facts(found), **_facts_of_file(file), "pixels": pixels, "again": again(found, picture)}
    # Anybody may have written the file.
    lines = [f"{name}: {shown(value)}" for name, value in told.items() if value not in (None, "")]
    return [*lines, recipe.ATTRIBUTION] if metadata.is_painted(found.to_dict()) else lines


def _facts_of_file(file: written.Written) -> dict[str, Any]:
    width, height = file.size
    facts = {"format": f"{NAMES[file.kind]}, {width}x{height} px, {file.depth} bits a colour"}
    facts["profile"] = profile_name(file.profile) if file.profile else "none"
    if file.dpi:
        across, down = (round(one, 2) for one in file.dpi)
        dpi = f"{across:g}" if across == down else f"{across:g} x {down:g}"
        paper = f"{width / across * CM:.1f} x {height / down * CM:.1f} cm"
        facts["resolution"] = f"{dpi} DPI, which is {paper}"
    facts["digital source type"] = file.source_type
    return facts


def facts(found: recipe.Recipe) -> dict[str, Any]:
    """What a recipe says, by names for people; what it does not say is empty or None."""
    told = {"prompt": found.prompt, "enlarged from": found.source, **_facts_before(found)}
    if made_by := found.generate:
        told["seed" if found.prompt else "seed of the texture"] = made_by.seed
    if made_by and found.prompt:
        near = ", then ".join(f"seed {one.seed} number {one.index + 1}" for one in made_by.near)
        told["candidate"] = "" if found.index is None else f"{found.index + 1} of {made_by.count}"
        told["shape"] = made_by.shape
        told["repeats"] = "yes" if made_by.repeats else ""
        told["negative prompt"] = made_by.negative
        told["a variation of"] = near and f"{near}, at a distance of {made_by.distance}"
        sampler = made_by.sampler or "the model's own sampler"
        told["sampling"] = f"{sampler}, {made_by.steps} steps, guidance {made_by.guidance}"
        told["schedule"] = _listed({**_schedule(made_by), **found.sampling})
    if paint := found.paint:
        both = (("1K", paint.texture_1k), ("4K", paint.texture_4k))
        told["texture"] = "; ".join(f"{laid.amount} of size {laid.size} at {size}" for size, laid in both)
        told["enhanced"] = "yes" if paint.enhance else "no"
    networks = {name: sha256[:HASH_DIGITS] for name, sha256 in found.networks.items()}
    told |= {"stage": found.stage, "models": found.models, "networks": _listed(networks)}
    unknown = {"written by a newer version, not understood": ", ".join(found.unknown)}
    return {**told, "machine": _listed(found.machine), **unknown}


def _schedule(made_by: GenerateSettings) -> dict[str, Any]:
    """How steps are spread, and which of them are guided."""
    timesteps = made_by.upsampler_timesteps and list(made_by.upsampler_timesteps)
    found = {"guided": made_by.guided, "spacing": made_by.spacing, "upsampler_timesteps": timesteps}
    return {name: value for name, value in found.items() if value is not None}


def _facts_before(found: recipe.Recipe) -> dict[str, Any]:
    """What is known of the picture that was enlarged."""
    if not found.source_recipe:
        return {}
    try:
        before = recipe.from_dict(dict(found.source_recipe))
    except (TypeError, ValueError):
        return {"which was made": "in a way that cannot be read"}
    return {f"which has {name}": value for name, value in facts(before).items() if name in OF_THE_ONE_BEFORE}


def _listed(values: Mapping[str, Any]) -> str:
    listed = {name: value if isinstance(value, (list, tuple)) else [value] for name, value in values.items()}
    return ", ".join(" ".join(map(str, [name, *value])) for name, value in listed.items())
