"""No file can run code: real payloads, which do run where pickles are trusted, are refused and do nothing."""

import builtins
import functools
import io
import json
import os
import pickle
import sys
import warnings
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest
import torch
from diffusers import VQModel
from published_files import lightning
from safetensors.torch import save_file
from tiny_set import tiny_enlarger, tiny_glide, tiny_vqgan

from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.loading import KINDS, convert
from bigart_lib.weights import WeightsError, read_tensors
from bigart_lib.weights.records import Record
from bigart_lib.weights.sets import embedded


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


NETWORKS = {"glide": glide, "vqgan": vqgan, "rrdbnet": rrdbnet}
HUGE = 10**7


def write(path, config, **tensors):
    metadata = {"config": config if isinstance(config, str) else json.dumps(config)}
    save_file(tensors or {"a": torch.zeros(1)}, path, metadata=metadata)
    return path


@pytest.mark.parametrize(
    "config",
    ["[]", "not JSON", '{"a": ' * 100_000, "9" * 2_000_000, '{"channels": "many"}', '{"__class__": 1}', "{}"],
    ids=["list", "no JSON", "deep", "long", "no list", "class", "empty"],
)
@pytest.mark.parametrize("module", NETWORKS.values(), ids=[*NETWORKS])
def test_a_senseless_config_is_refused(tmp_path, module, config):
    with pytest.raises(WeightsError, match=r"n\.safetensors"):
        module.load(write(tmp_path / "n.safetensors", config))


def changed(config, **changes):
    """A config with other entries; those of the text encoder by "text.NAME"."""
    inner = {name.removeprefix("text."): value for name, value in changes.items() if name.startswith("text.")}
    outer = {name: value for name, value in changes.items() if not name.startswith("text.")}
    made = {**config, **outer}
    return {**made, "text": {**made["text"], **inner}} if inner else made


GLIDE = {**asdict(tiny_glide(3).config)}
VQGAN = {name: value for name, value in tiny_vqgan().config.items() if not name.startswith("_")}
NUMBERS = [0, -1, HUGE, 10**400, 1.5, 2.0, True, "2", None, [2], [[2]], {"a": 1}]
NUMBERS_OF_GLIDE = (
    "layers_per_level",
    "head_width",
    "norm_groups",
    *(f"text.{one}" for one in GLIDE["text"]),
)
NUMBERS_OF_VQGAN = ("layers_per_block", "latent_channels", "num_vq_embeddings", "norm_num_groups")
WRONG_GLIDE = {
    **dict.fromkeys(NUMBERS_OF_GLIDE, NUMBERS),
    "in_channels": [*NUMBERS, 4],
    "channels": [[], [4] * 5000, [4, 4], [4, 4, "8"], [4, 4, HUGE], [4, 4, 6], 4, [[4]] * 3],
    "attention": [[True] * 5000, [1, 0, 1], ["no"] * 3, True, "yes"],
    "vocabulary": ["lake", 5, [1, 2], [["a"]], {"a": 1}, ["a"] * 6],
    "text": [[], "a", None, {"vocabulary_size": 5, "more": 1}],
    **dict.fromkeys(("__class__", "__init__", "unknown", "self", "text.__class__"), [1]),
}
WRONG_VQGAN = {
    **dict.fromkeys(NUMBERS_OF_VQGAN, NUMBERS),
    "vq_embed_dim": [one for one in NUMBERS if one is not None],
    "block_out_channels": [[2] * 5000, [2, 2], [2, 2, 2, 2, "4"], 4, [3] * 5],
    "down_block_types": [["DownBlock2D"] * 5, ["__class__"] * 5, "Down", [[]] * 5],
    "up_block_types": [["DownEncoderBlock2D"] * 5, [None] * 5],
    "scaling_factor": ["1", None, [1]],
    **dict.fromkeys(("act_fn", "norm_type", "force_upcast", "unknown", "self"), ["other"]),
}
WRONG = [
    (module, config, name, value)
    for module, config, wrong in ((glide, GLIDE, WRONG_GLIDE), (vqgan, VQGAN, WRONG_VQGAN))
    for name, values in wrong.items()
    for value in values
]
REFUSED = r"n\.safetensors: no \w+ can be built from its config: "


