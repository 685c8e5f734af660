"""Enlargers from files: our RRDBNet in every layout, and all other kinds in overlapping tiles."""

import hashlib
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import bigart_lib
from bigart_lib.cli.main import main
from bigart_lib.enlarge import published, spandrel_models
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.enlarge.live_memory import LiveMemory
from bigart_lib.enlarge.overlapping import Facts, OverlappingEnlarger, Work, blend
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig
from bigart_lib.enlarge.spans import BLEND, OVERLAP, spans
from bigart_lib.machine import MemoryShortageError
from bigart_lib.maker import Maker
from bigart_lib.pictures.images import from_levels, to_levels
from bigart_lib.progress import no_report
from bigart_lib.weights import LentInAnyWay, NotFiniteError, Way, WeightsError

CPU, PLENTY = torch.device("cpu"), 10**10
LEVEL = 1 / 65535
SPANDREL = all(importlib.util.find_spec(name) for name in ("spandrel", "torchvision"))
needs_spandrel = pytest.mark.skipif(not SPANDREL, reason="needs spandrel and torchvision")


class Tiny(nn.Module):
    """A network of convolutions that sees `reach` px around, and clamps nothing."""

    def __init__(self, scale=2, reach=3, multiple=1, dtype=torch.float32):
        super().__init__()
        self.facts, self.dtype = Facts("tiny", scale, multiple), dtype
        self.seen = []
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in range(reach))
        for conv in self.convs:
            nn.init.dirac_(conv.weight)
            conv.weight.data += 0.05 * torch.randn_like(conv.weight)

    def forward(self, tile):
        self.seen.append(tuple(tile.shape[2:]))
        for conv in self.convs:
            tile = conv(tile)
        return F.interpolate(tile, scale_factor=self.facts.scale, mode="nearest")

    def measure(self):
        return Work(1000.0, 100.0)


def enlarger(network, exact=None, announce=lambda _: None):
    networks = {network.dtype: network, torch.float32: exact or network}
    way = Way(CPU, network.dtype)
    lent = LentInAnyWay("enlarger", lambda way: networks[way.dtype], way, announce=announce)
    return OverlappingEnlarger(lent, CPU, lambda: "0" * 64, announce)


def picture(height, width):
    return torch.rand(1, 3, height, width)


# -------------------------------------------------------------------------------------------------- spans


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("longest", [96, 128, 512])
@pytest.mark.parametrize("side", [1, 49, 97, 145, 500, 513, 1003])
def test_the_shares_of_spans_add_up_to_one(side, longest, repeats):
    made = spans(side, longest, 8, repeats)
    total = torch.zeros(side * 3)
    for span in made:
        assert span.length <= longest or len(made) == 1
        places = torch.arange(span.first * 3, span.last * 3) % (3 * side)
        total.index_add_(0, places, span.shares(3))
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


def test_what_lies_near_the_end_of_a_span_has_no_share():
    first, second = spans(300, 192)[:2]
    assert first.stop - second.start >= OVERLAP and first.last - second.first == BLEND
    assert first.stop - first.last >= (OVERLAP - BLEND) // 2 <= second.first - second.start


# --------------------------------------------------------------------------------------- tiles and blends


@pytest.mark.parametrize("size", [(300, 201), (97, 400), (50, 60)])
@pytest.mark.parametrize("scale", [1, 2, 3])
@torch.no_grad()
def test_a_network_that_sees_no_further_than_the_overlap_gives_what_it_gives_in_one_piece(size, scale):
    network, whole = Tiny(scale, reach=8), picture(*size)
    in_tiles = from_levels(blend(network, whole, 128, no_report))
    assert in_tiles.shape[2:] == (size[0] * scale, size[1] * scale)
    assert (in_tiles - network(whole).clamp(0, 1)).abs().max() < 2 * LEVEL


