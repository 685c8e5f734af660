"""Precisions: which one a network works in on a device."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
# Turing cards without tensor cores, whose convolutions give what is no number in fp16 (pytorch issue 77955).
WITHOUT_TENSOR_CORES = re.compile(r"GTX 16|\b(MX[45]50|T[456]00|T550|T1[02]00|T2000)\b")
TURING = (7, 5)


class DeviceError(ValueError):
    """A device or a precision that this machine does not have."""


def pick_precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """The named precision, or the fastest that loses nothing to see on this machine.

    fp16 on CUDA, where it is 12 to 26 dB nearer to fp32 than bf16, but fp32 on cards of the GTX 16 family;
    bf16 on CPUs with AMX or avx512_bf16; else fp32. bf16 on a CPU differs from fp32 by up to 9 levels of 255
    in single pixels.

    Raises
    ------
    DeviceError
        When there is no such precision on this device.
    """
    import torch

    named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if name in named:
        if name == "fp16" and device.type == "cpu":
            raise DeviceError("precision fp16 needs a CUDA device: on the CPU choose fp32 or bf16")
        if name == "bf16" and device.type == "mps":
            raise DeviceError("precision bf16 needs a CPU or a CUDA device: on mps choose fp32 or fp16")
        return named[name]
    if name != "auto":
        raise DeviceError(f"precision must be one of {', '.join(PRECISIONS)}, not {name!r}")
    if device.type == "cuda":
        return torch.float32 if _lacks_tensor_cores(device) else torch.float16
    return torch.bfloat16 if device.type == "cpu" and _cpu_has_fast_bf16() else torch.float32


def for_vqgan(dtype: torch.dtype) -> torch.dtype:
    """In place of fp16, fp32: published weights of VQGAN go beyond what fp16 holds."""
    import torch

    return torch.float32 if dtype == torch.float16 else dtype


def for_any_network(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """In place of fp16, bf16 where a card has it: for networks that nobody measured."""
    import torch

    has_bf16 = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if dtype == torch.float16 and has_bf16 else dtype


def precision_name(dtype: torch.dtype) -> str:
    """One of `PRECISIONS`."""
    return {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}[str(dtype).removeprefix("torch.")]


def _lacks_tensor_cores(device: torch.device) -> bool:
    import torch

    if torch.cuda.get_device_capability(device) != TURING:
        return False
    return WITHOUT_TENSOR_CORES.search(torch.cuda.get_device_name(device)) is not None


def _cpu_has_fast_bf16() -> bool:
    import torch

    # Public in newer releases of torch, private in older ones.
    if hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)
