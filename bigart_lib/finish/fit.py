"""An exact reduction to the size that was asked for."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image


def fit(picture: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Reduce a picture (1, 3, h, w) in [0, 1] to another size by Lanczos' filter, in float."""
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), Image.Resampling.LANCZOS)
        )
        for channel in picture[0].float()
    ]
    return torch.from_numpy(np.stack(channels))[None].clamp_(0, 1)
