"""What an enlarger is: the protocol that all of them follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bigart_lib.progress import Cost, Report

if TYPE_CHECKING:
    import torch


class Enlarger(Protocol):
    """A picture becomes larger."""

    scale: int  # how many times longer it makes a side

    def fingerprint(self) -> str:
        """SHA-256 of its weights."""

    def cost(self, width: int, height: int) -> Cost:
        """What a picture of this size takes, in px of the picture before; loads no network."""

    def compromise(self, width: int, height: int, memory_budget: int) -> str:
        """What the budget, in bytes, does not allow, in a sentence; nothing where the result is exact."""

    def enlarge(
        self, picture: torch.Tensor, memory_budget: int, report: Report, repeats: bool = False
    ) -> torch.Tensor:
        """Enlarge float32 (1, 3, height, width) in [0, 1]; the result is the same, its sides longer.

        It may be in 16-bit levels instead, see `images.to_levels`, which takes half the memory.

        Parameters
        ----------
        memory_budget : bytes of working memory beside the picture and the result.
        report : told of stage "enlarge"; may raise.
        repeats : whether the picture tiles without a seam, and the result is to; only then is it given.

        Raises
        ------
        MemoryShortageError
            When the memory does not hold even the smallest piece of work.
        """
