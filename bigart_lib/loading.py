"""The one way in: a set of models by name, on a device, ready to paint. Light until it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.progress import Announce, Report, announce_nothing, no_report

if TYPE_CHECKING:
    import torch

    from bigart_lib.bigart import BigArt


def load(
    models: str = "auto",
    device: str | None = None,
    dtype: torch.dtype | str | None = None,
    enlarger: str | Path | None = None,
    enhancer: str | Path | None = None,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> BigArt:
    """Choose models, device and precision; networks are read when they are first needed.

    Parameters
    ----------
    models : "embedded"; "published", fetched once if need be; or "auto": published where their files are,
        or where there is a CUDA device to run them and they can be fetched, else embedded.
    device : "cpu" or "cuda"; None takes CUDA where there is one.
    dtype : a torch dtype, or one of `machine.PRECISIONS`; None takes what is fast on the device.
    enlarger : in place of the set's: "bsrgan", "bsrnet", "bsrgan-x2", "realesrgan-x4plus", or a file.
    enhancer : in place of the set's: "vqgan-imagenet", "vqgan-wikiart", or a file.
    report : told how far fetching and converting have come; see `published.prepare`.
    announce : told what people should know: the models' terms before a first download; print, for example.

    Raises
    ------
    ValueError
        When there is no such set, network, device or precision here, or files are missing and cannot be
        fetched.
    """
    from bigart_lib import machine
    from bigart_lib.weights import sets as model_sets

    chosen = machine.pick_device(device)
    if dtype is None or isinstance(dtype, str):
        dtype = machine.pick_precision(chosen, dtype or "auto")
    may_fetch = chosen.type == "cuda"
    model_set = model_sets.choose(models, enlarger, enhancer, may_fetch, report, announce)

    from bigart_lib.bigart import BigArt

    return BigArt(model_set, chosen, dtype)
