"""Runs plans: makes each result that is needed once, keeps it to go on from, and rounds it for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bigart_lib.forecast import Forecaster
from bigart_lib.generate.generator import Generator
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.pictures.results import Candidate, Candidates, with_pixels
from bigart_lib.plan import Kept, Step, to_do
from bigart_lib.progress import Progress, Report

if TYPE_CHECKING:
    import torch

# Gives the result of a step, from that of the step before.
Make = Callable[[Recipe, Step, "torch.Tensor | None", Report], "torch.Tensor"]
Done = dict[tuple[int, int], "torch.Tensor"]  # levels by index of the candidate and number of the stage


class Runner:
    """Runs plans with one generator and one way to make each later step.

    Parameters
    ----------
    plan_candidate : gives the steps of a candidate alone, from its recipe.
    make : makes every step that is not the generator's.
    last_detour : tells what differed from the recipe's precision and device since it was asked last.
    """

    def __init__(
        self,
        generator: Generator,
        plan_candidate: Callable[[Recipe], Sequence[Step]],
        make: Make,
        forecaster: Forecaster,
        last_detour: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._generator, self._plan_candidate, self._make = generator, plan_candidate, make
        self._forecaster, self._last_detour = forecaster, last_detour
        self._detours: dict[str, Mapping[str, str]] = {}  # by the key of the step

    def paint_candidates(
        self, recipe: Recipe, report: Report, kept: Callable[[int], Kept], indices: Sequence[int]
    ) -> Candidates:
        """Paint the candidates that are not kept yet; each is kept as soon as one of its stages is done."""
        from bigart_lib.pictures.images import from_levels

        recipes = {index: replace(recipe, index=index, paint=None) for index in indices}
        plans = {index: tuple(self._plan_candidate(one)) for index, one in recipes.items()}
        done: Done = {}
        computed, written = [], []
        for index, steps in plans.items():
            kept(index).begin(steps)
            these = to_do(steps, kept(index))
            computed, written = [*computed, *these[0]], [*written, *these[1]]
            for stage, step in enumerate(steps):
                if (picture := kept(index).get(step)) is not None:
                    done[index, stage] = picture
        report = self._forecaster.whole_plan([], computed, written, report)
        missing = [index for index, steps in plans.items() if (index, len(steps) - 1) not in done]
        for (index, stage), picture in self._painted(recipe, missing, report, done, plans):
            done[index, stage] = self.keep(plans[index][stage], picture, kept(index))
            self._finish_candidate(plans[index], done, recipes[index], kept(index))
        for index, steps in plans.items():  # those too whose results were kept, and pictures lost
            pixels = self._finish_candidate(steps, done, recipes[index], kept(index))
            recipes[index] = replace(self._as_made(recipes[index], steps), steps=pixels)
        self._forecaster.save()
        last = {index: from_levels(done[index, len(steps) - 1]) for index, steps in plans.items()}
        pictures = (Candidate(picture, recipes[index]) for index, picture in last.items())
        return Candidates(recipe.prompt, recipe.generate, tuple(pictures))

    def run(self, recipe: Recipe, steps: Sequence[Step], kept: Kept, report: Report) -> None:
        """Make what `kept` does not have of the pictures of a plan."""
        kept.begin(steps)
        computed, written = to_do(steps, kept)
        report = self._forecaster.whole_plan(steps, computed, written, report)
        results = _Results(self, recipe, steps, kept, report)
        pixels = dict(recipe.steps)
        for position, step in enumerate(steps):
            if step in written:
                picture = results.after(position)
                report(Progress("write", 0, 1))
                made_by = self._as_made(recipe, steps[: position + 1])
                self.finish(step, picture, made_by, pixels, kept, step is written[-1])
            elif step.is_shown:
                pixels[step.name] = kept.made(step)
        self._forecaster.save()

    def make(self, recipe: Recipe, step: Step, before: torch.Tensor | None, report: Report) -> torch.Tensor:
        """The result of a step that is not the generator's, given the levels of the step before."""
        self._last_detour()  # of work that is no step
        began = self._forecaster.clock()
        made = self._make(recipe, step, before, report)
        if not self._note_detour(step):  # which says nothing of how long the next one takes
            seconds = self._forecaster.clock() - began
            self._forecaster.note(self._forecaster.kind(step), step.cost.operations, seconds)
        return made

    def is_painted(self, recipe: Recipe, step: Step) -> bool:
        """Whether the generator makes a step."""
        return recipe.source is None and step in self._plan_candidate(replace(recipe, paint=None))

    def keep(self, step: Step, picture: torch.Tensor, kept: Kept) -> torch.Tensor:
        """Keep a result as levels, and hand on what was kept, so that going on later changes nothing."""
        from bigart_lib.pictures.images import to_levels
        from bigart_lib.weights import check_finite

        check_finite(picture, f"{step.name}: the network")
        levels = to_levels(picture)
        if step.is_costly:
            with self._forecaster.noted("keep", step.pixels):
                kept.put(step, levels)
        return levels

    def finish(
        self,
        step: Step,
        levels: torch.Tensor,
        recipe: Recipe,
        pixels: dict[str, str],
        kept: Kept,
        is_last: bool = False,
    ) -> None:
        """Round a result to a picture for people, unless that is there already; for the last, wait."""
        from bigart_lib.pictures.images import to_image

        found = kept.made(step)
        if found is None and step.is_shown:
            with self._forecaster.noted("write", step.pixels):
                image = to_image(levels)
                made_by = with_pixels(replace(recipe, steps=dict(pixels)), step.name, image)
                kept.finish(step, image, made_by, levels)
                if is_last:  # there is nothing left to do meanwhile
                    kept.settle()
            found = made_by.pixels
        if found is not None:
            pixels[step.name] = found

    def _note_detour(self, step: Step) -> bool:
        """Whether a step went another way than the recipe says."""
        if found := self._last_detour():
            self._detours[step.key] = found
        return bool(found)

    def _as_made(self, recipe: Recipe, steps: Sequence[Step]) -> Recipe:
        """The recipe, with what precision and device those of its steps really had that went another way."""
        found = {
            f"{what} {step.name}": value
            for step in steps
            for what, value in self._detours.get(step.key, {}).items()
        }
        return replace(recipe, machine={**recipe.machine, **found}) if found else recipe

    def _finish_candidate(
        self, steps: Sequence[Step], done: Done, recipe: Recipe, kept: Kept
    ) -> dict[str, str]:
        """Write the pictures of a candidate's stages, as far as they are done; returns their hashes."""
        pixels: dict[str, str] = {}
        for stage, step in enumerate(steps):
            if (recipe.index, stage) in done:
                made_by = self._as_made(recipe, steps[: stage + 1])
                self.finish(step, done[recipe.index, stage], made_by, pixels, kept)
        return pixels

    def _painted(
        self,
        recipe: Recipe,
        indices: Sequence[int],
        report: Report,
        begun: Done,
        plans: Mapping[int, Sequence[Step]],
    ) -> Iterator[tuple[tuple[int, int], torch.Tensor]]:
        """Stages of candidates as they are painted; how long they took is noted."""
        from bigart_lib.pictures.images import from_levels

        if not indices:
            return
        taken: dict[str, tuple[float, float]] = {}  # operations and seconds, by kind
        self._last_detour()  # of work that is no step
        begins = self._forecaster.clock()
        pictures = {place: from_levels(levels) for place, levels in begun.items()}
        painted = self._generator.paint(recipe.prompt, recipe.generate, indices, report, pictures)
        for index, stage, picture in painted:
            step = plans[index][stage]
            kind = self._forecaster.kind(step)
            operations, seconds = taken.get(kind, (0.0, 0.0))
            if not self._note_detour(step):  # which says nothing of how long the next one takes
                taken[kind] = operations + step.cost.operations, seconds + self._forecaster.clock() - begins
            yield (index, stage), picture
            begins = self._forecaster.clock()
        for kind, (operations, seconds) in taken.items():
            self._forecaster.note(kind, operations, seconds)


