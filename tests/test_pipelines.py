"""Any text-to-image pipeline of diffusers as generator: tiny random ones, from a folder and from a file."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from packaging.version import Version

import bigart_lib
from bigart_lib import bigart as bigart_module
from bigart_lib.generate.known_models import KNOWN_MODELS, Memory, find_known, in_terms, placement
from bigart_lib.progress import CancelledError, no_report
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings

pytest.importorskip("transformers")
pytest.importorskip("accelerate")
import tiny_pipelines  # noqa: E402

from bigart_lib.generate import pipeline_loading, pipelines  # noqa: E402
from bigart_lib.generate.pipeline_kinds import Kind, PipelineError  # noqa: E402
from bigart_lib.generate.pipelines import load_generator  # noqa: E402

CPU, FP32 = torch.device("cpu"), torch.float32
PROMPT = "a sunset over a lake"
STEPS = 3
ALL_KNOWN = Version("0.39")  # of diffusers, which has had a class for each known model since
ALL = [*tiny_pipelines.PIPELINES]
LARGE = ("sd", "flux")  # painted to 4096 px
QUICK = [name for name in ALL if name != "flux"]  # whose pictures are 1024 px, as it does not say otherwise


@dataclasses.dataclass(frozen=True)
class WithNegative(GenerateSettings):
    """Settings with what to keep away from."""

    negative: str = ""


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Gives the folder of a saved pipeline."""
    made = {}

    def folder(name):
        if name not in made:
            made[name] = tiny_pipelines.save(name, tmp_path_factory.mktemp("pipelines") / name)
        return made[name]

    return folder


@pytest.fixture
def generator(folders):
    """Gives the generator of a pipeline."""
    return lambda name, **options: load_generator(str(folders(name)), CPU, FP32, **options)


def painted(generator, indices=(0,), report=no_report, settings=None, begun=None, **changes):
    """The pictures of these candidates."""
    chosen = settings or GenerateSettings(**{"seed": 3, "count": 3, "steps": STEPS, **changes})
    news = generator.paint(PROMPT, generator.complete(chosen), indices, report, begun or {})
    return [one.picture for one in news]


@pytest.mark.parametrize("name", QUICK)
def test_candidate_two_alone_is_candidate_two_of_three(generator, name):
    one, two, three = painted(generator(name), (0, 1, 2))
    (alone,) = painted(generator(name), (1,))
    assert torch.equal(two, alone)
    assert not torch.equal(one, two) and not torch.equal(two, three)
    assert two.shape == (1, 3, 64, 64) and two.dtype == FP32 and 0 <= two.min() < two.max() <= 1


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.slow] * (one in LARGE)) for one in ALL]
)
def test_a_pipeline_paints_to_a_finished_file_that_is_redone_identically(
    generator, name, tmp_path, tiny_models
):
    settings = GenerateSettings(seed=5, count=2, steps=2)
    size = 4096 if name in LARGE else 256
    wanted = PaintSettings(size=size, texture_1k=TextureSettings(0))

    def load():
        return bigart_lib.load("embedded", generator(name), device="cpu", dtype="fp32")

    bigart = load()
    candidates = bigart.generate(PROMPT, settings)
    painting = bigart.paint(candidates[1], wanted)
    painting.save(tmp_path / "one.png")
    assert painting.image.size == (size, size)
    verdict = bigart_lib.redo(tmp_path / "one.png", tmp_path / "again", load())
    assert verdict.is_identical and verdict.steps[0].verdict == "identical"
    recipe = candidates[1].recipe
    assert recipe.sampling["class"] == type(generator(name)._ready(FP32, (64, 64))).__name__
    assert json.loads(json.dumps(dict(recipe.sampling), allow_nan=False)) == recipe.sampling


@pytest.mark.parametrize("name", QUICK)
def test_every_step_is_told_with_a_preview(generator, name):
    news = []
    painted(generator(name), (0, 1), news.append)
    total = news[0].total
    assert [one.step for one in news] == [*range(1, total + 1)]
    assert total >= 2 * STEPS and all(one.stage == "paint" for one in news)
    assert all(one.preview.shape[1:] == (3, 64, 64) and one.preview.isfinite().all() for one in news)
    assert len(news[0].preview) == 1 and len(news[-1].preview) == 2


