"""VQGAN against the published implementation's outputs, its published names, and pictures of every size."""

import weakref

import pytest
import torch
from reference import draw, draw_weights, golden, published_shapes, thin
from small_vqgan import shallow_network, small_config, small_network, small_shapes
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bigart_lib.finish import enhancer, links, strips, vqgan
from bigart_lib.finish.ends import mirror
from bigart_lib.finish.planner import STRIP_OPERATIONS, BudgetError
from bigart_lib.machine import MemoryShortageError
from bigart_lib.progress import CancelledError
from bigart_lib.weights import WeightsError, build_empty, fill

FULL = "vqgan_imagenet_f16_16384"


def from_own(config, tensors):
    """The network of a file that we wrote."""
    name = "small.safetensors"
    return fill(build_empty("VQGAN", vqgan.build, config, name), tensors, name)


@pytest.fixture(scope="module")
def small_tensors():
    return draw_weights("vqgan", small_shapes())


@pytest.fixture(scope="module")
def small():
    return small_network()


@pytest.fixture(scope="module")
def shallow():
    return shallow_network()


@pytest.fixture
def many_strips(monkeypatch):
    """Strips so short that small pictures take many, and little memory for the search beside them."""
    monkeypatch.setattr(strips, "STRIP_CPU", 2**11)
    monkeypatch.setattr(vqgan, "DISTANCES_AT_ONCE", 2**10)


def plan_of(network, picture, budget=float("inf")):
    planner = vqgan.planner(network, picture.shape[3], picture.shape[2], torch.float32)
    return planner.plan(budget, strips.fastest_strip(torch.device("cpu")))


