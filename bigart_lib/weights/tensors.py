"""Files of tensors: how they are read safely, and written."""

from __future__ import annotations

import glob
import json
import math
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import PART, writing
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.text import first_line

if TYPE_CHECKING:
    import torch

ALIGNMENT = 64  # alignment of each tensor in memory, in elements
BYTES_OF_HALF = 2
STALE = 3600  # seconds without a change after which nobody writes to a file any more
# Classes that a checkpoint may name beside its tensors: Lightning's, in VQGAN's. None of their code runs.
INERT = ("pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",)
LONGEST_CONFIG = 1_000_000  # characters
TENSORS_A_PIECE = 64  # mapped at once: some 50 MB of the largest network


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message says which, why, and what to do."""


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
    return unwrap(_read_safetensors(path) if path.suffix == ".safetensors" else _read_checkpoint(path))


def unwrap(checkpoint: Any) -> Any:
    """What publishers put inside a checkpoint under `state_dict`, `params_ema` or `params`; else itself."""
    for name in ("state_dict", "params_ema", "params"):
        if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get(name), Mapping):
            return checkpoint[name]
    return checkpoint


def read_onto(path: Path, device: torch.device | str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Every tensor of a safetensors file, by name, on a device in a precision.

    The file is mapped piece by piece: beside the result, no more than a piece of it is in memory. Weights of
    convolutions become `channels_last`, their fastest layout, on the way: later would be a second copy.
    """
    import torch
    from safetensors import safe_open

    with safe_open(path, "pt") as opened:
        shapes = {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118
    sizes = [-(-math.prod(shape) // ALIGNMENT) * ALIGNMENT for shape in shapes.values()]
    # One block, which goes back to the system as a whole; a heap of a thousand pieces would not.
    places = torch.empty(sum(sizes), device=device, dtype=dtype).split(sizes)
    tensors = {}
    for start in range(0, len(shapes), TENSORS_A_PIECE):
        with safe_open(path, "pt") as opened:  # anew, so that the piece before is no longer mapped
            for index, name in enumerate([*shapes][start : start + TENSORS_A_PIECE], start):
                tensors[name] = _view(places[index], shapes[name]).copy_(opened.get_tensor(name))
    return tensors


def _view(place: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """A tensor of this shape at the start of a place, `channels_last` if it has four dimensions."""
    place = place[: math.prod(shape)]
    if len(shape) != 4:
        return place.view(shape)
    rows, columns, height, width = shape
    return place.view(rows, height, width, columns).permute(0, 3, 1, 2)


def read_config(path: Path) -> dict | None:
    """The config of a network that `write_network` wrote; None for files of another kind."""
    if Path(path).suffix != ".safetensors" or not Path(path).is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as opened:
            text = (opened.metadata() or {}).get("config", "")
        config = json.loads(text) if len(text) <= LONGEST_CONFIG else None
    except (SafetensorError, ValueError, RecursionError):
        return None  # reading its tensors will say what is wrong
    return config if isinstance(config, dict) else None


def read_shapes(path: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a safetensors file, by name, without its numbers: on the device "meta".

    Raises
    ------
    WeightsError
        When the file is damaged.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as opened:
            names = opened.keys()
            return {name: torch.empty(opened.get_slice(name).get_shape(), device="meta") for name in names}
    except (OSError, RuntimeError, SafetensorError) as error:
        raise _not_whole(path, error) from error


def write_network(
    path: Path, tensors: Mapping[str, torch.Tensor], config: Mapping, report: Report = no_report
) -> None:
    """Write a network as fp16 safetensors that carry its config: whole or not at all.

    Tensor by tensor, so that a network mapped from a file is never in memory as a whole; the safetensors
    library would want all of it at once. The format: https://github.com/huggingface/safetensors#format

    Parameters
    ----------
    path : replaced once the new file is complete; until then that lies beside it.
    tensors, config : what `read_onto` and `read_config` will give back, the tensors rounded to fp16.
    report : told the bytes written after every tensor; raising from it leaves no file.

    Raises
    ------
    WeightsError
        When a tensor holds something that is no number, or too large for fp16.
    """
    header: dict[str, Any] = {"__metadata__": {"config": json.dumps(dict(config))}}
    total = 0
    for name, tensor in tensors.items():
        end = total + BYTES_OF_HALF * tensor.numel()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [total, end]}
        total = end
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the tensors are aligned
    _remove_stale_parts(path)
    with writing(path, replace=True) as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        written = 0
        for name, tensor in tensors.items():
            file.write(_halve(tensor, name).numpy())
            written += BYTES_OF_HALF * tensor.numel()
            report(Progress("convert", written, total))


def is_finite(values: torch.Tensor) -> bool:
    """Whether all values are numbers, and none is infinite, as whole ones never are; takes no memory."""
    import torch

    if not values.numel() or values.is_meta or not values.is_floating_point():
        return True
    low, high = torch.stack(values.detach().aminmax()).cpu().tolist()  # at once: each waits for a card
    return low > -math.inf and high < math.inf  # neither holds for what is no number


def _remove_stale_parts(path: Path) -> None:
    """Remove what processes that were killed while they wrote this file left."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


def _halve(tensor: torch.Tensor, name: str) -> torch.Tensor:
    import torch

    half = tensor.detach().to("cpu", torch.float16).contiguous()
    if not is_finite(half):
        low, high = (bound.item() for bound in half.aminmax())
        largest = torch.finfo(half.dtype).max
        raise WeightsError(f"{name}: expected numbers within {largest:g} of 0, got {low:g} to {high:g}")
    return half


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path} is not a whole safetensors file ({error}); get it again")


def _read_checkpoint(path: Path) -> dict:
    import torch

    try:
        zipped = zipfile.is_zipfile(path)  # files of PyTorch before 1.6 are not, and cannot be mapped
        with torch.serialization.safe_globals([(_Inert, name) for name in INERT]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as error:  # whatever a damaged or hostile file makes the reader raise
        raise WeightsError(
            f"{path} ({path.stat().st_size} bytes) cannot be read safely: it may be cut short, a web page "
            "saved in place of the file, or hold code, which is never run; get it again "
            f"({first_line(error)})"
        ) from error
    if not isinstance(checkpoint, dict):
        raise WeightsError(f"{path}: expected named tensors, got {type(checkpoint).__name__}")
    return checkpoint


class _Inert:
    """Stands in for a class of others: takes whatever it is given, keeps nothing, does nothing."""

    __slots__ = ()

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass
