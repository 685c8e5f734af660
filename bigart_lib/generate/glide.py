"""GLIDE as a generator (Nichol et al. 2022): the base model paints 64 px, the upsampler makes 256 of them.

Other shapes have about as many pixels: 72x48 and 288x192, for instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from bigart_lib import shapes
from bigart_lib.generate.batches import Batches, alone
from bigart_lib.generate.generator import Abilities, Painted, Stage
from bigart_lib.generate.network import GlideConfig, circular, new_tokenizer
from bigart_lib.generate.noise import Noise
from bigart_lib.generate.prompts import LIMITS
from bigart_lib.generate.sampling import (
    BASE_SIZE,
    MULTIPLE,
    UPSAMPLED_SIZE,
    as_chosen,
    base_scheduler,
    complete,
    sample_base,
    sample_upsampler,
)
from bigart_lib.progress import Announce, Cost, Progress, Report, announce_nothing
from bigart_lib.settings import QUALITIES, SAMPLERS, GenerateSettings
from bigart_lib.weights import Lent, as_lent, once

if TYPE_CHECKING:
    from bigart_lib.generate.network import Glide
    from bigart_lib.generate.words import Reading
    from bigart_lib.weights import Sampling

BASE, UPSAMPLE = "base", "upsample"  # what its stages are called


class GlideGenerator:
    """Paints with a base model and an upsampler, which need not be in memory together.

    Parameters
    ----------
    base, upsampler : give the networks when their turn comes; see `weights.lending`.
    configs : the sizes of the two.
    sampling : how they want to be sampled.
    fingerprints : SHA-256 of the weights of each, by name.
    batch_size : candidates that share a pass through a network, which always sees so many: so each is to the
        last bit independent of the others, and of their number. One is as fast as many on a CPU.
    terms : its licence, in a sentence.
    announce : told where a candidate is painted in another way than the machine's.

    Notes
    -----
    Every candidate has its own random generator, seeded by (seed, index) and drawn on the CPU, and its own
    scheduler, so none depends on how many were asked for. Candidates that stay near another start from its
    noise, with some of their own.
    """

    def __init__(
        self,
        base: Callable[[], Glide],
        upsampler: Callable[[], Glide],
        configs: tuple[GlideConfig, GlideConfig],
        sampling: Sampling,
        fingerprints: Callable[[], Mapping[str, str]],
        batch_size: int = 1,
        terms: str = "",
        announce: Announce = announce_nothing,
    ) -> None:
        self._base, self._upsampler, self._configs = as_lent(base), as_lent(upsampler), configs
        self._announce = announce
        self._sampling, self._fingerprints, self._batch_size = sampling, fingerprints, batch_size
        self.abilities = Abilities(SAMPLERS, QUALITIES, guidance=True, limits=LIMITS, terms=terms)
        self.sampling: Mapping[str, Any] = {
            name: value
            for name, value in asdict(sampling).items()
            if name in ("upsampler_noise", "start_log_snr") and value is not None
        }

    def native(self, shape: float = 1.0) -> tuple[int, int]:
        """256x256, or about as many pixels in another shape, for a ratio of width to height from 1/3 to 3."""
        width, height = shapes.nearest_size(shape, BASE_SIZE, MULTIPLE)
        return width * UPSAMPLED_SIZE // BASE_SIZE, height * UPSAMPLED_SIZE // BASE_SIZE

    def stages(self, native_size: tuple[int, int], settings: GenerateSettings) -> tuple[Stage, Stage]:
        """A small picture from the base model, then one four times as long from the upsampler."""
        small = _small(native_size)
        chosen = self.complete(settings)
        # A guided step asks without the prompt too.
        passes = chosen.steps + round(chosen.guided * chosen.steps)
        timesteps = len(chosen.upsampler_timesteps)
        return (
            Stage(BASE, small, _cost(self._configs[0], small, passes)),
            Stage(UPSAMPLE, native_size, _cost(self._configs[1], native_size, timesteps)),
        )

    def complete(self, settings: GenerateSettings) -> GenerateSettings:
        """The settings, with what the artist left open taken from how the networks want to be sampled.

        Raises
        ------
        ValueError
            Where they ask for what these networks cannot do.
        """
        if settings.negative:
            raise ValueError("GLIDE has no negative prompt: leave it out, or choose another generator")
        if settings.steps == 1:
            raise ValueError("steps must be from 2 to 1000, not 1, for GLIDE")
        multiple = 2 ** (len(self._configs[0].channels) - 1)
        small = _small(self.native(shapes.ratio(settings.shape)))
        if settings.repeats and any(side % multiple for side in small):
            raise ValueError(
                f"pictures of {settings.shape} cannot repeat with these models, whose small ones of "
                f"{small[0]}x{small[1]} px do not divide by {multiple}: try a square"
            )
        return complete(settings, self._sampling)

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt the base model follows, and which it does not; loads no network."""
        return new_tokenizer(self._configs[0]).read(prompt)

    def fingerprint(self) -> Mapping[str, str]:
        """SHA-256 of the weights of the two networks."""
        return self._fingerprints()

    @torch.inference_mode()
    def paint(
        self,
        prompt: str,
        settings: GenerateSettings,
        indices: Sequence[int],
        report: Report,
        begun: Mapping[tuple[int, int], torch.Tensor],
    ) -> Iterator[Painted]:
        """Paint candidates; see `Generator.paint`. What is done is given batch by batch."""
        size = self.native(shapes.ratio(settings.shape))
        small_size, sampling = _small(size), as_chosen(self._sampling, settings)
        noises = {index: Noise(settings, index) for index in indices}
        small: dict[int, torch.Tensor] = {i: begun[i, 0] for i in indices if (i, 0) in begun}
        waiting = [index for index in indices if index not in small]
        for index in small:
            _skip_base(noises[index], small_size, settings, sampling)

        def paint_small(network: Glide, batch: list[int], shape: int, report: Report) -> list[torch.Tensor]:
            noise = [noises[index] for index in batch]
            first = [one.begin(BASE_SIZE, small_size) for one in noise]
            with _edges(settings, network):
                return sample_base(network, prompt, settings, sampling, first, noise, report, shape)

        for index, picture in self._in_batches(
            BASE, self._base, waiting, paint_small, report, small, small_size
        ):
            yield Painted(index, 0, picture)
        large = {index: begun[index, 1] for index in indices if (index, 1) in begun}

        def upsample(network: Glide, batch: list[int], shape: int, report: Report) -> list[torch.Tensor]:
            noise, low = [noises[index] for index in batch], [small[index] for index in batch]
            first = [one.begin(UPSAMPLED_SIZE, size) for one in noise]
            with _edges(settings, network):
                return sample_upsampler(
                    network, prompt, low, sampling, first, noise, report, shape, settings.repeats
                )

        waiting = [index for index in indices if index not in large]
        shown = {index: _enlarged(small[index], size) for index in indices}
        shown.update(large)
        for index, picture in self._in_batches(
            UPSAMPLE, self._upsampler, waiting, upsample, report, shown, size
        ):
            yield Painted(index, 1, picture)

    def _in_batches(
        self,
        stage: str,
        lent: Lent,
        indices: list[int],
        make: Callable[[Glide, list[int], int, Report], list[torch.Tensor]],
        report: Report,
        shown: dict[int, torch.Tensor],
        painted: tuple[int, int],
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Make pictures, a batch at a time; `shown` has those to show beside the ones in the making."""
        done, announce = 0, once(self._announce)
        batches = Batches(indices, self._batch_size, lent)
        for batch, shape in batches:

            def tell(news: Progress, batch: list[int] = batch, before: int = done) -> None:
                guesses = [] if news.preview is None else news.preview.split(1)
                pictures = {**shown, **dict(zip(batch, guesses, strict=False))}
                preview = torch.cat([pictures[index] for index in sorted(pictures)]) if pictures else None
                # A batch of n counts n times.
                steps = news.total * before + news.step * len(batch)
                report(Progress(stage, steps, news.total * len(indices), preview))

            def work(
                network: Glide, batch: list[int] = batch, shape: int = shape, tell: Report = tell
            ) -> Any:
                return make(network, batch, shape, tell)

            made = batches.try_(work) if shape > 1 else lent.run(alone(work, painted), announce)
            if made is None:  # smaller ones come in its place
                continue
            shown.update(zip(batch, made, strict=True))
            yield from zip(batch, made, strict=True)
            done += len(batch)


def _edges(settings: GenerateSettings, network: Glide) -> AbstractContextManager[None]:
    """What a network sees beyond the edges: nothing, or the opposite ones where a picture repeats."""
    return circular(network.unet) if settings.repeats else nullcontext()


def _skip_base(noise: Noise, size: tuple[int, int], settings: GenerateSettings, sampling: Sampling) -> None:
    """Draw what the base model would have drawn, as its picture is there already."""
    noise.begin(BASE_SIZE, size)
    if settings.sampler == "ancestral":  # which adds noise after every timestep but the last
        timesteps = base_scheduler(settings.sampler, settings.steps, sampling).timesteps
        for _ in timesteps[timesteps > 0]:
            noise.draw()


def _small(native_size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of what the base model paints of a candidate."""
    width, height = (BASE_SIZE * side // UPSAMPLED_SIZE for side in native_size)
    return width, height


def _enlarged(small: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """How a small picture is shown beside upsampled ones of this width and height."""
    return functional.interpolate(small, size=size[::-1], mode="bilinear")


def _cost(config: GlideConfig, size: tuple[int, int], passes: int) -> Cost:
    """About what a candidate takes: the 3x3 convolutions of the residual blocks, which are most of it."""
    width, height = size
    down, up = 2 * config.layers_per_level, 3 * (config.layers_per_level + 1)  # convolutions of a level
    operations = sum(
        18 * channels**2 * (down + up) * width * height / 4**level
        for level, channels in enumerate(config.channels)
    )
    features = 8 * 4 * config.channels[0] * width * height  # bytes: eight maps of the finest level
    weights = 4 * 9 * (down + up) * sum(channels**2 for channels in config.channels)
    return Cost(operations * passes, features + weights)
