"""What became of a series, to look at: tables, and contact sheets of its pictures.

All of it is read from the disk, so that it does not matter who made the jobs, and where.
"""

from __future__ import annotations

import csv
import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from bigart_lib.files import writing
from bigart_lib.pictures import fonts, images, sheet
from bigart_lib.pictures import writing as pictures
from bigart_lib.pictures.metadata import AGENT, ATTRIBUTION
from bigart_lib.pictures.recipe import read_picture
from bigart_lib.runs.journal import locked
from bigart_lib.series.jobs import Job
from bigart_lib.series.parts import Part
from bigart_lib.series.running import MADE, Row, row_of

BAD, MISSING = "bad line", "not made yet"
RESULTS = ("line", "prompt", "seed", "pick", "file", "seconds", "status")
FAILURES = ("line", "prompt", "status", "reason")
SIDE, COLUMNS, ROWS = 256, 6, 5  # px of a picture on a sheet, and how many
LABEL = 18  # px of letters: as `contact_sheet` has them for pictures of this size
LOCK = ".report.lock"
PATIENCE = 600  # seconds: many pages of pictures take long
TITLE, RESULTS_NAME, FAILURES_NAME = "sheet", "results", "failures"


class Outcome(NamedTuple):
    """A line, its job, and what became of that."""

    line: int
    job: Job | None
    row: Row | None
    reason: str = ""
    folder: Path = Path()  # of the series

    @property
    def status(self) -> str:
        """One of those of `running`, BAD or MISSING."""
        return BAD if self.job is None else self.row.status if self.row else MISSING

    @property
    def why(self) -> str:
        """The reason where it is not made."""
        return self.reason if self.job is None else self.row.reason if self.row else ""


class Report(NamedTuple):
    """What was written."""

    counts: dict[str, int]  # jobs and lines, by status
    results: Path
    failures: Path | None  # None where all is made
    sheets: list[Path]

    @property
    def is_whole(self) -> bool:
        """Whether all is made."""
        return {*self.counts} <= {MADE}


def outcomes(parts: Sequence[Part]) -> Iterator[Outcome]:
    """What became of each line, in the order of the lines; of jobs that several parts have, the best."""
    merged = heapq.merge(*(_read(part) for part in parts), key=lambda found: found.line)
    for _, same_line in groupby(merged, key=lambda found: found.line):
        best: dict[str, Outcome] = {}
        for found in same_line:
            name = found.job.key if found.job else found.reason
            if name not in best or found.status == MADE:
                best[name] = found
        yield from best.values()


def write(parts: Sequence[Part], folder: Path, tag: str = "") -> Report:
    """Write tables and contact sheets into a folder, in place of those of an earlier call.

    Parameters
    ----------
    parts : of a series, in `folder` or below it.
    tag : what the names of the files have behind them.
    """
    problem = f"another BIG.art writes the tables in {folder}: run the same command again"
    with locked(folder / LOCK, PATIENCE, problem):
        counts: dict[str, int] = {}
        results, failures = (folder / f"{name}{tag}.csv" for name in (RESULTS_NAME, FAILURES_NAME))
        with _table(results, RESULTS) as table:
            for found in outcomes(parts):
                counts[found.status] = counts.get(found.status, 0) + 1
                table.writerows(_results(found, folder))
        has_failed = bool({*counts} - {MADE})
        if has_failed:
            with _table(failures, FAILURES) as table:
                table.writerows(map(_failure, failed(parts)))
        else:
            failures.unlink(missing_ok=True)
        return Report(counts, results, failures if has_failed else None, _sheets(parts, folder, tag, counts))


def failed(parts: Sequence[Part]) -> Iterator[Outcome]:
    """What is not made."""
    return (found for found in outcomes(parts) if found.status != MADE)


def _read(part: Part) -> Iterator[Outcome]:
    for line, job, reason in part.entries():
        yield Outcome(line, job, row_of(job, part.folder) if job else None, reason, part.folder)


@contextmanager
def _table(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """A CSV file; its mark tells spreadsheets that it is in UTF-8."""
    with writing(path, replace=True) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        table = csv.writer(text)
        table.writerow(columns)
        yield table
        text.flush()
        text.detach()


def _failure(found: Outcome) -> Sequence[Any]:
    return found.line, found.job.prompt if found.job else "", found.status, found.why


def _results(found: Outcome, folder: Path) -> Iterable[Sequence[Any]]:
    if found.job is None:
        return
    for one in found.row.pictures if found.row else ():
        path = (found.folder / found.job.folder / one["file"]).relative_to(folder)
        said = (found.job.prompt, found.job.seed, one["pick"], path.as_posix(), found.row.seconds)
        yield (found.line, *said, found.status)
    if not (found.row and found.row.pictures):
        yield (found.line, found.job.prompt, found.job.seed, "", "", "", found.status)


# ----------------------------------------------------------------------------------------- contact sheets


def _sheets(parts: Sequence[Part], folder: Path, tag: str, counts: dict[str, int]) -> list[Path]:
    """Pages of pictures; those that an earlier call wrote and this one does not are removed."""
    made, total = counts.get(MADE, 0), sum(counts.values())
    note = f"{made} of {total} made" if made < total else f"{made} made"
    shown, pages = _pictures(parts), []
    while cells := [*islice(shown, COLUMNS * ROWS)]:
        name = f"{TITLE}{tag}{f'_{len(pages) + 1}' if pages else ''}.png"
        page = sheet.contact_sheet(*zip(*cells, strict=True), parts[0].name, note, COLUMNS)
        _write(page, folder / name)
        pages.append(folder / name)
    number = len(pages) + 1
    while (old := folder / f"{TITLE}{tag}{f'_{number}' if number > 1 else ''}.png").is_file():
        old.unlink()
        number += 1
    return pages


def _write(page: Image.Image, path: Path) -> None:
    path.unlink(missing_ok=True)
    pictures.save(page, path, {"Software": AGENT, "Comment": ATTRIBUTION})


def _pictures(parts: Sequence[Part]) -> Iterator[tuple[Image.Image, str]]:
    """What is made, small, with its line and prompt."""
    for found in outcomes(parts):
        for one in found.row.pictures if found.status == MADE else ():
            with suppress(images.PictureError, OSError):
                image = read_picture(found.folder / found.job.folder / one["preview"])[1]
                yield _cell(image), _label(found, one["pick"])


def _cell(image: Image.Image) -> Image.Image:
    """A picture of any shape in the middle of a square."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    cell = Image.new("RGB", (SIDE, SIDE), sheet.BACKGROUND)
    cell.paste(small, ((SIDE - small.width) // 2, (SIDE - small.height) // 2))
    return cell


def _label(found: Outcome, pick: int) -> str:
    """Line and prompt, as much as fits below a picture."""
    many = len(found.row.pictures) > 1
    text = f"{found.line}{f'.{pick}' if many else ''}: {fonts.spelled(found.job.prompt, LABEL)}"
    while fonts.width(text, LABEL) > SIDE:
        text = text.removesuffix(sheet.CUT)[:-1].rstrip() + sheet.CUT
    return text
