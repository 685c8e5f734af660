"""Files of weights of an RRDBNet: as BSRGAN and Real-ESRGAN publish them, and our own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from bigart_lib import weights
from bigart_lib.enlarge.ncnn import read_ncnn
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig
from bigart_lib.progress import Report, no_report

PUBLISHED = (RRDBNetConfig(), RRDBNetConfig(scale=2))  # BSRGAN, BSRNet and Real-ESRGAN x4plus; BSRGANx2
PACKED = RRDBNetConfig(in_channels=12)  # Real-ESRGAN x2plus, which sees 2x2 pixels as one of 12 channels
NCNN = (".param", ".bin")  # a pair of files
FIRST_CONVOLUTION = "trunk.blocks.0.dense.0.convs.0"


def _layout(block: str, dense: str, body: str, up: str, before_last: str) -> weights.Layout:
    """A layout by what it calls the parts; publishers count all but blocks from 1."""
    return weights.Layout(
        (
            (
                r"^trunk\.blocks\.(\d+)\.dense\.(\d)\.convs\.(\d)",
                lambda found: f"{block}.{found[1]}.{dense}{int(found[2]) + 1}.conv{int(found[3]) + 1}",
            ),
            (r"^trunk\.conv_body", body),
            (r"^tail\.enlargements\.(\d)", lambda found: f"{up}{int(found[1]) + 1}"),
            (r"^tail\.conv_before_last", before_last),
            (r"^(trunk|tail)\.", ""),
        )
    )


LAYOUTS = {
    "bsrgan": _layout("RRDB_trunk", "RDB", "trunk_conv", "upconv", "HRconv"),
    "realesrgan": _layout("body", "rdb", "conv_body", "conv_up", "conv_hr"),
    "own": weights.Layout(()),
}


def _first_layout(blocks: int, enlargements: int) -> weights.Layout:
    """That of ESRGAN's first release, which counts layers, those without weights too."""
    tail = 3 * enlargements + 2  # the first layer after the enlargements
    return weights.Layout(
        (
            (r"^trunk\.conv_first", "model.0"),
            (
                r"^trunk\.blocks\.(\d+)\.dense\.(\d)\.convs\.(\d)",
                lambda found: f"model.1.sub.{found[1]}.RDB{int(found[2]) + 1}.conv{int(found[3]) + 1}.0",
            ),
            (r"^trunk\.conv_body", f"model.1.sub.{blocks}"),
            (r"^tail\.enlargements\.(\d)", lambda found: f"model.{3 * int(found[1]) + 3}"),
            (r"^tail\.conv_before_last", f"model.{tail}"),
            (r"^tail\.conv_last", f"model.{tail + 2}"),
        )
    )


def from_state_dict(tensors: Mapping[str, Tensor], source: str) -> RRDBNet:
    """A network with these weights: frozen, in evaluation mode, float32, on the device of the weights.

    Parameters
    ----------
    tensors : every tensor by its name in the layout of BSRGAN, of Real-ESRGAN, of ESRGAN's first release, or
        our own; may be wrapped in "params_ema" or "params". The network's size is read off the tensors,
        which are copied.
    source : where they came from, for messages.

    Raises
    ------
    WeightsError
        If they are not one to one the weights of an RRDBNet.
    """
    tensors = weights.unwrap(tensors)
    layout, config = _read_config(tensors, source)
    network = weights.build_empty("RRDBNet", RRDBNet, config, source)
    # Copied, so that a memory-mapped file can be closed, replaced or deleted.
    values = {
        own: tensor.detach().to(torch.float32, copy=True)
        for own, tensor in layout.unpack(tensors, network, source).items()
    }
    return weights.fill(network, values, source).to(memory_format=torch.channels_last)


def _blocks(tensors: Mapping[str, Tensor], layout: weights.Layout) -> set[str]:
    """The numbers of the blocks that tensors of this layout belong to, as text."""
    before, _, _ = layout.name(FIRST_CONVOLUTION).partition("0")
    parts = [name.removeprefix(before).split(".") for name in tensors if name.startswith(before)]
    return {number for number, *rest in parts if len(rest) > 1}  # else it is a layer, not a block


