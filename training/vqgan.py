"""Train the embedded VQGAN: `python -m training.vqgan`, and `--export FILE` to ship it.

Follows Esser et al. 2021, in two halves: encoder and decoder first learn without codes; then k-means places
the codes amid what the encoder says, and they and the decoder go on learning. The losses: absolute error of
the picture, of its gradient, of its large patches' colours and of its tint as a whole; then the codebook's,
and those of a critic and of how strong fine detail is.
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
from training.passage import Lanes, Tap, add_constants, keep_size, lanes, lay, middle, through_silu
from training.pictures import Pictures, random_crops
from training.run import PICTURES_BETWEEN_SHEETS, Phase, Run, phase_of, quick_arithmetic

PAINTED_SIZE = 256
CROPS = 2  # of each picture, at most
PHOTOGRAPHS_SHARE = 0.35
# Normalisation sees whole pictures later: the last pictures are as large as can be trained on.
PHASES = (
    Phase(until=14_000, size=64, batch=4),
    Phase(until=17_500, size=128, batch=2),
    Phase(until=21_500, size=256, batch=1),
)
CODES_FROM = 18_000  # crops before the codebook is used; the encoder is finished then
DETAIL_FROM = 18_300  # crops before fine detail must be as strong as the truth's, and the critic has a say
FOR_CODES = 96  # crops whose latents the codes are placed by
ROUNDS = 5  # of k-means, to place them
GRADIENT_WEIGHT = 1.5
COLOUR_WEIGHT = 2.0
TINT_WEIGHT = 3.0
DETAIL_WEIGHT = 8.0  # errors of pixels and edges are least for blurred pictures, and must be outweighed
DETAIL_PATCH = 8  # px a side of the patches whose detail must be as strong as the truth's
COLOUR_PATCH = 16  # px a side of the patches whose mean colour must be right
CRITIC_WEIGHT = 0.3  # of the critic's pull on the last layer, against that of the other losses
FEATURES_WEIGHT = 0.3
LEARNING_RATE = 3e-4
CRITIC_LEARNING_RATE = 3e-4
COLOURS = 3
LATENTS = 8
CONFIG = {
    "down_block_types": 3 * ("DownEncoderBlock2D",),
    "up_block_types": 3 * ("UpDecoderBlock2D",),
    "block_out_channels": (32, 48, 96),
    "mid_block_add_attention": False,
    "layers_per_block": 1,
    "latent_channels": LATENTS,
    "num_vq_embeddings": 16384,
    "vq_embed_dim": LATENTS,
    "norm_num_groups": 4,
}  # fmt: skip
FOUR = ((0, 0), (0, 1), (1, 0), (1, 1))  # row and column of the pixels that become one
ACROSS, DOWN, CORNERS = (-1, 1, -1, 1), (-1, -1, 1, 1), (1, -1, -1, 1)  # their signs in a change
LIGHTNESS = (0.299, 0.587, 0.114)  # Rec. 601
CHANGE = 2.0  # how much larger changes are than they would be beside mean colours
SMOOTH = (0.25, 0.5, 0.25)  # along a row or column: after repeating pixels, almost bilinear
KERNEL = tuple((y, x) for y in range(3) for x in range(3))


def build() -> VQModel:
    """The untrained network, which begins by carrying colours: see `passage.py`.

    A latent is the mean colour of its patch, and how lightness changes across it: from left to right, from
    top to bottom and from corner to corner, then within its quarters from left to right and from top to
    bottom. The decoder enlarges the colours; what the rest is good for it learns.
    """
    network = VQModel(**CONFIG)
    for module in network.modules():
        if isinstance(module, ResnetBlock2D):
            torch.nn.init.zeros_(module.conv2.weight)
            torch.nn.init.zeros_(module.conv2.bias)
    _begin_encoder(network)
    _begin_decoder(network)
    return network


def _begin_encoder(network: VQModel) -> None:
    encoder = network.encoder
    fine, half, quarter = encoder.down_blocks
    widths, groups = CONFIG["block_out_channels"], CONFIG["norm_num_groups"]
    colours = lanes(widths[0], groups, COLOURS)
    lay(encoder.conv_in, colours, [{middle(encoder.conv_in, colour): 1.0} for colour in range(COLOURS)])
    # The kernel of a step down begins at the four pixels that become one.
    changes = lanes(widths[0], groups, COLOURS + 2)
    across, down = (lightness(colours, pattern) for pattern in (ACROSS, DOWN))
    lay(fine.downsamplers[0].conv, changes, [*means(colours.signals), across, down])
    wider = lanes(widths[1], groups, COLOURS + 2)
    _widen(half.resnets[0], changes, wider)
    latents = lanes(widths[1], groups, LATENTS)
    own = [lightness(wider, pattern) for pattern in (ACROSS, DOWN, CORNERS)]
    kept, fine_changes = means(wider.signals[:COLOURS]), means(wider.signals[COLOURS:])
    lay(half.downsamplers[0].conv, latents, [*kept, *own, *fine_changes])
    last = lanes(widths[2], groups, LATENTS)
    _widen(quarter.resnets[0], latents, last)
    _end(encoder, encoder.mid_block.resnets[-1], last)
    _leave_alone(network.quant_conv)


def _begin_decoder(network: VQModel) -> None:
    decoder = network.decoder
    groups = CONFIG["norm_num_groups"]
    _leave_alone(network.post_quant_conv)
    here = lanes(decoder.conv_in.out_channels, groups, COLOURS)
    lay(decoder.conv_in, here, [{middle(decoder.conv_in, colour): 1.0} for colour in range(COLOURS)])
    for block in decoder.up_blocks:
        for resnet in block.resnets:
            if resnet.conv_shortcut is not None:
                narrower = lanes(resnet.out_channels, groups, COLOURS)
                _widen(resnet, here, narrower)
                here = narrower
        for enlarge in block.upsamplers or ():
            smooth = [{(row, y, x): SMOOTH[y] * SMOOTH[x] for y, x in KERNEL} for row in here.signals]
            lay(enlarge.conv, here, smooth)
    _end(decoder, decoder.up_blocks[-1].resnets[-1], here)


def _widen(resnet: ResnetBlock2D, before: Lanes, after: Lanes) -> None:
    """Let a residual block that changes the number of channels pass the signals on."""
    lay(resnet.conv_shortcut, after, [{middle(resnet.conv_shortcut, row): 1.0} for row in before.signals])


@torch.no_grad()
def _end(half: torch.nn.Module, last: ResnetBlock2D, given: Lanes) -> None:
    """Let an encoder or decoder give the signals, past its last normalisation, and nothing else."""
    add_constants(last.conv2, given)  # no sooner: what reads large constants learns in great leaps
    keep_size(half.conv_norm_out, given)
    torch.nn.init.zeros_(half.conv_out.weight)
    torch.nn.init.zeros_(half.conv_out.bias)
    for out, row in enumerate(given.signals):
        for tap, weight in through_silu(half.conv_out, row).items():
            half.conv_out.weight[(out, *tap)] = weight


def means(signals: Sequence[int]) -> list[dict[Tap, float]]:
    """Taps of the mean of four pixels, for each signal."""
    return [{(row, y, x): 0.25 for y, x in FOUR} for row in signals]


def lightness(given: Lanes, pattern: tuple[int, ...]) -> dict[Tap, float]:
    """Taps of a change of lightness among four pixels, of the colours that are the first signals."""
    return {
        (row, y, x): CHANGE * share * sign / 4
        for row, share in zip(given.signals, LIGHTNESS, strict=False)
        for (y, x), sign in zip(FOUR, pattern, strict=True)
    }


@torch.no_grad()
def _leave_alone(layer: torch.nn.Conv2d) -> None:
    layer.weight.copy_(torch.eye(len(layer.weight))[:, :, None, None])
    torch.nn.init.zeros_(layer.bias)


def encode(network: VQModel, pictures: torch.Tensor) -> torch.Tensor:
    """The latents of pictures in [-1, 1], float32."""
    return network.quant_conv(network.encoder(pictures)).float()


def decode(network: VQModel, latents: torch.Tensor) -> torch.Tensor:
    """The pictures that latents or codes stand for, about in [-1, 1], float32."""
    return network.decoder(network.post_quant_conv(latents)).float()


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


def detail_distance(decoded: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How far fine detail is from being as strong as the truth's, patch by patch, wherever it is in them."""

    def strength(images: torch.Tensor) -> torch.Tensor:
        fine = images - functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
        return functional.avg_pool2d(fine.abs(), DETAIL_PATCH)

    return functional.l1_loss(strength(decoded), strength(pictures))


