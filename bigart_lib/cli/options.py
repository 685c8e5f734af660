"""The options that commands share, with the bounds and the messages of `settings`."""

from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import click

from bigart_lib import settings
from bigart_lib.cli.call import Call
from bigart_lib.machine import PRECISIONS
from bigart_lib.runs.run import DEFAULT_FOLDER
from bigart_lib.runs.work import KEEP
from bigart_lib.settings import PaintSettings, TextureSettings
from bigart_lib.weights.sets import ENHANCERS, ENLARGERS, SETS

NETWORKS = {"enlarger": ENLARGERS, "enhancer": ENHANCERS}
TO_LOAD = ("models", *NETWORKS, "device", "dtype", "memory")  # what `load` takes
Decorator = Callable[[Callable], Callable]


class Checked(click.ParamType):
    """A word that `read` turns into a value, or refuses by a ValueError, which `main` prints as it is."""

    def __init__(self, name: str, read: Callable[[Any], Any]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType`."""
        return self._read(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """See `click.ParamType`."""
        return self.name


def number(name: str, kind: type = int) -> Checked:
    """A number within the bounds that `settings` has for it."""
    bounds = getattr(settings, name.replace(" ", "_").upper())

    def read(word: Any) -> float:
        try:
            value = kind(word)
        except ValueError:
            value = word  # `check` says what is wrong with it
        settings.check(name, value, bounds, whole=kind is int)
        return value

    return Checked("NUMBER", read)


def choice(name: str, choices: tuple) -> Checked:
    """One of several words or numbers."""

    def read(word: Any) -> Any:
        value = int(word) if str(word).isdecimal() else word
        settings.check_choice(name, value, choices)
        return value

    return Checked(f"[{'|'.join(map(str, choices))}]", read)


def option(names: str, kind: Any, default: Any, text: str, otherwise: str | None = None) -> Decorator:
    """An option with its default in the help; `otherwise` says what None or a function stands for."""
    return click.option(*names.split(), type=kind, default=default, show_default=otherwise or True, help=text)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator; the first stands first in the help."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def _be_quiet(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.obj.is_quiet = value


def _network(names: tuple[str, ...]) -> Checked:
    def read(word: str) -> str:
        path = Path(word).expanduser()
        return str(path.absolute()) if word not in names and path.is_file() else word

    return Checked("NAME", read)


FILE, FOLDER = (Checked(name, lambda word: Path(word).expanduser()) for name in ("FILE", "FOLDER"))
MODELS = choice("models", ("auto", *SETS))
picture = click.argument("picture", type=FILE, metavar="PICTURE")
SIZE, QUIET = "Pixels a side; 256: the candidates only.", "Print the result alone."
quiet = click.option("--quiet", is_flag=True, expose_value=False, callback=_be_quiet, help=QUIET)
out = option("--out", FOLDER, DEFAULT_FOLDER, "Where runs get their folders.")
seed = option("--seed", number("seed"), settings.new_seed, "The same one paints the same.", "a new one")
size = option("--size", choice("size", settings.PICTURE_SIZES), 4096, SIZE)
keep = option("--keep", choice("keep", KEEP), "exact", "Unrounded results; exact: up to 4096 px a side.")
place = together(
    option("--device", Checked("cpu|cuda", str), None, "Where networks work.", "cuda where there is one"),
    option("--memory", Checked("AMOUNT", settings.read_memory), None, "To enlarge: 6GB.", "half of the free"),
    out,
    quiet,
    click.pass_obj,
)


def models(default: str | None, otherwise: str) -> Decorator:
    """Which networks, and how precisely they work; `otherwise` says what is taken where nothing is named."""
    shown, precisions = default or otherwise, choice("precision", PRECISIONS)
    networks = (
        option(f"--{network}", _network(names), None, f"{', '.join(names)}, or a file.", otherwise)
        for network, names in NETWORKS.items()
    )
    return together(
        option("--models", MODELS, default, "The set of networks.", shown),
        *networks,
        option("--precision dtype", precisions, default, "Of the networks' numbers.", shown),
    )


def finishing(texture: TextureSettings) -> Decorator:
    """What happens to the picture besides enlarging; `texture` is laid where nothing else is asked for."""
    kinds = (number("texture amount", float), number("texture size"))
    bounds = f"AMOUNT up to {settings.TEXTURE_AMOUNT.most}, clumps of SIZE up to {settings.TEXTURE_SIZE.most}"
    return together(
        option("--texture", kinds, None, f"{bounds}.", f"{texture.amount} {texture.size}"),
        option("--texture-1k", kinds, None, "That after the first enlarging.", "as --texture"),
        option("--texture-4k", kinds, None, "That after the second.", "as --texture"),
        option("--enhance/--no-enhance", None, False, "Let VQGAN repaint details."),
    )


def paint_settings(options: Mapping[str, Any], size: int, texture: TextureSettings) -> PaintSettings:
    """What `finishing` asked for."""
    both = options["texture"] or (texture.amount, texture.size)
    first, second = (TextureSettings(*(options[name] or both)) for name in ("texture_1k", "texture_4k"))
    return PaintSettings(size, first, second, options["enhance"])


def to_load(call: Call, options: Mapping[str, Any]) -> dict[str, Any]:
    """What `load` takes; what was not named is left out."""
    named = {name: options[name] for name in TO_LOAD if options.get(name) is not None}
    return {**named, "report": call.report, "announce": call.announce}
