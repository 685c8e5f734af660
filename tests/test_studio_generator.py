"""Another generator in the studio: chosen, loaded, painted with, and left again."""

import dataclasses
import gc
import json
import weakref
from importlib.util import find_spec

import pytest
import torch
from test_studio import Artist, shown

import bigart_lib
from bigart_lib import loading
from bigart_lib.files import write_text
from bigart_lib.generate.generator import Abilities, Painted, Stage
from bigart_lib.generate.known_models import KNOWN_MODELS
from bigart_lib.generate.words import Reading
from bigart_lib.machine import random_generator
from bigart_lib.pictures.recipe import read_picture
from bigart_lib.progress import Cost, Progress
from bigart_lib.runs.run import open_run
from bigart_lib.settings import GenerateSettings
from bigart_lib.studio.generator_row import GLIDE, OTHER
from bigart_lib.studio.presets import FILE, NOTHING

NAME = "paints/squares"
TERMS = "squares: licence: none; not for commercial use"
STEPS = 3


class Squares:
    """A generator of coloured squares of 64 px, which notes what is done with its memory."""

    def __init__(self, name=None, abilities=None, happened=None):
        self.abilities = abilities or Abilities(negative_prompt=True, origin="from here", terms=TERMS)
        self.sampling = {"generator": name} if name else {}
        self.happened = [] if happened is None else happened

    def native(self, shape=1.0):
        return 64, 64

    def stages(self, native_size, settings):
        return (Stage("paint", native_size, Cost(1e6, 1e6)),)

    def complete(self, settings):
        usual = {"steps": STEPS, "guidance": 4.0}
        left_open = {name: value for name, value in usual.items() if getattr(settings, name) is None}
        return dataclasses.replace(settings, **left_open)

    def read(self, prompt):
        return Reading((), (), (), ())

    def fingerprint(self):
        return {"squares": "0" * 64}

    def prepare(self, report):
        self.happened.append("prepared")
        report(Progress("load", 1, 1))

    def free(self):
        self.happened.append("freed")

    def paint(self, prompt, settings, indices, report, begun):
        for index in indices:
            words = sum(map(ord, f"{prompt}{settings.negative}"))
            colour = torch.rand(1, 3, 1, 1, generator=random_generator(settings.seed, index, words))
            for step in range(settings.steps):
                report(Progress("paint", step + 1, settings.steps, colour.expand(1, 3, 8, 8)))
            yield Painted(index, 0, colour.expand(1, 3, 64, 64).contiguous())


@pytest.fixture
def artist(tiny_models, tmp_path):
    """One before an empty studio with GLIDE."""
    return Artist(tmp_path / "pictures")


@pytest.fixture
def squares(monkeypatch, tmp_path):
    """The folder of a model that is loaded as `Squares`, and what happens to its memory."""
    folder, happened = tmp_path / "squares", []
    folder.mkdir()
    made = lambda model, *_: Squares(model, happened=happened)  # noqa: E731
    monkeypatch.setattr(loading, "_pipeline", made)
    return str(folder), happened


def choose(artist, name):
    """Choose in the list, and wait for what comes of it."""
    artist.studio.generators.choice.value = name
    artist.studio.tasks.jobs.wait(120)


def load(artist, model):
    """Name a model beside the list."""
    choose(artist, OTHER)
    artist.studio.generators.model.value = model
    artist.click(artist.studio.generators.load)


def test_glide_comes_first_and_is_in_use(artist):
    row = artist.studio.generators
    names = [name for _, name in row.choice.options]
    assert (names[0], names[-1]) == (GLIDE, OTHER) and {*KNOWN_MODELS} < {*names}
    assert row.choice.value == GLIDE and not shown(row._other)


def test_the_embedded_and_the_published_models_have_terms():
    from bigart_lib.weights.sets import embedded, published

    assert "CC BY-SA 4.0; commercial use is allowed" in embedded().terms
    assert "do not recommend it for commercial use" in published().terms


