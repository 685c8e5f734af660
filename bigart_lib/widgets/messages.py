"""Clicks that wait while the main thread is busy, handled between two steps of its work.

A kernel handles one message at a time. While a click's handler runs on the main thread, other clicks wait
in the kernel's queue; here they are taken out and given to their widgets, and all else is put back.
Knows ipykernel, nothing of the studio.
"""

from __future__ import annotations

from typing import Any

WIDGET_MESSAGES = {"comm_msg": "comm_msg", "comm_close": "comm_close", "comm_open": "comm_open"}


class WaitingMessages:
    """The messages that wait in this kernel; none where this is no kernel, or one of another make."""

    def __init__(self) -> None:
        self._kernel = _kernel()
        self._kept: list[tuple] = []

    def handle(self) -> None:
        """Give waiting messages of widgets to the widgets, in order; keep all others."""
        if self._kernel is None:
            return
        self._kernel.shell_stream.flush()
        waiting = self._kernel.msg_queue
        while not waiting.empty():
            item = waiting.get_nowait()
            if not self._dispatch(item):
                self._kept.append(item)

    def give_back(self) -> None:
        """Put what was kept back into the kernel's queue, in its order."""
        for item in self._kept:
            self._kernel.msg_queue.put_nowait(item)
        self._kept.clear()

    def _dispatch(self, item: tuple) -> bool:
        frames = item[-1][0] if item[-1] and isinstance(item[-1][0], list) else None
        if frames is None:
            return False
        session = self._kernel.session
        identities, parts = session.feed_identities(frames, copy=False)
        message = session.deserialize(parts, content=True, copy=False)
        handler = WIDGET_MESSAGES.get(message["header"]["msg_type"])
        if handler is None:
            session.digest_history.discard(_signature(parts))  # it will be read again
            return False
        getattr(self._kernel.comm_manager, handler)(self._kernel.shell_stream, identities, message)
        return True


def _signature(parts: list) -> bytes:
    first = parts[0]
    return bytes(getattr(first, "bytes", first))


def _kernel() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    kernel = getattr(get_ipython(), "kernel", None)
    needed = ("shell_stream", "msg_queue", "session", "comm_manager")
    return kernel if kernel is not None and all(getattr(kernel, name, None) for name in needed) else None
