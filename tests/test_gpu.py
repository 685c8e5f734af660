"""A CUDA card is never wrong: on the one that is here, and on a pretended one everywhere."""

import numpy as np
import pytest
import torch
from PIL import Image
from pretended_cuda import pretended_card

import bigart_lib
from bigart_lib import loading, machine
from bigart_lib.enlarge import tiles
from bigart_lib.generate.network import Glide
from bigart_lib.machine import devices
from bigart_lib.weights import WeightsError

ONE = bigart_lib.GenerateSettings(seed=3, count=1)
PLAIN = bigart_lib.TextureSettings(0)


@pytest.fixture(params=["pretended", pytest.param("real", marks=pytest.mark.gpu)])
def card(request):
    """A card: that which is here, or a pretended one."""
    if request.param == "real":
        yield None
    else:
        with pretended_card() as pretended:
            yield pretended


def load(device="cuda", dtype=None):
    """The tiny set, and what it says."""
    said = []
    return bigart_lib.load("embedded", device=device, dtype=dtype, announce=said.append), said


def pictures(bigart):
    """A candidate, and the stages of its painting, as arrays."""
    candidate = bigart.generate("sunset over a lake", ONE)[0]
    painting = bigart.paint(candidate, bigart_lib.PaintSettings(size=1024, enhance=True))
    return [np.asarray(image, float) for image in (candidate.image, *painting.stages.values())]


def test_half_precision_paints_what_the_cpu_paints(tiny_models, card):
    bigart, said = load()
    ours, exact = pictures(bigart), pictures(load("cpu", "fp32")[0])
    assert len(ours) == len(exact) > 3 and said == []
    for one, other in zip(ours, exact, strict=True):
        assert other.std() > 5  # levels of 255, as below: there is something to see
        assert one.shape == other.shape and np.abs(one - other).mean() < 2
    facts = bigart.recipe("a lake").machine
    precise = facts["precision"] == "fp32"  # of the GTX 16 family
    assert precise or (facts["precision"], facts["precision enhancer"]) == ("fp16", "fp32")


def test_a_candidate_is_the_same_to_the_last_bit_whatever_their_number(tiny_models, card, monkeypatch):
    forward, seen = Glide.forward, set()

    def spy(self, samples, *others):
        seen.add(len(samples))
        return forward(self, samples, *others)

    monkeypatch.setattr(Glide, "forward", spy)
    bigart, _ = load()
    five, one = (bigart.generate("a lake", bigart_lib.GenerateSettings(seed=3, count=n)) for n in (5, 1))
    assert torch.equal(one[0].picture, five[0].picture)
    size = loading.batch_size(torch.device("cuda"))
    assert seen == {size, 2 * size}  # upsampled, or unguided; with the prompt and without


# ------------------------------------------------------------------------------ values that are no numbers


def change_loading(monkeypatch, name, change):
    """Let a network of the set be changed, in fp32, as it is loaded."""
    loaders = loading._loaders()

    def load_changed(file, device, dtype):
        network = loaders[name](file, device, torch.float32)
        change(network)
        return network.to(dtype)

    monkeypatch.setattr(loading, "_loaders", lambda: {**loaders, name: load_changed})


def overflow_glide(network):
    """What a layer gives, and a normalisation makes the same again, fp16 does not hold."""
    layer = network.unet.mid_block.resnets[0].conv1
    layer.weight.mul_(3e5)
    layer.bias.mul_(3e5)


def overflow_enlarger(network):
    """What the last layer but one gives, and the last takes back, fp16 does not hold."""
    network.tail.conv_before_last.weight.mul_(1e6)
    network.tail.conv_before_last.bias.mul_(1e6)
    network.tail.conv_last.weight.div_(1e6)


@pytest.mark.parametrize(
    ("network", "step", "words"),
    [("base", "64", "GLIDE's base model"), ("upsampler", "256", "GLIDE's upsampler")],
)
def test_a_candidate_that_fp16_does_not_hold_is_painted_in_fp32(
    tiny_models, card, monkeypatch, network, step, words
):
    change_loading(monkeypatch, network, overflow_glide)
    bigart, said = load(dtype="fp16")
    settings = bigart_lib.GenerateSettings(seed=3, count=2)
    made, exact = (one.generate("a lake", settings) for one in (bigart, load("cpu", "fp32")[0]))
    assert said == [
        f"{words} gave values that are no numbers, which make no picture in fp16: once more in fp32"
    ]
    for one, other in zip(made, exact, strict=True):
        assert (one.picture - other.picture).abs().mean() < 2 / 255
        facts = one.recipe.machine
        assert (facts["precision"], facts[f"precision {step}"]) == ("fp16", "fp32")
        assert len([name for name in facts if name.startswith("precision ")]) == 2  # and VQGAN's


