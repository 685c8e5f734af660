"""BigArt: the stages in their order, kept as they are made, stopped when told to."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

import bigart_lib
from bigart_lib import CancelledError, GenerateSettings, PaintSettings, TextureSettings, machine
from bigart_lib import bigart as pipeline
from bigart_lib.generate.words import Reading
from bigart_lib.pictures.images import PictureError
from bigart_lib.results import Candidate, Memory

PLAIN = TextureSettings(0)


@pytest.fixture
def bigart(tiny_models):
    return bigart_lib.load("embedded", device="cpu")


def test_load_takes_the_embedded_set_where_nothing_was_fetched(tiny_models):
    chosen = bigart_lib.load(device="cpu", dtype=torch.float32)
    assert chosen.model_set == tiny_models
    assert chosen.describe().startswith("embedded models on CPU")


def test_the_stages_come_in_order_and_are_kept_as_they_are_made(bigart):
    candidate = bigart.generate("a lake", GenerateSettings(1, count=1))[0]
    kept = []
    painting = bigart.paint(
        candidate, PaintSettings(1024, enhance=True), keep=lambda stage, image, recipe: kept.append(stage)
    )
    assert kept == list(painting.stages) == ["256", "1024", "1024_textured", "1024_enhanced"]
    assert painting.image is painting.stages["1024_enhanced"]
    assert painting.recipe.stage == "1024_enhanced" and painting.recipe.prompt == "a lake"


def test_a_painting_is_saved_with_its_recipe_and_never_over_another(bigart, tmp_path):
    candidate = bigart.generate("a lake", GenerateSettings(1, count=1))[0]
    painting = bigart.paint(candidate, PaintSettings(256))
    painting.save(tmp_path / "mine.png", dpi=150)
    with Image.open(tmp_path / "mine.png") as image:
        assert round(image.info["dpi"][0]) == 150 and "a lake" in image.text["bigart"]
    with pytest.raises(FileExistsError):
        painting.save(tmp_path / "mine.png")


def test_unknown_words_change_nothing_and_are_told(bigart):
    one = GenerateSettings(1, count=1)
    lake, both, none = (
        bigart.generate(prompt, one)[0].image.tobytes() for prompt in ("lake", "zzyzx lake", "zzyzx")
    )
    assert lake == both and none != lake
    assert bigart.read("zzyzx lake") == Reading(followed=("lake",), unknown=("zzyzx",))


def test_what_the_artist_left_open_is_in_the_recipe(bigart):
    recipe = bigart.generate("a lake", GenerateSettings(count=1))[0].recipe
    assert (recipe.generate.steps, recipe.generate.sampler) == (2, "dpm++")


def test_the_second_texture_is_not_the_first_enlarged(bigart):
    image = Image.new("RGB", (8, 8), "gray")
    texture = TextureSettings(0.1, 1)
    painted = bigart.paint_image(image, "gray.png", PaintSettings(4096, PLAIN, texture, False), seed=1)
    again = bigart.paint_image(image, "gray.png", PaintSettings(4096, PLAIN, texture, False), seed=1)
    other = bigart.paint_image(image, "gray.png", PaintSettings(4096, PLAIN, texture, False), seed=2)
    assert painted.image.size == (128, 128)
    assert painted.image.tobytes() == again.image.tobytes() != other.image.tobytes()


def test_with_a_memory_only_what_follows_a_change_is_made_again(bigart, monkeypatch):
    made = []
    for name in ("_enlarge", "_enhance"):
        original = getattr(bigart, name)

        def make(picture, report, name=name, original=original):
            made.append((name, picture.shape[-1]))
            return original(picture, report)

        monkeypatch.setattr(bigart, name, make)
    fine, coarse = TextureSettings(0.05, 1), TextureSettings(0.1, 6)
    recipe = replace(bigart.generate("a lake", GenerateSettings(1, count=1))[0].recipe, index=0)
    candidate = Candidate(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 16, 16), recipe)
    memory = Memory()

    def paint(size=4096, first=fine, second=fine, enhance=True, memory=memory):
        del made[:]
        settings = PaintSettings(size, first, second, enhance)
        painting = bigart.paint(candidate, settings, memory=memory)
        return painting.image.tobytes(), [name for name, _ in made]

    everything = ["_enlarge", "_enhance", "_enlarge"]
    assert paint()[1] == everything
    assert paint(size=1024)[1] == []
    for changes, expected in (
        ({"second": coarse}, []),
        ({"first": coarse}, everything[1:]),
        ({"first": coarse, "enhance": False}, everything[2:]),
    ):
        pixels, again = paint(**changes)
        assert again == expected
        assert pixels == paint(**changes, memory=None)[0]


def test_stages_can_be_had_one_at_a_time(bigart):
    image = Image.new("RGB", (21, 13), "olive")
    assert bigart.enlarge(image).size == (84, 52)
    assert bigart.enhance(image).size == (21, 13)
    assert bigart.add_texture(image, TextureSettings(0.1, 3)).getcolors(1000) != image.getcolors()


def test_cancel_stops_at_the_next_step_and_the_next_run_works(bigart):
    def cancel(progress):
        if progress.stage == "base" and progress.step == 1:
            bigart.cancel()

    with pytest.raises(CancelledError, match="stopped in base at step 1"):
        bigart.generate("a lake", GenerateSettings(1, count=2), cancel)
    assert len(bigart.generate("a lake", GenerateSettings(1, count=1))) == 1


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_empty_prompt_is_refused(bigart, prompt):
    with pytest.raises(ValueError, match="prompt is empty"):
        bigart.generate(prompt)


def test_a_picture_that_would_become_too_large_is_refused_before_any_work(bigart):
    with pytest.raises(PictureError, match="make it smaller first"):
        bigart.paint_image(Image.new("RGB", (5000, 4000)), "wide.png", PaintSettings(1024))


def test_an_estimate_grows_with_the_work(bigart):
    once, twice = (bigart.seconds_to_enlarge(256, 256, times) for times in (4, 16))
    assert twice > 5 * once > 0


def test_bf16_is_chosen_only_where_the_processor_has_it(monkeypatch):
    cpu = torch.device("cpu")
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(machine, "_cpu_has_fast_bf16", lambda has=has: has)
        assert machine.pick_precision(cpu) is expected


def test_on_a_cpu_large_networks_make_room_for_the_next_and_paint_the_same(bigart, monkeypatch):
    expected = bigart.generate("a lake", GenerateSettings(1, count=1))[0].picture
    assert bigart._networks.keys() == {"base", "upsampler"}
    monkeypatch.setattr(pipeline, "MOST_IDLE_WEIGHTS", 0)
    sparing = bigart_lib.load("embedded", device="cpu")
    assert torch.equal(sparing.generate("a lake", GenerateSettings(1, count=1))[0].picture, expected)
    assert sparing._networks.keys() == {"upsampler"}
