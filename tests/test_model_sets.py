"""Which models are taken: by name, by what is here, and by what people ask for in place of a set's own."""

import functools
import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from bigart_lib.enlarge import rrdbnet
from bigart_lib.loading import convert, load
from bigart_lib.weights import PUBLISHED_SET, FetchError, Stored, WeightsError, find, packaged
from bigart_lib.weights import sets as model_sets
from bigart_lib.weights.records import Fingerprint, Record, fingerprint

ROOT = Path(__file__).parent.parent

choose = functools.partial(model_sets.choose, convert=convert)
ORIGINALS = ("base.pt", "upsample.pt", "BSRGAN.pth", "last.ckpt")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def prepared(cache, monkeypatch):
    """Checkpoints are ready as soon as they are asked for; gives the names of those that were."""
    names = []

    def prepare(checkpoint, convert, report, announce):
        names.append(checkpoint.name)
        return cache / f"{checkpoint.name}.safetensors"

    monkeypatch.setattr(model_sets, "prepare", prepare)
    monkeypatch.delenv("BIGART_OFFLINE")
    return names


def convert_all(cache):
    for name in PUBLISHED_SET:
        (cache / f"{name}.safetensors").write_bytes(b"converted")


def test_auto_takes_the_published_set_once_its_files_are_converted(cache):
    assert choose("auto").name == "embedded"
    convert_all(cache)
    chosen = choose("auto")
    assert chosen.name == "published" and chosen.missing() == []
    assert chosen.base == cache / "glide-base.safetensors"


def test_auto_takes_originals_that_people_put_into_the_cache_folder(cache, prepared):
    for name in ORIGINALS:
        (cache / name).touch()
    assert choose("auto").name == "published"
    assert prepared == list(PUBLISHED_SET)


def test_auto_falls_back_and_says_why_where_an_original_is_not_what_it_should_be(cache):
    for name in ORIGINALS:
        (cache / name).write_bytes(b"something else")
    said = []
    assert choose("auto", announce=said.append).name == "embedded"
    assert "base.pt: expected about 1,540,300,000 bytes, got 14: it was cut short" in said[0]


def test_auto_fetches_where_it_may(cache, prepared):
    assert choose("auto", may_fetch=True).name == "published"
    assert prepared == list(PUBLISHED_SET)


def test_auto_falls_back_where_fetching_fails(cache, prepared, monkeypatch):
    def fail(*_):
        raise FetchError("no network")

    monkeypatch.setattr(model_sets, "prepare", fail)
    said = []
    assert choose("auto", may_fetch=True, announce=said.append).name == "embedded"
    assert said == ["the embedded models paint, as the published ones cannot: no network"]


def test_offline_all_that_is_missing_is_named_and_nothing_is_written(cache):
    (cache / "BSRGAN.pth").touch()
    with pytest.raises(
        WeightsError, match=r"base.pt .*, upsample.pt .*, last.ckpt \(980 MB\) are missing in"
    ):
        choose("published")
    assert [path.name for path in cache.iterdir()] == ["BSRGAN.pth"]


def test_another_network_takes_the_place_of_the_sets_own_which_is_not_fetched(cache, prepared):
    chosen = choose("published", enlarger="bsrnet", enhancer="vqgan-wikiart")
    assert chosen.enlarger == cache / "bsrnet.safetensors"
    assert chosen.name == "published+bsrnet+vqgan-wikiart"
    assert prepared == ["glide-base", "glide-upsampler", "bsrnet", "vqgan-wikiart"]


def test_the_embedded_set_takes_published_networks_too(cache, prepared):
    assert choose("embedded", enlarger="bsrgan").name == "embedded+bsrgan"
    assert prepared == ["bsrgan"]


def test_naming_the_sets_own_network_changes_nothing(cache, prepared):
    assert choose("published", enlarger="bsrgan", enhancer="vqgan-imagenet").name == "published"
    assert choose("embedded", enlarger="realesrgan-x4plus").name == "embedded"


def test_a_file_of_the_users_own_is_taken_as_it_is(cache, prepared):
    (cache / "mine.pth").touch()
    chosen = choose("embedded", enlarger=cache / "mine.pth")
    assert chosen.enlarger == cache / "mine.pth" and chosen.name == "embedded+mine.pth"
    assert prepared == []


@pytest.mark.parametrize("wanted", ["absent.pth", "vqgan-imagenet", ""])
def test_an_enlarger_that_is_none_is_refused_with_the_choices(cache, wanted):
    with pytest.raises(
        ValueError, match="enlarger must be one of bsrgan, bsrnet, bsrgan-x2, realesrgan-x4plus"
    ):
        choose("embedded", enlarger=wanted)


