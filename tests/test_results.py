"""What BigArt gives is saved with its recipe, under the name of what it is, and over nothing."""

import pytest
import torch
from PIL import Image

from bigart_lib.pictures import images, reading
from bigart_lib.pictures.recipe import Recipe, read
from bigart_lib.pictures.results import Candidate, Candidates, Painting, with_pixels
from bigart_lib.pictures.writing import Form
from bigart_lib.settings import GenerateSettings

RECIPE = Recipe("embedded", prompt="a lake", generate=GenerateSettings(7, 3))


def candidates():
    pictures = [Candidate(torch.rand(1, 3, 32, 32), Recipe(**{**vars(RECIPE), "index": n})) for n in range(3)]
    return Candidates("a lake", RECIPE.generate, tuple(pictures))


def painting():
    image = Image.new("RGB", (8, 8), "teal")
    return Painting({"1024": image}, {"1024": with_pixels(RECIPE, "1024", image)})


@pytest.mark.parametrize(
    ("made", "index", "stage"),
    [(candidates(), None, "candidates"), (candidates()[1], 1, "32"), (painting(), None, "1024")],
    ids=["candidates", "candidate", "painting"],
)
def test_each_carries_its_recipe_and_the_hash_of_its_pixels(made, index, stage, tmp_path):
    made.save(tmp_path / "mine.png")
    found, is_same = read(tmp_path / "mine.png")
    assert is_same and (found.prompt, found.index, found.stage) == ("a lake", index, stage)
    with pytest.raises(FileExistsError):
        made.save(tmp_path / "mine.png")


@pytest.mark.parametrize("made", [candidates(), candidates()[0], painting()])
@pytest.mark.parametrize("name", ["lake.gif", "lake.eps", "lake", "lake.png.bak"])
def test_a_name_of_no_format_is_refused(made, name, tmp_path):
    with pytest.raises(ValueError, match=r"lake.*: expected a name that ends in \.png, .* or \.pdf"):
        made.save(str(tmp_path / name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("made", [candidates(), candidates()[0], painting()])
@pytest.mark.parametrize("name", ["lake.jpg", "lake.tif", "lake.webp", "lake.pdf"])
def test_the_name_says_the_format_and_each_carries_the_recipe(made, name, tmp_path):
    made.save(tmp_path / name)
    found, is_same = read(tmp_path / name)
    assert found.prompt == "a lake" and is_same is (None if name == "lake.jpg" else True)


def test_sixteen_bits_are_those_of_the_network_and_not_of_the_rounded_picture(tmp_path):
    candidate = candidates()[0]
    candidate.save(tmp_path / "lake.tif", form=Form(depth=16))
    made = reading.read(tmp_path / "lake.tif")
    assert made.carried.depth == 16
    assert (images.from_array(made.levels) == images.to_levels(candidate.picture)).all()


def test_a_name_in_capitals_is_one_too(tmp_path):
    painting().save(tmp_path / "LAKE.PNG")
    assert read(tmp_path / "LAKE.PNG")[1]
