"""The one way in: a set of models by name, on a device, ready to paint. Light until it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from bigart_lib.pipeline import BigArt


def load(models: str = "auto", device: str | None = None, dtype: torch.dtype | str | None = None) -> BigArt:
    """Choose models, device and precision; networks are read when they are first needed.

    Parameters
    ----------
    models : "published", "embedded", or "auto": published where their files are, else embedded.
    device : "cpu" or "cuda"; None takes CUDA where there is one.
    dtype : a torch dtype, or one of `machine.PRECISIONS`; None takes what is fast on the device.

    Raises
    ------
    ValueError
        When there is no such set, device or precision here, or files of the set are missing.
    """
    from bigart_lib import machine, model_sets

    model_set = model_sets.choose(models)
    chosen = machine.pick_device(device)
    if dtype is None or isinstance(dtype, str):
        dtype = machine.pick_precision(chosen, dtype or "auto")

    from bigart_lib.pipeline import BigArt

    return BigArt(model_set, chosen, dtype)
