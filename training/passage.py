"""Lets untrained layers pass signals on exactly, so that a network begins with what need not be learned.

Two properties make it exact. A channel and its negative pass SiLU unharmed, as silu(x) - silu(-x) = x. And
group normalisation takes nothing from signals where large constants of both signs stand beside them: mean and
deviation are then the constants'. Begun at random, small networks shift colours for hours, as normalisation
hides from them how light and how coloured a picture is as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

CONSTANT = 16.0
USUAL_SQUARE = 0.6  # of a signal within [-1, 1], for the little that it adds to the deviation
Tap = tuple[int, int, int]  # input channel, row and column in the kernel


@dataclass(frozen=True)
class Lanes:
    """Which channels of a feature map are the signals, and which the constants beside them."""

    width: int
    groups: int
    signals: tuple[int, ...]  # each signal's channel; the next channel is its negative
    constants: tuple[int, ...]  # each of these is the positive constant, the next the negative one

    @property
    def rows(self) -> list[int]:
        """All channels taken."""
        return [row + step for row in (*self.signals, *self.constants) for step in (0, 1)]


def lanes(width: int, groups: int, count: int) -> Lanes:
    """Channels for `count` signals, group by group; the end of each group that has any holds constants."""
    in_group = width // groups
    signals: list[int] = []
    constants: list[int] = []
    for start in range(0, width, in_group):
        here = min(count - len(signals), in_group // 2 - 1)
        if here <= 0:
            break
        signals += range(start, start + 2 * here, 2)
        constants += range(start + 2 * here, start + in_group - 1, 2)
    return Lanes(width, groups, tuple(signals), tuple(constants))


def middle(layer: nn.Conv2d, channel: int) -> Tap:
    """The tap of an input channel in the middle of a layer's kernel."""
    return channel, layer.kernel_size[0] // 2, layer.kernel_size[1] // 2


@torch.no_grad()
def lay(layer: nn.Conv2d, out: Lanes, signals: list[Mapping[Tap, float]]) -> None:
    """Let a layer put signals, and no constants, on the lanes of its output: weighted sums of taps."""
    layer.weight[out.rows] = 0
    layer.bias[out.rows] = 0
    for row, taps in zip(out.signals, signals, strict=True):
        for tap, weight in taps.items():
            layer.weight[(row, *tap)] += weight
            layer.weight[(row + 1, *tap)] -= weight


@torch.no_grad()
def add_constants(layer: nn.Conv2d, out: Lanes, sign: float = 1) -> None:
    """Add the constants to a layer's output, or with -1 take them away."""
    for row in out.constants:
        layer.bias[row : row + 2] += sign * torch.tensor([CONSTANT, -CONSTANT])


@torch.no_grad()
def keep_size(norm: nn.GroupNorm, given: Lanes, start: int = 0) -> None:
    """Let signals leave a normalisation as large as they came; its channels `start` onwards are the lanes."""
    in_group = norm.num_channels // norm.num_groups
    groups: dict[int, list[float]] = {}
    for rows, square in ((given.signals, USUAL_SQUARE), (given.constants, CONSTANT**2)):
        for row in rows:
            groups.setdefault((start + row) // in_group, []).append(2 * square)
    for row in given.signals:
        here = start + row
        norm.weight[here : here + 2] = (sum(groups[here // in_group]) / in_group) ** 0.5


def through_silu(layer: nn.Conv2d, signal: int, weight: float = 1) -> dict[Tap, float]:
    """Taps for a signal that comes through SiLU: the channel, less its negative."""
    return {middle(layer, signal): weight, middle(layer, signal + 1): -weight}
