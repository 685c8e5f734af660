"""What to ask for: prompts that work well, what cannot be painted, and which words are not followed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from bigart_lib.generate.words import Reading

_EXAMPLES_FILE = Path(__file__).with_name("examples.json")
EXAMPLES: dict[str, tuple[str, ...]] = {  # by kind; those of the article
    kind: tuple(prompts) for kind, prompts in json.loads(_EXAMPLES_FILE.read_text(encoding="utf-8")).items()
}
LIMITS = (  # true of the published and of the embedded GLIDE
    "These models were trained without people and cannot paint them. Abstract ideas, such as freedom or a "
    "new day, have no common picture: name things that can be seen."
)
NEGATION = re.compile(r"\b(no|not|without|never)\s+(?:any\s+|a\s+|the\s+)?\w+", re.IGNORECASE)
PATTERN = re.compile(r"\{[^{}]*\|[^{}]*\}")
MOST_LEFT_OUT = 20  # words that are named, of a prompt that is too long
MOST_SUGGESTIONS = 3  # examples, to one whose words are all unknown


def about_words(prompt: str, read: Callable[[str], Reading], models: str) -> str:
    """What to say of words that are not followed as they stand; nothing where all are.

    Parameters
    ----------
    read : tells which words of a prompt the models follow, as `BigArt.read` does.
    models : name of the set.
    """
    reading = read(prompt)
    if reading.unknown and not reading.followed and not reading.beyond and not _about_form(prompt):
        return f"The {models} models know none of these words and will paint without them.{_suggest(read)}"
    sentences = []
    if reading.followed and reading.unknown:
        sentences.append(f"Followed: {', '.join(reading.followed)}.")
    if reading.read_as:
        pairs = _listed(f"“{word}” as “{other}”" for word, other in reading.read_as)
        sentences.append(f"Read {pairs}.")
    if reading.unknown:
        sentences.append(f"Not known to the {models} models: {', '.join(reading.unknown)}.")
    if reading.length:
        sentences.append(_about_length(reading))
    return " ".join([*sentences, *_about_form(prompt)])


def _about_form(prompt: str) -> list[str]:
    """What to say of ways of writing that no generator of pictures follows."""
    sentences = []
    if avoided := NEGATION.search(prompt):
        sentences.append(
            f"“{avoided[0]}” may paint just that: models do not read “{avoided[1].lower()}”. Name what you "
            "want to see."
        )
    if PATTERN.search(prompt):
        sentences.append(
            "Braces are read as they stand; `bigart series` makes a picture of each choice in them."
        )
    return sentences


def _about_length(reading: Reading) -> str:
    """What is not read of a prompt that is too long."""
    most, count = reading.length
    words = f"Only the first {most} of {count} tokens (words, or parts of them) are read"
    shown, more = reading.beyond[:MOST_LEFT_OUT], len(reading.beyond) - MOST_LEFT_OUT
    listed = _listed([*shown, *([f"{more} more"] if more > 0 else [])]) if shown else ""
    return f"{words}; left out: {listed}." if listed else f"{words}."


def _suggest(read: Callable[[str], Reading]) -> str:
    """Short examples that the models know every word of."""
    examples = sorted((example for group in EXAMPLES.values() for example in group), key=len)
    known = [example for example in examples if not read(example).unknown]
    quoted = [f"“{example}”" for example in known[:MOST_SUGGESTIONS]]
    return f" They know {_listed(quoted)}." if quoted else ""


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
