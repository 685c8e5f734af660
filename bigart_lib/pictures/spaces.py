"""What an ICC profile is: its space, its curve, and whether colours can be converted with it.

Anybody may have written it. Reads the few tags of ICC.1:2010 that say so; lcms does the rest.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import ImageCms

from bigart_lib.pictures import profiles

if TYPE_CHECKING:
    import numpy as np

LARGEST = 16_000_000  # bytes of a profile that is read; those of presses have 1 to 3 million
MOST_TAGS = 200
MOST_SAMPLES = 65536  # of a curve in a table
LONGEST_NAME = 100  # characters
SAMPLES = 1025  # at which curves are compared
# How far a space's curve may be from sRGB's, in encoded values (0 to 1): the greatest distance between a
# value and what sRGB writes for the same light. Within it a network that knows sRGB sees what it is used to.
NEAR = 0.065
SAME_CURVE = 0.004  # as far may a curve be and still be sRGB's: a level of 8 bits
SAME_COLOUR = 0.002  # of X, Y and Z of a primary
SPACES = {b"RGB ": "RGB", b"GRAY": "GRAY", b"CMYK": "CMYK", b"Lab ": "LAB"}
CHANNELS = {"RGB": 3, "GRAY": 1, "CMYK": 4, "LAB": 3}
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}  # Pillow's
CLASSES = (b"mntr", b"prtr", b"scnr", b"spac")  # display, output, input, colour space
PARAMETERS = (1, 3, 4, 5, 7)  # numbers of a parametric curve, by its type
RELATIVE = ImageCms.Intent.RELATIVE_COLORIMETRIC


@dataclass(frozen=True)
class Space:
    """What a profile says."""

    name: str
    space: str  # RGB, GRAY, CMYK or LAB
    kind: str  # mntr, prtr, scnr or spac: of displays, printers, scanners, or of none
    colorants: np.ndarray | None = field(default=None, compare=False)  # (3, 3): XYZ under D50 in columns
    curves: tuple[bytes, ...] = field(default=(), compare=False, repr=False)  # tags of RGB or grey
    distance: float | None = None  # of its curves from sRGB's; see `NEAR`

    @property
    def channels(self) -> int:
        """How many channels its pictures have, transparency not counted."""
        return CHANNELS[self.space]

    @property
    def is_matrix(self) -> bool:
        """Whether it is three primaries with a curve each."""
        return self.colorants is not None

    @property
    def is_near_srgb(self) -> bool:
        """Whether networks that were trained on sRGB may be given its values as they are."""
        return self.is_matrix and self.distance <= NEAR and self._is_ordered

    @property
    def is_srgb(self) -> bool:
        """Whether it is sRGB, or grey with sRGB's curve, by another name."""
        if self.distance is None or self.distance > SAME_CURVE:
            return False
        return self.space == "GRAY" or abs(self.colorants - srgb_colorants()).max() <= SAME_COLOUR

    @property
    def _is_ordered(self) -> bool:
        """Whether its red is a red, its green a green and its blue a blue."""
        import numpy as np

        shares = np.linalg.solve(srgb_colorants(), self.colorants)
        return bool((shares.argmax(0) == np.arange(3)).all())


