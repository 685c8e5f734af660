"""The last card: the finished picture, its files, how it is laid on paper, and how that looks on a wall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
from PIL import Image
from traitlets import TraitError

from bigart_lib.files import name_stem
from bigart_lib.pictures.images import PRINT_DPI
from bigart_lib.pictures.metadata import ATTRIBUTION
from bigart_lib.printing.layout import Layout, judged, lay_out, times_needed
from bigart_lib.printing.paper import INCH, NAMED, read_paper
from bigart_lib.printing.ready import ENDINGS, print_ready
from bigart_lib.printing.settings import BLEED, BORDER, DPI, PrintSettings
from bigart_lib.progress import duration
from bigart_lib.runs import brought
from bigart_lib.studio import parts, wall
from bigart_lib.studio.download import Download, size_of
from bigart_lib.text import in_words

if TYPE_CHECKING:
    from bigart_lib.progress import Report
    from bigart_lib.runs.session import Session

# Given words, a job that is given a report, and done that is given its result and its seconds.
Begin = Callable[[str, Callable, Callable], None]

OWN = "own"
LARGEST = 1280  # px of the longer side of the whole picture, as it is shown
SMALL = 480  # px of the one on the wall
ISO = ("A6", "A5", "A4", "A3", "A2", "A1", "A0")
PHOTOS = ("10x15cm", "13x18cm", "20x20cm", "20x30cm", "30x30cm", "30x40cm", "40x40cm", "50x50cm", "50x70cm")
INCHES = ("8x8in", "8x10in", "11x14in", "12x12in", "16x20in", "24x36in")
FITS = {"Fill the paper": "crop", "Show all of it": "whole"}
ORIENTATIONS = {"As the picture": "auto", "Upright": "portrait", "Landscape": "landscape"}
FORMATS = {"PDF": "pdf", "TIFF": "tiff", "PNG": "png", "JPEG": "jpg"}
STYLE = {"description_width": "88px"}
FOR_THE_COMMAND_LINE = " (--enlarge)"


@dataclass(frozen=True)
class Printable:
    """What is printed: a picture that is made, or one that can be."""

    image: Image.Image  # the whole picture, of any size
    size: tuple[int, int]  # px that it has once it is made
    folder: Path  # where prints of it are written
    file: Path | None = None  # None where it is to be made first
    files: Sequence[Path] = ()  # of the steps that are made
    make: Callable[[Report], Path] | None = None  # makes it; returns its file
    seconds: float = 0.0  # that this takes, about
    name: str = "the picture"  # what is made then
    is_painted: bool = True  # whether we made it, rather than somebody who brought it


class PrintCard:
    """Shows what was made, and makes prints of it.

    Parameters
    ----------
    number : of the card.
    guard : wraps what a widget calls, so that errors are shown.
    begin : begins long work.
    download : offers the files to the page.
    session : enlarges a picture for its print, where that is wanted; None offers no such thing.
    """

    def __init__(
        self,
        number: int,
        guard: parts.Guard,
        begin: Begin,
        download: Download,
        session: Session | None = None,
    ) -> None:
        self._begin, self._download, self._session = begin, download, session
        self._what: Printable | None = None
        self._look, self._allowed = "", True
        self._widgets = _controls()
        for widget in self._widgets.values():
            widget.observe(guard(lambda _: self._tell()), names="value")
        self.enlarge = ipywidgets.Checkbox(False, description="Enlarge it first", indent=False)
        self._times: float | None = None  # that the print on paper would need
        self.make = parts.button("Make print", guard(self._print), "bigart-primary")
        self.wall, self.problem = parts.text("", "bigart-wall-holder"), parts.text("", "bigart-print-facts")
        self.whole, self.facts = parts.text("", "bigart-finished"), parts.text("", "bigart-facts")
        self.prints = parts.text("", "bigart-prints")
        self._waiting = parts.text("", "bigart-note")
        controls = parts.column(
            *self._widgets.values(), self.enlarge, self.make, classes=["bigart-print-controls"]
        )
        seen = parts.column(self.wall, self.problem, classes=["bigart-print-seen"])
        self._body = parts.column(
            parts.row(seen, controls, classes=["bigart-print-row"]), self.prints, self.whole, self.facts,
            classes=["bigart-print-body"],
        )  # fmt: skip
        self.widget = parts.card(number, "Print", [self._waiting, self._body])
        self.close("Pick a picture first.")

    def close(self, words: str) -> None:
        """Show nothing but what is to be done first."""
        self._what, self._look = None, ""
        parts.fold(self._waiting, [self._body], words)
        for widget in (self.wall, self.whole, self.prints, self.facts):
            widget.value = ""

    def show(self, what: Printable) -> None:
        """Show a picture, how it is printed, and the files that there are of it."""
        self._what = what
        self._look = parts.data_address(parts.small(what.image, SMALL))
        parts.fold(self._waiting, [self._body])
        address = parts.data_address(parts.small(what.image, LARGEST)) if what.file else ""
        alt = "the finished picture, whole"
        viewer = '<button type="button" class="bigart-text-button bigart-look">Open in the viewer</button>'
        self.whole.value = f'<h4>The picture</h4><img src="{address}" alt="{alt}">{viewer}' if address else ""
        self.facts.value = self._files(what)
        self._list_prints()
        self._tell()

    def allow(self, allowed: bool) -> None:
        """Enable or disable the button, as other work allows it."""
        self._allowed = allowed
        self._tell()

    def chosen(self) -> dict[str, Any]:
        """What is chosen, by the names of `PrintSettings`; the paper is a name or a size in words."""
        values = {name: widget.value for name, widget in self._widgets.items() if name != OWN}
        if values["paper"] == OWN:
            values["paper"] = self._widgets[OWN].value
        return values

    def settings(self) -> PrintSettings:
        """How it is printed; raises a ValueError as `PrintSettings` does."""
        return PrintSettings(**self.chosen())

    def take(self, values: Mapping[str, Any]) -> None:
        """Show what was chosen before; what this card does not have is left out."""
        for name, value in values.items():
            if name == "paper":
                offered = [one for _, one in self._widgets["paper"].options]
                self._widgets[OWN].value = "" if value in offered else str(value)
                value = value if value in offered else OWN
            if name in self._widgets:
                with suppress(TraitError):
                    self._widgets[name].value = value

    def _tell(self) -> None:
        """Show the print as it is chosen now, or what is wrong with that."""
        parts.show(self._widgets[OWN], self._widgets["paper"].value == OWN)
        what = self._what
        if what is None:
            return
        words = "Make print"
        if what.file is None:
            words = f"Make {what.name} and print, about {duration(what.seconds)}"
        self.make.description = self.make.tooltip = words
        try:
            settings = self.settings()
            layout = lay_out(what.size, settings)
        except ValueError as error:
            self.make.disabled = True
            self.problem.value = f'<p class="bigart-error" role="alert">{parts.escape(in_words(error))}</p>'
            return
        self.make.disabled = not (self._allowed and (what.file or what.make))
        self.wall.value = wall.drawing(layout, what.size, self._look)
        self.problem.value = _facts(layout, settings)
        self._offer_enlarging(what, settings)

    def _offer_enlarging(self, what: Printable, settings: PrintSettings) -> None:
        """Offer to enlarge a picture that has too few pixels for this print, and say how long that takes."""
        self._times = times_needed(what.size, settings) if self._session else None
        parts.show(self.enlarge, self._times is not None)
        if self._times is not None:
            seconds = duration(brought.seconds_to_enlarge(self._session.bigart, what.size, self._times))
            self.enlarge.description = f"Enlarge it {self._times:.3g} times first, about {seconds}"

    def _print(self) -> None:
        what, settings, times = self._what, self.settings(), self._times if self.enlarge.value else None
        if what is None:
            raise ValueError("there is no picture to print yet: pick one first")

        def job(report: Report) -> list[Path]:
            made = picture = what.file or what.make(report)
            if times:
                picture = brought.enlarged(self._session.bigart, made, times, self._session.folder, report)
            return print_ready(picture, what.folder, settings, name=made.stem, report=report)

        def done(files: list[Path], seconds: float) -> str:
            if self._what is not None and self._what.folder == what.folder:
                self._list_prints()
            return f"Printed in {duration(seconds)}: {files[0].name}, {size_of(files[0])}"

        self._begin(f"a print on {settings.paper.name}", job, done)

    def _list_prints(self) -> None:
        """Every print of this picture, the latest first."""
        found = prints_of(self._what.file, self._what.folder) if self._what.file else []
        self.prints.value = f"<h4>Prints of it</h4>{self._list(found)}" if found else ""

    def _files(self, what: Printable) -> str:
        items = [path for path in reversed(what.files) if path.is_file()]
        size = f"<p>{_size(what.size)}</p>" if what.file else ""
        where = (
            f"<p>In <code>{parts.escape(str(what.folder))}</code>:</p>{self._list(items)}" if items else ""
        )
        line = f"<p class='bigart-attribution'>{ATTRIBUTION}</p>" if what.is_painted and what.file else ""
        return size + where + line

    def _list(self, files: Sequence[Path]) -> str:
        """Files with their sizes, to be downloaded."""
        items = (
            f"<li><code>{parts.escape(path.name)}</code><span>{size_of(path)}</span>{self._download.link(path)}</li>"
            for path in files
        )
        return f'<ul class="bigart-print-files">{"".join(items)}</ul>'


def _size(size: tuple[int, int]) -> str:
    """Pixels, and how large they are on paper at the usual fineness."""
    inches = [side / PRINT_DPI for side in size]
    metric, imperial = (" × ".join(f"{unit * side:.1f}" for side in inches) for unit in (INCH / 10, 1))
    words = f"prints at {PRINT_DPI} DPI on {metric} cm, {imperial} in"
    return f"<b>{size[0]} × {size[1]} pixels</b><br>{words}"


def prints_of(picture: Path, folder: Path) -> list[Path]:
    """The prints of a picture in a folder, as `print_ready` names them, the latest first."""
    found = []
    for path in folder.glob("*"):
        stem, sign, paper = path.stem.rpartition("_")
        if sign and stem == picture.stem and path.suffix.lower() in ENDINGS:
            with suppress(ValueError):  # what is no paper: a step of the plan
                read_paper(name_stem(paper))
                found.append(path)
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _controls() -> dict[str, ipywidgets.Widget]:
    """A widget for each setting, by its name, and one for a size of one's own."""
    number, drop, choose = ipywidgets.BoundedFloatText, ipywidgets.Dropdown, ipywidgets.ToggleButtons
    own = ipywidgets.Text(placeholder="30x40cm, 8x10in …", description="Size", style=STYLE)
    made: dict[str, ipywidgets.Widget] = {
        "paper": drop(options=_papers(), value="A3", description="Paper", style=STYLE),
        OWN: own,
        "orientation": drop(options=[*ORIENTATIONS.items()], description="Lies", style=STYLE),
        "fit": drop(options=[*FITS.items()], description="Picture", style=STYLE),
        "dpi": number(300, min=DPI.least, max=DPI.most, step=10, description="DPI", style=STYLE),
        "border": number(0, min=BORDER.least, max=BORDER.most, description="Border, mm", style=STYLE),
        "bleed": number(0, min=BLEED.least, max=BLEED.most, description="Bleed, mm", style=STYLE),
        "marks": ipywidgets.Checkbox(False, description="Crop marks", indent=False),
        "format": choose(
            options=[*FORMATS.items()], description="File", style={**STYLE, "button_width": "56px"}
        ),
    }
    return made


