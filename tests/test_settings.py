"""Settings are checked when they are made, with one clear message."""

import pytest

from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings


def test_the_defaults_are_seven_candidates_and_a_4096_picture():
    assert GenerateSettings().count == 7 and PaintSettings().size == 4096
    assert GenerateSettings().seed != GenerateSettings().seed


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GenerateSettings(seed=-1), "seed must be from 0"),
        (lambda: GenerateSettings(seed=1.5), "seed must be a whole number, not 1.5"),
        (lambda: GenerateSettings(seed=True), "seed must be a whole number, not True"),
        (lambda: GenerateSettings(count=0), "count must be from 1 to 49, not 0"),
        (lambda: GenerateSettings(steps=1), "steps must be from 2 to 1000"),
        (lambda: GenerateSettings(guidance=float("nan")), "guidance must be a number"),
        (lambda: GenerateSettings(sampler="euler"), "sampler must be one of dpm\\+\\+, ddim, ancestral"),
        (lambda: TextureSettings(amount=0.151), "texture amount must be from 0 to 0.15, not 0.151"),
        (lambda: TextureSettings(amount="a lot"), "texture amount must be a number, not 'a lot'"),
        (lambda: TextureSettings(size=10), "texture size must be from 1 to 9, not 10"),
        (lambda: TextureSettings(size=2.5), "texture size must be a whole number, not 2.5"),
        (lambda: TextureSettings(style="noisy"), "texture style must be one of even, article"),
        (lambda: PaintSettings(size=3000), "size must be one of 256, 1024, 4096, 16384, not 3000"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_with_what_was_expected_and_what_came(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_bounds_themselves_are_allowed():
    assert TextureSettings(0, 1).amount == 0 and TextureSettings(0.15, 9).size == 9
    assert GenerateSettings(0, 1, 2, 0).count == 1
