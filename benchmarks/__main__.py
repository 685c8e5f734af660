"""Ask the questions that `benchmarks/` answers, and write `benchmarks/RESULTS.md` with its plots.

    python -m benchmarks                             # all that take minutes
    python -m benchmarks enlarge start               # these anew; the others stay as they were measured
    python -m benchmarks candidates --device cuda    # beside what was measured on a CPU
    python -m benchmarks enlarge -- --sides 256      # options of one: `python benchmarks/enlarge.py -h`
    python -m benchmarks --list
    python -m benchmarks --add FOLDER                # what another machine measured
    python -m benchmarks --write                     # the pages alone, of what is in results.json

Each question runs by its own command line, whose last line, JSON, is kept in results.json with its machine
and its day. The extra `bench` installs those that ours is compared with.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # run from a checkout that is not installed

from benchmarks import cases, results
from benchmarks.questions import QUESTIONS, Question


def ask(question: Question, device: str, options: list[str]) -> dict | None:
    """Run a question, showing what it prints; its result, or None where it has none."""
    command = [sys.executable, *question.command, *options]
    if device != "cpu":
        command += ["--device", device]
    print(f"\n{question.name}: {question.about}", flush=True)
    began, last = time.monotonic(), ""
    with subprocess.Popen(command, cwd=cases.ROOT, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            if last:
                print(last, end="", flush=True)
            last = line
    try:
        found = json.loads(last)
    except ValueError:
        print(last, end="", flush=True)
        found = None
    if running.returncode or found is None:
        print(f"{question.name} was not measured: exit code {running.returncode}", flush=True)
        return None
    return {
        "question": question.name,
        "date": date.today().isoformat(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "machine": cases.machine(device),
        "options": options,
        "result": found,
    }


def chosen(names: list[str], device: str) -> list[Question]:
    """The questions of these names; of none, those that take minutes and can be asked on the device."""
    if unknown := [name for name in names if name not in QUESTIONS]:
        raise SystemExit(f"there is no question {', '.join(unknown)}; there are: {', '.join(QUESTIONS)}")
    if on_cpu := [name for name in names if device != "cpu" and not QUESTIONS[name].on_cards]:
        raise SystemExit(f"asked on the CPU alone: {', '.join(on_cpu)}; leave --device out")
    if names:
        return [QUESTIONS[name] for name in names]
    usual = [one for one in QUESTIONS.values() if one.by_default]
    return [one for one in usual if device == "cpu" or one.on_cards]


def main() -> int:
    own, rest = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="QUESTION")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument(
        "--folder", type=Path, default=results.FOLDER, help="for results.json, RESULTS.md, plots/"
    )
    parser.add_argument("--list", action="store_true", help="name the questions and what they take")
    parser.add_argument("--add", type=Path, help="a folder with a results.json whose results to take over")
    parser.add_argument("--write", action="store_true", help="write the pages, and ask nothing")
    options = parser.parse_args(own)
    if options.list:
        for one in QUESTIONS.values():
            print(f"{one.name:12}{'' if one.by_default else 'not by default, '}{one.takes}: {one.about}")
        return 0
    kept, failed = results.read(options.folder), 0
    if options.add:
        kept |= results.read(options.add)
    if not (options.write or options.add):
        questions = chosen(options.names, options.device)
        if rest and len(questions) != 1:
            parser.error("options after -- belong to one question: name it")
        for question in questions:
            found = ask(question, options.device, rest)
            failed += found is None
            if found:
                kept[results.key(found)] = found
                results.keep(options.folder, kept)  # at once: the next question may be broken off
    results.keep(options.folder, kept)
    results.write_pages(options.folder, kept)
    print(f"\nwritten: {options.folder / results.PAGE}")
    return 1 if failed else 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What stands before and after the first `--`."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:place], arguments[place + 1 :]


if __name__ == "__main__":
    raise SystemExit(main())
