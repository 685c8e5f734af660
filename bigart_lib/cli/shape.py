"""The shape that candidates are painted in: by words, or that of a paper, with enough pixels to cover it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from bigart_lib import shapes
from bigart_lib.cli.options import Checked, option, together
from bigart_lib.pictures.images import PRINT_DPI
from bigart_lib.printing.paper import INCH, Paper, read_paper
from bigart_lib.settings import MOST_PIXELS

TURNS = ("landscape", "portrait")  # words that also say how a paper lies
ALIKE = 1.01  # times that two shapes of the same paper may be apart


def _word(word: Any) -> str:
    shapes.read_shape(word)  # refuses what is none
    return str(word)


shape = together(
    option(
        "--shape", Checked("SHAPE", _word), None,
        "As in 3:2, 4:5, A, wide, tall, panorama, landscape or portrait; at most 3 times as long as broad.",
        "square",
    ),
    option(
        "--paper", Checked("PAPER", str), None,
        "Shape of, and enough pixels for, a paper, as in A3; upright, unless --shape is landscape.", "none",
    ),
    option(
        "--print print_size", Checked("WxH", str), None,
        "Shape of, and enough pixels for, a size in print, as in 50x70cm or 16x20in.", "none",
    ),
)  # fmt: skip


class Asked(NamedTuple):
    """What was asked for; None where nothing was."""

    shape: str | None = None  # see `shapes.read_shape`
    fit: tuple[int, int] | None = None  # width and height in px of the finished picture


def read(options: Mapping[str, Any], sized: bool) -> Asked:
    """Shape and size out of options.

    Parameters
    ----------
    sized : whether --size was named too.

    Raises
    ------
    ValueError
        When two options say the same thing differently, or a paper is no shape that can be painted.
    """
    said = [name for name in ("paper", "print_size") if options[name] is not None]
    names = [f"--{name.removesuffix('_size')}" for name in said] + ["--size"] * (bool(said) and sized)
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} both say how large the picture is to become: leave one out")
    word = options["shape"]
    if not said:
        return Asked(None if word is None else shapes.read_shape(word))
    return _on_paper(read_paper(options[said[0]]), word, options["dpi"] or PRINT_DPI)


def _on_paper(paper: Paper, word: str | None, dpi: float) -> Asked:
    if word is not None:
        wide = shapes.ratio(shapes.read_shape(word))
        paper = paper.turned(wide > 1)
        apart = paper.width / paper.height / wide
        if " ".join(word.split()).lower() not in TURNS and not 1 / ALIKE <= apart <= ALIKE:
            raise ValueError(
                f"--shape {word} is not the shape of {paper.name}: leave it out, or say landscape or portrait"
            )
    width, height = (max(1, round(side * dpi / INCH)) for side in paper[1:])
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"{paper.name} at {dpi:g} DPI has {width}x{height} pixels, of at most {MOST_PIXELS / 1e6:.0f} "
            "million: choose a smaller --dpi"
        )
    return Asked(shapes.read_shape(paper.width / paper.height), (width, height))


def is_named(option_name: str) -> bool:
    """Whether an option of the running command was named."""
    source = click.get_current_context().get_parameter_source(option_name)
    return source is not click.core.ParameterSource.DEFAULT