def test_a_model_that_is_not_here_says_how_to_get_it_and_glide_stays(artist):
    row = artist.studio.generators
    for name in ("flux-schnell", "somebody/something"):
        if name in KNOWN_MODELS:
            choose(artist, name)
        else:
            load(artist, name)
        assert f"get it by bigart generators fetch {name}" in row.words.value
        assert "bigart-error" in row.words.value and row.choice.value == GLIDE
    artist.create()
    assert "2 pictures in" in artist.status and "base" in artist.studio.batch.run.recipe.networks


def test_what_another_generator_can_do_is_offered_and_painted(artist, squares, monkeypatch):
    previews, (folder, _) = [], squares
    monkeypatch.setattr("bigart_lib.studio.jobs.SHOW_EVERY", 0)
    monkeypatch.setattr("bigart_lib.studio.jobs.POLL", 0)
    artist.prompt.prompt.value = "a lake"
    artist.prompt.choices["shape"].value = "3:2"
    load(artist, folder)
    assert "ready to paint" in artist.status
    prompt, row = artist.prompt, artist.studio.generators
    assert [*prompt.choices] == ["count", "shape", "steps", "guidance", "negative"]
    assert (prompt.choices["steps"].value, prompt.choices["guidance"].value) == (STEPS, 4.0)
    assert prompt.choices["shape"].options == ("1:1",) and not shown(prompt._shape_row)
    assert not shown(prompt._limits) and prompt._origin.value == "from here"
    assert TERMS in row.words.value and row.choice.value == folder
    assert prompt.prompt.value == "a lake"
    show = artist.picks.show
    monkeypatch.setattr(artist.picks, "show", lambda images: previews.append(images[0].size) or show(images))
    prompt.choices["negative"].value = " ugly  things "
    artist.create()
    assert (8, 8) in previews and previews[-1] == (64, 64)
    run = open_run(artist.studio.batch.run.path)
    assert (run.recipe.generate.negative, run.recipe.generate.steps) == ("ugly things", STEPS)
    assert run.options["generator"] == folder
    small, large = artist.studio.work_panel.enlarge_cards
    assert (small.side, large.side) == (256, 4096) and artist.small not in (small, large)
    artist.pick(2)
    artist.click(small.make)
    assert "Made in" in artist.status
    assert read_picture(artist.work(1).folder / "256_textured.png")[0].generate.negative == "ugly things"


def test_the_one_before_lets_go_of_its_memory_before_the_next_is_loaded(artist, squares):
    folder, happened = squares
    load(artist, folder)
    assert happened == ["prepared"]
    before = weakref.ref(artist.studio.session.bigart.generator)
    artist.create()
    choose(artist, GLIDE)
    assert happened == ["prepared", "freed"]
    gc.collect()
    assert before() is None
    assert "negative" not in artist.prompt.choices and shown(artist.prompt._shape_row)
    assert artist.studio.batch is None  # the squares are not GLIDE's
    choose(artist, folder)
    assert happened == ["prepared", "freed", "prepared"]
    assert artist.studio.batch.candidates[0].image.size == (64, 64)


def test_a_preset_brings_its_generator_and_then_its_settings(artist, squares):
    presets, (folder, happened) = artist.studio.presets, squares
    load(artist, folder)
    artist.prompt.choices["negative"].value, artist.prompt.choices["steps"].value = "fog", 2
    presets.name.value = "squares"
    presets.save.click()
    choose(artist, GLIDE)
    presets.name.value = "glide"
    presets.save.click()
    presets.choice.value = "squares"
    artist.studio.tasks.jobs.wait(120)
    assert artist.studio.generators.choice.value == folder and happened[-1] == "prepared"
    assert (artist.prompt.choices["negative"].value, artist.prompt.choices["steps"].value) == ("fog", 2)
    artist.prompt.choices["steps"].value = 3
    presets.choice.value = NOTHING
    presets.choice.value = "squares"  # whose generator is in use: nothing is loaded
    assert artist.prompt.choices["steps"].value == 2 and happened == ["prepared", "freed", "prepared"]
    presets.choice.value = "glide"
    artist.studio.tasks.jobs.wait(120)
    assert artist.studio.generators.choice.value == GLIDE and "sampler" in artist.prompt.choices


