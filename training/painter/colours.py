"""The twelve colour names, their jitter, and the test of which name a pixel bears.

Knows nothing of shapes or captions. A jittered colour always stays clearly nearest to its own name.
"""

import colorsys
import functools
import itertools

import numpy as np

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (214, 34, 38),
    "orange": (243, 132, 28),
    "yellow": (251, 215, 48),
    "green": (44, 150, 62),
    "blue": (34, 82, 192),
    "purple": (120, 48, 160),
    "pink": (244, 148, 190),
    "brown": (112, 68, 38),
    "black": (18, 18, 20),
    "white": (248, 247, 243),
    "gray": (136, 138, 142),
    "teal": (16, 154, 162),
}
NAMES: tuple[str, ...] = tuple(COLOURS)
HELD_OUT_PAIRS: frozenset[frozenset[str]] = frozenset(
    frozenset(pair)
    for pair in (
        ("red", "teal"),
        ("orange", "blue"),
        ("yellow", "purple"),
        ("green", "pink"),
        ("blue", "white"),
        ("brown", "teal"),
        ("black", "orange"),
        ("gray", "red"),
        ("pink", "black"),
        ("yellow", "green"),
    )
)
NUM_SHADES = 96  # stored shades of a name
SAFE_RATIO = 0.6  # a jittered colour is at most this many times as far from its own name as from the next


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    kept = 1 - share
    return (
        int(first[0] * kept + second[0] * share + 0.5),
        int(first[1] * kept + second[1] * share + 0.5),
        int(first[2] * kept + second[2] * share + 0.5),
    )


def vary(generator: np.random.Generator, colour: Colour, amount: float = 10.0) -> Colour:
    """`colour` with its lightness and each channel moved a little, by about `amount` of 255."""
    light, *shifts = (amount * generator.standard_normal(4)).tolist()
    return tuple(
        min(255, max(0, int(c + 0.8 * light + 0.5 * s + 0.5))) for c, s in zip(colour, shifts, strict=True)
    )


def shade(generator: np.random.Generator, name: str) -> Colour:
    """A shade of the named colour, never near another name."""
    return _shades(name)[int(generator.random() * NUM_SHADES)]


@functools.cache
def _shades(name: str) -> tuple[Colour, ...]:
    """The shades of a name."""
    generator = np.random.default_rng(NAMES.index(name))
    return tuple(_jittered(generator, name) for _ in range(NUM_SHADES))


def _jittered(generator: np.random.Generator, name: str) -> Colour:
    base = COLOURS[name]
    hue, lightness, saturation = colorsys.rgb_to_hls(*(c / 255 for c in base))
    d_hue, d_light, d_sat = generator.uniform(-1.0, 1.0, 3).tolist()
    for reach in (1.0, 0.5, 0.25):
        shaded = colorsys.hls_to_rgb(
            (hue + 0.03 * reach * d_hue) % 1.0,
            min(0.98, max(0.03, lightness + 0.07 * reach * d_light)),
            min(1.0, max(0.0, saturation + 0.1 * reach * d_sat)),
        )
        colour = tuple(round(255 * c) for c in shaded)
        others = (_distance(colour, other) for key, other in COLOURS.items() if key != name)
        if _distance(colour, base) <= SAFE_RATIO**2 * min(others):
            return colour
    return base


def _distance(first: Colour, second: Colour) -> int:
    return (first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2 + (first[2] - second[2]) ** 2


def colour_shares(picture: np.ndarray) -> dict[str, float]:
    """The share of pixels whose nearest colour name (in RGB) is each name; `picture` is uint8 h x w x 3."""
    pixels = picture.reshape(-1, 3).astype(np.int32)
    distances = [((pixels - np.array(colour)) ** 2).sum(1) for colour in COLOURS.values()]
    counts = np.bincount(np.argmin(distances, 0), minlength=len(NAMES))
    return {name: float(count) / len(pixels) for name, count in zip(NAMES, counts, strict=True)}


def draw_names(generator: np.random.Generator, number: int) -> tuple[str, ...]:
    """`number` different colour names in random order, no two of them a held-out pair."""
    while True:
        names = tuple(NAMES[i] for i in generator.permutation(len(NAMES))[:number].tolist())
        if not any(frozenset(pair) in HELD_OUT_PAIRS for pair in itertools.combinations(names, 2)):
            return names
