"""The models that come with the package: they load, and they paint what a prompt says."""

import pytest
import torch

from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.generate.prompts import about_words
from bigart_lib.generate.sampling import complete, draw_noise, sample_base
from bigart_lib.machine import random_generator
from bigart_lib.settings import GenerateSettings
from bigart_lib.weights import sets as model_sets

SET = model_sets.embedded()


def test_the_embedded_set_is_whole_and_under_40_megabytes():
    assert SET.missing() == []
    assert sum(path.stat().st_size for path in model_sets.EMBEDDED_FOLDER.glob("*.safetensors")) < 40e6
    assert rrdbnet.load(SET.enlarger).config == rrdbnet.RRDBNetConfig()


@pytest.fixture(scope="module")
def base():
    return glide.load(SET.base).to(memory_format=torch.channels_last)


def test_the_models_read_the_words_of_the_article(base):
    for prompt in (
        "an abstract painting with colorful circles",
        "a splatter painting with thin yellow and black lines",
        "a block color painting with purple and green squares",
        "landscape painting of an Italian villa",
        "sunset over a lake",
        "majestic snow-capped mountains",
        "a painting of a corgi",
        "a tabby cat",
        "a goldfish in a glass bowl",
        "still life painting of colorful glass bottles",
        "a seascape with crashing waves",
        "Boston city skyline",
    ):
        assert about_words(prompt, base.tokenizer.read, "embedded") == ""
    assert base.tokenizer.read("a zzyzx over a lake").unknown == ("zzyzx",)


def mean_colours(base, prompt, count=2):
    settings = complete(GenerateSettings(seed=2, steps=8), SET.sampling)
    generators = [random_generator(2, index) for index in range(count)]
    noises = [draw_noise(generator, 64) for generator in generators]
    pictures = torch.cat(sample_base(base, prompt, settings, SET.sampling, noises, generators))
    return pictures.mean((0, 2, 3)).numpy()


def test_the_colour_in_a_prompt_decides_the_colour_of_the_pictures(base):
    red = mean_colours(base, "a block color painting with red and orange squares")
    blue = mean_colours(base, "a block color painting with blue and teal squares")
    assert (red[0] - red[2]) - (blue[0] - blue[2]) > 0.4


def test_the_vqgan_keeps_what_a_picture_shows():
    network = vqgan.load(SET.enhancer)
    colours = torch.tensor([[0.95, 0.5, 0.1], [0.1, 0.3, 0.75], [0.95, 0.95, 0.95], [0.2, 0.6, 0.25]])
    picture = colours.T.reshape(1, 3, 2, 2).repeat_interleave(48, 2).repeat_interleave(64, 3)
    repainted = vqgan.reconstruct(network, picture)
    flat = picture.mean((2, 3), keepdim=True)
    assert (repainted - picture).square().mean() < 0.5 * (flat - picture).square().mean()
