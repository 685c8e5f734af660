"""The options that commands share, with the bounds and the messages of `settings`."""

import mimetypes
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any

import click

from bigart_lib import settings
from bigart_lib.cli.call import Call
from bigart_lib.machine import PRECISIONS
from bigart_lib.settings import DEFAULT_FOLDER, KEPT_RESULTS, PaintSettings, TextureSettings
from bigart_lib.weights.sets import ENHANCERS, ENLARGERS, SETS

NETWORKS = {"enlarger": ENLARGERS, "enhancer": ENHANCERS}
TO_LOAD = ("models", "generator", *NETWORKS, "device", "dtype", "memory")  # what `load` takes
FORMATS = {"png": ".png", "tiff": ".tif", "jpg": ".jpg", "webp": ".webp", "pdf": ".pdf"}
MOST_AT_ONCE = 100  # numbers of a range
NEW_SEED = "-1"  # as in other programs
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
        return settings.check(name, _number(word, kind), bounds, whole=kind is int)

    return Checked("NUMBER", read)


def several(name: str, words: str, bounds: settings.Bounds) -> list[int]:
    """The numbers in words such as 3, or 1,3, or 2-4, each once.

    Raises
    ------
    ValueError
        When these are none, or are not within the bounds.
    """
    found: dict[int, None] = {}
    for part in words.split(","):
        ends = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", part)
        read = [_number(word, int) for word in (ends.groups() if ends else [part])]
        first, *_, last = [settings.check(name, one, bounds, whole=True) for one in read * 2]
        if not 0 <= last - first < MOST_AT_ONCE:
            raise ValueError(f"{name} must be at most {MOST_AT_ONCE} numbers, the smaller first, not {part}")
        found |= dict.fromkeys(range(first, last + 1))
    return [*found]


def _number(word: Any, kind: type) -> Any:
    """The number that a word says, or the word."""
    with suppress(ValueError):
        return kind(word)
    return word


def colour(name: str) -> Checked:
    """A colour by name or number."""
    return Checked("COLOUR", lambda word: settings.check_colour(name, word))


def choice(name: str, choices: tuple) -> Checked:
    """One of several words or numbers."""

    def read(word: Any) -> Any:
        return settings.check_choice(name, int(word) if str(word).isdecimal() else word, choices)

    return Checked(f"[{'|'.join(map(str, choices))}]", read)


def option(
    names: str, kind: Any, default: Any, text: str, otherwise: str | None = None, metavar: str | None = None
) -> Decorator:
    """An option with its default in the help; `otherwise` says what None or a function stands for."""
    shown = {"show_default": otherwise or True, "help": text, "metavar": metavar}
    return click.option(*names.split(), type=kind, default=default, **shown)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator; the first stands first in the help."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def _be_quiet(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.obj.is_quiet = value


def _network(names: tuple[str, ...]) -> Checked:
    def read(word: str) -> str:
        found = path(word)
        return str(found.absolute()) if word not in names and found.is_file() else word

    return Checked("NAME", read)


def path(word: Any) -> Path:
    """What a word names on the disk; raises a ValueError where it is nothing, or no home folder."""
    if not str(word):
        raise ValueError("expected the name of a file or a folder, got nothing")
    try:
        return Path(word).expanduser()
    except RuntimeError:
        raise ValueError(f"{word}: there is no such home folder; write the path in full, or as ./~") from None


def _folder(word: Any) -> Path:
    found = path(word)
    kind = mimetypes.guess_type(found.name)[0] or ""
    if kind.startswith(("image/", "application/pdf")) and not found.is_dir():
        raise ValueError(f"--out names a folder, where runs get folders of their own, not a file: {found}")
    return found


def _seeds(word: Any) -> list[int]:
    if str(word).strip() == NEW_SEED:
        return [settings.new_seed()]
    return several("seed", str(word), settings.SEED)


def _seed(word: Any) -> int:
    seeds = _seeds(word)
    return seeds[0] if len(seeds) == 1 else settings.check("seed", word, settings.SEED, whole=True)


