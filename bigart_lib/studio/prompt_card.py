"""The first card: what to paint, with examples, what cannot be painted, and how candidates are painted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import log
from typing import TYPE_CHECKING, Any

import ipywidgets
from traitlets import TraitError

from bigart_lib.generate.prompts import EXAMPLES, about_words
from bigart_lib.settings import COUNT, GUIDANCE, SEED, STEPS, GenerateSettings, check, new_seed
from bigart_lib.shapes import OFFERED, SQUARE, ratio
from bigart_lib.studio import parts
from bigart_lib.studio.parts import Click, Guard

if TYPE_CHECKING:
    from bigart_lib.bigart import BigArt
    from bigart_lib.generate.generator import Generator

SEEDS = ("new", "keep", "number")
TEXT_STYLE = {"description_width": "84px"}
BY_QUALITY = ("guided", "spacing", "upsampler_timesteps")  # settings that a quality alone chooses
LONGEST_BACK = 40  # characters of what was typed, on the button that brings it back
FRAME_AREA = 300  # square px of the small frame that stands for a shape
MOST_CUT = 0.2  # share of a candidate's side that lies beside its shape, about


class PromptCard:
    """Asks what to paint.

    Parameters
    ----------
    bigart : says what can be chosen, what cannot be painted, and which words are followed.
    on_create : called by the button.
    guard : wraps what a widget calls, so that errors are shown.
    above : what stands above the prompt.
    """

    def __init__(self, bigart: BigArt, on_create: Click, guard: Guard, *above: ipywidgets.Widget) -> None:
        self._guard = guard
        self._last_seed: int | None = None
        self._waits = False  # whether what is created has to wait
        prompt = ipywidgets.Text(placeholder="sunset over a lake", description="Prompt")
        self.prompt = parts.named(prompt, "bigart-prompt")
        self.prompt.observe(guard(lambda _: self._show_hint()), names="value")
        self.back = parts.button("", guard(self._go_back), "bigart-quiet", "bigart-back")
        self.create = parts.button(
            "", guard(on_create), "bigart-primary", "bigart-create", tooltip="paint it"
        )
        self.hint = parts.text("", "bigart-hint")
        count = _whole_number("Pictures", GenerateSettings.count, COUNT)
        count.observe(guard(lambda _: self._show_count()), names="value")
        shape = parts.choice(OFFERED, 52, "bigart-shape", value=SQUARE, tooltips=OFFERED)
        self.choices: dict[str, ipywidgets.Widget] = {"count": count, "shape": shape}  # by the setting's name
        self._frames = parts.text("", "bigart-hidden")
        heading = parts.text("Shape", "bigart-example-group")
        self._shape_row = parts.row(heading, shape, self._frames, classes=["bigart-examples"])
        self._seeds, self._origin = self._seed_row(), parts.text("", "bigart-note", "bigart-origin")
        avoid = parts.text("Avoid", "bigart-example-group")
        self._avoided = parts.row(avoid, classes=["bigart-examples", "bigart-avoided"])
        self._limits = parts.text("", "bigart-note", "bigart-limits")
        self.presets, self._about = parts.column(classes=["bigart-presets"]), parts.text("", "bigart-note")
        self._settings = settings = parts.row(classes=["bigart-settings"])
        self.adapt(bigart)
        self._examples = self._example_rows()
        self.examples_toggle = self._toggle("Examples", "prompts that go well", self._examples, True)
        tooltip = "generator, shape, quality, steps, guidance, sampler, seed, presets"
        folded = parts.column(*above, settings, self.presets, self._about, classes=["bigart-folded"])
        self.settings_toggle = self._toggle("Settings", tooltip, folded, False)
        top = parts.row(self.prompt, self.create, classes=["bigart-prompt-row"])
        end = parts.row(self.examples_toggle, self.settings_toggle, self.back, classes=["bigart-prompt-end"])
        children = [top, self._avoided, self.hint, self._shape_row, end, self._examples, folded]
        self.widget = parts.card(1, "Say what to paint", children)
        self._put = self._first = self._state()
        self._before: dict[str, Any] = {}
        parts.show(self.back, False)

    def adapt(self, bigart: BigArt) -> None:
        """Offer what the generator of these models can do, with its own defaults; what was typed stays."""
        self._bigart, generator = bigart, bigart.generator
        abilities = generator.abilities
        parts.close(*(widget for name, widget in self.choices.items() if name not in ("count", "shape")))
        kept = {name: self.choices[name] for name in ("count", "shape")}
        self.choices, self._of_batch = {**kept, **_choices(generator)}, {}
        if quality := self.choices.get("quality"):
            quality.observe(self._guard(lambda _: self._of_batch.clear()), names="value")
        self._offer(self.choices["shape"].value)
        shown = [widget for name, widget in self.choices.items() if name not in ("shape", "negative")]
        self._settings.children = [*shown, self._seeds, self._origin]
        avoids = "negative" in self.choices
        self._avoided.children = [
            *self._avoided.children[:1],
            *([self.choices["negative"]] if avoids else []),
        ]
        for words, widget in ((abilities.limits, self._limits), (abilities.origin, self._origin)):
            widget.value = parts.escape(words)
            parts.show(widget, bool(words))
        parts.show(self._avoided, avoids)
        self._about.value = parts.escape(bigart.describe())
        self._show_count()
        self._show_hint()

    def let_wait(self, waits: bool) -> None:
        """Say on the button whether what it begins has to wait."""
        self._waits = waits
        self._show_count()

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
        chosen = {name: None if widget.value == "" else widget.value for name, widget in self.choices.items()}
        if "guidance" in chosen:
            chosen["guidance"] = round(chosen["guidance"], 9)  # without what a slider's steps do not hit
        return {**chosen, **self._of_batch}

    def take_over(self, prompt: str, settings: GenerateSettings) -> None:
        """Show what a batch was painted with; what was typed and chosen before can be brought back."""
        self._keep()
        self.prompt.value = prompt
        self._show(vars(settings))
        self.painted(settings)
        self._put = self._state()

    def take(self, values: Mapping[str, Any]) -> None:
        """Show some settings by their names; what was typed and chosen before can be brought back."""
        self._keep()
        self._show(values)
        self._put = self._state()

    def chosen(self) -> GenerateSettings:
        """What is chosen, with the seed before."""
        return GenerateSettings(seed=self._last_seed or 0, **self._chosen())

    def choose_seed(self, seed: int) -> None:
        """Ask for this seed."""
        self._remember(seed)
        self.seed_from.value = "number"

    def _show(self, values: Mapping[str, Any]) -> None:
        self._offer(values.get("shape", self.choices["shape"].value), is_painted=True)
        values = {**values, "quality": values.get("quality") or self._quality_of(values)}
        for name, widget in self.choices.items():
            with suppress(TraitError):  # what this generator does not have
                if name in values:
                    widget.value = "" if values[name] is None else values[name]
        # What no widget shows stays as it was, until another quality is chosen.
        self._of_batch = {name: values[name] for name in BY_QUALITY if values.get(name) is not None}

    def _quality_of(self, values: Mapping[str, Any]) -> str | None:
        """The quality that settings were painted in, if any."""
        generator = self._bigart.generator
        for name in (None, *generator.abilities.qualities):
            wanted = generator.complete(GenerateSettings(quality=name))
            if all(values.get(one) in (None, getattr(wanted, one)) for one in BY_QUALITY):
                return name
        return None

    def painted(self, settings: GenerateSettings) -> None:
        """A batch is painted, or opened: its seed can be kept, and the examples have made room."""
        self._remember(settings.seed)
        self.fold()

    def fold(self) -> None:
        """Make room for pictures."""
        self.examples_toggle.value = False

    def complain(self, words: str) -> None:
        """Say what is wrong with the prompt, until it is typed anew."""
        self.hint.value = f'<div class="bigart-error" role="alert">{parts.escape(words)}</div>'

    def _take_example(self, example: str) -> None:
        self._keep()
        self.prompt.value = example
        self._put = self._state()

    def _state(self) -> dict[str, Any]:
        """All that is typed and chosen."""
        seed = self.seed.value if self.seed_from.value == "number" else ""
        chosen = {**{name: widget.value for name, widget in self.choices.items()}, **self._of_batch}
        return {"prompt": self.prompt.value, "seed": (self.seed_from.value, seed), "choices": chosen}

    def _keep(self) -> None:
        """Offer a way back to what the artist typed and chose, if anything."""
        now = self._state()
        if now in (self._put, self._first) or not now["prompt"].strip():
            return
        self._before = now
        words = now["prompt"] if len(now["prompt"]) <= LONGEST_BACK else f"{now['prompt'][:LONGEST_BACK]}…"
        self.back.description, self.back.tooltip = f"↶ {words}", f"bring back “{now['prompt']}”, as typed"
        parts.show(self.back, True)

    def _go_back(self) -> None:
        parts.show(self.back, False)
        self.prompt.value = self._before["prompt"]
        self._show(self._before["choices"])
        self.seed_from.value, seed = self._before["seed"]
        self.seed.value = seed or self.seed.value

    def _toggle(
        self, words: str, tooltip: str, folds: ipywidgets.Widget, is_open: bool
    ) -> ipywidgets.ToggleButton:
        """A button that shows and hides a part of the card."""
        toggle = ipywidgets.ToggleButton(is_open, description=words, tooltip=tooltip)
        toggle.observe(self._guard(lambda change: parts.show(folds, change["new"])), names="value")
        parts.show(folds, is_open)
        return parts.named(toggle, "bigart-button", "bigart-quiet")

    def _offer(self, shape: str, is_painted: bool = False) -> None:
        """Have a frame for each shape that the generator paints, and for one that came by another way."""
        native, chosen = self._bigart.generator.native, self.choices["shape"]
        shapes = tuple(one for one in OFFERED if one == SQUARE or _is_near(native(ratio(one)), one))
        if is_painted and shape not in shapes:
            shapes = (*shapes, shape)
        if tuple(chosen.options) != shapes or not self._frames.value:
            chosen.options, self._frames.value = shapes, _frames(shapes)
            chosen.value = shape if shape in shapes else SQUARE
        parts.show(self._shape_row, len(shapes) > 1)

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
        count = self.choices["count"].value
        self.create.description = f"Queue {count}" if self._waits else f"Create {count}"

    def _show_hint(self) -> None:
        words = about_words(self.prompt.value, self._bigart.read, self._bigart.name)
        self.hint.value = parts.escape(words)

    def _example_rows(self) -> ipywidgets.VBox:
        def choose(example: str) -> Click:
            return self._guard(partial(self._take_example, example))

        self.examples, rows = [], []
        for group, examples in EXAMPLES.items():
            buttons = [parts.button(example, choose(example), "bigart-example") for example in examples]
            self.examples += buttons
            heading = parts.text(parts.escape(group), "bigart-example-group")
            buttons = parts.named(ipywidgets.Box(buttons), "bigart-wrap")
            rows.append(parts.row(heading, buttons, classes=["bigart-examples"]))
        return parts.column(self._limits, *rows)


def _choices(generator: Generator) -> dict[str, ipywidgets.Widget]:
    """A widget for each setting that this generator has beside count and shape, by the setting's name."""
    usual, abilities = generator.complete(GenerateSettings()), generator.abilities
    more = {"style": TEXT_STYLE}
    made: dict[str, ipywidgets.Widget] = {}
    if abilities.qualities:
        named = [("standard", ""), *((one, one) for one in abilities.qualities if one != "standard")]
        made["quality"] = ipywidgets.Dropdown(options=named, value="", description="Quality", **more)
        made["quality"].observe(lambda change: _follow(generator, change["new"], made), names="value")
    if usual.steps is not None:
        made["steps"] = _whole_number("Steps", usual.steps, STEPS)
    if abilities.guidance and usual.guidance is not None:
        made["guidance"] = ipywidgets.FloatSlider(
            usual.guidance, min=GUIDANCE.least, max=GUIDANCE.most, step=0.1, readout_format=".1f",
            description="Guidance", continuous_update=False, **more,
        )  # fmt: skip
    if abilities.samplers:
        is_ours = usual.sampler in abilities.samplers
        names = [("its own", ""), *((name, name) for name in abilities.samplers)]
        made["sampler"] = ipywidgets.Dropdown(
            options=abilities.samplers if is_ours else names,
            value=usual.sampler if is_ours else "",
            description="Sampler",
            **more,
        )
    if abilities.negative_prompt:
        made["negative"] = ipywidgets.Text(placeholder="blurry, ugly", tooltip="what to keep away from")
    return made


def _follow(generator: Generator, quality: str, choices: Mapping[str, ipywidgets.Widget]) -> None:
    """Show the steps and the like that a quality chooses."""
    wanted = vars(generator.complete(GenerateSettings(quality=quality or None)))
    for name in {"steps", "guidance", "sampler"} & {*choices}:
        choices[name].value = wanted[name]


def _is_near(size: tuple[int, int], shape: str) -> bool:
    """Whether a picture of this width and height is cut little to have a shape."""
    return abs(log(size[0] / size[1] / ratio(shape))) < MOST_CUT


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
