"""How soon the studio answers an artist in a browser, and whether a long sitting grows there.

python benchmarks/studio.py [--batches 50] [--runs 100] [--embedded]

By default with tiny models: what is timed is the page and the kernel, not the painting. Needs the extra
`browser` and Chromium. Times are the median of several, from the click until the page has changed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import browser
import psutil

TIMES = 10  # of each click; of two that alternate, the last is the second
FIRST = 10  # batches after which nothing should grow any more
SIZE = (1280, 800)
# Does something on the page, and tells after how many milliseconds a look at it has changed.
REACTION = """async ([act, look]) => {
  const see = new Function('return ' + look);
  const before = see(), began = performance.now();
  new Function(act)();
  while (see() === before && performance.now() - began < 20000) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
PICKED = "document.querySelector('.bigart-thumb.bigart-picked')?.textContent"
CROP = "[...document.querySelectorAll('.bigart-crop')].find((one) => one.offsetParent)?.src"
SLIDER = "[...document.querySelectorAll('.bigart-card .noUi-handle')].find((one) => one.offsetParent)"
STATUS = "document.querySelector('.bigart-status').textContent"


def press(selector):
    """A script that clicks what it finds first."""
    return f"document.querySelector({json.dumps(selector)}).click()"


def key(selector, name):
    """A script that presses a key on an element."""
    return f"{selector}.dispatchEvent(new KeyboardEvent('keydown', {{key: '{name}', bubbles: true}}))"


def reactions(artist):
    """Milliseconds of each kind of click, by its name."""
    page = artist.page

    def median(acts, look):
        taken = []
        for number in range(TIMES):
            taken.append(page.evaluate(REACTION, [acts[number % len(acts)], look]))
            page.wait_for_timeout(150)
        return statistics.median(taken)

    picks = [press(f"button.bigart-thumb:nth-child({number})") for number in (2, 1)]
    tabs = [press(f"button.bigart-tab:nth-child({number})") for number in (2, 1)]
    stars = "document.querySelectorAll('.bigart-starred').length"
    examples = [press(f"button.bigart-example:nth-child({number})") for number in (1, 2)]
    return {
        "pick another": median(picks, PICKED),
        "favourite": median([press("button.bigart-favourite")], stars),
        "turn to another step": median(
            tabs, "document.querySelector('.bigart-tab.bigart-chosen')?.textContent"
        ),
        "take an example": median(examples, "document.querySelector('.bigart-prompt input').value"),
        "list of keys": median(
            [press(".bigart-nav[data-opens=help]"), press(".bigart-help button.bigart-close")],
            "document.querySelectorAll('dialog[open]').length",
        ),
        "slider to preview": median([key(SLIDER, "ArrowRight"), key(SLIDER, "ArrowLeft")], CROP),
        "create": page.evaluate(REACTION, [press("button.bigart-create"), STATUS]),
        "cancel": page.evaluate(REACTION, [press("button.bigart-cancel"), STATUS]),
    }


def memory(server, page):
    """Bytes of the kernel, and of the page's scripts, and its elements."""
    (kernel,) = browser.kernels(server)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {
        "kernel": psutil.Process(kernel.pid).memory_info().rss,
        "page": told["JSHeapUsedSize"],
        "elements": told["Nodes"],
    }


def sit(artist, server, batches):
    """Paint many batches, and pick one of each; memory after each."""
    seen = []
    for number in range(batches):
        artist.create(f"a lake {number}")
        artist.wait_for("Painting: ")
        artist.page.locator(".bigart-status", has_text="7 pictures in").wait_for()
        artist.thumbnail(1 + number % 7).click()
        artist.until(artist.picked, [1 + number % 7])
        seen.append(memory(server, artist.page))
    return seen


def copy_runs(folder, count):
    """Make copies of the one run in a folder, as if each had been painted, of its small files alone."""
    import shutil

    run = next(folder.glob("*/run.json")).parent
    values = json.loads((run / "run.json").read_text(encoding="utf-8"))
    for number in range(count):
        target = folder / f"copy-{number}"
        shutil.copytree(run, target)
        values["id"] = f"{number:032x}"
        (target / "run.json").write_text(json.dumps(values), encoding="utf-8")


def main():
    """Print tables and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--runs", type=int, default=100, help="batches in the gallery")
    parser.add_argument("--embedded", action="store_true", help="with the models that come with the library")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, browser.open_page(*SIZE) as page:
        folder = Path(place)
        cell = "" if chosen.embedded else browser.tiny_cell(folder)
        pictures = folder / ("bigart_pictures" if chosen.embedded else "pictures")
        with browser.bigart_studio(folder, cell=cell) as server:
            began = time.monotonic()
            page.goto(server.address)
            artist = browser.Artist(page, folder / "shots")
            usable = time.monotonic() - began
            artist.create("a lake")
            artist.wait_for("7 pictures in")
            artist.thumbnail(1).click()
            artist.until(artist.picked, [1])
            artist.button("Make 1K", 3).click()
            artist.wait_for("Made in")
            artist.step("1K")
            artist.button("Examples").click()
            taken = reactions(artist)
            copy_runs(pictures, chosen.runs)
            listed = f"document.querySelectorAll('.bigart-runs section').length >= {chosen.runs}"
            look = press(".bigart-nav[data-opens=gallery]")
            opening = page.evaluate(REACTION, [look, listed])
            page.keyboard.press("Escape")
            seen = sit(artist, server, chosen.batches)
    print(f"page usable   {usable:.1f} s")
    for name, milliseconds in {**taken, f"gallery of {chosen.runs} batches": opening}.items():
        print(f"{milliseconds:8.0f} ms  {name}")
    for name in ("kernel", "page", "elements"):
        first, last = seen[min(FIRST, len(seen)) - 1][name], seen[-1][name]
        grown = f"{last / first:.2f} times"
        print(f"{name}: {first:,.0f} after {FIRST} batches, {last:,.0f} after {len(seen)}: {grown}")
    result = {"usable_s": usable, "milliseconds": {**taken, "gallery": opening}, "memory": seen}
    print(json.dumps({"benchmark": "studio", **result}))


if __name__ == "__main__":
    main()
