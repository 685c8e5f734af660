"""What a picture's file says before its pixels, in one form for all formats; and its pixels, as decoded.

Texts, profiles and the like may be anybody's: there are limits on each and on all.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyvips

MOST_TEXT = 16_000_000  # characters of all texts of a picture, unpacked
MOST_BLOCK = 16_000_000  # bytes of a profile, of XMP, of EXIF or of IPTC, unpacked
MOST_DPI = 1_000_000
NEAR_WHOLE = 0.02  # of a resolution: a PNG counts whole pixels a metre, of which 39.37 are one an inch


@dataclass
class Header:
    """What a file says."""

    format: str
    width: int  # px as stored, before the orientation is applied
    height: int
    bits: int = 8  # of a colour
    orientation: int = 1  # by EXIF, 1 to 8
    profile: bytes | None = None
    profile_from: str = "its profile"  # what says so
    dpi: tuple[float, float] | None = None
    exif: bytes | None = None
    iptc: bytes | None = None
    xmp: bytes | None = None
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # what the format's decoder wants to know

    def add_text(self, name: str, text: str) -> None:
        """Keep a text, as long as there is room for it; of several of a name, all."""
        text = text.replace("\0", "").strip()
        if not text or not name:
            return
        if sum(map(len, self.texts.values())) + len(text) > MOST_TEXT:
            self.note(f"texts of more than {MOST_TEXT // 1_000_000} million characters are left out")
        elif name in self.texts and self.texts[name] != text:
            self.texts[name] += f"\n{text}"
        else:
            self.texts[name] = text

    def add_block(self, name: str, data: bytes | None) -> None:
        """Keep the first `profile`, `exif`, `iptc` or `xmp`."""
        if not data or getattr(self, name):
            return
        if len(data) > MOST_BLOCK:
            self.note(f"its {name} has {len(data):,} bytes, and is left out")
        else:
            setattr(self, name, bytes(data))

    def set_dpi(self, across: float, down: float) -> None:
        """Keep a resolution that makes sense."""
        if all(math.isfinite(value) and 0 < value <= MOST_DPI for value in (across, down)):
            self.dpi = (_near_whole(across), _near_whole(down))

    def note(self, sentence: str) -> None:
        """Tell the artist something, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass
class Pixels:
    """A picture as a decoder gives it."""

    image: pyvips.Image  # of any number format
    space: str  # RGB, GRAY, CMYK or LAB, the last in float, 0 to 100 and -128 to 127
    white: float | None = None  # the value of white; None is found from the values
    has_alpha: bool = False  # whether one channel more is transparency
    is_premultiplied: bool = False  # whether the colours are multiplied by it


def unpacked(data: bytes, most: int = MOST_BLOCK) -> bytes | None:
    """Deflated data, or None when they are damaged or have more bytes than that."""
    decompressor = zlib.decompressobj()
    try:
        found = decompressor.decompress(data, most)
    except zlib.error:
        return None
    return None if decompressor.unconsumed_tail else found


def counted(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _near_whole(value: float) -> float:
    return float(round(value)) if abs(value - round(value)) < NEAR_WHOLE else float(value)
