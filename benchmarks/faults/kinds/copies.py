"""Several days with copies on a disk such as Google Drive's, full disks in the studio, and no room at all."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from benchmarks.faults.injected import AtCall, raises, watch_files
from benchmarks.faults.kinds.damaged import bit_flipped, given, truncated
from benchmarks.faults.trial import COMMANDS, FINE, QUIET, Trial, contents, kind

DAYS = 4
NO_TROUBLE = 10**9  # a call that is never reached


class Days:
    """Days of one artist: each a session on a new machine or on an old one, with copies in `drive`."""

    def __init__(self, trial: Trial) -> None:
        import bigart_lib

        self.trial, self.draw = trial, trial.draw
        self.drive = trial.pictures / "drive"
        self.machines = [trial.pictures / "here", trial.pictures / "there"]
        self.bigart = bigart_lib.load("embedded", device="cpu")
        self.wanted: dict[int, set[int]] = {}  # favourites by seed
        self.failing = AtCall(NO_TROUBLE, raises(OSError(errno.EIO, os.strerror(errno.EIO))), lasting=True)
        watch_files(self.failing, self.drive)

    def paint(self, machine: Path) -> str:
        """Paint a batch and make one of it a favourite; returns why it was not copied."""
        from bigart_lib import GenerateSettings
        from bigart_lib.runs.session import Session

        session, seed = Session(self.bigart, machine, self.drive), len(self.wanted)
        batch = session.generate("a lake", GenerateSettings(seed=seed, count=2))
        self.wanted[seed] = {self.draw.randrange(2)}
        session.toggle_favourite(batch, *self.wanted[seed])
        return session.copy_problem

    def go_on(self, machine: Path) -> None:
        """Open a batch of an earlier day, and paint what is missing of it."""
        from bigart_lib.runs.session import Session
        from bigart_lib.runs.shelf import on_disk

        session = Session(self.bigart, machine, self.drive)
        if found := [one for one in on_disk(session) if not one.problem]:
            session.open(self.draw.choice(found).path)

    def is_all_there(self) -> None:
        """Check, on a new machine, that every batch is found with its own pictures and favourites."""
        from bigart_lib.runs.copies import copy_run
        from bigart_lib.runs.run import all_runs
        from bigart_lib.runs.session import Session
        from bigart_lib.runs.shelf import on_disk

        for run in [run for machine in self.machines for run in all_runs(machine)]:
            copy_run(run, self.drive)  # which did not take everything before
        session, found = Session(self.bigart, self.trial.pictures / "new", self.drive), {}
        for one in on_disk(session):
            self.trial.expect(not one.problem, one.problem)
            batch = session.open(one.path)
            seeds = {one.recipe.generate.seed for one in batch.candidates.pictures}
            self.trial.expect(len(seeds) == 1, f"{batch.run.path} has pictures of seeds {seeds}")
            found[seeds.pop()] = batch.favourites
        self.trial.expect(found == self.wanted, f"found {found}, expected {self.wanted}")


def drive_gone(days: Days) -> Callable[[], object]:
    away = days.drive.with_name("away")
    if days.drive.exists():
        days.drive.rename(away)
    days.failing.number = days.failing.seen + 1
    return lambda: away.rename(days.drive) if away.exists() else None


def drive_fails(days: Days) -> Callable[[], object]:
    days.failing.number = days.failing.seen + days.draw.randint(1, 60)
    return lambda: None


def strangers_folder(days: Days) -> Callable[[], object]:
    for place in (days.drive, days.machines[0]):
        folder = place / days.draw.choice(("a-lake", "a-lake-2", "a-lake-3"))
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            (folder / "candidates.png").write_text("a stranger's")
    return lambda: None


def strangers_run(days: Days) -> Callable[[], object]:
    made = days.trial.undisturbed("candidates").folder
    for name in ("a-lake", "a-lake-2"):
        if not (days.drive / name).exists():
            shutil.copytree(made, days.drive / name, ignore=shutil.ignore_patterns(".*"))
            days.wanted[5] = set()  # its seed
            break
    return lambda: None


def damaged(place: str) -> Callable[[Days], Callable[[], object]]:
    def damage(days: Days) -> Callable[[], object]:
        folder = days.drive if place == "drive" else days.machines[0]
        if found := sorted(folder.rglob("candidate-*/*.png")):
            days.draw.choice((truncated, bit_flipped))(days.draw.choice(found), days.trial)
        return lambda: None

    return damage


def half_copied(days: Days) -> Callable[[], object]:
    for path in sorted(days.drive.rglob("*.png"))[::2]:
        truncated(path, days.trial)
    return lambda: None


TROUBLES: dict[str, Callable[[Days], Callable[[], object]]] = {
    "the drive is gone": drive_gone,
    "the drive fails in the middle": drive_fails,
    "a stranger's folder has the name": strangers_folder,
    "a stranger's run has the name": strangers_run,
    "a picture on the drive is damaged": damaged("drive"),
    "a picture here is damaged": damaged("here"),
    "the copies are half there": half_copied,
}


def hashes(*folders: Path) -> set[tuple[str, str]]:
    """Every picture of strangers and of the artist in these folders, as folder and hash."""
    return {
        (folder.name, hashlib.sha256(path.read_bytes()).hexdigest())
        for folder in folders
        for path in folder.rglob("*.png")
    }


@kind("days with copies on a drive that vanishes, fails, or is changed", 10)
def _(trial: Trial) -> None:
    names = [trial.draw.choice([*TROUBLES]) for _ in range(DAYS - 1)]
    names.insert(trial.draw.randrange(DAYS), [*TROUBLES][trial.number % len(TROUBLES)])
    trial.about = ", then ".join(names)

    def work() -> int:
        days = Days(trial)
        for name in names:
            machine = trial.draw.choice(days.machines)
            mend = TROUBLES[name](days)
            before = hashes(days.drive, *days.machines)
            days.paint(machine)
            if trial.draw.random() < 1 / 2:
                days.go_on(machine)
            lost = before - hashes(days.drive, *days.machines)
            trial.expect(not lost, f"{name}: pictures were lost or written over: {lost}")
            mend()
            days.failing.number = NO_TROUBLE
        days.is_all_there()
        return FINE

    trial.checks(work)


# ------------------------------------------------------------------------- full disks, in the studio


@kind("a full disk while the studio works, then another folder", 16)
def _(trial: Trial) -> None:
    number = trial.call_of("candidates", watch_files)
    expected = trial.undisturbed("candidates").contents  # made before, for forks of forks hang in libvips
    trial.about = f"full from call {number} on"

    def work() -> int:
        import bigart_lib
        from bigart_lib.runs.run import UnsavedError
        from bigart_lib.runs.session import Session
        from bigart_lib.runs.shelf import on_disk

        session = Session(bigart_lib.load("embedded", device="cpu"), trial.pictures)
        settings = bigart_lib.GenerateSettings(seed=5, count=2)
        full = AtCall(number, raises(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))), lasting=True)
        watch_files(full)
        try:
            batch = session.generate("a lake", settings)
        except UnsavedError:
            batch = session.batches[-1]
            session.save_elsewhere(trial.aside / "elsewhere")
            trial.expect(not session.unsaved, "something is still unsaved")
        except OSError:  # before anything was painted
            full.number = NO_TROUBLE
            batch = session.generate("a lake", settings)
        found = contents(batch.run.path)
        differing = [
            name for name, sha256 in expected.items() if found.get(name) != sha256 and ".png" in name
        ]
        trial.expect(not differing, f"not as undisturbed: {differing}")
        full.number = NO_TROUBLE
        others = [one.path for one in on_disk(Session(session.bigart, session.folder))]
        trial.expect([path.name for path in others] == ["a-lake"], f"the next session finds {others}")
        return FINE

    trial.checks(work)


def told_free(free: int) -> Callable[[], None]:
    """Let the disk say that so many bytes are free."""

    def prepare() -> None:
        shutil.disk_usage = lambda _: SimpleNamespace(total=10**9, used=10**9 - free, free=free)

    return prepare


@kind("no room on the disk before the work", 12)
def _(trial: Trial) -> None:
    free = int(10 ** (7 * trial.share))
    command = ("prompt", "enlarge", "resume")[trial.number % 3]
    trial.about = f"{command} with {free} bytes free"
    line = (*COMMANDS.get(command, ()), *QUIET)
    if command == "resume":
        run = given(trial, "prompt")
        for path in [*run.rglob("1024*.png"), *run.rglob("*.safetensors")]:
            path.unlink()
        line = ("resume", str(run.relative_to(trial.folder)), "--quiet")
    ended = trial.run(*line, prepare=told_free(free))
    trial.ends_clearly(ended)
    if ended.code == FINE:
        return trial.is_as_undisturbed("prompt" if command == "resume" else command)
    trial.expect("free" in ended.err, f"it does not say what is free: {ended.err}")
    trial.goes_on("prompt" if command == "resume" else command)
