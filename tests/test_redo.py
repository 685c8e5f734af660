"""A picture is made again from nothing but its file, with a verdict on every step."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import bigart_lib
from bigart_lib import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.pictures import recipe, writing
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.results import with_pixels
from bigart_lib.runs.redo import redo
from bigart_lib.runs.resume import newest_unfinished
from bigart_lib.runs.run import Run
from bigart_lib.settings import Ancestor

STEPS = ["64", "256", "1024", "1024_textured", "1024_enhanced"]


@pytest.fixture(scope="module")
def first(bigart, tmp_path_factory):
    """The last picture of a run, and the run."""
    recipe = bigart.recipe("a lake", GenerateSettings(seed=3, count=2))
    run = Run.new(tmp_path_factory.mktemp("first"), "a lake", recipe)
    run.paint_candidates(bigart)
    return run.paint(bigart, 1, PaintSettings(1024, enhance=True))


@pytest.fixture
def alone(first, tmp_path):
    """That picture's file in an empty folder."""
    (tmp_path / "empty").mkdir()
    return shutil.copy(first.last, tmp_path / "empty" / "holiday.png")


def verdicts(verdict):
    return {step.name: step.verdict for step in verdict.steps}


def test_from_nothing_but_the_file_every_step_is_identical(bigart, alone, first, tmp_path):
    verdict = redo(alone, tmp_path, bigart)
    assert verdicts(verdict) == dict.fromkeys(STEPS, "identical") and verdict.is_identical
    assert verdict.machine == {} and verdict.networks_run == 4
    assert verdict.path.read_bytes() == first.last.read_bytes()


@pytest.mark.parametrize("name", ["lake.tif", "lake.jpg", "lake.webp", "lake.pdf"])
def test_a_file_of_any_format_is_enough_to_make_the_picture_again(bigart, name, tmp_path):
    candidates = bigart.generate("a lake", GenerateSettings(seed=3, count=1))
    painting = bigart.paint(candidates[0], PaintSettings(1024))
    painting.save(tmp_path / name)
    verdict = redo(tmp_path / name, tmp_path / "again", bigart)
    assert verdict.is_identical and verdict.path.suffix == f".{name.partition('.')[2]}"
    assert verdict.path.read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("name", ["64", "256", "1024", "1024_textured"])
def test_any_picture_of_a_run_can_be_made_again(bigart, first, name, tmp_path):
    verdict = redo(first.files[name], tmp_path, bigart)
    assert verdict.is_identical and name in verdicts(verdict)
    assert verdict.run.unfinished() == [] and newest_unfinished(tmp_path) is None


def test_a_candidate_that_was_not_picked_is_made_as_it_is(bigart, first, tmp_path):
    path = first.run.path / "candidate-1" / "256.png"
    verdict = redo(path, tmp_path, bigart)
    assert verdict.path.name == "256.png" and verdict.path.read_bytes() == path.read_bytes()
    assert [path.name for path in verdict.run.path.glob("candidate-*")] == ["candidate-1"]


def test_a_variation_is_made_again_too(bigart, tmp_path):
    near = (Ancestor(3, 1, 1.0), Ancestor(5, 0, 0.4))
    settings = GenerateSettings(seed=9, count=1, near=near, distance=0.3)
    run = Run.new(tmp_path / "near", "a lake", bigart.recipe("a lake", settings))
    run.paint_candidates(bigart)
    assert redo(run.path / "candidate-1" / "256.png", tmp_path, bigart).is_identical


def test_a_texture_only_change_runs_no_network_where_the_first_run_is_at_hand(bigart, first, tmp_path):
    verdict = redo(
        first.files["1024_textured"], tmp_path, bigart, **{"texture_1k.amount": "0.08", "enhance": False}
    )
    assert verdict.networks_run == 0
    found = verdicts(verdict)
    assert found.pop("1024_textured") == "different" and set(found.values()) == {"identical"}
    made, _ = recipe.read_picture(verdict.path)
    assert made.paint.texture_1k == TextureSettings(0.08, 1)


