"""How much memory there is, and what to do where it is not enough."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

MEMORY_SHARE = 0.5  # of what is free, for enlarging
MOST_CPU_MEMORY = 8_000_000_000  # bytes for enlarging on a CPU, unless more is asked for
GRANTED = Path("/sys/fs/cgroup")  # where Linux says what a container may have
# What torch says, what its libraries do, and what CUDA calls it.
OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "alloc_failed",
    "cudaerrormemoryallocation",
)


class MemoryShortageError(ValueError):
    """Work for which the memory is not enough, even in the smallest pieces."""


def free_memory(device: torch.device) -> int:
    """Bytes that can still be taken on a device: what torch keeps for later use counts as free."""
    import torch

    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    import psutil

    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # "max", or no container
        granted = int((GRANTED / "memory.max").read_text())
        free = min(free, granted - int((GRANTED / "memory.current").read_text()))
    return max(free, 0)


def memory_budget(device: torch.device, asked: int | None = None, result: int = 0) -> int:
    """Bytes of working memory that a network may take beside its result.

    Parameters
    ----------
    asked : what the whole process may take on a CPU, and what a network may take on a CUDA device; None
        takes half of what is free.
    result : bytes that the result will take, which is never on a CUDA device.
    """
    if device.type == "cuda":
        return int(MEMORY_SHARE * free_memory(device)) if asked is None else asked
    if asked is None:
        return max(0, min(int(MEMORY_SHARE * (free_memory(device) - result)), MOST_CPU_MEMORY))
    return max(0, asked - resident_memory() - result)


def resident_memory() -> int:
    """Bytes of memory that this process has now."""
    import psutil

    return psutil.Process().memory_info().rss


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had, on a CPU or on a CUDA device."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in words for sign in OUT_OF_MEMORY)
    )


def release_memory(device: torch.device) -> None:
    """Give back what torch keeps on a device for later use."""
    import torch

    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).empty_cache()
