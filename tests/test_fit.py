"""The last reduction is exact: the size that was asked for, in float, as Lanczos' filter has it."""

import numpy as np
import pytest
import torch
from PIL import Image

from bigart_lib.finish.fit import fit
from bigart_lib.pictures.images import from_levels, to_levels


@pytest.mark.parametrize(("width", "height"), [(40, 30), (33, 57), (1, 1)])
def test_a_picture_is_reduced_to_the_size(width, height):
    picture = torch.rand(1, 3, 64, 96).contiguous(memory_format=torch.channels_last)
    reduced = fit(picture, width, height)
    assert reduced.shape == (1, 3, height, width) and reduced.dtype == torch.uint16


def test_it_is_pillows_lanczos_without_rounding_to_eight_bits():
    picture = 0.3 + 0.4 * torch.rand(1, 3, 64, 96)  # Pillow's own would clip what swings over on the way
    expected = Image.fromarray((picture[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
    expected = np.asarray(expected.resize((48, 32), Image.Resampling.LANCZOS)) / 255
    apart = np.abs(from_levels(fit(picture, 48, 32))[0].permute(1, 2, 0).numpy() - expected)
    assert apart.max() < 1.5 / 255 and len(fit(picture, 48, 32).to(torch.int32).unique()) > 3000


def test_a_flat_picture_stays_as_it_is():
    levels = to_levels(torch.full((1, 3, 64, 64), 0.3))
    assert torch.equal(fit(levels, 20, 20), levels[..., :20, :20])


def test_of_another_shape_the_middle_is_taken_and_nothing_is_stretched():
    picture = torch.zeros(1, 1, 40, 60)
    picture[..., 10:30, 20:40] = 1  # a square in the middle
    reduced = from_levels(fit(picture, 20, 20))[0, 0]
    assert reduced[10].gt(0.5).sum() == reduced[:, 10].gt(0.5).sum() == 10


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_transparency_are_reduced_too_and_in_strips_as_in_one_piece(channels, monkeypatch):
    picture = to_levels(torch.rand(1, channels, 64, 96))
    whole = fit(picture, 40, 27)
    monkeypatch.setattr("bigart_lib.finish.fit.STRIP", 7)
    assert torch.equal(fit(picture, 40, 27), whole)
