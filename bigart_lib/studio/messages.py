"""Clicks that wait while the main thread is busy, handled between two steps of its work.

A kernel handles one message at a time. While a click's handler runs on the main thread, other clicks wait
in the kernel's queue; here they are taken out and given to their widgets, and all else is put back.
Made for the kernel of Colab, ipykernel 6.17.
"""

from __future__ import annotations

import sys
from typing import Any

FOR_WIDGETS = ("comm_open", "comm_msg", "comm_close")


class WaitingMessages:
    """The messages that wait in this kernel; none where this is no kernel, or one of another make.

    To be used on the kernel's main thread.
    """

    def __init__(self) -> None:
        self._kernel = _kernel()
        self._kept: list[tuple] = []

    def handle(self) -> None:
        """Give waiting messages of widgets to the widgets, in order; keep all others."""
        if self._kernel is None:
            return
        self._kernel.shell_stream.flush()  # from the socket into the queue
        while not self._kernel.msg_queue.empty():
            item = self._kernel.msg_queue.get_nowait()
            message = self._message_for_widgets(item[-1])
            if message is None:
                self._kept.append(item)
            else:
                self._dispatch(*message)

    def give_back(self) -> None:
        """Put what was kept back into the kernel's queue, before what came later."""
        if self._kernel is None:
            return
        queue = self._kernel.msg_queue
        while not queue.empty():
            self._kept.append(queue.get_nowait())
        for item in self._kept:
            queue.put_nowait(item)
        self._kept.clear()

    def _message_for_widgets(self, arguments: tuple) -> tuple[list, dict] | None:
        """Identities and message of what waits, if it is meant for a widget and is well signed."""
        session = self._kernel.session
        try:
            identities, parts = session.feed_identities(arguments[0], copy=False)
            if session.unpack(parts[1].bytes)["msg_type"] not in FOR_WIDGETS:
                return None
            return identities, session.deserialize(parts, copy=False)
        except (IndexError, KeyError, TypeError, ValueError):
            return None  # no message, or a bad one: the kernel knows what to say of it

    def _dispatch(self, identities: list, message: dict) -> None:
        """Do as the kernel does with a message, within the one that it is busy with.

        The page sends a slider's next value only when it has heard that the kernel is done with the last.
        """
        kernel = self._kernel
        outer = kernel._parent_ident["shell"], kernel.get_parent("shell")
        kernel.set_parent(identities, message, channel="shell")
        kernel._publish_status("busy", "shell")
        try:
            kernel.shell_handlers[message["msg_type"]](kernel.shell_stream, identities, message)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            kernel._publish_status("idle", "shell")
            kernel.set_parent(*outer, channel="shell")


def _kernel() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    kernel = getattr(get_ipython(), "kernel", None)
    needed = ("shell_stream", "msg_queue", "session", "shell_handlers", "get_parent", "_publish_status")
    return kernel if all(getattr(kernel, name, None) is not None for name in needed) else None
