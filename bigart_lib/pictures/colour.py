"""Colours from one space to another, by lcms through libvips, in 16 bits; and how far colours are apart.

Pictures go through in strips, so that the largest take no more memory than small ones. A transparency behind
the colours goes along as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigart_lib.pictures import profiles, spaces
from bigart_lib.pictures.vips import from_array, vips, with_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyvips

INTENTS = ("relative", "perceptual", "saturation", "absolute")
MOST = {"uchar": 255, "ushort": 65535}  # level of white
INTERPRETATIONS = {"RGB": "rgb16", "GRAY": "grey16", "CMYK": "cmyk"}
# From small to large. Each holds what the one before it cannot, which most screens or printers can show.
HOLDERS: tuple[tuple[str, Callable[[], bytes]], ...] = (
    ("sRGB", profiles.SRGB),
    ("Display P3", profiles.DISPLAY_P3),
    ("Adobe RGB", profiles.ADOBE_RGB),
    ("ROMM RGB with the curve of sRGB", profiles.WIDE),
)
# What a space cuts may be so much of full light, in any channel: under 1 dE2000.
TOLERANCE = 0.002
FAR = 0.02  # of full light: what is cut by more is worth a word
STRAY = 1e-4  # share of the pixels that a space need not hold: specks that nobody sees


def convert(
    image: pyvips.Image,
    from_profile: bytes | None,
    to_profile: bytes | None,
    intent: str = "relative",
    black_point: bool = True,
) -> pyvips.Image:
    """A picture's colours in another space, in 16 bits.

    Parameters
    ----------
    image : 8 or 16 bits, or float Lab under D50 (interpretation "lab"); one channel more is transparency.
    from_profile : of the values; None is sRGB, or grey with its curve; unused for Lab.
    to_profile : RGB, grey or CMYK; None is sRGB.
    intent : one of `INTENTS`.
    black_point : whether the darkest of one space becomes the darkest of the other.

    Raises
    ------
    ValueError
        When a profile cannot be used, or is of another kind of picture.
    """
    if intent not in INTENTS:
        raise ValueError(f"expected an intent of {', '.join(INTENTS)}, got {intent!r}")
    target = to_profile or profiles.SRGB()
    goal = _checked(target, "the profile to convert to", spaces.check_output)
    if goal.space == "LAB":
        raise ValueError("the profile to convert to: expected RGB, grey or CMYK, got Lab")
    colours, alpha = split(image, None if is_lab(image) else channels_of(image, from_profile))
    if not is_lab(image) and (from_profile or _untagged(colours)) == target:
        return to_16_bits(image)
    is_exact = _is_matrix(image, from_profile) and goal.is_matrix
    options = {"intent": intent, "black_point_compensation": black_point, "pcs": "xyz" if is_exact else "lab"}
    done = colours if is_lab(image) else _connected(colours, from_profile, options)
    done = with_profile(done, target).icc_export(depth=16, **options)
    done = done.copy(interpretation=INTERPRETATIONS[goal.space])
    return done if alpha is None else done.bandjoin(to_16_bits(alpha))


def to_lab(image: pyvips.Image, profile: bytes | None, black_point: bool = False) -> pyvips.Image:
    """The colours of a picture as float Lab under D50, without its transparency; raises as `convert` does.

    Colours are relative to the white of the picture's medium: of absolute ones libvips has another white.
    """
    if is_lab(image):
        return split(image, 3)[0]
    colours, _ = split(image, channels_of(image, profile))
    return _connected(
        colours, profile, {"intent": "relative", "black_point_compensation": black_point, "pcs": "lab"}
    )


def difference(first: pyvips.Image, second: pyvips.Image) -> pyvips.Image:
    """The dE2000 of each pixel of two pictures in float Lab, exact to 0.3 %.

    Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula", 2005.
    """
    return first.dE00(second)


def smallest_space(image: pyvips.Image, profile: bytes | None) -> tuple[str, bytes, bool]:
    """The smallest of `HOLDERS` that holds a picture's colours.

    Parameters
    ----------
    image, profile : as for `convert`. Pixels are read once, in order, unless the profile alone tells.

    Returns
    -------
    tuple
        Name, profile, and whether it holds all: of Lab there are colours that no space of primaries holds.
    """
    import numpy as np

    matrices = [np.linalg.inv(spaces.colorants_of(make())) for _, make in HOLDERS]
    if _is_matrix(image, profile):
        corners = np.indices((2, 2, 2)).reshape(3, -1)
        lights = [matrix @ spaces.describe(profile).colorants @ corners for matrix in matrices]
        shares = [float((abs(light - 0.5) > 0.5 + TOLERANCE).any()) for light in lights]
        if shares[0] == 0:
            return HOLDERS[0][0], HOLDERS[0][1](), True
    shares = _shares_outside(image, profile, matrices)
    found = next((place for place, share in enumerate(shares[:-1]) if share <= STRAY), len(HOLDERS) - 1)
    name, make = HOLDERS[found]
    return name, make(), shares[-1] <= STRAY


def _shares_outside(image: pyvips.Image, profile: bytes | None, matrices: list) -> list[float]:
    """The shares of the pixels that spaces do not hold but the last does, and that the last does not hold.

    Spaces are given by what turns XYZ into their light.
    """
    import numpy as np

    if _is_matrix(image, profile):
        place = _light(image, profile)
        matrices = [matrix @ spaces.describe(profile).colorants for matrix in matrices]
    else:
        place = _lab_to_xyz(to_lab(image, profile, black_point=True))
    over = (place.recomb(np.concatenate(matrices).tolist()) - 0.5).abs() - 0.5  # as much would be cut
    most = [over[k].bandrank([over[k + 1], over[k + 2]], index=2) for k in range(0, 3 * len(matrices), 3)]
    # What no space holds, as light brighter than white, does not speak for a large one.
    unheld = (most[-1] > 0).ifthenelse(most[-1], 0)
    masks = [one - unheld > TOLERANCE for one in most[:-1]] + [unheld > FAR]
    means = masks[0].bandjoin(masks[1:]).stats().numpy().reshape(len(matrices) + 1, -1)[1:, 4]
    return [float(mean) / 255 for mean in means]


def _light(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    """The light of each primary, from 0 to 1, in float."""
    import numpy as np

    colours, _ = split(image, 3)
    values = np.linspace(0, 1, MOST[colours.format] + 1)
    tables = [spaces.decoded(curve, values) for curve in spaces.describe(profile).curves]
    return colours.maplut(from_array(np.stack(tables, 1)[None].astype(np.float32)))


def _lab_to_xyz(image: pyvips.Image) -> pyvips.Image:
    """CIE Lab to XYZ under D50, white being Y = 1."""
    height = (image[0] + 16) / 116
    roots = (height + image[1] / 500).bandjoin([height, height - image[2] / 200])
    cubes = (roots > 6 / 29).ifthenelse(roots**3, (roots - 4 / 29) * (3 * (6 / 29) ** 2))
    return cubes * list(profiles.D50)


def is_lab(image: pyvips.Image) -> bool:
    """Whether a picture holds float Lab."""
    return image.interpretation == "lab"


def channels_of(image: pyvips.Image, profile: bytes | None) -> int:
    """How many channels of colour a picture of this profile has; ValueError when they do not fit."""
    if profile is None:
        return 1 if image.bands < 3 else 3
    found = _checked(profile, "the picture's profile", spaces.describe)
    if image.bands - found.channels not in (0, 1):
        raise ValueError(f"the picture's profile is {found.space}, but it has {image.bands} channels")
    return found.channels


def split(image: pyvips.Image, channels: int | None) -> tuple[pyvips.Image, pyvips.Image | None]:
    """The colours of a picture, and its transparency if it has more channels."""
    channels = channels or 3
    if image.bands == channels:
        return image, None
    return image.extract_band(0, n=channels), image.extract_band(channels)


def to_16_bits(image: pyvips.Image) -> pyvips.Image:
    """A picture of 8 or 16 bits in 16: a value v of 8 bits is 257 v."""
    if image.format == "ushort":
        return image
    table = vips().Image.identity() * 257
    return image.maplut(table.cast("ushort"))


def _connected(image: pyvips.Image, profile: bytes | None, options: dict) -> pyvips.Image:
    """Colours in the space through which profiles connect."""
    found = profile or _untagged(image)
    space = spaces.describe(found).space
    if space == "LAB":
        raise ValueError("the picture's profile: expected RGB, grey or CMYK, got Lab")
    named = image.copy(interpretation=INTERPRETATIONS[space])
    return with_profile(named, found).icc_import(embedded=True, **options)


def _untagged(image: pyvips.Image) -> bytes:
    return profiles.GREY() if image.bands < 3 else profiles.SRGB()


def _is_matrix(image: pyvips.Image, profile: bytes | None) -> bool:
    return not is_lab(image) and profile is not None and spaces.describe(profile).is_matrix


def _checked(profile: bytes, what: str, check: Callable[[bytes], spaces.Space]) -> spaces.Space:
    try:
        return check(profile)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
