"""The two ends of VQGAN's chain of links: a picture in strips, and the picture that strips make."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bigart_lib import weights
from bigart_lib.finish.links import Strip


class PictureRows:
    """A picture in [0, 1] as strips in [-1, 1], with the sides that the network needs."""

    def __init__(self, picture: torch.Tensor, multiple: int, like: torch.Tensor) -> None:
        self._picture, self._like = picture, like
        self._rows, self._columns = (mirror(side, multiple).to(picture.device) for side in picture.shape[-2:])

    def strips(self, rows: int, is_last: bool) -> Iterator[Strip]:
        """Rows in the network's precision, on its device."""
        parts = self._rows.split(rows)
        for number, part in enumerate(parts, 1):
            some = self._picture[:, :, part]
            if len(self._columns) > some.shape[3]:
                some = some[..., self._columns]
            signed = (some.float() * 2 - 1).to(self._like.device, self._like.dtype)
            yield Strip(signed.contiguous(memory_format=torch.channels_last), (), number == len(parts))


class Result:
    """Takes strips in [-1, 1], and is the picture in [0, 1]; one that repeats begins with any row."""

    def __init__(self, like: torch.Tensor, begins: int | None) -> None:
        self.picture, self._repeats = torch.empty_like(like), begins is not None
        self._top = (begins or 0) % like.shape[2]

    def add(self, strip: Strip) -> None:
        """Take the next strip; what lies beyond the edges is the top again, or was only for the network."""
        weights.check_finite(strip.main, "VQGAN's decoder")
        height = self.picture.shape[2]
        within, beyond = strip.main.tensor_split((max(0, height - self._top),), 2)
        self._paint(within, self._top)
        self._top += strip.main.shape[2]
        if self._repeats:
            self._paint(beyond, 0)
            self._top %= height

    def _paint(self, strip: torch.Tensor, top: int) -> None:
        rows = self.picture[:, :, top : top + strip.shape[2]]
        painted = strip[..., : rows.shape[3]].to(rows)
        rows.copy_(painted.div_(2).add_(0.5).clamp_(0, 1))


def mirror(length: int, multiple: int) -> torch.Tensor:
    """Indices of rows or columns up to a multiple: by reflection, or the last where too small to reflect."""
    missing = -length % multiple
    mirrored = range(length - 2, length - 2 - missing, -1) if missing < length else missing * [length - 1]
    return torch.tensor([*range(length), *mirrored])
