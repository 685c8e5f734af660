"""Pages of pictures and lines of text in px, of which proofs are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from bigart_lib.pictures.vips import from_array, vips
from bigart_lib.printing.lettering import draw_line, width_of
from bigart_lib.printing.paper import INCH

if TYPE_CHECKING:
    import pyvips

LEADING = 1.4  # from one line to the next, of the letters' size


class Sheet:
    """A white page, grey or RGB in 16-bit levels, which pictures and lines are laid on.

    Parameters
    ----------
    size : width and height in mm.
    dpi : px an inch.
    """

    def __init__(self, size: tuple[float, float], dpi: float, bands: int) -> None:
        self.dpi, self._scale = dpi, dpi / INCH
        width, height = (self.px(side) for side in size)
        white = (vips().Image.black(1, 1, bands=bands) + 65535).cast("ushort")
        kind = "grey16" if bands == 1 else "rgb16"
        self.page: pyvips.Image = white.embed(0, 0, width, height, extend="copy").copy(interpretation=kind)

    def px(self, length: float) -> int:
        """A length in mm, in px."""
        return round(length * self._scale)

    def lay(self, picture: pyvips.Image, left: float, upper: float) -> None:
        """Lay a picture of the page's colours with its upper left corner there, in mm."""
        self.page = self.page.insert(picture, self.px(left), self.px(upper))

    def frame(self, left: float, upper: float, width: float, height: float, thickness: float) -> None:
        """Draw the outline of a box in black, around it, in mm."""
        x, y, right, lower = (self.px(edge) for edge in (left, upper, left + width, upper + height))
        line = max(1, self.px(thickness))
        width, height = right - x + 2 * line, lower - y + 2 * line
        edges = ((x - line, y - line), (x - line, lower)), ((x - line, y - line), (right, y - line))
        for starts, size in zip(edges, ((width, line), (line, height)), strict=True):
            black = vips().Image.black(*size, bands=self.page.bands).cast("ushort")
            for start in starts:
                self.page = self.page.insert(black, *start)

    def write(self, text: str, left: float, base: float, size: float) -> float:
        """Write a line in black from there, in mm; returns where it ends."""
        import numpy as np

        letters = max(6, self.px(size))
        place, height = (self.px(left), self.px(base)), 2 * letters
        width = min(int(width_of(text, letters)) + 2, self.page.width - place[0])
        mask = Image.new("L", (max(1, width), height))
        draw_line(ImageDraw.Draw(mask), (0, 1.4 * letters), text, letters, 255)
        upper = round(place[1] - 1.4 * letters)
        if upper < 0 or upper + height > self.page.height:
            raise ValueError("a line of the sheet does not lie on it")
        cover = from_array(np.asarray(mask)[:, :, None]) / 255
        ground = self.page.crop(place[0], upper, mask.width, height)
        written = (ground * (1 - cover)).rint().cast("ushort").copy(interpretation=self.page.interpretation)
        self.page = self.page.insert(written, place[0], upper)
        return left + width / self._scale

    def write_lines(self, lines: Sequence[str], left: float, base: float, size: float) -> float:
        """Write lines below one another; returns the base line of the next."""
        for line in lines:
            self.write(line, left, base, size)
            base += LEADING * size
        return base