def _find_layout(tensors: Mapping[str, Tensor], source: str) -> weights.Layout:
    for layout in LAYOUTS.values():
        if _blocks(tensors, layout):
            return layout
    if blocks := _blocks(tensors, _first_layout(0, 0)):
        return _first_layout(len(blocks), 2 if "model.10.weight" in tensors else 1)
    found = ", ".join(list(map(str, tensors))[:3]) or "nothing"
    raise weights.WeightsError(
        f"{source} is no RRDBNet: expected tensors named RRDB_trunk.* (BSRGAN) or body.* (Real-ESRGAN), "
        f"got {found}; choose a file of BSRGAN, BSRGANx2, BSRNet, ESRGAN or Real-ESRGAN"
    )


def _read_config(tensors: Mapping[str, Tensor], source: str) -> tuple[weights.Layout, RRDBNetConfig]:
    """The layout of tensors, and the size that their shapes have; raises as `from_state_dict`."""
    if not isinstance(tensors, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in tensors.items()
    ):
        raise weights.WeightsError(
            f"{source} should hold named tensors and nothing else; "
            "choose a file of inference weights, not a training checkpoint or a whole pickled model"
        )
    layout = _find_layout(tensors, source)

    def size(own: str, axis: int, otherwise: int) -> int:
        tensor = tensors.get(layout.name(own))
        return otherwise if tensor is None or tensor.ndim <= axis else tensor.shape[axis]

    scale = 4 if layout.name("tail.enlargements.1.weight") in tensors else 2
    is_packed = scale == 4 and size("trunk.conv_first.weight", 1, 0) == PACKED.in_channels
    try:
        # Where a tensor is missing, the default, and `check_fit` will name it.
        config = RRDBNetConfig(
            num_features=size("trunk.conv_first.bias", 0, RRDBNetConfig.num_features),
            # Counted, not the highest number plus one: a made-up name must not build a billion blocks.
            num_blocks=len(_blocks(tensors, layout)),
            growth=size(f"{FIRST_CONVOLUTION}.bias", 0, RRDBNetConfig.growth),
            scale=scale,
            in_channels=(PACKED if is_packed else RRDBNetConfig).in_channels,
        )
    except ValueError as error:
        raise weights.WeightsError(f"{source} holds no RRDBNet that we can build: {error}") from error
    return layout, config


def save(network: RRDBNet, path: Path, report: Report = no_report) -> None:
    """Write a network as fp16 safetensors with its config, for `load`."""
    weights.write_network(path, network.state_dict(), asdict(network.config), report)


def convert(published: Mapping[str, Tensor], source: str, configs: Collection[RRDBNetConfig]) -> RRDBNet:
    """Like `from_state_dict`, for a network that must have one of these sizes."""
    network = from_state_dict(published, source)
    if network.config not in configs:
        expected = " or ".join(map(str, configs))
        raise weights.WeightsError(
            f"{source} holds another RRDBNet: expected {expected}, got {network.config}"
        )
    return network


def load(
    path_or_name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> RRDBNet:
    """Load a network, frozen and in evaluation mode.

    Parameters
    ----------
    path_or_name : a name in `PACKAGED`, such as "realesrgan-x4plus", or a file: .pth or .pt (read as data,
        never as code), .safetensors, or one of an ncnn pair .param and .bin that lie side by side.
    device, dtype : where and in which precision it will run.

    Raises
    ------
    WeightsError
        If there is no such file or package, or it cannot be read, or it is no RRDBNet.
    """
    name = str(path_or_name)
    path = weights.packaged(name) if name in weights.PACKAGED else Path(path_or_name)
    network = from_state_dict(_read_file(path), str(path)).to(device=device, dtype=dtype)
    return weights.check_weights(network, str(path))


def load_config(path_or_name: str | Path) -> RRDBNetConfig | None:
    """The sizes of a network that `load` would load, where its tensors need not be read for them; else None.

    Raises
    ------
    WeightsError
        When the file holds no RRDBNet.
    """
    if str(path_or_name) in weights.PACKAGED:
        return RRDBNetConfig()  # Real-ESRGAN x4plus
    path = Path(path_or_name)
    if path.suffix != ".safetensors" or not path.is_file():
        return None
    return _read_config(weights.read_shapes(path), str(path))[1]


def _read_file(path: Path) -> Mapping[str, Tensor]:
    pair = [path.with_suffix(suffix) for suffix in NCNN]
    for file in pair if path.suffix in NCNN else [path]:
        if not file.is_file():
            known = ", ".join(weights.PACKAGED)
            raise weights.WeightsError(
                f"no file {file}; expected a file of weights, or one of the names {known}"
            )
    if path.suffix in NCNN:
        return read_ncnn(*(file.read_bytes() for file in pair), str(path))
    return weights.read_tensors(path)
