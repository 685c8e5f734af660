"""A recipe goes into a picture and comes out the same."""

import json
from dataclasses import asdict, replace

import pytest
from PIL import Image

from bigart_lib.pictures import recipe
from bigart_lib.runs.run_folder import RunFolder
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings

RECIPE = recipe.Recipe(
    version="0.1.0",
    models="embedded",
    device="CPU",
    torch="2.13.0",
    prompt='a "red" lake, ünder sky',
    generate=GenerateSettings(7, 3, 20, 3.0, "dpm++"),
    index=2,
    paint=PaintSettings(1024, TextureSettings(0.1, 4), TextureSettings(0, 1, "article"), False),
    stage="1024",
)


def test_a_recipe_survives_the_file(tmp_path):
    image = Image.new("RGB", (8, 8), "teal")
    path = RunFolder(tmp_path, "A red lake!").save("picture", image, RECIPE)
    assert path == tmp_path / "a-red-lake" / "picture.png"
    found, same = recipe.read(path)
    assert same and found == replace(RECIPE, pixels=recipe.pixel_hash(image))


def test_every_run_gets_a_new_folder(tmp_path):
    names = [RunFolder(tmp_path, title).path.name for title in ("A lake", "a lake", "../..", "湖")]
    assert names == ["a-lake", "a-lake-2", "picture", "湖"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"version": 1}', json.dumps({**asdict(RECIPE), "future": 1}), '{"generate": 3}'],
)
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(ValueError, match="not a recipe that this version"):
        recipe.from_json(text)


def test_a_recipe_with_settings_out_of_bounds_is_refused():
    values = asdict(RECIPE)
    values["generate"]["seed"] = -1
    with pytest.raises(ValueError, match="seed must be from 0"):
        recipe.from_json(json.dumps(values))
