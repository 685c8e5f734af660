"""How soon the embedded VQGAN finds its codes, against the whole matrix of distances and its argmin in parts.

    python benchmarks/quantise.py [--side 512]

Each way is a process of its own, for its memory. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from benchmarks.peak import peak_memory
from bigart_lib import machine
from bigart_lib.finish import vqgan
from bigart_lib.weights import sets as model_sets

PLAIN_AT_ONCE = 2**22  # entries of the matrix of distances
RUNS = 3


def plain(codes: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """Indices of the nearest codes, as one would write it."""
    squares, rows = codes.square().sum(1), latents.permute(0, 2, 3, 1).flatten(0, 2)
    parts = rows.split(max(1, PLAIN_AT_ONCE // len(codes)))
    return torch.cat([torch.addmm(squares, part, codes.T, alpha=-2).argmin(1) for part in parts])


def measure(way: str, side: int) -> None:
    """Print seconds of the fastest run, and the most memory in MB that it took beside what was there."""
    network = vqgan.load(model_sets.embedded().enhancer)
    codes = network.quantize.embedding.weight
    size = side // vqgan.downsampling(network)
    torch.manual_seed(0)
    latents = codes[torch.randint(len(codes), (size * size,))].T.reshape(1, -1, size, size).contiguous()
    before, times = peak_memory(), []
    for _ in range(RUNS):
        started = time.perf_counter()
        if way == "plain":
            plain(codes, latents)
        else:
            vqgan.quantise(network, latents)
        times.append(time.perf_counter() - started)
    print(json.dumps([min(times), (peak_memory() - before) / 1e6, len(codes)]))


def main() -> None:
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="px; at 1024 the plain way takes over 20 GB")
    parser.add_argument("--way", choices=("plain", "ours"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(options.way, options.side)
        return
    rows = {}
    for way in ("plain", "ours"):
        command = [sys.executable, __file__, "--side", str(options.side), "--way", way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows[way] = json.loads(done.stdout.splitlines()[-1])
    count = rows["ours"][2]
    print(f"{options.side} px, {count} codes, {machine.describe(torch.device('cpu'), torch.float32)}")
    for way, (seconds, megabytes, _) in rows.items():
        print(f"{way:>6} {seconds:6.2f} s {megabytes:8.0f} MB")
    ratios = {"faster": rows["plain"][0] / rows["ours"][0], "plain_mb": rows["plain"][1]}
    print(json.dumps({"benchmark": "quantise", "codes": count, **ratios, "ours_mb": rows["ours"][1]}))


if __name__ == "__main__":
    main()
