"""The command that makes a picture again, out of its recipe, with what differs from the defaults alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bigart_lib.cli import terminal
from bigart_lib.cli.paint import CANDIDATES_ONLY, TEXTURE, paint
from bigart_lib.cli.terminal import typed
from bigart_lib.loading import split
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.runs.redo import generator_of
from bigart_lib.settings import QUALITIES, GenerateSettings, TextureSettings
from bigart_lib.shapes import SQUARE
from bigart_lib.text import shown
from bigart_lib.weights.sets import SETS, Sampling

UNQUOTABLE = {*'"%!^&|<>`$'}  # letters that would do something in a shell of Windows, in quotes too


def again(recipe: Recipe, picture: Path) -> str:
    """What to type to make a picture again; `bigart redo` where no options say all of its recipe."""
    values = _options(recipe)
    if values is None:
        return typed(["bigart", "redo", f"./{picture}" if str(picture).startswith("-") else str(picture)])
    may_be_command = " " not in recipe.prompt
    words = ["bigart", *["paint"] * may_be_command, recipe.prompt]
    for option in paint.params:
        value = values.get(option.name)
        if value is None or value == option.default:
            continue
        words.append(option.opts[0])
        if value is not True:
            words += map(str, value if isinstance(value, tuple) else [value])
    return typed(words)


def _options(recipe: Recipe) -> dict[str, Any] | None:
    """The options of `bigart "PROMPT"` for a recipe; None where there are none for something in it."""
    prompt, made_by, further = recipe.prompt, recipe.generate, recipe.paint
    networks = _networks(recipe.models)
    if not prompt or not made_by or made_by.near or recipe.unknown or networks is None:
        return None
    if prompt.startswith("-") or shown(prompt) != prompt or (terminal.IS_WINDOWS and UNQUOTABLE & {*prompt}):
        return None
    suited, quality = _quality(SETS[networks["models"]]().sampling, made_by)
    if suited is None:
        return None
    in_full = recipe.machine.get("precision") == "fp32"  # the others are what suits the machine
    values = {
        "seed": made_by.seed, "count": made_by.count, **networks, "dtype": "fp32" if in_full else None,
        **{name: getattr(made_by, name) for name in ("steps", "guidance", "guided", "sampler")},
    }  # fmt: skip
    values = {name: value for name, value in values.items() if value != getattr(suited, name, None)}
    values["quality"] = quality
    if made_by.shape != SQUARE:
        values["shape"] = made_by.shape
    values |= {"repeat": made_by.repeats or None, "negative": made_by.negative}
    values["generator"] = generator_of(recipe.sampling)
    if further is None or recipe.index is None:
        return {**values, "size": CANDIDATES_ONLY}
    textures = _textures(further.texture_1k, further.texture_4k)
    if textures is None or further.fit is not None:
        return None
    return {
        **values, **textures, "pick": str(recipe.index + 1), "size": further.size, "enhance": further.enhance,
    }  # fmt: skip


def _quality(sampling: Sampling, made_by: GenerateSettings) -> tuple[Sampling | None, str | None]:
    """In which quality the models are sampled as these settings say, beside what has an option of its own."""
    for name in (None, *QUALITIES):
        suited = sampling.at(name)
        if all(
            getattr(made_by, one) in (None, getattr(suited, one))
            for one in ("spacing", "upsampler_timesteps")
        ):
            return suited, name
    return None, None


def _textures(first: TextureSettings, second: TextureSettings) -> Mapping[str, Any] | None:
    if {first.style, second.style} != {TEXTURE.style}:
        return None
    named = {"texture": first} if first == second else {"texture_1k": first, "texture_4k": second}
    return {name: (laid.amount, laid.size) for name, laid in named.items() if laid != TEXTURE}


def _networks(models: str) -> dict[str, str] | None:
    """The set and the networks in the name of models; None where one is a file, or unknown."""
    try:
        name, found = split(models, {"enlarger": None, "enhancer": None})
    except ValueError:
        return None
    return {"models": name, **found} if name in SETS else None
