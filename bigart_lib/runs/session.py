"""One sitting of an artist: batches of candidates, favourites, and what became of the picked ones.

Everything is on disk as soon as it is made, and a later session finds it there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.bigart import BigArt
from bigart_lib.forecast import Forecast
from bigart_lib.loading import with_generator
from bigart_lib.pictures.recipe import Recipe, read
from bigart_lib.pictures.results import Candidates
from bigart_lib.plan import WITH_ALPHA, Step
from bigart_lib.progress import CancelledError, Report, no_report
from bigart_lib.runs import brought
from bigart_lib.runs.copies import copy_run
from bigart_lib.runs.redo import Verdict, generator_of, redo
from bigart_lib.runs.run import Run, UnsavedError, open_run
from bigart_lib.runs.shelf import favourite_places, follow
from bigart_lib.runs.work import Work
from bigart_lib.settings import (
    BROUGHT_SIZE,
    DEFAULT_FOLDER,
    PICTURE_SIZES,
    GenerateSettings,
    PaintSettings,
    TextureSettings,
)

if TYPE_CHECKING:
    from bigart_lib.finish.texture import TexturePreview
    from bigart_lib.generate.generator import Generator

OPEN_WORKS = 3  # each takes some 200 MB once it is large
OPEN_BATCHES = 3  # each takes some 10 MB; the others are read from disk when they are wanted


@dataclass
class Batch:
    """Candidates that were painted together, or a picture that was brought, and their run."""

    candidates: Candidates
    run: Run

    @property
    def is_brought(self) -> bool:
        """Whether it is a picture that somebody brought: one place, which is no candidate."""
        return self.run.recipe.source is not None

    def index(self, position: int) -> int | None:
        """Which candidate of the recipe the one in this place is; None for a picture that was brought."""
        return self.candidates[position].recipe.index

    def last_picked(self) -> int | None:
        """The place of the candidate that was taken further last, by whoever did it; the only one of one."""
        if self.is_brought:
            return 0
        painted = [one.index for one in self.run.wanted() if one.paint is not None]
        return self.run.indices.index(painted[-1]) if painted else None

    @property
    def favourites(self) -> set[int]:
        """The places of the favourites."""
        return {*favourite_places(self.run)}


class Session:
    """An artist at work with loaded models.

    Parameters
    ----------
    bigart : the models.
    folder : where runs get their folders, and where those of earlier sessions are found.
    copy_to : a second folder that gets a copy of everything, such as one on Google Drive; earlier sessions
        are found there too. None for no copies.
    """

    def __init__(
        self, bigart: BigArt, folder: Path | str = DEFAULT_FOLDER, copy_to: Path | str | None = None
    ) -> None:
        self.bigart = bigart
        self.folder = Path(folder)
        self.copy_to = Path(copy_to) if copy_to else None
        self.copy_problem = ""  # why the last copy was not made
        self.batches: list[Batch] = []  # that are in memory, the latest last
        self._open: list[tuple[Run, int]] = []  # what was picked, the latest last

    def use_generator(self, generator: Generator | str | None, report: Report = no_report) -> None:
        """Go on with another generator; of the one before, no network stays in memory.

        Raises
        ------
        ValueError
            When it cannot be had, and the one before stays; see `loading.load`.
        """
        self.bigart = with_generator(self.bigart, generator, report)
        self.measure()

    def _use_generator_of(self, recipe: Recipe, report: Report) -> None:
        if (wanted := generator_of(recipe.sampling)) != generator_of(self.bigart.generator.sampling):
            self.use_generator(wanted, report)

    def suits(self, run: Run) -> bool:
        """Whether the generator that is loaded is the one that painted a run, or none is needed."""
        if run.recipe.source is not None and not run.differing(self.bigart):
            return True
        return generator_of(run.recipe.sampling) == generator_of(self.bigart.generator.sampling)

    def measure(self) -> None:
        """Measure this machine's speed, where it is not known yet, so that no forecast has to wait for it."""
        everything = replace(self.bigart.recipe("a picture"), paint=PaintSettings(enhance=True))
        self.bigart.forecast(self.bigart.plan(everything))

    def sides(self, batch: Batch | None = None) -> list[int]:
        """The sizes that `PaintSettings` may name above a candidate's own, up to the usual one.

        Of a picture that was brought, those that are possible, perhaps none.
        """
        if batch is not None and batch.is_brought:
            return brought.sides(self.bigart, batch.run)
        native = max(self.bigart.native_size(self.bigart.recipe("a picture")))
        sizes = [size for size in PICTURE_SIZES if native < size <= PaintSettings.size]
        return sizes or [PaintSettings.size]

    def work(self, batch: Batch, position: int) -> Work:
        """What became of a candidate; of those picked before, just a few stay in memory, all on disk."""
        index = batch.index(position)
        self._open = [one for one in self._open if one != (batch.run, index)] + [(batch.run, index)]
        for run, closed in self._open[:-OPEN_WORKS]:
            run.close(closed)
        self._open = self._open[-OPEN_WORKS:]
        return batch.run.work(index)

    def generate(self, prompt: str, settings: GenerateSettings, report: Report = no_report) -> Batch:
        """Paint a batch of candidates; each is on disk as soon as it is done."""
        recipe = self.bigart.recipe(prompt, settings)
        run = Run.new(self.folder, recipe.prompt, recipe, self.bigart.options, beside=self.copy_to)
        try:
            candidates = run.paint_candidates(self.bigart, report)
        except UnsavedError as error:
            self._enter(Batch(error.made, run))
            raise
        except BaseException as error:
            if not run.discard_if_empty() and isinstance(error, CancelledError):
                run.give_up_candidates()
            raise
        self._copy(run)
        return self._enter(Batch(candidates, run))

    def variations(
        self, batch: Batch, position: int, settings: GenerateSettings, report: Report = no_report
    ) -> Batch:
        """Paint a batch that stays near one of another batch."""
        settings = replace(settings, near=batch.candidates.settings.line(batch.index(position)))
        return self.generate(batch.candidates.prompt, settings, report)

    def vary(self, recipe: Recipe, settings: GenerateSettings, report: Report = no_report) -> Batch:
        """Paint a batch that stays near the picture of a recipe, with the generator that painted it."""
        self._use_generator_of(recipe, report)
        near = recipe.generate.line(recipe.index or 0)
        return self.generate(recipe.prompt, replace(settings, near=near), report)

    def bring(self, path: Path, report: Report = no_report) -> Batch:
        """Give a picture of somebody's a run of its own; raises as `brought.new_run` does."""
        run, candidates = brought.new_run(self.bigart, path, self.folder, self.copy_to)
        self._copy(run)
        return self._enter(Batch(candidates, run))

    def again(self, path: Path, report: Report = no_report) -> tuple[Batch, Verdict | None]:
        """Make a picture of ours again, or all candidates of a sheet without a verdict; raises as `redo`."""
        recipe, _ = read(path)
        self._use_generator_of(recipe, report)
        if recipe.index is None and recipe.prompt is not None:
            return self.generate(recipe.prompt, recipe.generate, report), None
        verdict = redo(path, self.folder, self.bigart, report=report)
        self._copy(verdict.run)
        return self.open(verdict.run.path, report), verdict

    def paint(self, batch: Batch, position: int, settings: PaintSettings, report: Report = no_report) -> Work:
        """Take a picked candidate through the steps that its settings ask for and that are not yet made.

        What is cancelled is not wanted any more, and what was wanted before is wanted again.

        Raises
        ------
        ValueError
            When other networks are loaded than painted the batch, and one of them would have to run.
        """
        follow(batch.run, self.folder)
        before, index = self.work(batch, position).settings(), batch.index(position)
        settings = brought.settings_for(batch.run, settings)
        brought.check(batch.run, self.steps(batch, position, settings))
        try:
            return batch.run.paint(self.bigart, index, settings, report)
        except CancelledError:
            batch.run.give_up(index)
            if before is not None:
                batch.run.want((index, before, self.steps(batch, position, before)))
            raise
        finally:
            self._copy(batch.run)

    def steps(self, batch: Batch, position: int, settings: PaintSettings | None) -> tuple[Step, ...]:
        """The plan of a candidate, or of a picture that was brought, with these settings."""
        wanted = brought.settings_for(batch.run, settings)
        return self.bigart.plan(batch.run.recipe_of(batch.index(position), wanted), batch.run.native_size)

    def forecast(self, batch: Batch, position: int, settings: PaintSettings) -> Forecast:
        """What is still to be made with these settings, and how long that will take."""
        work, steps = self.work(batch, position), self.steps(batch, position, settings)
        return self.bigart.forecast(steps, work)

    def preview(
        self, batch: Batch, position: int, settings: PaintSettings, size: int
    ) -> TexturePreview | None:
        """A live look at texture on a candidate at this size, once it is enlarged with these settings."""
        if batch.run.recipe.source_channels in WITH_ALPHA:
            return None
        laid = TextureSettings()
        with_texture = replace(
            settings, size=size,
            texture_4k=laid, texture_1k=laid if size <= _first_size(self, batch) else settings.texture_1k,
        )  # fmt: skip
        steps = self.steps(batch, position, with_texture)
        textured = [place for place, step in enumerate(steps) if step.action == "texture"]
        if not textured:
            return None
        *_, before, enlarged = steps[: textured[-1]]
        return self.work(batch, position).preview(enlarged, steps[textured[-1]].seed, before)

    def open(self, wanted: Path | Batch, report: Report = no_report) -> Batch:
        """Go on with a batch; candidates that are missing on disk or damaged are painted again.

        The generator that painted it is loaded, if that is another.

        Parameters
        ----------
        wanted : a batch in memory, or the folder of one on disk.

        Raises
        ------
        PictureError
            When what is there cannot be read any more.
        """
        run = wanted.run if isinstance(wanted, Batch) else self._on_disk(wanted)
        follow(run, self.folder)
        if not self.suits(run):
            self._use_generator_of(run.recipe, report)
        if isinstance(wanted, Batch):
            return wanted
        is_brought = run.recipe.prompt is None
        candidates = brought.shown(run) if is_brought else run.paint_candidates(self.bigart, report)
        return self._enter(Batch(candidates, run))

    def _on_disk(self, path: Path) -> Run:
        """The run in a folder; one in the folder of copies is copied."""
        run = open_run(path)
        if path.parent == self.copy_to:
            run = open_run(copy_run(run, self.folder))
        return run

    def _enter(self, batch: Batch) -> Batch:
        """Keep in memory the latest batches, and those of which the disk did not take all."""
        unsaved = self.unsaved
        closed = [one.run for one in self.batches[: 1 - OPEN_BATCHES] if one.run not in unsaved]
        for run in closed:
            for index in (*run.indices, None):
                run.close(index)
        self.batches = [*(one for one in self.batches if one.run not in closed), batch]
        return batch

    @property
    def unsaved(self) -> list[Run]:
        """The runs whose pictures the disk did not take."""
        return [batch.run for batch in self.batches if batch.run.unsaved or batch.run.is_unwritten]

    def save_elsewhere(self, folder: Path | str) -> None:
        """Write what the disk did not take into another folder, and go on there.

        Raises
        ------
        OSError
            When that folder cannot be written to either; everything stays as it is.
        """
        for run in self.unsaved:
            run.move(Path(folder).expanduser())
        self.folder = Path(folder).expanduser()

    def toggle_favourite(self, batch: Batch, position: int) -> bool:
        """Make a candidate a favourite, or no longer; returns which."""
        return self.favour(batch.run, batch.index(position) or 0)

    def favour(self, run: Run, index: int) -> bool:
        """Make the candidate of an index a favourite of a run, or no longer; returns which."""
        follow(run, self.folder)
        result = run.toggle_favourite(index)
        self._copy(run)
        return result

    def _copy(self, run: Run) -> None:
        """Copy what is new; that it fails must not cost the artist what was made."""
        if self.copy_to is None:
            return
        try:
            copy_run(run, self.copy_to)
            self.copy_problem = ""
        except OSError as error:
            self.copy_problem = f"no copy in {self.copy_to}: {error}"


def _first_size(session: Session, batch: Batch) -> int:
    """The long side after the first enlarging."""
    if batch.is_brought:
        return BROUGHT_SIZE * session.bigart.scale
    return max(session.bigart.native_size(batch.run.recipe)) * session.bigart.scale
