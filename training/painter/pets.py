"""Pets seen from the front: a corgi, a tabby cat, a goldfish in a glass bowl.

Drawn about (0, 0) with the head some 0.25 in radius, then placed, turned a little and perhaps mirrored.
"""

import math

import numpy as np
import skia

from .captions import Mood, Subject, choose
from .colours import COLOURS, Colour, mix, vary
from .easel import Easel, blob, polygon_path, smooth_path

GROUNDS: tuple[str, ...] = ("blue", "teal", "green", "yellow", "pink", "purple", "gray", "red", "white")


def _ground(easel: Easel, generator: np.random.Generator, mood: Mood) -> tuple[str, Colour]:
    """A plain or two-part background; its colour name, empty where it has two."""
    name = str(choose(generator, GROUNDS))
    tone = mix(COLOURS[name], (255, 255, 255), 0.12)
    easel.gradient([mix(tone, (0, 0, 20), 0.1), mix(tone, (255, 255, 255), 0.15)])
    if mood.minimal or generator.random() < 0.4:
        return name, tone
    if generator.random() < 0.5:
        for x, y, radius in generator.uniform((0, 0, 0.12), (1, 1, 0.3), (7, 3)).tolist():
            easel.path(
                blob(generator, x, y, radius),
                mix(tone, (255, 255, 255) if x > 0.5 else (20, 20, 60), 0.16),
                0.7,
            )
        return name, tone
    floor = vary(
        generator, choose(generator, ((96, 158, 66), (188, 146, 98), (150, 96, 60), (222, 206, 180))), 6
    )
    easel.rectangle(0, float(generator.uniform(0.66, 0.8)), 1, 1, floor)
    return "", tone


def _place(easel: Easel, generator: np.random.Generator) -> None:
    x, y, scale, turn = generator.uniform((0.44, 0.44, 0.85, -7), (0.56, 0.5, 1.06, 7)).tolist()
    easel.placed(x, y, scale, turn, generator.random() < 0.5)


def _called(generator: np.random.Generator, phrases: tuple[str, ...], ground: str) -> Subject:
    if ground and generator.random() < 0.3:
        lead = "an" if ground[0] in "o" else "a"
        return Subject(
            tuple(f"{phrase} on {lead} {ground} background" for phrase in phrases), (ground,), kind="animal"
        )
    return Subject(phrases, kind="animal")


def _eyes(easel: Easel, dx: float, y: float, radius: float, iris: Colour, slit: bool = False) -> None:
    for x in (-dx, dx):
        easel.oval(x, y, 1.12 * radius, 1.12 * radius, (24, 16, 14))
        easel.disc(x, y, 0.9 * radius, iris)
        easel.oval(
            x, y, (0.32 if slit else 0.6) * radius, 0.8 * radius if slit else 0.6 * radius, (14, 10, 10)
        )
        easel.disc(x - 0.3 * radius, y - 0.35 * radius, 0.26 * radius, (255, 255, 255))


def _mouth(easel: Easel, half: float, top: float, width: float, colour: Colour) -> None:
    """Two curves that hang from under the nose."""
    for side in (-1, 1):
        curve = skia.Path()
        curve.moveTo(0, top)
        curve.quadTo(side * 0.3 * half, top + 1.1 * half, side * half, top + 0.5 * half)
        easel.outline(curve, width, colour)


