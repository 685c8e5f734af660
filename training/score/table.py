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


def write_card(card: Path, scores: str) -> None:
    """Put scores between the card's two marker comments, in place of what stands there.

    Raises
    ------
    ValueError
        Where the card has not each marker once, in their order; it stays as it is.
    """
    text = card.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{card} should have the lines {BEGIN} and {END} once each, in this order")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    card.write_text(f"{before}{BEGIN}\n{scores}\n{END}{after}", encoding="utf-8")