def _papers() -> list[tuple[str, str]]:
    """What paper is offered: its words and its name."""
    named = [(f"{name} · {_in_cm(NAMED[name])}", name) for name in ISO]
    named += [
        (f"{name.capitalize()} · {_in_cm(NAMED[name])}", name) for name in ("letter", "legal", "tabloid")
    ]
    sizes = [
        (words.replace("x", " × ").replace("cm", " cm").replace("in", " in"), words)
        for words in (*PHOTOS, *INCHES)
    ]
    return [*named, *sizes, ("Another size …", OWN)]


def _in_cm(sides: tuple[float, float]) -> str:
    return " × ".join(f"{side / 10:.1f}".removesuffix(".0") for side in sides) + " cm"


def _facts(layout: Layout, settings: PrintSettings) -> str:
    """How fine it is, and what a person should know."""
    pixels = f"The file has {layout.page.width:.0f} × {layout.page.height:.0f} pixels"
    if sentence := judged(layout.effective_dpi, settings.dpi):
        words = parts.escape(sentence.replace(FOR_THE_COMMAND_LINE, ""))
        return f'<p class="bigart-warning" role="status">{words}</p><p>{pixels}.</p>'
    return f"<p><b>{layout.effective_dpi:.0f} pixels an inch</b> of the picture. {pixels}.</p>"
