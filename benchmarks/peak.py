"""The most memory that a benchmark has taken. Knows nothing of what it measures."""

from pathlib import Path

import torch

STATUS = Path("/proc/self/status")


def peak_memory(device: str = "cpu") -> int:
    """Bytes: the process's peak so far, or the GPU's; 0 for a process where the system is not Linux."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    if not STATUS.exists():
        return 0
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if "VmHWM" in line) * 1024
