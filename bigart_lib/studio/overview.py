"""A whole picture, small, on which a click or the arrow keys choose the part that is shown at 1:1."""

from __future__ import annotations

import math

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts

SIDE = 300  # px of its longer side
CROP = 512  # px a side of what is shown at 1:1, until the page says how much room it has
WIDEST = 784  # px
AREA = 640 * 640  # px, which texture is laid on, and sent, in about 60 ms on two cores


class Overview:
    """Calls `on_move` when another part was chosen; `box` is that part."""

    def __init__(self, on_move: parts.Click) -> None:
        self._picture = parts.text("", "bigart-overview")
        # The page writes into this field where the middle is, as shares of width and height, and for how many
        # pixels of its screen it has room: "0.25 0.5 620 480".
        self.spot = parts.named(ipywidgets.Text("0.5 0.5"), "bigart-spot")
        self.spot.observe(lambda _: on_move(), names="value")
        self.widget = parts.column(self._picture, self.spot, classes=["bigart-overview-holder"])
        self._size = (CROP, CROP)

    def show(self, image: Image.Image, name: str, size: tuple[int, int] | None = None) -> None:
        """Show a picture that stands for one of another size, if given."""
        self._size = size or image.size
        small = parts.small(image, SIDE)
        left, upper, right, lower = self.box
        width, height = self._size
        shares = (left / width, upper / height, (right - left) / width, (lower - upper) / height)
        place = "left:{:.2%};top:{:.2%};width:{:.2%};height:{:.2%}".format(*shares)
        self._picture.value = (
            f'<div tabindex="0" role="group" data-size="{width} {height}" aria-label="{parts.escape(name)}: '
            'click, or use the arrow keys, to choose what is shown at full size">'
            f'<img src="{parts.data_address(small)}" width="{small.width}" height="{small.height}" '
            f'alt="{parts.escape(name)}" draggable="false"><i style="{place}"></i></div>'
        )

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of the chosen part in px, inside the picture."""
        return self.box_in(self._size)

    def box_in(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The same place in the picture when it has another size."""
        across, down, *room = self._said()
        width = int(min(max(room[0], 1), WIDEST))
        height = int(min(max(room[1], 1), AREA // width))
        edges = []
        for share, length, side in ((across, size[0], width), (down, size[1], height)):
            side = min(side, length)
            start = min(max(round(share * length) - side // 2, 0), length - side)
            edges.append((start, start + side))
        return edges[0][0], edges[1][0], edges[0][1], edges[1][1]

    def _said(self) -> tuple[float, float, float, float]:
        """Two shares, and the room in px; what else may have come into the field does not count."""
        standard = (0.5, 0.5, CROP, CROP)
        try:
            said = [float(number) for number in self.spot.value.split()]
            across, down, width, height = (*said, *standard[len(said) :])
        except ValueError:
            return standard
        if not all(map(math.isfinite, said)):
            return standard
        return min(max(across, 0.0), 1.0), min(max(down, 0.0), 1.0), width, height
