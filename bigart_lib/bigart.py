"""BigArt: holds the networks, and runs plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bigart_lib import machine
from bigart_lib.forecast import Forecast, Forecaster
from bigart_lib.generate.generator import Generator, Stage
from bigart_lib.machine import Speeds
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import Candidate, Candidates, Painting
from bigart_lib.plan import Kept, Size, Step, plan
from bigart_lib.progress import (
    Announce,
    Cost,
    Progress,
    Report,
    announce_nothing,
    no_report,
)
from bigart_lib.runner import Runner
from bigart_lib.settings import BROUGHT_SIZE, GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.text import readable

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from bigart_lib.enlarge.enlarger import Enlarger
    from bigart_lib.finish.enhancer import VQGANEnhancer
    from bigart_lib.generate.words import Reading
    from bigart_lib.weights.networks import Networks

MOST_PIXELS = 16384 * 16384  # of a finished picture


class BigArt:
    """The models of a set on one device, and what can be done with them.

    Networks are loaded when first needed and kept; on a CPU large ones make room for the next. One picture
    is made at a time.

    Parameters
    ----------
    name : of the set of models, for recipes.
    generator, enlarger, enhancer : see `generate.generator`, `enlarge.enlarger` and `finish.enhancer`.
    networks : lends them their networks.
    device, dtype : where and how precisely the networks work; see `machine.py`.
    memory : bytes of working memory for enlarging; None takes half of what is free.
    speeds : what work has taken on this machine.
    announce : told, in a sentence, what an artist should know before work goes on.
    """

    def __init__(
        self,
        name: str,
        generator: Generator,
        enlarger: Enlarger,
        enhancer: VQGANEnhancer,
        networks: Networks,
        device: torch.device,
        dtype: torch.dtype,
        memory: int | None,
        speeds: Speeds,
        announce: Announce = announce_nothing,
    ) -> None:
        self.name = name
        self.generator, self.enlarger, self.enhancer = generator, enlarger, enhancer
        self.device, self.dtype = device, dtype
        self.scale = enlarger.scale
        self.options: dict[str, Any] = {}  # how `load` was asked for these models
        self._announce = announce
        self._forecaster = Forecaster(self.fingerprints(), enlarger, networks, speeds, device, memory)
        self._runner = Runner(generator, self.plan, self._make, self._forecaster)

    def describe(self) -> str:
        """Which models run where, in words."""
        return f"{self.name} models on {machine.describe(self.device, self.dtype)}"

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt the models follow, and which they do not; loads no network."""
        return self.generator.read(prompt)

    # ------------------------------------------------------------------------------------------ recipes

    def recipe(self, prompt: str, settings: GenerateSettings | None = None) -> Recipe:
        """The recipe of a batch of candidates.

        Raises
        ------
        ValueError
            When the prompt is empty.
        """
        prompt = " ".join(readable(prompt).split())
        if not prompt:
            raise ValueError(
                'the prompt is empty: say in a few words what to paint, as in "sunset over a lake"'
            )
        settings = self.generator.complete(settings or GenerateSettings())
        return replace(
            self._recipe(), prompt=prompt, generate=settings, sampling=dict(self.generator.sampling)
        )

    def recipe_for(self, name: str, image: Image.Image, settings: PaintSettings, seed: int = 0) -> Recipe:
        """The recipe of a picture that an artist brings; `settings.size` counts as if it were 256 px.

        Raises
        ------
        PictureError
            When the finished picture would be larger than 16384x16384 in all.
        """
        from bigart_lib.pictures.images import PictureError
        from bigart_lib.pictures.recipe import pixel_hash

        times = settings.size // BROUGHT_SIZE
        if image.width * image.height * times**2 > MOST_PIXELS:
            raise PictureError(
                f"{name} has {image.width}x{image.height} pixels; {times} times that, "
                f"{image.width * times}x{image.height * times}, is too many: make it smaller first"
            )
        return replace(
            self._recipe(), source=readable(name), source_pixels=pixel_hash(image),
            generate=GenerateSettings(seed=seed), paint=settings,
        )  # fmt: skip

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of the weights of each network, by its name."""
        own = {"enlarger": self.enlarger.fingerprint(), "enhancer": self.enhancer.fingerprint()}
        return {**self.generator.fingerprint(), **own}

    def _recipe(self) -> Recipe:
        return Recipe(self.name, self.fingerprints(), machine.facts(self.device, self.dtype))

    # -------------------------------------------------------------------------------------------- plans

    def native_size(self, recipe: Recipe) -> Size:
        """Width and height in px of the candidates of a recipe."""
        return self.generator.native()

    def plan(self, recipe: Recipe, native_size: Size | None = None) -> tuple[Step, ...]:
        """The steps of a recipe, with their costs; of a picture that was brought, give the size."""
        return plan(recipe, native_size or self.native_size(recipe), self)

    def stages(self, native_size: Size, settings: GenerateSettings) -> Sequence[Stage]:
        """See `plan.Models`."""
        return self.generator.stages(native_size, settings)

    def cost(self, action: str, size: Size) -> Cost:
        """See `plan.Models`."""
        return (self.enlarger if action == "enlarge" else self.enhancer).cost(*size)

    def forecast(self, steps: Sequence[Step], kept: Kept | None = None) -> Forecast:
        """What is still to be done of a plan, how long it will take, and how much memory."""
        return self._forecaster.forecast(steps, kept or Painting())

    # --------------------------------------------------------------------------------------- candidates

    def generate(
        self,
        prompt: str,
        settings: GenerateSettings | None = None,
        report: Report = no_report,
        kept: Callable[[int], Kept] | None = None,
    ) -> Candidates:
        """Paint candidates for a prompt; `report` is told after every step, with previews.

        Parameters
        ----------
        kept : gives, for the index of a candidate, where its pictures are kept and found; None keeps none.

        Raises
        ------
        ValueError
            When the prompt is empty.
        """
        return self.paint_candidates(self.recipe(prompt, settings), report, kept)

    def paint_candidates(
        self,
        recipe: Recipe,
        report: Report = no_report,
        kept: Callable[[int], Kept] | None = None,
        indices: Sequence[int] | None = None,
    ) -> Candidates:
        """Paint the candidates of a recipe that are not kept yet; see `generate`."""
        indices = range(recipe.generate.count) if indices is None else indices
        return self._runner.paint_candidates(recipe, report, kept or _kept_in_memory(), indices)

    # ------------------------------------------------------------------------------------------ painting

    def paint(
        self,
        candidate: Candidate,
        settings: PaintSettings | None = None,
        report: Report = no_report,
        kept: Painting | None = None,
    ) -> Painting:
        """Take a candidate through the steps that its settings ask for.

        Parameters
        ----------
        kept : a painting of the same candidate with other settings: only what these change is made again.
        """
        from bigart_lib.pictures.images import to_levels

        painting = kept if kept is not None else Painting()
        recipe = replace(candidate.recipe, paint=settings or PaintSettings())
        painted = self.plan(replace(recipe, paint=None))
        steps = self.plan(recipe)[len(painted) - 1 :]  # from the candidate on
        painting.put(steps[0], to_levels(candidate.picture))
        self.run(recipe, steps, painting, report)
        return painting

    def paint_image(
        self,
        image: Image.Image,
        name: str,
        settings: PaintSettings | None = None,
        seed: int = 0,
        report: Report = no_report,
    ) -> Painting:
        """Like `paint`, for a picture that an artist brings; raises as `recipe_for` does."""
        from bigart_lib.pictures.images import image_levels

        recipe = self.recipe_for(name, image, settings or PaintSettings(), seed)
        painting, steps = Painting(), self.plan(recipe, image.size)
        painting.put(steps[0], image_levels(image))
        self.run(recipe, steps, painting, report)
        return painting

    def run(self, recipe: Recipe, steps: Sequence[Step], kept: Kept, report: Report = no_report) -> None:
        """Make what `kept` does not have of the pictures of a plan."""
        for sentence in self.forecast(steps, kept).compromises:
            self._announce(sentence)
        self._runner.run(recipe, steps, kept, report)

    def _make(self, recipe: Recipe, step: Step, levels: torch.Tensor | None, report: Report) -> torch.Tensor:
        """The result of one step, given that of the step before in levels."""
        from bigart_lib.finish import fit, texture
        from bigart_lib.pictures.images import from_levels

        if levels is None:
            raise ValueError(f"{recipe.source} is needed to go on from, and is not here any more")
        if step.action == "texture":
            report(Progress("texture", 0, 1))
            return texture.add(levels, step.texture, step.seed)
        if step.action == "fit":
            return fit.fit(from_levels(levels), *step.size)
        budget = self._forecaster.budget(step)
        if step.action == "enlarge":
            return self.enlarger.enlarge(from_levels(levels), budget, report)
        return self.enhancer.enhance(from_levels(levels), budget, report)

    # -------------------------------------------------------------------------------------- single steps

    def enlarge(self, image: Image.Image, report: Report = no_report) -> Image.Image:
        """A picture with sides `scale` times longer."""
        from bigart_lib.pictures.images import from_levels

        budget = self._forecaster.budget()
        if sentence := self.enlarger.compromise(*image.size, budget):
            self._announce(sentence)
        return _changed(image, lambda levels: self.enlarger.enlarge(from_levels(levels), budget, report))

    def add_texture(self, image: Image.Image, settings: TextureSettings, seed: int = 0) -> Image.Image:
        """A picture with texture laid over it."""
        from bigart_lib.finish import texture

        return _changed(image, lambda levels: texture.add(levels, settings, [seed]))

    def enhance(self, image: Image.Image, report: Report = no_report) -> Image.Image:
        """A picture repainted by VQGAN, of the same size."""
        from bigart_lib.pictures.images import from_levels

        budget = self._forecaster.budget()
        return _changed(image, lambda levels: self.enhancer.enhance(from_levels(levels), budget, report))


def _kept_in_memory() -> Callable[[int], Painting]:
    """One painting a candidate, for as long as they are painted."""
    paintings: dict[int, Painting] = {}
    return lambda index: paintings.setdefault(index, Painting())


def _changed(image: Image.Image, change: Callable[[torch.Tensor], torch.Tensor]) -> Image.Image:
    from bigart_lib.pictures.images import image_levels, to_image
    from bigart_lib.weights import check_finite

    made = change(image_levels(image))
    check_finite(made, "the network")
    return to_image(made)
