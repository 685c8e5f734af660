"""What is painted next: a short list on the page, which can be put in another order and emptied."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from bigart_lib.studio import parts


class Waiting(NamedTuple):
    """Work that waits."""

    words: str  # what it is
    begin: parts.Click


class QueueRow:
    """Shows what waits; the first begins when the work before it has ended, however it ended."""

    def __init__(self, guard: parts.Guard) -> None:
        self._guard = guard
        self.waiting: list[Waiting] = []
        self._rows = parts.column(classes=["bigart-queue-rows"])
        self._heading = parts.text("", "bigart-queue-heading")
        self.empty = parts.button("Empty the queue", guard(self.clear), "bigart-quiet")
        top = parts.row(self._heading, self.empty)
        self.widget = parts.column(top, self._rows, classes=["bigart-queue"])
        self._show()

    def add(self, words: str, begin: parts.Click) -> None:
        """Let something wait, behind all others."""
        self.waiting.append(Waiting(words, begin))
        self._show()

    def begin_next(self) -> None:
        """Begin the first."""
        if self.waiting:
            first = self.waiting.pop(0)
            self._show()
            first.begin()

    def clear(self) -> None:
        """Let nothing wait."""
        self.waiting.clear()
        self._show()

    def _show(self) -> None:
        before = self._rows.children
        self._rows.children = [self._row(place, one) for place, one in enumerate(self.waiting)]
        parts.close(*before)
        self._heading.value = f"<b>Next: {len(self.waiting)}</b>"
        parts.show(self.widget, bool(self.waiting))

    def _row(self, place: int, one: Waiting) -> parts.ipywidgets.HBox:
        earlier = parts.button(
            "↑", self._guard(partial(self._move, one)), "bigart-quiet", tooltip=f"paint {one.words} earlier"
        )
        earlier.disabled = place == 0
        leave = partial(self._leave, one)
        away = parts.button("✕", self._guard(leave), "bigart-quiet", tooltip=f"do not paint {one.words}")
        return parts.row(parts.text(parts.escape(one.words)), earlier, away, classes=["bigart-queue-row"])

    def _move(self, one: Waiting) -> None:
        place = self._place(one)
        self.waiting.insert(place - 1, self.waiting.pop(place))
        self._show()

    def _leave(self, one: Waiting) -> None:
        del self.waiting[self._place(one)]
        self._show()

    def _place(self, one: Waiting) -> int:
        """Where it waits; two may read alike."""
        return next(place for place, other in enumerate(self.waiting) if other is one)
