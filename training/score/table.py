"""The table that the scores are printed as, and where the model card keeps it. Knows no network."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

BEGIN, END = "<!-- scores begin -->", "<!-- scores end -->"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    network: str
    score: str
    value: str
    wanted: str = ""


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| network | score | wanted | value |", "|---|---|---|---|"]
    lines += [f"| {row.network} | {row.score} | {row.wanted} | {row.value} |" for row in rows]
    return "\n".join(lines)


def percent(share: float) -> str:
    """0.913 as "91 %"."""
    return f"{100 * share:.0f} %"


def with_most(values: Sequence[float]) -> str:
    """The mean of some values and the largest, as "3.4 (most 9.4)"."""
    return f"{sum(values) / len(values):.1f} (most {max(values):.1f})"


def machine(device: torch.device, precision: torch.dtype) -> str:
    """The machine in words: processor, cores, torch, precision, and the card where one was used."""
    number = str(precision).removeprefix("torch.")
    words = f"{_processor()}, {os.cpu_count()} cores, torch {torch.__version__}, {number}"
    return f"{torch.cuda.get_device_name(device)}, {words}" if device.type == "cuda" else words


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def card_around(card: Path) -> tuple[str, str]:
    """What stands before and after the scores of a card.

    Raises
    ------
    ValueError
        Where there is no such file, or it has not each marker comment once, in their order.
    """
    if not card.is_file():
        raise ValueError(f"expected a card with the lines {BEGIN} and {END}, got {card}, which is no file")
    text = card.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{card} should have the lines {BEGIN} and {END} once each, in this order")
    before, _, rest = text.partition(BEGIN)
    return before, rest.partition(END)[2]


def write_card(card: Path, scores: str) -> None:
    """Put scores where a card keeps them, in place of those there; `card_around` says what may fail."""
    before, after = card_around(card)
    card.write_text(f"{before}{BEGIN}\n{scores}\n{END}{after}", encoding="utf-8")
