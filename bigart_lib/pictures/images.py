"""Pictures as tensors and as files: conversion, reading what an artist brings, writing.

Tensors are float32, (1, 3, height, width), RGB in [0, 1].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from bigart_lib.files import writing

if TYPE_CHECKING:
    import torch

PRINT_DPI = 300
MOST_PIXELS_READ = 100_000_000  # of a picture that is to be enlarged 16 times
MOST_PIXELS_OPENED = 16384 * 16384  # of our largest print
LONGEST_SIDE_OPENED = 1_000_000  # px: decoders keep something for every row
# None that runs a program, as PostScript does, whatever a file is called.
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "BMP", "GIF", "JPEG2000", "PPM", "PSD")
MOST_LEVEL = 65535  # of 16 bits
LEVEL_BYTES = 6  # of a pixel in levels
STRIP = 512  # rows that are converted at a time


class PictureError(ValueError):
    """A picture that cannot be used; the message says which, why, and what to do."""


def to_tensor(image: Image.Image) -> torch.Tensor:
    """An RGB picture as a tensor (1, 3, height, width) in [0, 1]."""
    import numpy as np
    import torch

    pixels = torch.from_numpy(np.array(image.convert("RGB")))
    return pixels.permute(2, 0, 1)[None].float() / 255


def to_image(picture: torch.Tensor) -> Image.Image:
    """A tensor (1, 3, height, width), or its levels, as a picture: clamped to [0, 1] and rounded."""
    import torch

    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise ValueError(f"expected a picture of shape (1, 3, height, width), got {tuple(picture.shape)}")
    height, width = picture.shape[2:]
    image = Image.new("RGB", (width, height))
    for top in range(0, height, STRIP):  # a large picture is never held as float
        strip = as_float(picture[0, :, top : top + STRIP]).clamp(0, 1).mul_(255).round_()
        pixels = strip.permute(1, 2, 0).to(dtype=torch.uint8, device="cpu").contiguous()
        image.paste(Image.fromarray(pixels.numpy()), (0, top))
    return image


def to_levels(picture: torch.Tensor) -> torch.Tensor:
    """A picture (1, 3, height, width) in [0, 1] as 16-bit levels: what steps hand on, and what is kept."""
    import torch

    if picture.dtype == torch.uint16:
        return picture
    levels = torch.empty(picture.shape, dtype=torch.uint16)
    for top in range(0, picture.shape[2], STRIP):
        strip = picture[:, :, top : top + STRIP].float().clamp(0, 1).mul(MOST_LEVEL).round_()
        levels[:, :, top : top + STRIP] = strip.to(torch.int32).to(torch.uint16)
    return levels


def image_levels(image: Image.Image) -> torch.Tensor:
    """The levels of a picture of 8 bits, which `from_levels` gives back exactly."""
    return to_levels(to_tensor(image))


def from_levels(levels: torch.Tensor) -> torch.Tensor:
    """The picture, float32 in [0, 1], that `to_levels` kept."""
    import torch

    return levels.to(torch.float32).div_(MOST_LEVEL)


def as_float(picture: torch.Tensor) -> torch.Tensor:
    """A picture or its levels, as float32 in [0, 1]."""
    import torch

    return from_levels(picture) if picture.dtype == torch.uint16 else picture.float()


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A picture's file, opened; whatever is wrong with it is a PictureError in one sentence."""
    path = Path(path)
    try:
        if not path.is_file():
            raise PictureError(
                f"{path}: expected a picture, found {'no plain file' if path.exists() else 'no file'}"
            )
        with path.open("rb") as file:
            image = _decoder(file, path)
            width, height = image.size
            if width * height > MOST_PIXELS_OPENED or max(width, height) > LONGEST_SIDE_OPENED:
                raise PictureError(
                    f"{path} has {width}x{height} pixels, too many to read: make it smaller first"
                )
            yield image
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(f"{path} is too large to read: make it smaller first") from None
    except (OSError, SyntaxError, ValueError, RuntimeError) as error:  # decoders raise all of these
        raise PictureError(
            f"{path} is not a picture that can be read ({error}); expected PNG, JPEG or TIFF"
        ) from None


def _decoder(file: BinaryIO, path: Path) -> Image.Image:
    """As `Image.open`, whose limit holds for the whole process, and is less than our own prints have."""
    Image.init()
    start = file.read(16)
    for factory, accept in (Image.OPEN[name] for name in FORMATS if name in Image.OPEN):
        with suppress(SyntaxError, IndexError, TypeError, struct.error):  # a decoder's ways to say "not mine"
            if accept is None or accept(start) is True:
                file.seek(0)
                return factory(file, str(path))
    raise Image.UnidentifiedImageError("of no kind that is known")


def read(path: Path) -> Image.Image:
    """An artist's picture as RGB: turned as its camera says, transparency laid on white.

    Raises
    ------
    PictureError
        When it is absent, no picture, damaged, or too large to enlarge.
    """
    with opened(path) as image:
        if image.width * image.height > MOST_PIXELS_READ:
            raise PictureError(
                f"{path} has {image.width}x{image.height} pixels; pictures up to "
                f"{MOST_PIXELS_READ // 1_000_000} million pixels can be enlarged: make it smaller first"
            )
        turned = ImageOps.exif_transpose(image)
        if turned.mode == "RGB":
            return turned.copy()
        if turned.mode.startswith(("I", "F")):
            turned = _eight_bits(turned)
        layered = turned.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey pictures, 16 bits or float, scaled by what they can hold."""
    most = 1 if image.mode == "F" else 65535
    return image.convert("F").point(lambda value: value * (255 / most)).convert("L")


def save(
    image: Image.Image, path: Path | str, texts: dict[str, str] | None = None, dpi: int = PRINT_DPI
) -> None:
    """Write a new PNG with the sRGB profile, whole or not at all.

    Parameters
    ----------
    texts : what the file says of itself, each kept in a text chunk.
    dpi : pixels an inch that it is meant to be printed at.

    Raises
    ------
    ValueError
        When the name is that of another format.
    FileExistsError
        Nothing an artist made is overwritten.
    """
    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"pictures are written as PNG: expected a name that ends in .png, not {path}")
    information = PngImagePlugin.PngInfo()
    for key, text in (texts or {}).items():
        information.add_text(key, text)  # as international text only where it must be
    # Level 4 is a quarter smaller than 1 and twice as fast as 6 on textured pictures.
    with writing(path) as file:
        image.save(
            file,
            "PNG",
            pnginfo=information,
            dpi=(dpi, dpi),
            icc_profile=_srgb_profile(),
            compress_level=4,
        )


@cache
def _srgb_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The header's date is the moment it was made: the same picture must be the same file.
    return profile[:24] + bytes(12) + profile[36:]
