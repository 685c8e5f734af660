"""`bigart "a prompt"`: candidates are painted, one is picked and taken further."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bigart_lib.bigart import BigArt
from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call, resume_command
from bigart_lib.forecast import Forecast
from bigart_lib.generate.prompts import about_words
from bigart_lib.loading import load
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.runs.run import Run
from bigart_lib.settings import SAMPLERS, GenerateSettings, PaintSettings, TextureSettings

CANDIDATES_ONLY = 256  # px: the size that asks for nothing more
TEXTURE = TextureSettings()
SUITED = "what suits the models"


@click.command(short_help="Paint pictures for a prompt and enlarge one: what bigart does by default.")
@click.argument("words", nargs=-1, metavar="PROMPT")
@shared.seed
@shared.option("--count", shared.number("count"), 7, "Candidates.")
@shared.option("--pick", shared.Checked("NUMBER|ask", str), "1", "Which candidate to enlarge.")
@shared.size
@shared.finishing(TEXTURE)
@shared.option("--steps", shared.number("steps"), None, "Of denoising, for the base model.", SUITED)
@shared.option("--guidance", shared.number("guidance", float), None, "How hard to follow the prompt.", SUITED)
@shared.option("--sampler", shared.choice("sampler", SAMPLERS), None, "How to denoise.", SUITED)
@shared.models("auto", "that of the models")
@shared.keep
@shared.place
def paint(call: Call, words: tuple[str, ...], pick: str, size: int, out: Path, **options: Any) -> None:
    """Paint pictures for a PROMPT, in quotes, pick one of them and enlarge it."""
    prompt = _prompt(words)
    chosen = {name: options[name] for name in ("seed", "count", "steps", "guidance", "sampler")}
    index = None if pick == "ask" else picked(pick, options["count"])
    further = None if size == CANDIDATES_ONLY else shared.paint_settings(options, size, TEXTURE)
    bigart = load(**shared.to_load(call, options))
    recipe = bigart.recipe(prompt, GenerateSettings(**chosen))
    call.foretell(bigart, f"seed {options['seed']}", _forecast(bigart, recipe, index or 0, further))
    run = call.new_run(out, prompt, recipe, {**bigart.options, "keep": options["keep"]})
    if about := about_words(prompt, bigart.read, bigart.name.partition("+")[0]):
        call.announce(about, is_needed=False)
    if further and index is not None:  # so that `resume` goes on to the end
        run.want((index, further, bigart.plan(run.recipe_of(index, further))))
    run.paint_candidates(bigart, call.report)
    if further is None:
        return call.show(run.sheet)
    if index is None:
        index = _ask(call, run)
    call.say(f"candidate {index + 1} of {options['count']}, see {run.sheet}")
    call.show(run.paint(bigart, index, further, call.report).last)


def picked(answer: str, count: int) -> int:
    """The index of the candidate that an artist calls by its number.

    Raises
    ------
    ValueError
        When there is no such candidate.
    """
    number = int(answer) if answer.strip().isdecimal() and len(answer) < 9 else 0
    if not 1 <= number <= count:
        raise ValueError(f"pick must be a number from 1 to {count}, or ask, not {answer!r}")
    return number - 1


def _prompt(words: tuple[str, ...]) -> str:
    prompt = " ".join(" ".join(words).split())
    if len(words) > 1:
        raise ValueError(f'put quotes round the prompt, as in bigart "{prompt}"')
    if not prompt:
        raise ValueError('the prompt is empty: say what to paint, as in bigart "a red sunset" (see --help)')
    return prompt


def _forecast(bigart: BigArt, recipe: Recipe, index: int, further: PaintSettings | None) -> Forecast:
    """Of all the candidates, and of taking one further."""
    others = (number for number in range(recipe.generate.count) if number != index)
    steps = [step for number in others for step in bigart.plan(replace(recipe, index=number))]
    return bigart.forecast([*steps, *bigart.plan(replace(recipe, index=index, paint=further))])


def _ask(call: Call, run: Run) -> int:
    count, go_on = run.recipe.generate.count, resume_command(run)
    call.show(f"The candidates are in {run.sheet}")
    while True:
        try:
            answer = input(f"Which one, 1 to {count}? ")
        except (EOFError, RuntimeError, OSError):
            raise EOFError(f"nobody picked one of {run.sheet}: {go_on} --pick N takes number N") from None
        with suppress(ValueError):
            return picked(answer, count)
        call.show(f"Please type a number from 1 to {count}.")
