"""Landscapes by the water: sunset over a lake, and the sea.

Each function paints one scene and returns what it may be called; captions are put together elsewhere.
"""

import math

import numpy as np

from .captions import Mood, Subject, article, choose, under
from .colours import mix, vary
from .easel import Easel, ground_below, ridge
from .nature import (
    DAY_NAMES,
    DUSK_NAMES,
    SKIES,
    lit,
    moon,
    paint_sky,
    reflection,
    ripples,
    round_tree,
    sun,
)

NIGHT = (20, 34, 90)


def sunset(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """The sun over a lake, hills along the far shore, its path on the water."""
    shore = float(generator.uniform(0.45, 0.66))
    name = str(choose(generator, DUSK_NAMES))
    sky = [vary(generator, c, 5) for c in choose(generator, SKIES[name])]
    easel.gradient(sky, 0, shore)
    glow = choose(generator, ((255, 240, 150), (255, 214, 92), (255, 120, 60), (255, 250, 214)))
    if sum(abs(a - b) for a, b in zip(glow, sky[-1], strict=True)) < 110:
        glow = (255, 252, 220)
    x, radius = float(generator.uniform(0.2, 0.8)), float(generator.uniform(0.06, 0.13))
    y = shore - float(generator.uniform(0.0, 0.22))
    if not mood.minimal:
        for cx, t, half in generator.uniform(
            (0, 0.1, 0.15), (1, 0.85, 0.4), (int(generator.integers(0, 6)), 3)
        ).tolist():
            easel.oval(cx, t * shore, half, 0.018, mix(sky[0], (90, 30, 70), 0.35), 0.7)
    sun(easel, x, y, radius, glow)
    dark = mix(sky[0], (30, 14, 50), 0.72)
    if generator.random() < 0.75 and not mood.minimal:
        easel.path(ground_below(ridge(generator, shore - 0.06, 0.05, 1.2)), mix(dark, sky[-1], 0.35))
    easel.path(ground_below(ridge(generator, shore - 0.012, 0.012, 1.5)), dark)
    water = [mix(c, (50, 24, 60), 0.14 + 0.12 * i) for i, c in enumerate(reversed(sky))]
    easel.gradient(water, shore, 1)
    ripples(easel, generator, shore, mix(sky[0], (30, 16, 60), 0.5), 6 if mood.minimal else 16)
    reflection(easel, generator, x, shore, 1.0, radius * 0.9, mix(glow, sky[-1], 0.2))
    if not mood.minimal and generator.random() < 0.45:
        if generator.random() < 0.5:
            _boat(
                easel,
                generator,
                float(generator.uniform(0.2, 0.8)),
                shore + 0.14,
                0.13,
                mix(dark, (0, 0, 0), 0.4),
            )
        else:
            left = generator.random() < 0.5
            base = -0.02 if left else 1.02
            easel.path(ground_below([(0, 0.93), (0.5, 0.97), (1, 0.92)]), mix(dark, (0, 0, 0), 0.5))
            round_tree(easel, generator, base + (0.14 if left else -0.14), 0.96, 0.5, Mood(night=True))
    if generator.random() < 0.3:
        return Subject(
            (f"{article(name)} sunset over a lake", f"a sunset over a lake under {article(name)} sky"),
            (name,),
        )
    return Subject(("sunset over a lake", "sunset over a lake", "a sunset over a lake", "a lake at sunset"))


def _boat(easel: Easel, generator: np.random.Generator, x: float, y: float, size: float, hull: tuple) -> None:
    """A boat with one sail."""
    sail = mix(hull, (255, 255, 255), 0.0 if generator.random() < 0.5 else 0.85)
    easel.upright(x, y)
    easel.polygon(
        [
            (x - 0.5 * size, y - 0.1 * size),
            (x + 0.5 * size, y - 0.1 * size),
            (x + 0.3 * size, y + 0.12 * size),
            (x - 0.32 * size, y + 0.12 * size),
        ],
        hull,
    )
    easel.polygon([(x, y - 0.16 * size), (x, y - 1.2 * size), (x + 0.45 * size, y - 0.16 * size)], sail)
    easel.polygon(
        [
            (x - 0.05 * size, y - 0.16 * size),
            (x - 0.05 * size, y - 0.95 * size),
            (x - 0.36 * size, y - 0.16 * size),
        ],
        mix(sail, hull, 0.25),
    )
    easel.restore()


def sea(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Waves with white foam, rocks or a sailing boat."""
    horizon = float(generator.uniform(0.3, 0.5))
    name = paint_sky(easel, generator, mood, DAY_NAMES, horizon)
    if mood.night:
        x = moon(easel, generator, 0.08, 0.2)
    elif generator.random() < 0.25:
        sun(easel, float(generator.uniform(0.15, 0.85)), 0.5 * horizon, 0.06, (255, 248, 210), 0.6)
    tone = "blue" if generator.random() < 0.5 else str(choose(generator, ("teal", "green", "gray")))
    water = {"blue": (26, 78, 172), "teal": (14, 138, 152), "green": (34, 128, 92), "gray": (108, 118, 128)}[
        tone
    ]
    water = lit(vary(generator, water, 5), mood)
    light = mix(water, (225, 250, 246), 0.32 if not mood.night else 0.15)
    foam = mix((250, 252, 252), NIGHT, 0.25) if mood.night else (250, 252, 252)
    easel.gradient([mix(water, (10, 16, 60), 0.25), water], horizon, 1)
    if mood.night:
        reflection(easel, generator, x, horizon, 0.75, 0.06, (226, 230, 220))
    crashing = not mood.minimal and generator.random() < 0.7
    if not mood.minimal and not crashing and generator.random() < 0.5:
        _boat(
            easel,
            generator,
            float(generator.uniform(0.2, 0.8)),
            horizon + 0.06,
            float(generator.uniform(0.12, 0.22)),
            (96, 50, 36),
        )
        boat = True
    else:
        boat = False
    rows = 2 if mood.minimal else int(generator.integers(3, 6))
    for row in range(rows):
        t = (row + 0.7) / rows
        height = horizon + 0.05 + t * (0.93 - horizon)
        _wave(
            easel,
            generator,
            height,
            0.02 + 0.045 * t * (1.3 if crashing else 0.7),
            [light, water, mix(water, (6, 16, 56), 0.35)],
            foam,
        )
    if crashing:
        _crash(easel, generator, mood, foam)
    phrases = ("waves on the sea", "the sea", "a seascape with waves")
    if crashing:
        phrases = (
            "a seascape with crashing waves",
            "a seascape with crashing waves",
            "crashing waves",
            "the sea with crashing waves",
        )
    elif boat:
        phrases = ("a sailboat on the sea", "a seascape with a sailboat")
    if not mood.night and generator.random() < 0.3:
        return Subject((f"{article(tone)} sea with {'crashing ' if crashing else ''}waves",), (tone,))
    return under(generator, phrases, name)


def _wave(
    easel: Easel, generator: np.random.Generator, height: float, swing: float, colours: list, foam: tuple
) -> None:
    """One row of waves with foam along its crest."""
    pace, phase = float(generator.uniform(1.2, 3.2)), float(generator.uniform(0, 6.3))
    across = [-0.05 + 0.03 * i for i in range(38)]
    line = []
    for x in across:
        angle = 2 * math.pi * pace * x + phase
        # Narrow crests and broad troughs read as waves; a sine reads as hills.
        line.append((x, height - swing * (1.6 * abs(math.cos(angle / 2)) ** 3 - 0.5)))
    easel.gradient(colours, height - swing, min(1.05, height + 0.22), ground_below(line))
    thick = float(generator.uniform(0.25, 0.5)) * swing
    lower = [
        (x, y + thick * (0.25 + abs(math.sin(17 * x + phase)) * (1.5 if y < height else 0.5)))
        for x, y in line
    ]
    easel.polygon([*line, *reversed(lower)], foam, 0.95)


def _crash(easel: Easel, generator: np.random.Generator, mood: Mood, foam: tuple) -> None:
    """A wave breaking on dark rocks, or on the sea itself."""
    x, base = float(choose(generator, (0.12, 0.25, 0.75, 0.88))), float(generator.uniform(0.8, 0.98))
    easel.upright(x, 1)
    for _ in range(5):
        dx, dy, radius = generator.uniform((-0.16, -0.3, 0.05), (0.16, -0.02, 0.1)).tolist()
        easel.disc(x + dx, base + dy, radius, foam, 0.85)
    for dx, dy, radius in generator.uniform((-0.3, -0.5, 0.006), (0.3, -0.1, 0.018), (18, 3)).tolist():
        easel.disc(x + dx, base + dy, radius, foam, 0.9)
    rock = lit(vary(generator, (62, 54, 56), 8), mood)
    size = float(generator.uniform(0.16, 0.28))
    points = [
        (x - size, 1.05),
        (x - 0.7 * size, base - 0.05),
        (x - 0.2 * size, base - 0.7 * size),
        (x + 0.35 * size, base - 0.4 * size),
        (x + 0.8 * size, base),
        (x + size, 1.05),
    ]
    easel.polygon(points, rock)
    easel.polygon([points[1], points[2], (x, base - 0.1)], mix(rock, (255, 230, 200), 0.25))
    easel.oval(x, 1.0, 1.3 * size, 0.05, foam, 0.9)
    easel.restore()
