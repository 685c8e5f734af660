"""VQGAN (Esser et al. 2021) as a diffusers `VQModel`: published weights into it, pictures through it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from bigart_lib import weights
from bigart_lib.finish import strips
from bigart_lib.finish.ends import PictureRows, Result
from bigart_lib.finish.links import Attention, Convolution, Link, Shape, Strip, repeating
from bigart_lib.finish.planner import Planner
from bigart_lib.finish.sizes import checked
from bigart_lib.progress import Progress, Report, no_report

if TYPE_CHECKING:
    from diffusers import VQModel

TRAINING_ONLY = "loss."  # how the names begin of tensors that only training needs
DISTANCES_AT_ONCE = 2**21  # entries of the matrix of distances to the codes: 8 MiB, 16 rows of 131,072 codes
CODES_IN_GROUP = 64  # at most

PUBLISHED = {  # the arguments of `VQModel` for the network trained on ImageNet: f16, 16384 codes
    "down_block_types": ["DownEncoderBlock2D"] * 4 + ["AttnDownEncoderBlock2D"],
    "up_block_types": ["AttnUpDecoderBlock2D"] + ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 128, 256, 256, 512],
    "layers_per_block": 2,
    "latent_channels": 256,
    "num_vq_embeddings": 16384,
    "vq_embed_dim": 256,
    "norm_num_groups": 32,
}

# diffusers' names to published ones
_RENAMES = (
    (r"\bmid_block\.resnets\.(\d+)", lambda found: f"mid.block_{int(found[1]) + 1}"),
    (r"\bmid_block\.attentions\.0\b", "mid.attn_1"),
    (r"\bdown_blocks\b", "down"),
    (r"\bresnets\b", "block"),
    (r"\battentions\b", "attn"),
    (r"\b(down|up)samplers\.0\b", r"\1sample"),
    (r"\bconv_shortcut\b", "nin_shortcut"),
    (r"\bconv_norm_out\b", "norm_out"),
    (r"\bgroup_norm\b", "norm"),
    (r"\bto_out\.0\b", "proj_out"),
    (r"\bto_([qkv])\b", r"\1"),
)


def load(path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> VQModel:
    """Load a network, frozen and in evaluation mode.

    Parameters
    ----------
    path : a `.safetensors` file that `save` wrote, or a checkpoint of the size and in the layout published.
    device, dtype : where and in which precision it will run.

    Raises
    ------
    WeightsError
        When the file is neither, or its tensors do not fit.
    """
    return weights.load_network("VQGAN", path, device, dtype, build, convert)


def build(config: Mapping) -> VQModel:
    """A network with the arguments of `VQModel`; raises as `sizes.checked`."""
    with weights.importing_diffusers:  # takes seconds, which a studio has before it enhances
        from diffusers import VQModel

    network = VQModel(**checked(config))
    for module in network.modules():
        if isinstance(module, nn.SiLU):  # each follows a normalisation, whose result nobody else reads
            module.inplace = True
    return network


def load_config(path: Path) -> Mapping:
    """The sizes of a network in a file; the published ones where the file does not carry them.

    Raises
    ------
    WeightsError
        When no network has such sizes.
    """
    return weights.from_config("VQGAN", checked, weights.read_config(path) or PUBLISHED, str(path))


def save(network: VQModel, path: Path, report: Report = no_report) -> None:
    """Write a network as fp16 safetensors with its config, for `load`."""
    config = {name: value for name, value in network.config.items() if not name.startswith("_")}
    weights.write_network(path, network.state_dict(), config, report)


def convert(published: Mapping, source: str, config: Mapping = PUBLISHED) -> VQModel:
    """Make a network of a published VQGAN's tensors, which keep their dtype and device.

    Parameters
    ----------
    published : tensors by the names of CompVis/taming-transformers, or a checkpoint that holds them under
        "state_dict"; those of the training loss (`loss.*`) are ignored. The network shares their memory.
    source : the file they came from, for messages.
    config : the sizes that the network must have, as arguments of `VQModel`.

    Returns
    -------
    Frozen and in evaluation mode.

    Raises
    ------
    WeightsError
        If the tensors are not one to one those of such a network, naming the misfits by their published
        names.
    """
    tensors = weights.unwrap(published)
    _check_tensors(tensors, source)
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(TRAINING_ONLY)}
    network = weights.build_empty("VQGAN", build, config, source)
    return layout(config).fill(network, tensors, source)


def layout(config: Mapping) -> weights.Layout:
    """How CompVis/taming-transformers publishes the tensors of a network."""
    coarsest = len(config["block_out_channels"]) - 1
    # Published levels count from the finest, diffusers' up blocks from the coarsest.
    up_blocks = r"\bup_blocks\.(\d+)", lambda found: f"up.{coarsest - int(found[1])}"
    return weights.Layout((up_blocks, *_RENAMES), r"\.attn.*\.(q|k|v|proj_out)\.weight$", kernel=(1, 1))


def reconstruct(
    network: VQModel,
    picture: torch.Tensor,
    memory_budget: float = math.inf,
    report: Report = no_report,
    repeats: bool = False,
) -> torch.Tensor:
    """Paint a picture anew out of the codes that VQGAN learned, with the numbers of one piece.

    Parameters
    ----------
    network : on the device and with the dtype to compute with.
    picture : 1 x 3 x height x width, floating point, in [0, 1], of any size from one pixel up.
    memory_budget : bytes of working memory beside the picture, the result and the weights. Where it does not
        hold the largest features, they are computed several times.
    report : told of stage "enhance" after each strip; may raise.
    repeats : whether the picture goes on beyond each edge with what lies at the opposite one; its sides must
        then be multiples of `downsampling`.

    Returns
    -------
    Of the shape, dtype and device of `picture`, in [0, 1].

    Raises
    ------
    ValueError
        If `picture` has another shape or dtype, or values outside of [0, 1], or repeats at another size.
    BudgetError
        If the budget does not hold even the smallest strips.
    """
    _check_picture(picture)
    height, width = picture.shape[-2:]
    links, weight, begins = chain(network), network.quantize.embedding.weight, None
    if repeats:
        _check_repeating(width, height, downsampling(network))
        links, begins = repeating(links)
    plans = planner(network, width, height, weight.dtype, repeats)
    plan = plans.plan(memory_budget, strips.fastest_strip(weight.device))
    source = PictureRows(picture, downsampling(network), weight)
    # made outside of inference mode, so that the caller gets an ordinary tensor
    result = Result(picture, begins)
    with torch.inference_mode():
        strips.run(
            links, plans, plan, source, result, lambda done, total: report(Progress("enhance", done, total))
        )
    return result.picture


def planner(network: VQModel, width: int, height: int, dtype: torch.dtype, repeats: bool = False) -> Planner:
    """Plans how a picture of this size, in px, goes through; the network may be without memory."""
    sides = (side + -side % downsampling(network) for side in (height, width))
    return Planner(chain(network), Shape(network.config.in_channels, *sides), dtype, repeats)


def downsampling(network: VQModel) -> int:
    """How many pixels of the picture one code is wide and high."""
    return 2 ** (len(network.config.block_out_channels) - 1)


def chain(network: VQModel) -> list[Link]:
    """The links from a picture in [-1, 1] to the one painted anew."""
    return [*_encoder(network), _Quantiser(network), *_decoder(network)]


def encode(network: VQModel, signed: torch.Tensor) -> torch.Tensor:
    """Turn pictures in [-1, 1], their sizes multiples of `downsampling`, into latents: N x C x h x w."""
    return strips.run_whole(_encoder(network), signed)


def quantise(network: VQModel, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Replace each latent by the nearest code, found in float32 whatever the dtype.

    Returns
    -------
    The codes, shaped like `latents`, and their indices, N x h x w.
    """
    weights.check_finite(latents, "VQGAN's encoder")  # what is no number has a nearest code too
    codes = network.quantize.embedding.weight
    vectors = latents.permute(0, 2, 3, 1).flatten(0, 2)
    # Written into one tensor: small results between the large ones would fragment the memory.
    indices = torch.empty(len(vectors), dtype=torch.int64, device=vectors.device)
    at_once = max(1, DISTANCES_AT_ONCE // len(codes))
    with torch.no_grad(), torch.autocast(vectors.device.type, enabled=False):
        wide = codes.float()
        squares = wide.square().sum(1)
        for some, found in zip(vectors.split(at_once), indices.split(at_once), strict=True):
            # |latent - code|^2 without |latent|^2, which is the same for all codes
            found.copy_(_first_least(torch.addmm(squares, some.float(), wide.T, alpha=-2)))
    indices = indices.view(len(latents), *latents.shape[2:])
    return functional.embedding(indices, codes).permute(0, 3, 1, 2).contiguous(), indices


def _first_least(rows: torch.Tensor) -> torch.Tensor:
    """`rows.argmin(1)`, in a third of the time on a CPU: in which group the least is, then where in that."""
    groups = rows.view(len(rows), -1, math.gcd(rows.shape[1], CODES_IN_GROUP))
    group = groups.amin(2).argmin(1)
    within = groups[torch.arange(len(rows), device=rows.device), group].argmin(1)
    return group * groups.shape[2] + within


def decode(network: VQModel, quantised: torch.Tensor) -> torch.Tensor:
    """Turn codes, N x C x h x w, into pictures, about in [-1, 1]."""
    return strips.run_whole(_decoder(network), quantised)


def _encoder(network: VQModel) -> list[Link]:
    encoder = network.encoder
    return [*_half(encoder, [*encoder.down_blocks, encoder.mid_block]), Convolution(network.quant_conv)]


def _decoder(network: VQModel) -> list[Link]:
    decoder = network.decoder
    return [Convolution(network.post_quant_conv), *_half(decoder, [decoder.mid_block, *decoder.up_blocks])]


def _half(half: nn.Module, blocks: Iterable[nn.Module]) -> Iterator[Link]:
    """The links of an encoder or a decoder."""
    yield Convolution(half.conv_in)
    for block in blocks:
        attentions = [*(getattr(block, "attentions", None) or ())]
        for position, resnet in enumerate(block.resnets):
            yield Convolution(resnet.conv1, resnet.norm1, resnet.nonlinearity, keeps=True)
            shortcut = resnet.conv_shortcut
            yield Convolution(resnet.conv2, resnet.norm2, resnet.nonlinearity, adds=True, shortcut=shortcut)
            if position < len(attentions) and attentions[position] is not None:
                yield Attention(attentions[position])
        for resample in getattr(block, "downsamplers", None) or ():
            yield Convolution(resample.conv)
        for resample in getattr(block, "upsamplers", None) or ():
            yield Convolution(resample.conv, enlarges=True)
    yield Convolution(half.conv_out, half.conv_norm_out, half.conv_act)


@dataclass(frozen=True)
class _Quantiser(Link):
    """Latents to codes."""

    network: VQModel

    def operations(self, before: Shape) -> int:
        """Of the products of all latents with all codes."""
        return 2 * self.network.quantize.embedding.weight.numel() * before.height * before.width

    def scratch(self, before: Shape, itemsize: int) -> int:
        """The distances, with what is gathered of them, and the codes in float32 and their squares."""
        codes = self.network.quantize.embedding.weight
        distances = min(DISTANCES_AT_ONCE, len(codes) * before.height * before.width)
        return 4 * (3 * distances + codes.numel() + len(codes))

    def run(self, strips: Iterable[Strip], *_: object) -> Iterator[Strip]:
        """Each place for itself."""
        for strip in strips:
            codes, _ = quantise(self.network, strip.main)
            yield Strip(codes.contiguous(memory_format=torch.channels_last), (), strip.is_last)


def _check_tensors(tensors: Mapping, source: str) -> None:
    if not isinstance(tensors, Mapping):
        raise weights.WeightsError(f"{source}: expected tensors by name, got {type(tensors).__name__}")
    for name, tensor in tensors.items():
        if not (isinstance(name, str) and isinstance(tensor, torch.Tensor)):
            raise weights.WeightsError(
                f"{source}: expected {name} to be a tensor, got {type(tensor).__name__}"
            )
        if not (tensor.is_floating_point() or name.startswith(TRAINING_ONLY)):
            raise weights.WeightsError(f"{source}: expected {name} in floating point, got {tensor.dtype}")


def _check_repeating(width: int, height: int, multiple: int) -> None:
    if width % multiple or height % multiple:
        raise ValueError(
            f"expected a repeating picture with sides that divide by {multiple} px for VQGAN, "
            f"got {width}x{height}: choose such a size, or do without --enhance"
        )


def _check_picture(picture: torch.Tensor) -> None:
    shape = tuple(picture.shape)
    if len(shape) != 4 or shape[:2] != (1, 3) or 0 in shape or not picture.is_floating_point():
        raise ValueError(f"expected floating point of 1 x 3 x height x width, got {picture.dtype} {shape}")
    low, high = (bound.item() for bound in picture.aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"expected a picture with values in [0, 1], got {low:g} to {high:g}: scale it first")
