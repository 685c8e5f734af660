"""VQGAN (Esser et al. 2021) as a diffusers `VQModel`: published weights into it, pictures through it.

It runs with as few copies of the picture's features as exactness allows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from diffusers import VQModel
from torch import nn
from torch.nn import functional

from bigart_lib import weights
from bigart_lib.progress import Report, no_report

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
    """A network with the arguments of `VQModel`; entries that begin with an underscore are ignored."""
    network = VQModel(**{name: value for name, value in config.items() if not name.startswith("_")})
    for module in network.modules():
        if isinstance(module, nn.SiLU):  # each follows a normalisation, whose result nobody else reads
            module.inplace = True
    return network


def load_config(path: Path) -> Mapping:
    """The sizes of a network in a file; the published ones where the file does not carry them."""
    return weights.read_config(path) or PUBLISHED


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


def reconstruct(network: VQModel, picture: torch.Tensor) -> torch.Tensor:
    """Paint a picture anew out of the codes that VQGAN learned.

    The whole picture goes through at once: normalisation and attention look at all of it. At its peak this
    holds three times the finest features: at 1024x1024 with 128 channels, 1.5 GiB in float32. On a CPU let
    the network be `channels_last`: else convolutions reorder their inputs and outputs, two copies more.

    Parameters
    ----------
    network : on the device and with the dtype to compute with.
    picture : 1 x 3 x height x width, floating point, in [0, 1], of any size from one pixel up.

    Returns
    -------
    Of the shape, dtype and device of `picture`, in [0, 1].

    Raises
    ------
    ValueError
        If `picture` has another shape or dtype, or values outside of [0, 1].
    """
    _check_picture(picture)
    height, width = picture.shape[-2:]
    weight = network.quantize.embedding.weight
    with torch.inference_mode():
        signed = _pad(picture.float(), downsampling(network)) * 2 - 1
        latents = encode(network, signed.to(weight.device, weight.dtype))
        del signed
        painted = decode(network, quantise(network, latents)[0])
    # outside of inference mode, so that the caller gets an ordinary tensor
    return (painted[..., :height, :width].to(picture) / 2 + 0.5).clamp(0, 1)


def downsampling(network: VQModel) -> int:
    """How many pixels of the picture one code is wide and high."""
    return 2 ** (len(network.config.block_out_channels) - 1)


def encode(network: VQModel, signed: torch.Tensor) -> torch.Tensor:
    """Turn pictures in [-1, 1], their sizes multiples of `downsampling`, into latents: N x C x h x w."""
    encoder = network.encoder
    return network.quant_conv(_run(encoder, [*encoder.down_blocks, encoder.mid_block], signed))


def quantise(network: VQModel, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Replace each latent by the nearest code, found in float32 whatever the dtype.

    Returns
    -------
    The codes, shaped like `latents`, and their indices, N x h x w.
    """
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
    decoder = network.decoder
    return _run(decoder, [decoder.mid_block, *decoder.up_blocks], network.post_quant_conv(quantised))


def _run(half: nn.Module, blocks: Iterable[nn.Module], features: torch.Tensor) -> torch.Tensor:
    """One half of the network, as its own `forward`, which would keep two more copies of the features."""
    features = half.conv_in(features)
    for block in blocks:
        attentions = [*(getattr(block, "attentions", None) or ())]
        for position, resnet in enumerate(block.resnets):
            features = _run_resnet(resnet, features)
            if position < len(attentions) and attentions[position] is not None:
                features = attentions[position](features)
        for resample in getattr(block, "downsamplers", None) or getattr(block, "upsamplers", None) or ():
            features = resample(features)
    return half.conv_out(half.conv_act(half.conv_norm_out(features)))


def _run_resnet(block: nn.Module, features: torch.Tensor) -> torch.Tensor:
    hidden = block.conv1(block.nonlinearity(block.norm1(features)))
    hidden = block.norm2(hidden)
    hidden = block.conv2(block.nonlinearity(hidden))
    shortcut = features if block.conv_shortcut is None else block.conv_shortcut(features)
    return hidden.add_(shortcut)


def _pad(picture: torch.Tensor, multiple: int) -> torch.Tensor:
    """Pad below and at the right by reflection, or by repeating the edge where too small to reflect."""
    height, width = picture.shape[-2:]
    for length, sides in ((width, (0, -width % multiple, 0, 0)), (height, (0, 0, 0, -height % multiple))):
        if any(sides):
            picture = functional.pad(picture, sides, mode="reflect" if sum(sides) < length else "replicate")
    return picture


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


def _check_picture(picture: torch.Tensor) -> None:
    shape = tuple(picture.shape)
    if len(shape) != 4 or shape[:2] != (1, 3) or 0 in shape or not picture.is_floating_point():
        raise ValueError(f"expected floating point of 1 x 3 x height x width, got {picture.dtype} {shape}")
    low, high = (bound.item() for bound in picture.aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"expected a picture with values in [0, 1], got {low:g} to {high:g}: scale it first")
