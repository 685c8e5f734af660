"""The studio: a prompt, thumbnails, one click, two sliders, a print, as widgets for a notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets

    from bigart_lib.bigart import BigArt
    from bigart_lib.progress import Announce

__all__ = ["studio"]


def studio(
    bigart: BigArt | Callable[[Announce], BigArt],
    pictures: Path | str = "bigart_pictures",
    copy_to: Path | str | None = None,
    generator: str | None = None,
) -> ipywidgets.Widget:
    """The studio, to be displayed as the last line of a cell.

    Where one is open in this kernel for the same models and folders, it is shown again, with what it is
    making. Another one is closed, and its memory is freed; what it was making stops at the next step, and the
    new one offers to go on with it.

    Parameters
    ----------
    bigart : the loaded models; or what loads them, given an `announce` that shows its sentences on the page.
    pictures : the folder where runs get their folders.
    copy_to : a second folder that gets a copy of everything, such as one on Google Drive.
    generator : loaded on the page in place of that of `bigart`, as `bigart_lib.load` takes it; another can be
        chosen there at any time.
    """
    from bigart_lib.studio.opening import open_studio

    return open_studio(bigart, pictures, copy_to, generator)
