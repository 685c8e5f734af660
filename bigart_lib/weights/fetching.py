"""Fetching a checkpoint from the first of its sources that gives the right bytes.

Every source is tried in turn: a lost connection is taken up again where it broke off, a source that answers
with something else is left for the next. What arrives is kept in a part beside the target, and only what has
been verified gets the target's name. Knows nothing of networks of tensors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.weights import sources
from bigart_lib.weights.catalogue import Checkpoint
from bigart_lib.weights.files import WeightsError
from bigart_lib.weights.records import Stamp, stamp
from bigart_lib.weights.sources import DroppedError, Part, RefusedError
from bigart_lib.weights.store import check_original, disk_problem, in_words, part_path, size_problem

ATTEMPTS = 5  # at a source, without more arriving than ever before
FIRST_WAIT = 1.0  # seconds before the second attempt; twice as long before each next
LONGEST_WAIT = 30.0  # seconds

Check = Callable[[Path], None]  # raises WeightsError for a file that is not what it should be


class FetchError(WeightsError):
    """A checkpoint that cannot be fetched; the message says from where it was tried, and what came."""


def accept(path: Path) -> None:
    """Ask nothing more of a file."""


def offline() -> bool:
    """Whether `BIGART_OFFLINE` forbids the network."""
    return os.environ.get("BIGART_OFFLINE", "").lower() not in ("", "0", "no", "false")


def fetch(
    checkpoint: Checkpoint,
    folder: Path,
    report: Report = no_report,
    held_to: Stamp | None = None,
    check: Check = accept,
) -> Stamp:
    """Download a checkpoint into a folder, under its published name; returns by what the file is known.

    Parameters
    ----------
    checkpoint : which, from where, and by what it is known.
    folder : must be there; a part of an earlier call is taken up.
    report : told of stage "fetch" in bytes; may raise to stop, and a later call will go on from there.
    held_to : what an earlier original without a published hash was known by.
    check : asked about the whole file before it gets its name.

    Raises
    ------
    FetchError
        When no source gives the right bytes, or the disk is full, or the network is forbidden.
    """
    refuse_offline([checkpoint], folder)
    part = Part(part_path(checkpoint, folder))
    reasons = []
    for source in allowed_sources(checkpoint):
        try:
            found = _obtain(source, checkpoint, part, report, held_to, check)
            part.finish(folder / checkpoint.file)
            return found
        except RefusedError as refusal:
            reasons.append(f"{sources.host(source)}: {refusal}")
        except OSError as error:
            raise FetchError(disk_problem(checkpoint, folder, error)) from error
    kept = f"; the {in_words(part.size)} that arrived are kept for the next try" if part.size else ""
    raise FetchError(
        f"{checkpoint.name}: {checkpoint.file} could not be fetched ({'; '.join(reasons)}){kept}. Check the "
        f"network, or put {checkpoint.file} into {folder} yourself, or name a mirror in BIGART_MIRROR"
    )


def allowed_sources(checkpoint: Checkpoint) -> list[str]:
    """Where a checkpoint may be fetched from now: offline, only from this machine."""
    return [source for source in sources.of(checkpoint) if not (offline() and sources.is_remote(source))]


def refuse_offline(checkpoints: list[Checkpoint], folder: Path) -> None:
    """Say which of these can only come over a network that is forbidden.

    Raises
    ------
    FetchError
        Naming all of them, with sizes, and what to do.
    """
    lacking = [known for known in checkpoints if not allowed_sources(known)]
    if lacking:
        files = ", ".join(f"{known.file} ({in_words(known.num_bytes)})" for known in lacking)
        raise FetchError(
            f"{files} {'is' if len(lacking) == 1 else 'are'} missing in {folder}, and BIGART_OFFLINE "
            "forbids the network: unset it, or put what is missing there"
        )


def _obtain(
    source: str,
    checkpoint: Checkpoint,
    part: Part,
    report: Report,
    held_to: Stamp | None,
    check: Check,
) -> Stamp:
    """Fill the part with what this source gives, and verify it."""
    part.begin(source, mixes=bool(checkpoint.sha256))
    for is_last in (False, True):
        joined = _persist(source, checkpoint, part, report)
        try:
            found = stamp(part.path, report, checkpoint.name)
            problem = check_original(checkpoint, found, held_to)
            if problem is None:
                check(part.path)
                return found
        except WeightsError as misfit:
            problem = str(misfit)
        part.discard()
        if is_last or not joined:
            break
        # What another source, an earlier day or a failing connection gave may not go with the rest.
    raise RefusedError(problem)


def _persist(source: str, checkpoint: Checkpoint, part: Part, report: Report) -> bool:
    """Take a download up again until it is whole; returns whether the part was joined from pieces."""

    def tell(done: int, total: int | None) -> None:
        report(Progress("fetch", done, max(total or checkpoint.num_bytes, done), name=checkpoint.name))

    def announced(total: int) -> None:
        if problem := size_problem(checkpoint, total):
            raise RefusedError(problem)

    exact = checkpoint.num_bytes if checkpoint.size_is_exact else None
    failures, most, joined = 0, part.size, part.size > 0
    while part.size != exact:
        try:
            sources.pull(source, part, tell, announced)
            if exact and part.size < exact:
                raise DroppedError(f"ended after {part.size:,} of {exact:,} bytes")
            break
        except DroppedError as drop:
            failures = 1 if part.size > most else failures + 1
            most, joined = max(most, part.size), joined or part.size > 0
            if failures >= min(ATTEMPTS, drop.attempts):
                raise RefusedError(f"{drop}, {failures} times") from drop
            time.sleep(min(LONGEST_WAIT, drop.wait or FIRST_WAIT * 2 ** (failures - 1)))
    return joined
