"""The random numbers that candidates are painted from."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bigart_lib.machine import random_generator
from bigart_lib.settings import Ancestor, GenerateSettings


class Noise:
    """The noise of one candidate, in the order in which it is drawn.

    A candidate that stays near another has noise between the other's and some of its own, wherever noise is
    drawn: at the start of each network, and by the samplers that add some on the way.
    """

    def __init__(self, settings: GenerateSettings, index: int) -> None:
        line = settings.line(index)
        self._generators = [_generator(one, line[:place]) for place, one in enumerate(line)]
        self._distances = [one.distance for one in line[1:]]
        self._states: dict[int, list[torch.Tensor]] = {}  # of the generators, before a network of this size

    def begin(self, side: int) -> torch.Tensor:
        """What the network of this size starts from, (1, 3, side, side).

        Asked for again, because memory ran out, all that follows is the same too.
        """
        states = self._states.setdefault(side, [generator.get_state() for generator in self._generators])
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)
        return self.draw(side)

    def draw(self, side: int) -> torch.Tensor:
        """The next standard normals, (1, 3, side, side)."""
        noise, *others = (draw_noise(generator, side) for generator in self._generators)
        for other, distance in zip(others, self._distances, strict=True):
            # On the sphere, so that it is as strong as the two.
            noise = (1 - distance**2) ** 0.5 * noise + distance * other
        return noise


def draw_noise(source: torch.Generator | Noise, side: int) -> torch.Tensor:
    """The next standard normals, (1, 3, side, side)."""
    if isinstance(source, Noise):
        return source.draw(side)
    return torch.randn(1, 3, side, side, generator=source)


def _generator(one: Ancestor, elders: Sequence[Ancestor]) -> torch.Generator:
    """The generator of a candidate's own noise; of one that is an elder's namesake, another than the elder's.

    The sum of two equal noises would be stronger than either.
    """
    namesakes = sum((elder.seed, elder.index) == (one.seed, one.index) for elder in elders)
    # Texture has a size where this has the 0.
    return random_generator(one.seed, one.index, *((0, namesakes) if namesakes else ()))
