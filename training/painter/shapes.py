"""Layouts of abstract shapes: each function lays out one family of shapes in a number of colours.

Colours are numbers here; names, grounds and captions are the business of `abstract`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import skia

from .captions import choose
from .easel import blob, polygon_path


@dataclass
class Shape:
    """A filled path, or an outline where `width` is not 0."""

    path: skia.Path
    colour: int  # index into the palette
    width: float = 0.0


Layout = Callable[[np.random.Generator, int, bool], list[Shape]]


def rectangle(x: float, y: float, width: float, height: float, turn: float = 0.0) -> skia.Path:
    """A rectangle about (x, y)."""
    cos, sin = math.cos(turn), math.sin(turn)
    corners = ((-width, -height), (width, -height), (width, height), (-width, height))
    return polygon_path((x + (a * cos - b * sin) / 2, y + (a * sin + b * cos) / 2) for a, b in corners)


def _circle(x: float, y: float, radius: float) -> skia.Path:
    path = skia.Path()
    path.addCircle(x, y, radius)
    return path


def deal(generator: np.random.Generator, cells: int, number: int) -> list[int]:
    """Colour indices for the cells, each colour about as often as another, shuffled."""
    return generator.permutation(np.arange(cells) % number).tolist()


def cuts(generator: np.random.Generator, parts: int, evenness: float) -> list[float]:
    """`parts` + 1 places from 0 to 1."""
    widths = evenness + generator.random(parts)
    return [0.0, *np.cumsum(widths / widths.sum()).tolist()]


def _spots(generator: np.random.Generator, number: int, apart: float) -> list[tuple[float, float]]:
    """Places in the picture, mostly at least `apart` from one another."""
    spots: list[tuple[float, float]] = []
    for x, y in generator.uniform(0.08, 0.92, (number * 4, 2)).tolist():
        if all((x - a) ** 2 + (y - b) ** 2 > apart**2 for a, b in spots):
            spots.append((x, y))
        if len(spots) == number:
            break
    return spots


def squares(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Blocks in a grid, squares scattered, nested, or rectangles split from the whole."""
    kind = int(generator.integers(3, 5) if minimal else generator.choice(5, p=(0.3, 0.2, 0.18, 0.2, 0.12)))
    if kind == 0:  # a grid, the lines even or uneven
        columns, rows = generator.integers(2, 7, 2).tolist()
        if generator.random() < 0.5:
            rows = columns
        even = 50.0 if generator.random() < 0.6 else 0.6
        xs, ys = cuts(generator, columns, even), cuts(generator, rows, even)
        gap = float(choose(generator, (0.0, 0.0, 0.015, 0.04)))
        colours = deal(generator, rows * columns, max(2, number))
        if generator.random() < 0.3 or number == 1:
            colours = [(i // rows + i % rows) % max(2, number) for i in range(rows * columns)]
        shapes = []
        for i, colour in enumerate(colours):
            column, row = divmod(i, rows)
            x, y, right, bottom = xs[column], ys[row], xs[column + 1], ys[row + 1]
            if colour < number:
                block = rectangle((x + right) / 2, (y + bottom) / 2, right - x - gap, bottom - y - gap)
                shapes.append(Shape(block, colour))
        return shapes
    if kind == 1:
        return _split_blocks(generator, number)
    if kind == 4:  # nested
        x, y = generator.uniform(0.4, 0.6, 2).tolist()
        rings = int(generator.integers(2, 5))
        return [
            Shape(
                rectangle(0.5 + (x - 0.5) * t, 0.5 + (y - 0.5) * t, 0.9 - 0.75 * t, 0.9 - 0.75 * t),
                i % number,
            )
            for i, t in ((i, i / rings) for i in range(rings))
        ]
    count = int(generator.integers(2, 4)) if minimal else int(generator.integers(4, 14))
    spots = _spots(generator, max(count, number), 0.45 / math.sqrt(count))
    turned = 0.5 if generator.random() < 0.3 else 0.0
    sides = generator.uniform(0.5, 0.95, len(spots)) / math.sqrt(count)
    colours = deal(generator, len(spots), number)
    return [
        Shape(rectangle(x, y, side, side, turned * generator.uniform(-1, 1)), colour)
        for (x, y), side, colour in zip(spots, sides.tolist(), colours, strict=True)
    ]


def _split_blocks(generator: np.random.Generator, number: int) -> list[Shape]:
    """The whole split again and again into rectangles."""
    blocks = [(0.0, 0.0, 1.0, 1.0)]
    for _ in range(int(generator.integers(4, 11))):
        blocks.sort(key=lambda block: block[2] * block[3])
        x, y, width, height = blocks.pop()
        share = float(generator.uniform(0.3, 0.7))
        if width > height:
            blocks += [(x, y, width * share, height), (x + width * share, y, width * (1 - share), height)]
        else:
            blocks += [(x, y, width, height * share), (x, y + height * share, width, height * (1 - share))]
    gap = float(choose(generator, (0.0, 0.012, 0.03)))
    colours = deal(generator, len(blocks), max(2, number))
    return [
        Shape(rectangle(x + w / 2, y + h / 2, w - gap, h - gap), colour)
        for (x, y, w, h), colour in zip(blocks, colours, strict=True)
        if colour < number
    ]


def circles(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Circles scattered, overlapping, in a grid, or one inside the other."""
    kind = int(generator.choice((0, 3))) if minimal else int(generator.choice(4, p=(0.45, 0.08, 0.3, 0.17)))
    if kind == 3:
        x, y = generator.uniform(0.35, 0.65, 2).tolist()
        rings = max(min(number, 5), int(generator.integers(2, 6)))
        radius = float(generator.uniform(0.38, 0.55))
        return [Shape(_circle(x, y, radius * (1 - i / rings)), i % number) for i in range(rings)]
    shapes = []
    if kind == 2:
        side = int(generator.integers(2, 5))
        colours = deal(generator, side * side, number)
        radius = float(generator.uniform(0.36, 0.5)) / side
        rings = int(generator.integers(1, 3))
        for i, colour in enumerate(colours):
            x, y = (i % side + 0.5) / side, (i // side + 0.5) / side
            shapes += [
                Shape(_circle(x, y, radius * (1 - 0.5 * ring)), (colour + ring) % number)
                for ring in range(rings)
            ]
        return shapes
    count = int(generator.integers(2, 4)) if minimal else int(generator.integers(3, 9))
    spread = 0.7 if kind == 0 else 0.2
    spots = _spots(generator, max(count, number), spread / math.sqrt(count))
    radii = generator.uniform(0.26, 0.45, len(spots)) / math.sqrt(count)
    colours = deal(generator, len(spots), number)
    rings = generator.random() < 0.3
    for (x, y), radius, colour in zip(spots, sorted(radii.tolist(), reverse=True), colours, strict=True):
        shapes.append(Shape(_circle(x, y, radius), colour))
        if rings and number > 1:
            shapes.append(Shape(_circle(x, y, 0.55 * radius), (colour + 1) % number))
    return shapes


def triangles(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Triangles scattered, in rows of peaks, or halving the cells of a grid."""
    kind = 0 if minimal else int(generator.choice(3, p=(0.5, 0.35, 0.15)))
    shapes = []
    if kind == 0:
        count = int(generator.integers(2, 4)) if minimal else int(generator.integers(3, 8))
        spots = _spots(generator, max(count, number), 0.65 / math.sqrt(count))
        radii = generator.uniform(0.42, 0.65, len(spots)) / math.sqrt(count)
        upright = generator.random() < 0.8
        colours = deal(generator, len(spots), number)
        for (x, y), radius, colour in zip(spots, radii.tolist(), colours, strict=True):
            turn = -math.pi / 2 + (0 if upright else float(generator.uniform(-math.pi, math.pi)))
            shapes.append(Shape(_regular(x, y, radius, turn), colour))
        return shapes
    if kind == 1:
        rows, columns = int(generator.integers(1, 4)), int(generator.integers(2, 5))
        colours = deal(generator, rows * columns, number)
        for i, colour in enumerate(colours):
            left, bottom = (i % columns) / columns, (i // columns + 1) / rows - 0.02
            top = bottom - (0.9 if rows > 1 else float(generator.uniform(0.5, 0.9))) / rows
            corners = [(left, bottom), (left + 1 / columns, bottom), (left + 0.5 / columns, top)]
            shapes.append(Shape(polygon_path(corners), colour))
        return shapes
    side = int(generator.integers(2, 6))
    colours = deal(generator, 2 * side * side, max(number, 2))
    flips = generator.random(side * side) < (0.5 if generator.random() < 0.5 else 0)
    for i, flip in enumerate(flips.tolist()):
        x, y, step = i % side / side, i // side / side, 1 / side
        corners = [(x, y), (x + step, y), (x + step, y + step), (x, y + step)]
        if flip:
            corners = corners[1:] + corners[:1]
        for half, colour in ((corners[:3], colours[2 * i]), ([*corners[2:], corners[0]], colours[2 * i + 1])):
            if colour < number:
                shapes.append(Shape(polygon_path(half), colour))
    return shapes


def _regular(x: float, y: float, radius: float, turn: float, corners: int = 3) -> skia.Path:
    angles = [turn + 2 * math.pi * i / corners for i in range(corners)]
    return polygon_path((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles)


def stripes(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Broad bands side by side: upright, lying, slanted or wavy."""
    count = max(3, number, int(generator.integers(3, 6) if minimal else generator.integers(4, 10)))
    even = 50.0 if generator.random() < 0.7 else 0.5
    edges = [1.6 * t - 0.3 for t in cuts(generator, count, even)]
    turn = float(choose(generator, (0.0, 0.0, 0.0, math.pi / 2, math.pi / 2, math.pi / 2, math.pi / 4)))
    wave = float(generator.uniform(0.03, 0.08)) if generator.random() < 0.12 else 0.0
    phase, pace = float(generator.uniform(0, 6)), float(generator.uniform(5, 11))
    cos, sin = math.cos(turn), math.sin(turn)
    along = [-0.3 + 0.08 * i for i in range(21)] if wave else [-0.4, 1.4]

    def side_of(edge: float) -> list[tuple[float, float]]:
        offsets = [(t - 0.5, edge - 0.5 + wave * math.sin(pace * t + phase)) for t in along]
        return [(0.5 + a * cos - b * sin, 0.5 + a * sin + b * cos) for a, b in offsets]

    sides = [side_of(edge) for edge in edges]
    cycle = max(2, number)  # one colour alone leaves every other band bare
    bands = [(i, polygon_path([*sides[i], *reversed(sides[i + 1])])) for i in range(count)]
    return [Shape(path, i % cycle) for i, path in bands if i % cycle < number]


def lines(generator: np.random.Generator, number: int, minimal: bool, width: float) -> list[Shape]:
    """Straight or curved lines across the picture."""
    count = max(number, int(generator.integers(2, 5)) if minimal else int(generator.integers(8, 22)))
    if width > 0.05:
        count = max(number, count // 2)
    curved, level = generator.random() < 0.5, generator.random() < 0.3
    colours = deal(generator, count, number)
    shapes = []
    for colour in colours:
        ends = generator.uniform(-0.1, 1.1, 8).tolist()
        path = skia.Path()
        if level:
            path.moveTo(-0.1, ends[0])
            path.lineTo(1.1, ends[0] + (0.0 if minimal else 0.1 * (ends[1] - 0.5)))
        elif generator.random() < 0.5:
            path.moveTo(-0.1, ends[0])
            path.cubicTo(ends[1], ends[2], ends[3], ends[4], 1.1, ends[5]) if curved else path.lineTo(
                1.1, ends[5]
            )
        else:
            path.moveTo(ends[0], -0.1)
            path.cubicTo(ends[1], ends[2], ends[3], ends[4], ends[5], 1.1) if curved else path.lineTo(
                ends[5], 1.1
            )
        shapes.append(Shape(path, colour, width * float(generator.uniform(0.9, 1.25))))
    return shapes


def splatter(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Thrown paint: large blots with drops about them."""
    count = max(2 * number, int(generator.integers(2, 5)) if minimal else int(generator.integers(6, 13)))
    colours = deal(generator, count, number)
    shapes = []
    for colour in colours:
        x, y, radius = generator.uniform((0.05, 0.05, 0.09), (0.95, 0.95, 0.22)).tolist()
        path = blob(generator, x, y, radius, 0.35)
        for angle, away, size in generator.uniform((0, 1.1, 0.1), (6.28, 2.4, 0.35), (5, 3)).tolist():
            dx, dy = radius * math.cos(angle), radius * math.sin(angle)
            path.addCircle(x + away * dx, y + away * dy, size * radius * (1.6 - 0.5 * away))
            if away < 1.7:  # still hanging on by a thread
                shapes.append(
                    Shape(
                        polygon_path([(x, y), (x + away * dx, y + away * dy)], False), colour, 0.14 * radius
                    )
                )
        shapes.append(Shape(path, colour))
    return shapes


def drips(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Splatter made of thin lines with drops along them."""
    shapes = lines(generator, number, minimal, 0.019)
    drops = [skia.Path() for _ in range(number)]
    for i, (x, y, radius) in enumerate(generator.uniform((0, 0, 0.006), (1, 1, 0.022), (24, 3)).tolist()):
        drops[i % number].addCircle(x, y, radius)
    return [*shapes, *(Shape(path, colour) for colour, path in enumerate(drops))]
