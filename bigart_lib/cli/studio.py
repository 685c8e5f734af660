"""`bigart studio`: the studio as a page on this machine alone, shown by Voila or JupyterLab."""

import json
import logging
import secrets
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.paint import GENERATOR
from bigart_lib.cli.serving import HOST, Address, InOneLine

PORT, TRIES = 8866, 50
NAME = "BIG.art"  # the notebook's, which is the page's title
CELL = """
import bigart_lib
from bigart_lib.studio import studio

studio(lambda announce: bigart_lib.load({models!r}, announce=announce), {pictures!r}, generator={generator!r})
"""
SERVERS = {"voila": "studio_voila", "jupyterlab": "studio_lab"}  # the first that is installed is taken


@click.command()
@shared.option("--models", shared.MODELS, "auto", "The set of networks.")
@shared.option("--generator", shared.Checked("MODEL", str), None, GENERATOR, "GLIDE")
@shared.out
@shared.option("--port", click.IntRange(1, 65535), None, "Of the page.", f"{PORT}, or the next free one")
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@click.pass_obj
def studio(
    call: Call, models: str, generator: str | None, out: Path, port: int | None, no_browser: bool
) -> int:
    """Open the studio as a page in the browser, on this machine alone, until it is interrupted."""
    _check(generator)
    server = next((name for name in SERVERS if find_spec(name) and find_spec("ipykernel")), None)
    if server is None:
        raise ValueError(
            "the studio is a page that Voila or JupyterLab shows, with ipykernel, and neither is installed: "
            "python -m pip install voila ipykernel"
        )
    with (
        _listen(port) as listener,
        tempfile.TemporaryDirectory(prefix="bigart-studio-", ignore_cleanup_errors=True) as folder,
    ):
        address = Address(listener.getsockname()[1], secrets.token_urlsafe())
        notebook = Path(folder, f"{NAME}.ipynb")
        notebook.write_text(json.dumps(_notebook(models, generator, out)), encoding="utf-8")

        def tell() -> None:
            call.show(f"The studio is at {address} and ends with Ctrl-C.")
            if not no_browser:  # beside the server, as some browsers return when they are closed
                threading.Thread(target=webbrowser.open, args=(str(address),), daemon=True).start()

        logging.basicConfig(handlers=[InOneLine()])
        logging.captureWarnings(True)  # and so not shown
        _way_to_serve(server)(listener, notebook, address, tell)
    return 0


def _check(generator: str | None) -> None:
    """Raise a ValueError where a generator must be fetched first, or cannot be loaded here."""
    if generator is None:
        return
    from bigart_lib.generate.pipeline_source import absent, find

    if problem := absent(generator):
        raise ValueError(problem)
    find(generator.partition("@")[0] if not Path(generator).exists() else generator)


def _way_to_serve(server: str) -> Callable[..., None]:
    return import_module(f"bigart_lib.cli.{SERVERS[server]}").serve


def _listen(port: int | None) -> socket.socket:
    """A socket on the port that was asked for, or else on the first free one from the usual one on."""
    reason = ""
    for candidate in [port] if port else range(PORT, PORT + TRIES):
        try:
            return socket.create_server((HOST, candidate))
        except OSError as error:
            reason = error.strerror or str(error)
    where = f"port {port}" if port else f"any port from {PORT} to {PORT + TRIES - 1}"
    raise ValueError(f"the studio cannot have {where} ({reason}): choose another by --port")


def _notebook(models: str, generator: str | None, out: Path) -> dict:
    cell = {"cell_type": "code", "id": "studio", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = CELL.format(models=models, pictures=str(out.resolve()), generator=generator).strip()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
