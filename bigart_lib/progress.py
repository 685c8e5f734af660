"""How stages tell how far they have come, and how they are told to stop. Knows no stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class Progress(NamedTuple):
    """How far a stage has come."""

    stage: str  # "base", "upsample", "enlarge", "texture" or "enhance"
    step: int  # steps done
    total: int  # steps in all
    preview: torch.Tensor | None = None  # (N, 3, h, w) in [0, 1]: the candidates as they are guessed now


Report = Callable[[Progress], None]


class CancelledError(Exception):
    """Raised by a report to stop a stage between two steps."""


def no_report(progress: Progress) -> None:
    """Tell nobody."""