def corgi(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """Large upright ears, a tan mask with a white blaze, white chest, perhaps a tongue."""
    ground, tone = _ground(easel, generator, mood)
    coat = vary(generator, choose(generator, ((222, 140, 62), (206, 118, 48), (232, 160, 84))), 6)
    if ground == "yellow":
        coat = (196, 106, 44)
    white, dark = (252, 246, 236), mix(coat, (70, 26, 10), 0.45)
    _place(easel, generator)
    sitting = generator.random() < 0.7
    if sitting:
        easel.oval(0, 0.52, 0.3, 0.4, coat)
        easel.oval(0, 0.46, 0.19, 0.34, white)
    else:
        easel.oval(0, 0.5, 0.42, 0.22, coat)
        easel.oval(0, 0.42, 0.18, 0.26, white)
    for side in (-1, 1):
        easel.path(
            smooth_path(
                [
                    (side * 0.05, -0.1),
                    (side * 0.12, -0.24),
                    (side * 0.285, -0.44),
                    (side * 0.32, -0.2),
                    (side * 0.27, -0.02),
                ]
            ),
            dark,
        )
        easel.polygon([(side * 0.1, -0.12), (side * 0.27, -0.39), (side * 0.27, -0.05)], coat)
        easel.polygon([(side * 0.15, -0.14), (side * 0.255, -0.32), (side * 0.25, -0.08)], (244, 180, 164))
    easel.path(
        smooth_path(
            [
                (0, -0.24),
                (0.2, -0.18),
                (0.29, 0.04),
                (0.2, 0.2),
                (0, 0.25),
                (-0.2, 0.2),
                (-0.29, 0.04),
                (-0.2, -0.18),
            ]
        ),
        coat,
    )
    easel.polygon([(-0.035, -0.2), (0.035, -0.2), (0.075, 0.08), (-0.075, 0.08)], white)
    easel.path(
        smooth_path(
            [(0, -0.02), (0.12, 0.03), (0.2, 0.16), (0.1, 0.27), (-0.1, 0.27), (-0.2, 0.16), (-0.12, 0.03)]
        ),
        white,
    )
    _eyes(easel, 0.125, -0.03, 0.036, (70, 40, 24))
    if generator.random() < 0.6:
        easel.oval(0, 0.225, 0.05, 0.075, (232, 96, 112))
    _mouth(easel, 0.085, 0.14, 0.016, (60, 34, 30))
    easel.oval(0, 0.095, 0.062, 0.045, (26, 20, 22))
    easel.disc(-0.018, 0.08, 0.012, (255, 255, 255), 0.8)
    easel.restore()
    return _called(generator, ("a corgi", "a corgi", "a corgi dog"), ground)


def cat(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """A striped face with pointed ears, slit eyes and whiskers."""
    ground, tone = _ground(easel, generator, mood)
    coats = ((168, 136, 104), (140, 132, 124), (222, 144, 72), (188, 160, 124))
    kind = int(generator.integers(4))
    coat = vary(generator, coats[kind], 6)
    stripe = mix(coat, (40, 20, 12), 0.62)
    pale = mix(coat, (255, 248, 238), 0.72)
    iris = choose(generator, ((120, 190, 70), (232, 196, 60), (90, 180, 190)))
    _place(easel, generator)
    easel.oval(0, 0.52, 0.28, 0.38, coat)
    for y in (0.34, 0.46, 0.58):
        for side in (-1, 1):
            easel.polygon([(side * 0.3, y - 0.01), (side * 0.1, y + 0.035), (side * 0.3, y + 0.055)], stripe)
    easel.oval(0, 0.5, 0.12, 0.26, pale)
    if generator.random() < 0.7:
        tail = skia.Path()
        tail.moveTo(0.2, 0.6)
        tail.cubicTo(0.5, 0.62, 0.45, 0.35, 0.38, 0.16)
        easel.outline(tail, 0.085, coat)
        for x, y in ((0.41, 0.43), (0.43, 0.34), (0.41, 0.24)):
            easel.line([(x - 0.035, y), (x + 0.035, y - 0.01)], 0.03, stripe)
    for side in (-1, 1):
        easel.polygon([(side * 0.03, -0.16), (side * 0.22, -0.38), (side * 0.27, 0.0)], coat)
        easel.polygon([(side * 0.1, -0.17), (side * 0.205, -0.31), (side * 0.23, -0.08)], (240, 168, 160))
    easel.oval(0, 0.02, 0.29, 0.235, coat)
    for x, half in ((-0.085, 0.018), (0, 0.022), (0.085, 0.018)):
        easel.polygon([(x - half, -0.22), (x + half, -0.22), (0.75 * x, -0.07)], stripe)
    for side in (-1, 1):
        for y in (0.0, 0.075):
            easel.polygon(
                [(side * 0.3, y - 0.015), (side * 0.18, y + 0.02), (side * 0.295, y + 0.035)], stripe
            )
        easel.oval(side * 0.065, 0.125, 0.085, 0.07, pale)
    easel.oval(0, 0.18, 0.06, 0.05, pale)
    _eyes(easel, 0.115, 0.0, 0.056, iris, slit=True)
    easel.polygon([(-0.034, 0.075), (0.034, 0.075), (0, 0.115)], (226, 110, 116))
    _mouth(easel, 0.055, 0.125, 0.012, (70, 40, 36))
    for side in (-1, 1):
        for rise in (-0.03, 0.03):
            easel.line(
                [(side * 0.1, 0.125 + 0.3 * rise), (side * 0.36, 0.115 + rise)], 0.009, (255, 255, 255)
            )
    easel.restore()
    phrases = ("a tabby cat", "a tabby cat", "a striped tabby cat")
    if kind == 2:
        phrases += ("an orange tabby cat",)
    if kind == 1:
        phrases += ("a gray tabby cat",)
    return _called(generator, phrases, ground)


def goldfish(easel: Easel, generator: np.random.Generator, mood: Mood) -> Subject:
    """An orange fish in a round bowl of water on a table."""
    ground, tone = _ground(easel, generator, mood)
    if ground in ("red", "yellow", ""):
        ground, tone = "", (236, 222, 190)
        easel.fill(vary(generator, tone, 8))
    x, y, radius = generator.uniform((0.45, 0.46, 0.34), (0.55, 0.52, 0.4)).tolist()
    table = float(generator.uniform(0.74, 0.84))
    easel.rectangle(
        0,
        table,
        1,
        1,
        vary(generator, choose(generator, ((150, 96, 60), (96, 60, 44), (226, 214, 196), (70, 80, 100))), 6),
    )
    easel.upright(x, y + radius)  # so that it stands on the table
    easel.oval(x + 0.04, y + 0.93 * radius, 0.85 * radius, 0.05, (20, 20, 30), 0.35)
    bowl = skia.Path()
    bowl.addCircle(x, y, radius)
    mouth = y - 0.72 * radius
    easel.clipped(polygon_path([(-1, mouth), (2, mouth), (2, 2), (-1, 2)]))
    easel.path(bowl, (222, 240, 246), 0.8)
    easel.clipped(bowl)
    level = y - float(generator.uniform(0.35, 0.55)) * radius
    water = vary(generator, choose(generator, ((120, 196, 228), (90, 176, 216), (150, 214, 222))), 6)
    easel.gradient([mix(water, (255, 255, 255), 0.25), mix(water, (30, 90, 160), 0.3)], level, y + radius)
    if not mood.minimal:
        for px, py, pr in generator.uniform((-0.8, 0.72, 0.05), (0.8, 1.0, 0.1), (14, 3)).tolist():
            pebble = choose(generator, ((196, 160, 120), (140, 130, 130), (230, 214, 190), (120, 96, 90)))
            easel.oval(x + px * radius, y + py * radius, 1.3 * pr * radius, pr * radius, pebble)
        if generator.random() < 0.6:
            side = 1 if generator.random() < 0.5 else -1
            for i in range(3):
                stem = skia.Path()
                px = x + side * radius * (0.5 + 0.12 * i)
                stem.moveTo(px, y + 0.9 * radius)
                stem.cubicTo(
                    px + 0.05,
                    y + 0.5 * radius,
                    px - 0.05,
                    y + 0.2 * radius,
                    px + 0.02,
                    y - 0.15 * radius + 0.05 * i,
                )
                easel.outline(stem, 0.02, (50, 140, 76))
    number = 2 if generator.random() < 0.2 and not mood.minimal else 1
    for i in range(number):
        size = radius * float(generator.uniform(0.5, 0.66)) * (0.75 if number == 2 else 1)
        shift = (i - 0.5) * 0.5 * radius if number == 2 else 0.0
        easel.placed(
            x + 0.06 * radius * float(generator.uniform(-1, 1)),
            y + 0.14 * radius + shift,
            size,
            float(generator.uniform(-12, 12)),
            generator.random() < 0.5,
        )
        _fish(easel, vary(generator, choose(generator, ((246, 122, 22), (238, 96, 26), (250, 150, 30))), 5))
        easel.restore()
    easel.restore()
    for px, py in generator.uniform((-0.4, -0.3), (0.4, 0.1), (4, 2)).tolist():
        easel.disc(x + px * radius, y + py * radius, 0.012, (255, 255, 255), 0.8)
    easel.outline(bowl, 0.02, (236, 248, 252), 0.9)
    arc = skia.Path()
    arc.moveTo(x - 0.8 * radius, y - 0.1 * radius)
    arc.quadTo(x - 0.8 * radius, y - 0.45 * radius, x - 0.52 * radius, y - 0.62 * radius)
    easel.outline(arc, 0.03, (255, 255, 255), 0.8)
    easel.restore()
    half = radius * math.sqrt(1 - 0.72**2)
    easel.oval(x, mouth, half, 0.035, (255, 255, 255), 0.85)
    easel.oval(x, mouth + 0.004, 0.88 * half, 0.022, mix(tone, (200, 220, 230), 0.5))
    easel.restore()
    phrases = ("a goldfish in a glass bowl", "a goldfish in a glass bowl", "a goldfish in a bowl")
    if number == 2:
        phrases = ("two goldfish in a glass bowl",)
    return Subject(phrases, kind="animal")


def _fish(easel: Easel, colour: Colour) -> None:
    """A fish about (0, 0), facing left, about 2 long."""
    fin = mix(colour, (255, 214, 120), 0.4)
    easel.path(smooth_path([(0.4, 0), (0.75, -0.2), (1.2, -0.6), (1.05, 0), (1.2, 0.6), (0.75, 0.2)]), fin)
    easel.polygon([(-0.25, -0.3), (0.1, -0.72), (0.4, -0.2)], fin)
    easel.polygon([(-0.1, 0.3), (0.2, 0.62), (0.3, 0.2)], fin)
    easel.path(
        smooth_path(
            [
                (-0.85, 0),
                (-0.55, -0.34),
                (0, -0.44),
                (0.5, -0.2),
                (0.78, 0),
                (0.5, 0.2),
                (0, 0.44),
                (-0.55, 0.34),
            ]
        ),
        colour,
    )
    easel.oval(-0.1, 0.16, 0.42, 0.16, mix(colour, (255, 236, 180), 0.5), 0.9)
    easel.disc(-0.48, -0.08, 0.12, (255, 255, 255))
    easel.disc(-0.5, -0.08, 0.07, (16, 12, 14))
    easel.polygon([(-0.1, 0.0), (0.2, 0.16), (0.14, -0.1)], fin)
