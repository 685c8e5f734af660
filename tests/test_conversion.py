"""Published checkpoints become files of our own: the same numbers, whole or not at all, and nothing else."""

import re
from contextlib import suppress
from dataclasses import dataclass

import pytest
import torch
from published_files import random_tensors, save_lightning
from reference import draw, draw_weights, golden, thin
from small_glide import UPSAMPLER, published_small
from small_glide import small_config as small_glide_config
from small_vqgan import small_config as small_vqgan_config
from small_vqgan import small_shapes

from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.loading import KINDS, convert
from bigart_lib.progress import CancelledError
from bigart_lib.weights import WeightsError, read_config

NAN = float("nan")
SMALL_RRDBNET = rrdbnet.RRDBNetConfig(num_features=16, num_blocks=2, growth=8)  # the golden one
LOADERS = {
    "glide-base": glide.load,
    "glide-upsampler": glide.load,
    "rrdbnet": rrdbnet.load,
    "vqgan": vqgan.load,
}


@pytest.fixture(autouse=True)
def _published_are_small(request, monkeypatch):
    """Let the published networks be those of the golden outputs."""
    if "full_size_structure" in request.fixturenames:
        return
    monkeypatch.setattr(glide, "PUBLISHED_BASE", small_glide_config())
    monkeypatch.setattr(glide, "PUBLISHED_UPSAMPLER", small_glide_config(**UPSAMPLER))
    monkeypatch.setattr(rrdbnet, "PUBLISHED", (SMALL_RRDBNET,))
    monkeypatch.setattr(vqgan, "PUBLISHED", small_vqgan_config())


@pytest.fixture
def full_size_structure():
    """Let the published networks be as they are."""


def published(kind):
    """The golden networks' tensors under their published names."""
    if kind == "glide-base":
        return published_small("base", small_glide_config())
    if kind == "glide-upsampler":
        return published_small("upsample", small_glide_config(**UPSAMPLER))
    if kind == "vqgan":
        return draw_weights("vqgan", small_shapes())
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in rrdbnet.RRDBNet(SMALL_RRDBNET).state_dict().items()}
    layout = rrdbnet.LAYOUTS["bsrgan"]
    return draw_weights("bsrgan_x4", {layout.name(own): shape for own, shape in shapes.items()})


def write(path, kind, old=False, **changes):
    """A file as the publishers of this kind structure theirs."""
    tensors = published(kind) | changes
    if kind == "vqgan":
        save_lightning(path, tensors, old)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=not old)
    return path


