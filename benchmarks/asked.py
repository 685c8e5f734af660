"""Which pictures the scores of the base model ask for, kept in a file for machines without the painter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch


@dataclass(frozen=True)
class Asked:
    """A picture that a score asks for."""

    score: str
    group: str  # what it is to show, or which prompt's it is
    prompt: str
    number: int  # of its noise


def asked_by_scores() -> list[Asked]:
    """Every picture of the base model that colour, scene, shape, manner and variety ask for."""
    from training.painter import HELD_OUT_PAIRS, SCENES
    from training.score import colour, fresh, manner, scene, shape, variety

    found = []
    for pair, phrasing in product(sorted(map(sorted, HELD_OUT_PAIRS)), colour.PHRASINGS):
        for _ in range(colour.PER_PROMPT):
            found.append(Asked("colour", ",".join(pair), phrasing.format(*pair), len(found)))

    def add(score: str, group: str, prompts: Sequence[str], each: int, first: int) -> None:
        numbers = iter(range(first, first + each * len(prompts)))
        found.extend(Asked(score, group, prompt, next(numbers)) for prompt in prompts for _ in range(each))

    for number, one in enumerate(SCENES):
        add("scene", one, fresh.prompts(one, scene.PROMPTS), scene.EACH, scene.FIRST_NOISE + 100 * number)
    for number, one in enumerate(shape.SHAPES):
        add("shape", one, fresh.prompts(one, shape.PROMPTS), shape.EACH, shape.FIRST_NOISE + 100 * number)
    for number, word in enumerate(manner.EXPECTED):
        scenes = manner.scenes_with(word)
        captions = [manner.caption_with(word, scenes, index) for index in range(manner.PROMPTS)]
        first = manner.FIRST_NOISE + 1000 * number
        add("manner", word, captions, manner.EACH, first)
        add("manner", f"no {word}", [manner.without(word, one) for one in captions], manner.EACH, first)
    for number, caption in enumerate(variety.common_captions(variety.PROMPTS)):
        add("variety", caption, [caption], variety.EACH, variety.FIRST_NOISE + 100 * number)
    return found


def read_asked(file: Path | None) -> tuple[list[Asked], Mapping[str, np.ndarray]]:
    """All of them, and pictures of 256 px with their captions, for the upsampler."""
    if file and file.exists():
        kept = np.load(file)
        return [Asked(**one) for one in json.loads(str(kept["asked"]))], kept
    from training.score import held_out

    captioned = [one for some in held_out.sets(16, 4).values() for one in some]
    pictures = (torch.cat([one for one, _ in captioned]) * 255).round().byte().numpy()
    asked = asked_by_scores()
    kept = {"pictures": pictures, "captions": np.array([caption for _, caption in captioned])}
    if file:
        np.savez_compressed(file, asked=json.dumps([asdict(one) for one in asked]), **kept)
    return asked, kept
