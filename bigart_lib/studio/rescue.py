"""What to do where the disk takes no more pictures: they wait in memory until another folder is named."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from bigart_lib.runs.session import Session
from bigart_lib.studio import parts


class Rescue:
    """Asks for another folder, and writes there what is in memory alone; `widget` shows while there is such.

    Parameters
    ----------
    tell : given a sentence on where the pictures are.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(self, session: Session, tell: Callable[[str], None], guard: parts.Guard) -> None:
        self._session, self._tell = session, tell
        self._words = parts.text()
        self.folder = parts.named(ipywidgets.Text(placeholder="Another folder"), "bigart-folder")
        self.save = parts.button("Save there", guard(self._save), "bigart-primary")
        self.widget = parts.row(self._words, self.folder, self.save, classes=["bigart-rescue"])
        self.show()

    def show(self) -> None:
        """Show what waits, or nothing."""
        runs = self._session.unsaved
        count = sum(len(run.unsaved) for run in runs)
        waiting = f"{count} picture{'s' if count > 1 else ''}" if count else "What you chose last"
        self._words.value = f"{waiting} could not be written, and will be lost with this page's kernel."
        parts.show(self.widget, bool(runs))

    def _save(self) -> None:
        folder = self.folder.value.strip()
        if not folder:
            raise ValueError("name a folder that has room, such as one on another disk")
        self._session.save_elsewhere(folder)
        self.show()
        self._tell(f"Everything is written to {self._session.folder}, and the next pictures will be too.")
