"""Layouts of abstract patterns: grids, spirals, mosaics and fields of colour, each in a number of colours.

The same kind of function as those in `shapes`: colours are numbers here.
"""

import math

import numpy as np
import skia

from .captions import choose
from .easel import Point, polygon_path, ridge, smooth_path
from .shapes import Shape, cuts, deal, rectangle


def grid(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Bars that cross at right angles, or cells that plain lines part."""
    columns, rows = generator.integers(2, 4 if minimal else 6, 2).tolist()
    if generator.random() < 0.5:
        rows = columns
    columns, rows = max(columns, number), max(rows, number)
    turn = 45 if generator.random() < 0.15 else 0
    if number > 1 and generator.random() < 0.45:
        return _cells(generator, columns, rows, number)
    width = float(generator.uniform(0.34, 0.5)) / max(columns, rows)
    bars = []
    for level, count in ((True, rows), (False, columns)):
        for i in range(count):
            place = (i + 0.5) / count
            bar = rectangle(0.5, place, 2, width) if level else rectangle(place, 0.5, width, 2)
            # Two colours: one for each direction, as in weaving.
            bars.append(Shape(bar, int(level) if number == 2 else i % number))
    if turn:
        middle = skia.Matrix.RotateDeg(turn, skia.Point(0.5, 0.5))
        for bar in bars:
            bar.path.transform(middle)
    return bars


def _cells(generator: np.random.Generator, columns: int, rows: int, number: int) -> list[Shape]:
    """Cells in shuffled colours; the ground between them is the grid's lines."""
    even = 50.0 if generator.random() < 0.4 else 0.5
    xs, ys = cuts(generator, columns, even), cuts(generator, rows, even)
    gap = float(choose(generator, (0.03, 0.04, 0.055)))
    colours = deal(generator, rows * columns, number)
    cells = []
    for i, colour in enumerate(colours):
        column, row = divmod(i, rows)
        x, y, right, bottom = xs[column], ys[row], xs[column + 1], ys[row + 1]
        cells.append(
            Shape(rectangle((x + right) / 2, (y + bottom) / 2, right - x - gap, bottom - y - gap), colour)
        )
    return cells


def spirals(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """One great spiral of several arms, or up to five smaller ones."""
    colours = max(1, number)
    if number > 1 and generator.random() < 0.5:
        x, y = generator.uniform(0.4, 0.6, 2).tolist()
        start, turns = float(generator.uniform(0, 6.28)), float(generator.uniform(1.6, 2.4))
        # Arms turn into one another where they leave the picture, so no ground is needed between them.
        arms = colours if colours > 2 else 2
        step = 0.72 / turns / arms
        return [
            Shape(_spiral(x, y, 0.78, turns, start + 6.283 * i / arms, 1), i % colours, 0.86 * step)
            for i in range(arms)
        ]
    count = max(2, colours) if minimal else max(int(generator.integers(2, 6)), colours)
    side = 2 if count > 2 or generator.random() < 0.5 else 1
    cells = [(0.28, 0.28), (0.72, 0.72), (0.72, 0.28), (0.28, 0.72), (0.5, 0.5)]
    if side == 1:
        cells = [(0.33, 0.4), (0.68, 0.62)]
    shapes = []
    hand = 1 if generator.random() < 0.5 else -1
    for i in range(min(count, len(cells))):
        x, y = (c + float(generator.uniform(-0.04, 0.04)) for c in cells[i])
        radius = float(generator.uniform(0.19, 0.25) if count > 2 else generator.uniform(0.26, 0.34))
        turns = float(generator.uniform(1.7, 2.6))
        start = float(generator.uniform(0, 6.28))
        shapes.append(Shape(_spiral(x, y, radius, turns, start, hand), i % colours, 0.62 * radius / turns))
    return shapes


def _spiral(x: float, y: float, radius: float, turns: float, start: float, hand: int) -> skia.Path:
    """Archimedes' spiral from its middle outwards."""
    steps = int(12 * turns)
    path = skia.Path()
    points: list[Point] = []
    for i in range(steps + 1):
        angle, away = start + hand * 2 * math.pi * turns * i / steps, radius * i / steps
        points.append((x + away * math.cos(angle), y + away * math.sin(angle)))
    path.moveTo(*points[0])
    for here, after in zip(points[1:], points[2:], strict=False):
        path.quadTo(here[0], here[1], (here[0] + after[0]) / 2, (here[1] + after[1]) / 2)
    path.lineTo(*points[-1])
    return path


def mosaic(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Uneven tiles: shuffled, in rings about a middle, or in waves."""
    side = 4 if minimal else int(generator.integers(5, 9))
    shift = generator.uniform(-0.2, 0.2, (side + 1, side + 1, 2)) / side
    corners = (np.indices((side + 1, side + 1)).transpose(1, 2, 0) / side + shift).tolist()
    kind = int(generator.integers(3))
    x, y, slope = generator.uniform((0.3, 0.3, 0.6), (0.7, 0.7, 1.4)).tolist()
    shuffled = deal(generator, side * side, number)
    tiles = []
    for i in range(side * side):
        row, column = divmod(i, side)
        quad = [
            corners[row][column],
            corners[row][column + 1],
            corners[row + 1][column + 1],
            corners[row + 1][column],
        ]
        middle = (sum(p[0] for p in quad) / 4, sum(p[1] for p in quad) / 4)
        tile = [(middle[0] + 0.84 * (a - middle[0]), middle[1] + 0.84 * (b - middle[1])) for a, b in quad]
        colour = shuffled[i]
        if kind == 1:
            colour = int(math.dist(middle, (x, y)) * 5.5) % number
        elif kind == 2:
            colour = int((middle[1] + 0.12 * math.sin(6 * middle[0])) * 5 * slope + 9) % number
        tiles.append(Shape(polygon_path(tile), colour))
    return tiles


def color_fields(generator: np.random.Generator, number: int, minimal: bool) -> list[Shape]:
    """Two or three great fields one above the other or side by side, a margin about them."""
    count = max(2, number) if number > 1 and generator.random() < 0.7 else 3
    if minimal:
        count = max(2, number)
    upright = generator.random() < 0.25
    edges = cuts(generator, count, 0.5)
    margin, gap = generator.uniform((0.02, 0.015), (0.06, 0.04)).tolist()
    first = int(generator.integers(max(1, number)))
    fields = []
    for i in range(count):
        top, bottom = (margin + (1 - 2 * margin) * edge for edge in (edges[i], edges[i + 1]))
        wave = ridge(generator, 0, 0.008, 3.0, 9)
        near = [(margin + (1 - 2 * margin) * x, top + gap / 2 + y) for x, y in wave[1:-1]]
        far = [(margin + (1 - 2 * margin) * x, bottom - gap / 2 + y) for x, y in reversed(wave[1:-1])]
        points = [near[0], *near, near[-1], far[0], *far, far[-1]]  # twice: squarer corners
        if upright:
            points = [(y, x) for x, y in points]
        fields.append(Shape(smooth_path(points), (first + i) % max(1, number)))
    return fields
