"""Pictures as tensors and as files: conversion, contact sheets, reading what an artist brings.

Tensors are float32, (1, 3, height, width), RGB in [0, 1]. Knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps, PngImagePlugin

if TYPE_CHECKING:
    import torch

PRINT_DPI = 300
MOST_PIXELS_READ = 100_000_000  # of a picture that is to be enlarged 16 times
SHEET_MARGIN = 8  # px
SHEET_BACKGROUND = (250, 249, 246)
SHEET_INK = (60, 58, 54)


class PictureError(ValueError):
    """A picture that cannot be used; the message says which, why, and what to do."""


def to_tensor(image: Image.Image) -> torch.Tensor:
    """An RGB picture as a tensor (1, 3, height, width) in [0, 1]."""
    import numpy as np
    import torch

    pixels = torch.from_numpy(np.array(image.convert("RGB")))
    return pixels.permute(2, 0, 1)[None].float() / 255


def to_image(picture: torch.Tensor) -> Image.Image:
    """A tensor (1, 3, height, width) as a picture: clamped to [0, 1] and rounded to the nearest level."""
    import torch

    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise ValueError(f"expected a picture of shape (1, 3, height, width), got {tuple(picture.shape)}")
    height, width = picture.shape[2:]
    pixels = torch.empty(height, width, 3, dtype=torch.uint8)
    for top in range(0, height, 512):  # a large picture is never held twice as float
        strip = picture[0, :, top : top + 512].float().clamp(0, 1).mul(255).round_()
        pixels[top : top + 512] = strip.permute(1, 2, 0).to(dtype=torch.uint8, device="cpu")
    return Image.fromarray(pixels.numpy())


def read(path: Path) -> Image.Image:
    """An artist's picture as RGB: turned as its camera says, transparency laid on white.

    Raises
    ------
    PictureError
        When it is absent, no picture, damaged, or too large to enlarge.
    """
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS_READ:
                raise PictureError(
                    f"{path} has {opened.width}x{opened.height} pixels; pictures up to "
                    f"{MOST_PIXELS_READ // 1_000_000} million pixels can be enlarged: make it smaller first"
                )
            turned = ImageOps.exif_transpose(opened)
            if turned.mode == "RGB":
                return turned.copy()
            if turned.mode.startswith(("I", "F")):
                turned = _eight_bits(turned)
            layered = turned.convert("RGBA")
            return Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    except FileNotFoundError:
        raise PictureError(f"{path}: expected a picture, found no file") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{path} is too large to read: make it smaller first") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(
            f"{path} is not a picture that can be read ({error}); expected PNG, JPEG or TIFF"
        ) from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey pictures, 16 bits or float, scaled by what they can hold."""
    most = 1 if image.mode == "F" else 65535
    return image.convert("F").point(lambda value: value * (255 / most)).convert("L")


def save(image: Image.Image, path: Path, texts: dict[str, str] | None = None, dpi: int = PRINT_DPI) -> None:
    """Write a new PNG with the sRGB profile.

    Parameters
    ----------
    texts : what the file says of itself, each kept in an international text chunk.
    dpi : pixels an inch that it is meant to be printed at.

    Raises
    ------
    FileExistsError
        Nothing an artist made is overwritten.
    """
    information = PngImagePlugin.PngInfo()
    for key, text in (texts or {}).items():
        information.add_itxt(key, text)
    # Level 4 is a quarter smaller than 1 and twice as fast as 6 on textured pictures.
    with open(path, "xb") as file:
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


def contact_sheet(
    pictures: Sequence[Image.Image], labels: Sequence[str], title: str, columns: int = 4
) -> Image.Image:
    """Pictures of one size in rows, a label below each and a title above all."""
    width, height = pictures[0].size
    columns = min(columns, len(pictures))
    font = ImageFont.load_default(max(12, width // 14))
    line = 2 * font.size
    cell = (width + SHEET_MARGIN, height + line)
    rows = -(-len(pictures) // columns)
    sheet_width = columns * cell[0] + SHEET_MARGIN
    lines = _wrap(title, font, sheet_width - 2 * SHEET_MARGIN)
    top = SHEET_MARGIN + len(lines) * int(1.5 * font.size) + SHEET_MARGIN
    sheet = Image.new("RGB", (sheet_width, top + rows * cell[1]), SHEET_BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(lines):
        draw.text((SHEET_MARGIN, SHEET_MARGIN + row * 1.5 * font.size), text, fill=SHEET_INK, font=font)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = SHEET_MARGIN + index % columns * cell[0]
        upper = top + index // columns * cell[1]
        sheet.paste(picture, (left, upper))
        draw.text(
            (left + width / 2, upper + height + line / 4), label, fill=SHEET_INK, font=font, anchor="ma"
        )
    return sheet


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
