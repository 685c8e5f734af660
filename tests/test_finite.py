"""What is no number becomes no picture: it is refused where it comes up, and the network is named."""

import pytest
import torch
from PIL import Image
from tiny_set import tiny_enlarger, tiny_glide, tiny_vqgan

import bigart_lib
from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.weights import WeightsError, check_finite, write_network
from bigart_lib.weights.tensors import is_finite

NO_NUMBERS = [float("nan"), float("inf"), -float("inf")]


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_one_value_that_is_no_number_among_thousands_is_found(value, dtype):
    values = torch.zeros(3, 50, 50, dtype=dtype)
    assert is_finite(values) and is_finite(values[:0])
    values[1, 7, 9] = value
    assert not is_finite(values)
    with pytest.raises(WeightsError, match="it gave values that are no numbers, which make no picture"):
        check_finite(values, "it")


NETWORKS = {  # how each is loaded, and a small one
    "glide": (glide.load, lambda: tiny_glide(3)),
    "vqgan": (vqgan.load, tiny_vqgan),
    "rrdbnet": (rrdbnet.load, tiny_enlarger),
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_file_with_a_weight_that_is_no_number_is_not_loaded(tmp_path, monkeypatch, kind, value):
    load, make = NETWORKS[kind]
    network = make().requires_grad_(False)
    name, weight = [*network.named_parameters()][6]
    weight.view(-1)[-1] = value
    config = network.config if kind == "vqgan" else vars(network.config)
    config = {key: entry for key, entry in config.items() if not key.startswith("_")}
    if kind == "glide":
        config["text"] = vars(config["text"])
    monkeypatch.setattr("bigart_lib.weights.tensors.is_finite", lambda _: True)  # or it is not even written
    write_network(tmp_path / "n.safetensors", network.state_dict(), config)
    with pytest.raises(WeightsError, match=rf"n\.safetensors holds what is no number.* in {name}: get"):
        load(tmp_path / "n.safetensors")


def test_a_weight_too_large_for_the_precision_is_told(tmp_path):
    network = tiny_enlarger()
    network.trunk.conv_first.weight[0, 0, 0, 0] = 1e6
    torch.save(network.state_dict(), tmp_path / "n.pth")
    assert rrdbnet.load(tmp_path / "n.pth")
    with pytest.raises(WeightsError, match=r"too large for the precision, in trunk\.conv_first\.weight"):
        rrdbnet.load(tmp_path / "n.pth", dtype=torch.float16)


@pytest.fixture
def bigart(tiny_models):
    """The tiny set, its networks loaded."""
    loaded = bigart_lib.load("embedded", device="cpu", dtype="fp32")
    loaded.enhance(loaded.enlarge(Image.new("RGB", (16, 16), "teal")))
    return loaded


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    ("step", "network", "layer", "words"),
    [
        ("enlarge", "enlarger", "tail.conv_last", "the enlarger"),
        ("enhance", "enhancer", "quant_conv", "VQGAN's encoder"),
        ("enhance", "enhancer", "decoder.conv_out", "VQGAN's decoder"),
    ],
)
def test_a_single_step_makes_no_picture_of_what_is_no_number(bigart, step, network, layer, words, value):
    step = getattr(bigart, step)
    wrong = getattr(bigart, network)._network().get_submodule(layer)
    wrong.bias[1] = value
    with pytest.raises(WeightsError, match=f"^{words} gave values that are no numbers") as refusal:
        step(Image.new("RGB", (16, 16), "teal"))
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_an_enlarger_of_somebody_else_makes_no_picture_of_it_either(bigart, monkeypatch, value):
    monkeypatch.setattr(bigart.enlarger, "enlarge", lambda *_: torch.full((1, 3, 64, 64), value))
    with pytest.raises(WeightsError, match="^the network gave values that are no numbers"):
        bigart.enlarge(Image.new("RGB", (16, 16), "teal"))
