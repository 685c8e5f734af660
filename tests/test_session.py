"""A session: what was made is on disk at once, is not made twice, and is found by the next session."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from counters import count_networks
from PIL import Image

import bigart_lib
from bigart_lib import CancelledError, GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.recipe import pixel_hash
from bigart_lib.runs.run import open_run
from bigart_lib.runs.session import OPEN_BATCHES, OPEN_WORKS, Session
from bigart_lib.runs.shelf import on_disk

FINE, COARSE = TextureSettings(0.05, 1), TextureSettings(0.1, 6)
AS_PAINTED = PaintSettings(1024, enhance=True)


@pytest.fixture
def session(tiny_models, tmp_path):
    return Session(bigart_lib.load("embedded", device="cpu"), tmp_path / "pictures")


@pytest.fixture
def batch(painted, session):
    return session.open(painted / "a-lake")


@pytest.fixture
def networks(session, monkeypatch):
    return count_networks(monkeypatch, session.bigart)


def paint(session, batch, index=2, size=1024, **changes):
    return session.paint(batch, index, PaintSettings(size, **{"enhance": True, **changes}))


def paths(session):
    return [one.path for one in on_disk(session)]


def images(work):
    return {step.name: work.image(step) for step in work.steps if step.is_shown}


def hashes(work):
    return {name: pixel_hash(image) for name, image in images(work).items()}


def test_painting_in_a_session_is_painting_in_code(session, batch):
    in_session = paint(session, batch, texture_1k=COARSE)
    candidates = session.bigart.generate("a lake", replace(batch.candidates.settings, count=3))
    for one, other in zip(candidates.pictures, batch.candidates.pictures[:3], strict=True):
        assert torch.equal(one.picture, other.picture)
    in_code = session.bigart.paint(candidates[2], PaintSettings(1024, COARSE, enhance=True))
    expected = {name: pixel_hash(image) for name, image in in_code.stages.items()}
    assert expected.items() <= hashes(in_session).items() and "1024_enhanced" in expected


def test_a_preview_is_that_crop_of_what_will_be_made(session, batch):
    assert session.preview(batch, 0, AS_PAINTED, 1024) is None
    box = (300, 470, 812, 982)
    crop = session.preview(batch, 2, AS_PAINTED, 1024).crop(COARSE, box)
    textured = images(paint(session, batch, texture_1k=COARSE))["1024_textured"]
    assert np.array_equal(np.asarray(crop), np.asarray(textured.crop(box)))


def test_a_changed_texture_makes_a_new_file_and_the_same_one_none(session, batch, networks):
    for texture in (FINE, COARSE, COARSE):
        work = paint(session, batch, texture_1k=texture, enhance=False)
    names = sorted(path.name for path in work.folder.glob("*.png"))
    expected = [
        "1024.png",
        "1024_enhanced.png",
        "1024_textured-2.png",
        "1024_textured.png",
        "256.png",
        "64.png",
    ]
    assert names == expected and networks == []


def test_a_forecast_names_what_is_left_to_be_made(session, batch):
    def left(**changes):
        forecast = session.forecast(batch, 2, PaintSettings(**{"size": 1024, "enhance": True, **changes}))
        assert (forecast.seconds > 0) == bool(forecast.steps)
        return [step.action for step in forecast.steps]

    assert left() == []
    assert left(enhance=False, texture_1k=COARSE) == ["texture"]
    assert left(texture_1k=COARSE) == ["texture", "enhance"]
    assert left(size=4096) == ["enlarge", "texture"]


def test_the_sizes_of_a_session_are_those_above_its_candidates(session):
    assert session.sides() == [1024, 4096]


def test_the_next_session_goes_on_without_a_network(painted, session, networks):
    assert paths(session) == [painted / "a-lake"]
    found = session.open(painted / "a-lake")
    assert found.last_picked() == 2
    work = session.work(found, 2)
    assert work.settings() == AS_PAINTED
    of_the_models = {"guided": 1.0, "spacing": "even", "upsampler_timesteps": (500, 0)}
    assert found.candidates.settings == GenerateSettings(5, 7, 3, 2.5, "ddim", **of_the_models)
    again = paint(session, found, texture_1k=COARSE, enhance=False)
    assert networks == [] and again.last.name == "1024_textured-2.png"


def test_a_candidate_that_is_lost_is_painted_again_when_the_batch_is_opened(painted, session, networks):
    shutil.rmtree(painted / "a-lake" / "candidate-4")
    found = session.open(painted / "a-lake")
    assert networks == ["paint"] and len(found.candidates) == 7
    assert (painted / "a-lake" / "candidate-4" / "256.png").is_file()


def test_a_cancelled_painting_is_not_wanted_any_more_and_the_one_before_is(session, batch):
    def cancel(progress):
        raise CancelledError

    for index in (0, 2):
        with pytest.raises(CancelledError):
            session.paint(batch, index, PaintSettings(4096, COARSE), cancel)
    run = open_run(batch.run.path)
    assert [one.index for one in run.wanted() if one.paint] == [2] and run.unfinished() == []
    assert session.work(batch, 0).settings() is None and session.work(batch, 2).settings() == AS_PAINTED


def test_other_networks_do_not_go_on_with_a_batch(session, batch, monkeypatch):
    monkeypatch.setattr(session.bigart.enlarger, "fingerprint", lambda: "0" * 64)
    with pytest.raises(ValueError, match="begun with another enlarger than is loaded"):
        paint(session, batch, index=0)
    paint(session, batch, texture_1k=COARSE, enhance=False)


def test_favourites_are_found_by_the_next_session(session, batch):
    assert session.toggle_favourite(batch, 1) and session.toggle_favourite(batch, 0)
    assert not session.toggle_favourite(batch, 0)
    assert Session(session.bigart, session.folder).open(batch.run.path).run.favourites == {1}


def test_variations_stay_near_and_say_of_what(session, batch):
    near = session.variations(batch, 1, GenerateSettings(seed=8, count=2))
    generate = near.candidates[0].recipe.generate
    assert [(one.seed, one.index) for one in generate.near] == [(5, 1)]
    nearer = session.variations(near, 0, GenerateSettings(seed=9, count=1))
    assert [(one.seed, one.index) for one in nearer.candidates.settings.near] == [(5, 1), (8, 0)]
    found = Session(session.bigart, session.folder).open(nearer.run.path)
    assert found.candidates.settings == nearer.candidates.settings


def test_only_a_few_works_stay_in_memory_and_the_others_on_disk(session, batch):
    first = session.work(batch, 2)
    for index in range(OPEN_WORKS + 3):
        session.work(batch, index)
    assert session.work(batch, 2) is not first
    assert session.work(batch, 2).settings() == AS_PAINTED


def test_only_the_latest_batches_stay_in_memory_and_the_others_on_disk(session):
    made = [session.generate("a lake", GenerateSettings(seed, 1)) for seed in range(OPEN_BATCHES + 2)]
    assert session.batches == made[2:]
    again = session.open(made[0].run.path)
    assert torch.equal(again.candidates[0].picture, made[0].candidates[0].picture)
    assert session.batches == [*made[3:], again]
    assert [one.seed for one in on_disk(session)] == [4, 3, 2, 1, 0]


def test_what_the_disk_did_not_take_stays_in_memory(session):
    first = session.generate("a lake", GenerateSettings(0, 1))
    first.run.is_unwritten = True
    for seed in range(1, OPEN_BATCHES + 2):
        session.generate("a lake", GenerateSettings(seed, 1))
    assert session.batches[0] is first and len(session.batches) == OPEN_BATCHES + 1
    assert session.unsaved == [first.run]


def test_everything_is_copied_and_found_again_in_the_copy(session, batch, tmp_path):
    session.copy_to = tmp_path / "drive"
    work = paint(session, batch, texture_1k=COARSE, enhance=False)
    session.toggle_favourite(batch, 1)
    assert session.copy_problem == ""
    later = Session(session.bigart, tmp_path / "new machine", session.copy_to)
    assert paths(later) == [session.copy_to / "a-lake"]
    found = later.open(paths(later)[0])
    assert found.run.path == tmp_path / "new machine" / "a-lake" and found.run.favourites == {1}
    copied = later.work(found, 2).file(work.steps[-1])
    assert pixel_hash(Image.open(copied)) == pixel_hash(Image.open(work.last))


def test_a_copy_that_fails_costs_nothing_and_is_told(session, tmp_path):
    session.copy_to = tmp_path / "a file"
    session.copy_to.write_text("not a folder")
    batch = session.generate("a lake", GenerateSettings(seed=3, count=1))
    assert (batch.run.path / "candidates.png").is_file()
    assert session.copy_problem.startswith(f"no copy in {session.copy_to}")


def test_a_batch_that_painted_nothing_leaves_no_folder(session):
    def cancel(progress):
        raise CancelledError

    with pytest.raises(CancelledError):
        session.generate("a lake", GenerateSettings(count=1), cancel)
    assert paths(session) == [] and list(session.folder.iterdir()) == []


def test_a_folder_of_something_else_is_refused(session, tmp_path):
    session.folder.mkdir()
    with pytest.raises(PictureError, match=r"there is no run\.json"):
        session.open(tmp_path)


def test_pictures_that_are_no_steps_are_left_alone(session, batch):
    own = batch.run.path / "candidate-3" / "my own.png"
    Image.new("RGB", (8, 8)).save(own)
    work = paint(session, batch)
    assert own.is_file() and own not in work.files.values() and len(work.files) == 5
