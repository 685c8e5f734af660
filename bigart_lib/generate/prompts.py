"""What to ask for: prompts that work well, and gentle hints about those that do not. Knows no model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bigart_lib.generate.words import Reading

EXAMPLES = {  # by kind; those of the article
    "Abstract": (
        "an abstract painting with colorful circles",
        "a splatter painting with thin yellow and black lines",
        "a block color painting with purple and green squares",
        "an abstract painting with orange triangles",
    ),
    "Landscape": (
        "landscape painting of an Italian villa",
        "sunset over a lake",
        "majestic snow-capped mountains",
        "a painting of rolling farmland",
        "a seascape with crashing waves",
    ),
    "Pets": ("a painting of a corgi", "a tabby cat", "a goldfish in a glass bowl"),
    "Bonus": (
        "a wood workshop",
        "microscopic organisms",
        "traffic jam",
        "still life painting of colorful glass bottles",
        "Boston city skyline",
    ),
}
PEOPLE = frozenset(
    """
    actor actress adult audience baby babies ballerina boy boys bride child children couple crowd dancer
    dancers emperor face faces family father fisherman friends gentleman girl girls groom guy hand hands
    human humans king kid kids knight lady ladies man men mother musician nurse people person persons
    player players pope portrait president prince princess queen sailor selfie singer soldier soldiers
    son teacher teenager toddler warrior wedding wife witch wizard woman women worker workers
    """.split()
)
IDEAS = frozenset(
    """
    anger beauty beginning chaos consciousness courage courageous curiosity death democracy despair
    destiny dream dreams emotion envy equality eternity evil faith fear freedom friendship future grief
    guilt happiness haywire history hope idea imagination infinity innocence inspiration jealousy joy
    justice knowledge liberty loneliness love luck meaning melancholy memory nostalgia nothing
    nothingness pain past patience peace philosophy power progress sadness serenity silence sorrow soul
    spirit success time tomorrow truth wisdom wonder yesterday
    """.split()
)
IDEA_PHRASES = ("brand new day", "state of mind", "meaning of life")
MOST_SUGGESTIONS = 3  # examples, to one whose words are all unknown
NOT_NAMES = frozenset(  # capitalised words beside which another is a place or a style, not a person
    """
    art bay beach boston bridge canyon castle central chicago city coast deco desert east eiffel empire
    french glacier golden grand gulf hill hills hong house island italian kong lake london los mount
    mountain mountains national new north nouveau ocean palace paris park port red river rome san santa
    sea south square st street times tokyo tower town valley venice villa west york
    """.split()
)


def hint(prompt: str) -> str:
    """A gentle word when a prompt asks for what these models cannot do, else nothing."""
    words = re.findall(r"[\w'-]+", prompt)
    lowered = [word.lower() for word in words]
    people = [word for word in lowered if word in PEOPLE]
    if people or "mona lisa" in prompt.lower():
        return (
            f"These models were trained without people, so “{people[0] if people else 'Mona Lisa'}” will "
            "not come out. What would the place look like with nobody in it?"
        )
    name = _name_of_a_person(words)
    if name:
        return f"If {name} is a person: these models were trained without people and cannot draw them."
    ideas = [phrase for phrase in IDEA_PHRASES if phrase in prompt.lower()]
    # Beside words for things, an idea is only a mood: "the sea in a time of peace".
    ideas += [word for word in lowered if word in IDEAS] if len(words) <= 3 else []
    if ideas:
        return (
            f"No common picture stands behind “{ideas[0]}”. Would an image search show pictures that look "
            "alike? If not, name things that can be seen."
        )
    return ""


def about_words(prompt: str, read: Callable[[str], Reading], models: str) -> str:
    """What to say of words that are not followed as they stand; nothing where all are.

    Parameters
    ----------
    read : tells which words of a prompt the models follow, as `BigArt.read` does.
    models : name of the set.
    """
    reading = read(prompt)
    if reading.unknown and not reading.followed and not reading.beyond:
        return f"The {models} models know none of these words and will paint without them.{_suggest(read)}"
    sentences = []
    if reading.followed and (reading.unknown or reading.beyond):
        sentences.append(f"Followed: {', '.join(reading.followed)}.")
    if reading.read_as:
        pairs = _listed(f"“{word}” as “{other}”" for word, other in reading.read_as)
        sentences.append(f"Read {pairs}.")
    if reading.unknown:
        sentences.append(f"Not known to the {models} models: {', '.join(reading.unknown)}.")
    if reading.beyond:
        sentences.append(f"Too far back in the prompt to be read: {', '.join(reading.beyond)}.")
    return " ".join(sentences)


def _suggest(read: Callable[[str], Reading]) -> str:
    """Short examples that the models know every word of."""
    examples = sorted((example for group in EXAMPLES.values() for example in group), key=len)
    known = [example for example in examples if not read(example).unknown]
    quoted = [f"“{example}”" for example in known[:MOST_SUGGESTIONS]]
    return f" They know {_listed(quoted)}." if quoted else ""


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _name_of_a_person(words: list[str]) -> str:
    """Two capitalised words in a row that are no place that we know; nothing if there are none."""
    for first, second in zip(words, words[1:], strict=False):
        both = (first, second)
        if all(word[0].isupper() and word[1:].islower() for word in both) and not NOT_NAMES & {
            word.lower() for word in both
        }:
            return f"{first} {second}"
    return ""
