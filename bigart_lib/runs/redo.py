"""A picture made again from nothing but its file, and a verdict on every step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from bigart_lib.bigart import BigArt
from bigart_lib.machine import at_threads
from bigart_lib.pictures import images
from bigart_lib.pictures.bring import brought
from bigart_lib.pictures.carried import Brought
from bigart_lib.pictures.recipe import Recipe, changed, pixel_hash, read_picture
from bigart_lib.plan import NETWORKS
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.run import Run
from bigart_lib.runs.source import SOURCE
from bigart_lib.runs.work import EXACT, Work
from bigart_lib.settings import DEFAULT_FOLDER, PaintSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bigart_lib.plan import Step

IDENTICAL, WITHIN, DIFFERENT, UNKNOWN, NEW = (
    "identical", "within one level", "different", "different (its first picture is not at hand)", "new",
)  # fmt: skip


@dataclass(frozen=True)
class StepVerdict:
    """How the picture of one step compares with the first."""

    name: str
    verdict: str  # one of the five above
    worst: int = 0  # levels of 255, at the most
    share: float = 0.0  # of the values that differ


@dataclass(frozen=True)
class Verdict:
    """What came of making a picture again."""

    path: Path  # the new picture
    run: Run
    steps: tuple[StepVerdict, ...]
    machine: Mapping[str, tuple[Any, Any]]  # what differs here: then and now, by name
    networks_run: int  # steps that networks computed

    @property
    def is_identical(self) -> bool:
        """Whether every step is the same to the last bit."""
        return all(step.verdict == IDENTICAL for step in self.steps)


def redo(
    path: Path | str,
    out: Path | str = DEFAULT_FOLDER,
    bigart: BigArt | None = None,
    source: Path | str | None = None,
    report: Report = no_report,
    begun: Callable[[Run], object] = id,
    **changes: Any,
) -> Verdict:
    """Make a picture again, in a run of its own, and compare it step by step with the first.

    Parameters
    ----------
    path : any picture of a run, found anywhere.
    out : where the new run gets its folder.
    bigart : the models; None loads those that the recipe names, see `load_for`.
    source : the picture that was enlarged, for one that was made of a picture; by default the one beside it.
    begun : told the new run before work begins.
    changes : other settings, by name; see `recipe.changed`. Steps that they do not touch are taken over
        where the first run lies beside the picture.

    Raises
    ------
    PictureError
        When there is no such picture, it carries no recipe, or what it was enlarged from is not to be found.
    ValueError
        When a change is none.
    """
    path = Path(path)
    first, image = read_picture(path)
    bigart, wanted = bigart or load_for(first), changed(first, changes)
    if wanted.source is None and wanted.index is None:
        raise images.PictureError(f"{path} shows several candidates: choose one, as in --change number=3")
    recipe, found, file = _renewed(wanted, bigart, path, source)
    size = found.size if found else None
    options = {**bigart.options, **_format(path), "sheet": False}
    title, indices = recipe.prompt or Path(recipe.source).stem, [recipe.index] if recipe.prompt else []
    shared = replace(recipe, index=None, paint=None)
    run = Run.new(Path(out), title, shared, options, size, indices)
    begun(run)
    work = run.work(recipe.index)
    if changes:  # else everything is to be made again
        work.elsewhere = (path.parent / EXACT,)
    steps = _steps_to_make(bigart, first, run.recipe_of(recipe.index, wanted.paint), size)
    try:
        if file is not None:
            run.source.bring(file, run.path, found)  # first: what is wanted can be gone on with
            work.put(steps[0], images.from_array(found.levels))
        run.want((recipe.index, wanted.paint, steps))
        computed = len([step for step in bigart.forecast(steps, work).steps if step.is_costly])
        with at_threads(_threads(first)), run.at_work():
            bigart.run(run.recipe_of(recipe.index, wanted.paint), steps, work, report)
            run.save_rest(work)
    except BaseException:
        run.discard_if_empty()
        raise
    verdicts = tuple(_compare(first, image, path, work, steps))
    return Verdict(work.last, run, verdicts, _differences(first, recipe), computed)


def _steps_to_make(
    bigart: BigArt, first: Recipe, recipe: Recipe, size: tuple[int, int] | None
) -> tuple[Step, ...]:
    """The plan up to the stage that the picture shows, or all of it, where the changes ask for another."""
    steps, before = bigart.plan(recipe, size), bigart.plan(first, size)
    names = [step.name for step in steps]
    if first.stage in names and names == [step.name for step in before]:
        return steps[: names.index(first.stage) + 1]
    return steps


def load_for(recipe: Recipe, **options: Any) -> BigArt:
    """The models that a recipe names, in its precision where this machine has it; `options` as for `load`."""
    from bigart_lib.loading import load
    from bigart_lib.machine import DeviceError

    options = {
        "models": recipe.models, "generator": generator_of(recipe.sampling),
        **{name: value for name, value in options.items() if value},
    }  # fmt: skip
    _check_named(recipe, options)
    precision = options.pop("dtype", None) or str(recipe.machine.get("precision", "auto"))
    try:
        return load(**options, dtype=precision)
    except DeviceError:  # of another kind of machine: the verdict will say it
        return load(**options)


def _check_named(recipe: Recipe, options: Mapping[str, Any]) -> None:
    """Refuse to guess the file of somebody's own that enlarged or repainted; say which it was."""
    from bigart_lib.loading import split

    try:
        split(str(options["models"]), {name: options.get(name) for name in NETWORKS.values()})
    except ValueError as error:
        hashes = (f"{name} {recipe.networks[name]}" for name in NETWORKS.values() if name in recipe.networks)
        raise ValueError(f"{error}; by SHA-256 they were {', '.join(hashes)}") from None


