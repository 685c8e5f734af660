"""The last reduction is exact: the size that was asked for, in float, as Lanczos' filter has it."""

import numpy as np
import pytest
import torch
from PIL import Image

from bigart_lib.finish.fit import fit


@pytest.mark.parametrize(("width", "height"), [(40, 30), (33, 57), (1, 1)])
def test_a_picture_is_reduced_to_the_size(width, height):
    picture = torch.rand(1, 3, 64, 96).contiguous(memory_format=torch.channels_last)
    reduced = fit(picture, width, height)
    assert reduced.shape == (1, 3, height, width) and reduced.dtype == torch.float32
    assert reduced.min() >= 0 and reduced.max() <= 1


def test_it_is_pillows_lanczos_without_rounding_to_levels():
    picture = 0.3 + 0.4 * torch.rand(1, 3, 64, 96)  # Pillow's own would clip what swings over on the way
    expected = Image.fromarray((picture[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
    expected = np.asarray(expected.resize((48, 32), Image.Resampling.LANCZOS)) / 255
    apart = np.abs(fit(picture, 48, 32)[0].permute(1, 2, 0).numpy() - expected)
    assert apart.max() < 1.5 / 255 and len(np.unique(fit(picture, 48, 32).numpy())) > 3000


def test_a_flat_picture_stays_as_it_is():
    assert torch.allclose(fit(torch.full((1, 3, 64, 64), 0.3), 20, 20), torch.tensor(0.3), atol=1e-6)
