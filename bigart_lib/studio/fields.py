"""All that is chosen on the page, as settings, and settings as what is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigart_lib.studio.presets import plain

if TYPE_CHECKING:
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.studio.prompt_card import PromptCard
    from bigart_lib.studio.work_panel import WorkPanel


class Fields:
    """Those of the prompt's card, and of the cards that enlarge and print."""

    def __init__(self, prompt_card: PromptCard, work_panel: WorkPanel) -> None:
        self._prompt, self._work = prompt_card, work_panel

    def give(self) -> dict[str, dict[str, Any]]:
        """What is chosen now, as a preset keeps it."""
        chosen = plain({"generate": vars(self._prompt.chosen()), "paint": vars(self._work.chosen())})
        return {**chosen, "print": self._work.print_card.chosen()}

    def take(self, preset: Mapping[str, Mapping[str, Any]]) -> None:
        """Show a preset; what it does not name stays."""
        self._prompt.take(preset.get("generate", {}))
        self._work.take(preset.get("paint", {}))
        self._work.print_card.take(preset.get("print", {}))

    def fill(self, recipe: Recipe) -> None:
        """Show what a picture was made with, its seed as a number."""
        self._prompt.take_over(recipe.prompt, recipe.generate)
        self._prompt.choose_seed(recipe.generate.seed)
        if recipe.paint is not None:
            self._work.take(vars(recipe.paint))
