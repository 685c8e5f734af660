"""BigArt: holds the networks, and runs plans."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bigart_lib import machine, shapes
from bigart_lib.forecast import Forecast, Forecaster, check_size
from bigart_lib.generate.generator import Generator, Stage
from bigart_lib.machine import Speeds
from bigart_lib.maker import Maker, on_colours
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import Candidate, Candidates, Painting
from bigart_lib.plan import Kept, Size, Step, plan
from bigart_lib.progress import (
    Announce,
    Cost,
    Report,
    announce_nothing,
    no_report,
)
from bigart_lib.runner import Runner
from bigart_lib.settings import BROUGHT, GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.text import readable

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from bigart_lib.enlarge.enlarger import Enlarger
    from bigart_lib.finish.enhancer import VQGANEnhancer
    from bigart_lib.generate.words import Reading
    from bigart_lib.pictures.bring import Picture
    from bigart_lib.pictures.carried import Brought
    from bigart_lib.weights.networks import Networks


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
        self.announce, self._networks = announce, networks
        self._forecaster = Forecaster(self.fingerprints(), enlarger, networks, speeds, device, memory)
        self._maker = Maker(enlarger, enhancer, self._forecaster.budget)
        self._runner = Runner(generator, self.plan, self._maker.make, self._forecaster, networks.last_detour)

    def describe(self) -> str:
        """Which models run where, in words."""
        return f"{self.name} models on {machine.describe(self.device, self.dtype)}"

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt the models follow, and which they do not; loads no network."""
        return self.generator.read(prompt)

    def free(self) -> None:
        """Let go of all networks; they are loaded again when they are needed."""
        for one in (self._networks, self.generator):
            getattr(one, "free", lambda: None)()
        gc.collect()  # pipelines and what they call hold one another
        machine.release_memory(self.device)

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

    def recipe_for(
        self,
        name: str,
        picture: Picture,
        settings: PaintSettings,
        seed: int = 0,
        repeats: bool = False,
    ) -> Recipe:
        """The recipe of a picture that an artist brings; `settings.size` counts as if it were 256 px.

        Raises
        ------
        PictureError
            When the finished picture, or a step on the way to it, would be too large.
        """
        from bigart_lib.pictures.metadata import as_source

        found = _found(picture)
        recipe = replace(
            self._recipe(), source=readable(name), source_pixels=found.fingerprint,
            source_channels=found.levels.shape[2], source_recipe=as_source(found.carried.recipe),
            generate=GenerateSettings(seed=seed, repeats=repeats), paint=settings,
        )  # fmt: skip
        check_size(recipe, self.plan(recipe, found.size))
        return recipe

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of the weights of each network, by its name."""
        own = {"enlarger": self.enlarger.fingerprint(), "enhancer": self.enhancer.fingerprint()}
        return {**self.generator.fingerprint(), **own}

    def _recipe(self) -> Recipe:
        facts = machine.facts(self.device, self.dtype)
        for name, one in (("enlarger", self.enlarger), ("enhancer", self.enhancer)):
            if (dtype := getattr(one, "dtype", self.dtype)) != self.dtype:
                facts[f"precision {name}"] = machine.precision_name(dtype)
        return Recipe(self.name, self.fingerprints(), facts)

    # -------------------------------------------------------------------------------------------- plans

    def native_size(self, recipe: Recipe) -> Size:
        """Width and height in px of the candidates of a recipe."""
        return self.generator.native(shapes.ratio(recipe.generate.shape) if recipe.generate else 1.0)

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
        picture: Picture,
        name: str,
        settings: PaintSettings | None = None,
        seed: int = 0,
        report: Report = no_report,
    ) -> Painting:
        """Like `paint`, for a picture that an artist brings: its file, or a picture of Pillow's.

        Without settings its sides become 4 times longer, no texture is laid, and its colours are kept.

        Raises
        ------
        PictureError
            As `reading.read` and `recipe_for` do.
        """
        from bigart_lib.pictures.images import from_array

        found = _found(picture)
        recipe = self.recipe_for(name, found, settings or BROUGHT, seed)
        painting, steps = Painting(carried=found.carried), self.plan(recipe, found.size)
        painting.put(steps[0], from_array(found.levels))
        self.run(recipe, steps, painting, report)
        return painting

    def run(self, recipe: Recipe, steps: Sequence[Step], kept: Kept, report: Report = no_report) -> None:
        """Make what `kept` does not have of the pictures of a plan."""
        for sentence in self.forecast(steps, kept).compromises:
            self.announce(sentence)
        self._runner.run(recipe, steps, kept, report)

    # -------------------------------------------------------------------------------------- single steps

    def enlarge(self, picture: Picture, report: Report = no_report) -> Image.Image:
        """A picture with sides `scale` times longer and the same colours, in 8 bits a colour."""
        budget = self._forecaster.budget()
        found = _found(picture)
        if sentence := self.enlarger.compromise(*found.size, budget):
            self.announce(sentence)
        return _changed(found, lambda levels: self._maker.enlarge(levels, budget, report, matched=True))

    def add_texture(self, picture: Picture, settings: TextureSettings, seed: int = 0) -> Image.Image:
        """A picture with texture laid over it."""
        from bigart_lib.finish import texture

        return _changed(
            _found(picture),
            lambda levels: on_colours(levels, lambda colours: texture.add(colours, settings, [seed])),
        )

    def enhance(self, picture: Picture, report: Report = no_report) -> Image.Image:
        """A picture repainted by VQGAN, of the same size and colours."""
        budget = self._forecaster.budget()
        return _changed(
            _found(picture), lambda levels: self._maker.enhance(levels, budget, report, matched=True)
        )


def _kept_in_memory() -> Callable[[int], Painting]:
    """One painting a candidate, for as long as they are painted."""
    paintings: dict[int, Painting] = {}
    return lambda index: paintings.setdefault(index, Painting())


def _found(picture: Picture) -> Brought:
    from bigart_lib.pictures.bring import brought

    return brought(picture)


def _changed(found: Brought, change: Callable[[torch.Tensor], torch.Tensor]) -> Image.Image:
    from bigart_lib.pictures.images import from_array, to_image

    image = to_image(change(from_array(found.levels)))
    if found.carried.profile:
        image.info["icc_profile"] = found.carried.profile
    return image
