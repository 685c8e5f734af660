"""`bigart studio`: the studio as a page on this machine alone, shown by Voila or JupyterLab."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from bigart_lib.cli.options import MODELS, OUT, new_parser

PORT = 8866
# The browser itself refuses whatever else the page would ask for: Voila's own asks a server for fonts.
ONLY_HERE = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: ws://127.0.0.1:* ws://localhost:*"
HEADERS = f'{{"headers": {{"Content-Security-Policy": "{ONLY_HERE}"}}}}'
CELL = """
import bigart_lib
from bigart_lib.studio import studio

studio(bigart_lib.load({models!r}, announce=print), {pictures!r})
"""


def studio_parser() -> argparse.ArgumentParser:
    """What `bigart studio` takes."""
    parser = new_parser("bigart studio", "Open the studio as a page in the browser, on this machine alone.")
    parser.add_argument(
        "--models", choices=MODELS, default="auto", help=f"{', '.join(MODELS)} (default auto)"
    )
    parser.add_argument("--out", type=Path, default=OUT, help=f"where runs get their folders (default {OUT})")
    parser.add_argument("--port", type=int, default=PORT, help=f"of the page (default {PORT})")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    return parser


def studio_command(options: argparse.Namespace) -> int:
    """Serve the studio until it is interrupted; returns the exit code.

    Raises
    ------
    ValueError
        When neither Voila nor JupyterLab is installed.
    """
    server = next((name for name in SERVERS if find_spec(name)), None)
    if server is None:
        raise ValueError(
            "the studio is a page that Voila or JupyterLab shows, and neither is installed: "
            "python -m pip install voila"
        )
    with tempfile.TemporaryDirectory(prefix="bigart-studio-") as folder:
        notebook = Path(folder) / "studio.ipynb"
        notebook.write_text(json.dumps(_notebook(options)), encoding="utf-8")
        command = [sys.executable, "-m", server, *SERVERS[server](notebook, options.port)]
        if options.no_browser:
            command.append("--no-browser")
        print(f"The studio is at http://localhost:{options.port}/ in a moment; Ctrl-C ends it.", flush=True)
        process = subprocess.Popen(command)
        try:
            return process.wait()
        except KeyboardInterrupt:  # which the server has got too
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


def _notebook(options: argparse.Namespace) -> dict:
    source = CELL.format(models=options.models, pictures=str(options.out.resolve())).strip()
    cell = {
        "cell_type": "code", "id": "studio", "metadata": {}, "source": source,
        "outputs": [], "execution_count": None,
    }  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
