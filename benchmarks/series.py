"""A series on 1 to 1,000 workers: what two make of one machine is measured, the rest is simulated from that.

    python -m benchmarks.series [--jobs 4] [--steps 5] [--plot docs/scale.png]

First a series is painted by one process with two threads, and by two processes, `--shard 1/2` and `2/2`,
with one thread each, in turn. The second way tells what each step takes: bytes and files on disk, and seconds
of one core, which hardly depend on what else the machine does. With these, N workers at one long series are
simulated, with failures and a shared disk; what is not measured is an option. The last line is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks.series_chart import chart
from benchmarks.series_simulation import AWAY, LOST, SHARES, START, TWICE, Outcome, Step, Way, World, simulate
from bigart_lib.cli.call import Call
from bigart_lib.cli.series import series
from bigart_lib.cli.series_lines import Lines
from bigart_lib.progress import announce_nothing
from bigart_lib.runs.journal import JOURNAL
from bigart_lib.series import report
from bigart_lib.series.jobs import Shard
from bigart_lib.series.parts import parts_below
from bigart_lib.series.patterns import Words
from bigart_lib.series.running import ROW
from bigart_lib.weights import sets as model_sets

ROOT = Path(__file__).parent.parent
FEW = 100  # workers, where failures are told apart
WASTE = (LOST, TWICE, START, AWAY)
LINES = 2000  # that are read, to know how long one takes
ONE, TWO = "one process, 2 threads", "two processes, 1 thread each"
WAYS = (
    Way("--shard, a part a worker", 1),
    Way("--shard, 8 parts a worker", 8),
    Way("--ray"),
    Way("--ray, no shared folder", shared=False),
)
CHILD = """
import json, sys, time
from pathlib import Path
from bigart_lib import files
from bigart_lib.cli.main import main
out, noted, give_name = Path(sys.argv[1]).absolute(), [], files._give_name

def give_name_and_note(part, path, replace):
    size = part.stat().st_size
    give_name(part, path, replace)
    if out in path.absolute().parents:
        noted.append([time.process_time(), time.monotonic(), size, path.name])

