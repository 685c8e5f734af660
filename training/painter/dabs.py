"""The impressionist manner: a picture laid anew in short strokes of broken colour. Knows no scenes."""

import numpy as np

from .colours import Colour
from .easel import Easel

GRID = 23  # strokes on a side
SKETCH = 64  # pixels on the shorter side of what colours are taken from, where the picture is larger
LENGTH, WIDTH = 0.066, 0.027  # of a stroke, in picture sides
BROKEN = 17.0  # by how much (of 255) a stroke's colour strays, and half as much its lightness
SATURATION = 1.18


def dab(easel: Easel, generator: np.random.Generator) -> None:
    """Cover what is painted with strokes along its outlines, and along a flow where it has none."""
    shift = generator.uniform(-0.5, 0.5, (2, GRID * GRID))
    phases = generator.uniform(0, 6.28, 3)
    strays = BROKEN * generator.standard_normal((GRID * GRID, 3))
    lights = 0.5 * BROKEN * generator.standard_normal((GRID * GRID, 1))
    scales = generator.uniform(0.75, 1.25, GRID * GRID)
    order = generator.permutation(GRID * GRID)

    sketch = _sketch(easel.picture()).astype(np.float32)
    height, width = sketch.shape[:2]
    rows, columns = np.divmod(order, GRID)
    y, x = (rows + 0.5 + shift[0]) / GRID, (columns + 0.5 + shift[1]) / GRID
    row, column = (y * height).astype(int).clip(0, height - 1), (x * width).astype(int).clip(0, width - 1)
    colours = sketch[row, column]
    grey = colours.mean(1, keepdims=True)
    calm = 0.35 + 0.65 * grey / 255  # in the dark a stray colour glares
    colours = (
        (grey + SATURATION * (colours - grey) + 1.25 * calm * (strays + lights)).clip(0, 255).astype(int)
    )

    angles, strength = _directions(sketch, row, column, x, y, phases)
    halves = 0.5 * LENGTH * scales / (1 + strength)
    dx, dy = halves * np.cos(angles), halves * np.sin(angles)
    ends = np.stack((x - dx, y - dy, x + dx, y + dy), 1).tolist()
    widths = (WIDTH / (1 + 0.5 * strength)).tolist()
    packed: list[Colour] = colours.tolist()
    for colour, width, place in zip(packed, widths, ends, strict=True):
        easel.stroke(place, width, colour)


def _sketch(picture: np.ndarray) -> np.ndarray:
    """The picture at SKETCH pixels where it divides: every size takes the same colours."""
    height, width = picture.shape[:2]
    block = min(height, width) // SKETCH
    if block > 1 and min(height, width) == block * SKETCH and not (height % block or width % block):
        return picture.reshape(height // block, block, width // block, block, 3).mean((1, 3))
    return picture


def _directions(
    sketch: np.ndarray, row: np.ndarray, column: np.ndarray, x: np.ndarray, y: np.ndarray, phases: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The angle of each stroke, and from 0 to 1 how clear an outline it follows."""
    flow = 0.7 * np.sin(4 * x + phases[0]) + 0.6 * np.cos(5 * y + phases[1])
    grey = sketch.mean(2)
    lowest, rightmost = (side - 1 for side in grey.shape)
    across = grey[row, (column + 1).clip(0, rightmost)] - grey[row, (column - 1).clip(0, rightmost)]
    down = grey[(row + 1).clip(0, lowest), column] - grey[(row - 1).clip(0, lowest), column]
    strength = np.minimum(1, np.hypot(across, down) / 80)
    outline = np.arctan2(across, -down)
    # Twice the angle, for a stroke has no front: a mean of the two directions.
    cos = 0.25 * np.cos(2 * flow) + strength * np.cos(2 * outline)
    sin = 0.25 * np.sin(2 * flow) + strength * np.sin(2 * outline)
    return 0.5 * np.arctan2(sin, cos), strength
