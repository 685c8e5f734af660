"""How long a plan will take, and how much memory: from its steps' costs, and from what real runs took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bigart_lib.files import size_in_words
from bigart_lib.machine import Speeds, free_memory, memory_budget
from bigart_lib.pictures.images import LEVEL_BYTES, PictureError
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.plan import NETWORKS, WITHOUT_NETWORK, Kept, Step, to_do
from bigart_lib.progress import PlanProgress, Report
from bigart_lib.settings import MOST_PIXELS

if TYPE_CHECKING:
    import torch

    from bigart_lib.enlarge.enlarger import Enlarger
    from bigart_lib.weights.networks import Networks

CHANNEL_BYTES = 2  # of a pixel in levels
PICTURE_BYTES = 10  # of a pixel in levels, and in 8 bits while it is written


class Forecast(NamedTuple):
    """What is still to be done of a plan, and what that will take."""

    seconds: float
    memory: float  # bytes, at the most
    steps: tuple[Step, ...]  # that must be computed
    pictures: tuple[Step, ...]  # that must be written
    compromises: tuple[str, ...] = ()  # what the memory does not allow, a sentence each


class Forecaster:
    """Knows what work takes here, and learns it from the work that is done.

    Parameters
    ----------
    fingerprints : SHA-256 of the weights of each network, by its name: another network, another speed.
    memory : bytes of working memory for enlarging; None takes half of what is free.
    """

    def __init__(
        self,
        fingerprints: Mapping[str, str],
        enlarger: Enlarger,
        networks: Networks,
        speeds: Speeds,
        device: torch.device,
        memory: int | None,
    ) -> None:
        self._fingerprints, self._enlarger = fingerprints, enlarger
        self._networks, self._speeds = networks, speeds
        self._device, self._memory = device, memory

    def budget(self, step: Step | None = None) -> int:
        """Bytes of working memory that a network may take now, beside the step's own result."""
        return memory_budget(self._device, self._memory, LEVEL_BYTES * step.pixels if step else 0)

    def forecast(self, steps: Sequence[Step], kept: Kept) -> Forecast:
        """What is still to be done of a plan; loads no network."""
        computed, written = to_do(steps, kept)
        seconds = sum(self._seconds(step) for step in computed)
        seconds += sum(self._speeds.seconds("write", step.pixels) for step in written)
        needed = {name for step in computed for name in self._names(step)}
        seconds += sum(self._speeds.seconds(*self._networks.load_cost(name)) for name in needed)
        before = dict(zip(steps[1:], steps, strict=False))
        compromises = [
            self._enlarger.compromise(*before[step].size, self.budget(step))
            for step in computed
            if step.action == "enlarge"
        ]
        memory = max((self._memory_of(step, before.get(step)) for step in computed), default=0.0)
        compromises.append(self._shortage(memory))
        return Forecast(seconds, memory, tuple(computed), tuple(written), tuple(filter(None, compromises)))

    def _memory_of(self, step: Step, before: Step | None) -> float:
        """The most bytes that a step takes, with the pictures before and after it."""
        is_bounded = step.action in NETWORKS
        working = min(step.cost.memory, self.budget(step)) if is_bounded else step.cost.memory
        pixels = step.pixels + (before.pixels if before else 0)
        return max(working + LEVEL_BYTES * pixels, PICTURE_BYTES * pixels)

    def _shortage(self, memory: float) -> str:
        """That more memory is needed than is free, in a sentence."""
        free = free_memory(self._device)
        if memory <= free:
            return ""
        return (
            f"about {size_in_words(memory)} of memory are needed, and {size_in_words(free)} are free: close "
            "other programs first, or the work may end before it is done; what is finished is kept"
        )

    def whole_plan(
        self, steps: Sequence[Step], computed: Sequence[Step], written: Sequence[Step], report: Report
    ) -> Report:
        """A report that adds how far the whole plan is; without `steps`, for many candidates side by side."""
        parts: list[tuple[str, float]] = []
        for action in () if steps else dict.fromkeys(step.action for step in computed):
            parts.append((action, sum(self._seconds(step) for step in computed if step.action == action)))
        for step in steps:
            parts += [(step.action, self._seconds(step))] if step in computed else []
            parts += [("write", self._speeds.seconds("write", step.pixels))] if step in written else []
        return PlanProgress(parts, report)

    def kind(self, step: Step) -> str:
        """What kind of work a step is."""
        return " ".join([step.action, *(self._fingerprints[name][:8] for name in self._names(step))])

    def clock(self) -> float:
        """Seconds of work so far, without the loading of networks."""
        return time.perf_counter() - self._networks.seconds_loading

    def note(self, kind: str, operations: float, seconds: float) -> None:
        """Learn what work took."""
        self._speeds.note(kind, operations, seconds)

    @contextmanager
    def noted(self, kind: str, operations: float) -> Iterator[None]:
        """Learn what the work within takes."""
        began = self.clock()
        yield
        self.note(kind, operations, self.clock() - began)

    def save(self) -> None:
        """Keep what was learned for the next run."""
        self._speeds.save()

    def _seconds(self, step: Step) -> float:
        kept = self._speeds.seconds("keep", step.pixels) if step.is_costly else 0.0
        return self._speeds.seconds(self.kind(step), step.cost.operations) + kept

    def _names(self, step: Step) -> list[str]:
        """The networks that do a step."""
        if step.action in NETWORKS:
            return [NETWORKS[step.action]]
        own = [name for name in self._fingerprints if name not in NETWORKS.values()]
        return [] if step.action in ("source", *WITHOUT_NETWORK) else own


def check_size(recipe: Recipe, steps: Sequence[Step]) -> None:
    """Refuse to enlarge a picture that was brought beyond what a file, or this machine's memory, can hold.

    Raises
    ------
    PictureError
        Saying what is allowed.
    """
    import torch

    brought, finished = steps[0], steps[-1]
    times = (finished.pixels / brought.pixels) ** 0.5
    what = f"{recipe.source} has {_sides(brought)} pixels; {times:.4g} times that"
    if finished.pixels > MOST_PIXELS:
        most = (MOST_PIXELS / brought.pixels) ** 0.5
        raise PictureError(
            f"{what}, {_sides(finished)}, is too many: at most {int(100 * most) / 100:g} times is possible"
        )
    each = CHANNEL_BYTES * recipe.source_channels
    needed = each * max(one.pixels + next_one.pixels for one, next_one in pairwise([brought, *steps]))
    free = free_memory(torch.device("cpu"))
    if needed > free:
        most = brought.pixels * free / needed / 1e6
        raise PictureError(
            f"{what} takes {size_in_words(needed)} of memory on the way, and {size_in_words(free)} are free: "
            f"pictures up to {most:.0f} million pixels can be enlarged so much here"
        )


def _sides(step: Step) -> str:
    return "x".join(map(str, step.size))