@torch.no_grad()
def test_without_surroundings_the_tiles_would_differ():
    """The overlap is what makes tiles agree: a network that sees all of a tile leaves a trace."""

    class Farsighted(Tiny):
        def forward(self, tile):
            return 0.5 * (F.interpolate(tile, scale_factor=2) + tile.mean())

    network, whole = Farsighted(2), picture(200, 200)
    far = (from_levels(blend(network, whole, 96, no_report)) - network(whole).clamp(0, 1)).abs()
    assert far.max() > 10 * LEVEL


@torch.no_grad()
def test_tiles_that_differ_in_brightness_go_over_into_one_another_smoothly():
    class Uneven(Tiny):
        def forward(self, tile):
            return F.interpolate(torch.full_like(tile, 0.2 + 0.6 * (len(self.seen) % 2)), scale_factor=2) + (
                self.seen.append(tile.shape) or 0
            )

    made = from_levels(blend(Uneven(), picture(90, 300), 192, no_report))
    row = made[0, 0, 90]
    assert row[0] == pytest.approx(0.2, abs=1e-3) and row[-1] == pytest.approx(0.8, abs=1e-3)
    assert row.diff().abs().max() < 0.6 * 1.6 / (2 * BLEND)


def test_tiles_have_the_sides_that_a_network_wants_and_all_the_same():
    network = Tiny(2, multiple=32)
    blend(network, picture(333, 555), 192, no_report)
    assert len({*network.seen}) == 1 and all(side % 32 == 0 and side <= 192 for side in network.seen[0])


@pytest.mark.parametrize("size", [(300, 260), (64, 500)])
@torch.no_grad()
def test_a_tile_that_repeats_moves_with_its_picture(size):
    network, whole = Tiny(2, reach=8), picture(*size)
    made = blend(network, whole, 192, no_report, repeats=True)
    rolled = blend(network, whole.roll((31, 77), (2, 3)), 192, no_report, repeats=True)
    apart = from_levels(made).roll((62, 154), (2, 3)) - from_levels(rolled)
    assert apart.abs().max() < 3 * LEVEL


def test_progress_goes_from_the_first_tile_to_all():
    told = []
    enlarger(Tiny()).enlarge(picture(600, 300), PLENTY, told.append)
    assert len(told) == 2 and told[-1].step == told[-1].total and told[0].stage == "enlarge"


# -------------------------------------------------------------------------------------------- the enlarger


def test_one_tile_is_exact_and_more_are_said_to_be_near():
    one = enlarger(Tiny())
    assert one.compromise(500, 512, PLENTY) == ""
    assert "in 4 overlapping tiles of up to 512 px" in one.compromise(600, 600, PLENTY)


def test_less_memory_means_smaller_tiles_and_too_little_is_refused():
    network = Tiny()
    one = enlarger(network)
    one.enlarge(picture(400, 400), one._memory(400, 400, 128), no_report)
    assert max(max(sides) for sides in network.seen) <= 128
    with pytest.raises(MemoryShortageError, match="give more by --memory"):
        one.enlarge(picture(400, 400), 1000, no_report)


def test_where_memory_ends_smaller_tiles_go_on():
    class Hungry(Tiny):
        def forward(self, tile):
            if tile.shape[3] > 300:
                raise RuntimeError("CUDA out of memory")
            return super().forward(tile)

    said = []
    made = enlarger(Hungry(), announce=said.append).enlarge(picture(400, 400), PLENTY, no_report)
    assert made.shape == (1, 3, 800, 800)
    assert said == [f"memory ran out; tiny goes on with tiles of {side} px" for side in (384,)]


@pytest.mark.parametrize(
    "problem", [NotFiniteError("nan", "tiny cannot work"), RuntimeError("expected float, got bfloat16")]
)
def test_what_fails_in_low_precision_is_done_again_in_float32(problem):
    class Failing(Tiny):
        def forward(self, tile):
            raise problem

    said, exact = [], Tiny()
    made = enlarger(Failing(dtype=torch.bfloat16), exact, said.append)
    assert made.enlarge(picture(20, 20), PLENTY, no_report).shape == (1, 3, 40, 40)
    assert said == ["tiny cannot work in bf16: once more in fp32"]
    with pytest.raises(type(problem)):
        enlarger(Failing()).enlarge(picture(20, 20), PLENTY, no_report)


