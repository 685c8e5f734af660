"""Pictures of any form as images of libvips', in the channels and the depth that a file holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigart_lib.pictures.rounding import STEP, byte_strips, plain_mode
from bigart_lib.pictures.vips import vips

if TYPE_CHECKING:
    import numpy as np
    import pyvips
    from PIL import Image

    Picture = np.ndarray | pyvips.Image | Image.Image


def as_vips(picture: Picture) -> pyvips.Image:
    """A picture as an image of 8 or 16 bits, of the same memory where it has 16.

    Parameters
    ----------
    picture : uint16 levels (height, width, 1 to 4 channels), an image of libvips', or one of Pillow's.

    Raises
    ------
    ValueError
        When it is of another type.
    """
    import numpy as np

    if isinstance(picture, np.ndarray):
        return _of_levels(picture)
    if hasattr(picture, "getbands"):
        mode = plain_mode(picture.mode)
        return _of_strips(picture, picture.size, len(mode))
    if picture.format not in ("uchar", "ushort") or not 1 <= picture.bands <= 4:
        raise ValueError(
            f"expected 1 to 4 channels of 8 or 16 bits, got {picture.bands} of the kind {picture.format}"
        )
    return picture if picture.interpretation == "cmyk" else _named(picture)


def _of_levels(levels: np.ndarray) -> pyvips.Image:
    import numpy as np

    if levels.dtype != np.uint16 or levels.ndim != 3 or not 1 <= levels.shape[2] <= 4:
        raise ValueError(
            f"expected uint16 levels (height, width, 1 to 4 channels), got {levels.dtype} {levels.shape}"
        )
    new, (height, width, channels) = vips().Image.new_from_memory, levels.shape
    planes = levels.transpose(2, 0, 1)
    if planes.flags.c_contiguous:  # as tensors have them
        images = [new(plane.data, width, height, 1, "ushort") for plane in planes]
        return _named(images[0].bandjoin(images[1:]) if channels > 1 else images[0])
    return _named(new(np.ascontiguousarray(levels).data, width, height, channels, "ushort"))


def _named(image: pyvips.Image) -> pyvips.Image:
    """An image that says what its channels are."""
    kinds = ("grey16", "rgb16") if image.format == "ushort" else ("b-w", "srgb")
    return image.copy(interpretation=kinds[image.bands > 2])


def _of_strips(picture: Picture, size: tuple[int, int], channels: int) -> pyvips.Image:
    """A picture in 8 bits a colour, in memory."""
    import numpy as np

    values = np.empty((size[1], size[0], channels), np.uint8)
    for top, strip in byte_strips(picture):
        values[top : top + len(strip)] = strip
    return _named(vips().Image.new_from_memory(values.data, *size, channels, "uchar"))


def in_depth(image: pyvips.Image, picture: Picture, depth: int) -> pyvips.Image:
    """An image in 8 or 16 bits.

    Parameters
    ----------
    picture : the image in the form in which it came, or the image itself; 8 bits are rounded from that.
    """
    if depth == 8 and image.format == "ushort":
        made = _of_strips(picture, (image.width, image.height), image.bands)
    elif depth == 16 and image.format == "uchar":
        made = _named((image * STEP).cast("ushort"))
    else:
        return image
    return made.copy(interpretation="cmyk") if image.interpretation == "cmyk" else made


def in_rgb(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    """A grey picture, of this profile, as RGB in sRGB."""
    if profile:
        from bigart_lib.pictures import colour

        return colour.convert(image, profile, None)
    alpha = [image[1]] if image.bands > 1 else []
    return _named(image[0].bandjoin([image[0], image[0], *alpha]))


def laid_on(image: pyvips.Image, colour: Sequence[int], profile: bytes | None) -> pyvips.Image:
    """A picture without its transparency, on a ground of this colour: red, green and blue, 0 to 255.

    One that is grey becomes RGB for a coloured ground.

    Raises
    ------
    ValueError
        Where that would need another profile.
    """
    if image.bands == 2 and len(set(colour)) > 1:
        if profile:
            raise ValueError("a grey picture with a profile of its own can only be laid on a grey background")
        image = in_rgb(image, None)
    most, step = (65535, STEP) if image.format == "ushort" else (255, 1)
    ground = [step * one for one in colour[: image.bands - 1]]
    return _named(image.flatten(background=ground, max_alpha=most).cast(image.format))
