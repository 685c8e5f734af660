"""VQGAN as a finish: it repaints the details of a picture from what it learned (Esser et al. 2021)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from bigart_lib.files import size_in_words
from bigart_lib.finish.planner import BudgetError
from bigart_lib.finish.strips import fastest_strip
from bigart_lib.finish.vqgan import build, planner, reconstruct
from bigart_lib.machine import MemoryShortageError, is_out_of_memory
from bigart_lib.machine import memory_budget as budget_of
from bigart_lib.progress import Cost, Report
from bigart_lib.weights import as_lent, build_empty

if TYPE_CHECKING:
    from diffusers import VQModel

CPU = torch.device("cpu")


class VQGANEnhancer:
    """Encodes and decodes a picture; its size stays.

    Parameters
    ----------
    network : gives the network when it is needed; see `weights.lending`.
    config : its sizes, as arguments of diffusers' `VQModel`.
    dtype : the precision that it runs in, if nothing goes wrong.
    fingerprint : gives the SHA-256 of its weights.
    device : where it runs.
    """

    def __init__(
        self,
        network: Callable[[], VQModel],
        config: Mapping[str, Any],
        dtype: torch.dtype,
        fingerprint: Callable[[], str],
        device: torch.device = CPU,
    ) -> None:
        self._network, self._config, self.dtype = as_lent(network), config, dtype
        self.fingerprint, self._device = fingerprint, device
        self._costs: dict[tuple[int, int], Cost] = {}  # by size: a slider asks again at each of its moves

    def cost(self, width: int, height: int) -> Cost:
        """The operations and the bytes of the fastest way; with less memory some work is done twice."""
        size = width, height
        if size not in self._costs:
            plan = planner(self._empty, *size, self.dtype).plan(math.inf, fastest_strip(self._device))
            self._costs[size] = Cost(plan.operations, plan.memory)
        return self._costs[size]

    def enhance(
        self, picture: torch.Tensor, memory_budget: int, report: Report, repeats: bool = False
    ) -> torch.Tensor:
        """Repaint float32 (1, 3, height, width) in [0, 1], of any size, with the numbers of one piece.

        Parameters
        ----------
        memory_budget : bytes of working memory beside the picture and the result.
        report : told of stage "enhance"; may raise.
        repeats : whether the picture tiles without a seam, and the result is to; its sides must then divide
            by what the network reduces them by, 16 px for the published one.

        Raises
        ------
        ValueError
            When a picture that repeats has other sides.
        MemoryShortageError
            When the memory does not hold even the smallest strips.
        """
        return self._network.run(
            lambda network: self._enhanced(network, picture, memory_budget, report, repeats)
        )

    def _enhanced(
        self, network: VQModel, picture: torch.Tensor, budget: int, report: Report, repeats: bool
    ) -> torch.Tensor:
        height, width = picture.shape[-2:]
        if network.device.type != self._device.type:  # for whose memory the budget was not meant
            budget = budget_of(network.device)
        while True:
            try:
                return reconstruct(network, picture, budget, report, repeats=repeats)
            except BudgetError as error:
                raise MemoryShortageError(
                    f"the memory is not enough for VQGAN at {width}x{height} px: {size_in_words(budget)} may "
                    f"be used, and it takes {size_in_words(error.least)} at least: close other programs, "
                    "give more by --memory, or do without it"
                ) from error
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if not self._network.make_room():
                # No more than what was tried, however large the budget was.
                budget = min(budget, self.cost(width, height).memory) // 2

    @cached_property
    def _empty(self) -> VQModel:
        """The network without memory, for its sizes."""
        return build_empty("VQGAN", build, self._config, "config")
