"""The steps of a pipeline, watched at its scheduler, which every pipeline calls once a step.

Pipelines of diffusers differ in their callbacks, and some have none; all of them have a scheduler. Watched
there, each can tell how far it is, be stopped between two steps, and show what it would come to.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

DATA_PREDICTING = ("dpmsolver++", "sde-dpmsolver++")  # algorithms that keep guesses of the finished picture
Watch = Callable[[int, int, "torch.Tensor | None", torch.Tensor], None]


class NotFiniteError(RuntimeError):
    """Values that are no numbers, in the middle of painting."""


def watch(pipeline: DiffusionPipeline, tell: Watch) -> None:
    """Have every step of a pipeline's scheduler told.

    Parameters
    ----------
    tell : takes the steps that are done and all there are, the guess of the finished latents or None, and the
        latents after the step. What it raises stops the pipeline.
    """
    scheduler, done = pipeline.scheduler, 0
    step = scheduler.step
    signature = inspect.signature(step)

    @functools.wraps(step)  # pipelines look at the signature for what a step takes
    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal done
        given = signature.bind(*arguments, **named).arguments
        before = given["sample"]
        result = step(*arguments, **named)
        done += 1
        after = result[0]
        # Most pipelines say it; some do not take the last of the scheduler's timesteps.
        total = max(getattr(pipeline, "_num_timesteps", 0) or len(scheduler.timesteps), done)
        guessed = guess(scheduler, given["model_output"], given["timestep"], before, result)
        tell(done, total, guessed, after)
        return result

    scheduler.step = watched


def guess(
    scheduler: Any, output: torch.Tensor, timestep: Any, sample: torch.Tensor, result: Any
) -> torch.Tensor | None:
    """The finished latents as they are guessed now, in the scale of the pipeline's; None where unknown.

    Parameters
    ----------
    output, timestep, sample : what the step was given.
    result : what it gave.
    """
    config = scheduler.config
    found = _second(result, sample)
    if found is not None:
        # Of the schedulers that scale by it, SCM alone gives its guess in that scale.
        return found / config.sigma_data if type(scheduler).__name__ == "SCMScheduler" else found
    kept = [one for one in getattr(scheduler, "model_outputs", ()) if one is not None]
    if kept and (config.get("algorithm_type") in DATA_PREDICTING or config.get("predict_x0")):
        return kept[-1]
    if output.shape != sample.shape:
        return None
    output, sample = output.float(), sample.float()
    if "FlowMatch" in type(scheduler).__name__:
        place = (scheduler.step_index or 1) - 1
        return sample - scheduler.sigmas[place].to(sample) * output
    if (products := getattr(scheduler, "alphas_cumprod", None)) is None:
        return None
    signal = products[int(timestep)].to(sample) ** 0.5
    noise = (1 - signal**2) ** 0.5
    kinds = {
        "epsilon": lambda: (sample - noise * output) / signal,
        "v_prediction": lambda: signal * sample - noise * output,
        "sample": lambda: output,
    }
    return kinds.get(config.get("prediction_type"), lambda: None)()


def _second(result: Any, sample: torch.Tensor) -> torch.Tensor | None:
    """The guess that many schedulers give beside the next sample."""
    if isinstance(result, tuple):
        found = result[1] if len(result) > 1 else None
    else:
        found = getattr(result, "pred_original_sample", None)
        found = getattr(result, "denoised", None) if found is None else found
    return found if isinstance(found, torch.Tensor) and found.shape == sample.shape else None


def begin_near(
    pipeline: DiffusionPipeline, generators: Sequence[torch.Generator], distances: Sequence[float]
) -> None:
    """Have a pipeline begin from noise between that of several generators, as variations do.

    Parameters
    ----------
    generators : of the eldest, and of each that stays near it, the eldest first.
    distances : of each but the eldest from the one before.

    Raises
    ------
    ValueError
        When this pipeline draws its first noise where it cannot be reached.
    """
    prepare = getattr(pipeline, "prepare_latents", None)
    if prepare is None or "generator" not in inspect.signature(prepare).parameters:
        raise ValueError(f"{type(pipeline).__name__} cannot paint variations: leave out what to stay near")
    signature = inspect.signature(prepare)

    @functools.wraps(prepare)
    def mixed(*arguments: Any, **named: Any) -> Any:
        given = signature.bind(*arguments, **named)
        made = prepare(*given.args, **given.kwargs)
        latents = made[0] if isinstance(made, tuple) else made
        for generator, distance in zip(generators[1:], distances, strict=True):
            given.arguments["generator"] = generator
            other = prepare(*given.args, **given.kwargs)
            other = other[0] if isinstance(other, tuple) else other
            # On the sphere, so that it is as strong as the two.
            latents = (1 - distance**2) ** 0.5 * latents + distance * other
        return (latents, *made[1:]) if isinstance(made, tuple) else latents

    pipeline.prepare_latents = mixed
