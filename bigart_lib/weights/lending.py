"""Networks as they are lent to whoever runs them, and what follows where they do not come through.

This is the one place that decides it: values that are no numbers mean once more in fp32, and a card without
memory even for the smallest piece means the CPU. It knows no particular network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bigart_lib.machine import (
    MemoryShortageError,
    is_out_of_memory,
    pick_precision,
    precision_name,
    release_memory,
)
from bigart_lib.progress import Announce, announce_nothing
from bigart_lib.weights.fitting import AGAIN, NotFiniteError

if TYPE_CHECKING:
    import torch

Made = TypeVar("Made")
WORDS = {  # of networks, by their name
    "base": "GLIDE's base model",
    "upsampler": "GLIDE's upsampler",
    "enlarger": "the enlarger",
    "enhancer": "VQGAN",
}


class Way(NamedTuple):
    """Where, and how precisely, a network runs."""

    device: torch.device
    dtype: torch.dtype


class Lent:
    """A network that is there already, and can run in one way alone.

    Parameters
    ----------
    give : gives the network.
    """

    def __init__(self, give: Callable[[], Any]) -> None:
        self._give = give

    def __call__(self) -> Any:
        """The network, in the way that the machine allows."""
        return self._give()

    def run(self, work: Callable[[Any], Made], announce: Announce | None = None) -> Made:
        """What `work` makes with the network; where it fails for values or memory, in the next way.

        Parameters
        ----------
        work : is given the network, on whatever device and in whatever precision, and may be called again.
        announce : told in a sentence that it is; None tells whoever the networks were lent for.

        Raises
        ------
        NotFiniteError, MemoryShortageError
            When no way is left.
        """
        return work(self())

    def make_room(self) -> bool:
        """Give up memory that is held on the device for others; whether other networks went."""
        return False


class LentInAnyWay(Lent):
    """A network that can be loaded again, in another precision or on the CPU.

    Parameters
    ----------
    name : of the network.
    give : gives it in a way.
    first : the way that the machine allows.
    note : told the first way, and the one in which a result came about.
    make_room : lets go of the other networks; tells whether there were any.
    """

    def __init__(
        self,
        name: str,
        give: Callable[[Way], Any],
        first: Way,
        note: Callable[[Way, Way], None] = lambda first, way: None,
        make_room: Callable[[], bool] = lambda: False,
        announce: Announce = announce_nothing,
    ) -> None:
        super().__init__(lambda: give(first))
        self._words, self._give_in, self._first = WORDS.get(name, name), give, first
        self._note, self._make_room, self._announce = note, make_room, announce

    def run(self, work: Callable[[Any], Made], announce: Announce | None = None) -> Made:
        """See `Lent.run`."""
        way = self._first
        while True:
            try:
                made = work(self._give_in(way))
                self._note(self._first, way)
                return made
            except NotFiniteError as error:
                following, sentence = self._wider(way, error)
            except (MemoryShortageError, RuntimeError, MemoryError) as error:
                if not (isinstance(error, MemoryShortageError) or is_out_of_memory(error)):
                    raise
                if way.device.type == "cpu":
                    raise
                following, sentence = self._on_cpu(way)
            # Outside of the handlers, which keep alive what the work had in memory.
            release_memory(way.device)
            (announce or self._announce)(sentence)
            way = following

    def make_room(self) -> bool:
        """See `Lent.make_room`."""
        went = self._make_room()
        release_memory(self._first.device)
        return went

    def _wider(self, way: Way, error: NotFiniteError) -> tuple[Way, str]:
        import torch

        said = precision_name(way.dtype)
        if way.dtype == torch.float32:
            raise NotFiniteError(f"{error.short}, in {said}: the weights are wrong ({AGAIN})", error.short)
        return way._replace(dtype=torch.float32), f"{error.short} in {said}: once more in fp32"

    def _on_cpu(self, way: Way) -> tuple[Way, str]:
        import torch

        cpu = torch.device("cpu")
        dtype = torch.float32 if way.dtype == torch.float32 else pick_precision(cpu)
        what = f"the memory of {way.device} is not enough for {self._words}"
        return Way(cpu, dtype), f"{what}: the CPU does this step, which takes longer"


def as_lent(network: Callable[[], Any]) -> Lent:
    """What gives a network, as something that lends it."""
    return network if isinstance(network, Lent) else Lent(network)


def detour(first: Way, way: Way) -> Mapping[str, str]:
    """How a way differs from the first, for the recipe: nothing where it does not."""
    found = {}
    if way.dtype != first.dtype:
        found["precision"] = precision_name(way.dtype)
    if way.device != first.device:
        found["device"] = way.device.type
    return found


def once(announce: Announce) -> Announce:
    """Announces each sentence once."""
    said: set[str] = set()

    def tell(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            announce(sentence)

    return tell
