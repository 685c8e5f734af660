"""One sitting of an artist: batches of candidates, favourites, and what became of the picked ones.

Everything is on disk as soon as it is made, and a later session finds it there. Knows no widget.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from bigart_lib.bigart import texture_seed
from bigart_lib.finish.preview import TexturePreview
from bigart_lib.pictures import images, recipe
from bigart_lib.pictures.recipe import Recipe, pixel_hash
from bigart_lib.progress import Report, no_report
from bigart_lib.results import Candidate, Candidates, Memory, Painting
from bigart_lib.runs.copies import copy_new
from bigart_lib.runs.run_folder import EXACT, RunFolder
from bigart_lib.settings import Ancestor, GenerateSettings, PaintSettings

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt

CANDIDATES = "candidates"  # what their files are called
FAVOURITES = "favourites.json"
VARIATION_DISTANCE = 0.5  # of "more like this": the scene stays, its details move
FIRST_ENLARGED = "1024"  # the stage whose picture is kept unrounded
OPEN_WORKS = 3  # each takes some 400 MB once it is large


@dataclass
class Work:
    """What became of a candidate that was picked."""

    candidate: Candidate
    folder: RunFolder
    memory: Memory = field(default_factory=Memory)
    painting: Painting = field(default_factory=Painting)  # the latest
    files: dict[str, Path] = field(default_factory=dict)  # the latest of each stage
    _previews: dict[int, tuple[object, TexturePreview]] = field(default_factory=dict)

    def settings(self) -> PaintSettings | None:
        """What the latest painting was made with."""
        return self.painting.recipe.paint if self.painting.recipes else None

    def preview(self, size: int) -> TexturePreview | None:
        """A look at the texture on the picture of 1024 or 4096 px, once that is made."""
        picture = self.memory.latest(str(size))
        if picture is None:
            return None
        if size not in self._previews or self._previews[size][0] is not picture:
            seed = [*texture_seed(self.candidate.recipe), size]
            self._previews[size] = (picture, TexturePreview(picture, seed))
        return self._previews[size][1]


@dataclass
class Batch:
    """Candidates that were painted together."""

    candidates: Candidates
    folder: RunFolder
    favourites: set[int] = field(default_factory=set)  # indices
    works: dict[int, Work] = field(default_factory=dict)  # by index

    def work(self, index: int) -> Work:
        """What became of a candidate, begun now if it was not yet picked."""
        if index not in self.works:
            self.works[index] = _find_work(self.candidates[index], self._work_folder(index))
        return self.works[index]

    def ancestor(self, index: int) -> Ancestor:
        """A candidate, for variations to stay near."""
        settings = self.candidates.settings
        return Ancestor(settings.seed, index, settings.distance if settings.near else 1.0)

    def last_picked(self) -> int | None:
        """The index of the candidate that was enlarged last, by any session."""
        made = [index for index in range(len(self.candidates)) if self._work_folder(index).is_dir()]
        return max(made, key=lambda index: _changed(self._work_folder(index)), default=None)

    def _work_folder(self, index: int) -> Path:
        return self.folder.path / f"candidate-{index + 1}"

    def toggle_favourite(self, index: int) -> bool:
        """Make a candidate a favourite, or no longer; returns which."""
        self.favourites ^= {index}
        unfinished = self.folder.path / f"{FAVOURITES}.part"
        unfinished.write_text(json.dumps(sorted(index + 1 for index in self.favourites)))
        unfinished.replace(self.folder.path / FAVOURITES)
        return index in self.favourites


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
        self, bigart: BigArt, folder: Path | str = "bigart_pictures", copy_to: Path | str | None = None
    ) -> None:
        self.bigart = bigart
        self.folder = Path(folder)
        self.copy_to = Path(copy_to) if copy_to else None
        self.copy_problem = ""  # why the last copy was not made
        self.batches: list[Batch] = []
        self._open: list[tuple[int, int]] = []  # what was picked, the latest last

    def work(self, batch: Batch, index: int) -> Work:
        """What became of a candidate; of those picked before, just a few stay in memory, all on disk."""
        self._open = [one for one in self._open if one != (id(batch), index)] + [(id(batch), index)]
        for other in self.batches:
            for closed in [one for one in other.works if (id(other), one) not in self._open[-OPEN_WORKS:]]:
                del other.works[closed]
        return batch.work(index)

    def generate(self, prompt: str, settings: GenerateSettings, report: Report = no_report) -> Batch:
        """Paint a batch of candidates, and keep them on disk."""
        candidates = self.bigart.generate(prompt, settings, report)
        folder = RunFolder(self.folder, candidates.prompt)
        save_candidates(folder, candidates)
        self._copy(folder)
        self.batches.append(Batch(candidates, folder))
        return self.batches[-1]

    def variations(
        self, batch: Batch, index: int, settings: GenerateSettings, report: Report = no_report
    ) -> Batch:
        """Paint a batch that stays near one of another batch."""
        near = (*batch.candidates.settings.near, batch.ancestor(index))
        settings = replace(settings, near=near, distance=VARIATION_DISTANCE)
        return self.generate(batch.candidates.prompt, settings, report)

    def paint(self, work: Work, settings: PaintSettings, report: Report = no_report) -> Painting:
        """Take a picked candidate through the stages that its settings ask for and that are not yet made."""

        def keep(stage: str, image: Image.Image, made_by: Recipe) -> None:
            if stage in work.files and _same_pixels(work.files[stage], image):
                return
            work.files[stage] = work.folder.save(stage, image, made_by)
            if stage == FIRST_ENLARGED:
                work.folder.keep_exact(stage, {stage: work.memory.latest(stage)}, work.candidate.recipe)

        painting = self.bigart.paint(work.candidate, settings, report, keep, work.memory)
        work.painting = painting
        self._copy(work.folder)
        return painting

    def earlier(self, most: int = 12) -> list[Path]:
        """Folders of batches on disk that this session has not opened, the newest first."""
        opened = {batch.folder.path.name for batch in self.batches}
        found = {}
        for parent in filter(None, (self.copy_to, self.folder)):  # of two copies, the one that is near
            for kept in parent.glob(f"*/{EXACT}/{CANDIDATES}.safetensors"):
                found[kept.parent.parent.name] = kept
        newest = sorted(found.values(), key=_changed, reverse=True)
        return [kept.parent.parent for kept in newest if kept.parent.parent.name not in opened][:most]

    def open(self, path: Path) -> Batch:
        """Go on with a batch from disk.

        Raises
        ------
        PictureError
            When what is there cannot be read any more.
        """
        if self.copy_to and path.parent == self.copy_to:
            copy_new(path, self.folder / path.name)
        folder = RunFolder.at(self.folder / path.name)
        found = folder.exact(CANDIDATES)
        if found is None:
            raise images.PictureError(f"{path} holds no candidates that this version of BIG.art can read")
        tensors, made_by = found
        pictures = tuple(
            Candidate(small[None], large[None], replace(made_by, index=index))
            for index, (small, large) in enumerate(zip(tensors["small"], tensors["large"], strict=True))
        )
        batch = Batch(Candidates(made_by.prompt, made_by.generate, pictures), folder)
        favourites = folder.path / FAVOURITES
        if favourites.is_file():
            batch.favourites = {number - 1 for number in json.loads(favourites.read_text())}
        self.batches.append(batch)
        return batch

    def toggle_favourite(self, batch: Batch, index: int) -> bool:
        """Make a candidate a favourite, or no longer; returns which."""
        result = batch.toggle_favourite(index)
        self._copy(batch.folder)
        return result

    def _copy(self, folder: RunFolder) -> None:
        """Copy what is new; that it fails must not cost the artist what was made."""
        if self.copy_to is None:
            return
        try:
            copy_new(folder.path, self.copy_to / folder.path.relative_to(self.folder))
            self.copy_problem = ""
        except OSError as error:
            self.copy_problem = f"no copy in {self.copy_to}: {error}"


def save_candidates(folder: RunFolder, candidates: Candidates) -> Path:
    """Write every candidate, and all on one sheet, whose path is returned."""
    import torch

    for candidate in candidates:
        for size, picture in ((64, candidate.small), (256, candidate.picture)):
            made_by = replace(candidate.recipe, stage=str(size))
            folder.save(f"candidate_{candidate.number}_{size}", images.to_image(picture), made_by)
    shared = replace(candidates[0].recipe, stage=CANDIDATES, index=None)
    pictures = {
        "small": torch.cat([candidate.small for candidate in candidates]),
        "large": torch.cat([candidate.picture for candidate in candidates]),
    }
    folder.keep_exact(CANDIDATES, pictures, replace(shared, stage=None))
    return folder.save(CANDIDATES, candidates.sheet(), shared)


def describe(folder: Path) -> str:
    """What an earlier session left in a folder, in words."""
    try:
        made_by, _ = recipe.read_picture(folder / f"{CANDIDATES}.png")
        words = f"{made_by.prompt}, seed {made_by.generate.seed}"
    except (images.PictureError, ValueError):
        words = folder.name
    for size in ("4096", "1024"):
        if any(folder.glob(f"candidate-*/{size}*.png")):
            return f"{words}, painted up to {size} px"
    return words


def first_candidate(folder: Path) -> Image.Image:
    """A small picture to know a folder by."""
    path = folder / "candidate_1_64.png"
    try:
        return images.read(path)
    except images.PictureError:
        return Image.new("RGB", (64, 64), "gray")


def _find_work(candidate: Candidate, path: Path) -> Work:
    """What an earlier session made of a candidate, or a beginning."""
    work = Work(candidate, RunFolder.at(path))
    kept = work.folder.exact(FIRST_ENLARGED)
    if kept is not None:
        work.memory.keep(FIRST_ENLARGED, (candidate.recipe,), kept[0][FIRST_ENLARGED])
    for file in sorted(path.glob("*.png"), key=_changed):
        try:
            made_by, image = recipe.read_picture(file)
        except (images.PictureError, ValueError):
            continue  # the artist's own, or changed since
        work.files[made_by.stage] = file
        work.painting.recipes.pop(made_by.stage, None)  # so that the newest comes last
        work.painting.stages.pop(made_by.stage, None)
        work.painting.recipes[made_by.stage] = replace(made_by, pixels=None)
        work.painting.stages[made_by.stage] = image
    return work


def _same_pixels(path: Path, image: Image.Image) -> bool:
    try:
        return recipe.read_picture(path)[0].pixels == pixel_hash(image)
    except (images.PictureError, ValueError):
        return False


def _changed(path: Path) -> float:
    return path.stat().st_mtime_ns
