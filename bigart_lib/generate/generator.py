"""What a generator is: the protocol that all of them follow, GLIDE and any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bigart_lib.generate.words import Reading
from bigart_lib.progress import Cost, Report
from bigart_lib.settings import GenerateSettings

if TYPE_CHECKING:
    import torch


class Stage(NamedTuple):
    """One of the pictures that a generator makes of a candidate."""

    action: str  # what the generator calls it in its progress
    size: tuple[int, int]  # width and height in px
    cost: Cost


class Painted(NamedTuple):
    """A stage of a candidate that is done."""

    index: int  # of the candidate
    stage: int  # in the order of `Generator.stages`
    picture: torch.Tensor  # float32 (1, 3, height, width) in [0, 1], on the CPU


@dataclass(frozen=True)
class Abilities:
    """What an artist may choose, and should know, of a generator."""

    samplers: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()  # of `settings.QUALITIES`; with them, what share of the steps is guided
    guidance: bool = True  # whether it can follow the prompt harder
    negative_prompt: bool = False  # whether it takes what to keep away from
    limits: str = ""  # what it cannot paint, in a sentence
    origin: str = ""  # where its steps and guidance come from, in a sentence
    terms: str = ""  # its licence, and whether it may be used commercially, in a sentence


class Generator(Protocol):
    """A prompt becomes candidates.

    One that holds large networks itself may have two methods more: `prepare(report)` brings them into memory
    before they are asked for, and `free()` lets go of them until they are.
    """

    abilities: Abilities
    sampling: Mapping[str, Any]  # timesteps and the like, as plain values, for the recipe

    def native(self, shape: float = 1.0) -> tuple[int, int]:
        """Width and height in px of its candidates, for a ratio of width to height."""

    def stages(self, native_size: tuple[int, int], settings: GenerateSettings) -> Sequence[Stage]:
        """The pictures that it makes of one candidate of this size, the last of which is the candidate."""

    def complete(self, settings: GenerateSettings) -> GenerateSettings:
        """The settings, with what the artist left open."""

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt it follows; loads no network."""

    def fingerprint(self) -> Mapping[str, str]:
        """SHA-256 of the weights of each network, by its name."""

    def paint(
        self,
        prompt: str,
        settings: GenerateSettings,
        indices: Sequence[int],
        report: Report,
        begun: Mapping[tuple[int, int], torch.Tensor],
    ) -> Iterator[Painted]:
        """Paint candidates, and give each stage of each as soon as it is done.

        Parameters
        ----------
        settings : complete.
        indices : which candidates. Each depends on the settings and its index alone, not on the others.
        report : told after every step, with previews; may raise.
        begun : stages that are done already, by index and stage.
        """
