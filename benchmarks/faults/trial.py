"""One fault tried: an empty folder, a command in it, and what must hold whatever went wrong."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shlex
import signal
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from benchmarks.faults.injected import AtCall, Step
from benchmarks.faults.processes import BROKEN, Ended, apart, aside, run
from bigart_lib.cli.main import main as bigart
from bigart_lib.pictures import reading
from bigart_lib.pictures.recipe import pixel_hash, read_picture
from bigart_lib.runs.source import SOURCE
from bigart_lib.runs.work import _read_exact

PROMPT = ("sunset over a lake", "--seed", "3", "--count", "2", "--pick", "2", "--size", "1024", "--enhance")
COMMANDS = {  # each works in a folder that holds photo.png
    "prompt": PROMPT,
    "prompt in fp32": (*PROMPT, "--precision", "fp32"),
    "candidates": ("a lake", "--seed", "5", "--count", "2", "--size", "256"),
    "enlarge": ("enlarge", "photo.png", "--times", "16", "--texture", "0.05", "2", "--seed", "3"),
}
QUIET = ("--device", "cpu", "--quiet", "--out", "pictures")
EXACT = ".safetensors"  # of results to go on from: where one is missing, it is made again when it is needed
CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of characters
PICTURES = "pictures"  # the folder of all runs
FINE, DIFFERS, REFUSED = 0, 1, 2  # exit codes; the second is that of `redo` and of damaged files
MOST_MEMORY = 2_500_000_000  # bytes that a process may take, the libraries' own 500 MB included


class NotSurvived(Exception):  # noqa: N818 -- it names what came of a fault
    """A promise that was not kept."""


@dataclass(frozen=True)
class Undisturbed:
    """What a command makes when nothing goes wrong."""

    folder: Path  # of the run
    contents: dict[str, str]
    seconds: float


@dataclass
class Trial:
    """One fault.

    Parameters
    ----------
    number : of this trial among those of its kind, from 0.
    share : how far this one is among those of its kind, from 0 to 1: spreads faults over the work evenly.
    shop : the folder that undisturbed runs are kept in.
    """

    folder: Path
    number: int
    share: float
    draw: random.Random
    shop: Path
    about: str = ""  # what was done
    ended: list[Ended] = field(default_factory=list)
    saved: Path = Path()  # where a command said that what was made is, if it is elsewhere

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.pictures = self.folder / PICTURES
        self.aside = aside(self.folder)
        write_photo(self.folder / "photo.png")

    def expect(self, is_so: object, otherwise: str) -> None:
        """Count the fault as not survived unless something is so."""
        if not is_so:
            raise NotSurvived(otherwise)

    # ------------------------------------------------------------------------------------ what is done

    def run(self, *arguments: str, prepare: Callable[[], object] | None = None, **options: Any) -> Ended:
        """Run the command line here; `prepare` is called in its process first."""

        def work() -> int:
            if prepare:
                prepare()
            return bigart([*arguments])

        return self.call(work, **options)

    def call(self, work: Callable[[], int | None], **options: Any) -> Ended:
        """Call a function here, in a process of its own."""
        self.ended.append(run(work, self.folder, **options))
        return self.ended[-1]

    def checks(self, work: Callable[[], int | None]) -> None:
        """Call a function here that checks by itself what must hold."""

        def checked() -> int | None:
            try:
                return work()
            except NotSurvived as fault:
                print(fault)
                return BROKEN

        ended = self.call(checked)
        self.expect(ended.code != BROKEN or "Traceback" in ended.err, ended.out.strip())
        self.ends_clearly(ended, [FINE])

    def call_of(self, command: str, watch: Callable[[Step], object]) -> int:
        """The number of a call that an undisturbed command makes, by `share`; see `injected`."""
        return 1 + int(self.share * num_calls(self.shop, command, watch))

    def undisturbed(self, command: str) -> Undisturbed:
        """What a command makes when nothing goes wrong."""
        return undisturbed(self.shop, command)

    # ------------------------------------------------------------------------------------ what must hold

    def ends_clearly(self, ended: Ended, codes: Collection[int] = (FINE, REFUSED)) -> None:
        """Check that a process ended with one of some exit codes, and said why in one line."""
        self.expect(ended.code is not None, "it hung")
        last = ended.err.strip().rpartition("\n")[2][:300]
        self.expect("Traceback" not in ended.out + ended.err, f"a traceback: {last}")
        self.expect(ended.code in codes, f"exit code {ended.code}, expected one of {[*codes]}: {last}")
        self.expect(not ended.left, "a process was left behind")
        self.expect(ended.peak < MOST_MEMORY, f"it took {ended.peak / 1e9:.1f} GB of memory")
        lines = ended.err.splitlines()
        errors = [line for line in lines if line.startswith("bigart: ")]
        if ended.code in (FINE, DIFFERS):
            self.expect(not errors, f"an error was told, and the exit code is {ended.code}: {last}")
        else:
            self.expect(len(errors) == 1 and lines[-1] == errors[0], f"not one line, but {lines[:5]}")
            self.expect("should not have" not in last, f"an error that nobody expected: {last}")

    def is_whole(self) -> None:
        """Check that every file here that has its final name is whole."""
        bad = half_files(self.pictures)
        self.expect(not bad, f"half or damaged files: {bad}")

    def survives(self, ended: Ended, command: str) -> None:
        """Check that a fault cost nothing: all is there, or the rest is made once the fault is gone."""
        self.ends_clearly(ended)
        self.is_whole()
        if ended.code in (FINE, DIFFERS):
            self.is_as_undisturbed(command)
        else:
            self.goes_on(command)

    def goes_on(self, command: str) -> None:
        """Check that what was begun ends with the bytes of an undisturbed run, where it was told to be."""
        self.is_whole()
        run = self._told() or next((path.parent for path in sorted(self.pictures.glob("*/run.json"))), None)
        if run:
            ended = self.run("resume", str(run), "--quiet")
        else:  # nothing was begun, so there is nothing to go on with
            ended = self.run(*COMMANDS[command], *QUIET)
        self.ends_clearly(ended, [FINE])
        self.is_as_undisturbed(command, run)

    def _told(self) -> Path | None:
        """The run that the last command said it can be gone on with."""
        told = re.search('"bigart resume (.+)" goes on', self.ended[-1].err)
        if told is None:
            return None
        (path,) = shlex.split(told[1])
        self.saved = (self.folder / path).resolve()
        self.expect((self.saved / "run.json").is_file(), f"it says that {path} can be gone on with")
        return self.saved

    def is_as_undisturbed(self, command: str, run: Path | None = None) -> None:
        """Check that a run, by default the only one here, has the bytes of an undisturbed one."""
        runs = [path.parent for path in self.pictures.glob("*/run.json")]
        self.expect(run or len(runs) == 1, f"{len(runs)} runs, expected one")
        expected, found = self.undisturbed(command).contents, contents(run or runs[0])
        lost = {name for name in expected.keys() - found.keys() if not name.endswith(EXACT)}
        differing = lost | {name for name in found if expected.get(name) != found[name]}
        self.expect(not differing, f"other bytes than undisturbed: {sorted(differing)}")
        if all(ended.code != -signal.SIGKILL for ended in self.ended):  # which nobody can tidy up after
            left = [path.name for path in self.pictures.glob("*") if path not in runs]
            self.expect(not left, f"left among the runs: {left}")

    def is_within_a_level(self, command: str) -> None:
        """Check that every picture is here and whole, and at most a level of 255 from the undisturbed one."""
        self.is_whole()
        (run,) = self.pictures.iterdir()
        made = self.undisturbed(command)
        for name in (name for name in made.contents if name.endswith(".png")):
            apart = ImageChops.difference(
                *(Image.open(place / name).convert("RGB") for place in (run, made.folder))
            )
            worst = max(most for _, most in apart.getextrema())
            self.expect(worst <= 1, f"{name} is {worst} levels from undisturbed")

    def keeps_others(self) -> None:
        """Check that nothing was written here beside the runs, and the photo is as it was."""
        known = {"photo.png", PICTURES}
        found = {path.name for path in self.folder.iterdir()}
        self.expect(found <= known, f"files where none belong: {sorted(found - known)}")
        temporary = [path for path in self.aside.glob("temporary/*") if path not in self.saved.parents]
        self.expect(not temporary, f"temporary files were left: {temporary}")
        same = (self.folder / "photo.png").read_bytes() == photo_bytes(self.shop)
        self.expect(same, "the artist's own picture was changed")


Try = Callable[[Trial], None]


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and how many of it are tried."""

    name: str
    tries: int
    try_one: Try


