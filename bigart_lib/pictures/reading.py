"""Pictures that people bring, read with all that they carry: colours, depth, transparency, words.

Values of an RGB space with a curve near sRGB's are taken as they are, and the profile goes along. Others are
converted, in 16 bits, to the smallest space that holds the picture's colours, or to grey with sRGB's curve.
What is untagged is sRGB, and CMYK of a usual press. Transparency is kept beside the colours, which are not
multiplied by it; one that is opaque everywhere is dropped, as it says nothing and costs a third more.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.pictures import colour, levels, profiles, spaces
from bigart_lib.pictures.carried import Brought, Carried
from bigart_lib.pictures.formats import directories, kinds, others
from bigart_lib.pictures.formats.header import Header, Pixels
from bigart_lib.pictures.images import LONGEST_SIDE_OPENED, MOST_PIXELS_OPENED, PictureError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyvips

# What decoders raise on what is no picture of theirs, or damaged.
FAULTS = (
    OSError, SyntaxError, ValueError, RuntimeError, EOFError, LookupError, TypeError, ArithmeticError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
LONGEST_REASON = 300  # characters


def read(path: Path | str) -> Brought:
    """A picture, upright, with all that its file says.

    Raises
    ------
    PictureError
        When it is absent, no picture, damaged, or too large, in one sentence.
    """
    image, carried = stream(path)
    with faults(Path(path)):
        return Brought(_array(image), carried)


def stream(path: Path | str, is_random: bool = False) -> tuple[pyvips.Image, Carried]:
    """A picture as `read` gives it, whose pixels (16 bits) are read as far as they are used.

    Parameters
    ----------
    is_random : whether parts may be asked for in any order; else from top to bottom, once.

    Raises
    ------
    PictureError
        As `read` does; damage within the pixels shows itself when they are read: see `faults`.
    """
    path = Path(path)
    with faults(path):
        header = _header(path)
        access = "sequential" if header.orientation < 3 and not is_random else "random"
        opener = kinds.Opener(path, header, access)
        opener.open()  # some formats say more of themselves with their pixels
        return _finished(opener.open, header)


def read_carried(path: Path | str) -> Carried:
    """What a picture's file says, without its pixels: of a space that reading converts, the file's profile.

    Raises
    ------
    PictureError
        As `read` does, but for pixels.
    """
    path = Path(path)
    with faults(path):
        header = _header(path)
        profile = _known_profile(header)
        if profile and spaces.describe(profile).is_srgb:
            profile = None
        return _carried(header, profile, header.bits > 8)


def size(path: Path | str) -> tuple[int, int]:
    """Width and height in px of a picture once it is upright; raises as `read_carried` does."""
    with faults(Path(path)):
        header = _header(Path(path))
        return _upright_pair((header.width, header.height), header.orientation)


def from_image(image: Image.Image) -> Brought:
    """A picture of Pillow's of any mode, as `read` gives one; raises PictureError when it makes no sense."""
    with faults("the picture"):
        image.load()
        header = Header("", *image.size)
        said = image.info
        header.add_block("profile", said.get("icc_profile"))
        header.add_block("exif", said.get("exif"))
        if isinstance(said.get("dpi"), tuple) and len(said["dpi"]) == 2:
            header.set_dpi(*map(float, said["dpi"]))
        for name, text in (getattr(image, "text", None) or {}).items():
            header.add_text(str(name), str(text))
        header.bits = 16 if image.mode.startswith(("I", "F")) else 8
        header.orientation = image.getexif().get(directories.ORIENTATION, 1)
        _add_exif(header)
        pixels = others.from_pillow(image)
        brought, carried = _finished(lambda: pixels, header)
        return Brought(_array(brought), carried)


