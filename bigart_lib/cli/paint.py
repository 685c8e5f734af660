"""`bigart "a prompt"`: candidates are painted, some are picked and taken further."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bigart_lib.cli import near as variations
from bigart_lib.cli import options as shared
from bigart_lib.cli import shape as shaped
from bigart_lib.cli.call import Call, resume_command
from bigart_lib.loading import load
from bigart_lib.settings import (
    QUALITIES,
    SAMPLERS,
    Bounds,
    GenerateSettings,
    PaintSettings,
    TextureSettings,
    check,
    check_choice,
)
from bigart_lib.settings import QUALITY as QUALITY_OF_JPEG
from bigart_lib.shapes import SQUARE

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.forecast import Forecast
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.runs.run import Run

CANDIDATES_ONLY = 256  # px: the size that asks for nothing more
TEXTURE = TextureSettings()
SUITED = "what suits the models"
MOST_LISTED = 5  # numbers
GENERATOR = "Another generator: a name of `bigart generators`, OWNER/NAME, a folder or a .safetensors file."
CHOSEN = ("count", "steps", "guidance", "guided", "sampler", "negative")
QUALITY = "How carefully candidates are painted; published: as the original. 1 to 100 is that of a JPEG."
GUIDED = "Share of the steps, the noisiest first, that follow the prompt harder, 0 to 1."


class Asked(NamedTuple):
    """What a prompt is to become."""

    near: Recipe | None  # of the candidate that variations are painted of
    prompt: str
    chosen: dict[str, Any]  # of `GenerateSettings`, but for the seed
    indices: list[int] | None  # of the candidates to take further; None asks
    further: PaintSettings | None  # None: the candidates are all


def quality(word: str) -> str | int:
    """One of QUALITIES, or a JPEG's; raises a ValueError where it is neither."""
    if str(word).isdecimal():
        return check("quality of a JPEG", int(word), QUALITY_OF_JPEG, whole=True)
    return check_choice("quality", word, QUALITIES)


@click.command()
@click.argument("words", nargs=-1, metavar="PROMPT")
@shared.seeds
@shared.option("--count", shared.number("count"), 7, "How many candidates to paint.")
@shared.option("--pick", shared.Checked("NUMBERS|all|ask", str), "1", "The candidates to enlarge, as in 1,3.")
@variations.near
@shaped.shape
@shared.repeat
@shared.size
@shared.finishing(TEXTURE)
@shared.option("--steps", shared.number("steps"), None, "Denoising steps of the base model.", SUITED)
@shared.option(
    "--guidance", shared.number("guidance", float), None, "How hard to follow the prompt, 0 to 20.", SUITED
)
@shared.option("--guided", shared.number("guided", float), None, GUIDED, SUITED)
@shared.option("--quality", shared.Checked("|".join(QUALITIES), quality), None, QUALITY, "standard")
@shared.option("--sampler", shared.choice("sampler", SAMPLERS), None, "How to denoise.", SUITED)
@shared.option("--generator", shared.Checked("MODEL", str), None, GENERATOR, "GLIDE")
@shared.option("--negative", str, None, "What to keep away from, where the generator can.", "nothing")
@shared.models("auto", "that of the models")
@shared.form
@shared.keep
@shared.place
def paint(
    call: Call, words: tuple[str, ...], seed: list[int], pick: str, size: int, out: Path, **options: Any
) -> None:
    """Paint pictures for a PROMPT, in quotes, pick one or several of them and enlarge these.

    Seeds, and candidates to enlarge, may be several, as in 1,3 or 2-4. Each seed gives a run of its own.
    """
    from bigart_lib.generate.prompts import about_words  # slow to come, and --help does without

    asked = read(options | {"pick": pick, "size": size}, words, shaped.is_named("size"))
    found, prompt, chosen, indices, further = asked
    how = shared.to_write(options)
    bigart = load(**shared.to_load(call, options))
    recipes = [bigart.recipe(prompt, GenerateSettings(seed=one, **chosen)) for one in seed]
    about = f"seed{'s' if len(seed) > 1 else ''} {_listed(seed)}"
    if further:
        size_in_px = bigart.plan(replace(recipes[0], index=0, paint=further))[-1].size
        shared.check_written(how, "the finished picture", size_in_px)
    call.foretell(bigart, about, _forecast(bigart, recipes, indices or [0], further))
    variations.warn(call, bigart, found)
    if origin := bigart.generator.abilities.origin:
        call.announce(origin, is_needed=False)
    if about := about_words(prompt, bigart.read, bigart.name.partition("+")[0]):
        call.announce(about, is_needed=False)
    for number, recipe in enumerate(recipes, start=1):
        call.unbegun = _listed(seed[number:])
        run = call.new_run(out, prompt, recipe, {**bigart.options, "keep": options["keep"], **how})
        _paint_run(call, bigart, run, indices, further)


