"""Command lines, names, terminals and surroundings that nobody thought of."""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.kinds.damaged import STRANGE, places
from benchmarks.faults.trial import COMMANDS, FINE, QUIET, REFUSED, Trial, contents, control_characters, kind

SEED_OF_400, SURROGATE = "1" + "0" * 400, "caf\udce9"
LINES: tuple[tuple[str, ...], ...] = (
    (), ("",), ("   ",), ("\n\t",), ("a", "lake", "without", "quotes"), ("a lake", "--seed"),
    ("a lake", "--seed", SEED_OF_400), ("a lake", "--seed", "1.5"), ("a lake", "--seed", "seven"),
    ("a lake", "--seed", ""), ("a lake", "--seed", "٣" * 30), ("a lake", "--seed", "²"),
    ("a lake", "--count", "0"), ("a lake", "--count", "10000000"), ("a lake", "--count", "-3"),
    ("a lake", "--count", SEED_OF_400), ("a lake", "--steps", "0"), ("a lake", "--steps", "1e9"),
    ("a lake", "--guidance", "nan"), ("a lake", "--guidance", "inf"), ("a lake", "--guidance", "1e400"),
    ("a lake", "--sampler", "x"), ("a lake", "--size", "1"), ("a lake", "--size", "99999999999999999999"),
    ("a lake", "--size", "-256"), ("a lake", "--size", "256x256"), ("a lake", "--pick", "0"),
    ("a lake", "--pick", "99"), ("a lake", "--pick", "²"), ("a lake", "--pick", ""),
    ("a lake", "--pick", SEED_OF_400), ("a lake", "--texture", "9"), ("a lake", "--texture", "nan", "1"),
    ("a lake", "--texture", "0.1", "-1"), ("a lake", "--texture-1k", "0.1", "1e9"),
    ("a lake", "--memory", "much"), ("a lake", "--memory", "-6GB"), ("a lake", "--memory", "1e999GB"),
    ("a lake", "--device", "toaster"), ("a lake", "--device", "cuda:99"),
    ("a lake", "--precision", "fp4"), ("a lake", "--precision", "fp16", "--device", "cpu"),
    ("a lake", "--models", "everything"), ("a lake", "--models", "published"),
    ("a lake", "--enlarger", "nothing"), ("a lake", "--enhancer", "/dev/null"),
    ("a lake", "--keep", "some"), ("a lake", "--out", "/dev/null"), ("a lake", "--out", "photo.png"),
    ("a lake", "--out", "/proc/1/x"), ("a lake", "--out", "x\0y"), ("a lake", "--no-such-option"),
    ("a lake", "--no-such\nbigart: all is well"), ("-leading.png",), ("--",), ("-x",), ("---",),
    ("a lake", "--seed=1=2"), ("enlarge",), ("enlarge", ""), ("enlarge", "."), ("enlarge", "/"),
    ("enlarge", "nothing.png"), ("enlarge", "-leading.png"), ("enlarge", "x\0y.png"),
    ("enlarge", SURROGATE), ("enlarge", "x" * 5000), ("enlarge", "photo.png", "--times", "3"),
    ("enlarge", "photo.png", "photo.png"), ("enlarge", "photo.png", "--times", "64", "--texture"),
    ("enlarge", "no\x1b[2Jsuch\nfile.png"), ("resume", "nothing"), ("resume", "."),
    ("resume", "photo.png"), ("resume", ""), ("resume", "x\0y"), ("redo",), ("redo", "photo.png"),
    ("redo", "photo.png", "--change", "seed"), ("redo", "nothing.png"),
    ("redo", "photo.png", "--change", "=1"), ("info",), ("info", "photo.png"), ("info", "nothing.png"),
    ("info", "x\0y"), ("info", SURROGATE), ("models", "eat"), ("models", "verify", "nothing"),
    ("models", "fetch", "nothing"), ("models", "remove", "../../etc"), ("models", "fetch", "bsrgan"),
    ("studio", "--port", "99999999"), ("studio", "--port", "-1"), ("studio", "--models", "x"),
)  # fmt: skip
NOTHING_TO_DO = (
    ("resume",),
    ("resume", "--pick", "1"),
    ("resume", "--out", "nothing"),
    ("models",),
    ("models", "verify"),
    ("models", "where"),
)


