"""The stages of a picture, as functions: networks, pictures, settings and a callback in, pictures out.

Pictures are float32 tensors (1, 3, height, width), RGB in [0, 1]. Nothing here keeps state, reads files
or prints; a report that raises stops a stage between two steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from bigart_lib.finish import texture
from bigart_lib.generate.sampling import BASE_SIZE, UPSAMPLED_SIZE, sample_base, sample_upsampler
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.settings import GenerateSettings, Sampling, TextureSettings

if TYPE_CHECKING:
    from diffusers import VQModel

    from bigart_lib.enlarge.rrdbnet import RRDBNet
    from bigart_lib.generate.network import Glide


def complete(settings: GenerateSettings, sampling: Sampling) -> GenerateSettings:
    """The settings with what the artist left open taken from the set of models."""
    return replace(
        settings,
        steps=settings.steps if settings.steps is not None else sampling.steps,
        guidance=settings.guidance if settings.guidance is not None else sampling.guidance,
        sampler=settings.sampler or sampling.sampler,
    )


@torch.inference_mode()
def generate(
    base: Callable[[], Glide],
    upsampler: Callable[[], Glide],
    prompt: str,
    settings: GenerateSettings,
    sampling: Sampling,
    report: Report = no_report,
    indices: Sequence[int] | None = None,
    batch_size: int = 1,
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Paint candidates for a prompt: 64 px by the base model, 256 px by the upsampler.

    Parameters
    ----------
    base, upsampler : give the networks, on one device and in one precision, each when its turn comes: the
        two need not be in memory together.
    prompt : what to paint.
    settings : see `complete` for what is left open.
    sampling : how these networks want to be sampled.
    report : told after every step, with previews.
    indices : which candidates; by default the first `settings.count`.
    batch_size : candidates that share a pass through a network. One is as fast as many on a CPU, and
        keeps each candidate to the last bit independent of the others.

    Returns
    -------
    list of (picture of 64 px, picture of 256 px), in the order of the indices, on the CPU.

    Notes
    -----
    Nichol et al. 2022; every candidate has its own generator, seeded by (seed, index) and drawn on the
    CPU, and its own scheduler, so none depends on how many were asked for. Candidates that stay near
    another start from its noise, with some of their own.
    """
    settings = complete(settings, sampling)
    indices = range(settings.count) if indices is None else indices
    generators = [random_generator(settings.seed, index) for index in indices]
    ancestors = [random_generator(ancestor.seed, ancestor.index) for ancestor in settings.near]

    def first_noise(size: int) -> list[torch.Tensor]:
        own = [draw_noise(generator, size) for generator in generators]
        if not ancestors:
            return own
        near = draw_noise(ancestors[0], size)
        for generator, ancestor in zip(ancestors[1:], settings.near[1:], strict=True):
            near = _step_away(near, draw_noise(generator, size), ancestor.distance)
        return [_step_away(near, noise, settings.distance) for noise in own]

    small = sample_base(
        base(), prompt, settings, sampling, first_noise(BASE_SIZE), generators, report, batch_size
    )
    large = sample_upsampler(
        upsampler(), prompt, small, sampling, first_noise(UPSAMPLED_SIZE), generators, report, batch_size
    )
    return list(zip(small, large, strict=True))


def draw_noise(generator: torch.Generator, size: int) -> torch.Tensor:
    """Standard normals (1, 3, size, size), to start denoising from."""
    return torch.randn(1, 3, size, size, generator=generator)


def _step_away(near: torch.Tensor, other: torch.Tensor, distance: float) -> torch.Tensor:
    """Noise between two noises, on the sphere, so that it is as strong as they are."""
    return (1 - distance**2) ** 0.5 * near + distance * other


def random_generator(*numbers: int) -> torch.Generator:
    """A generator on the CPU that depends on these numbers alone: a seed, and what it is used for."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state))


def enlarge(
    network: RRDBNet, picture: torch.Tensor, memory_budget: int, report: Report = no_report
) -> torch.Tensor:
    """A picture of any size, its sides 4 times longer (2 with a network of that kind).

    Parameters
    ----------
    network : on the device that works; its precision is the work's.
    picture : (1, 3, height, width) in [0, 1].
    memory_budget : bytes of working memory beside picture and result; see `models/tiles.py`.

    Raises
    ------
    ValueError
        When the budget does not hold even the smallest piece of work.
    """
    from bigart_lib.enlarge.tiles import enlarge as enlarge_in_tiles

    enlarged = enlarge_in_tiles(
        network, picture, memory_budget, lambda done, total: report(Progress("enlarge", done, total))
    )
    return enlarged.float().clamp_(0, 1)


def add_texture(
    picture: torch.Tensor, settings: TextureSettings, seed: Sequence[int], report: Report = no_report
) -> torch.Tensor:
    """Lay texture over a picture (1, 3, height, width) in [0, 1]; the same seed lays the same field.

    The field's mean is nothing, so the picture's stays as it is but for what is clamped at black and white.
    """
    report(Progress("texture", 0, 1))
    noise = texture.white_noise(*picture.shape[-2:], random_generator(*seed))
    textured = texture.lay(picture, noise, settings)
    report(Progress("texture", 1, 1))
    return textured


@torch.inference_mode()
def enhance(network: VQModel, picture: torch.Tensor, report: Report = no_report) -> torch.Tensor:
    """Encode and decode a picture of any size with VQGAN, which repaints its details from its codebook."""
    from bigart_lib.finish.vqgan import reconstruct

    report(Progress("enhance", 0, 1))
    result = reconstruct(network, picture.to(network.device, network.dtype)).float().cpu()
    report(Progress("enhance", 1, 1))
    return result
