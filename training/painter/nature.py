"""The things that landscapes share: skies, sun and moon, clouds, hills, trees, snow, water.

Knows nothing of whole scenes or captions.
"""

import numpy as np

from .captions import Mood, choose
from .colours import Colour, mix, vary
from .easel import Easel, Point, blob, ground_below, polygon_path, ridge

# Named skies: top to bottom, mostly of the named colour.
SKIES: dict[str, tuple[tuple[Colour, ...], ...]] = {
    "blue": (
        ((28, 84, 190), (66, 132, 220), (170, 208, 238)),
        ((40, 96, 200), (96, 150, 226)),
        ((60, 120, 210), (130, 180, 232), (250, 226, 190)),
    ),
    "teal": (((10, 130, 142), (40, 172, 176), (190, 226, 214)), ((20, 150, 160), (96, 196, 194))),
    "pink": (((222, 120, 176), (246, 168, 196), (252, 214, 200)), ((244, 150, 190), (250, 190, 205))),
    "orange": (((226, 96, 30), (245, 140, 40), (252, 196, 96)), ((240, 130, 36), (250, 176, 84))),
    "red": (((140, 18, 38), (212, 42, 40), (244, 112, 50)), ((190, 28, 40), (226, 66, 48))),
    "purple": (((80, 34, 130), (124, 58, 166), (214, 120, 180)), ((100, 44, 150), (150, 90, 184))),
    "yellow": (((246, 190, 40), (252, 214, 70), (254, 236, 160)), ((250, 206, 60), (252, 228, 120))),
    "gray": (((112, 118, 126), (146, 150, 156), (196, 198, 200)), ((130, 134, 140), (170, 172, 176))),
}
DAY_NAMES = ("blue", "blue", "blue", "blue", "teal", "pink", "yellow", "orange", "gray", "purple")
DUSK_NAMES = ("orange", "orange", "orange", "red", "pink", "purple", "yellow")
NIGHT_SKIES: tuple[tuple[Colour, ...], ...] = (
    ((8, 12, 38), (18, 34, 88), (44, 70, 130)),
    ((10, 10, 30), (26, 26, 74), (66, 52, 116)),
    ((6, 20, 50), (14, 52, 96), (40, 96, 130)),
)
SNOW: Colour = (240, 244, 250)
NIGHT_BLUE: Colour = (12, 20, 58)


def lit(colour: Colour, mood: Mood) -> Colour:
    """The colour as the hour shows it."""
    return mix(colour, NIGHT_BLUE, 0.62) if mood.night else colour


def paint_sky(
    easel: Easel, generator: np.random.Generator, mood: Mood, names: tuple[str, ...], bottom: float
) -> str:
    """Sky down to `bottom`, with stars or clouds; its colour name, empty at night."""
    if mood.night:
        sky, name = choose(generator, NIGHT_SKIES), ""
    else:
        name = str(choose(generator, names))
        sky = choose(generator, SKIES[name])
    easel.gradient([vary(generator, c, 5) for c in sky], 0, bottom)
    easel.rectangle(-0.1, bottom - 0.005, 1.2, 1.1, sky[-1])
    if mood.night:
        stars(easel, generator, bottom, 8 if mood.minimal else int(generator.integers(14, 40)))
    elif not mood.minimal and generator.random() < 0.55:
        clouds(easel, generator, sky[-1], bottom)
    return name


def stars(easel: Easel, generator: np.random.Generator, bottom: float, number: int) -> None:
    for x, y, radius in generator.uniform((0, 0, 0.004), (1, bottom, 0.011), (number, 3)).tolist():
        easel.disc(x, y, radius, (255, 246, 214), 0.95)


def clouds(easel: Easel, generator: np.random.Generator, tint: Colour, bottom: float) -> None:
    """Heaped or drawn-out clouds, lighter than the sky."""
    light = mix(tint, (255, 252, 246), 0.75)
    flat = generator.random() < 0.5
    for x, y, size in generator.uniform(
        (0, 0.08, 0.07), (1, 0.6, 0.14), (int(generator.integers(1, 5)), 3)
    ).tolist():
        y *= bottom
        if flat:
            easel.oval(x, y, 2.6 * size, 0.2 * size, light, 0.8)
            easel.oval(x + size, y + 0.3 * size, 1.8 * size, 0.16 * size, light, 0.7)
        else:
            easel.oval(x, y + 0.25 * size, 1.7 * size, 0.35 * size, mix(light, tint, 0.35))
            for dx, dy, scale in ((-0.8, 0.1, 0.5), (-0.1, -0.2, 0.75), (0.7, 0.05, 0.55)):
                easel.disc(x + dx * size, y + dy * size, scale * size, light)


