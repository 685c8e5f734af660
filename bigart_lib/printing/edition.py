"""An edition: numbered prints of one picture, each with grain of its own, and a certificate for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bigart_lib.files import read_values, set_aside, write_text
from bigart_lib.printing.paper import Paper
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.settings import Bounds, check, check_flag
from bigart_lib.text import readable

TOTAL = Bounds(1, 1000)  # prints of an edition
TEXTURE = 0.02  # amount, where none is asked for: seen under a loupe alone
LONGEST_WORD = 200  # characters of what an artist says
BLOCK = 1 << 20  # bytes that are hashed at a time


@dataclass(frozen=True)
class Edition:
    """An edition, and what its certificates say; what is None they leave out."""

    total: int  # prints; TOTAL
    title: str | None = None  # None: the picture's own, or its prompt, or its file's name
    artist: str | None = None
    date: str | None = None  # as the artist writes it
    medium: str | None = None  # the paper, as in "Hahnemühle Photo Rag 308 g"
    method: str | None = None  # as in "pigment print"
    prompt: bool = False  # whether the prompt stands on the certificate

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", check("edition", self.total, TOTAL, whole=True))
        check_flag("prompt", self.prompt)
        for one in fields(self):
            if one.name in ("total", "prompt") or (word := getattr(self, one.name)) is None:
                continue
            if not isinstance(word, str) or not word.strip() or len(word) > LONGEST_WORD:
                raise ValueError(f"{one.name} must be a line of at most {LONGEST_WORD} letters")
            object.__setattr__(self, one.name, " ".join(readable(word).split()))

    def numbered(self, number: int) -> str:
        """How a print is numbered: "3/25"."""
        return f"{number}/{self.total}"


class Ledger:
    """Which prints of an edition are finished, with the SHA-256 of each, in a file beside them.

    Parameters
    ----------
    stem : how its files are called, before their numbers.
    ending : of the prints.
    key : see `key_of`.

    Raises
    ------
    ValueError
        When what is there belongs to another edition: other settings, or another picture.
    """

    def __init__(self, folder: Path, stem: str, ending: str, edition: Edition, key: str) -> None:
        self._folder, self._stem, self._ending, self._edition = folder, stem, ending, edition
        self._path, self._key = folder / f"{stem}_edition-of-{edition.total}.json", key
        kept = read_values(self._path)
        if self._path.exists() and kept.get("edition") != key:
            raise ValueError(
                f"{self._path} is of an edition with other settings or of another picture: choose another "
                "folder by --out, or give the settings of then"
            )
        prints = kept.get("prints")
        self._prints: dict[str, str] = dict(prints) if isinstance(prints, Mapping) else {}
        if not self._path.exists() and (found := [one for one in self.prints() if one.exists()]):
            raise FileExistsError(17, "there is such a file already, of no known edition", str(found[0]))

    def prints(self) -> list[Path]:
        """The files of all its prints, by their numbers."""
        digits, total = len(str(self._edition.total)), self._edition.total
        numbers = (f"{number:0{digits}d}-of-{total}" for number in range(1, total + 1))
        return [self._folder / f"{self._stem}_{number}{self._ending}" for number in numbers]

    def begin(self) -> None:
        """Write down which edition this is, before its first print."""
        self._write()

    def has(self, path: Path) -> bool:
        """Whether a print is there as it was made; one that was changed since is set aside."""
        if not path.is_file():
            return False
        if self._prints.get(path.name) in (None, sha256(path)):
            return True  # one that is not noted was finished at the moment of a break
        set_aside(path)
        return False

    def add(self, path: Path) -> str:
        """Note that a print is finished; returns its SHA-256."""
        self._prints[path.name] = sha256(path)
        self._write()
        return self._prints[path.name]

    def _write(self) -> None:
        values = {"edition": self._key, "prints": dict(sorted(self._prints.items()))}
        write_text(self._path, json.dumps(values, indent=1) + "\n", replace=True)


def key_of(picture: Path, settings: PrintSettings, edition: Edition) -> str:
    """What decides the prints of an edition, as a hash: the picture, the settings, the number of prints."""
    values: dict[str, Any] = {"picture": sha256(picture), "total": edition.total, **asdict(settings)}
    values["paper"] = list(settings.paper) if isinstance(settings.paper, Paper) else settings.paper
    if settings.profile:
        values["profile"] = sha256(Path(settings.profile))
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def make_all(
    ledger: Ledger, make: Callable[[Path, int], None], certify: Callable[[Path, int, str], None]
) -> list[Path]:
    """Make what is missing of an edition, print by print; returns all its files.

    Parameters
    ----------
    make : writes the print of a number.
    certify : writes its certificate, given the print's SHA-256.
    """
    files = []
    ledger.begin()
    for number, path in enumerate(ledger.prints(), start=1):
        if not ledger.has(path):
            make(path, number)
        fingerprint = ledger.add(path)
        paper = path.with_name(f"{path.stem}_certificate.pdf")
        if not paper.exists():
            certify(paper, number, fingerprint)
        files += [path, paper]
    return files
