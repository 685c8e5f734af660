"""A studio in a real browser, for tests: a server that shows it, and an artist who looks and clicks."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SECONDS = 1000  # milliseconds
PATIENCE = int(os.environ.get("BIGART_PATIENCE", 120))  # seconds that a page may take for anything
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(os.environ.get("BIGART_SCREENSHOTS", "test_screenshots")).absolute()  # kept as artefacts
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells') }"


def marks(*tools, timeout=600):
    """The marks of a file whose tests need a browser and these packages."""
    import pytest  # which pictures of the studio and its benchmark do without

    missing = [name for name in ("playwright", *tools) if not find_spec(name)]
    missing += [] if CHROMIUM else ["chromium"]
    needs = f"needs {', '.join(missing)}"
    return [
        pytest.mark.browser,
        pytest.mark.timeout(timeout),
        pytest.mark.skipif(bool(missing), reason=needs),
    ]


def show_notebook(page, address, kind, name):
    """Show a notebook on a server of Voila's, or in JupyterLab, where all of its cells are run."""
    if kind != "jupyterlab":
        page.goto(address)
        return
    page.goto(f"{address}lab/tree/{name}")
    page.wait_for_function("window.jupyterapp && document.querySelector('.jp-CodeCell')")
    page.wait_for_function("jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready")
    page.evaluate(RUN_ALL)


TINY = """
import sys, pathlib, tempfile
sys.path[:0] = [{root!r}, {tests!r}]
import torch
torch.set_num_threads(1)
from bigart_lib.weights import sets as model_sets
from tiny_set import write_tiny_set
tiny = write_tiny_set(pathlib.Path(tempfile.mkdtemp()))
model_sets.SETS["embedded"] = lambda: tiny
import bigart_lib
from bigart_lib.studio import studio
studio(bigart_lib.load("embedded", device="cpu"), {pictures!r})
"""


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def write_notebook(path, source):
    """A notebook of one cell."""
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": source.strip(), "outputs": []}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [{**cell, "execution_count": None}], "metadata": {"kernelspec": kernel}}
    path.write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def tiny_cell(folder):
    """What shows a studio with tiny models."""
    return TINY.format(root=str(ROOT), tests=str(ROOT / "tests"), pictures=str(folder / "pictures"))


def tiny_studio(folder):
    """A notebook whose one cell shows a studio with tiny models."""
    return write_notebook(folder / "studio.ipynb", tiny_cell(folder))


def answers(port):
    """Whether a server on this machine answers, be it that it does not know the page."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def surroundings():
    """The environment of a server: this project's library, and no network."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "BIGART_OFFLINE": "1", "JUPYTER_PLATFORM_DIRS": "1"}


@contextlib.contextmanager
def serve(command, port, log):
    """Run a server until its page answers, and end it after."""
    with open(log, "wb") as output:
        server = subprocess.Popen(command, env=surroundings(), stdout=output, stderr=subprocess.STDOUT)
    try:
        while not answers(port):
            if server.poll() is not None:
                said = Path(log).read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"the server ended: {said[-2000:]}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


STUDIO = """
import sys
from bigart_lib.cli import main, serving, studio
studio.CELL, serving.IDLE, serving.CHECK = {cell!r} or studio.CELL, {idle}, min({idle}, serving.CHECK)
{prepare}
sys.exit(main.main(["studio", "--no-browser", *{options!r}]))
"""


@contextlib.contextmanager
def bigart_studio(folder, *options, cell="", idle=900, prepare=""):
    """`bigart studio` as a process with an `address`, once it has told it; ended after.

    `cell` takes the place of what shows the studio, `idle` seconds that of what ends a kernel; `prepare` is
    more that runs before. What it says is in the file `said`, its temporary files in the folder `temporary`.
    """
    cell = cell.replace("{", "{{").replace("}", "}}")
    options = [f"--out={folder / 'bigart_pictures'}", "--models=embedded", *options]
    source = STUDIO.format(cell=cell, idle=idle, prepare=prepare, options=options)
    (folder / "temporary").mkdir(exist_ok=True)
    environment = {**surroundings(), "TMPDIR": str(folder / "temporary")}
    with open(folder / "said", "wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", source], cwd=folder, env=environment,
            stdout=subprocess.PIPE, stderr=said, start_new_session=True, text=True,
        )  # fmt: skip
    try:
        line = server.stdout.readline()
        server.address = next((word for word in line.split() if word.startswith("http")), None)
        if server.address is None:
            raise RuntimeError(f"the studio ended: {(folder / 'said').read_text()}")
        yield server
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def kernels(process):
    """The kernels that a process has started."""
    import psutil

    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            if "ipykernel_launcher" in child.cmdline():
                found.append(child)
    return found