files._give_name = give_name_and_note
code = main(["series", *sys.argv[2:], "--out", str(out)])
print(json.dumps(noted))
raise SystemExit(code)
"""


# ----------------------------------------------------------------------------------------------- measured


def jobs_and_seconds(folder: Path, asked: Sequence[str]) -> tuple[list[dict], float]:
    """Lines of a file with the keys of their jobs, and the seconds to read one."""
    path = folder / "all.jsonl"
    lines = [{"prompt": "sunset over a lake", "seed": seed} for seed in range(LINES)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with series.make_context("series", [str(path), *asked], obj=Call()) as context:
        reader = Lines(context, Words(folder), None, 0, announce_nothing)
        began = time.process_time()
        keys = [entry.job.key for entry in reader.entries(path, Shard())]
        seconds = time.process_time() - began
    return [{**line, "key": key} for line, key in zip(lines, keys, strict=True)], seconds / LINES


def alike(lines: Sequence[dict], count: int, path: Path) -> None:
    """Write a file of which each half of the jobs is a shard: cores are measured, not luck."""
    chosen = []
    for number in (1, 2):
        chosen += [line for line in lines if Shard(number, 2).has(line["key"])][: count // 2]
    named = ({"prompt": line["prompt"], "seed": line["seed"]} for line in chosen)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in named))


def painted(file: Path, out: Path, asked: Sequence[str], processes: int) -> tuple[float, list[list]]:
    """Seconds until a series is painted, and the files that each process wrote, in order."""
    threads = str(2 // processes)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": threads, "BIGART_OFFLINE": "1"}
    began, running = time.monotonic(), []
    for number in range(1, processes + 1):
        command = [sys.executable, "-c", CHILD, str(out), str(file), "--shard", f"{number}/{processes}"]
        pipe = subprocess.PIPE
        running.append(subprocess.Popen([*command, *asked], stdout=pipe, env=environment, text=True))
    outputs = [process.communicate()[0] for process in running]
    seconds = time.monotonic() - began
    if any(process.returncode not in (0, 1) for process in running):  # 1: other parts are not here
        raise SystemExit("a series could not be painted")
    noted = [json.loads(output.splitlines()[-1]) for output in outputs]
    if sum(name == ROW for files in noted for *_, name in files) < len(file.read_text().splitlines()):
        raise SystemExit("some jobs of a series could not be painted")
    return seconds, noted


def per_hour(noted: Sequence[list]) -> float:
    """Pictures that processes paint in an hour once they are started: what is between two ends of jobs."""
    total = 0.0
    for files in noted:
        ends = [clock for _, clock, _, name in files if name == ROW]
        total += 3600 * (len(ends) - 1) / (ends[-1] - ends[0])
    return total


def steps_of(files: Sequence[list]) -> tuple[list[list[Step]], float]:
    """The steps of all jobs but the first, and how much longer the first took, from the process on.

    A step ends where the journal is written, and a job where its row is.
    """
    ends = [place for place, (*_, name) in enumerate(files) if name == ROW]
    jobs = []
    for first, last in pairwise(ends):
        steps, begun, size, count = [], files[first][0], 0, 0
        for second, _, each, name in files[first + 1 : last + 1]:
            size, count = size + each, count + 1
            if name in (JOURNAL, ROW):
                steps.append(Step(second - begun, size, count))
                begun, size, count = second, 0, 0
        jobs.append(steps)
    usual = statistics.mean(sum(step.seconds for step in job) for job in jobs)
    return jobs, max(files[ends[0]][0] - usual, 0.0)


def sheet_seconds(out: Path, jobs: int) -> float:
    """Seconds for a job to be put into the table and on the contact sheet."""
    report.write(parts_below(out), out)  # warms up
    began = time.process_time()
    report.write(parts_below(out), out)
    return (time.process_time() - began) / jobs


def model_bytes() -> int:
    """Of the models that each process loads."""
    folder = Path(model_sets.embedded().base).parent
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))


def measure(options: argparse.Namespace) -> dict:
    """All that is measured; prints the ratio of two workers to one."""
    asked = ["--models", "embedded", "--device", "cpu", "--size", str(options.size), "--count", "1"]
    asked += ["--pick", "1", "--steps", str(options.steps)]
    seconds, rates, jobs, starts = {ONE: [], TWO: []}, {ONE: [], TWO: []}, [], []
    with TemporaryDirectory() as place:
        file, folder = Path(place) / "prompts.jsonl", Path(place)
        lines, line = jobs_and_seconds(folder, asked)
        alike(lines, options.jobs, file)
        for turn in range(options.rounds):
            for way, processes in ((ONE, 1), (TWO, 2)):
                out = folder / f"{processes}-{turn}"
                took, noted = painted(file, out, [*asked, "--quiet"], processes)
                seconds[way].append(took)
                rates[way].append(per_hour(noted))
                for files in noted if way == TWO else ():
                    found, start = steps_of(files)
                    jobs += found
                    starts.append(start)
        sheets = sheet_seconds(out, options.jobs)
    medians = {way: [statistics.median(one[way]) for one in (seconds, rates)] for way in seconds}
    print(f"{'':>30} {'s':>6} {'ratio':>6} {'pictures/h':>11} {'ratio':>6}   ({options.jobs} pictures)")
    for way, (took, rate) in medians.items():
        ratios = medians[ONE][0] / took, rate / medians[ONE][1]
        print(f"{way:>30} {took:6.1f} {ratios[0]:6.2f} {rate:11.0f} {ratios[1]:6.2f}")
    return {"jobs": jobs, "start": statistics.median(starts), "start_bytes": model_bytes(), "line": line,
            "sheets": sheets, "measured": medians}  # fmt: skip


# ---------------------------------------------------------------------------------------------- simulated


def world_of(measured: dict, options: argparse.Namespace) -> World:
    """What was measured and what was asked for, together."""
    return World(
        options.failures, options.believed_lost, options.away, measured["start"], measured["start_bytes"],
        measured["line"], options.disk * 1e6, options.file_ms / 1e3, options.dispatch_ms / 1e3,
        measured["sheets"],
    )  # fmt: skip


def drawn(jobs: Sequence[Sequence[Step]], count: int, faster: float) -> list[list[Step]]:
    """So many jobs, each as one of those that were measured, on processors that are so much faster."""
    draw = Random(1)
    chosen = (draw.choice(jobs) for _ in range(count))
    return [[step._replace(seconds=step.seconds / faster) for step in job] for job in chosen]


def simulated(
    jobs: Sequence[Sequence[Step]], worlds: dict[str, tuple[int, World]], first: str
) -> dict[str, list[Outcome]]:
    """What comes of each way in each world, which is named in the first column; prints a table."""
    found: dict[str, list[Outcome]] = {}
    for way in WAYS:
        print(f"\n{way.name}\n{first:>10} {'hours':>7} {'pictures/h':>11} {'ratio':>6}", end="")
        print("".join(f"{name:>9}" for name in SHARES), "  limited by")
        for name, (workers, world) in worlds.items():
            one = simulate(way, jobs, workers, world)
            found.setdefault(way.name, []).append(one)
            ratio = found[way.name][0].seconds / one.seconds
            print(f"{name:>10} {one.seconds / 3600:7.2f} {one.per_hour:11,.0f} {ratio:6.1f}", end="")
            print("".join(f"{one.shares[share]:9.1%}" for share in SHARES), f"  {one.limit}", flush=True)
    return found


def say_what_was_measured(jobs: Sequence[Sequence[Step]], measured: dict, world: World) -> dict:
    """Print what the simulation goes by, and where the disk is full; returns the numbers."""
    seconds = [sum(step.seconds for step in job) for job in jobs]
    size, files = (statistics.mean(sum(step[place] for step in job) for job in jobs) for place in (1, 2))
    longest = max(step.seconds for job in jobs for step in job)
    usual = statistics.mean(seconds)
    disk = size / world.bandwidth + files * world.file
    print(
        f"\na picture: {usual:.1f} s of a core ({min(seconds):.1f} to {max(seconds):.1f}), its longest step",
        end="",
    )
    print(f" {longest:.1f} s; {size / 1e6:.1f} MB in {files:.0f} files")
    print(f"a start: {world.start:.1f} s of a core, {world.start_bytes / 1e6:.0f} MB of models", end="")
    print(f"; a line {1e3 * world.line:.2f} ms, a picture on the sheet {1e3 * world.sheets:.1f} ms")
    print(f"the disk is full at {usual / disk:,.0f} workers")
    return {"picture_s": usual, "longest_step_s": longest, "picture_bytes": size, "picture_files": files,
            "start_s": world.start, "line_s": world.line, "sheet_s": world.sheets,
            "disk_full_at": usual / disk, "measured": measured["measured"]}  # fmt: skip


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=4, help="that are painted, each way: even, from 4")
    parser.add_argument("--steps", type=int, default=5, help="of a candidate")
    parser.add_argument("--size", type=int, default=1024, help="px of a picture")
    parser.add_argument("--rounds", type=int, default=1, help="of both ways")
    parser.add_argument("--pictures", type=int, default=10_000, help="of the simulated series")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 3, 10, 30, 100, 300, 1000])
    parser.add_argument("--faster", type=float, default=1, help="simulated workers than a core here")
    parser.add_argument("--failures", type=float, default=0.1, help="of a worker in an hour")
    parser.add_argument("--believed-lost", type=float, default=0.1, help="share that goes on unheard")
    parser.add_argument("--rates", type=float, nargs="+", default=[0, 1, 10], help="and other failures")
    parser.add_argument("--away", type=float, default=120, help="s until another is there")
    parser.add_argument("--disk", type=float, default=500, help="MB/s of the shared disk")
    parser.add_argument("--file-ms", type=float, default=1, help="of the shared disk for each file")
    parser.add_argument("--dispatch-ms", type=float, default=2, help="of the driver for each job")
    parser.add_argument("--plot", type=Path, help="a picture of where the time goes")
    options = parser.parse_args()
    if options.jobs < 4 or options.jobs % 2:
        parser.error(f"--jobs must be even, from 4 on, not {options.jobs}")
    return options


def main() -> None:
    """Measure, simulate, draw; print tables, then a line of JSON."""
    options = read_options()
    measured = measure(options)
    world = world_of(measured, options)
    jobs = drawn(measured["jobs"], options.pictures, options.faster)
    numbers = say_what_was_measured(jobs, measured, world)
    print(f"{options.pictures:,} pictures, {options.failures:g} failures of a worker in an hour, ", end="")
    print(f"a disk of {options.disk:g} MB/s and {options.file_ms:g} ms a file; ratio to the first line:")
    worlds = {f"{number:,}": (number, world) for number in options.workers}
    found = simulated(jobs, worlds, "workers")
    print(f"\nThe same with {FEW} workers, and other failures of each in an hour:")
    worlds = {f"{rate:g}": (FEW, replace(world, failures_per_hour=rate)) for rate in options.rates}
    failing = simulated(jobs, worlds, "failures/h")
    if options.plot:
        chart(found, options.workers).save(options.plot, optimize=True)
    rates = {way: [round(one.per_hour) for one in of] for way, of in found.items()}
    waste = {
        way: [{name: round(one.shares[name], 4) for name in WASTE} for one in of]
        for way, of in failing.items()
    }
    settings = {name: value for name, value in vars(options).items() if name != "plot"}
    print(
        json.dumps({"benchmark": "series", **settings, **numbers, "per_hour": rates, "waste_of_100": waste})
    )


if __name__ == "__main__":
    main()
