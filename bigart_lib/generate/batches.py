"""Batches of candidates, which come in smaller parts again where they fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bigart_lib.machine import MemoryShortageError, is_out_of_memory
from bigart_lib.weights import Lent, NotFiniteError

if TYPE_CHECKING:
    import torch

    from bigart_lib.generate.network import Glide


class Batches:
    """Batches of candidates with the number that a network is to see; those that fail come in parts again.

    Parameters
    ----------
    indices : of the candidates.
    size : of a batch.
    lent : the network.
    """

    def __init__(self, indices: list[int], size: int, lent: Lent) -> None:
        self._most, self._lent = max(1, size), lent
        self._waiting: deque[tuple[list[int], int]] = deque()
        self._put_first(indices, self._most)

    def __iter__(self) -> Iterator[tuple[list[int], int]]:
        """What is to be made, as long as something is."""
        while self._waiting:
            batch, shape = self._waiting.popleft()
            if shape > self._most:
                self._put_first(batch, self._most)
            else:
                self._current = batch, shape
                yield batch, shape

    def try_(self, work: Callable[[Glide], list[torch.Tensor]]) -> list[torch.Tensor] | None:
        """What is made of the current batch; None where that failed."""
        batch, shape = self._current
        try:
            return work(self._lent())
        except NotFiniteError:
            # One by one, in the same number, so that what fails alone changes none of the others; then alone.
            self._put_first(batch, shape, 1) if len(batch) > 1 else self._put_first(batch, 1)
            return None
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        if not self._lent.make_room():
            self._most = shape // 2
        self._put_first(batch, shape)
        return None

    def _put_first(self, indices: list[int], shape: int, size: int | None = None) -> None:
        size = size or shape
        batches = [(indices[start : start + size], shape) for start in range(0, len(indices), size)]
        self._waiting.extendleft(reversed(batches))


def alone(
    work: Callable[[Glide], list[torch.Tensor]], painted: tuple[int, int]
) -> Callable[[Glide], list[torch.Tensor]]:
    """The same, where a shortage of memory is said in a sentence, as nothing smaller can be tried."""

    def run(network: Glide) -> list[torch.Tensor]:
        try:
            return work(network)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise MemoryShortageError(
                f"the memory is not enough to paint a candidate of {'x'.join(map(str, painted))} px: close "
                "other programs, choose smaller models (--models embedded) or another device (--device cpu)"
            ) from error

    return run
