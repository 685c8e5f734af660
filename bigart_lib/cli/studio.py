"""`bigart studio`: the studio as a page on this machine alone, shown by Voila or JupyterLab."""

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call

PORT = 8866
# The browser itself refuses whatever else the page would ask for: Voila's own asks a server for fonts.
ONLY_HERE = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws://127.0.0.1:* ws://localhost:*"
HEADERS = f'{{"headers": {{"Content-Security-Policy": "{ONLY_HERE}"}}}}'
CELL = """
import bigart_lib
from bigart_lib.studio import studio

studio(bigart_lib.load({models!r}, announce=print), {pictures!r})
"""


@click.command(short_help="Open the studio in the browser.")
@shared.option("--models", shared.MODELS, "auto", "The set of networks.")
@shared.out
@shared.option("--port", int, PORT, "Of the page.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@click.pass_obj
def studio(call: Call, models: str, out: Path, port: int, no_browser: bool) -> int:
    """Open the studio as a page in the browser, on this machine alone, until it is interrupted."""
    server = next((name for name in SERVERS if find_spec(name)), None)
    if server is None:
        raise ValueError(
            "the studio is a page that Voila or JupyterLab shows, and neither is installed: "
            "python -m pip install voila"
        )
    with tempfile.TemporaryDirectory(prefix="bigart-studio-") as folder:
        notebook = Path(folder) / "studio.ipynb"
        notebook.write_text(json.dumps(_notebook(models, out)), encoding="utf-8")
        command = [sys.executable, "-m", server, *SERVERS[server](notebook, port)]
        if no_browser:
            command.append("--no-browser")
        call.show(f"The studio is at http://localhost:{port}/ in a moment; Ctrl-C ends it.")
        process = subprocess.Popen(command)
        try:
            return process.wait()
        except KeyboardInterrupt as stop:
            if stop.args:  # a request to end, which the server has not got as it gets Ctrl-C
                process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.terminate()
            return 0


def _voila(notebook: Path, port: int) -> list[str]:
    return [
        str(notebook), f"--port={port}", "--Voila.ip=127.0.0.1", f"--Voila.tornado_settings={HEADERS}",
        "--Voila.log_level=WARN",
    ]  # fmt: skip


def _jupyterlab(notebook: Path, port: int) -> list[str]:
    return [
        f"--notebook-dir={notebook.parent}", f"--port={port}", "--ServerApp.ip=127.0.0.1", "--allow-root",
        f"--LabApp.default_url=/lab/tree/{notebook.name}", f"--ServerApp.tornado_settings={HEADERS}",
        "--ServerApp.log_level=WARN",
    ]  # fmt: skip


SERVERS = {"voila": _voila, "jupyterlab": _jupyterlab}  # the first that is installed is taken


def _notebook(models: str, out: Path) -> dict:
    cell = {"cell_type": "code", "id": "studio", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = CELL.format(models=models, pictures=str(out.resolve())).strip()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
