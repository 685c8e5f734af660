"""Denoising with GLIDE's networks, on diffusers' schedulers: noise in, pictures out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from bigart_lib.generate.noise import Noise, draw_noise
from bigart_lib.progress import Progress, Report, no_report
from bigart_lib.settings import TIMESTEPS, GenerateSettings
from bigart_lib.weights import Sampling, check_finite, importing_diffusers

if TYPE_CHECKING:
    from diffusers import SchedulerMixin

    from bigart_lib.generate.network import Glide
    from bigart_lib.generate.text_encoder import EncodedText

BASE_SIZE = 64  # px a side of what the base model paints, of squares
UPSAMPLED_SIZE = 256  # px a side after the upsampler, of squares
MULTIPLE = 8  # of the base model's sides, which the published one halves three times
NETWORKS = {"base": "GLIDE's base model", "upsample": "GLIDE's upsampler"}  # by stage, for messages


# What settings and a set's `Sampling` call alike.
CHOSEN = ("steps", "guidance", "guided", "sampler", "spacing", "upsampler_timesteps")


def complete(settings: GenerateSettings, sampling: Sampling) -> GenerateSettings:
    """The settings, with what the artist left open taken from how the networks want to be sampled.

    The quality is no more in them: what it chose is.
    """
    wanted = sampling.at(settings.quality)
    open_ones = {name: getattr(wanted, name) for name in CHOSEN if getattr(settings, name) is None}
    return replace(settings, **open_ones, quality=None)


def as_chosen(sampling: Sampling, settings: GenerateSettings) -> Sampling:
    """How the networks are sampled by complete settings."""
    return replace(sampling, **{name: getattr(settings, name) for name in CHOSEN}, qualities={})


def round_to_levels(picture: torch.Tensor) -> torch.Tensor:
    """A picture in [0, 1] in steps of 1/255: the published upsampler was shown pictures of 256 levels."""
    return (picture.clamp(0, 1) * 255).round() / 255


@torch.inference_mode()
def sample_base(
    base: Glide,
    prompt: str,
    settings: GenerateSettings,
    sampling: Sampling,
    noises: Sequence[torch.Tensor],
    generators: Sequence[torch.Generator | Noise],
    report: Report = no_report,
    batch_size: int = 1,
) -> list[torch.Tensor]:
    """A picture in [0, 1] from each noise of its shape, (1, 3, height, width), by classifier-free guidance.

    The network was trained on 64x64. Only the noisiest steps are guided, as many as the settings say: they
    decide colours and composition (Kynkäänniemi et al. 2024); the others ask the network once, not twice.

    Parameters
    ----------
    settings : what they leave open is as the networks want it.
    generators : draw what noise the sampler adds on the way.
    batch_size : samples that share a pass. The network always sees so many, as the last digits of a sample
        depend on how many there are on a CUDA device, but not on what the others are.

    Raises
    ------
    NotFiniteError
        Where the network gives what is no number, of any of them.
    """
    conditional, unconditional = base.encode([prompt]), base.encode([""])
    settings = complete(settings, sampling)
    guidance, sampling = settings.guidance, as_chosen(sampling, settings)
    schedulers = [base_scheduler(settings.sampler, settings.steps, sampling) for _ in generators]
    timesteps = schedulers[0].timesteps.tolist()
    guided = {*timesteps[: round(settings.guided * len(timesteps))]}

    def denoise(samples: torch.Tensor, timestep: int) -> torch.Tensor:
        if timestep not in guided:
            return predict(base, samples, timestep, _join([conditional], repeats=len(samples)))
        # Both halves in one batch, as published; their order keeps a batch of one the same in any batch.
        text = _join([conditional, unconditional], repeats=len(samples))
        with_prompt, without = predict(base, samples.repeat(2, 1, 1, 1), timestep, text).chunk(2)
        epsilon = without[:, :3] + guidance * (with_prompt[:, :3] - without[:, :3])
        return torch.cat([epsilon, with_prompt[:, 3:]], dim=1)

    return _sample("base", base, denoise, schedulers, noises, generators, report, batch_size)


@torch.inference_mode()
def sample_upsampler(
    upsampler: Glide,
    prompt: str,
    small: Sequence[torch.Tensor],
    sampling: Sampling,
    noises: Sequence[torch.Tensor],
    generators: Sequence[torch.Generator | Noise],
    report: Report = no_report,
    batch_size: int = 1,
    repeats: bool = False,
) -> list[torch.Tensor]:
    """Pictures in [0, 1] from small ones and noises of their shape, without guidance, as published.

    Where a picture repeats, it is enlarged as if it went on at its opposite edges.
    """
    conditional = upsampler.encode([prompt])
    size = noises[0].shape[-2:]
    low = [round_to_levels(one) * 2 - 1 for one in small]
    low = torch.cat([_enlarged(one, size, repeats) for one in low])
    low = low.to(upsampler.unet.device)

    def denoise(samples: torch.Tensor, timestep: int, conditions: torch.Tensor) -> torch.Tensor:
        text = _join([conditional], repeats=len(samples))
        return predict(upsampler, torch.cat([samples, conditions], dim=1), timestep, text)

    schedulers = [upsampler_scheduler(sampling.upsampler_timesteps) for _ in generators]
    first = [sampling.upsampler_noise * noise for noise in noises]
    return _sample("upsample", upsampler, denoise, schedulers, first, generators, report, batch_size, low)


def _enlarged(small: torch.Tensor, size: torch.Size, repeats: bool) -> torch.Tensor:
    if not repeats:
        return functional.interpolate(small, size=size, mode="bilinear")
    times = size[0] // small.shape[-2]
    around = functional.pad(small, (1, 1, 1, 1), mode="circular")
    enlarged = functional.interpolate(around, scale_factor=times, mode="bilinear")
    return enlarged[..., times:-times, times:-times]


def predict(
    network: Glide, samples: torch.Tensor, timestep: torch.Tensor | int, text: EncodedText
) -> torch.Tensor:
    """What a network predicts of samples (N, C, H, W), of sides too that it cannot halve often enough.

    These are continued by their mirror image, which is cut off again: nothing changes where they fit.
    """
    multiple = 2 ** (len(network.config.channels) - 1)
    height, width = samples.shape[-2:]
    beyond_x, beyond_y = -width % multiple, -height % multiple
    left, top = beyond_x // 2, beyond_y // 2
    if beyond_x or beyond_y:
        edges = (left, beyond_x - left, top, beyond_y - top)
        samples = functional.pad(samples, edges, mode="reflect").contiguous(memory_format=torch.channels_last)
    predicted = network(samples, timestep, text)
    return predicted[..., top : top + height, left : left + width]


def _join(texts: Sequence[EncodedText], repeats: int) -> EncodedText:
    """Each text `repeats` times, one after the other."""
    return type(texts[0])(
        *(
            torch.cat([part.repeat_interleave(repeats, dim=0) for part in parts])
            for parts in zip(*texts, strict=True)
        )
    )


def _sample(
    stage: str,
    network: Glide,
    denoise: Callable[..., torch.Tensor],
    schedulers: Sequence[SchedulerMixin],
    samples: Sequence[torch.Tensor],
    generators: Sequence[torch.Generator | Noise],
    report: Report,
    batch_size: int,
    conditions: torch.Tensor | None = None,
) -> list[torch.Tensor]:
    """Denoise samples side by side: networks see batches, schedulers one sample each."""
    device, dtype = network.unet.device, network.unet.dtype
    samples = [sample.to(device) for sample in samples]
    timesteps = schedulers[0].timesteps.tolist()
    report(Progress(stage, 0, len(timesteps)))
    for done, timestep in enumerate(timesteps, start=1):
        guesses = []
        for indices in _batches(len(samples), batch_size):
            full = _filled(indices, batch_size)
            noisy = torch.cat([samples[index] for index in full])
            noisy = noisy.to(dtype, memory_format=torch.channels_last)
            given = (noisy,) if conditions is None else (noisy, conditions[full].to(dtype))
            predicted = denoise(given[0], timestep, *given[1:])[: len(indices)].float()
            check_finite(predicted, NETWORKS[stage])
            for index, prediction in zip(indices, predicted.split(1), strict=True):
                samples[index], guess = _step(
                    schedulers[index], prediction, timestep, samples[index], generators[index]
                )
                guesses.append(guess)
        report(Progress(stage, done, len(timesteps), _to_unit(torch.cat(guesses)).cpu()))
    return [_to_unit(sample).cpu() for sample in samples]


def _batches(count: int, size: int) -> Iterator[list[int]]:
    return ([*range(start, min(start + size, count))] for start in range(0, count, size))


def _filled(indices: list[int], size: int) -> list[int]:
    """As many as a batch has: the last one again and again, where there are fewer."""
    return indices + indices[-1:] * (size - len(indices))


def _to_unit(samples: torch.Tensor) -> torch.Tensor:
    return ((samples + 1) / 2).clamp(0, 1)


def _step(
    scheduler: SchedulerMixin,
    prediction: torch.Tensor,
    timestep: int,
    sample: torch.Tensor,
    generator: torch.Generator | Noise,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The sample after one step, and the picture it is guessed to become."""
    if hasattr(scheduler, "model_outputs"):  # the solver's guesses of the picture
        return scheduler.step(prediction, timestep, sample).prev_sample, scheduler.model_outputs[-1]
    guess, mean, deviation = _ancestral(scheduler, prediction, timestep, sample)
    if timestep == 0:
        return mean, guess
    height, width = sample.shape[-2:]
    return mean + deviation * draw_noise(generator, width, height).to(sample.device), guess


