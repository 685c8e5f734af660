"""What was made is damaged by somebody else: pictures, exact results, journals."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.trial import EXACT, FINE, Trial, contents, kind


def truncated(path: Path, trial: Trial) -> None:
    os.truncate(path, trial.draw.randrange(path.stat().st_size))


def bit_flipped(path: Path, trial: Trial) -> None:
    data = bytearray(path.read_bytes())
    data[trial.draw.randrange(len(data))] ^= 1 << trial.draw.randrange(8)
    path.write_bytes(data)


def longer(path: Path, trial: Trial) -> None:
    with path.open("ab") as file:
        file.write(trial.draw.randbytes(1000))


def replaced(data: bytes) -> Callable[[Path, Trial], None]:
    return lambda path, trial: path.write_bytes(data)


def gone(path: Path, trial: Trial) -> None:
    path.unlink()


def a_folder(path: Path, trial: Trial) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def a_dangling_link(path: Path, trial: Trial) -> None:
    path.unlink()
    path.symlink_to("nowhere/at/all")


def a_link_to_itself(path: Path, trial: Trial) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_pipe(path: Path, trial: Trial) -> None:
    path.unlink()
    os.mkfifo(path)


def another_of_the_run(path: Path, trial: Trial) -> None:
    others = [other for other in sorted(path.parent.glob("*.*")) if other != path]
    shutil.copyfile(trial.draw.choice(others), path)


def of_zeros(path: Path, trial: Trial) -> None:
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES = {
    "truncated": truncated,
    "a bit flipped": bit_flipped,
    "bytes at the end": longer,
    "empty": replaced(b""),
    "replaced by text": replaced(b"not a picture\n"),
    "replaced by zeros": of_zeros,
    "replaced by another of the run": another_of_the_run,
    "gone": gone,
    "replaced by a folder": a_folder,
    "replaced by a link to nowhere": a_dangling_link,
    "replaced by a link to itself": a_link_to_itself,
    "replaced by a pipe": a_pipe,
}


def given(trial: Trial, command: str) -> Path:
    """A finished run, copied to this trial's folder."""
    made = trial.undisturbed(command).folder
    return Path(shutil.copytree(made, trial.pictures / made.name, ignore=shutil.ignore_patterns(".*")))


def harm(trial: Trial, files: list[Path]) -> None:
    trial.about, damage = [*DAMAGES.items()][trial.number % len(DAMAGES)]
    path = trial.draw.choice(files)
    trial.about = f"{path.relative_to(trial.pictures)} {trial.about}"
    damage(path, trial)


def comes_back(trial: Trial, run: Path, command: str) -> None:
    """Check that `resume` makes again what was damaged, and leaves what somebody else put there."""
    ended = trial.run("resume", str(run.relative_to(trial.folder)), "--quiet", limit=30)
    trial.ends_clearly(ended, [FINE])
    expected, found = trial.undisturbed(command).contents, contents(run)
    differing = {name for name, sha256 in expected.items() if found.get(name) != sha256}
    differing -= {name for name in differing if name.endswith(EXACT)}  # those that nothing needed
    trial.expect(not differing, f"not as undisturbed: {sorted(differing)}")
    strange = [
        name for name in found.keys() - expected.keys() if "set-aside" not in name and "mine" not in name
    ]
    trial.expect(not strange, f"new names: {strange}")


