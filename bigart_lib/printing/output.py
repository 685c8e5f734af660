"""A finished print as a file for the shop, in each of the formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigart_lib.pictures import metadata, pdf, spaces, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.rounding import byte_strips
from bigart_lib.printing import composing
from bigart_lib.printing.layout import Layout
from bigart_lib.printing.scratch import Scratch
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.printing.source import Inks

if TYPE_CHECKING:
    import pyvips


def check_size(layout: Layout, settings: PrintSettings) -> None:
    """Refuse what a format cannot hold; raises ValueError."""
    longest, most = max(layout.page.width, layout.page.height), writing.LONGEST_SIDE["jpeg"]
    if settings.chosen("format") == "jpg" and longest > most:
        raise ValueError(
            f"this print has {longest:.0f} px on its longer side, and a JPEG at most {most:,}: "
            "choose pdf or tiff, or a smaller --dpi"
        )


def write(
    path: Path,
    inked: pyvips.Image,
    layout: Layout,
    settings: PrintSettings,
    chosen: Inks,
    carried: Carried,
    caption: str | None,
    scratch: Scratch,
) -> None:
    """Write a print.

    Parameters
    ----------
    inked : all that has colour, 16-bit levels of the target profile, in the px of `layout.bleed`.
    carried : what the file says of itself.
    """
    if path.suffix == ".pdf":
        _write_pdf(path, inked, layout, settings, chosen, carried, caption)
    else:
        page = composing.page_raster(inked, layout, settings, caption)
        write_raster(path, page, settings, chosen, carried, scratch)


def write_raster(
    path: Path, page: pyvips.Image, settings: PrintSettings, chosen: Inks, carried: Carried, scratch: Scratch
) -> None:
    """Write px as a file of the name's format, a PDF without boxes too."""
    if path.suffix == ".pdf":
        size = (page.width, page.height)
        xmp, about = _said(carried, size, settings.dpi)
        whole = pdf.picture_page(page, settings.dpi, chosen.target, chosen.depth)
        pdf.write_pdf(path, [whole], xmp, about)
        return
    if chosen.depth == 8:
        page = _eight_bits(page, scratch)
    quality = settings.quality if path.suffix == ".jpg" else None
    form = writing.Form(depth=chosen.depth, quality=quality)
    writing.save(page, path, {}, replace(carried, profile=chosen.target), settings.dpi, form)


def _write_pdf(
    path: Path,
    inked: pyvips.Image,
    layout: Layout,
    settings: PrintSettings,
    chosen: Inks,
    carried: Carried,
    caption: str | None,
) -> None:
    bleed, trim = layout.points(layout.bleed_mm), layout.points(layout.trim_mm)
    stencils = []
    if caption:
        mask, box = composing.caption_mask(layout, caption, composing.CAPTION_FINENESS)
        stencils.append(pdf.Stencil(mask, layout.points(box)))
    lines = [layout.points(mark) for mark in layout.marks()] if settings.marks else []
    whole = layout.points(layout.page_mm)
    page = pdf.Page(
        (whole[2], whole[3]),
        (pdf.Placed(inked, bleed, chosen.target, chosen.depth),),
        stencils,
        lines,
        trim,
        bleed,
    )
    xmp, about = _said(carried, (inked.width, inked.height), settings.dpi)
    pdf.write_pdf(path, [page], xmp, about, chosen.target if chosen.is_given else None)


def _said(carried: Carried, size: tuple[int, int], dpi: float) -> tuple[bytes, dict[str, str]]:
    """The XMP packet of a PDF, and its document information."""
    from bigart_lib.pictures.xmp import Packet

    xmp, _ = metadata.packet({}, carried, size, (dpi, dpi), ())
    packet = Packet(xmp)
    about = {"Creator": metadata.AGENT}
    for entry, name in (("Title", "dc:title"), ("Author", "dc:creator"), ("Subject", "dc:description")):
        if text := packet.text(name):
            about[entry] = text
    return xmp, about


def _eight_bits(page: pyvips.Image, scratch: Scratch) -> pyvips.Image:
    """A picture in 8 bits a colour, on the disk."""
    strips = (strip for _, strip in byte_strips(page))
    kinds = {1: "b-w", 3: "srgb", 4: "cmyk"}
    stored = scratch.stored(strips, (page.height, page.width, page.bands), "uint8")
    return stored.copy(interpretation=kinds[page.bands])


def describe(chosen: Inks) -> str:
    """The colours of a print in words."""
    found = spaces.describe(chosen.target)
    return f"{found.space}, {chosen.depth} bits a colour, {found.name}"
