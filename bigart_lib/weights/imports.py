"""Imports from diffusers, which need care."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from typing import Any

SPARED = "torchvision"  # what diffusers imports where it is installed, and can do without


class _ImportingDiffusers:
    """Held by whoever imports from diffusers; may be entered again by who holds it.

    That fails where two threads import parts of it at once, and where torchvision was made for another torch
    than is here.
    """

    def __init__(self) -> None:
        self._lock, self._is_ready = threading.RLock(), False

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            if not self._is_ready:
                _hide_if_broken(SPARED)
            self._is_ready = True
        except BaseException:  # Ctrl-C
            self._lock.release()
            raise

    def __exit__(self, *_: Any) -> None:
        self._lock.release()


importing_diffusers = _ImportingDiffusers()


def _hide_if_broken(name: str) -> None:
    """Let a package that is installed and cannot be imported be as one that is not installed."""
    if importlib.util.find_spec(name) is None:
        return
    try:
        importlib.import_module(name)
    except Exception:  # whatever a library that fits no other raises
        for part in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[part]
        sys.modules[name] = None
