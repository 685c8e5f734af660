"""Lines of text as masks, in letters that a font of this machine has."""

from __future__ import annotations

from PIL import Image, ImageDraw

from bigart_lib.pictures import fonts

LETTERS = 0.72  # of a line's height that letters are set in: the rest is room for what hangs below
SMALLEST = 0.6  # of the size that is asked for, that a long line is set in


def line_mask(text: str, height: int, most_width: int) -> Image.Image:
    """A line of text, white on black, in letters that are smaller where it would be too wide.

    Raises
    ------
    ValueError
        When it does not fit.
    """
    for share in (1.0, 0.9, 0.8, 0.7, SMALLEST):
        size = max(6, round(LETTERS * share * height))
        width = width_of(text, size)
        if width + 2 <= most_width:
            break
    else:
        raise ValueError(
            f"the caption is too long for the picture's width: {len(text)} letters, where about "
            f"{int(len(text) * most_width / width)} have room; shorten it, or choose a smaller caption size"
        )
    mask = Image.new("L", (int(width) + 2, height))
    draw_line(ImageDraw.Draw(mask), (1, round(0.75 * height)), text, size, 255)
    return mask


def draw_line(
    draw: ImageDraw.ImageDraw, start: tuple[float, float], text: str, size: int, ink: object
) -> None:
    """Draw a line of text from a point on its base line."""
    left, base = start
    for part, font in _runs(text, size):
        draw.text((left, base), part, fill=ink, font=font, anchor="ls")
        left += font.getlength(part)


def width_of(text: str, size: int) -> float:
    """Of a line in px."""
    return sum(font.getlength(part) for part, font in _runs(text, size))


def _runs(text: str, size: int) -> list[tuple[str, fonts.Font]]:
    """A line in pieces of one font each: in a single one, if one has all of its letters."""
    spelled = fonts.spelled(text, size)
    together = [one for one in fonts.pieces("".join(spelled.split()), size) if one[0]]
    return [(spelled, together[0][1])] if len(together) == 1 else list(fonts.pieces(spelled, size))


def wrapped(text: str, size: int, width: float, most: int) -> list[str]:
    """Text in at most so many lines of this width; where more is cut off, the last line says so."""
    lines, line = [], ""
    for word in fonts.spelled(text, size).split():
        for piece in _broken(word, size, width):
            longer = f"{line} {piece}".strip()
            if line and width_of(longer, size) > width:
                lines.append(line)
                longer = piece
            line = longer
    lines.append(line)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]}\u2026"]


def _broken(word: str, size: int, width: float) -> list[str]:
    """A word in pieces that are no wider than a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
