"""Pictures as tensors, as arrays and as Pillow's.

Tensors are (1, channels, height, width), float32 in [0, 1] or in 16-bit levels: grey, grey and alpha, RGB, or
RGB and alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    import pyvips
    import torch

PRINT_DPI = 300
MOST_PIXELS_OPENED = 16384 * 16384  # of our largest print
LONGEST_SIDE_OPENED = 1_000_000  # px: decoders keep something for every row
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


def to_image(picture: torch.Tensor, origin: tuple[int, int] = (0, 0)) -> Image.Image:
    """A picture of 1 to 4 channels, or its levels, in 8 bits a colour: see `rounding.to_bytes`."""
    from bigart_lib.pictures.rounding import to_bytes

    if picture.ndim != 4 or picture.shape[0] != 1 or not 1 <= picture.shape[1] <= 4:
        raise ValueError(
            f"expected a picture of shape (1, 1 to 4, height, width), got {tuple(picture.shape)}"
        )
    channels = to_bytes(to_array(to_levels(picture)), origin)
    return Image.fromarray(channels[..., 0] if channels.shape[2] == 1 else channels)


def to_array(levels: torch.Tensor) -> np.ndarray:
    """Levels (1, channels, height, width) as an array (height, width, channels) of the same memory."""
    return levels[0].permute(1, 2, 0).numpy()


def to_planes(levels: torch.Tensor) -> pyvips.Image:
    """Levels (1, channels, height, width) as a picture of libvips', of the same memory."""
    from bigart_lib.pictures.vips import vips

    planes = [
        vips().Image.new_from_memory(plane.numpy().data, plane.shape[1], plane.shape[0], 1, "ushort")
        for plane in levels[0].contiguous()
    ]
    return planes[0].bandjoin(planes[1:]) if planes[1:] else planes[0]


def from_array(levels: np.ndarray) -> torch.Tensor:
    """What `to_array` gave, each channel in one piece."""
    import torch

    return (
        torch.from_numpy(levels.copy() if not levels.flags.writeable else levels)
        .permute(2, 0, 1)[None]
        .contiguous()
    )


def split(levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The colours of a picture (1, channels, height, width), and its transparency, if it has some."""
    colours = 1 if levels.shape[1] < 3 else 3
    return levels[:, :colours], levels[:, colours:] if levels.shape[1] > colours else None


def to_levels(picture: torch.Tensor) -> torch.Tensor:
    """A picture (1, channels, height, width) in [0, 1] as 16-bit levels: what is handed on and kept."""
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
