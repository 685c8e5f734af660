"""What this machine is and how to use it: device, precision, memory, speed, and random numbers."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.files import read_values, write_text

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
MEMORY_SHARE = 0.5  # of what is free, for enlarging
MOST_CPU_MEMORY = 8_000_000_000  # bytes for enlarging on a CPU, unless more is asked for
GRANTED = Path("/sys/fs/cgroup")  # where Linux says what a container may have
SPEEDS_FILE = "speeds.json"  # in the cache folder
RUNS_REMEMBERED = 12  # of each kind of work
# Until a kind of work was done here: networks' share of the probe's speed, and pixels a second.
FIRST_GUESSES = {"base": 0.1, "upsample": 0.15, "paint": 0.2, "enlarge": 0.7, "enhance": 0.25}
FIRST_PIXELS = {"texture": 1.2e7, "write": 5e6, "keep": 3e7, "fit": 1e7}
FIRST_BYTES = 5e7  # of weights that are loaded in a second

try:
    VERSION = version("bigart")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "0+checkout"


class DeviceError(ValueError):
    """A device or a precision that this machine does not have."""


class MemoryShortageError(ValueError):
    """Work for which the memory is not enough, even in the smallest pieces."""


def on_colab() -> bool:
    """Whether Python runs on Google Colab."""
    return "google.colab" in sys.modules


def pick_device(name: str | None = None) -> torch.device:
    """The named device, or CUDA where there is one, or the CPU.

    Raises
    ------
    DeviceError
        When the machine has no such device, or torch cannot use it.
    """
    import torch

    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name is None else name)
    except RuntimeError:
        raise DeviceError(f"device must be cpu or cuda, not {name!r}") from None
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"device must be cpu or cuda, not {name!r}")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda was asked for, and this machine has none that torch can use: try cpu")
    try:
        torch.ones(1, device=device).add_(1).item()
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())
        raise DeviceError(f"torch cannot use {device} ({reason[:200]}): try --device cpu") from error
    return device


def pick_precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """The named precision, or the fastest that loses nothing to see on this machine.

    fp16 on CUDA, bf16 where it is native; bf16 on CPUs with AMX or avx512_bf16; else fp32. bf16 on a CPU
    differs from fp32 by up to 9 levels of 255 in single pixels.
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


def precision_name(dtype: torch.dtype) -> str:
    """One of `PRECISIONS`."""
    return {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}[str(dtype).removeprefix("torch.")]


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
        isinstance(error, RuntimeError)
        and any(sign in words for sign in ("out of memory", "can't allocate memory", "not enough memory"))
    )


def release_memory(device: torch.device) -> None:
    """Give back what torch keeps on a CUDA device for later use."""
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()


def random_generator(*numbers: int) -> torch.Generator:
    """A generator on the CPU that depends on these numbers alone: a seed, and what it is used for.

    Parameters
    ----------
    numbers : whole, from 0 up, of any size. Zeros at the end do not count where all are below 2**32.
    """
    import numpy as np
    import torch

    words: Sequence[int] = numbers
    if max(numbers) >= 2**32:  # which numpy would take for several numbers
        words = hashlib.sha256(repr([int(number) for number in numbers]).encode()).digest()
    state = np.random.SeedSequence([*words]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state))


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
    return f"CPU with {_threads(torch.get_num_threads())}, {precision_name(dtype)}"


def facts(device: torch.device, dtype: torch.dtype) -> dict[str, str | int]:
    """What decides the last digits of a picture: device, precision, threads and versions, by name."""
    import torch

    found = {"precision": precision_name(dtype)}
    if device.type == "cuda":
        found["device"] = torch.cuda.get_device_name(device)
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


class Speeds:
    """How long work takes on a device: measured once, then corrected by what real runs took.

    Parameters
    ----------
    folder : keeps the measurements from run to run; one that cannot be written to is no error.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        self._path = Path(folder) / SPEEDS_FILE
        self._device, self._dtype = device, dtype
        known = facts(device, dtype)
        self._machine = ", ".join(
            f"{known[name]}" for name in ("device", "precision", "threads") if name in known
        )
        self._runs: dict[str, list] = _kept_runs(read_values(self._path).get(self._machine))

    def probe(self) -> float:
        """Operations a second of a convolution like the enlarger's; measured if it never was."""
        if not self._runs.get("probe"):
            self._runs["probe"] = [[measure_speed(self._device, self._dtype), 1.0]]
            self.save()
        return self._runs["probe"][0][0]

    def seconds(self, kind: str, operations: float) -> float:
        """How long work of this kind will take, by the runs most like it."""
        action = kind.partition(" ")[0]
        if not operations:
            return 0.0
        runs = self._runs.get(kind)
        if not runs:
            if action == "load":
                return operations / FIRST_BYTES
            if action in FIRST_PIXELS:
                return operations / FIRST_PIXELS[action]
            return operations / (FIRST_GUESSES.get(action, 0.2) * self.probe())
        likeness = [abs(math.log(done / operations)) for done, _ in runs]
        alike = [run for run, far in zip(runs, likeness, strict=True) if far < min(likeness) + 0.3]
        return operations * statistics.median(seconds / done for done, seconds in alike[-3:])

    def note(self, kind: str, operations: float, seconds: float) -> None:
        """Remember what work of a kind took."""
        if operations > 0 and seconds > 0:
            self._runs[kind] = [*self._runs.get(kind, []), [operations, seconds]][-RUNS_REMEMBERED:]

    def save(self) -> None:
        """Keep what was noted."""
        with suppress(OSError):
            everybody = {**read_values(self._path), self._machine: self._runs}
            write_text(self._path, json.dumps(everybody), replace=True)


def _kept_runs(found: object) -> dict[str, list]:
    """What another process wrote, without what is no measurement."""
    if not isinstance(found, dict):
        return {}
    return {
        kind: [run for run in runs if _is_run(run)] for kind, runs in found.items() if isinstance(runs, list)
    }


def _is_run(run: object) -> bool:
    return (
        isinstance(run, list)
        and len(run) == 2
        and all(isinstance(value, (int, float)) and 0 < value < math.inf for value in run)
    )


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
        fastest = min(seconds(repeats) for _ in range(8))  # best of 8: other processes disturb
    return repeats * 2 * 9 * channels**2 * size**2 / fastest
