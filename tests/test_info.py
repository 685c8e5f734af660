"""`bigart info`: what pictures say of themselves, in words and as JSON, and how they are made again."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bigart_lib.cli.again import again
from bigart_lib.pictures import images, profiles, recipe, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.recipe import ATTRIBUTION, Recipe
from bigart_lib.pictures.results import with_pixels
from bigart_lib.pictures.writing import Form
from bigart_lib.settings import Ancestor, GenerateSettings, PaintSettings, TextureSettings

PROMPT = "a lake"
RECIPE = Recipe("embedded", prompt=PROMPT, generate=GenerateSettings(7), index=0)


@pytest.fixture
def bigart(command_line):
    """The command line."""
    return command_line


def write_picture(name, made_by=RECIPE, **others):
    """A picture with this recipe, and with what a newer version may have added."""
    image = Image.new("RGB", (8, 8))
    values = {**with_pixels(made_by, "256", image).to_dict(), **others}
    writing.save(image, Path(name), {"bigart": json.dumps(values)})


def change_pixels(name, changed):
    with Image.open(name) as image:
        texts = PngInfo()
        texts.add_text("bigart", image.text["bigart"])
        image.putpixel((0, 0), (1, 2, 3))
        image.save(changed, pnginfo=texts)


def test_it_prints_the_recipe_and_sees_a_change(bigart, painted):
    made = painted / "a-lake" / "candidate-3" / "256.png"
    code, lines, _ = bigart("info", made)
    assert code == 0
    expected = {f"prompt: {PROMPT}", "seed: 5", "candidate: 3 of 7", "models: embedded", "pixels: as made"}
    assert expected <= {*lines} and lines[-1] == ATTRIBUTION
    network = recipe.read_as_written(made)["networks"]["base"]
    assert [line for line in lines if line.startswith(f"networks: base {network[:10]}, ")]
    change_pixels(made, "changed.png")
    assert "pixels: changed since they were made" in bigart("info", "changed.png")[1]


def test_several_pictures_are_each_shown_under_its_name_and_a_bad_one_gets_its_line(bigart):
    for name in ("a.png", "c.png"):
        write_picture(name)
    Path("b.png").write_text("no picture")
    code, lines, errors = bigart("info", "a.png", "b.png", "absent.png", "c.png")
    assert code == 2 and lines[0] == "a.png:" and lines.count(f"prompt: {PROMPT}") == 2
    assert lines[len(lines) // 2] == "c.png:" and "b.png:" not in lines
    assert [error[: error.index(".png")] for error in errors] == ["bigart: b", "bigart: absent"]


def test_json_is_a_line_of_ascii_for_each_with_the_recipe_as_it_was_written(bigart):
    made_by = replace(RECIPE, prompt="夕陽")
    write_picture("sunset.png", made_by, mood="calm")
    change_pixels("sunset.png", "see-é.png")
    code, lines, errors = bigart("info", "--json", "sunset.png", "absent.png", "see-é.png")
    assert (code, len(errors)) == (2, 1) and all(line.isascii() for line in lines)
    first, second = map(json.loads, lines)
    assert (first["file"], first["pixels"]) == ("sunset.png", "as made")
    assert (second["file"], second["pixels"]) == ("see-é.png", "changed")
    assert first["recipe"] == recipe.read_as_written(Path("sunset.png"))
    assert (first["recipe"]["prompt"], first["recipe"]["mood"]) == ("夕陽", "calm")


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp", ".pdf"])
def test_it_tells_what_kind_of_file_it_is_in_each_format(bigart, ending):
    picture, depth = np.full((300, 600, 3), 9000, np.uint16), 8 if ending in (".jpg", ".webp") else 16
    made_by = replace(RECIPE, stage="256", steps={"256": recipe.pixel_hash(picture)})
    writing.save(picture, f"a{ending}", made_by.texts(), Carried(profiles.DISPLAY_P3()), 254, Form(depth))
    code, lines, errors = bigart("info", f"a{ending}")
    name = writing.NAMES[writing.ENDINGS[ending]]
    expected = {
        f"prompt: {PROMPT}", "seed: 7", "profile: Display P3", "resolution: 254 DPI, which is 6.0 x 3.0 cm",
        f"format: {name}, 600x300 px, {depth} bits a colour", "digital source type: trainedAlgorithmicMedia",
    }  # fmt: skip
    assert (code, errors) == (0, []) and expected <= {*lines} and lines[-1] == ATTRIBUTION
    nearly = "nearly as made: JPEG does not keep them exactly, so changes cannot be seen"
    assert f"pixels: {nearly if ending == '.jpg' else 'as made'}" in lines
    values = json.loads(bigart("info", "--json", f"a{ending}")[1][0])
    assert (values["format"], values["size"], values["depth"], values["dpi"]) == (
        name,
        [600, 300],
        depth,
        [254, 254],
    )
    assert (values["profile"], values["digital_source_type"]) == ("Display P3", "trainedAlgorithmicMedia")
    assert values["pixels"] == ("nearly as made" if ending == ".jpg" else "as made")


def test_of_a_picture_that_was_enlarged_it_tells_what_it_was_made_of(bigart):
    settings = GenerateSettings(3)
    photo = Recipe("embedded", source="photo.jpg", generate=settings)
    painting = replace(photo, source_recipe=RECIPE.to_dict())
    write_picture("photo.png", photo)
    write_picture("painting.png", painting)
    lines = bigart("info", "photo.png")[1]
    assert {"enlarged from: photo.jpg", "seed of the texture: 3"} <= {*lines} and ATTRIBUTION not in lines
    lines = bigart("info", "painting.png")[1]
    expected = {"seed of the texture: 3", f"which has prompt: {PROMPT}", "which has seed: 7"}
    assert expected <= {*lines} and lines[-1] == ATTRIBUTION
    write_picture("strange.png", photo, source_recipe={"models": 7})
    assert "which was made: in a way that cannot be read" in bigart("info", "strange.png")[1]


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp", ".pdf"])
def test_a_picture_without_a_recipe_gets_one_line(bigart, ending):
    writing.save(Image.new("RGB", (8, 8)), f"a{ending}")
    code, lines, errors = bigart("info", f"a{ending}")
    assert (code, lines) == (2, []) and len(errors) == 1 and "carries no recipe" in errors[0]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured on Linux")
def test_a_print_of_16384_px_in_16_bits_is_told_strip_by_strip(tmp_path):
    picture = np.memmap(tmp_path / "levels", np.uint16, "w+", shape=(16384, 16384, 3))  # a file with holes
    writing.save(picture, tmp_path / "print.tif", RECIPE.texts(), form=Form(16))
    code = (
        "import re, sys; from bigart_lib.cli.main import main; code = main(sys.argv[1:]);"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "info", tmp_path / "print.tif"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    *lines, most = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (
        0,
        "",
    ) and "format: TIFF, 16384x16384 px, 16 bits a colour" in lines
    assert int(most) < 1_000_000  # kB, of which the half is Python and its libraries


def test_what_would_forge_a_line_or_turn_text_round_is_escaped(bigart):
    prompt = "a lake\npixels: as made\x1b[2J \u202egnp.exe"
    write_picture("evil.png", replace(RECIPE, prompt=prompt))
    lines = bigart("info", "evil.png")[1]
    assert "prompt: a lake\\npixels: as made\\x1b[2J \\u202egnp.exe" in lines
    assert lines.count("pixels: as made") == 1 and "again: bigart redo evil.png" in lines


def test_what_a_newer_version_wrote_is_told_by_name(bigart):
    write_picture("new.png", mood="calm")
    lines = bigart("info", "new.png")[1]
    assert f"prompt: {PROMPT}" in lines
    assert "written by a newer version, not understood: mood" in lines


def test_it_says_of_what_a_picture_is_a_variation(bigart):
    settings = GenerateSettings(7, near=(Ancestor(5, 1, 1.0),), distance=0.3)
    write_picture("near.png", replace(RECIPE, generate=settings))
    assert "a variation of: seed 5 number 2, at a distance of 0.3" in bigart("info", "near.png")[1]


def test_a_large_print_is_read_whatever_pillow_allows_for_others(bigart, monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    write_picture("print.png")
    code, lines, errors = bigart("info", "print.png")
    assert (code, errors) == (0, []) and "pixels: as made" in lines and not recwarn.list
    assert images.MOST_PIXELS_OPENED == 16384**2


# --------------------------------------------------------------------------------------------------- again


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "1024", "--count", "1"],
        ["--count", "3", "--pick", "3", "--size", "1024", "--texture", "0.1", "2"],
        ["--size", "1024", "--texture-1k", "0", "1", "--enhance", "--sampler", "ddim", "--steps", "3"],
        ["--size", "256", "--guidance", "2.5", "--precision", "fp32", "--count", "1"],
        ["--size", "256", "--quality", "draft", "--count", "1"],
        ["--size", "256", "--guided", "0.5", "--count", "1"],
    ],
)
def test_its_command_makes_the_same_bytes_again(tiny_models, bigart, options):
    first = Path(bigart("a lake, it's “still”", "--seed", 7, *options)[1][-1])
    (command,) = [line for line in bigart("info", first)[1] if line.startswith("again: ")]
    second = Path(bigart(*shlex.split(command)[2:])[1][-1])
    assert second != first and second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, "--size 256"),
        ({"index": None}, "--size 256"),
        ({"paint": PaintSettings()}, ""),
        ({"index": 2, "paint": PaintSettings(16384)}, "--pick 3 --size 16384"),
        ({"paint": PaintSettings(texture_4k=TextureSettings(0.1, 3))}, "--texture-4k 0.1 3"),
        ({"generate": GenerateSettings(7, 9, 15, 3.0, "ddim")}, "--count 9 --size 256"),
        (
            {"generate": GenerateSettings(7, 7, 100, 3.0, "ancestral", guided=1.0, spacing="even")},
            "--quality published --size 256",
        ),
    ],
)
def test_its_command_names_what_differs_from_the_defaults_alone(changes, options):
    command = again(replace(RECIPE, **changes), Path("a.png"))
    words = ["bigart", "a lake", "--seed", "7", *shlex.split(options), "--models", "embedded"]
    assert sorted(shlex.split(command)) == sorted(words)


def test_a_prompt_that_could_be_a_command_is_none():
    assert again(replace(RECIPE, prompt="models"), Path("a.png")).startswith("bigart paint models --seed 7")


def test_other_networks_are_named():
    command = again(replace(RECIPE, models="published+bsrnet+vqgan-wikiart"), Path("a.png"))
    assert "--models published --enlarger bsrnet --enhancer vqgan-wikiart" in command


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": None, "source": "photo.jpg"},
        {"prompt": "--help me"},
        {"prompt": "a\x1blake"},
        {"models": "embedded+mine.pth"},
        {"models": "dreams"},
        {"unknown": ("mood",)},
        {"generate": GenerateSettings(7, near=(Ancestor(5, 1, 1.0),))},
        {"paint": PaintSettings(texture_1k=TextureSettings(style="article"))},
    ],
)
def test_what_no_options_say_is_made_again_from_the_file(changes):
    assert again(replace(RECIPE, **changes), Path("-my a.png")) == "bigart redo './-my a.png'"


def test_nothing_in_a_prompt_runs_when_it_is_pasted(monkeypatch):
    hostile = replace(RECIPE, prompt='a "lake" & calc $(touch x) `touch y`; %PATH%')
    assert shlex.split(again(hostile, Path("a.png")))[1] == hostile.prompt
    monkeypatch.setattr(
        "bigart_lib.cli.terminal.IS_WINDOWS", True
    )  # whose quotes do not keep all of that from the shell
    assert again(hostile, Path("a.png")) == "bigart redo a.png"
    assert again(RECIPE, Path("a.png")).startswith('bigart "a lake" --seed 7')
