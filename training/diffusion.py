"""GLIDE's training objective: noised pictures, the epsilon loss, the learned variance. Knows no data.

Follows Nichol and Dhariwal 2021 (learned variance) and Nichol et al. 2022 (GLIDE).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from bigart_lib.generate.network import Glide
from bigart_lib.generate.sampling import predict
from bigart_lib.generate.text_encoder import EncodedText

TIMESTEPS = 1000
LEAST_SHARE = 0.12  # of the timesteps of low noise, against those of high noise
TINT_PATCH = 32  # px a side of the patches whose mean colours count as the whole picture's does
DRIFT_PATCHES = 4  # a side, of colours that go astray on their own
MOST_SNR = 5.0  # the signal-to-noise ratio above which timesteps are drawn more rarely


@dataclass(frozen=True)
class Objective:
    """What a network is trained for; `schedule` is a name of diffusers' `beta_schedule`.

    Timesteps outside of `cleanest` to `noisiest`, where no sampler comes, would be learned for nothing.
    """

    schedule: str
    cleanest: int = 0
    noisiest: int = TIMESTEPS - 1
    largest_weight: float = 20.0  # of the epsilon loss, one over alpha-bar, which would grow without end
    # Where sampling begins if not at the noisiest, with noise alone: a share of the pictures is drawn there,
    # with nothing of them in the sample (after Lin et al. 2024).
    first: int | None = None
    blind_share: float = 0.25
    # How far the colours of half the samples go astray, at most, in deviations of [-1, 1], as those of a
    # picture do on the way through the sampler: an upsampler learns to go by its input again.
    drift: float = 0.0
    tint_weight: float = 0.0  # of the error in the mean colours of the picture and of its patches


class Diffusion:
    """The forward process of an objective, and its losses."""

    def __init__(self, objective: Objective, device: torch.device) -> None:
        self.objective = objective
        scheduler = DDPMScheduler(TIMESTEPS, beta_start=1e-4, beta_end=0.02, beta_schedule=objective.schedule)
        signal = scheduler.alphas_cumprod.double()
        before = torch.cat([torch.ones(1, dtype=torch.float64), signal[:-1]])
        beta = 1 - signal / before
        posterior = (beta * (1 - before) / (1 - signal)).clamp(min=1e-20)
        posterior[0] = posterior[1]  # the first would be zero, and its logarithm without bound
        ratio = signal / (1 - signal)
        self.device = device
        self.frequency = (ratio.clamp(max=MOST_SNR) / ratio).clamp(min=LEAST_SHARE).float()
        self.frequency[: objective.cleanest] = 0
        self.frequency[objective.noisiest + 1 :] = 0
        if objective.first is not None:
            share = objective.blind_share
            self.frequency[objective.first] = share / (1 - share) * self.frequency.sum()
        self.signal = signal.float().to(device)
        self.weight = (1 / signal).clamp(max=objective.largest_weight).float().to(device)
        self.log_beta = beta.clamp(max=0.999).log().float().to(device)
        self.log_posterior = posterior.log().float().to(device)
        # The posterior mean is a clean share of the picture plus a noisy share of the sample.
        self.clean_share = (beta * before.sqrt() / (1 - signal)).float().to(device)

    def losses(
        self, network: Glide, clean: torch.Tensor, text: EncodedText, low: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Losses of a batch of pictures (N, 3, H, W) in [-1, 1]; `low` is an upsampler's enlarged input."""
        objective = self.objective
        step = torch.multinomial(self.frequency, len(clean), replacement=True).to(self.device)
        signal = self.signal[step][:, None, None, None]
        seen = clean + self._drift(clean) if objective.drift else clean
        if objective.first is not None:
            seen = torch.where((step == objective.first)[:, None, None, None], 0, seen)
        # Whatever the sample shows, what epsilon leaves of it is the picture.
        noisy = signal.sqrt() * seen + (1 - signal).sqrt() * torch.randn_like(clean)
        noise = (noisy - signal.sqrt() * clean) / (1 - signal).sqrt()
        sample = noisy if low is None else torch.cat([noisy, low], dim=1)
        sample = sample.contiguous(memory_format=torch.channels_last)
        predicted, share = predict(network, sample, step, text).float().chunk(2, dim=1)
        missed = predicted - noise
        losses = {
            "epsilon": (missed.square().mean((1, 2, 3)) * self.weight[step]).mean(),
            "variance": self._variance_loss(step, error_of_mean=missed.detach(), share=share),
        }
        if objective.tint_weight:
            in_picture = missed * ((1 - signal) / signal).sqrt()
            patches = functional.avg_pool2d(in_picture, TINT_PATCH)
            tint = patches.mean((2, 3)).abs().mean() + patches.abs().mean()
            losses["tint"] = objective.tint_weight * tint
        return losses

    def _drift(self, clean: torch.Tensor) -> torch.Tensor:
        """By how much a sampler may have got colours of pictures wrong: as a whole, and here and there."""
        count, channels, *size = clean.shape
        strength = self.objective.drift * torch.randint(0, 2, (count, 1, 1, 1)) * torch.rand(count, 1, 1, 1)
        whole = torch.randn(count, channels, 1, 1)
        coarse = torch.randn(count, channels, DRIFT_PATCHES, DRIFT_PATCHES)
        local = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
        return (strength * (whole + local)).to(self.device)

    def _variance_loss(
        self, step: torch.Tensor, error_of_mean: torch.Tensor, share: torch.Tensor
    ) -> torch.Tensor:
        """Divergence of the predicted step back from the true one, by the variance alone."""
        table = [values[step][:, None, None, None] for values in (self.log_beta, self.log_posterior)]
        fraction = (share + 1) / 2
        predicted = fraction * table[0] + (1 - fraction) * table[1]
        # An error in epsilon moves the predicted mean in proportion.
        signal, clean_share = (
            values[step][:, None, None, None] for values in (self.signal, self.clean_share)
        )
        shift = clean_share * ((1 - signal) / signal).sqrt() * error_of_mean
        divergence = 0.5 * (
            predicted - table[1] - 1 + (table[1] - predicted).exp() + shift.square() * (-predicted).exp()
        )
        return divergence.mean()
