"""How stages tell how far they have come, and how they are told to stop. Knows no stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class Progress(NamedTuple):
    """How far a stage has come."""

    stage: str  # "base", "upsample", "enlarge", "texture" or "enhance"; "fetch", "verify" or "convert"
    step: int  # steps done; bytes for the last three stages
    total: int  # steps in all
    preview: torch.Tensor | None = None  # (N, 3, h, w) in [0, 1]: the candidates as they are guessed now
    name: str = ""  # of the model that is fetched, verified or converted


Report = Callable[[Progress], None]
Announce = Callable[[str], None]  # told, in a sentence, what a person should know before work goes on


class CancelledError(Exception):
    """Raised by a report to stop a stage between two steps."""


def no_report(progress: Progress) -> None:
    """Tell nobody."""


def announce_nothing(sentence: str) -> None:
    """Tell nobody."""