FILE, FOLDER = (Checked(name, path) for name in ("FILE", "FOLDER"))
MODELS = choice("models", ("auto", *SETS))
picture = click.argument("picture", type=FILE, metavar="PICTURE")
quiet = click.option(
    "--quiet", is_flag=True, expose_value=False, callback=_be_quiet,
    help="Print the result alone, which is where the pictures are.",
)  # fmt: skip
out = option(
    "--out", Checked("FOLDER", _folder), DEFAULT_FOLDER, "The folder where each run gets a folder of its own."
)
seed = option(
    "--seed", Checked("NUMBER", _seed), settings.new_seed, "The same seed lays the same texture.", "a new one"
)
seeds = option(
    "--seed", Checked("NUMBERS", _seeds), settings.new_seed,
    "The same seed paints the same candidates; 1-4 or 1,3: a run for each; -1: a new one.", "a new one",
)  # fmt: skip
size = option(
    "--size", choice("size", settings.PICTURE_SIZES), 4096,
    "Pixels of the finished picture's long side; 256: the candidates only.",
)  # fmt: skip
keep = option(
    "--keep", choice("keep", KEPT_RESULTS), "exact",
    "Which unrounded results to keep, to go on from; exact: up to 4096 pixels a side.",
)  # fmt: skip
repeat = click.option("--repeat/--no-repeat", default=False, help="Make pictures that tile without a seam.")
device = together(
    option("--device", Checked("cpu|cuda", str), None, "Where networks work.", "cuda where there is one"),
    option(
        "--memory",
        Checked("AMOUNT", settings.read_memory),
        None,
        "The most memory that enlarging may take, as in 6GB.",
        "half of what is free",
    ),  # fmt: skip
)
place = together(device, out, quiet, click.pass_obj)
quality = option("--quality", number("quality"), None, "Of JPEG; WebP is lossless without it.", "95")
form = together(
    option(
        "--format",
        choice("format", tuple(FORMATS)),
        None,
        "In which format finished pictures are written.",
        "png, or what --out names",
    ),  # fmt: skip
    option(
        "--depth",
        choice("depth", (8, 16)),
        None,
        "Bits a colour, in PNG, TIFF and PDF.",
        "those of the picture that is enlarged, else 8",
    ),  # fmt: skip
    option("--dpi", number("dpi", float), None, "Pixels an inch, as files say.", "the picture's own, or 300"),
)
written = together(form, quality)


def models(default: str | None, otherwise: str) -> Decorator:
    """Which networks, and how precisely they work; `otherwise` says what is taken where nothing is named."""
    shown, precisions = default or otherwise, choice("precision", PRECISIONS)
    networks = (
        option(f"--{network}", _network(names), None, f"One of {', '.join(names)}, or a file.", otherwise)
        for network, names in NETWORKS.items()
    )
    return together(
        option("--models", MODELS, default, "The set of networks.", shown),
        *networks,
        option("--precision dtype", precisions, default, "How precisely the networks work.", shown),
    )


def finishing(texture: TextureSettings) -> Decorator:
    """What happens to the picture besides enlarging; `texture` is laid where nothing else is asked for."""
    kinds, names = (number("texture amount", float), number("texture size")), "AMOUNT SIZE"
    amount, size = settings.TEXTURE_AMOUNT.most, settings.TEXTURE_SIZE.most
    what = f"Noise of an AMOUNT up to {amount} of full brightness, in clumps of SIZE 1 to {size}."
    return together(
        option("--texture", kinds, None, what, f"{texture.amount} {texture.size}", names),
        option("--texture-1k", kinds, None, "Texture after the first enlarging.", "as --texture", names),
        option("--texture-4k", kinds, None, "Texture after all later ones.", "as --texture", names),
        option("--enhance/--no-enhance", None, False, "Let VQGAN repaint details."),
    )


def paint_settings(options: Mapping[str, Any], size: int, texture: TextureSettings) -> PaintSettings:
    """What `finishing` asked for."""
    both = options["texture"] or (texture.amount, texture.size)
    first, second = (TextureSettings(*(options[name] or both)) for name in ("texture_1k", "texture_4k"))
    return PaintSettings(size, first, second, options["enhance"])


def to_write(options: Mapping[str, Any], suffix: str | None = None) -> dict[str, Any]:
    """How a run writes its finished pictures, see `Run.form`; refuses what a format cannot hold.

    Parameters
    ----------
    suffix : of a name that says the format.
    """
    from bigart_lib.pictures import writing  # slow to come, and --help does without

    named = options["format"] and FORMATS[options["format"]]
    if suffix and named and writing.check_name(f"a{suffix}") != writing.check_name(f"a{named}"):
        raise ValueError(f"--out says {suffix}, and --format says {options['format']}: leave one of them out")
    form = {name: options[name] for name in ("depth", "quality") if isinstance(options[name], int)}
    chosen = suffix or named or ".png"
    writing.check_form(f"a{chosen}", writing.Form(**form))
    return {
        **({"suffix": chosen} if chosen != ".png" else {}),
        **({"form": form} if form else {}),
        **({"dpi": options["dpi"]} if options["dpi"] else {}),
    }


def check_written(how: Mapping[str, Any], stem: str, size: tuple[int, int], has_alpha: bool = False) -> None:
    """Refuse a finished picture that its format cannot hold; `how` is what `to_write` gave."""
    from bigart_lib.pictures import writing  # slow to come, and --help does without

    form = writing.Form(**how.get("form", {}))
    writing.check_form(f"{stem}{how.get('suffix', '.png')}", form, size, has_alpha)


def to_load(call: Call, options: Mapping[str, Any]) -> dict[str, Any]:
    """What `load` takes; what was not named is left out."""
    named = {name: options[name] for name in TO_LOAD if options.get(name) is not None}
    return {**named, "report": call.report, "announce": call.announce}
