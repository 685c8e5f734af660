"""Contact sheets: pictures in rows, with numbers and a title."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

MARGIN = 8  # px
BACKGROUND = (250, 249, 246)
INK = (60, 58, 54)


def contact_sheet(
    pictures: Sequence[Image.Image], labels: Sequence[str], title: str, columns: int = 4
) -> Image.Image:
    """Pictures of one size in rows, a label below each and a title above all."""
    width, height = pictures[0].size
    columns = min(columns, len(pictures))
    font = ImageFont.load_default(max(12, width // 14))
    line = 2 * font.size
    cell = (width + MARGIN, height + line)
    rows = -(-len(pictures) // columns)
    sheet_width = columns * cell[0] + MARGIN
    lines = _wrap(title, font, sheet_width - 2 * MARGIN)
    top = MARGIN + len(lines) * int(1.5 * font.size) + MARGIN
    sheet = Image.new("RGB", (sheet_width, top + rows * cell[1]), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(lines):
        draw.text((MARGIN, MARGIN + row * 1.5 * font.size), text, fill=INK, font=font)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = MARGIN + index % columns * cell[0]
        upper = top + index // columns * cell[1]
        sheet.paste(picture, (left, upper))
        draw.text((left + width / 2, upper + height + line / 4), label, fill=INK, font=font, anchor="ma")
    return sheet


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
