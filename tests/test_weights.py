"""Files of weights are data: what does not fit or would run code is refused, in words."""

import os
import pickle

import pytest
import torch
from reference import CONFIG
from safetensors.torch import save_file

from bigart_lib import weights
from bigart_lib.weights import WeightsError


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_hostile_pickle_is_refused_and_nothing_of_it_runs(tmp_path):
    for name, write in (
        ("plain.pt", lambda path: path.write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))),
        ("torch.pt", lambda path: torch.save({"state_dict": Hostile(tmp_path / "ran")}, path)),
    ):
        write(tmp_path / name)
        with pytest.raises(WeightsError, match="cannot be read safely"):
            weights.read_tensors(tmp_path / name)
    assert not (tmp_path / "ran").exists()


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


def test_files_of_others_carry_no_config(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    assert weights.read_config(tmp_path / "a.safetensors") is None
    assert weights.read_config(tmp_path / "a.pt") is None
