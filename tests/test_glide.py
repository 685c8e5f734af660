"""GLIDE's networks: equal to the published ones, and strict about what they are filled with."""

import json
from dataclasses import replace

import pytest
import torch
from reference import GOLDEN, draw, golden, published_shapes
from small_glide import published_small, small_config

from bigart_lib.generate import network as glide
from bigart_lib.generate.tokenizer import BytePairTokenizer, WordTokenizer
from bigart_lib.generate.words import Reading
from bigart_lib.weights import WeightsError


def test_the_tokenizer_equals_the_published_one():
    tokenizer = BytePairTokenizer()
    for entry in json.loads((GOLDEN / "glide_tokens.json").read_text(encoding="utf-8")):
        assert tokenizer.tokens(entry["prompt"]) == entry["ids"]
        ids, mask = tokenizer([entry["prompt"]])
        assert ids[0].tolist() == entry["padded"]
        assert mask[0].tolist() == entry["mask"]


def test_byte_pairs_follow_every_word():
    assert BytePairTokenizer().read("A zzyzx over a lake") == Reading(followed=("zzyzx", "lake"))


def test_byte_pairs_say_what_they_leave_out_of_a_long_prompt():
    tokenizer = BytePairTokenizer(context_length=8)
    prompt = "A lake, a Boat, a zzyzx, mountains and clouds 🌅"
    count = len(tokenizer.tokens(prompt))
    assert tokenizer.read(prompt) == Reading(
        ("lake", "Boat"), beyond=("zzyzx", "mountains", "clouds"), length=(8, count)
    )
    assert tokenizer.read("🌅" * 20).beyond == ("🌅" * 20,)
    assert BytePairTokenizer().read(prompt).length is None


def test_the_word_tokenizer_reads_known_words_and_names_the_others():
    tokenizer = WordTokenizer(["a", "red", "snow"], context_length=4)
    ids, mask = tokenizer(["A red, snow-capped Bredon", ""])
    assert ids.tolist() == [[0, 1, 2, 3], [3, 3, 3, 3]]
    assert mask.tolist() == [[True, True, True, False], [False] * 4]
    assert tokenizer.read("A red, snow-capped Bredon") == Reading(("red", "snow"), ("capped", "Bredon"))


def test_the_word_tokenizer_reads_forms_and_stand_ins_as_the_known_word():
    tokenizer = WordTokenizer(["a", "corgi", "lake"], context_length=4)
    assert tokenizer.tokens("a dog by lakes") == tokenizer.tokens("A corgi, lake") == [0, 1, 2]


@torch.inference_mode()
def test_the_base_model_equals_the_published_one(small_base):
    expected = golden("glide_base")
    text = small_base.text_encoder(expected["tokens"], expected["mask"])
    predicted = small_base(draw("x", 4, 3, 64, 64), expected["timesteps"], text)
    torch.testing.assert_close(text.sequence, expected["text_out"], atol=1e-4, rtol=0)
    torch.testing.assert_close(text.summary, expected["text_proj"], atol=1e-4, rtol=0)
    torch.testing.assert_close(predicted[..., ::4, ::4], expected["out"], atol=1e-4, rtol=0)


@torch.inference_mode()
def test_the_upsampler_equals_the_published_one(small_upsampler):
    expected = golden("glide_upsample")
    text = small_upsampler.text_encoder(expected["tokens"], expected["mask"])
    low = draw("low_res", 1, 3, 64, 64).clamp(-1, 1)
    enlarged = torch.nn.functional.interpolate(low, size=256, mode="bilinear", align_corners=False)
    noisy = torch.cat([draw("x_up", 1, 3, 256, 256), enlarged], dim=1)
    predicted = small_upsampler(noisy, expected["timesteps"], text)
    torch.testing.assert_close(text.summary, expected["text_proj"], atol=1e-4, rtol=0)
    torch.testing.assert_close(predicted[..., ::4, ::4], expected["out"], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("name", "config", "parameters"),
    [
        ("glide_base", glide.PUBLISHED_BASE, 385_030_726),
        ("glide_upsample", glide.PUBLISHED_UPSAMPLER, 398_361_286),
    ],
)
def test_the_published_key_list_is_matched_one_to_one_at_full_size(name, config, parameters):
    published = {key: torch.empty(shape, device="meta") for key, shape in published_shapes(name).items()}
    network = glide.convert(published, name, config)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert sum(tensor.numel() for tensor in published.values()) == parameters


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda tensors: tensors.pop("out.2.bias"), "missing: out.2.bias"),
        (lambda tensors: tensors.update(stray=torch.zeros(1)), "not expected: stray"),
        (lambda tensors: tensors.update({"out.2.bias": torch.zeros(7)}), r"out.2.bias \(expected \(6,\)"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_by_name(spoil, message):
    tensors = published_small("base", small_config())
    spoil(tensors)
    with pytest.raises(WeightsError, match=message):
        glide.convert(tensors, "spoilt.pt", small_config())


def test_a_file_that_is_no_glide_checkpoint_is_refused():
    with pytest.raises(WeightsError, match="other.pt does not fit the network: missing: .* 778 more"):
        glide.convert({"conv.weight": torch.zeros(1)}, "other.pt", glide.PUBLISHED_BASE)


def test_a_network_saved_and_loaded_gives_the_same_output(tmp_path):
    config = small_config(
        vocabulary=("a", "lake"), text=replace(small_config().text, vocabulary_size=3, context_length=8)
    )
    network = glide.Glide(config).half().float().eval()
    glide.save(network, tmp_path / "tiny.safetensors")
    loaded = glide.load(tmp_path / "tiny.safetensors").float()
    sample = torch.randn(1, 3, 16, 16)
    with torch.inference_mode():
        expected = network(sample, 10, network.encode(["a lake"]))
        torch.testing.assert_close(loaded(sample, 10, loaded.encode(["a lake"])), expected)
    assert loaded.config == config
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
