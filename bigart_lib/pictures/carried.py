"""A picture in memory with all that its file said: what reading gives and writing takes. Knows no format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

STRIP = 1024  # rows that are read at a time


@dataclass(frozen=True)
class Carried:
    """What a picture carries beside its pixels."""

    profile: bytes | None = None  # ICC profile of the values; None is sRGB, or grey with sRGB's curve
    depth: int = 8  # bits a colour, 8 or 16, that it had and that results get
    dpi: tuple[float, float] | None = None  # pixels an inch, across and down
    exif: bytes | None = None  # a TIFF structure that says upright, without a thumbnail
    iptc: bytes | None = None  # IIM records
    xmp: bytes | None = None  # a packet, or just its RDF
    texts: Mapping[str, str] = field(default_factory=dict)  # of a PNG; "Comment" of other formats
    recipe: Mapping[str, Any] = field(default_factory=dict)  # of a picture of BIG.art, as it was written
    notes: tuple[str, ...] = ()  # what reading left out or converted, a sentence each


@dataclass(frozen=True)
class Brought:
    """A picture that somebody brings."""

    levels: np.ndarray  # uint16 (height, width, channels): grey, grey and alpha, RGB, or RGB and alpha
    carried: Carried = Carried()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of size and values; of 8-bit RGB, as `recipe.pixel_hash` has it."""
        height, width, channels = self.levels.shape
        is_plain = channels == 3 and self.carried.depth == 8
        digest = hashlib.sha256(f"{width}x{height}{'' if is_plain else f'x{channels}'}".encode())
        for top in range(0, height, STRIP):
            strip = self.levels[top : top + STRIP]
            digest.update((strip // 257).astype("uint8").tobytes() if is_plain else strip.tobytes())
        return digest.hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.levels.shape[1], self.levels.shape[0]

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is transparency, which the colours are not multiplied by."""
        return self.levels.shape[2] in (2, 4)

    @property
    def is_grey(self) -> bool:
        """Whether there is one channel of colour alone."""
        return self.levels.shape[2] < 3
