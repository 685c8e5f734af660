"""Train the embedded VQGAN: `python -m training.vqgan`, and `--export FILE` to ship it.

Follows Esser et al. 2021, in two halves: encoder and decoder first learn without codes; then k-means places
the codes amid what the encoder says, and they and the decoder go on learning. The losses: absolute error of
the picture, of its gradient, of its large patches' colours and of its tint as a whole; then the codebook's,
and those of a critic and of how strong fine detail is (`critic.py`, `likeness.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import VQModel
from torch.nn import functional

from bigart_lib.finish import vqgan
from training.codes import place_codes, weigh_latents
from training.critic import Critic, critic_loss, decoder_losses
from training.fused import accelerate
from training.likeness import detail_distances, distances
from training.patches import LATENTS, begin_patches
from training.pictures import Pictures, enlarged_crop, random_crops
from training.run import PICTURES_BETWEEN_SHEETS, Phase, Run, phase_of, quick_arithmetic

PAINTED_SIZE = 256
CROPS = 2  # of each picture, at most
PHOTOGRAPHS_SHARE = 0.6
ENLARGED_SHARE = 0.4  # of all pictures, crops of larger ones, as the tool passes them through
# Normalisation sees whole pictures later: the last pictures are as large as can be trained on.
PHASES = (
    Phase(until=14_000, size=64, batch=4),
    Phase(until=17_500, size=128, batch=2),
    Phase(until=18_000, size=256, batch=1),
    Phase(until=24_000, size=128, batch=2),
    Phase(until=36_100, size=256, batch=1),
)
CODES_FROM = 18_000  # crops before the codebook is used; the encoder is finished then
DETAIL_FROM = 18_300  # crops before fine detail must be as strong as the truth's, and the critic has a say
BIASES_UNTIL = 27_500  # crops before the biases of the decoder are finished
FOR_CODES = 1600  # pictures that the codes are placed by
FOR_WEIGHING = 24  # of them, that the latents are weighed by
CODES_SIZE = 128  # px a side of their crops
CRITIC_WEIGHT = 0.3  # of the critic's pull on the last layer, against that of the other losses
FEATURES_WEIGHT = 0.3
LEARNING_RATE = 3e-4
CRITIC_LEARNING_RATE = 3e-4
CONFIG = {
    "down_block_types": 3 * ("DownEncoderBlock2D",),
    "up_block_types": 3 * ("UpDecoderBlock2D",),
    "block_out_channels": (32, 48, 96),
    "mid_block_add_attention": False,
    "layers_per_block": 1,
    "latent_channels": LATENTS,
    "num_vq_embeddings": 131072,
    "vq_embed_dim": LATENTS,
    "norm_num_groups": 4,
}  # fmt: skip


def build() -> VQModel:
    """The untrained network, which begins by carrying colours: see `patches.py`."""
    network = VQModel(**CONFIG)
    begin_patches(network)
    return network


def encode(network: VQModel, pictures: torch.Tensor) -> torch.Tensor:
    """The latents of pictures in [-1, 1], float32."""
    return network.quant_conv(network.encoder(pictures)).float()


def decode(network: VQModel, latents: torch.Tensor) -> torch.Tensor:
    """The pictures that latents or codes stand for, about in [-1, 1], float32."""
    return network.decoder(network.post_quant_conv(latents)).float()


def balance(network: VQModel, wanted: torch.Tensor, verdict: torch.Tensor) -> torch.Tensor:
    """The weight at which the critic's verdict pulls the last layer `CRITIC_WEIGHT` times as hard."""
    last = network.decoder.conv_out.weight
    pulls = [torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (wanted, verdict)]
    return (CRITIC_WEIGHT * pulls[0] / (pulls[1] + 1e-4)).clamp(max=10).detach()


def freeze_encoder(network: VQModel) -> None:
    """Train the encoder no further: from here on codes and decoder learn what it says."""
    for module in (network.encoder, network.quant_conv):
        module.requires_grad_(False)


def begin_codes(run: Run, network: VQModel, pictures: torch.Tensor) -> None:
    """Go on from the moving average of the weights, with codes placed amid its latents of the pictures."""
    with run.at_average(), torch.no_grad():
        weigh_latents(network, pictures[:FOR_WEIGHING])
        place_codes(network, torch.cat([encode(network, some) for some in pictures.split(4)]))


