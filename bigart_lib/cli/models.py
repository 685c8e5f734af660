"""`bigart models`: which published models are here, and how they come and go."""

from pathlib import Path

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.files import size_in_words
from bigart_lib.loading import convert
from bigart_lib.weights import CATALOGUE, PUBLISHED_SET, Checkpoint, Stored, cache_folder, find
from bigart_lib.weights.prepare import prepare

DAMAGED = 1  # exit code
ACTIONS = ("list", "fetch", "verify", "remove", "where")


@click.command()
@click.argument("action", type=shared.choice("action", ACTIONS), default="list", metavar="[ACTION]")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@shared.option(
    "--keep-original/--no-keep-original", None, None, "Keep a downloaded file once it is converted.",
    "yes, but not on Colab",
)  # fmt: skip
@shared.quiet
@click.pass_obj
def models(call: Call, action: str, names: tuple[str, ...], keep_original: bool | None) -> int | None:
    """Say which published models are here, fetch them, read every byte, remove them, or say where they are.

    NAME: one of those that the list shows. By default all that one set needs are fetched, and all that are
    here are verified or removed.
    """
    checkpoints, folder = [find(name) for name in names], cache_folder()
    if action == "where":
        return call.show(folder)
    if action == "fetch":
        return _fetch(call, checkpoints or [find(name) for name in PUBLISHED_SET], keep_original)
    stored = [Stored(known, folder) for known in checkpoints or CATALOGUE.values()]
    if action == "list":
        return _list(call, stored, folder)
    here = [one for one in stored if checkpoints or one.files()]
    if not here:
        return call.show(f"none of the published models is in {folder}")
    return _verify(call, here) if action == "verify" else _remove(call, here)


def _list(call: Call, stored: list[Stored], folder: Path) -> None:
    known = [(one.checkpoint, _state(one)) for one in stored]
    rows = [(one.name, state, one.purpose, one.licence) for one, state in known]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, licence in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        call.show("  ".join([*padded, licence]))
    used = sum(_size(path) for known in CATALOGUE.values() for path in Stored(known, folder).files())
    call.show(f"in {folder}: {size_in_words(used)}")


def _state(stored: Stored) -> str:
    """What is here of a checkpoint, in words."""
    total = size_in_words(stored.checkpoint.num_bytes)
    if stored.action == "nothing":
        has_original = stored.original.is_file()
        kept = f", original {size_in_words(_size(stored.original))}" if has_original else ""
        return f"ready, {size_in_words(_size(stored.converted))}{kept}"
    if stored.action == "convert":
        return f"here, {size_in_words(_size(stored.original))}, to be converted"
    if stored.part.is_file():
        return f"{size_in_words(_size(stored.part))} of {total} fetched"
    return f"missing, {total} to fetch"


def _size(path: Path) -> int:
    return path.stat().st_size


def _fetch(call: Call, checkpoints: list[Checkpoint], keep_original: bool | None) -> None:
    call.kept = "what arrived is kept, and the next fetch goes on from there"
    for checkpoint in checkpoints:
        path = prepare(checkpoint, convert, call.report, call.announce, keep_original)
        call.show(f"{checkpoint.name}: ready, {size_in_words(_size(path))}, {path}")


def _verify(call: Call, stored: list[Stored]) -> int:
    code = 0
    for one in stored:
        name, problems = one.checkpoint.name, one.verify(call.report)
        if not problems and one.action == "fetch":
            problems = [f"is not in {one.folder}, or not whole: bigart models fetch {name}"]
        for problem in problems or ["whole"]:
            call.show(f"{name}: {problem}")
        code = DAMAGED if problems else code
    return code


def _remove(call: Call, stored: list[Stored]) -> None:
    for one in stored:
        call.show(f"{one.checkpoint.name}: removed, {size_in_words(one.remove())} freed")