def generator_of(sampling: Mapping[str, Any]) -> str | None:
    """The pipeline that a recipe's sampling names, at the commit that was fetched for it; None is GLIDE."""
    name, commit = (sampling.get(one) for one in ("generator", "commit"))
    return (f"{name}@{commit}" if commit else str(name)) if name else None


def _renewed(
    recipe: Recipe, bigart: BigArt, path: Path, source: Path | str | None
) -> tuple[Recipe, Brought | None, Path | None]:
    """The recipe as this machine would write it; what was brought, and its file, if something was."""
    if recipe.source is None:
        made = bigart.recipe(recipe.prompt, recipe.generate)
        return replace(made, index=recipe.index), None, None
    found, file = _find_source(recipe, path, source)
    settings = recipe.paint or PaintSettings()
    seed, repeats = recipe.generate.seed, recipe.generate.repeats
    return bigart.recipe_for(recipe.source, found, settings, seed, repeats), found, file


def _find_source(recipe: Recipe, path: Path, source: Path | str | None) -> tuple[Brought, Path]:
    """What a picture was enlarged from: the file that is named, or one beside it."""
    beside = [path.parent / SOURCE / recipe.source, path.parent / recipe.source]
    beside += sorted(path.parent.glob(f"{SOURCE}/[!.]*"))
    for place in [Path(source)] if source else beside:
        with suppress(images.PictureError):
            found = brought(place)
            if recipe.source_pixels in (None, found.fingerprint):
                return found, place
    if not source and recipe.source_pixels and (found := _file_beside(path, recipe.source_pixels)):
        return brought(found), found
    raise images.PictureError(
        f"{path} was enlarged from {recipe.source}, which is not beside it: say where it is by --source"
    )


def _format(path: Path) -> dict[str, Any]:
    """The options of a run whose pictures have the format of a file."""
    return {} if path.suffix.lower() == ".png" else {"suffix": path.suffix}


def _compare(
    first: Recipe, image: Image.Image, path: Path, work: Work, steps: Sequence[Step]
) -> Iterator[StepVerdict]:
    for step in steps:
        pixels = work.made(step) if step.is_shown else None
        if pixels is None:
            continue
        expected = first.steps.get(step.name)
        if expected is None:
            yield StepVerdict(step.name, NEW)
        elif pixels == expected:
            yield StepVerdict(step.name, IDENTICAL)
        else:
            before = image if step.name == first.stage else _picture_beside(path, expected)
            yield _difference(step.name, before, work.image(step))


def _picture_beside(path: Path, pixels: str) -> Image.Image | None:
    """The picture of another step with these pixels, if it lies beside the one that was given."""
    found = _file_beside(path, pixels)
    return read_picture(found)[1] if found else None


def _file_beside(path: Path, pixels: str) -> Path | None:
    for beside in sorted(path.parent.glob("*.png"), key=lambda one: one.stat().st_size):
        with suppress(images.PictureError):
            recipe, image = read_picture(beside)
            if recipe.pixels == pixels == pixel_hash(image):
                return beside
    return None


def _difference(name: str, before: Image.Image | None, after: Image.Image) -> StepVerdict:
    import numpy as np

    if before is None:
        return StepVerdict(name, UNKNOWN)
    if before.size != after.size:
        return StepVerdict(name, DIFFERENT, 255, 1.0)
    apart = np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16))
    worst = int(apart.max())
    return StepVerdict(name, WITHIN if worst <= 1 else DIFFERENT, worst, float((apart > 0).mean()))


def _differences(first: Recipe, now: Recipe) -> dict[str, tuple[Any, Any]]:
    """What decides the last digits of a picture, and is not as it was."""
    then = {**{f"network {name}": value for name, value in first.networks.items()}, **first.machine}
    here = {**{f"network {name}": value for name, value in now.networks.items()}, **now.machine}
    return {name: (then[name], here.get(name)) for name in then if then[name] != here.get(name)}


def _threads(recipe: Recipe) -> int | None:
    """As many as the first time; None where the processor has fewer."""
    wanted = recipe.machine.get("threads")
    return wanted if isinstance(wanted, int) and 1 <= wanted <= (os.cpu_count() or 1) else None