@torch.inference_mode()
def outputs(kind, network):
    """What a network makes of the golden inputs, and what the published one made of them."""
    if kind == "vqgan":
        expected = golden("vqgan_f16")
        latents = vqgan.encode(network, draw("vq", 1, 3, 128, 160).clamp(-1, 1))
        # codes from the golden indices: rounding may make another of two near ones the nearest
        return [
            (latents, expected["pre_quant"]),
            (thin(vqgan.decode(network, expected["quantized"])), expected["out"]),
        ]
    if kind == "rrdbnet":
        return [(thin(network(draw("sr", 1, 3, 37, 50) * 0.25 + 0.5)), golden("bsrgan_x4")["out"])]
    expected = golden("glide_base" if kind == "glide-base" else "glide_upsample")
    text = network.text_encoder(expected["tokens"], expected["mask"])
    if kind == "glide-base":
        noisy = draw("x", 4, 3, 64, 64)
    else:
        low = draw("low_res", 1, 3, 64, 64).clamp(-1, 1)
        low = torch.nn.functional.interpolate(low, size=256, mode="bilinear", align_corners=False)
        noisy = torch.cat([draw("x_up", 1, 3, 256, 256), low], dim=1)
    predicted = network(noisy, expected["timesteps"], text)
    return [(text.summary, expected["text_proj"]), (predicted[..., ::4, ::4], expected["out"])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_converted_network_gives_the_published_numbers(tmp_path, kind):
    convert(kind, write(tmp_path / "published.pt", kind), tmp_path / "ours.safetensors")
    for made, expected in outputs(kind, LOADERS[kind](tmp_path / "ours.safetensors")):
        error = (made - expected).square().mean().sqrt() / expected.square().mean().sqrt()
        assert error < 4e-3  # each weight is off by up to 5e-4: fp16 has 11 bits
    assert read_config(tmp_path / "ours.safetensors") is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_converted_network_is_the_original_rounded_to_half_precision(tmp_path, kind):
    source = write(tmp_path / "published.pt", kind, old=True)  # as PyTorch wrote before zip files
    convert(kind, source, tmp_path / "ours.safetensors")
    if kind.startswith("glide"):  # of which no file tells the width of heads
        config = glide.PUBLISHED_BASE if kind == "glide-base" else glide.PUBLISHED_UPSAMPLER
        direct = glide.convert(published(kind), "published.pt", config)
    elif kind == "vqgan":
        direct = vqgan.convert(published(kind), "published.pt", small_vqgan_config())
    else:
        direct = rrdbnet.load(source)
    converted = LOADERS[kind](tmp_path / "ours.safetensors").state_dict()
    assert converted.keys() == direct.state_dict().keys()
    for name, tensor in direct.state_dict().items():
        assert torch.equal(converted[name], tensor.half().float()), name


def test_the_full_size_enlarger_is_converted_and_loads(tmp_path, full_size_structure):
    tensors = random_tensors("bsrgan")
    torch.save(tensors, tmp_path / "BSRGAN.pth")
    convert("rrdbnet", tmp_path / "BSRGAN.pth", tmp_path / "bsrgan.safetensors")
    network = rrdbnet.load(tmp_path / "bsrgan.safetensors")
    assert network.config == rrdbnet.RRDBNetConfig()
    assert torch.equal(network.tail.conv_last.weight, tensors["conv_last.weight"].half().float())
    assert network(torch.rand(1, 3, 4, 4)).isfinite().all()


def test_an_enlarger_of_two_times_is_published_too(tmp_path, full_size_structure):
    config = rrdbnet.RRDBNetConfig(scale=2)
    layout, tensors = rrdbnet.LAYOUTS["bsrgan"], rrdbnet.RRDBNet(config).state_dict()
    torch.save({layout.name(own): tensor for own, tensor in tensors.items()}, tmp_path / "x2.pth")
    convert("rrdbnet", tmp_path / "x2.pth", tmp_path / "x2.safetensors")
    assert rrdbnet.load(tmp_path / "x2.safetensors").config.scale == 2


# ------------------------------------------------------------------------------ what is not as published


@dataclass(frozen=True)
class Misfit:
    kind: str
    message: str
    content: str | None = None  # of which kind the file is instead
    drop: str | None = None
    change: tuple[str, object] | None = None


MISFITS = {
    "a tensor is missing": Misfit("glide-base", "missing: out.2.bias", drop="out.2.bias"),
    "a tensor too many": Misfit("glide-base", "not expected: extra", change=("extra", torch.zeros(1))),
    "another shape": Misfit(
        "rrdbnet", r"conv_last.weight \(expected", change=("conv_last.weight", torch.zeros(1, 64, 3, 3))
    ),
    "text in place of a tensor": Misfit("glide-upsampler", "got str", change=("out.2.bias", "text")),
    "whole numbers": Misfit(
        "vqgan", "in floating point", change=("quant_conv.bias", torch.zeros(32, dtype=torch.int64))
    ),
    "the upsampler as the base": Misfit("glide-base", "does not fit", content="glide-upsampler"),
    "the base as the upsampler": Misfit("glide-upsampler", "does not fit", content="glide-base"),
    "VQGAN as the base": Misfit("glide-base", "does not fit", content="vqgan"),
    "the base as VQGAN": Misfit("vqgan", "does not fit", content="glide-base"),
    "VQGAN as the enlarger": Misfit("rrdbnet", "is no RRDBNet", content="vqgan"),
    "no number": Misfit(
        "glide-base", "pt is damaged: .*conv_out.bias: .*nan", change=("out.2.bias", torch.tensor(6 * [NAN]))
    ),
    "a number too large": Misfit("vqgan", "65504", change=("decoder.conv_out.bias", torch.full((3,), 1e5))),
}  # fmt: skip


@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS.keys())
def test_what_is_not_as_published_is_refused_and_leaves_nothing(tmp_path, misfit):
    tensors = published(misfit.content or misfit.kind)
    tensors.pop(misfit.drop, None)
    tensors |= dict([misfit.change]) if misfit.change else {}
    torch.save({"state_dict": tensors}, tmp_path / "published.pt")
    with pytest.raises(WeightsError, match=misfit.message):
        convert(misfit.kind, tmp_path / "published.pt", tmp_path / "ours.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["published.pt"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_network_is_not_the_published_one(tmp_path, monkeypatch, kind, full_size_structure):
    source = write(tmp_path / "published.pt", kind)
    with pytest.raises(WeightsError, match=re.escape(str(source))):
        convert(kind, source, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><html>gone</html>", b"PK\x03\x04 cut short"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "published.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=r"published\.pt"):
        convert("glide-base", tmp_path / "published.pt", tmp_path / "ours.safetensors")


@pytest.mark.parametrize("kept", [0.5, 0.99, 0.9999])
def test_a_checkpoint_cut_short_is_refused(tmp_path, kept):
    source = write(tmp_path / "published.pt", "rrdbnet")
    source.write_bytes(source.read_bytes()[: int(kept * source.stat().st_size)])
    with pytest.raises(WeightsError, match=r"published\.pt"):
        convert("rrdbnet", source, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="must be one of glide-base, glide-upsampler, rrdbnet, vqgan, not 'x'"
    ):
        convert("x", tmp_path / "published.pt", tmp_path / "ours.safetensors")


# -------------------------------------------------------------------------------------- whole or not at all


def test_stopping_leaves_what_was_there(tmp_path):
    source, target = write(tmp_path / "published.pt", "rrdbnet"), tmp_path / "ours.safetensors"
    target.write_text("what was there", encoding="utf-8")

    def stop(progress):
        if progress.step > progress.total / 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        convert("rrdbnet", source, target, stop)
    assert target.read_text(encoding="utf-8") == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.safetensors", "published.pt"]


def test_progress_is_told_in_bytes_and_the_target_appears_last(tmp_path):
    source, target = write(tmp_path / "published.pt", "vqgan"), tmp_path / "ours.safetensors"
    told = []

    def report(progress):
        assert not target.exists()
        told.append(progress)

    convert("vqgan", source, target, report)
    steps = [progress.step for progress in told]
    assert {progress.stage for progress in told} == {"convert"}
    assert steps == sorted(set(steps))
    assert steps[-1] == told[-1].total < target.stat().st_size


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    import os

    source, target = write(tmp_path / "published.pt", "rrdbnet"), tmp_path / "ours.safetensors"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with suppress(OSError):
        convert("rrdbnet", source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["published.pt"]
