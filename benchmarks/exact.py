"""Whether a large picture is enlarged exactly within a memory budget: crops against the network in one piece.

    python benchmarks/exact.py [--side 4096] [--memory 6GB] [--precision bf16] [--blocks 23]

The full-size Real-ESRGAN enlarges a smooth picture. Crops are computed again in one piece, from surroundings
as wide as the network sees, and once more in fp32, which tells what the precision itself shifts. 4096 px take
half an hour on two cores, with --blocks 3 some five minutes. The last line is JSON.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from benchmarks.peak import peak_memory
from bigart_lib import machine
from bigart_lib.enlarge import tiles
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.enlarge.published import load
from bigart_lib.enlarge.rrdbnet import RRDBNet
from bigart_lib.progress import Progress
from bigart_lib.settings import read_memory

REACH = 360  # px of the picture that the network sees to each side
CROP = 96  # px a side of what is compared


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=4096, help="px of the picture before")
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--blocks", type=int, default=23, help="of the network; fewer take the same memory")
    options = parser.parse_args()
    device, side = torch.device("cpu"), options.side
    dtype, budget = machine.pick_precision(device, options.precision), read_memory(options.memory)
    network, said = _load(device, dtype, options.blocks), []
    enlarger = RRDBNetEnlarger(lambda: network, network.config, device, dtype, str, said.append)
    small = torch.rand(1, 3, side // 64, side // 64, generator=torch.Generator().manual_seed(1))
    picture = torch.nn.functional.interpolate(small, size=(side, side), mode="bicubic").clamp_(0, 1)
    told, before, began = [time.monotonic()], peak_memory(), time.monotonic()

    def report(progress: Progress) -> None:
        if time.monotonic() - told[0] > 60:
            told[0] = time.monotonic()
            print(f"{100 * progress.step / progress.total:.0f} %", flush=True)

    enlarged = enlarger.enlarge(picture, budget, report)
    seconds, peak = time.monotonic() - began, peak_memory()
    exact = _load(device, torch.float32, options.blocks)
    from_one_piece, of_precision = [], []
    for left in (0, side // 2 - CROP // 2, side - CROP):
        first, last = max(0, left - REACH), min(side, left + CROP + REACH)
        piece = picture[..., first:last, first:last].contiguous(memory_format=torch.channels_last)
        inner = slice(4 * (left - first), 4 * (left - first + CROP))
        outer = slice(4 * left, 4 * (left + CROP))
        with torch.inference_mode():
            whole, best = (
                one(piece.to(kind)).float().clamp_(0, 1)[..., inner, inner]
                for one, kind in ((network, dtype), (exact, torch.float32))
            )
        from_one_piece.append(_difference(whole, enlarged[..., outer, outer]))
        of_precision.append(_difference(whole, best))
    result = {
        "side": side, "blocks": options.blocks, "precision": options.precision, "seconds": round(seconds),
        "budget_mb": budget // 10**6,
        "least_for_exact_mb": tiles.least_memory(network.config, side, side, dtype) // 10**6,
        "picture_and_result_mb": (picture.nbytes + enlarged.nbytes) // 10**6,
        "peak_before_mb": before // 10**6, "peak_mb": peak // 10**6,
        "from_one_piece_levels": max(from_one_piece), "of_the_precision_levels": max(of_precision),
        "compromises": said,
    }  # fmt: skip
    for name, value in result.items():
        print(f"{name.replace('_', ' ')}: {value}")
    print(json.dumps(result))


def _load(device: torch.device, dtype: torch.dtype, blocks: int) -> RRDBNet:
    """Real-ESRGAN with its first blocks alone, for a quicker look at the same memory."""
    network = load("realesrgan-x4plus", device, dtype)
    network.trunk.blocks = network.trunk.blocks[:blocks]
    network.config = replace(network.config, num_blocks=blocks)
    return network


def _difference(one: torch.Tensor, other: torch.Tensor) -> tuple[float, float]:
    """At the most, and root mean square, in levels of 255."""
    apart = 255 * (one - other).double()
    return round(float(apart.abs().max()), 3), round(float(apart.square().mean() ** 0.5), 3)


if __name__ == "__main__":
    main()
