r"""Patterns in prompts, as other programs write them: one line says many prompts.

    {red|blue} circles              one of several; empty ones and braces within braces are allowed
    {2::red|blue} circles           weights, for random drawing
    {2$$a|b|c}  {2-3$$ and $$a|b}   several of them in their order, joined by ", " or by what is named
    __colours__ circles             a line of the file colours.txt, which may hold patterns too
    \{ \} \| \_ \\                  these signs themselves

It knows prompts and files of words, and nothing of pictures.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from pathlib import Path
from random import Random

from bigart_lib.files import read_text

MOST_PROMPTS = 1000  # that one line may stand for
DEEPEST = 20  # braces within braces, and files of words that name one another
MOST_CHOSEN = 100  # of the options of one pattern
DRAWS = 20  # times as often as prompts are wanted, as some are drawn twice
SEPARATOR = ", "
SIGN = re.compile(r"\\([{}|_\\])|__([^\W_][\w./-]*?)__|([{}|])")
WEIGHT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)::")
BOUNDS = re.compile(r"\s*(?:(\d{1,4})|(\d{1,4})?\s*-\s*(\d{1,4})?)\s*\$\$(?:([^{}|$]*)\$\$)?")


@dataclass(frozen=True)
class Choice:
    """One or several of some options."""

    options: tuple[tuple[float, Parts], ...]  # each with its weight
    least: int = 1
    most: int = 1
    separator: str = SEPARATOR


Parts = tuple["str | Choice", ...]


class Template:
    """A prompt with patterns.

    Parameters
    ----------
    words : what __colours__ names.

    Raises
    ------
    ValueError
        When a brace is not closed, or was not opened, or a file of words is missing.
    """

    def __init__(self, text: str, words: Words) -> None:
        self._text = text
        self._parts = _Reader(text, words, DEEPEST).whole()

    @property
    def count(self) -> int:
        """How many prompts it stands for."""
        return _count(self._parts)

    def every(self) -> Iterator[str]:
        """All its prompts, each once; raises a ValueError where these are too many."""
        if (count := self.count) > MOST_PROMPTS:
            raise ValueError(
                f"the pattern stands for {_in_figures(count)} prompts, of at most {MOST_PROMPTS:,}: "
                "--combine random N draws some of them"
            )
        yield from dict.fromkeys(_every(self._parts))

    def drawn(self, number: int, seed: int) -> list[str]:
        """So many different prompts, or all where it has no more; the same for the same seed."""
        generator = Random(f"{seed} {self._text}")  # its own, so that other lines do not matter
        draws = (_drawn(self._parts, generator) for _ in range(number * DRAWS))
        return [*islice(dict.fromkeys(draws), number)]


def _in_figures(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"some 10^{math.floor(math.log10(count))}"


class Words:
    """The files of words in a folder, each read once.

    Parameters
    ----------
    folder : where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Choice] = {}

    def choice(self, name: str, depth: int) -> Choice:
        """The lines of a file: empty ones and those that begin with # are none."""
        if name not in self._read:
            options = []
            for line in map(str.strip, self._text(name).splitlines()):
                if line and not line.startswith("#"):
                    weight = WEIGHT.match(line)
                    reader = _Reader(line[weight.end() if weight else 0 :], self, depth)
                    options.append((float(weight[1]) if weight else 1.0, reader.whole()))
            if not options:
                raise ValueError(f"the file of words {name}.txt has no words")
            self._read[name] = Choice(tuple(options))
        return self._read[name]

    def _text(self, name: str) -> str:
        path = self._folder / f"{name}.txt"
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise ValueError(f"__{name}__ names a file outside {self._folder}")
        try:
            return read_text(path)
        except UnicodeDecodeError:
            raise ValueError(f"the file of words {path} is not in UTF-8: save it as that") from None
        except OSError as error:
            raise ValueError(
                f"the file of words {path} cannot be read ({error.strerror}): name its folder by --words"
            ) from None


