"""`bigart series FILE`: a picture for every line, on one machine or on many, whatever happens meanwhile."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.series_lines import PAINTING, Lines, seed
from bigart_lib.cli.terminal import typed
from bigart_lib.files import check_room, size_in_words
from bigart_lib.machine import at_threads
from bigart_lib.progress import duration
from bigart_lib.runs.folders import file_stem
from bigart_lib.series import report, sending
from bigart_lib.series.cluster import LOCAL
from bigart_lib.series.driving import Foresight, FullDiskError, Outlook, drive
from bigart_lib.series.jobs import Shard, read_shard
from bigart_lib.series.parts import Entry, Part, parts_below
from bigart_lib.series.patterns import MOST_PROMPTS, Words
from bigart_lib.series.reading import STDIN
from bigart_lib.series.running import FAILED, MADE, Models, Row
from bigart_lib.settings import Bounds, check
from bigart_lib.text import in_words, shown

SOME_FAILED = 1  # exit code
OFFLINE = "BIGART_OFFLINE"  # see `weights.fetching`
PARENT = Path("bigart_series")
MOST_TOLD = 20  # failures; all are in a table
LONGEST_SHOWN = 60  # characters of a prompt
DRAWN = Bounds(1, MOST_PROMPTS)
THREADS = Bounds(1, 1024)


def _combined(word: Any) -> int | None:
    kind, _, number = " ".join(str(word).split()).partition(" ")
    if kind == "all" and not number:
        return None
    with suppress(ValueError):
        if kind == "random":
            return check("random", int(number), DRAWN, whole=True)
    raise ValueError(f"combine must be all, or random and a number up to {MOST_PROMPTS}, not {word!r}")


def _threads(word: Any) -> int:
    with suppress(ValueError):
        word = int(word)
    return check("threads", word, THREADS, whole=True)


class _Series(click.Command):
    """The options of painting come after those of the series; `--combine random 5` is one value."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params += PAINTING

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["typed"] = ["bigart", "series", *args]
        for place in range(len(args) - 2):
            if args[place : place + 2] == ["--combine", "random"]:
                args = [*args[: place + 1], " ".join(args[place + 1 : place + 3]), *args[place + 3 :]]
                break
        return super().parse_args(ctx, args)


