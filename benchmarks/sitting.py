"""Whether a long sitting in the studio grows: many batches, then the studio's cell run again and again.

python benchmarks/sitting.py [--batches 60] [--runs 20] [--steps 2] [--tiny]

All in one Jupyter kernel, whose history keeps what cells show. After the first five of each kind, memory and
the number of widgets should stay.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from jupyter_client.manager import start_new_kernel

FIRST = 5  # after so many, nothing should grow any more
MARGIN = 50_000_000  # bytes by which memory may differ all the same
LONGEST = 600  # seconds that a cell may take
CELL = """
import bigart_lib
from bigart_lib.studio import studio

studio(bigart_lib.load("embedded", device="cpu"), {folder!r})
"""
TINY = """
from pathlib import Path

from tiny_set import write_tiny_set

from bigart_lib.weights import sets

tiny_set = write_tiny_set(Path({folder!r}))
sets.SETS["embedded"] = lambda: tiny_set
"""
ARTIST = """
import sys
sys.path[:0] = [{checkout!r}, {checkout!r} + "/tests"]

def find(widget, name):
    if getattr(widget, "description", "").startswith(name) and not widget.disabled:
        return widget
    found = (find(child, name) for child in getattr(widget, "children", ()))
    return next((one for one in found if one is not None), None)

def words(widget):
    mine = [widget.value] if "bigart-status" in widget._dom_classes else []
    return sum((words(child) for child in getattr(widget, "children", ())), mine)

def click(page, name):
    '''Click a button, and wait until what it begins is done: until then it can be cancelled.'''
    import time

    button = find(page, name)
    if button is None:
        raise RuntimeError(f"{{name}} cannot be clicked; the page says {{words(page)}}")
    button.click()
    while find(page, "Cancel") is not None:
        time.sleep(0.05)

def paint(page, number, steps):
    find(page, "Steps").value = steps
    find(page, "Prompt").value = f"sunset over a lake {{number}}"
    click(page, "Create")
    click(page, "3: ")
    click(page, "☆")

def measure():
    import ipywidgets, psutil

    widgets = getattr(ipywidgets.widgets.widget, "_instances", None)
    widgets = ipywidgets.Widget.widgets if widgets is None else widgets  # before ipywidgets 8
    return psutil.Process().memory_info().rss, len(widgets)
"""


class Kernel:
    """A kernel in which an artist works."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel()

    def run(self, code: str, value: str = "None"):
        """Run a cell, and give what an expression is worth after it."""
        reply = self.client.execute_interactive(
            code, output_hook=lambda _: None, user_expressions={"it": value}, timeout=LONGEST
        )["content"]
        if reply["status"] != "ok":
            raise RuntimeError("\n".join(reply["traceback"]))
        return eval(reply["user_expressions"]["it"]["data"]["text/plain"])

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def series(kernel: Kernel, kind: str, count: int, code: str, page: str) -> dict:
    """Do something again and again; give what there was after five times, and how much more later."""
    measured = []
    for number in range(1, count + 1):
        kernel.run(code)
        kernel.run(page.format(number=number))
        measured.append(kernel.run("", "measure()"))
        if number % FIRST == 0:
            print(f"{kind:8}{number:4}{measured[-1][0] / 1e6:9.0f} MB{measured[-1][1]:7} widgets", flush=True)
    base, later = measured[min(FIRST, count) - 1], measured[FIRST:] or measured[-1:]
    memory, widgets = (max(one[place] for one in later) - base[place] for place in (0, 1))
    return {"memory": base[0], "widgets": base[1], "more_memory": memory, "more_widgets": widgets,
            "flat": memory <= MARGIN and widgets <= 0}  # fmt: skip


def main():
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2, help="of a batch")
    parser.add_argument("--tiny", action="store_true", help="with the networks of the tests")
    options = parser.parse_args()
    kernel = Kernel()
    paint = f"paint(page, {{number}}, {options.steps})"
    try:
        with tempfile.TemporaryDirectory() as folder:
            kernel.run(ARTIST.format(checkout=str(Path(__file__).parent.parent)))
            if options.tiny:
                kernel.run(TINY.format(folder=folder))
            cell = CELL.format(folder=f"{folder}/pictures")
            kernel.run(cell)
            kernel.run("page = _")
            batches = series(kernel, "batches", options.batches, "", paint)
            runs = series(kernel, "runs", options.runs, cell, f"page = _; {paint}; click(page, 'Make 1K')")
    finally:
        kernel.close()
    for kind, found in (("batches", batches), ("runs", runs)):
        words = "flat" if found["flat"] else "not flat"
        print(f"{kind}: {words}, {found['more_memory'] / 1e6:+.0f} MB, {found['more_widgets']:+} widgets")
    print(json.dumps({"benchmark": "sitting", "batches": batches, "runs": runs}))


if __name__ == "__main__":
    main()
