"""What BigArt gives: candidates to pick from, a painting's stages, and a memory that spares work.

Holds pictures and their recipes; knows no network.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import Recipe, pixel_hash
from bigart_lib.settings import GenerateSettings

if TYPE_CHECKING:
    import torch


class Memory:
    """What networks made of one candidate: the latest picture of each stage, and what decided it.

    Given to `BigArt.paint` again with other settings, it spares the work that these do not change.
    """

    def __init__(self) -> None:
        self._pictures: dict[str, tuple[Hashable, torch.Tensor]] = {}

    def recall(self, stage: str, cause: Hashable, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The stage's picture for this cause, made anew only if it is not the latest."""
        if stage not in self._pictures or self._pictures[stage][0] != cause:
            self._pictures[stage] = (cause, make())
        return self._pictures[stage][1]

    def keep(self, stage: str, cause: Hashable, picture: torch.Tensor) -> None:
        """Take a picture that was made earlier."""
        self._pictures[stage] = (cause, picture)

    def latest(self, stage: str) -> torch.Tensor | None:
        """The latest picture of a stage, float32 (1, 3, height, width) in [0, 1]."""
        return self._pictures.get(stage, (None, None))[1]


@dataclass(frozen=True)
class Candidate:
    """One of the pictures to pick from."""

    small: torch.Tensor  # (1, 3, 64, 64) in [0, 1], from the base model
    picture: torch.Tensor  # (1, 3, 256, 256) in [0, 1], from the upsampler
    recipe: Recipe

    @property
    def image(self) -> Image.Image:
        """The picture of 256 px."""
        return images.to_image(self.picture)

    @property
    def number(self) -> int:
        """What an artist calls it, from 1."""
        return self.recipe.index + 1


@dataclass(frozen=True)
class Candidates:
    """The candidates of one prompt, with the settings that painted them, complete."""

    prompt: str
    settings: GenerateSettings
    pictures: tuple[Candidate, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Candidate:
        return self.pictures[index]

    def sheet(self) -> Image.Image:
        """All candidates on one picture, numbered from 1, below the prompt and the seed."""
        return images.contact_sheet(
            [candidate.image for candidate in self.pictures],
            [str(candidate.number) for candidate in self.pictures],
            f"{self.prompt} - seed {self.settings.seed}",
        )


@dataclass
class Painting:
    """A picture after each stage, in order, with the recipe of each."""

    stages: dict[str, Image.Image] = field(default_factory=dict)
    recipes: dict[str, Recipe] = field(default_factory=dict)

    @property
    def image(self) -> Image.Image:
        """The finished picture."""
        return next(reversed(self.stages.values()))

    @property
    def recipe(self) -> Recipe:
        """The finished picture's recipe."""
        return next(reversed(self.recipes.values()))

    def save(self, path: Path | str, dpi: int = images.PRINT_DPI) -> None:
        """Write the finished picture as a new PNG with its recipe; refuses to overwrite."""
        recipe = replace(self.recipe, pixels=pixel_hash(self.image))
        images.save(self.image, Path(path), recipe.texts(), dpi)
