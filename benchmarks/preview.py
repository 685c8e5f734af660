"""How soon a slider of the studio shows its texture, against laying it over the whole picture.

python benchmarks/preview.py [--side 4096]
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from bigart_lib import machine
from bigart_lib.finish import texture
from bigart_lib.finish.texture import TexturePreview
from bigart_lib.pictures import images
from bigart_lib.settings import TextureSettings
from bigart_lib.studio import parts

CROP = 512  # px a side
RUNS = 7


def seconds(work):
    """The median of several runs, after one to warm up."""
    work()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main():
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    side = parser.parse_args().side
    picture = torch.rand(1, 3, side, side)
    preview = TexturePreview(picture, [1])
    start = (side - CROP) // 2 + 100  # across four tiles
    box = (start, start, start + CROP, start + CROP)
    print(f"{side} px, {machine.describe(torch.device('cpu'), torch.float32)}")
    print("size   preview   whole picture   ratio")
    rows = []
    for size in (1, 5, 9):
        settings = TextureSettings(0.05, size)
        fast = seconds(lambda settings=settings: parts.png(preview.crop(settings, box)))
        whole = seconds(
            lambda settings=settings: images.to_image(texture.add(picture, settings, [1])).crop(box)
        )
        rows.append({"size": size, "preview_s": fast, "whole_s": whole, "ratio": whole / fast})
        print(f"{size:4} {1000 * fast:6.0f} ms {1000 * whole:12.0f} ms {whole / fast:7.1f}")
    print(json.dumps({"benchmark": "preview", "side": side, "rows": rows}))


if __name__ == "__main__":
    main()
