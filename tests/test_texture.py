"""Texture means what it says: its amount, its size, and nothing else about a picture."""

import numpy as np
import pytest
import torch

from bigart_lib.finish import texture
from bigart_lib.machine import random_generator
from bigart_lib.pictures import images
from bigart_lib.settings import TEXTURE_STYLES, TextureSettings

GREY = torch.full((1, 3, 256, 320), 0.5)


def field(size, amount=0.1, style="even", seed=1):
    noise = texture.white_noise(256, 320, random_generator(seed))
    return texture.field(noise, TextureSettings(amount, size, style))


@pytest.mark.parametrize("size", range(1, 10))
@pytest.mark.parametrize("amount", [0.01, 0.15])
def test_amount_is_the_standard_deviation_whatever_the_size(size, amount):
    assert float(field(size, amount).std()) == pytest.approx(amount, rel=0.06)


def test_clumps_grow_with_every_size():
    def clump(values):
        """Pixels along a row until the field resembles itself by less than half."""
        spectrum = np.abs(np.fft.fft(values[0, 0].numpy(), axis=1)) ** 2
        likeness = np.fft.ifft(spectrum, axis=1).real.mean(0)
        return float(np.interp(0.5, (likeness / likeness[0])[20::-1], np.arange(20, -1, -1)))

    widths = [clump(field(size)) for size in range(1, 10)]
    assert all(wider > 1.1 * narrower for narrower, wider in zip(widths, widths[1:], strict=False)), widths
    assert widths[-1] > 6 * widths[0]


@pytest.mark.parametrize("size", [1, 4, 9])
def test_texture_is_monochrome_and_leaves_the_mean(size):
    textured = texture.add(GREY, TextureSettings(0.1, size), [3])
    added = textured - GREY
    torch.testing.assert_close(added[:, 0], added[:, 1])
    torch.testing.assert_close(added[:, 0], added[:, 2])
    assert float(textured.mean()) == pytest.approx(0.5, abs=1e-5)


def test_the_field_equals_an_independent_reference():
    noise = texture.white_noise(32, 40, random_generator(1))
    values = noise[0, 0].double().numpy()
    sigma = 2.0  # of size 5
    offsets = np.arange(-6, 7)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    blurred = sum(w * np.roll(values, -o, axis=0) for w, o in zip(weights, offsets, strict=True))
    blurred = sum(w * np.roll(blurred, -o, axis=1) for w, o in zip(weights, offsets, strict=True))
    expected = 0.08 * blurred / (weights**2).sum()
    actual = texture.field(noise, TextureSettings(0.08, 5))[0, 0].numpy()
    np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_the_article_style_loses_amount_as_the_article_does():
    amplitudes = [float(field(size, style="article").std()) / 0.1 for size in (1, 3, 5, 7, 9)]
    assert amplitudes == pytest.approx([1, 0.46, 0.41, 0.41, 0.41], abs=0.02)


def test_no_amount_changes_nothing_and_the_seed_decides_the_field():
    assert torch.equal(texture.add(GREY, TextureSettings(0, 5), [3]), GREY)
    first, again, other = (texture.add(GREY, TextureSettings(), [seed]) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_picture_smaller_than_the_blur_is_textured_too():
    tiny = torch.full((1, 3, 1, 3), 0.5)
    assert texture.add(tiny, TextureSettings(0.1, 9), [1]).shape == tiny.shape


@pytest.mark.parametrize("size", [1, 2, 9])
@pytest.mark.parametrize("style", TEXTURE_STYLES)
def test_a_preview_is_that_part_of_the_result_to_the_last_bit(size, style):
    picture = torch.rand(1, 3, 700, 1100)
    settings = TextureSettings(0.1, size, style)
    whole = images.to_image(texture.add(picture, settings, [3, 1]))
    preview = texture.TexturePreview(picture, [3, 1])
    for box in ((0, 0, 512, 512), (300, 100, 812, 612), (588, 188, 1100, 700), (511, 511, 513, 513)):
        assert preview.crop(settings, box).tobytes() == whole.crop(box).tobytes(), box


def test_a_preview_of_next_to_no_texture_is_rounded_as_the_result_is():
    picture = images.to_levels((torch.arange(90.0) / 20000).expand(1, 3, 70, 90) + 0.3)
    settings, seed = TextureSettings(0.0005, 9), [1]
    whole = images.to_image(texture.add(picture, settings, seed))
    preview = texture.TexturePreview(picture, seed)
    for box in ((0, 0, 90, 70), (31, 17, 60, 40), (80, 60, 90, 70)):
        assert preview.crop(settings, box).tobytes() == whole.crop(box).tobytes(), box
