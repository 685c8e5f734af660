"""An exact reduction to the size that was asked for."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image

from bigart_lib.pictures import images

STRIP = 512  # rows, or columns, that are reduced at a time
LANCZOS_REACH = 3  # px that the filter sees to each side, of the larger of both pictures


def fit(picture: torch.Tensor, width: int, height: int, repeats: bool = False) -> torch.Tensor:
    """Reduce a picture (1, channels, h, w) in [0, 1] or in levels to a size by Lanczos' filter, in float.

    The result is in 16-bit levels. Of another shape than the picture, its middle is taken.
    A picture that repeats goes on beyond its edges with what lies at the opposite ones; nothing is cut off
    it, for it would not repeat any more: of another shape, it is stretched.
    """
    before = picture.shape[-1], picture.shape[-2]
    scale = max(width / before[0], height / before[1])
    # Less than a pixel too much is rounding of the size, and not cut off.
    beyond = [side * scale - end for side, end in zip(before, (width, height), strict=True)]
    cut = [pixels / scale / 2 if pixels >= 1 and not repeats else 0 for pixels in beyond]
    reduced = torch.empty(1, picture.shape[1], height, width, dtype=torch.uint16)
    for channel in range(picture.shape[1]):
        narrow = np.empty((before[1], width), np.float32)
        for top in range(0, before[1], STRIP):  # so that no large picture is in memory as float
            rows = images.as_float(picture[0, channel, top : top + STRIP]).cpu().numpy()
            narrow[top : top + STRIP] = _resized(rows, width, cut[0], repeats)
        for left in range(0, width, STRIP):
            columns = _resized(narrow[:, left : left + STRIP].T, height, cut[1], repeats).T
            part = torch.from_numpy(np.array(columns, order="C"))[None, None]
            reduced[:, channel : channel + 1, :, left : left + STRIP] = images.to_levels(part)
    return reduced


def _resized(rows: np.ndarray, length: int, cut: float, repeats: bool) -> np.ndarray:
    """Each row brought to a length, without what is cut off at both ends."""
    width, around = rows.shape[1], 0
    if repeats:
        around = math.ceil(LANCZOS_REACH * max(1, width / length)) + 1
        rows = rows[:, np.arange(-around, width + around) % width]
    image = Image.fromarray(np.ascontiguousarray(rows))
    box = (around + cut, 0, around + width - cut, image.height)
    return np.asarray(image.resize((length, image.height), Image.Resampling.LANCZOS, box=box))