KINDS: dict[str, Kind] = {}


def kind(name: str, tries: int) -> Callable[[Try], Try]:
    """Register what tries one fault of a kind."""

    def register(try_one: Try) -> Try:
        KINDS[name] = Kind(name, tries, try_one)
        return try_one

    return register


def write_photo(path: Path) -> None:
    """A picture that an artist brings, the same each time."""
    noise = random.Random(1).randbytes(48 * 40 * 3)
    Image.frombytes("RGB", (48, 40), noise).save(path)


@cache
def photo_bytes(shop: Path) -> bytes:
    """What `write_photo` writes."""
    write_photo(shop / "photo.png")
    return (shop / "photo.png").read_bytes()


@cache
def undisturbed(shop: Path, command: str) -> Undisturbed:
    """Run a command without a fault."""
    folder = shop / "undisturbed" / command
    folder.mkdir(parents=True)
    write_photo(folder / "photo.png")
    ended = run(lambda: bigart([*COMMANDS[command], *QUIET]), folder)
    if ended.code:
        raise SystemExit(f"the undisturbed run of {command} ended with {ended.code}: {ended.err}")
    (made,) = (folder / PICTURES).iterdir()
    return Undisturbed(made, contents(made), ended.seconds)


@cache
def num_calls(shop: Path, command: str, watch: Callable[[Step], object]) -> int:
    """How many of the watched calls an undisturbed command makes."""
    folder = Path(tempfile.mkdtemp(dir=shop))
    write_photo(folder / "photo.png")

    def work() -> int:
        calls = AtCall(-1, lambda: None)
        watch(calls)
        bigart([*COMMANDS[command], *QUIET])
        sys.setprofile(None)
        print(calls.seen)
        return 0

    return int(run(work, folder).out.split()[-1])


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file that people see, by its name; the journal holds them too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name != "run.json"
    }


def half_files(folder: Path) -> list[str]:
    """The files that have their final name and are not whole."""
    return apart(lambda: [str(path) for path in _final(folder) if not _is_whole(path)])


def _final(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _is_whole(path: Path) -> bool:
    try:
        if path.parent.name == SOURCE:
            return reading.read(path).size > (0, 0)
        if path.suffix == ".png":
            recipe, image = read_picture(path)
            return recipe.pixels == pixel_hash(image)
        if path.suffix == ".safetensors":
            return _read_exact(path) is not None
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        return False


def control_characters(text: str) -> list[str]:
    """What would move a cursor or turn text round, lines apart."""
    return [char for char in text if char != "\n" and unicodedata.category(char) in CONTROL]
