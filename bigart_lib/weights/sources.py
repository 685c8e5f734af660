"""One attempt at one source: plain HTTP, Hugging Face, Google Drive, or a folder of this machine.

What the source has beyond the part is appended to it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bigart_lib.files import read_values, write_text
from bigart_lib.machine import VERSION
from bigart_lib.weights.catalogue import Checkpoint

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 17  # bytes: what is lost when a connection breaks, and how often progress is told
TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
ATTEMPTS_TO_REACH = 2  # attempts to connect: without a network nobody should wait long
WORTH_REPEATING = (408, 425, 429, 500, 502, 503, 504)  # status codes
WEB_PAGE = "sent a web page instead of the file: the link is dead, or asks to sign in or to confirm"

# Takes bytes so far, and in all where that is known; raises RefusedError where the file cannot have so many.
Tell = Callable[[int, "int | None"], None]


class RefusedError(Exception):
    """A source does not have the file."""


class DroppedError(Exception):
    """A source broke off or is busy, and may give more at another attempt."""

    def __init__(self, reason: str, wait: float = 0.0, attempts: int = 100) -> None:
        super().__init__(reason)
        self.wait = wait  # seconds that the source asked for
        self.attempts = attempts  # that make sense


class Part:
    """What has arrived of a file, and a note beside it that says from where."""

    def __init__(self, path: Path, note: Path) -> None:
        self.path = path
        self._note = note

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def validator(self) -> str | None:
        """The ETag or date by which the source named this version of the file."""
        return self._read().get("validator")

    def begin(self, source: str, mixes: bool) -> None:
        """Keep what is here, unless it came from another source and `mixes` forbids to join the two."""
        noted = self._read()
        if self.size and noted.get("source") != source:
            if mixes:
                self.note(source, None)
            else:
                self.discard()

    def note(self, source: str, validator: str | None) -> None:
        """Remember the source of the part."""
        write_text(self._note, json.dumps({"source": source, "validator": validator}), replace=True)

    def discard(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Give the part its name, once all of it is on the disk."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.path, target)
        self._note.unlink(missing_ok=True)

    def _read(self) -> dict:
        return {name: value for name, value in read_values(self._note).items() if isinstance(value, str)}


def of(checkpoint: Checkpoint) -> list[str]:
    """Where a checkpoint may come from: the user's own address and mirror, then the catalogue's."""
    own, mirror = os.environ.get(checkpoint.variable, ""), os.environ.get("BIGART_MIRROR", "")
    mirrored = f"{mirror.rstrip('/')}/{checkpoint.file}" if mirror else ""
    return [*filter(None, [own if is_remote(own) else "", mirrored]), *checkpoint.sources]


def is_remote(source: str) -> bool:
    """Whether a source is on another machine, or else a file of this one."""
    return "://" in source


def host(source: str) -> str:
    """The name of a source in messages."""
    if not is_remote(source):
        return source
    named = {"hf": "huggingface.co", "drive": "drive.google.com"}
    parts = urlsplit(source)
    return named.get(parts.scheme, parts.netloc)


def pull(source: str, part: Part, tell: Tell) -> None:
    """Make one attempt to fill a part from a source.

    Raises
    ------
    RefusedError
        When the source has something else, or nothing.
    DroppedError
        When it broke off, or is busy.
    OSError
        When the part cannot be written.
    """
    if not is_remote(source):
        _copy(Path(source).expanduser(), part, tell)
    elif source.startswith("drive://"):
        _pull_from_drive(source, part, tell)
    else:
        _pull_over_http(source, address(source), part, tell)


def address(source: str) -> str:
    """The address of a source that speaks HTTP."""
    if not source.startswith("hf://"):
        return source
    try:
        from huggingface_hub import hf_hub_url
    except ImportError:
        raise RefusedError("needs the package huggingface_hub: pip install huggingface_hub") from None
    owner, repository, path = source.removeprefix("hf://").split("/", 2)
    return hf_hub_url(f"{owner}/{repository}", path)


def _pull_over_http(source: str, url: str, part: Part, tell: Tell) -> None:
    import requests
    from requests import exceptions as broken

    start = part.size
    headers = {"Accept-Encoding": "identity", "User-Agent": f"bigart/{VERSION}"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if part.validator:
            headers["If-Range"] = part.validator
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{start}":
                return  # nothing is left to send
            start, total = _read_answer(response, url, part, start)
            tell(start, total)
            if start == 0:
                part.note(source, _validator(response))
            _append(response.iter_content(CHUNK), part, start, total, tell)
    except requests.Timeout as error:
        raise DroppedError("did not answer", attempts=ATTEMPTS_TO_REACH) from error
    except (requests.ConnectionError, broken.ChunkedEncodingError, broken.ContentDecodingError) as error:
        if hasattr(error.args[0] if error.args else None, "reason"):  # no connection was made at all
            raise DroppedError("cannot be reached", attempts=ATTEMPTS_TO_REACH) from error
        raise DroppedError("the connection broke off") from error
    except requests.RequestException as error:
        raise RefusedError(f"cannot be asked ({error})") from error
    if total is not None and part.size < total:
        raise DroppedError(f"sent {part.size:,} of {total:,} bytes")
    if not part.size:
        raise DroppedError("sent nothing")


def _read_answer(response: requests.Response, url: str, part: Part, start: int) -> tuple[int, int | None]:
    """The first byte that the answer holds, and the size of the whole file."""
    status = response.status_code
    passed = [step.url for step in (*response.history, response)]
    if url.startswith("https:") and not all(step.startswith("https:") for step in passed):
        raise RefusedError("led to an address without encryption")
    if status in WORTH_REPEATING:
        asked = response.headers.get("Retry-After", "")
        raise DroppedError(_status(response), wait=float(asked) if asked.isdecimal() else 0.0)
    if status == 416:  # the part is longer than the file is now
        part.discard()
        raise DroppedError(_status(response))
    if status not in (200, 206):
        raise RefusedError(_status(response))
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise RefusedError(WEB_PAGE)
    if status == 200:  # from the start, whatever was asked for
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    first, total = span.partition("-")[0], span.partition("/")[2]
    if unit != "bytes" or first != str(start):
        part.discard()
        raise DroppedError("sent another piece of the file than it was asked for")
    return start, int(total) if total.isdecimal() else None


def _status(response: requests.Response) -> str:
    return f"answered {response.status_code} {response.reason or ''}".strip()


def _validator(response: requests.Response) -> str | None:
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _append(chunks: Iterable[bytes], part: Part, start: int, total: int | None, tell: Tell) -> None:
    """Write what arrives, from byte `start` on."""
    file = None
    try:
        for chunk in chunks:
            if file is None:  # only now: what is here is not given up for an answer without bytes
                if start == 0 and _is_web_page(chunk):
                    raise RefusedError(WEB_PAGE)
                file = part.path.open("ab" if start else "wb")
            file.write(chunk)
            start += len(chunk)
            tell(start, total)
    finally:
        if file is not None:
            file.close()


def _is_web_page(chunk: bytes) -> bool:
    return chunk.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<?xml"))


def _copy(original: Path, part: Part, tell: Tell) -> None:
    if not original.is_file():
        raise RefusedError("has no such file")
    part.discard()
    total = original.stat().st_size
    tell(0, total)
    _append(_read(original), part, 0, total, tell)


def _read(original: Path) -> Iterator[bytes]:
    try:
        with original.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror})") from error


def _pull_from_drive(source: str, part: Part, tell: Tell) -> None:
    """Let gdown find a file in a shared folder and fetch it; it answers what Drive asks back."""
    try:
        import gdown
    except ImportError:
        raise RefusedError("needs the package gdown: pip install gdown") from None
    folder, name = source.removeprefix("drive://").split("/", 1)
    try:
        listed = gdown.download_folder(id=folder, quiet=True, skip_download=True) or []
        found = [entry.id for entry in listed if Path(entry.path).name == name]
        if not found:
            raise RefusedError(f"has no {name} in its folder")
        part.discard()
        gdown.download(id=found[0], output=str(part.path), quiet=True, resume=True)
    except Exception as error:  # gdown has a kind for each way in which Drive refuses
        if isinstance(error, RefusedError) or getattr(error, "errno", None):  # the disk's
            raise
        raise RefusedError(f"gave nothing ({' '.join(str(error).split())})") from error
    if not part.size:
        raise RefusedError("gave nothing")
    tell(part.size, None)
