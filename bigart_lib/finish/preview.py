"""A look at texture before it is laid: any part of a large picture, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigart_lib.finish import texture
from bigart_lib.pictures import images
from bigart_lib.settings import TextureSettings
from bigart_lib.stages import random_generator

if TYPE_CHECKING:
    import torch
    from PIL import Image


class TexturePreview:
    """Parts of a picture as `stages.add_texture` will leave them, to the last bit.

    Parameters
    ----------
    picture : (1, 3, height, width) in [0, 1], as enlarging left it.
    seed : that of the texture on it; its noise is drawn here, once, for the whole picture.
    """

    def __init__(self, picture: torch.Tensor, seed: Sequence[int]) -> None:
        self._picture = picture
        self._noise = texture.white_noise(*picture.shape[-2:], random_generator(*seed))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self._picture.shape[-1], self._picture.shape[-2]

    def crop(self, settings: TextureSettings, box: texture.Box) -> Image.Image:
        """The part in a box (left, upper, right, lower), with texture."""
        return images.to_image(texture.lay(self._picture, self._noise, settings, box))
