"""How fast, and in how much memory of the whole process, VQGAN repaints: in strips against in one piece.

    python benchmarks/enhance.py --sides 1024 2048 4096 --budgets 1.0 --dtype float32

The network is the embedded one; `--published` takes random weights of the published sizes. Each case is a
process of its own, whose peak holds Python, torch, the picture, the result and the weights too. Seconds are
those of the processor, which other programs disturb least, added up over its threads. The last line is JSON.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch
from diffusers import VQModel

from benchmarks.peak import peak_memory
from bigart_lib import machine
from bigart_lib.finish import strips, vqgan
from bigart_lib.weights import sets as model_sets

WHOLE, STRIPS = "one piece", "strips"  # the latter with all the memory that is of use


def load(published: bool, device: str, dtype: torch.dtype) -> VQModel:
    """The network, as the library runs it."""
    if published:
        network = vqgan.build(vqgan.PUBLISHED).eval().requires_grad_(False).to(device, dtype)
    else:
        network = vqgan.load(model_sets.embedded().enhancer, device, dtype)
    return network.to(memory_format=torch.channels_last)


@torch.inference_mode()
def in_one_piece(network: VQModel, picture: torch.Tensor) -> torch.Tensor:
    """All maps as a whole; the sides must be multiples of the downsampling."""
    signed = (picture * 2 - 1).to(network.device, network.dtype, memory_format=torch.channels_last)
    codes, _ = vqgan.quantise(network, vqgan.encode(network, signed))
    return (vqgan.decode(network, codes).float().cpu() / 2 + 0.5).clamp(0, 1)


def measure(options: argparse.Namespace) -> None:
    """Print what one way takes, as JSON."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    side, dtype = options.sides[0], getattr(torch, options.dtype)
    network = load(options.published, options.device, dtype)
    picture = torch.rand(1, 3, side, side)
    budget = math.inf if options.way in (WHOLE, STRIPS) else float(options.way) * 1e9

    def run(picture: torch.Tensor) -> torch.Tensor:
        if options.way == WHOLE:
            return in_one_piece(network, picture)
        return vqgan.reconstruct(network, picture, budget)

    run(picture[..., :64, :64])
    times = []
    for _ in range(options.runs):
        began = time.process_time()
        run(picture)[0, 0, 0, 0].item()
        times.append(time.process_time() - began)
    plan = vqgan.planner(network, side, side, dtype).plan(budget, strips.fastest_strip(network.device))
    print(json.dumps([min(times), peak_memory(options.device) / 1e6, plan.memory / 1e6, plan.operations]))


def case(side: int, way: str) -> dict:
    """What one way takes, in a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--way", way, "--sides", str(side)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, planned, operations = json.loads(done.stdout.splitlines()[-1])
    name = way if way in (WHOLE, STRIPS) else f"{way} GB"
    return {
        "side": side,
        "way": name,
        "seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "planned_mb": round(planned) if way != WHOLE else None,
        "operations": operations if way != WHOLE else None,
    }


def main() -> None:
    """Run every case; print a table, then a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[1024], help="px")
    parser.add_argument("--budgets", nargs="*", default=["1.0"], help="GB of working memory for the strips")
    parser.add_argument("--whole-up-to", type=int, default=2048, help="largest side to run in one piece")
    parser.add_argument("--runs", type=int, default=1, help="of which the fastest counts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--published", action="store_true", help="its sizes in place of the embedded ones")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(options)
        return
    print(machine.describe(torch.device(options.device), getattr(torch, options.dtype)))
    print(f"{'side':>6} {'way':>12} {'seconds':>9} {'ratio':>6} {'peak MB':>9} {'planned MB':>11}")
    results = []
    for side in options.sides:
        ways = [WHOLE] if side <= options.whole_up_to else []
        for way in (*ways, STRIPS, *options.budgets):
            result = case(side, way)
            baseline = next((one for one in results if one["side"] == side), result)
            result["ratio"] = round(result["seconds"] / baseline["seconds"], 2)  # to the first way of a side
            results.append(result)
            print(
                f"{side:>6} {result['way']:>12} {result['seconds']:>9.1f} {result['ratio']:>6.2f} "
                f"{result['peak_mb']:>9} {result['planned_mb'] or '':>11}",
                flush=True,
            )
    print(json.dumps({"benchmark": "enhance", "dtype": options.dtype, "results": results}))


if __name__ == "__main__":
    main()