@kind("hostile command lines", len(LINES))
def _(trial: Trial) -> None:
    line = LINES[trial.number]
    trial.about = repr(line)[:150]
    ended = trial.run(*line, limit=30)
    trial.ends_clearly(ended, [REFUSED])
    trial.expect(not control_characters(ended.err), f"raw control characters: {ended.err!r}")
    trial.expect(len(ended.err) < 2000, "a message of more than 2000 characters")
    trial.expect(not (trial.folder / "bigart_pictures").exists(), "a folder was left")


@kind("commands with nothing to do", len(NOTHING_TO_DO))
def _(trial: Trial) -> None:
    trial.about = " ".join(NOTHING_TO_DO[trial.number])
    trial.ends_clearly(trial.run(*NOTHING_TO_DO[trial.number], limit=30), [FINE])


# ------------------------------------------------------------------------------------------------ names

NAMES = (
    "x" * 251 + ".png", "é" * 125 + ".png", "猫" * 83 + ".png", "con.png", "aux.png", "nul.tar.png",
    "a.b..png", " .png", "  two  blanks .png", "...png", "-.png", "--help.png", "a\nb.png", "a\tb.png",
    "a\x1b[2Jb.png", "a\\b.png", "a'b\"c.png", "$(touch made).png", "`touch made`.png", "a;b&c|d.png",
    "*.png", "~.png", "%s%n.png", "{}.png", "caf\udce9.png", "\udcff\udcfe.png", "\u202egnp.png",
    "\u200b.png", "🎨.png", "e\u0301.png", "run.json.png", "candidates.png", ".hidden.png", "1x.png",
    "source.png",
)  # fmt: skip
PROMPTS = (
    "/", "..", "../../x", "a/b", ".", "~", "con", "nul", "aux.", "com1", "x" * 5000, "猫" * 300, "\\",
    "a\x00b", "caf\udce9", "\u202e\u2066", "<script>alert(1)</script>", "$(touch made)", "a\nb", "%s",
    "🎨" * 100, "-x", "run.json",
)  # fmt: skip


@kind("names of files from other encodings and systems", len(NAMES))
def _(trial: Trial) -> None:
    name = NAMES[trial.number]
    trial.about = repr(name)[:60]
    place = trial.aside / "given"
    place.mkdir(parents=True)
    (place / name).write_bytes((trial.folder / "photo.png").read_bytes())
    ended = trial.run("enlarge", str(place / name), *QUIET)
    trial.ends_clearly(ended, [FINE])
    is_told_and_whole(trial, ended.out)


@kind("prompts that would be bad names of folders", len(PROMPTS))
def _(trial: Trial) -> None:
    trial.about = repr(PROMPTS[trial.number])[:60]
    if PROMPTS[trial.number] == "-x":
        ended = trial.run("--count", "1", "--size", "256", *QUIET, "--", "-x")
    else:
        ended = trial.run(PROMPTS[trial.number], "--count", "1", "--size", "256", *QUIET)
    trial.ends_clearly(ended, [FINE])
    is_told_and_whole(trial, ended.out)
    (run,) = trial.pictures.iterdir()
    bad = run.name.upper() in {"CON", "NUL", "AUX", "COM1"} or len(os.fsencode(run.name)) > 143
    trial.expect(
        not bad and run.name.rstrip(". ") == run.name, f"no file system of Windows takes {run.name!r}"
    )


@kind("folders for pictures of any name", len(NAMES[::3]))
def _(trial: Trial) -> None:
    name = NAMES[::3][trial.number].removesuffix("png")  # so that it ends in a dot
    folder, trial.about = trial.aside / "out" / name, repr(name)[:60]
    quiet = QUIET[: QUIET.index("--out")]
    ended = trial.run(*COMMANDS["candidates"], *quiet, "--out", str(folder))
    trial.ends_clearly(ended, [FINE])
    (run,) = folder.iterdir()
    trial.expect(contents(run) == trial.undisturbed("candidates").contents, "other bytes than undisturbed")
    (run / "candidates.png").unlink()
    trial.ends_clearly(trial.run("info", str(run / "candidate-1" / "256.png")), [FINE])
    (run / "candidate-1" / "256.png").unlink()
    trial.ends_clearly(trial.run("resume", str(run), *quiet[2:]), [FINE])
    trial.expect(
        contents(run) == trial.undisturbed("candidates").contents, "other bytes than undisturbed, resumed"
    )


