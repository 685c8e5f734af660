"""The command line: `bigart "a prompt"` paints, and each other command has a file of its own.

Whatever happens is told in one line, with what was kept and how to go on.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType

import click

from bigart_lib.cli import paint, terminal
from bigart_lib.cli.call import Call
from bigart_lib.text import in_words, shown
from bigart_lib.version import VERSION

BAD_INPUT = 2  # exit code
ENDED = 128  # exit code, as shells have it, with the number of the signal added
TO_END = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
EXAMPLES = """\b
Examples:
  bigart "a tabby cat" --pick ask
  bigart "a tabby cat" --seed 7 --pick 1,3 --texture 0.08 3
  bigart "a tabby cat" --seed 1-4 --size 256
  bigart series prompts.csv --out circles --dry-run
  bigart enlarge photos/*.jpg --times 2
  bigart print bigart_pictures/a-tabby-cat/candidate-1/4096.png --paper A3 --bleed 3mm
  bigart redo bigart_pictures/a-tabby-cat/candidate-1/4096.png --change texture_4k.amount=0.1
  bigart gallery
  bigart verify bigart_pictures/a-tabby-cat/candidate-1/4096.png
  bigart info bigart_pictures/a-tabby-cat/candidate-1/4096.png
  bigart models fetch
"""
COMMANDS = {  # each in the file of its name, which is read when the command is used
    "paint": "Paint pictures for a prompt and enlarge one: what bigart does by default.",
    "series": "Paint a picture for every line of a file, on one machine or many.",
    "enlarge": "Enlarge pictures of your own.",
    "print": "Make a picture ready for a print shop.",
    "resume": "Go on with a run that was interrupted, or enlarge another candidate.",
    "redo": "Make a picture again from its file, and compare every step.",
    "verify": "Repaint pictures from their recipes, and say whether they are the same.",
    "info": "Say how pictures were made, and whether they were changed since.",
    "models": "List, fetch, verify or remove the published models.",
    "generators": "List or fetch the models that can paint in place of GLIDE.",
    "gallery": "Show all pictures below a folder on one page.",
    "studio": "Open the studio in the browser.",
}


class _PaintsByDefault(click.Group):
    """Commands by name; whatever else comes first belongs to painting."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        if name in COMMANDS and name not in self.commands:
            module = import_module(f"bigart_lib.cli.{name}")
            self.add_command(getattr(module, "print_picture" if name == "print" else name))
        return super().get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in an order of their own."""
        return [*COMMANDS]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*COMMANDS, "--help", "--version"):
            args = ["paint", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        params = [*paint.paint.params, *self.get_params(ctx)]
        options = [one for one in params if isinstance(one, click.Option)]
        with formatter.section("Options"):
            formatter.write_dl([record for one in options if (record := one.get_help_record(ctx))])
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(
    cls=_PaintsByDefault, epilog=EXAMPLES,
    options_metavar='"PROMPT" [OPTIONS]', subcommand_metavar="| COMMAND ...",
    context_settings={"show_default": True, "max_content_width": 110},
)  # fmt: skip
@click.version_option(VERSION, message="BIG.art %(version)s")
def bigart() -> None:
    """Paint pictures for a prompt, pick some and enlarge these; or do what COMMAND says (each has --help)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    terminal.prepare()
    with _signals():
        return _run(list(sys.argv[1:] if arguments is None else arguments), Call())


def _run(arguments: list[str], call: Call) -> int:
    try:
        with bigart.make_context("bigart", [*arguments], obj=call) as context:
            return bigart.invoke(context) or 0
    except click.exceptions.Exit as done:  # of --help and --version
        return done.exit_code
    except KeyboardInterrupt as stop:
        number = signal.Signals(next((one for one in stop.args if isinstance(one, int)), signal.SIGINT))
        word = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
        kept = call.end(was_interrupted=True) or call.kept or "nothing was finished"
        return _complain(word, kept, ENDED + number)
    except Exception as error:
        kept = call.end()
        if os.environ.get("BIGART_DEBUG") == "1":
            raise
        message = _usage(error, arguments) if isinstance(error, click.ClickException) else in_words(error)
        return _complain(message, kept, BAD_INPUT)


def _complain(message: str, kept: str, code: int) -> int:
    if kept and "bigart resume" not in message:
        message = f"{message}; {kept}"
    terminal.aside(f"bigart: {shown(message)}")
    return code


def _usage(error: click.ClickException, arguments: Sequence[str]) -> str:
    if isinstance(error, click.NoSuchOption) and not error.option_name.startswith("--"):
        word = next((one for one in arguments if one.startswith(error.option_name)), error.option_name)
        return f"no option is called {word}: for a file of that name write ./{word}, before a prompt write --"
    message = error.format_message()
    return message[:1].lower() + message[1:].rstrip(".")


@contextmanager
def _signals() -> Iterator[None]:
    """Let each request to end be told like Ctrl-C, and only the first, so that nothing half made stays."""
    usual = signal.SIG_DFL, signal.default_int_handler
    taken = {number: signal.getsignal(number) for number in TO_END if signal.getsignal(number) in usual}
    with suppress(ValueError):  # not in the main thread
        for number in taken:
            signal.signal(number, _end)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number, before in taken.items():
                signal.signal(number, before)


def _end(number: int, frame: FrameType | None) -> None:
    for other in TO_END:
        signal.signal(other, signal.SIG_IGN)  # who asks again must not break off the tidying up
    raise KeyboardInterrupt(number)
