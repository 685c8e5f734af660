"""`bigart models`: what is here, and how it comes and goes; once with a file of full size."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
import torch
from fault_server import Answer
from tiny_checkpoint import CONTENT, FLIPPED, checkpoint, turn_round

from bigart_lib.cli import main as cli
from bigart_lib.cli import models as models_command
from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.loading import convert
from bigart_lib.weights import CATALOGUE, Stored, find
from bigart_lib.weights.prepare import prepare


@pytest.fixture
def models(server, monkeypatch, capsys):
    """Run `bigart models` for a catalogue of one small model; gives exit code, lines, lines of errors."""
    monkeypatch.setattr(models_command, "PUBLISHED_SET", ("tiny",))
    monkeypatch.setattr(models_command, "convert", turn_round)

    def run(*arguments):
        code = cli.main(["models", *arguments])
        output = capsys.readouterr()
        return code, output.out.splitlines(), output.err.splitlines()

    with mock.patch.dict(CATALOGUE, {"tiny": checkpoint(server.serve("a", CONTENT))}, clear=True):
        yield run


def test_the_list_says_what_is_missing_its_size_use_and_licence(models, tmp_path):
    assert models() == (0, ["tiny  missing, 700 kB to fetch  to test  MIT", f"in {tmp_path}: 0 bytes"], [])


def test_where_prints_the_cache_folder(models, tmp_path):
    assert models("where") == (0, [str(tmp_path)], [])


def test_fetch_shows_the_terms_once_and_then_where_the_model_is(models, tmp_path):
    ready = f"tiny: ready, 700 kB, {tmp_path / 'tiny.safetensors'}"
    assert models("fetch", "--quiet") == (0, [ready], ["Tiny: MIT"])
    assert models("fetch", "tiny", "--quiet") == (0, [ready], [])
    assert models()[1][0].startswith("tiny  ready, 700 kB, original 700 kB  ")


def test_fetch_shows_a_bar_with_rate_and_time_left_on_a_terminal(models, monkeypatch):
    monkeypatch.setattr("bigart_lib.cli.bars._is_watched", lambda: True)
    _, _, errors = models("fetch")
    assert "fetching tiny" in "".join(errors) and "B/s" in "".join(errors) and "left" in "".join(errors)


def test_fetch_shows_no_bar_where_nobody_watches(models):
    assert models("fetch")[2] == ["Tiny: MIT"]


def test_fetch_without_the_original_keeps_the_converted_file_only(models, tmp_path):
    models("fetch", "--no-keep-original", "--quiet")
    assert (tmp_path / "tiny.safetensors").exists() and not (tmp_path / "tiny.pth").exists()


def test_a_fetch_that_fails_is_one_line_and_code_2_and_the_list_says_how_far_it_came(models, server):
    server.serve("a", CONTENT, Answer(drop_at=0.5), Answer(status=404, body=b""))
    code, lines, errors = models("fetch", "--quiet")
    assert (code, lines) == (2, [])
    assert errors[0] == "Tiny: MIT" and "answered 404" in errors[1] and len(errors) == 2
    assert "kB of 700 kB fetched" in models()[1][0]


def test_an_interrupt_says_that_what_arrived_is_kept(models, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(models_command, "prepare", interrupted)
    assert models("fetch")[0::2] == (
        130,
        ["bigart: interrupted; what arrived is kept, and the next fetch goes on from there"],
    )


def test_verify_says_that_all_is_whole_or_what_is_not(models, tmp_path):
    models("fetch", "--quiet")
    assert models("verify", "--quiet") == (0, ["tiny: whole"], [])
    (tmp_path / "tiny.safetensors").write_bytes(FLIPPED[::-1])
    code, lines, _ = models("verify", "--quiet")
    assert code == 1 and len(lines) == 1
    assert lines[0].startswith(
        f"tiny: {tmp_path / 'tiny.safetensors'} has changed: expected 700,000 bytes with"
    )


@pytest.mark.parametrize("arrived", [0, 1000])
def test_verify_of_a_model_that_is_not_here_or_only_in_part_fails(models, tmp_path, arrived):
    (tmp_path / "tiny.pth.part").write_bytes(CONTENT[:arrived])
    code, lines, _ = models("verify", "tiny")
    assert code == 1 and "bigart models fetch tiny" in lines[0]


def test_remove_frees_what_was_here(models, tmp_path):
    models("fetch", "--quiet")
    assert models("remove", "tiny") == (0, ["tiny: removed, 1 MB freed"], [])
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".pth", ".safetensors", ".json")]
    assert models("remove")[1] == [f"none of the published models is in {tmp_path}"]


def test_a_full_size_file_comes_over_a_failing_line_and_is_converted_loaded_and_verified(server, tmp_path):
    shapes = json.loads((Path(__file__).parent / "golden" / "bsrgan_published_keys.json").read_text())
    original = {name: 0.01 * torch.randn(shape) for name, shape in shapes.items()}
    torch.save(original, tmp_path / "original")
    content = (tmp_path / "original").read_bytes()
    bsrgan = replace(
        find("bsrgan"),
        sources=(server.serve("bsrgan", content, Answer(drop_at=0.5), Answer(status=503, body=b"")),),
        num_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    path = prepare(bsrgan, convert)
    loaded = rrdbnet.load(path).state_dict()
    assert len(loaded) == len(original)
    for own, name in (
        ("trunk.conv_first.weight", "conv_first.weight"),
        ("tail.conv_last.bias", "conv_last.bias"),
    ):
        assert torch.equal(loaded[own].half(), original[name].half())
    assert Stored(bsrgan, tmp_path).verify() == []
    with path.open("r+b") as file:
        file.seek(20_000_000)
        (byte,) = file.read(1)
        file.seek(20_000_000)
        file.write(bytes([byte ^ 1]))
    (problem,) = Stored(bsrgan, tmp_path).verify()
    assert "bsrgan.safetensors has changed" in problem