def moon(easel: Easel, generator: np.random.Generator, highest: float, lowest: float) -> float:
    """A full moon with its light; where it stands across."""
    x, y = float(generator.uniform(0.15, 0.85)), float(generator.uniform(highest, lowest))
    radius = float(generator.uniform(0.05, 0.085))
    easel.glow(x, y, 4 * radius, (210, 222, 255), 0.6)
    easel.disc(x, y, radius, (252, 246, 220))
    easel.disc(x - 0.3 * radius, y - 0.1 * radius, 0.2 * radius, (226, 220, 200))
    return x


def sun(easel: Easel, x: float, y: float, radius: float, colour: Colour, strength: float = 0.8) -> None:
    easel.glow(x, y, 4.5 * radius, mix(colour, (255, 240, 180), 0.3), strength)
    easel.disc(x, y, radius, colour)


def hill(
    easel: Easel,
    generator: np.random.Generator,
    height: float,
    swing: float,
    waves: float,
    colours: list[Colour],
) -> list[Point]:
    """A rolling hill, shaded from its line down; the line."""
    line = ridge(generator, height, swing, waves)
    easel.gradient(colours, height - swing, min(1.0, height + 0.4), ground_below(line))
    return line


def height_at(line: list[Point], x: float) -> float:
    """How far down a line with evenly spaced points is at `x`."""
    step = line[1][0] - line[0][0]
    place = min(len(line) - 1.001, max(0.0, (x - line[0][0]) / step))
    index, rest = int(place), place % 1
    return line[index][1] * (1 - rest) + line[index + 1][1] * rest


def reflection(
    easel: Easel,
    generator: np.random.Generator,
    x: float,
    top: float,
    bottom: float,
    width: float,
    colour: Colour,
) -> None:
    """A path of light on water: strips that widen towards the front."""
    number = 9
    for i, (shift, length) in enumerate(generator.uniform((-0.3, 0.6), (0.3, 1.2), (number, 2)).tolist()):
        t = (i + 0.4) / number
        half = width * length * (0.55 + 0.7 * t)
        tall = (bottom - top) / number * (0.28 + 0.2 * t)
        easel.oval(x + shift * width, top + t * (bottom - top), half, tall, colour, 0.9 - 0.35 * t)


def ripples(easel: Easel, generator: np.random.Generator, top: float, colour: Colour, number: int) -> None:
    """Flat streaks on water from `top` to the bottom edge."""
    for x, t, length in generator.uniform((0, 0.05, 0.08), (1, 1, 0.2), (number, 3)).tolist():
        easel.oval(x, top + t * (1 - top), length * (0.4 + t), 0.004 + 0.008 * t, colour, 0.5)


def foliage(generator: np.random.Generator, mood: Mood) -> Colour:
    """The colour of one tree's leaves."""
    if mood.season == "autumn":
        leaves = ((222, 92, 24), (236, 142, 30), (190, 52, 28), (240, 182, 48), (150, 78, 30))
    elif mood.season == "winter":
        leaves = ((226, 234, 242), (204, 216, 230), (240, 244, 250))
    else:
        leaves = ((38, 110, 50), (64, 138, 58), (28, 86, 56), (104, 156, 60))
    return lit(vary(generator, choose(generator, leaves), 8), mood)


def meadow(generator: np.random.Generator, mood: Mood) -> Colour:
    """The colour of open ground."""
    if mood.season == "autumn":
        ground = ((190, 122, 44), (170, 100, 44), (206, 150, 62))
    elif mood.season == "winter":
        ground = ((232, 238, 246), (214, 224, 236))
    else:
        ground = ((98, 160, 62), (70, 138, 62), (140, 176, 70))
    return lit(vary(generator, choose(generator, ground), 8), mood)


