"""GLIDE's training objective: noised pictures, the epsilon loss, the learned variance. Knows no data.

Follows Nichol and Dhariwal 2021 (learned variance) and Nichol et al. 2022 (GLIDE).
"""

from __future__ import annotations

import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from bigart_lib.models.glide import Glide
from bigart_lib.models.text_encoder import EncodedText

TIMESTEPS = 1000
LEAST_SHARE = 0.12  # of the timesteps of low noise, against those of high noise
MOST_SNR = 5.0  # the signal-to-noise ratio above which timesteps are drawn more rarely


class Diffusion:
    """The forward process of one noise schedule (a name of diffusers' `beta_schedule`).

    `noisiest` is the last timestep to train at: those above the sampler's first would be learned for nothing.
    `largest_weight` bounds the weight of the epsilon loss, one over alpha-bar, which would grow without end.
    `blind_share` is the share of pictures drawn at the noisiest timestep with nothing of them in the sample,
    which is how sampling begins: after Lin et al. 2024, for a schedule that is cut short.
    """

    def __init__(
        self,
        schedule: str,
        device: torch.device,
        noisiest: int = TIMESTEPS - 1,
        largest_weight: float = 20.0,
        blind_share: float = 0.0,
    ) -> None:
        scheduler = DDPMScheduler(TIMESTEPS, beta_start=1e-4, beta_end=0.02, beta_schedule=schedule)
        signal = scheduler.alphas_cumprod.double()
        before = torch.cat([torch.ones(1, dtype=torch.float64), signal[:-1]])
        beta = 1 - signal / before
        posterior = (beta * (1 - before) / (1 - signal)).clamp(min=1e-20)
        posterior[0] = posterior[1]  # the first would be zero, and its logarithm without bound
        ratio = signal / (1 - signal)
        self.device = device
        self.noisiest = noisiest
        self.blind_share = blind_share
        self.frequency = (ratio.clamp(max=MOST_SNR) / ratio).clamp(min=LEAST_SHARE).float()
        self.frequency[noisiest + 1 :] = 0
        self.signal = signal.float().to(device)
        self.weight = (1 / signal).clamp(max=largest_weight).float().to(device)
        self.log_beta = beta.clamp(max=0.999).log().float().to(device)
        self.log_posterior = posterior.log().float().to(device)
        # The posterior mean is a clean share of the picture plus a noisy share of the sample.
        self.clean_share = (beta * before.sqrt() / (1 - signal)).float().to(device)

    def losses(
        self, network: Glide, clean: torch.Tensor, text: EncodedText, low: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Losses of a batch of pictures (N, 3, H, W) in [-1, 1]; `low` is an upsampler's enlarged input."""
        step = torch.multinomial(self.frequency, len(clean), replacement=True)
        blind = torch.rand(len(clean)) < self.blind_share
        step = torch.where(blind, self.noisiest, step).to(self.device)
        blind = blind.to(self.device)[:, None, None, None]
        noise = torch.randn_like(clean)
        signal = self.signal[step][:, None, None, None]
        # Where the sample is blind, what epsilon leaves of it is still the picture.
        noise = torch.where(blind, noise - (signal / (1 - signal)).sqrt() * clean, noise)
        noisy = signal.sqrt() * clean + (1 - signal).sqrt() * noise
        sample = noisy if low is None else torch.cat([noisy, low], dim=1)
        sample = sample.contiguous(memory_format=torch.channels_last)
        predicted, share = network(sample, step, text).float().chunk(2, dim=1)
        error = functional.mse_loss(predicted, noise, reduction="none").mean((1, 2, 3))
        return {
            "epsilon": (error * self.weight[step]).mean(),
            "variance": self._variance_loss(step, error_of_mean=(predicted - noise).detach(), share=share),
        }

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