@click.command(cls=_Series)
@click.argument("file", type=shared.FILE, metavar="FILE", required=False)
@shared.option("--out", shared.Checked("FOLDER", shared.path), None, "Where.", f"{PARENT}/FILE")
@click.option("--dry-run", is_flag=True, help="Print the jobs and what they take, and make nothing.")
@shared.option("--shard", shared.Checked("I/N", read_shard), None, "The I-th of N parts, alone.", "all of it")
@click.option(
    "--ray",
    is_flag=False,
    flag_value=LOCAL,
    metavar="[HOST:PORT]",
    show_default="this process alone",
    help="On a Ray cluster; auto is this machine's; without an address, a Ray of this machine alone.",
)
@click.option("--same-machines", is_flag=True, help="Refuse a Ray cluster whose pictures would differ.")
@shared.option(
    "--threads",
    shared.Checked("NUMBER", _threads),
    None,
    "Of each job; it decides the last digits.",
    "1 with --ray on processors, else all",
)
@shared.option(
    "--merge",
    shared.FOLDER,
    None,
    "Tables and sheets of all parts below it, without FILE.",
    "none",
    "FOLDER",
)
@shared.option(
    "--combine", shared.Checked("all|random N", _combined), "all", "Which prompts of {red|blue} are painted."
)
@shared.option("--choice-seed", shared.number("seed"), 0, "Of the drawing of --combine random.")
@shared.option("--words", shared.FOLDER, None, "Where __colours__ finds colours.txt.", "that of FILE")
@seed
@click.pass_obj
@click.pass_context
def series(
    context: click.Context, call: Call, file: Path | None, out: Path | None, dry_run: bool,
    shard: Shard | None, merge: Path | None, combine: int | None, choice_seed: int, words: Path | None,
    ray: str | None, same_machines: bool, threads: int | None, **options: Any,
) -> int:  # fmt: skip
    """Paint a picture for every line of FILE: a prompt a line, CSV or JSON lines; - is standard input.

    Columns are the options of painting by their names, as in prompt, seed, pick, size; options here are for
    lines that do not say it. Run again, it makes what is missing. The exit code is 0 where all is made, and 1
    where something is not.
    """
    if merge is not None:
        if file is not None:
            raise ValueError("--merge reads what was made: leave FILE out")
        return _report(call, parts_below(merge), merge, "")
    if file is None:
        raise ValueError("name a file with a prompt a line, as in bigart series prompts.txt")
    lines = Lines(context, Words(words or file.parent), combine, choice_seed, call.announce)
    name = "standard input" if str(file) == STDIN else file.name
    part = Part(out or PARENT / file_stem(name), name, shard or Shard())
    to_load = {name: options[name] for name in ("device", "memory") if options[name] is not None}
    if dry_run:
        with _offline():  # to make nothing is to fetch nothing, too
            return _foretell(call, lines, file, part, Models(to_load, announce=call.announce))
    call.kept = f'what is made is in {part.folder}, and "{typed(context.meta["typed"])}" goes on'
    if same_machines and ray is None:
        raise ValueError("--same-machines compares those of a Ray cluster: name it by --ray")
    with _workers(call, ray, to_load, threads, same_machines) as (to_load, make_all):
        return _run(call, lines, file, part, Models(to_load, call.report, call.announce), make_all)


# ------------------------------------------------------------------------------------------------ dry run


@contextmanager
def _offline() -> Iterator[None]:
    before = os.environ.get(OFFLINE)
    os.environ[OFFLINE] = "1"
    try:
        yield
    finally:
        del os.environ[OFFLINE]
        os.environ.update({OFFLINE: before} if before is not None else {})


def _foretell(call: Call, lines: Lines, file: Path, part: Part, models: Models) -> int:
    """Print every job, every bad line, and what all of it takes; returns the exit code."""
    outlook, foresight = Outlook(), Foresight(models)
    for entry in lines.entries(file, part.shard):
        entry = _refused(call, entry, models, foresight)
        call.show(_in_a_line(entry))
        outlook = outlook.with_entry(entry, part.folder, foresight)
    call.show(_outlook(outlook, lines.num_repeated))
    _warn_of_room(call, part, outlook)
    return SOME_FAILED if outlook.bad else 0


def _warn_of_room(call: Call, part: Part, outlook: Outlook) -> None:
    try:
        check_room(part.folder, outlook.bytes)
    except OSError as error:
        call.announce(in_words(error))


def _refused(call: Call, entry: Entry, models: Models, foresight: Foresight) -> Entry:
    """A job that its models refuse as a bad line; where they are not here, no forecast can be given."""
    try:
        if entry.job:
            foresight.of(entry.job)
    except Exception as error:
        if models.problem(entry.job.load) is None:
            return Entry(entry.line, None, in_words(error))
        call.announce(f"no forecast for some jobs: {shown(in_words(error))}")
    return entry


def _in_a_line(entry: Entry) -> str:
    if entry.job is None:
        return f"line {entry.line}: cannot be painted: {shown(entry.reason)}"
    job, count = entry.job, entry.job.generate["count"]
    prompt = job.prompt if len(job.prompt) <= LONGEST_SHOWN else f"{job.prompt[:LONGEST_SHOWN]}…"
    wanted = f"{count} candidate{'s' * (count > 1)}"
    if job.paint:
        numbers = ", ".join(str(index + 1) for index in job.indices[:5])
        sides = job.paint["fit"] or [job.paint["size"]]
        wanted += f", number {numbers}{', ...' * (len(job.indices) > 5)} to {'x'.join(map(str, sides))} px"
    return f"line {entry.line}: {shown(prompt)}, seed {job.seed}, {wanted}"


