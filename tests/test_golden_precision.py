"""The published outputs, in the layout, the tiles and the precisions that people run.

Bounds are in decibels of a signal that goes from -1 to 1; a halving of the distance is 6 dB.
"""

import copy
import math
from contextlib import nullcontext

import pytest
import torch
from pretended_cuda import pretended_card
from reference import CONFIG, draw, draw_weights, golden, thin
from small_vqgan import small_network

from bigart_lib.enlarge import tiles
from bigart_lib.enlarge.published import LAYOUTS, from_state_dict
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig
from bigart_lib.finish import vqgan

SMALL = CONFIG["bsrgan_small"]
EXACT, CARD, CPU_BF16 = ("cpu", torch.float32), ("cuda", torch.float16), ("cpu", torch.bfloat16)
WAYS = pytest.mark.parametrize("way", [EXACT, CARD, CPU_BF16], ids=["fp32", "fp16 on a card", "bf16"])


def card(way):
    return pretended_card() if way[0] == "cuda" else nullcontext()


def decibels(made, expected):
    """How far apart two pictures of a range of 2 are."""
    assert made.shape == expected.shape
    return -10 * math.log10(float((made.float().cpu() - expected).square().mean()) / 4)


def check(made, expected, way, bounds):
    if way == EXACT:
        torch.testing.assert_close(made, expected, atol=1e-4, rtol=0)
    assert decibels(made, expected) > bounds[way]


@WAYS
@pytest.mark.parametrize("model", ["glide_base", "glide_upsample"])
@torch.inference_mode()
def test_a_pass_of_glide(small_base, small_upsampler, model, way):
    network, expected = {"glide_base": small_base, "glide_upsample": small_upsampler}[model], golden(model)
    samples = draw("x", 4, 3, 64, 64)
    if model == "glide_upsample":
        low = draw("low_res", 1, 3, 64, 64).clamp(-1, 1)
        enlarged = torch.nn.functional.interpolate(low, size=256, mode="bilinear", align_corners=False)
        samples = torch.cat([draw("x_up", 1, 3, 256, 256), enlarged], dim=1)
    with card(way):
        network = _copied(network).to(*way)
        text = network.text_encoder(expected["tokens"].to(way[0]), expected["mask"].to(way[0]))
        given = samples.to(*way, memory_format=torch.channels_last)
        made = network(given, expected["timesteps"].to(way[0]), text).float().cpu()
    check(thin(made), expected["out"], way, {EXACT: 120, CARD: 63, CPU_BF16: 45})


@WAYS
@pytest.mark.parametrize("scale", [4, 2])
def test_enlarging_in_tiles(scale, way, monkeypatch):
    config = RRDBNetConfig(SMALL["nf"], SMALL["nb"], SMALL["gc"], scale)
    names = RRDBNet(config).state_dict()
    shapes = {LAYOUTS["bsrgan"].name(name): tensor.shape for name, tensor in names.items()}
    monkeypatch.setattr(tiles, "TILES", (16,))  # many of them
    with card(way):
        network = from_state_dict(draw_weights(f"bsrgan_x{scale}", shapes), "golden").to(*way)
        made = tiles.enlarge(network, draw("sr", 1, 3, 37, 50) * 0.25 + 0.5, 10**9)
    check(thin(made), golden(f"bsrgan_x{scale}")["out"], way, {EXACT: 145, CARD: 86, CPU_BF16: 68})


@pytest.mark.parametrize("budget", [math.inf, 3_000_000], ids=["at once", "in strips"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_vqgan_in_strips(budget, device):
    expected, signed = golden("vqgan_f16"), draw("vq", 1, 3, 128, 160).clamp(-1, 1)
    with card((device, None)):
        network = _copied(small_network()).to(device, memory_format=torch.channels_last)
        made = vqgan.reconstruct(network, (signed + 1) / 2, budget)
    torch.testing.assert_close(thin(made) * 2 - 1, expected["out"].clamp(-1, 1), atol=1e-4, rtol=0)


def _copied(network):
    """A network of its own, so that others may go on using the first."""
    return copy.deepcopy(network)
