"""Enlarging networks of all kinds that spandrel knows, from files that are read as data alone.

The file is read here, never by spandrel, which would unpickle it; spandrel is given named tensors and builds
the network that they fit. https://github.com/chaiNNer-org/spandrel
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bigart_lib import weights
from bigart_lib.enlarge import published
from bigart_lib.enlarge.live_memory import LiveMemory
from bigart_lib.enlarge.overlapping import Facts, Work
from bigart_lib.enlarge.rrdbnet import RRDBNet
from bigart_lib.text import first_line
from bigart_lib.weights.tensors import is_finite

SCALES = (2, 3, 4, 8)  # times longer sides
CHANNELS = ((3, 3), (1, 1), (4, 4), (4, 3))  # that a network takes and gives
PROBE = 64  # px a side of the tile that a network is measured with
MEMORY_FACTOR = 1.5  # for what operations take for themselves while they run
NEEDED = ("spandrel", "torchvision")
OTHERS = "pip install 'bigart[enlargers]' for files of other kinds than RRDBNet"
USES = {"FaceSR": "restores faces", "Inpainting": "fills holes", "Restoration": "restores pictures"}


def load(path_or_name: str | Path, device: torch.device | str, dtype: torch.dtype) -> nn.Module:
    """The network in a file: our own RRDBNet where it is one that `published` reads, else spandrel's.

    Parameters
    ----------
    path_or_name : as for `published.load`.
    device, dtype : where and in which precision it runs; float32 where spandrel says it must.

    Raises
    ------
    WeightsError
        When the file is no network that enlarges, is damaged, asks for code to be run, or needs spandrel
        and that is not here.
    """
    path = Path(path_or_name)
    if str(path_or_name) in weights.PACKAGED or path.suffix in published.NCNN:
        return published.load(path_or_name, device, dtype)
    tensors = weights.read_tensors(path)
    try:
        network = published.from_state_dict(tensors, str(path)).to(device=device, dtype=dtype)
    except weights.WeightsError as error:
        network = _by_spandrel(tensors, path, error, device, dtype)
    return weights.check_weights(network, str(path))


def config(path_or_name: str | Path, network: Callable[[], nn.Module]) -> Any:
    """The config of an RRDBNet, or the facts of another network; it is loaded where need be."""
    try:
        found = published.load_config(path_or_name)
    except weights.WeightsError:  # it is none; `load` says what it is, or why it cannot be read
        found = None
    if found is not None:
        return found
    loaded = weights.as_lent(network).run(lambda one: one)
    return loaded.config if isinstance(loaded, RRDBNet) else loaded.facts


class SpandrelNetwork(nn.Module):
    """A network of spandrel's as `overlapping.TileNetwork`.

    Parameters
    ----------
    descriptor : a `spandrel.ImageModelDescriptor`: the network, and what is known of it.
    source : the file, for people.
    """

    def __init__(self, descriptor: Any, source: str) -> None:
        super().__init__()
        self.network, self._descriptor = descriptor.model.eval().requires_grad_(False), descriptor
        name = f"{source} ({descriptor.architecture.name})"
        self.facts = Facts(name, descriptor.scale, descriptor.size_requirements.multiple_of)
        # Before spandrel clamps it, which makes a picture of what is infinite.
        self.network.register_forward_hook(self._check)

    @property
    def dtype(self) -> torch.dtype:
        """The precision that it runs in."""
        return self._descriptor.dtype

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self._descriptor.device

    def to(
        self, *place: Any, memory_format: torch.memory_format | None = None, **more: Any
    ) -> SpandrelNetwork:
        """As of any module; but the layout in memory stays, as many of these networks count on it."""
        return super().to(*place, **more)

    def forward(self, tile: Tensor) -> Tensor:
        """Float32 (1, 3, height, width) in [0, 1], of any size, to the same with longer sides.

        Networks that see one channel enlarge each colour alone; transparency that they want is full.
        """
        # Some draw noise of their own: the same for every tile, and whoever draws elsewhere is not disturbed.
        devices = [self._descriptor.device] if self._descriptor.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(0)
            seen = tile.to(self._descriptor.device, self.dtype)
            channels = self._descriptor.input_channels
            if channels == 1:
                return torch.cat([self._descriptor(one) for one in seen.split(1, dim=1)], 1)
            if channels == 4:
                seen = torch.cat([seen, torch.ones_like(seen[:, :1])], 1)
            return self._descriptor(seen)[:, :3]

    def measure(self) -> Work:
        """Operations by torch's counter, and the memory of what lives at the same time."""
        from torch.utils.flop_counter import FlopCounterMode

        asked = self._descriptor.size_requirements
        side = max(asked.minimum, math.ceil(PROBE / asked.multiple_of) * asked.multiple_of)
        with LiveMemory() as live, FlopCounterMode(display=False) as counted:
            self(torch.full((1, 3, side, side), 0.5))
        return Work(counted.get_total_flops() / side**2, MEMORY_FACTOR * live.most / side**2)

    def _check(self, network: nn.Module, given: Any, made: Any) -> None:
        if isinstance(made, Tensor) and not is_finite(made):
            what = f"{self.facts.name} gave values that are no numbers and make no picture"
            raise weights.NotFiniteError(f"{what}: get the file again", what)


