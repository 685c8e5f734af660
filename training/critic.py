"""The critic of a VQGAN's training: tells pictures from decoded ones, patch by patch. Knows no VQGAN.

After Isola et al. 2017 (judging patches), Miyato et al. 2018 (spectral normalisation and the hinge loss) and
Wang et al. 2018 (features of the critic as a measure of likeness).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

CHANNELS = (32, 64, 96)
LEAK = 0.2


class Critic(nn.Module):
    """A verdict on every patch of 22 px, and the features that led to it."""

    def __init__(self) -> None:
        super().__init__()
        widths = zip((3, *CHANNELS[:-1]), CHANNELS, strict=True)
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(width_in, width_out, 4, stride=2 if width_out < CHANNELS[-1] else 1))
            for width_in, width_out in widths
        )
        self.verdict = spectral_norm(nn.Conv2d(CHANNELS[-1], 1, 1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Of pictures (N, 3, H, W) in [-1, 1]: verdicts (N, 1, h, w), high for true ones, and features."""
        features = []
        for layer in self.layers:
            pictures = functional.leaky_relu(layer(pictures), LEAK)
            features.append(pictures)
        return self.verdict(pictures), features


def critic_loss(critic: Critic, true: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
    """What the critic learns from: the hinge loss on true pictures and on decoded ones."""
    verdicts = critic(torch.cat([true, decoded.detach()]))[0]
    for_true, for_decoded = verdicts.chunk(2)
    return (functional.relu(1 - for_true).mean() + functional.relu(1 + for_decoded).mean()) / 2


def decoder_losses(
    critic: Critic, true: torch.Tensor, decoded: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the decoder learns from: the critic's verdict, and the distance of the features."""
    with torch.no_grad():
        _, wanted = critic(true)
    verdict, features = critic(decoded)
    distances = [functional.l1_loss(one, other) for one, other in zip(features, wanted, strict=True)]
    return -verdict.mean(), sum(distances) / len(distances)
