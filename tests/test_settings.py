"""Settings are checked when they are made, with one clear message."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from bigart_lib.settings import Ancestor, GenerateSettings, PaintSettings, TextureSettings


def test_the_defaults_are_seven_candidates_and_a_4096_picture():
    assert GenerateSettings().count == 7 and PaintSettings().size == 4096
    assert GenerateSettings().seed != GenerateSettings().seed


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GenerateSettings(seed=-1), "seed must be from 0"),
        (lambda: GenerateSettings(seed=1.5), "seed must be a whole number, not 1.5"),
        (lambda: GenerateSettings(seed=True), "seed must be a whole number, not True"),
        (lambda: GenerateSettings(seed="7"), "seed must be a whole number, not '7'"),
        (lambda: GenerateSettings(seed=np.float64(7)), "seed must be a whole number"),
        (lambda: GenerateSettings(seed=np.True_), "seed must be a whole number"),
        (lambda: GenerateSettings(seed=None), "seed must be a whole number, not None"),
        (lambda: GenerateSettings(seed=10**400), "seed must be from 0 to .*, not a larger number"),
        (lambda: GenerateSettings(seed="x" * 1000), "seed must be a whole number, not 'x+…$"),
        (lambda: GenerateSettings(seed=np.zeros((4, 4))), "seed must be a whole number, not array.*"),
        (lambda: GenerateSettings(guidance=np.float32("inf")), "guidance must be a number"),
        (lambda: GenerateSettings(sampler=["ddim"]), "sampler must be one of"),
        (lambda: GenerateSettings(near=7), "near must be an Ancestor, or several, the eldest first, not 7"),
        (lambda: GenerateSettings(near=None), "near must be an Ancestor"),
        (lambda: GenerateSettings(near=[(5, 1, 0.5)]), "near must be an Ancestor"),
        (lambda: GenerateSettings(near="Ancestor"), "near must be an Ancestor"),
        (lambda: GenerateSettings(near=Ancestor("5", 1, 0.5)), "seed to stay near must be a whole number"),
        (lambda: GenerateSettings(near=Ancestor(5, 49, 0.5)), "index to stay near must be from 0 to 48"),
        (lambda: GenerateSettings(near=Ancestor(5, 1, 1.5)), "distance must be from 0 to 1, not 1.5"),
        (lambda: GenerateSettings(near=[Ancestor(5, 1, 1)] * 100), "near must be at most 99 ancestors"),
        (lambda: GenerateSettings(count=0), "count must be from 1 to 49, not 0"),
        (lambda: GenerateSettings(steps=0), "steps must be from 1 to 1000"),
        (lambda: GenerateSettings(guidance=float("nan")), "guidance must be a number"),
        (lambda: GenerateSettings(quality="best"), "quality must be one of draft, standard, published"),
        (lambda: GenerateSettings(guided=1.5), "guided must be from 0 to 1, not 1.5"),
        (lambda: GenerateSettings(spacing="odd"), "spacing must be one of even, log-snr"),
        (lambda: GenerateSettings(upsampler_timesteps=(5, 9)), "upsampler_timesteps must go down"),
        (lambda: GenerateSettings(upsampler_timesteps=()), "upsampler_timesteps must be whole numbers"),
        (lambda: GenerateSettings(upsampler_timesteps=(1000,)), "upsampler_timesteps must be from 0 to 999"),
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
    with pytest.raises(ValueError, match=message) as refusal:
        make()
    assert len(str(refusal.value).splitlines()) == 1


def test_the_bounds_themselves_are_allowed():
    assert TextureSettings(0, 1).amount == 0 and TextureSettings(0.15, 9).size == 9
    assert GenerateSettings(0, 1, 2, 0).count == 1


def test_numbers_of_numpy_become_plain_ones_that_a_recipe_can_hold():
    near = [Ancestor(np.int64(5), np.uint8(1), np.float32(0.5))]
    made = GenerateSettings(np.int64(7), np.uint8(3), np.int32(20), np.float32(2.5), "ddim", near, np.int8(1))
    plain = GenerateSettings(7, 3, 20, 2.5, "ddim", (Ancestor(5, 1, 0.5),), 1)
    assert json.dumps(asdict(made)) == json.dumps(asdict(plain))
    paint = PaintSettings(np.int64(1024), TextureSettings(np.float64(0.125), np.int16(3), np.str_("article")))
    laid = TextureSettings(0.125, 3, "article")
    assert json.dumps(asdict(paint)) == json.dumps(asdict(PaintSettings(1024, laid)))


@pytest.mark.parametrize("near", [Ancestor(5, 1, 0.5), [Ancestor(5, 1, 0.5)], (Ancestor(5, 1, 0.5),)])
def test_one_picture_to_stay_near_may_stand_alone(near):
    assert GenerateSettings(7, near=near).near == (Ancestor(5, 1, 0.5),)