def test_the_cost_counts_overlaps_twice():
    one = enlarger(Tiny())
    assert one.cost(500, 500).operations == 1000 * 500**2
    assert one.cost(1000, 500).operations > 1000 * 1000 * 500
    assert one.cost(1000, 500).memory > 100 * 500**2


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_grey_and_transparent_pictures_keep_their_channels(channels):
    maker = Maker(enlarger(Tiny(3)), None, lambda _: PLENTY)
    levels = to_levels(torch.rand(1, channels, 60, 130))
    made = maker.enlarge(levels, PLENTY, no_report, matched=True)
    assert made.shape == (1, channels, 180, 390)


def test_live_memory_counts_what_lives_at_the_same_time_and_views_once():
    with LiveMemory() as live:
        first = torch.zeros(1000)
        second = first.view(10, 100) + 1
        del first
        third = second.t().relu()
        del second
        third.add_(1)
    assert live.most == 8000


# ------------------------------------------------------------------------------------------- our own files


def tiny_rrdbnet(**config):
    network = RRDBNet(RRDBNetConfig(num_features=8, num_blocks=2, growth=4, **config))
    return network.eval().requires_grad_(False)


def first_release(network):
    layout = published._first_layout(network.config.num_blocks, network.config.num_enlargements)
    return {layout.name(own): tensor.clone() for own, tensor in network.state_dict().items()}


@pytest.mark.parametrize("scale", [2, 4])
def test_esrgans_first_names_are_those_of_its_own_layers(scale):
    names = first_release(tiny_rrdbnet(scale=scale))
    tail = (3, 5, 7) if scale == 2 else (3, 6, 8, 10)
    layers = {f"model.{layer}.weight" for layer in (0, *tail)}
    assert layers <= {*names} and "model.1.sub.2.weight" in names
    assert "model.1.sub.1.RDB3.conv5.0.bias" in names and len(names) == len(tiny_rrdbnet().state_dict()) - (
        2 if scale == 2 else 0
    )


@pytest.mark.parametrize("scale", [2, 4])
@torch.no_grad()
def test_a_file_of_esrgans_first_release_is_enlarged_exactly_by_our_network(scale, tmp_path, tiny_models):
    network = tiny_rrdbnet(scale=scale)
    torch.save(first_release(network), tmp_path / "esrgan.pth")
    bigart = bigart_lib.load("embedded", enlarger=tmp_path / "esrgan.pth", device="cpu", dtype="fp32")
    assert isinstance(bigart.enlarger, RRDBNetEnlarger)
    whole = picture(9, 12)
    expected = network(whole) if scale == 4 else network(network(whole).clamp(0, 1))
    made = from_levels(bigart.enlarger.enlarge(whole, PLENTY, no_report))
    assert (made - expected.clamp(0, 1)).abs().max() < 2 * LEVEL


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@torch.no_grad()
def test_real_esrgan_x2plus_sees_four_pixels_as_one_and_stays_exact(suffix, tmp_path, tiny_models):
    network, path = tiny_rrdbnet(in_channels=12), tmp_path / f"x2plus{suffix}"
    named = {published.LAYOUTS["realesrgan"].name(own): one for own, one in network.state_dict().items()}
    (save_file if suffix == ".safetensors" else torch.save)(named, path)
    bigart = bigart_lib.load("embedded", enlarger=path, device="cpu", dtype="fp32")
    assert isinstance(bigart.enlarger, RRDBNetEnlarger)

    def once(whole):
        padded = F.pad(whole, (0, whole.shape[3] % 2, 0, whole.shape[2] % 2), mode="replicate")
        made = network(F.pixel_unshuffle(padded, 2)).clamp(0, 1)
        return made[..., : 2 * whole.shape[2], : 2 * whole.shape[3]]

    whole = picture(9, 12)
    made = from_levels(bigart.enlarger.enlarge(whole, PLENTY, no_report))
    assert made.shape == (1, 3, 36, 48) and (made - once(once(whole))).abs().max() < 2 * LEVEL


