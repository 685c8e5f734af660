"""What a call of a pipeline gave: as a picture, checked, and small for previews."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from bigart_lib.generate.pipeline_kinds import PipelineError
from bigart_lib.weights.tensors import is_finite

SHOWN_SIDE = 256  # px of the longer side of previews


def as_picture(made: Any, size: tuple[int, int], name: str) -> torch.Tensor:
    """What a pipeline gave, float32 (1, 3, height, width) in [0, 1] on the CPU."""
    import numpy as np

    found = getattr(made, "images", None)
    if not isinstance(found, torch.Tensor):
        if found is None or not len(found):
            raise PipelineError(f"{name} gave no picture: choose a model that makes pictures of a prompt")
        first = found[0]
        if not isinstance(first, torch.Tensor):  # numpy's (height, width, 3), or Pillow's
            first = torch.from_numpy(np.asarray(first).copy()).movedim(-1, 0)
            first = first / 255 if not first.is_floating_point() else first
        found = first.unsqueeze(0)
    picture = found[:1].float().cpu()
    if picture.shape != (1, 3, size[1], size[0]):
        shape = "x".join(map(str, picture.shape[1:]))
        raise PipelineError(f"{name} gave {shape} values where 3x{size[1]}x{size[0]} were asked for")
    return picture


def what_is_wrong(picture: torch.Tensor, is_hidden: bool) -> str:
    """What is wrong with a picture, as the predicate of a sentence; empty where nothing is."""
    if not is_finite(picture):
        return "came to values that are no numbers"
    if is_hidden:
        return "is hidden by the safety checker of the model"
    return "is all black" if not picture.any() else ""


def small(picture: torch.Tensor, size: tuple[int, int] | None = None) -> torch.Tensor:
    """A picture as it is shown while others are painted; all of one size are shown in one size."""
    width, height = size or (picture.shape[3], picture.shape[2])
    scale = min(1.0, SHOWN_SIDE / max(width, height))
    target = (max(1, round(height * scale)), max(1, round(width * scale)))
    return functional.interpolate(picture.float(), size=target, mode="bilinear", antialias=True).clamp(0, 1)
