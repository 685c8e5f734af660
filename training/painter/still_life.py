"""Still lifes: glass bottles, a bowl of fruit, flowers in a vase."""

import math

import numpy as np

from .captions import Mood, Subject, choose
from .colours import COLOURS, Colour, mix, shade, vary
from .easel import Easel, blob, smooth_path

WALLS: tuple[Colour, ...] = (
    (60, 72, 96),
    (222, 206, 176),
    (150, 170, 160),
    (96, 40, 44),
    (206, 150, 110),
    (40, 60, 60),
    (190, 200, 214),
    (46, 40, 52),
)
TABLES: tuple[Colour, ...] = (
    (130, 84, 50),
    (186, 138, 90),
    (236, 228, 214),
    (86, 54, 40),
    (120, 130, 150),
    (170, 70, 56),
)


def _room(easel: Easel, generator: np.random.Generator, mood: Mood) -> float:
    """Wall and table; where the table begins."""
    edge = float(generator.uniform(0.6, 0.76))
    wall, table = (vary(generator, choose(generator, tones), 6) for tones in (WALLS, TABLES))
    if abs(sum(wall) - sum(table)) < 90:
        table = mix(table, (255, 250, 240) if sum(wall) < 380 else (40, 22, 18), 0.55)
    easel.gradient([mix(wall, (10, 10, 20), 0.2), mix(wall, (255, 246, 220), 0.2)], 0, edge)
    if not mood.minimal:
        easel.glow(float(generator.uniform(0.1, 0.9)), 0.25, 0.7, mix(wall, (255, 246, 210), 0.7), 0.6)
    easel.gradient([mix(table, (255, 246, 220), 0.1), mix(table, (20, 10, 10), 0.25)], edge, 1)
    return edge