@pytest.mark.parametrize(("size", "by"), [((8, 12), (2, 4)), ((9, 11), (1, 4))])
def test_real_esrgan_x2plus_tiles_without_a_seam(size, by):
    network = tiny_rrdbnet(in_channels=12)
    one = RRDBNetEnlarger(lambda: network, network.config, CPU, torch.float32, lambda: "")
    whole = picture(*size)
    made, rolled = (
        from_levels(one.enlarge(seen, PLENTY, no_report, repeats=True))
        for seen in (whole, whole.roll(by, (2, 3)))
    )
    assert (made.roll([4 * one for one in by], (2, 3)) - rolled).abs().max() < 2 * LEVEL


# ------------------------------------------------------------------------------------------- others' files


class Program:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("was-run",)


def test_a_file_that_holds_a_program_is_refused_and_it_does_not_run(tmp_path, monkeypatch, tiny_models):
    monkeypatch.chdir(tmp_path)
    torch.save({"body.0.weight": Program()}, "model.pth")
    Path("plain.pth").write_bytes(pickle.dumps(Program()))
    for name in ("model.pth", "plain.pth"):
        with pytest.raises(WeightsError, match="hold code, which is never run"):
            bigart_lib.load("embedded", enlarger=name)
    assert not Path("was-run").exists()


def test_without_spandrel_another_kind_of_file_is_refused_with_what_to_install(
    tmp_path, monkeypatch, tiny_models, capfd
):
    monkeypatch.setattr(spandrel_models, "NEEDED", ("no_such_package",))
    save_file({"body.0.weight": torch.ones(4, 3, 3, 3)}, tmp_path / "other.safetensors")
    Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
    code = main(["enlarge", f"{tmp_path}/p.png", "--enlarger", f"{tmp_path}/other.safetensors"])
    said = capfd.readouterr().err.strip()
    assert code != 0 and len(said.splitlines()) == 1
    assert "is no RRDBNet" in said and "pip install 'bigart[enlargers]'" in said


