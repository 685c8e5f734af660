"""A driver and workers of a series with the tiny set: python ray_series.py ARGUMENTS.

Workers call `use_tiny_set` as they begin. Each file kill-* in the folder of TINY_FOLDER ends one of them, and
the file pause has how many times each waits before it ends a file, and for how many seconds.
"""

import os
import signal
import sys
import time
from pathlib import Path

from tiny_set import write_tiny_set

from bigart_lib import files
from bigart_lib.series import cluster, running
from bigart_lib.weights import sets

HOOK = {"worker_process_setup_hook": "ray_series.use_tiny_set"}
FAILING, DEADLY = "a failing lake", "a deadly lake"  # prompts


def use_tiny_set() -> None:
    folder = Path(os.environ["TINY_FOLDER"])
    (folder / str(os.getpid())).mkdir()
    models = write_tiny_set(folder / str(os.getpid()))
    sets.SETS["embedded"] = lambda: models
    give_name, made = files._give_name, running._made

    def give_name_or_die(part: Path, path: Path, replace: bool) -> None:
        if (folder / "pause").exists() and path.suffix == ".png":
            times, seconds = map(float, (folder / "pause").read_text().split())
            for _ in range(int(times)):
                time.sleep(seconds)  # an interrupt comes between two
        give_name(part, path, replace)
        for mark in folder.glob("kill-*") if path.suffix == ".png" else ():
            mark.unlink()  # one process alone can do that
            os.kill(os.getpid(), signal.SIGKILL)

    def make_or_fail(job, *others):
        if job.prompt == FAILING:
            raise ValueError("it is too wet")
        if job.prompt == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return made(job, *others)

    files._give_name, running._made = give_name_or_die, make_or_fail


if __name__ == "__main__":
    from bigart_lib.cli.main import main

    use_tiny_set()
    cluster.TO_CONNECT["runtime_env"] = HOOK
    raise SystemExit(main(["series", *sys.argv[1:]]))