def bottles(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Glass bottles of different colours and shapes in a row on a table."""
    edge = _room(easel, generator, mood)
    number = int(generator.integers(2, 4)) if mood.minimal else int(generator.integers(3, 7))
    hues = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal")
    names = [hues[i] for i in generator.permutation(len(hues))[:number].tolist()]
    margin = 0.5 / number
    bases = generator.uniform(edge + 0.06, min(0.95, edge + 0.2), number).tolist()
    order = sorted(range(number), key=lambda i: bases[i])
    for i in order:
        x = margin + i / number + float(generator.uniform(-0.02, 0.02))
        half = min(0.13, float(generator.uniform(0.36, 0.5)) / number)
        _bottle(
            easel,
            generator,
            x,
            bases[i],
            half,
            float(generator.uniform(0.38, 0.66)),
            shade(generator, names[i]),
        )
    phrases = (
        "colorful glass bottles",
        "colorful glass bottles",
        "colorful glass bottles on a table",
        "colorful bottles on a table",
    )
    return Subject(phrases, kind="still life")


def _bottle(
    easel: Easel,
    generator: np.random.Generator,
    x: float,
    base: float,
    half: float,
    tall: float,
    colour: Colour,
) -> None:
    """One bottle with neck, deeper glass at its side, a highlight and a coloured shadow."""
    easel.upright(x, base)
    easel.oval(x + 0.9 * half, base, 1.6 * half, 0.03, mix(colour, (20, 10, 20), 0.55), 0.6)
    neck, top = half * float(generator.uniform(0.28, 0.45)), base - tall
    shoulder, start = base - tall * float(generator.uniform(0.5, 0.68)), base - tall * 0.76
    if generator.random() < 0.3:  # a round flask
        radius = 1.15 * half
        easel.rectangle(x - neck, top, 2 * neck, tall - radius, colour)
        easel.oval(x, base - radius, radius, radius, colour)
        easel.oval(x, base - 0.7 * radius, 0.86 * radius, 0.66 * radius, mix(colour, (20, 10, 40), 0.25))
    else:
        left = [(x - half, base), (x - half, shoulder), (x - neck, start), (x - neck, top)]
        right = [(2 * x - a, b) for a, b in reversed(left)]
        easel.polygon([*left, *right], colour)
        easel.oval(x, base, half, 0.25 * half, colour)
        level = shoulder + 0.3 * (base - shoulder)
        easel.rectangle(x - 0.86 * half, level, 1.72 * half, base - level, mix(colour, (20, 10, 40), 0.25))
    easel.rectangle(x - 1.3 * neck, top - 0.02, 2.6 * neck, 0.035, mix(colour, (255, 255, 255), 0.3))
    easel.line(
        [(x - 0.55 * half, shoulder + 0.03), (x - 0.55 * half, base - 0.08)],
        0.22 * half,
        (255, 255, 255),
        0.75,
    )
    easel.restore()


def fruit(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """A bowl heaped with apples, oranges, lemons, pears and grapes."""
    edge = _room(easel, generator, mood)
    x, half = float(generator.uniform(0.42, 0.58)), float(generator.uniform(0.28, 0.38))
    base = min(0.94, edge + float(generator.uniform(0.08, 0.18)))
    depth = float(generator.uniform(0.17, 0.24))
    rim = base - depth
    bowl = shade(
        generator, str(choose(generator, ("blue", "white", "teal", "brown", "gray", "purple", "green")))
    )
    easel.upright(x, base)
    easel.oval(x + 0.06, base, half, 0.04, (20, 12, 16), 0.45)
    number = 3 if mood.minimal else int(generator.integers(5, 9))
    spots = [
        (x + (t - 0.5) * 1.5 * half, rim - 0.02 - 0.16 * (1 - (2 * t - 1) ** 2) * s)
        for t, s in zip(
            np.linspace(0.04, 0.96, number).tolist(),
            generator.uniform(0.1, 1.0, number).tolist(),
            strict=True,
        )
    ]
    for fx, fy in sorted(spots, key=lambda spot: spot[1]):
        _fruit(easel, generator, fx, fy, float(generator.uniform(0.085, 0.115)))
    under = [
        (x - half, rim),
        (x + half, rim),
        (x + 0.8 * half, base - 0.3 * depth),
        (x + 0.35 * half, base),
        (x - 0.35 * half, base),
        (x - 0.8 * half, base - 0.3 * depth),
    ]
    easel.polygon(under, bowl)
    easel.polygon(
        [
            (x + 0.35 * half, rim),
            (x + half, rim),
            (x + 0.8 * half, base - 0.3 * depth),
            (x + 0.35 * half, base),
        ],
        mix(bowl, (10, 10, 30), 0.3),
    )
    easel.line([(x - half, rim), (x + half, rim)], 0.025, mix(bowl, (255, 255, 255), 0.35))
    easel.restore()
    if not mood.minimal and generator.random() < 0.4:
        _fruit(easel, generator, 0.14 if x > 0.5 else 0.86, base - 0.03, 0.09)
    return Subject(("a bowl of fruit", "a bowl of fruit", "a bowl of fruit on a table"), kind="still life")


def _fruit(easel: Easel, generator: np.random.Generator, x: float, y: float, radius: float) -> None:
    kind = int(generator.integers(5))
    colour = vary(
        generator, ((206, 32, 36), (244, 138, 26), (250, 214, 50), (140, 180, 52), (112, 44, 130))[kind], 6
    )
    dark = mix(colour, (50, 10, 20), 0.4)
    easel.upright(x, y)
    if kind == 4:
        for dx, dy in ((-0.6, -0.3), (0, -0.5), (0.6, -0.3), (-0.3, 0.2), (0.3, 0.2), (0, 0.7)):
            easel.disc(x + dx * radius, y + dy * radius, 0.42 * radius, dark)
            easel.disc(x + (dx - 0.08) * radius, y + (dy - 0.08) * radius, 0.32 * radius, colour)
        easel.restore()
        return
    if kind == 3:
        easel.oval(x, y - 0.8 * radius, 0.5 * radius, 0.7 * radius, colour)
    easel.oval(x, y, radius * (1.2 if kind == 2 else 1), radius * (0.85 if kind == 2 else 1), dark)
    easel.oval(
        x - 0.1 * radius,
        y - 0.1 * radius,
        radius * (1.05 if kind == 2 else 0.87),
        radius * (0.7 if kind == 2 else 0.87),
        colour,
    )
    easel.disc(x - 0.38 * radius, y - 0.38 * radius, 0.2 * radius, (255, 255, 255), 0.7)
    if kind in (0, 3):
        top = y - radius * (1.45 if kind == 3 else 0.9)
        easel.line([(x, top), (x + 0.15 * radius, top - 0.4 * radius)], 0.14 * radius, (80, 50, 30))
    easel.restore()


def flowers(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """A bunch of flowers with clear petals in a vase."""
    edge = _room(easel, generator, mood)
    x, base = float(generator.uniform(0.42, 0.58)), min(0.95, edge + float(generator.uniform(0.1, 0.18)))
    half, tall = generator.uniform((0.1, 0.26), (0.16, 0.36)).tolist()
    neck = base - tall
    named = generator.random() < 0.35
    blooms = ("red", "orange", "yellow", "pink", "purple", "white", "blue")
    one = str(choose(generator, blooms))
    names = [one] if named else [blooms[i] for i in generator.permutation(len(blooms))[:4].tolist()]
    number = int(generator.integers(1, 4)) if mood.minimal else int(generator.integers(5, 11))
    spots = []
    for i, (away, size) in enumerate(generator.uniform((0.15, 0.08), (0.36, 0.125), (number, 2)).tolist()):
        angle = -math.pi / 2 + (i / max(1, number - 1) - 0.5) * 2.5 if number > 1 else -math.pi / 2
        spots.append((x + 1.15 * away * math.cos(angle), neck - 0.05 + away * math.sin(angle), size))
    easel.upright(x, base)
    for fx, fy, _ in spots:
        easel.line(
            [(x, neck + 0.05), (0.6 * fx + 0.4 * x, 0.5 * (fy + neck)), (fx, fy)], 0.014, (50, 110, 56)
        )
    for dx in generator.uniform(-0.22, 0.22, 1 if mood.minimal else 5).tolist():
        easel.placed(x + dx, neck - 0.06, 1, 60 * dx / 0.22)
        easel.oval(0, -0.05, 0.035, 0.1, vary(generator, (56, 126, 62), 8))
        easel.restore()
    easel.oval(x + 0.06, base, 1.3 * half, 0.03, (20, 12, 16), 0.4)
    vase = shade(
        generator, str(choose(generator, ("blue", "white", "teal", "gray", "brown", "black", "green")))
    )
    body = [
        (x - 0.6 * half, neck),
        (x - 0.7 * half, neck + 0.25 * tall),
        (x - 1.3 * half, neck + 0.65 * tall),
        (x - 0.7 * half, base),
        (x + 0.7 * half, base),
        (x + 1.3 * half, neck + 0.65 * tall),
        (x + 0.7 * half, neck + 0.25 * tall),
        (x + 0.6 * half, neck),
    ]
    easel.path(smooth_path(body), vase)
    easel.oval(
        x - 0.4 * half, neck + 0.6 * tall, 0.16 * half, 0.18 * tall, mix(vase, (255, 255, 255), 0.65), 0.8
    )
    for i, (fx, fy, size) in enumerate(sorted(spots, key=lambda spot: -spot[1])):
        _flower(easel, generator, fx, fy, size, shade(generator, names[i % len(names)]))
    easel.restore()
    if named:
        noun = "flower" if number == 1 else "flowers"
        lead = f"a {one}" if one[0] not in "o" else f"an {one}"
        return Subject(
            ((f"{lead} flower in a vase" if number == 1 else f"{one} {noun} in a vase"),),
            (one,),
            kind="still life",
        )
    if number == 1:
        return Subject(("a flower in a vase",), kind="still life")
    return Subject(("flowers in a vase", "flowers in a vase", "a vase of flowers"), kind="still life")


def _flower(
    easel: Easel, generator: np.random.Generator, x: float, y: float, size: float, colour: Colour
) -> None:
    petals, turn = int(generator.integers(5, 8)), float(generator.uniform(0, 6))
    kind = generator.random()
    if kind < 0.25:  # a rose: rings
        for radius, share in ((1.0, 0.35), (0.75, 0.0), (0.5, 0.25), (0.25, 0.1)):
            easel.path(blob(generator, x, y, radius * size, 0.08), mix(colour, (40, 0, 20), share))
        return
    for i in range(petals):
        angle = turn + 2 * math.pi * i / petals
        spot = (x + 0.58 * size * math.cos(angle), y + 0.58 * size * math.sin(angle))
        easel.disc(*spot, 0.44 * size, mix(colour, (60, 10, 40), 0.18 * (i % 2)))
    middle: Colour = (
        (250, 208, 60)
        if sum(abs(a - b) for a, b in zip(colour, COLOURS["yellow"], strict=True)) > 120
        else (120, 66, 30)
    )
    easel.disc(x, y, 0.3 * size, middle)
