"""The pictures to train on: painted without end, and now and then photographed. Knows no network."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch

from bigart_lib.finish import texture
from bigart_lib.generate.words import split_words
from bigart_lib.settings import TextureSettings
from bigart_lib.shapes import SQUARE
from training.painter import paint
from training.photographs import fetch, load_crops

SHAPES = (SQUARE, SQUARE, "3:2", "2:3", "16:9", "9:16")  # shown; the square twice as often as any other
PHOTOGRAPHS_SHARE = 0.06  # of the pictures, unless a recipe says otherwise
PHOTOGRAPHS_KEPT = 3000  # crops of 64 px in memory, fewer of larger ones
LEAST_KEPT = 1500
PAINTED_SHARE = 0.5  # of the photographs: made to look painted
CAPTIONS_FOR_VOCABULARY = 20_000
LEAST_PHOTOGRAPHS = 4  # that a word must be said of: from fewer, nothing is learned but the photographs
ENLARGED_SIZE = 1024  # px a side, of what the VQGAN is passed by the tool
TEXTURED_SHARE = 0.5  # of what looks enlarged
MOST_TEXTURE = 0.1


class Pictures:
    """An endless supply of pictures with captions: painted, and now and then photographed."""

    def __init__(
        self, size: int, generator: np.random.Generator, photographs_share: float = PHOTOGRAPHS_SHARE
    ) -> None:
        self.size = size
        self.generator = generator
        self.photographs_share = photographs_share
        count = max(PHOTOGRAPHS_KEPT * 64 * 64 // (size * size), LEAST_KEPT)
        self.crops, self.captions = load_crops(fetch(), size, count, generator, PAINTED_SHARE)

    def take(self, count: int, size: tuple[int, int] | None = None) -> tuple[torch.Tensor, list[str]]:
        """Pictures (count, 3, height, width) uint8, and their captions.

        `size` is their width and height, None for squares; photographs are squares only.
        """
        square = (self.size, self.size)
        size = size or square
        pictures, captions = [], []
        for _ in range(count):
            if size == square and self.generator.random() < self.photographs_share:
                index = self.generator.integers(len(self.crops))
                pictures.append(self.crops[index])
                captions.append(self.captions[index])
            else:
                painted = paint(self.generator, size)
                pictures.append(painted.picture)
                captions.append(painted.caption)
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), captions


def vocabulary() -> tuple[str, ...]:
    """The words that captions teach: all of the painter's, and those that several photographs share."""
    generator = np.random.default_rng(0)
    painted = [paint(generator, 8).caption for _ in range(CAPTIONS_FOR_VOCABULARY)]
    words = {word for caption in painted for word in split_words(caption)}
    photographed = Counter(
        word
        for photograph in fetch()
        for word in {word for caption in photograph.captions for word in split_words(caption)}
    )
    return tuple(sorted(words | {word for word, count in photographed.items() if count >= LEAST_PHOTOGRAPHS}))


def random_crops(pictures: torch.Tensor, size: int | tuple[int, int], count: int) -> torch.Tensor:
    """`count` crops of each picture (N, C, H, W), a side or two in size, one picture's after another's."""
    width, height = (size, size) if isinstance(size, int) else size
    rows, columns = pictures.shape[-2] - height + 1, pictures.shape[-1] - width + 1
    crops = []
    for picture in pictures:
        for _ in range(count):
            top, left = (int(torch.randint(0, places, ())) for places in (rows, columns))
            crops.append(picture[:, top : top + height, left : left + width])
    return torch.stack(crops).contiguous(memory_format=torch.channels_last)


def enlarged_crop(generator: np.random.Generator, size: int) -> torch.Tensor:
    """A crop (3, size, size) in [0, 1] of a picture as large as the tool passes on, textured or not."""
    painted = torch.from_numpy(paint(generator, ENLARGED_SIZE).picture).permute(2, 0, 1)
    top, left = generator.integers(0, ENLARGED_SIZE - size + 1, 2)
    crop = painted[None, :, top : top + size, left : left + size].float() / 255
    if generator.random() < TEXTURED_SHARE:
        noise = torch.from_numpy(generator.standard_normal((1, 1, size, size), dtype=np.float32))
        crop = texture.lay(crop, noise, TextureSettings(amount=generator.uniform(0, MOST_TEXTURE)))
    return crop[0]
