"""Any text-to-image pipeline of diffusers as a generator.

Every candidate has one random generator on the CPU, a scheduler of its own and one call of the pipeline, so
none depends on how many were asked for. What pipelines differ in is read from their signatures and
configurations; the table of `known_models` says what models want that do not say it themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bigart_lib import shapes
from bigart_lib.generate import pipeline_loading as loading
from bigart_lib.generate.generator import Abilities, Painted, Stage
from bigart_lib.generate.known_models import in_terms, working_memory
from bigart_lib.generate.pipeline_calls import arguments, generators, negative
from bigart_lib.generate.pipeline_kinds import (
    INDEX,
    SCHEDULERS,
    Kind,
    PipelineError,
    pipeline_class,
    read_json,
    silent,
)
from bigart_lib.generate.pipeline_results import as_picture, small, what_is_wrong
from bigart_lib.generate.pipeline_source import Source, find
from bigart_lib.generate.pipeline_steps import NotFiniteError, begin_near, watch
from bigart_lib.generate.previews import Previewer, load_tiny
from bigart_lib.generate.words import Reading, spelled_reading
from bigart_lib.machine import MemoryShortageError, is_out_of_memory, precision_name
from bigart_lib.progress import (
    Announce,
    Cost,
    Progress,
    Report,
    announce_nothing,
    no_report,
)
from bigart_lib.settings import GenerateSettings
from bigart_lib.weights.tensors import is_finite

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

PAINT, LOAD = "paint", "load"  # what its stages are called
UNKNOWN_TERMS = "This model's licence, and whether commercial use is allowed, is said on its card"


def load_generator(
    model: str,
    device: torch.device,
    dtype: torch.dtype,
    revision: str | None = None,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> PipelineGenerator:
    """The generator of a model, fetched if it is not here yet; see `pipeline_source.find`.

    Parameters
    ----------
    dtype : what this machine is fast in; a model that overflows in fp16 gets bf16, or else fp32.

    Raises
    ------
    PipelineError
        When the model cannot be had, or does not make pictures of a prompt.
    """
    source = find(model, revision, dtype == torch.float16, report, announce)
    made = PipelineGenerator(source, device, dtype, announce)
    made.fingerprint(report)  # the first time, every byte is read
    return made


class PipelineGenerator:
    """Paints with a pipeline of diffusers, which is loaded when the first candidate is painted.

    Parameters
    ----------
    source : its files.
    device, dtype : where and how precisely it works.
    announce : told what an artist should know before work goes on.
    """

    def __init__(
        self,
        source: Source,
        device: torch.device,
        dtype: torch.dtype,
        announce: Announce = announce_nothing,
    ) -> None:
        index = read_json(source.folder / INDEX)
        kind = Kind(pipeline_class(source.name, index), source.folder, source.known, index)
        self._source, self._kind, self._device, self._announce = source, kind, device, announce
        self._dtype = _suited(dtype, device, kind)
        self._pipeline: DiffusionPipeline | None = None
        self._loaded_dtype: torch.dtype | None = None
        self._previewer: Previewer | None = None
        self._counts = loading.count_weights(source)
        self._fingerprints: Mapping[str, str] | None = None
        origin = "the table of known models" if source.known else "its own configuration"
        self.abilities = Abilities(
            samplers=kind.samplers,
            guidance=kind.can_guide,
            negative_prompt=kind.can_avoid,
            origin=f"{source.name}: {_values(kind)}, from {origin}.",
            terms=in_terms(source.known) if source.known else UNKNOWN_TERMS,
        )
        self.sampling: Mapping[str, Any] = self._sampling()

    def _sampling(self) -> dict[str, Any]:
        """What decides its pictures beside settings and weights."""
        config = self._kind.config("scheduler")
        own = {f"scheduler.{name}": _plain(value) for name, value in config.items() if name[0] != "_"}
        libraries = {name: version(name) for name in ("diffusers", "transformers")}
        return {
            "generator": self._source.model,
            **({"commit": self._source.commit} if self._source.commit else {}),
            "class": self._kind.found.__name__,
            "scheduler": str(config.get("_class_name", "")),
            **own,
            "dtype": precision_name(self._dtype),
            **libraries,
        }

    @property
    def name(self) -> str:
        """Of the model, for people and recipes."""
        return self._source.name

    def native(self, shape: float = 1.0) -> tuple[int, int]:
        """Width and height of about the area that the model paints best, in its multiple."""
        multiple = self._kind.multiple
        square = max(1, round(self._kind.side / multiple)) * multiple
        return shapes.nearest_size(shape, square, multiple)

    def stages(self, native_size: tuple[int, int], settings: GenerateSettings) -> tuple[Stage, ...]:
        """One: the candidate."""
        made_by = self.complete(settings)
        passes = made_by.steps * (2 if (made_by.guidance or 0) > 1 else 1)
        operations = loading.operations(self._kind, self._counts, native_size, passes)
        weights = sum(self._counts.values()) * self._dtype.itemsize
        return (Stage(PAINT, native_size, Cost(operations, weights + working_memory(native_size))),)

    def complete(self, settings: GenerateSettings) -> GenerateSettings:
        """The settings, with what the artist left open taken from the table, or the pipeline's own defaults.

        Raises
        ------
        ValueError
            When something is chosen that this model does not have.
        """
        kind, name = self._kind, self.name
        if settings.quality or settings.guided is not None:
            raise ValueError(f"{name} is guided in all its steps, and knows no qualities: choose the steps")
        if settings.sampler is not None and settings.sampler not in kind.samplers:
            choice = f"choose {', '.join(kind.samplers)}, or leave" if kind.samplers else "leave"
            raise ValueError(f"{name} cannot be sampled by {settings.sampler}: {choice} the sampler out")
        guidance = kind.guidance if settings.guidance is None else settings.guidance
        if guidance != kind.guidance and not kind.can_guide:
            raise ValueError(f"{name} cannot follow the prompt harder or less hard: leave the guidance out")
        if negative(settings) and not (kind.can_avoid and (guidance or 0) > 1):
            reason = "takes no negative prompt" if not kind.can_avoid else "needs a guidance above 1 for that"
            raise ValueError(f"{name} {reason}: leave the negative prompt out")
        return replace(settings, steps=settings.steps or kind.steps, guidance=guidance)

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt it follows: those that its longest text encoder has room for."""
        names = [name for name in self._kind.index if name.startswith("tokenizer")]
        folder = self._source.folder / (max(names) if names else "")
        if not names or not folder.is_dir():
            return spelled_reading(prompt, prompt.lower(), 1, 0)
        with silent():
            return self._read(prompt, folder)

    def _read(self, prompt: str, folder: Path) -> Reading:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        given = self._kind.default("max_sequence_length")
        most = given if isinstance(given, int) else min(tokenizer.model_max_length, 512)
        count = len(tokenizer(prompt)["input_ids"])
        if count <= most or not tokenizer.is_fast:
            return spelled_reading(prompt, prompt.lower(), most, min(count, most))
        places = tokenizer(prompt, truncation=True, max_length=most, return_offsets_mapping=True)
        end = max(end for _, end in places["offset_mapping"])
        return spelled_reading(prompt, prompt[:end].lower(), most, count)

    def fingerprint(self, report: Report = no_report) -> Mapping[str, str]:
        """SHA-256 of the weights of each component, and of the configurations, by name."""
        if self._fingerprints is None:
            self._fingerprints = loading.hashes(self._source, report)
        return self._fingerprints

    def prepare(self, report: Report = no_report) -> None:
        """Bring its networks into memory, ready for a square."""
        report(Progress(LOAD, 0, 1, name=self.name))
        self._ready(self._dtype, self.native())
        report(Progress(LOAD, 1, 1, name=self.name))

    def free(self) -> None:
        """Let go of its networks; they are loaded again when they are needed."""
        self._pipeline = self._previewer = self._loaded_dtype = None

    def paint(
        self,
        prompt: str,
        settings: GenerateSettings,
        indices: Sequence[int],
        report: Report,
        begun: Mapping[tuple[int, int], torch.Tensor],
    ) -> Iterator[Painted]:
        """Paint candidates, one call of the pipeline each; see `Generator.paint`."""
        size = self.native(shapes.ratio(settings.shape))
        shown = {index: small(begun[index, 0]) for index in indices if (index, 0) in begun}
        waiting = [index for index in indices if index not in shown]
        for place, index in enumerate(waiting):

            def tell(
                done: int, total: int, guess: torch.Tensor | None, place: int = place, index: int = index
            ) -> None:
                pictures = {**shown, **({} if guess is None else {index: small(guess, size)})}
                preview = torch.cat([pictures[one] for one in sorted(pictures)]) if pictures else None
                report(Progress(PAINT, total * place + done, total * len(waiting), preview))

            picture = self._candidate(prompt, settings, index, size, tell)
            shown[index] = small(picture)
            yield Painted(index, 0, picture)

    def _candidate(
        self, prompt: str, settings: GenerateSettings, index: int, size: tuple[int, int], tell: Any
    ) -> torch.Tensor:
        """A candidate whose every value is a number, and which is not black."""
        problem = ""
        for dtype in dict.fromkeys((self._dtype, torch.float32)):
            if problem:
                said = precision_name(self._dtype)
                self._announce(f"Candidate {index + 1} {problem} in {said}: it is painted again in fp32.")
            try:
                picture, is_hidden = self._call(dtype, prompt, settings, index, size, tell)
            except NotFiniteError as error:
                problem = str(error)
                continue
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                raise MemoryShortageError(
                    f"the memory is not enough to paint {size[0]}x{size[1]} px with {self.name}: close other "
                    "programs, or choose a smaller generator (bigart generators)"
                ) from error
            problem = what_is_wrong(picture, is_hidden)
            if not problem:
                return picture
        too = "" if self._dtype == torch.float32 else ", in fp32 too"
        raise PipelineError(
            f"candidate {index + 1} of seed {settings.seed} {problem} with {self.name}{too}: choose another "
            "seed or another prompt"
        )

    @torch.no_grad()  # inference mode would break what accelerate does to offload
    def _call(
        self,
        dtype: torch.dtype,
        prompt: str,
        settings: GenerateSettings,
        index: int,
        size: tuple[int, int],
        tell: Any,
    ) -> tuple[torch.Tensor, bool]:
        """One call of the pipeline: the picture, and whether its safety checker hides it."""
        pipeline = self._ready(dtype, size)
        scheduler = self._fresh_scheduler(pipeline, settings)

        def told(done: int, total: int, guess: torch.Tensor | None, after: torch.Tensor) -> None:
            if not is_finite(after):
                raise NotFiniteError("came to values that are no numbers")
            tell(done, total, None if guess is None else self._previewer.decode(guess, size))

        if scheduler is None:
            self._announce(f"{self.name} does not tell its steps: it cannot be shown or stopped on the way.")
        else:
            watch(pipeline, told)
        line, sources = settings.line(index), generators(settings, index)
        if len(line) > 1:
            begin_near(pipeline, sources, [one.distance for one in line[1:]])
        try:
            with silent():
                made = pipeline(**arguments(self._kind, prompt, settings, size), generator=sources[0])
        finally:
            pipeline.__dict__.pop("prepare_latents", None)
        flagged = getattr(made, "nsfw_content_detected", None)
        return as_picture(made, size, self.name), bool(flagged) and any(flagged)

    def _ready(self, dtype: torch.dtype, size: tuple[int, int]) -> DiffusionPipeline:
        """The pipeline in this precision; one that is there in another makes room."""
        if self._pipeline is None or self._loaded_dtype != dtype:
            self._pipeline = self._previewer = None
            self._pipeline = loading.load(self._source, self._kind, self._device, dtype, size)
            self._loaded_dtype = dtype
            tiny = self._source.preview and load_tiny(self._source.preview, self._device, dtype)
            self._previewer = Previewer(self._pipeline, tiny)
        return self._pipeline

    def _fresh_scheduler(self, pipeline: DiffusionPipeline, settings: GenerateSettings) -> Any:
        """A scheduler without the state of the call before; None where it has not one."""
        before = getattr(pipeline, "scheduler", None)
        if before is None:
            return None
        import diffusers

        config = self._kind.config("scheduler") or dict(before.config)
        own = config.get("_class_name", type(before).__name__)
        chosen = getattr(diffusers, SCHEDULERS.get(settings.sampler, own), type(before))
        pipeline.scheduler = chosen.from_config(config)
        return pipeline.scheduler


def _plain(value: Any) -> Any:
    """A value that a recipe can hold: a number or a text."""
    is_plain = isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else str(value)


def _values(kind: Kind) -> str:
    guided = f"guidance {kind.guidance:g}" if kind.guidance is not None else "no guidance"
    return f"{kind.steps} steps, {guided}, {kind.side} px"


def _suited(dtype: torch.dtype, device: torch.device, kind: Kind) -> torch.dtype:
    """The precision, or the next that does not overflow, of a model that does in fp16."""
    if dtype != torch.float16 or kind.known is None or not kind.known.no_fp16:
        return dtype
    native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if native else torch.float32
