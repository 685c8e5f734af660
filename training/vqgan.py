"""Train the embedded VQGAN: `python -m training.vqgan`, and `--export FILE` to ship it.

Follows Esser et al. 2021 with a codebook that starts from what the encoder has learned, and whose unused
codes are given new places; the losses are absolute error, its gradient, and commitment to the codebook.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import VQModel
from torch.nn import functional

from bigart_lib.models import vqgan
from training.pictures import Pictures, random_crops
from training.run import PICTURES_BETWEEN_SHEETS, Run

SIZE = 32  # px a side of the crops trained on
PAINTED_SIZE = 256
CROPS = 8  # of each picture
BATCH = 16  # crops a step
TOTAL = 28_000  # crops
CONTINUOUS = 5_000  # crops before the codebook is used
STEPS_BETWEEN_REVIVALS = 50
SETTLED = 0.7  # share of the training after which codes stay where they are
COMMITMENT = 0.25  # of the encoder to the codes, against that of the codes to the encoder
GRADIENT_WEIGHT = 1.0
LEARNING_RATE = 6e-4
CONFIG = {
    "down_block_types": 3 * ("DownEncoderBlock2D",),
    "up_block_types": 3 * ("UpDecoderBlock2D",),
    "block_out_channels": (24, 48, 64),
    "mid_block_add_attention": False,
    "layers_per_block": 1,
    "latent_channels": 8,
    "num_vq_embeddings": 2048,
    "vq_embed_dim": 8,
    "norm_num_groups": 8,
}  # fmt: skip


def losses(
    network: VQModel, pictures: torch.Tensor, quantised: bool
) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Losses of pictures (N, 3, H, W) in [-1, 1], the latents, and the codes they took."""
    latents = network.quant_conv(network.encoder(pictures))
    taken = latents
    terms = {}
    indices = torch.empty(0, dtype=torch.int64)
    if quantised:
        codes, indices = vqgan.quantise(network, latents.detach())
        codes = network.quantize.embedding(indices).permute(0, 3, 1, 2)
        terms["codebook"] = functional.mse_loss(codes, latents.detach())
        terms["commitment"] = COMMITMENT * functional.mse_loss(latents, codes.detach())
        taken = latents + (codes - latents).detach()
    decoded = network.decoder(network.post_quant_conv(taken))
    terms["error"] = functional.l1_loss(decoded, pictures)
    terms["gradient"] = GRADIENT_WEIGHT * sum(
        functional.l1_loss(decoded.diff(dim=axis), pictures.diff(dim=axis)) for axis in (2, 3)
    )
    return terms, latents.detach(), indices


class Codebook:
    """Keeps every code of a network in use."""

    def __init__(self, network: VQModel) -> None:
        self.codes = network.quantize.embedding.weight
        self.uses = torch.zeros(len(self.codes))

    @torch.no_grad()
    def start(self, latents: torch.Tensor) -> None:
        """Place every code where the encoder has put something."""
        self.codes.copy_(self._draw(latents, len(self.codes)))

    @torch.no_grad()
    def revive(self, latents: torch.Tensor, indices: torch.Tensor, step: int) -> None:
        """Count the codes in use, and now and then give the others new places."""
        self.uses += torch.bincount(indices.flatten().cpu(), minlength=len(self.uses))
        if step % STEPS_BETWEEN_REVIVALS:
            return
        idle = (self.uses == 0).nonzero()[:, 0].to(self.codes.device)
        if len(idle):
            self.codes[idle] = self._draw(latents, len(idle))
        self.uses.zero_()

    @staticmethod
    def _draw(latents: torch.Tensor, count: int) -> torch.Tensor:
        vectors = latents.permute(0, 2, 3, 1).flatten(0, 2)
        chosen = vectors[torch.randint(len(vectors), (count,), device=vectors.device)]
        return chosen + 0.01 * vectors.std() * torch.randn_like(chosen)


def train(device: torch.device, seed: int, total: int) -> None:
    """Train until the crops are seen, from the last checkpoint if there is one."""
    torch.manual_seed(seed)
    network = VQModel(**CONFIG).to(device, memory_format=torch.channels_last)
    run = Run("vqgan", network, total, LEARNING_RATE)
    supply = Pictures(PAINTED_SIZE, np.random.default_rng([seed, run.done]))
    torch.manual_seed(seed + run.done)
    codebook = Codebook(network)
    next_sheet = run.done + PICTURES_BETWEEN_SHEETS
    was_quantised = run.done >= CONTINUOUS
    while run.done < total:
        painted, _ = supply.take(BATCH // CROPS)
        crops = random_crops(painted.to(device).float() / 127.5 - 1, SIZE, CROPS)
        quantised = run.done >= CONTINUOUS
        if quantised and not was_quantised:
            with torch.no_grad():
                codebook.start(network.quant_conv(network.encoder(crops)))
        was_quantised = quantised
        terms, latents, indices = losses(network, crops, quantised)
        run.update(terms, len(crops))
        if quantised and run.done < total * SETTLED:
            codebook.revive(latents, indices, run.step)
        if run.done >= next_sheet:
            next_sheet = run.done + PICTURES_BETWEEN_SHEETS
            with torch.inference_mode():
                unit = (crops[:12] + 1) / 2
                pictures = [vqgan.reconstruct(run.average.module, one) for one in unit.split(1)]
            run.sheet([unit, torch.cat(pictures)])
    run.save()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=TOTAL, help="crops to see in all")
    parser.add_argument("--export", type=Path, help="write the trained weights here instead of training")
    options = parser.parse_args(arguments)
    if options.export:
        run = Run("vqgan", VQModel(**CONFIG), options.pictures, LEARNING_RATE)
        vqgan.save(run.average.module, options.export)
    else:
        train(torch.device(options.device), options.seed, options.pictures)


if __name__ == "__main__":
    main()