def _by_spandrel(
    tensors: Mapping[str, Tensor],
    path: Path,
    no_rrdbnet: weights.WeightsError,
    device: torch.device | str,
    dtype: torch.dtype,
) -> SpandrelNetwork:
    """The network of tensors that are none of our RRDBNet's; raises as `load`."""
    if not all(importlib.util.find_spec(name) for name in NEEDED):
        raise weights.WeightsError(f"{no_rrdbnet}; or {OTHERS}") from no_rrdbnet
    try:
        import spandrel
    except Exception as error:  # a torchvision for another torch raises what it will
        raise weights.WeightsError(
            f"{no_rrdbnet}; spandrel, which may know it, cannot be imported ({first_line(error)}): "
            f"install the torchvision that was made for torch {torch.__version__}"
        ) from error
    tensors = spandrel.canonicalize_state_dict(dict(tensors))
    _check_sizes(tensors, path)
    try:
        with warnings.catch_warnings():  # of torch's, of how some of the networks are written
            warnings.simplefilter("ignore")
            descriptor = spandrel.MAIN_REGISTRY.load(tensors)
    except spandrel.UnsupportedModelError:
        raise no_rrdbnet from None
    except Exception as error:  # whatever tensors that fit no network make one of forty raise
        raise weights.WeightsError(
            f"{path} holds no whole network that spandrel can build: {first_line(error)}"
        ) from error
    _check_kind(descriptor, path)
    allowed = {torch.float16: descriptor.supports_half, torch.bfloat16: descriptor.supports_bfloat16}
    descriptor.to(torch.device(device), dtype if allowed.get(dtype, True) else torch.float32)
    return SpandrelNetwork(descriptor, path.name)


def _check_sizes(tensors: Mapping[str, Any], path: Path) -> None:
    """Refuse what would ask for more memory than the file has numbers."""
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise weights.WeightsError(
                f"{path} should hold named tensors and nothing else, and {name} is {type(tensor).__name__}: "
                "choose a file of inference weights"
            )
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise weights.WeightsError(f"{path} is damaged: {name} is larger than what is stored of it")


def _check_kind(descriptor: Any, path: Path) -> None:
    """Refuse networks that do something else than to enlarge colour pictures."""
    what = f"{path} holds {descriptor.architecture.name}"
    if descriptor.purpose != "SR":
        raise weights.WeightsError(
            f"{what}, which {USES.get(descriptor.purpose, 'does something else')}: choose one that enlarges"
        )
    if descriptor.scale not in SCALES:
        raise weights.WeightsError(
            f"{what}, which makes sides {descriptor.scale} times as long: choose one that makes them "
            f"{', '.join(map(str, SCALES[:-1]))} or {SCALES[-1]} times as long"
        )
    channels = descriptor.input_channels, descriptor.output_channels
    if channels not in CHANNELS:
        raise weights.WeightsError(
            f"{what}, which makes {channels[1]} channels of {channels[0]}: choose one for colour pictures"
        )
