"""ICC profiles that we write: `spaces.py` says what a given one is, `colour.py` converts.

Profiles are written by ICC.1:2010 (version 4.3): matrix and curves, the same bytes whenever and wherever.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

D50 = (0.9642, 1.0, 0.8249)  # white of the space through which profiles connect
D65 = (0.3127, 0.3290)  # chromaticity
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # IEC 61966-2-1
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
REC2020_PRIMARIES = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
ROMM_PRIMARIES = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
ROMM_WHITE = (0.3457, 0.3585)


# ---------------------------------------------------------------------------------------------- our own


@cache
def SRGB() -> bytes:  # noqa: N802
    """The sRGB space."""
    return rgb("sRGB", SRGB_PRIMARIES, D65, parametric(*SRGB_CURVE))


@cache
def DISPLAY_P3() -> bytes:  # noqa: N802
    """The space of today's screens: primaries of DCI-P3, white and curve of sRGB."""
    return rgb("Display P3", P3_PRIMARIES, D65, parametric(*SRGB_CURVE))


@cache
def ADOBE_RGB() -> bytes:  # noqa: N802
    """A space that is compatible with Adobe RGB (1998)."""
    return rgb("Compatible with Adobe RGB (1998)", ADOBE_PRIMARIES, D65, gamma(563 / 256))


@cache
def WIDE() -> bytes:  # noqa: N802
    """A space for all colours that are brought: primaries of ROMM RGB (ISO 22028-2), sRGB's curve.

    Those of Rec. 2020 would cut what ProPhoto RGB, of the same primaries, and many Lab files hold.
    """
    return rgb("ROMM RGB with the curve of sRGB", ROMM_PRIMARIES, ROMM_WHITE, parametric(*SRGB_CURVE))


@cache
def GREY() -> bytes:  # noqa: N802
    """Grey with sRGB's curve."""
    return grey("Grey with the curve of sRGB", parametric(*SRGB_CURVE))


@cache
def PRESS() -> bytes:  # noqa: N802
    """CMYK of a usual press, for pictures that do not say theirs: the one that libvips brings."""
    from bigart_lib.pictures.vips import vips

    return bytes(vips().Image.profile_load("cmyk"))


def rgb(
    name: str, primaries: Sequence[tuple[float, float]], white: tuple[float, float], curve: bytes
) -> bytes:
    """A profile of a space given by the chromaticities of its primaries and its white.

    Raises
    ------
    ValueError
        When no space has such primaries.
    """
    import numpy as np

    points = [*primaries, white]
    if any(not (0 <= x <= 1 and 0 < y <= 1) for x, y in points):
        raise ValueError("its primaries are no colours")
    *columns, light = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in points)
    matrix = np.stack(columns, 1)
    if abs(np.linalg.det(matrix)) < 1e-6:
        raise ValueError("its primaries lie on a line")
    adapted = _adaptation(light) @ (matrix * np.linalg.solve(matrix, light))
    fixed = np.rint(adapted * 65536).astype(int)
    if abs(fixed).max() >= 2**31:
        raise ValueError("its primaries are no colours")
    fixed[:, 1] += np.array(_fixed(D50)) - fixed.sum(1)  # so that equal values are grey to the last bit
    tags = {b"rXYZ": fixed[:, 0], b"gXYZ": fixed[:, 1], b"bXYZ": fixed[:, 2]}
    tags = {key: b"XYZ \0\0\0\0" + struct.pack(">3i", *map(int, column)) for key, column in tags.items()}
    adaptation = [int(value) for value in np.rint(_adaptation(light) * 65536).ravel()]
    tags |= {b"chad": b"sf32\0\0\0\0" + struct.pack(">9i", *adaptation)}
    return _profile(b"RGB ", name, tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey(name: str, curve: bytes) -> bytes:
    """A profile of a grey with this curve."""
    return _profile(b"GRAY", name, {b"kTRC": curve})


def parametric(exponent: float, a: float, b: float, c: float, d: float) -> bytes:
    """A curve that decodes a value x: (a x + b) ** exponent from d on, below it c x."""
    return b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *_fixed((exponent, a, b, c, d)))


def gamma(exponent: float) -> bytes:
    """A curve that decodes a value x: x ** exponent."""
    if exponent == 1:
        return b"curv" + bytes(8)
    if (exponent * 256).is_integer():
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, int(exponent * 256))
    return b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, *_fixed((exponent,)))


def table(samples: Sequence[float]) -> bytes:
    """A curve given by what equally spaced values decode to, from 0 to 1."""
    levels = [round(min(max(sample, 0), 1) * 65535) for sample in samples]
    return b"curv\0\0\0\0" + struct.pack(f">I{len(levels)}H", len(levels), *levels)


def _adaptation(white: np.ndarray) -> np.ndarray:
    """The matrix that turns colours under a white into those under D50."""
    import numpy as np

    bradford = np.array(BRADFORD)
    gains = (bradford @ D50) / (bradford @ white)
    return np.linalg.inv(bradford) @ np.diag(gains) @ bradford


def _fixed(values: Sequence[float]) -> list[int]:
    return [round(value * 65536) for value in values]


def _profile(space: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", *_fixed(D50)),
        **tags,
    }
    entries, data, places = b"", b"", {}
    start = 132 + 12 * len(tags)
    for key, value in tags.items():
        if value not in places:  # the three curves are one
            places[value] = start + len(data)
            data += value + bytes(-len(value) % 4)
        entries += key + struct.pack(">II", places[value], len(value))
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"\0\0\0\0", 0x04300000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + struct.pack(">3i", *_fixed(D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + data


def _text(value: str) -> bytes:
    encoded = value.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
