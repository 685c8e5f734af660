"""A line of a series as jobs: its columns are the options of painting, by the same names and checks."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli import paint
from bigart_lib.progress import Announce
from bigart_lib.series import reading
from bigart_lib.series.jobs import Job, Shard, own_seed
from bigart_lib.series.parts import Entry, Seen
from bigart_lib.series.patterns import Template, Words
from bigart_lib.settings import SEED, GenerateSettings, PaintSettings
from bigart_lib.text import in_words

OF_THE_SERIES = ("words", "seed", "out")  # parameters of painting that series says in its own way
LATER = ("quality", "guided", "spacing", "upsampler_timesteps")  # settings that 0.11 did not know
OF_MACHINES = ("device", "memory")  # that no line can choose
SETS = (  # of options where naming one in a line takes the place of the others
    ("size", "paper", "print_size"), ("texture", "texture_1k", "texture_4k"), ("near", "distance"),
)  # fmt: skip
EXPECTED = (ValueError, OSError, click.ClickException)


def _seeds(word: Any) -> list[int] | None:
    return None if str(word).strip() == shared.NEW_SEED else shared.several("seed", str(word), SEED)


seed = shared.option(
    "--seed", shared.Checked("NUMBERS", _seeds), None,
    "Of lines that name none; 1-4 or 1,3: a job for each; -1: each prompt's own.",
    "each prompt's own, always the same",
)  # fmt: skip
PAINTING = [param for param in paint.paint.params if param.name not in OF_THE_SERIES]


class Lines:
    """What the lines of a file ask for.

    Parameters
    ----------
    context : of the command, whose options count where a line names none.
    words : what __colours__ names in a prompt.
    drawn : how many prompts are drawn of a pattern; None takes all.
    choice : seed of the drawing.
    announce : told how a file is read that is not in UTF-8.

    Raises
    ------
    ValueError
        When options of the command contradict one another.
    """

    def __init__(
        self, context: click.Context, words: Words, drawn: int | None, choice: int, announce: Announce
    ) -> None:
        self._context, self._words, self._drawn, self._choice = context, words, drawn, choice
        self._announce = announce
        params = [one for one in context.command.params if one in PAINTING or one.name == "seed"]
        params = [one for one in params if one.expose_value]
        of_lines = [param for param in params if param.name not in OF_MACHINES]
        self._columns = {name: param for param in of_lines for name in _names(param)}
        self._params = {param.name: param for param in params}
        self._options = {name: context.params[name] for name in self._params}
        default = click.core.ParameterSource.DEFAULT
        self._named = {name for name in params_of(context) if context.get_parameter_source(name) != default}
        self.num_repeated = 0  # jobs that an earlier line says too
        paint.read(self._options, ("a prompt",), "size" in self._named)

    def entries(self, path: Path, shard: Shard) -> Iterator[Entry]:
        """Each job of a shard once, and each line that is none, in the order of the file.

        Raises
        ------
        OSError, ValueError
            When the file cannot be read, or is a table whose columns are not known.
        """
        self.num_repeated = 0
        with closing(Seen()) as seen, reading.opened(path, self._announce) as text:
            for line in reading.lines(text, path.name, self._columns):
                if line.problem:
                    yield Entry(line.number, None, line.problem)
                    continue
                try:
                    jobs = [*self.jobs(line.values)]
                except EXPECTED as error:
                    yield Entry(line.number, None, _reason(error))
                    continue
                for job in jobs:
                    if seen.first(job.key, line.number) is not None:
                        self.num_repeated += 1
                    elif shard.has(job.key):
                        yield Entry(line.number, job)

    def jobs(self, values: Mapping[str, str | list[str]]) -> Iterator[Job]:
        """A job for each seed of each prompt of a line; raises a ValueError where it cannot be one."""
        said = {self._columns[name].name: (name, value) for name, value in values.items() if name != "prompt"}
        options = dict(self._options)
        for one in SETS:
            if {*one} & {*said}:
                options |= {name: self._params[name].get_default(self._context) for name in one}
        options |= {name: self._read(*word) for name, word in said.items()}
        sized = "size" in said or ("size" in self._named and not {"paper", "print_size"} & {*said})
        for words in self._prompts(values.get("prompt", ""), options):
            yield from self._asked(words, options, sized)

    def _prompts(self, prompt: str, options: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        if not prompt and options["near"]:
            yield ()  # that of the picture
            return
        template = Template(prompt, self._words)
        prompts = template.every() if self._drawn is None else template.drawn(self._drawn, self._choice)
        yield from ((one,) for one in prompts)

    def _asked(self, words: tuple[str, ...], options: Mapping[str, Any], sized: bool) -> Iterator[Job]:
        asked = paint.read(options, words, sized)
        if asked.indices is None:
            raise ValueError("pick must be numbers or all in a series, where nobody can be asked")
        written = shared.to_write(options)
        load = {name: options[name] for name in shared.TO_LOAD if name not in OF_MACHINES}
        for one in options["seed"] or [own_seed(asked.prompt)]:
            yield Job(
                asked.prompt,
                _asked_for(GenerateSettings(seed=one, **asked.chosen)),
                tuple(asked.indices) if asked.further else (),
                _plain(asked.further),
                {name: _found(name, value) for name, value in load.items() if value is not None},
                written,
                options["keep"],
            )

    def _read(self, name: str, value: str | list[str]) -> Any:
        """The value of an option as a line says it."""
        param = self._columns[name]
        if param.nargs > 1:
            parts = value.split() if isinstance(value, str) else value
            if len(parts) != param.nargs:
                raise ValueError(f"{name} must be {param.metavar}, as in 0.08 3, not {value!r}")
            return param.type_cast_value(self._context, parts)
        word = value if isinstance(value, str) else ",".join(value)
        try:
            return param.type_cast_value(self._context, word)
        except click.BadParameter as error:
            raise ValueError(f"{name}: {error.message}") from None


def _asked_for(settings: GenerateSettings) -> dict[str, Any]:
    """Settings by their names; what 0.11 did not know only where it is chosen, as keys are made of all."""
    return {name: one for name, one in vars(settings).items() if one is not None or name not in LATER}


@lru_cache(maxsize=100)
def _plain(settings: PaintSettings | None) -> dict[str, Any] | None:
    return asdict(settings) if settings else None


def params_of(context: click.Context) -> list[str]:
    """The names of a command's options."""
    return [param.name for param in context.command.params]


def _names(param: click.Parameter) -> set[str]:
    """What a column for an option can be called."""
    return {param.name, *(name.lstrip("-").replace("-", "_") for name in param.opts)}


def _reason(error: Exception) -> str:
    return error.format_message() if isinstance(error, click.ClickException) else in_words(error)


def _found(name: str, value: Any) -> Any:
    """A file of a generator by its whole name, so that it is found from any folder."""
    path = Path(str(value)).expanduser() if name == "generator" else None
    return str(path.absolute()) if path and path.exists() else value
