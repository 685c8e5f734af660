"""What every score is given: the networks, how to sample them, how many pictures, and the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import VQModel

from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.generate.sampling import (
    BASE_SIZE,
    MULTIPLE,
    UPSAMPLED_SIZE,
    complete,
    draw_noise,
    sample_base,
    sample_upsampler,
)
from bigart_lib.machine import random_generator
from bigart_lib.settings import GenerateSettings
from bigart_lib.shapes import SQUARE, nearest_size, ratio
from bigart_lib.weights.sets import ModelSet
from training.score import classifier
from training.score.fresh import UNSEEN_SEED

BATCH = 8  # pictures of a prompt that share a pass through the base model


@dataclass
class Given:
    """Loads what a score asks for when it first asks, and samples as the tool does."""

    models: ModelSet
    settings: GenerateSettings = GenerateSettings()  # steps and guidance left open: the set's own
    device: torch.device = torch.device("cpu")
    precision: torch.dtype = torch.float32
    count: float = 1.0  # the numbers of pictures, against the usual ones
    sheets: Path | None = None  # folder for sheets of pictures
    verbose: bool = False

    def number(self, usual: int) -> int:
        """How many pictures instead of the usual number."""
        return max(1, round(usual * self.count))

    @cached_property
    def base(self) -> glide.Glide:
        """The base model."""
        return glide.load(self.models.base, self.device, self.precision)

    @cached_property
    def upsampler(self) -> glide.Glide:
        """The upsampler."""
        return glide.load(self.models.upsampler, self.device, self.precision)

    @cached_property
    def vqgan(self) -> VQModel:
        """The VQGAN."""
        return vqgan.load(self.models.enhancer, self.device, self.precision)

    @cached_property
    def classifier(self) -> classifier.Classifier:
        """Names the scene of a picture of 64 px."""
        return classifier.load()

    def paint(self, prompt: str, count: int, first: int = 0, shape: str = SQUARE) -> torch.Tensor:
        """Pictures of the base model, (count, 3, height, width) in [0, 1], of noises from `first` on."""
        sampling = self.models.sampling
        settings = complete(self.settings, sampling)
        generators = [random_generator(UNSEEN_SEED, first + index) for index in range(count)]
        size = nearest_size(ratio(shape), BASE_SIZE, MULTIPLE)
        noises = [draw_noise(generator, *size) for generator in generators]
        return torch.cat(
            sample_base(self.base, prompt, settings, sampling, noises, generators, batch_size=BATCH)
        )

    def paint_all(
        self, prompts: Sequence[str], each: int, first: int = 0, shape: str = SQUARE
    ) -> torch.Tensor:
        """`each` pictures of every prompt, one prompt's after another's, no two from the same noise."""
        return torch.cat(
            [self.paint(prompt, each, first + index * each, shape) for index, prompt in enumerate(prompts)]
        )

    def upsample(self, small: torch.Tensor, prompt: str) -> torch.Tensor:
        """A picture (1, 3, H, W) in [0, 1] four times as large, by the upsampler."""
        generator = random_generator(UNSEEN_SEED)
        height, width = (side * UPSAMPLED_SIZE // BASE_SIZE for side in small.shape[-2:])
        noise = draw_noise(generator, width, height)
        return sample_upsampler(self.upsampler, prompt, [small], self.models.sampling, [noise], [generator])[
            0
        ]

    def reconstruct(self, picture: torch.Tensor) -> torch.Tensor:
        """A picture (1, 3, H, W) in [0, 1] through the VQGAN."""
        return vqgan.reconstruct(self.vqgan, picture.to(self.vqgan.device, self.vqgan.dtype)).float().cpu()
