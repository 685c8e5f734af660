"""Pictures that come from outside: one of ours, whose file says how it was made, and any other.

Any other gets a run of its own, as `bigart enlarge` makes it, with that picture in the place of a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.bigart import BigArt
from bigart_lib.forecast import check_size
from bigart_lib.pictures import recipe as recipes
from bigart_lib.pictures.bring import brought
from bigart_lib.pictures.carried import Brought
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import Candidate, Candidates
from bigart_lib.plan import NETWORKS, Step
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.run import Run, all_runs
from bigart_lib.settings import BROUGHT, BROUGHT_SIZE, PICTURE_SIZES, PaintSettings

if TYPE_CHECKING:
    import torch

LOOK = 1024  # px of the longer side of what is shown, at most
DEEP = {"suffix": ".tif", "form": {"depth": 16}}  # how what is only for a print is written
UNCHANGED = replace(BROUGHT, size=BROUGHT_SIZE)  # the picture as it is


@dataclass(frozen=True)
class Ours:
    """A picture that BIG.art painted of a prompt."""

    path: Path
    recipe: Recipe
    is_as_made: bool | None  # whether its pixels are still those; None where its format cannot tell
    run: Run | None  # its run, where that is on disk here


def read_ours(path: Path, folders: Sequence[Path]) -> Ours | None:
    """What the file of a picture that was painted says of it; None for any other file.

    Parameters
    ----------
    folders : where its run is looked for.
    """
    with suppress(PictureError):
        recipe, is_as_made = recipes.read(path)
        if recipe.prompt is not None and recipe.generate is not None:
            run = next(_runs_with(recipe, folders), None) if is_as_made is not False else None
            return Ours(path, recipe, is_as_made, run)
    return None


def _runs_with(recipe: Recipe, folders: Sequence[Path]) -> Iterator[Run]:
    """The runs that made a picture, by the hash of its pixels in their journals."""
    for run in (run for folder in folders for run in all_runs(folder)):
        made = {entry["pixels"] for entry in run.values["made"].values()}
        if recipe.pixels in made and (recipe.index is None or recipe.index in run.indices):
            yield run


def new_run(
    bigart: BigArt, path: Path, folder: Path, beside: Path | None = None, **options: Any
) -> tuple[Run, Candidates]:
    """A run for a picture of somebody's, and what is shown of it; nothing is made of it yet.

    Parameters
    ----------
    folder, beside : see `Run.new`.
    options : of the run, such as how its pictures are written.

    Raises
    ------
    PictureError
        As `reading.read` does.
    OSError
        When the run cannot be written; nothing of it is left.
    """
    found = brought(path)
    recipe = bigart.recipe_for(path.name, found, UNCHANGED)
    used = {name: sha256 for name, sha256 in recipe.networks.items() if name in NETWORKS.values()}
    recipe = replace(recipe, paint=None, networks=used)  # whatever generator is loaded, none paints here
    run = Run.new(folder, path.stem, recipe, {**bigart.options, **options}, found.size, beside=beside)
    try:
        run.source.bring(path, run.path, found)  # first: what is wanted can be gone on with
        run.want((None, None, bigart.plan(recipe, found.size)))
    except BaseException:
        run.discard_if_empty()
        raise
    run.notes += found.carried.notes
    return run, shown(run, found)


def shown(run: Run, found: Brought | None = None) -> Candidates:
    """The picture that a run was brought, reduced, in sRGB and on white, in the place of a candidate.

    Parameters
    ----------
    found : the picture, where it was read already.

    Raises
    ------
    PictureError
        When the run's copy of it is gone, or is another picture by now.
    """
    found = found or run.source.read(run.path)
    if found is None:
        raise PictureError(f"the picture that was brought is not in {run.path} any more, or is changed")
    pictures = (Candidate(_reduced(found), replace(run.recipe, index=None)),)
    return Candidates(run.recipe.source, run.recipe.generate, pictures)


def sides(bigart: BigArt, run: Run) -> list[int]:
    """Of the usual sizes those that the picture can be enlarged to, each counted from 256 px."""
    possible = []
    for size in (side for side in PICTURE_SIZES if BROUGHT_SIZE < side <= PaintSettings.size):
        with suppress(PictureError):
            check(run, bigart.plan(run.recipe_of(None, replace(BROUGHT, size=size)), run.native_size))
            possible.append(size)
    return possible


def enlarged(bigart: BigArt, path: Path, times: float, folder: Path, report: Report = no_report) -> Path:
    """A picture with sides so many times longer, in a run of its own, for a print; returns the file.

    Raises
    ------
    PictureError
        As `reading.read` does, and where the result would be too large.
    """
    run, _ = new_run(bigart, path, folder, keep="none", **DEEP)
    settings = _longer(run.native_size, times)
    try:
        check(run, bigart.plan(run.recipe_of(None, settings), run.native_size))
        return run.paint(bigart, None, settings, report).last
    finally:
        run.close(None)
        run.discard_if_empty()


def seconds_to_enlarge(bigart: BigArt, size: tuple[int, int], times: float) -> float:
    """About how long `enlarged` takes for a picture of this size."""
    recipe = Recipe(bigart.name, source="", source_channels=3, paint=_longer(size, times))
    return bigart.forecast(bigart.plan(recipe, size)).seconds


def _longer(size: tuple[int, int], times: float) -> PaintSettings:
    return replace(BROUGHT, fit=tuple(max(1, round(times * side)) for side in size))


def side_name(side: int) -> str:
    """What a size is called for a picture that was brought: how many times longer its sides get."""
    return f"{side // BROUGHT_SIZE}×"


def check(run: Run, steps: Sequence[Step]) -> None:
    """Raise a PictureError where a plan would make more of the picture than can be held."""
    if run.recipe.source is not None:
        check_size(run.recipe, steps)


def settings_for(run: Run, settings: PaintSettings | None) -> PaintSettings | None:
    """The settings, with which a picture that was brought keeps its colours."""
    is_brought = run.recipe.source is not None and settings is not None
    return replace(settings, match_colours=True) if is_brought else settings


def _reduced(found: Brought) -> torch.Tensor:
    import torch

    from bigart_lib.pictures import channels, colour

    image, profile = channels.as_vips(found.levels), found.carried.profile
    if found.has_alpha:
        image = channels.laid_on(image, (255, 255, 255), profile)
    image = image.resize(min(1, LOOK / max(found.size)))
    if found.is_grey:
        image = channels.in_rgb(image, profile)
    elif profile:
        image = colour.convert(image, profile, None)
    values = torch.from_numpy(image.numpy().astype("float32") / 65535)
    return values.permute(2, 0, 1)[None].contiguous()
