"""One job of a series as plain data: what decides its pictures, its key, and the name of its folder.

A job is a prompt with one seed. It knows no models, and goes to another process or machine as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

from bigart_lib.pictures.recipe import from_dict
from bigart_lib.pictures.writing import Form
from bigart_lib.runs.folders import folder_name
from bigart_lib.settings import GenerateSettings, PaintSettings

KEY_LENGTH = 32  # hexadecimal digits
SHORT = 12  # of them in the name of a folder
ENCODE = json.JSONEncoder(sort_keys=True).encode
SEEDS = 2**31  # short enough to read out


@dataclass(frozen=True)
class Job:
    """A prompt, a seed, and all that was asked for: plain values, so that it can be pickled and be JSON."""

    prompt: str
    generate: Mapping[str, Any]  # `GenerateSettings`
    indices: tuple[int, ...] = ()  # of the candidates to take further; none: the candidates alone
    paint: Mapping[str, Any] | None = None  # `PaintSettings` for these
    load: Mapping[str, Any] | None = None  # what `load` takes, as far as it decides pixels
    written: Mapping[str, Any] | None = None  # how finished pictures are written: suffix, form, dpi
    keep: str = "exact"  # which unrounded results are kept: no part of the key

    @cached_property
    def key(self) -> str:
        """A hash of everything that decides the pictures' files."""
        text = ENCODE({**self.to_dict(), "keep": None})
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]

    @property
    def folder(self) -> str:
        """The name of the folder of its run."""
        return f"{folder_name(self.prompt)}-{self.key[:SHORT]}"

    @cached_property
    def kind(self) -> str:
        """What jobs have in common that take as long and as much room: all but prompt and seed."""
        return ENCODE([{**self.generate, "seed": 0}, self.indices, self.paint, self.load, self.written])

    @property
    def seed(self) -> int:
        """Of its candidates."""
        return self.generate["seed"]

    @property
    def generate_settings(self) -> GenerateSettings:
        """How its candidates are painted."""
        return from_dict({"models": "", "generate": dict(self.generate)}).generate

    @property
    def paint_settings(self) -> PaintSettings | None:
        """How those that are picked are taken further."""
        return from_dict({"models": "", "paint": dict(self.paint)}).paint if self.paint else None

    @property
    def suffix(self) -> str:
        """How the names of finished pictures end."""
        return (self.written or {}).get("suffix", ".png")

    @property
    def form(self) -> Form:
        """How finished pictures are written."""
        return Form(**(self.written or {}).get("form", {}))

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def from_values(values: Mapping[str, Any]) -> Job:
    """The job that `Job.to_dict` made into plain values."""
    job = Job(**values)
    return replace(job, indices=tuple(job.indices))


def own_seed(prompt: str) -> int:
    """The seed of a prompt for which none is named: always the same, whatever other lines there are."""
    return int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % SEEDS


class Shard(NamedTuple):
    """A part of the jobs, chosen by their keys, so that other lines do not move a job."""

    number: int = 1  # from 1
    count: int = 1

    def has(self, key: str) -> bool:
        """Whether a job is in this part."""
        return int(key, 16) % self.count == self.number - 1

    @property
    def tag(self) -> str:
        """What the names of its files have behind them."""
        return f"-{self.number}-of-{self.count}" if self.count > 1 else ""


def read_shard(words: str) -> Shard:
    """A part out of "2/8"; raises a ValueError where it is none."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", str(words))
    shard = Shard(*map(int, found.groups())) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.count:
        raise ValueError(f"shard must be a part such as 1/4 or 4/4, not {str(words)[:60]!r}")
    return shard
