"""The command line: `bigart "a prompt"`, and `bigart studio`, `enlarge`, `info` and `models`.

Knows what to ask and what to say; the work is done by the library's own functions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.cli.bars import Bars
from bigart_lib.cli.models import models_command, models_parser
from bigart_lib.cli.options import enlarge_parser, info_parser, paint_parser
from bigart_lib.cli.studio import studio_command, studio_parser
from bigart_lib.generate.prompts import about_words
from bigart_lib.loading import load
from bigart_lib.progress import Report, no_report
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings

if TYPE_CHECKING:
    from PIL import Image

    from bigart_lib.bigart import BigArt
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.runs.run_folder import RunFolder

BAD_INPUT = 2  # exit code
INTERRUPTED = 130  # exit code, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    commands = {
        "enlarge": (enlarge_parser, _enlarge),
        "info": (info_parser, _info),
        "studio": (studio_parser, lambda options, run: studio_command(options)),
        "models": (models_parser, lambda options, run: models_command(options, run.bars(options.quiet))),
    }
    parser, command = paint_parser, _paint
    if arguments and arguments[0] in commands:
        parser, command = commands[arguments.pop(0)]
    run = _Run()
    try:
        return command(parser().parse_args(arguments), run)
    except KeyboardInterrupt as stop:
        finished = run.end()
        where = f"what was finished is in {finished}" if finished else str(stop) or "nothing was finished"
        return _complain(f"interrupted; {where}", INTERRUPTED)
    except (ValueError, OSError, EOFError) as error:
        run.end()
        return _complain(_one_line(error), BAD_INPUT)


class _Run:
    """What must be tidied up or told when a run ends early."""

    def __init__(self) -> None:
        self.folder: RunFolder | None = None
        self._bars = Bars()

    def bars(self, quiet: bool) -> Report:
        """A report that shows one progress bar a stage on standard error."""
        return no_report if quiet else self._bars

    def end(self) -> Path | None:
        """Tidy up early; returns the folder, unless nothing is in it."""
        self._bars.close()
        if self.folder is None:
            return None
        with suppress(OSError):
            self.folder.path.rmdir()  # only an empty one can be
        return self.folder.path if self.folder.path.exists() else None


def _paint(options: argparse.Namespace, run: _Run) -> int:
    from bigart_lib.runs.session import save_candidates

    prompt = " ".join(options.prompt.split())
    if not prompt:
        raise ValueError('the prompt is empty: say what to paint, as in bigart "sunset over a lake"')
    generate = GenerateSettings(
        seed=options.seed, count=options.count, steps=options.steps,
        guidance=options.guidance, sampler=options.sampler,
    )  # fmt: skip
    settings = _paint_settings(options, options.size)
    if options.pick != "ask":
        _pick(options.pick, options.count)
    bigart, say = _start(options, run)
    paints_on = options.size > 256
    say(f"{_capital(bigart.describe())}, seed {generate.seed}{_estimate(bigart, 256, 256, settings)}")
    run.folder = _new_folder(options.out, prompt)
    if words := about_words(prompt, bigart.read, bigart.model_set.name):
        print(words, file=sys.stderr)
    candidates = bigart.generate(prompt, generate, run.bars(options.quiet))
    sheet = save_candidates(run.folder, candidates)
    if not paints_on:
        print(sheet)
        return 0
    number = _ask(sheet, len(candidates)) if options.pick == "ask" else int(options.pick)
    say(f"candidate {number} of {len(candidates)}, see {sheet}")
    written = _Written(run.folder)
    bigart.paint(candidates[number - 1], settings, run.bars(options.quiet), written.keep)
    print(written.last)
    return 0


def _enlarge(options: argparse.Namespace, run: _Run) -> int:
    from bigart_lib.pictures import images

    settings = _paint_settings(options, 256 * options.times)
    image = images.read(options.picture)
    bigart, say = _start(options, run)
    estimate = _estimate(bigart, image.width, image.height, settings)
    say(f"{_capital(bigart.describe())}, {image.width}x{image.height} pixels{estimate}")
    run.folder = _new_folder(options.out, options.picture.stem)
    written = _Written(run.folder)
    bigart.paint_image(
        image, options.picture.name, settings, options.seed, run.bars(options.quiet), written.keep
    )
    print(written.last)
    return 0


def _info(options: argparse.Namespace, run: _Run) -> int:
    from bigart_lib.pictures import recipe

    found, same = recipe.read(options.picture)
    for line in _recipe_lines(found):
        print(line)
    print("pixels:", "as made" if same else "changed since they were made")
    print(recipe.ATTRIBUTION)
    return 0


def _start(options: argparse.Namespace, run: _Run) -> tuple[BigArt, Callable[[str], None]]:
    bigart = load(
        options.models, options.device, options.precision, options.enlarger, options.enhancer,
        report=run.bars(options.quiet), announce=lambda sentence: print(sentence, file=sys.stderr),
    )  # fmt: skip
    return bigart, (lambda line: None) if options.quiet else print


def _new_folder(parent: Path, title: str) -> RunFolder:
    from bigart_lib.runs.run_folder import RunFolder

    try:
        return RunFolder(parent, title)
    except OSError as error:
        raise ValueError(
            f"cannot write to the folder {parent} ({error.strerror}): choose another by --out"
        ) from None


class _Written:
    """Keeps every stage's picture in a folder, and remembers the last."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.last: Path | None = None

    def keep(self, stage: str, image: Image.Image, recipe: Recipe) -> None:
        self.last = self._folder.save(stage, image, recipe)