@pytest.mark.parametrize("name", [name for name in QUICK if name != "lcm"])
def test_the_last_guess_is_the_finished_latents(generator, name):
    made, chosen = generator(name), []
    pipeline = made._ready(FP32, (64, 64))
    made._previewer.decode = lambda latents, size: chosen.append(latents.clone())
    decode, given = pipeline.vae.decode, []

    def noting(latents, *arguments, **named):
        given.append(latents.clone())
        return decode(latents, *arguments, **named)

    pipeline.vae.decode = noting
    painted(made, steps=12)
    config = pipeline.vae.config
    final = (given[0] - (config.get("shift_factor") or 0)) * config.scaling_factor
    # Where the noise has not gone wholly at the last step, the guess is nearly what is left.
    assert (chosen[-1] - final).abs().mean() < 0.1 * final.abs().mean()
    assert (chosen[0] - final).abs().mean() > 2 * (chosen[-1] - final).abs().mean()


@pytest.mark.parametrize("name", ["sd", "pixart"])
def test_a_report_that_raises_stops_between_two_steps(generator, name):
    news, made = [], generator(name)

    def stop_at_two(progress):
        news.append(progress)
        if len(news) == 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        painted(made, report=stop_at_two)
    assert len(news) == 2
    assert torch.equal(*painted(made), *painted(generator(name)))  # it can be used again, and nothing stuck


def test_what_is_begun_is_not_painted_again(generator):
    one, two = painted(generator("sd"), (0, 1))
    (left,) = painted(generator("sd"), (0, 1), begun={(0, 0): one})
    assert torch.equal(left, two)


def test_a_negative_prompt_changes_the_picture(generator):
    made = generator("sd")
    plain, *_ = painted(made, settings=WithNegative(3, 1, STEPS))
    away, *_ = painted(made, settings=WithNegative(3, 1, STEPS, negative="blurry red dog"))
    assert made.abilities.negative_prompt and not torch.equal(plain, away)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("lcm", WithNegative(negative="dog"), "takes no negative prompt"),
        ("flux", WithNegative(negative="dog"), "takes no negative prompt"),
        ("sd", WithNegative(negative="dog", guidance=1), "needs a guidance above 1"),
        ("lcm", GenerateSettings(sampler="ddim"), "leave the sampler out"),
    ],
)
def test_what_a_model_does_not_have_is_refused_in_one_line(generator, name, settings, words):
    with pytest.raises(ValueError, match=words) as refusal:
        generator(name).complete(settings)
    assert "\n" not in str(refusal.value)


def test_steps_guidance_and_sampler_change_the_picture(generator):
    made = generator("sd")
    pictures = [
        painted(made, **change)[0]
        for change in (
            {},
            {"steps": 5},
            {"guidance": 2},
            *({"sampler": one} for one in made.abilities.samplers),
        )
    ]
    assert len(pictures) == 6
    assert torch.equal(painted(made)[0], pictures[0])  # the samplers have left nothing
    assert all(
        not torch.equal(one, other) for place, one in enumerate(pictures) for other in pictures[:place]
    )


@pytest.mark.parametrize("name", ["sd", "lcm"])
def test_a_variation_at_no_distance_is_the_picture_and_farther_ones_differ_more(generator, name):
    made = generator(name)
    (first,) = painted(made)
    line = GenerateSettings(seed=3, count=1).line(0)

    def variation(distance):
        return painted(made, settings=GenerateSettings(9, 1, STEPS, near=line, distance=distance))[0]

    far = [(variation(distance) - first).abs().mean().item() for distance in (0, 0.2, 1)]
    assert far[0] == 0 < far[1] < far[2]
    assert torch.equal(painted(made)[0], first)


@pytest.mark.parametrize("shape", ["3:2", "9:16", "1:1"])
@pytest.mark.parametrize("name", ["sd", "pixart"])
def test_other_shapes_are_painted_in_the_multiple_of_the_model(generator, name, shape):
    made = generator(name)
    width, height = (int(part) for part in shape.split(":"))
    size = made.native(width / height)
    multiple = {"sd": 8, "pixart": 16}[name]
    assert all(side % multiple == 0 for side in size) and 0.6 < size[0] * size[1] / 64**2 < 1.5
    assert painted(made, shape=shape)[0].shape == (1, 3, size[1], size[0])


def test_defaults_are_the_pipelines_own_and_it_is_said(generator):
    made = generator("lcm")
    complete = made.complete(GenerateSettings())
    assert (complete.steps, complete.guidance) == (4, 8.5) and made.complete(complete) == complete
    assert "4 steps, guidance 8.5" in made.abilities.origin and "own configuration" in made.abilities.origin


def test_words_beyond_the_text_encoder_are_told(generator):
    reading = generator("pixart").read("cat " * 350 + "villa")
    assert "cat" in reading.followed and reading.beyond == ("villa",) and reading.length[0] == 300
    assert generator("sd").read("a red cat").followed == ("red", "cat")


