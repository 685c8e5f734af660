"""Several processes in one folder at once."""

import os
from collections.abc import Sequence

from benchmarks.faults.kinds.damaged import given
from benchmarks.faults.trial import COMMANDS, FINE, QUIET, REFUSED, Trial, contents, kind
from bigart_lib.cli.main import main as bigart

MANY = 6  # processes


def at_once(trial: Trial, *lines: Sequence[str]) -> list[int]:
    """Run command lines at the same time; returns their exit codes."""

    def work() -> int:
        processes = []
        for line in lines:
            if (process := os.fork()) == 0:
                os._exit(bigart([*line]))
            processes.append(process)
        print(*[os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes])
        return FINE

    ended = trial.call(work)
    trial.expect(ended.code == FINE and not ended.left, "it hung, or left a process")
    trial.expect("Traceback" not in ended.err, f"a traceback: {ended.err[-300:]}")
    return [int(word) for word in ended.out.split()[-len(lines) :]]


@kind("the same prompt by two processes at once", 6)
def _(trial: Trial) -> None:
    line = (*COMMANDS["candidates"], *QUIET)
    codes = at_once(trial, line, line)
    trial.expect(codes == [FINE, FINE], f"exit codes {codes}")
    made = [contents(run) for run in trial.pictures.iterdir()]
    trial.expect(made == 2 * [trial.undisturbed("candidates").contents], "not two whole runs")


@kind("the same run resumed by two processes at once", 8)
def _(trial: Trial) -> None:
    run = given(trial, "prompt")
    for path in run.rglob("1024*.png" if trial.number % 2 else "*.png"):
        path.unlink()
    line = ("resume", str(run.relative_to(trial.folder)), "--quiet", "--device", "cpu")
    codes = at_once(trial, line, line)
    trial.expect(FINE in codes and {*codes} <= {FINE, REFUSED}, f"exit codes {codes}")
    trial.goes_on("prompt")


@kind("a journal changed by many processes at once", 4)
def _(trial: Trial) -> None:
    run = given(trial, "candidates")

    def work() -> int:
        from bigart_lib.runs.run import open_run

        for number in range(MANY):
            if os.fork() == 0:
                opened = open_run(run)
                for turn in range(5):
                    with opened.updating() as values:
                        values["made"][f"{number}-{turn}"] = {"file": "x", "sha256": "x", "pixels": "x"}
                os._exit(FINE)
        codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(MANY)]
        made = open_run(run).values["made"]
        lost = [f"{n}-{turn}" for n in range(MANY) for turn in range(5) if f"{n}-{turn}" not in made]
        print("lost", len(lost), "codes", *{*codes})
        return FINE

    ended = trial.call(work)
    trial.expect(ended.out.split() == ["lost", "0", "codes", "0"], f"{ended.out} {ended.err[-300:]}")


@kind("a run removed while it is worked in", 6)
def _(trial: Trial) -> None:
    moment = 0.1 + trial.share * trial.undisturbed("prompt").seconds

    def work() -> int:
        import shutil
        import time

        if (process := os.fork()) == 0:
            os._exit(bigart([*COMMANDS["prompt"], *QUIET]))
        time.sleep(moment)
        shutil.rmtree(trial.pictures, ignore_errors=True)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    trial.about = f"after {moment:.2f} s"
    trial.ends_clearly(trial.call(work))
    trial.is_whole()