def is_told_and_whole(trial: Trial, told: str) -> None:
    """Check that one picture was made and its path is told, as far as a terminal can show it."""
    trial.is_whole()
    found = [str(path.relative_to(trial.folder)) for path in trial.pictures.rglob("*.png")]
    last = told.rstrip("\n").rpartition("\n")[2]
    plain = [path for path in found if path.isprintable() and path.isascii()]
    trial.expect(not plain or last in found or last not in plain, f"it told {last!r}, and made {found}")
    trial.expect(found, "nothing was made")


# ---------------------------------------------------------------------------------------------- streams


def closed(number: int) -> Callable[[], object]:
    """A standard stream that is closed, as by `2>&-`."""

    def prepare() -> None:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)

    return prepare


def to_full_device(number: int) -> Callable[[], object]:
    return lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), number)


def to_nobody() -> None:
    """As in `| head -1`: who read the output is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)


def in_encoding(name: str) -> Callable[[], object]:
    def prepare() -> None:
        for number, stream in ((1, "stdout"), (2, "stderr")):
            setattr(sys, stream, io.TextIOWrapper(os.fdopen(number, "wb", closefd=False), encoding=name))

    return prepare


STREAMS: dict[str, Callable[[], object]] = {
    "stdin closed": closed(0),
    "stdout closed": closed(1),
    "stderr closed": closed(2),
    "all three closed": lambda: [closed(number)() for number in range(3)],
    "stdout to /dev/full": to_full_device(1),
    "stderr to /dev/full": to_full_device(2),
    "stdout to a reader that is gone": to_nobody,
    "cp1252": in_encoding("cp1252"),
    "ASCII": in_encoding("ascii"),
    "UTF-16": in_encoding("utf-16"),
}
TOLD = ("prompt", "enlarge")  # not quiet, so that there is much to tell


@kind("standard streams that are closed, full, gone or of a narrow encoding", 2 * len(STREAMS))
def _(trial: Trial) -> None:
    trial.about, prepare = [*STREAMS.items()][trial.number // 2]
    command = TOLD[trial.number % 2]
    told = [word for word in QUIET if word != "--quiet"]
    ended = trial.run(*COMMANDS[command], *told, prepare=prepare)
    trial.ends_clearly(ended, [FINE])
    trial.is_as_undisturbed(command)


@kind("an error, where standard streams are closed, full, gone or narrow", len(STREAMS))
def _(trial: Trial) -> None:
    trial.about, prepare = [*STREAMS.items()][trial.number]
    ended = trial.run("enlarge", "no such \U0001f3a8 picture.png", prepare=prepare)
    trial.expect(ended.code == REFUSED, f"exit code {ended.code}")
    trial.expect("Traceback" not in ended.out + ended.err, "a traceback")


# ------------------------------------------------------------------------------------------ environment


def cache(make: Callable[[Path], object]) -> Callable[[Trial], dict[str, str | None]]:
    """A cache folder that something is wrong with."""

    def prepare(trial: Trial) -> dict[str, str | None]:
        place = trial.aside / "cache"
        place.parent.mkdir(parents=True, exist_ok=True)
        make(place)
        return {"BIGART_CACHE": str(place)}

    return prepare


def speeds(data: bytes | Callable[[Path], object]) -> Callable[[Trial], dict[str, str | None]]:
    """Kept speeds that are damaged."""

    def make(place: Path) -> None:
        place.mkdir()
        file = place / "speeds.json"
        file.write_bytes(data) if isinstance(data, bytes) else data(file)

    return cache(make)


def variables(**values: str | None) -> Callable[[Trial], dict[str, str | None]]:
    return lambda trial: values


def no_permission(place: Path) -> None:
    place.mkdir(mode=0)


ENVIRONMENTS: dict[str, Callable[[Trial], dict[str, str | None]]] = {
    "no HOME": variables(HOME=None, USER=None, LOGNAME=None),
    "a HOME that is nowhere": variables(HOME="/nowhere/at/all"),
    "an empty HOME": variables(HOME=""),
    "no variables at all": lambda trial: dict.fromkeys([*os.environ], None),
    "LANG=C": variables(LANG="C", LC_ALL="C"),
    "a locale that is none": variables(LANG="xx_XX.UTF-9", LC_ALL="xx_XX.UTF-9"),
    "TERM=dumb": variables(TERM="dumb"),
    "COLUMNS=0": variables(COLUMNS="0", LINES="0"),
    "COLUMNS=many": variables(COLUMNS="many", TQDM_MININTERVAL="x"),
    "TMPDIR is nowhere": variables(TMPDIR="/nowhere/at/all"),
    "OMP_NUM_THREADS=many": variables(OMP_NUM_THREADS="many"),
    "BIGART_DEBUG=2": variables(BIGART_DEBUG="2"),
    "BIGART_OFFLINE=": variables(BIGART_OFFLINE=""),
    "BIGART_MIRROR is nowhere": variables(BIGART_MIRROR="/nowhere"),
    "BIGART_CACHE is empty": variables(BIGART_CACHE=""),
    "BIGART_CACHE is a file": cache(lambda place: place.write_text("mine")),
    "BIGART_CACHE is a device": variables(BIGART_CACHE="/dev/null"),
    "BIGART_CACHE cannot be": variables(BIGART_CACHE="/proc/1/x"),
    "BIGART_CACHE is a link to nowhere": cache(lambda place: place.symlink_to("nowhere")),
    "BIGART_CACHE may not be written": cache(no_permission),
    "speeds are empty": speeds(b""),
    "speeds are null": speeds(b"null"),
    "speeds are a list": speeds(b"[99]"),
    "speeds are cut": speeds(b'{"cpu, bf16, 1": {"probe": [[1'),
    "speeds are binary": speeds(bytes(range(256))),
    "speeds are a million brackets": speeds(b"[" * 1_000_000),
    "speeds are 10**400": speeds(b"1" + b"0" * 400),
    "speeds are a folder": speeds(os.mkdir),
    "speeds are a pipe": speeds(os.mkfifo),
    "speeds are a device without end": speeds(lambda file: file.symlink_to("/dev/zero")),
    "speeds are a link to itself": speeds(lambda file: file.symlink_to(file.name)),
}


@kind("environments: no home, bad caches, damaged speeds, odd locales", len(ENVIRONMENTS))
def _(trial: Trial) -> None:
    trial.about, prepare = [*ENVIRONMENTS.items()][trial.number]
    ended = trial.run(*COMMANDS["enlarge"], *QUIET, environment=prepare(trial))
    trial.ends_clearly(ended, [FINE])
    trial.is_as_undisturbed("enlarge")


@kind("an environment that is refused", 3)
def _(trial: Trial) -> None:
    names = ("BIGART_CACHE", "--out", "--enlarger")
    trial.about = f"{names[trial.number]} in the home of nobody"
    environment = {"BIGART_CACHE": "~nobody-of-this-name/x"} if trial.number == 0 else {}
    more = () if trial.number == 0 else (names[trial.number], "~nobody-of-this-name/x")
    ended = trial.run(*COMMANDS["enlarge"], *QUIET, *more, environment=environment)
    trial.ends_clearly(ended, [REFUSED])
    trial.expect("nobody-of-this-name" in ended.err, f"it does not say what is wrong: {ended.err}")


@kind("speeds that were kept by somebody else: any value", 20)
def _(trial: Trial) -> None:
    values = json.loads((trial.shop / "cache" / "speeds.json").read_text())
    place, name = trial.draw.choice(places(values))
    place[name] = trial.draw.choice((*STRANGE, 0, -1, 1e-300, float("nan"), float("inf")))
    trial.about = f"{name!r} is {str(place[name])[:40]}"
    environment = speeds(json.dumps(values).encode())(trial)
    told = [word for word in QUIET if word != "--quiet"]
    ended = trial.run(*COMMANDS["enlarge"], *told, environment=environment)
    trial.ends_clearly(ended, [FINE])
    trial.is_as_undisturbed("enlarge")
