"""What was measured: kept as JSON, and written as a page for people, RESULTS.md.

Tables are made of whatever a question gives: `rows` of named values, `ratios` with their `goals`, and other
values. Knows no question by its name, but for its plots.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks import cases, plots
from benchmarks.questions import QUESTIONS
from bigart_lib.files import read_values, write_text

FOLDER = Path(__file__).parent
KEPT, PAGE, NOTES, PLOTS = "results.json", "RESULTS.md", "notes.md", "plots"
HEAD = """# What was measured

Written by `python -m benchmarks`; what did not help, at the end, is from [notes.md](notes.md). Each question
has the day and the machine of its own. Ratios are between numbers of one run on one machine.
"""
NOT_SHOWN = ("benchmark", "rows", "results", "ratios", "goals", "at_most", "device")
MOST_ROWS = 90
ROUND = 4  # digits that are kept of a number


def key(found: Mapping) -> str:
    """Under what a result is kept: the question, and the card where it was one."""
    machine = found["machine"]
    return found["question"] if "threads" in machine else f"{found['question']} on {machine['device']}"


def read(folder: Path) -> dict[str, dict]:
    """What was kept in a folder, by `key`."""
    return dict(read_values(folder / KEPT))


def keep(folder: Path, kept: Mapping[str, dict]) -> None:
    """Write what is to be kept, with a few digits of each number."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / KEPT, json.dumps(_rounded(kept), indent=1) + "\n", replace=True)


def _rounded(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.{ROUND}g}") if isinstance(value, float) else value


def write_pages(folder: Path, kept: Mapping[str, dict]) -> None:
    """RESULTS.md, with plots where matplotlib is."""
    places = list(QUESTIONS)
    ordered = sorted(kept.items(), key=lambda one: (places.index(one[1]["question"]), one[0]))
    sections = [HEAD]
    for name, found in ordered:
        drawn = plots.draw(name, found, folder / PLOTS)
        sections.append(_section(name, found, [f"{PLOTS}/{path.name}" for path in drawn]))
    notes = (FOLDER / NOTES).read_text(encoding="utf-8")
    write_text(folder / PAGE, "\n".join([*sections, notes]), replace=True)


def _section(name: str, found: Mapping, drawn: list[str]) -> str:
    """A question with all that is known of it."""
    result, question = found["result"], QUESTIONS[found["question"]]
    lines = [f"## {name[:1].upper()}{name[1:]}", "", f"{question.about[:1].upper()}{question.about[1:]}.", ""]
    command = " ".join(["python", *question.command, *found["options"]])
    lines += [
        f"{found['date']}, {found['minutes']} minutes, `{command}`, on {_machine(found['machine'])}.",
        "",
    ]
    if not isinstance(result, Mapping):
        result = {"rows": result}
    if ratios := result.get("ratios"):
        lines += [*_ratios(ratios, result), ""]
    rows = result.get("rows") or result.get("results")
    if isinstance(rows, list) and rows and isinstance(rows[0], Mapping):
        lines += [*_table(rows), ""]
    elif isinstance(rows, list) and rows:
        lines += ["; ".join(", ".join(map(cases.shown, row)) for row in rows[:MOST_ROWS]) + ".", ""]
    others = {name: value for name, value in result.items() if name not in NOT_SHOWN}
    if others:
        lines += [*(f"- {_words(name)}: {_value(value)}" for name, value in others.items()), ""]
    for path in drawn:
        lines += [f"![{name}]({path})", ""]
    return "\n".join(lines)


def _machine(machine: Mapping) -> str:
    where = f"{machine['device']}, {machine['memory_gb']:g} GB"
    if "threads" in machine:
        where += f", threads: {machine['threads']}"
    versions = ", ".join(f"{name} {machine[name]}" for name in ("python", "torch", "bigart"))
    return f"{where}, {machine['precision']}; {versions}"


def _ratios(ratios: Mapping[str, float], result: Mapping) -> list[str]:
    goals, at_most = result.get("goals", {}), result.get("at_most", ())
    lines = ["| ratio | measured | goal | |", "|---|--:|--:|---|"]
    for name, ratio in ratios.items():
        goal, verdict = goals.get(name), ""
        if goal is not None:
            reached = ratio <= goal if name in at_most else ratio >= goal
            verdict = "reached" if reached else "not reached"
        bound = "" if goal is None else f"{'at most' if name in at_most else 'at least'} {cases.shown(goal)}"
        lines.append(f"| {name} | **{cases.shown(ratio)}** | {bound} | {verdict} |")
    return lines


def _table(rows: list[Mapping]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row if name not in ("file", "fixed")))
    aligned = [
        "--:" if any(isinstance(row.get(name), (int, float)) for row in rows) else "---" for name in names
    ]
    lines = ["| " + " | ".join(map(_words, names)) + " |", "|" + "|".join(aligned) + "|"]
    shown = ([cases.shown(row.get(name)).replace("|", "\\|") for name in names] for row in rows[:MOST_ROWS])
    return lines + ["| " + " | ".join(row) + " |" for row in shown]


def _value(value: object) -> str:
    """Any value in a line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(name)} {_value(one)}" for name, one in value.items())
    if isinstance(value, list):
        return f"{len(value)} values" if len(value) > MOST_ROWS / 4 else ", ".join(map(_value, value))
    return cases.shown(value) if not isinstance(value, bool) else ("yes" if value else "no")


def _words(name: object) -> str:
    return str(name).replace("_", " ")
