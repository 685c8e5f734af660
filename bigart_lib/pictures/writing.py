"""Pictures into files: the name's ending says the format, and what cannot be is refused before any work.

Everything that a picture carries goes with it, as far as the format can hold it; see `metadata`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.files import writing
from bigart_lib.pictures import encoding, metadata, tags
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.channels import as_vips, in_depth, in_rgb, laid_on
from bigart_lib.pictures.images import PRINT_DPI
from bigart_lib.pictures.xmp import plain

if TYPE_CHECKING:
    import numpy as np
    import pyvips
    from PIL import Image

ENDINGS = {
    ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp",
    ".pdf": "pdf",
}  # fmt: skip
NAMES = {"png": "PNG", "tiff": "TIFF", "jpeg": "JPEG", "webp": "WebP", "pdf": "PDF"}
DEEP = ("png", "tiff", "pdf")  # that hold 16 bits a colour
LOSSY = ("jpeg", "webp")  # that know a quality
COMPRESSIONS = ("deflate", "lzw", "none")  # of a TIFF
LONGEST_SIDE = {"jpeg": 65_535, "webp": 16_383}  # px
JPEG_QUALITY = 95
MOST_DPI = 60_000  # as the resolution of a JPEG is a number of 16 bits
SIGNATURES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}  # of profiles, by the number of colours
LONGEST_TITLE, LONGEST_COMMENT = 1000, 20_000  # characters, of a PDF's and of EXIF's
# What each format has a place for, beside XMP.
KEPT = {
    "png": ("exif", "iptc", "texts"), "tiff": ("exif", "iptc"), "jpeg": ("exif", "iptc", "comment"),
    "webp": ("exif",), "pdf": (),
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How a picture is written; None is what suits the format."""

    depth: int | None = None  # bits a colour, 8 or 16; None: as many as it had, where the format holds them
    quality: int | None = None  # 1 to 100, of JPEG (None: 95) and WebP (None: without loss)
    compression: str | None = None  # "deflate" (None), "lzw" or "none", of TIFF
    background: Sequence[int] | None = None  # red, green and blue, 0 to 255, to lay transparency on

    def __post_init__(self) -> None:
        _check_among("depth", self.depth, (8, 16))
        _check_among("compression", self.compression, COMPRESSIONS)
        quality = self.quality
        if quality is not None and (type(quality) is not int or not 1 <= quality <= 100):
            raise ValueError(f"quality must be a whole number from 1 to 100, not {quality!r}")
        if (colour := self.background) is not None:
            if len(colour) != 3 or not all(type(one) is int and 0 <= one <= 255 for one in colour):
                raise ValueError(f"background must be three numbers from 0 to 255, not {colour!r}")
            object.__setattr__(self, "background", tuple(colour))

    def fitting(self, path: Path | str, depth: int) -> int:
        """Bits a colour that a picture of this depth gets in a file of this name."""
        return self.depth or (depth if check_name(path) in DEEP else 8)


def check_name(path: Path | str) -> str:
    """The format that a name says: "png", "tiff", "jpeg", "webp" or "pdf".

    Raises
    ------
    ValueError
        When its ending is that of none.
    """
    kind = ENDINGS.get(Path(path).suffix.lower())
    if kind is None:
        *most, last = ENDINGS
        raise ValueError(
            f"{path}: expected a name that ends in {', '.join(most)} or {last}, which says the format"
        )
    return kind


def check_form(
    path: Path | str, form: Form, size: tuple[int, int] | None = None, has_alpha: bool = False
) -> None:
    """Refuse what a file of this name cannot be.

    Parameters
    ----------
    size : width and height in px, as far as they are known.
    has_alpha : whether the picture has transparency.

    Raises
    ------
    ValueError
        Saying what is possible.
    """
    kind = check_name(path)
    if form.depth == 16 and kind not in DEEP:
        raise ValueError(f"{path}: {NAMES[kind]} has 8 bits a colour; 16 are possible in PNG, TIFF and PDF")
    if form.quality is not None and kind not in LOSSY:
        raise ValueError(f"{path}: {NAMES[kind]} is without loss; a quality is possible in JPEG and WebP")
    if form.compression is not None and kind != "tiff":
        raise ValueError(f"{path}: a compression can be chosen in TIFF, not in {NAMES[kind]}")
    if has_alpha and kind == "jpeg" and form.background is None:
        raise ValueError(
            f"{path}: JPEG holds no transparency; choose a background to lay the picture on, or PNG, TIFF, "
            "WebP or PDF"
        )
    most = LONGEST_SIDE.get(kind)
    if size and most and max(size) > most:
        raise ValueError(
            f"{path}: the picture has {size[0]}x{size[1]} pixels, and {NAMES[kind]} at most {most:,} on a "
            "side; choose PNG or TIFF"
        )


