"""A whole picture, small, on which a click or the arrow keys choose the part that is shown at 1:1."""

from __future__ import annotations

import ipywidgets
from PIL import Image

from bigart_lib.studio import parts

SIDE = 300  # px of its longer side
CROP = 512  # px a side of what is shown at 1:1


class Overview:
    """Calls `on_move` when another part was chosen; `box` is that part."""

    def __init__(self, on_move: parts.Click) -> None:
        self._picture = parts.text("", "bigart-overview")
        # The page writes where the artist clicked into this field, as "0.25 0.5" of width and height.
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
            f'<div tabindex="0" role="group" aria-label="{parts.escape(name)}: click, or use the arrow keys, '
            'to choose what is shown at full size">'
            f'<img src="{parts.data_address(small)}" width="{small.width}" height="{small.height}" '
            f'alt="{parts.escape(name)}" draggable="false"><i style="{place}"></i></div>'
        )

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of the chosen part in px, inside the picture."""
        return self.box_in(self._size)

    def box_in(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The same place in the picture when it has another size."""
        try:
            across, down = (min(max(float(share), 0.0), 1.0) for share in self.spot.value.split())
        except ValueError:  # whatever else came into the field
            across, down = 0.5, 0.5
        edges = []
        for share, length in ((across, size[0]), (down, size[1])):
            side = min(CROP, length)
            start = min(max(round(share * length) - side // 2, 0), length - side)
            edges.append((start, start + side))
        return edges[0][0], edges[1][0], edges[0][1], edges[1][1]
