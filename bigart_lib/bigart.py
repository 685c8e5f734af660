"""BigArt: the loaded models, and the way of a picture through the stages.

Knows the order of the stages; what each does is in `stages.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from PIL import Image

from bigart_lib import machine, stages
from bigart_lib.enlarge import rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.progress import CancelledError, Progress, Report, no_report
from bigart_lib.results import Candidate, Candidates, Memory, Painting
from bigart_lib.settings import ENLARGEMENT, GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bigart_lib.generate.tokenizer import Tokenizer
    from bigart_lib.generate.words import Reading
    from bigart_lib.weights.sets import ModelSet

CANDIDATE_SIZE = 256  # px a side, and what the sizes of `PaintSettings` count from
CUDA_BATCH = 7  # candidates that share a pass on a CUDA device
MOST_IDLE_WEIGHTS = 1_000_000_000  # bytes kept in memory beside a network that is loaded, on a CPU
MOST_PIXELS = 16384 * 16384  # of a finished picture

Keep = Callable[[str, Image.Image, Recipe], object]


def keep_nothing(name: str, image: Image.Image, recipe: Recipe) -> None:
    """Do nothing with a stage's picture."""


def texture_seed(recipe: Recipe) -> list[int]:
    """What the fields of texture on a candidate are drawn from; each size draws its own."""
    return [recipe.generate.seed, recipe.index]


