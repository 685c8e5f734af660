"""`bigart models`: which published models are here, and how they come and go.

Knows what to ask and what to say; the work is done by `weights` and `published`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bigart_lib.cli.options import new_parser
from bigart_lib.progress import Report
from bigart_lib.weights import (
    CATALOGUE,
    PUBLISHED_SET,
    Checkpoint,
    cache_folder,
    find,
    in_words,
    is_available,
    is_ready,
    part_path,
    remove,
    verify,
)
from bigart_lib.weights.prepare import prepare

DAMAGED = 1  # exit code
ACTIONS = ("list", "fetch", "verify", "remove", "where")


def models_parser() -> argparse.ArgumentParser:
    """What `bigart models` takes."""
    parser = new_parser(
        "bigart models",
        "Which published models are here: bigart models. Fetch, verify or remove them: bigart models fetch "
        "[NAME...], and so on; where they are: bigart models where.",
    )
    parser.add_argument("action", nargs="?", default="list", choices=ACTIONS, help=", ".join(ACTIONS))
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"{', '.join(known.name for known in CATALOGUE)} (default for fetch: "
        f"{', '.join(PUBLISHED_SET)}; else all that are here)",
    )  # fmt: skip
    parser.add_argument(
        "--keep-original", action=argparse.BooleanOptionalAction, default=None,
        help="keep a downloaded file once it is converted (default: yes, but not on Colab)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


def models_command(options: argparse.Namespace, report: Report) -> int:
    """Do what was asked; returns the exit code."""
    checkpoints = [find(name) for name in options.names]
    folder = cache_folder()
    if options.action == "fetch":
        return _fetch(checkpoints or [find(name) for name in PUBLISHED_SET], options.keep_original, report)
    if options.action == "where":
        print(folder)
        return 0
    if options.action == "list":
        return _list(checkpoints or list(CATALOGUE), folder)
    here = checkpoints or [known for known in CATALOGUE if _files(known, folder)]
    if not here:
        print(f"none of the published models is in {folder}")
        return 0
    return _verify(here, folder, report) if options.action == "verify" else _remove(here, folder)


def _list(checkpoints: list[Checkpoint], folder: Path) -> int:
    rows = [(known.name, _state(known, folder), known.purpose, known.licence) for known in checkpoints]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, licence in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), licence]))
    used = sum(path.stat().st_size for known in CATALOGUE for path in _files(known, folder))
    print(f"in {folder}: {in_words(used)}")
    return 0


def _state(checkpoint: Checkpoint, folder: Path) -> str:
    """What is here of a checkpoint, in words."""
    original, part = folder / checkpoint.file, part_path(checkpoint, folder)
    if is_ready(checkpoint, folder):
        kept = f", original {in_words(original.stat().st_size)}" if original.is_file() else ""
        return f"ready, {in_words((folder / checkpoint.converted_file).stat().st_size)}{kept}"
    if original.is_file():
        return f"here, {in_words(original.stat().st_size)}, to be converted"
    if part.is_file():
        return f"{in_words(part.stat().st_size)} of {in_words(checkpoint.num_bytes)} fetched"
    return f"missing, {in_words(checkpoint.num_bytes)} to fetch"


def _fetch(checkpoints: list[Checkpoint], keep_original: bool | None, report: Report) -> int:
    for checkpoint in checkpoints:
        try:
            path = prepare(checkpoint, report, _say_aside, keep_original)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("what arrived is kept, and the next fetch goes on from there") from None
        print(f"{checkpoint.name}: ready, {in_words(path.stat().st_size)}, {path}")
    return 0


def _verify(checkpoints: list[Checkpoint], folder: Path, report: Report) -> int:
    worst = 0
    for checkpoint in checkpoints:
        problems = verify(checkpoint, folder, report)
        if not problems and not is_available(checkpoint, folder):
            problems = [f"is not in {folder}, or not whole: bigart models fetch {checkpoint.name}"]
        for problem in problems:
            print(f"{checkpoint.name}: {problem}")
        if problems:
            worst = DAMAGED
        else:
            print(f"{checkpoint.name}: whole")
    return worst


def _remove(checkpoints: list[Checkpoint], folder: Path) -> int:
    for checkpoint in checkpoints:
        print(f"{checkpoint.name}: removed, {in_words(remove(checkpoint, folder))} freed")
    return 0


def _files(checkpoint: Checkpoint, folder: Path) -> list[Path]:
    names = (checkpoint.converted_file, checkpoint.file, part_path(checkpoint, folder).name)
    return [path for name in names if (path := folder / name).is_file()]


def _say_aside(sentence: str) -> None:
    print(sentence, file=sys.stderr)
