"""The profiles that prints are made by, and the levels of white, black and named colours in them."""

from __future__ import annotations

from pathlib import Path

from bigart_lib.pictures import colour, profiles, spaces
from bigart_lib.pictures.vips import vips

SPACES = ("RGB", "CMYK", "GRAY")  # that a print can be in
BLACK = {1: (0,), 3: (0, 0, 0), 4: (0, 0, 0, 65535)}  # ink of letters, by the number of colours
ALL_INKS = {**BLACK, 4: (65535,) * 4}  # ink of crop marks
WHITE = {1: (65535,), 3: (65535,) * 3, 4: (0,) * 4}


def read_profile(path: Path | str) -> bytes:
    """The ICC profile in a file, once colours can be converted to it.

    Raises
    ------
    ValueError
        When it is none, or none of a printer, a press or a screen.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: expected an ICC profile, found {'no plain file' if path.exists() else 'no file'}"
        )
    with path.open("rb") as file:
        data = file.read(spaces.LARGEST + 1)
    try:
        found = spaces.check_output(data)
    except ValueError as error:
        raise ValueError(f"{path} is no profile to print by: {error}") from None
    if found.space not in SPACES:
        raise ValueError(
            f"{path} is no profile to print by: expected one of RGB, CMYK or grey, not {found.space}"
        )
    return data


def own_profile(profile: bytes | None, colours: int) -> bytes:
    """The profile of a picture's values, which is that of sRGB where it does not say."""
    return profile or (profiles.GREY() if colours == 1 else profiles.SRGB())


def levels_of(word: str, profile: bytes) -> list[int]:
    """A colour "#rrggbb" of sRGB as levels of a profile."""
    values = [257 * int(word[start : start + 2], 16) for start in (1, 3, 5)]
    if len(set(values)) == 1 and values[0] in (0, 65535) and profile[16:20] == b"RGB ":
        return values
    dot = (vips().Image.black(1, 1, bands=3) + values).cast("ushort").copy(interpretation="rgb16")
    return [int(value) for value in colour.convert(dot, None, profile).getpoint(0, 0)]