def _ancestral(
    scheduler: SchedulerMixin, prediction: torch.Tensor, timestep: int, sample: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The guessed picture, and what the next sample is drawn from: mean and standard deviation.

    To the last bit what diffusers' `DDPMScheduler.step` has, which takes no noise but what it draws itself.
    Equations 6 and 7 of Ho et al. 2020, with the learned variance of Nichol and Dhariwal 2021.
    """
    epsilon, share = prediction.chunk(2, dim=1)
    before = scheduler.previous_timestep(timestep)
    signal = scheduler.alphas_cumprod[timestep]
    cleaner = scheduler.alphas_cumprod[before] if before >= 0 else scheduler.one
    noise, kept = 1 - signal, signal / cleaner
    guess = ((sample - noise**0.5 * epsilon) / signal**0.5).clamp(-1, 1)
    mean = cleaner**0.5 * (1 - kept) / noise * guess + kept**0.5 * (1 - cleaner) / noise * sample
    least = torch.log(torch.clamp((1 - cleaner) / noise * (1 - kept), min=1e-20))
    share = (share + 1) / 2
    return guess, mean, torch.exp(0.5 * (share * torch.log(1 - kept) + (1 - share) * least))


def base_scheduler(sampler: str, steps: int, sampling: Sampling) -> SchedulerMixin:
    """Diffusers' scheduler for a base model, its timesteps set.

    "ancestral" is DDPM with the learned variance, as published; "ddim" the deterministic sampler with
    clipping (Song et al. 2021); "dpm++" DPM-Solver++ of second order (Lu et al. 2022).
    """
    with importing_diffusers:
        from diffusers import DDPMScheduler

    schedule = {"beta_schedule": "squaredcos_cap_v2", "variance_type": "learned_range"}
    if sampler == "ancestral":
        scheduler = DDPMScheduler(TIMESTEPS, clip_sample=True, **schedule)
    else:
        scheduler = _solver(order=2 if sampler == "dpm++" else 1, **schedule)
    timesteps = spaced_timesteps(steps, sampling.start_log_snr, scheduler, sampling.spacing)
    scheduler.set_timesteps(timesteps=timesteps)
    return scheduler


def upsampler_scheduler(timesteps: Sequence[int]) -> SchedulerMixin:
    """Diffusers' scheduler for an upsampler: DDIM with clipping, over the set's own timesteps."""
    scheduler = _solver(
        order=1, beta_schedule="linear", beta_start=1e-4, beta_end=0.02, variance_type="learned_range"
    )
    scheduler.set_timesteps(timesteps=list(timesteps))
    return scheduler


def _solver(order: int, **schedule: object) -> SchedulerMixin:
    with importing_diffusers:
        from diffusers import DPMSolverMultistepScheduler

    # Dynamic thresholding with a largest value of 1 is clipping; the first order is DDIM.
    scheduler = DPMSolverMultistepScheduler(
        TIMESTEPS,
        solver_order=order,
        thresholding=True,
        sample_max_value=1.0,
        final_sigmas_type="zero",
        **schedule,
    )
    # The same to the last bit, without sorting all values for a percentile that is bounded by 1 both ways.
    scheduler._threshold_sample = lambda sample: sample.clamp(-1, 1)
    return scheduler


def spaced_timesteps(
    steps: int, start_log_snr: float | None, scheduler: SchedulerMixin, spacing: str = "even"
) -> list[int]:
    """Timesteps from where denoising starts down to 0, noisiest first.

    Parameters
    ----------
    spacing : "even", as published GLIDE spaces them; "log-snr": even in the logarithm of the signal-to-noise
        ratio, which takes more of the cleaner ones. Fewer come back where several would be the same.
    start_log_snr : natural logarithm of the signal-to-noise ratio, alpha-bar / (1 - alpha-bar), at the
        first timestep; None starts at the last of the schedule, as published.
    """
    signal, first = scheduler.alphas_cumprod, TIMESTEPS - 1
    log_snr = torch.log(signal / (1 - signal)).numpy()
    if start_log_snr is not None:
        first = int((log_snr >= start_log_snr).sum()) - 1
    if steps == 1:
        return [first]
    if spacing == "log-snr":
        wanted = np.linspace(log_snr[first], log_snr[0], steps)
        chosen = np.abs(log_snr[:, None] - wanted).argmin(0)
    else:
        chosen = np.linspace(0, first, steps).round().astype(int)
    return np.unique(chosen)[::-1].tolist()
