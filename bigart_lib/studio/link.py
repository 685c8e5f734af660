"""What ties a studio's kernel to the pages that show it, where the front end does not.

Pages that were loaded again are heard; a page is told its kernel's name, so that it can ask the server about
it; and a kernel that Voila started for one page ends some time after that page was closed.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

IDLE = 15 * 60  # seconds after which a kernel of Voila's ends that no page shows and that makes nothing
CHECK = 60  # seconds from one look to the next
ANSWER = 10  # seconds that the server has for an answer


def follow_pages() -> None:
    """Let widgets hear a page that was loaded again while they were told something.

    ipykernel 7.4 sends what a page says to a widget to the subshell that told this widget something last, and
    JupyterLab deletes that subshell with its page: all clicks were lost. Now they go where the page asks for.
    """
    shells = getattr(_kernel(), "shell_channel_thread", None)
    if shells is None:  # not in a kernel, or in an older one
        return
    try:
        from ipykernel.comm.comm import BaseComm

        route, subshells = BaseComm._reply_subshell_for, shells.manager.list_subshell
    except (ImportError, AttributeError):  # before 7.4 nothing is remembered
        return
    if hasattr(route, "__wrapped__"):
        return

    @functools.wraps(route)
    def to_one_that_is_there(comm: Any, data: Any, asked: str | None) -> str | None:
        there = {None, *subshells()}
        return next(one for one in (route(comm, data, asked), asked, None) if one in there)

    BaseComm._reply_subshell_for = to_one_that_is_there


def kernel_id() -> str:
    """What a Jupyter server calls this kernel; empty where there is no server."""
    if _kernel() is not None:
        with suppress(ImportError, RuntimeError):  # a kernel of another make
            from ipykernel.connect import get_connection_file

            return Path(get_connection_file()).stem.partition("kernel-")[2]
    return ""


def _kernel() -> Any:
    """The kernel that this is, if any; elsewhere importing ipykernel would change how widgets speak."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)


@functools.cache
def end_when_left(is_busy: Callable[[], bool]) -> None:
    """End this kernel some time after its page was closed, where Voila started it for that page alone.

    A page of Voila's asks for it as it goes, and is refused (voila issue 1458). `bigart studio` and other
    servers look after their kernels themselves.
    """
    if (address := os.environ.get("VOILA_REQUEST_URL")) and os.environ.get("VOILA_KERNEL_ID"):
        thread = threading.Thread(
            target=_wait_and_end, args=(address, is_busy), name="bigart-left", daemon=True
        )
        thread.start()


def _wait_and_end(address: str, is_busy: Callable[[], bool]) -> None:
    base, kernel = os.environ.get("VOILA_BASE_URL", "/"), os.environ["VOILA_KERNEL_ID"]
    shown = time.monotonic()
    while True:
        time.sleep(CHECK)
        with suppress(OSError, ValueError, http.client.HTTPException):
            known = json.loads(_ask(address, "GET", f"{base}api/kernels/{kernel}"))
            if is_busy() or known["connections"]:
                shown = time.monotonic()
            elif time.monotonic() - shown > IDLE:
                _ask(address, "POST", f"{base}voila/api/shutdown/{kernel}")


def _ask(address: str, method: str, path: str) -> bytes:
    where = urlsplit(address)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection, token = kind(where.netloc, timeout=ANSWER), secrets.token_hex()
    try:  # tornado wants to hear the same twice, which no foreign page can say
        connection.request(method, path, headers={"Cookie": f"_xsrf={token}", "X-XSRFToken": token})
        return connection.getresponse().read()
    finally:
        connection.close()
