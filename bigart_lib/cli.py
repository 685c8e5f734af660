"""The command line: `bigart "a prompt"`, `bigart enlarge PICTURE`, `bigart info PICTURE`.

Knows what to ask and what to say; the work is done by the library's own functions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bigart_lib.loading import load
from bigart_lib.machine import PRECISIONS
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.settings import (
    COUNT,
    GUIDANCE,
    PICTURE_SIZES,
    SAMPLERS,
    SEED,
    STEPS,
    TEXTURE_AMOUNT,
    TEXTURE_SIZE,
    GenerateSettings,
    PaintSettings,
    TextureSettings,
    check,
    check_choice,
    new_seed,
)
from bigart_lib.version import __version__

if TYPE_CHECKING:
    from PIL import Image

    from bigart_lib.pipeline import BigArt, Candidates
    from bigart_lib.recipe import Recipe
    from bigart_lib.run_folder import RunFolder

BAD_INPUT = 2  # exit code
INTERRUPTED = 130  # exit code, as shells have it
OUT = Path("bigart_pictures")
MODELS = ("auto", "embedded", "published")
TIMES = (4, 16, 64)
STAGES = {  # what progress bars call them
    "base": "painting, 64 px",
    "upsample": "upsampling, 256 px",
    "enlarge": "enlarging",
    "texture": "texture",
    "enhance": "enhancing",
}
EXAMPLES = """
examples:
  bigart "sunset over a lake"
  bigart "a tabby cat" --seed 7 --pick ask --texture 0.08 3
  bigart enlarge photo.jpg --times 4
  bigart info bigart_pictures/sunset-over-a-lake/4096.png
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"enlarge": (_enlarge_parser, _enlarge), "info": (_info_parser, _info)}
    parser, command = _paint_parser, _paint
    if arguments and arguments[0] in commands:
        parser, command = commands[arguments.pop(0)]
    run = _Run()
    try:
        return command(parser().parse_args(arguments), run)
    except KeyboardInterrupt:
        finished = run.end()
        where = f"what was finished is in {finished}" if finished else "nothing was finished"
        return _complain(f"interrupted; {where}", INTERRUPTED)
    except (ValueError, OSError, EOFError) as error:
        run.end()
        return _complain(_one_line(error), BAD_INPUT)


