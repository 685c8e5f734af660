"""What a pipeline is called with for a candidate: what it takes of the settings, and random generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bigart_lib.generate.pipeline_kinds import Kind
from bigart_lib.machine import random_generator
from bigart_lib.settings import GenerateSettings

if TYPE_CHECKING:
    import torch


def arguments(kind: Kind, prompt: str, settings: GenerateSettings, size: tuple[int, int]) -> dict[str, Any]:
    """The arguments of a call, by name, without the generator.

    Parameters
    ----------
    settings : complete.
    size : width and height in px.
    """
    made: dict[str, Any] = {"prompt": prompt, "width": size[0], "height": size[1], "output_type": "pt"}
    made["num_inference_steps"] = settings.steps
    if kind.guidance_name and settings.guidance is not None:
        made[kind.guidance_name] = settings.guidance
    if words := negative(settings):
        made["negative_prompt"] = words
    elif kind.guidance_name == "true_cfg_scale":
        made["negative_prompt"] = " "  # without one it would not be guided at all
    if "intermediate_timesteps" in kind.parameters and settings.steps != 2:
        made["intermediate_timesteps"] = None  # which are for two steps alone
    off = ("use_resolution_binning", "clean_caption")  # crop and resize, and change the prompt, unasked
    return {**made, **{name: False for name in off if name in kind.parameters}}


def negative(settings: GenerateSettings) -> str:
    """What to keep away from; empty where nothing is."""
    return settings.negative or ""


def generators(settings: GenerateSettings, index: int) -> list[torch.Generator]:
    """The random generators of a candidate and of those that it stays near, the eldest first.

    A candidate that is an elder's namesake has other noise than it, as in `noise.Noise`.
    """
    line, made = settings.line(index), []
    for place, one in enumerate(line):
        count = sum((elder.seed, elder.index) == (one.seed, one.index) for elder in line[:place])
        made.append(random_generator(one.seed, one.index, *((0, count) if count else ())))
    return made
