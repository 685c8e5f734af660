"""One sitting of an artist: batches of candidates, favourites, and what became of the picked ones.

Everything is on disk as soon as it is made, and a later session finds it there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.bigart import BigArt
from bigart_lib.forecast import Forecast
from bigart_lib.loading import with_generator
from bigart_lib.pictures import images
from bigart_lib.pictures.recipe import read_picture
from bigart_lib.pictures.results import Candidates
from bigart_lib.plan import Step
from bigart_lib.progress import CancelledError, Report, no_report
from bigart_lib.runs.copies import copy_run
from bigart_lib.runs.redo import generator_of
from bigart_lib.runs.run import DEFAULT_FOLDER, Run, UnsavedError, all_runs, open_run
from bigart_lib.runs.work import Work
from bigart_lib.settings import PICTURE_SIZES, GenerateSettings, PaintSettings, TextureSettings

if TYPE_CHECKING:
    from bigart_lib.finish.texture import TexturePreview
    from bigart_lib.generate.generator import Generator

OPEN_WORKS = 3  # each takes some 200 MB once it is large
OPEN_BATCHES = 3  # each takes some 10 MB; the others are read from disk when they are wanted


@dataclass
class Batch:
    """Candidates that were painted together, and their run."""

    candidates: Candidates
    run: Run

    def index(self, position: int) -> int:
        """Which candidate of the recipe the one in this place is."""
        return self.candidates[position].recipe.index

    def last_picked(self) -> int | None:
        """The place of the candidate that was taken further last, by whoever did it."""
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

    def suits(self, run: Run) -> bool:
        """Whether the generator that is loaded is the one that painted a run."""
        return generator_of(run.recipe.sampling) == generator_of(self.bigart.generator.sampling)

    def measure(self) -> None:
        """Measure this machine's speed, where it is not known yet, so that no forecast has to wait for it."""
        everything = replace(self.bigart.recipe("a picture"), paint=PaintSettings(enhance=True))
        self.bigart.forecast(self.bigart.plan(everything))

    def sides(self) -> list[int]:
        """The sizes that `PaintSettings` may name above a candidate's own, up to the usual one."""
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

    def paint(self, batch: Batch, position: int, settings: PaintSettings, report: Report = no_report) -> Work:
        """Take a picked candidate through the steps that its settings ask for and that are not yet made.

        What is cancelled is not wanted any more, and what was wanted before is wanted again.

        Raises
        ------
        ValueError
            When other networks are loaded than painted the batch, and one of them would have to run.
        """
        before, index = self.work(batch, position).settings(), batch.index(position)
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
        """The plan of a candidate with these settings."""
        return self.bigart.plan(batch.run.recipe_of(batch.index(position), settings))

    def forecast(self, batch: Batch, position: int, settings: PaintSettings) -> Forecast:
        """What is still to be made with these settings, and how long that will take."""
        work, steps = self.work(batch, position), self.steps(batch, position, settings)
        return self.bigart.forecast(steps, work)

    def preview(
        self, batch: Batch, position: int, settings: PaintSettings, size: int
    ) -> TexturePreview | None:
        """A live look at texture on a candidate at this size, once it is enlarged with these settings."""
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

    def earlier(self, most: int = 12) -> list[Path]:
        """Folders of batches on disk that are not in memory, the latest touched first."""
        return [run.path for run in self.others()[:most]]

    def others(self) -> list[Run]:
        """Every run with candidates on disk that is not in memory, the latest touched first."""
        near = all_runs(self.folder)
        touched = {run.id: run.touched for run in near}
        far = all_runs(self.copy_to) if self.copy_to else []
        far = [run for run in far if run.touched > touched.get(run.id, 0)]  # begun or gone on with elsewhere
        newer, opened = {run.id for run in far}, {batch.run.id for batch in self.batches}
        found = [run for run in near if run.id not in newer] + far
        newest = sorted(found, key=lambda run: run.touched, reverse=True)
        return [run for run in newest if run.indices and run.id not in opened]

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
        if not self.suits(run):
            self.use_generator(generator_of(run.recipe.sampling), report)
        if isinstance(wanted, Batch):
            return wanted
        return self._enter(Batch(run.paint_candidates(self.bigart, report), run))

    def _on_disk(self, path: Path) -> Run:
        """The run in a folder, which must hold candidates; one in the folder of copies is copied."""
        run = open_run(path)
        if path.parent == self.copy_to:
            run = open_run(copy_run(run, self.folder))
        if run.recipe.prompt is None:
            raise images.PictureError(f"{path} holds no candidates: it is a picture that was enlarged")
        return run

    def _enter(self, batch: Batch) -> Batch:
        """Keep in memory the latest batches, and those of which the disk did not take all."""
        unsaved = self.unsaved
        closed = [one.run for one in self.batches[: 1 - OPEN_BATCHES] if one.run not in unsaved]
        for run in closed:
            for index in run.indices:
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
        result = batch.run.toggle_favourite(batch.index(position))
        self._copy(batch.run)
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
    return max(session.bigart.native_size(batch.run.recipe)) * session.bigart.scale


def favourite_places(run: Run) -> list[int]:
    """The places of the favourites among the candidates of a run."""
    return [place for place, index in enumerate(run.indices) if index in run.favourites]


def describe(folder: Path) -> str:
    """What an earlier session left in a folder, in words."""
    try:
        run = open_run(folder)
    except images.PictureError:
        return folder.name
    words = f"{run.recipe.prompt}, seed {run.recipe.generate.seed}"
    painted = [one.settings for one in run.wanted() if one.paint and one not in run.unfinished(False)]
    sizes = [max(paint.fit or (paint.size,)) for paint in painted]
    return f"{words}, painted up to {max(sizes)} px" if sizes else words


def first_candidate(folder: Path, index: int = 0) -> Image.Image:
    """A small picture to know a folder by: of its first candidate, or of another."""
    files = (folder / f"candidate-{index + 1}").glob("[0-9]*.png")
    for path in sorted(files, key=lambda path: path.stat().st_size):
        with suppress(images.PictureError):
            return read_picture(path)[1]
    return Image.new("RGB", (64, 64), "gray")
