"""What a pipeline of diffusers is, read from its class and its configurations alone: no network is loaded."""

from __future__ import annotations

import importlib.util
import inspect
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import read_text
from bigart_lib.generate.known_models import KnownModel
from bigart_lib.weights import importing_diffusers

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline

INDEX = "model_index.json"
NEEDS = ("transformers", "accelerate")  # beside diffusers
DTYPE_SINCE = (0, 40)  # of diffusers; older ones call the option torch_dtype, and take no notice of dtype
OURS = ("prompt", "height", "width", "generator", "output_type", "num_inference_steps")
OF_VIDEOS = {"num_frames", "num_videos_per_prompt", "video", "video_length", "frame_size"}
OF_PICTURES = {
    "image",
    "images",
    "control_image",
    "mask_image",
    "reference_image",
    "image_embeds",
    "strength",
}
# These paint from a prompt alone too.
TAKE_PICTURES_TOO = (
    "Flux2Pipeline", "Flux2KleinPipeline", "FluxKontextPipeline", "GlmImagePipeline", "DreamLitePipeline",
    "DreamLiteMobilePipeline", "StableCascadeCombinedPipeline",
)  # fmt: skip
PARTS = ("Prior", "Decoder")  # in the names of classes that are half of a pipeline
MULTIPLES = {"SanaPipeline": 32, "SanaSprintPipeline": 32, "PRXPipeline": 32, "GlmImagePipeline": 32}
LEAST_MULTIPLE, LEAST_SIDE = 8, 64  # px
DEFAULT_SIDE = 512  # px, where a pipeline does not say
FACTOR = 8  # px that a latent stands for, where a pipeline does not say
DENOISERS = ("transformer", "unet", "prior")
# Samplers of ours, as schedulers of diffusers, for models that were trained with Stable Diffusion's noise.
SCHEDULERS = {
    "dpm++": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler",
    "ancestral": "EulerAncestralDiscreteScheduler",
}
SWAPPABLE = {*SCHEDULERS.values(), "PNDMScheduler", "EulerDiscreteScheduler", "LMSDiscreteScheduler"}


class PipelineError(ValueError):
    """A model that cannot be used as a generator; the message says why, and what to do."""


def require_packages() -> None:
    """Raise a PipelineError that says what to install, where pipelines cannot be loaded."""
    if lacking := [name for name in NEEDS if importlib.util.find_spec(name) is None]:
        raise PipelineError(
            f"generators beside GLIDE need {' and '.join(lacking)}: pip install 'bigart[generators]'"
        )


@contextmanager
def silent() -> Iterator[None]:
    """No bars and no advice of the libraries on the screen."""
    with importing_diffusers:
        from diffusers.utils import logging as of_diffusers
        from transformers.utils import logging as of_transformers

    loggers = (of_diffusers, of_transformers)
    before = [(logger.get_verbosity(), logger.is_progress_bar_enabled()) for logger in loggers]
    for logger in loggers:
        logger.set_verbosity_error()
        logger.disable_progress_bar()
    try:
        yield
    finally:
        for logger, (verbosity, shown) in zip(loggers, before, strict=True):
            logger.set_verbosity(verbosity)
            if shown:
                logger.enable_progress_bar()


def dtype_option(dtype: torch.dtype) -> dict[str, torch.dtype]:
    """The option that loads networks in this precision, by the name that the installed diffusers knows."""
    from diffusers import __version__

    major, minor = __version__.split(".")[:2]
    return {"dtype" if (int(major), int(minor)) >= DTYPE_SINCE else "torch_dtype": dtype}


def read_json(path: Path) -> dict[str, Any]:
    """A configuration; an empty one where there is none.

    Raises
    ------
    PipelineError
        When there is one that cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise PipelineError(f"{path} cannot be read ({error}): get the model again") from error
    if not isinstance(found, dict):
        raise PipelineError(f"{path} holds no configuration: get the model again")
    return found


def pipeline_class(name: str, index: Mapping[str, Any]) -> type[DiffusionPipeline]:
    """The class of a pipeline, if it is one of diffusers that paints pictures from a prompt.

    Parameters
    ----------
    name : of the model, for messages.
    index : what its model_index.json says.

    Raises
    ------
    PipelineError
        In a line that says what it is instead.
    """
    require_packages()
    import diffusers

    class_name = index.get("_class_name")
    libraries = {
        entry[0] for key, entry in index.items() if key[0] != "_" and isinstance(entry, list) and entry
    }
    own = isinstance(class_name, list) or any(
        library is not None and library not in ("diffusers", "transformers") and not _is_of_diffusers(library)
        for library in libraries
    )
    if own:
        raise PipelineError(f"{name} brings code of its own, which is never run: choose another model")
    with silent():
        found = getattr(diffusers, str(class_name), None) if class_name else None
    if found is None or not (isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline)):
        raise PipelineError(
            f"{name} is a {class_name or 'model without a pipeline'}, which diffusers "
            f"{diffusers.__version__} does not load as a pipeline: a newer diffusers may"
        )
    if problem := _other_purpose(found):
        raise PipelineError(
            f"{name} ({class_name}) {problem}: choose a model that makes pictures of a prompt"
        )
    return found


def _is_of_diffusers(library: str) -> bool:
    """Whether a library in an index is a folder of pipelines of diffusers, as the safety checker's is."""
    try:
        return library.isidentifier() and bool(importlib.util.find_spec(f"diffusers.pipelines.{library}"))
    except (ImportError, ValueError):
        return False


