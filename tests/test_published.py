"""The published networks at full size, from a server to a picture; and against their makers' own code.

The numbers in them are random: what is shown is that files of the published structure and size come
through, and in how much memory; how fast is a matter of benchmarks/load.py.
"""

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from published_files import random_tensors, save_lightning
from reference import CONFIG, draw_weights, published_shapes
from small_glide import UPSAMPLER, small_config
from small_vqgan import small_config as small_vqgan_config

from bigart_lib.cli import main as cli
from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.finish import vqgan
from bigart_lib.generate import network as glide
from bigart_lib.loading import convert
from bigart_lib.weights import CATALOGUE, Stored, find
from bigart_lib.weights import prepare as published
from bigart_lib.weights import sets as model_sets

ROOT = Path(__file__).parent.parent
KEY_LISTS = {  # by the name of the checkpoint; the smallest last, as the disk holds originals and copies
    "glide-upsampler": "glide_upsample",
    "glide-base": "glide_base",
    "vqgan-imagenet": "vqgan_imagenet_f16_16384",
    "bsrgan": "bsrgan",
}
LOADERS = {
    "glide-base": glide.load,
    "glide-upsampler": glide.load,
    "bsrgan": rrdbnet.load,
    "vqgan-imagenet": vqgan.load,
}
MEGABYTE = 1e6


