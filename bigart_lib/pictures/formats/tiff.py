"""TIFF files: which page is the picture, what its tags say, and its pixels. Follows TIFF 6.0 and BigTIFF."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures.formats import photoshop
from bigart_lib.pictures.formats.directories import ORIENTATION, Directories, Tag
from bigart_lib.pictures.formats.header import Header, Pixels

if TYPE_CHECKING:
    import pyvips

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, EXTRA = 256, 257, 258, 259, 262, 277, 338
COLOUR_MAP, SUBDIRECTORIES, INKS, XMP, IPTC, RESOURCES, PROFILE, DNG = (
    320,
    330,
    332,
    700,
    33723,
    34377,
    34675,
    50706,
)
RAW_SENSOR = (32803, 34892)  # colours behind a camera's filter
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
SPACES = {0: "GRAY", 1: "GRAY", 2: "RGB", 3: "RGB", 5: "CMYK", 6: "RGB", 8: "LAB", 9: "LAB"}
COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3}  # samples of a pixel
ASSOCIATED, UNASSOCIATED = 1, 2
JPEG = 7
# Compressions that libvips knows: none, CCITT, LZW, JPEG, deflate by both names, PackBits.
BY_VIPS = (1, 2, 3, 4, 5, JPEG, 8, 32946, 32773)
COMPRESSIONS = {
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    34712: "JPEG 2000",
    6: "an old form of JPEG",
}


def header(data: bytes) -> Header:
    """What the largest page of a TIFF says, given the file's bytes; SyntaxError when it is none."""
    try:
        found = Directories(data)
        pages = list(found.pages())
    except ValueError as error:
        raise SyntaxError(str(error)) from None
    sizes = [found.number(page, WIDTH) * found.number(page, HEIGHT) for page in pages]
    if not pages or not max(sizes):
        raise SyntaxError("it has no picture")
    number = sizes.index(max(sizes))
    page = pages[number]
    _refuse_raw(found, pages[0])
    done = Header("TIFF", int(found.number(page, WIDTH)), int(found.number(page, HEIGHT)))
    if len(pages) > 1:
        done.note(f"of {len(pages)} pages the largest, page {number + 1}, is taken")
    bits = found.numbers(page.get(BITS), (1,))
    done.bits = max(bits)
    done.orientation = min(max(int(found.number(page, ORIENTATION, 1)), 1), 8)
    photometric = int(found.number(page, PHOTOMETRIC, -1))
    samples = int(found.number(page, SAMPLES, 1))
    if photometric not in SPACES or samples < COLOURS[photometric] or found.number(page, INKS, 1) != 1:
        raise SyntaxError(f"it is of a kind that is not known (photometric {photometric}, {samples} samples)")
    done.facts |= {
        "page": number, "photometric": photometric, "samples": samples, "bits": bits,
        "compression": int(found.number(page, COMPRESSION, 1)),
        "extra": found.numbers(page.get(EXTRA)), "space": SPACES[photometric],
        "is_grey": _is_grey(found, page),
    }  # fmt: skip
    _add_blocks(done, found, page)
    return done


def _is_grey(found: Directories, page: dict[int, Tag]) -> bool:
    """Whether there is a palette, of greys alone."""
    levels = found.numbers(page.get(COLOUR_MAP))
    third = len(levels) // 3
    return bool(levels) and levels[:third] == levels[third : 2 * third] == levels[2 * third :]


def _refuse_raw(found: Directories, first: dict[int, Tag]) -> None:
    """Refuse what a camera's sensor saw, of which the file shows only a small preview."""
    below = [
        found.number(found.read(int(place))[0], PHOTOMETRIC)
        for place in found.numbers(first.get(SUBDIRECTORIES))
        if place
    ]
    if DNG in first or any(kind in RAW_SENSOR for kind in below):
        raise SyntaxError("it is a camera's raw file: develop it first, and save it as TIFF")


def _add_blocks(done: Header, found: Directories, page: dict[int, Tag]) -> None:
    done.add_block("profile", found.bytes_of(page.get(PROFILE)))
    done.add_block("xmp", (found.bytes_of(page.get(XMP)) or b"").strip(b"\0"))
    for tag in (IPTC, RESOURCES):
        done.add_block("iptc", photoshop.iptc_of(found.bytes_of(page.get(tag)) or b""))
    if dpi := found.dpi(page):
        done.set_dpi(*dpi)
    done.add_block("exif", found.exif(page))


