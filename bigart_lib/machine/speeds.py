"""How long work takes here: measured once, then corrected by what real runs took."""

from __future__ import annotations

import json
import math
import statistics
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.files import read_values, write_text
from bigart_lib.machine.devices import facts

if TYPE_CHECKING:
    import torch

SPEEDS_FILE = "speeds.json"  # in the cache folder
RUNS_REMEMBERED = 12  # of each kind of work
# Until a kind of work was done here: networks' share of the probe's speed, and pixels a second.
FIRST_GUESSES = {"base": 0.1, "upsample": 0.15, "paint": 0.2, "enlarge": 0.7, "enhance": 0.25}
FIRST_PIXELS = {"texture": 1.2e7, "write": 5e6, "keep": 3e7, "fit": 1e7}
FIRST_BYTES = 5e7  # of weights that are loaded in a second


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