def _ask(sheet: Path, count: int) -> int:
    print(f"The candidates are in {sheet}")
    while True:
        answer = input(f"Which one, 1 to {count}? ")
        with suppress(ValueError):
            return _pick(answer, count)
        print(f"Please type a number from 1 to {count}.")


def _pick(answer: str, count: int) -> int:
    if not answer.strip().isdecimal() or not 1 <= int(answer) <= count:
        raise ValueError(f"pick must be a number from 1 to {count}, or ask, not {answer!r}")
    return int(answer)


def _estimate(bigart: BigArt, width: int, height: int, settings: PaintSettings) -> str:
    times = settings.size // 256
    if times == 1:
        return ""
    minutes = bigart.seconds_to_enlarge(width, height, times) / 60
    amount = f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute" if minutes > 0.5 else "half a minute"
    return f"; enlarging {times} times will take about {amount}"


def _paint_settings(options: argparse.Namespace, size: int) -> PaintSettings:
    both = TextureSettings(*options.texture) if options.texture else TextureSettings()
    first = TextureSettings(*options.texture_1k) if options.texture_1k else both
    second = TextureSettings(*options.texture_4k) if options.texture_4k else both
    return PaintSettings(size=size, texture_1k=first, texture_4k=second, enhance=options.enhance)


def _recipe_lines(recipe: Recipe) -> list[str]:
    generate, paint = recipe.generate, recipe.paint
    lines = {
        "prompt": recipe.prompt,
        "enlarged from": recipe.source,
        "seed": generate.seed if generate else None,
        "candidate": f"{recipe.index + 1} of {generate.count}" if recipe.index is not None else None,
        "models": f"{recipe.models}, on {recipe.device}, torch {recipe.torch}, BIG.art {recipe.version}",
        "stage": recipe.stage,
    }
    if generate and recipe.prompt:
        if generate.near:
            ancestors = ", then ".join(f"seed {one.seed} number {one.index + 1}" for one in generate.near)
            lines["a variation of"] = f"{ancestors}, at a distance of {generate.distance}"
        lines["sampling"] = f"{generate.sampler}, {generate.steps} steps, guidance {generate.guidance}"
    if paint:
        lines["texture"] = "; ".join(
            f"{texture.amount} of size {texture.size} at {size}"
            for size, texture in (("1K", paint.texture_1k), ("4K", paint.texture_4k))
        )
        lines["enhanced"] = "yes" if paint.enhance else "no"
    return [f"{name}: {value}" for name, value in lines.items() if value is not None]


def _complain(message: str, code: int) -> int:
    print(f"bigart: {message}", file=sys.stderr)
    return code


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
