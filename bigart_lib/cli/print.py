"""`bigart print`: a picture laid on paper, in a file that a print shop takes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import enlarge as enlarging
from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.goal import Goal
from bigart_lib.pictures import reading
from bigart_lib.printing import settings as kinds
from bigart_lib.printing.edition import Edition
from bigart_lib.printing.layout import LOW, times_needed
from bigart_lib.printing.ready import Wanted, check_print, print_ready
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.settings import DEFAULT_FOLDER

Enlarged = Callable[[Path, float], Path]  # makes a picture so many times longer; returns the new file
DEFAULTS = {one.name: one.default for one in fields(PrintSettings)}
NUMBERS = ("NUMBER", "AMOUNT", "[8|16]")
OF_EDITION = ("title", "artist", "date", "medium", "method", "prompt")
NUMBERED = "So many numbered prints, each with grain of its own, and a certificate for each."
DEEP = {"suffix": ".tif", "form": {"depth": 16}}  # how the enlarged picture is written
# What `bigart enlarge` can be told besides: nothing is laid on the picture before its print.
PLAIN = {"texture": None, "texture_1k": None, "texture_4k": None, "enhance": False, "match_colours": True}


def _choice(flag: str, metavar: str, text: str, otherwise: str | None = None) -> shared.Decorator:
    """An option of `PrintSettings`, which checks it, with its default."""
    default = DEFAULTS[flag.removeprefix("--").replace("-", "_")]
    read = _plain if metavar in NUMBERS else str
    return shared.option(flag, shared.Checked(metavar, read), default, text, otherwise)


def _plain(word: Any) -> Any:
    """The number that a word says, or the word."""
    for kind in (int, float):
        with suppress(ValueError, TypeError):
            return kind(word)
    return word


def _words(words: tuple) -> str:
    return f"[{'|'.join(map(str, words))}]"


on_paper = shared.together(
    _choice("--paper", "PAPER", "A0 to A6, B0 to B5, letter, legal, tabloid, or a size as 30x40cm, 8x10in."),
    _choice("--orientation", _words(kinds.ORIENTATIONS), "How the paper lies; auto: as the picture does."),
    _choice("--fit", _words(kinds.FITS), "Crop the picture to fill the paper, or show the whole of it."),
    _choice("--keep", "WHERE", "What to keep where it is cropped: centre, top, bottom-left ... or 30%,40%."),
    _choice("--dpi", "NUMBER", "Pixels an inch on paper."),
    _choice("--bleed", "LENGTH", "How far it goes beyond the cut, as in 3mm, mirrored if need be.", "none"),
    _choice("--wrap", "LENGTH", "How far it goes round the edges of a canvas, as in 40mm.", "none"),
    _choice("--wrap-with", "[mirror|blur|COLOUR]", "What is on the edges of a canvas."),
    _choice("--border", "LENGTH", "How far the picture stays within the paper's edges, as in 15mm.", "none"),
    _choice("--border-colour", "COLOUR", "Of what the picture does not fill."),
    _choice("--caption", "TEXT", "A line below the picture, for which the border must have room.", "none"),
    _choice("--caption-size", "LENGTH", "Height of that line.", "4mm"),
    click.option("--marks", is_flag=True, help="Draw crop marks."),
)  # fmt: skip
for_the_shop = shared.together(
    _choice("--shop", _words((*kinds.SHOPS,)), "lab: 8-bit RGB, giclee: 16-bit TIFF, offset: CMYK.", "none"),
    _choice("--profile", "FILE", "ICC profile that colours are converted to.", "the picture's own"),
    _choice("--intent", _words(kinds.INTENTS), "How colours are converted that the paper does not have."),
    click.option("--black-point/--no-black-point", default=True, help="Fit black to the paper's black."),
    _choice("--format", _words(kinds.FORMATS), "Of the file.", "the shop's, or pdf"),
    _choice("--depth", "[8|16]", "Bits a colour.", "the shop's, or the picture's"),
    _choice("--quality", "NUMBER", "Of a JPEG."),
    _choice("--sharpen", "NUMBER", "Amount of an unsharp mask on the finished size, 0 to 3.", "none"),
    _choice("--sharpen-radius", "LENGTH", "Its radius on paper.", "0.15mm"),
    _choice("--texture", "AMOUNT", "Noise laid on the print, up to 0.15 of full brightness.", "none"),
    _choice("--texture-size", "LENGTH", "Width of its clumps on paper, as in 0.2mm.", "one pixel"),
    _choice("--seed", "NUMBER", "The same seed lays the same texture."),
)  # fmt: skip
proofs = shared.together(
    click.option("--proof", is_flag=True, help="Also write a page with parts of the print at 1:1."),
    shared.option(
        "--soft-proof", shared.FILE, None, "Also show it on the paper of this ICC profile.", "none"
    ),
)
edition = shared.together(
    shared.option("--edition", shared.Checked("NUMBER", _plain), None, NUMBERED, "none"),
    shared.option("--title", str, None, "On certificates.", "the picture's title or prompt"),
    shared.option("--artist", str, None, "On certificates.", "none"),
    shared.option("--date", str, None, "On certificates, as you write it.", "none"),
    shared.option("--medium", str, None, "On certificates: which paper or canvas.", "none"),
    shared.option("--method", str, None, "On certificates, as in pigment print.", "none"),
    click.option("--prompt", is_flag=True, help="Show the prompt on certificates."),
)  # fmt: skip


@click.command("print")
@shared.picture
@on_paper
@for_the_shop
@proofs
@edition
@click.option("--enlarge", is_flag=True, help=f"Enlarge it first if it has less than {LOW} pixels an inch.")
@shared.models("auto", "that of the models")
@shared.device
@shared.option(
    "--out", shared.Checked("FOLDER|FILE", shared.path), None, "Where to write.", "beside the picture"
)
@shared.quiet
@click.pass_obj
def print_picture(call: Call, picture: Path, out: Path | None, **options: Any) -> None:
    """Lay a PICTURE on paper, with bleed, border or wrap, and write it in the colours a print shop wants.

    Files are named after the picture and the paper, and none is ever overwritten. An edition that was broken
    off goes on when the same command is given again.
    """
    settings = PrintSettings(**{name: options[name] for name in DEFAULTS})
    enlarged = partial(_enlarged, call, options) if options["enlarge"] else None
    for file in write_print(call, picture, out, settings, _wanted(options), enlarged):
        call.show(file)


def write_print(
    call: Call, picture: Path, out: Path | None, settings: PrintSettings, wanted: Wanted,
    enlarged: Enlarged | None,
) -> list[Path]:  # fmt: skip
    """Write a print, of the picture enlarged where it has too few pixels; returns the files."""
    times = times_needed(reading.size(picture), settings) if enlarged else None
    source, told = picture, {"report": call.report, "announce": call.announce}
    if times:
        check_print(picture, out, settings, wanted)  # before minutes of work
        call.say(f"enlarging {times:g} times, for {settings.dpi:g} pixels an inch")
        source = enlarged(picture, times)
    return print_ready(source, out or picture.parent, settings, wanted, name=picture.stem, **told)


def _wanted(options: Mapping[str, Any]) -> Wanted:
    given = {name: options[name] for name in OF_EDITION}
    if options["edition"] is None:
        if said := [name for name, value in given.items() if value]:
            raise ValueError(
                f"--{said[0]} is for certificates, which an edition has: say --edition NUMBER too"
            )
        return Wanted(options["proof"], options["soft_proof"])
    return Wanted(options["proof"], options["soft_proof"], Edition(options["edition"], **given))


def _enlarged(call: Call, options: Mapping[str, Any], picture: Path, times: float) -> Path:
    """Enlarge a picture as `bigart enlarge` does, in a run of its own."""
    said = {**options, **PLAIN, "background": None, "keep": "none", "seed": 0, "repeat": False}
    return enlarging.Enlarging(call, said, Goal("times", times), DEEP, DEFAULT_FOLDER).one(picture)
