"""Rectangles of pixels, and how they are split into tiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle of input pixels; bottom and right are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def area(self) -> int:
        """Pixels."""
        return self.height * self.width

    def grow(self, pixels: int, limit: Area) -> Area:
        """The box with `pixels` more on each side, as far as `limit` reaches."""
        return Area(
            max(self.top - pixels, limit.top),
            min(self.bottom + pixels, limit.bottom),
            max(self.left - pixels, limit.left),
            min(self.right + pixels, limit.right),
        )

    def around(self, pixels: int) -> Area:
        """The box with `pixels` more on each side, without a limit."""
        return Area(self.top - pixels, self.bottom + pixels, self.left - pixels, self.right + pixels)

    def times(self, factor: int) -> Area:
        """The same rectangle after enlarging."""
        return Area(*(factor * edge for edge in self))

    def halved(self) -> Area:
        """The smallest rectangle that covers this one after enlarging twice."""
        return Area(self.top // 2, -(-self.bottom // 2), self.left // 2, -(-self.right // 2))

    def within(self, other: Area) -> Area:
        """The same rectangle, counted from the corner of another."""
        return Area(
            self.top - other.top, self.bottom - other.top, self.left - other.left, self.right - other.left
        )

    def tiles(self, side: int) -> Iterator[Area]:
        """Split into tiles of nearly equal size, none longer than `side`, row by row."""
        rows, columns = -(-self.height // side), -(-self.width // side)
        for i in range(rows):
            for j in range(columns):
                yield Area(
                    self.top + i * self.height // rows,
                    self.top + (i + 1) * self.height // rows,
                    self.left + j * self.width // columns,
                    self.left + (j + 1) * self.width // columns,
                )
