"""The words that the command line takes, and what each may be. Knows no picture and does no work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from bigart_lib.machine import PRECISIONS
from bigart_lib.settings import (
    COUNT,
    GUIDANCE,
    PICTURE_SIZES,
    SAMPLERS,
    SEED,
    STEPS,
    TEXTURE_AMOUNT,
    TEXTURE_SIZE,
    check,
    check_choice,
    new_seed,
)
from bigart_lib.version import __version__
from bigart_lib.weights.sets import ENHANCERS, ENLARGERS, SETS

OUT = Path("bigart_pictures")
MODELS = ("auto", *SETS)
TIMES = (4, 16, 64)
EXAMPLES = """
examples:
  bigart "sunset over a lake"
  bigart "a tabby cat" --seed 7 --pick ask --texture 0.08 3
  bigart enlarge photo.jpg --times 4
  bigart info bigart_pictures/sunset-over-a-lake/4096.png
  bigart models fetch
"""


def paint_parser() -> argparse.ArgumentParser:
    """What `bigart "a prompt"` takes."""
    parser = new_parser(
        "bigart", 'Paint pictures for a prompt, pick one and enlarge it: bigart "PROMPT" [options]. '
        "Other commands: bigart studio, bigart enlarge PICTURE, bigart info PICTURE and bigart models "
        "(each with --help).",
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


def enlarge_parser() -> argparse.ArgumentParser:
    """What `bigart enlarge` takes."""
    parser = new_parser("bigart enlarge", "Enlarge a picture of your own.")
    parser.add_argument("picture", type=Path, help="PNG, JPEG, TIFF or the like")
    parser.add_argument(
        "--times", type=_choice("times", TIMES), default=4, help="how much longer its sides get: 4, 16 or 64"
    )
    _add_work_options(parser)
    return parser


def info_parser() -> argparse.ArgumentParser:
    """What `bigart info` takes."""
    parser = new_parser("bigart info", "Say how a picture was made.")
    parser.add_argument("picture", type=Path, help="a picture made by BIG.art")
    return parser


def new_parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser that raises a ValueError for what it does not understand."""
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
    for option, names in (("--enlarger", ENLARGERS), ("--enhancer", ENHANCERS)):
        parser.add_argument(
            option, metavar="NAME", help=f"{', '.join(names)}, or a file (default: that of the models)"
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


class _Parser(argparse.ArgumentParser):
    """Complains in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)
