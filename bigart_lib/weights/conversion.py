"""Published checkpoints into files of our own: fp16 safetensors in diffusers' layout that carry their config.

Knows which network each kind of file must hold; how it is read safely is in `weights/`, how its tensors are
named in `models/`. Light until it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.progress import Report, no_report
from bigart_lib.weights import WeightsError, read_tensors

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

KINDS = ("glide-base", "glide-upsampler", "rrdbnet", "vqgan")


def convert(kind: str, source: Path, target: Path, report: Report = no_report) -> None:
    """Convert a published checkpoint, once, so that loading it is quick and needs no conversion ever after.

    The source is mapped and goes through tensor by tensor: the network is never in memory as a whole. The
    target appears under its name only when it is complete.

    Parameters
    ----------
    kind : one of `KINDS`: the published network that the file must hold, name by name and shape by shape.
    source : what the publisher offers: a checkpoint of `torch.save`, or safetensors with the same names.
    target : a `.safetensors` file for the `load` of that network's module; replaced if it is there.
    report : told the bytes written; raising from it stops the work and leaves no file.

    Raises
    ------
    ValueError
        When there is no such kind.
    WeightsError
        When the source is damaged, would run code, or holds another network, naming the misfit.
    """
    if kind not in KINDS:
        raise ValueError(f"the kind must be one of {', '.join(KINDS)}, not {kind!r}")
    module, read, config = _published(kind)
    network = read(read_tensors(source), str(source), config)
    try:
        module.save(network, Path(target), report)
    except WeightsError as error:
        raise WeightsError(f"{source} is damaged: {error}") from error


def _published(kind: str) -> tuple[ModuleType, Any, Any]:
    """The module of a kind, its function for published tensors, and the sizes of the published network."""
    from bigart_lib.enlarge import rrdbnet
    from bigart_lib.finish import vqgan
    from bigart_lib.generate import network as glide

    return {
        "glide-base": (glide, glide.convert, glide.PUBLISHED_BASE),
        "glide-upsampler": (glide, glide.convert, glide.PUBLISHED_UPSAMPLER),
        "rrdbnet": (rrdbnet, rrdbnet.convert, rrdbnet.PUBLISHED),
        "vqgan": (vqgan, vqgan.convert, vqgan.PUBLISHED),
    }[kind]