@contextmanager
def faults(path: Path | str) -> Iterator[None]:
    """Turn whatever decoders raise of a file into a PictureError, in one sentence, and pass over warnings."""
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # of tags that make no sense
    try:
        yield
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError(f"{path}: expected a picture, found no file") from None
    except FAULTS as error:
        raise PictureError(f"{path} is not a picture that can be read: {_reason(error)}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "pyvips":
            raise
        raise PictureError(
            f"{path} is not a picture that can be read: it is damaged ({_reason(error)})"
        ) from None


def _reason(error: BaseException) -> str:
    """What an error says first, on one line."""
    if isinstance(error, UnicodeError):
        return "it is damaged"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    said = f"{error.args[0] if error.args else error}\n{getattr(error, 'detail', '')}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("unable to")]
    return " ".join((told or lines or [type(error).__name__])[0].split())[:LONGEST_REASON]


def _header(path: Path) -> Header:
    """What a file says, of a size that may be opened."""
    if not path.is_file():
        raise PictureError(
            f"{path}: expected a picture, found {'no plain file' if path.exists() else 'no file'}"
        )
    if not path.stat().st_size:
        raise PictureError(f"{path}: expected a picture, found an empty file")
    header = kinds.header(path)
    width, height = header.width, header.height
    if width * height > MOST_PIXELS_OPENED or max(width, height) > LONGEST_SIDE_OPENED:
        raise PictureError(f"{path} has {width}x{height} pixels, too many to read: make it smaller first")
    if width < 1 or height < 1:
        raise PictureError(f"{path} has {width}x{height} pixels: there is nothing to see")
    if header.facts.get("lacks_end"):
        header.note("the file lacks its end, but no pixel")
    if header.format == "TIFF" and header.exif:
        header.exif = directories.read_exif(header.exif).upright
    else:
        _add_exif(header)
    return header


def _add_exif(header: Header) -> None:
    """What EXIF says of the picture; a block that makes no sense is left out."""
    if not header.exif:
        return
    try:
        found = directories.read_exif(header.exif)
    except (ValueError, struct.error):
        header.exif = None
        header.note("its EXIF is left out: it cannot be read")
        return
    header.exif = found.upright
    # Files of boxes are turned by a box of their own, which Pillow shows as EXIF, and libheif goes by.
    if header.format != "HEIC" and (header.format != "AVIF" or header.facts.get("is_turned")):
        header.orientation = found.orientation
    if found.dpi and not header.dpi:
        header.set_dpi(*found.dpi)
    if found.is_adobe_rgb and not header.profile:
        header.profile, header.profile_from = profiles.ADOBE_RGB(), "its EXIF"


def _finished(opened: Callable[[], Pixels], header: Header) -> tuple[pyvips.Image, Carried]:
    """The picture in 16 bits, its transparency straight, in a space that results can have, upright."""
    profile = _known_profile(header)
    prepared = levels.prepared(opened, header)
    image, profile, is_deep = _in_a_space(prepared, header, profile)
    return _turned(image, header.orientation), _carried(header, profile, is_deep or header.bits > 8)


def _known_profile(header: Header) -> bytes | None:
    """The profile that the file has, if it can be used."""
    if not header.profile or header.facts.get("space") == "LAB":  # whose values need none
        return None
    try:
        spaces.describe(header.profile)
    except ValueError as error:
        header.note(f"its profile is left out: {error}")
        return None
    return header.profile


def _in_a_space(
    prepared: Callable[[], levels.Prepared], header: Header, profile: bytes | None
) -> tuple[pyvips.Image, bytes | None, bool]:
    """A picture with its values kept, or converted; with its profile, and whether it needs 16 bits."""
    first = prepared()
    image, found = first.image, spaces.describe(profile) if profile else None
    if found and found.space != first.space and (first.space, found.space) != ("GRAY", "RGB"):
        if first.space != "LAB":
            header.note(f"its profile is left out: it is for {found.space}, but the picture is {first.space}")
        profile = found = None
    if first.space == "GRAY":
        return _grey(image, header, profile)
    if first.space == "RGB" and (found is None or found.is_srgb):
        return image, None, False
    if first.space == "RGB" and found.is_near_srgb:
        return image, profile, False
    origin = f"{first.space} ({found.name}, by {header.profile_from})" if found else first.space.capitalize()
    if first.space == "CMYK" and found is None:
        profile, origin = profiles.PRESS(), "CMYK"
        header.note("it does not say its CMYK: taken as a usual press's")
    name, target, is_held = colour.smallest_space(prepared().image, profile)
    header.note(f"its colours are converted from {origin} to {name}, in 16 bits")
    if not is_held:
        header.note(f"some of its colours are beyond {name}, and are cut")
    done = colour.convert(prepared().image, profile, target)
    return done, None if target == profiles.SRGB() else target, True


def _grey(image: pyvips.Image, header: Header, profile: bytes | None) -> tuple[pyvips.Image, None, bool]:
    """Grey with sRGB's curve."""
    found = spaces.describe(profile) if profile else None
    if found and found.space == "RGB":  # grey saved with the profile of a colour picture
        if not found.is_matrix:
            header.note("its profile is left out: it is for RGB, but the picture is grey")
            return image, None, False
        profile = profiles.grey(found.name, found.curves[1])
        found = spaces.describe(profile)
    if found is None or found.is_srgb:
        return image, None, False
    header.note(
        f"its greys are converted from {found.name}, by {header.profile_from}, to sRGB's curve, in 16 bits"
    )
    return colour.convert(image, profile, profiles.GREY()), None, True


def _turned(image: pyvips.Image, orientation: int) -> pyvips.Image:
    """A picture upright that is stored in one of EXIF's eight orientations."""
    turns = {3: "d180", 5: "d90", 6: "d90", 7: "d270", 8: "d270"}
    if orientation in turns:
        image = image.rot(turns[orientation])
    if orientation in (2, 5, 7):
        image = image.fliphor()
    return image.flipver() if orientation == 4 else image


def _upright_pair(pair: tuple, orientation: int) -> tuple:
    return pair[::-1] if orientation in kinds.SIDEWAYS else pair


def _carried(header: Header, profile: bytes | None, is_deep: bool) -> Carried:
    return Carried(
        profile=profile,
        depth=16 if is_deep else 8,
        dpi=_upright_pair(header.dpi, header.orientation) if header.dpi else None,
        exif=header.exif,
        iptc=header.iptc,
        xmp=header.xmp,
        texts=dict(header.texts),
        notes=tuple(header.notes),
    )


def _array(image: pyvips.Image) -> object:
    import numpy as np

    return np.asarray(image.numpy()).reshape(image.height, image.width, image.bands)