def budgets(network, picture):
    """From all that is of use to the least that will do: three, and the plans with them."""
    fastest = plan_of(network, picture).memory
    with pytest.raises(BudgetError) as refusal:
        plan_of(network, picture, 0)
    least = refusal.value.least
    return [plan_of(network, picture, budget) for budget in (fastest, (fastest + least) // 2, least)]


@torch.inference_mode()
def in_one_piece(network, picture):
    """The indices of the codes, and the picture."""
    height, width = picture.shape[-2:]
    rows, columns = (mirror(side, vqgan.downsampling(network)) for side in (height, width))
    signed = picture[:, :, rows][..., columns] * 2 - 1
    codes, indices = vqgan.quantise(network, vqgan.encode(network, signed))
    return indices, (vqgan.decode(network, codes)[..., :height, :width] / 2 + 0.5).clamp(0, 1)


@pytest.fixture
def full_tensors():
    return {name: torch.empty(shape, device="meta") for name, shape in published_shapes(FULL).items()}


@torch.inference_mode()
def test_latents_codes_and_picture_equal_the_published_ones(small):
    expected = golden("vqgan_f16")
    latents = vqgan.encode(small, draw("vq", 1, 3, 128, 160).clamp(-1, 1))
    quantised, indices = vqgan.quantise(small, latents)
    picture = vqgan.decode(small, quantised)
    assert torch.equal(indices[0], expected["indices"])
    torch.testing.assert_close(latents, expected["pre_quant"], atol=1e-4, rtol=0)
    torch.testing.assert_close(quantised, expected["quantized"], atol=1e-4, rtol=0)
    torch.testing.assert_close(thin(picture), expected["out"], atol=1e-4, rtol=0)


@torch.inference_mode()
def test_running_with_few_copies_gives_what_diffusers_gives(small):
    signed = torch.rand(2, 3, 32, 48) * 2 - 1
    latents = vqgan.encode(small, signed)
    torch.testing.assert_close(latents, small.encode(signed).latents, atol=1e-5, rtol=0)
    decoded = vqgan.decode(small, vqgan.quantise(small, latents)[0])
    torch.testing.assert_close(decoded, small.decode(latents).sample, atol=1e-4, rtol=0)


def test_every_tensor_of_the_full_size_file_has_its_one_place(full_tensors):
    network = vqgan.convert(full_tensors, "last.ckpt")
    entries = vqgan.layout(network.config).entries(network)
    assert sorted(entries) == sorted(full_tensors)
    assert all(len(entry.ours) == 1 for entry in entries.values())
    assert sum(parameter.numel() for parameter in network.parameters()) == 76_073_859


def test_a_training_checkpoint_is_unwrapped_and_its_loss_ignored(small_tensors, small):
    training = {
        "loss.discriminator.main.0.weight": torch.zeros(4, 3, 4, 4),
        "loss.discriminator.main.3.num_batches_tracked": torch.tensor(5),
    }
    checkpoint = {"epoch": 3, "global_step": 7, "callbacks": {}, "state_dict": small_tensors | training}
    unwrapped = vqgan.convert(checkpoint, "last.ckpt", small_config()).state_dict()
    assert unwrapped.keys() == small.state_dict().keys()
    assert all(torch.equal(tensor, unwrapped[name]) for name, tensor in small.state_dict().items())


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("decoder.up.4.attn.1.k.bias", None, "missing: decoder.up.4.attn.1.k.bias"),
        ("encoder.down.1.block.0.conv1.weight", None, "missing: encoder.down.1.block.0.conv1.weight"),
        ("quantize.embedding.weight", None, "missing: quantize.embedding.weight"),
        ("encoder.down.0.attn.0.stray", torch.zeros(1), "not expected: encoder.down.0.attn.0.stray"),
        ("model_ema.decay", torch.zeros(1), "not expected: model_ema.decay"),
        ("encoder.mid.attn_1.q.weight", torch.zeros(128, 128), r"encoder.mid.attn_1.q.weight \(expected"),
        ("decoder.norm_out.bias", torch.zeros(31), r"decoder.norm_out.bias \(expected \(32,\), got \(31,\)"),
        ("encoder.conv_in.weight", torch.zeros(5), r"encoder.conv_in.weight \(expected \(32, 3, 3, 3\), got"),
        ("encoder.conv_in.bias", torch.zeros(32, dtype=torch.long), "encoder.conv_in.bias in floating point"),
        ("encoder.conv_in.bias", "weights", "encoder.conv_in.bias to be a tensor, got str"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_published_names(small_tensors, name, tensor, message):
    spoilt = {key: value for key, value in small_tensors.items() if key != name}
    if tensor is not None:
        spoilt[name] = tensor
    with pytest.raises(WeightsError, match=message) as refusal:
        vqgan.convert(spoilt, "spoilt.ckpt", small_config())
    assert "spoilt.ckpt" in str(refusal.value)


@pytest.mark.parametrize("nothing", [{}, [], {"state_dict": None}, {"epoch": 1}])
def test_a_file_of_something_else_is_refused(nothing):
    with pytest.raises(WeightsError, match=r"other\.ckpt"):
        vqgan.convert(nothing, "other.ckpt")


def test_our_own_layout_gives_the_same_network_back(small):
    again = from_own(dict(small.config), dict(small.state_dict()))
    picture = torch.rand(1, 3, 32, 32)
    assert torch.equal(vqgan.reconstruct(again, picture), vqgan.reconstruct(small, picture))


def test_our_own_layout_is_refused_by_its_names_where_it_does_not_fit(small):
    tensors = dict(small.state_dict())
    del tensors["quant_conv.bias"]
    with pytest.raises(WeightsError, match=r"missing: quant_conv\.bias"):
        from_own(small.config, tensors)
    with pytest.raises(WeightsError, match="no VQGAN can be built"):
        from_own({"channels": 32}, small.state_dict())


def test_networks_are_frozen_hold_the_given_dtype_and_copy_nothing(small_tensors):
    halved = {name: tensor.to(torch.bfloat16) for name, tensor in small_tensors.items()}
    network = vqgan.convert(halved, "small.ckpt", small_config())
    again = from_own(network.config, network.state_dict())
    for made in (network, again):
        assert not made.training and not any(parameter.requires_grad for parameter in made.parameters())
        memory = {parameter.data_ptr() for parameter in made.parameters()}
        assert memory == {tensor.data_ptr() for tensor in halved.values()}


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 8), (9, 7), (17, 33), (16, 48), (31, 20)])
def test_a_picture_of_any_size_keeps_it_and_stays_in_range(small, size):
    painted = vqgan.reconstruct(small, torch.rand(1, 3, *size))
    assert painted.shape == (1, 3, *size)
    assert painted.dtype == torch.float32 and not painted.is_inference()
    assert painted.min() >= 0 and painted.max() <= 1


def test_reconstructing_twice_gives_the_same_bytes(small):
    picture = torch.rand(1, 3, 30, 20)
    before = picture.clone()
    assert torch.equal(vqgan.reconstruct(small, picture), vqgan.reconstruct(small, picture))
    assert torch.equal(picture, before)


@torch.inference_mode()
def test_reconstructing_is_the_network_on_the_mirrored_picture(small):
    picture = torch.rand(1, 3, 30, 33)
    rows = [*range(30), 28, 27]
    columns = [*range(33), *range(31, 16, -1)]
    mirrored = picture[:, :, rows][..., columns]
    expected = (small(mirrored * 2 - 1).sample / 2 + 0.5).clamp(0, 1)[..., :30, :33]
    torch.testing.assert_close(vqgan.reconstruct(small, picture), expected, atol=1e-4, rtol=0)