def pixels(path: Path, found: Header, access: str) -> Pixels:
    """The page's pixels, read as far as they are used, where libvips can, else by Pillow."""
    facts = found.facts
    photometric, bits = facts["photometric"], facts["bits"]
    is_lab = photometric in (CIELAB, ICCLAB)
    if photometric == YCBCR:
        is_ours = facts["compression"] == JPEG
    else:
        is_ours = (not is_lab or set(bits) == {16}) and (
            set(bits) <= {1, 2, 4} or set(bits) in ({8}, {16}, {32})
        )
    if not is_ours or facts["compression"] not in BY_VIPS:
        return _by_pillow(path, found)
    image = _loaded(path, found, access)
    if photometric == PALETTE and facts["is_grey"] and image.bands == 3:
        return Pixels(image[0], "GRAY", 255)
    space, colours = SPACES[photometric], 3 if photometric in (PALETTE, YCBCR) else COLOURS[photometric]
    has_alpha, is_premultiplied, image = _with_alpha(found, image, colours)
    white = {"uchar": 255, "ushort": 65535, "short": 32767}.get(image.format)
    if is_lab:
        return Pixels(_lab(image), "LAB", 1.0)
    return Pixels(image, space, white, has_alpha, is_premultiplied)


def _loaded(path: Path, found: Header, access: str) -> pyvips.Image:
    from bigart_lib.pictures.vips import source, vips

    page = found.facts["page"]
    return vips().Image.tiffload_source(source(path), page=page, access=access, fail_on="error")


def _with_alpha(found: Header, image: pyvips.Image, colours: int) -> tuple[bool, bool, pyvips.Image]:
    """Whether there is a transparency, multiplied into the colours or not, and the picture with it alone."""
    kinds, number = found.facts["extra"], image.bands - colours
    if number <= 0 or found.facts["photometric"] == YCBCR:
        return False, False, image if number <= 0 else image.extract_band(0, n=colours)
    kinds = kinds or ((UNASSOCIATED,) if number == 1 else ())  # a fourth channel of which nothing is said
    place = next(
        (place for place, kind in enumerate(kinds[:number]) if kind in (ASSOCIATED, UNASSOCIATED)), None
    )
    left_out = number - (place is not None)
    if left_out:
        found.note(
            "a channel that is no transparency is left out"
            if left_out == 1
            else f"{left_out} channels are left out"
        )
    kept = image.extract_band(0, n=colours)
    if place is None:
        return False, False, kept
    return (
        True,
        kinds[place] == ASSOCIATED and not _divides(),
        kept.bandjoin(image.extract_band(colours + place)),
    )


@cache
def _divides() -> bool:
    """Whether this version of libvips itself divides colours by the transparency they were multiplied by."""
    from bigart_lib.pictures.vips import vips

    half = vips().Image.black(1, 1, bands=4) + [100, 100, 100, 128]
    saved = half.cast("uchar").copy(interpretation="srgb").tiffsave_buffer(premultiply=True)
    return vips().Image.tiffload_buffer(saved)(0, 0)[0] > 90


def _lab(image: pyvips.Image) -> pyvips.Image:
    """Lab of 16 bits, which libvips gives as it stores it, or as plain numbers, as float."""
    if image.format == "short":
        return image.extract_band(0, n=3).copy(interpretation="labs").LabS2Lab()
    scaled = image.extract_band(0, n=3).cast("float").linear([100 / 65535, 1 / 256, 1 / 256], [0, -128, -128])
    return scaled.copy(interpretation="lab")


def _by_pillow(path: Path, found: Header) -> Pixels:
    from PIL import Image, TiffImagePlugin

    from bigart_lib.pictures.formats.others import from_pillow

    facts = found.facts
    try:
        with path.open("rb") as file:
            image = TiffImagePlugin.TiffImageFile(file, str(path))
            image.seek(facts["page"])
            image.load()
    except (SyntaxError, Image.UnidentifiedImageError, OSError, KeyError):
        packed = COMPRESSIONS.get(facts["compression"])
        how = f"compressed with {packed}" if packed else f"with {found.bits} bits a colour"
        raise SyntaxError(f"it is {how}, or damaged: save it again with LZW, in 8 or 16 bits") from None
    found.orientation = 1  # Pillow has turned it
    facts["is_kept"] = True
    done = from_pillow(image)
    if image.mode.startswith("I;16") and found.bits < 16:
        done.white = (1 << found.bits) - 1
    return done
