"""The words of a prompt against a small vocabulary: which are in it, by themselves or as another word.

A word that is not in the vocabulary is looked for in its other number and its other spelling, British or
American, then in a table of words that may stand in for it. Knows neither tokens nor networks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import NamedTuple

FUNCTION_WORDS = frozenset(  # read where they are known, but nothing to look for in a picture
    """
    a about above across after against all along also am among an and another any are around as at be
    before behind below beneath beside between beyond but by can do does each every for from had has have
    he her here his how i if in inside into is it its just me my near next no not of off on onto or our
    out outside over please she so some such than that the their them then there these they this those
    through to toward towards under up upon us very was we were what where which while who with within
    without you your
    """.split()
)
PAIRS = (  # parts of words: British and American, and plurals that follow no rule
    ("armour", "armor"), ("centre", "center"), ("colour", "color"), ("fibre", "fiber"), ("grey", "gray"),
    ("harbour", "harbor"), ("jewellery", "jewelry"), ("mould", "mold"), ("neighbour", "neighbor"),
    ("plough", "plow"), ("theatre", "theater"), ("vapour", "vapor"),
    ("foot", "feet"), ("goose", "geese"), ("leaf", "leaves"), ("mouse", "mice"), ("shelf", "shelves"),
    ("wolf", "wolves"),
)  # fmt: skip
NOT_PLURALS = frozenset({"news", "woods"})  # of "new" and "wood", that is
# What a word may be read as, and the words, where the vocabulary lacks them. A picture of the first must be a
# fair picture of the others. Of several, the upper comes first; of a phrase, all words must be known.
SYNONYMS = {
    # animals
    "corgi": "dog doggy hound pooch pup puppy terrier",
    "tabby cat": "feline kitten kitty",
    "goldfish": "fish carp koi",
    "bird": "dove finch gull pigeon robin seagull sparrow swallow",
    # water
    "sea": "ocean",
    "waves": "breaker surf swell wavelet",
    "coast": "seashore seaside shore shoreline",
    "beach": "seashore seaside shore shoreline",
    "lake": "lagoon loch pond reservoir tarn",
    "river": "brook creek rivulet stream",
    "sailboat": "boat dinghy sloop yacht",
    "boat": "dinghy ferry gondola rowboat sailboat ship sloop vessel yacht",
    # land
    "mountains": "alp alpine mountainous mountaintop peak summit",
    "snow": "snowfall snowfield snowy",
    "snow capped": "snowcapped",
    "hills": "hillock hilly hillside knoll",
    "valley": "dale glen vale",
    "canyon": "gorge ravine",
    "farmland": "cropland farm farmstead",
    "fields": "cornfield cropland farmland grassland meadow pasture prairie",
    "forest": "grove jungle rainforest woodland woods",
    "trees": "birch elm oak",
    "desert": "dune sahara",
    "dunes": "sandhill",
    "rocks": "boulder rocky stone",
    # sky
    "sunset": "dusk sundown twilight",
    "sunrise": "dawn daybreak",
    "night": "midnight nighttime nightfall nocturnal",
    "evening": "dusk nightfall twilight",
    "moon": "moonlight moonlit",
    "star": "starlight starlit starry",
    "sun": "sunlight sunlit sunny sunshine",
    "clouds": "cloudy cloudscape overcast",
    "mist": "fog foggy haze hazy misty",
    "fog": "foggy haze hazy mist misty",
    "storm": "stormy tempest thunderstorm",
    # buildings
    "city": "downtown metropolis town urban",
    "skyline": "city cityscape downtown metropolis skyscraper town",
    "villa": "farmhouse manor mansion",
    "house": "cabin cottage farmhouse home hut manor mansion villa",
    "castle": "citadel fortress",
    "church": "chapel",
    "tower": "belfry spire steeple turret",
    "italian": "italy tuscan tuscany",
    # still life
    "bottles": "carafe decanter flask",
    "bowl": "fishbowl",
    "vase": "jug pitcher urn",
    "flowers": "bloom blossom bouquet carnation daffodil daisy lily poppy rose sunflower tulip",
    "fruit": "apple apricot banana cherry fig grape lemon melon peach pear plum",
    # colours
    "red": "burgundy carmine crimson maroon ruby scarlet vermilion",
    "orange": "amber tangerine",
    "yellow": "gold golden mustard ochre saffron",
    "green": "emerald jade lime mint olive",
    "teal": "aqua aquamarine cyan turquoise",
    "blue": "aqua aquamarine azure cerulean cobalt indigo navy sapphire ultramarine",
    "purple": "amethyst indigo lavender lilac magenta mauve violet",
    "pink": "fuchsia magenta",
    "brown": "chestnut sepia umber",
    "gray": "charcoal silver slate",
    "white": "ivory",
    "black": "ebony",
    "colorful": "multicolor multicolored rainbow",
    # shapes
    "squares": "cube rectangle tile",
    "circles": "ball disc disk dot orb ring sphere",
    "triangles": "triangular",
    "lines": "streak",
    "stripes": "streak striped",
    "splatter": "spatter splash",
    # manner
    "painting": "artwork image painted picture",
    "photograph": "photo photographic photography photorealistic snapshot",
    "watercolor": "aquarelle",
    "large": "big enormous huge massive",
    "small": "little miniature tiny",
    "calm": "peaceful placid serene tranquil",
    "majestic": "imposing mighty",
    "winter": "wintertime wintry",
    "autumn": "autumnal",
    # numbers
    "two": "2 couple pair",
    "three": "3 trio",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
}


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


class Word(NamedTuple):
    """One word of a prompt, and the words of the vocabulary that it is read as; none if it is unknown."""

    spelling: str
    known: tuple[str, ...]
    is_another: bool = False  # whether those are other words than this, not only forms of it


def read_words(prompt: str, vocabulary: Container[str]) -> list[Word]:
    """Every word of a prompt, function words too; hyphens and signs separate them."""
    return [_read_word(spelling, vocabulary) for spelling in _spellings(prompt)]


def make_reading(prompt: str, vocabulary: Container[str], context_length: int) -> Reading:
    """What a model with a vocabulary makes of a prompt, of which it reads `context_length` known words."""
    position, first = 0, {}
    for word in read_words(prompt, vocabulary):
        position += len(word.known)
        fate = "unknown" if not word.known else "followed" if position <= context_length else "beyond"
        first.setdefault(_plain(word.spelling), (word, fate))
    told = [word for plain, word in first.items() if plain not in FUNCTION_WORDS]
    lists = {
        fate: tuple(word.spelling for word, its_fate in told if its_fate == fate)
        for fate in ("followed", "unknown", "beyond")
    }
    others = (word for word, fate in told if fate == "followed" and word.is_another)
    return Reading(**lists, read_as=tuple((word.spelling, " ".join(word.known)) for word in others))


def content_words(prompt: str) -> tuple[str, ...]:
    """The words of a prompt but function words, each once, in its own spelling and order."""
    first: dict[str, str] = {}
    for spelling in _spellings(prompt):
        first.setdefault(_plain(spelling), spelling)
    return tuple(spelling for plain, spelling in first.items() if plain not in FUNCTION_WORDS)


def split_words(prompt: str) -> list[str]:
    """Lower-case words of a prompt; hyphens and signs separate them."""
    return re.findall(r"[a-z]+", prompt.lower())


def _spellings(prompt: str) -> list[str]:
    # A prompt of nothing but signs is no less a prompt: they are its words.
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", prompt) or prompt.split()


def _plain(spelling: str) -> str:
    """A word in lower case, without the sign of possession."""
    return re.sub(r"['’]s$", "", spelling.lower())


def _read_word(spelling: str, vocabulary: Container[str]) -> Word:
    pieces = split_words(spelling)  # several around an apostrophe or a letter with an accent
    if pieces and all(piece in vocabulary for piece in pieces):
        return Word(spelling, tuple(pieces))
    plain = _plain(spelling)
    if plain in FUNCTION_WORDS:
        return Word(spelling, ())
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()  # without accents
    if form := _known_form(plain, vocabulary):
        return Word(spelling, (form,))
    for form in _forms(plain):
        for phrase in _STAND_INS.get(form, ()):
            known = [_known_form(other, vocabulary) for other in phrase.split()]
            if all(known):
                return Word(spelling, tuple(known), is_another=True)
    rest = (piece for piece in pieces if piece in vocabulary and piece not in FUNCTION_WORDS)
    return Word(spelling, tuple(rest))


def _known_form(word: str, vocabulary: Container[str]) -> str | None:
    return next((form for form in _forms(word) if form in vocabulary), None)


def _forms(word: str) -> Iterator[str]:
    """A word, the same in its other spelling, and each in its other number."""
    swaps = [swap for pair in PAIRS for swap in (pair, pair[::-1])]
    for spelling in (word, *(word.replace(this, other) for this, other in swaps if this in word)):
        yield spelling
        others = () if word in NOT_PLURALS else _other_numbers(spelling)
        yield from (other for other in others if other not in NOT_PLURALS)


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


def _stand_ins() -> dict[str, list[str]]:
    stand_ins: dict[str, list[str]] = {}
    for phrase, words in SYNONYMS.items():
        for word in words.split():
            stand_ins.setdefault(word, []).append(phrase)
    return stand_ins


_STAND_INS = _stand_ins()
