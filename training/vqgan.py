"""Train the embedded VQGAN: `python -m training.vqgan`, and `--export FILE` to ship it.

Follows Esser et al. 2021 with a codebook that starts from what the encoder has learned, and whose unused
codes are given new places. The losses: absolute error of the picture, of its gradient, of its large patches'
colours and of its tint as a whole, the codebook's, and, towards the end, those of a critic.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import VQModel
from diffusers.models.resnet import ResnetBlock2D
from torch.nn import functional

from bigart_lib.models import vqgan
from training.critic import Critic, critic_loss, decoder_losses
from training.fused import accelerate
from training.pictures import Pictures, random_crops
from training.run import PICTURES_BETWEEN_SHEETS, Phase, Run, phase_of, quick_arithmetic

PAINTED_SIZE = 256
CROPS = 2  # of each picture, at most
PHOTOGRAPHS_SHARE = 0.25
# Normalisation sees whole pictures later: the last pictures are as large as can be trained on.
PHASES = (
    Phase(until=48_000, size=64, batch=4),
    Phase(until=58_500, size=256, batch=1),
)
CONTINUOUS = 5_000  # crops before the codebook is used
GUIDED = 4_000  # crops in which the first three latent channels are told to be the small picture's colours
CRITIC_FROM = 36_000  # crops before the critic has a say
STEPS_BETWEEN_REVIVALS = 50
SETTLED = 42_000  # crops after which codes stay where they are
COMMITMENT = 0.25  # of the encoder to the codes, against that of the codes to the encoder
GRADIENT_WEIGHT = 1.5
COLOUR_WEIGHT = 2.0
TINT_WEIGHT = 3.0
COLOUR_PATCH = 16  # px a side of the patches whose mean colour must be right
CRITIC_WEIGHT = 0.3  # of the critic's pull on the last layer, against that of the other losses
FEATURES_WEIGHT = 0.3
CONSTANT = 1.0  # added to half of the channels of each group at first, and taken from the other half
LEARNING_RATE = 1e-3
CRITIC_LEARNING_RATE = 3e-4
CONFIG = {
    "down_block_types": 3 * ("DownEncoderBlock2D",),
    "up_block_types": 3 * ("UpDecoderBlock2D",),
    "block_out_channels": (24, 48, 96),
    "mid_block_add_attention": False,
    "layers_per_block": 1,
    "latent_channels": 8,
    "num_vq_embeddings": 4096,
    "vq_embed_dim": 8,
    "norm_num_groups": 2,
}  # fmt: skip


def build() -> VQModel:
    """The untrained network, its normalisations made to leave colours alone.

    Group normalisation takes from a picture how light and how coloured it is as a whole. Where half of each
    group's channels begin far above zero and half as far below, mean and deviation are mostly those of the
    constants, and what the picture adds passes as it is.
    """
    network = VQModel(**CONFIG)
    for half in (network.encoder, network.decoder):
        streams = [half.conv_in]
        for name, module in half.named_modules():
            if name.endswith(("conv_shortcut", "samplers.0.conv")):
                streams.append(module)
        for stream in streams:
            signs = torch.tensor([1.0, -1.0]).repeat(stream.out_channels // 2)
            stream.bias.data.copy_(CONSTANT * signs)
            stream.weight.data.mul_(3**0.5)  # torch's beginning would make the picture fainter each time
        for module in half.modules():
            if isinstance(module, ResnetBlock2D):
                torch.nn.init.zeros_(module.conv2.weight)
    return network


def reconstruct(
    network: VQModel, pictures: torch.Tensor, quantised: bool
) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Pictures (N, 3, H, W) in [-1, 1] decoded, the codebook's losses, the latents, and the codes taken."""
    latents = network.quant_conv(network.encoder(pictures)).float()
    taken = latents
    terms = {}
    indices = torch.empty(0, dtype=torch.int64)
    if quantised:
        codes, indices = vqgan.quantise(network, latents.detach())
        terms["codebook"] = functional.mse_loss(codes, latents.detach())
        terms["commitment"] = COMMITMENT * functional.mse_loss(latents, codes.detach())
        taken = latents + (codes - latents).detach()
    decoded = network.decoder(network.post_quant_conv(taken)).float()
    return decoded, terms, latents, indices