@pytest.mark.parametrize(
    ("module", "config", "name", "value"),
    WRONG,
    ids=[f"{module.__name__[-7:]} {name} {value!r:.12}" for module, _, name, value in WRONG],
)
def test_a_config_out_of_bounds_is_refused_in_a_line_before_anything_is_built(
    tmp_path, monkeypatch, module, config, name, value
):
    for kind in (glide.Glide, VQModel):
        monkeypatch.setattr(kind, "__init__", lambda *_, **__: pytest.fail("it was built"))
    path = write(tmp_path / "n.safetensors", changed(config, **{name: value}))
    for load in (module.load, module.load_config):
        with pytest.raises(
            WeightsError, match=r"n\.safetensors: no \w+ can be built from its config: "
        ) as refusal:
            load(path)
        assert len(str(refusal.value).splitlines()) == 1 and len(str(refusal.value)) < 1000


@pytest.mark.parametrize(
    ("module", "config", "changes"),
    [
        (glide, GLIDE, {"text.vocabulary_size": 2**18, "text.width": 4096, "text.num_layers": 64}),
        (glide, GLIDE, {"channels": [4096] * 3}),
        (vqgan, VQGAN, {"num_vq_embeddings": 2**20, "latent_channels": 1024, "vq_embed_dim": 1024}),
        (vqgan, VQGAN, {"block_out_channels": [4096] * 5}),
    ],
)
def test_a_config_that_asks_for_more_than_the_file_holds_takes_no_memory(tmp_path, module, config, changes):
    path = write(tmp_path / "n.safetensors", changed(config, **changes))
    before = resident()
    with pytest.raises(WeightsError, match=r"n\.safetensors does not fit the network: missing: "):
        module.load(path)
    assert resident() - before < 100e6


def resident():
    return psutil.Process().memory_info().rss


def test_a_config_of_an_enlarger_says_nothing_that_its_tensors_do_not(tmp_path):
    lie = {"num_features": HUGE, "num_blocks": HUGE, "scale": 2, "__class__": 1}
    network = tiny_enlarger()
    path = write(tmp_path / "n.safetensors", lie, **network.state_dict())
    assert rrdbnet.load_config(path) == rrdbnet.load(path).config == network.config


def test_an_enlarger_out_of_bounds_is_refused_by_its_shapes(tmp_path):
    blocks = {f"trunk.blocks.{number}.dense.0.convs.0.bias": torch.zeros(2) for number in range(257)}
    for load in (rrdbnet.load, rrdbnet.load_config):
        with pytest.raises(WeightsError, match="num_blocks must be from 1 to 256, not 257"):
            load(write(tmp_path / "deep.safetensors", {}, **blocks))


def test_what_a_config_may_ask_for_includes_all_that_is_published_and_embedded(tmp_path):
    for config in (glide.PUBLISHED_BASE, glide.PUBLISHED_UPSAMPLER):
        assert glide.GlideConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config
    for network in (embedded().base, embedded().upsampler):
        assert glide.load_config(network).vocabulary
    assert vqgan.load_config(embedded().enhancer)["block_out_channels"]
    assert vqgan.load_config(tmp_path / "none.ckpt") == vqgan.PUBLISHED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{" * 100_000,
        b'{"converted": {"num_bytes": %s, "sha256": "a"}}' % (b"9" * 400),
        b'{"converted": {"num_bytes": 1, "sha256": ["a"]}}',
        b'{"converted": {"num_bytes": true, "sha256": "%s"}}' % (b"a" * 64),
        b'{"converted": 7}',
        b'{"__class__": {"num_bytes": 1, "sha256": "%s"}}' % (b"a" * 64),
        b"\xff\xfe",
        b" " * 20_000_000,
    ],
)
def test_a_record_that_makes_no_sense_is_no_record(tmp_path, content):
    (tmp_path / "record.json").write_bytes(content)
    assert Record.read(tmp_path / "record.json") == Record()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_place_of_a_record_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "record.json")
    assert Record.read(tmp_path / "record.json") == Record()
