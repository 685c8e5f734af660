"""Plots of what was measured, by matplotlib where it is: small PNG files.

Ours has the one colour, others are grey; bars and lines are named beside them, not in a legend.
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

OURS, OTHERS, LIGHT, INK = "#b4431f", "#8a8f98", "#d9dce1", "#22262b"
PARTS = ("#5b3a29", "#b4431f", "#e0a458", "#7d9d9c", "#3e5c76", "#a9b4c2", "#d9dce1")
DPI = 100
WIDTH = 7.6  # inches


def draw(name: str, found: dict, folder: Path) -> list[Path]:
    """The plots of a result, newly drawn where matplotlib is, else those that are there."""
    stem = name.lower().replace(" ", "-")
    drawing = DRAWN.get(found["question"])
    if drawing and importlib.util.find_spec("matplotlib"):
        folder.mkdir(parents=True, exist_ok=True)
        _figure(drawing, found["result"], folder / f"{stem}.png")
    return sorted(folder.glob(f"{stem}.png")) + sorted(folder.glob(f"{stem}_*.png"))


def _figure(drawing: Callable[[Any, dict], None], result: dict, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {
        "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": OTHERS,
        "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.titlesize": 10, "axes.titlelocation": "left", "svg.hashsalt": "bigart",
    }  # fmt: skip
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(WIDTH, 3), layout="constrained")
        drawing(figure, result)
        figure.savefig(path, dpi=DPI, metadata={"Software": None})
        pyplot.close(figure)


def _bars(axes: Any, names: list[str], values: list[float], said: list[str]) -> None:
    """Horizontal bars, the first on top, each with its number; those of ours in our colour."""
    colours = [OURS if name.startswith("ours") else OTHERS for name in names]
    axes.barh(range(len(names)), values, color=colours, height=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for place, (value, words) in enumerate(zip(values, said, strict=True)):
        axes.annotate(words, (value, place), (4, 0), textcoords="offset points", va="center")
    axes.margins(x=0.16)


def candidates(figure: Any, result: dict) -> None:
    """Time of all candidates, a bar for each way."""
    rows, axes = result["rows"], figure.add_subplot()
    names = [f"{row['way']}, {row['steps']} steps" for row in rows]
    seconds = [row["all_s"] for row in rows]
    said = [f"{one / 60:.1f} min" if one >= 120 else f"{one:.1f} s" for one in seconds]
    _bars(axes, names, [one / 60 for one in seconds], said)
    axes.set(xlabel="minutes", title=f"{result['count']} candidates at GLIDE's published size")


def enlarge(figure: Any, result: dict) -> None:
    """Seconds and memory of every way, at each side."""
    ran = [row for row in result["rows"] if "seconds" in row]
    sides = list(dict.fromkeys(row["side"] for row in ran))
    counts = [sum(row["side"] == side for row in ran) for side in sides]
    figure.set_size_inches(WIDTH, 0.9 * len(sides) + 0.24 * sum(counts))
    every = figure.subplots(len(sides), 2, squeeze=False, sharey="row", gridspec_kw={"height_ratios": counts})
    for (left, right), side in zip(every, sides, strict=True):
        rows = sorted((row for row in ran if row["side"] == side), key=lambda row: row["seconds"])
        names = [row["way"] for row in rows]
        _bars(left, names, [row["seconds"] for row in rows], [f"{row['seconds']:.3g}" for row in rows])
        memory = [row["peak_mb"] / 1000 for row in rows]
        colours = [OURS if name.startswith("ours") else OTHERS for name in names]
        right.barh(range(len(rows)), memory, color=colours, height=0.7)
        for place, one in enumerate(memory):
            right.annotate(f"{one:.2g}", (one, place), (4, 0), textcoords="offset points", va="center")
        right.tick_params(axis="y", length=0, labelleft=False)
        right.spines["left"].set_visible(False)
        right.margins(x=0.16)
        left.set_title(f"{side} to {4 * side} px, seconds")
        right.set_title("peak memory of the process, GB")


def whole(figure: Any, result: dict) -> None:
    """A bar for each version, in parts."""
    rows, axes = result["rows"], figure.add_subplot()
    figure.set_size_inches(WIDTH, 1.4 + 0.6 * len(rows))
    names = [name for name in rows[0] if name not in ("version", "seconds", "peak_mb")]
    for place, row in enumerate(rows):
        before = 0.0
        for colour, name in zip(PARTS * 2, names, strict=False):
            label = {"64": "start, 64 px"}.get(
                name, name.replace("to the end of the process", "end").replace("_", " ")
            )
            axes.barh(
                place,
                row.get(name, 0),
                left=before,
                color=colour,
                height=0.6,
                label=label if place == 0 else None,
            )
            before += row.get(name, 0)
        axes.annotate(
            f"{row['seconds']:.1f} s", (before, place), (4, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(rows)), [row["version"] for row in rows])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    axes.set(xlabel="seconds", title=f"From a prompt to {result['size']} px, from a cold process")
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)


def growth(figure: Any, result: dict) -> None:
    """Seconds and memory of each kind of work by its size, a line for each number of threads."""
    ran = [row for row in result["rows"] if "seconds" in row]
    kinds = list(dict.fromkeys(row["work"] for row in ran))
    figure.set_size_inches(WIDTH, 2.5 * len(kinds))
    every = figure.subplots(len(kinds), 2, squeeze=False)
    labels = {"candidates": "candidates", "enlarging": "px a side before"}
    for pair, kind in zip(every, kinds, strict=True):
        rows = [row for row in ran if row["work"] == kind]
        workers, sizes = (list(dict.fromkeys(row[name] for row in rows)) for name in ("threads", "size"))
        for axes, (value, unit, scale) in zip(
            pair, (("seconds", "s", 1), ("peak_mb", "GB", 1000)), strict=True
        ):
            for threads, colour in zip(workers, (OTHERS, OURS, PARTS[4], PARTS[3]), strict=False):
                of_these = [row for row in rows if row["threads"] == threads]
                line = [row["size"] for row in of_these], [row[value] / scale for row in of_these]
                axes.plot(*line, color=colour, marker="o", markersize=4)
                if threads and value == "seconds":
                    words = f"{threads} thread{'s' if threads > 1 else ''}"
                    end = line[0][-1], line[1][-1]
                    axes.annotate(words, end, (-6, 2), textcoords="offset points", ha="right", color=colour)
            axes.set_ylim(0, 1.1 * max(row[value] for row in rows) / scale)
            axes.set(title=f"{kind}, {unit}", xlabel=labels.get(kind, "size"), xticks=sizes)


def start(figure: Any, result: dict) -> None:
    """A bar for each start."""
    rows, axes = result["rows"], figure.add_subplot()
    figure.set_size_inches(WIDTH, 2.6)
    names = [("ours: " if place > 1 else "") + row["start"] for place, row in enumerate(rows)]
    _bars(axes, names, [row["seconds"] for row in rows], [f"{row['seconds']:.2f}" for row in rows])
    axes.set_yticks(range(len(rows)), [row["start"] for row in rows])
    axes.set(xlabel="seconds", title="Starts, each in a new process")


FAMILIES = {  # of ways to sample, by how their names begin and end, with line and colour
    "ddim": (r"ddim, steps \d+", OTHERS, "o-"),
    "dpm++": (r"dpm\+\+, steps \d+", OTHERS, "s--"),
    "unipc": (r"unipc, steps \d+", OTHERS, "^:"),
    "ddim, even in log-SNR": (r"ddim, steps \d+, spacing log-snr", PARTS[4], "o-"),
    "the same, 40 % guided": (r"ddim, steps \d+, guided 0.4, spacing log-snr", OURS, "D-"),
    "ddim, cached": (r"ddim, steps \d+, cached 2", PARTS[2], "v:"),
}


def steps(figure: Any, result: dict) -> None:
    """Nearness to many steps, and what is recognised, over the evaluations of the base model."""
    rows = [row for row in result["rows"] if row["network"] == "base"]
    figure.set_size_inches(WIDTH, 3.4)
    for axes, name, title in zip(
        figure.subplots(1, 2),
        ("dB", "scene"),
        ("dB from 100 steps", "share of scenes recognised"),
        strict=True,
    ):
        for words, (pattern, colour, line) in FAMILIES.items():
            found = [row for row in rows if re.fullmatch(pattern, row["way"]) and row.get(name, 99) < 60]
            found = sorted((row["evaluations"], row[name]) for row in found if row["evaluations"] < 70)
            if found:
                axes.plot(*zip(*found, strict=True), line, color=colour, label=words, markersize=4)
        axes.set(xlabel="evaluations of a candidate", title=title)
    axes.legend(frameon=False, fontsize=8)


DRAWN = {"candidates": candidates, "enlarge": enlarge, "whole": whole, "growth": growth, "start": start,
         "steps": steps}  # fmt: skip
