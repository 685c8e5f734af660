"""BIG.art: a sentence becomes a picture large enough to frame."""

from bigart_lib.bigart import BigArt
from bigart_lib.forecast import Forecast
from bigart_lib.loading import load
from bigart_lib.machine import VERSION
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