def test_values_that_are_no_numbers_are_painted_again_in_fp32(generator, folders, monkeypatch):
    said = []
    made = load_generator(str(folders("sd")), CPU, torch.bfloat16, announce=said.append)
    load = pipeline_loading.load

    def overflowing(source, kind, device, dtype, size):
        pipeline = load(source, kind, device, dtype, size)
        if dtype != FP32:
            pipeline.unet.conv_out.weight.data.fill_(torch.inf)
        return pipeline

    monkeypatch.setattr(pipelines.loading, "load", overflowing)
    (picture,) = painted(made)
    assert torch.equal(picture, *painted(generator("sd")))
    assert len(said) == 1 and "Candidate 1" in said[0] and "painted again in fp32" in said[0]


def test_values_that_are_no_numbers_in_fp32_are_an_error(generator):
    made = generator("sd")
    made._ready(FP32, (64, 64)).vae.decoder.conv_out.weight.data.fill_(torch.nan)
    with pytest.raises(PipelineError, match="candidate 1 of seed 3 came to values that are no numbers"):
        painted(made)


def test_what_the_safety_checker_blackens_is_never_handed_on(generator, monkeypatch):
    made = generator("sd")
    pipeline = made._ready(FP32, (64, 64))
    monkeypatch.setattr(
        pipeline, "run_safety_checker", lambda image, *_: (torch.zeros_like(image), [True]), raising=True
    )
    with pytest.raises(PipelineError, match="hidden by the safety checker"):
        painted(made)


def test_a_single_file_paints_what_its_folder_paints(generator, folders, tmp_path):
    path = tiny_pipelines.save_single_file(folders("sd"), tmp_path / "mine.safetensors")
    single = load_generator(str(path), CPU, FP32)
    assert single.name == "mine"
    assert torch.equal(*painted(single), *painted(generator("sd")))


@pytest.mark.parametrize("of_one_file", [False, True])
def test_networks_have_the_precision_that_was_asked_for(folders, tmp_path, of_one_file):
    model = folders("sd")
    if of_one_file:
        model = tiny_pipelines.save_single_file(model, tmp_path / "mine.safetensors")
    made = load_generator(str(model), CPU, torch.bfloat16)
    painted(made, settings=GenerateSettings(steps=1))
    pipeline = made._pipeline
    assert {pipeline.unet.dtype, pipeline.vae.dtype, pipeline.text_encoder.dtype} == {torch.bfloat16}


def test_a_tiny_autoencoder_decodes_the_previews_where_there_is_one(generator, folders):
    from diffusers import AutoencoderTiny

    channels = (8, 8, 8, 8)
    tiny = AutoencoderTiny(encoder_block_out_channels=channels, decoder_block_out_channels=channels)
    tiny.save_pretrained(folders("sdxl") / "preview")
    news, made = [], generator("sdxl")
    painted(made, report=news.append)
    latents = torch.randn(1, 4, 8, 8)
    shown = made._previewer.decode(latents, (64, 64))
    assert news[0].preview.shape == (1, 3, 64, 64)
    assert torch.allclose(shown, (tiny.decode(latents).sample / 2 + 0.5).clamp(0, 1), atol=1e-5)


@pytest.mark.parametrize("packed", [False, True])
def test_the_linear_map_finds_colours_that_an_autoencoder_mixed(packed):
    from bigart_lib.generate.previews import fit

    mixing = torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5], [0.3, 0.0, 1.0], [0.2, 0.2, 0.2]])

    class Mixer:
        dtype = FP32
        config = {"scaling_factor": 0.5, "shift_factor": 0.1}

        def encode(self, picture):
            small = torch.nn.functional.avg_pool2d(picture, 8)
            encoded = type("Encoded", (), {})()
            encoded.latent = torch.einsum("bchw,dc->bdhw", small, mixing)
            return encoded

    pipeline = type("Pipeline", (), {"vae": Mixer(), "_execution_device": CPU})()
    colours = torch.tensor([0.9, 0.2, 0.4])
    latent = (mixing @ (2 * colours - 1) - 0.1) * 0.5
    latent = latent.repeat_interleave(4) if packed else latent  # two by two in one, as of FLUX.2
    found = fit(pipeline, len(latent))
    assert torch.allclose(latent @ found[:-1] + found[-1], colours, atol=0.03)


def test_the_fingerprint_follows_the_weights_and_the_configurations(generator, folders, tmp_path):
    before = generator("sd").fingerprint()
    assert set(before) == {"unet", "vae", "text_encoder", "pipeline"}
    copy = shutil.copytree(folders("sd"), tmp_path / "sd")
    config = copy / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace('"steps_offset": 1', '"steps_offset": 0'))
    changed = load_generator(str(copy), CPU, FP32).fingerprint()
    assert {name for name in before if before[name] != changed[name]} == {"pipeline"}


