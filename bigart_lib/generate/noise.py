"""The random numbers that candidates are painted from."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bigart_lib.machine import random_generator
from bigart_lib.settings import Ancestor, GenerateSettings

CANVAS = 1.875  # times as long as the square, a side: 3:1 is painted at 120x40 px beside 64x64
AROUND = 1  # what generators of the noise around the square are numbered by


class Noise:
    """The noise of one candidate, in the order in which it is drawn.

    A candidate that stays near another has noise between the other's and some of its own, wherever noise is
    drawn: at the start of each network, and by the samplers that add some on the way.

    Whatever the shape, the noise of the square is drawn first; what lies around it comes from generators of
    its own, for a canvas that holds every shape. A shape takes the middle of that canvas, so that one seed
    gives kindred pictures in all shapes, and squares are what they would be if there were no others.
    """

    def __init__(self, settings: GenerateSettings, index: int) -> None:
        line = settings.line(index)
        self._generators = [_generator(one, line[:place]) for place, one in enumerate(line)]
        self._distances = [one.distance for one in line[1:]]
        self._around = [_generator(one, line[:place], AROUND) for place, one in enumerate(line)]
        self._side, self._size = 0, (0, 0)  # of the square, and of what is taken
        self._states: dict[int, list[torch.Tensor]] = {}  # of the generators, before a network of this size

    def begin(self, side: int, size: tuple[int, int] | None = None) -> torch.Tensor:
        """What a network starts from, (1, 3, height, width).

        Asked for again, because memory ran out, all that follows is the same too.

        Parameters
        ----------
        side : px of the squares that the network was trained on; each network another.
        size : width and height of what it paints, each at most `CANVAS` times `side`; None is the square.
        """
        generators = [*self._generators, *self._around]
        states = self._states.setdefault(side, [generator.get_state() for generator in generators])
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        self._side, self._size = side, size or (side, side)
        return self.draw()

    def draw(self) -> torch.Tensor:
        """The next standard normals, of the size that was begun."""
        noise, *others = (self._middle(*pair) for pair in zip(self._generators, self._around, strict=True))
        for other, distance in zip(others, self._distances, strict=True):
            # On the sphere, so that it is as strong as the two.
            noise = (1 - distance**2) ** 0.5 * noise + distance * other
        return noise

    def _middle(self, generator: torch.Generator, around: torch.Generator) -> torch.Tensor:
        """Noise of the size that was begun: the middle of the canvas that the square is in the middle of."""
        side, (width, height) = self._side, self._size
        square = draw_noise(generator, side)
        if (width, height) == (side, side):
            return square
        whole = round(CANVAS * side)
        canvas, first = draw_noise(around, whole), (whole - side) // 2
        canvas[..., first : first + side, first : first + side] = square
        upper, left = (whole - height) // 2, (whole - width) // 2
        return canvas[..., upper : upper + height, left : left + width].contiguous()


def draw_noise(source: torch.Generator | Noise, width: int, height: int | None = None) -> torch.Tensor:
    """The next standard normals, (1, 3, height, width), a square where no height is named."""
    if isinstance(source, Noise):  # which knows the size that was begun
        return source.draw()
    return torch.randn(1, 3, height or width, width, generator=source)


def _generator(one: Ancestor, elders: Sequence[Ancestor], use: int = 0) -> torch.Generator:
    """A generator of a candidate's own noise; of one that is an elder's namesake, another than the elder's.

    The sum of two equal noises would be stronger than either.

    Parameters
    ----------
    use : 0 for the square, `AROUND` for what lies around it.
    """
    namesakes = sum((elder.seed, elder.index) == (one.seed, one.index) for elder in elders)
    # Texture has a size where this has the use.
    return random_generator(one.seed, one.index, *((use, namesakes) if use or namesakes else ()))
