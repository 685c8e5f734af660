"""A canvas in unit coordinates (0,0 top left, 1,1 bottom right) over skia, and the texture laid on top.

Knows nothing of scenes. The same calls give the same picture at every size. In a picture that is not square
the layout is stretched to its sides, while things stay as they are: discs, ovals, and what is drawn inside
`placed` or `upright`.
"""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import skia
from PIL import Image

from .colours import Colour

Point = tuple[float, float]
GRAIN_CELLS = 512  # cells on a side of the stored grain; twice the largest usual picture
NINE_WAYS = [(math.cos(2 * math.pi * i / 9), math.sin(2 * math.pi * i / 9)) for i in range(9)]
BRUSH_STROKES = 2600  # strokes in the stored relief of a brush


def _packed(colour: Colour, alpha: float = 1.0) -> int:
    red, green, blue = colour
    return int(255 * alpha + 0.5) << 24 | red << 16 | green << 8 | blue


class Easel:
    """One picture being painted, `size` px a side, or width and height.

    Points are in units of its sides; lengths too, or of its shorter side where things are not stretched.
    """

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.width, self.height = (size, size) if isinstance(size, int) else size
        self._pixels = np.zeros((self.height, self.width, 4), np.uint8)
        self._surface = skia.Surface(self._pixels)
        self.canvas = self._surface.getCanvas()
        self.canvas.scale(self.width, self.height)
        self._stretched = [self.width != self.height]  # now, and what it was before each that is not restored
        self._filled = skia.Paint(AntiAlias=True)
        self._stroked = skia.Paint(
            AntiAlias=True,
            Style=skia.Paint.kStroke_Style,
            StrokeCap=skia.Paint.kRound_Cap,
            StrokeJoin=skia.Paint.kRound_Join,
        )

    def picture(self) -> np.ndarray:
        """The picture so far, uint8, height x width x 3."""
        return self._pixels[:, :, :3]

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: Colour, alpha: float = 1.0
    ) -> None:
        self.canvas.drawRect(skia.Rect.MakeXYWH(x, y, width, height), self._paint(colour, alpha))

    def fill(self, colour: Colour) -> None:
        self.canvas.clear(_packed(colour))

    def disc(self, x: float, y: float, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        with self._unstretched(x, y):
            self.canvas.drawCircle(x, y, radius, self._paint(colour, alpha))

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        """An ellipse about (x, y) with half axes rx and ry."""
        with self._unstretched(x, y):
            self.canvas.drawOval(
                skia.Rect.MakeXYWH(x - rx, y - ry, 2 * rx, 2 * ry), self._paint(colour, alpha)
            )

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        self.canvas.drawPath(polygon_path(points), self._paint(colour, alpha))

    def path(self, path: skia.Path, colour: Colour, alpha: float = 1.0) -> None:
        self.canvas.drawPath(path, self._paint(colour, alpha))

    def line(self, points: Sequence[Point], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """A round-ended line through the points."""
        self.outline(polygon_path(points, False), width, colour, alpha)

    def stroke(self, ends: Sequence[float], width: float, colour: Colour) -> None:
        """A straight round-ended line from (ends[0], ends[1]) to (ends[2], ends[3])."""
        paint = self._stroked
        paint.setColor(_packed(colour))
        paint.setStrokeWidth(width)
        self.canvas.drawLine(*ends, paint)

    def outline(self, path: skia.Path, width: float, colour: Colour, alpha: float = 1.0) -> None:
        paint = self._stroked
        paint.setColor(_packed(colour, alpha))
        paint.setStrokeWidth(width)
        self.canvas.drawPath(path, paint)

    def gradient(
        self, colours: Sequence[Colour], top: float = 0.0, bottom: float = 1.0, path: skia.Path | None = None
    ) -> None:
        """The colours from `top` to `bottom`, in that band, or inside `path`."""
        paint = skia.Paint(AntiAlias=True)
        ends = [skia.Point(0, top), skia.Point(0, bottom)]
        paint.setShader(skia.GradientShader.MakeLinear(ends, [_packed(c) for c in colours]))
        if path is None:
            self.canvas.drawRect(skia.Rect.MakeLTRB(0, top, 1, bottom), paint)
        else:
            self.canvas.drawPath(path, paint)

    def glow(self, x: float, y: float, radius: float, colour: Colour, alpha: float) -> None:
        """Light that fades from (x, y) outwards."""
        paint = skia.Paint(AntiAlias=True)
        stops = [_packed(colour, alpha), _packed(colour, 0.35 * alpha), _packed(colour, 0.0)]
        paint.setShader(skia.GradientShader.MakeRadial(skia.Point(x, y), radius, stops, [0.0, 0.45, 1.0]))
        with self._unstretched(x, y):
            self.canvas.drawRect(skia.Rect.MakeXYWH(x - radius, y - radius, 2 * radius, 2 * radius), paint)

    def softened(self, sigma: float) -> None:
        """Everything drawn until `restore` gets edges blurred by `sigma`."""
        blur = skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp)
        self.canvas.saveLayer(None, skia.Paint(ImageFilter=blur))
        self._stretched.append(self._stretched[-1])

    def restore(self) -> None:
        self.canvas.restore()
        self._stretched.pop()

    def placed(self, x: float, y: float, scale: float = 1.0, turn: float = 0.0, flip: bool = False) -> None:
        """Until `restore`, (0, 0) is at (x, y), lengths are times `scale`, turned by `turn` degrees."""
        self._save()
        self.canvas.translate(x, y)
        self._unstretch(min(self.width, self.height))
        self.canvas.rotate(turn)
        self.canvas.scale(-scale if flip else scale, scale)

    def turned(self, degrees: float) -> None:
        """Until `restore`, (0, 0) is in the middle, and sides change places; for multiples of 90."""
        self._save()
        self.canvas.translate(0.5, 0.5)
        self.canvas.rotate(degrees)

    def upright(self, x: float, y: float, covering: bool = False) -> None:
        """Until `restore`, nothing is stretched, and (x, y) stays where it is.

        Lengths are of the shorter side, or, for what is to cover the whole picture, of the longer.
        """
        self._save()
        if self._stretched[-1]:
            side = max(self.width, self.height) if covering else min(self.width, self.height)
            self.canvas.translate(x, y)
            self._unstretch(side)
            self.canvas.translate(-x, -y)

    def clipped(self, path: skia.Path) -> None:
        """Until `restore`, only the inside of `path` is painted."""
        self._save()
        self.canvas.clipPath(path, True)

    def _save(self) -> None:
        self.canvas.save()
        self._stretched.append(self._stretched[-1])

    def _unstretch(self, side: int) -> None:
        if self._stretched[-1]:
            self.canvas.scale(side / self.width, side / self.height)
            self._stretched[-1] = False

    @contextmanager
    def _unstretched(self, x: float, y: float) -> Iterator[None]:
        if not self._stretched[-1]:  # most pictures are square, and this is done for every disc
            yield
            return
        self.upright(x, y)
        yield
        self.restore()

    def _paint(self, colour: Colour, alpha: float) -> skia.Paint:
        self._filled.setColor(_packed(colour, alpha))
        return self._filled


def polygon_path(points: Iterable[Point], closed: bool = True) -> skia.Path:
    """Straight sides through the points, added one by one: 9 times faster than handing skia the list."""
    path = skia.Path()
    places = iter(points)
    path.moveTo(*next(places))
    line_to = path.lineTo
    for x, y in places:
        line_to(x, y)
    if closed:
        path.close()
    return path


def smooth_path(points: Sequence[Point]) -> skia.Path:
    """The closed curve that bends smoothly past the points (quadratic, through the middles of the sides)."""
    path = skia.Path()
    last = points[-1]
    path.moveTo((last[0] + points[0][0]) / 2, (last[1] + points[0][1]) / 2)
    for here, following in zip(points, [*points[1:], points[0]], strict=True):
        path.quadTo(here[0], here[1], (here[0] + following[0]) / 2, (here[1] + following[1]) / 2)
    path.close()
    return path


def blob(generator: np.random.Generator, x: float, y: float, radius: float, wobble: float = 0.2) -> skia.Path:
    """A round, uneven closed curve."""
    radii = (radius * (1 + wobble * generator.uniform(-1, 1, 9))).tolist()
    angles = [2 * math.pi * i / 9 for i in range(9)]
    return smooth_path(
        [(x + r * math.cos(a), y + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    )


def ridge(
    generator: np.random.Generator, height: float, swing: float, waves: float, number: int = 19
) -> list[Point]:
    """Points of a rolling line from left to right about `height`."""
    phases, sizes = generator.random(6).reshape(2, 3).tolist()
    parts = [
        (5.03 * waves * (i + 1), 6.283 * phases[i], swing * (0.5 + 0.5 * sizes[i]) / (1.5 * (i + 1)))
        for i in range(3)
    ]
    points = []
    for i in range(number):
        x = -0.02 + 1.04 * i / (number - 1)
        points.append((x, height + sum(size * math.sin(pace * x + phase) for pace, phase, size in parts)))
    return points


def ground_below(line: Sequence[Point]) -> skia.Path:
    """The closed shape between a line and the picture's bottom edge."""
    return polygon_path([*line, (1.05, 1.05), (-0.05, 1.05)])


@functools.cache
def _grain() -> np.ndarray:
    """Canvas weave, about -1 to 1, `GRAIN_CELLS` on a side."""
    generator = np.random.default_rng(7)
    noise = generator.normal(0, 0.5, (GRAIN_CELLS, GRAIN_CELLS)).astype(np.float32)
    # Threads of uneven breadth: a network would learn an even weave by heart and lay it over flat parts.
    along, across = np.cumsum(generator.uniform(0.7, 1.3, (2, GRAIN_CELLS)), axis=1) * (math.pi / 2)
    weave = 0.6 * noise + 0.5 * np.sin(along)[:, None] + 0.5 * np.sin(across)[None, :]
    coarse = Image.fromarray(noise[:128, :128]).resize(noise.shape, Image.Resampling.BICUBIC)
    weave += 0.8 * np.asarray(coarse)
    return weave.astype(np.float32)


@functools.cache
def _relief() -> np.ndarray:
    """Brush strokes in light and shade, about -1 to 1, twice as fine as the grain."""
    generator = np.random.default_rng(11)
    easel = Easel(2 * GRAIN_CELLS)
    easel.fill((128, 128, 128))
    for _ in range(BRUSH_STROKES):
        x, y, length, width, light = generator.uniform(
            (0, 0, 0.02, 0.003, 0), (1, 1, 0.06, 0.009, 1)
        ).tolist()
        angle = 2.2 * math.sin(5 * x + 1) + 2.0 * math.cos(6 * y) + generator.normal(0, 0.2)
        end = (x + length * math.cos(angle), y + length * math.sin(angle))
        easel.line([(x, y), end], width, (round(255 * light),) * 3, 0.5)
    return easel.picture()[:, :, 0].astype(np.float32) / 127.5 - 1


def _part(field: np.ndarray, height: int, width: int, corner: Sequence[float]) -> np.ndarray:
    """The part of a field that begins at a corner (row and column, 0 to 1), at most half its side, in px.

    It is averaged over areas or smoothly enlarged: the same at every size but for its sharpness. Were its
    cells repeated, they would be squares, and teach networks a grid.
    """
    half = len(field) // 2
    top, left = (int(place * half) for place in corner)
    size = max(height, width)
    rows, columns = (round(half * side / size) for side in (height, width))
    part = Image.fromarray(field[top : top + rows, left : left + columns])
    resampling = Image.Resampling.BOX if size <= half else Image.Resampling.BICUBIC
    return np.asarray(part.resize((width, height), resampling))


def textured(picture: np.ndarray, generator: np.random.Generator, grain: float, relief: float) -> np.ndarray:
    """The picture with canvas grain and brush relief of the given strengths (0 none, 0.1 strong)."""
    corners = generator.random(4).tolist()
    field = np.zeros(picture.shape[:2], np.float32)
    for strength, tile, corner in ((grain, _grain, corners[:2]), (relief, _relief, corners[2:])):
        if strength:
            field += strength * _part(tile(), *field.shape, corner)
    return np.clip(picture + (255 * field)[:, :, None] + 0.5, 0, 255).astype(np.uint8)
