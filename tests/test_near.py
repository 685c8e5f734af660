"""`bigart --near PICTURE`: variations of what was painted before, as the studio paints them."""

from pathlib import Path

import pytest
from PIL import Image

from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.pictures.recipe import read
from bigart_lib.settings import Ancestor


@pytest.fixture
def bigart(tiny_models, painted, command_line):
    """The command line beside a batch that was painted: "a lake", seed 5, number 3."""
    return lambda *arguments: command_line(*arguments, "--device", "cpu", "--out", "new")


CANDIDATE = Path("pictures/a-lake/candidate-3/256.png")
SMALL = ("--size", 256, "--count", 1)


def made(run="a-lake"):
    return read(Path(f"new/{run}/candidate-1/256.png"))[0]


@pytest.mark.parametrize("name", ["256.png", "1024_enhanced.png"])
def test_variations_take_prompt_and_settings_from_the_picture(bigart, name):
    code, _, errors = bigart("--near", CANDIDATE.with_name(name), *SMALL)
    found, before = made(), read(CANDIDATE)[0]
    assert (code, errors) == (0, []) and found.prompt == "a lake"
    assert found.generate.near == (Ancestor(5, 2, 1.0),) and found.generate.distance == 0.5
    for setting in ("steps", "guidance", "sampler"):
        assert getattr(found.generate, setting) == getattr(before.generate, setting)


def test_at_no_distance_it_is_that_very_picture(bigart):
    assert bigart("--near", CANDIDATE, "--distance", 0, *SMALL)[0] == 0
    assert made().pixels == read(CANDIDATE)[0].pixels


def test_what_is_named_is_taken_instead(bigart):
    arguments = ("over a sunset", "--steps", 2, "--sampler", "ancestral", "--distance", 0.2, "--seed", 5)
    assert bigart(*arguments, "--near", CANDIDATE, *SMALL)[0] == 0
    found = made("over-a-sunset")
    assert (found.prompt, found.generate.seed) == ("over a sunset", 5)
    assert (found.generate.steps, found.generate.sampler, found.generate.distance) == (2, "ancestral", 0.2)
    assert found.generate.guidance == 2.5


def test_a_variation_has_variations_too(bigart):
    bigart("--near", CANDIDATE, "--distance", 0.3, "--seed", 8, *SMALL)
    bigart("--near", "new/a-lake/candidate-1/64.png", *SMALL)
    assert made("a-lake-2").generate.near == (Ancestor(5, 2, 1.0), Ancestor(8, 0, 0.3))


def test_that_other_networks_will_paint_is_said(bigart, monkeypatch):
    monkeypatch.setattr(GlideGenerator, "fingerprint", lambda _: {"base": "another", "upsampler": "another"})
    code, _, errors = bigart("--near", CANDIDATE, *SMALL)
    assert code == 0
    assert errors == ["other networks painted that picture (embedded): these will not stay near it"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--near", "none.png"), "none.png: expected a picture, found no file"),
        (("--near", "brought.png"), "brought.png carries no recipe"),
        (
            ("--near", "enlarged.png"),
            "enlarged.png was not painted for a prompt: only what was has variations",
        ),
        (("a lake", "--distance", 0.5), "--distance is from a picture: name it too, by --near PICTURE"),
        (("--near", CANDIDATE, "--distance", 2), "distance must be from 0 to 1, not 2.0"),
        (("--near", CANDIDATE, "--distance", "far"), "distance must be a number, not 'far'"),
        (("--distance", 0.5), "--distance is from a picture"),
    ],
)
def test_what_has_no_variations_is_refused_in_one_line(bigart, arguments, message):
    Image.new("RGB", (8, 8)).save("brought.png")
    if "enlarged.png" in arguments:
        assert bigart("enlarge", "brought.png")[0] == 0
        Path("new/brought/brought_4x.png").rename("enlarged.png")
    code, lines, errors = bigart(*arguments)
    assert (code, lines) == (2, []) and len(errors) == 1 and f"bigart: {message}" in errors[0]