def balance(network: VQModel, wanted: torch.Tensor, verdict: torch.Tensor) -> torch.Tensor:
    """The weight at which the critic's verdict pulls the last layer `CRITIC_WEIGHT` times as hard."""
    last = network.decoder.conv_out.weight
    pulls = [torch.autograd.grad(loss, last, retain_graph=True)[0].norm() for loss in (wanted, verdict)]
    return (CRITIC_WEIGHT * pulls[0] / (pulls[1] + 1e-4)).clamp(max=10).detach()


@torch.no_grad()
def place_codes(network: VQModel, latents: torch.Tensor) -> None:
    """Place the codes amid what the encoder makes of many pictures, by some rounds of k-means."""
    codes = network.quantize.embedding.weight
    vectors = latents.permute(0, 2, 3, 1).flatten(0, 2)
    chosen = vectors[torch.randint(len(vectors), (len(codes),), device=vectors.device)]
    codes.copy_(chosen + 0.01 * vectors.std() * torch.randn_like(chosen))
    for _ in range(ROUNDS):
        indices = vqgan.quantise(network, latents)[1].flatten()
        counts = torch.bincount(indices, minlength=len(codes))[:, None]
        sums = torch.zeros_like(codes).index_add_(0, indices, vectors)
        codes.copy_(torch.where(counts > 0, sums / counts, codes))


