"""Landscapes with buildings: the city skyline and the Italian villa."""

import numpy as np

from .captions import Mood, Subject, article, choose
from .colours import Colour, mix, vary
from .easel import Easel
from .nature import (
    DAY_NAMES,
    DUSK_NAMES,
    SNOW,
    cypress,
    height_at,
    hill,
    lit,
    meadow,
    moon,
    paint_sky,
    ripples,
    round_tree,
    sun,
)

WINDOW_LIGHTS: tuple[Colour, ...] = ((255, 224, 120), (255, 200, 84), (255, 240, 190))


def skyline(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Towers by the water, mirrored in it; windows lit at night."""
    shore = float(generator.uniform(0.62, 0.8))
    name = paint_sky(easel, generator, mood, DAY_NAMES + DUSK_NAMES, shore)
    if mood.night and generator.random() < 0.7:
        moon(easel, generator, 0.08, 0.18)
    elif not mood.night and generator.random() < 0.3:
        sun(
            easel,
            float(generator.uniform(0.1, 0.9)),
            float(generator.uniform(0.1, 0.4)),
            0.07,
            (255, 246, 200),
            0.6,
        )
    stones = (
        (74, 92, 132),
        (120, 132, 156),
        (160, 96, 74),
        (198, 182, 156),
        (60, 70, 100),
        (92, 124, 140),
        (140, 70, 62),
    )
    if generator.random() < 0.4:
        tone = choose(generator, stones)
        stones = tuple(mix(tone, other, 0.25) for other in stones)
    if not mood.minimal:
        back = mix(lit((110, 120, 150), mood), (150, 170, 200), 0.0 if mood.night else 0.45)
        x = -0.03
        while x < 1:
            width, tall = generator.uniform((0.06, 0.1), (0.14, 0.36)).tolist()
            easel.rectangle(x, shore - tall, width + 0.005, tall, back)
            x += width
    towers: list[tuple[float, float, float, Colour]] = []
    x = float(generator.uniform(-0.04, 0.05))
    while x < 0.97:
        width, tall, gap = generator.uniform((0.08, 0.12, 0.0), (0.17, 0.42, 0.03)).tolist()
        if generator.random() < 0.28:
            tall = float(generator.uniform(0.42, 0.58)) * shore / 0.7
        if mood.minimal:
            width, gap = 1.2 * width, 0.12
        colour = (
            mix(choose(generator, stones), (14, 16, 44), 0.72)
            if mood.night
            else vary(generator, choose(generator, stones), 8)
        )
        towers.append((x, width, tall, colour))
        x += width + gap
    for tower in towers:
        _tower(easel, generator, mood, shore, *tower)
    deep = (14, 22, 62) if mood.night else mix((40, 92, 150), (90, 120, 150), float(generator.random()))
    easel.gradient([mix(deep, (255, 255, 255), 0.12), deep], shore, 1)
    for x, width, tall, colour in towers:
        easel.rectangle(x, shore, width, min(0.6 * tall, 1 - shore), mix(colour, deep, 0.35), 0.7)
        if mood.night:
            for t in (0.15, 0.4, 0.65):
                easel.oval(
                    x + 0.5 * width,
                    shore + t * (1 - shore),
                    0.4 * width,
                    0.007,
                    choose(generator, WINDOW_LIGHTS),
                    0.75,
                )
    ripples(easel, generator, shore, mix(deep, (220, 230, 250), 0.35), 12)
    easel.rectangle(0, shore - 0.008, 1, 0.014, mix(deep, (0, 0, 0), 0.5))
    said = mood.night and generator.random() < 0.3
    if said:
        return Subject(
            ("a city skyline with lit windows at night", "boston city skyline with city lights at night"),
            said_night=True,
        )
    phrases = (
        "boston city skyline",
        "boston city skyline",
        "a city skyline",
        "city skyline",
        "a city skyline by the water",
    )
    if name and generator.random() < 0.3:
        return Subject(tuple(f"{phrase} under {article(name)} sky" for phrase in phrases[1:4]), (name,))
    return Subject(phrases)


def _tower(
    easel: Easel,
    generator: np.random.Generator,
    mood: Mood,
    shore: float,
    x: float,
    width: float,
    tall: float,
    colour: Colour,
) -> None:
    """One building with its roof and windows."""
    top = shore - tall
    roof = float(generator.random())
    if tall > 0.35 and roof < 0.35:
        easel.polygon(
            [(x + 0.15 * width, top), (x + 0.5 * width, top - 0.8 * width), (x + 0.85 * width, top)], colour
        )
        easel.line([(x + 0.5 * width, top - 0.6 * width), (x + 0.5 * width, top - 1.3 * width)], 0.01, colour)
    elif roof < 0.6:
        easel.rectangle(x + 0.2 * width, top - 0.04, 0.6 * width, 0.05, colour)
    elif roof < 0.7:
        easel.disc(x + 0.5 * width, top, 0.42 * width, colour)
    easel.rectangle(x, top, width, tall, colour)
    easel.rectangle(x + 0.7 * width, top, 0.3 * width, tall, mix(colour, (10, 14, 40), 0.3))
    if mood.season == "winter":
        easel.rectangle(x, top, width, 0.02, lit(SNOW, mood))
    columns = 2 if width < 0.12 else 3
    step = width / columns
    tall_step = 0.052
    rows = max(1, int((tall - 0.03) / tall_step))
    lights = generator.random((rows, columns)).tolist()
    glass = mix(colour, (220, 236, 250), 0.45) if sum(colour) < 420 else mix(colour, (30, 50, 90), 0.5)
    warm = choose(generator, WINDOW_LIGHTS)
    for row, values in enumerate(lights):
        for column, value in enumerate(values):
            if mood.night and value < 0.4:
                continue
            tone = warm if mood.night else glass
            easel.rectangle(
                x + (column + 0.25) * step, top + 0.022 + row * tall_step, 0.5 * step, 0.028, tone
            )


def villa(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """A house with a terracotta roof on a hill, cypresses beside it."""
    name = paint_sky(easel, generator, mood, (*DAY_NAMES, "orange"), 0.62)
    if mood.night:
        moon(easel, generator, 0.08, 0.2)
    far = meadow(generator, mood)
    haze = lit((130, 150, 190), mood)
    if not mood.minimal:
        hill(easel, generator, 0.48, 0.07, 1.2, [mix(far, haze, 0.65), mix(far, haze, 0.5)])
        hill(easel, generator, 0.56, 0.05, 1.4, [mix(far, haze, 0.35), far])
    near = meadow(generator, mood)
    line = hill(easel, generator, 0.72, 0.03, 0.7, [near, mix(near, (20, 40, 20), 0.3)])
    x, size = generator.uniform((0.36, 0.36), (0.64, 0.52)).tolist()
    base = height_at(line, x) + 0.04
    behind = [float(t) for t in generator.uniform(-0.42, 0.42, 2)]
    for dx in behind:
        cypress(easel, generator, x + dx, base - 0.01, size * float(generator.uniform(0.7, 1.0)), mood)
    road = lit((226, 204, 160), mood) if mood.season != "winter" else lit((196, 204, 216), mood)
    end = x + float(generator.uniform(-0.3, 0.3))
    easel.polygon(
        [(x - 0.03, base - 0.01), (x + 0.03, base - 0.01), (end + 0.16, 1.02), (end - 0.16, 1.02)], road
    )
    _house(easel, generator, mood, x, base, size)
    number = int(generator.integers(1, 3)) if mood.minimal else int(generator.integers(2, 5))
    sides = generator.permutation([-0.62, 0.62, -0.82, 0.86])[:number]
    for side in sides.tolist():
        at = x + side * size
        cypress(
            easel,
            generator,
            at,
            height_at(line, min(1, max(0, at))) + 0.05,
            size * float(generator.uniform(0.75, 1.1)),
            mood,
        )
    if not mood.minimal:
        for px, py in generator.uniform((0, 0.84), (1, 0.98), (int(generator.integers(0, 5)), 2)).tolist():
            if abs(px - end) > 0.2:
                round_tree(easel, generator, px, py, 0.14, mood)
    phrases = (
        "an italian villa",
        "an italian villa",
        "an italian villa with cypress trees",
        "a villa on a hill",
        "an italian villa on a hill",
    )
    if name and generator.random() < 0.3:
        return Subject(tuple(f"{phrase} under {article(name)} sky" for phrase in phrases[:2]), (name,))
    return Subject(phrases)


def _house(
    easel: Easel, generator: np.random.Generator, mood: Mood, x: float, base: float, size: float
) -> None:
    """Walls, roof, windows, a door; often a tower or a wing."""
    wall = lit(
        vary(
            generator,
            choose(generator, ((246, 222, 166), (240, 196, 120), (250, 238, 212), (236, 172, 132))),
            6,
        ),
        mood,
    )
    tile = lit(SNOW if mood.season == "winter" else vary(generator, (200, 88, 48), 8), mood)
    shadow = mix(wall, (70, 40, 80), 0.3)
    glass = (255, 222, 120) if mood.night else (70, 84, 104)
    tower = generator.random() < 0.55
    side = 1 if generator.random() < 0.5 else -1

    def block(cx: float, width: float, tall: float, roof: float) -> None:
        left = cx - width / 2
        easel.rectangle(left, base - tall, width, tall, wall)
        easel.rectangle(left + 0.72 * width, base - tall, 0.28 * width, tall, shadow)
        rim = 0.03 * size
        points = [
            (left - rim, base - tall),
            (left + 0.2 * width, base - tall - roof),
            (left + 0.8 * width, base - tall - roof),
            (left + width + rim, base - tall),
        ]
        easel.polygon(points, tile)
        easel.polygon(
            [points[3], points[2], (left + 0.62 * width, base - tall)], mix(tile, (70, 20, 30), 0.3)
        )

    def window(cx: float, y: float, width: float, tall: float) -> None:
        easel.rectangle(cx - width / 2, y, width, tall, glass)
        easel.disc(cx, y, width / 2, glass)

    easel.upright(x, base)
    if tower:
        cx = x + side * 0.26 * size
        block(cx, 0.24 * size, 0.82 * size, 0.12 * size)
        window(cx, base - 0.72 * size, 0.08 * size, 0.1 * size)
    block(x, 0.8 * size, 0.44 * size, 0.17 * size)
    for i in (-1, 1):
        window(x + i * 0.25 * size, base - 0.33 * size, 0.1 * size, 0.15 * size)
    window(x, base - 0.2 * size, 0.13 * size, 0.2 * size)
    easel.restore()
