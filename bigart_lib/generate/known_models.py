"""The text-to-image models that BIG.art knows, as data: what each wants, needs and allows.

Numbers and terms are from the models' cards and the source of diffusers 0.42; terms may change, and the card
counts. Light: imports no network library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

BYTES_OF_HALF = 2
WORKING_MEMORY = 1_000_000_000  # bytes beside the weights, for a picture of 512 px; grows with the area


class Memory(NamedTuple):
    """Bytes of a model's weights in 16 bits."""

    weights: float  # of all its networks
    largest: float  # of the largest network alone, which is what model offload needs


@dataclass(frozen=True)
class KnownModel:
    """What is known of a published model."""

    name: str  # what people call it here
    repository: str  # OWNER/NAME on the hub
    class_name: str  # of diffusers
    steps: int
    guidance: float  # at 1 and below, nothing is guided
    side: int  # px a side of the squares that it paints best
    memory: Memory
    licence: str
    is_commercial: bool | None  # whether its terms allow commercial use; None: ask its card
    multiple: int = 8  # px that sides must divide by
    preview: str = ""  # repository of a tiny autoencoder that decodes its latents
    is_distilled: bool = False  # few steps; wants its own scheduler and guidance
    has_negative: bool = True  # whether it takes a negative prompt
    is_gated: bool = False  # whether its terms must be accepted on the hub first
    no_fp16: bool = False  # whether fp16 overflows


def _gb(weights: float, largest: float) -> Memory:
    return Memory(weights * 1e9, largest * 1e9)


_TAESD, _TAESDXL, _TAEF1 = "madebyollin/taesd", "madebyollin/taesdxl", "madebyollin/taef1"
_STABILITY = "Stability AI community licence"
_ALL = (
    KnownModel(
        "sd15", "stable-diffusion-v1-5/stable-diffusion-v1-5", "StableDiffusionPipeline", 25, 7.0, 512,
        _gb(2.7, 1.7), "CreativeML OpenRAIL-M", True, preview=_TAESD,
    ),
    KnownModel(
        "sd-turbo", "stabilityai/sd-turbo", "StableDiffusionPipeline", 4, 0.0, 512,
        _gb(2.6, 1.7), _STABILITY, False, preview=_TAESD, is_distilled=True, has_negative=False,
    ),
    KnownModel(
        "sdxl-turbo", "stabilityai/sdxl-turbo", "StableDiffusionXLPipeline", 4, 0.0, 512,
        _gb(6.9, 5.1), _STABILITY, False, preview=_TAESDXL, is_distilled=True, has_negative=False,
    ),
    KnownModel(
        "lcm", "SimianLuo/LCM_Dreamshaper_v7", "LatentConsistencyModelPipeline", 4, 8.5, 768,
        _gb(2.7, 1.7), "see its card", None, preview=_TAESD, is_distilled=True, has_negative=False,
    ),
    KnownModel(
        "pixart-sigma", "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS", "PixArtSigmaPipeline", 20, 4.5, 1024,
        _gb(10.9, 9.5), "see its card", None, 16, _TAESDXL,
    ),
    KnownModel(
        "sana-sprint", "Efficient-Large-Model/Sana_Sprint_1.6B_1024px_diffusers", "SanaSprintPipeline",
        2, 4.5, 1024, _gb(9.0, 5.2), "NSCL v2 and Gemma terms", False, 32, is_distilled=True,
        has_negative=False, no_fp16=True,
    ),
    KnownModel(
        "prx", "Photoroom/prx-512-t2i-sft", "PRXPipeline", 28, 5.0, 512,
        _gb(8.0, 5.3), "Apache-2.0", True, 32, no_fp16=True,
    ),
    KnownModel(
        "flux-schnell", "black-forest-labs/FLUX.1-schnell", "FluxPipeline", 4, 0.0, 1024,
        _gb(33.7, 23.8), "Apache-2.0", True, 16, _TAEF1, is_distilled=True, has_negative=False,
        is_gated=True, no_fp16=True,
    ),
    KnownModel(
        "flux2-klein", "black-forest-labs/FLUX.2-klein-4B", "Flux2KleinPipeline", 4, 1.0, 1024,
        _gb(16.0, 8.0), "Apache-2.0", True, 16, is_distilled=True, has_negative=False, no_fp16=True,
    ),
    KnownModel(
        "z-image-turbo", "Tongyi-MAI/Z-Image-Turbo", "ZImagePipeline", 9, 0.0, 1024,
        _gb(20.5, 12.3), "Apache-2.0", True, 16, _TAEF1, is_distilled=True, has_negative=False,
        no_fp16=True,
    ),
    KnownModel(
        "qwen-image", "Qwen/Qwen-Image", "QwenImagePipeline", 50, 4.0, 1328,
        _gb(57.7, 40.9), "Apache-2.0", True, 16, no_fp16=True,
    ),
)  # fmt: skip
KNOWN_MODELS = {model.name: model for model in _ALL}


def find_known(model: str) -> KnownModel | None:
    """The known model of this name or repository; None where it is not known."""
    by_repository = {known.repository.lower(): known for known in _ALL}
    return KNOWN_MODELS.get(model) or by_repository.get(model.lower())


def working_memory(size: tuple[int, int]) -> float:
    """Bytes that painting a picture of this size takes beside the weights, about."""
    return WORKING_MEMORY * max(1.0, size[0] * size[1] / 512**2)


def placement(memory: Memory, working: float, free: float) -> str:
    """How a model is put on a CUDA device with so many bytes free: whole, or by an offload."""
    if memory.weights + working <= free:
        return "whole"
    return "model" if memory.largest + working <= free else "sequential"


def in_terms(known: KnownModel) -> str:
    """Its terms in a sentence."""
    use = {
        True: "commercial use is allowed within its terms",
        False: "not for commercial use without a licence of its makers",
        None: "whether commercial use is allowed is said on its card",
    }
    licence = (
        f"licence: {known.licence}" if known.licence != "see its card" else "its card states its licence"
    )
    return f"{known.repository}: {licence}; {use[known.is_commercial]}"
