"""A gallery: what is collected below a folder, with small pictures and tiles beside it, as a page on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bigart_lib.files import write_text
from bigart_lib.gallery.beside import OVERLAP, TILE, Beside
from bigart_lib.gallery.collecting import Entry, Stage, collect
from bigart_lib.gallery.page import MARK, MARK_WITHIN, ShownPicture, ShownStage, page
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.text import in_words, readable

NAME = "gallery.html"
ENDINGS = (".html", ".htm")
CM = 2.54  # an inch

# Tells of a recipe, and the way to its file, the facts by their names and the command that makes it again.
Describe = Callable[[Recipe, Path], tuple[Mapping[str, str], str]]


@dataclass(frozen=True)
class Made:
    """A gallery that was made."""

    page: Path
    num_pictures: int
    num_new: int  # small pictures and tiled ones that were not there before
    left_out: tuple[str, ...]  # of what is damaged, a sentence each
    without_recipe: int  # pictures of others, which are not in it


def make(folder: Path, describe: Describe, out: Path | None = None, report: Report = no_report) -> Made:
    """Write the page of all pictures below a folder; an earlier one is replaced.

    Parameters
    ----------
    out : the page, by default gallery.html in the folder. What it needs lies in a folder beside it.

    Raises
    ------
    ValueError
        Where there is no picture of ours, or the name is none of a page.
    OSError
        Where a file or folder of somebody else's is in the way, or the disk is full.
    """
    out = check(out or folder / NAME)
    found, beside = collect(folder), Beside(folder_beside(out))
    left_out, pictures = list(found.left_out), []
    began = time.monotonic()
    for done, entry in enumerate(found.entries):
        share = done / len(found.entries)
        left = (time.monotonic() - began) * (1 / share - 1) if done else None
        report(Progress("making small pictures", done, len(found.entries), share=share, seconds_left=left))
        try:
            pictures.append(_shown(entry, folder, beside, describe))
        except (PictureError, FileNotFoundError) as error:  # it may be gone by now
            left_out.append(in_words(error))
    if not pictures:
        raise PictureError(f"no picture of BIG.art below {folder} can be read: {left_out[0]}")
    write_text(out, page(pictures, readable(folder.resolve().name or "Pictures")), replace=True)
    beside.tidy()
    return Made(out, len(pictures), beside.made, tuple(left_out), found.without_recipe)


def check(out: Path) -> Path:
    """Refuse a name that is none of a page, or that somebody else's file has."""
    if out.suffix.lower() not in ENDINGS:
        raise ValueError(f"a gallery is a page: expected a name that ends in .html, got {out}")
    if os.path.lexists(out):
        with out.open("rb") as file:
            if MARK.encode() not in file.read(MARK_WITHIN):
                raise FileExistsError(
                    17, "there is such a file already, and it is no gallery: name another by --out", str(out)
                )
    return out


def _shown(entry: Entry, folder: Path, beside: Beside, describe: Describe) -> ShownPicture:
    small = beside.small(entry.finished)
    for stage in entry.stages:
        beside.keep(stage)
    made_by, index = entry.recipe.generate, entry.recipe.index
    place = entry.finished.path.relative_to(folder)
    facts, command = describe(entry.recipe, place)
    seed = f"seed {made_by.seed}" if made_by and entry.recipe.prompt else ""
    number = "" if index is None else f"number {index + 1}"
    return ShownPicture(
        readable(place.as_posix()), readable(entry.title),
        ", ".join(filter(None, (seed, number, in_pixels(entry.finished)))),
        time.strftime("%Y-%m-%d", time.localtime(entry.date)),
        (_address(beside.folder / small.name, beside), small.width, small.height),
        tuple(_shown_stage(stage, beside) for stage in entry.stages),
        {name: readable(value) for name, value in facts.items()}, readable(command), entry.is_favourite,
    )  # fmt: skip


def _shown_stage(stage: Stage, beside: Beside) -> ShownStage:
    tiles = beside.tiles(stage)
    shown = tiles and {
        "address": f"{_address(beside.folder / tiles.name, beside)}/",
        "format": tiles.format,
        "side": TILE,
        "overlap": OVERLAP,
    }
    name = stage.name.replace("_", " ")
    return ShownStage(readable(name), _address(stage.path, beside), stage.size, printed(stage), shown)


def folder_beside(page: Path) -> Path:
    """The folder of what a page needs."""
    return page.with_name(f"{page.stem}_files")


def in_pixels(stage: Stage) -> str:
    """How large a picture is."""
    width, height = stage.size
    return f"{width} px" if width == height else f"{width} \u00d7 {height} px"


def printed(stage: Stage) -> str:
    """How large a picture is on paper."""
    if not stage.dpi:
        return ""
    width, height = (CM * pixels / dots for pixels, dots in zip(stage.size, stage.dpi, strict=True))
    return f"{width:.1f} \u00d7 {height:.1f} cm at {stage.dpi[0]:.0f} DPI"


def _address(path: Path, beside: Beside) -> str:
    """A file's address as a link on the page has it."""
    try:
        way = os.path.relpath(path, beside.folder.parent)
    except ValueError:  # another drive
        return path.absolute().as_uri()
    return quote(os.fsencode(Path(way).as_posix()))