class _Reader:
    """Reads a text from left to right; `depth` counts how much deeper it may go."""

    def __init__(self, text: str, words: Words, depth: int) -> None:
        self._text, self._words, self._place = text, words, 0
        self._depth = depth
        self._deeper(0)

    def whole(self) -> Parts:
        """All of the text; a | outside of braces is one."""
        parts, sign = self._sequence(ends="}")
        if sign:
            raise ValueError(f"a }} was never opened, at letter {self._place} (write \\}} for the sign)")
        return parts

    def _sequence(self, ends: str) -> tuple[Parts, str]:
        """The parts up to a sign that ends them, and that sign; it is empty where the text ends."""
        parts: list[str | Choice] = []
        for found in iter(lambda: SIGN.search(self._text, self._place), None):
            escaped, name, sign = found.groups()
            parts.append(self._text[self._place : found.start()])
            self._place = found.end()
            if sign and sign in ends:
                return tuple(filter(None, parts)), sign
            if sign == "{":
                parts.append(self._choice())
            else:
                parts.append(self._words.choice(name, self._depth - 1) if name else escaped or sign)
        parts.append(self._text[self._place :])
        self._place = len(self._text)
        return tuple(filter(None, parts)), ""

    def _choice(self) -> Choice:
        opened = self._place
        self._deeper(1)
        bounds = BOUNDS.match(self._text, self._place)
        self._place = bounds.end() if bounds else self._place
        options, sign = [], "|"
        while sign == "|":
            weight = WEIGHT.match(self._text, self._place)
            self._place = weight.end() if weight else self._place
            parts, sign = self._sequence(ends="|}")
            options.append((float(weight[1]) if weight else 1.0, parts))
        if not sign:
            raise ValueError(f"the {{ at letter {opened} is never closed (write \\{{ for the sign)")
        self._deeper(-1)
        return _bounded(options, bounds)

    def _deeper(self, steps: int) -> None:
        self._depth -= steps
        if self._depth < 0:
            raise ValueError(
                f"more than {DEEPEST} patterns within one another: does a file of words name itself?"
            )


def _bounded(options: list[tuple[float, Parts]], bounds: re.Match[str] | None) -> Choice:
    """A choice of so many as its bounds say; of a file of words alone, of its lines."""
    if len(options) == 1 and len(options[0][1]) == 1 and isinstance(inner := options[0][1][0], Choice):
        options = [*inner.options] if (inner.least, inner.most) == (1, 1) else options
    if not bounds:
        return Choice(tuple(options))
    exact, first, last, separator = bounds.groups()
    least, most = int(exact or first or 1), int(exact or last or len(options))
    if not 0 <= least <= most <= min(len(options), MOST_CHOSEN):
        raise ValueError(
            f"a pattern asks for {bounds[0].split('$')[0].strip()} of {len(options)} options, of at most "
            f"{MOST_CHOSEN}"
        )
    return Choice(tuple(options), least, most, SEPARATOR if separator is None else separator)


def _count(parts: Parts) -> int:
    return math.prod(_count_of(part) for part in parts if isinstance(part, Choice))


def _count_of(choice: Choice) -> int:
    """In how many ways a choice comes out: the elementary symmetric sums of its options' counts."""
    ways = [1] + [0] * choice.most  # of choosing 0, 1, 2 ... of the options so far
    for _, option in choice.options:
        count = _count(option)
        for chosen in range(choice.most, 0, -1):
            ways[chosen] += count * ways[chosen - 1]
    return sum(ways[choice.least :])


def _every(parts: Parts) -> Iterator[str]:
    """Every text; who calls has seen that these are few."""
    texts = ([part] if isinstance(part, str) else [*_every_of(part)] for part in parts)
    return map("".join, product(*texts))


def _every_of(choice: Choice) -> Iterator[str]:
    options = [[*_every(option)] for _, option in choice.options]
    for number in range(choice.least, choice.most + 1):
        for chosen in combinations(options, number):
            yield from map(choice.separator.join, product(*chosen))


def _drawn(parts: Parts, generator: Random) -> str:
    return "".join(part if isinstance(part, str) else _drawn_of(part, generator) for part in parts)


def _drawn_of(choice: Choice, generator: Random) -> str:
    left: Sequence[int] = range(len(choice.options))
    chosen: list[int] = []
    for _ in range(generator.randint(choice.least, choice.most)):
        weights = [choice.options[one][0] for one in left]
        if not any(weights):
            break
        chosen += generator.choices(left, weights)
        left = [one for one in left if one not in chosen]
    texts = (_drawn(choice.options[one][1], generator) for one in sorted(chosen))
    return choice.separator.join(texts)