def test_enlarging_that_fp16_does_not_hold_is_done_in_fp32(tiny_models, card, monkeypatch):
    change_loading(monkeypatch, "enlarger", overflow_enlarger)
    (bigart, said), (exact, _) = load(dtype="fp16"), load("cpu", "fp32")
    settings = bigart_lib.PaintSettings(1024, PLAIN, PLAIN)
    image = Image.effect_noise((24, 16), 60).convert("RGB")
    made, expected = (one.paint_image(image, "noise.png", settings) for one in (bigart, exact))
    assert said == [
        "the enlarger gave values that are no numbers, which make no picture in fp16: once more in fp32"
    ]
    assert np.abs(np.asarray(made.image, int) - np.asarray(expected.image, int)).max() <= 1
    assert made.recipe.machine["precision 4x"] == "fp32"
    assert "precision 4x" not in expected.recipe.machine


def test_weights_that_are_no_numbers_in_fp32_too_are_one_line(tiny_models, card, monkeypatch):
    change_loading(monkeypatch, "base", lambda network: network.unet.conv_out.bias.fill_(float("nan")))
    bigart, said = load(dtype="fp16")
    with pytest.raises(WeightsError, match="base model gave .* in fp32: the weights are wrong") as refusal:
        bigart.generate("a lake", ONE)
    assert "\n" not in str(refusal.value) and len(said) == 1


# ------------------------------------------------------------------------------------------------- memory


def test_where_a_batch_does_not_fit_smaller_ones_do_and_then_the_cpu(tiny_models, card, monkeypatch):
    forward, most, sizes = Glide.forward, [3], []

    def hungry(self, samples, *others):
        sizes.append((samples.device.type, len(samples)))
        if samples.device.type == "cuda" and len(samples) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, samples, *others)

    monkeypatch.setattr(Glide, "forward", hungry)
    bigart, said = load()
    bigart.generate("a lake", bigart_lib.GenerateSettings(seed=3, count=4))
    assert said == [] and {size for _, size in sizes} == {2, 4, 8}  # the base model sees each twice
    most[0] = 1
    sizes.clear()
    candidate = bigart.generate("a lake", ONE)[0]
    assert len(said) == 1 and "not enough for GLIDE's base model: the CPU does this step" in said[0]
    assert sizes[-1] == ("cuda", 1) and ("cpu", 2) in sizes
    assert candidate.recipe.machine["device 64"] == "cpu" and "device 256" not in candidate.recipe.machine


def test_enlarging_goes_on_in_smaller_tiles_and_then_on_the_cpu(tiny_models, monkeypatch):
    image = Image.effect_noise((100, 80), 60).convert("RGB")
    expected = np.asarray(load("cpu", "fp32")[0].enlarge(image), int)
    monkeypatch.setattr(machine.memory, "MEMORY_SHARE", 4)  # a budget that is never there
    with pretended_card() as card:
        bigart, said = load()
        network, _ = bigart.enlarger._network(), bigart._networks.lend("base")()
        plenty = tiles.working_memory(network.config, 80, 100, torch.float16, 512)
        weights = sum(one.nbytes for one in bigart._networks.lend("base")().parameters())
        card.memory.total = card.memory.now + plenty * 3 // 4 - weights
        assert np.abs(np.asarray(bigart.enlarge(image), int) - expected).max() <= 1
        assert said == [] and "base" not in bigart._networks  # which made room, and tiles got smaller
        card.memory.total = card.memory.now + 1000
        assert np.abs(np.asarray(bigart.enlarge(image), int) - expected).max() <= 9  # in bf16, on some CPUs
    assert "memory of cuda:0 is not enough for the enlarger: the CPU does this step" in said[-1]


def test_vqgan_takes_what_it_may_of_a_large_picture_and_no_more(tiny_models):
    image, made, taken = Image.effect_noise((512, 256), 60).convert("RGB"), [], []
    with pretended_card() as card:
        for budget in (4_000_000, 1_500_000):
            bigart = bigart_lib.load("embedded", device="cuda", memory=budget)
            bigart.enhancer._network()
            before = card.memory.most = card.memory.now
            made.append(np.asarray(bigart.enhance(image), int))
            taken.append(card.memory.most - before)
            assert taken[-1] < budget, taken
    assert np.abs(made[0] - made[1]).max() <= 1 and taken[1] < 0.7 * taken[0]


