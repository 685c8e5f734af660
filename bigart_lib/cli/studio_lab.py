"""The studio's notebook in JupyterLab, for where Voila is not installed."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

from jupyterlab.labapp import LabApp

from bigart_lib.cli.serving import CHECK, HOST, IDLE, Address, at_a_signal

SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3},  # a page that was not saved is lost
    "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},  # end with a page
}
ASKS_NOBODY = (
    "check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "news_url=None",
    "extension_manager=readonly",
)


def serve(listener: socket.socket, notebook: Path, address: Address, tell: Callable[[], object]) -> None:
    """Show a notebook in JupyterLab until a signal asks to end; `tell` is called once it is served."""
    settings = notebook.parent / ".lab" / "overrides.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    listener.close()  # JupyterLab opens its own, on this port or not at all
    server = LabApp.initialize_server(
        [
            f"--ServerApp.root_dir={notebook.parent}",
            f"--ServerApp.ip={HOST}",
            f"--ServerApp.port={address.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={address.token}",
            f"--ServerApp.tornado_settings={json.dumps({'headers': address.headers()})}",
            f"--LabApp.app_settings_dir={settings.parent}",
            f"--LabApp.default_url=/lab/tree/{notebook.name}",
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
            "--ServerApp.terminals_enabled=False",
            f"--MappingKernelManager.cull_idle_timeout={IDLE}",
            f"--MappingKernelManager.cull_interval={CHECK}",
            "--KernelSpecManager.kernel_dirs=[]",
            *(f"--LabApp.{option}" for option in ASKS_NOBODY),
            "--Application.log_level=CRITICAL",
        ]
    )
    at_a_signal(lambda: server.stop(from_signal=True))
    server.io_loop.add_callback(tell)
    server.start()
