"""Contact sheets: pictures in rows, with numbers and a title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from PIL import Image, ImageDraw

from bigart_lib.pictures import fonts

MARGIN = 8  # px
BACKGROUND = (250, 249, 246)
INK = (60, 58, 54)
SQUARES = 4  # in a row
MOST_LINES = 4  # of the title
MOST_LETTERS = 1000  # that are looked at for these
CUT = "\u2026"


def contact_sheet(
    pictures: Sequence[Image.Image],
    labels: Sequence[str],
    title: str,
    note: str = "",
    columns: int | None = None,
) -> Image.Image:
    """Pictures of one size in rows, a label below each and a title above all.

    Parameters
    ----------
    note : what stands behind the title, and stays where a long title is cut.
    columns : None makes a sheet of four squares, or of as many others as are about as wide.
    """
    width, height = pictures[0].size
    columns = min(columns or max(1, round(SQUARES * (height / width) ** 0.5)), len(pictures))
    size = max(12, round((width * height) ** 0.5) // 14)  # of letters
    line = 2 * size
    cell = (width + MARGIN, height + line)
    rows = -(-len(pictures) // columns)
    sheet_width = columns * cell[0] + MARGIN
    lines = _lines(title, note, size, sheet_width - 2 * MARGIN)
    top = MARGIN + len(lines) * int(1.5 * size) + MARGIN
    sheet = Image.new("RGB", (sheet_width, top + rows * cell[1]), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(lines):
        left, baseline = MARGIN, MARGIN + (1.5 * row + 1) * size
        for part, font in fonts.pieces(text, size):
            draw.text((left, baseline), part, fill=INK, font=font, anchor="ls")
            left += font.getlength(part)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = MARGIN + index % columns * cell[0]
        upper = top + index // columns * cell[1]
        sheet.paste(picture, (left, upper))
        middle = (left + width / 2, upper + height + line / 4)
        _draw_label(draw, middle, label, size)
    return sheet


def _draw_label(draw: ImageDraw.ImageDraw, middle: tuple[float, float], label: str, size: int) -> None:
    """A line in the middle; of a label in several fonts, piece by piece."""
    parts = [*fonts.pieces(label, size)]
    if len(parts) == 1:
        draw.text(middle, label, fill=INK, font=parts[0][1], anchor="ma")
        return
    left, baseline = middle[0] - fonts.width(label, size) / 2, middle[1] + size
    for part, font in parts:
        draw.text((left, baseline), part, fill=INK, font=font, anchor="ls")
        left += font.getlength(part)


def _lines(title: str, note: str, size: int, width: int) -> list[str]:
    """Title and note in a few lines; the title is cut if need be."""
    is_cut, title = len(title) > MOST_LETTERS, fonts.spelled(title[:MOST_LETTERS], size)
    whole = " - ".join(filter(None, (title, note)))
    lines = list(islice(_wrapped(whole, size, width), MOST_LINES + 1))
    if len(lines) <= MOST_LINES and not is_cut:
        return lines
    notes = [note] if note else []
    *lines, last = islice(_wrapped(title, size, width), MOST_LINES - len(notes))
    while last and fonts.width(last + CUT, size) > width:
        last = last[:-1]
    return [*lines, last + CUT, *notes]


def _wrapped(text: str, size: int, width: int) -> Iterator[str]:
    """Lines of at most this width; what is longer than a line is broken where the line ends."""
    line = ""
    for word in text.split():
        while fonts.width(longer := f"{line} {word}".strip(), size) > width:
            if not line:
                fitting = (n for n in range(1, len(word)) if fonts.width(word[: n + 1], size) > width)
                end = next(fitting, len(word))
                line, word = word[:end], word[end:]
            yield line
            line = ""
            if not word:
                break
        else:
            line = longer
    yield line
