"""How much memory the tensors take that live at the same time while a network runs."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):
    """Within it, `most` is the most bytes that the results of operations took at the same time.

    What an operation takes for itself while it runs is not counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most = self._live = 0
        self._tensors: Counter[int] = Counter()  # that live, by the place of their memory

    def __torch_dispatch__(
        self, func: Callable, types: Sequence, args: Sequence = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation, and count what it gave until that dies."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor)
        return made

    def _count(self, tensor: torch.Tensor) -> None:
        memory = tensor.untyped_storage()
        place, size = memory.data_ptr(), memory.nbytes()
        if not self._tensors[place]:
            self._live += size
            self.most = max(self.most, self._live)
        self._tensors[place] += 1
        weakref.finalize(tensor, self._forget, place, size).atexit = False

    def _forget(self, place: int, size: int) -> None:
        self._tensors[place] -= 1
        if not self._tensors[place]:
            self._live -= size
