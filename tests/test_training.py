"""Training: the losses mean what they say, and a run that was stopped goes on where it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("skia", exc_type=ImportError)  # or a library that it is linked against

from bigart_lib.generate.network import GlideConfig
from bigart_lib.shapes import nearest_size, ratio
from bigart_lib.weights import sets as model_sets
from training import codes, likeness  # noqa: E402
from training import glide as glide_training  # noqa: E402
from training import patches as begun_patches  # noqa: E402
from training import run as runs  # noqa: E402
from training import vqgan as vqgan_training  # noqa: E402
from training.critic import Critic, critic_loss, decoder_losses  # noqa: E402
from training.diffusion import Diffusion, Objective  # noqa: E402
from training.pictures import SHAPES, Pictures, random_crops  # noqa: E402

pytestmark = pytest.mark.training
CPU = torch.device("cpu")


class Fixed(torch.nn.Module):
    """Predicts one value of epsilon and one share of the variance everywhere."""

    config = GlideConfig(channels=(32,), attention=(False,))  # which halves no side

    def __init__(self, epsilon, share):
        super().__init__()
        self.values = torch.nn.Parameter(torch.tensor([float(epsilon), float(share)]))

    def forward(self, sample, step, text):
        shape = (len(sample), 3, *sample.shape[2:])
        return torch.cat([value.expand(shape) for value in self.values], dim=1)


@pytest.mark.parametrize("schedule", ["squaredcos_cap_v2", "linear"])
def test_the_epsilon_loss_of_predicting_nothing_is_the_mean_weight(schedule):
    diffusion = Diffusion(Objective(schedule), CPU)
    clean = torch.zeros(4000, 3, 4, 4)
    expected = (diffusion.weight * diffusion.frequency).sum() / diffusion.frequency.sum()
    loss = diffusion.losses(Fixed(0, 0), clean, None)["epsilon"].detach()
    assert float(loss) == pytest.approx(float(expected), rel=0.1)


def test_the_variance_loss_is_least_for_the_variance_that_the_mean_needs():
    diffusion = Diffusion(Objective("squaredcos_cap_v2"), CPU)
    step = torch.full((8,), 500)
    exact, share_of_posterior = torch.zeros(8, 3, 4, 4), -torch.ones(8, 3, 4, 4)
    loss = diffusion._variance_loss
    assert float(loss(step, exact, share_of_posterior)) == pytest.approx(0, abs=1e-6)
    assert loss(step, exact, -share_of_posterior) > loss(step, exact, share_of_posterior)
    wrong = torch.full_like(exact, 30.0)  # a mean that is far off is covered by the larger variance
    assert loss(step, wrong, -share_of_posterior) < loss(step, wrong, share_of_posterior)


def test_no_timestep_above_the_noisiest_is_trained_at():
    diffusion = Diffusion(Objective("linear", noisiest=700), CPU)
    assert torch.multinomial(diffusion.frequency, 5000, replacement=True).max() <= 700


def test_a_blind_sample_is_noise_from_which_epsilon_leaves_the_picture():
    diffusion = Diffusion(Objective("linear", first=640, blind_share=1 - 1e-6, largest_weight=1.0), CPU)
    clean = torch.full((2, 3, 64, 64), 0.8)
    seen = []

    class Oracle(torch.nn.Module):
        config = Fixed.config

        def forward(self, sample, step, text):
            seen.append((sample, step))
            signal = diffusion.signal[step][:, None, None, None]
            epsilon = (sample - signal.sqrt() * clean) / (1 - signal).sqrt()
            return torch.cat([epsilon, torch.zeros_like(epsilon)], dim=1)

    loss = diffusion.losses(Oracle(), clean, None)["epsilon"]
    sample, step = seen[0]
    assert step.tolist() == [640, 640]
    assert abs(float(sample.mean())) < 0.03  # 0.11 with the picture in it
    assert float(loss) < 1e-9


def test_the_variance_loss_does_not_move_epsilon():
    network = Fixed(0.3, 0.1)
    Diffusion(Objective("linear"), CPU).losses(network, torch.zeros(4, 3, 4, 4), None)["variance"].backward()
    assert network.values.grad[0] == 0 and network.values.grad[1] != 0


PHASES = (runs.Phase(until=600, size=32, batch=2), runs.Phase(until=1000, size=64, batch=2))


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path)
    return tmp_path


def begin(name):
    torch.manual_seed(1)
    beside = torch.nn.Linear(1, 1)
    return runs.Run(name, torch.nn.Linear(3, 1), PHASES, 0.1, {"beside": beside}), beside


def take(run, count):
    for _ in range(count):
        generator = run.draws(seed=5)
        batch = torch.randn(2, 3) + float(generator.random())
        run.update({"error": run.network(batch).square().mean()}, 2)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(run_folder):
    whole, _ = begin("whole")
    take(whole, 20)
    first, beside = begin("halves")
    take(first, 10)
    torch.nn.init.constant_(beside.weight, 7)
    first.save()
    second, beside = begin("halves")
    assert (second.done, second.step, beside.weight.item()) == (20, 10, 7)
    take(second, 10)
    for one, other in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_step_whose_gradient_is_not_finite_is_left_out(run_folder):
    run, _ = begin("broken")
    before = [weight.clone() for weight in run.network.parameters()]
    run.update({"loss": run.network(torch.full((1, 3), float("inf"))).sum()}, count=2)
    assert run.left_out == 1
    for weight, kept in zip(run.network.parameters(), before, strict=True):
        assert torch.equal(weight, kept)


def test_a_checkpoint_is_written_when_all_is_done(run_folder):
    run, _ = begin("done")
    run.save_now_and_then()
    assert not (run_folder / "done" / "checkpoint.pt").exists()
    take(run, 500)
    run.save_now_and_then()
    assert begin("done")[0].done == run.total == 1000


def test_the_log_says_how_far_and_how_well(run_folder):
    run, _ = begin("logged")
    take(run, 50)
    (line,) = (run_folder / "logged" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert entry["pictures"] == 100 and entry["error"] > 0 and entry["pictures_per_second"] > 0


def test_phases_follow_each_other_and_the_rate_falls_with_the_last_quarter_of_the_pixels():
    assert [runs.phase_of(PHASES, done).size for done in (0, 599, 600, 999)] == [32, 32, 64, 64]
    assert runs.share_left(PHASES, 0) == 1 and runs.share_left(PHASES, 1000) == 0
    # 600 small pictures are worth 150 large ones
    assert runs.share_left(PHASES, 600) == pytest.approx(400 / 550)
    assert runs.share_left(PHASES, 800) == pytest.approx(200 / 550)


def test_a_run_keeps_the_words_that_it_began_with(run_folder, monkeypatch):
    monkeypatch.setattr(glide_training, "RUNS", run_folder)
    monkeypatch.setattr(glide_training, "vocabulary", lambda: ("a", "lake"))
    assert glide_training.words_of("base") == ("a", "lake")
    monkeypatch.setattr(glide_training, "vocabulary", lambda: ("a", "brook", "lake"))
    assert glide_training.words_of("base") == ("a", "lake")


def test_a_run_begins_from_exported_weights(run_folder, monkeypatch):
    monkeypatch.setattr(glide_training, "RUNS", run_folder)
    ended = []

    class Supply:
        def __init__(self, size, generator, share):
            self.size = size

        def take(self, count, size):
            assert size == (self.size, self.size)
            return torch.zeros(count, 3, *size, dtype=torch.uint8), ["a lake"] * count

    monkeypatch.setattr(glide_training, "Pictures", Supply)
    recipe = glide_training.Recipe(
        Objective("linear"),
        (32, 32),
        (False, False),
        32,
        1,
        (runs.Phase(until=20, size=8, batch=2),),
        painted_size=8,
    )
    monkeypatch.setitem(glide_training.RECIPES, "base", recipe)
    torch.manual_seed(3)
    exported = glide_training.build(recipe, ("a", "lake"))
    file = run_folder / "exported.safetensors"
    glide_training.glide.save(exported, file)
    monkeypatch.setattr(runs.Run, "update", lambda run, losses, count: setattr(run, "done", run.total))
    monkeypatch.setattr(runs.Run, "save_now_and_then", lambda run: ended.append(run))
    glide_training.train("base", CPU, seed=0, begin=file, seen=18)
    (run,) = ended
    torch.testing.assert_close(
        run.average.module.unet.conv_in.weight, exported.unet.conv_in.weight, atol=1e-3, rtol=1e-3
    )
    assert run.phases[-1].until == 20 and glide_training.words_of("base") == ("a", "lake")


def test_the_upsampler_is_trained_where_the_embedded_set_samples_it():
    objective = glide_training.RECIPES["upsampler"].objective
    first, *others = model_sets.embedded().sampling.upsampler_timesteps
    assert objective.first == first
    assert all(objective.cleanest <= timestep <= objective.noisiest for timestep in others)


def test_an_untrained_upsampler_is_bilinear_enlarging():
    recipe = glide_training.RECIPES["upsampler"]
    torch.manual_seed(0)
    network = glide_training.build(recipe, ("a", "lake"))
    diffusion = Diffusion(recipe.objective, CPU)
    picture = torch.cat([torch.rand(1, 3, 16, 16), torch.ones(1, 3, 16, 16)]) * 2 - 1
    clean = torch.nn.functional.interpolate(picture, size=(128, 128), mode="bilinear")
    low = glide_training.enlarged_input(clean, 4)
    for timestep in (200, 400, 560, 640):
        signal = diffusion.signal[timestep]
        noisy = signal.sqrt() * clean + (1 - signal).sqrt() * torch.randn_like(clean)
        with torch.no_grad():
            predicted = network(torch.cat([noisy, low], dim=1), timestep, network.encode(["a lake", ""]))
        guess = (noisy - (1 - signal).sqrt() * predicted[:, :3]) / signal.sqrt()
        assert ((guess - low).mean((2, 3)).abs() * 127.5).max() < 1.5  # levels
        assert (guess - low).square().mean().sqrt() * 127.5 < 4


def test_sheets_show_what_the_tool_would_make(monkeypatch):
    monkeypatch.setattr(glide_training, "SHEET_COLUMNS", 2)
    monkeypatch.setattr(glide_training, "SHEET_PROMPTS", ("a lake", "a"))
    torch.manual_seed(0)
    built = {
        name: glide_training.build(recipe, ("a", "lake")) for name, recipe in glide_training.RECIPES.items()
    }
    rows = glide_training.samples(built["base"], glide_training.RECIPES["base"], 32)
    assert [tuple(row.shape) for row in rows] == 2 * [(2, 3, 32, 32)]
    recipe = glide_training.RECIPES["upsampler"]
    enlarged, upsampled, truth = glide_training.samples(built["upsampler"], recipe, 64)
    assert enlarged.shape == upsampled.shape == truth.shape == (2, 3, 256, 256)
    assert (upsampled - enlarged).square().mean().sqrt() < 0.02  # untrained, it enlarges
    assert (upsampled - truth).square().mean().sqrt() < 0.2


@pytest.mark.parametrize("name", glide_training.RECIPES)
def test_a_recipe_builds_a_network_that_learns_from_a_batch(name):
    recipe = glide_training.RECIPES[name]
    network = glide_training.build(recipe, ("a", "lake"))
    painted = torch.randint(0, 255, (1, 3, recipe.painted_size, recipe.painted_size), dtype=torch.uint8)
    clean, low = glide_training.prepare(painted, recipe, (32, 32), recipe.crops)
    assert clean.shape == (recipe.crops, 3, 32, 32) and clean.min() >= -1 and clean.max() <= 1
    assert (low is None) == (recipe.low_size is None)
    diffusion = Diffusion(recipe.objective, CPU)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-6)  # larger steps shake the constants

    def loss():
        torch.manual_seed(0)
        return sum(diffusion.losses(network, clean, network.encode(["a lake"] * len(clean)), low).values())

    before = loss()
    for _ in range(3):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss() < before


def test_an_untrained_vqgan_carries_colours():
    torch.manual_seed(0)
    network = vqgan_training.build()
    patches = torch.cat([torch.rand(1, 3, 16, 16), torch.ones(1, 3, 16, 16)]) * 2 - 1
    pictures = torch.nn.functional.interpolate(patches, size=(64, 64), mode="bilinear")
    with torch.no_grad():
        latents = vqgan_training.encode(network, pictures)
        decoded = vqgan_training.decode(network, latents)
    means = torch.nn.functional.avg_pool2d(pictures, 4)
    torch.testing.assert_close(latents[:, :3], means, atol=0.02, rtol=0.02)
    inside = (slice(None), slice(None), slice(8, -8), slice(8, -8))  # of the borders' zeros
    error = (decoded - pictures)[inside]
    assert (error.mean((2, 3)).abs() * 127.5).max() < 2  # levels
    assert error[1].abs().max() * 127.5 < 4


def test_an_untrained_vqgan_encodes_changes_of_lightness():
    torch.manual_seed(0)
    network = vqgan_training.build()
    steps = torch.tensor([-0.3, -0.3, 0.3, 0.3]).repeat(8)
    across = steps.expand(1, 3, 32, 32)
    for picture, changed in ((across, 3), (across.mT, 4)):
        with torch.no_grad():
            latents = vqgan_training.encode(network, picture.contiguous())[0, :, 4, 4]
        expected = torch.zeros(8)
        expected[changed] = 0.3 * begun_patches.CHANGE
        torch.testing.assert_close(latents, expected, atol=0.01, rtol=0)


def test_the_codes_are_placed_amid_the_latents():
    torch.manual_seed(0)
    network = vqgan_training.VQModel(**vqgan_training.CONFIG | {"num_vq_embeddings": 3})
    centres = torch.tensor([-2.0, 0.0, 3.0])
    latents = centres[torch.randint(3, (1, 1, 30, 30))].expand(1, 8, 30, 30) + 0.05 * torch.randn(
        1, 8, 30, 30
    )
    vqgan_training.place_codes(network, latents)
    found = network.quantize.embedding.weight.mean(1)
    assert all((found - centre).abs().min() < 0.3 for centre in (found.min(), found.max()))
    error = (vqgan_training.vqgan.quantise(network, latents)[0] - latents).square().mean()
    assert error < 0.7 * latents.var()


def test_rare_latents_get_codes_too():
    torch.manual_seed(0)
    network = vqgan_training.VQModel(**vqgan_training.CONFIG | {"num_vq_embeddings": 200})
    usual, rare = 0.02 * torch.randn(19_900, 8), 5 + 0.02 * torch.randn(100, 8)
    latents = torch.cat([usual, rare]).T[None, :, :, None]
    codes.place_codes(network, latents)
    assert (network.quantize.embedding.weight.mean(1) > 2.5).sum() > 4  # as many as there are such: 1


def test_weighing_latents_makes_all_errors_alike_and_changes_no_picture():
    torch.manual_seed(0)
    # Few codes, however many are shipped: the network that is drawn depends on their number.
    config = vqgan_training.CONFIG | {"num_vq_embeddings": 8}
    network = vqgan_training.VQModel(**config).requires_grad_(False)
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1

    def decoded():
        return vqgan_training.decode(network, vqgan_training.encode(network, pictures))

    before, state = decoded(), torch.get_rng_state()
    seen = codes.visibility(network, pictures)
    assert (seen - torch.eye(8)).abs().max() > 0.5
    torch.set_rng_state(state)
    codes.weigh_latents(network, pictures)
    torch.testing.assert_close(decoded(), before, atol=1e-3, rtol=0)
    torch.set_rng_state(state)
    # Of noise that is stretched with the latents errors stay a little unlike.
    torch.testing.assert_close(codes.visibility(network, pictures), torch.eye(8).double(), atol=0.2, rtol=0)


def test_codes_begin_from_the_average_and_the_encoder_learns_no_more(run_folder):
    network = vqgan_training.VQModel(**vqgan_training.CONFIG | {"num_vq_embeddings": 8})
    run = runs.Run("codes", network, vqgan_training.PHASES, 1e-3)
    encoder = [weights.clone() for weights in network.encoder.parameters()]
    torch.nn.init.normal_(network.decoder.conv_out.weight)  # what no average has heard of
    pictures = torch.rand(2, 3, 32, 32) * 2 - 1
    vqgan_training.begin_codes(run, network, pictures)
    vqgan_training.freeze_encoder(network)
    for weights, averaged in zip(network.parameters(), run.average.module.parameters(), strict=True):
        assert torch.equal(weights, averaged)
    placed = network.quantize.embedding.weight.clone()
    run.update(vqgan_training.losses(network, pictures, by_codes=True)[0], len(pictures))
    assert all(torch.equal(*pair) for pair in zip(encoder, network.encoder.parameters(), strict=True))
    assert not torch.equal(placed, network.quantize.embedding.weight)


def test_distances_tell_a_tint_from_noise():
    pictures = torch.zeros(1, 3, 32, 32)
    tint = likeness.distances(pictures + 0.1, pictures)
    noise = likeness.distances(0.1 * torch.randn(1, 3, 32, 32).sign(), pictures)
    assert tint["error"] == pytest.approx(float(noise["error"]))
    assert tint["gradient"] == 0 < noise["gradient"] and tint["colour"] > 4 * noise["colour"]


def test_the_distance_of_detail_asks_for_its_strength_and_not_its_place():
    torch.manual_seed(0)
    truth, other = 0.2 * torch.randn(2, 1, 3, 64, 64)
    blurred = torch.nn.functional.avg_pool2d(truth, 5, 1, 2)
    distance = likeness.strength_distance
    assert float(distance(truth, truth)) == 0
    assert distance(other, truth) < 0.3 * distance(blurred, truth)
    assert distance(2 * truth, truth) > 2 * distance(other, truth)
    assert distance(0.5 * truth, truth) > 2 * distance(1.5 * truth, truth)  # lacking is worse
    energy = likeness.energy_distance
    assert float(energy(2 * truth, truth)) == pytest.approx(np.log(4), rel=0.01)
    assert energy(other, truth) < 0.05 < energy(blurred, truth)


def test_the_critic_learns_what_is_decoded_and_the_decoder_hears_of_it():
    torch.manual_seed(0)
    critic = Critic()
    true, decoded = torch.randn(2, 3, 32, 32), torch.zeros(2, 3, 32, 32, requires_grad=True)
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
    before = critic_loss(critic, true, decoded).item()
    for _ in range(10):
        optimizer.zero_grad()
        critic_loss(critic, true, decoded).backward()
        optimizer.step()
    assert decoded.grad is None and critic_loss(critic, true, decoded).item() < before
    verdict, features = decoder_losses(critic, true, decoded)
    (verdict + features).backward()
    assert decoded.grad.abs().sum() > 0 and features.item() > 0
    assert decoder_losses(critic.eval(), true, true)[1].item() == 0


def test_the_critic_is_given_its_share_of_the_pull():
    network = vqgan_training.VQModel(**vqgan_training.CONFIG)
    decoded = vqgan_training.decode(network, vqgan_training.encode(network, torch.rand(1, 3, 32, 32)))
    wanted, verdict = decoded.square().mean(), 50 * decoded.mean()
    weight = vqgan_training.balance(network, wanted, verdict)
    last = network.decoder.conv_out.weight
    pulls = [
        torch.autograd.grad(one, last, retain_graph=True)[0].norm() for one in (wanted, weight * verdict)
    ]
    assert float(pulls[1] / pulls[0]) == pytest.approx(vqgan_training.CRITIC_WEIGHT, rel=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_fused_pass_is_normalisation_scale_shift_and_silu(dtype):
    fused = pytest.importorskip("training.fused")
    if not fused.is_available():
        pytest.skip("no g++ or ninja here")
    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(4, 24)
    for weights in norm.parameters():
        torch.nn.init.normal_(weights, 1)
    features = (2 * torch.randn(3, 24, 5, 7) + 1).to(dtype, memory_format=torch.channels_last)
    scale, shift = torch.randn(2, 3, 24)
    inputs = [one.requires_grad_() for one in (features, norm.weight, norm.bias, scale, shift)]
    ours = fused.norm_silu(features, norm, scale, shift)
    scaled = norm(features.float()) * (1 + scale[:, :, None, None]) + shift[:, :, None, None]
    theirs = torch.nn.functional.silu(scaled)
    tolerance = {"atol": 0.1, "rtol": 0.03} if dtype == torch.bfloat16 else {"atol": 1e-4, "rtol": 1e-4}
    torch.testing.assert_close(ours.float(), theirs, **tolerance)
    upstream = torch.randn_like(theirs).to(dtype)
    for one, other in zip(
        torch.autograd.grad(ours, inputs, upstream),
        torch.autograd.grad(theirs, inputs, upstream.float()),
        strict=True,
    ):
        torch.testing.assert_close(one.float(), other.float(), **tolerance)


def test_the_lock_of_a_killed_build_is_not_waited_for(monkeypatch, tmp_path):
    fused = pytest.importorskip("training.fused")
    from torch.utils import cpp_extension

    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    found = []

    def load(name, sources, build_directory, **options):
        found.append(Path(build_directory, "lock").exists())
        Path(build_directory, "lock").touch()  # what torch leaves when it is killed meanwhile
        return "compiled"

    monkeypatch.setattr(cpp_extension, "load", load)
    assert [fused._compiled.__wrapped__() for _ in range(2)] == ["compiled", "compiled"]
    assert found == [False, False]


def test_the_fused_pass_bears_one_bright_pixel_in_a_flat_picture():
    fused = pytest.importorskip("training.fused")
    if not fused.is_available():
        pytest.skip("no g++ or ninja here")
    norm = torch.nn.GroupNorm(1, 8)
    for far in (-1.0, 1.0):  # 724 deviations from the mean
        features = torch.full((1, 8, 256, 256), 3.0).contiguous(memory_format=torch.channels_last)
        features[0, 0, 100, 100] += far
        features.requires_grad_()
        ours = fused.norm_silu(features, norm)
        theirs = torch.nn.functional.silu(norm(features))
        torch.testing.assert_close(ours, theirs, atol=0.05, rtol=0.02)
        assert torch.autograd.grad(ours.sum(), features)[0].isfinite().all()


def test_an_accelerated_network_computes_what_it_did():
    fused = pytest.importorskip("training.fused")
    if not fused.is_available():
        pytest.skip("no g++ or ninja here")
    torch.manual_seed(0)
    network = glide_training.build(glide_training.RECIPES["base"], ("a", "lake"))
    torch.nn.init.normal_(network.unet.conv_out.weight)
    sample = torch.randn(2, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    before = network(sample, 300, network.encode(["a lake", ""]))
    after = fused.accelerate(network)(sample, 300, network.encode(["a lake", ""]))
    torch.testing.assert_close(before, after, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("size", [4, (5, 3), (10, 2)])
def test_crops_are_parts_of_their_pictures(size):
    width, height = size if isinstance(size, tuple) else (size, size)
    picture = torch.from_numpy(np.arange(2 * 100).reshape(2, 1, 10, 10)).float()
    for index, crop in enumerate(random_crops(picture, size, 3)):
        top, left = divmod(int(crop[0, 0, 0]) % 100, 10)
        assert torch.equal(crop, picture[index // 3][:, top : top + height, left : left + width])


@pytest.mark.parametrize("name", glide_training.RECIPES)
def test_every_shape_is_shown_as_the_tool_paints_it(name):
    recipe = glide_training.RECIPES[name]
    network = glide_training.build(recipe, ("a", "lake"))
    diffusion, phase = Diffusion(recipe.objective, CPU), recipe.phases[-1]
    for shape in {*SHAPES}:
        shown, painted_size = glide_training.sizes(recipe, phase, shape)
        width, height = nearest_size(ratio(shape), 64, 8)
        times = 4 if recipe.low_size else 1
        assert shown == painted_size == (times * width, times * height)
        painted = torch.randint(0, 255, (1, 3, *shown[::-1]), dtype=torch.uint8)
        clean, low = glide_training.prepare(painted, recipe, shown, 1)
        assert clean.shape == (1, 3, *shown[::-1]) and (low is None or low.shape == clean.shape)
        losses = diffusion.losses(network, clean, network.encode(["a lake"]), low)
        assert all(loss.isfinite() for loss in losses.values())  # 72 px cannot be halved four times


def test_pictures_of_other_shapes_are_painted_and_squares_photographed_too(monkeypatch):
    crops = np.full((3, 64, 64, 3), 7, np.uint8)
    monkeypatch.setattr("training.pictures.fetch", list)
    monkeypatch.setattr("training.pictures.load_crops", lambda *_: (crops, ["a photograph"] * 3))
    supply = Pictures(64, np.random.default_rng(1), photographs_share=0.5)
    squares, captions = supply.take(20)
    assert squares.shape == (20, 3, 64, 64) and 2 < captions.count("a photograph") < 18
    wide, captions = supply.take(20, (72, 48))
    assert wide.shape == (20, 3, 48, 72) and "a photograph" not in captions
