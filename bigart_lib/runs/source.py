"""The picture that was brought, whose file a run keeps a copy of: to go on from, and for all that it says."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from bigart_lib.files import writing
from bigart_lib.pictures.bring import brought
from bigart_lib.pictures.carried import Brought, Carried
from bigart_lib.pictures.images import PictureError

SOURCE = "source"  # the folder of the copy


class Source:
    """What a run was brought.

    Parameters
    ----------
    fingerprint : of the picture, see `Brought.fingerprint`; None where the run has candidates instead.
    """

    def __init__(self, fingerprint: str | None) -> None:
        self._fingerprint = fingerprint
        self._carried: Carried | None = None

    def file(self, folder: Path) -> Path | None:
        """The copy in the folder of a run."""
        return next((path for path in sorted((folder / SOURCE).glob("[!.]*")) if path.is_file()), None)

    def bring(self, path: Path, folder: Path, found: Brought | None = None) -> None:
        """Copy the picture's file into the folder of a run; raises OSError where that fails.

        Parameters
        ----------
        found : the picture, where it was read already.
        """
        with path.open("rb") as original, writing(folder / SOURCE / path.name) as copy:
            shutil.copyfileobj(original, copy)
        self._carried = found.carried if found else None

    def read(self, folder: Path) -> Brought | None:
        """The picture; None where its copy is gone, or is another picture by now."""
        if self._fingerprint and (path := self.file(folder)):
            with suppress(PictureError):
                found = brought(path)
                if found.fingerprint == self._fingerprint:
                    self._carried = found.carried
                    return found
        return None

    def carried(self, folder: Path) -> Carried:
        """What the picture carries beside its pixels."""
        if self._carried is None:
            found = self.read(folder)
            self._carried = found.carried if found else Carried()
        return self._carried
