"""What both servers of the studio's page share: headers, limits, how they end, and what they say.

Knows neither Voila nor JupyterLab.
"""

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from bigart_lib.cli import terminal
from bigart_lib.text import shown

HOST = "127.0.0.1"
IDLE = 15 * 60  # seconds after which a kernel ends that does nothing and that no page shows
CHECK = 60  # seconds from one look for idle kernels to the next
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
LONGEST_LINE = 1000  # characters


class Address(NamedTuple):
    """Where a page is, and the secret that opens it."""

    port: int
    token: str

    def __str__(self) -> str:
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def headers(self) -> dict[str, str]:
        """What makes the browser refuse other addresses, and other sites that would frame the page."""
        here = f"ws://{HOST}:{self.port} ws://localhost:{self.port}"
        allowed = f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: {here}"
        policy = f"{allowed}; frame-ancestors 'self'; form-action 'self'; base-uri 'self'"
        return {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "same-origin",
        }


def at_a_signal(stop: Callable[[], object]) -> None:
    """Call `stop` at the first signal that asks to end; further ones would only disturb it."""

    def end(number: int, frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        stop()

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, end)


class InOneLine(logging.Handler):
    """Tells failures, one line each, in place of a server's log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        error = record.exc_info[1] if record.exc_info else None
        words = getattr(error, "evalue", None) or error or record.getMessage()  # `evalue`: a cell's own error
        line = " ".join(str(words).split()) or type(error).__name__
        terminal.aside(f"bigart: {shown(line[:LONGEST_LINE])}")
