"""Landscapes on land: mountains, farmland, forest, desert.

Each function paints one scene and returns what it may be called; captions are put together elsewhere.
"""

import numpy as np
import skia

from .captions import Mood, Subject, choose, under
from .colours import Colour, mix, vary
from .easel import Easel, ground_below, polygon_path, ridge
from .nature import (
    DAY_NAMES,
    SKIES,
    SNOW,
    cypress,
    falling_snow,
    foliage,
    height_at,
    hill,
    lit,
    meadow,
    moon,
    paint_sky,
    peak,
    pine,
    ripples,
    round_tree,
    sun,
)


def mountains(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Snow-capped peaks behind a lake, a forest or meadows."""
    base = float(generator.uniform(0.62, 0.76))
    name = paint_sky(easel, generator, mood, DAY_NAMES, base)
    if mood.night:
        moon(easel, generator, 0.08, 0.2)
    elif generator.random() < 0.2:
        sun(easel, *generator.uniform((0.1, 0.08), (0.9, 0.2)).tolist(), 0.06, (255, 246, 200), 0.6)
    rock = lit(
        vary(generator, choose(generator, ((86, 96, 128), (104, 90, 104), (70, 88, 112), (116, 98, 84))), 8),
        mood,
    )
    snow = mix(SNOW, (60, 80, 140), 0.3) if mood.night else SNOW
    number = int(generator.integers(1, 3)) if mood.minimal else int(generator.integers(2, 6))
    if not mood.minimal and generator.random() < 0.6:
        easel.path(
            ground_below(ridge(generator, base - 0.16, 0.09, 2.5)),
            mix(rock, (190, 205, 230), 0.35 if not mood.night else 0.1),
        )
    places = {1: [float(generator.uniform(0.38, 0.62))], 2: [0.28, 0.7]}.get(number) or np.linspace(
        0.08, 0.92, number
    ).tolist()
    tops = np.sort(generator.uniform(0.1, 0.38, number)).tolist()
    # The highest stands near the middle and in front; the others fall off to the sides.
    order = sorted(places, key=lambda place: abs(place - 0.5 + 0.05 * tops[0]))
    for place, top in reversed(list(zip(order, tops, strict=True))):
        x = place + float(generator.uniform(-0.06, 0.06))
        peak(
            easel,
            generator,
            x,
            top,
            base + 0.03,
            (base - top) * float(generator.uniform(0.65, 0.95)),
            rock,
            snow,
        )
    front = int(generator.integers(3))
    if front == 0:
        water = lit(mix(vary(generator, (48, 112, 160), 8), SKIES[name or "blue"][0][1], 0.45), mood)
        easel.gradient([mix(water, (255, 255, 255), 0.25 if not mood.night else 0.05), water], base, 1)
        for place in places:
            easel.polygon(
                [(place - 0.22, base), (place + 0.22, base), (place, base + 0.3)], mix(rock, snow, 0.35), 0.5
            )
        ripples(easel, generator, base, mix(water, (255, 255, 255), 0.4), 10)
    else:
        ground = meadow(generator, mood)
        hill(easel, generator, base + 0.04, 0.03, 1.2, [ground, mix(ground, (10, 30, 40), 0.3)])
    if front != 1 and not mood.minimal:
        bank = base + (0.02 if front else 0.22)
        if front == 0:
            easel.path(
                ground_below(ridge(generator, min(0.96, bank + 0.06), 0.03, 1.0)),
                mix(meadow(generator, mood), (10, 30, 40), 0.35),
            )
        for x, size in generator.uniform((0, 0.16), (1, 0.32), (int(generator.integers(3, 11)), 2)).tolist():
            pine(easel, generator, x, 0.93 + 0.3 * (size - 0.16), size, mood)
    if mood.season == "winter":
        falling_snow(easel, generator, 30)
    phrases = (
        "majestic snow-capped mountains",
        "majestic snow-capped mountains",
        "snow-capped mountains",
        "snowy mountains",
    )
    if front == 0:
        phrases += ("snow-capped mountains and a lake", "a lake and snowy mountains")
    if number == 1:
        phrases = ("a snow-capped mountain", "a majestic snow-capped mountain")
    return under(generator, phrases, name)


def farmland(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Rolling hills in fields of strips, trees, perhaps a red barn."""
    horizon = float(generator.uniform(0.28, 0.45))
    name = paint_sky(easel, generator, mood, DAY_NAMES, horizon + 0.06)
    if mood.night:
        moon(easel, generator, 0.08, 0.18)
    elif generator.random() < 0.25:
        sun(easel, float(generator.uniform(0.15, 0.85)), 0.5 * horizon, 0.06, (255, 244, 190), 0.6)
    far = meadow(generator, mood)
    hill(
        easel, generator, horizon, 0.05, 1.3, [mix(far, (120, 150, 190), 0.4), mix(far, (120, 150, 190), 0.4)]
    )
    crops = {
        "summer": (
            (120, 172, 62),
            (226, 190, 70),
            (76, 140, 58),
            (240, 214, 100),
            (164, 186, 76),
            (150, 104, 56),
        ),
        "autumn": ((206, 132, 44), (150, 90, 42), (226, 172, 66), (178, 76, 34), (120, 110, 50)),
        "winter": ((240, 244, 250), (216, 226, 238), (196, 208, 224), (228, 234, 244)),
    }[mood.season]
    rows = 2 if mood.minimal else int(generator.integers(3, 5))
    lines = []
    for row in range(rows):
        t = row / rows
        height = horizon + 0.07 + t * (0.95 - horizon)
        line = ridge(generator, height, 0.035 + 0.03 * t, float(generator.uniform(0.5, 1.1)))
        lines.append(line)
        _fields(easel, generator, mood, line, crops, 0.22 + 0.5 * t)
    barn = not mood.minimal and generator.random() < 0.3
    if barn:
        x = float(generator.uniform(0.2, 0.8))
        _barn(easel, mood, x, height_at(lines[1], x) + 0.03, float(generator.uniform(0.14, 0.2)))
    for x, pick in generator.uniform(
        (0.02, 0), (0.98, 1), (1 if mood.minimal else int(generator.integers(2, 7)), 2)
    ).tolist():
        index = min(len(lines) - 1, int(pick * len(lines)))
        size = 0.1 + 0.09 * index
        (cypress if pick * 10 % 1 < 0.2 else round_tree)(
            easel, generator, x, height_at(lines[index], x) + 0.02, size, mood
        )
    phrases = ("rolling farmland", "rolling farmland", "rolling hills with fields", "farmland with fields")
    if barn:
        phrases = ("rolling farmland with a red barn", "a red barn in the fields", "rolling farmland")
    return under(generator, phrases, name)


def _fields(
    easel: Easel, generator: np.random.Generator, mood: Mood, line: list, crops: tuple, spread: float
) -> None:
    """The ground under one hill's line, in strips that fan out to the front."""
    base = lit(vary(generator, choose(generator, crops), 6), mood)
    easel.path(ground_below(line), base)
    vanish = float(generator.uniform(-0.2, 1.2))
    fan = float(generator.uniform(1.3, 2.4))  # how much wider a strip is at the bottom edge than at its top
    tops = [
        0,
        *sorted(generator.permutation(len(line) - 2)[: int(generator.integers(2, 6))].tolist()),
        len(line) - 1,
    ]
    for first, last in zip(tops[:-1], tops[1:], strict=True):
        if last <= first:
            continue
        colour = lit(vary(generator, choose(generator, crops), 6), mood)
        left, right = (vanish + (line[i][0] - vanish) * fan for i in (first, last))
        easel.polygon([*line[first : last + 1], (right, 1.1), (left, 1.1)], colour)
        if spread > 0.4 and last - first > 3 and generator.random() < 0.6:
            for i in range(first + 1, last, 2):  # furrows
                end = vanish + (line[i][0] - vanish) * fan
                easel.line([line[i], (end, 1.1)], 0.009, mix(colour, (60, 40, 20), 0.3))


def _barn(easel: Easel, mood: Mood, x: float, base: float, size: float) -> None:
    wall, roof = lit((186, 40, 36), mood), lit((90, 66, 60), mood)
    if mood.season == "winter":
        roof = lit(SNOW, mood)
    easel.upright(x, base)
    easel.rectangle(x - 0.5 * size, base - 0.55 * size, size, 0.55 * size, wall)
    easel.polygon(
        [
            (x - 0.6 * size, base - 0.5 * size),
            (x - 0.3 * size, base - 0.9 * size),
            (x + 0.3 * size, base - 0.9 * size),
            (x + 0.6 * size, base - 0.5 * size),
        ],
        roof,
    )
    easel.rectangle(
        x - 0.14 * size,
        base - 0.35 * size,
        0.28 * size,
        0.35 * size,
        (255, 220, 110) if mood.night else (246, 240, 228),
    )
    easel.restore()


def forest(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Trees in rows that darken towards the front, a path or a stream between."""
    name = paint_sky(easel, generator, mood, DAY_NAMES, 0.6)
    if mood.night:
        moon(easel, generator, 0.08, 0.2)
    pines = generator.random() < 0.5 and mood.season != "autumn"
    ground = meadow(generator, mood)
    far = mix(foliage(generator, mood), lit((150, 180, 200), mood), 0.45)
    easel.path(ground_below(ridge(generator, 0.42, 0.05, 3.0)), far)
    hill(easel, generator, 0.62, 0.02, 1.0, [ground, mix(ground, (10, 24, 24), 0.35)])
    way = int(generator.integers(3))
    if way:
        x, end = generator.uniform((0.35, 0.25), (0.65, 0.75)).tolist()
        colour = lit((206, 178, 130), mood) if way == 1 else lit((70, 136, 196), mood)
        path = polygon_path(
            [
                (x - 0.02, 0.62),
                (x + 0.02, 0.62),
                (end + 0.05, 0.8),
                (end + 0.24, 1.02),
                (end - 0.2, 1.02),
                (end - 0.06, 0.8),
            ]
        )
        easel.path(path, colour)
    number = int(generator.integers(1, 4)) if mood.minimal else int(generator.integers(9, 17))
    bases = np.sort(generator.uniform(0.66, 0.98, number)).tolist()
    for base, across in zip(bases, generator.uniform(-0.05, 1.05, number).tolist(), strict=True):
        size = 0.32 + 1.1 * (base - 0.62)
        if way and base > 0.75 and abs(across - 0.5) < 0.2:
            across += 0.35 if across > 0.5 else -0.35
        (pine if pines else round_tree)(easel, generator, across, base, size, mood)
    if mood.season == "winter":
        falling_snow(easel, generator, 35)
    trees = "pine trees" if pines else "trees"
    phrases = ("a forest", "a forest", f"a forest of {trees}")
    if mood.minimal:
        phrases = (trees,) if number > 1 else ("a " + trees.removesuffix("s"),)
    elif way == 1:
        phrases += ("a path in a forest", "a forest path")
    elif way == 2:
        phrases += ("a stream in a forest", "a forest stream")
    return under(generator, phrases, name)


def desert(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Dunes with a lit and a shaded side, sun, perhaps a cactus."""
    horizon = float(generator.uniform(0.36, 0.55))
    name = paint_sky(easel, generator, mood, DAY_NAMES, horizon + 0.05)
    if mood.night:
        moon(easel, generator, 0.1, 0.25)
    elif generator.random() < 0.6:
        sun(
            easel,
            float(generator.uniform(0.12, 0.88)),
            float(generator.uniform(0.1, 0.7)) * horizon,
            0.075,
            (255, 240, 190),
            0.7,
        )
    sand = vary(
        generator, choose(generator, ((236, 178, 96), (226, 140, 74), (240, 204, 136), (206, 106, 62))), 8
    )
    shadow = (4, 8, 30) if mood.night else (96, 34, 50)
    rows = 2 if mood.minimal else int(generator.integers(3, 5))
    for row in range(rows):
        t = row / rows
        height = horizon + 0.04 + t * (0.95 - horizon)
        tone = mix(lit(mix(sand, (255, 236, 200), 0.25 * (1 - t)), mood), lit((120, 60, 40), mood), 0.2 * t)
        x, rise, reach, lean = generator.uniform((0.1, 0.1, 0.35, -0.12), (0.9, 0.2, 0.65, 0.12)).tolist()
        _dune(easel, x, height, rise * (0.7 + 0.6 * t), reach, lean, tone, mix(tone, shadow, 0.4))
    cactus = not mood.minimal and generator.random() < 0.35
    if cactus:
        for x, size in generator.uniform(
            (0.1, 0.2), (0.9, 0.38), (int(generator.integers(1, 3)), 2)
        ).tolist():
            green = lit((44, 116, 66), mood)
            base = 0.93
            easel.upright(x, base)
            easel.line([(x, base), (x, base - size)], 0.2 * size, green)
            easel.line(
                [
                    (x, base - 0.35 * size),
                    (x - 0.28 * size, base - 0.35 * size),
                    (x - 0.28 * size, base - 0.65 * size),
                ],
                0.14 * size,
                green,
            )
            easel.line(
                [
                    (x, base - 0.5 * size),
                    (x + 0.26 * size, base - 0.5 * size),
                    (x + 0.26 * size, base - 0.8 * size),
                ],
                0.14 * size,
                green,
            )
            easel.restore()
        return under(
            generator,
            ("a desert with cactus", "desert dunes with cactus"),
            name,
        )
    return under(
        generator, ("desert dunes", "desert dunes", "a desert with dunes", "sand dunes in a desert"), name
    )


def _dune(
    easel: Easel,
    x: float,
    height: float,
    rise: float,
    reach: float,
    lean: float,
    lit_side: Colour,
    dark_side: Colour,
) -> None:
    """One dune with its crest at `x`: a long lit slope, a shaded one to the right, a curved edge between."""
    top, foot = height - 0.6 * rise, height + 0.4 * rise
    easel.rectangle(-0.1, foot, 1.2, 1.2, lit_side)
    whole = skia.Path()
    whole.moveTo(-0.1, foot + 0.002)
    whole.cubicTo(x - 0.9 * reach, foot, x - 0.35 * reach, top + 0.05 * rise, x, top)
    whole.quadTo(x + 0.4 * reach, top + 0.75 * rise, 1.1, foot + 0.002)
    whole.close()
    easel.path(whole, lit_side)
    dark = skia.Path()
    dark.moveTo(x, top)
    dark.quadTo(x + 0.4 * reach, top + 0.75 * rise, 1.1, foot)
    dark.lineTo(1.1, foot + 0.4 * rise)
    dark.quadTo(x + 0.5 * reach, foot + 0.3 * rise, x + lean, foot + 1.2 * rise)
    dark.cubicTo(x + 0.2 * reach, foot, x - 0.12 * reach, top + 0.5 * rise, x, top)
    dark.close()
    easel.path(dark, dark_side)
