"""Where the time of many workers goes, as a picture: a bar for each number of workers, a row for each way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from benchmarks import series_simulation as simulation
from benchmarks.series_simulation import Outcome
from bigart_lib.pictures import fonts

COLOURS = {  # told apart by those who see no red or no green, too
    simulation.PAINTING: "#0072b2",
    simulation.DISK: "#009e73",
    simulation.DRIVER: "#f0e442",
    simulation.START: "#e69f00",
    simulation.LOST: "#d55e00",
    simulation.TWICE: "#cc79a7",
    simulation.AWAY: "#56b4e9",
    simulation.SHEETS: "#8c8c8c",
    simulation.IDLE: "#e4e4e4",
}
BAR, GAP, HEIGHT, EDGE = 96, 24, 240, 48  # px
TITLE, LABEL = 30, 24  # px of letters
ROW = HEIGHT + TITLE + 2 * LABEL + 72
INK, PALE, PAPER = "#222222", "#666666", "#ffffff"


def chart(found: Mapping[str, Sequence[Outcome]], workers: Sequence[int]) -> Image.Image:
    """Bars of what all workers' time is spent on; above each, pictures in an hour."""
    width = 2 * EDGE + len(workers) * (BAR + GAP) - GAP
    across = max(width, 900)
    image = Image.new("RGB", (2 * across, -(-len(found) // 2) * ROW + 2 * EDGE + 2 * LABEL), PAPER)
    draw = ImageDraw.Draw(image)
    for place, (name, outcomes) in enumerate(found.items()):
        left, top = EDGE + place % 2 * across, EDGE + place // 2 * ROW
        draw.text((left, top), name, INK, fonts.default(TITLE))
        for number, (count, outcome) in enumerate(zip(workers, outcomes, strict=True)):
            _bar(draw, left + number * (BAR + GAP), top + TITLE + LABEL + 24, count, outcome)
    _legend(draw, image.height - EDGE - LABEL)
    return image


def _bar(draw: ImageDraw.ImageDraw, left: float, top: float, count: int, outcome: Outcome) -> None:
    """One number of workers: what is painted at the bottom."""
    middle, bottom = left + BAR / 2, top + HEIGHT
    draw.text((middle, top - 8), f"{outcome.per_hour:,.0f}", INK, fonts.default(LABEL), "mb")
    draw.text((middle, bottom + 10), f"{count:,}", PALE, fonts.default(LABEL), "mt")
    done = 0.0
    for name, colour in COLOURS.items():
        share = max(outcome.shares[name], 0.0)
        ends = [round(bottom - HEIGHT * part) for part in (done + share, done)]
        if ends[0] < ends[1]:
            draw.rectangle((left, ends[0], left + BAR - 1, ends[1] - 1), colour)
        done += share


def _legend(draw: ImageDraw.ImageDraw, top: float) -> None:
    left, font = float(EDGE), fonts.default(LABEL)
    for name, colour in COLOURS.items():
        draw.rectangle((left, top, left + LABEL, top + LABEL), colour)
        draw.text((left + LABEL + 10, top + LABEL / 2), name, INK, font, "lm")
        left += LABEL + 10 + font.getlength(name) + 36
    words = "above: pictures an hour; below: workers"
    draw.text((left, top + LABEL / 2), words, PALE, font, "lm")
