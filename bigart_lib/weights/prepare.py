"""Published checkpoints made ready to load: fetched, verified, converted once, recorded.

A cache on a mounted Google Drive is only copied from and to: the work is done on the machine's own disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bigart_lib.files import read_text, write_text, writing
from bigart_lib.machine import on_colab
from bigart_lib.progress import Announce, Progress, Report, announce_nothing, no_report
from bigart_lib.weights.catalogue import Checkpoint
from bigart_lib.weights.fetching import Check, fetch, offline, refuse_offline
from bigart_lib.weights.records import Record
from bigart_lib.weights.store import Stored
from bigart_lib.weights.tensors import WeightsError

DRIVE = Path("/content/drive")  # where Colab mounts it, if people ask
SESSION_FOLDER = Path("/content/bigart_models")  # on the machine itself: the mount is slow, and can drop

Convert = Callable[[str, Path, Path, Report], None]  # kind, source, target; see `loading.convert`


def prepare(
    checkpoint: Checkpoint,
    convert: Convert,
    report: Report = no_report,
    announce: Announce = announce_nothing,
    keep_original: bool | None = None,
) -> Path:
    """The converted file of a checkpoint, made first if it is not here yet.

    Parameters
    ----------
    checkpoint : which; see `weights.CATALOGUE`.
    convert : makes the file to load of the original.
    report : told of stages "fetch", "verify" and "convert" in bytes; may raise to stop.
    announce : told the terms of use before the first download.
    keep_original : whether a downloaded file stays once it is converted; None keeps it but on Colab. One
        that people put into the cache folder themselves always stays, unless this is False.

    Raises
    ------
    WeightsError
        When it cannot be fetched, is not what was published, or there is no room for it.
    """
    kept = Stored(checkpoint)
    work = Stored(checkpoint, SESSION_FOLDER) if kept.folder.is_relative_to(DRIVE) else kept
    try:
        if work is not kept:
            _bring(kept, work, report)
        if work.action == "fetch":
            refuse_offline([kept])
        if work.action != "nothing":
            work.folder.mkdir(parents=True, exist_ok=True)
            with work.locked(report):
                _make(work, convert, report, announce, keep_original)
    except OSError as error:
        raise WeightsError(work.disk_problem(error)) from error
    if work.record.converted is None:  # it was put here without a record
        with suppress(OSError):
            work.remember(Record(work.record.original, work.fingerprint(work.converted, report)))
    if kept.action != "nothing":
        try:
            _copy(work, kept, report)
        except (OSError, WeightsError) as error:  # this session can go on
            announce(f"{checkpoint.name} could not be kept on Drive ({error}): it will be fetched again")
    return work.converted


def _make(
    stored: Stored, convert: Convert, report: Report, announce: Announce, keep_original: bool | None
) -> None:
    """Do what must be done, unless another process has done it by now."""
    action, checkpoint = stored.action, stored.checkpoint
    if action == "nothing":
        return

    def named(progress: Progress) -> None:
        report(progress._replace(name=checkpoint.name))

    def to_converted(original: Path) -> None:
        convert(checkpoint.kind, original, stored.converted, named)

    if action == "convert":
        found = stored.fingerprint(stored.original, report)
        if problem := stored.problem(found):
            raise WeightsError(
                f"{stored.original}: {problem}. Move it away to have it fetched again; name a model of your "
                f"own in {checkpoint.variable} instead"
            )
        to_converted(stored.original)
    else:
        if not offline():
            _show_terms(stored, announce)
        stored.check_room()
        # No published hash: conversion is the only check.
        is_known = bool(stored.expected_sha256())
        found = fetch(stored, report, check=None if is_known else to_converted)
        if is_known:
            to_converted(stored.original)
    stored.remember(Record(found, stored.fingerprint(stored.converted, report)))
    keep = (action == "convert" or not on_colab()) if keep_original is None else keep_original
    if not keep:
        stored.original.unlink()


def _show_terms(stored: Stored, announce: Announce) -> None:
    """Announce the terms of use, unless they were shown before."""
    path, note = stored.folder / "licences-shown.txt", stored.checkpoint.note
    shown: list[str] = []
    with suppress(OSError, ValueError):  # no terms were shown yet, or who knows which
        shown = read_text(path).splitlines()
    if note not in shown:
        announce(note)
        if announce is not announce_nothing:
            write_text(path, "".join(f"{line}\n" for line in [*shown, note]), replace=True)


def _bring(kept: Stored, work: Stored, report: Report) -> None:
    """Copy from Drive what saves work here: the converted file, or an original that people put there."""
    if work.action == "nothing":
        return
    record = kept.record
    if kept.action == "nothing" and record.converted:
        _copy(kept, work, report)
        return
    work.remember(Record(original=record.original))
    if kept.original.is_file():
        _copy_file(kept.original, work.original)


def _copy(source: Stored, target: Stored, report: Report) -> None:
    """Copy a converted file with its record; verified before it gets its name."""
    record = source.record

    def check(copy: Path) -> None:
        if target.fingerprint(copy, report) != record.converted:
            raise WeightsError(f"{source.converted} has changed since it was made: remove it")

    _copy_file(source.converted, target.converted, check)
    target.remember(record)


def _copy_file(source: Path, target: Path, check: Check | None = None) -> None:
    with source.open("rb") as original, writing(target, replace=True) as copy:
        shutil.copyfileobj(original, copy)
        copy.flush()
        if check:
            check(Path(copy.name))
