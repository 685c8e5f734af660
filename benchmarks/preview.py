"""How soon a slider of the studio shows its texture, against laying it over the whole picture.

    python benchmarks/preview.py [--side 4096]

The median of several, after one to warm up; the last line is JSON.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import torch

from benchmarks import cases
from bigart_lib.finish import texture
from bigart_lib.finish.texture import TexturePreview
from bigart_lib.pictures import images
from bigart_lib.settings import TextureSettings
from bigart_lib.studio import parts

CROP = 512  # px a side
RUNS = 7
SIZES = (1, 5, 9)  # of the clumps


def measure(options: argparse.Namespace) -> dict:
    """A part against the whole, for each size of the clumps; a table."""
    side, rows = options.side, []
    picture = torch.rand(1, 3, side, side)
    preview = TexturePreview(picture, [1])
    start = max(0, (side - CROP) // 2 + 100)  # across four tiles
    box = (start, start, start + CROP, start + CROP)

    def part(settings: TextureSettings) -> None:
        parts.png(preview.crop(settings, box))

    def whole(settings: TextureSettings) -> None:
        images.to_image(texture.add(picture, settings, [1])).crop(box)

    for size in SIZES:
        works = [partial(way, TextureSettings(0.05, size)) for way in (part, whole)]
        for work in works:
            work()
        fast, slow = (cases.seconds(work, RUNS) for work in works)
        rows.append({"size": size, "preview_s": fast, "whole_s": slow, "times": slow / fast})
    cases.table(rows)
    ratios = {f"size {row['size']}": row["times"] for row in rows}
    return {"benchmark": "preview", "side": side, "rows": rows, "ratios": ratios}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--side", type=int, default=4096, help="px of the picture")


if __name__ == "__main__":
    cases.main(__doc__, add_options, measure)