def test_a_bfloat16_network_takes_and_gives_float32_pictures(small_tensors, small):
    halved = {name: tensor.bfloat16() for name, tensor in small_tensors.items()}
    network = vqgan.convert(halved, "small.ckpt", small_config())
    picture = torch.rand(1, 3, 16, 16)
    painted = vqgan.reconstruct(network, picture)
    assert painted.dtype == torch.float32
    assert (painted - vqgan.reconstruct(small, picture)).abs().mean() < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (17, 33), (90, 20), (20, 90)])
@pytest.mark.parametrize("kind", ["small", "shallow"])
def test_strips_give_the_codes_and_the_picture_of_one_piece_whatever_the_budget(
    request, kind, size, many_strips, monkeypatch
):
    network, picture = request.getfixturevalue(kind), torch.rand(1, 3, *size)
    indices, expected = in_one_piece(network, picture)
    plain, found = vqgan.quantise, []

    def quantise(*arguments):
        codes, some = plain(*arguments)
        found.append(some)
        return codes, some

    monkeypatch.setattr(vqgan, "quantise", quantise)
    for plan in budgets(network, picture):
        found.clear()
        painted = vqgan.reconstruct(network, picture, plan.memory)
        assert torch.equal(torch.cat(found, 1)[:, -indices.shape[1] :], indices)
        torch.testing.assert_close(painted, expected, atol=1e-4, rtol=0)


def test_a_smaller_budget_holds_by_storing_fewer_maps(small, shallow, many_strips):
    for network in (small, shallow):
        plans = budgets(network, torch.rand(1, 3, 256, 256))
        assert plans[0].memory > plans[1].memory > plans[2].memory
        assert plans[0].operations < plans[1].operations < plans[2].operations
        assert len(plans[0].stored) > len(plans[1].stored) > len(plans[2].stored)


def test_nothing_is_computed_twice_where_the_budget_allows_it(shallow):
    links = vqgan.chain(shallow)
    shape = links_shape = vqgan.Shape(3, 64, 64)
    once = 0
    for link in links:
        once += link.operations(links_shape)
        links_shape = link.shape(links_shape)
    assert links_shape == shape
    assert plan_of(shallow, torch.rand(1, 3, 64, 64)).operations == once


@pytest.mark.parametrize("kind", ["small", "shallow"])
def test_no_more_memory_is_taken_than_planned(request, kind, many_strips):
    network, picture = request.getfixturevalue(kind), torch.rand(1, 3, 80, 48)
    for plan in budgets(network, picture):
        with PeakMemory() as memory:
            vqgan.reconstruct(network, picture, plan.memory)
        assert memory.peak <= plan.memory + picture.nbytes


def test_no_strip_is_so_much_work_that_a_cancel_waits():
    with torch.device("meta"):
        network = vqgan.build(vqgan.PUBLISHED)
    planner, chain = vqgan.planner(network, 4096, 4096, torch.float32), vqgan.chain(network)
    for place, link in enumerate(chain):
        rows = planner.rows(place, place + 1, 2**30)
        work = planner.operations(place, place + 1) * rows / planner.height(place)
        assert work <= STRIP_OPERATIONS or rows == 1, link
        assert work < 4 * STRIP_OPERATIONS


def test_progress_grows_to_its_total_and_a_cancel_ends_the_work_there(shallow, many_strips):
    picture, seen = torch.rand(1, 3, 96, 64), []
    budget = budgets(shallow, picture)[2].memory
    vqgan.reconstruct(shallow, picture, budget, seen.append)
    steps = [progress.step for progress in seen]
    assert steps[0] == 0 and steps == sorted(steps) and len(set(steps)) > 50
    assert {(progress.stage, progress.total) for progress in seen} == {("enhance", steps[-1])}

    def cancel(progress):
        if progress.step > progress.total / 2:
            raise CancelledError(progress.step)

    with pytest.raises(CancelledError) as raised:
        vqgan.reconstruct(shallow, picture, budget, cancel)
    assert raised.value.args[0] == next(step for step in steps if step > steps[-1] / 2)


def make_enhancer(network):
    return enhancer.VQGANEnhancer(lambda: network, network.config, torch.float32, lambda: "")


