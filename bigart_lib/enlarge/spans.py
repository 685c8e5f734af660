"""How a side of a picture is divided into overlapping spans, and how much of the result each of them gives.

Where two spans overlap, what lies nearest to the end of either is left out, as a network knows too little of
its surroundings there; in the middle one goes over into the other, and their shares add up to one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

BLEND = 16  # px in which one span goes over into the next
UNUSED = 16  # px at each end that overlaps, whose result is not used, at the least
OVERLAP = BLEND + 2 * UNUSED  # px that neighbours share, at the least
WINDOW = 16  # px: a network that looks at windows finds the picture's own where a span starts at a multiple


class Span(NamedTuple):
    """A part of a side, in px of the picture; one of a picture that repeats may lie beyond its edges."""

    start: int
    stop: int
    rise: float | None  # in the middle of what it shares with the span before; None where there is none
    fall: float | None  # in the middle of what it shares with the span after

    @property
    def length(self) -> int:
        """Of what the network is to see, in px."""
        return self.stop - self.start

    @property
    def first(self) -> int:
        """Where what is used of it begins, in px."""
        return self.start if self.rise is None else math.floor(self.rise - BLEND / 2)

    @property
    def last(self) -> int:
        """Where what is used of it ends, in px, exclusive."""
        return self.stop if self.fall is None else math.ceil(self.fall + BLEND / 2)

    def shares(self, scale: int) -> Tensor:
        """How much each pixel of what is used, enlarged, gives to the result, from 0 to 1."""
        places = self.first + (torch.arange((self.last - self.first) * scale) + 0.5) / scale
        begun = 1.0 if self.rise is None else _step(places - self.rise)
        ended = 0.0 if self.fall is None else _step(places - self.fall)
        return torch.ones_like(places) * (begun - ended)


def spans(side: int, longest: int, multiple: int = 1, repeats: bool = False) -> list[Span]:
    """Spans of equal length that cover a side.

    Parameters
    ----------
    side : in px.
    longest : that a span may be, in px; two overlaps or more.
    multiple : what the length divides by, where there are several; `longest` must, too.
    repeats : whether the side goes on at its other end, so that the last span and the first overlap, too.
    """
    if side <= longest - (OVERLAP if repeats else 0):
        if not repeats:
            return [Span(0, side, None, None)]
        return [Span(-OVERLAP // 2, side + OVERLAP // 2, 0.0, float(side))]
    shared = OVERLAP + WINDOW  # as starts move by less than a window
    count = -(-side // (longest - shared)) if repeats else -(-(side - shared) // (longest - shared))
    length = -(-(side + (count if repeats else count - 1) * shared) // count)
    length = min(-(-length // multiple) * multiple, longest)
    last = side - length  # where the last span starts, if nothing repeats
    evenly = (i * side // count if repeats else i * last // (count - 1) for i in range(count))
    starts = [start - start % WINDOW for start in evenly]
    if not repeats:
        starts[-1] = last
    before = [starts[-1] - side, *starts[:-1]]
    after = [*starts[1:], starts[0] + side]
    made = []
    for i, start in enumerate(starts):
        rise = (start + before[i] + length) / 2 if repeats or i else None
        fall = (after[i] + start + length) / 2 if repeats or i < count - 1 else None
        made.append(Span(start, start + length, rise, fall))
    return made


def _step(distance: Tensor) -> Tensor:
    """From 0 to 1, smoothly, within `BLEND` px around 0."""
    share = (distance / BLEND + 0.5).clamp(0, 1)
    return share * share * (3 - 2 * share)
