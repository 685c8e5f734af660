"""How runs survive kill -9 at random moments: `bigart resume` goes on with each, to the undisturbed bytes.

    python benchmarks/kills.py [--kills 50] [--seed 1] [--models tiny|embedded]

Two commands, a prompt at --size 1024 and `enlarge`, each killed so many times; every third resumed run is
killed once more. After every kill each file that has its final name must be whole. Processes are forked after
the libraries are loaded, and run the real command line; "tiny" networks have random weights. The last line is
JSON.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import diffusers  # noqa: F401 -- loaded before the forks
from PIL import Image

from bigart_lib.cli.main import main as bigart
from bigart_lib.pictures.recipe import pixel_hash, read_picture
from bigart_lib.runs.work import _read_exact
from bigart_lib.weights import sets

COMMANDS = {
    "a prompt, --size 1024 --enhance": [
        *("sunset over a lake", "--seed", "3", "--count", "2", "--pick", "2", "--size", "1024", "--enhance"),
    ],
    "enlarge --times 16": ["enlarge", "photo.png", "--times", "16", "--texture", "0.05", "2", "--seed", "3"],
}
QUIET = ["--models", "embedded", "--device", "cpu", "--quiet", "--out", "pictures"]


def run(arguments: list[str], folder: Path, kill_after: float | None = None) -> int | None:
    """Run the command line in a process of its own; its exit code, or None if it was killed."""
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        output = os.open(os.devnull, os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os._exit(bigart(arguments))
    deadline = None if kill_after is None else time.monotonic() + kill_after
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return None
        time.sleep(0.001)


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file that people see, by its name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name != "run.json"
    }


def half_files(folder: Path) -> list[str]:
    """The files that have their final name and are not whole."""
    bad = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            if path.suffix == ".png":
                recipe, image = read_picture(path)
                whole = recipe.pixels == pixel_hash(image)
            elif path.suffix == ".safetensors":
                whole = _read_exact(path) is not None
            else:
                whole = isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
        except ValueError:
            whole = False
        bad += [] if whole else [str(path)]
    return bad


def disturb(command: list[str], kills: int, draw: random.Random, folder: Path) -> dict[str, int]:
    """Kill a command so many times, go on each time, and count what came of it."""
    Image.effect_noise((48, 40), 60).convert("RGB").save(folder / "photo.png")
    began = time.monotonic()
    if code := run([*command, *QUIET], folder):
        raise SystemExit(f"the undisturbed run ended with {code}")
    seconds = time.monotonic() - began
    (undisturbed,) = (folder / "pictures").iterdir()
    expected = contents(undisturbed)
    undisturbed.rename(folder / "undisturbed")
    counts = dict.fromkeys(("kills", "too early", "too late", "same bytes", "other bytes", "half files"), 0)
    while counts["kills"] < kills:
        shutil.rmtree(folder / "pictures", ignore_errors=True)
        if run([*command, *QUIET], folder, draw.uniform(0, seconds)) is not None:
            counts["too late"] += 1
            continue
        runs = [path for path in (folder / "pictures").glob("*") if (path / "run.json").is_file()]
        if not runs:  # nothing was begun, so there is nothing to go on with
            counts["too early"] += 1
            continue
        counts["kills"] += 1
        counts["half files"] += len(half_files(folder / "pictures"))
        if draw.random() < 1 / 3:
            run(["resume", "--quiet", "--out", "pictures"], folder, draw.uniform(0, seconds))
            counts["half files"] += len(half_files(folder / "pictures"))
        code = run(["resume", str(runs[0].relative_to(folder)), "--quiet"], folder)
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
        if options.models == "tiny":
            from tiny_set import write_tiny_set

            (Path(folder) / "models").mkdir()
            tiny = write_tiny_set(Path(folder) / "models")
            sets.SETS["embedded"] = lambda: tiny
        results = {}
        for name, command in COMMANDS.items():
            place = Path(folder) / str(len(results))
            place.mkdir()
            results[name] = disturb(command, options.kills, random.Random(options.seed), place)
            print(
                f"{name}: {', '.join(f'{count} {what}' for what, count in results[name].items())}", flush=True
            )
    print(json.dumps({"models": options.models, "seed": options.seed, **results}))
    if any(counts["other bytes"] or counts["half files"] for counts in results.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