def test_a_change_at_the_front_changes_everything(bigart, alone, tmp_path):
    verdict = redo(alone, tmp_path, bigart, seed=4)
    assert set(verdicts(verdict).values()) == {"different (its first picture is not at hand)", "different"}
    assert verdicts(verdict)["1024_enhanced"] == "different" and verdict.networks_run == 4


def test_a_step_that_did_not_exist_is_new(bigart, alone, tmp_path):
    small = redo(alone, tmp_path, bigart, size=256)
    verdict = redo(small.path, tmp_path, bigart, size=1024)
    assert verdicts(verdict) == {
        "64": "identical", "256": "identical", "1024": "new", "1024_textured": "new",
    }  # fmt: skip


def doctored(path, target, change_pixels=None, **changes):
    """The picture with other values in it, and a recipe that has always said so."""
    made_by, image = recipe.read_picture(path)
    if change_pixels:
        image = Image.fromarray(change_pixels(np.asarray(image).copy()))
    made_by = with_pixels(replace(made_by, **changes), made_by.stage, image)
    writing.save(image, target, made_by.texts())
    return target


def test_a_difference_of_one_level_is_told_from_a_larger_one(bigart, first, tmp_path):
    def one_level(pixels):
        pixels[0, 0, 0] += 1 if pixels[0, 0, 0] < 255 else -1
        return pixels

    def many(pixels):
        pixels[:8] = 255 - pixels[:8]
        return pixels

    source = first.files["256"]
    near = redo(doctored(source, tmp_path / "near.png", one_level), tmp_path, bigart).steps[-1]
    far = redo(doctored(source, tmp_path / "far.png", many), tmp_path, bigart).steps[-1]
    assert (near.verdict, near.worst) == ("within one level", 1) and 0 < near.share < 1e-4
    assert far.verdict == "different" and far.worst > 1 and 0.01 < far.share < 0.05


def test_what_differs_in_the_machine_is_named(bigart, first, tmp_path):
    made_by = recipe.read_picture(first.last)[0]
    path = doctored(
        first.last,
        tmp_path / "other.png",
        machine={**made_by.machine, "torch": "1.0", "threads": 1},
        networks={**made_by.networks, "base": "0" * 64},
    )
    verdict = redo(path, tmp_path, bigart)
    assert verdict.machine["torch"] == ("1.0", torch.__version__)
    assert set(verdict.machine) == {"torch", "network base"}


def test_a_picture_that_was_brought_needs_what_it_was_made_of(bigart, tmp_path):
    image = Image.effect_noise((24, 16), 60).convert("RGB")
    image.save(tmp_path / "photo.png")
    settings = PaintSettings(1024)
    run = Run.new(tmp_path / "a", "photo", bigart.recipe_for("photo.png", image, settings), None, image.size)
    run.source.bring(tmp_path / "photo.png", run.path)
    last = run.paint(bigart, None, settings).last
    assert redo(last, tmp_path, bigart).is_identical  # a copy lies beside it
    alone = shutil.copy(last, tmp_path / "alone.png")
    (tmp_path / "photo.png").rename(tmp_path / "moved.png")
    with pytest.raises(PictureError, match="enlarged from photo.png, which is not beside it.*--source"):
        redo(alone, tmp_path, bigart)
    assert redo(alone, tmp_path, bigart, source=tmp_path / "moved.png").is_identical


def test_a_contact_sheet_is_no_single_picture(bigart, first, tmp_path):
    with pytest.raises(PictureError, match="shows several candidates: choose one, as in --change number=3"):
        redo(first.run.sheet, tmp_path, bigart)
    verdict = redo(first.run.sheet, tmp_path, bigart, number=2)
    assert verdict.path.read_bytes() == first.files["256"].read_bytes()


def test_the_library_loads_the_models_that_the_recipe_names(tiny_set_in_module, alone, tmp_path):
    assert bigart_lib.redo(alone, tmp_path).is_identical


def test_a_run_that_was_made_again_is_opened_as_it_is(bigart, alone, tmp_path):
    verdict = redo(alone, tmp_path, bigart)
    run = bigart_lib.open_run(verdict.run.path)
    assert run.indices == [1] and run.unfinished() == []
    assert json.loads((run.path / "run.json").read_text())["recipe"]["generate"]["count"] == 2
