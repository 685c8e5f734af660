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

from bigart_lib.finish.links import Link, Moments, Strip
from bigart_lib.finish.planner import Plan, Planner, part_rows

STRIP_CPU = 2**22  # bytes for each thread; larger strips leave the processor's cache (benchmarks/enhance.py)
STRIP_GPU = 2**26  # bytes
NHWC = torch.channels_last

Tell = Callable[[int, int], None]  # operations done, and in all


class Source(Protocol):
    """A whole map that is read in strips."""

    def strips(self, rows: int, is_last: bool) -> Iterator[Strip]:
        """Strips of about so many rows; read for the last time, what was given may be forgotten."""


class Sink(Protocol):
    """Takes the strips of a map from the top down."""

    def add(self, strip: Strip) -> None:
        """Take the next one."""


class StoredMap:
    """A map in memory, and the one beside it.

    Parameters
    ----------
    height : rows of both.
    beside : holds the latter already.
    """

    def __init__(self, height: int, beside: StoredMap | None = None) -> None:
        self._height, self._shares = height, beside is not None
        self._main = _Rows(height)
        self._skip = beside._main if beside else _Rows(height)

    def __iter__(self) -> Iterator[Strip]:
        """Strips as high as they are stored."""
        return self.strips(self._height, False)

    def add(self, strip: Strip) -> None:
        """Take the next one."""
        self._main.add(strip.main)
        for part in () if self._shares else strip.skip:
            self._skip.add(part)

    def strips(self, rows: int, is_last: bool) -> Iterator[Strip]:
        """Strips of about so many rows, at most as high as they are stored."""
        mains, skips = (kept.pieces(rows, is_last) for kept in (self._main, self._skip))
        done = beside = 0
        for main in mains:
            done += main.shape[2]
            some = []
            while beside < done and (skip := next(skips, None)) is not None:
                beside += skip.shape[2]
                some.append(skip)
            yield Strip(main, tuple(some), done == self._height)


class _Rows:
    """All rows of a map in few large parts; many small ones would leave holes in the memory between them."""

    def __init__(self, height: int) -> None:
        self._height, self._missing = height, height
        self._parts: deque[Tensor] = deque()
        self._room = 0  # rows of the last part that are still empty

    def add(self, rows: Tensor) -> None:
        while rows.shape[2]:
            if not self._room:
                self._begin_part(rows)
            now, rows = rows.tensor_split((self._room,), 2)
            begin = self._parts[-1].shape[2] - self._room
            self._parts[-1][:, :, begin : begin + now.shape[2]] = now
            self._room -= now.shape[2]

    def pieces(self, rows: int, forget: bool) -> Iterator[Tensor]:
        for part in _given_away(self._parts) if forget else self._parts:
            yield from part.tensor_split(max(1, round(part.shape[2] / rows)), 2)

    def _begin_part(self, like: Tensor) -> None:
        self._room = min(part_rows(self._height, like[:, :, 0].nbytes), self._missing)
        self._missing -= self._room
        shape = (*like.shape[:2], self._room, like.shape[3])
        self._parts.append(torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=NHWC))


def _given_away(held: deque) -> Iterator:
    while held:
        yield held.popleft()


def fastest_strip(device: torch.device) -> int:
    """Bytes of the strips that run fastest on a device."""
    return STRIP_CPU * max(2, torch.get_num_threads()) if device.type == "cpu" else STRIP_GPU


def run_whole(links: Sequence[Link], features: Tensor) -> Tensor:
    """Run a chain on whole maps, N x C x height x width, each in one piece."""
    held = deque([Strip(features)])
    del features
    for link in links:
        (strip,) = link.run(_given_away(held), held, None)
        held.append(strip)
        del strip
    return held[0].main


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
        stays = last == first + 1 and links[first].keeps  # for the source is also what is beside the target
        target = sink
        if last < len(links):
            target = StoredMap(planner.height(last), source if stays else None)
        for place in planner.sweeps(first, last):
            sweeps.sweep(source, first, place, target if place == last else None, stays)
        source = target


class _Sweeps:
    """Goes over maps from the top down; remembers the moments and the work done."""

    def __init__(self, links: Sequence[Link], planner: Planner, plan: Plan, tell: Tell) -> None:
        self._links, self._planner, self._plan, self._tell = links, planner, plan, tell
        self._moments: dict[int, Moments] = {}
        self._done = 0

    def sweep(self, source: Source, first: int, last: int, target: Sink | None, stays: bool) -> None:
        """Make map `last` from map `first`: for its moments, and for the target that takes it."""
        rows = self._planner.rows(first, last, self._plan.strip)
        strips = source.strips(rows, target is not None and not stays)
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
