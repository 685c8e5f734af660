"""A session: what was made is on disk at once, is not made twice, and is found by the next session."""

import numpy as np
import pytest
import torch
from PIL import Image

import bigart_lib
from bigart_lib import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.bigart import BigArt
from bigart_lib.pictures import recipe
from bigart_lib.pictures.images import PictureError
from bigart_lib.runs.session import OPEN_WORKS, Session

FINE, COARSE = TextureSettings(0.05, 1), TextureSettings(0.1, 6)
TWO = GenerateSettings(seed=3, count=2)


@pytest.fixture
def session(tiny_models, tmp_path):
    return Session(bigart_lib.load("embedded", device="cpu"), tmp_path / "pictures")


@pytest.fixture
def enlargings(monkeypatch):
    """The sides of what was enlarged since."""
    seen = []
    original = BigArt._enlarge

    def enlarge(self, picture, report):
        seen.append(picture.shape[-1])
        return original(self, picture, report)

    monkeypatch.setattr(BigArt, "_enlarge", enlarge)
    return seen


def paint(session, batch, index=0, size=1024, **changes):
    settings = PaintSettings(size, **{"texture_1k": FINE, "texture_4k": FINE, **changes})
    return session.paint(session.work(batch, index), settings)


def pixels(image):
    return np.asarray(image, dtype=int)


def test_painting_in_a_session_is_painting_in_code(session):
    batch = session.generate("a lake", TWO)
    paint(session, batch, texture_1k=COARSE)
    in_session = paint(session, batch, enhance=True)
    candidate = session.bigart.generate("a lake", TWO)[0]
    in_code = session.bigart.paint(candidate, PaintSettings(1024, FINE, FINE, enhance=True))
    assert in_session.stages.keys() == in_code.stages.keys()
    for stage, image in in_code.stages.items():
        assert recipe.pixel_hash(image) == recipe.pixel_hash(in_session.stages[stage]), stage


def test_a_preview_is_that_crop_of_what_will_be_made(session):
    batch = session.generate("a lake", TWO)
    assert session.work(batch, 0).preview(1024) is None
    paint(session, batch, texture_1k=FINE)
    box = (300, 470, 812, 982)
    crop = session.work(batch, 0).preview(1024).crop(COARSE, box)
    painting = paint(session, batch, texture_1k=COARSE)
    assert np.array_equal(pixels(crop), pixels(painting.image.crop(box)))


def test_a_changed_texture_makes_a_new_file_and_the_same_one_none(session):
    batch = session.generate("a lake", TWO)
    for texture in (FINE, COARSE, COARSE):
        paint(session, batch, texture_1k=texture)
    names = sorted(path.name for path in session.work(batch, 0).folder.path.glob("*.png"))
    assert names == ["1024.png", "1024_textured-2.png", "1024_textured.png", "256.png"]


def test_the_next_session_goes_on_without_enlarging_again(session, enlargings):
    batch = session.generate("a lake", TWO)
    first = paint(session, batch, index=1, enhance=True)
    del enlargings[:]
    later = Session(session.bigart, session.folder)
    assert later.earlier() == [batch.folder.path]
    found = later.open(batch.folder.path)
    assert found.last_picked() == 1 and later.earlier() == []
    assert torch.equal(found.candidates[1].picture, batch.candidates[1].picture)
    work = later.work(found, 1)
    assert work.settings() == first.recipe.paint
    assert recipe.pixel_hash(work.painting.image) == recipe.pixel_hash(first.image)
    again = paint(later, found, index=1, texture_1k=COARSE)
    assert enlargings == []
    expected = paint(session, batch, index=1, texture_1k=COARSE)
    assert recipe.pixel_hash(again.image) == recipe.pixel_hash(expected.image)


def test_favourites_are_found_by_the_next_session(session):
    batch = session.generate("a lake", TWO)
    assert batch.toggle_favourite(1) and batch.toggle_favourite(0) and not batch.toggle_favourite(0)
    assert Session(session.bigart, session.folder).open(batch.folder.path).favourites == {1}


def test_variations_stay_near_and_say_of_what(session):
    batch = session.generate("a lake", TWO)
    near = session.variations(batch, 1, GenerateSettings(seed=8, count=2))
    generate = near.candidates[0].recipe.generate
    assert [(one.seed, one.index) for one in generate.near] == [(3, 1)]
    nearer = session.variations(near, 0, GenerateSettings(seed=9, count=1))
    assert [(one.seed, one.index) for one in nearer.candidates.settings.near] == [(3, 1), (8, 0)]
    found = Session(session.bigart, session.folder).open(nearer.folder.path)
    assert found.candidates.settings == nearer.candidates.settings


def test_only_a_few_works_stay_in_memory_and_the_others_on_disk(session):
    batch = session.generate("a lake", GenerateSettings(seed=3, count=OPEN_WORKS + 1))
    for index in range(OPEN_WORKS + 1):
        paint(session, batch, index)
    assert sorted(batch.works) == [1, 2, 3]
    assert "1024_textured" in session.work(batch, 0).painting.stages


def test_everything_is_copied_and_found_again_in_the_copy(session, tmp_path):
    session.copy_to = tmp_path / "drive"
    batch = session.generate("a lake", TWO)
    painted = paint(session, batch)
    session.toggle_favourite(batch, 1)
    assert session.copy_problem == ""
    later = Session(session.bigart, tmp_path / "new machine", session.copy_to)
    assert later.earlier() == [session.copy_to / "a-lake"]
    found = later.open(later.earlier()[0])
    assert found.folder.path == tmp_path / "new machine" / "a-lake" and found.favourites == {1}
    work = later.work(found, 0)
    assert recipe.pixel_hash(work.painting.image) == recipe.pixel_hash(painted.image)


def test_a_copy_that_fails_costs_nothing_and_is_told(session, tmp_path):
    session.copy_to = tmp_path / "a file"
    session.copy_to.write_text("not a folder")
    batch = session.generate("a lake", TWO)
    assert (batch.folder.path / "candidates.png").is_file()
    assert session.copy_problem.startswith(f"no copy in {session.copy_to}")


def test_a_folder_of_something_else_is_refused(session, tmp_path):
    with pytest.raises(PictureError, match="holds no candidates"):
        session.open(tmp_path)


def test_pictures_that_are_no_stages_are_left_alone(session):
    batch = session.generate("a lake", TWO)
    paint(session, batch)
    own = batch.folder.path / "candidate-1" / "my own.png"
    Image.new("RGB", (8, 8)).save(own)
    found = Session(session.bigart, session.folder)
    work = found.work(found.open(batch.folder.path), 0)
    assert own not in work.files.values() and len(work.files) == 3