def test_a_preset_of_a_generator_that_is_not_here_says_how_to_get_it(artist, tmp_path):
    saved = {"format": 1, "presets": {"mine": {"generator": "flux-schnell", "generate": {"steps": 2}}}}
    write_text(tmp_path / "pictures" / FILE, json.dumps(saved))
    presets, steps = artist.studio.presets, artist.prompt.choices["steps"].value
    presets.choice.options = ("mine",)
    presets.choice.value = "mine"
    assert "mine was not taken: " in presets.words.value and "fetch flux-schnell" in presets.words.value
    assert artist.prompt.choices["steps"].value == steps and presets.choice.value == NOTHING


def test_an_object_of_somebodys_own_is_in_no_preset(artist):
    artist.studio.use_generator(Squares())
    artist.studio.tasks.jobs.wait(120)
    artist.studio.presets.name.value = "squares"
    artist.studio.presets.save.click()
    assert "generator" not in json.loads(artist.studio.presets._path.read_text())["presets"]["squares"]


def test_choosing_what_is_in_use_loads_nothing(artist, squares):
    load(artist, squares[0])
    choose(artist, OTHER)
    choose(artist, squares[0])
    assert squares[1] == ["prepared"] and not shown(artist.studio.generators._other)


@pytest.mark.parametrize("problem", ["no model is here", ""])
def test_a_failure_is_one_line_and_glide_stays(artist, tmp_path, monkeypatch, problem):
    def fail(*_):
        raise ValueError(problem)

    if problem:
        monkeypatch.setattr(loading, "_pipeline", fail)
    artist.create()
    batch = artist.studio.batch
    (tmp_path / "empty").mkdir()
    load(artist, str(tmp_path / "empty"))
    assert "bigart-error" in artist.status and problem in artist.status
    assert artist.studio.generators.choice.value == GLIDE and artist.studio.batch is batch
    artist.create()
    assert "2 pictures in" in artist.status


def test_loading_can_be_cancelled(artist, squares):
    artist.studio.tasks.row.show = lambda progress: None
    original = Squares.prepare

    def slow(self, report):
        artist.studio.tasks.cancel()
        original(self, report)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Squares, "prepare", slow)
        load(artist, squares[0])
    assert "Cancelled" in artist.status and artist.studio.generators.choice.value == GLIDE
    assert "negative" not in artist.prompt.choices


def test_a_batch_brings_back_the_generator_that_painted_it(artist, squares):
    artist.create()
    load(artist, squares[0])
    artist.prompt.choices["negative"].value = "blue"
    artist.create(prompt="red", seed="6")
    artist.pick(2)
    artist.studio.open(artist.studio.session.batches[0])  # GLIDE's, which has no negative prompt
    artist.studio.tasks.jobs.wait(120)
    assert artist.studio.generators.choice.value == GLIDE
    assert artist.studio.batch.candidates.prompt == artist.prompt.prompt.value == "a lake"
    later = Artist(artist.studio.session.folder)
    later.click(later.studio.gallery.found.children[1])
    assert later.studio.generators.choice.value == squares[0]
    assert later.studio.batch.candidates.prompt == "red" and "Opened" in later.status


def test_nothing_can_be_chosen_while_something_is_made(artist):
    seen = []
    row = artist.studio.generators
    artist.studio.tasks.row.show = lambda _: seen.append(row.choice.disabled and row.load.disabled)
    artist.create()
    assert seen and all(seen) and not row.choice.disabled


def test_an_object_of_somebodys_own_can_be_left_and_taken_up_again(tiny_models, tmp_path):
    own = Squares()
    bigart = bigart_lib.load("embedded", generator=own, device="cpu")
    studio = bigart_lib.studio.studio_page.Studio(bigart, tmp_path)
    row = studio.generators
    assert row.choice.value == "Squares" and "negative" in studio.prompt_card.choices
    for name, is_own in ((GLIDE, False), ("Squares", True)):
        row.choice.value = name
        studio.tasks.jobs.wait(120)
        assert (
            (studio.session.bigart.generator is own) == is_own == ("negative" in studio.prompt_card.choices)
        )
    assert own.happened == ["freed", "prepared"]