@kind("a damaged picture in a run, then resume", 4 * len(DAMAGES))
def _(trial: Trial) -> None:
    command = ("prompt", "enlarge")[trial.number // len(DAMAGES) % 2]
    run = given(trial, command)
    harm(trial, sorted(run.rglob("*.png")))
    comes_back(trial, run, command)


@kind("a damaged exact result, then resume", len(DAMAGES))
def _(trial: Trial) -> None:
    run = given(trial, "prompt")
    harm(trial, sorted(run.rglob("*.safetensors")))
    for path in run.rglob("1024*.png"):  # which the exact results are needed for
        path.unlink()
    comes_back(trial, run, "prompt")


def value(change: Callable[[dict], object]) -> Callable[[Path, Trial], None]:
    """Damage that changes the journal's values."""

    def damage(path: Path, trial: Trial) -> None:
        values = json.loads(path.read_text())
        path.write_text(json.dumps(values if (changed := change(values)) is None else changed))

    return damage


def entry(name: str, to: object) -> Callable[[Path, Trial], None]:
    return value(lambda values: values["made"][[*values["made"]][-1]].update({name: to}))


def with_bom(path: Path, trial: Trial) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def in_utf_16(path: Path, trial: Trial) -> None:
    path.write_text(path.read_text(), encoding="utf-16")


def any_value(path: Path, trial: Trial) -> None:
    """Replace one value, anywhere."""
    values = json.loads(path.read_text())
    place, name = trial.draw.choice([*places(values)])
    place[name] = trial.draw.choice(STRANGE)
    trial.about += f" {name!r} is {json.dumps(place[name])[:40]}"
    path.write_text(json.dumps(values))


def places(values: object) -> list[tuple[object, object]]:
    """Every object or list in plain values, with every name or position in it."""
    pairs = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    return [place for name, inner in pairs for place in [(values, name), *places(inner)]]


STRANGE = (
    *(None, True, 0, -1, 1.5, 2, 99, 10**30, 1e308),
    *("", "x", "../../x", "/etc/passwd", "\0", "\ud800", "a\nb"),
    *([], [99], ["x"], {}, {"x": 1}, [[[[]]]], 10**400),
)
JOURNALS = {
    **DAMAGES,
    "null": replaced(b"null"),
    "a list": replaced(b"[99]"),
    "a number": replaced(b"1"),
    "a text": replaced(b'"x"'),
    "an empty object": replaced(b"{}"),
    "with a BOM": with_bom,
    "in UTF-16": in_utf_16,
    "10**400": replaced(b"1" + b"0" * 400),
    "a million brackets": replaced(b"[" * 1_000_000),
    "a million braces": replaced(b'{"a":' * 1_000_000),
    "50 MB": replaced(b'{"a": "' + b"x" * 50_000_000 + b'"}'),
    "of another format": value(lambda values: values.update(format=99)),
    "files elsewhere": entry("file", "../../photo.png"),
    "files by absolute path": entry("file", "/etc/passwd"),
    "a file that is a folder": entry("file", "."),
    "a file of no name": entry("file", ""),
    "a file that is a number": entry("file", 7),
    "a file with NUL": entry("file", "a\0b"),
    "a hash that is a list": entry("sha256", [1]),
    "no recipe": value(lambda values: values.pop("recipe")),
    "a recipe of a list": value(lambda values: values.update(recipe=[])),
    "no indices": value(lambda values: values.update(indices=[10**9, -1, "x", None])),
    "favourites of texts": value(lambda values: values.update(favourites=["x", None, {}])),
    "wanted of numbers": value(lambda values: values.update(wanted=[1, None])),
    "wanted of another number": value(lambda values: values["wanted"][0].update(index=99)),
    "made of a list": value(lambda values: values.update(made=[])),
    "options of strange names": value(lambda values: values.update(options={"report": 1, "__class__": "x"})),
    "options of a network elsewhere": value(lambda values: values["options"].update(enlarger="/etc/passwd")),
    **{f"a strange value {number}:": any_value for number in range(60)},
}


@kind("a damaged journal: for resume, the studio's session and info", 3 * len(JOURNALS))
def _(trial: Trial) -> None:
    trial.about, damage = [*JOURNALS.items()][trial.number // 3]
    run = given(trial, "candidates")
    other = Path(shutil.copytree(run, trial.pictures / "another", ignore=shutil.ignore_patterns(".*")))
    damage(run / "run.json", trial)
    before = contents(run)
    use = (by_resume, by_session, by_info)[trial.number % 3]
    trial.about += f", {use.__name__}"
    use(trial, run, other)
    after = contents(run)
    changed = {name: sha256 for name, sha256 in before.items() if after.get(name) != sha256}
    lost = [name for name, sha256 in changed.items() if not was_set_aside(sha256, after)]
    trial.expect(not lost, f"lost or changed: {lost}")


def was_set_aside(sha256: str, after: dict[str, str]) -> bool:
    """Whether a file was set aside rather than lost."""
    return any(other == sha256 and "set-aside" in where for where, other in after.items())


def by_resume(trial: Trial, run: Path, other: Path) -> None:
    ended = trial.run("resume", str(run.relative_to(trial.folder)), "--quiet", limit=30)
    trial.ends_clearly(ended)
    trial.ends_clearly(trial.run("resume", "--quiet", "--out", "pictures", limit=30))


def by_session(trial: Trial, run: Path, other: Path) -> None:
    ended = trial.call(lambda: open_all(trial.pictures), limit=30)
    trial.ends_clearly(ended, [FINE])
    trial.expect("opened another" in ended.out, f"the run beside it is not offered any more: {ended.out!r}")


def open_all(folder: Path) -> int:
    import bigart_lib
    from bigart_lib.runs.session import Session
    from bigart_lib.runs.shelf import on_disk

    session = Session(bigart_lib.load("embedded", device="cpu"), folder)
    for one in on_disk(session):
        try:
            batch = session.open(one.path)
            print("opened", one.path.name, batch.favourites, batch.last_picked())
        except ValueError as error:  # PictureError is one
            print("refused", one.words, one.problem, error)
    return 0


def by_info(trial: Trial, run: Path, other: Path) -> None:
    ended = trial.run("info", str((run / "candidate-1" / "256.png").relative_to(trial.folder)), limit=30)
    trial.ends_clearly(ended, [FINE])
