"""A file of prompts, read line by line: text, a table as a spreadsheet writes it, or JSON lines.

It knows lines and columns, and not what a setting means. Memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

from bigart_lib.pictures.recipe import load_json
from bigart_lib.progress import Announce, announce_nothing

PROMPT = "prompt"
STDIN = "-"
COMMENT = "#"
LONGEST_LINE = 100_000  # characters
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
FALLBACK = "cp1252"  # what Excel calls CSV, in Western Europe and America
DELIMITERS = ",;\t"
TABLES, OBJECTS = (".csv", ".tsv", ".tab"), (".jsonl", ".ndjson")  # endings of files' names


class Line(NamedTuple):
    """A line that says something."""

    number: int  # from 1, as an editor counts; where a cell has several lines, that of the first
    values: dict[str, str | list[str]]  # by the names of columns, "prompt" among them; empty ones left out
    problem: str = ""  # why it cannot be read


@contextmanager
def opened(path: Path | str, announce: Announce = announce_nothing) -> Iterator[TextIO]:
    """A file, or the standard input where it is called "-", as text.

    Raises
    ------
    OSError, ValueError
        When there is no such file, or it is no text.
    """
    with tempfile.TemporaryFile() if str(path) == STDIN else Path(path).open("rb") as file:
        if str(path) == STDIN:  # which can be read once, and must be looked through first
            shutil.copyfileobj(sys.stdin.buffer, file)
        encoding = _encoding(file, path, announce)
        file.seek(0)
        with io.TextIOWrapper(file, encoding, newline="") as text:
            yield text


def lines(text: TextIO, name: str, columns: Collection[str]) -> Iterator[Line]:
    r"""What a file says, line by line; those that cannot be read have a problem.

    Text has a prompt a line; empty lines and those that begin with # say nothing, and \# begins a prompt. A
    table begins with the names of its columns. JSON lines are an object each.

    Parameters
    ----------
    name : of the file.
    columns : what may be named beside "prompt".

    Raises
    ------
    ValueError
        When a table has a column that is called otherwise, or none for prompts.
    """
    bounded = _bounded(text)
    first = next((one for one in bounded if one[1].strip()), None)
    if first is None:
        return iter(())
    ending = Path(name).suffix.lower()
    if ending in OBJECTS or (ending not in TABLES and _is_object(first[1])):
        return _objects(first, bounded, columns)
    if ending in TABLES or _is_header(first[1]):
        return _table(first, bounded, columns)
    return _prompts(first, bounded)


def _encoding(file: BinaryIO, path: Path | str, announce: Announce) -> str:
    """How a file is encoded; reads all of it, in pieces."""
    start = file.read(1024)
    marked = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)
    if marked is None and b"\0" in start:
        raise ValueError(f"{path} is no text: save it as text, CSV or JSON lines in UTF-8")
    for encoding in [marked] if marked else ["utf-8", FALLBACK]:
        with suppress(UnicodeDecodeError):
            _decode(file, encoding)
            if encoding == FALLBACK:
                announce(f"{path} is not in UTF-8 and is read as Windows-1252: see that accents are right")
            return encoding
    raise ValueError(f"{path} is neither in UTF-8, UTF-16 nor Windows-1252: save it in UTF-8")


def _decode(file: BinaryIO, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    while chunk := file.read(1 << 16):
        decoder.decode(chunk)
    decoder.decode(b"", final=True)


def _bounded(text: TextIO) -> Iterator[tuple[int, str]]:
    """Lines and their numbers; of one without end, as much as shows that it is too long."""
    number = 0
    while line := text.readline(LONGEST_LINE + 2):
        number += 1
        rest = line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(LONGEST_LINE)
        yield number, line


def _prompts(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[Line]:
    for number, line in chain([first], rest):
        said = line.strip()
        if said and not said.startswith(COMMENT):
            yield _checked(Line(number, {PROMPT: said.removeprefix("\\") if said[:2] == "\\#" else said}))


def _checked(line: Line) -> Line:
    if len(line.values.get(PROMPT, "")) > LONGEST_LINE:
        return Line(line.number, {}, f"it is longer than {LONGEST_LINE:,} characters")
    return line


# --------------------------------------------------------------------------------------------- JSON lines


def _is_object(line: str) -> bool:
    """Whether a line is an object; a pattern begins with a brace too."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _objects(
    first: tuple[int, str], rest: Iterator[tuple[int, str]], columns: Collection[str]
) -> Iterator[Line]:
    for number, line in chain([first], rest):
        if line.strip():
            try:
                yield _checked(Line(number, _values(load_json(line, "a line of JSON"), columns)))
            except ValueError as error:
                yield Line(number, {}, str(error))


