"""The last card: the finished picture whole, at 1:1 and against bicubic enlarging, its size and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from bigart_lib.pictures.images import PRINT_DPI
from bigart_lib.pictures.recipe import ATTRIBUTION
from bigart_lib.studio import parts
from bigart_lib.studio.comparison import Comparison
from bigart_lib.studio.overview import CROP, Overview

CM_PER_INCH = 2.54
LOUPE, WHOLE = "1:1, against bicubic", "Whole picture"


class ResultCard:
    """Shows what was made.

    Parameters
    ----------
    number : of the card.
    on_download : called by the button with the file; None leaves it out, where files are at hand anyway.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(self, number: int, on_download: Callable[[Path], None] | None, guard: parts.Guard) -> None:
        self._candidate: Image.Image | None = None
        self._finished: Image.Image | None = None
        self._file = Path()
        self.view = parts.choice([LOUPE, WHOLE], 200, "bigart-view", guard(self._show_part))
        self.overview = Overview(guard(self._show_part))
        self.comparison = Comparison()
        self._whole = parts.text("", "bigart-whole")
        self.facts = parts.text("", "bigart-facts")
        self.download = parts.button("Download", guard(lambda: on_download(self._file)), "bigart-primary")
        parts.show(self.download, on_download is not None)
        self._waiting = parts.text("", "bigart-note")
        self._body = parts.row(
            parts.column(self.view, self.comparison.widget, self._whole, classes=["bigart-large"]),
            parts.column(self.overview.widget, self.facts, self.download, classes=["bigart-controls"]),
            classes=["bigart-body"],
        )
        self.widget = parts.card(number, "The print", [self._waiting, self._body])

    def close(self, words: str) -> None:
        """Show nothing but what is to be done first."""
        self._candidate = self._finished = None
        parts.fold(self._waiting, [self._body], words)

    def show(self, candidate: Image.Image, finished: Image.Image, file: Path, files: Sequence[Path]) -> None:
        """Show a finished picture and its file, what it was enlarged from, and the files of all steps."""
        self._candidate, self._finished, self._file = candidate, finished, file
        parts.fold(self._waiting, [self._body])
        self.overview.show(finished, "the finished picture")
        whole = parts.data_address(parts.small(finished, CROP))
        self._whole.value = f'<img src="{whole}" alt="the finished picture">'
        self.facts.value = _facts(finished, files)
        self._show_part()

    def _show_part(self) -> None:
        whole = self.view.value == WHOLE
        parts.show(self._whole, whole)
        parts.show(self.comparison.widget, not whole)
        if self._finished is None or whole:
            return
        box = self.overview.box
        crop = self._finished.crop(box)
        # Of the small picture, just what becomes the crop is enlarged.
        before = _place_before(box, self._finished.size, self._candidate.size)
        bicubic = self._candidate.resize(crop.size, Image.Resampling.BICUBIC, box=before)
        self.comparison.show(bicubic, crop, "bicubic", "BIG.art")


def _place_before(
    box: tuple[int, ...], finished: tuple[int, int], candidate: tuple[int, int]
) -> tuple[float, ...]:
    """Where a part of the finished picture lies in the candidate, whose edges may have been cut off."""
    times = max(end / start for end, start in zip(finished, candidate, strict=True))
    cut = [max(0.0, start - end / times) / 2 for end, start in zip(finished, candidate, strict=True)]
    edges = (edge / times + cut[place % 2] for place, edge in enumerate(box))
    return tuple(min(edge, float(candidate[place % 2])) for place, edge in enumerate(edges))


def _facts(image: Image.Image, files: Sequence[Path]) -> str:
    inches = image.width / PRINT_DPI, image.height / PRINT_DPI
    cm = tuple(CM_PER_INCH * side for side in inches)
    items = "".join(
        f"<li><code>{parts.escape(path.name)}</code> {path.stat().st_size / 1e6:.1f} MB</li>"
        for path in files
    )
    return (
        f"<p><b>{image.width} × {image.height} pixels</b><br>prints at {PRINT_DPI} DPI on "
        f"{cm[0]:.1f} × {cm[1]:.1f} cm, {inches[0]:.1f} × {inches[1]:.1f} in</p>"
        f"<p>In <code>{parts.escape(str(files[0].parent))}</code>:</p><ul>{items}</ul>"
        f"<p class='bigart-attribution'>{ATTRIBUTION}</p>"
    )
