"""How runs survive kill -9 at random moments: `bigart resume` goes on with each, to the undisturbed bytes.

    python benchmarks/kills.py [--kills 50] [--seed 1] [--models tiny|embedded]

Two commands, a prompt at --size 1024 and `enlarge`, each killed so many times; every third resumed run is
killed once more. After every kill each file that has its final name must be whole. Processes are forked after
the libraries are loaded, and run the real command line; "tiny" networks have random weights. The last line is
JSON.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks.faults import trial
from benchmarks.faults.campaign import workshop
from benchmarks.faults.processes import run
from benchmarks.faults.trial import contents, half_files, write_photo
from bigart_lib.cli.main import main as bigart

COMMANDS = {
    "a prompt, --size 1024 --enhance": trial.COMMANDS["prompt"],
    "enlarge --times 16": trial.COMMANDS["enlarge"],
}
QUIET = ["--models", "embedded", "--device", "cpu", "--quiet", "--out", "pictures"]
KILLED = -9


def do(arguments: list[str], folder: Path, kill_after: float | None = None) -> int:
    """Run the command line in a process of its own; its exit code, or KILLED."""
    return run(lambda: bigart(arguments), folder, kill_after, limit=float("inf")).code


def disturb(command: Sequence[str], kills: int, draw: random.Random, folder: Path) -> dict[str, int]:
    """Kill a command so many times, go on each time, and count what came of it."""
    write_photo(folder / "photo.png")
    whole = run(lambda: bigart([*command, *QUIET]), folder, limit=float("inf"))
    if whole.code:
        raise SystemExit(f"the undisturbed run ended with {whole.code}: {whole.err}")
    (undisturbed,) = (folder / "pictures").iterdir()
    expected = contents(undisturbed)
    undisturbed.rename(folder / "undisturbed")
    counts = dict.fromkeys(("kills", "too early", "too late", "same bytes", "other bytes", "half files"), 0)
    while counts["kills"] < kills:
        shutil.rmtree(folder / "pictures", ignore_errors=True)
        if do([*command, *QUIET], folder, draw.uniform(0, whole.seconds)) != KILLED:
            counts["too late"] += 1
            continue
        runs = [path for path in (folder / "pictures").glob("*") if (path / "run.json").is_file()]
        if not runs:  # nothing was begun, so there is nothing to go on with
            counts["too early"] += 1
            continue
        counts["kills"] += 1
        counts["half files"] += len(half_files(folder / "pictures"))
        if draw.random() < 1 / 3:
            do(["resume", "--quiet", "--out", "pictures"], folder, draw.uniform(0, whole.seconds))
            counts["half files"] += len(half_files(folder / "pictures"))
        code = do(["resume", str(runs[0].relative_to(folder)), "--quiet"], folder)
        same = code == 0 and contents(runs[0]) == expected
        counts["same bytes" if same else "other bytes"] += 1
        if not same:
            kept = Path(tempfile.mkdtemp(prefix="bigart-killed-"))
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            print(f"  not the same, exit code {code}; kept in {kept}", flush=True)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="of each command")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--models", choices=("tiny", "embedded"), default="tiny")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BIGART_CACHE"] = f"{folder}/cache"
        results = {}
        with workshop(Path(folder)) if options.models == "tiny" else nullcontext():
            for name, command in COMMANDS.items():
                place = Path(folder) / str(len(results))
                place.mkdir()
                results[name] = disturb(command, options.kills, random.Random(options.seed), place)
                counted = (f"{count} {what}" for what, count in results[name].items())
                print(f"{name}: {', '.join(counted)}", flush=True)
    print(json.dumps({"models": options.models, "seed": options.seed, **results}))
    if any(counts["other bytes"] or counts["half files"] for counts in results.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
