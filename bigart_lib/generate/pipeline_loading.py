"""Pipelines from their files into memory: counted, placed, and hashed."""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bigart_lib import machine
from bigart_lib.files import read_values, size_in_words, write_text
from bigart_lib.generate.known_models import Memory, placement, working_memory
from bigart_lib.generate.pipeline_kinds import INDEX, Kind, PipelineError, dtype_option, silent
from bigart_lib.generate.pipeline_source import TEXTS, Source, components
from bigart_lib.machine import MemoryShortageError, is_out_of_memory
from bigart_lib.progress import Report, no_report
from bigart_lib.weights import WeightsError, cache_folder, read_shapes
from bigart_lib.weights.records import fingerprint

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

HASHES_FILE = "generator_hashes.json"  # in the cache folder: what big files were, by path, size and time
LONGEST_REASON = 300  # characters


def count_weights(source: Source) -> dict[str, int]:
    """How many weights each component has, read from the headers of the files.

    Raises
    ------
    PipelineError
        When a file is damaged.
    """
    counts: dict[str, int] = {}
    for path in source.weights():
        name = "pipeline" if source.file else path.parent.name
        try:
            counts[name] = counts.get(name, 0) + sum(one.numel() for one in read_shapes(path).values())
        except WeightsError as error:
            raise PipelineError(str(error)) from error
    return counts


def load(
    source: Source, kind: Kind, device: torch.device, dtype: torch.dtype, size: tuple[int, int]
) -> DiffusionPipeline:
    """A pipeline, ready to be called: frozen, silent, whole on its device or offloaded as its memory demands.

    Parameters
    ----------
    size : width and height in px of what it will paint, for the memory beside the weights.

    Raises
    ------
    PipelineError
        When the files do not fit the classes that they name.
    MemoryShortageError
        When even the CPU's memory does not hold the weights.
    """
    counts = [count * dtype.itemsize for count in count_weights(source).values()]
    memory = Memory(sum(counts), max(counts))
    free = machine.free_memory(torch.device("cpu"))
    if memory.weights > free:
        raise MemoryShortageError(
            f"{source.name} takes {size_in_words(memory.weights)} of memory, and {size_in_words(free)} are "
            "free: close other programs, or choose a smaller generator (bigart generators)"
        )
    try:
        with silent():
            pipeline = _read(source, kind, dtype)
            pipeline.set_progress_bar_config(disable=True)
            return _placed(pipeline, memory, device, size)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError) as error:
        if is_out_of_memory(error):
            raise MemoryShortageError(
                f"the memory is not enough to load {source.name}: close other programs, or choose a smaller "
                "generator (bigart generators)"
            ) from error
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise PipelineError(f"{source.name} cannot be loaded ({reason}): get the model again") from error


def _read(source: Source, kind: Kind, dtype: torch.dtype) -> DiffusionPipeline:
    from diffusers import DiffusionPipeline

    if source.file:
        return kind.found.from_single_file(
            str(source.file), config=str(source.folder), local_files_only=True, **dtype_option(dtype)
        )
    return DiffusionPipeline.from_pretrained(
        str(source.folder), variant=source.variant, use_safetensors=True,
        local_files_only=True, trust_remote_code=False, **dtype_option(dtype),
    )  # fmt: skip


def _placed(
    pipeline: DiffusionPipeline, memory: Memory, device: torch.device, size: tuple[int, int]
) -> DiffusionPipeline:
    if device.type == "cpu":
        return pipeline.to(device)
    how = placement(memory, working_memory(size), machine.free_memory(device))
    if how == "whole":
        return pipeline.to(device)
    offload = pipeline.enable_model_cpu_offload if how == "model" else pipeline.enable_sequential_cpu_offload
    offload(device=device)
    return pipeline


def hashes(source: Source, report: Report = no_report) -> dict[str, str]:
    """SHA-256 of the weights of each component, and of all else that decides a picture, by name.

    Parameters
    ----------
    report : told of stage "verify" in bytes, file by file, of what was not hashed before.
    """
    index = read_values(source.folder / INDEX)
    folders = components(index)
    found: dict[str, list[Path]] = {}
    for path in source.weights():
        found.setdefault("weights" if source.file else path.parent.name, []).append(path)
    texts = [
        path for folder in folders for path in (source.folder / folder).glob("*") if path.suffix in TEXTS
    ]
    known = read_values(cache_folder() / HASHES_FILE)
    made = {
        name: _joined([_hash(path, known, report) for path in sorted(paths)]) for name, paths in found.items()
    }
    plain = [source.folder / INDEX, *sorted(texts)]
    named = [f"{path.relative_to(source.folder)} {_plain_hash(path)}" for path in plain if path.is_file()]
    with suppress(OSError):
        write_text(cache_folder() / HASHES_FILE, json.dumps(known), replace=True)
    return {**made, "pipeline": hashlib.sha256("\n".join(named).encode()).hexdigest()}


def _joined(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _plain_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(path: Path, known: dict, report: Report) -> str:
    """The hash of a large file; remembered for as long as its size and its time stay."""
    stat = path.stat()
    state = [stat.st_size, stat.st_mtime_ns]
    kept = known.get(str(path))
    if isinstance(kept, list) and kept[:2] == state and isinstance(kept[-1], str):
        return kept[-1]
    digest = fingerprint(path, report, path.name).sha256
    known[str(path)] = [*state, digest]
    return digest


def operations(kind: Kind, counts: dict[str, int], size: tuple[int, int], passes: int) -> float:
    """About how many floating-point operations a candidate takes: each weight once a patch of latents."""
    largest = max(counts.values(), default=0)
    own = next((counts[name] for name in ("transformer", "unet", "prior") if name in counts), largest)
    patches = math.prod(size) / kind.multiple**2
    # Most of a UNet's weights work at its coarse levels.
    share = 1.0 if "transformer" in counts else 0.25
    return 2 * own * share * patches * passes
