"""The blocks that GLIDE runs with: exact in the layout that is fast, else diffusers' to the last bit."""

import copy

import pytest
import torch
from diffusers.models.resnet import ResnetBlock2D
from torch import nn

from bigart_lib.generate.blocks import GroupNorm, ResidualBlock, fit_to_run


def norm(channels=64, groups=16):
    made = nn.GroupNorm(groups, channels)
    nn.init.normal_(made.weight, 1, 0.1)
    nn.init.normal_(made.bias, 0, 0.1)
    return made.requires_grad_(False)


def features(*shape):
    made = torch.randn(shape) + torch.randn(1, shape[1], 1, 1)
    return made.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def distance(made, one, given):
    return float((made - one.double()(given.double().contiguous())).abs().max())


@pytest.mark.parametrize("size", [(256, 256), (64, 64), (192, 288), (48, 72), (53, 61), (1024, 3), (16, 16)])
@torch.inference_mode()
def test_normalising_is_as_exact_in_the_fast_layout_as_in_the_other(size):
    one, given = norm(), features(2, 64, *size)
    made = fit_to_run(copy.deepcopy(one))(given)
    assert made.is_contiguous(memory_format=torch.channels_last)
    assert distance(made, copy.deepcopy(one), given) < 1e-5
    if size == (256, 256):  # what it is for
        assert distance(made, copy.deepcopy(one), given) < 0.1 * distance(
            one(given), copy.deepcopy(one), given
        )


@torch.inference_mode()
def test_scale_and_shift_may_come_with_it():
    one, given = norm().to(torch.float64), features(2, 64, 64, 64)
    scale, shift = torch.randn(2, 64, 1, 1), torch.randn(2, 64, 1, 1)
    expected = one(given.double().contiguous()) * (1 + scale) + shift
    made = fit_to_run(one.float()).modulated(given, scale, shift)
    torch.testing.assert_close(made, expected.float(), atol=3e-5, rtol=0)


def block(**sizes):
    made = ResnetBlock2D(
        in_channels=32,
        out_channels=64,
        temb_channels=16,
        groups=8,
        time_embedding_norm="scale_shift",
        **sizes,
    )
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("sizes", [{}, {"up": True}, {"down": True}], ids=str)
def test_a_block_in_bf16_is_that_of_diffusers_to_the_last_bit(sizes):
    theirs = block(**sizes).bfloat16().to(memory_format=torch.channels_last)
    ours = fit_to_run(copy.deepcopy(theirs))
    given, embedded = features(2, 32, 48, 40).bfloat16(), torch.randn(2, 16).bfloat16()
    before = given.clone(), embedded.clone()
    with torch.inference_mode():
        assert type(ours) is ResidualBlock and type(ours.norm1) is GroupNorm
        assert torch.equal(ours(given, embedded), theirs(given, embedded))
    assert torch.equal(given, before[0]) and torch.equal(embedded, before[1])


def test_gradients_go_through_as_through_diffusers():
    theirs = block().requires_grad_(True)
    ours = fit_to_run(copy.deepcopy(theirs))
    given, embedded = torch.randn(1, 32, 40, 40), torch.randn(1, 16)
    for one in (theirs, ours):
        one(given, embedded).square().sum().backward()
    for one, other in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