def freeze_biases(network: VQModel) -> None:
    """Let the decoder's biases be what bfloat16 makes of them, and train them no further.

    The constants among them (see `passage.py`) are large: what rounding does to them is seen in the colours.
    """
    for module in (*network.decoder.modules(), network.post_quant_conv):
        if isinstance(module, torch.nn.Conv2d):
            module.bias.data.copy_(module.bias.data.bfloat16())
            module.bias.requires_grad_(False)


def losses(
    network: VQModel, crops: torch.Tensor, by_codes: bool
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """What encoder and decoder learn from but for the critic, and the decoded crops."""
    latents, terms = encode(network, crops), {}
    if by_codes:
        codes, _ = vqgan.quantise(network, latents)
        terms["codebook"] = functional.mse_loss(codes, latents)
        latents = codes.detach()
    decoded = decode(network, latents)
    return terms | distances(decoded, crops), decoded


def detail_losses(
    network: VQModel, critic: Critic, wanted: dict, crops: torch.Tensor, decoded: torch.Tensor
) -> dict[str, torch.Tensor]:
    """What the decoder learns fine detail from, the critic's verdict weighed against the `wanted` losses."""
    verdict, features = decoder_losses(critic, crops, decoded)
    return {
        "verdict": balance(network, sum(wanted.values()), verdict) * verdict,
        "features": FEATURES_WEIGHT * features,
        **detail_distances(decoded, crops),
    }


def taken(supply: Pictures, count: int) -> torch.Tensor:
    """Pictures (count, 3, PAINTED_SIZE, PAINTED_SIZE) in [-1, 1], some of them as the tool enlarged them."""
    generator = supply.generator
    pictures = [
        enlarged_crop(generator, PAINTED_SIZE)
        if generator.random() < ENLARGED_SHARE
        else supply.take(1)[0][0].float() / 255
        for _ in range(count)
    ]
    return torch.stack(pictures) * 2 - 1


def train(device: torch.device, seed: int, begin: Path | None = None, seen: int = 0) -> None:
    """Train until the crops are seen, from the last checkpoint if there is one.

    Without one, `begin` is an exported file to begin from, whose network has `seen` so many crops.
    """
    torch.manual_seed(seed)
    network = build()
    if begin:
        begun = vqgan.load(begin).state_dict()
        if seen <= CODES_FROM:  # codes will be placed
            del begun["quantize.embedding.weight"]
        network.load_state_dict(network.state_dict() | begun)
    network = accelerate(network.to(device, memory_format=torch.channels_last))
    critic = Critic().to(device, memory_format=torch.channels_last)
    critic_optimizer = torch.optim.AdamW(critic.parameters(), CRITIC_LEARNING_RATE, betas=(0.5, 0.9))
    beside = {"critic": critic, "critic_optimizer": critic_optimizer}
    run = Run("vqgan", network, PHASES, LEARNING_RATE, beside, seen)
    supply = Pictures(PAINTED_SIZE, np.random.default_rng(seed), PHOTOGRAPHS_SHARE)
    next_sheet = run.done + PICTURES_BETWEEN_SHEETS
    by_codes = run.done > CODES_FROM
    biases_learn = run.done <= BIASES_UNTIL
    if by_codes:
        freeze_encoder(network)
    if not biases_learn:
        freeze_biases(network)
    while run.done < run.total:
        phase = phase_of(PHASES, run.done)
        supply.generator = run.draws(seed)
        if not by_codes and run.done >= CODES_FROM:
            begin_codes(run, network, random_crops(taken(supply, FOR_CODES).to(device), CODES_SIZE, 1))
            freeze_encoder(network)
            by_codes = True
        if biases_learn and run.done >= BIASES_UNTIL:
            with run.at_average():
                freeze_biases(network)
            biases_learn = False
        count = min(CROPS, phase.batch)
        crops = random_crops(taken(supply, phase.batch // count).to(device), phase.size, count)
        with_detail = run.done >= DETAIL_FROM
        with quick_arithmetic(device):
            terms, decoded = losses(network, crops, by_codes)
            if with_detail:
                terms |= detail_losses(network, critic, terms, crops, decoded)
        run.update(terms, len(crops))
        if with_detail:
            critic_optimizer.zero_grad()
            with quick_arithmetic(device):
                loss = critic_loss(critic, crops, decoded)
            loss.backward()
            critic_optimizer.step()
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
