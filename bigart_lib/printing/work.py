"""The making of prints of one picture: the px are prepared once, and every file is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures import colour, metadata, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.printing import certificate, composing, grain, output, proof, soft_proof
from bigart_lib.printing.edition import Edition, Ledger, make_all
from bigart_lib.printing.fitting import fitted
from bigart_lib.printing.layout import Layout
from bigart_lib.printing.paper import INCH
from bigart_lib.printing.scratch import Scratch
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.printing.source import Inks, Source, in_working, said, title_of
from bigart_lib.progress import Announce, Progress, Report

if TYPE_CHECKING:
    import pyvips


@dataclass(frozen=True)
class Job:
    """What is printed, and how; all of it checked."""

    path: Path  # of the picture
    source: Source
    settings: PrintSettings
    inks: Inks
    layout: Layout
    caption: str | None  # with room for it


class Work:
    """The prints of a job.

    Parameters
    ----------
    scratch : where large pictures are kept on the disk meanwhile.
    """

    def __init__(self, job: Job, scratch: Scratch, report: Report) -> None:
        self._job, self._scratch, self._report = job, scratch, report
        drawn, source = job.layout.drawn, job.source
        size = int(drawn.width), int(drawn.height)
        plain = fitted(source.picture, job.layout.crop, size, scratch, report, job.path)
        self._plain = in_working(plain, source, job.inks)

    def print_to(self, path: Path, number: int | None, caption: str | None, carried: Carried) -> None:
        """Write a print; one that is numbered has grain of its own, the same at arm's length."""
        job = self._job
        inked = composing.composed(
            self._printed(number), job.layout, job.settings, job.inks.working, self._scratch
        )
        settings = job.settings
        inked = colour.convert(
            inked, job.inks.working, job.inks.target, settings.intent, settings.black_point
        )
        output.write(path, inked, job.layout, settings, job.inks, carried, caption, self._scratch)

    def edition(self, edition: Edition, ledger: Ledger) -> list[Path]:
        """Make what is missing of an edition; returns all its files."""
        job, carried = self._job, self._job.source.carried
        title = edition.title or title_of(carried) or job.path.stem

        def make(path: Path, number: int) -> None:
            self._report(Progress("write", number - 1, edition.total))
            numbered = edition.numbered(number)
            caption = ", ".join(filter(None, (job.settings.caption, numbered)))
            tells = said(carried, job.settings.caption, numbered, title)
            self.print_to(path, number, caption if job.caption else None, tells)

        def certify(path: Path, number: int, fingerprint: str) -> None:
            made = certificate.Certificate(
                title, f"{number} / {edition.total}", self._entries(edition), fingerprint
            )
            tells = said(carried, None, edition.numbered(number), title)
            xmp, _ = metadata.packet({}, tells)
            certificate.write(path, made, self._front(), job.inks.working, xmp)

        return make_all(ledger, make, certify)

    def proof(self, path: Path) -> Path:
        """Write a page with parts of the print at 1:1."""
        job, settings = self._job, self._job.settings
        facts = proof.facts(job.layout, settings, job.source.size, output.describe(job.inks))
        facts += proof.recipe_facts(job.source.carried.recipe)
        page = proof.proof_page(
            self._printed(None), self._plain, settings, f"Proof of {job.path.name}", facts, self._scratch
        )
        page = colour.convert(page, job.inks.working, job.inks.target, settings.intent, settings.black_point)
        output.write_raster(
            path, page, settings, job.inks, said(job.source.carried, None, None), self._scratch
        )
        return path

    def soft_proof(self, path: Path, paper: bytes, announce: Announce) -> Path:
        """Write what a paper will look like, to be seen on a screen, and tell the figures."""
        job, settings = self._job, self._job.settings
        sheet, figures = soft_proof.soft_proof(
            self._front(), job.inks.working, paper, settings.intent, settings.black_point,
            f"Soft proof of {job.path.name}",
        )  # fmt: skip
        writing.save(sheet, path, {}, Carried(), soft_proof.SCREEN_DPI, writing.Form(depth=8))
        announce(f"On this paper: {figures}.")
        return path

    def _front(self) -> pyvips.Image:
        """The picture as it is seen, without what only the bleed needs."""
        drawn, picture = self._job.layout.drawn, self._job.layout.picture
        left, upper = int(picture.left - drawn.left), int(picture.upper - drawn.upper)
        return self._plain.crop(left, upper, int(picture.width), int(picture.height))

    def _printed(self, number: int | None) -> pyvips.Image:
        """The picture with texture and sharpening, if these are asked for."""
        settings, done = self._job.settings, self._plain
        if settings.texture:
            seed = (settings.seed,) if number is None else (settings.seed, number)
            size = done.width, done.height
            dpi = None if number is None else settings.dpi
            laid = grain.field(size, settings.texture_settings, seed, self._scratch, dpi)
            done = grain.textured(done, laid)
        if settings.sharpen:
            done = grain.sharpened(done, settings.sharpen, settings.sharpen_radius * settings.dpi / INCH)
        return done if done is self._plain else self._scratch.kept(done)

    def _entries(self, edition: Edition) -> dict[str, str]:
        """The lines of a certificate."""
        layout, settings = self._job.layout, self._job.settings
        picture, scale = layout.picture, INCH / settings.dpi
        prompt = self._job.source.carried.recipe.get("prompt") if edition.prompt else None
        lines = {
            "Artist": edition.artist,
            "Prompt": prompt if isinstance(prompt, str) else None,
            "Picture": f"{picture.width * scale:.0f} x {picture.height * scale:.0f} mm",
            "Sheet": f"{layout.paper.width:.0f} x {layout.paper.height:.0f} mm ({layout.paper.name})",
            "Paper": edition.medium,
            "Method": edition.method,
            "Made of": f"{picture.width:.0f} x {picture.height:.0f} px at {settings.dpi:g} DPI",
            "Date": edition.date,
        }
        return {name: value for name, value in lines.items() if value}
