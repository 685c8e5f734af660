"""The first card: what to paint, with examples, a gentle hint, and how candidates are painted."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from bigart_lib.generate.prompts import EXAMPLES, hint
from bigart_lib.settings import GUIDANCE, SAMPLERS, SEED, STEPS, GenerateSettings, Sampling, check, new_seed
from bigart_lib.studio import parts
from bigart_lib.studio.progress_row import ProgressRow

SEEDS = ("new", "keep", "number")
TEXT_STYLE = {"description_width": "84px"}


class PromptCard:
    """Asks what to paint.

    Parameters
    ----------
    sampling : what steps, guidance and sampler are until the artist changes them.
    on_create, on_cancel : called by the buttons.
    guard : wraps what a widget calls, so that errors are shown.
    about_words : what to say of words of a prompt that the models do not follow.
    """

    def __init__(
        self,
        sampling: Sampling,
        on_create: Callable[[], None],
        on_cancel: Callable[[], None],
        guard: Callable[[Callable], Callable],
        about_words: Callable[[str], str],
    ) -> None:
        self._about_words = about_words
        self._last_seed: int | None = None
        self.prompt = parts.named(
            ipywidgets.Text(placeholder="sunset over a lake", description="Prompt"), "bigart-prompt"
        )
        self.prompt.observe(guard(lambda _: self._show_hint()), names="value")
        self.create = parts.button(
            "Create seven", guard(on_create), "bigart-primary", tooltip="paint seven pictures of the prompt"
        )
        self._hint = parts.text("", "bigart-hint")
        self.steps = ipywidgets.BoundedIntText(
            sampling.steps, min=STEPS.least, max=STEPS.most, description="Steps", style=TEXT_STYLE
        )
        self.guidance = ipywidgets.FloatSlider(
            sampling.guidance, min=GUIDANCE.least, max=GUIDANCE.most, step=0.1, readout_format=".1f",
            description="Guidance", style=TEXT_STYLE, continuous_update=False,
        )  # fmt: skip
        self.sampler = ipywidgets.Dropdown(
            options=SAMPLERS, value=sampling.sampler, description="Sampler", style=TEXT_STYLE
        )
        self.seed_from = parts.named(
            ipywidgets.ToggleButtons(
                options=SEEDS, style={"button_width": "96px"},
                tooltips=("another each time", "the one before", "the number beside"),
            ),
            "bigart-seed",
        )  # fmt: skip
        self.seed = parts.named(ipywidgets.Text(placeholder="a whole number"), "bigart-seed-number")
        self.seed.observe(guard(lambda _: self._choose_number()), names="value")
        self._settings = parts.column(
            parts.row(self.steps, self.guidance),
            parts.row(self.sampler, parts.text("Seed", "bigart-label"), self.seed_from, self.seed),
            classes=["bigart-settings"],
        )
        toggle = ipywidgets.ToggleButton(
            False, description="Settings", tooltip="steps, guidance, sampler, seed"
        )
        self.settings_toggle = parts.named(toggle, "bigart-button", "bigart-quiet")
        toggle.observe(guard(lambda change: parts.show(self._settings, change["new"])), names="value")
        parts.show(self._settings, False)
        self.progress = ProgressRow(on_cancel)
        self.examples = [
            parts.button(example, guard(self._chooser(example)), "bigart-example")
            for group in EXAMPLES.values()
            for example in group
        ]
        self.widget = parts.card(
            1,
            "Say what to paint",
            [
                parts.row(self.prompt, self.create, classes=["bigart-prompt-row"]),
                self._hint,
                self._example_rows(),
                self._settings,
                parts.row(self.settings_toggle, self.progress.widget, classes=["bigart-prompt-end"]),
            ],
        )

    def settings(self) -> GenerateSettings:
        """How the artist wants candidates painted.

        Raises
        ------
        ValueError
            When the seed is no whole number within its bounds.
        """
        return GenerateSettings(
            seed=self._chosen_seed(),
            steps=self.steps.value,
            guidance=round(self.guidance.value, 3),
            sampler=self.sampler.value,
        )

    def take_over(self, prompt: str, settings: GenerateSettings) -> None:
        """Show the prompt and the seed of a batch, so that its like can be asked for."""
        self.prompt.value = prompt
        self._remember(settings.seed)

    @property
    def hint(self) -> str:
        """The hint that is shown, as HTML."""
        return self._hint.value

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

    def _chooser(self, example: str) -> Callable[[], None]:
        def choose() -> None:
            self.prompt.value = example

        return choose

    def _show_hint(self) -> None:
        prompt = self.prompt.value
        self._hint.value = parts.escape(" ".join(filter(None, [hint(prompt), self._about_words(prompt)])))

    def _example_rows(self) -> ipywidgets.VBox:
        buttons = iter(self.examples)
        rows = [
            parts.row(
                parts.text(parts.escape(group), "bigart-example-group"),
                parts.named(ipywidgets.Box([next(buttons) for _ in examples]), "bigart-wrap"),
                classes=["bigart-examples"],
            )
            for group, examples in EXAMPLES.items()
        ]
        return parts.column(*rows)
