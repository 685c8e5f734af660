"""Files of weights are data: what does not fit or would run code is refused, in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from reference import CONFIG
from safetensors.torch import load_file, save_file

from bigart_lib import weights
from bigart_lib.weights import WeightsError
from bigart_lib.weights import tensors as files_of_tensors

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut short"])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_of_something_else_is_refused_with_its_name(tmp_path, content, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"weights{suffix}"):
        weights.read_tensors(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="expected a file of weights, found none"):
        weights.read_tensors(tmp_path / "absent.pt")


@pytest.mark.parametrize("wrapping", [None, "state_dict", "params", "params_ema"])
@pytest.mark.parametrize("old", [False, True])
def test_checkpoints_old_and_new_wrapped_and_plain_are_read(tmp_path, wrapping, old):
    tensors = {"a": torch.arange(3.0)}
    torch.save(
        {wrapping: tensors} if wrapping else tensors,
        tmp_path / "a.pt",
        _use_new_zipfile_serialization=not old,
    )
    assert torch.equal(weights.read_tensors(tmp_path / "a.pt")["a"], tensors["a"])


def test_a_network_is_written_in_half_precision_with_its_config(tmp_path):
    weights.write_network(tmp_path / "n.safetensors", {"a": torch.ones(2)}, CONFIG)
    assert weights.read_config(tmp_path / "n.safetensors") == CONFIG
    assert weights.read_tensors(tmp_path / "n.safetensors")["a"].dtype == torch.float16


def test_what_is_written_is_what_the_safetensors_library_reads(tmp_path):
    tensors = {
        "b": torch.randn(3, 2, 3, 3),
        "a": torch.randn(5),
        "none": torch.zeros(0, 4),
        "one": torch.ones(()),
    }
    weights.write_network(tmp_path / "n.safetensors", tensors, {})
    read = load_file(tmp_path / "n.safetensors")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor.half()) for name, tensor in tensors.items())


def test_what_a_killed_process_left_is_tidied_up_and_what_another_writes_is_not(tmp_path):
    left, written = tmp_path / ".n.safetensors.1-1.part", tmp_path / ".n.safetensors.2-1.part"
    left.touch()
    written.touch()
    os.utime(left, (0, 0))
    weights.write_network(tmp_path / "n.safetensors", {"a": torch.ones(2)}, {})
    assert not left.exists() and written.exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_are_read_in_a_precision_and_laid_out_for_convolutions(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr(files_of_tensors, "TENSORS_A_PIECE", 2)
    tensors = {f"{rank}": torch.randn([3, 4, 5, 2][:rank]).half() for rank in range(5)}
    save_file(tensors, tmp_path / "n.safetensors")
    read = files_of_tensors.read_onto(tmp_path / "n.safetensors", "cpu", dtype)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor.to(dtype)) for name, tensor in tensors.items())
    assert read["4"].is_contiguous(memory_format=torch.channels_last)


def test_what_was_read_survives_the_loss_of_its_file(tmp_path):
    path = tmp_path / "n.safetensors"
    save_file({"a": torch.ones(1000, dtype=torch.float16)}, path)
    read = files_of_tensors.read_onto(path, "cpu", torch.float16)
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(read["a"], torch.ones(1000, dtype=torch.float16))


def test_files_of_others_carry_no_config(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    assert weights.read_config(tmp_path / "a.safetensors") is None
    assert weights.read_config(tmp_path / "a.pt") is None


def test_a_torchvision_made_for_another_torch_keeps_nobody_from_painting(tmp_path):
    """diffusers imports it where it is installed; of a real one that does not fit, torch says the like."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import torchvision.extension\nraise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    (package / "extension.py").touch()
    program = (
        "import sys\nfrom bigart_lib import weights\n"
        "with weights.importing_diffusers:\n    from diffusers import UNet2DConditionModel, VQModel\n"
        "print([name for name in sys.modules if name.startswith('torchvision')], sys.modules['torchvision'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=200
    )
    assert said.stdout.split("\n")[-2] == "['torchvision'] None", said.stderr[-2000:]
