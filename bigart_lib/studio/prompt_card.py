"""The first card: what to paint, with examples, what cannot be painted, and how candidates are painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from bigart_lib.generate.prompts import EXAMPLES, about_words
from bigart_lib.settings import COUNT, GUIDANCE, SEED, STEPS, GenerateSettings, check, new_seed
from bigart_lib.shapes import OFFERED, ratio
from bigart_lib.studio import parts
from bigart_lib.studio.parts import Click, Guard
from bigart_lib.studio.progress_row import ProgressRow

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.generate.generator import Generator

SEEDS = ("new", "keep", "number")
TEXT_STYLE = {"description_width": "84px"}
FRAME_AREA = 300  # square px of the small frame that stands for a shape


class PromptCard:
    """Asks what to paint.

    Parameters
    ----------
    bigart : says what can be chosen, what cannot be painted, and which words are followed.
    on_create, on_cancel : called by the buttons.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(self, bigart: BigArt, on_create: Click, on_cancel: Click, guard: Guard) -> None:
        self._bigart, self._guard, abilities = bigart, guard, bigart.generator.abilities
        self._last_seed: int | None = None
        prompt = ipywidgets.Text(placeholder="sunset over a lake", description="Prompt")
        self.prompt = parts.named(prompt, "bigart-prompt")
        self.prompt.observe(guard(lambda _: self._show_hint()), names="value")
        self.create = parts.button("", guard(on_create), "bigart-primary", tooltip="paint the prompt")
        self.hint = parts.text("", "bigart-hint")
        self.choices = _choices(bigart.generator)
        self.choices["count"].observe(guard(lambda _: self._show_count()), names="value")
        self._show_count()
        self._frames = parts.text(_frames(OFFERED), "bigart-hidden")
        heading = parts.text("Shape", "bigart-example-group")
        shape_row = parts.row(heading, self.choices["shape"], self._frames, classes=["bigart-examples"])
        others = (widget for name, widget in self.choices.items() if name != "shape")
        settings = parts.row(*others, self._seed_row(), classes=["bigart-settings"])
        toggle = ipywidgets.ToggleButton(description="Settings", tooltip="steps, guidance, sampler, seed")
        self.settings_toggle = parts.named(toggle, "bigart-button", "bigart-quiet")
        toggle.observe(guard(lambda change: parts.show(settings, change["new"])), names="value")
        parts.show(settings, False)
        self.progress = ProgressRow(on_cancel)
        limits = parts.text(parts.escape(abilities.limits), "bigart-note", "bigart-limits")
        parts.show(limits, bool(abilities.limits))
        top = parts.row(self.prompt, self.create, classes=["bigart-prompt-row"])
        end = parts.row(self.settings_toggle, self.progress.widget, classes=["bigart-prompt-end"])
        children = [top, self.hint, limits, self._example_rows(), shape_row, settings, end]
        self.widget = parts.card(1, "Say what to paint", children)

    def settings(self) -> GenerateSettings:
        """How the artist wants candidates painted.

        Raises
        ------
        ValueError
            When the seed is no whole number within its bounds.
        """
        return GenerateSettings(seed=self._chosen_seed(), **self._chosen())

    def like(self, settings: GenerateSettings) -> GenerateSettings:
        """These settings with a new seed, and with what the artist has chosen since."""
        return replace(settings, seed=new_seed(), **self._chosen())

    def _chosen(self) -> dict[str, Any]:
        chosen = {name: widget.value for name, widget in self.choices.items()}
        if "guidance" in chosen:
            chosen["guidance"] = round(chosen["guidance"], 9)  # without what a slider's steps do not hit
        return chosen

    def take_over(self, prompt: str, settings: GenerateSettings) -> None:
        """Show what a batch was painted with, so that its like can be asked for."""
        self.prompt.value = prompt
        self._offer(settings.shape)
        for name, widget in self.choices.items():
            value = getattr(settings, name)
            if value is not None and value in getattr(widget, "options", [value]):
                widget.value = value
        self._remember(settings.seed)

    def _offer(self, shape: str) -> None:
        """Have a frame for a shape that came by another way, beside the usual ones."""
        shapes, chosen = OFFERED if shape in OFFERED else (*OFFERED, shape), self.choices["shape"]
        if tuple(chosen.options) != shapes:
            chosen.options, self._frames.value = shapes, _frames(shapes)

    def _seed_row(self) -> ipywidgets.HBox:
        tooltips = ("another each time", "the one before", "the number beside")
        self.seed_from = parts.choice(SEEDS, 96, "bigart-seed", tooltips=tooltips)
        self.seed = parts.named(ipywidgets.Text(placeholder="a whole number"), "bigart-seed-number")
        self.seed.observe(self._guard(lambda _: self._choose_number()), names="value")
        return parts.row(parts.text("Seed", "bigart-label"), self.seed_from, self.seed)

    def _chosen_seed(self) -> int:
        if self.seed_from.value == "new" or (self.seed_from.value == "keep" and self._last_seed is None):
            seed = new_seed()
        elif self.seed_from.value == "keep":
            seed = self._last_seed
        else:
            words = self.seed.value.strip()
            seed = int(words) if words.isdecimal() else words
            check("the seed", seed, SEED, whole=True)
        self._remember(seed)
        return seed

    def _remember(self, seed: int) -> None:
        self._last_seed = seed
        chosen = self.seed_from.value
        self.seed.value = str(seed)
        self.seed_from.value = chosen  # writing the number has not chosen it

    def _choose_number(self) -> None:
        if self.seed.value.strip() != str(self._last_seed):
            self.seed_from.value = "number"

    def _show_count(self) -> None:
        self.create.description = f"Create {self.choices['count'].value}"

    def _show_hint(self) -> None:
        words = about_words(self.prompt.value, self._bigart.read, self._bigart.name)
        self.hint.value = parts.escape(words)

    def _example_rows(self) -> ipywidgets.VBox:
        def choose(example: str) -> Click:
            return self._guard(lambda: setattr(self.prompt, "value", example))

        self.examples, rows = [], []
        for group, examples in EXAMPLES.items():
            buttons = [parts.button(example, choose(example), "bigart-example") for example in examples]
            self.examples += buttons
            heading = parts.text(parts.escape(group), "bigart-example-group")
            buttons = parts.named(ipywidgets.Box(buttons), "bigart-wrap")
            rows.append(parts.row(heading, buttons, classes=["bigart-examples"]))
        return parts.column(*rows)


