"""Pictures repainted from their recipes and compared, with nothing kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigart_lib.bigart import BigArt
from bigart_lib.pictures import recipe as recipes
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.progress import Report, no_report
from bigart_lib.runs.redo import DIFFERENT, IDENTICAL, UNKNOWN, StepVerdict, load_for, redo

SAME, NEARLY, WITHIN, ALTERED, OTHER = (
    "same to the last bit", "same, as far as a file with loss can tell", "within one level",
    "changed since it was made", "differs",
)  # fmt: skip


@dataclass(frozen=True)
class Verified:
    """What a picture and its repainting have to say of one another."""

    path: Path
    verdict: str  # one of the five above
    steps: tuple[StepVerdict, ...] = ()
    machine: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)  # then and now, where they differ

    @property
    def is_same(self) -> bool:
        """Whether the picture is what its recipe makes here, to the last bit."""
        return self.verdict == SAME


class Verifier:
    """Verifies pictures one after the other; the models of one wait for the next that was made by them.

    Parameters
    ----------
    options : as for `load`, in place of what the recipes say.
    """

    def __init__(self, load: Callable[..., BigArt] = load_for, **options: Any) -> None:
        self._load, self._options = load, options
        self._loaded: tuple[object, BigArt] | None = None

    def verify(self, path: Path, source: Path | None = None, report: Report = no_report) -> Verified:
        """Repaint a picture from its recipe, compare every step, and keep nothing.

        Parameters
        ----------
        source : the picture that was enlarged, for one that was made of a picture; by default looked for
            beside it.

        Raises
        ------
        PictureError
            When it carries no recipe, shows several candidates, or what it was enlarged from is not at hand.
        """
        first, is_as_made = recipes.read(path)
        with tempfile.TemporaryDirectory(prefix="bigart-verify-", ignore_cleanup_errors=True) as folder:
            again = redo(path, folder, self._models(first), source, report)
            is_copy = again.path.read_bytes() == path.read_bytes()
        steps = again.steps
        if is_as_made is False:
            verdict = ALTERED
        elif again.is_identical:
            verdict = SAME if is_as_made or is_copy else NEARLY
        elif any(step.verdict in (DIFFERENT, UNKNOWN) for step in steps):
            verdict = OTHER
        else:
            verdict = WITHIN
        return Verified(path, verdict, steps, again.machine)

    def _models(self, first: Recipe) -> BigArt:
        """Those that a recipe names; one set is in memory at a time."""
        kind = (first.models, str(first.networks), str(first.sampling), first.machine.get("precision"))
        if self._loaded is None or self._loaded[0] != kind:
            self._loaded = None  # before others come into memory
            self._loaded = (kind, self._load(first, **self._options))
        return self._loaded[1]


def differing(steps: tuple[StepVerdict, ...]) -> StepVerdict | None:
    """The first step that is not the same."""
    return next((step for step in steps if step.verdict != IDENTICAL), None)