def voila(notebook, port):
    """The command that shows a notebook as a page."""
    return [
        *(sys.executable, "-m", "voila", str(notebook), f"--port={port}", "--no-browser"),
        "--Voila.ip=127.0.0.1",
    ]


def jupyterlab(notebook, port):
    """The command that shows a notebook in JupyterLab."""
    return [
        *(sys.executable, "-m", "jupyterlab", f"--notebook-dir={notebook.parent}", f"--port={port}"),
        *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="),
        "--expose-app-in-browser",
    ]


@contextlib.contextmanager
def open_page(width=1100, height=3400):
    """A page of a new browser that reaches this machine alone; `page.refused` lists what else it asked."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.refused, page.errors = [], []

        def route(route):
            address = route.request.url
            if address.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:")):
                route.continue_()
            else:
                page.refused.append(address)
                route.abort()

        page.context.route("**/*", route)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.set_default_timeout(PATIENCE * SECONDS)
        yield page
        browser.close()


class Artist:
    """Looks at a studio's page and does what people do there."""

    def __init__(self, page, shots, address=None):
        self.page, self.shots = page, Path(shots)
        self.shots.mkdir(parents=True, exist_ok=True)
        if address:
            page.goto(address)
        page.wait_for_selector(".bigart-studio[data-bigart=started]")

    def card(self, number):
        return self.page.locator(".bigart-card").nth(number - 1)

    def button(self, words, card=None):
        where = self.page if card is None else self.card(card)
        return where.locator("button", has_text=words).first

    def step(self, name):
        """Turn to a step of the way from the picked one to its print: 1K, 4K or Print."""
        self.page.locator("button.bigart-tab", has_text=name).click()

    def status(self, *_):
        return self.page.locator(".bigart-status [role]").last

    def wait_for(self, *words):
        """Until the status line says some words."""
        self.page.locator(".bigart-status", has_text=words[-1]).wait_for()

    def create(self, prompt="sunset over a lake"):
        field = self.page.locator(".bigart-prompt input")
        field.fill(prompt)
        self.button(re.compile("(Create|Queue) 7")).click()

    def thumbnail(self, number):
        return self.page.locator("button.bigart-thumb").nth(number - 1)

    def picked(self):
        """Numbers of the thumbnails that are marked as picked."""
        return [n for n in range(1, 8) if "bigart-picked" in self.thumbnail(n).get_attribute("class")]

    def image(self, card):
        """The picture that a card shows at 1:1, by its address on the page."""
        return self.card(card).locator(".bigart-crop").get_attribute("src")

    def until(self, look, expected=True, seconds=60):
        """Wait until looking gives what is expected."""
        deadline = time.monotonic() + seconds
        while (seen := look()) != expected:
            assert time.monotonic() < deadline, f"expected {expected!r}, still {seen!r}"
            self.page.wait_for_timeout(50)

    def until_other(self, look, than, seconds=60):
        """Wait until looking gives something else."""
        self.until(lambda: look() != than, True, seconds)

    def shoot(self, name):
        """Keep a picture of the studio."""
        self.page.locator(".bigart-studio").screenshot(path=self.shots / f"{name}.png")

    def shoot_cards(self, name, first, last):
        """Keep a picture of some cards, as a strip of the page."""
        top, end = self.card(first).bounding_box(), self.card(last).bounding_box()
        area = {"x": top["x"] - 12, "y": top["y"] - 12, "width": top["width"] + 24}
        area["height"] = end["y"] + end["height"] - top["y"] + 24
        self.page.screenshot(path=self.shots / f"{name}.png", clip=area)