def _outlook(outlook: Outlook, num_repeated: int) -> str:
    bad = f"{_counted(outlook.bad, 'bad line')}, " if outlook.bad else ""
    made = f", {outlook.made} made" if outlook.made else ""
    repeated = f" ({num_repeated} more said twice)" if num_repeated else ""
    if outlook.made + outlook.unknown == outlook.jobs:
        rest = "no forecast" if outlook.unknown else "nothing to be done"
    else:
        rest = f"about {duration(outlook.seconds)}, {size_in_words(outlook.bytes)} on disk"
        rest += f", and {outlook.unknown} without a forecast" if outlook.unknown else ""
    return f"{bad}{_counted(outlook.jobs, 'job')}{repeated}{made}; {rest}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------------------------------------------- run


@contextmanager
def _workers(
    call: Call, address: str | None, to_load: dict[str, Any], threads: int | None, must_be_alike: bool
) -> Iterator[tuple[Mapping[str, Any], Callable[..., None]]]:
    """What models are loaded with, and what makes all jobs: this process, or a cluster."""
    if address is None:
        with at_threads(threads):
            yield to_load, drive
        return
    with sending.opened(address, to_load, threads, must_be_alike, call.announce) as workers:
        call.say(workers.describe())
        with at_threads(workers.takes.threads):  # so that forecasts are of such jobs
            yield workers.options, workers.drive


def _run(
    call: Call, lines: Lines, file: Path, part: Part, models: Models, make_all: Callable[..., None]
) -> int:
    """Make what is not made; returns the exit code."""
    entries = lines.entries(file, part.shard)
    first = [*islice(entries, 1)]  # before there is a folder for a file that cannot be read
    part.write(chain(first, entries))
    foresight, outlook = Foresight(models), Outlook()
    for entry in part.entries():
        outlook = outlook.with_entry(entry, part.folder, foresight)
    call.say(_outlook(outlook, lines.num_repeated))
    if not outlook.jobs:
        return _report(call, [part], part.folder, part.shard.tag)
    _warn_of_room(call, part, outlook)

    def told(entry: Entry, row: Row) -> None:
        if row.status == FAILED:
            call.announce(f"line {entry.line}: {shown(row.reason)}")

    try:
        make_all(part, foresight, outlook, call.report, told)
    except FullDiskError as error:
        raise OSError(f"{error}; {call.kept}") from None
    return _report(call, [part], part.folder, part.shard.tag)


def _report(call: Call, parts: list[Part], folder: Path, tag: str) -> int:
    """Write tables and sheets, and tell what is not made; returns the exit code."""
    done = report.write(parts, folder, tag)
    for path in done.sheets:
        call.show(path)
    made, total = done.counts.get(MADE, 0), sum(done.counts.values())
    call.say(f"{made} of {total} made, see {done.results}")
    if done.failures:
        call.announce(f"{total - made} of {total} are not made, see {done.failures}:")
        for found in islice(report.failed(parts), MOST_TOLD):
            call.announce(f"  line {found.line}: {shown(found.why or found.status)}")
        if total - made > MOST_TOLD:
            call.announce(f"  and {total - made - MOST_TOLD} more")
    absent = [] if tag else _missing_parts(parts)  # a part that is made alone misses no other
    for one in absent:
        call.announce(one)
    return 0 if done.is_whole and not absent else SOME_FAILED


def _missing_parts(parts: list[Part]) -> list[str]:
    """Shards of which others are here, in sentences; none where the whole is here."""
    here = {part.shard for part in parts}
    if Shard() in here:
        return []
    return [
        f"part {number} of {count} is not here"
        for count in sorted({shard.count for shard in here})
        for number in range(1, count + 1)
        if Shard(number, count) not in here
    ]
