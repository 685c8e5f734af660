"""`bigart enlarge`: pictures of the artist's own become larger."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from bigart_lib.bigart import BigArt
from bigart_lib.cli import files as named
from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.cli.goal import Goal, goal
from bigart_lib.files import writing
from bigart_lib.loading import load
from bigart_lib.pictures.bring import brought
from bigart_lib.pictures.carried import Brought
from bigart_lib.pictures.images import from_array
from bigart_lib.settings import DEFAULT_FOLDER, PaintSettings, TextureSettings
from bigart_lib.text import in_words, shown

TEXTURE = TextureSettings(amount=0)  # a picture of somebody's own keeps its own
SOME_FAILED = 2  # exit code
MATCH = "Keep the colours of the picture, which networks shift a little."
BACKGROUND = "A colour to lay transparent pictures on, as in white or #ffeedd."
WHERE = "The folder where each run gets a folder of its own, or the name of the one picture's file."


@click.command()
@click.argument("pictures", type=shared.FILE, metavar="PICTURE...", nargs=-1, required=True)
@goal
@shared.finishing(TEXTURE)
@click.option("--match-colours/--no-match-colours", default=True, help=MATCH)
@shared.repeat
@shared.option("--background", shared.colour("background"), None, BACKGROUND, "kept transparent")
@shared.written
@shared.seed
@shared.models("auto", "that of the models")
@shared.keep
@shared.device
@shared.option("--out", shared.Checked("FOLDER|FILE", shared.path), DEFAULT_FOLDER, WHERE)
@shared.quiet
@click.pass_obj
def enlarge(call: Call, pictures: tuple[Path, ...], out: Path, **options: Any) -> int:
    """Enlarge each PICTURE of your own: files, folders of them, or patterns as in "*.jpg".

    Colours, transparency, depth and what the author wrote into the file are kept. Texture is laid only where
    asked for. One that cannot be enlarged does not stop the others; the exit code is then 2.
    """
    found = named.pictures(pictures)
    file = named.one_file(out, found)
    how = shared.to_write(options, file.suffix if file else None)
    enlarging = Enlarging(call, options, Goal.read(options), how, DEFAULT_FOLDER if file else out)
    if len(found) > 1:
        return enlarging.each(found)
    made = enlarging.one(found[0])
    call.show(_copied(made, file) if file else made)
    return 0


@dataclass
class Enlarging:
    """What is the same for all pictures of a command."""

    call: Call
    options: Mapping[str, Any]
    wanted: Goal
    how: Mapping[str, Any]  # finished pictures are written
    out: Path  # where runs get their folders
    bigart: BigArt | None = None  # loaded when the first picture is read

    def each(self, paths: Sequence[Path]) -> int:
        """Enlarge one after the other, and tell in the end which were not; returns the exit code."""
        failed = []
        for number, path in enumerate(paths, start=1):
            self.call.say(f"{number} of {len(paths)}: {shown(path)}")
            try:
                self.call.show(self.one(path))
            except Exception as error:
                reason = in_words(error)
                self.call.announce(f"bigart: {'; '.join(filter(None, [reason, self.call.end()]))}")
                failed.append((path, reason))
        if failed:
            self.call.announce(f"{len(paths) - len(failed)} of {len(paths)} were enlarged; these were not:")
        for path, reason in failed:
            self.call.announce(f"  {reason if str(path) in reason else f'{shown(path)}: {reason}'}")
        return SOME_FAILED if failed else 0

    def one(self, path: Path) -> Path:
        """Enlarge a picture; returns the file."""
        call, picture = self.call, brought(path)
        for note in picture.carried.notes:
            call.announce(f"{shown(path.name)}: {note}", is_needed=False)
        settings = self._settings(path, picture)
        self.bigart = bigart = self.bigart or load(**shared.to_load(call, self.options))
        recipe = bigart.recipe_for(path.name, picture, settings, self.options["seed"], self.options["repeat"])
        steps = bigart.plan(recipe, picture.size)
        has_alpha = picture.has_alpha and settings.background is None
        shared.check_written(self.how, path.stem, steps[-1].size, has_alpha)
        call.foretell(bigart, "x".join(map(str, picture.size)) + " pixels", bigart.forecast(steps))
        remembered = {**bigart.options, "keep": self.options["keep"], **self.how}
        run = call.new_run(self.out, path.stem, recipe, remembered, picture.size)
        run.source.bring(path, run.path, picture)  # first: what is wanted can be gone on with
        run.work(None).put(steps[0], from_array(picture.levels))
        run.want((None, settings, steps))
        made = run.paint(bigart, None, settings, call.report).last
        run.close(None)
        call.leave()
        for note in run.notes:
            call.announce(f"{shown(made.name)}: {note}", is_needed=False)
        return made

    def _settings(self, path: Path, picture: Brought) -> PaintSettings:
        size, options = self.wanted.settings(path.name, picture.size), self.options
        settings = shared.paint_settings(options, size.size, TEXTURE)
        chosen = {name: options[name] for name in ("match_colours", "background")}
        return replace(settings, fit=size.fit, **chosen)


def _copied(made: Path, file: Path) -> Path:
    with made.open("rb") as original, writing(file) as copy:
        shutil.copyfileobj(original, copy)
    return file
