"""The networks of a set, lent to whoever runs them: loaded when needed, and kept while there is room."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.progress import Announce, announce_nothing
from bigart_lib.weights.lending import LentInAnyWay, Way, detour

if TYPE_CHECKING:
    import torch

MOST_IDLE_WEIGHTS = 1_000_000_000  # bytes kept in memory beside a network that is loaded, on a CPU

Loader = Callable[["Path | str", "torch.device", "torch.dtype"], Any]


class Networks:
    """Loads each network once in each way; on a CPU large ones make room for the next.

    Parameters
    ----------
    files : of each network, by its name.
    loaders : give the network in a file, on a device and in a precision.
    note : told the kind, the bytes and the seconds of each loading.
    precisions : of networks that work in another than `dtype`.
    announce : told that a network goes another way than the machine's.
    """

    def __init__(
        self,
        files: Mapping[str, Path | str],
        loaders: Mapping[str, Loader],
        device: torch.device,
        dtype: torch.dtype,
        note: Callable[[str, float, float], None],
        precisions: Mapping[str, torch.dtype] | None = None,
        announce: Announce = announce_nothing,
    ) -> None:
        self._files, self._loaders = files, loaders
        self._device, self._dtype, self._note = device, dtype, note
        self._precisions, self._announce = precisions or {}, announce
        self._loaded: dict[tuple[str, Way], torch.nn.Module] = {}
        self._detour: Mapping[str, str] = {}
        self.seconds_loading = 0.0  # in all

    def __contains__(self, name: str) -> bool:
        """Whether a network is in memory."""
        return (name, self._way(name)) in self._loaded

    def free(self) -> None:
        """Let go of all networks; they are loaded again when they are needed."""
        self._loaded.clear()

    def lend(self, name: str) -> LentInAnyWay:
        """Gives the network whenever it is called, and runs it another way where its own does not hold it."""

        def note(first: Way, way: Way) -> None:
            self._detour = {**self._detour, **detour(first, way)}

        return LentInAnyWay(
            name, lambda way: self._get(name, way), self._way(name), note,
            lambda: self._free_others(name), self._announce,
        )  # fmt: skip

    def last_detour(self) -> Mapping[str, str]:
        """What differed from the machine's way since this was asked last, by name: precision, device."""
        found, self._detour = self._detour, {}
        return found

    def load_cost(self, name: str) -> tuple[str, float]:
        """The kind of work, and the bytes, that loading a network takes now."""
        if name not in self._files or name in self:
            return "load", 0.0
        file = Path(self._files[name])
        return f"load {file.name}", file.stat().st_size if file.is_file() else 3e7

    def _way(self, name: str) -> Way:
        return Way(self._device, self._precisions.get(name, self._dtype))

    def _free_others(self, name: str) -> bool:
        """Let go of all networks but this one, on every device; whether there were others."""
        others = [one for one in self._loaded if one[0] != name]
        for one in others:
            del self._loaded[one]
        return bool(others)

    def _get(self, name: str, way: Way) -> torch.nn.Module:
        if (name, way) not in self._loaded:
            import torch

            idle = (weight for network in self._loaded.values() for weight in network.parameters())
            if way.device.type == "cpu" and sum(weight.nbytes for weight in idle) > MOST_IDLE_WEIGHTS:
                self._loaded.clear()
            kind, num_bytes = self.load_cost(name)
            began = time.perf_counter()
            network = self._loaders[name](self._files[name], *way)
            self._loaded[name, way] = network.to(memory_format=torch.channels_last)
            taken = time.perf_counter() - began
            self.seconds_loading += taken
            if num_bytes:
                self._note(kind, num_bytes, taken)
        return self._loaded[name, way]