def test_where_memory_runs_out_half_of_it_is_tried(shallow, monkeypatch):
    picture, tried, ours = torch.rand(1, 3, 40, 48), [], make_enhancer(shallow)

    def reconstruct(network, picture, budget, report, repeats):
        tried.append(budget)
        if len(tried) < 3:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 64 bytes")
        return vqgan.reconstruct(network, picture, report=report)

    monkeypatch.setattr(enhancer, "reconstruct", reconstruct)
    expected = vqgan.reconstruct(shallow, picture)
    assert torch.equal(ours.enhance(picture, 10**12, lambda _: None), expected)
    fastest = ours.cost(48, 40).memory
    assert tried == [10**12, fastest // 2, fastest // 4]


def test_where_even_the_smallest_strips_do_not_fit_a_sentence_says_so(shallow, monkeypatch):
    picture, ours = torch.rand(1, 3, 40, 48), make_enhancer(shallow)
    with pytest.raises(
        MemoryShortageError, match="VQGAN at 48x40 px: 1 kB may be used, and it takes"
    ) as refusal:
        ours.enhance(picture, 1000, lambda _: None)
    assert "\n" not in str(refusal.value)

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(links.F, "conv2d", fail)
    with pytest.raises(MemoryShortageError, match="close other programs"):
        ours.enhance(picture, 10**12, lambda _: None)


def test_other_errors_on_the_way_are_not_taken_for_a_shortage(shallow, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr(links.F, "conv2d", fail)
    with pytest.raises(RuntimeError, match="broken"):
        make_enhancer(shallow).enhance(torch.rand(1, 3, 8, 8), 10**12, lambda _: None)


@pytest.mark.parametrize(("distance", "error"), [(1, 5e-6), (1000, 1e-3)])
def test_moments_are_exact_also_of_large_maps_and_where_the_mean_is_far_from_zero(distance, error):
    features = torch.randn(1, 8, 512, 500) + distance * torch.randn(8, 1, 1)
    norm = torch.nn.GroupNorm(4, 8, eps=1e-6)
    expected = norm.double()(features.double()).float()
    moments = links.Moments(norm.float())
    for part in features.contiguous(memory_format=torch.channels_last).split(100, 2):
        moments.add(part)
    torch.testing.assert_close(moments.finish().normalise(features), expected, atol=error, rtol=0)


def test_attention_is_the_same_in_parts(small, monkeypatch):
    picture = torch.rand(1, 3, 96, 80)
    _, expected = in_one_piece(small, picture)
    monkeypatch.setattr(links, "LOGITS_AT_ONCE", 100)
    torch.testing.assert_close(vqgan.reconstruct(small, picture), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("count", [7, 48, 256])
def test_the_first_of_the_nearest_codes_is_found_whatever_their_number(count):
    distances = torch.randn(40, count, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    assert torch.equal(vqgan._first_least(distances), distances.argmin(1))


def test_the_nearest_code_is_found_also_where_distances_are_taken_in_parts(small, monkeypatch):
    latents = torch.randn(2, 32, 5, 7)
    codes = small.quantize.embedding.weight
    nearest = torch.cdist(latents.permute(0, 2, 3, 1).flatten(0, 2), codes).argmin(1).view(2, 5, 7)
    monkeypatch.setattr(vqgan, "DISTANCES_AT_ONCE", 3 * len(codes))
    quantised, indices = vqgan.quantise(small, latents)
    assert torch.equal(indices, nearest)
    assert torch.equal(quantised, codes[nearest].permute(0, 3, 1, 2))
    with torch.autocast("cpu", torch.bfloat16):  # as in training
        assert torch.equal(vqgan.quantise(small, latents)[1], nearest)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (torch.zeros(3, 16, 16), r"1 x 3 x height x width, got torch.float32 \(3, 16, 16\)"),
        (torch.zeros(1, 4, 16, 16), "1 x 3 x height x width"),
        (torch.zeros(1, 3, 0, 16), "1 x 3 x height x width"),
        (torch.zeros(1, 3, 16, 16, dtype=torch.uint8), "floating point.*uint8"),
        (torch.full((1, 3, 16, 16), 255.0), r"values in \[0, 1\], got 255 to 255"),
        (torch.full((1, 3, 16, 16), -0.5), r"values in \[0, 1\], got -0.5 to -0.5"),
        (torch.full((1, 3, 16, 16), float("nan")), r"values in \[0, 1\], got nan"),
    ],
)
def test_what_is_no_picture_is_refused(small, picture, message):
    with pytest.raises(ValueError, match=message):
        vqgan.reconstruct(small, picture)


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of the tensors made inside it that are alive at once."""

    def __init__(self):
        super().__init__()
        self.alive = {}
        self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in self.alive:
                storage = tensor.untyped_storage()
                self.alive[storage._cdata] = storage.nbytes()
                weakref.finalize(storage, self.alive.pop, storage._cdata)
        self.peak = max(self.peak, sum(self.alive.values()))
        return made


@torch.no_grad()
def test_the_full_network_holds_three_times_its_finest_features_at_1024(full_tensors):
    network = vqgan.convert(full_tensors, "last.ckpt")
    signed = torch.empty(1, 3, 1024, 1024, device="meta")
    with PeakMemory() as memory:
        vqgan.decode(network, vqgan.encode(network, signed))
    finest = 128 * 1024 * 1024 * 4  # bytes
    assert 3 * finest <= memory.peak < 3.1 * finest
