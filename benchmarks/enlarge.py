"""How fast and in how much memory a full-size RRDBNet enlarges, in tiles against in one piece.

    python benchmarks/enlarge.py --sides 256 1024 --one-piece-up-to 256

Random weights: the time does not depend on them. Every case runs in a process of its own, so that its peak
memory is its own. The trunk (92 % of the work) is timed apart from the whole.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch
from peak import peak_memory

from bigart_lib.enlarge.rrdbnet import (
    RRDBNet,
    RRDBNetConfig,
    dense_blocks,
    estimate_flops,
    flops_dense,
    flops_first,
)
from bigart_lib.enlarge.tiles import enlarge, working_memory

MEBIBYTE = 2**20


def synchronize(device: str) -> None:
    """Wait for a GPU, so that the clock sees its work."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def measure(way: str, side: int, options: argparse.Namespace) -> dict:
    """Median seconds of the whole and of its trunk, and peak bytes beyond what the network takes."""
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    clock = time.process_time if options.cpu_time else time.perf_counter
    config = RRDBNetConfig(num_blocks=options.blocks)
    network = RRDBNet(config).eval().to(options.device, getattr(torch, options.dtype))
    network = network.to(memory_format=torch.channels_last)
    picture = torch.rand(1, 3, side, side)
    trunk_flops = (flops_first(config) + flops_dense(config) * dense_blocks(config)) * side**2

    def run(picture: torch.Tensor) -> tuple[float, float]:
        begin = trunk_end = clock()
        if way == "tiles":

            def watch(done: int, _: int) -> None:
                nonlocal trunk_end
                if done == trunk_flops:
                    synchronize(options.device)
                    trunk_end = clock()

            enlarge(network, picture, options.budget * MEBIBYTE, watch)
        else:
            picture = picture.to(network.trunk.conv_first.weight).contiguous(
                memory_format=torch.channels_last
            )
            features = network.trunk(picture)
            synchronize(options.device)
            trunk_end = clock()
            if way == "one piece":
                network.tail(features).cpu()
        synchronize(options.device)
        return clock() - begin, trunk_end - begin

    run(picture[..., :64, :64])
    before = peak_memory(options.device)
    if options.warm_up:
        run(picture)
    times = [run(picture) for _ in range(options.runs)]
    seconds, trunk_seconds = (statistics.median(column) for column in zip(*times, strict=True))
    whole = way != "trunk in one piece"
    return {
        "way": way,
        "side": side,
        "seconds": round(seconds, 3) if whole else None,
        "tflops": round(estimate_flops(config, side, side) / seconds / 1e12, 4) if whole else None,
        "trunk_seconds": round(trunk_seconds, 3),
        "trunk_tflops": round(trunk_flops / trunk_seconds / 1e12, 4),
        "peak_mib": round((peak_memory(options.device) - before) / MEBIBYTE),
    }


def main() -> None:
    """Run every case and print a table, then one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[256], help="pixels a side of the pictures")
    parser.add_argument("--one-piece-up-to", type=int, default=256, help="largest side to enlarge untiled")
    parser.add_argument("--trunk-up-to", type=int, default=256, help="largest side to run the trunk untiled")
    parser.add_argument(
        "--blocks", type=int, default=23, help="fewer for a quick look; time is in proportion"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-warm-up", dest="warm_up", action="store_false", help="of the full size")
    parser.add_argument("--budget", type=int, default=2048, help="MiB of working memory for the tiles")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    parser.add_argument("--cpu-time", action="store_true", help="for a busy machine, with --threads 1")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()

    results = []
    print(f"{'side':>6} {'way':<20} {'seconds':>9} {'trunk s':>9} {'trunk TFLOP/s':>14} {'peak MiB':>9}")
    for side in options.sides:
        ways = ["tiles"]
        if side <= options.trunk_up_to:
            ways.append("trunk in one piece")
        if side <= options.one_piece_up_to:
            ways.append("one piece")
        for way in ways:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                result = pool.submit(measure, way, side, options).result()
            results.append(result)
            print(
                f"{side:>6} {way:<20} {result['seconds'] or '':>9} {result['trunk_seconds']:>9} "
                f"{result['trunk_tflops']:>14} {result['peak_mib']:>9}",
                flush=True,
            )
    sides = {
        str(side): working_memory(RRDBNetConfig(), side, side, getattr(torch, options.dtype), 128) // MEBIBYTE
        for side in options.sides
    }
    summary = {
        "benchmark": "enlarge",
        "dtype": options.dtype,
        "device": options.device,
        "threads": options.threads or torch.get_num_threads(),
        "clock": "processor" if options.cpu_time else "wall",
        "blocks": options.blocks,
        "working_memory_mib": sides,
        "results": results,
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
