"""The work is ended from outside: killed, asked to end, interrupted, at any moment and inside saving."""

import os
import signal

from benchmarks.faults.injected import AtCall, watch_files
from benchmarks.faults.trial import COMMANDS, QUIET, Trial, kind

BEGINS = 0.05  # seconds until the command line listens to signals
ASKED = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def disturb(trial: Trial, command: str, by: int) -> None:
    moment = BEGINS + trial.share * trial.undisturbed(command).seconds
    trial.about = f"{command}: {signal.Signals(by).name} after {moment:.3f} s"
    ended = trial.run(*COMMANDS[command], *QUIET, end_after=moment, end_by=by)
    if by != signal.SIGKILL:
        trial.ends_clearly(ended, [0, 128 + by])
    if trial.draw.random() < 1 / 3:
        trial.is_whole()
        trial.run("resume", "--quiet", "--out", "pictures", end_after=trial.draw.uniform(BEGINS, moment))
    trial.goes_on(command)


@kind("kill -9 at any moment of painting a prompt", 16)
def _(trial: Trial) -> None:
    disturb(trial, "prompt", signal.SIGKILL)


@kind("kill -9 at any moment of enlarging a picture", 20)
def _(trial: Trial) -> None:
    disturb(trial, "enlarge", signal.SIGKILL)


@kind("SIGTERM, SIGHUP or SIGINT at any moment", 18)
def _(trial: Trial) -> None:
    disturb(trial, ("prompt", "enlarge")[trial.number % 2], ASKED[trial.number % 3])


def end_inside(trial: Trial, by: int) -> None:
    command = ("prompt", "enlarge")[trial.number % 2]
    number = trial.call_of(command, watch_files)
    trial.about = f"{command}: {signal.Signals(by).name} at call {number} of the file system"
    at_call = AtCall(number, lambda: os.kill(os.getpid(), by))
    ended = trial.run(*COMMANDS[command], *QUIET, prepare=lambda: watch_files(at_call))
    if by != signal.SIGKILL:
        trial.ends_clearly(ended, [0, 128 + by])
    trial.goes_on(command)


@kind("kill -9 inside saving: at any write, fsync, link, rename", 24)
def _(trial: Trial) -> None:
    end_inside(trial, signal.SIGKILL)


@kind("SIGTERM, SIGHUP or SIGINT inside saving", 18)
def _(trial: Trial) -> None:
    end_inside(trial, ASKED[trial.number % 3])


@kind("SIGINT again and again, as fast as keys go", 6)
def _(trial: Trial) -> None:
    moment = BEGINS + trial.share * trial.undisturbed("prompt").seconds
    trial.about = f"from {moment:.3f} s on"

    def prepare() -> None:
        signal.setitimer(signal.ITIMER_REAL, moment, 0.03)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))

    ended = trial.run(*COMMANDS["prompt"], *QUIET, prepare=prepare)
    trial.ends_clearly(ended, [0, 130])
    trial.goes_on("prompt")
