"""Published checkpoints made ready to load: fetched, verified, converted once, recorded.

Knows the order of that work, and where a cache on a mounted Google Drive differs; not what is done by each.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from bigart_lib.progress import Announce, Progress, Report, announce_nothing, no_report
from bigart_lib.weights import (
    Checkpoint,
    Record,
    Stamp,
    WeightsError,
    cache_folder,
    check_original,
    check_room,
    disk_problem,
    fetch,
    held,
    is_available,
    is_ready,
    keep_shown,
    offline,
    part_path,
    read_record,
    refuse_offline,
    stamp,
    unshown_notes,
    write_record,
)

DRIVE = Path("/content/drive")  # where Colab mounts it, if people ask
SESSION_FOLDER = Path("/content/bigart_models")  # on the machine itself: the mount is slow, and can drop


def prepare(
    checkpoint: Checkpoint,
    report: Report = no_report,
    announce: Announce = announce_nothing,
    keep_original: bool | None = None,
) -> Path:
    """The converted file of a checkpoint, made first if it is not here yet.

    Parameters
    ----------
    checkpoint : which; see `weights.CATALOGUE`.
    report : told of stages "fetch", "verify" and "convert" in bytes; may raise to stop.
    announce : told the terms of use before the first download.
    keep_original : whether a downloaded file stays once it is converted; None keeps it but on Colab. One
        that people put into the cache folder themselves always stays, unless this is False.

    Raises
    ------
    WeightsError
        When it cannot be fetched, is not what was published, or there is no room for it.
    """
    folder = cache_folder()
    work = Path(SESSION_FOLDER) if _is_on_drive(folder) else folder
    try:
        if work != folder:
            _bring(checkpoint, folder, work, report)
        if not is_available(checkpoint, work):
            refuse_offline([checkpoint], folder)
        if not is_ready(checkpoint, work):
            work.mkdir(parents=True, exist_ok=True)
            with held(checkpoint, work, report):
                if not is_ready(checkpoint, work):  # by now another process may have made it so
                    _make(checkpoint, work, report, announce, keep_original)
    except OSError as error:
        raise WeightsError(disk_problem(checkpoint, work, error)) from error
    converted = work / checkpoint.converted_file
    if read_record(checkpoint, work).converted is None:  # it was put here without a record
        with suppress(OSError):
            write_record(checkpoint, work, Record(converted=stamp(converted, report, checkpoint.name)))
    if work != folder and not is_ready(checkpoint, folder):
        try:
            _copy(checkpoint, work, folder, report)
        except (OSError, WeightsError) as error:  # this session can go on
            announce(f"{checkpoint.name} could not be kept on Drive ({error}): it will be fetched again")
    return converted


def on_colab() -> bool:
    """Whether Python runs on Google Colab."""
    return "google.colab" in sys.modules


def _make(
    checkpoint: Checkpoint, folder: Path, report: Report, announce: Announce, keep_original: bool | None
) -> None:
    original, converted = folder / checkpoint.file, folder / checkpoint.converted_file
    was_here = original.is_file()
    held_to = read_record(checkpoint, folder).original
    if was_here:
        found = stamp(original, report, checkpoint.name)
        if problem := check_original(checkpoint, found, held_to):
            raise WeightsError(
                f"{original}: {problem}. Move it away to have it fetched again; name a model of your own in "
                f"{checkpoint.variable} instead"
            )
        _convert(checkpoint, original, converted, report)
    else:
        found = _fetch(checkpoint, folder, report, announce, held_to)
    write_record(checkpoint, folder, Record(found, stamp(converted, report, checkpoint.name)))
    keep = (was_here or not on_colab()) if keep_original is None else keep_original
    if not keep:
        original.unlink()


def _fetch(
    checkpoint: Checkpoint, folder: Path, report: Report, announce: Announce, held_to: Stamp | None
) -> Stamp:
    if not offline():
        notes = unshown_notes([checkpoint], folder)
        for note in notes:
            announce(note)
        if notes and announce is not announce_nothing:
            keep_shown(notes, folder)
    part = part_path(checkpoint, folder)
    arrived = part.stat().st_size if part.is_file() else 0
    # The converted file has half as many bits a number.
    check_room(folder, checkpoint.num_bytes - arrived + checkpoint.num_bytes // 2, checkpoint.name)
    converted = folder / checkpoint.converted_file
    if checkpoint.sha256 or held_to:
        found = fetch(checkpoint, folder, report, held_to)
        _convert(checkpoint, folder / checkpoint.file, converted, report)
        return found
    # That it can be converted is all by which the first one is known.
    return fetch(checkpoint, folder, report, check=lambda path: _convert(checkpoint, path, converted, report))


def _convert(checkpoint: Checkpoint, source: Path, target: Path, report: Report) -> None:
    from bigart_lib.weights.conversion import convert  # with torch, which takes a second

    def named(progress: Progress) -> None:
        report(progress._replace(name=checkpoint.name))

    convert(checkpoint.kind, source, target, named)


def _is_on_drive(folder: Path) -> bool:
    return folder.is_relative_to(DRIVE)


def _bring(checkpoint: Checkpoint, drive: Path, work: Path, report: Report) -> None:
    """Copy from Drive what saves work here: the converted file, or an original that people put there."""
    if is_ready(checkpoint, work):
        return
    work.mkdir(parents=True, exist_ok=True)
    record = read_record(checkpoint, drive)
    if is_ready(checkpoint, drive) and record.converted:
        _copy(checkpoint, drive, work, report)
        return
    write_record(checkpoint, work, Record(original=record.original))
    if (drive / checkpoint.file).is_file():
        shutil.copyfile(drive / checkpoint.file, work / f"{checkpoint.file}.copy")
        (work / f"{checkpoint.file}.copy").replace(work / checkpoint.file)


def _copy(checkpoint: Checkpoint, source: Path, target: Path, report: Report) -> None:
    """Copy a converted file with its record; verified before it gets its name."""
    record = read_record(checkpoint, source)
    target.mkdir(parents=True, exist_ok=True)
    copy = target / f"{checkpoint.converted_file}.copy"
    shutil.copyfile(source / checkpoint.converted_file, copy)
    if stamp(copy, report, checkpoint.name) != record.converted:
        copy.unlink()
        raise WeightsError(f"{source / checkpoint.converted_file} has changed since it was made: remove it")
    copy.replace(target / checkpoint.converted_file)
    write_record(checkpoint, target, record)
