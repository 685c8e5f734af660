"""Which maps of a chain of links are stored, within a memory budget, so that least is computed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import torch

from bigart_lib.finish.links import Link, Shape

STRIP_OPERATIONS = 2e10  # of one strip in one link, at most, so that work can be stopped in between
LARGEST = 1.5  # times the planned rows, that a strip may have
SHARE_OF_STRIP = 1 / 64  # of the budget, at most: the rest is for maps and for the strips of other links
PART = 2**25  # bytes: what is larger, malloc gives back to the system
LEAST_PARTS = 4
STRIPS_AT_WORK = 5  # that the link at work holds beside those that wait
ROWS_KEPT = 2  # of the strip before, that a link keeps
FIRST_ROWS = 4  # that a link keeps of a map that repeats, and of the one beside it


class BudgetError(ValueError):
    """A memory budget that does not hold even the smallest strips; `least` bytes would."""

    def __init__(self, least: int) -> None:
        super().__init__(f"at least {least} bytes are needed")
        self.least = least


class Plan(NamedTuple):
    """Which maps are stored, and what that takes."""

    operations: int  # floating-point, repeated ones included
    memory: int  # bytes at the most, beside the picture, the result and the weights
    stored: tuple[int, ...]  # maps by their number, which is that of the link that reads them
    strip: int  # bytes of a strip, about

    def then(self, operations: int, memory: int, place: int) -> Plan:
        """The same as far as it goes, and on to another stored map."""
        return Plan(self.operations + operations, max(self.memory, memory), (*self.stored, place), self.strip)


class Planner:
    """Finds the fastest way through a chain.

    Parameters
    ----------
    links : the chain.
    shape : the size of the map before the first link.
    dtype : of all maps.
    repeats : whether the maps go on beyond their edges with what lies at the opposite ones.
    """

    def __init__(
        self, links: Sequence[Link], shape: Shape, dtype: torch.dtype, repeats: bool = False
    ) -> None:
        self._kept = ROWS_KEPT + FIRST_ROWS * repeats
        self._links, self._itemsize = links, dtype.itemsize
        self._shapes = list(accumulate(links, lambda before, link: link.shape(before), initial=shape))
        self._work = [link.operations(before) for link, before in zip(links, self._shapes, strict=False)]
        self._work_before = list(accumulate(self._work, initial=0))

    def plan(self, budget: float, strip: int) -> Plan:
        """The plan of the fewest operations.

        Parameters
        ----------
        budget : bytes of working memory.
        strip : bytes of the strips that run fastest; smaller ones are taken where the budget demands it.

        Raises
        ------
        BudgetError
            When no plan fits.
        """
        strip = int(min(strip, SHARE_OF_STRIP * budget))
        while (plan := self._best(budget, strip, lambda plan: plan)) is None:
            if strip < min(shape.row for shape in self._shapes) * self._itemsize:
                raise BudgetError(self._best(float("inf"), strip, lambda plan: plan.memory).memory)
            strip //= 2
        return plan

    def sweeps(self, first: int, last: int) -> Iterator[int]:
        """The maps that must be swept to, from the stored map `first`, until map `last` is made."""
        yield from (place for place in range(first + 1, last) if self._links[place].norm)
        yield last

    def operations(self, first: int, last: int) -> int:
        """Floating-point operations of a sweep from one map to another."""
        return self._work_before[last] - self._work_before[first]

    def height(self, place: int) -> int:
        """Rows of a map."""
        return self._shapes[place].height

    def rows(self, first: int, last: int, strip: int) -> int:
        """Rows of a strip of map `first`, from which none grows too large on the way to map `last`."""
        source = self.height(first)
        numbers = max(shape.row * shape.height for shape in self._shapes[first : last + 1])
        share = min(strip / (numbers * self._itemsize), STRIP_OPERATIONS / max(1, *self._work[first:last]))
        return max(1, int(source * share))

    def _best(self, budget: float, strip: int, badness: Callable[[Plan], Any]) -> Plan | None:
        """The shortest path from the first map to the last one, by what is worst in a plan."""
        best: list[Plan | None] = [Plan(0, 0, (0,), strip)]
        for last in range(1, len(self._shapes)):
            plans = []
            for first in reversed(range(last)):
                memory = self._memory(first, last, strip)
                if best[first] is not None and memory <= budget:
                    work = sum(self.operations(first, place) for place in self.sweeps(first, last))
                    plans.append(best[first].then(work, memory, last))
                if self._links[first].is_global:
                    break  # what it reads must be stored
            best.append(min(plans, key=badness, default=None))
        return best[-1]

    def _memory(self, first: int, last: int, strip: int) -> int:
        """Bytes while map `last` is made out of map `first`, which goes as the other comes."""
        shapes = self._shapes[first : last + 1]
        share = LARGEST * self.rows(first, last, strip) / self.height(first)
        # each link keeps some rows of the strip before, and the strip that it gave may wait
        waiting = [(max(1, share * shape.height) + self._kept) * shape.row for shape in shapes]
        largest = max(LARGEST * strip / self._itemsize, *waiting)
        inner = [self._shapes[place] for place in (first, last) if 0 < place < len(self._links)]
        stored = max((shape.row * shape.height for shape in inner), default=0)
        # one map goes, and the other comes, in parts
        parts = sum(self._part(shape.channels, shape) + self._part(shape.skip, shape) for shape in inner)
        numbers = stored + parts + sum(waiting) + STRIPS_AT_WORK * largest
        scratch = max(
            self._links[place].scratch(self._shapes[place], self._itemsize) for place in range(first, last)
        )
        return int(numbers * self._itemsize) + scratch

    def _part(self, channels: int, shape: Shape) -> int:
        """Numbers in a part of a map of so many channels."""
        row = channels * shape.width
        return part_rows(shape.height, row * self._itemsize) * row if row else 0


def part_rows(height: int, row: int) -> int:
    """Rows of the parts in which a map is stored: a few, and such that the system takes each back at once.

    Parameters
    ----------
    height, row : of the map, in rows, and of a row, in bytes.
    """
    return min(PART // row + 1, -(-height // LEAST_PARTS))