def test_a_torchvision_made_for_another_torch_is_named(tmp_path, monkeypatch):
    for name in ("spandrel", "torchvision"):
        (tmp_path / name).mkdir()
        words = "raise RuntimeError('operator torchvision::nms does not exist')\n"
        (tmp_path / name / "__init__.py").write_text(words)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    torch.save({"body.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"cannot be imported \(operator torchvision::nms .* for torch 2"):
        spandrel_models.load(tmp_path / "other.pth", CPU, torch.float32)


def test_an_rrdbnet_needs_no_spandrel(tmp_path):
    torch.save(first_release(tiny_rrdbnet()), tmp_path / "esrgan.pth")
    code = (
        "import sys, torch; sys.modules['spandrel'] = None\n"
        "from bigart_lib.enlarge.spandrel_models import load\n"
        f"print(type(load({str(tmp_path / 'esrgan.pth')!r}, 'cpu', torch.float32)).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "RRDBNet", done.stderr


def network_of(kind, name, **options):
    """A network of an architecture of spandrel's with random weights."""
    import pkgutil

    architecture = importlib.import_module(f"spandrel.architectures.{kind}.__arch")
    for found in pkgutil.iter_modules(architecture.__path__):
        module = importlib.import_module(f"{architecture.__name__}.{found.name}")
        if hasattr(module, name):
            return getattr(module, name)(**options).eval()
    raise AssertionError(f"spandrel has no {kind}.{name} any more")


def write(path, kind, name, **options):
    tensors = {
        one: tensor.contiguous() for one, tensor in network_of(kind, name, **options).state_dict().items()
    }
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save({"params_ema": tensors}, path)
    return path


COMPACT = {"num_feat": 8, "num_conv": 2}
WINDOWS = {"img_size": 32, "embed_dim": 12, "num_heads": (2,), "mlp_ratio": 2, "depths": (1,)}
SWINIR = {**WINDOWS, "window_size": 8, "upsampler": "pixelshuffle", "resi_connection": "1conv"}
KINDS = {
    "compact.pth": ("Compact", "SRVGGNetCompact", 4, COMPACT),
    "grey.safetensors": ("Compact", "SRVGGNetCompact", 2, {**COMPACT, "num_in_ch": 1, "num_out_ch": 1}),
    "four.pth": ("Compact", "SRVGGNetCompact", 2, {**COMPACT, "num_in_ch": 4, "num_out_ch": 4}),
    "span.pth": ("SPAN", "SPAN", 2, {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8}),
    "swinir.safetensors": ("SwinIR", "SwinIR", 3, SWINIR),
}


@needs_spandrel
@pytest.mark.parametrize("file", KINDS)
def test_every_kind_becomes_a_finished_file_by_the_command_line(file, tmp_path, tiny_models, capfd):
    kind, name, scale, options = KINDS[file]
    path = write(tmp_path / file, kind, name, upscale=scale, **options)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 44, 3), "uint8")).save(tmp_path / "p.png")
    goal = [
        "--enlarger",
        str(path),
        "--times",
        "4",
        "--precision",
        "fp32",
        "--out",
        str(tmp_path / "out.png"),
    ]
    code, said = main(["enlarge", f"{tmp_path}/p.png", *goal]), capfd.readouterr()
    assert code == 0, said.err
    assert Image.open(tmp_path / "out.png").size == (176, 120)


@needs_spandrel
def test_redo_asks_for_the_file_and_makes_the_same_picture_with_it(tmp_path, tiny_models, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind, name, scale, options = KINDS["compact.pth"]
    path = write(tmp_path / "mine.pth", kind, name, upscale=scale, **options)
    Image.new("RGB", (20, 20), "teal").save("p.png")
    assert main(["enlarge", "p.png", "--enlarger", "mine.pth", "--times", "4", "--quiet"]) == 0
    made = capfd.readouterr().out.strip()
    assert main(["redo", made]) != 0
    said = capfd.readouterr().err
    assert "mine.pth is a file of somebody's own" in said
    assert hashlib.sha256(path.read_bytes()).hexdigest() in said
    assert main(["redo", made, "--enlarger", "mine.pth"]) == 0
    assert "4x: identical" in capfd.readouterr().out
    torch.manual_seed(1)
    write(path, kind, name, upscale=scale, **options)
    main(["redo", made, "--enlarger", "mine.pth"])
    said = capfd.readouterr().out
    assert "network enlarger: " in said and "then" in said


@needs_spandrel
def test_what_does_something_else_is_refused_in_a_line(tmp_path):
    path = write(tmp_path / "one.pth", "Compact", "SRVGGNetCompact", upscale=1, **COMPACT)
    with pytest.raises(WeightsError, match="restores pictures: choose one that enlarges") as refused:
        spandrel_models.load(path, "cpu", torch.float32)
    assert "\n" not in str(refused.value)


@needs_spandrel
def test_what_is_not_finite_is_noticed_before_it_is_clamped(tmp_path):
    path = write(tmp_path / "one.pth", "Compact", "SRVGGNetCompact", upscale=2, **COMPACT)
    network = spandrel_models.load(path, "cpu", torch.float32)
    *_, last = network.network.parameters()
    last.fill_(float("inf"))
    with pytest.raises(NotFiniteError, match="one.pth"):
        network(picture(8, 8))


@needs_spandrel
def test_a_tensor_that_is_larger_than_what_is_stored_of_it_is_refused(tmp_path):
    huge = torch.zeros(1).expand(10**6, 10**6)
    torch.save({"body.0.weight": huge}, tmp_path / "huge.pth")
    with pytest.raises(WeightsError, match="larger than what is stored"):
        spandrel_models.load(tmp_path / "huge.pth", "cpu", torch.float32)


@needs_spandrel
def test_work_and_memory_are_measured(tmp_path):
    path = write(tmp_path / "one.pth", "Compact", "SRVGGNetCompact", upscale=2, **COMPACT)
    work = spandrel_models.load(path, "cpu", torch.float32).measure()
    weights = 27 * 8 + 2 * 9 * 8 * 8 + 9 * 8 * 12
    assert work.operations == pytest.approx(2 * weights)
    assert work.memory >= 2 * 8 * 4
