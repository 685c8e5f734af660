"""The words of a prompt against a small vocabulary: which are in it, by themselves or as another word.

A word that is not in the vocabulary is looked for in its other number and its other spelling, British or
American, then in a table of words that may stand in for it. The tables are in words.json.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


class _Tables(NamedTuple):
    """What words.json holds, which says of each table what it is for."""

    function_words: frozenset[str]
    swaps: tuple[tuple[str, str], ...]  # a part of a word, and what may stand in its place
    not_plurals: frozenset[str]
    stand_ins: dict[str, list[str]]  # words and phrases that a word may be read as, the first choice first


@functools.cache
def _tables() -> _Tables:
    tables = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
    stand_ins: dict[str, list[str]] = {}
    for topic in tables["synonyms"].values():
        for phrase, words in topic.items():
            for word in words.split():
                stand_ins.setdefault(word, []).append(phrase)
    pairs = [pair for kind in tables["pairs"].values() for pair in kind.items()]
    return _Tables(
        frozenset(" ".join(tables["function words"]).split()),
        tuple(swap for pair in pairs for swap in (pair, pair[::-1])),
        frozenset(tables["not plurals"]),
        stand_ins,
    )


@dataclass(frozen=True)
class Reading:
    """What a model makes of the words of a prompt: each once, in the prompt's own spelling and order.

    Function words, such as "a", "of" and "with", are left out. Not kept in a recipe: prompt, models and
    version decide it.
    """

    followed: tuple[str, ...] = ()  # read, by themselves or as another word
    unknown: tuple[str, ...] = ()  # passed over
    beyond: tuple[str, ...] = ()  # known, but further back than the model reads
    read_as: tuple[tuple[str, str], ...] = ()  # a followed word, and the other that it was read as
    length: tuple[int, int] | None = None  # tokens that are read, and all there are, where these are more


class Word(NamedTuple):
    """One word of a prompt, and the words of the vocabulary that it is read as; none if it is unknown."""

    spelling: str
    known: tuple[str, ...]
    is_another: bool = False  # whether those are other words than this, not only forms of it


def read_words(prompt: str, vocabulary: Container[str]) -> list[Word]:
    """Every word of a prompt, function words too; hyphens and signs separate them."""
    return [_read_word(found[0], vocabulary) for found in _places(prompt)]


def make_reading(prompt: str, vocabulary: Container[str], context_length: int) -> Reading:
    """What a model with a vocabulary makes of a prompt, of which it reads `context_length` known words."""
    position, first, others = 0, {}, []
    for word in read_words(prompt, vocabulary):
        position += len(word.known)
        fate = "unknown" if not word.known else "followed" if position <= context_length else "beyond"
        if _plain(word.spelling) not in first:
            first[_plain(word.spelling)] = word.spelling, fate
            others += [word] if fate == "followed" and word.is_another else []
    read_as = tuple((word.spelling, " ".join(word.known)) for word in others)
    return Reading(**_by_fate(first), read_as=read_as, length=_length(context_length, position))


def spelled_reading(prompt: str, read: str, most: int, count: int) -> Reading:
    """What a model that knows every word makes of a prompt, of which it reads the beginning.

    Parameters
    ----------
    read : that beginning, in lower case. Where it ends within a word, that is not followed.
    most, count : tokens that the model reads, and that the prompt has.
    """
    # Some letters become two in lower case.
    lengths = accumulate(len(letter.lower()) for letter in prompt)
    end = sum(length <= len(read) for length in lengths)
    first: dict[str, tuple[str, str]] = {}
    for found in _places(prompt):
        fate = "followed" if found.end() <= end else "beyond"
        first.setdefault(_plain(found[0]), (found[0], fate))
    return Reading(**_by_fate(first), length=_length(most, count))


def _by_fate(first: dict[str, tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Spellings by fate, out of the first spelling and the fate of each word; no function words."""
    told = [found for plain, found in first.items() if plain not in _tables().function_words]
    return {
        fate: tuple(spelling for spelling, its_fate in told if its_fate == fate)
        for fate in ("followed", "unknown", "beyond")
    }


def _length(most: int, count: int) -> tuple[int, int] | None:
    return (most, count) if count > most else None


def split_words(prompt: str) -> list[str]:
    """Lower-case words of a prompt; hyphens and signs separate them."""
    return re.findall(r"[a-z]+", prompt.lower())


def _places(prompt: str) -> list[re.Match[str]]:
    """Where the words of a prompt are."""
    # A prompt of nothing but signs is no less a prompt: they are its words.
    return [*re.finditer(r"[^\W_]+(?:['’][^\W_]+)*", prompt)] or [*re.finditer(r"\S+", prompt)]


def _plain(spelling: str) -> str:
    """A word in lower case, without the sign of possession."""
    return re.sub(r"['’]s$", "", spelling.lower())


def _read_word(spelling: str, vocabulary: Container[str]) -> Word:
    pieces = split_words(spelling)  # several around an apostrophe or a letter with an accent
    if pieces and all(piece in vocabulary for piece in pieces):
        return Word(spelling, tuple(pieces))
    plain = _plain(spelling)
    if plain in _tables().function_words:
        return Word(spelling, ())
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()  # without accents
    if form := _known_form(plain, vocabulary):
        return Word(spelling, (form,))
    for form in _forms(plain):
        for phrase in _tables().stand_ins.get(form, ()):
            known = [_known_form(other, vocabulary) for other in phrase.split()]
            if all(known):
                return Word(spelling, tuple(known), is_another=True)
    rest = (piece for piece in pieces if piece in vocabulary and piece not in _tables().function_words)
    return Word(spelling, tuple(rest))


def _known_form(word: str, vocabulary: Container[str]) -> str | None:
    return next((form for form in _forms(word) if form in vocabulary), None)


def _forms(word: str) -> Iterator[str]:
    """A word, the same in its other spelling, and each in its other number."""
    not_plurals = _tables().not_plurals
    for spelling in (word, *(word.replace(this, other) for this, other in _tables().swaps if this in word)):
        yield spelling
        others = () if word in not_plurals else _other_numbers(spelling)
        yield from (other for other in others if other not in not_plurals)


def _other_numbers(word: str) -> Iterator[str]:
    """What may be the plural of a word, or its singular."""
    if len(word) < 3:
        return
    yield word + "s"
    if re.search(r"(s|x|z|ch|sh|o)$", word):
        yield word + "es"
    if re.search(r"[^aeiou]y$", word):
        yield word[:-1] + "ies"
    if len(word) > 3 and re.search(r"[^s]s$", word):
        yield word[:-1]
    if re.search(r"(s|x|z|ch|sh|o)es$", word):
        yield word[:-2]
    if word.endswith("ies"):
        yield word[:-3] + "y"
