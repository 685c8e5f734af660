"""Scenes under an open sky: boats in a harbor, clouds, a traffic jam."""

import numpy as np

from .captions import Mood, Subject, choose, under
from .colours import COLOURS, Colour, mix, shade, vary
from .easel import Easel, polygon_path
from .nature import (
    DAY_NAMES,
    DUSK_NAMES,
    NIGHT_SKIES,
    SNOW,
    hill,
    lit,
    meadow,
    moon,
    paint_sky,
    ripples,
    round_tree,
    stars,
    sun,
)

HULLS: tuple[str, ...] = ("red", "blue", "white", "green", "orange", "teal", "yellow", "brown")
CARS: tuple[str, ...] = ("red", "blue", "yellow", "white", "orange", "teal", "green", "gray", "pink")
LAMP: Colour = (255, 222, 120)


def harbor(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Boats with masts before a row of houses, mirrored in the water."""
    shore = float(generator.uniform(0.4, 0.5))
    name = paint_sky(easel, generator, mood, DAY_NAMES + DUSK_NAMES[:4], shore)
    if mood.night:
        moon(easel, generator, 0.08, 0.16)
    far = lit(SNOW if mood.season == "winter" else (96, 128, 120), mood)
    hill(easel, generator, shore - 0.1, 0.06, 1.0, [mix(far, (150, 170, 210), 0.3), far])
    water = lit(vary(generator, choose(generator, ((30, 96, 168), (24, 120, 150), (52, 110, 150))), 5), mood)
    if not mood.minimal:
        _quay(easel, generator, shore, mood)
    easel.gradient([mix(water, (235, 240, 240), 0.3), mix(water, (8, 20, 60), 0.2)], shore, 1)
    ripples(easel, generator, shore, mix(water, (230, 240, 250), 0.4), 6 if mood.minimal else 14)
    number = 1 if mood.minimal else int(generator.integers(2, 5))
    sails = generator.random() < 0.5
    places = generator.permutation(number).tolist()
    for i, slot in enumerate(places):
        x = (slot + 0.5 + float(generator.uniform(-0.15, 0.15))) / number
        base = shore + 0.12 + 0.34 * (i + 0.5) / number
        _moored(easel, generator, x, base, 0.24 + 0.34 * (base - shore), water, sails, mood)
    phrases = ("a harbor with boats", "boats in a harbor", "a harbor", "boats in the harbor")
    if sails:
        phrases = ("a harbor with sailing boats", "sailing boats in a harbor", "sailing boats")
    if number == 1:
        phrases = ("a sailing boat in a harbor",) if sails else ("a boat in a harbor",)
    return under(generator, phrases, name)


def _quay(easel: Easel, generator: np.random.Generator, shore: float, mood: Mood) -> None:
    """A row of narrow bright houses."""
    walls = (
        (236, 190, 120),
        (214, 120, 84),
        (240, 226, 196),
        (150, 176, 190),
        (226, 150, 140),
        (200, 90, 70),
    )
    x = float(generator.uniform(-0.08, 0.0))
    while x < 1:
        width, tall = generator.uniform((0.09, 0.1), (0.15, 0.17)).tolist()
        wall = lit(vary(generator, choose(generator, walls), 6), mood)
        roof = lit(SNOW if mood.season == "winter" else (170, 78, 56), mood)
        top = shore - tall
        easel.rectangle(x, top, width, tall, wall)
        easel.polygon([(x - 0.008, top), (x + width + 0.008, top), (x + 0.5 * width, top - 0.06)], roof)
        glass = LAMP if mood.night else mix(wall, (30, 40, 70), 0.65)
        for t in (0.25, 0.75):
            easel.rectangle(x + t * width - 0.014, top + 0.03, 0.028, 0.035, glass)
        x += width
    easel.rectangle(0, shore - 0.02, 1, 0.03, lit((110, 100, 96), mood))


def _moored(
    easel: Easel, generator: np.random.Generator, x: float, y: float, size: float, water: Colour, sails: bool,
    mood: Mood,
) -> None:  # fmt: skip
    """A boat with its mast, its sails set or furled, and its reflection."""
    hull = lit(shade(generator, str(choose(generator, HULLS))), mood)
    cloth = lit(choose(generator, ((252, 248, 236), (250, 240, 220), (226, 120, 70))), mood)
    easel.placed(x, y, size, 0, generator.random() < 0.5)
    easel.polygon([(-0.44, 0.1), (0.44, 0.1), (0.3, 0.3), (-0.3, 0.3)], mix(hull, water, 0.45), 0.8)
    if sails:
        easel.polygon([(0.02, 0.3), (0.36, 0.3), (0.04, 0.85)], mix(cloth, water, 0.6), 0.6)
    easel.line([(0, -0.1), (0, -1.2)], 0.04, lit((84, 56, 38), mood))
    if sails:
        easel.polygon([(0.03, -1.12), (0.03, -0.24), (0.44, -0.24)], cloth)
        easel.polygon([(-0.04, -1.0), (-0.04, -0.24), (-0.34, -0.24)], mix(cloth, (120, 130, 170), 0.25))
    else:
        for end in (-0.46, 0.46):
            easel.line([(end, -0.14), (0, -1.15)], 0.014, lit((70, 60, 60), mood), 0.8)
        easel.line([(0, -0.3), (0.36, -0.26)], 0.07, cloth)
        easel.rectangle(-0.24, -0.3, 0.2, 0.18, lit((250, 246, 236), mood))
        easel.rectangle(-0.2, -0.26, 0.12, 0.07, LAMP if mood.night else (60, 90, 120))
    easel.polygon([(-0.54, -0.16), (0.54, -0.16), (0.38, 0.12), (-0.4, 0.12)], hull)
    easel.line([(-0.52, -0.15), (0.52, -0.15)], 0.045, mix(hull, (255, 255, 255), 0.6))
    easel.oval(0, 0.13, 0.5, 0.025, mix(water, (240, 250, 255), 0.6), 0.8)
    easel.restore()


def sky(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Great clouds, or stars, over a low strip of land."""
    low = float(generator.uniform(0.84, 0.92))
    kind = float(generator.random())
    storm = not mood.night and not mood.minimal and kind < 0.28
    if mood.night:
        easel.gradient([vary(generator, c, 4) for c in choose(generator, NIGHT_SKIES)], 0, 1)
        stars(easel, generator, low, 14 if mood.minimal else 60)
        moon(easel, generator, 0.15, 0.4)
        phrases, said = ("a starry night sky", "the moon and stars in a night sky"), True
    else:
        name = (
            "gray"
            if storm
            else "blue"
            if kind < 0.75
            else str(choose(generator, ("pink", "orange", "purple")))
        )
        top, bottom, light, dark = _air(generator, name)
        easel.gradient([top, bottom], 0, 1)
        if not storm and kind > 0.6 and not mood.minimal:
            sun(easel, float(generator.uniform(0.15, 0.85)), 0.25, 0.08, (255, 246, 200), 0.7)
        count = (
            2 if mood.minimal else int(generator.integers(6, 8)) if storm else int(generator.integers(3, 6))
        )
        slots = generator.permutation(count).tolist()
        drawn = generator.uniform((-0.1, -0.06, 0.13), (0.1, 0.06, 0.19), (count, 3)).tolist()
        for i, (slot, (shift, rise, size)) in enumerate(zip(slots, drawn, strict=True)):
            x, y = (slot + 0.5) / count + shift, 0.62 - 0.5 * i / max(1, count - 1) + rise
            _cumulus(easel, generator, x, y, size * (1.35 if storm else 1.35 - y), light, dark)
        said = False
        phrases = {
            "gray": ("storm clouds", "dark storm clouds", "storm clouds over the fields", "a stormy sky"),
            "blue": (
                "clouds in a blue sky",
                "white clouds in a blue sky",
                "a cloudy sky",
                "a blue sky with clouds",
            ),
        }.get(
            name,
            (
                f"clouds in {'an' if name == 'orange' else 'a'} {name} sky",
                f"{name} clouds" if name == "pink" else "a cloudy sky",
            ),
        )
        if storm and generator.random() < 0.4:
            _lightning(easel, generator, low)
            phrases = ("storm clouds with lightning", "lightning in a stormy sky")
    ground = meadow(generator, mood)
    if storm:
        ground = mix(ground, (40, 50, 60), 0.45)
    hill(easel, generator, low, 0.02, 1.2, [ground, mix(ground, (20, 40, 30), 0.4)])
    if not mood.minimal and generator.random() < 0.5:
        round_tree(easel, generator, float(generator.uniform(0.1, 0.9)), low + 0.05, 0.16, mood)
    phrase = str(choose(generator, phrases))
    return Subject((phrase,), tuple(word for word in phrase.split() if word in COLOURS), said_night=said)


def _air(generator: np.random.Generator, name: str) -> tuple[Colour, Colour, Colour, Colour]:
    """Above, below, and the lit and shaded side of clouds."""
    tones: tuple[Colour, Colour, Colour, Colour] = {
        "gray": ((44, 50, 64), (150, 156, 164), (128, 134, 146), (62, 68, 84)),
        "blue": ((36, 98, 200), (150, 198, 236), (255, 253, 248), (186, 204, 228)),
        "pink": ((226, 110, 160), (252, 206, 200), (255, 220, 226), (238, 140, 180)),
        "orange": ((228, 104, 36), (252, 196, 104), (255, 224, 160), (226, 124, 70)),
        "purple": ((84, 44, 136), (196, 130, 190), (236, 190, 220), (134, 84, 170)),
    }[name]
    return tuple(vary(generator, tone, 4) for tone in tones)


def _cumulus(
    easel: Easel, generator: np.random.Generator, x: float, y: float, size: float, light: Colour, dark: Colour
) -> None:
    """A heaped cloud with a flat shaded foot."""
    puffs = generator.uniform((0.42, -0.12), (0.66, 0.12), (5, 2)).tolist()
    places = [(-1.25, 0.12), (-0.62, -0.2), (0.05, -0.42), (0.68, -0.16), (1.25, 0.1)]
    easel.placed(x, y, size)
    easel.clipped(polygon_path([(-3, -2), (3, -2), (3, 0.42), (-3, 0.42)]))
    for tone, lower, scale in ((dark, 0.1, 1.05), (light, -0.08, 0.94)):
        for (px, py), (radius, shift) in zip(places, puffs, strict=True):
            easel.disc(px + shift, py + lower, radius * scale, tone)
        if tone is dark:
            easel.rectangle(-1.25, 0, 2.5, 0.5, dark)
    easel.restore()
    easel.restore()


def _lightning(easel: Easel, generator: np.random.Generator, low: float) -> None:
    x, top = float(generator.uniform(0.25, 0.75)), 0.42
    points = []
    for i, shift in enumerate(generator.uniform(-0.07, 0.07, 6).tolist()):
        points.append((x + shift, top + (low - top) * i / 5))
    easel.glow(x, 0.5, 0.35, (250, 246, 200), 0.5)
    easel.line(points, 0.018, (255, 250, 200))


def traffic(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Lanes of cars seen from behind, larger towards the front, towers at the end of the road."""
    edge = 0.34
    paint_sky(easel, generator, mood, ("blue", "blue", "orange", "pink", "gray", "yellow"), edge)
    tower = (28, 32, 66) if mood.night else vary(generator, (116, 124, 150), 8)
    for i in range(0 if mood.minimal else 9):
        x, tall = i / 9, 0.1 + 0.16 * abs(i - 4) / 4 + float(generator.uniform(0, 0.08))
        easel.rectangle(
            x, edge - tall, 0.112, tall, mix(tower, (200, 190, 190), 0.15 * (i % 3) * (not mood.night))
        )
        if mood.night:
            for row, column in ((0.2, 0.3), (0.5, 0.6), (0.75, 0.3)):
                easel.rectangle(x + 0.11 * column, edge - tall * (1 - row), 0.022, 0.022, LAMP)
    verge = lit(SNOW, mood) if mood.season == "winter" else lit((120, 122, 124), mood)
    easel.rectangle(0, edge, 1, 1, verge)
    road = (34, 36, 50) if mood.night else (84, 86, 92)
    easel.polygon([(0.28, edge), (0.72, edge), (1.35, 1.02), (-0.35, 1.02)], road)
    lanes = 3
    for cut in (1, 2):
        near, far = -0.35 + 1.7 * cut / lanes, 0.28 + 0.44 * cut / lanes
        easel.line([(far, edge), (near, 1.02)], 0.012, mix(road, (250, 246, 230), 0.7))
    rows = 2 if mood.minimal else int(generator.integers(3, 5))
    for row in range(rows):
        t = ((row + 0.75) / rows) ** 1.5
        for lane in range(lanes):
            y = edge + 0.05 + t * 0.6 + float(generator.uniform(-0.02, 0.02)) * t
            depth = (y - edge) / (1.02 - edge)
            left, width = 0.28 - 0.63 * depth, (0.44 + 1.26 * depth) / lanes
            _car(easel, generator, left + (lane + 0.5) * width, y, 0.74 * width, mood)
    phrases = (
        "traffic jam",
        "traffic jam",
        "a traffic jam",
        "a traffic jam with colorful cars",
        "cars in a traffic jam",
    )
    return Subject(phrases)


def _car(easel: Easel, generator: np.random.Generator, x: float, y: float, width: float, mood: Mood) -> None:
    """A car from behind, standing on (x, y)."""
    colour = shade(generator, str(choose(generator, CARS)))
    if mood.night:
        colour = mix(colour, (12, 14, 40), 0.4)
    dark = mix(colour, (10, 10, 20), 0.35)
    easel.placed(x, y, width)
    easel.rectangle(-0.5, -0.02, 1.0, 0.07, (16, 16, 22), 0.6)
    for side in (-0.42, 0.24):
        easel.rectangle(side, -0.12, 0.18, 0.15, (20, 20, 24))
    easel.polygon([(-0.4, -0.4), (-0.28, -0.7), (0.28, -0.7), (0.4, -0.4)], colour)
    easel.polygon([(-0.31, -0.41), (-0.23, -0.63), (0.23, -0.63), (0.31, -0.41)], (40, 60, 90))
    easel.polygon(
        [(-0.5, -0.1), (-0.5, -0.34), (-0.4, -0.42), (0.4, -0.42), (0.5, -0.34), (0.5, -0.1)], colour
    )
    easel.rectangle(-0.5, -0.14, 1.0, 0.08, dark)
    if mood.season == "winter":
        easel.rectangle(-0.3, -0.74, 0.6, 0.09, lit(SNOW, mood))
    for side in (-0.4, 0.4):
        if mood.night:
            easel.glow(side, -0.27, 0.3, (255, 50, 30), 0.8)
        easel.oval(side, -0.27, 0.09, 0.06, (255, 70, 50) if mood.night else (190, 20, 30))
    easel.rectangle(-0.13, -0.27, 0.26, 0.09, (240, 236, 220))
    easel.restore()
