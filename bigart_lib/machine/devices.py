"""Devices: which one networks run on, and what it is in words."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.machine.precision import DeviceError, precision_name
from bigart_lib.version import VERSION

if TYPE_CHECKING:
    import torch

DEVICES = ("cpu", "cuda", "mps")
LONGEST_REASON = 200  # characters of what torch says


def on_colab() -> bool:
    """Whether Python runs on Google Colab."""
    return "google.colab" in sys.modules


def pick_device(name: str | None = None, announce: Callable[[str], None] | None = None) -> torch.device:
    """The named device; or CUDA where torch can use it; or the CPU.

    Parameters
    ----------
    announce : told in a sentence that a card is there and cannot be used, or that nobody tried a device yet.

    Raises
    ------
    DeviceError
        When the named device is none, is not here, or cannot be used.
    """
    import torch

    announce = announce or (lambda _: None)
    if name is None:
        reason = _why_no_cuda()
        if reason:
            announce(f"the GPU cannot be used, {reason}: the CPU paints instead, which takes longer")
        return torch.device("cuda" if reason is None else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in DEVICES:
        raise DeviceError(f"device must be cpu, cuda or mps, not {name!r}")
    if device.type == "cuda" and (reason := _why_no_cuda(device)) is not None:
        reason = (
            f"torch cannot use {device} ({reason})" if reason else "this machine has none that torch can use"
        )
        raise DeviceError(f"device {name} was asked for, and {reason}: try --device cpu")
    if device.type == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("device mps was asked for, and this machine has none: try --device cpu")
        announce("nobody has tried BIG.art on mps yet: compare a picture with one of --device cpu")
    return device


def _why_no_cuda(device: torch.device | None = None) -> str | None:
    """Why torch cannot compute on a CUDA device: None where it can, nothing where there is none."""
    import torch

    if not torch.cuda.is_available():
        try:
            torch.cuda.init()
        except (RuntimeError, AssertionError) as error:
            return _one_line(error) if "too old" in str(error) else ""
        return ""
    device = device or torch.device("cuda")
    try:
        capability = torch.cuda.get_device_capability(device)
        made_for = torch.cuda.get_arch_list()
        if made_for and not any(_runs_on(capability, one) for one in made_for):
            named = (
                f"{torch.cuda.get_device_name(device)} (compute capability {'.'.join(map(str, capability))})"
            )
            return f"{named} is none of those that this torch was built for, {', '.join(made_for)}"
        torch.ones(1, device=device).add_(1).item()
    except (RuntimeError, AssertionError) as error:
        return _one_line(error)
    return None


def _runs_on(capability: tuple[int, int], made_for: str) -> bool:
    """Whether code for an architecture, such as "sm_86" or "compute_90", runs on a card.

    Machine code runs on later cards of the same generation; what is compiled on the card, on all later ones.
    """
    found = re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", made_for)
    if not found:
        return False
    kind, architecture = found[1], (int(found[2]), int(found[3]))
    return capability >= architecture and (kind == "compute" or capability[0] == architecture[0])


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:LONGEST_REASON]


@contextmanager
def at_threads(count: int | None) -> Iterator[None]:
    """Let so many threads work at what follows, which decides last digits; None changes nothing."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe(device: torch.device, dtype: torch.dtype) -> str:
    """Device and precision in words."""
    import torch

    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {precision_name(dtype)}"
    if device.type == "mps":
        return f"mps (nobody has tried it yet), {precision_name(dtype)}"
    return f"CPU with {_threads(torch.get_num_threads())}, {precision_name(dtype)}"


def facts(device: torch.device, dtype: torch.dtype) -> dict[str, str | int]:
    """What decides the last digits of a picture: device, precision, threads and versions, by name."""
    import torch

    found = {"precision": precision_name(dtype)}
    if device.type == "cuda":
        found["device"] = torch.cuda.get_device_name(device)
    elif device.type == "mps":
        found["device"] = f"mps, {_processor()}"
    else:
        found["device"] = f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}"
        found["threads"] = torch.get_num_threads()
    libraries = {name: version(name) for name in ("torch", "diffusers", "numpy")}
    return {**found, "bigart": VERSION, **libraries}


@cache
def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def overview() -> str:
    """The machine in words: processor or GPU, memory, Python, and how long a picture will take."""
    import psutil
    import torch

    device = pick_device()
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 1e9
        worker = f"GPU: {torch.cuda.get_device_name(device)} with {memory:.0f} GB"
        wait = "A picture takes a minute or two."
    else:
        worker = f"No GPU: the processor will paint, with {_threads(torch.get_num_threads())}"
        wait = "Seven candidates take about half a minute, a print of 4096 pixels two to ten minutes."
    memory = psutil.virtual_memory().total / 1e9
    return (
        f"{worker}. {memory:.0f} GB of memory, Python {platform.python_version()}, "
        f"torch {torch.__version__}.\n{wait}"
    )


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