def freeze_encoder(network: VQModel) -> None:
    """Train the encoder no further: from here on codes and decoder learn what it says."""
    for module in (network.encoder, network.quant_conv):
        module.requires_grad_(False)


def begin_codes(run: Run, network: VQModel, pictures: torch.Tensor) -> None:
    """Go on from the moving average of the weights, with codes placed amid its latents of the pictures."""
    network.load_state_dict(run.average.module.state_dict())
    with torch.no_grad():
        place_codes(network, torch.cat([encode(network, one) for one in pictures.split(1)]))
    run.average.module.load_state_dict(network.state_dict())


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
    beside = {"critic": critic, "critic_optimizer": critic_optimizer}
    run = Run("vqgan", network, PHASES, LEARNING_RATE, beside, seen)
    supply = Pictures(PAINTED_SIZE, np.random.default_rng(seed), PHOTOGRAPHS_SHARE)
    next_sheet = run.done + PICTURES_BETWEEN_SHEETS
    quantised = run.done > CODES_FROM
    if quantised:
        freeze_encoder(network)
    while run.done < run.total:
        phase = phase_of(PHASES, run.done)
        supply.generator = run.draws(seed)
        count = min(CROPS, phase.batch)
        painted, _ = supply.take(phase.batch // count)
        crops = random_crops(painted.to(device).float() / 127.5 - 1, phase.size, count)
        with quick_arithmetic(device):
            if not quantised and run.done >= CODES_FROM:
                more = supply.take(FOR_CODES)[0].to(device).float() / 127.5 - 1
                begin_codes(run, network, random_crops(more, phase.size, 1))
                freeze_encoder(network)
                quantised = True
            latents, terms = encode(network, crops), {}
            if quantised:
                codes, _ = vqgan.quantise(network, latents)
                terms["codebook"] = functional.mse_loss(codes, latents)
                latents = codes.detach()
            decoded = decode(network, latents)
            wanted = distances(decoded, crops)
            if run.done >= DETAIL_FROM:
                verdict, features = decoder_losses(critic, crops, decoded)
                terms["verdict"] = balance(network, sum(wanted.values()), verdict) * verdict
                terms["features"] = FEATURES_WEIGHT * features
                terms["detail"] = DETAIL_WEIGHT * detail_distance(decoded, crops)
        run.update(terms | wanted, len(crops))
        if run.done >= DETAIL_FROM:
            critic_optimizer.zero_grad()
            critic_loss(critic, crops, decoded).backward()
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