def test_a_file_named_by_the_environment_is_used_in_place_of_the_published_one(cache, prepared, monkeypatch):
    (cache / "tuned.pt").touch()
    monkeypatch.setenv("BIGART_GLIDE_BASE", str(cache / "tuned.pt"))
    assert choose("published").base == cache / "tuned.pt"
    assert prepared == ["glide-upsampler", "bsrgan", "vqgan-imagenet"]


def test_a_file_named_by_the_environment_that_is_not_there_is_said_before_any_download(
    cache, prepared, monkeypatch
):
    monkeypatch.setenv("BIGART_BSRGAN", "/absent/BSRGAN.pth")
    with pytest.raises(WeightsError, match="/absent/BSRGAN.pth.*BIGART_BSRGAN"):
        choose("published")
    assert prepared == []


def test_an_unknown_set_is_refused():
    with pytest.raises(ValueError, match="models must be one of auto, embedded, published, not 'mine'"):
        choose("mine")


def test_a_network_that_enlarges_twice_runs_twice(tiny_models, tmp_path):
    config = rrdbnet.RRDBNetConfig(num_features=4, num_blocks=1, growth=2, scale=2)
    save_file(rrdbnet.RRDBNet(config).state_dict(), tmp_path / "x2.safetensors")
    bigart = load("embedded", enlarger=tmp_path / "x2.safetensors", device="cpu", dtype=torch.float32)
    told = []
    enlarged = bigart.enlarge(Image.new("RGB", (12, 9), "teal"), told.append)
    assert enlarged.size == (48, 36)
    both = rrdbnet.estimate_flops(config, 9, 12) + rrdbnet.estimate_flops(config, 18, 24)
    assert {progress.total for progress in told} == {both} and told[-1].step == both


@pytest.mark.parametrize("name", PUBLISHED_SET)
def test_the_published_set_is_made_of_the_catalogue(name, cache):
    checkpoint = find(name)
    assert getattr(model_sets.published(), checkpoint.network) == cache / f"{checkpoint.name}.safetensors"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_fingerprints_are_of_the_files_that_are_loaded():
    chosen = model_sets.embedded()
    fingerprints = chosen.fingerprints()
    assert list(fingerprints) == ["base", "upsampler", "enlarger", "enhancer"]
    assert fingerprints["enhancer"] == sha256(chosen.enhancer)
    assert fingerprints["enlarger"] == sha256(packaged("realesrgan-x4plus").with_suffix(".bin"))


def test_the_fingerprint_of_a_converted_file_is_the_recorded_one_while_its_size_is(cache):
    for name in PUBLISHED_SET:
        (cache / f"{name}.safetensors").write_bytes(b"converted")
    bsrgan = Stored(find("bsrgan"), cache)
    bsrgan.remember(Record(converted=Fingerprint(9, "recorded")))
    fingerprints = model_sets.published().fingerprints()
    assert fingerprints["enlarger"] == "recorded"
    assert fingerprints["base"] == hashlib.sha256(b"converted").hexdigest()
    bsrgan.converted.write_bytes(b"another size")
    assert model_sets.published().fingerprints()["enlarger"] == hashlib.sha256(b"another size").hexdigest()


def test_a_fingerprint_is_computed_once_for_a_file_that_does_not_change(tmp_path, monkeypatch):
    path, read = tmp_path / "mine.safetensors", []
    path.write_bytes(b"mine")
    monkeypatch.setattr(model_sets, "fingerprint", lambda path: read.append(path) or fingerprint(path))
    chosen = replace(model_sets.embedded(), base=path, upsampler=path, enlarger=path, enhancer=path)
    for _ in range(2):
        assert set(chosen.fingerprints().values()) == {hashlib.sha256(b"mine").hexdigest()}
    assert read == [path]
    path.write_bytes(b"changed")
    assert chosen.fingerprints()["base"] == hashlib.sha256(b"changed").hexdigest()


def test_of_an_ncnn_pair_the_fingerprint_is_that_of_the_numbers(tmp_path):
    (tmp_path / "mine.param").write_bytes(b"layers")
    (tmp_path / "mine.bin").write_bytes(b"numbers")
    chosen = replace(model_sets.embedded(), enlarger=tmp_path / "mine.param")
    assert chosen.fingerprints()["enlarger"] == hashlib.sha256(b"numbers").hexdigest()


def test_fingerprints_need_no_torch():
    code = (
        "import sys; from bigart_lib.weights import sets; sets.embedded().fingerprints(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "hashlib" in done.stdout.split() and "torch" not in done.stdout.split()


def test_what_must_be_done_is_decided_by_what_is_here(cache):
    bsrgan = Stored(find("bsrgan"), cache)
    assert bsrgan.action == "fetch"
    bsrgan.original.write_bytes(b"original")
    assert bsrgan.action == "convert"
    bsrgan.converted.write_bytes(b"converted")
    assert bsrgan.action == "nothing"
    bsrgan.remember(Record(converted=Fingerprint(10, "of a file one byte longer")))
    assert bsrgan.action == "convert"
