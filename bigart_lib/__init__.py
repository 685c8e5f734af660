"""BIG.art: a sentence becomes a picture large enough to frame."""

from bigart_lib.loading import load
from bigart_lib.progress import CancelledError, Progress
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.version import __version__

__all__ = [
    "CancelledError",
    "GenerateSettings",
    "PaintSettings",
    "Progress",
    "TextureSettings",
    "__version__",
    "load",
]
