"""Networks built from the configs of files and filled with their tensors, if all of it fits.

Anybody may have written a file: what it asks for is checked before anything takes memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bigart_lib.settings import Bounds, check
from bigart_lib.weights.tensors import (
    WeightsError,
    is_finite,
    read_config,
    read_onto,
    read_shapes,
    read_tensors,
)

if TYPE_CHECKING:
    import torch

    Network = TypeVar("Network", bound=torch.nn.Module)

Made = TypeVar("Made")
MOST_LEVELS = 8  # of a network whose features get coarser
MOST_NAMES_SHOWN = 5
LONGEST_REASON = 300  # characters
AGAIN = "bigart models verify tells whether the file is damaged"


class NotFiniteError(WeightsError):
    """Values that are no numbers where a network has, or gives, them; `short` says it without advice."""

    def __init__(self, message: str, short: str = "") -> None:
        super().__init__(message)
        self.short = short or message


def load_network(
    kind: str,
    path: Path,
    device: torch.device | str,
    dtype: torch.dtype,
    build: Callable[[Mapping], Network],
    convert: Callable[[dict[str, torch.Tensor], str], Network],
) -> Network:
    """Load a network: frozen, in evaluation mode, on a device in a precision.

    Parameters
    ----------
    kind : what the network is called, for messages.
    path : a `.safetensors` file that `write_network` wrote, or one that holds what `convert` takes.
    build : makes an empty network of the config in such a file.
    convert : makes the network of published tensors and the name of their file.

    Raises
    ------
    WeightsError
        When the file is neither, or its tensors do not fit or hold what is no number.
    """
    config = read_config(path)
    if config is None:
        network = convert(read_tensors(path), str(path)).to(device=device, dtype=dtype)
    else:
        network = build_empty(kind, build, config, str(path))
        check_fit(shapes_of(network), read_shapes(path), str(path))  # before the tensors are read
        network = fill(network, read_onto(path, device, dtype), str(path))
    return check_weights(network, str(path))


def build_empty(kind: str, build: Callable[[Any], Network], config: Any, source: str) -> Network:
    """A network of this config without memory, so that filling it costs neither time nor copies.

    Raises
    ------
    WeightsError
        When no network can be built from the config; `source` is the file, for the message.
    """
    import torch

    with torch.device("meta"):
        return from_config(kind, build, config, source)


def from_config(kind: str, make: Callable[[Any], Made], config: Any, source: str) -> Made:
    """What `make` makes of the config in a file; raises as `build_empty` does."""
    try:
        return make(config)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise WeightsError(f"{source}: no {kind} can be built from its config: {reason}") from error


def check_sizes(config: Mapping[str, Any], most: Mapping[str, int]) -> None:
    """Refuse entries that are no whole numbers from 1 to the most that each may be, by a ValueError."""
    for name, largest in most.items():
        check(name, config.get(name), Bounds(1, largest), whole=True)


def check_levels(name: str, values: Any, most: int) -> None:
    """Refuse what is no list of whole numbers from 1 to `most`, one a level, by a ValueError."""
    if not isinstance(values, (list, tuple)) or not 1 <= len(values) <= MOST_LEVELS:
        raise ValueError(f"{name} must be a list of 1 to {MOST_LEVELS} numbers, one a level")
    for value in values:
        check(name, value, Bounds(1, most), whole=True)


def check_parts(name: str, values: Any, allowed: Any, count: int) -> None:
    """Refuse what is no list of `count` values that are each among those allowed, by a ValueError."""
    if not isinstance(values, (list, tuple)) or len(values) != count:
        raise ValueError(f"{name} must be a list of {count}, one a level")
    if not all(type(value) is type(allowed[0]) and value in allowed for value in values):
        raise ValueError(f"{name} may hold {', '.join(map(str, allowed))} alone")


def fill(network: Network, tensors: Mapping[str, torch.Tensor], source: str) -> Network:
    """Give a network its tensors, by its own names, and freeze it; it shares their memory.

    Raises
    ------
    WeightsError
        When they do not fit; see `check_fit`.
    """
    check_fit(shapes_of(network), tensors, source)
    network.load_state_dict(tensors, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def shapes_of(network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a network, by name."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def check_fit(
    expected: Mapping[str, tuple[int, ...]], tensors: Mapping[str, torch.Tensor], source: str
) -> None:
    """Refuse tensors that are not one to one what a network expects.

    Parameters
    ----------
    expected : the shape of every tensor the network has, by name.
    tensors : what the file holds, under the same names.
    source : the file, for the message.

    Raises
    ------
    WeightsError
        Naming every kind of misfit: missing, not expected, of another shape.
    """
    missing = [name for name in expected if name not in tensors]
    extra = [name for name in tensors if name not in expected]
    misshapen = [
        f"{name} (expected {shape}, got {_shape(tensors[name])})"
        for name, shape in expected.items()
        if name in tensors and _shape(tensors[name]) != shape
    ]
    problems = [
        f"{label}: {_shorten(names)}"
        for label, names in (("missing", missing), ("not expected", extra), ("of another shape", misshapen))
        if names
    ]
    if problems:
        raise WeightsError(f"{source} does not fit the network: " + "; ".join(problems))


def check_weights(network: Network, source: str) -> Network:
    """The network, unless it has weights that are not finite.

    Raises
    ------
    NotFiniteError
        In a sentence that names them, the file, and what to do.
    """
    wrong = [name for name, tensor in network.state_dict().items() if not is_finite(tensor)]
    if wrong:
        what = f"{source} holds what is no number, or too large for the precision, in {_shorten(wrong)}"
        raise NotFiniteError(f"{what}: get the file again ({AGAIN}), or try --precision fp32", what)
    return network


def check_finite(values: torch.Tensor, network: str) -> None:
    """Refuse what a network gave, unless all of it is finite. Clamped, it would look like a picture.

    Raises
    ------
    NotFiniteError
        In a sentence that names the network and what to do.
    """
    if not is_finite(values):
        what = f"{network} gave values that are no numbers, which make no picture"
        advice = f"its precision may be too low (--precision fp32), or its weights wrong ({AGAIN})"
        raise NotFiniteError(f"{what}: {advice}", what)


def _shape(tensor: Any) -> tuple[int, ...] | str:
    """The shape of a tensor; the type of anything else, as files may hold anything."""
    return tuple(tensor.shape) if hasattr(tensor, "shape") else type(tensor).__name__


def _shorten(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES_SHOWN])
    return shown if len(names) <= MOST_NAMES_SHOWN else f"{shown} and {len(names) - MOST_NAMES_SHOWN} more"
