"""From 16 bits to 8: slow gradients get no bands, all else is rounded, nothing depends on anything else."""

import numpy as np
import pytest
from PIL import Image

from bigart_lib.pictures import rounding
from bigart_lib.pictures.rounding import byte_strips, to_bytes
from bigart_lib.pictures.vips import from_array, vips


def slow_gradient(height=600, width=200, first=20_000, last=24_000):
    """One step of 8 bits in about 39 rows."""
    rows = np.linspace(first, last, height).round().astype(np.uint16)
    return np.repeat(np.repeat(rows[:, None, None], width, 1), 3, 2)


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 65536, shape, dtype=np.uint16)


def plain(levels):
    return np.round(levels / 257).astype(np.uint8)


def equal_rows(values):
    return int((values[1:] == values[:-1]).all(axis=(1, 2)).sum())


def test_a_slow_gradient_has_no_runs_of_equal_rows():
    levels = slow_gradient()
    assert equal_rows(plain(levels)) > 550  # what it would be
    assert equal_rows(to_bytes(levels)) == 0


def test_its_mean_is_right_everywhere():
    levels = slow_gradient()
    apart = to_bytes(levels).astype(float) - levels / 257
    blocks = apart[..., 0].reshape(75, 8, 25, 8).mean(axis=(1, 3))  # 8 x 8 pixels
    assert abs(blocks).max() < 0.1 and abs(apart.mean()) < 0.002 and abs(apart).max() < 1


def test_a_flat_ground_between_two_levels_keeps_its_mean():
    done = to_bytes(np.full((100, 100, 1), 10 * 257 + 64, np.uint16))
    assert sorted(np.unique(done)) == [10, 11] and abs(done.mean() - 10.249) < 0.01


def test_grey_stays_grey():
    done = to_bytes(slow_gradient())
    assert (done[..., 0] == done[..., 1]).all() and (done[..., 0] == done[..., 2]).all()


@pytest.mark.parametrize("amount", [0.01, 0.05])
def test_what_has_texture_is_rounded(amount):
    texture = np.random.default_rng(1).normal(0, amount * 65535, (300, 200, 1))
    levels = (slow_gradient(300) + texture).clip(0, 65535).astype(np.uint16)
    assert (to_bytes(levels) == plain(levels)).all()


def test_what_8_bits_can_say_stays_as_it_is():
    smooth = np.repeat(np.arange(256, dtype=np.uint16)[:, None], 50, 1)
    for values in (smooth[..., None], (noise((300, 200, 3)) >> 8)):
        assert (to_bytes(values * np.uint16(257)) == values).all()


def test_transparency_is_rounded_alone():
    levels = np.concatenate([slow_gradient(), slow_gradient()[..., :1]], axis=2)
    done = to_bytes(levels)
    assert (done[..., 3:] == plain(levels)[..., 3:]).all() and (
        done[..., :3] == to_bytes(levels[..., :3])
    ).all()
    assert (done[..., :3] != plain(levels)[..., :3]).any()


@pytest.mark.parametrize("values", [1, 5000, 77_777])
def test_it_does_not_depend_on_how_much_is_taken_at_a_time(values, monkeypatch):
    levels = np.concatenate([slow_gradient(101, 77), noise((60, 77, 3)), slow_gradient(45, 77)])
    whole = to_bytes(levels)
    monkeypatch.setattr(rounding, "STRIP_VALUES", values)
    assert (to_bytes(levels) == whole).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 3), (2, 500, 2), (500, 1, 4)])
def test_any_size_goes(shape):
    levels = noise(shape)
    assert abs(to_bytes(levels).astype(float) - levels / 257).max() < 1


def test_a_picture_is_the_same_bytes_in_whatever_form_it_comes(tmp_path):
    levels = slow_gradient(301, 203)
    expected = to_bytes(levels)
    planes = np.ascontiguousarray(levels.transpose(2, 0, 1)).transpose(1, 2, 0)
    from_array(levels, "rgb16").tiffsave(str(tmp_path / "a.tif"), tile=True)
    file = vips().Image.new_from_file(str(tmp_path / "a.tif"), access="sequential")
    for picture in (
        levels,
        planes,
        from_array(levels),
        file,
        Image.fromarray(expected),
        from_array(expected),
    ):
        assert (np.concatenate([strip for _, strip in byte_strips(picture)]) == expected).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_pillow_images_of_any_mode_are_grey_or_rgb(mode):
    image = Image.effect_noise((40, 30), 50).convert("RGB").convert(mode)
    values = np.concatenate([strip for _, strip in byte_strips(image)])
    expected = rounding.plain_mode(mode)
    assert values.shape == (30, 40, len(expected))
    assert (values.squeeze() == np.asarray(image.convert(expected))).all()
