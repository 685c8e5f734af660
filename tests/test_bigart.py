"""BigArt runs plans: steps in their order, results handed on, progress and forecast of the whole."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

import bigart_lib
from bigart_lib import CancelledError, GenerateSettings, PaintSettings, TextureSettings, machine
from bigart_lib import forecast as forecasts
from bigart_lib.generate.words import Reading
from bigart_lib.pictures.images import PictureError, from_levels, to_levels
from bigart_lib.pictures.results import Candidate, Painting
from bigart_lib.weights import networks

PLAIN, FINE, COARSE = TextureSettings(0), TextureSettings(0.05, 1), TextureSettings(0.1, 6)
ONE = GenerateSettings(1, count=1)


@pytest.fixture
def bigart(tiny_models):
    return bigart_lib.load("embedded", device="cpu")


@pytest.fixture
def runs(bigart, monkeypatch):
    """What networks have been run for since: "paint", "enlarge" or "enhance"."""
    seen = []
    for part, method in (
        (bigart.generator, "paint"),
        (bigart.enlarger, "enlarge"),
        (bigart.enhancer, "enhance"),
    ):
        original = getattr(part, method)

        def run(*arguments, original=original, method=method):
            seen.append(method)
            return original(*arguments)

        monkeypatch.setattr(part, method, run)
    return seen


def test_load_takes_the_embedded_set_where_nothing_was_fetched(tiny_models):
    chosen = bigart_lib.load(device="cpu", dtype=torch.float32)
    assert chosen.name == "embedded" and chosen.describe().startswith("embedded models on CPU")


def test_the_steps_come_in_order_and_a_painting_has_the_picture_of_each(bigart):
    candidate = bigart.generate("a lake", ONE)[0]
    painting = bigart.paint(candidate, PaintSettings(1024, enhance=True))
    assert list(painting.stages) == ["256", "1024", "1024_textured", "1024_enhanced"]
    assert painting.image is painting.stages["1024_enhanced"]
    recipe = painting.recipe
    assert recipe.stage == "1024_enhanced" and recipe.prompt == "a lake"
    assert list(recipe.steps) == ["64", *painting.stages] and recipe.pixels == recipe.steps["1024_enhanced"]


def test_a_painting_is_saved_with_its_recipe_and_never_over_another(bigart, tmp_path):
    painting = bigart.paint(bigart.generate("a lake", ONE)[0], PaintSettings(256))
    painting.save(tmp_path / "mine.png", dpi=150)
    with Image.open(tmp_path / "mine.png") as image:
        assert round(image.info["dpi"][0]) == 150 and "a lake" in image.text["bigart"]
    with pytest.raises(FileExistsError):
        painting.save(tmp_path / "mine.png")


def test_the_recipe_says_all_that_decided_the_pixels(bigart):
    recipe = bigart.generate("a lake", GenerateSettings(count=1))[0].recipe
    assert (recipe.generate.steps, recipe.generate.sampler) == (2, "dpm++")  # what the artist left open
    assert set(recipe.networks) == {"base", "upsampler", "enlarger", "enhancer"}
    assert all(len(sha256) == 64 for sha256 in recipe.networks.values())
    made_by = recipe.generate
    assert (made_by.guided, made_by.spacing, made_by.upsampler_timesteps) == (1.0, "even", (500, 0))
    assert recipe.machine["threads"] == torch.get_num_threads()
    assert {"precision", "device", "torch", "diffusers", "bigart"} <= {*recipe.machine}


def test_unknown_words_change_nothing_and_are_told(bigart):
    lake, both, none = (
        bigart.generate(prompt, ONE)[0].image.tobytes() for prompt in ("lake", "zzyzx lake", "zzyzx")
    )
    assert lake == both and none != lake
    assert bigart.read("zzyzx lake") == Reading(followed=("lake",), unknown=("zzyzx",))


def test_what_a_step_hands_on_is_what_is_kept(bigart):
    picture = torch.rand(1, 3, 40, 30)
    assert torch.equal(
        from_levels(to_levels(from_levels(to_levels(picture)))), from_levels(to_levels(picture))
    )
    assert (from_levels(to_levels(picture)) - picture).abs().max() <= 0.5 / 65535 + 1e-7
    candidate = bigart.generate("a lake", ONE)[0]
    assert torch.equal(from_levels(to_levels(candidate.picture)), candidate.picture)


def test_the_second_texture_is_not_the_first_enlarged(bigart):
    image, texture = Image.new("RGB", (8, 8), "gray"), TextureSettings(0.1, 1)
    settings = PaintSettings(4096, PLAIN, texture, False)
    painted, again, other = (bigart.paint_image(image, "gray.png", settings, seed) for seed in (1, 1, 2))
    assert painted.image.size == (128, 128)
    assert painted.image.tobytes() == again.image.tobytes() != other.image.tobytes()
    assert list(painted.stages) == ["4x", "16x"]


def test_only_what_follows_a_change_is_made_again(bigart, runs):
    recipe = replace(bigart.recipe("a lake", ONE), index=0)
    candidate, kept = Candidate(torch.rand(1, 3, 16, 16), recipe), Painting()  # small, so that it is quick

    def paint(kept, **changes):
        del runs[:]
        settings = PaintSettings(**{"texture_1k": FINE, "texture_4k": FINE, "enhance": True, **changes})
        return bigart.paint(candidate, settings, kept=kept).image.tobytes(), [*runs]

    everything = ["enlarge", "enhance", "enlarge"]
    assert paint(kept)[1] == everything
    assert paint(kept, size=1024)[1] == []
    for changes, expected in (
        ({"texture_4k": COARSE}, []),
        ({"texture_1k": COARSE}, everything[1:]),
        ({"texture_1k": COARSE, "enhance": False}, everything[2:]),
    ):
        pixels, again = paint(kept, **changes)
        assert again == expected
        assert pixels == paint(None, **changes)[0]


def test_single_steps_can_be_had_of_any_picture(bigart):
    image = Image.new("RGB", (21, 13), "olive")
    assert bigart.enlarge(image).size == (84, 52)
    assert bigart.enhance(image).size == (21, 13)
    assert bigart.add_texture(image, TextureSettings(0.1, 3)).getcolors(1000) != image.getcolors()


def test_a_report_that_raises_stops_and_the_next_run_works(bigart):
    def cancel(progress):
        if progress.stage == "base" and progress.step == 1:
            raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        bigart.generate("a lake", GenerateSettings(1, count=2), cancel)
    assert len(bigart.generate("a lake", ONE)) == 1


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_empty_prompt_is_refused(bigart, prompt):
    with pytest.raises(ValueError, match="prompt is empty"):
        bigart.generate(prompt)


def test_a_picture_that_would_become_too_large_is_refused_before_any_work(bigart, runs):
    with pytest.raises(PictureError, match="at most 3.66 times is possible"):
        bigart.paint_image(Image.new("RGB", (5000, 4000)), "wide.png", PaintSettings(1024))
    assert runs == []


def test_values_that_are_no_numbers_are_never_a_picture(bigart, monkeypatch):
    monkeypatch.setattr(bigart.enlarger, "enlarge", lambda picture, *_: picture * float("nan"))
    with pytest.raises(ValueError, match="4x: the network gave values that are no numbers"):
        bigart.paint_image(Image.new("RGB", (8, 8)), "any.png", PaintSettings(1024))


def test_progress_tells_how_far_the_whole_plan_is(bigart):
    seen = []
    bigart.paint(bigart.generate("a lake", ONE)[0], PaintSettings(4096, enhance=True), seen.append)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares) and 0 <= shares[0] < 0.1 and shares[-1] > 0.2
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages == ["write", "enlarge", "texture", "enhance"]
    assert all(progress.seconds_left >= 0 for progress in seen)


# ------------------------------------------------------------------------------------------- forecast


def test_a_forecast_counts_what_is_still_to_be_done(bigart):
    candidate = bigart.generate("a lake", ONE)[0]
    recipe = replace(candidate.recipe, paint=PaintSettings(1024, enhance=True))
    steps = bigart.plan(recipe)
    whole = bigart.forecast(steps)
    assert [step.name for step in whole.steps] == [step.name for step in steps]
    kept = Painting()
    bigart.paint(candidate, recipe.paint, kept=kept)
    assert bigart.forecast(steps[1:], kept).steps == ()
    coarse = bigart.plan(replace(recipe, paint=replace(recipe.paint, enhance=False, texture_1k=COARSE)))
    rest = bigart.forecast(coarse[1:], kept)
    assert [step.action for step in rest.steps] == ["texture"] and 0 < rest.seconds < whole.seconds
    assert 0 < rest.memory < whole.memory


def test_what_runs_really_took_corrects_the_next_forecast(tmp_path):
    device, dtype = torch.device("cpu"), torch.float32
    speeds = machine.Speeds(tmp_path, device, dtype)
    guessed = speeds.seconds("enlarge abc", 1e12)
    assert guessed == pytest.approx(1e12 / (0.7 * speeds.probe()))
    for seconds in (9.0, 10.0, 11.0):
        speeds.note("enlarge abc", 1e12, seconds)
    speeds.note("enlarge abc", 1e9, 1.0)  # small work is slower
    speeds.save()
    later = machine.Speeds(tmp_path, device, dtype)
    assert later.seconds("enlarge abc", 1e12) == pytest.approx(10.0)
    assert later.seconds("enlarge abc", 2e12) == pytest.approx(20.0)
    assert later.seconds("enlarge abc", 1e9) == pytest.approx(1.0)
    assert later.seconds("enlarge other", 1e12) == pytest.approx(guessed)
    assert later.seconds("enlarge abc", 0) == 0


def test_the_speed_is_measured_once_and_kept(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(machine.speeds, "measure_speed", lambda *_: measured.append(1) or 1e9)
    for _ in range(3):
        assert machine.Speeds(tmp_path, torch.device("cpu"), torch.float32).probe() == 1e9
    assert measured == [1]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"x": 1}', '{"%s": {"probe": [[-1, 0]], "enlarge a": "no"}}', '{"%s": 7}']
)
def test_a_damaged_file_of_speeds_is_no_file(tmp_path, text):
    speeds = machine.Speeds(tmp_path, torch.device("cpu"), torch.float32)
    (tmp_path / machine.SPEEDS_FILE).write_text(text.replace("%s", speeds._machine))
    later = machine.Speeds(tmp_path, torch.device("cpu"), torch.float32)
    assert later.seconds("enlarge a", 1e9) > 0


def test_speeds_that_cannot_be_kept_are_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    machine.Speeds(tmp_path / "file" / "inside", torch.device("cpu"), torch.float32).probe()


# --------------------------------------------------------------------------------------------- memory


def test_the_budget_for_enlarging_is_the_artists_or_half_of_what_is_free(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(machine.memory, "resident_memory", lambda: 300)
    assert machine.memory_budget(cpu, 1000) == 700 and machine.memory_budget(cpu, 1000, result=600) == 100
    assert machine.memory_budget(cpu, 200) == 0
    assert machine.memory_budget(torch.device("cuda"), 1000, result=600) == 1000
    monkeypatch.setattr(machine.memory, "free_memory", lambda device: 6_000_000_000)
    assert machine.memory_budget(cpu) == 3_000_000_000
    assert machine.memory_budget(cpu, result=2_000_000_000) == 2_000_000_000
    monkeypatch.setattr(machine.memory, "free_memory", lambda device: 90_000_000_000)
    assert machine.memory_budget(cpu) == 8_000_000_000


def test_what_a_container_was_granted_is_all_that_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.memory, "GRANTED", tmp_path)
    (tmp_path / "memory.max").write_text("5000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    assert machine.free_memory(torch.device("cpu")) == 3_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.free_memory(torch.device("cpu")) > 3_000_000


def test_a_budget_that_is_too_small_is_told_once_before_the_work(tiny_models, runs, monkeypatch):
    said = []
    monkeypatch.setattr(machine.memory, "resident_memory", lambda: 0)
    result = 6 * 640 * 640  # bytes
    small = bigart_lib.load("embedded", device="cpu", memory=280_000 + result, announce=said.append)
    image = Image.new("RGB", (160, 160), "olive")
    recipe = small.recipe_for("olive.png", image, PaintSettings(1024, PLAIN, PLAIN))
    assert len(small.forecast(small.plan(recipe, image.size)).compromises) == 1 and said == []
    assert small.paint_image(image, "olive.png", recipe.paint).image.size == (640, 640)
    assert len(said) == 1 and "more by --memory make it exact" in said[0]
    assert small.enlarge(image).size == (640, 640) and len(said) == 1


def test_that_more_memory_is_needed_than_is_free_is_told_before_the_work(bigart, monkeypatch):
    recipe = replace(bigart.recipe("a lake"), index=0, paint=PaintSettings(1024))
    steps = bigart.plan(recipe)
    forecast = bigart.forecast(steps)
    assert forecast.memory >= 10 * 1024**2 and forecast.compromises == ()
    monkeypatch.setattr(forecasts, "free_memory", lambda device: 1_000_000)
    (sentence,) = bigart.forecast(steps).compromises
    assert sentence.startswith("about ") and "and 1 MB are free: close other programs" in sentence


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory: 9 TB")])
def test_where_memory_runs_out_smaller_tiles_go_on(bigart, monkeypatch, error):
    from bigart_lib.enlarge import tiles

    image, budgets, original = Image.effect_noise((150, 150), 40), [], tiles.enlarge

    def enlarge(network, picture, budget, *rest):
        budgets.append(budget)
        if len(budgets) < 3:
            raise error
        return original(network, picture, budget, *rest)

    expected = bigart.enlarge(image.convert("RGB"))
    monkeypatch.setattr(tiles, "enlarge", enlarge)
    assert bigart.enlarge(image.convert("RGB")).size == expected.size
    assert len(budgets) == 3 and budgets == sorted(budgets, reverse=True)


def test_where_nothing_fits_one_sentence_says_what_would(bigart, monkeypatch):
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(machine.MemoryShortageError, match="smallest piece takes .* by --memory"):
        bigart.enlarge(Image.new("RGB", (64, 64)))


def test_on_a_cpu_large_networks_make_room_for_the_next_and_paint_the_same(bigart, monkeypatch):
    expected = bigart.generate("a lake", ONE)[0].picture
    monkeypatch.setattr(networks, "MOST_IDLE_WEIGHTS", 0)
    sparing = bigart_lib.load("embedded", device="cpu")
    assert torch.equal(sparing.generate("a lake", ONE)[0].picture, expected)


def test_bf16_is_chosen_only_where_the_processor_has_it(monkeypatch):
    cpu = torch.device("cpu")
    for has, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(machine.precision, "_cpu_has_fast_bf16", lambda has=has: has)
        assert machine.pick_precision(cpu) is expected


def test_a_device_that_torch_cannot_use_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    monkeypatch.setattr(
        torch,
        "ones",
        lambda *_, **__: (_ for _ in ()).throw(RuntimeError("CUDA error: no kernel image\nat x")),
    )
    with pytest.raises(machine.DeviceError, match="cannot use cuda .*no kernel image at x.*--device cpu"):
        machine.pick_device("cuda")


# --------------------------------------------------------------------- new models, without the library


class Stripes:
    """A generator of stripes, whose width follows the length of the prompt."""

    from bigart_lib.generate.generator import Abilities

    abilities, sampling = Abilities(), {}

    def native(self, shape=1.0):
        return 128, 128

    def stages(self, native_size, settings):
        from bigart_lib.generate.generator import Stage
        from bigart_lib.progress import Cost

        return (Stage("paint", native_size, Cost(native_size[0] * native_size[1])),)

    def complete(self, settings):
        return settings

    def read(self, prompt):
        return Reading(followed=tuple(prompt.split()))

    def fingerprint(self):
        return {"stripes": "1" * 64}

    def paint(self, prompt, settings, indices, report, begun):
        from bigart_lib.generate.generator import Painted

        for index in indices:
            columns = (torch.arange(128) // (len(prompt) + index)) % 2
            yield Painted(index, 0, columns.expand(1, 3, 128, 128).float())


class Doubling:
    """An enlarger that repeats every pixel."""

    scale = 2

    def fingerprint(self):
        return "2" * 64

    def cost(self, width, height):
        from bigart_lib.progress import Cost

        return Cost(width * height)

    def compromise(self, width, height, memory_budget):
        return ""

    def enlarge(self, picture, memory_budget, report):
        return picture.repeat_interleave(2, -1).repeat_interleave(2, -2)


def test_a_new_generator_and_a_new_enlarger_need_no_change_of_the_library(tiny_models, tmp_path):
    from bigart_lib.runs.redo import redo
    from bigart_lib.runs.run import Run

    bigart = bigart_lib.load("embedded", Stripes(), Doubling(), device="cpu")
    assert bigart.name == "embedded+Stripes+Doubling"
    recipe = bigart.recipe("zebra", GenerateSettings(1, count=3))
    run = Run.new(tmp_path, "zebra", recipe)
    assert [one.size for one in run.paint_candidates(bigart)] == 3 * [(128, 128)]
    work = run.paint(bigart, 2, PaintSettings(1024, PLAIN, PLAIN))
    assert list(work.files) == ["128", "256", "512", "1024"]
    with Image.open(work.last) as image:
        assert image.size == (1024, 1024) and len(image.getcolors()) == 2
        assert set(json.loads(image.text["bigart"])["networks"]) == {"stripes", "enlarger", "enhancer"}
    assert redo(work.last, tmp_path, bigart).is_identical
