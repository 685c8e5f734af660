"""The picture that is printed, in the colours that prints are made from, and what a print says of itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures import colour, profiles, reading, recipe, spaces
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.xmp import Packet
from bigart_lib.printing import inks
from bigart_lib.printing.settings import PrintSettings

if TYPE_CHECKING:
    import pyvips

LAB_SPACES = ("srgb", "adobe rgb", "adobergb")  # that photo labs know


@dataclass(frozen=True)
class Source:
    """A picture in a file: its px, read once from top to bottom, and all that it carries."""

    picture: pyvips.Image  # 16-bit levels
    carried: Carried
    profile: bytes  # of the levels
    size: tuple[int, int]


@dataclass(frozen=True)
class Inks:
    """The colours of a print."""

    working: bytes  # profile in which it is put together
    target: bytes  # and in which it is written
    depth: int  # bits a colour
    is_given: bool  # whether the target is a profile that was asked for


def opened(path: Path) -> Source:
    """A picture to print; raises PictureError as `reading.stream` does."""
    picture, carried = reading.stream(path)
    with suppress(PictureError):
        carried = replace(carried, recipe=recipe.read_as_written(path))
    colours = 1 if picture.bands < 3 else 3
    profile = inks.own_profile(carried.profile, colours)
    return Source(picture, carried, profile, (picture.width, picture.height))


def choose_inks(source: Source, settings: PrintSettings) -> Inks:
    """In which colours and how deep a picture is printed.

    Raises
    ------
    ValueError
        When the profile is none, or is not for this kind of shop or format.
    """
    kind, depth = settings.chosen("format") or "pdf", settings.chosen("depth") or source.carried.depth
    target = inks.read_profile(settings.profile) if settings.profile else None
    space = spaces.describe(target).space if target else None
    if settings.shop == "offset" and space != "CMYK":
        raise ValueError(
            f"{settings.profile} is a profile for {space}; offset prints in CMYK: take the press's"
        )
    if settings.shop == "lab" and space not in (None, "RGB"):
        raise ValueError(
            f"{settings.profile} is a profile for {space}; a photo lab takes RGB and converts itself"
        )
    if kind == "png" and space == "CMYK":
        raise ValueError("a PNG holds no CMYK: choose pdf, tiff or jpg")
    is_grey = source.picture.bands < 3
    is_coloured = any(len({word[1:3], word[3:5], word[5:7]}) > 1 for word in _colours(settings))
    working = source.profile
    if is_grey and (is_coloured or settings.shop == "lab" or space == "RGB"):
        working = profiles.SRGB()
    if target is None:
        name = spaces.describe(working).name.lower()
        is_known = spaces.describe(working).is_srgb or any(one in name for one in LAB_SPACES)
        target = profiles.SRGB() if settings.shop == "lab" and not is_known else working
    return Inks(working, target, min(depth, 8 if kind == "jpg" else 16), settings.profile is not None)


def in_working(picture: pyvips.Image, source: Source, chosen: Inks) -> pyvips.Image:
    """A fitted picture in the profile that prints are put together in."""
    if chosen.working == source.profile:
        return picture
    return colour.convert(picture, source.profile, chosen.working)


def said(carried: Carried, caption: str | None, edition: str | None, title: str | None = None) -> Carried:
    """What a print says of itself: what its picture does, and which of an edition it is.

    The number stands behind the title, which all programs show, and by itself.
    """
    try:
        packet = Packet(carried.xmp or None)
    except ValueError:  # damaged: writing leaves it out, and says so
        packet = Packet()
    if title:
        packet.set_list("dc:title", "Alt", [title])
    if caption and not packet.text("dc:title"):
        packet.set_list("dc:title", "Alt", [caption])
    if edition:
        name = title or packet.text("dc:title") or _prompt(carried)
        packet.set_list("dc:title", "Alt", [f"{name}, {edition}" if name else edition])
        packet.set("bigart:edition", edition)
    return replace(carried, xmp=packet.to_bytes())


def title_of(carried: Carried) -> str | None:
    """What a picture is called: its title, or its prompt."""
    with suppress(ValueError):
        if carried.xmp and (title := Packet(carried.xmp).text("dc:title")):
            return title
    return _prompt(carried)


def _prompt(carried: Carried) -> str | None:
    prompt = carried.recipe.get("prompt")
    return prompt if isinstance(prompt, str) else None


def _colours(settings: PrintSettings) -> list[str]:
    return [word for word in (settings.border_colour, settings.wrap_with) if word.startswith("#")]
