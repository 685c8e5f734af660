"""`--near PICTURE`: variations of a candidate that was painted before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.cli.call import Call
from bigart_lib.cli.options import FILE, number, option, together
from bigart_lib.pictures.images import PictureError
from bigart_lib.settings import GenerateSettings

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.pictures.recipe import Recipe

near = together(
    option("--near", FILE, None, "Paint variations of the candidate of PICTURE.", "none", "PICTURE"),
    option(
        "--distance", number("distance", float), None,
        "From that candidate: 0 is it again, 1 has nothing of it.", str(GenerateSettings.distance),
    ),
)  # fmt: skip


def read(picture: Path | None, distance: float | None) -> Recipe | None:
    """The recipe of the candidate that a picture was made of, if one is to be stayed near.

    Raises
    ------
    ValueError
        When it was made of none, or there is a distance from nothing.
    """
    if picture is None:
        if distance is not None:
            raise ValueError("--distance is from a picture: name it too, by --near PICTURE")
        return None
    from bigart_lib.pictures import recipe

    found = recipe.read(picture)[0]
    if None in (found.prompt, found.generate, found.index):
        raise PictureError(f"{picture} was not painted for a prompt: only what was has variations")
    return found


def settings(found: Recipe | None, chosen: Mapping[str, Any], distance: float | None) -> dict[str, Any]:
    """What was chosen, and what was left open as the candidate has it that is stayed near."""
    if found is None:
        return dict(chosen)
    made_by = found.generate
    like = {name: getattr(made_by, name) if value is None else value for name, value in chosen.items()}
    further = {} if distance is None else {"distance": distance}
    return {**like, **further, "near": made_by.line(found.index)}


def warn(call: Call, bigart: BigArt, found: Recipe | None) -> None:
    """Say it where other networks will paint than have painted the candidate."""
    now = bigart.generator.fingerprint()
    if found and any(found.networks.get(name) != sha256 for name, sha256 in now.items()):
        call.announce(f"other networks painted that picture ({found.models}): these will not stay near it")