class _Results:
    """The results of a plan's steps, each made when it is first needed."""

    def __init__(
        self, runner: Runner, recipe: Recipe, steps: Sequence[Step], kept: Kept, report: Report
    ) -> None:
        self._runner, self._recipe, self._steps = runner, recipe, steps
        self._kept, self._report = kept, report
        self._last: tuple[int, torch.Tensor] | None = None

    def after(self, position: int) -> torch.Tensor:
        """The levels of the picture after a step, (1, 3, height, width)."""
        if self._last is None or self._last[0] != position:
            picture = self._kept.get(self._steps[position])
            self._last = position, self._make(position) if picture is None else picture
        return self._last[1]

    def _make(self, position: int) -> torch.Tensor:
        step, runner = self._steps[position], self._runner
        if runner.is_painted(self._recipe, step):
            return self._paint_candidate(step)
        before = self.after(position - 1) if position else None
        return runner.keep(step, runner.make(self._recipe, step, before, self._report), self._kept)

    def _paint_candidate(self, step: Step) -> torch.Tensor:
        """Paint a candidate whose result was lost again, alone, to go on from one of its stages."""
        from bigart_lib.pictures.images import to_levels

        kept, index = self._kept, self._recipe.index
        painted = self._runner.paint_candidates(self._recipe, self._report, lambda _: kept, [index])
        kept.begin(self._steps)
        found = kept.get(step)
        return to_levels(painted[0].picture) if found is None else found
