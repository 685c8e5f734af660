"""All that is chosen on the page, as settings, and settings as what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from bigart_lib.studio.presets import GENERATOR

if TYPE_CHECKING:
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.studio.generator_row import GeneratorRow
    from bigart_lib.studio.prompt_card import PromptCard
    from bigart_lib.studio.work_panel import WorkPanel


class Fields:
    """Those of the prompt's card, and of the cards that enlarge and print.

    Parameters
    ----------
    load : loads a generator, then calls what it is given.
    """

    def __init__(
        self,
        generators: GeneratorRow,
        prompt_card: PromptCard,
        work_panel: WorkPanel,
        load: Callable[..., None],
    ) -> None:
        self._generators, self._prompt, self._work, self._load = generators, prompt_card, work_panel, load

    def give(self) -> dict[str, Any]:
        """What is chosen now, as `take` shows it."""
        named = {GENERATOR: self._generators.name} if self._generators.name else {}
        chosen = {"generate": vars(self._prompt.chosen()), "paint": vars(self._work.chosen())}
        return {**named, **chosen, "print": self._work.print_card.chosen()}

    def take(self, preset: Mapping[str, Any]) -> None:
        """Show a preset, once its generator is loaded; what it does not name stays.

        Raises
        ------
        ValueError
            Where its generator is not on this machine, or something else is being made.
        """
        wanted = preset.get(GENERATOR)
        if wanted in (None, self._generators.name):
            self._show(preset)
        else:
            self._load(self._generators.find(wanted), partial(self._show, preset))

    def _show(self, preset: Mapping[str, Any]) -> None:
        self._prompt.take(preset.get("generate", {}))
        self._work.take(preset.get("paint", {}))
        self._work.print_card.take(preset.get("print", {}))

    def fill(self, recipe: Recipe) -> None:
        """Show what a picture was made with, its seed as a number."""
        self._prompt.take_over(recipe.prompt, recipe.generate)
        self._prompt.choose_seed(recipe.generate.seed)
        if recipe.paint is not None:
            self._work.take(vars(recipe.paint))