class _Parser(argparse.ArgumentParser):
    """Complains in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


class _Run:
    """What must be tidied up or told when a run ends early."""

    def __init__(self) -> None:
        self.folder: RunFolder | None = None
        self._bar = None

    def bars(self, quiet: bool) -> Report:
        """A report that shows one progress bar a stage on standard error."""
        return no_report if quiet else self._show

    def _show(self, progress: Progress) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=100, desc=STAGES[progress.stage], bar_format=BAR, leave=True)
        self._bar.n = 100 * progress.step / progress.total
        self._bar.refresh()
        if progress.step == progress.total:
            self._close_bar()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def end(self) -> Path | None:
        """Tidy up early; returns the folder, unless nothing is in it."""
        self._close_bar()
        if self.folder is None:
            return None
        with suppress(OSError):
            self.folder.path.rmdir()  # only an empty one can be
        return self.folder.path if self.folder.path.exists() else None


BAR = "{desc:>20} {bar:30} {percentage:3.0f} % {elapsed}, {remaining} left"


def _paint(options: argparse.Namespace, run: _Run) -> int:
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
    bigart, say = _start(options)
    paints_on = options.size > 256
    say(f"{_capital(bigart.describe())}, seed {generate.seed}{_estimate(bigart, 256, 256, settings)}")
    run.folder = _new_folder(options.out, prompt)
    _warn_of_unknown_words(bigart, prompt)
    candidates = bigart.generate(prompt, generate, run.bars(options.quiet))
    sheet = _save_candidates(run.folder, candidates)
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
    from bigart_lib import images

    settings = _paint_settings(options, 256 * options.times)
    image = images.read(options.picture)
    bigart, say = _start(options)
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
    from bigart_lib import recipe

    found, same = recipe.read(options.picture)
    for line in _recipe_lines(found):
        print(line)
    print("pixels:", "as made" if same else "changed since they were made")
    print(recipe.ATTRIBUTION)
    return 0


def _start(options: argparse.Namespace) -> tuple[BigArt, Callable[[str], None]]:
    bigart = load(options.models, options.device, options.precision)
    return bigart, (lambda line: None) if options.quiet else print


def _new_folder(parent: Path, title: str) -> RunFolder:
    from bigart_lib.run_folder import RunFolder

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


def _save_candidates(folder: RunFolder, candidates: Candidates) -> Path:
    from dataclasses import replace

    from bigart_lib import images

    for candidate in candidates:
        for size, picture in ((64, candidate.small), (256, candidate.picture)):
            recipe = replace(candidate.recipe, stage=str(size))
            folder.save(f"candidate_{candidate.number}_{size}", images.to_image(picture), recipe)
    return folder.save(
        "candidates", candidates.sheet(), replace(candidates[0].recipe, stage="candidates", index=None)
    )


def _warn_of_unknown_words(bigart: BigArt, prompt: str) -> None:
    if unknown := bigart.unknown_words(prompt):
        print(
            f"these models do not know {', '.join(map(repr, unknown))} and will paint without",
            file=sys.stderr,
        )


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
        lines["sampling"] = f"{generate.sampler}, {generate.steps} steps, guidance {generate.guidance}"
    if paint:
        lines["texture"] = "; ".join(
            f"{texture.amount} of size {texture.size} at {size}"
            for size, texture in (("1K", paint.texture_1k), ("4K", paint.texture_4k))
        )
        lines["enhanced"] = "yes" if paint.enhance else "no"
    return [f"{name}: {value}" for name, value in lines.items() if value is not None]


def _paint_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "bigart", 'Paint pictures for a prompt, pick one and enlarge it: bigart "PROMPT" [options]. '
        "Other commands: bigart enlarge PICTURE, bigart info PICTURE (each with --help).",
    )  # fmt: skip
    parser.add_argument("prompt", help="what to paint, in quotes")
    _add_work_options(parser)
    parser.add_argument("--count", type=_whole("count", COUNT), default=7, help="candidates (default 7)")
    parser.add_argument(
        "--pick", default="1", help="which candidate to enlarge: a number, or ask (default 1)"
    )
    parser.add_argument("--steps", type=_whole("steps", STEPS), help="denoising steps of the base model")
    parser.add_argument(
        "--guidance", type=_number("guidance", GUIDANCE), help="how hard to follow the prompt"
    )
    parser.add_argument("--sampler", type=_choice("sampler", SAMPLERS), help=f"{', '.join(SAMPLERS)}")
    sizes = PICTURE_SIZES
    parser.add_argument(
        "--size", type=_choice("size", sizes), default=4096,
        help=f"px a side: {', '.join(map(str, sizes))}; 256 makes the candidates only (default 4096)",
    )  # fmt: skip
    return parser


def _enlarge_parser() -> argparse.ArgumentParser:
    parser = _parser("bigart enlarge", "Enlarge a picture of your own.")
    parser.add_argument("picture", type=Path, help="PNG, JPEG, TIFF or the like")
    parser.add_argument(
        "--times", type=_choice("times", TIMES), default=4, help="how much longer its sides get: 4, 16 or 64"
    )
    _add_work_options(parser)
    return parser


def _info_parser() -> argparse.ArgumentParser:
    parser = _parser("bigart info", "Say how a picture was made.")
    parser.add_argument("picture", type=Path, help="a picture made by BIG.art")
    return parser


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=name,
        description=description,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"BIG.art {__version__}")
    return parser


def _add_work_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=_choice("models", MODELS), default="auto", help=f"{', '.join(MODELS)} (default auto)"
    )
    parser.add_argument(
        "--seed", type=_whole("seed", SEED), default=new_seed(), help="a number; the same one paints the same"
    )
    for option, where in (
        ("--texture", "after both enlargings"),
        ("--texture-1k", "after the first"),
        ("--texture-4k", "after the second"),
    ):
        parser.add_argument(
            option, nargs=2, action=_Texture, metavar=("AMOUNT", "SIZE"),
            help=f"texture {where}: 0 to {TEXTURE_AMOUNT.most}, in clumps of 1 to {TEXTURE_SIZE.most}",
        )  # fmt: skip
    parser.add_argument(
        "--enhance", action=argparse.BooleanOptionalAction, default=False, help="let VQGAN repaint details"
    )
    parser.add_argument("--out", type=Path, default=OUT, help=f"where runs get their folders (default {OUT})")
    parser.add_argument("--device", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument(
        "--precision", type=_choice("precision", PRECISIONS), default="auto", help=", ".join(PRECISIONS)
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but where the picture is")


class _Texture(argparse.Action):
    """Two words as an amount and a size, checked as `TextureSettings` does."""

    def __call__(
        self, parser: object, options: argparse.Namespace, words: list, option: str | None = None
    ) -> None:
        try:
            amount = _number("texture amount", TEXTURE_AMOUNT)(words[0])
            size = _whole("texture size", TEXTURE_SIZE)(words[1])
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        setattr(options, self.dest, (amount, size))


def _number(name: str, bounds: tuple) -> Callable[[str], float]:
    return _reader(name, bounds, float, whole=False)


def _whole(name: str, bounds: tuple) -> Callable[[str], int]:
    return _reader(name, bounds, int, whole=True)


def _reader(name: str, bounds: tuple, kind: type, whole: bool) -> Callable[[str], float]:
    def read(word: str) -> float:
        try:
            value = kind(word)
        except ValueError:
            value = word  # `check` says what is wrong with it
        try:
            check(name, value, bounds, whole)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return value

    return read


def _choice(name: str, choices: tuple) -> Callable[[str], object]:
    def read(word: str) -> object:
        value = int(word) if word.isdecimal() else word
        try:
            check_choice(name, value, choices)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return value

    return read


def _complain(message: str, code: int) -> int:
    print(f"bigart: {message}", file=sys.stderr)
    return code


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