def _choices(generator: Generator) -> dict[str, ipywidgets.Widget]:
    """A widget for each setting that this generator has, by the setting's name."""
    usual, more = generator.complete(GenerateSettings()), {"style": TEXT_STYLE}
    made = {"count": _whole_number("Pictures", usual.count, COUNT)}
    if usual.steps is not None:
        made["steps"] = _whole_number("Steps", usual.steps, STEPS)
    if generator.abilities.guidance and usual.guidance is not None:
        made["guidance"] = ipywidgets.FloatSlider(
            usual.guidance, min=GUIDANCE.least, max=GUIDANCE.most, step=0.1, readout_format=".1f",
            description="Guidance", continuous_update=False, **more,
        )  # fmt: skip
    if usual.sampler in generator.abilities.samplers:
        made["sampler"] = ipywidgets.Dropdown(
            options=generator.abilities.samplers, value=usual.sampler, description="Sampler", **more
        )
    made["shape"] = parts.choice(OFFERED, 62, "bigart-shape", value=usual.shape, tooltips=OFFERED)
    return made


def _frames(shapes: Sequence[str]) -> str:
    """Style that draws a small frame of its shape into each button of the row."""
    rules = []
    for number, shape in enumerate(shapes, start=1):
        wide = ratio(shape)
        width, height = round((FRAME_AREA * wide) ** 0.5), round((FRAME_AREA / wide) ** 0.5)
        button = f".bigart-studio .bigart-shape .jupyter-button:nth-of-type({number})::before"
        rules.append(f"{button}{{width:{width}px;height:{height}px}}")
    return f"<style>{''.join(rules)}</style>"


def _whole_number(words: str, value: int, bounds: tuple[int, int]) -> ipywidgets.BoundedIntText:
    least, most = bounds
    return ipywidgets.BoundedIntText(value, min=least, max=most, description=words, style=TEXT_STYLE)
