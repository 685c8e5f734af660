"""Pictures are repainted from their recipes, compared, and nothing is kept."""

import shutil
import tempfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bigart_lib import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.cli.main import main
from bigart_lib.pictures import writing
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.recipe import pixel_hash, read
from bigart_lib.runs import verify as verifying
from bigart_lib.runs.run import Run
from bigart_lib.runs.verify import Verifier


@pytest.fixture(scope="module")
def painting(bigart, tmp_path_factory):
    candidates = bigart.generate("a lake", GenerateSettings(seed=3, count=2))
    painting = bigart.paint(candidates[1], PaintSettings(1024))
    painting.save(tmp_path_factory.mktemp("made") / "lake.png")
    return painting


@pytest.fixture
def alone(painting, tmp_path):
    painting.save(tmp_path / "lake.png")
    return tmp_path / "lake.png"


@pytest.fixture
def verifier(bigart, monkeypatch, tmp_path):
    """One that was given the models, and whose scratch folders are seen."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return Verifier(lambda recipe, **options: bigart)


def rewritten(path, recipe=None, image=None):
    """The file with another recipe or other pixels."""
    found, _ = read(path)
    image = image or Image.open(path).convert("RGB")
    path.unlink()
    writing.save(image, path, (recipe or found).texts())


def test_a_picture_as_it_was_made_is_the_same_and_nothing_is_kept(verifier, alone, tmp_path):
    verified = verifier.verify(alone)
    assert verified.verdict == "same to the last bit" and verified.is_same and not verified.machine
    assert [step.verdict for step in verified.steps] == ["identical"] * len(verified.steps)
    assert [*(tmp_path / "scratch").iterdir()] == []
    assert {path.name for path in tmp_path.iterdir()} == {"lake.png", "scratch"}


@pytest.mark.parametrize("name", ["lake.tif", "lake.webp", "lake.pdf", "lake.jpg"])
def test_pictures_of_every_format_are_told(verifier, painting, name, tmp_path):
    painting.save(tmp_path / name)
    assert verifier.verify(tmp_path / name).is_same


def test_a_jpeg_that_was_saved_again_is_the_same_as_far_as_it_can_tell(verifier, painting, tmp_path):
    painting.save(tmp_path / "lake.jpg")
    with Image.open(tmp_path / "lake.jpg") as picture:
        texts = read(tmp_path / "lake.jpg")[0].texts()
        pixels = np.asarray(picture)
    writing.save(Image.fromarray(pixels), tmp_path / "again.jpg", texts, form=writing.Form(quality=60))
    assert verifier.verify(tmp_path / "again.jpg").verdict == verifying.NEARLY


def test_a_retouched_picture_was_changed_since_it_was_made(verifier, alone):
    image = Image.open(alone).convert("RGB")
    image.putpixel((5, 5), (255, 0, 255))
    rewritten(alone, image=image)
    verified = verifier.verify(alone)
    assert verified.verdict == "changed since it was made" and not verified.is_same


def test_a_false_recipe_is_found_at_the_step_where_it_differs(verifier, alone):
    found, _ = read(alone)
    false = replace(found, paint=replace(found.paint, texture_1k=TextureSettings(amount=0.15)))
    rewritten(alone, false)
    verified = verifier.verify(alone)
    assert verified.verdict == "differs"
    assert verifying.differing(verified.steps).name == "1024_textured"


def test_another_machine_may_be_a_level_off_and_is_named(verifier, alone, bigart):
    found, _ = read(alone)
    image = Image.open(alone).convert("RGB")
    levels = np.asarray(image).astype(np.int16)
    moved = Image.fromarray(np.clip(levels + (levels < 128), 0, 255).astype(np.uint8))
    other = replace(found, machine={**found.machine, "processor": "another"})
    steps = {**found.steps, found.stage: pixel_hash(moved)}
    rewritten(alone, replace(other, steps=steps), moved)
    verified = verifier.verify(alone)
    assert verified.verdict == "within one level"
    assert verified.machine["processor"][0] == "another"


def test_models_are_loaded_once_for_pictures_of_one_kind(bigart, alone, tmp_path):
    loaded = []
    verifier = Verifier(lambda recipe, **options: loaded.append(recipe) or bigart)
    shutil.copy(alone, tmp_path / "again.png")
    assert verifier.verify(alone).is_same and verifier.verify(tmp_path / "again.png").is_same
    assert len(loaded) == 1


def test_a_picture_without_a_recipe_cannot_be_verified(verifier, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    with pytest.raises(PictureError, match="recipe"):
        verifier.verify(tmp_path / "plain.png")


def test_the_command_makes_a_table_and_ends_with_what_it_found(alone, tiny_set, tmp_path, capsys):
    shutil.copy(alone, tmp_path / "copy.png")
    assert main(["verify", str(alone)]) == 0
    assert capsys.readouterr().out.strip() == f"{alone}  same to the last bit"
    image = Image.open(alone).convert("RGB")
    image.putpixel((5, 5), (255, 0, 255))
    rewritten(alone, image=image)
    assert main(["verify", str(alone), str(tmp_path / "copy.png")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("changed since it was made") and lines[1].endswith("same to the last bit")
    assert lines[2] == "1 of 2 are same to the last bit"
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert main(["verify", str(tmp_path)]) == 2  # a folder
    out = capsys.readouterr().out
    assert "plain.png  not verified: " in out and out.count("same to the last bit") == 2


def test_an_enlarged_picture_is_verified_with_what_it_was_made_of(tiny_set, tmp_path, capsys):
    Image.radial_gradient("L").convert("RGB").resize((24, 16)).save(tmp_path / "photo.png")
    assert main(["enlarge", str(tmp_path / "photo.png"), "--out", str(tmp_path / "large.png")]) == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photo.png").rename(tmp_path / "elsewhere" / "photo.png")
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "large.png")]) == 2
    assert "--source" in capsys.readouterr().out
    named = ["--source", str(tmp_path / "elsewhere" / "photo.png")]
    assert main(["verify", str(tmp_path / "large.png"), *named]) == 0
    assert "same to the last bit" in capsys.readouterr().out


def test_work_on_a_run_is_verified_without_touching_it(bigart, verifier, tmp_path):
    recipe = bigart.recipe("a lake", GenerateSettings(seed=3, count=2))
    run = Run.new(tmp_path / "runs", "a lake", recipe)
    run.paint_candidates(bigart)
    work = run.paint(bigart, 1, PaintSettings(1024))
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    assert verifier.verify(work.last).is_same
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before
