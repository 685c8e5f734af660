"""Files of weights: where they are, how they are read safely, and whether they fit a network.

Knows files and tensors, not what the networks do with them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

MOST_NAMES_SHOWN = 5


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message says which, why, and what to do."""


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
        f"{name} (expected {tuple(shape)}, got {tuple(tensors[name].shape)})"
        for name, shape in expected.items()
        if name in tensors and tuple(tensors[name].shape) != tuple(shape)
    ]
    problems = [
        f"{label}: {_shorten(names)}"
        for label, names in (("missing", missing), ("not expected", extra), ("of another shape", misshapen))
        if names
    ]
    if problems:
        raise WeightsError(f"{source} does not fit the network: " + "; ".join(problems))


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a file, by name, on the CPU; no code that a file holds is ever run.

    Parameters
    ----------
    path : `.safetensors`, or a checkpoint of `torch.save`, unwrapped.

    Raises
    ------
    WeightsError
        When the file is absent, damaged, or asks for code to be run.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: expected a file of weights, found none")
    tensors = _read_safetensors(path) if path.suffix == ".safetensors" else _read_checkpoint(path)
    return unwrap(tensors)


def unwrap(checkpoint: Any) -> Any:
    """What publishers put inside a checkpoint under `state_dict`, `params_ema` or `params`; else itself."""
    for name in ("state_dict", "params_ema", "params"):
        if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get(name), Mapping):
            return checkpoint[name]
    return checkpoint


def read_config(path: Path) -> dict | None:
    """The config of a network that `write_network` wrote; None for files of another kind."""
    if Path(path).suffix != ".safetensors" or not Path(path).is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as opened:
            config = (opened.metadata() or {}).get("config")
    except SafetensorError:
        return None  # reading its tensors will say what is wrong
    return json.loads(config) if config else None


def write_network(path: Path, tensors: Mapping[str, torch.Tensor], config: dict) -> None:
    """Write a network as fp16 safetensors that carry its config."""
    from safetensors.torch import save_file

    halves = {name: tensor.detach().half().contiguous() for name, tensor in tensors.items()}
    save_file(halves, path, metadata={"config": json.dumps(config)})


def cast(
    tensors: Mapping[str, torch.Tensor], device: torch.device | str, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """The floating-point tensors on a device in a precision; others are left as they are."""
    return {
        name: tensor.to(device, dtype) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path} is not a whole safetensors file ({error}); get it again") from error


def _read_checkpoint(path: Path) -> dict:
    import torch

    try:
        zipped = zipfile.is_zipfile(path)  # files of PyTorch before 1.6 are not, and cannot be mapped
        # Lightning pickles a class of its own beside VQGAN's tensors; this empty one stands in for it.
        stub = (_InertCallback, "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint")
        with torch.serialization.safe_globals([stub]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as error:  # whatever a damaged or hostile file makes the reader raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"{path} ({path.stat().st_size} bytes) cannot be read safely: it may be cut short, a web page "
            f"saved in place of the file, or hold code, which is never run; get it again ({reason})"
        ) from error
    if not isinstance(checkpoint, dict):
        raise WeightsError(f"{path}: expected named tensors, got {type(checkpoint).__name__}")
    return checkpoint


class _InertCallback:
    """Holds nothing and does nothing."""


def _shorten(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES_SHOWN])
    return shown if len(names) <= MOST_NAMES_SHOWN else f"{shown} and {len(names) - MOST_NAMES_SHOWN} more"
