"""The command line of the scores."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bigart_lib import machine
from bigart_lib.settings import SAMPLERS, GenerateSettings
from bigart_lib.weights import sets as model_sets
from bigart_lib.weights.sets import ModelSet
from training.score import aspect, colour, manner, scene, shape, upsampler, variety, vqgan
from training.score.given import Given
from training.score.table import Row, card_around, markdown, write_card
from training.score.table import machine as machine_in_words

SCORES: dict[str, Callable[[Given], list[Row]]] = {
    module.__name__.rpartition(".")[2]: module.score
    for module in (colour, scene, shape, aspect, manner, variety, upsampler, vqgan)
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of scores, and how long each took on standard error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if options.card:
            card_around(options.card)  # no score shall be lost for want of a card
        device = machine.pick_device(options.device)
        given = Given(
            models=_models(options),
            settings=GenerateSettings(
                steps=options.steps, guidance=options.guidance, sampler=options.sampler
            ),
            device=device,
            precision=machine.pick_precision(device, options.precision),
            count=options.count,
            sheets=options.sheets,
            verbose=options.verbose,
        )
    except ValueError as error:
        parser.error(str(error))
    rows = []
    for name in options.only:
        started = time.monotonic()
        found = SCORES[name](given)
        # At once: a later score may fail, or be stopped.
        logging.info("%s took %.0f s\n%s", name, time.monotonic() - started, markdown(found))
        rows += found
    scores = f"On {machine_in_words(given.device, given.precision)}:\n\n{markdown(rows)}"
    print(scores)
    if options.card:
        write_card(options.card, scores)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.score", description="Score the embedded models, or others like them."
    )
    parser.add_argument("--only", type=_names, default=[*SCORES], help=f"of {','.join(SCORES)}")
    parser.add_argument("--count", type=float, default=1.0, help="numbers of pictures, against the usual")
    parser.add_argument("--weights", type=Path, help="folder with other files of the same names to score")
    parser.add_argument("--card", type=Path, help="model card between whose markers the scores are written")
    parser.add_argument("--sheets", type=Path, help="folder for sheets of pictures to look at")
    parser.add_argument("--steps", type=int, help="of the base model")
    parser.add_argument("--guidance", type=float, help="of the base model")
    parser.add_argument("--sampler", choices=SAMPLERS, help="of the base model")
    parser.add_argument("--upsampler-timesteps", type=_numbers, help="of 1000, noisiest first: 700,500,...")
    parser.add_argument("--upsampler-noise", type=float, help="scale of the upsampler's first noise")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--precision", choices=machine.PRECISIONS, default="auto", help="auto is what the tool takes here"
    )
    parser.add_argument("--verbose", action="store_true", help="say what each scene was taken for")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    if not set(names) <= set(SCORES):
        raise argparse.ArgumentTypeError(f"expected some of {','.join(SCORES)}, got {text}")
    return names


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split(","))
    if not all(0 <= number < 1000 for number in numbers) or list(numbers) != sorted({*numbers}, reverse=True):
        raise argparse.ArgumentTypeError(f"expected whole numbers from 999 down to 0, got {text}")
    return numbers


def _models(options: argparse.Namespace) -> ModelSet:
    """The embedded set, with files of another folder in place of its own where that has them."""
    chosen = model_sets.embedded()
    if options.weights:
        others = {
            network: options.weights / getattr(chosen, network).name
            for network in ("base", "upsampler", "enhancer")
            if (options.weights / getattr(chosen, network).name).is_file()
        }
        if not others:
            raise ValueError(f"{options.weights} should hold at least one file of the embedded set's names")
        chosen = replace(chosen, **others)
    changes = {"upsampler_timesteps": options.upsampler_timesteps, "upsampler_noise": options.upsampler_noise}
    changes = {name: value for name, value in changes.items() if value is not None}
    return replace(chosen, sampling=replace(chosen.sampling, **changes))
