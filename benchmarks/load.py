"""How fast networks of GLIDE's full size load once they are converted, against the files as published.

    python benchmarks/load.py

The numbers in them are random. Each load is a process of its own; the files have been read before, so that
the disk does not count. Needs 5 GB of disk and 4 GB of memory; the last line is JSON.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import torch
from published_files import random_tensors

from bigart_lib.loading import convert

ROOT = Path(__file__).parent.parent
NETWORKS = {"glide-base": "glide_base", "glide-upsampler": "glide_upsample"}
RUNS = 3
LOAD = """
import json, sys, time
from pathlib import Path
from benchmarks.peak import peak_memory
from bigart_lib.generate import network as glide
import diffusers.models.unets.unet_2d_condition, safetensors.torch, torch
started = time.perf_counter()
for path in map(Path, sys.argv[1:]):
    network = glide.load(path).to(memory_format=torch.channels_last)  # as BigArt has them
    del network
seconds = time.perf_counter() - started
print(json.dumps([seconds, peak_memory() / 1e6]))
"""


def measure(paths: list[Path]) -> tuple[float, float]:
    """Median seconds to load networks one after the other, and the most memory in MB."""
    runs = []
    for _ in range(RUNS + 1):  # one to warm up
        command = [sys.executable, "-c", LOAD, *map(str, paths)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return statistics.median(run[0] for run in runs[1:]), max(run[1] for run in runs[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        published, converted = [], []
        for kind, key_list in NETWORKS.items():
            published.append(Path(folder) / f"{kind}.pt")
            torch.save(random_tensors(key_list), published[-1])
            converted.append(published[-1].with_suffix(".safetensors"))
            convert(kind, published[-1], converted[-1])
        as_published, once_converted = measure(published), measure(converted)
    print(f"base and upsampler, fp32, {torch.get_num_threads()} threads")
    for name, (seconds, peak) in (("as published", as_published), ("converted", once_converted)):
        print(f"{name:>14} {seconds:6.1f} s {peak:8.0f} MB")
    ratio = as_published[0] / once_converted[0]
    result = {"published_s": as_published[0], "converted_s": once_converted[0], "ratio": ratio}
    print(json.dumps({"benchmark": "load", **result, "converted_peak_mb": once_converted[1]}))


if __name__ == "__main__":
    main()