def save(
    picture: np.ndarray | pyvips.Image | Image.Image,
    path: Path | str,
    texts: Mapping[str, str] | None = None,
    carried: Carried | None = None,
    dpi: float | None = None,
    form: Form | None = None,
) -> tuple[str, ...]:
    """Write a new picture, whole or not at all, in the format that its name says.

    Parameters
    ----------
    picture : levels, uint16 (height, width, channels): grey, grey and alpha, RGB, RGB and alpha; or a pyvips
        image of these in 8 or 16 bits, which is read once from top to bottom, of CMYK too; or a Pillow image.
    texts : what it says of itself; see `Recipe.texts`.
    carried : what came with it: profile, depth and its author's words.
    dpi : pixels an inch that it is meant to be printed at; None takes those it came with, or 300.
    form : see `Form`.

    Returns
    -------
    In sentences, what of the author's this format cannot hold.

    Raises
    ------
    ValueError
        When the name, the form, the resolution or the profile cannot be.
    FileExistsError
        Nothing an artist made is overwritten.
    OSError
        When it cannot be written; the error names the file.
    """
    path, form, carried = Path(path), form or Form(), carried or Carried()
    kind = check_name(path)
    image = as_vips(picture)
    is_cmyk = image.interpretation == "cmyk"
    has_alpha = image.bands in (2, 4) and not is_cmyk
    check_form(path, form, (image.width, image.height), has_alpha)
    if is_cmyk and kind in ("png", "webp"):
        raise ValueError(f"{path}: {NAMES[kind]} holds no CMYK; choose TIFF, JPEG or PDF")
    if path.exists():
        raise FileExistsError(17, "there is such a file already", str(path))
    depth = form.fitting(path, carried.depth if image.format == "ushort" else 8)
    resolution = _resolution(dpi, carried)
    if has_alpha and form.background is not None:
        picture = image = laid_on(image, form.background, carried.profile)
        has_alpha = False
    profile = _profile(carried, image.bands - has_alpha)
    if kind == "webp" and image.bands < 3:  # it knows no grey
        picture = image = in_rgb(image, carried.profile)
        profile = _profile(Carried(), 3)
    labels, notes = _labels(kind, dict(texts or {}), carried, image, resolution, profile)
    if kind == "pdf":
        _write_pdf(image, path, labels, depth)
        return notes
    return notes + _write(in_depth(image, picture, depth), path, labels, form)


def _write(image: pyvips.Image, path: Path, labels: encoding.Labels, form: Form) -> tuple[str, ...]:
    with writing(path) as file:
        if check_name(path) == "tiff":
            with Path(file.name).open("r+b") as both:  # libtiff goes back to what it has written
                return encoding.tiff(image, both, labels, form.compression or COMPRESSIONS[0])
        if check_name(path) == "jpeg":
            return encoding.jpeg(image, file, labels, form.quality or JPEG_QUALITY)
        if check_name(path) == "webp":
            return encoding.webp(image, file, labels, form.quality)
        return encoding.png(image, file, labels)


def _check_among(name: str, value: Any, known: Sequence[Any]) -> None:
    if value is not None and value not in known:
        raise ValueError(f"{name} must be {', '.join(map(str, known[:-1]))} or {known[-1]}, not {value!r}")


def _resolution(dpi: float | None, carried: Carried) -> tuple[float, float]:
    """Pixels an inch, across and down."""
    if dpi is not None:
        if not (math.isfinite(dpi) and 1 <= dpi <= MOST_DPI):
            raise ValueError(f"the resolution must be from 1 to {MOST_DPI:,} pixels an inch, not {dpi:g}")
        return dpi, dpi
    found = carried.dpi or (PRINT_DPI, PRINT_DPI)
    return (
        found if all(math.isfinite(one) and 1 <= one <= MOST_DPI for one in found) else (PRINT_DPI, PRINT_DPI)
    )


# ------------------------------------------------------------------------------------------------ labels


def _profile(carried: Carried, colours: int) -> bytes:
    from bigart_lib.pictures import profiles

    if carried.profile is None:
        if colours == 4:
            raise ValueError("a picture in CMYK needs the profile of its inks")
        return profiles.GREY() if colours == 1 else profiles.SRGB()
    if carried.profile[16:20] != SIGNATURES.get(colours):
        raise ValueError(f"the picture's profile does not go with its {colours} colour{'s' * (colours > 1)}")
    return carried.profile


def _labels(
    kind: str,
    texts: dict[str, str],
    carried: Carried,
    image: pyvips.Image,
    resolution: tuple[float, float],
    profile: bytes,
) -> tuple[encoding.Labels, tuple[str, ...]]:
    size = image.width, image.height
    xmp, notes = metadata.packet(texts, carried, size, resolution, KEPT[kind])
    exif = None
    if kind in ("jpeg", "webp") or (
        carried.exif and kind != "pdf"
    ):  # of which the latter has no other place for the resolution
        options = {
            "is_srgb": _is_srgb(profile),
            "comment": texts.get("parameters", "")[:LONGEST_COMMENT] if kind != "png" else None,
        }
        try:
            exif = tags.updated(carried.exif, size, resolution, **options)
            tags.read(exif)
        except ValueError as error:
            notes += (f"its EXIF cannot be read ({error}) and was left out",)
            exif = tags.updated(None, size, resolution, **options) if kind in ("jpeg", "webp") else None
    if carried.iptc and kind in ("webp", "pdf"):
        notes += (f"{NAMES[kind]} holds no IPTC block: what XMP has words for was written there",)
    if carried.exif and kind == "pdf":
        notes += ("PDF holds no EXIF: what XMP has words for was written there",)
    said = [metadata.authors_texts(carried).get("Comment"), texts.get("Comment")]
    recipe = metadata.recipe_of(texts, carried)
    labels = encoding.Labels(
        profile, resolution, xmp, exif, carried.iptc, metadata.merged_texts(texts, carried),
        comments=tuple(dict.fromkeys(filter(None, said))), software=texts.get("Software", ""),
        description=metadata.prompt_of(recipe) or "",
    )  # fmt: skip
    return labels, notes


def _is_srgb(profile: bytes) -> bool:
    return b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def _write_pdf(image: pyvips.Image, path: Path, labels: encoding.Labels, depth: int) -> None:
    from bigart_lib.pictures.pdf import picture_page, write_pdf

    title = plain(labels.description)[:LONGEST_TITLE]
    about = {"Creator": metadata.AGENT, **({"Title": title} if title else {})}
    write_pdf(path, [picture_page(image, labels.dpi[0], labels.profile, depth)], labels.xmp, about)
