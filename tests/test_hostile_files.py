"""No file can run code: real payloads, which do run where pickles are trusted, are refused and do nothing."""

import builtins
import functools
import io
import os
import pickle
import sys
import warnings
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from published_files import lightning

from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.loading import KINDS, convert
from bigart_lib.weights import WeightsError, read_tensors


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments, state=None):
        self.recipe = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.recipe


class Marks:
    """Has a state whose setting leaves a mark."""

    def __init__(self, mark):
        self.mark = mark

    def __setstate__(self, state):
        Path(state["mark"]).touch()


def evaluates(mark):
    return Calls(builtins.eval, f"open({str(mark)!r}, 'w').close()")


def pickled(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    return file.getvalue()


PAYLOADS = {  # what a file holds, given where to leave a mark
    "os.system": lambda mark: Calls(os.system, f"touch '{mark}'"),
    "builtins.eval": evaluates,
    "builtins.exec": lambda mark: Calls(builtins.exec, f"open({str(mark)!r}, 'w').close()"),
    "os.mkdir": lambda mark: Calls(os.mkdir, str(mark)),
    "functools.partial": lambda mark: Calls(functools.partial(os.mkdir, str(mark))),
    "a reduce in a reduce": lambda mark: Calls(OrderedDict, [("a", evaluates(mark))]),
    "a reduce in the state of another": lambda mark: Calls(OrderedDict, state={"a": evaluates(mark)}),
    "a trusted pickle inside": lambda mark: Calls(torch.storage._load_from_bytes, pickled(evaluates(mark))),
    "__setstate__": Marks,
}
PLACES = {  # where in a file
    "alone": lambda payload: payload,
    "as a tensor": lambda payload: {"state_dict": {"conv_first.weight": payload}},
    "as a name": lambda payload: {"state_dict": OrderedDict([((payload,), torch.zeros(1))])},
    "beside the tensors": lambda payload: {"state_dict": {"a": torch.zeros(1)}, "callbacks": [payload]},
    "as metadata": lambda payload: OrderedDict(a=torch.zeros(1), _metadata=payload),
}
FORMATS = {
    "zip": lambda thing, path: torch.save(thing, path),
    "before zip": lambda thing, path: torch.save(thing, path, _use_new_zipfile_serialization=False),
    "plain pickle": lambda thing, path: path.write_bytes(pickle.dumps(thing, protocol=2)),
}


def trust(path, form):
    """Read a file as nobody should; what a payload returns may not serve as a name."""
    with warnings.catch_warnings(), suppress(TypeError):
        warnings.simplefilter("ignore")
        if form == "plain pickle":
            pickle.loads(path.read_bytes())
        else:
            torch.load(path, weights_only=False)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_that_runs_where_files_are_trusted_does_not_run_here(tmp_path, payload, place, form):
    mark, path = tmp_path / "mark", tmp_path / "hostile.pt"
    FORMATS[form](PLACES[place](PAYLOADS[payload](mark)), path)
    trust(path, form)
    assert mark.exists(), "the payload is no payload"
    mark.rmdir() if mark.is_dir() else mark.unlink()
    with pytest.raises(WeightsError, match=r"hostile\.pt .*hold code, which is never run"):
        read_tensors(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "load", [glide.load, vqgan.load, rrdbnet.load, *KINDS], ids=["glide", "vqgan", "rrdbnet", *KINDS]
)
def test_every_way_in_refuses_a_payload(tmp_path, load):
    mark, path = tmp_path / "mark", tmp_path / "hostile.pt"
    torch.save({"state_dict": {"conv_first.weight": evaluates(mark)}}, path)
    with pytest.raises(WeightsError, match="hold code"):
        load(path) if callable(load) else convert(load, path, tmp_path / "ours.safetensors")
    assert [left.name for left in tmp_path.iterdir()] == ["hostile.pt"]


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before zip"])
@pytest.mark.parametrize("where", ["arguments", "state", "arguments of its making"])
def test_the_one_class_that_is_let_in_lets_no_payload_in(tmp_path, where, old):
    mark, path = tmp_path / "mark", tmp_path / "last.ckpt"
    with lightning() as callback:
        if where == "arguments":
            hostile = Calls(callback, evaluates(mark))
        elif where == "state":
            hostile = Calls(callback, state={"a": evaluates(mark)})
        else:
            hostile = Calls(callback.__new__, callback, evaluates(mark))
        checkpoint = {"state_dict": {"a": torch.zeros(1)}, "callbacks": {callback: hostile}}
        torch.save(checkpoint, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(WeightsError, match="hold code"):
        read_tensors(path)
    assert not mark.exists()


@pytest.mark.parametrize("old", [False, True], ids=["zip", "before zip"])
def test_the_one_class_that_is_let_in_does_nothing(tmp_path, old):
    with lightning() as callback:
        made = Calls(callback, "anything", state={"__class__": "anything", "best_model_path": "a.ckpt"})
        checkpoint = {"state_dict": {"a": torch.ones(1)}, "callbacks": {callback: made}}
        torch.save(checkpoint, tmp_path / "last.ckpt", _use_new_zipfile_serialization=not old)
    assert read_tensors(tmp_path / "last.ckpt").keys() == {"a"}


def test_other_classes_of_lightning_are_not_let_in(tmp_path):
    with lightning() as callback:
        callback.__name__ = callback.__qualname__ = "ModelCheckpointToo"
        sys.modules[callback.__module__].ModelCheckpointToo = callback
        torch.save({"a": torch.zeros(1), "callbacks": {callback: 1}}, tmp_path / "last.ckpt")
    with pytest.raises(WeightsError, match="hold code"):
        read_tensors(tmp_path / "last.ckpt")


def test_a_pickle_named_safetensors_is_not_unpickled(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "hostile.safetensors"
    torch.save(evaluates(mark), path)
    for load in (glide.load, vqgan.load, rrdbnet.load):
        with pytest.raises(WeightsError, match=r"hostile\.safetensors is not a whole safetensors file"):
            load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "config", ["[]", "not JSON", '{"channels": "many"}', '{"__class__": 1}', '{"text": {}, "channels": [0]}']
)
@pytest.mark.parametrize("load", [glide.load, vqgan.load], ids=["glide", "vqgan"])
def test_a_senseless_config_is_refused(tmp_path, load, config):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "n.safetensors", metadata={"config": config})
    with pytest.raises(WeightsError, match=r"n\.safetensors"):
        load(tmp_path / "n.safetensors")
