"""A picture made ready for a print shop: the one function that command line and library call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bigart_lib.files import check_room, free_names
from bigart_lib.pictures import spaces
from bigart_lib.printing import composing, output
from bigart_lib.printing.edition import TEXTURE, Edition, Ledger, key_of
from bigart_lib.printing.inks import read_profile
from bigart_lib.printing.layout import judged, lay_out
from bigart_lib.printing.scratch import scratch_in
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.printing.source import choose_inks, opened, said
from bigart_lib.printing.work import Job, Work
from bigart_lib.progress import Announce, Report, announce_nothing, no_report

ENDINGS = {".pdf": "pdf", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpg", ".jpeg": "jpg", ".png": "png"}
SCRATCH_BYTES = 26  # on the disk for a px of the print, while it is made: levels twice, and texture
PROOF, SOFT_PROOF = "_proof", "_soft-proof.png"  # how their names end
UNNUMBERED = (
    "The numbers stand in the files and on the certificates alone: a caption needs a border of 15 mm or so."
)


@dataclass(frozen=True)
class Wanted:
    """What is made beside the print itself."""

    proof: bool = False  # a page with parts of the print at 1:1
    soft_proof: Path | str | None = None  # ICC profile of a paper that is shown on the screen
    edition: Edition | None = None  # numbered prints in place of one


def print_ready(
    picture: Path | str,
    out: Path | str | None = None,
    settings: PrintSettings | None = None,
    wanted: Wanted | None = None,
    *,
    name: str | None = None,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> list[Path]:
    """Lay a picture on paper and write it as a print shop wants it.

    Parameters
    ----------
    out : folder, or name of the file, whose ending says the format; None is the picture's own folder.
    name : how the files are called, before the paper; None is the picture's name.
    report : told how far the work is; may raise to stop it.
    announce : told what a person should know, such as that the picture has too few pixels.

    Returns
    -------
    The files: the print, or those of an edition with their certificates, then proof and soft proof.

    Raises
    ------
    ValueError
        When something that is asked for cannot be, or the picture cannot be read; nothing is written then.
    OSError
        When a file cannot be written; nothing half written is left.
    """
    picture, settings, wanted = Path(picture), settings or PrintSettings(), wanted or Wanted()
    folder, exact, settings = _place(picture, out, settings)
    paper = _check_wanted(wanted, exact)
    if wanted.edition and not settings.texture:
        settings = replace(settings, texture=TEXTURE)
    job = _planned(picture, settings, wanted, announce)
    stem = exact.stem if exact else f"{name or picture.stem}_{settings.paper.name}"
    ledger = None
    if wanted.edition:
        ledger = Ledger(
            folder, stem, settings.ending, wanted.edition, key_of(picture, settings, wanted.edition)
        )
    else:
        stem = _free(stem, folder, settings.ending, exact is not None)
    check_room(folder, _num_bytes(job, wanted))
    with scratch_in(folder) as scratch:
        work = Work(job, scratch, report)
        if ledger:
            files = work.edition(wanted.edition, ledger)
        else:
            files = [exact or folder / f"{stem}{settings.ending}"]
            work.print_to(files[0], None, job.caption, said(job.source.carried, job.caption, None))
        proof, soft_proof = folder / f"{stem}{PROOF}{settings.ending}", folder / f"{stem}{SOFT_PROOF}"
        if wanted.proof:
            files.append(proof if proof.exists() else work.proof(proof))
        if paper:
            files.append(soft_proof if soft_proof.exists() else work.soft_proof(soft_proof, paper, announce))
    return files


def check_print(
    picture: Path | str, out: Path | str | None, settings: PrintSettings, wanted: Wanted | None = None
) -> None:
    """Raise what `print_ready` would, as far as it is known before any work; writes nothing."""
    picture, wanted = Path(picture), wanted or Wanted()
    _, exact, settings = _place(picture, out, settings)
    _check_wanted(wanted, exact)
    _planned(picture, settings, wanted, announce_nothing)


def _check_wanted(wanted: Wanted, exact: Path | None) -> bytes | None:
    """The profile for the soft proof, if that is wanted."""
    if wanted.edition and exact:
        raise ValueError(f"an edition is many files: expected a folder to write them in, not {exact}")
    return read_profile(wanted.soft_proof) if wanted.soft_proof else None


def _place(
    picture: Path, out: Path | str | None, settings: PrintSettings
) -> tuple[Path, Path | None, PrintSettings]:
    """The folder, the file if it is named, and the settings with the format that its name says."""
    if out is None:
        return picture.parent, None, settings
    out = Path(out)
    kind = ENDINGS.get(out.suffix.lower())
    if out.is_dir() or (kind is None and not out.is_file()):
        return out, None, settings
    if kind is None:
        raise ValueError(f"{out} is a file: expected a folder, or a name that ends in {', '.join(ENDINGS)}")
    if settings.format not in (None, kind):
        raise ValueError(f"{out} is the name of another format than {settings.format}, which is asked for")
    if out.exists():
        raise FileExistsError(17, "there is such a file already", str(out))
    return out.parent, out, replace(settings, format=kind)


def _planned(picture: Path, settings: PrintSettings, wanted: Wanted, announce: Announce) -> Job:
    """The job, once all of it is known to be possible."""
    source = opened(picture)
    chosen = choose_inks(source, settings)
    caption = settings.caption
    layout = lay_out(source.size, settings)
    if wanted.edition:
        longest = ", ".join(filter(None, (caption, wanted.edition.numbered(wanted.edition.total))))
        try:
            layout = lay_out(source.size, replace(settings, caption=longest))
            caption = longest
        except ValueError:
            if caption:
                raise
            announce(UNNUMBERED)
    if caption:
        composing.caption_mask(layout, caption, settings.dpi)
    output.check_size(layout, settings)
    if sentence := judged(layout.effective_dpi, settings.dpi):
        announce(sentence)
    return Job(picture, source, settings, chosen, layout, caption)


def _free(stem: str, folder: Path, ending: str, is_exact: bool) -> str:
    """A name that none of the files has that may be made; the one given, if it must be that."""
    for one in free_names(stem):
        paths = [folder / f"{one}{end}" for end in (ending, f"{PROOF}{ending}", SOFT_PROOF)]
        taken = [path for path in paths if path.exists()]
        if not taken:
            return one
        if is_exact:
            raise FileExistsError(17, "there is such a file already", str(taken[0]))
    raise AssertionError("names do not end")


def _num_bytes(job: Job, wanted: Wanted) -> float:
    """What the disk must hold at most, work in progress included."""
    pixels = job.layout.page.width * job.layout.page.height
    num_prints = wanted.edition.total if wanted.edition else 1
    channels = spaces.describe(job.inks.target).channels
    return pixels * (SCRATCH_BYTES + channels * job.inks.depth / 8 * num_prints)
