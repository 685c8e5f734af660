"""What is seen indoors: a wood workshop, and microscopic organisms on a slide."""

import math

import numpy as np

from .captions import Mood, Subject, choose
from .colours import Colour, mix, shade, vary
from .easel import Easel, blob

STEEL: Colour = (176, 184, 192)
WOODS: tuple[Colour, ...] = ((196, 140, 78), (170, 108, 56), (214, 168, 106), (148, 92, 48))


def workshop(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """A bench before a boarded wall with tools on it, planks leaning beside."""
    wall = vary(generator, choose(generator, ((182, 124, 70), (150, 96, 54), (206, 160, 104))), 6)
    easel.fill(wall)
    if not mood.minimal:
        for i in range(8):
            easel.rectangle(i / 8, 0, 0.122, 0.72, vary(generator, wall, 5))
            easel.rectangle(i / 8 + 0.119, 0, 0.008, 0.72, mix(wall, (50, 24, 10), 0.5))
    floor = mix(wall, (70, 40, 24), 0.6)
    easel.gradient([floor, mix(floor, (20, 10, 8), 0.3)], 0.72, 1)
    left = generator.random() < 0.5
    if generator.random() < 0.6:
        _window(easel, 0.14 if left else 0.62)
        spots = [0.58, 0.72, 0.87] if left else [0.13, 0.28, 0.42]
    else:
        spots = [0.16, 0.33, 0.5, 0.67, 0.84]
    if mood.minimal:
        spots = spots[::2]
    easel.rectangle(
        min(spots) - 0.08, 0.12, max(spots) - min(spots) + 0.16, 0.025, mix(wall, (50, 24, 10), 0.65)
    )
    kinds = generator.permutation(4).tolist()
    for i, x in enumerate(spots):
        _tool(
            easel,
            kinds[i % 4],
            x,
            0.14,
            0.3,
            shade(generator, str(choose(generator, ("red", "blue", "brown", "orange")))),
        )
    if not mood.minimal:
        _planks(easel, generator, 0.9 if left else 0.1)
    _bench(easel, generator, 0.44 if left else 0.56)
    phrases = (
        "a wood workshop",
        "a wood workshop",
        "a wood workshop with tools on the wall",
        "a workshop with a wooden bench",
    )
    return Subject(phrases, kind="interior")


def _window(easel: Easel, x: float) -> None:
    easel.glow(x + 0.12, 0.3, 0.5, (255, 236, 180), 0.5)
    easel.rectangle(x - 0.015, 0.1, 0.27, 0.33, (96, 58, 32))
    for column in (0, 1):
        for row in (0, 1):
            easel.rectangle(
                x + 0.125 * column,
                0.115 + 0.155 * row,
                0.115,
                0.145,
                (190, 226, 240) if row else (150, 206, 238),
            )


def _tool(easel: Easel, kind: int, x: float, y: float, size: float, handle: Colour) -> None:
    """A hammer, a saw, a chisel or a square, hanging from (x, y)."""
    easel.placed(x, y, size)
    if kind == 0:
        easel.rectangle(-0.05, 0.1, 0.1, 0.85, (222, 178, 116))
        easel.rectangle(-0.22, 0.06, 0.44, 0.2, mix(STEEL, (20, 20, 30), 0.5))
    elif kind == 1:
        easel.polygon([(-0.2, 0.32), (0.2, 0.32), (0.05, 1.05), (-0.08, 1.05)], STEEL)
        easel.polygon([(-0.22, 0.02), (0.22, 0.02), (0.2, 0.34), (-0.2, 0.34)], handle)
        easel.oval(0, 0.18, 0.1, 0.07, (90, 60, 40))
    elif kind == 2:
        easel.rectangle(-0.08, 0.02, 0.16, 0.4, handle)
        easel.rectangle(-0.045, 0.4, 0.09, 0.5, STEEL)
    else:
        easel.rectangle(-0.2, 0.05, 0.12, 0.85, STEEL)
        easel.rectangle(-0.2, 0.05, 0.42, 0.13, handle)
    easel.restore()


def _planks(easel: Easel, generator: np.random.Generator, x: float) -> None:
    """Boards leaning against the wall."""
    for i in range(4):
        foot = x + (i - 1.5) * 0.055
        top = foot + float(generator.uniform(-0.04, 0.04))
        high = float(generator.uniform(0.2, 0.42))
        tone = vary(generator, choose(generator, WOODS), 8)
        easel.polygon(
            [(foot - 0.03, 0.84), (foot + 0.03, 0.84), (top + 0.03, high), (top - 0.03, high)], tone
        )
        easel.line([(foot + 0.03, 0.84), (top + 0.03, high)], 0.008, mix(tone, (50, 24, 10), 0.5))


def _bench(easel: Easel, generator: np.random.Generator, x: float) -> None:
    """A heavy bench with a vice, a board being worked and shavings."""
    wood = vary(generator, (218, 166, 100), 6)
    dark = mix(wood, (60, 28, 12), 0.5)
    half, top = 0.37, float(generator.uniform(0.6, 0.66))
    easel.rectangle(x - half, top + 0.34, 2 * half, 0.03, (20, 10, 8), 0.4)
    for side in (-0.31, 0.23):
        easel.rectangle(x + side, top + 0.05, 0.08, 0.31, dark)
    easel.rectangle(x - 0.3, top + 0.22, 0.6, 0.05, mix(dark, (20, 10, 4), 0.2))
    easel.rectangle(x - half, top, 2 * half, 0.075, wood)
    easel.rectangle(x - half, top + 0.06, 2 * half, 0.02, dark)
    easel.rectangle(x - half - 0.03, top + 0.01, 0.07, 0.11, (70, 78, 90))
    board = vary(generator, choose(generator, WOODS[::2]), 6)
    easel.rectangle(x - 0.18, top - 0.035, 0.42, 0.035, mix(board, (255, 236, 200), 0.3))
    easel.rectangle(
        x - 0.05, top - 0.1, 0.2, 0.065, shade(generator, str(choose(generator, ("brown", "red", "blue"))))
    )
    easel.disc(x + 0.11, top - 0.115, 0.025, (60, 36, 24))
    for dx, dy in generator.uniform((-0.3, 0.37), (0.3, 0.42), (7, 2)).tolist():
        easel.oval(x + dx, min(0.98, top + dy), 0.025, 0.012, (240, 206, 150))


def organisms(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Cells with nuclei, slippers with cilia, rods and rings on a tinted field."""
    name = str(choose(generator, ("teal", "blue", "green", "purple", "pink", "yellow")))
    field = shade(generator, name)
    easel.fill(field)
    easel.glow(0.5, 0.5, 0.75, mix(field, (255, 255, 250), 0.5), 0.8)
    if not mood.minimal:
        for x, y, radius in generator.uniform((0, 0, 0.006), (1, 1, 0.02), (16, 3)).tolist():
            easel.disc(x, y, radius, mix(field, (20, 30, 50) if x > 0.5 else (255, 255, 255), 0.35), 0.8)
    tints = [
        hue for hue in ("green", "orange", "pink", "purple", "teal", "yellow", "blue", "red") if hue != name
    ]
    tints = [tints[i] for i in generator.permutation(len(tints))[:3].tolist()]
    number = 2 if mood.minimal else int(generator.integers(5, 8))
    cells = [(0.25, 0.27), (0.74, 0.7), (0.72, 0.22), (0.24, 0.76), (0.5, 0.5), (0.95, 0.46), (0.04, 0.5)]
    for i, (cx, cy) in enumerate(cells[:number]):
        x, y, turn, size = (generator.uniform((-0.05, -0.05, 0, 0.15), (0.05, 0.05, 360, 0.2))).tolist()
        easel.placed(cx + x, cy + y, size if i < 4 else 0.7 * size, turn)
        _organism(easel, generator, int(generator.integers(4)), shade(generator, tints[i % 3]))
        easel.restore()
    if generator.random() < 0.3:
        return Subject((f"microscopic organisms on a {name} background",), (name,), kind="still")
    return Subject(
        ("microscopic organisms", "microscopic organisms", "microscopic organisms under a microscope"),
        kind="still",
    )


def _organism(easel: Easel, generator: np.random.Generator, kind: int, colour: Colour) -> None:
    """One creature about (0, 0), about 1 in radius."""
    rim, pale = mix(colour, (20, 10, 40), 0.45), mix(colour, (255, 255, 255), 0.35)
    nucleus = mix(colour, (40, 0, 60), 0.65)
    if kind == 0:  # a slipper with cilia
        for i in range(22):
            angle = 2 * math.pi * i / 22
            cos, sin = math.cos(angle), math.sin(angle)
            easel.line([(0.95 * cos, 0.5 * sin), (1.18 * cos, 0.72 * sin)], 0.05, rim)
        easel.oval(0, 0, 1.0, 0.55, rim)
        easel.oval(0, 0, 0.9, 0.45, pale)
        easel.oval(-0.2, 0, 0.3, 0.22, nucleus)
        for x, y in ((0.4, 0.1), (0.6, -0.1), (0.3, -0.2)):
            easel.disc(x, y, 0.1, colour)
        return
    if kind == 3:  # a string of beads
        for i in range(5):
            x, y = 0.42 * (i - 2), 0.25 * math.sin(1.3 * i)
            easel.disc(x, y, 0.32, rim)
            easel.disc(x, y, 0.24, pale)
            easel.disc(x, y, 0.1, nucleus)
        return
    body = blob(generator, 0, 0, 0.9, 0.1 if kind == 1 else 0.36)
    easel.path(body, pale, 0.92)
    easel.outline(body, 0.12, rim)
    for x, y, radius in generator.uniform((-0.5, -0.5, 0.07), (0.5, 0.5, 0.14), (5, 3)).tolist():
        easel.disc(x, y, radius, colour)
    easel.disc(0.08, 0.04, 0.34, nucleus)
    easel.disc(0.0, -0.04, 0.13, mix(nucleus, (255, 255, 255), 0.5))