def test_a_studio_may_begin_with_a_generator(tiny_models, squares, tmp_path):
    from bigart_lib.studio import opening, studio

    page = studio(bigart_lib.load("embedded", device="cpu"), tmp_path / "pictures", generator=squares[0])
    opened = opening._at_work[0]
    opened.tasks.jobs.wait(120)
    assert page is opened.widget and opened.generators.choice.value == squares[0]


def test_bigart_studio_takes_a_generator_and_refuses_one_that_is_not_here(capsys, tmp_path):
    from bigart_lib.cli import studio
    from bigart_lib.cli.main import main

    assert main(["studio", "--generator", "flux-schnell", "--no-browser"]) != 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "bigart generators fetch flux-schnell" in said
    cell = studio._notebook("embedded", "a folder", tmp_path)["cells"][0]["source"]
    assert cell.endswith("generator='a folder')")


def test_shapes_that_would_be_cut_much_are_not_offered(artist):
    offered = artist.prompt.choices["shape"].options
    assert {"1:1", "3:2", "2:3", "16:9", "2:1"} <= {*offered}
    artist.bigart.generator.native = lambda shape=1.0: (64, 64) if shape >= 1 else (48, 72)
    artist.prompt.adapt(artist.bigart)
    assert artist.prompt.choices["shape"].options == ("1:1", "4:5", "2:3", "9:16")


needs_transformers = pytest.mark.skipif(
    not (find_spec("transformers") and find_spec("accelerate")), reason="needs transformers and accelerate"
)


@needs_transformers
def test_a_pipeline_paints_in_the_studio(artist, tmp_path, monkeypatch):
    import tiny_pipelines

    folder, previews, show = str(tiny_pipelines.save("sd", tmp_path / "sd")), [], artist.picks.show
    monkeypatch.setattr("bigart_lib.studio.jobs.SHOW_EVERY", 0)
    monkeypatch.setattr("bigart_lib.studio.jobs.POLL", 0)
    monkeypatch.setattr(artist.picks, "show", lambda images: previews.append(len(images)) or show(images))
    load(artist, folder)
    assert "ready to paint" in artist.status
    choices = artist.prompt.choices
    assert [*choices] == ["count", "shape", "steps", "guidance", "sampler", "negative"]
    assert (choices["steps"].value, choices["guidance"].value, choices["sampler"].value) == (50, 7.5, "")
    assert "own configuration" in artist.prompt._origin.value
    assert "said on its card" in artist.studio.generators.words.value
    choices["steps"].value, choices["shape"].value = STEPS, "3:2"
    pictures = {}
    for negative in ("", "ugly"):
        choices["negative"].value = negative
        artist.create(prompt="a lake")
        assert "2 pictures in" in artist.status, artist.status
        recipe = artist.studio.batch.run.recipe.generate
        assert (recipe.negative or "", recipe.sampler, recipe.shape) == (negative, None, "3:2")
        pictures[negative] = artist.studio.batch.candidates[0].image
    assert pictures[""].size == pictures["ugly"].size == (72, 48)
    assert pictures[""].tobytes() != pictures["ugly"].tobytes()
    artist.pick(1)
    artist.click(artist.studio.work_panel.enlarge_cards[0].make)
    assert "Made in" in artist.status
    pipeline = weakref.ref(artist.studio.session.bigart.generator._pipeline)
    choose(artist, GLIDE)
    gc.collect()
    assert pipeline() is None and {1, 2} <= {*previews}


@needs_transformers
def test_a_damaged_pipeline_is_one_line_and_glide_stays(artist, tmp_path):
    import tiny_pipelines

    folder = tiny_pipelines.save("sd", tmp_path / "sd")
    next((folder / "unet").glob("*.safetensors")).write_bytes(b"no weights")
    load(artist, str(folder))
    assert "bigart-error" in artist.status and artist.studio.generators.choice.value == GLIDE
    settings = artist.prompt.settings()
    assert isinstance(settings, GenerateSettings) and settings.sampler == "dpm++"
