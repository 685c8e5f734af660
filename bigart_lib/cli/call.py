"""One call of the command line: what it says while it works, and what it tidies up when it ends early."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.cli.bars import Bars
from bigart_lib.cli.terminal import aside, say, typed
from bigart_lib.files import size_in_words
from bigart_lib.progress import Report, duration, no_report

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.forecast import Forecast
    from bigart_lib.runs.run import Run


class Call:
    """What the parts of a command share; click hands it to each."""

    def __init__(self) -> None:
        self.is_quiet, self.kept = False, ""  # `kept`: told after an interrupt where there is no run
        self.unbegun = ""  # the seeds that come after the run
        self._bars, self._announced = Bars(), set()
        self._run: Run | None = None
        self._is_new = False  # whether this call made the run's folder

    @property
    def report(self) -> Report:
        """Shows progress, unless quiet was asked for."""
        return no_report if self.is_quiet else self._bars

    def show(self, line: object) -> None:
        """Print what was asked for."""
        self._bars.close(done=True)
        say(line)

    def say(self, line: object) -> None:
        """Print what is good to know, unless quiet was asked for."""
        if not self.is_quiet:
            self.show(line)

    def announce(self, sentence: str, is_needed: bool = True) -> None:
        """Print on standard error, once, what an artist should know before work goes on."""
        if sentence not in self._announced and (is_needed or not self.is_quiet):
            self._bars.close()
            aside(sentence)
        self._announced.add(sentence)

    def foretell(self, bigart: BigArt, about: str, forecast: Forecast) -> None:
        """Say what runs where, how long all of it will take, and what the memory does not allow."""
        models = bigart.describe()
        takes = f"about {duration(forecast.seconds)} in all, {size_in_words(forecast.memory)} of memory"
        self.say(f"{models[0].upper()}{models[1:]}, {about}; {takes}")
        for sentence in forecast.compromises:
            self.announce(sentence, is_needed=False)

    def new_run(self, parent: Path, *what: Any) -> Run:
        """A new folder to work in; see `Run.new`."""
        from bigart_lib.runs.run import Run  # slow to come, and --help does without

        try:
            run = Run.new(parent, *what)
        except OSError as error:
            reason = f"{error.strerror or error}): choose another by --out"
            raise ValueError(f"cannot write to the folder {parent} ({reason}") from None
        self.work_in(run)
        return run

    def work_in(self, run: Run, is_new: bool = True) -> None:
        """Note whose folder is worked in, and whether this call made it."""
        self._run, self._is_new = run, is_new

    def leave(self) -> None:
        """Note that the run is finished: what comes after has nothing to do with it."""
        self._run, self._is_new = None, False

    def end(self, was_interrupted: bool = False) -> str:
        """Tidy up after an error or an interrupt; returns what was kept and how to go on, if anything was."""
        from bigart_lib.runs.journal import JOURNAL

        self._bars.close()
        later = f"; not begun: seed {self.unbegun}" if self.unbegun else ""
        with suppress(OSError):
            if self._run is None or (self._is_new and self._run.discard_if_empty()):
                return later.removeprefix("; ")
        with suppress(OSError):
            self._run.save_rest()
        if self._run.unsaved and not was_interrupted and not self._saved_elsewhere():
            self.announce("No other folder took them either, and they are lost.")
        if not (self._run.path / JOURNAL).is_file():  # nothing was begun, or all was removed
            return later.removeprefix("; ")
        return f'what is finished is in {self._run.path}, and "{resume_command(self._run)}" goes on{later}'

    def _saved_elsewhere(self) -> bool:
        """Write the pictures that the disk did not take into the first other folder that takes them."""
        for parent in self._other_folders():
            with suppress(OSError):
                self._run.move(parent)
                return True
        return False

    def _other_folders(self) -> Iterator[Path]:
        """Where an artist says, who may be there to ask; else where a machine may have room."""
        with suppress(EOFError, OSError, RuntimeError, AttributeError):
            while sys.stdin.isatty() and sys.stderr.isatty():
                aside(f"The disk takes no more pictures, and {len(self._run.unsaved)} wait in memory.")
                if not (answer := input("Another folder to save them in (Enter: a temporary one): ").strip()):
                    break
                yield Path(answer).expanduser()
        with suppress(OSError):
            temporary = Path(tempfile.mkdtemp(prefix="bigart-saved-"))
            yield temporary
            temporary.rmdir()  # it took nothing
        with suppress(RuntimeError):
            yield Path.home() / "bigart-saved"


def resume_command(run: Run) -> str:
    """What to type to go on with a run."""
    return typed(["bigart", "resume", str(run.path)])
