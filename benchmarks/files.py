"""How fast, and in how much memory, a large picture is written, and its recipe read back, in each format.

    python benchmarks/files.py --side 16384 --folder /tmp

The baseline is Pillow, which writes 8-bit PNG, the only format of the first versions, from a picture that is
whole in memory. Ours are written from 16-bit levels that lie on the disk, as a stream. Each case is a process
of its own; memory is what the process holds of its own, without pages of files that the system can take back.
Seconds are those of the processor. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import numpy as np
from PIL import Image

from bigart_lib.pictures import recipe, writing
from bigart_lib.printing.ready import print_ready
from bigart_lib.printing.settings import PrintSettings

BASELINE = "png 8 bit, Pillow"
WAYS = {  # the name of the file, and bits a colour
    "png 8 bit": ("a.png", 8), "png 16 bit": ("a.png", 16), "tiff 16 bit": ("a.tif", 16),
    "pdf 16 bit": ("a.pdf", 16), "jpeg": ("a.jpg", 8),
}  # fmt: skip
PRINT = "print of tiff, pdf 16 bit"
POLL = 0.02  # seconds
TEXTS = {"bigart": json.dumps({"models": "embedded", "prompt": "a lake"})}


def draw(path: Path, side: int) -> None:
    """Levels with a gradient and grain, strip by strip."""
    levels = np.lib.format.open_memmap(path, "w+", np.uint16, (side, side, 3))
    random = np.random.default_rng(0)
    for top in range(0, side, 256):
        rows = np.arange(top, min(top + 256, side))[:, None, None] / side
        noise = random.normal(0, 0.02, (len(rows), side, 3))
        levels[top : top + 256] = (np.clip(0.1 + 0.8 * rows + noise, 0, 1) * 65535).astype(np.uint16)


def own_memory() -> int:
    """Bytes that the process holds, without pages of files."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line) * 1024


def measure(way: str, folder: Path) -> None:
    """Print what one way takes, as JSON."""
    levels = np.load(folder / "levels.npy", mmap_mode="r")
    peak, done = [own_memory()], threading.Event()

    def watch() -> None:
        while not done.wait(POLL):
            peak[0] = max(peak[0], own_memory())

    threading.Thread(target=watch, daemon=True).start()
    target = folder / way.replace(" ", "-").replace(",", "")
    target.mkdir()
    began, spent = time.perf_counter(), time.process_time()
    if way == BASELINE:
        Image.fromarray((levels // 257).astype(np.uint8)).save(target / "a.png", compress_level=4)
        path = target / "a.png"
    elif way == PRINT:
        side = f"{len(levels) / 300 * 25.4:.1f}"
        settings = PrintSettings(paper=f"{side}x{side}mm", bleed=3)
        (path, *_) = print_ready(folder / "tiff-16-bit" / "a.tif", target, settings)
    else:
        path = target / WAYS[way][0]
        writing.save(levels, path, TEXTS, form=writing.Form(depth=WAYS[way][1]))
    wrote = time.process_time() - spent
    seconds, spent = time.perf_counter() - began, time.process_time()
    if way in WAYS:
        assert recipe.read(path)[0].prompt == "a lake"
    read = time.process_time() - spent
    done.set()
    print(json.dumps([wrote, seconds, read, peak[0], path.stat().st_size]))


def main() -> None:
    """Run every case; print a table, then a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", type=int, default=4096, help="px")
    parser.add_argument("--folder", type=Path, default=None, help="on a disk with room: 20 GB for 16384 px")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(options.way, options.folder)
        return
    results = []
    with TemporaryDirectory(dir=options.folder) as folder:
        draw(Path(folder) / "levels.npy", options.side)
        print(f"{'way':>26} {'CPU s':>7} {'ratio':>6} {'s':>6} {'read':>6} {'own MB':>7} {'file MB':>8}")
        for way in (BASELINE, *WAYS, PRINT):
            command = [sys.executable, __file__, "--way", way, "--folder", folder]
            ended = subprocess.run(command, capture_output=True, text=True, check=True)
            wrote, seconds, read, peak, size = json.loads(ended.stdout.splitlines()[-1])
            result = {"way": way, "cpu": round(wrote, 2), "seconds": round(seconds, 2)}
            result |= {"read": round(read, 2), "own_mb": round(peak / 1e6), "file_mb": round(size / 1e6)}
            results.append(result)
            ratio = wrote / results[0]["cpu"]
            print(
                f"{way:>26} {wrote:>7.1f} {ratio:>6.2f} {seconds:>6.1f} {read:>6.1f} {result['own_mb']:>7} "
                f"{result['file_mb']:>8}",
                flush=True,
            )
    print(json.dumps({"benchmark": "files", "side": options.side, "results": results}))


if __name__ == "__main__":
    main()
