"""Shapes: what words mean, which sizes are painted, and that one seed gives kindred pictures in all."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_set import tiny_glide

from bigart_lib import GenerateSettings, PaintSettings, TextureSettings, shapes
from bigart_lib.generate import noise as noises
from bigart_lib.generate import sampling
from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.machine import random_generator
from bigart_lib.pictures.recipe import read
from bigart_lib.pictures.sheet import contact_sheet
from bigart_lib.plan import plan
from bigart_lib.runs.redo import redo
from bigart_lib.runs.run import Run
from bigart_lib.settings import SAMPLERS, Ancestor
from bigart_lib.weights import Sampling

QUICK = Sampling(steps=3, guidance=3.0, sampler="dpm++", upsampler_timesteps=(900, 400, 0))


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        ("3:2", "3:2"),
        (" 6 x 4 ", "3:2"),
        ("4:5", "4:5"),
        ("1.91:1", "191:100"),
        ("Panorama", "2:1"),
        ("square", "1:1"),
        ("portrait", "2:3"),
        ("A", "70:99"),
        ("a Landscape", "99:70"),
        (1.5, "3:2"),
        (np.float32(0.5), "1:2"),
        ("3", "3:1"),
    ],
)
def test_words_say_a_shape_in_lowest_terms(words, shape):
    assert shapes.read_shape(words) == shape == shapes.read_shape(shape)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "shape must be a width to a height such as 3:2"),
        ("wobbly", "not 'wobbly'"),
        ("0:1", "not '0:1'"),
        ("1:0", "not '1:0'"),
        ("-3:2", "not '-3:2'"),
        (-2.0, "not '-2.0'"),
        (float("nan"), "not 'nan'"),
        (float("inf"), "not 'inf'"),
        (True, "not 'true'"),
        (None, "not 'none'"),
        ("x" * 999, "not 'x+…'$"),
        ("7:2", "shape must be from 1:3 to 3:1, not 3.5:1"),
        ("1:4", "shape must be from 1:3 to 3:1, not 0.25:1"),
    ],
)
def test_what_is_no_shape_is_refused_in_one_line(words, message):
    with pytest.raises(ValueError, match=message) as refusal:
        GenerateSettings(shape=words)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_shape_turned_has_the_same_numbers():
    for words in ("3:2", "16:9", 2**0.5, 1.618034):
        width, height = shapes.read_shape(words).split(":")
        turned = words if isinstance(words, float) else shapes.ratio(words)
        assert shapes.read_shape(1 / turned) == f"{height}:{width}"


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(1)
    return [tiny_glide(channels).eval().requires_grad_(False) for channels in (3, 6)]


def generator_of(networks):
    base, upsampler = networks
    return GlideGenerator(lambda: base, lambda: upsampler, (base.config, upsampler.config), QUICK, dict)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ("1:1", (256, 256)),
        ("3:2", (288, 192)),
        ("2:3", (192, 288)),
        ("16:9", (352, 192)),
        ("A", (224, 320)),
        ("3:1", (480, 160)),
    ],
)
def test_the_sizes_that_are_painted(shape, size, networks):
    assert generator_of(networks).native(shapes.ratio(shapes.read_shape(shape))) == size


def test_every_allowed_shape_is_painted_near_it_near_the_area_of_the_square_and_inside_the_canvas():
    for wide in np.geomspace(1 / 3, 3, 400):
        width, height = shapes.nearest_size(wide, 64, 8)
        assert width % 8 == height % 8 == 0 and max(width, height) <= noises.CANVAS * 64
        assert abs(math.log(width / height / wide)) < 0.1
        assert 0.84 < width * height / 64**2 < 1.18


def small(networks, shape="1:1", seed=5, begun=None, **changes):
    generator = generator_of(networks)
    settings = generator.complete(GenerateSettings(seed, count=1, shape=shape, **changes))
    seen = []
    made = list(generator.paint("a lake", settings, [0], seen.append, begun or {}))
    return [one.picture for one in made], seen


@pytest.mark.parametrize("shape", ["3:2", "2:3", "3:1"])
def test_a_candidate_has_its_shape_in_both_stages_and_all_previews(shape, networks):
    (first, last), seen = small(networks, shape)
    width, height = generator_of(networks).native(shapes.ratio(shape))
    assert first.shape == (1, 3, height // 4, width // 4) and last.shape == (1, 3, height, width)
    assert {one.preview.shape[-2:] for one in seen if one.preview is not None} == {
        first.shape[-2:],
        last.shape[-2:],
    }


def test_the_noise_of_a_square_is_what_it_was_before_there_were_shapes():
    settings = GenerateSettings(5)
    drawn, old = noises.Noise(settings, 2), random_generator(5, 2)
    assert torch.equal(drawn.begin(64), torch.randn(1, 3, 64, 64, generator=old))
    assert torch.equal(drawn.draw(), torch.randn(1, 3, 64, 64, generator=old))
    assert torch.equal(drawn.begin(256), torch.randn(1, 3, 256, 256, generator=old))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_square_is_painted_as_from_one_plain_generator_to_the_last_bit(sampler, networks):
    (base, upsampler), source = networks, random_generator(5, 0)
    settings = generator_of(networks).complete(GenerateSettings(5, count=1, sampler=sampler))
    noise = [torch.randn(1, 3, 64, 64, generator=source)]
    first = sampling.sample_base(base, "a lake", settings, QUICK, noise, [source])
    noise = [torch.randn(1, 3, 256, 256, generator=source)]
    last = sampling.sample_upsampler(upsampler, "a lake", first, QUICK, noise, [source])
    made, _ = small(networks, sampler=sampler)
    assert torch.equal(made[0], first[0]) and torch.equal(made[1], last[0])


def middle(noise, width, height):
    upper, left = (noise.shape[-2] - height) // 2, (noise.shape[-1] - width) // 2
    return noise[..., upper : upper + height, left : left + width]


@pytest.mark.parametrize("near", [(), (Ancestor(7, 2, 1.0),), (Ancestor(5, 2, 1.0), Ancestor(8, 0, 0.7))])
def test_all_shapes_share_their_middle_with_the_square_whatever_was_drawn_before(near):
    sizes = [(64, 64), (72, 48), (48, 72), (120, 40)]
    drawn = [noises.Noise(GenerateSettings(5, near=near), 2) for _ in sizes]
    for side in (64, 256):
        begun = [
            one.begin(side, tuple(length * side // 64 for length in size))
            for one, size in zip(drawn, sizes, strict=True)
        ]
        for these in (begun, [one.draw() for one in drawn]):
            square, wide, tall, panorama = these
            assert torch.equal(middle(square, 64, 40), middle(panorama, 64, 40))
            assert torch.equal(middle(wide, 48, 48), middle(tall, 48, 48))
            assert torch.equal(middle(panorama, wide.shape[-1], 40), middle(wide, wide.shape[-1], 40))
            assert float(panorama.std()) == pytest.approx(1, abs=0.03)


def test_what_lies_around_the_square_is_like_nothing_else_that_is_drawn():
    drawn = noises.Noise(GenerateSettings(5), 2)
    whole = drawn.begin(64, (120, 120))
    parts = [whole[..., :28, :64], whole[..., 92:, :64], whole[..., 28:56, 28:92]]
    parts.append(drawn.draw()[..., :28, :64])
    alike = torch.corrcoef(torch.stack([part.flatten() for part in parts])) - torch.eye(len(parts))
    assert float(alike.abs().max()) < 0.06


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_begun_is_gone_on_with_to_the_same_picture(sampler, networks):
    whole, _ = small(networks, "3:2", sampler=sampler)
    rest, _ = small(networks, "3:2", sampler=sampler, begun={(0, 0): whole[0]})
    assert len(rest) == 1 and torch.equal(rest[0], whole[1])


def test_a_variation_at_no_distance_is_that_picture_in_its_shape(networks):
    favourite, _ = small(networks, "2:3")
    near, _ = small(networks, "2:3", seed=9, near=(Ancestor(5, 0, 1.0),), distance=0.0)
    assert torch.equal(near[1], favourite[1])


class Halving:
    """Takes only sides that are multiples of 16, and gives back what it got, twice."""

    config = replace(tiny_glide(3).config, channels=(4,) * 5, attention=(False,) * 5)

    def __call__(self, samples, timestep, text):
        assert samples.shape[-1] % 16 == samples.shape[-2] % 16 == 0
        self.seen = samples
        return samples.repeat(1, 2, 1, 1)


def test_sides_that_a_network_cannot_halve_are_continued_by_their_mirror_image():
    network, samples = Halving(), torch.randn(2, 3, 40, 72)
    predicted = sampling.predict(network, samples, 0, None)
    assert network.seen.shape == (2, 3, 48, 80) and torch.equal(predicted[:, :3], samples)
    assert torch.equal(network.seen[..., 4:-4, 3], samples[..., 1])
    square = torch.randn(1, 3, 64, 64)
    sampling.predict(network, square, 0, None)
    assert network.seen is square


# ------------------------------------------------------------------------------------------------ plans


def planned(bigart, shape, size=4096, **paint):
    recipe = replace(bigart.recipe("a lake", GenerateSettings(3, shape=shape)), index=0)
    return bigart.plan(replace(recipe, paint=PaintSettings(size, **paint)))


def test_a_shape_takes_the_names_and_as_many_enlargings_as_the_square(bigart):
    for size in (1024, 4096, 16384):
        square = planned(bigart, "1:1", size, enhance=True)
        for shape in ("3:2", "16:9", "A", "1:3", "11:10", "7:6"):
            made = planned(bigart, shape, size, enhance=True)
            assert made[-1].size == shapes.sides(shapes.read_shape(shape), size)
            assert made[-1].name == square[-1].name
            enlargings = [step for step in made if step.action == "enlarge"]
            assert len(enlargings) == len([step for step in square if step.action == "enlarge"])
            assert len({step.name for step in made}) == len({step.key for step in made}) == len(made)


def test_what_a_candidate_has_beside_its_shape_is_cut_before_the_last_texture(bigart):
    made = planned(bigart, "16:9", 1024)
    assert [(step.action, step.name, step.size, step.is_shown) for step in made] == [
        ("base", "88", (88, 48), True),
        ("upsample", "352", (352, 192), True),
        ("enlarge", "1408x768", (1408, 768), False),
        ("fit", "1024", (1024, 576), True),
        ("texture", "1024_textured", (1024, 576), True),
    ]
    assert [step.name for step in planned(bigart, "16:9", 256)] == ["88", "352"]


def test_a_paper_may_be_any_size_and_without_texture_too(bigart):
    for none in (TextureSettings(), TextureSettings(0)):
        for fit in ((3508, 4961), (300, 424), (100, 141), (920, 1280), (1280, 1810), (10000, 14142)):
            made = planned(bigart, "A", fit=fit, texture_1k=none, texture_4k=none, enhance=True)
            assert made[-1].size == fit and made[-1].is_shown
            assert len({step.name for step in made}) == len(made)


def test_the_key_of_a_square_does_not_know_of_shapes_and_another_shape_has_another_key(bigart):
    recipe = replace(bigart.recipe("a lake", GenerateSettings(3)), index=0)
    other = replace(recipe, generate=replace(recipe.generate, shape="50:51"))  # painted as a square
    assert [step.key for step in plan(recipe, (256, 256))] == [step.key for step in plan(other, (256, 256))]
    assert planned(bigart, "3:2")[0].key != planned(bigart, "2:3")[0].key


@pytest.mark.parametrize("shape", ["3:2", "2:3"])
def test_a_run_in_a_shape_is_whole_and_is_redone_identically(bigart, shape, tmp_path):
    run = Run.new(tmp_path, "a lake", bigart.recipe("a lake", GenerateSettings(3, count=2, shape=shape)))
    run.paint_candidates(bigart)
    made = run.paint(bigart, 1, PaintSettings(1024, enhance=True))
    with Image.open(made.last) as image:
        assert image.size == shapes.sides(shape, 1024)
    assert read(made.last)[0].generate.shape == shape
    verdict = redo(made.last, tmp_path, bigart)
    assert verdict.is_identical and verdict.path.read_bytes() == made.last.read_bytes()
    turned = redo(made.last, tmp_path, bigart, shape="1:1", size=1024)
    with Image.open(turned.path) as image:
        assert image.size == (1024, 1024)


# ------------------------------------------------------------------------------------------ the contact sheet


@pytest.mark.parametrize(("size", "columns"), [((256, 256), 4), ((288, 192), 3), ((192, 288), 5)])
def test_the_contact_sheet_shows_every_picture_whole_in_about_the_same_width(size, columns):
    pictures = [Image.new("RGB", size, (10 * index, 200, 30)) for index in range(7)]
    sheet = contact_sheet(pictures, [str(index) for index in range(7)], "a lake", "seed 7")
    pixels = np.asarray(sheet)
    for index in range(7):
        assert (pixels == (10 * index, 200, 30)).all(-1).sum() == size[0] * size[1]
    assert sheet.width == columns * (size[0] + 8) + 8