def read(options: Mapping[str, Any], words: tuple[str, ...], sized: bool) -> Asked:
    """What the options ask for, whoever says them: a command, or a line of a series.

    Parameters
    ----------
    sized : whether --size was named.

    Raises
    ------
    ValueError
        When there is no prompt, or an option contradicts another.
    """
    found = variations.read(options["near"], options["distance"])
    prompt = _prompt(words if words or found is None else (found.prompt,))
    asked = shaped.read(options, sized)
    chosen = {name: options[name] for name in CHOSEN}
    chosen["quality"] = options["quality"] if isinstance(options["quality"], str) else None
    chosen = variations.settings(found, {**chosen, "shape": asked.shape}, options["distance"])
    chosen |= {"shape": chosen["shape"] or SQUARE, "repeats": options["repeat"]}
    indices = None if options["pick"] == "ask" else picked(options["pick"], options["count"])
    is_all = options["size"] == CANDIDATES_ONLY and asked.fit is None
    further = shared.paint_settings(options, options["size"], TEXTURE)
    return Asked(found, prompt, chosen, indices, None if is_all else replace(further, fit=asked.fit))


def _paint_run(
    call: Call, bigart: BigArt, run: Run, indices: list[int] | None, further: PaintSettings | None
) -> None:
    """Paint the candidates of one seed, and enlarge those that are picked; asks where `indices` is None."""
    if further and indices is not None:  # so that `resume` goes on to the end
        want(bigart, run, indices, further)
    run.paint_candidates(bigart, call.report)
    if further is None:
        return call.show(run.sheet)
    if indices is None:
        indices = _ask(call, run)
        want(bigart, run, indices, further)
    numbers, several = _listed([index + 1 for index in indices]), len(indices) > 1
    call.say(f"candidate{'s' * several} {numbers} of {run.recipe.generate.count}, see {run.sheet}")
    for index in indices:
        call.show(run.paint(bigart, index, further, call.report).last)
        run.close(index)


def want(bigart: BigArt, run: Run, indices: list[int], settings: PaintSettings) -> None:
    """Note that candidates are to be enlarged."""
    run.want(*((index, settings, bigart.plan(run.recipe_of(index, settings))) for index in indices))


def picked(answer: str, count: int) -> list[int]:
    """The indices of the candidates that an artist calls by their numbers.

    Raises
    ------
    ValueError
        When there are no such candidates.
    """
    if answer.strip() == "all":
        return [*range(count)]
    with suppress(ValueError):
        return [number - 1 for number in shared.several("pick", answer, Bounds(1, count))]
    raise ValueError(
        f"pick must be numbers from 1 to {count}, as in 2 or 1,3 or 2-4, or all, or ask, not {answer[:60]!r}"
    )


def _listed(numbers: list[int]) -> str:
    """Numbers in words, the middle of many left out."""
    shown = numbers if len(numbers) <= MOST_LISTED else [*numbers[:2], "...", numbers[-1]]
    return ", ".join(map(str, shown))


def _prompt(words: tuple[str, ...]) -> str:
    prompt = " ".join(" ".join(words).split())
    if len(words) > 1:
        raise ValueError(f'put quotes round the prompt, as in bigart "{prompt}"')
    if not prompt:
        raise ValueError('the prompt is empty: say what to paint, as in bigart "a red sunset" (see --help)')
    return prompt


def _forecast(
    bigart: BigArt, recipes: list[Recipe], indices: list[int], further: PaintSettings | None
) -> Forecast:
    """Of all the candidates, and of taking some further."""
    plans = [
        bigart.plan(replace(recipe, index=index, paint=further if index in indices else None))
        for recipe in recipes
        for index in sorted(range(recipe.generate.count), key=lambda index: index in indices)
    ]
    return bigart.forecast([step for steps in plans for step in steps])


def _ask(call: Call, run: Run) -> list[int]:
    count, go_on = run.recipe.generate.count, resume_command(run)
    call.show(f"The candidates are in {run.sheet}")
    while True:
        try:
            answer = input(f"Which one, 1 to {count}, or several, as in 1,3? ")
        except (EOFError, RuntimeError, OSError):
            raise EOFError(f"nobody picked one of {run.sheet}: {go_on} --pick N takes number N") from None
        with suppress(ValueError):
            return picked(answer, count)
        call.show(f"Please type a number from 1 to {count}, or several, as in 1,3.")
