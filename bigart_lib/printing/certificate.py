"""The certificate that goes with a numbered print: what it is, and by what its file is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from bigart_lib.pictures import pdf
from bigart_lib.printing.layout import POINTS
from bigart_lib.printing.lettering import draw_line, wrapped
from bigart_lib.printing.paper import INCH

if TYPE_CHECKING:
    import pyvips

PAGE = (210.0, 148.0)  # mm: A5, landscape
FINENESS = 600  # px an inch of letters
MARGIN, GAP = 14.0, 10.0  # mm
PICTURE = (78.0, 88.0)  # mm, room for the small picture
PICTURE_DPI = 300
TITLE, TEXT, SMALL = 7.0, 3.4, 2.4  # mm, size of letters
CODE = 22.0  # mm, side of the QR code
SIGNATURE = 62.0  # mm, length of the line to sign on
HASH_GROUP = 8  # digits of a hash that stand together
LEADING = 1.45
MOST_LINES = {"Prompt": 3}  # of an entry; others have 2


@dataclass(frozen=True)
class Certificate:
    """What a certificate says."""

    title: str
    number: str  # "3 / 25"
    entries: Mapping[str, str]  # name and value of each line
    fingerprint: str  # SHA-256 of the print's file, in hexadecimal digits


def write(
    path: Path, certificate: Certificate, picture: pyvips.Image, profile: bytes, xmp: bytes | None
) -> None:
    """Write a certificate as a PDF of one page.

    Parameters
    ----------
    picture : the print, 16-bit levels, readable in any order.
    profile : of its values.
    """
    small, box = _small(picture)
    mask = _letters(certificate, box)
    page = (PAGE[0] * POINTS / INCH, PAGE[1] * POINTS / INCH)
    whole = (0.0, 0.0, *page)
    made = pdf.Page(
        page, (pdf.Placed(small, _points(box), profile, 8),), (pdf.Stencil(mask, whole),), trim=whole
    )
    pdf.write_pdf(path, [made], xmp, {"Title": f"Certificate: {certificate.title}, {certificate.number}"})


def _small(picture: pyvips.Image) -> tuple[pyvips.Image, tuple[float, float, float, float]]:
    """The picture small, and where it stands, in mm from the upper left."""
    room = [side * PICTURE_DPI / INCH for side in PICTURE]
    scale = min(1.0, room[0] / picture.width, room[1] / picture.height)
    small = picture
    if scale < 1:
        small = picture.cast("float").resize(scale, kernel="lanczos3").rint().cast("ushort")
        small = small.copy(interpretation=picture.interpretation).copy_memory()
    fit = min(PICTURE[0] / small.width, PICTURE[1] / small.height)
    width, height = small.width * fit, small.height * fit
    return small, (MARGIN, MARGIN + 6, MARGIN + width, MARGIN + 6 + height)


def _points(box: tuple[float, float, float, float]) -> pdf.Points:
    left, upper, right, lower = box
    scale = POINTS / INCH
    return left * scale, (PAGE[1] - lower) * scale, right * scale, (PAGE[1] - upper) * scale


def _px(length: float) -> int:
    return round(length * FINENESS / INCH)


def _letters(certificate: Certificate, picture: tuple[float, float, float, float]) -> Image.Image:
    """All of the page that is black, white on black."""
    mask = Image.new("L", (_px(PAGE[0]), _px(PAGE[1])))
    draw = ImageDraw.Draw(mask)
    left = picture[2] + GAP
    width = PAGE[0] - MARGIN - left
    _line(draw, "CERTIFICATE OF AUTHENTICITY", left, MARGIN + 6 + SMALL, SMALL)
    base = MARGIN + 6 + SMALL + 1.9 * TITLE
    for line in wrapped(certificate.title, _px(TITLE), _px(width), 2):
        _line(draw, line, left, base, TITLE)
        base += 1.25 * TITLE
    _line(draw, certificate.number, left, base + 0.5, 1.5 * TEXT)
    base += 3.2 * TEXT
    for name, value in certificate.entries.items():
        _line(draw, name, left, base, SMALL)
        for line in wrapped(value, _px(TEXT), _px(width - 24), MOST_LINES.get(name, 2)):
            _line(draw, line, left + 24, base, TEXT)
            base += LEADING * TEXT
        base += 0.25 * TEXT
    _foot(draw, mask, certificate.fingerprint)
    return mask


def _foot(draw: ImageDraw.ImageDraw, mask: Image.Image, fingerprint: str) -> None:
    """The QR code with the hash in words beside it, and the line to sign on."""
    lower = PAGE[1] - MARGIN
    code = _code(fingerprint, _px(CODE))
    mask.paste(code, (_px(MARGIN), _px(lower) - code.height))
    left = MARGIN + code.width * INCH / FINENESS + 4
    groups = [fingerprint[start : start + HASH_GROUP] for start in range(0, len(fingerprint), HASH_GROUP)]
    lines = ["SHA-256 of the print's file", " ".join(groups[:4]), " ".join(groups[4:])]
    for number, line in enumerate(lines):
        _line(draw, line, left, lower - (2 - number) * 1.6 * SMALL, SMALL)
    right = PAGE[0] - MARGIN
    thickness = max(1, _px(0.15))
    draw.rectangle(
        [_px(right - SIGNATURE), _px(lower - 5), _px(right), _px(lower - 5) + thickness - 1], fill=255
    )
    _line(draw, "Signature", right - SIGNATURE, lower, SMALL)


def _code(text: str, side: int) -> Image.Image:
    """A QR code, white on black, in modules of whole px."""
    import segno

    rows = [[255 if dark else 0 for dark in row] for row in segno.make_qr(text.upper(), error="m").matrix]
    code = Image.new("L", (len(rows), len(rows)))
    code.putdata([value for row in rows for value in row])
    module = max(1, side // len(rows))
    return code.resize((module * len(rows), module * len(rows)), Image.Resampling.NEAREST)


def _line(draw: ImageDraw.ImageDraw, text: str, left: float, base: float, size: float) -> None:
    draw_line(draw, (_px(left), _px(base)), text, _px(size), 255)
