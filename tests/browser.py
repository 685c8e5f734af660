"""A studio in a real browser, for tests: servers that show it, the browser and its pages; see `artist`."""

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

from artist import SHOWN, Artist  # noqa: F401

ROOT = Path(__file__).parent.parent
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # no other machine
)
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
    page.goto(f"{address}lab/tree/{name}?reset")  # else it would open again what tests before had open
    until_lab(page)
    page.evaluate(RUN_ALL)


def until_lab(page):
    """Until the notebook that JupyterLab shows can be run."""
    page.wait_for_function("window.jupyterapp && document.querySelector('.jp-CodeCell')")
    page.wait_for_function("jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready")


TINY = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path, PosixPath, WindowsPath
import torch
torch.set_num_threads(1)
from bigart_lib.weights import ModelSet, Sampling
from bigart_lib.weights import sets as model_sets
tiny = {tiny!r}
model_sets.SETS["embedded"] = lambda: tiny
import bigart_lib
from bigart_lib.studio import studio
studio(bigart_lib.load("embedded", device="cpu"), {pictures})
"""
# Kernels of pages that are closed end soon; the pictures' folder is what the address says.
SHARED = """
import os
from urllib.parse import parse_qs
from bigart_lib.studio import link
link.IDLE, link.CHECK = 60, 2
"""
ASKED = "parse_qs(os.environ['QUERY_STRING'])['pictures'][0]"


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


@functools.cache
def tiny_models():
    """A set of tiny models on disk, written once for all kernels, and the folder that keeps it there."""
    from tiny_set import write_tiny_set

    folder = tempfile.TemporaryDirectory(prefix="bigart-tiny-")
    return write_tiny_set(Path(folder.name)), folder


def tiny_cell(folder):
    """What shows a studio with tiny models."""
    return TINY.format(root=str(ROOT), tiny=tiny_models()[0], pictures=repr(str(folder / "pictures")))


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
def launched():
    """A browser that reaches this machine alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))


@contextlib.contextmanager
def new_page(chromium, width=1100, height=3400, **options):
    """A page as of somebody who was never here; `page.refused` lists what it asked other machines for.

    `options` are playwright's of a context.
    """
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.refused, page.errors = [], []

    def note(request):
        where = urlsplit(request.url)
        if where.scheme not in ("data", "blob", "file") and where.hostname not in ("127.0.0.1", "localhost"):
            page.refused.append(request.url)

    context.on("request", note)
    page.on("pageerror", lambda error: page.errors.append(f"{error} {error.stack}"))
    page.set_default_timeout(PATIENCE * SECONDS)
    yield page
    context.close()


@contextlib.contextmanager
def open_page(width=1100, height=3400, **options):
    """A page of a new browser; see `new_page`."""
    with launched() as chromium, new_page(chromium, width, height, **options) as page:
        yield page


class FrontEnds:
    """Servers of Voila and JupyterLab for all tests of a module, where each gets a kernel of its own."""

    def __init__(self, chromium, folder):
        self.chromium, self._folder, self._count = chromium, folder, 0
        self._stack, self._addresses = contextlib.ExitStack(), {}

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return self._stack.__exit__(*problem)

    @contextlib.contextmanager
    def studio(self, kind, folder, width=1100, height=3400, **options):
        """A page on "voila" or "jupyterlab" whose studio's pictures are in a folder; see `new_page`."""
        with new_page(self.chromium, width, height, **options) as page:
            self.show(page, kind, folder)
            yield page
            if kind == "jupyterlab":
                page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")

    def show(self, page, kind, folder):
        """Show a new studio on a page."""
        address, self._count = self._address(kind), self._count + 1
        if kind == "voila":
            page.goto(f"{address}?pictures={quote(str(folder / 'pictures'))}")
        else:
            name = f"{self._count}.ipynb"
            write_notebook(self._folder / kind / name, tiny_cell(folder))
            show_notebook(page, address, kind, name)
        page.wait_for_selector(SHOWN)

    def _address(self, kind):
        """Of a server that was started when it was first asked for."""
        if kind not in self._addresses:
            folder, port = self._folder / kind, free_port()
            folder.mkdir()
            source = SHARED + TINY.format(root=str(ROOT), tiny=tiny_models()[0], pictures=ASKED)
            notebook = write_notebook(folder / "studio.ipynb", source)
            command = globals()[kind](notebook, port)
            self._addresses[kind] = self._stack.enter_context(serve(command, port, folder / "server.log"))
        return self._addresses[kind]
