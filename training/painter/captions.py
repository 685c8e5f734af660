"""Words: how a painted scene is said. Knows nothing of how it is drawn.

Every caption is lower case, letters and hyphens only, and true of its picture.
"""

from dataclasses import dataclass, replace

import numpy as np

from .colours import COLOURS


@dataclass(frozen=True)
class Mood:
    """What changes a whole picture: manner of painting, hour, season, and how much is in it."""

    manner: str = "plain"  # plain, oil, watercolor or impressionist
    night: bool = False
    season: str = "summer"  # summer (unsaid), autumn or winter
    minimal: bool = False  # fewer elements on plain grounds


@dataclass(frozen=True)
class Subject:
    """What a scene's painter says it painted."""

    phrases: tuple[str, ...]  # with article where one is due, each true of the picture
    colours: tuple[str, ...] = ()  # the colour names in every phrase
    said_night: bool = False  # the phrases say that it is night already
    kind: str = "landscape"  # landscape, still life, animal or abstract

    def saying(self, *phrases: str) -> "Subject":
        return replace(self, phrases=phrases)


def choose(generator: np.random.Generator, items: tuple | list) -> object:
    """One of the items, each as likely."""
    return items[int(generator.random() * len(items))]


def article(phrase: str) -> str:
    """The phrase with "a" or "an" in front."""
    return ("an " if phrase[0] in "aeio" else "a ") + phrase


def joined(names: tuple[str, ...]) -> str:
    """ "red", "red and blue", "red blue and green"."""
    return " and ".join((" ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def under(generator: np.random.Generator, phrases: tuple[str, ...], sky: str) -> Subject:
    """The phrases, sometimes with the sky's colour."""
    if sky and generator.random() < 0.3:
        return Subject(tuple(f"{phrase} under {article(sky)} sky" for phrase in phrases), (sky,))
    return Subject(phrases)


def scene_caption(generator: np.random.Generator, subject: Subject, mood: Mood) -> str:
    """A caption for anything but an abstract picture."""
    phrase = str(choose(generator, subject.phrases))
    words = [_opening(generator, subject.kind, mood), phrase]
    if mood.season != "summer":
        words.append(f"in {mood.season}")
    if mood.night and not subject.said_night:
        words.append("at night")
    return " ".join(word for word in words if word)


def _opening(generator: np.random.Generator, kind: str, mood: Mood) -> str:
    if mood.minimal:
        return str(choose(generator, ("minimalist painting of", "a minimalist painting of")))
    if mood.manner == "oil":
        return str(choose(generator, ("oil painting of", "an oil painting of")))
    if mood.manner == "watercolor":
        return str(choose(generator, ("watercolor of", "a watercolor of", "a watercolor painting of")))
    if mood.manner == "impressionist":
        return str(choose(generator, ("impressionist painting of", "an impressionist painting of")))
    openings = ["", "", "a painting of", "a painting of", "painting of"]
    if kind == "landscape":
        openings += ["landscape painting of", "a landscape painting of"]
    if kind == "still life":
        openings += ["still life painting of", "a still life painting of", "a still life of"]
    return str(choose(generator, openings))


def abstract_caption(
    generator: np.random.Generator, subject: Subject, mood: Mood, styles: tuple[str, ...]
) -> str:
    """A caption for an abstract picture: an abstract, block color or splatter painting with such shapes."""
    what = str(choose(generator, subject.phrases))
    style = str(choose(generator, styles))
    if mood.manner == "oil":
        style = f"{style.removesuffix(' painting')} oil painting"
    if mood.minimal:
        style = f"minimalist {style}"
    link = "of" if style == "mosaic" else "with"
    draw = generator.random()
    if what.split()[-1] not in COLOURS:  # "red and blue" alone would not say what is shown
        if draw < 0.16 and mood == Mood():
            return what
        if 0.3 <= draw < 0.4 and not mood.minimal and mood.manner == "plain":
            return f"a painting of {what}"
    return f"{style} {link} {what}" if draw < 0.3 else f"{article(style)} {link} {what}"
