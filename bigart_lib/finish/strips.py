"""A chain of links run on a picture of any size in bounded memory, with the numbers of one piece.

Strips of rows pass through many links at once, so only few of the maps between the links must be stored. But
a normalisation looks at its whole map: each one between two stored maps takes a sweep of its own through the
links before it. So a small budget costs time; the planner says which maps to store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from bigart_lib.finish.links import Link, Moments, Strip, join
from bigart_lib.finish.planner import Plan, Planner

STRIP_CPU = 2**22  # bytes for each thread; larger strips leave the processor's cache (benchmarks/enhance.py)
STRIP_GPU = 2**26  # bytes

Tell = Callable[[int, int], None]  # operations done, and in all


class Source(Protocol):
    """A whole map that is read in strips."""

    def __iter__(self) -> Iterator[Strip]:
        """Its strips, as they are."""

    def strips(self, rows: int, is_last: bool) -> Iterator[Strip]:
        """Strips of about so many rows; read for the last time, each may be forgotten once it is given."""


class Sink(Protocol):
    """Takes the strips of a map from the top down."""

    def add(self, strip: Strip) -> None:
        """Take the next one."""


class StoredMap:
    """A map in memory, as the strips that it came in."""

    def __init__(self, *strips: Strip) -> None:
        self._strips = deque(strips)

    def __iter__(self) -> Iterator[Strip]:
        """Its strips, as they are."""
        return iter(self._strips)

    def add(self, strip: Strip) -> None:
        """Take the next one."""
        self._strips.append(strip)

    def strips(self, rows: int, is_last: bool) -> Iterator[Strip]:
        """Put together what is too short, and cut what is too long."""
        held: list[Strip] = []
        for strip in self.given_away() if is_last else self:
            held.append(strip)
            height = sum(strip.main.shape[2] for strip in held)
            if height >= rows / 2 or strip.is_last:
                ends = strip.is_last
                del strip  # so that nothing here holds what is forgotten there
                yield from _cut(held, max(1, round(height / rows)), ends)

    def given_away(self) -> Iterator[Strip]:
        """Its strips, as they are, each forgotten once it is given."""
        while self._strips:
            yield self._strips.popleft()


def _cut(held: list[Strip], count: int, ends: bool) -> Iterator[Strip]:
    """Put strips together, forget them, and cut the whole; its first piece takes the whole skip along."""
    skip = None if held[0].skip is None else join([strip.skip for strip in held])
    mains = join([strip.main for strip in held]).tensor_split(count, 2)
    held.clear()
    for number, main in enumerate(mains, 1):
        yield Strip(main, skip, ends and number == count)
        skip = None


def fastest_strip(device: torch.device) -> int:
    """Bytes of the strips that run fastest on a device."""
    return STRIP_CPU * max(2, torch.get_num_threads()) if device.type == "cpu" else STRIP_GPU


def run_whole(links: Sequence[Link], features: Tensor) -> Tensor:
    """Run a chain on whole maps, N x C x height x width, each in one piece."""
    strip = Strip(features)
    del features
    for link in links:
        source = StoredMap(strip)
        del strip
        (strip,) = link.run(source.given_away(), source, None)
    return strip.main


def run(links: Sequence[Link], planner: Planner, plan: Plan, source: Source, sink: Sink, tell: Tell) -> None:
    """Run a chain from a picture to the result as planned.

    Parameters
    ----------
    planner : of these links.
    source, sink : the map before the first link, and what takes the one after the last; of one picture.
    tell : told the floating-point operations done and to do, after each strip; what it raises comes through.
    """
    tell(0, plan.operations)
    sweeps = _Sweeps(links, planner, plan, tell)
    for first, last in pairwise(plan.stored):
        target = sink if last == len(links) else StoredMap()
        for place in planner.sweeps(first, last):
            sweeps.sweep(source, first, place, target if place == last else None)
        source = target


class _Sweeps:
    """Goes over maps from the top down; remembers the moments and the work done."""

    def __init__(self, links: Sequence[Link], planner: Planner, plan: Plan, tell: Tell) -> None:
        self._links, self._planner, self._plan, self._tell = links, planner, plan, tell
        self._moments: dict[int, Moments] = {}
        self._done = 0

    def sweep(self, source: Source, first: int, last: int, target: Sink | None) -> None:
        """Make map `last` from map `first`: for its moments, and for the target that takes it."""
        strips = source.strips(self._planner.rows(first, last, self._plan.strip), target is not None)
        for place in range(first, last):
            strips = self._links[place].run(strips, source, self._moments.get(place))
        norm = self._links[last].norm if last < len(self._links) else None
        moments, height = Moments(norm) if norm else None, 0
        operations = self._planner.operations(first, last)
        for strip in strips:
            if moments:
                moments.add(strip.main)
            if target is not None:
                target.add(strip)
            height += strip.main.shape[2]
            done = self._done + operations * height // self._planner.height(last)
            self._tell(done, self._plan.operations)
        self._done += operations
        if moments:
            self._moments[last] = moments.finish()