@lru_cache(maxsize=32)
def describe(profile: bytes) -> Space:
    """What a profile is, once lcms can convert from it.

    Raises
    ------
    ValueError
        When it is no profile that can be used, in one sentence that begins with "it".
    """
    tags = _tags(profile)
    space = SPACES[profile[16:20]]
    _check_lcms(profile, MODES[space])
    curves, colorants, distance = (), None, None
    if profile[20:24] != b"XYZ ":  # lookup tables; and greys whose curve gives lightness and no light
        return Space(_name(tags), space, profile[12:16].decode("ascii"))
    if space == "GRAY" and b"kTRC" in tags:
        curves = (tags[b"kTRC"],)
    elif space == "RGB" and {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= tags.keys():
        curves = tuple(tags[key] for key in (b"rTRC", b"gTRC", b"bTRC"))
        colorants = _colorants([tags[key] for key in (b"rXYZ", b"gXYZ", b"bXYZ")])
    if curves:
        distance = max(_distance(curve) for curve in curves)
    return Space(_name(tags), space, profile[12:16].decode("ascii"), colorants, curves, distance)


def check_output(profile: bytes) -> Space:
    """What a profile is, once colours can be converted to it; raises as `describe` does."""
    found = describe(profile)
    try:
        srgb = ImageCms.ImageCmsProfile(io.BytesIO(profiles.SRGB()))
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.buildTransform(srgb, opened, "RGB", MODES[found.space], RELATIVE)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise ValueError(f"it is a profile that colours cannot be converted to ({error})") from None
    return found


@lru_cache(maxsize=1)
def srgb_colorants() -> np.ndarray:
    """X, Y and Z under D50 of sRGB's primaries, in columns."""
    return colorants_of(profiles.SRGB())


def colorants_of(profile: bytes) -> np.ndarray:
    """X, Y and Z under D50 of the primaries of a profile of ours, in columns."""
    tags = _tags(profile)
    return _colorants([tags[key] for key in (b"rXYZ", b"gXYZ", b"bXYZ")])


def decoded(curve: bytes, values: np.ndarray) -> np.ndarray:
    """The light, from 0 to 1, that encoded values mean by a curve's tag; raises as `describe` does."""
    import numpy as np

    kind, rest = curve[:4], curve[8:]
    try:
        if kind == b"curv":
            (count,) = struct.unpack_from(">I", rest)
            if count > MOST_SAMPLES:
                raise ValueError("it has a curve that is too long")
            samples = struct.unpack_from(f">{count}H", rest, 4)
            if count > 1:
                return np.interp(values, np.linspace(0, 1, count), np.array(samples) / 65535)
            return values ** (samples[0] / 256 if samples else 1)
        if kind == b"para":
            (which,) = struct.unpack_from(">H", rest)
            found = struct.unpack_from(f">{PARAMETERS[which]}i", rest, 4)
            return _parametric(which, [value / 65536 for value in found], values)
    except (struct.error, IndexError):
        pass
    raise ValueError("it has a curve that cannot be read")


def _parametric(which: int, numbers: list[float], values: np.ndarray) -> np.ndarray:
    """The curves of types 0 to 4 of ICC.1:2010, 10.16."""
    import numpy as np

    exponent, a, b, c, d, e, f = [*numbers, *[1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(numbers) - 1 :]]
    above, below, start = 0.0, 0.0, -np.inf
    if which in (1, 2):
        above = c if which == 2 else 0.0
        below, start = above, -b / a if a else np.inf
    elif which in (3, 4):
        above, start = e, d
        below = c * values + f
    with np.errstate(all="ignore"):
        power = np.maximum(a * values + b, 0) ** exponent + above
        return np.clip(np.nan_to_num(np.where(values >= start, power, below), posinf=1.0), 0, 1)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The tags of a profile whose header makes sense."""
    if len(profile) > LARGEST:
        raise ValueError(f"it has {len(profile):,} bytes, of at most {LARGEST:,}")
    if len(profile) < 132 or profile[36:40] != b"acsp":
        raise ValueError("it is no ICC profile")
    size, number = struct.unpack_from(">I", profile)[0], struct.unpack_from(">I", profile, 128)[0]
    if size > len(profile):
        raise ValueError(f"it is cut short: it has {len(profile):,} of its {size:,} bytes")
    if profile[12:16] not in CLASSES or profile[16:20] not in SPACES:
        kind, space = (_plain(profile[start : start + 4]) for start in (12, 16))
        raise ValueError(
            f"it is a profile of another kind ({kind}, {space}): expected RGB, grey, CMYK or Lab"
        )
    if number > MOST_TAGS or 132 + 12 * number > size:
        raise ValueError("it has tags that cannot be read")
    tags = {}
    for start in range(132, 132 + 12 * number, 12):
        key, place, length = struct.unpack_from(">4sII", profile, start)
        if place + length > size:
            raise ValueError("it has tags that lie outside of it")
        tags[key] = profile[place : place + length]
    return tags


def _check_lcms(profile: bytes, mode: str) -> None:
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.ImageCmsProfile(io.BytesIO(profiles.SRGB()))
        ImageCms.buildTransform(opened, srgb, mode, "RGB", RELATIVE)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise ValueError(f"it is a profile that lcms cannot use ({error})") from None


def _colorants(tags: list[bytes]) -> np.ndarray:
    import numpy as np

    if any(len(tag) < 20 for tag in tags):
        raise ValueError("it has primaries that cannot be read")
    found = np.array([struct.unpack_from(">3i", tag, 8) for tag in tags]).T / 65536
    if abs(np.linalg.det(found)) < 1e-6:
        raise ValueError("it has primaries that lie on a line")
    return found


def _distance(curve: bytes) -> float:
    import numpy as np

    values = np.linspace(0, 1, SAMPLES)
    light = decoded(curve, values)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return float(abs(encoded - values).max())


def _name(tags: dict[bytes, bytes]) -> str:
    """What a profile calls itself, in any of the three ways to write it."""
    tag = tags.get(b"desc", b"")
    if tag[:4] == b"desc" and len(tag) >= 12:
        text = tag[12 : 12 + struct.unpack_from(">I", tag, 8)[0]].decode("latin-1")
    elif tag[:4] == b"mluc" and len(tag) >= 28:
        length, place = struct.unpack_from(">II", tag, 20)
        text = tag[place : place + length].decode("utf-16-be", "replace")
    else:
        text = tag[8:].decode("latin-1")
    return " ".join(text.split("\0")[0].split())[:LONGEST_NAME] or "without a name"


def _plain(value: bytes) -> str:
    return value.decode("latin-1").strip() if value.isalnum() or value.strip().isalnum() else value.hex()
