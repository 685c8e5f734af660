"""The networks of a set, lent to whoever runs them: loaded when needed, and kept while there is room."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

MOST_IDLE_WEIGHTS = 1_000_000_000  # bytes kept in memory beside a network that is loaded, on a CPU

Loader = Callable[["Path | str", "torch.device", "torch.dtype"], Any]


class Networks:
    """Loads each network once; on a CPU large ones make room for the next.

    Parameters
    ----------
    files : of each network, by its name.
    loaders : give the network in a file, on a device and in a precision.
    note : told the kind, the bytes and the seconds of each loading.
    """

    def __init__(
        self,
        files: Mapping[str, Path | str],
        loaders: Mapping[str, Loader],
        device: torch.device,
        dtype: torch.dtype,
        note: Callable[[str, float, float], None],
    ) -> None:
        self._files, self._loaders = files, loaders
        self._device, self._dtype, self._note = device, dtype, note
        self._loaded: dict[str, torch.nn.Module] = {}
        self.seconds_loading = 0.0  # in all

    def __contains__(self, name: str) -> bool:
        """Whether a network is in memory."""
        return name in self._loaded

    def free(self) -> None:
        """Let go of all networks; they are loaded again when they are needed."""
        self._loaded.clear()

    def lend(self, name: str) -> Callable[[], Any]:
        """Gives the network whenever it is called."""
        return lambda: self._get(name)

    def load_cost(self, name: str) -> tuple[str, float]:
        """The kind of work, and the bytes, that loading a network takes now."""
        if name not in self._files or name in self._loaded:
            return "load", 0.0
        file = Path(self._files[name])
        return f"load {file.name}", file.stat().st_size if file.is_file() else 3e7

    def _get(self, name: str) -> torch.nn.Module:
        if name not in self._loaded:
            import torch

            idle = (weight for network in self._loaded.values() for weight in network.parameters())
            if self._device.type == "cpu" and sum(weight.nbytes for weight in idle) > MOST_IDLE_WEIGHTS:
                self._loaded.clear()
            kind, num_bytes = self.load_cost(name)
            began = time.perf_counter()
            network = self._loaders[name](self._files[name], self._device, self._dtype)
            self._loaded[name] = network.to(memory_format=torch.channels_last)
            taken = time.perf_counter() - began
            self.seconds_loading += taken
            self._note(kind, num_bytes, taken)
        return self._loaded[name]
