"""Training: the losses mean what they say, and a run that was stopped goes on where it was."""

import json

import numpy as np
import pytest
import torch

pytest.importorskip("skia")

from training import glide as glide_training  # noqa: E402
from training import run as runs  # noqa: E402
from training import vqgan as vqgan_training  # noqa: E402
from training.diffusion import Diffusion  # noqa: E402
from training.pictures import random_crops  # noqa: E402

CPU = torch.device("cpu")


class Fixed(torch.nn.Module):
    """Predicts one value of epsilon and one share of the variance everywhere."""

    def __init__(self, epsilon, share):
        super().__init__()
        self.values = torch.nn.Parameter(torch.tensor([float(epsilon), float(share)]))

    def forward(self, sample, step, text):
        shape = (len(sample), 3, *sample.shape[2:])
        return torch.cat([value.expand(shape) for value in self.values], dim=1)


@pytest.mark.parametrize("schedule", ["squaredcos_cap_v2", "linear"])
def test_the_epsilon_loss_of_predicting_nothing_is_the_mean_weight(schedule):
    diffusion = Diffusion(schedule, CPU)
    clean = torch.zeros(4000, 3, 4, 4)
    expected = (diffusion.weight * diffusion.frequency).sum() / diffusion.frequency.sum()
    loss = diffusion.losses(Fixed(0, 0), clean, None)["epsilon"].detach()
    assert float(loss) == pytest.approx(float(expected), rel=0.1)


def test_the_variance_loss_is_least_for_the_variance_that_the_mean_needs():
    diffusion = Diffusion("squaredcos_cap_v2", CPU)
    step = torch.full((8,), 500)
    exact, share_of_posterior = torch.zeros(8, 3, 4, 4), -torch.ones(8, 3, 4, 4)
    loss = diffusion._variance_loss
    assert float(loss(step, exact, share_of_posterior)) == pytest.approx(0, abs=1e-6)
    assert loss(step, exact, -share_of_posterior) > loss(step, exact, share_of_posterior)
    wrong = torch.full_like(exact, 30.0)  # a mean that is far off is covered by the larger variance
    assert loss(step, wrong, -share_of_posterior) < loss(step, wrong, share_of_posterior)


def test_the_variance_loss_does_not_move_epsilon():
    network = Fixed(0.3, 0.1)
    Diffusion("linear", CPU).losses(network, torch.zeros(4, 3, 4, 4), None)["variance"].backward()
    assert network.values.grad[0] == 0 and network.values.grad[1] != 0


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path)
    return tmp_path


def steps(run, count):
    for _ in range(count):
        run.update({"error": run.network(torch.ones(2, 3)).square().mean()}, 2)


def test_a_stopped_run_goes_on_with_its_weights_average_and_optimizer(run_folder):
    torch.manual_seed(1)
    whole = runs.Run("whole", torch.nn.Linear(3, 1), 1000, 0.1)
    steps(whole, 20)
    torch.manual_seed(1)
    first = runs.Run("halves", torch.nn.Linear(3, 1), 1000, 0.1)
    steps(first, 10)
    first.save()
    second = runs.Run("halves", torch.nn.Linear(3, 1), 1000, 0.1)
    assert (second.done, second.step) == (20, 10)
    steps(second, 10)
    for one, other in zip(whole.average.parameters(), second.average.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_the_log_says_how_far_and_how_well(run_folder):
    run = runs.Run("logged", torch.nn.Linear(3, 1), 1000, 0.1)
    steps(run, 50)
    (line,) = (run_folder / "logged" / "log.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert entry["pictures"] == 100 and entry["error"] > 0 and entry["pictures_per_second"] > 0


@pytest.mark.parametrize("name", glide_training.RECIPES)
def test_a_recipe_builds_a_network_that_learns_from_a_batch(name):
    recipe = glide_training.RECIPES[name]
    network = glide_training.build(recipe, ("a", "lake"))
    painted = torch.randint(0, 255, (1, 3, recipe.painted_size, recipe.painted_size), dtype=torch.uint8)
    clean, low = glide_training.prepare(painted, recipe, 32)
    assert clean.shape == (recipe.crops, 3, 32, 32) and clean.min() >= -1 and clean.max() <= 1
    assert (low is None) == (recipe.low_size is None)
    diffusion = Diffusion(recipe.schedule, CPU)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    def loss():
        torch.manual_seed(0)
        return sum(diffusion.losses(network, clean, network.encode(["a lake"] * len(clean)), low).values())

    before = loss()
    for _ in range(3):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss() < before


def test_the_vqgan_learns_and_its_idle_codes_are_given_new_places():
    network = vqgan_training.VQModel(**vqgan_training.CONFIG)
    pictures = random_crops(torch.rand(1, 3, 64, 64) * 2 - 1, 32, 2)
    terms, latents, indices = vqgan_training.losses(network, pictures, quantised=True)
    assert set(terms) == {"codebook", "commitment", "error", "gradient"}
    sum(terms.values()).backward()
    assert network.encoder.conv_in.weight.grad.abs().sum() > 0  # through the codebook, straight
    codebook = vqgan_training.Codebook(network)
    idle = torch.ones(len(codebook.codes), dtype=torch.bool)
    idle[indices.flatten()] = False
    before = codebook.codes.detach().clone()
    codebook.revive(latents, indices, step=vqgan_training.STEPS_BETWEEN_REVIVALS)
    moved = (codebook.codes != before).any(1)
    assert torch.equal(moved, idle)


def test_crops_are_parts_of_their_pictures():
    picture = torch.from_numpy(np.arange(2 * 100).reshape(2, 1, 10, 10)).float()
    for index, crop in enumerate(random_crops(picture, 4, 3)):
        top, left = divmod(int(crop[0, 0, 0]) % 100, 10)
        assert torch.equal(crop, picture[index // 3][:, top : top + 4, left : left + 4])