def _other_purpose(found: type) -> str | None:
    """What a pipeline does that does not make pictures of a prompt; None where it does."""
    parameters = inspect.signature(found.__call__).parameters
    if OF_VIDEOS & set(parameters) or "Video" in found.__name__:
        return "makes videos"
    if OF_PICTURES & set(parameters) and found.__name__ not in TAKE_PICTURES_TOO:
        return "needs a picture to begin with"
    if any(part in found.__name__ for part in PARTS):
        return "is only a part of a pipeline"
    required = [
        one.name for one in parameters.values()
        if one.default is one.empty
        and one.kind is one.POSITIONAL_OR_KEYWORD
        and one.name not in ("self", "prompt")
    ]  # fmt: skip
    if required:
        return f"needs {required[0]} too"
    return None if set(OURS) <= set(parameters) else "makes no pictures of a prompt"


@dataclass(frozen=True)
class Kind:
    """A pipeline's class, its configurations, and what is known of the model."""

    found: type  # the class of diffusers
    folder: Path  # with model_index.json and a folder a component
    known: KnownModel | None = None
    index: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Of a call of the pipeline, by name."""
        return inspect.signature(self.found.__call__).parameters

    def config(self, component: str) -> dict[str, Any]:
        """The configuration of a component; an empty one where it has none."""
        folder = self.folder / component
        return read_json(folder / "config.json") or read_json(folder / "scheduler_config.json")

    @cached_property
    def denoiser(self) -> dict[str, Any]:
        """The configuration of the network that paints."""
        return next(filter(None, map(self.config, DENOISERS)), {})

    @cached_property
    def factor(self) -> int:
        """Pixels a side that a latent stands for."""
        vae = self.config("vae")
        for name in ("block_out_channels", "encoder_block_out_channels", "decoder_block_out_channels"):
            if isinstance(vae.get(name), list):
                return 2 ** (len(vae[name]) - 1)
        ratio = vae.get("spatial_compression_ratio") or 2 ** len(vae.get("temperal_downsample") or ())
        return int(ratio) if ratio > 1 else FACTOR

    @cached_property
    def multiple(self) -> int:
        """Pixels that sides must divide by."""
        patch = self.denoiser.get("patch_size")
        patch = patch if isinstance(patch, int) else 1
        packed = 2 if "transformer" in self.index and hasattr(self.found, "_pack_latents") else 1
        own = max(self.factor * max(patch, packed), MULTIPLES.get(self.found.__name__, 1), LEAST_MULTIPLE)
        return own if self.known is None else math.lcm(own, self.known.multiple)

    @cached_property
    def side(self) -> int:
        """Pixels a side of the squares that it paints best."""
        if self.known:
            return self.known.side
        sample = self.denoiser.get("sample_size")
        sample = sample[0] if isinstance(sample, list) and sample else sample
        if isinstance(sample, int):
            return max(sample * self.factor, LEAST_SIDE)
        default = self.default("height")
        if isinstance(default, int):
            return default
        found = getattr(self.found, "default_sample_size", None)
        return 1024 if "transformer" in self.index and found is None else DEFAULT_SIDE

    def default(self, name: str) -> Any:
        """What the pipeline takes for a parameter that is left out."""
        given = self.parameters.get(name)
        return None if given is None or given.default is given.empty else given.default

    @property
    def steps(self) -> int:
        """Denoising steps where the artist left them open."""
        return self.known.steps if self.known else int(self.default("num_inference_steps") or 25)

    @property
    def guidance_name(self) -> str | None:
        """The parameter that says how hard the prompt is followed; None where there is none."""
        if "true_cfg_scale" in self.parameters and self.default("guidance_scale") is None:
            return "true_cfg_scale"  # Qwen's: `guidance_scale` is for a distilled model that is not there yet
        return "guidance_scale" if "guidance_scale" in self.parameters else None

    @property
    def guidance(self) -> float | None:
        """How hard the prompt is followed where the artist left it open."""
        if self.guidance_name is None:
            return None
        if self.known:
            return self.known.guidance
        default = self.default(self.guidance_name)
        return float(default) if isinstance(default, (int, float)) else None

    @property
    def can_guide(self) -> bool:
        """Whether an artist may choose the guidance."""
        return self.guidance is not None and (self.known is None or self.known.guidance > 1)

    @property
    def can_avoid(self) -> bool:
        """Whether it takes a negative prompt, and follows it."""
        embedded = self.guidance_name == "guidance_scale" and "true_cfg_scale" in self.parameters
        if "negative_prompt" not in self.parameters or embedded or not self.can_guide:
            return False
        return self.known is None or self.known.has_negative

    @property
    def samplers(self) -> tuple[str, ...]:
        """The samplers of ours that it can be sampled by, beside its own."""
        scheduler = self.config("scheduler")
        is_distilled = self.known is not None and self.known.is_distilled
        if is_distilled or scheduler.get("_class_name") not in SWAPPABLE:
            return ()
        if scheduler.get("use_flow_sigmas") or scheduler.get("prediction_type") == "flow_prediction":
            return ()
        return tuple(SCHEDULERS)

    def native(self, shape: float) -> tuple[int, int]:
        """Width and height of about the area it paints best, for a ratio of width to height."""
        width, height = self.side * math.sqrt(shape), self.side / math.sqrt(shape)
        return tuple(max(1, round(side / self.multiple)) * self.multiple for side in (width, height))
