"""How soon a gallery of many pictures is made, and how soon a browser shows it.

    python benchmarks/gallery.py [--pictures 1000] [--rounds 5]

The baseline of making is Pillow, which makes the same small pictures and nothing else. The baseline of
opening is the plain page that one would write by hand: every picture itself in a row, which the browser reads
and shrinks. A page counts as open when the pictures within its window are decoded and two frames are drawn
after that; both pages are opened in turn, each in a new Chromium context, and the medians count. The last
line is JSON.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

import numpy as np
from PIL import Image

from bigart_lib.gallery.beside import HEIGHT
from bigart_lib.gallery.making import make
from bigart_lib.pictures import writing

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIDE = 256  # px of a picture
EACH = 7  # pictures of a prompt
DRAWN = 100  # the others are copies of these
OPEN = """async () => {
  const seen = [...document.images].filter((one) => one.getBoundingClientRect().top < innerHeight);
  await Promise.all(seen.map((one) => one.decode()));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() / 1000;
}"""


def draw(folder: Path, count: int) -> None:
    """Soft colours with grain, seven of each prompt."""
    random = np.random.default_rng(0)
    for number in range(min(count, DRAWN)):
        soft = Image.fromarray((random.random((5, 5, 3)) * 255).astype(np.uint8))
        soft = np.asarray(soft.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
        values = np.clip(soft + random.normal(0, 6, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
        recipe = {"models": "embedded", "prompt": f"colours, set {number // EACH}", "index": number % EACH}
        recipe |= {"generate": {"seed": number // EACH, "count": EACH}, "stage": str(SIDE)}
        writing.save(Image.fromarray(values), folder / f"{number}.png", {"bigart": json.dumps(recipe)})
    for number in range(DRAWN, count):
        shutil.copyfile(folder / f"{number % DRAWN}.png", folder / f"{number}.png")


def by_pillow(folder: Path, target: Path) -> None:
    """The small pictures alone."""
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            image.thumbnail((3 * HEIGHT, HEIGHT))
            image.save(target / f"{path.stem}.webp", quality=80)


def plain_page(folder: Path) -> Path:
    """The page of the pictures themselves."""
    page = folder / "plain.html"
    images = (f'<img src="{escape(path.name)}" height="220">' for path in sorted(folder.glob("*.png")))
    page.write_text(f"<!doctype html><meta charset=utf-8>{' '.join(images)}", encoding="utf-8")
    return page


def timed(work: object, *arguments: object) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    began, spent = time.perf_counter(), time.process_time()
    work(*arguments)
    return time.perf_counter() - began, time.process_time() - spent


def opened(pages: dict[str, Path], rounds: int) -> dict[str, float]:
    """Median seconds until each page is open."""
    from playwright.sync_api import sync_playwright

    seconds = {name: [] for name in pages}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for turn in range(rounds + 1):
            for name, page in pages.items():
                context = browser.new_context(viewport={"width": 1600, "height": 1000})
                shown = context.new_page()
                shown.goto(page.as_uri(), wait_until="commit")
                shown.wait_for_load_state("domcontentloaded")
                took = shown.evaluate(OPEN)
                if turn:  # the first warms up
                    seconds[name].append(took)
                context.close()
        browser.close()
    return {name: statistics.median(all_of_it) for name, all_of_it in seconds.items()}


def main() -> None:
    """Make and open; print a table, then a line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        folder, small = Path(place) / "pictures", Path(place) / "small"
        folder.mkdir(), small.mkdir()
        draw(folder, options.pictures)
        ways = {
            "small pictures, Pillow": (by_pillow, folder, small),
            "gallery, first": (make, folder, lambda *_: ({}, "")),
            "gallery, again": (make, folder, lambda *_: ({}, "")),
        }
        made = {name: timed(*way) for name, way in ways.items()}
        page = (folder / "gallery.html").stat().st_size
        beside = sum(path.stat().st_size for path in (folder / "gallery_files").iterdir())
        shown = opened({"plain page": plain_page(folder), "gallery": folder / "gallery.html"}, options.rounds)
    results = {
        "pictures": options.pictures,
        "page_mb": round(page / 1e6, 2),
        "beside_mb": round(beside / 1e6, 1),
    }
    baseline = made["small pictures, Pillow"][1]
    print(f"{'making':>24} {'s':>6} {'CPU s':>6} {'ratio':>6}")
    for name, (seconds, spent) in made.items():
        print(f"{name:>24} {seconds:>6.1f} {spent:>6.1f} {spent / baseline:>6.2f}")
        results[name] = {"seconds": round(seconds, 2), "cpu": round(spent, 2)}
    print(f"{'opening':>24} {'s':>6} {'ratio':>6}")
    for name, seconds in shown.items():
        print(f"{name:>24} {seconds:>6.2f} {seconds / shown['plain page']:>6.2f}")
        results[f"open {name}"] = round(seconds, 3)
    print(json.dumps({"benchmark": "gallery", **results}))


if __name__ == "__main__":
    main()
