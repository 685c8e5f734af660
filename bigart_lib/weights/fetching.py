"""Fetching a checkpoint from the first of its sources that gives the right bytes.

Every source is tried in turn: a lost connection is taken up again where it broke off; a source that answers
with something else is left for the next. What arrives is kept in a part beside the target, and only what has
been verified gets the target's name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bigart_lib.files import size_in_words
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.weights import sources
from bigart_lib.weights.catalogue import Checkpoint
from bigart_lib.weights.records import Fingerprint
from bigart_lib.weights.sources import DroppedError, Part, RefusedError
from bigart_lib.weights.store import Stored
from bigart_lib.weights.tensors import WeightsError

ATTEMPTS = 5  # attempts without progress, after which a source is left
FIRST_WAIT = 1.0  # seconds before the second attempt; twice as long before each next
LONGEST_WAIT = 30.0  # seconds

Check = Callable[[Path], None]  # raises WeightsError for a file that is not what it should be


class FetchError(WeightsError):
    """A checkpoint that cannot be fetched; the message says from where it was tried, and what came."""


def offline() -> bool:
    """Whether `BIGART_OFFLINE` forbids the network."""
    return os.environ.get("BIGART_OFFLINE", "").lower() not in ("", "0", "no", "false")


def fetch(stored: Stored, report: Report = no_report, check: Check | None = None) -> Fingerprint:
    """Download a checkpoint into its folder, under its published name; returns its fingerprint.

    Parameters
    ----------
    stored : which, and into which folder, which must be there; a part of an earlier call is taken up.
    report : told of stage "fetch" in bytes; may raise to stop, and a later call will go on from there.
    check : called with the whole file before it gets its name.

    Raises
    ------
    FetchError
        When no source gives the right bytes, or the disk is full, or the network is forbidden.
    """
    refuse_offline([stored])
    checkpoint, folder = stored.checkpoint, stored.folder
    part, reasons = Part(stored.part, stored.part_note), []
    for source in allowed_sources(checkpoint):
        try:
            found = _obtain(source, stored, part, report, check)
            part.finish(stored.original)
            return found
        except RefusedError as refusal:
            reasons.append(f"{sources.host(source)}: {refusal}")
        except OSError as error:
            raise FetchError(stored.disk_problem(error)) from error
    kept = f"; the {size_in_words(part.size)} that arrived are kept for the next try" if part.size else ""
    raise FetchError(
        f"{checkpoint.name}: {checkpoint.file} could not be fetched ({'; '.join(reasons)}){kept}. Check the "
        f"network, or put {checkpoint.file} into {folder} yourself, or name a mirror in BIGART_MIRROR"
    )


def allowed_sources(checkpoint: Checkpoint) -> list[str]:
    """Where a checkpoint may be fetched from now: offline, only from this machine."""
    return [source for source in sources.of(checkpoint) if not (offline() and sources.is_remote(source))]


def refuse_offline(missing: list[Stored]) -> None:
    """Say which of these can only come over a network that is forbidden.

    Raises
    ------
    FetchError
        Naming all of them, with sizes, and what to do.
    """
    lacking = [stored for stored in missing if not allowed_sources(stored.checkpoint)]
    if lacking:
        checkpoints = [stored.checkpoint for stored in lacking]
        files = ", ".join(f"{known.file} ({size_in_words(known.num_bytes)})" for known in checkpoints)
        raise FetchError(
            f"{files} {'is' if len(lacking) == 1 else 'are'} missing in {lacking[0].folder}, and "
            "BIGART_OFFLINE forbids the network: unset it, or put what is missing there"
        )


def _obtain(source: str, stored: Stored, part: Part, report: Report, check: Check | None) -> Fingerprint:
    """Fill the part with what this source gives, and verify it."""
    part.begin(source, mixes=bool(stored.checkpoint.sha256))
    for is_last in (False, True):
        joined = _persist(source, stored, part, report)
        found = stored.fingerprint(part.path, report)
        try:
            problem = stored.problem(found)
            if problem is None:
                if check:
                    check(part.path)
                return found
        except WeightsError as misfit:
            problem = str(misfit)
        part.discard()
        if is_last or not joined:
            break
        # Pieces of another source, day or connection may not fit together: once more from the start.
    raise RefusedError(problem)


def _persist(source: str, stored: Stored, part: Part, report: Report) -> bool:
    """Take a download up again until it is whole; returns whether the part was joined from pieces."""
    checkpoint = stored.checkpoint

    def tell(done: int, total: int | None) -> None:
        if total is not None and (problem := stored.size_problem(total)):
            raise RefusedError(problem)
        report(Progress("fetch", done, max(total or checkpoint.num_bytes, done), name=checkpoint.name))

    exact = checkpoint.num_bytes if checkpoint.size_is_exact else None
    failures, most, joined = 0, part.size, part.size > 0
    while part.size != exact:
        try:
            sources.pull(source, part, tell)
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