def round_tree(
    easel: Easel, generator: np.random.Generator, x: float, base: float, size: float, mood: Mood
) -> None:
    """A broad-leaved tree, `size` high."""
    trunk = lit((84, 54, 34), mood)
    easel.upright(x, base)
    easel.polygon([(x - 0.06 * size, base), (x + 0.06 * size, base), (x, base - 0.7 * size)], trunk)
    leaves = foliage(generator, mood)
    for dx, dy, radius, light in (
        (0, -0.62, 0.36, -0.2),
        (-0.16, -0.6, 0.24, 0.0),
        (0.08, -0.74, 0.24, 0.18),
    ):
        tone = mix(leaves, (255, 244, 190) if light > 0 else (10, 20, 30), abs(light))
        easel.path(blob(generator, x + dx * size, base + dy * size, radius * size, 0.15), tone)
    easel.restore()


def pine(
    easel: Easel, generator: np.random.Generator, x: float, base: float, size: float, mood: Mood
) -> None:
    """A fir, `size` high, snow on it in winter."""
    green = lit(vary(generator, (28, 84, 58), 8), mood)
    snow = lit(SNOW, mood)
    easel.upright(x, base)
    easel.rectangle(x - 0.03 * size, base - 0.15 * size, 0.06 * size, 0.15 * size, lit((70, 46, 32), mood))
    for bottom, top, half in ((0.1, 0.5, 0.27), (0.34, 0.75, 0.21), (0.6, 1.0, 0.14)):
        easel.polygon(
            [
                (x - half * size, base - bottom * size),
                (x + half * size, base - bottom * size),
                (x, base - top * size),
            ],
            green,
        )
        if mood.season == "winter":
            cut = bottom + 0.5 * (top - bottom)
            easel.polygon(
                [
                    (x - 0.5 * half * size, base - cut * size),
                    (x + 0.5 * half * size, base - cut * size),
                    (x, base - top * size),
                ],
                snow,
            )
    easel.restore()


def cypress(
    easel: Easel, generator: np.random.Generator, x: float, base: float, size: float, mood: Mood
) -> None:
    """A tall narrow tree, `size` high."""
    green = lit(vary(generator, (30, 74, 44), 6), mood)
    half = 0.12 * size
    body = [
        (x - half * 0.5, base),
        (x - half, base - 0.35 * size),
        (x, base - size),
        (x + half, base - 0.35 * size),
        (x + half * 0.5, base),
    ]
    easel.upright(x, base)
    easel.polygon(body, green)
    light = lit(SNOW, mood) if mood.season == "winter" else mix(green, (190, 200, 110), 0.3)
    easel.polygon([(x - half * 0.6, base - 0.3 * size), (x, base - size), (x, base - 0.1 * size)], light)
    easel.restore()


def peak(
    easel: Easel, generator: np.random.Generator, x: float, top: float, base: float, half: float,
    rock: Colour, snow: Colour | None,
) -> None:  # fmt: skip
    """One mountain: a lit and a shaded side, a jagged cap of snow."""
    lean = float(generator.uniform(-0.15, 0.15)) * half
    foot = x + lean
    crest = [
        (x, top),
        (x + 0.12 * half, top + 0.32 * (base - top)),
        (foot - 0.08 * half, top + 0.62 * (base - top)),
        (foot + 0.1 * half, base),
    ]
    easel.polygon([(x - half, base), (x, top), (x + half, base)], rock)
    easel.polygon([*crest, (x + half, base)], mix(rock, (14, 20, 50), 0.4))
    if snow is None:
        return
    depth = float(generator.uniform(0.32, 0.5))
    cut, number = depth * half, 6
    teeth = generator.uniform(0.65, 1.2, number + 1).tolist()
    lower = []
    for i, tooth in enumerate(teeth):
        across = -1 + 2 * i / number
        down = depth * (tooth if i % 2 else 0.72 * tooth)
        edge = abs(across)
        lower.append(
            (
                x + across * cut * (1 if 0 < i < number else 0.95),
                top + max(down, 0.95 * depth * edge if 0 < i < number else 0.95 * depth) * (base - top),
            )
        )
    slopes = polygon_path([(x - half, base), (x, top), (x + half, base)])
    easel.clipped(slopes)
    easel.polygon([(x, top - 0.01), *lower[::-1]], snow)
    easel.clipped(polygon_path([*crest, (x + half, base), (x + half, top)]))
    easel.polygon([(x, top - 0.01), *lower[::-1]], mix(snow, (70, 96, 160), 0.35))
    easel.restore()
    easel.restore()


def falling_snow(easel: Easel, generator: np.random.Generator, number: int) -> None:
    for x, y, radius in generator.uniform((0, 0, 0.004), (1, 1, 0.01), (number, 3)).tolist():
        easel.disc(x, y, radius, (255, 255, 255), 0.9)