class BigArt:
    """The models of a set on one device, and what can be done with them.

    Networks are loaded when first needed and kept; on a CPU large ones make room for the next. One picture
    is made at a time.

    Parameters
    ----------
    model_set : which files; see `model_sets.choose`.
    device, dtype : where and how precisely the networks work; see `machine.py`.
    """

    def __init__(self, model_set: ModelSet, device: torch.device, dtype: torch.dtype) -> None:
        self.model_set = model_set
        self.device = device
        self.dtype = dtype
        self._networks: dict[str, torch.nn.Module] = {}
        self._tokenizer: Tokenizer | None = None
        self._cancelled = threading.Event()

    def describe(self) -> str:
        """Which models run where, in words."""
        return f"{self.model_set.name} models on {machine.describe(self.device, self.dtype)}"

    def cancel(self) -> None:
        """Stop what runs in another thread at its next step, with a CancelledError there."""
        self._cancelled.set()

    def generate(
        self, prompt: str, settings: GenerateSettings | None = None, report: Report = no_report
    ) -> Candidates:
        """Paint candidates for a prompt; `report` is told after every step, with previews.

        Raises
        ------
        ValueError
            When the prompt is empty.
        CancelledError
            After `cancel`.
        """
        prompt = " ".join(prompt.split())
        if not prompt:
            raise ValueError("the prompt is empty: say in a few words what to paint")
        settings = stages.complete(settings or GenerateSettings(), self.model_set.sampling)
        painted = stages.generate(
            lambda: self._network("base"),
            lambda: self._network("upsampler"),
            prompt,
            settings,
            self.model_set.sampling,
            self._stoppable(report),
            batch_size=CUDA_BATCH if self.device.type == "cuda" else 1,
        )
        recipe = replace(self._recipe(), prompt=prompt, generate=settings)
        pictures = tuple(
            Candidate(small, picture, replace(recipe, index=index))
            for index, (small, picture) in enumerate(painted)
        )
        return Candidates(prompt, settings, pictures)

    def paint(
        self,
        candidate: Candidate,
        settings: PaintSettings | None = None,
        report: Report = no_report,
        keep: Keep = keep_nothing,
        memory: Memory | None = None,
    ) -> Painting:
        """Take a candidate through the stages; `keep` is given every stage's picture as it is made.

        With the memory of an earlier call for the same candidate, only what the settings change is made
        again; the pictures are the same as without.

        Raises
        ------
        CancelledError
            After `cancel`; what `keep` was given until then stays.
        """
        settings = settings or PaintSettings()
        seed = texture_seed(candidate.recipe)
        return self._paint(candidate.picture, candidate.recipe, settings, seed, report, keep, memory)

    def paint_image(
        self,
        image: Image.Image,
        name: str,
        settings: PaintSettings | None = None,
        seed: int = 0,
        report: Report = no_report,
        keep: Keep = keep_nothing,
    ) -> Painting:
        """Like `paint`, for an artist's own picture of any size; `settings.size` counts as if it were 256 px.

        Raises
        ------
        PictureError
            When the finished picture would be larger than 16384x16384 in all.
        """
        settings = settings or PaintSettings()
        times = settings.size // CANDIDATE_SIZE
        if image.width * image.height * times**2 > MOST_PIXELS:
            raise images.PictureError(
                f"{name} has {image.width}x{image.height} pixels; {times} times that, "
                f"{image.width * times}x{image.height * times}, is too many: make it smaller first"
            )
        recipe = replace(self._recipe(), source=name, generate=GenerateSettings(seed=seed))
        return self._paint(images.to_tensor(image), recipe, settings, [seed], report, keep, None)

    def enlarge(self, image: Image.Image, report: Report = no_report) -> Image.Image:
        """A picture with sides 4 times longer."""
        return images.to_image(self._enlarge(images.to_tensor(image), self._stoppable(report)))

    def add_texture(self, image: Image.Image, settings: TextureSettings, seed: int = 0) -> Image.Image:
        """A picture with texture laid over it."""
        return images.to_image(stages.add_texture(images.to_tensor(image), settings, [seed]))

    def enhance(self, image: Image.Image, report: Report = no_report) -> Image.Image:
        """A picture repainted by VQGAN, of the same size."""
        return images.to_image(self._enhance(images.to_tensor(image), self._stoppable(report)))

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt the base model follows, and which it does not; loads no network."""
        if self._tokenizer is None:
            self._tokenizer = glide.load_tokenizer(self.model_set.base)
        return self._tokenizer.read(prompt)

    def seconds_to_enlarge(self, width: int, height: int, times: int) -> float:
        """About how long enlarging will take on this machine, from a quick measurement of it."""
        flops = 0
        while times > 1:
            config = self._network("enlarger").config
            flops += rrdbnet.estimate_flops(config, height, width)
            width, height, times = width * config.scale, height * config.scale, times // config.scale
        return flops / machine.measure_speed(self.device, self.dtype)

    def _paint(
        self,
        picture: torch.Tensor,
        recipe: Recipe,
        settings: PaintSettings,
        seed: Sequence[int],
        report: Report,
        keep: Keep,
        memory: Memory | None,
    ) -> Painting:
        report = self._stoppable(report)
        memory = memory or Memory()
        painting = Painting()

        def finish(suffix: str = "") -> None:
            # Sizes name the stages of a candidate; an artist's own picture has a size of its own.
            stage = str(size) if recipe.prompt else f"{size // CANDIDATE_SIZE}x"
            image = images.to_image(picture)
            painting.stages[stage + suffix] = image
            painting.recipes[stage + suffix] = replace(recipe, paint=settings, stage=stage + suffix)
            keep(stage + suffix, image, painting.recipes[stage + suffix])

        size = CANDIDATE_SIZE
        cause: tuple[Hashable, ...] = (recipe,)  # everything that the picture depends on so far
        finish()
        while size < settings.size:
            size *= ENLARGEMENT
            picture = memory.recall(str(size), cause, partial(self._enlarge, picture, report))
            texture = {1024: settings.texture_1k, 4096: settings.texture_4k}.get(size)
            has_texture = texture is not None and texture.amount > 0
            is_first = size == 1024
            if is_first or not has_texture:
                finish()
            if has_texture:
                picture = stages.add_texture(picture, texture, [*seed, size], report)
                cause = (*cause, texture)
                finish("_textured" if is_first else "")
            if is_first and settings.enhance:
                picture = memory.recall("enhanced", cause, partial(self._enhance, picture, report))
                cause = (*cause, "enhanced")
                finish("_enhanced")
        return painting

    def _enlarge(self, picture: torch.Tensor, report: Report) -> torch.Tensor:
        network, enlarged = self._network("enlarger"), 1
        while enlarged < ENLARGEMENT:  # a network that enlarges 2 times runs twice
            picture = stages.enlarge(network, picture, machine.memory_budget(self.device), report)
            enlarged *= network.config.scale
        return picture

    def _enhance(self, picture: torch.Tensor, report: Report) -> torch.Tensor:
        return stages.enhance(self._network("enhancer"), picture, report)

    def _network(self, name: str) -> torch.nn.Module:
        if name not in self._networks:
            idle = (weight for network in self._networks.values() for weight in network.parameters())
            if self.device.type == "cpu" and sum(weight.nbytes for weight in idle) > MOST_IDLE_WEIGHTS:
                self._networks.clear()
            network = LOADERS[name](getattr(self.model_set, name), self.device, self.dtype)
            self._networks[name] = network.to(memory_format=torch.channels_last)
        return self._networks[name]

    def _stoppable(self, report: Report) -> Report:
        self._cancelled.clear()

        def stoppable(progress: Progress) -> None:
            report(progress)
            if self._cancelled.is_set():
                raise CancelledError(f"stopped in {progress.stage} at step {progress.step}")

        return stoppable

    def _recipe(self) -> Recipe:
        where = machine.describe(self.device, self.dtype)
        return Recipe(__version__, self.model_set.name, where, torch.__version__)


LOADERS = {
    "base": glide.load,
    "upsampler": glide.load,
    "enlarger": rrdbnet.load,
    "enhancer": vqgan.load,
}
