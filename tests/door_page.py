"""A page with the door for files, the print card and the presets alone, for tests that drive these."""

from pathlib import Path

import ipywidgets

from bigart_lib.runs.session import Session
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.studio import parts
from bigart_lib.studio.door import Door
from bigart_lib.studio.download import Download
from bigart_lib.studio.page_code import page_code
from bigart_lib.studio.presets import Presets
from bigart_lib.studio.print_card import Printable, PrintCard
from bigart_lib.studio.prompt_card import PromptCard
from bigart_lib.studio.tasks import Tasks
from bigart_lib.studio.wire import Wire

NAVIGATION = (
    '<button type="button" class="jupyter-button bigart-nav" data-opens="door">Open a picture</button>'
)


class DoorPage:
    """Shows what came, and prints it at once."""

    def __init__(self, bigart, folder):
        self.session = Session(bigart, folder)
        self.tasks = Tasks(self.let_work, lambda: None)
        guard = self.tasks.guard
        self.wire = Wire(guard)
        self.download = Download(self.wire)
        self.filled, self.batch = [], None
        self.prompt = PromptCard(bigart, lambda: None, guard)
        self.card = PrintCard(5, guard, self.begin, self.download, self.session)
        self.door = Door(self.session, self.wire, self.begin, self.fill, self.show, self.vary, guard)
        self.presets = Presets(Path(folder), self.take, self.give, guard)
        top = [self.wire.widget, parts.text(page_code(), "bigart-hidden"), parts.text(NAVIGATION)]
        rest = [
            self.tasks.row.widget,
            self.door.widget,
            self.presets.widget,
            self.prompt.widget,
            self.card.widget,
        ]
        self.widget = parts.named(ipywidgets.VBox([*top, *rest]), "bigart-studio")

    def let_work(self, allowed):
        self.card.allow(allowed)

    def begin(self, words, job, done):
        if self.tasks.jobs.busy:
            self.tasks.queue.add(words, lambda: self.begin(words, job, done))
        else:
            self.tasks.start(job, done)

    def fill(self, recipe):
        self.filled.append(recipe)
        self.prompt.take_over(recipe.prompt, recipe.generate)

    def show(self, batch, pick):
        """Show a batch as the print card of a studio does: at its last size, or as it came."""
        self.batch, place = batch, pick or 0
        work, settings = self.session.work(batch, place), PaintSettings(1024, *2 * [TextureSettings(0)])
        steps = self.session.steps(batch, place, work.settings() or settings)
        files = [path for path in (work.file(step) for step in steps if step.is_shown) if path]
        image, size = batch.candidates[place].image, batch.run.native_size or steps[-1].size
        source = batch.run.source.file(batch.run.path) if batch.is_brought else None
        file = work.file(steps[-1]) or source
        folder = work.folder

        def make(report):
            return self.session.paint(batch, place, settings, report).last

        self.card.show(
            Printable(image, size, folder, file, files or [source], make, 3.0, "1K", not batch.is_brought)
        )

    def vary(self, recipe):
        settings = GenerateSettings(seed=11, count=1)
        self.begin("vary", lambda report: self.session.vary(recipe, settings, report), self.varied)

    def varied(self, batch, seconds):
        self.show(batch, 0)
        return "Varied"

    def take(self, settings):
        if "print" in settings:
            self.card.take(settings["print"])

    def give(self):
        return {"print": self.card.chosen()}