def distances(decoded: torch.Tensor, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
    """How far decoded pictures are from those they stand for: in pixels, edges and the colours of patches."""
    edges = [functional.l1_loss(decoded.diff(dim=axis), pictures.diff(dim=axis)) for axis in (2, 3)]
    patches = [functional.avg_pool2d(one, COLOUR_PATCH) for one in (decoded, pictures)]
    # Absolute errors are least at the median, which of a dark patch is darker than its mean.
    means = [one.mean((2, 3)) for one in (decoded, pictures)]
    return {
        "error": functional.l1_loss(decoded, pictures),
        "gradient": GRADIENT_WEIGHT * sum(edges),
        "colour": COLOUR_WEIGHT * functional.l1_loss(*patches),
        "tint": TINT_WEIGHT * functional.l1_loss(*means),
    }


def balance(network: VQModel, wanted: torch.Tensor, verdict: torch.Tensor) -> torch.Tensor:
    """The weight at which the critic's verdict pulls the last layer `CRITIC_WEIGHT` times as hard."""
    last = network.decoder.conv_out.weight
    pulls = [torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (wanted, verdict)]
    return (CRITIC_WEIGHT * pulls[0] / (pulls[1] + 1e-4)).clamp(max=10).detach()


class Codebook(torch.nn.Module):
    """Keeps every code of a network in use."""

    def __init__(self, network: VQModel) -> None:
        super().__init__()
        self.codes = network.quantize.embedding.weight
        self.register_buffer("uses", torch.zeros(len(self.codes)))

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


def train(device: torch.device, seed: int, begin: Path | None = None, seen: int = 0) -> None:
    """Train until the crops are seen, from the last checkpoint if there is one.

    Without one, `begin` is an exported file to begin from, whose network has `seen` so many crops.
    """
    torch.manual_seed(seed)
    network = build()
    if begin:
        network.load_state_dict(vqgan.load(begin).state_dict())
    network = accelerate(network.to(device, memory_format=torch.channels_last))
    critic = Critic().to(device, memory_format=torch.channels_last)
    critic_optimizer = torch.optim.AdamW(critic.parameters(), CRITIC_LEARNING_RATE, betas=(0.5, 0.9))
    codebook = Codebook(network)
    beside = {"critic": critic, "critic_optimizer": critic_optimizer, "codebook": codebook}
    run = Run("vqgan", network, PHASES, LEARNING_RATE, beside, seen)
    supply = Pictures(PAINTED_SIZE, np.random.default_rng(seed), PHOTOGRAPHS_SHARE)
    next_sheet = run.done + PICTURES_BETWEEN_SHEETS
    was_quantised = run.done >= CONTINUOUS
    while run.done < run.total:
        phase = phase_of(PHASES, run.done)
        supply.generator = run.draws(seed)
        count = min(CROPS, phase.batch)
        painted, _ = supply.take(phase.batch // count)
        crops = random_crops(painted.to(device).float() / 127.5 - 1, phase.size, count)
        quantised = run.done >= CONTINUOUS
        with quick_arithmetic(device):
            if quantised and not was_quantised:
                with torch.no_grad():
                    codebook.start(network.quant_conv(network.encoder(crops)).float())
            was_quantised = quantised
            decoded, terms, latents, indices = reconstruct(network, crops, quantised)
            wanted = distances(decoded, crops)
            if run.done < GUIDED:
                # Else latents hold lightness alone for long: normalisation hides what is of one colour.
                small = functional.avg_pool2d(crops, vqgan.downsampling(network))
                terms["latents"] = functional.mse_loss(latents[:, :3], small)
            if run.done >= CRITIC_FROM:
                verdict, features = decoder_losses(critic, crops, decoded)
                terms["verdict"] = balance(network, sum(wanted.values()), verdict) * verdict
                terms["features"] = FEATURES_WEIGHT * features
        run.update(terms | wanted, len(crops))
        if run.done >= CRITIC_FROM:
            critic_optimizer.zero_grad()
            critic_loss(critic, crops, decoded).backward()
            critic_optimizer.step()
        if quantised and run.done < SETTLED:
            codebook.revive(latents.detach(), indices, run.step)
        if run.done >= next_sheet:
            next_sheet = run.done + PICTURES_BETWEEN_SHEETS
            run.sheet(samples(run.average.module, supply))
        run.save_now_and_then()


def samples(network: VQModel, supply: Pictures) -> list[torch.Tensor]:
    """Rows for a sheet: whole pictures, and what becomes of them."""
    pictures = supply.take(6)[0].float() / 255
    weights = next(network.parameters())
    decoded = [vqgan.reconstruct(network, one.to(weights.device)).cpu() for one in pictures.split(1)]
    return [pictures, torch.cat(decoded)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="begin", type=Path, help="begin from these exported weights")
    parser.add_argument("--seen", type=int, default=0, help="crops that those weights have seen")
    parser.add_argument("--export", type=Path, help="write the trained weights here instead of training")
    options = parser.parse_args(arguments)
    if options.export:
        run = Run("vqgan", build(), PHASES, LEARNING_RATE)
        vqgan.save(run.average.module, options.export)
    else:
        train(torch.device(options.device), options.seed, options.begin, options.seen)


if __name__ == "__main__":
    main()
