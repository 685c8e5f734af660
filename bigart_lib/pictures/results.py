"""What BigArt gives: candidates to pick from, and a painting with the picture of every step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from bigart_lib.pictures import images, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.recipe import Recipe, pixel_hash
from bigart_lib.pictures.sheet import contact_sheet
from bigart_lib.pictures.writing import Form
from bigart_lib.settings import GenerateSettings

if TYPE_CHECKING:
    import torch

SHEET = "candidates"  # the stage that a contact sheet is


@dataclass(frozen=True)
class Candidate:
    """One of the pictures to pick from."""

    picture: torch.Tensor  # float32 (1, 3, height, width) in [0, 1]
    recipe: Recipe

    @property
    def image(self) -> Image.Image:
        """The picture, rounded to 8 bits."""
        return images.to_image(self.picture)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.picture.shape[-1], self.picture.shape[-2]

    @property
    def number(self) -> int:
        """What an artist calls it, from 1."""
        return self.recipe.index + 1

    def save(self, path: Path | str, dpi: float = images.PRINT_DPI, form: Form | None = None) -> None:
        """Write the picture with its recipe, in the format that the name says; raises as `writing.save`."""
        image = self.image
        made_by = with_pixels(self.recipe, str(max(self.size)), image)
        _save(path, image, images.to_levels(self.picture), made_by, Carried(), dpi, form)


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

    @property
    def recipe(self) -> Recipe:
        """That of all of them."""
        return replace(self.pictures[0].recipe, index=None, steps={})

    def sheet(self) -> Image.Image:
        """All candidates on one picture, numbered from 1, below the prompt and the seed."""
        return contact_sheet(
            [candidate.image for candidate in self.pictures],
            [str(candidate.number) for candidate in self.pictures],
            self.prompt,
            f"seed {self.settings.seed}",
        )

    def save(self, path: Path | str, dpi: float = images.PRINT_DPI, form: Form | None = None) -> None:
        """Write the contact sheet with the recipe of all; raises as `writing.save` does."""
        image = self.sheet()
        made_by = with_pixels(self.recipe, SHEET, image)
        _save(path, image, images.image_levels(image), made_by, Carried(), dpi, form)


class Levels:
    """The latest result of each action and size, in 16-bit levels, by the keys of their steps."""

    def __init__(self) -> None:
        self._kept: dict[tuple, tuple[str, torch.Tensor]] = {}

    def get(self, step: Any) -> torch.Tensor | None:
        """The step's result, if it is the latest."""
        key, levels = self._kept.get((step.action, step.size), ("", None))
        return levels if key == step.key else None

    def put(self, step: Any, levels: torch.Tensor) -> None:
        """Keep the step's result, in place of the one before."""
        self._kept[step.action, step.size] = step.key, levels


@dataclass
class Painting:
    """A picture after each step, in order, with the recipe of each.

    Given to `BigArt.paint` again with other settings, it spares the work that these do not change: it keeps,
    unrounded to 8 bits, what networks made. See `plan.Kept`.

    Parameters
    ----------
    carried : what the picture that was brought carries beside its pixels.
    """

    stages: dict[str, Image.Image] = field(default_factory=dict)  # the pictures, by the names of the steps
    recipes: dict[str, Recipe] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)  # of the steps that made the pictures
    carried: Carried = Carried()
    _levels: Levels = field(default_factory=Levels)
    _finished: torch.Tensor | None = None  # the levels of the picture that was finished last

    @property
    def image(self) -> Image.Image:
        """The finished picture."""
        return next(reversed(self.stages.values()))

    @property
    def recipe(self) -> Recipe:
        """The finished picture's recipe."""
        return next(reversed(self.recipes.values()))

    def save(self, path: Path | str, dpi: float | None = None, form: Form | None = None) -> tuple[str, ...]:
        """Write the finished picture with its recipe, in the format that the name says.

        Returns what that format cannot hold of what was brought, in sentences.

        Parameters
        ----------
        dpi : pixels an inch that it is meant to be printed at; None takes those of the picture that was
            brought, or 300.
        form : how; None suits the format, in as many bits as the picture that was brought has.

        Raises
        ------
        ValueError
            As `writing.save` does.
        """
        return _save(path, self.image, self._finished, self.recipe, self.carried, dpi, form)

    def begin(self, steps: Any) -> None:
        """Forget the pictures of steps that are not in this plan."""
        names = [step.name for step in steps if self._keys.get(step.name) == step.key]
        for kept in (self.stages, self.recipes, self._keys):
            ordered = {name: kept[name] for name in names if name in kept}
            kept.clear()
            kept.update(ordered)

    def holds(self, step: Any) -> bool:
        """Whether the step's result is kept unrounded."""
        return self._levels.get(step) is not None

    def get(self, step: Any) -> torch.Tensor | None:
        """The step's result, in 16-bit levels; None if it is not kept."""
        return self._levels.get(step)

    def put(self, step: Any, levels: torch.Tensor) -> None:
        """Keep the step's result, in 16-bit levels."""
        self._levels.put(step, levels)

    def made(self, step: Any) -> str | None:
        """The pixel hash of the step's picture, if it is here."""
        return self.recipes[step.name].pixels if self._keys.get(step.name) == step.key else None

    def finish(self, step: Any, image: Image.Image, recipe: Recipe, levels: torch.Tensor) -> None:
        """Keep the step's picture; of the last one also the levels."""
        self._finished = levels
        self.stages[step.name], self.recipes[step.name] = image, recipe
        self._keys[step.name] = step.key

    def settle(self) -> None:
        """Nothing is written."""


def _save(
    path: Path | str,
    image: Image.Image,
    levels: torch.Tensor | None,
    made_by: Recipe,
    carried: Carried,
    dpi: float | None,
    form: Form | None,
) -> tuple[str, ...]:
    form = form or Form()
    is_deep = levels is not None and form.fitting(path, carried.depth) == 16
    picture = images.to_planes(levels) if is_deep else image
    return writing.save(picture, path, made_by.texts(), carried, dpi, form)


def with_pixels(recipe: Recipe, stage: str, image: Image.Image) -> Recipe:
    """A recipe that says which stage a picture is, and what its pixels are."""
    return replace(recipe, stage=stage, steps={**recipe.steps, stage: pixel_hash(image)})