def test_what_torch_keeps_for_later_counts_as_free(card):
    device = torch.device("cuda")
    before = machine.free_memory(device)
    held = torch.zeros(50_000_000, dtype=torch.uint8, device=device)
    assert machine.free_memory(device) < before - 40_000_000
    del held
    assert machine.free_memory(device) > before - 10_000_000
    assert torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device) > 40_000_000


# ----------------------------------------------------------------------- which card, and which precision


@pytest.mark.parametrize(
    ("name", "capability", "precision"),
    [
        ("Tesla T4", (7, 5), "fp16"),
        ("NVIDIA GeForce RTX 2060", (7, 5), "fp16"),
        ("NVIDIA A100-SXM4-40GB", (8, 0), "fp16"),
        ("NVIDIA GeForce RTX 4090", (8, 9), "fp16"),
        ("NVIDIA GeForce GTX 1650", (7, 5), "fp32"),
        ("NVIDIA GeForce GTX 1660 SUPER", (7, 5), "fp32"),
        ("Quadro T2000", (7, 5), "fp32"),
    ],
)
def test_every_card_works_in_fp16_but_those_without_tensor_cores(name, capability, precision):
    with pretended_card(name=name, capability=capability) as card:
        device = machine.pick_device()
        dtype = machine.pick_precision(device)
        assert card.name in machine.describe(device, dtype)
    assert (device.type, machine.precision_name(dtype)) == ("cuda", precision)


def loaded_without_a_card(said, monkeypatch):
    """Load, and check that the sentence came before models were chosen, and perhaps fetched."""
    from bigart_lib.weights import sets

    choose = sets.choose

    def late(*names, may_fetch, **options):
        assert len(said) == 1 and not may_fetch
        return choose(*names, may_fetch=may_fetch, **options)

    monkeypatch.setattr(sets, "choose", late)
    return bigart_lib.load(announce=said.append)


def test_a_card_too_old_for_torch_is_said_and_the_cpu_paints(tiny_models, monkeypatch):
    said = []
    with pretended_card(name="GeForce GTX 980", capability=(5, 2)):
        assert loaded_without_a_card(said, monkeypatch).device.type == "cpu"
        with pytest.raises(machine.DeviceError, match="GTX 980 .*5.2.* is none of those"):
            machine.pick_device("cuda")
    assert "GeForce GTX 980" in said[0] and "the CPU paints instead" in said[0] and "\n" not in said[0]


def test_a_driver_too_old_for_torch_is_said_and_the_cpu_paints(tiny_models, monkeypatch):
    def init():
        raise RuntimeError(
            "The NVIDIA driver on your system is too old (found version 11040).\nPlease update"
        )

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    said = []
    assert loaded_without_a_card(said, monkeypatch).device.type == "cpu"
    assert "driver on your system is too old (found version 11040). Please update: the CPU" in said[0]


def test_where_there_is_no_card_nothing_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = []
    assert machine.pick_device(None, said.append).type == "cpu" and said == []


@pytest.mark.parametrize(
    ("capability", "made_for", "runs"),
    [
        ((8, 6), "sm_86", True), ((8, 9), "sm_86", True), ((8, 0), "sm_86", False), ((9, 0), "sm_86", False),
        ((12, 0), "compute_90", True), ((8, 9), "compute_90", False), ((9, 0), "sm_90a", True),
        ((10, 0), "sm_100", True), ((7, 5), "gfx90a", False),
    ],
)  # fmt: skip
def test_code_runs_on_later_cards_of_a_generation_and_what_is_compiled_there_on_all(
    capability, made_for, runs
):
    assert devices._runs_on(capability, made_for) is runs


def test_mps_is_allowed_and_marked_as_untried(monkeypatch):
    said = []
    with pytest.raises(machine.DeviceError, match="mps was asked for, and this machine has none"):
        machine.pick_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    device = machine.pick_device("mps", said.append)
    assert "nobody has tried BIG.art on mps yet" in said[0]
    names = [
        machine.precision_name(machine.pick_precision(device, name)) for name in ("auto", "fp32", "fp16")
    ]
    assert names == ["fp32", "fp32", "fp16"]
    with pytest.raises(machine.DeviceError, match="bf16"):
        machine.pick_precision(device, "bf16")
    assert "nobody has tried it yet" in machine.describe(device, torch.float32)
