"""BIG.art: a sentence becomes a picture large enough to frame."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bigart_lib.version import VERSION

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.forecast import Forecast
    from bigart_lib.loading import load
    from bigart_lib.pictures.writing import Form
    from bigart_lib.printing.edition import Edition
    from bigart_lib.printing.ready import Wanted, print_ready
    from bigart_lib.printing.settings import PrintSettings
    from bigart_lib.progress import CancelledError, Progress
    from bigart_lib.runs.redo import Verdict, redo
    from bigart_lib.runs.run import open_run
    from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings

__version__ = VERSION
__all__ = [
    "BigArt",
    "CancelledError",
    "Edition",
    "Forecast",
    "Form",
    "GenerateSettings",
    "PaintSettings",
    "PrintSettings",
    "Progress",
    "TextureSettings",
    "Verdict",
    "Wanted",
    "__version__",
    "load",
    "open_run",
    "print_ready",
    "redo",
]
_ROOMS = {  # where each is found, when it is first asked for: `bigart --help` needs none of them
    "bigart": ("BigArt",),
    "forecast": ("Forecast",),
    "loading": ("load",),
    "pictures.writing": ("Form",),
    "printing.edition": ("Edition",),
    "printing.ready": ("Wanted", "print_ready"),
    "printing.settings": ("PrintSettings",),
    "progress": ("CancelledError", "Progress"),
    "runs.redo": ("Verdict", "redo"),
    "runs.run": ("open_run",),
    "settings": ("GenerateSettings", "PaintSettings", "TextureSettings"),
}


def __getattr__(name: str) -> Any:
    """A public name, from its room; see PEP 562."""
    room = next((room for room, names in _ROOMS.items() if name in names), None)
    if room is None:
        raise AttributeError(f"bigart_lib has no {name}: what it has is in bigart_lib.__all__")
    globals()[name] = getattr(import_module(f"bigart_lib.{room}"), name)
    return globals()[name]
