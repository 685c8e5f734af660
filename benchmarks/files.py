"""How fast, and in how much memory, a large picture is written, and its recipe read back, in each format.

    python benchmarks/files.py --side 16384 --folder /tmp

The baseline is Pillow, which writes 8-bit PNG, the only format of the first versions, from a picture that is
whole in memory. Ours are written from 16-bit levels that lie on the disk, as a stream; "as 0.11" chooses a
PNG's filter for each row and rounds on one thread. The picture is one of the gallery's with 3 % of texture.
Each case is a process of its own; memory is what the process holds of its own, without pages of files that
the system can take back. Seconds are those of the processor.

The end of a run is what comes after the last enlarging: the unrounded result is kept, texture is laid, and
the picture is written with its hashes and noted in the journal; in 0.11 one after the other. What that takes
beyond the texture is what its files cost. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import numpy as np
from PIL import Image

from bigart_lib.pictures import encoding, recipe, rounding, writing
from bigart_lib.printing.ready import print_ready
from bigart_lib.printing.settings import PrintSettings

BASELINE = "png 8 bit, Pillow"
OLD = ", as 0.11"  # how the names of ways end that are those of that version
WAYS = {  # the name of the file, and bits a colour
    f"png 8 bit{OLD}": ("a.png", 8), "png 8 bit": ("a.png", 8),
    f"png 16 bit{OLD}": ("a.png", 16), "png 16 bit": ("a.png", 16),
    "tiff 16 bit": ("a.tif", 16), "pdf 16 bit": ("a.pdf", 16), "jpeg": ("a.jpg", 8),
}  # fmt: skip
ENDS = ("no files", f"in turn{OLD}", "behind")  # of a run
PICTURE = Path(__file__).parent.parent / "docs" / "gallery" / "print_landscape.jpg"
TEXTURE = 0.03  # of full scale
PRINT = "print of tiff, pdf 16 bit"
POLL = 0.02  # seconds
REPEATS = 3
TEXTS = {"bigart": json.dumps({"models": "embedded", "prompt": "a lake"})}


def draw(path: Path, side: int) -> None:
    """Levels of a picture with texture, strip by strip."""
    picture = Image.open(PICTURE).convert("RGB")
    edge = min(picture.size)
    levels = np.lib.format.open_memmap(path, "w+", np.uint16, (side, side, 3))
    random = np.random.default_rng(0)
    for top in range(0, side, 256):
        bottom = min(top + 256, side)
        box = (0, top * edge / side, edge, bottom * edge / side)
        rows = np.asarray(picture.resize((side, bottom - top), Image.BICUBIC, box)) / 255
        noise = random.normal(0, TEXTURE, (bottom - top, side, 1))
        levels[top:bottom] = (np.clip(rows + noise, 0, 1) * 65535).astype(np.uint16)


def write_as_before() -> None:
    """Write as 0.11 did, from now on."""
    encoding.png_filter = lambda image: "all"
    rounding.MOST_THREADS = 1


def end_run(way: str, levels: np.ndarray, folder: Path) -> None:
    """Do what a run does after its last enlarging; print what that takes, as JSON."""
    import torch

    from bigart_lib.finish import texture
    from bigart_lib.pictures import images
    from bigart_lib.pictures.results import with_pixels
    from bigart_lib.plan import Step
    from bigart_lib.progress import Cost
    from bigart_lib.runs.run import Run
    from bigart_lib.settings import PaintSettings, TextureSettings

    planes = torch.from_numpy(np.ascontiguousarray(levels.transpose(2, 0, 1)))[None]
    texture.add(planes[..., :64, :64], TextureSettings(TEXTURE), (0,))  # what is slow the first time
    size = levels.shape[1::-1]
    enlarged = Step("enlarged", "enlarge", size, Cost(), "a" * 32, is_shown=False)
    textured = Step("textured", "texture", size, Cost(), "b" * 32)
    made_by = recipe.Recipe("embedded", source="a.png", source_pixels="0", paint=PaintSettings())
    run = Run.new(folder, "a", made_by, {"keep": "all"}, size)
    run.want((None, made_by.paint, (enlarged, textured)))
    work = run.work(None)
    work.begin((enlarged, textured))
    began, spent = time.perf_counter(), time.process_time()
    with nullcontext() if way.endswith(OLD) else run.at_work():
        if way != ENDS[0]:
            work.put(enlarged, planes)
        made = texture.add(planes, TextureSettings(TEXTURE), (0,))
        if way != ENDS[0]:
            image = images.to_image(made)
            work.finish(textured, image, with_pixels(made_by, "textured", image), made)
            work.settle()
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    print(json.dumps([spent, seconds]))


def own_memory() -> int:
    """Bytes that the process holds, without pages of files."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line) * 1024


def measure(way: str, folder: Path) -> None:
    """Print what one way takes, as JSON."""
    levels = np.load(folder / "levels.npy", mmap_mode="r")
    if way.endswith(OLD):
        write_as_before()
    if way in ENDS:
        end_run(way, levels, folder)
        return
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
            wrote, seconds, read, peak, size = call(way, folder)
            result = {"way": way, "cpu": round(wrote, 2), "seconds": round(seconds, 2)}
            result |= {"read": round(read, 2), "own_mb": round(peak / 1e6), "file_mb": round(size / 1e6)}
            results.append(result)
            ratio = wrote / results[0]["cpu"]
            print(
                f"{way:>26} {wrote:>7.1f} {ratio:>6.2f} {seconds:>6.1f} {read:>6.1f} {result['own_mb']:>7} "
                f"{result['file_mb']:>8}",
                flush=True,
            )
        ends = measure_ends(folder)
    print(json.dumps({"benchmark": "files", "side": options.side, "results": results, "end of a run": ends}))


def measure_ends(folder: str) -> dict[str, dict[str, float]]:
    """What files cost at the end of a run, the best of several; printed, too."""
    best: dict[str, list[float]] = {}
    for way in ENDS * REPEATS:
        found = call(way, folder)
        best[way] = [min(pair) for pair in zip(found, best.get(way, found), strict=True)]
    nothing, ends = best[ENDS[0]], {}
    for way in ENDS[1:]:
        cpu, seconds = (round(one - none, 2) for one, none in zip(best[way], nothing, strict=True))
        ends[way] = {"cpu": cpu, "seconds": seconds}
        print(f"{'files, ' + way:>26} {cpu:>7.1f} {'':>6} {seconds:>6.1f}", flush=True)
    return ends


def call(way: str, folder: str) -> list[float]:
    """What a way takes, measured in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--folder", folder]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