def _values(found: dict[str, Any], columns: Collection[str]) -> dict[str, str | list[str]]:
    named = {_known(name, columns): value for name, value in found.items()}
    return {name: _said(name, value) for name, value in named.items() if value not in (None, "", [])}


def _said(name: str, value: Any) -> str | list[str]:
    """A value as it would stand in a cell."""
    if isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value):
        return [str(_said(name, one)) for one in value]
    if isinstance(value, (list, dict)):
        raise ValueError(f"{name} must be a word, a number or a list of these, not {str(value)[:60]}")
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------------------------------- tables


def _is_header(line: str) -> bool:
    """Whether a line names columns: several, and one for prompts; or says how columns are divided."""
    cells = next(csv.reader([line], delimiter=_delimiter(line)), [])
    return _separator(line) is not None or (len(cells) > 1 and PROMPT in map(_plain, cells))


def _separator(line: str) -> str | None:
    """What Excel's first line `sep=;` says."""
    found = re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"))
    return found[1] if found else None


def _delimiter(header: str) -> str:
    """What divides the names of columns: the sign that gives most of them."""
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([header], delimiter=sign), [])))


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _known(name: str, columns: Collection[str]) -> str:
    plain = _plain(name)
    if plain == PROMPT or plain in columns:
        return plain
    near = difflib.get_close_matches(plain, [PROMPT, *columns], 1)
    hint = f"did you mean {near[0]}?" if near else f"expected prompt, {', '.join(sorted(columns))}"
    raise ValueError(f"there is no setting {name.strip()[:60]!r}: {hint}")


class _Numbered:
    """Gives `csv.reader` its lines, and knows the number of the latest."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._numbered, self.number = numbered, 0

    def __iter__(self) -> Iterator[str]:
        for number, line in self._numbered:
            self.number = number
            yield line


def _table(
    first: tuple[int, str], rest: Iterator[tuple[int, str]], columns: Collection[str]
) -> Iterator[Line]:
    delimiter = _separator(first[1])
    if delimiter:
        first = next((one for one in rest if one[1].strip()), first)
    numbered = _Numbered(chain([first], rest))
    rows = csv.reader(iter(numbered), delimiter=delimiter or _delimiter(first[1]), strict=True)
    header = [name.strip() and _known(name, columns) for name in next(rows)]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if PROMPT not in header or twice:
        what = f"has two columns for {twice[0]}" if twice else "has no column called prompt"
        raise ValueError(f"line {first[0]}: the table {what}")
    return _rows(rows, numbered, header)


def _rows(rows: Iterator[list[str]], numbered: _Numbered, header: Sequence[str]) -> Iterator[Line]:
    while True:
        number = numbered.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, {}, f"its quotes are not as a spreadsheet writes them ({error})")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(header) :]) or any(
            cell.strip() for cell, name in zip(cells, header, strict=False) if not name
        ):
            yield Line(number, {}, f"it has more cells than the {len([*filter(None, header)])} named columns")
            continue
        named = zip(header, cells, strict=False)
        yield _checked(Line(number, {name: cell.strip() for name, cell in named if name and cell.strip()}))
