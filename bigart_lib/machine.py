"""What this machine is and how to use it: device, precision, memory, speed. Knows no model."""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
CPU_MEMORY_BUDGET = 1_000_000_000  # bytes of working memory for enlarging
CUDA_MEMORY_SHARE = 0.6  # of what is free


class DeviceError(ValueError):
    """A device or a precision that this machine does not have."""


def pick_device(name: str | None = None) -> torch.device:
    """The named device, or CUDA where there is one, or the CPU.

    Raises
    ------
    DeviceError
        When the machine has no such device.
    """
    import torch

    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError:
        raise DeviceError(f"device must be cpu or cuda, not {name!r}") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda was asked for, and this machine has none that torch can use: try cpu")
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"device must be cpu or cuda, not {name!r}")
    return device


def pick_precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """The named precision, or the fastest that loses nothing to see on this machine.

    fp16 on CUDA, bf16 where it is native; bf16 on CPUs with AMX or avx512_bf16; else fp32.
    """
    import torch

    named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if name in named:
        if name == "fp16" and device.type == "cpu":
            raise DeviceError("precision fp16 needs a CUDA device: on the CPU choose fp32 or bf16")
        return named[name]
    if name != "auto":
        raise DeviceError(f"precision must be one of {', '.join(PRECISIONS)}, not {name!r}")
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if native else torch.float16
    return torch.bfloat16 if _cpu_has_fast_bf16() else torch.float32


def _cpu_has_fast_bf16() -> bool:
    import torch

    # Public in newer releases of torch, private in older ones.
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)


def memory_budget(device: torch.device) -> int:
    """Bytes of working memory that enlarging may take."""
    import torch

    if device.type == "cuda":
        return int(CUDA_MEMORY_SHARE * torch.cuda.mem_get_info(device)[0])
    return CPU_MEMORY_BUDGET


def measure_speed(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a convolution like those of the enlarging network."""
    import torch
    from torch.nn import functional

    channels, size = 64, 64
    weight = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype)
    picture = torch.randn(1, channels, size, size, device=device, dtype=dtype)
    picture = picture.contiguous(memory_format=torch.channels_last)
    weight = weight.contiguous(memory_format=torch.channels_last)

    def seconds(repeats: int) -> float:
        started = time.perf_counter()
        for _ in range(repeats):
            result = functional.conv2d(picture, weight, padding=1)
        result.sum().item()  # waits for a CUDA device
        return time.perf_counter() - started

    with torch.inference_mode():
        seconds(2)
        repeats = 8
        fastest = min(seconds(repeats) for _ in range(8))  # one of which others may leave in peace
    return repeats * 2 * 9 * channels**2 * size**2 / fastest


def describe(device: torch.device, dtype: torch.dtype) -> str:
    """Device and precision in words."""
    import torch

    precision = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {precision}"
    threads = torch.get_num_threads()
    return f"CPU with {threads} thread{'s' if threads > 1 else ''}, {precision}"


def report() -> str:
    """The machine in words: processor or GPU, memory, Python, and how long a picture will take."""
    import torch

    device = pick_device()
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 1e9
        worker = f"GPU: {torch.cuda.get_device_name(device)} with {memory:.0f} GB"
        wait = "A picture takes a minute or two."
    else:
        worker = f"No GPU: {torch.get_num_threads()} processor threads will paint"
        wait = "Seven candidates take about half a minute, a print of 4096 pixels up to ten."
    memory = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else None
    )
    amount = f"{memory:.0f} GB of memory" if memory else "memory unknown"
    return f"{worker}. {amount}, Python {platform.python_version()}, torch {torch.__version__}.\n{wait}"