def measured(code, *arguments):
    """Run code in a process of its own; returns its `result`, with its memory at the most, "peak", in MB."""
    prelude = "import json, sys\nfrom pathlib import Path\n"
    # The kernel's own account: that of the resource module begins with the memory of the parent.
    epilogue = """
status = Path("/proc/self/status").read_text()
result["peak"] = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
print(json.dumps(result))
"""
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(code) + epilogue, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# ------------------------------------------------------------------------------------------- at full size


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache folder with all four networks, fetched from a server, verified and converted."""
    folder, patch = tmp_path_factory.mktemp("full_size"), pytest.MonkeyPatch()
    served, cached = folder / "served", folder / "cache"
    served.mkdir()
    handler = functools.partial(_Quiet, directory=served)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    patch.setenv("BIGART_CACHE", str(cached))
    patch.delenv("BIGART_OFFLINE", raising=False)
    try:
        for name, key_list in KEY_LISTS.items():
            checkpoint = find(name)
            path = served / checkpoint.file
            (save_lightning if name.startswith("vqgan") else _save)(path, random_tensors(key_list))
            local = replace(
                checkpoint,
                sources=(f"http://127.0.0.1:{server.server_port}/{checkpoint.file}",),
                num_bytes=path.stat().st_size,
                size_is_exact=True,
                sha256=checkpoint.sha256 and _sha256(path),
            )
            patch.setitem(CATALOGUE, name, local)
            published.prepare(local, convert, keep_original=name == "bsrgan")
            if name != "bsrgan":
                path.unlink()
        yield cached
    finally:
        server.shutdown()
        server.server_close()
        patch.undo()
        for path in [*served.iterdir(), *cached.iterdir()]:
            path.unlink()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def _save(path, tensors):
    torch.save(tensors, path)


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) else _slow(file)


def _slow(file):
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()


@pytest.mark.full_size
@pytest.mark.timeout(1800)
@torch.inference_mode()
@pytest.mark.parametrize("name", KEY_LISTS)
def test_each_network_comes_through_and_computes(cache, name):
    network = LOADERS[name](Stored(find(name), cache).converted)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == sum(
        torch.Size(shape).numel() for shape in published_shapes(KEY_LISTS[name]).values()
    )
    if name.startswith("glide"):
        size = 64 if name == "glide-base" else 256
        picture = network(
            torch.randn(1, network.config.in_channels, size, size),
            500,
            network.encode(["sunset over a lake"]),
        )
        assert picture.shape == (1, 6, size, size)
    elif name == "bsrgan":
        picture = network(torch.rand(1, 3, 16, 16))
        assert picture.shape == (1, 3, 64, 64)
    else:
        picture = vqgan.reconstruct(network, torch.rand(1, 3, 64, 48))
        assert picture.shape == (1, 3, 64, 48)
    assert picture.isfinite().all() and picture.std() > 0


@pytest.mark.full_size
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.timeout(1800)
def test_base_and_upsampler_load_in_little_memory(cache):
    loading = """
        import torch
        from bigart_lib.weights import sets as model_sets
        from bigart_lib.bigart import BigArt

        bigart = BigArt(model_sets.published(), torch.device("cpu"), torch.float32)
        for name in ("base", "upsampler"):
            bigart._network(name)
        result = {}
    """
    assert measured(loading)["peak"] < 2500  # MB


@pytest.mark.full_size
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.timeout(1800)
def test_converting_the_base_model_never_holds_it_whole(cache, tmp_path):
    source, target = tmp_path / "base.pt", tmp_path / "base.safetensors"
    torch.save(random_tensors("glide_base"), source)
    converting = """
        from bigart_lib.loading import convert

        convert("glide-base", Path(sys.argv[1]), Path(sys.argv[2]))
        result = {}
    """
    try:
        assert measured(converting, source, target)["peak"] < 3000  # MB
        assert abs(target.stat().st_size - source.stat().st_size / 2) < MEGABYTE
    finally:
        source.unlink()
        target.unlink()


@pytest.mark.full_size
@pytest.mark.timeout(3600)
def test_seven_candidates_are_painted_by_the_command_line(cache, tmp_path, monkeypatch, capsys):
    whole = model_sets.published()
    quick = replace(whole, sampling=replace(whole.sampling, upsampler_timesteps=(997, 500)))
    monkeypatch.setitem(model_sets.SETS, "published", lambda: quick)
    monkeypatch.chdir(tmp_path)
    arguments = [
        "sunset over a lake",
        "--models",
        "published",
        "--steps",
        "2",
        "--count",
        "7",
        "--size",
        "256",
    ]
    assert cli.main([*arguments, "--seed", "1", "--quiet"]) == 0, capsys.readouterr().err
    assert len(list(tmp_path.rglob("candidates.png"))) == 1


# ------------------------------------------------------------------------- against their makers' own code


@torch.inference_mode()
@pytest.mark.parametrize("is_upsampler", [False, True], ids=["base", "upsampler"])
def test_glide_equals_glide_text2im(is_upsampler):
    creation = pytest.importorskip("glide_text2im.model_creation", reason="glide_text2im is not installed")
    defaults = creation.model_and_diffusion_defaults
    small = CONFIG["glide_small"]
    options = (creation.model_and_diffusion_defaults_upsampler if is_upsampler else defaults)() | small
    theirs, _ = creation.create_model_and_diffusion(**options)
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    tensors = draw_weights("parity", shapes)
    theirs.load_state_dict(tensors)
    theirs.eval()
    changes = {**UPSAMPLER, "layers_per_level": options["num_res_blocks"]} if is_upsampler else {}
    ours = glide.convert(tensors, "glide_text2im", small_config(**changes))
    ids, mask = ours.tokenizer(["a tabby cat", ""])
    size = 64
    sample, low = torch.randn(2, 3, size, size), torch.rand(2, 3, size // 4, size // 4) * 2 - 1
    given = {"low_res": low} if is_upsampler else {}
    expected = theirs(sample, torch.tensor([500, 3]), tokens=ids, mask=mask, **given)
    if is_upsampler:
        enlarged = torch.nn.functional.interpolate(low, size=size, mode="bilinear", align_corners=False)
        sample = torch.cat([sample, enlarged], dim=1)
    made = ours(sample, torch.tensor([500, 3]), ours.text_encoder(ids, mask))
    torch.testing.assert_close(made, expected, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_vqgan_equals_taming():
    parts = pytest.importorskip("taming.modules.diffusionmodules.model", reason="taming is not installed")
    quantize = pytest.importorskip("taming.modules.vqvae.quantize", reason="taming is not installed")
    config = CONFIG["vqgan_small"]
    theirs = torch.nn.ModuleDict(
        {
            "encoder": parts.Encoder(**config),
            "decoder": parts.Decoder(**config),
            "quantize": quantize.VectorQuantizer2(config["n_embed"], config["embed_dim"], beta=0.25),
            "quant_conv": torch.nn.Conv2d(config["z_channels"], config["embed_dim"], 1),
            "post_quant_conv": torch.nn.Conv2d(config["embed_dim"], config["z_channels"], 1),
        }
    ).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    tensors = draw_weights("parity", shapes)
    theirs.load_state_dict(tensors)
    ours = vqgan.convert(tensors, "taming", small_vqgan_config())
    signed = torch.rand(1, 3, 64, 96) * 2 - 1
    codes, _, (_, _, indices) = theirs["quantize"](theirs["quant_conv"](theirs["encoder"](signed)))
    expected = theirs["decoder"](theirs["post_quant_conv"](codes))
    made, chosen = vqgan.quantise(ours, vqgan.encode(ours, signed))
    assert torch.equal(chosen.flatten(), indices.flatten())
    torch.testing.assert_close(vqgan.decode(ours, made), expected, atol=1e-4, rtol=0)