@pytest.mark.parametrize(
    ("class_name", "words"),
    [
        ("LTXPipeline", "makes videos"),
        ("StableDiffusionImg2ImgPipeline", "needs a picture to begin with"),
        ("StableDiffusionInpaintPipeline", "needs a picture to begin with"),
        ("WuerstchenPriorPipeline", "is only a part of a pipeline"),
        ("StableAudioPipeline", "makes no pictures of a prompt"),
        ("NoSuchPipeline", "does not load as a pipeline"),
        ("AutoencoderKL", "does not load as a pipeline"),
        (["mine", "MyPipeline"], "brings code of its own"),
    ],
)
def test_what_makes_no_pictures_of_a_prompt_is_refused_in_one_line(tmp_path, class_name, words):
    folder = tiny_pipelines.write_index(tmp_path / "other", class_name)
    with pytest.raises(PipelineError, match=words) as refusal:
        load_generator(str(folder), CPU, FP32)
    assert "\n" not in str(refusal.value)


def test_a_component_with_code_of_its_own_is_refused(tmp_path):
    entries = {"unet": ["my_unet", "MyUNet"]}
    folder = tiny_pipelines.write_index(tmp_path / "own", "StableDiffusionPipeline", **entries)
    with pytest.raises(PipelineError, match="brings code of its own, which is never run"):
        load_generator(str(folder), CPU, FP32)


def test_weights_in_pickles_are_refused(folders, tmp_path):
    copy = shutil.copytree(folders("sd"), tmp_path / "sd")
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(PipelineError, match="has its unet in pickles alone"):
        load_generator(str(copy), CPU, FP32)


@pytest.mark.parametrize("model", ["no such model", "nowhere.safetensors", "./nothing/here/at-all"])
def test_a_model_that_is_nowhere_is_refused_in_one_line(model):
    with pytest.raises(PipelineError, match="there is no") as refusal:
        load_generator(model, CPU, FP32)
    assert "\n" not in str(refusal.value)


def test_offline_nothing_is_asked_for():
    with pytest.raises(PipelineError, match="BIGART_OFFLINE forbids the network"):
        load_generator("sd-turbo", CPU, FP32)


def test_the_known_models_are_classes_of_diffusers_that_make_pictures_of_a_prompt():
    import diffusers

    from bigart_lib.generate.pipeline_kinds import pipeline_class

    for known in KNOWN_MODELS.values():
        if Version(diffusers.__version__) < ALL_KNOWN and not hasattr(diffusers, known.class_name):
            with pytest.raises(PipelineError, match="a newer diffusers may"):
                pipeline_class(known.name, {"_class_name": known.class_name})
            continue
        found = pipeline_class(known.name, {"_class_name": known.class_name})
        kind = Kind(found, Path("/nowhere"), known, {"_class_name": known.class_name})
        assert kind.multiple % known.multiple == 0 and known.side % known.multiple == 0
        assert kind.guidance_name is not None and known.memory.largest <= known.memory.weights
        assert kind.can_avoid == known.has_negative, known.name
        assert find_known(known.repository.upper()) is known and known.repository in in_terms(known)


def test_a_pipeline_is_placed_by_the_memory_that_is_free():
    memory = Memory(10e9, 6e9)
    assert [placement(memory, 1e9, free) for free in (12e9, 8e9, 5e9)] == ["whole", "model", "sequential"]


@pytest.mark.parametrize(
    ("free", "how"),
    [(9e9, "to"), (1.8e9, "enable_model_cpu_offload"), (1e9, "enable_sequential_cpu_offload")],
)
def test_a_pipeline_is_put_on_a_gpu_as_its_memory_allows(monkeypatch, free, how):
    called = []

    class Pipeline:
        def __getattr__(self, name):
            return lambda *arguments, **named: called.append(name)

    monkeypatch.setattr(pipeline_loading.machine, "free_memory", lambda device: free)
    pipeline_loading._placed(Pipeline(), Memory(1e9, 0.5e9), torch.device("cuda"), (512, 512))
    assert called == [how]


def test_what_does_not_fit_into_memory_is_refused(generator, monkeypatch):
    monkeypatch.setattr(pipeline_loading.machine, "free_memory", lambda device: 1000)
    with pytest.raises(bigart_module.machine.MemoryShortageError, match="are free: close other programs"):
        painted(generator("sd"))
