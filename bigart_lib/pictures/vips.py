"""libvips by pyvips, quiet: what it has to say of a file becomes an error of ours, or is of no interest."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyvips


@cache
def vips() -> ModuleType:
    """The module pyvips, whose warnings are not printed unless the program wants them."""
    log = logging.getLogger("pyvips")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)
    import pyvips

    _read_any_warning(pyvips)
    pyvips.cache_set_max(0)  # results that it remembers keep their files open
    return pyvips


def _read_any_warning(pyvips: ModuleType) -> None:
    """Keep pyvips from failing, and printing that, where a warning quotes a damaged file's bytes."""
    strict = getattr(pyvips, "_to_string", None)

    def tolerant(text: Any) -> str:
        try:
            return strict(text)
        except UnicodeDecodeError:
            return "a text that cannot be read"

    if strict is not None:
        pyvips._to_string = tolerant


def source(path: Path) -> pyvips.Source:
    """A file to load from: its content now, not what an earlier file of that name had."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return vips().Source.new_from_descriptor(descriptor)
    finally:
        os.close(descriptor)


def from_array(values: np.ndarray, interpretation: str | None = None) -> pyvips.Image:
    """An array (height, width, channels) as a picture of the same memory."""
    kinds = {"uint8": "uchar", "uint16": "ushort", "int32": "int", "float32": "float"}
    height, width, channels = values.shape
    flat = values if values.flags.c_contiguous else values.copy()
    image = vips().Image.new_from_memory(flat.data, width, height, channels, kinds[str(values.dtype)])
    return image.copy(interpretation=interpretation) if interpretation else image


def with_profile(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    """A picture that carries this ICC profile, for the operations that take the embedded one."""
    tagged = image.copy()
    tagged.set_type(vips().GValue.blob_type, "icc-profile-data", profile)
    return tagged
