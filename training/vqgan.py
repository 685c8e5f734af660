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
from training.codes import place_codes, weigh_latents
from training.critic import Critic, critic_loss, decoder_losses
from training.fused import accelerate
from training.passage import Lanes, Tap, add_constants, keep_size, lanes, lay, middle, through_silu
from training.pictures import Pictures, enlarged_crop, random_crops
from training.run import PICTURES_BETWEEN_SHEETS, Phase, Run, phase_of, quick_arithmetic

PAINTED_SIZE = 256
CROPS = 2  # of each picture, at most
PHOTOGRAPHS_SHARE = 0.35
ENLARGED_SHARE = 0.4  # of all pictures, crops of larger ones, as the tool passes them through
# Normalisation sees whole pictures later: the last pictures are as large as can be trained on.
PHASES = (
    Phase(until=14_000, size=64, batch=4),
    Phase(until=17_500, size=128, batch=2),
    Phase(until=18_000, size=256, batch=1),
    Phase(until=24_000, size=128, batch=2),
    Phase(until=28_700, size=256, batch=1),
)
CODES_FROM = 18_000  # crops before the codebook is used; the encoder is finished then
DETAIL_FROM = 18_300  # crops before fine detail must be as strong as the truth's, and the critic has a say
BIASES_UNTIL = 27_500  # crops before the biases of the decoder are finished
FOR_CODES = 1600  # pictures that the codes are placed by
FOR_WEIGHING = 24  # of them, that the latents are weighed by
CODES_SIZE = 96  # px a side of their crops
GRADIENT_WEIGHT = 1.0
COLOUR_WEIGHT = 2.0
TINT_WEIGHT = 4.0
DETAIL_WEIGHT = 20.0  # errors of pixels and edges are least for blurred pictures, and must be outweighed
ENERGY_WEIGHT = 0.5
UNSEEN_ENERGY = 1e-5  # of fine detail: half a level
LACK_WEIGHT = 2.5  # of too little detail, against too much
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
    "num_vq_embeddings": 65536,
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


def fine(pictures: torch.Tensor) -> torch.Tensor:
    """What a blur of 3 px takes from pictures: their fine detail."""
    return pictures - functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)


def detail_distance(decoded: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How far fine detail is from being as strong as the truth's, patch by patch, wherever it is in them.

    Detail that lacks counts more than detail that is too much: where neither is sure, it shall be there.
    """
    ours, true = (functional.avg_pool2d(fine(one).abs(), DETAIL_PATCH) for one in (decoded, pictures))
    return torch.where(true > ours, LACK_WEIGHT * (true - ours), ours - true).mean()


def energy_distance(decoded: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """Logarithm of the ratio of the energies of fine detail, picture by picture: edges decide it."""
    ours, true = (fine(one).square().mean((1, 2, 3)) + UNSEEN_ENERGY for one in (decoded, pictures))
    return (ours / true).log().abs().mean()


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
    network.load_state_dict(run.average.module.state_dict())
    with torch.no_grad(), torch.autocast(pictures.device.type, enabled=False):
        weigh_latents(network, pictures[:FOR_WEIGHING])
        place_codes(network, torch.cat([encode(network, some) for some in pictures.split(4)]))
    run.average.module.load_state_dict(network.state_dict())


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
) -> dict:
    """What the decoder learns fine detail from, the critic's verdict weighed against the `wanted` losses."""
    verdict, features = decoder_losses(critic, crops, decoded)
    return {
        "verdict": balance(network, sum(wanted.values()), verdict) * verdict,
        "features": FEATURES_WEIGHT * features,
        "detail": DETAIL_WEIGHT * detail_distance(decoded, crops),
        "energy": ENERGY_WEIGHT * energy_distance(decoded, crops),
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
            network.load_state_dict(run.average.module.state_dict())
            freeze_biases(network)
            run.average.module.load_state_dict(network.state_dict())
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
