"""Which generator paints: GLIDE, a known model that is here, or one that the artist names; and its terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.generate.known_models import KNOWN_MODELS
from bigart_lib.generate.pipeline_source import absent
from bigart_lib.studio import parts

if TYPE_CHECKING:
    from bigart_lib.generate.generator import Generator

GLIDE, OTHER = "GLIDE", "another"  # no model has such a name
PLACEHOLDER = "a folder, a .safetensors file, or OWNER/NAME"


class GeneratorRow:
    """Offers generators, and says what may be done with the pictures of the one in use.

    Parameters
    ----------
    use : called with a generator as `loading.load` takes it; None is GLIDE.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(self, use: Callable[[Generator | str | None], None], guard: parts.Guard) -> None:
        self._use = use
        self._in_use, self._terms, self._is_filling = GLIDE, "", False
        self._named: dict[str, Generator | str] = {}  # what is neither GLIDE nor in the table, by its name
        self.choice = ipywidgets.Dropdown(options=[GLIDE], tooltip="Generator")
        self.choice.observe(guard(lambda _: self._choose()), names="value")
        self.model = parts.named(ipywidgets.Text(placeholder=PLACEHOLDER), "bigart-model")
        self.load = parts.button("Load", guard(self._load), tooltip="paint with this model")
        self._other = parts.row(self.model, self.load, classes=["bigart-other"])
        self.words = parts.text("", "bigart-note", "bigart-terms")
        heading = parts.text("Generator", "bigart-example-group")
        body = parts.column(parts.row(self.choice, self._other), self.words)
        self.widget = parts.row(heading, body, classes=["bigart-examples", "bigart-generator"])

    def show(self, generator: Generator) -> None:
        """Show which one is in use, and its terms."""
        name = generator.sampling.get("generator")
        if name is None and not isinstance(generator, GlideGenerator):
            name = type(generator).__name__
            self._named[name] = generator  # an object, which nobody can name again
        elif name is not None and name not in KNOWN_MODELS:
            self._named[name] = name
        self._in_use = name or GLIDE
        self._offer()
        self._terms = generator.abilities.terms
        self._say(self._terms)

    @property
    def name(self) -> str | None:
        """Of the one in use; None where it is an object, which only its owner can make again."""
        return self._in_use if isinstance(self._named.get(self._in_use, ""), str) else None

    def find(self, name: str) -> Generator | str | None:
        """The one of a name, as `use` takes it; raises a ValueError where it is not on this machine."""
        if problem := absent(name):
            raise ValueError(problem)
        return None if name == GLIDE else self._named.get(name, name)

    def let_choose(self, allowed: bool) -> None:
        """Enable or disable it."""
        for widget in (self.choice, self.model, self.load):
            widget.disabled = not allowed

    def _offer(self) -> None:
        """List what there is, what is here first, with what is in use chosen."""
        away = [name for name in KNOWN_MODELS if absent(name)]
        here = [name for name in KNOWN_MODELS if name not in away]
        offered = [(GLIDE, GLIDE), *((_label(name), name) for name in (*self._named, *here))]
        offered += [(f"{_label(name)}, not fetched", name) for name in away]
        self._is_filling = True  # new options choose the first
        self.choice.options = (*offered, ("Another …", OTHER))
        self.choice.value = self._in_use
        self._is_filling = False
        parts.show(self._other, False)

    def _choose(self) -> None:
        if self._is_filling:
            return
        chosen = self.choice.value
        parts.show(self._other, chosen == OTHER)
        self._say(self._terms)
        if chosen not in (OTHER, self._in_use):
            self._begin(chosen)

    def _load(self) -> None:
        model = self.model.value.strip()
        if model:
            self._begin(model)
        else:
            self._say(f"Name {PLACEHOLDER}.", error=True)

    def _begin(self, name: str) -> None:
        try:
            generator = self.find(name)
        except ValueError as error:
            self.choice.value = self._in_use
            self._say(str(error), error=True)
        else:
            self._use(generator)

    def _say(self, words: str, error: bool = False) -> None:
        kind = ' class="bigart-error" role="alert"' if error else ""
        self.words.value = f"<div{kind}>{parts.escape(words)}</div>" if words else ""
        parts.show(self.words, bool(words))


def _label(name: str) -> str:
    """A known model with its size; of a path, the end."""
    known = KNOWN_MODELS.get(name)
    return f"{name}, {known.side} px" if known else name if len(name) <= 40 else f"…{name[-39:]}"
