"""Where the files of a pipeline are: a folder, a single file, or a snapshot of the hub at one commit.

Only safetensors, configurations and vocabularies are taken; pickles and code are not even fetched. What was
fetched once is remembered with its commit, and found again without the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bigart_lib.files import read_values, size_in_words, write_text
from bigart_lib.generate.known_models import KNOWN_MODELS, KnownModel, find_known
from bigart_lib.generate.pipeline_kinds import (
    INDEX,
    PipelineError,
    pipeline_class,
    read_json,
    require_packages,
)
from bigart_lib.progress import Announce, Report, announce_nothing, no_report
from bigart_lib.weights import WeightsError, cache_folder, read_shapes
from bigart_lib.weights.fetching import offline

NOTES = "generators"  # folder of the cache in which is noted what was fetched
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
TEXTS = (".json", ".txt", ".model", ".jinja")  # configurations and vocabularies
VARIANT = re.compile(r"\.(\w+)(-\d+-of-\d+)?\.safetensors$")  # in the names of weights: `fp16`, for example
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".msgpack", ".h5")
HALF = "fp16"


@dataclass(frozen=True)
class Source:
    """The files of a pipeline, all on this machine."""

    model: str  # as it is asked for again
    folder: Path  # with model_index.json and a folder a component
    commit: str | None = None  # of the hub; None for files of the artist's own
    file: Path | None = None  # all weights in one; the folder has the configurations then
    known: KnownModel | None = None
    variant: str | None = None  # of the weights' names
    preview: Path | None = None  # folder of a tiny autoencoder for its latents

    @property
    def name(self) -> str:
        """What people are told that it is."""
        return self.known.name if self.known else Path(self.model).stem if self.file else self.model

    def weights(self) -> list[Path]:
        """The files of weights that are loaded."""
        return [self.file] if self.file else sorted(
            path for path in self.folder.glob("*/*.safetensors") if variant_of(path.name) == self.variant
        )  # fmt: skip


def find(
    model: str,
    revision: str | None = None,
    half: bool = False,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> Source:
    """The files of a model, fetched if they are not here yet.

    Parameters
    ----------
    model : a name of `KNOWN_MODELS`, OWNER/NAME on the hub, a folder, or a .safetensors file.
    revision : commit of the hub; None takes the one that the first fetch resolved.
    half : whether weights in fp16 are preferred, where the hub has both.
    report : told of stage "fetch" and "verify" in bytes; may raise, and a later call goes on from there.
    announce : told the terms, once, before a first fetch.

    Raises
    ------
    PipelineError
        When there is no such model, it is gated, or it does not make pictures of a prompt.
    """
    require_packages()
    known, path = find_known(model), Path(model).expanduser()
    if known is None and path.is_dir():
        return _in_folder(path)
    if (
        known is None
        and path.suffix == ".safetensors"
        and (path.is_file() or not REPOSITORY.fullmatch(model))
    ):
        return _in_file(path, report, announce)
    if known is None and (model.startswith((".", "~")) or not REPOSITORY.fullmatch(model)):
        raise PipelineError(
            f"there is no generator {model}: expected one of {', '.join(KNOWN_MODELS)}, OWNER/NAME on "
            "the hub, a folder with model_index.json, or a .safetensors file"
        )
    repository = known.repository if known else model
    source = remembered(repository, revision)
    if source is None:
        from bigart_lib.generate.pipeline_fetching import fetch

        source = fetch(repository, known, revision, half, report, announce)
    return replace(source, model=known.name if known else model, known=known, preview=_preview(known))


def absent(model: str) -> str:
    """How a model of the hub comes here, in a sentence; empty where it is here, or is of the artist's own."""
    name = model.partition("@")[0]
    known = find_known(name)
    is_own = name.startswith((".", "~")) or not REPOSITORY.fullmatch(name) or Path(name).exists()
    if (known is None and is_own) or remembered(known.repository if known else name):
        return ""
    size = f", {size_in_words(known.memory.weights)}" if known else ""
    gate = "accept its terms on its page, then " if known and known.is_gated else ""
    return f"{name} is not on this machine yet{size}: {gate}get it by bigart generators fetch {name}"


def remembered(repository: str, revision: str | None = None) -> Source | None:
    """What was fetched of a repository, at a commit or at the first; None where it is not here whole."""
    note = read_values(_note(repository))
    commit = revision or note.get("commit")
    snapshots = note.get("snapshots")
    found = snapshots.get(commit) if isinstance(snapshots, dict) and isinstance(commit, str) else None
    if not isinstance(found, dict) or not isinstance(found.get("folder"), str):
        return None
    folder, files = Path(found["folder"]), found.get("files")
    if not isinstance(files, list) or not all((folder / str(name)).is_file() for name in files):
        return None
    return Source(repository, folder, commit, variant=found.get("variant"))


def remember(source: Source, files: list[str]) -> None:
    """Note what was fetched; the first commit stays the one that is asked for."""
    path = _note(source.model)
    note = read_values(path)
    snapshots = note.get("snapshots")
    snapshot = {"folder": str(source.folder), "files": files, "variant": source.variant}
    snapshots = {**(snapshots if isinstance(snapshots, dict) else {}), source.commit: snapshot}
    first = note.get("commit") or source.commit
    write_text(path, json.dumps({"commit": first, "snapshots": snapshots}, indent=1), replace=True)


def _note(repository: str) -> Path:
    return cache_folder() / NOTES / f"{repository.replace('/', '--')}.json"


def _preview(known: KnownModel | None) -> Path | None:
    found = remembered(known.preview) if known and known.preview else None
    return found.folder if found else None


def _in_folder(folder: Path) -> Source:
    folder = folder.resolve()
    index = read_json(folder / INDEX)
    if not index:
        raise PipelineError(
            f"{folder} has no {INDEX}: expected a folder that save_pretrained of diffusers wrote"
        )
    pipeline_class(folder.name, index)
    names = [f"{path.parent.name}/{path.name}" for path in folder.glob("*/*") if path.is_file()]
    variant = chosen_variant(folder.name, index, names, half=False)
    preview = folder / "preview"
    return Source(
        str(folder), folder, variant=variant, preview=preview if (preview / "config.json").is_file() else None
    )


def _in_file(path: Path, report: Report, announce: Announce) -> Source:
    """A single file; its configurations are in a folder beside it, or of the model it derives from."""
    path = path.resolve()
    if not path.is_file():
        raise PipelineError(f"there is no file {path}: name a .safetensors file that is there")
    beside = path.with_suffix("")
    if (beside / INDEX).is_file():
        pipeline_class(path.name, read_json(beside / INDEX))
        return Source(str(path), beside, file=path)
    repository = _derived_from(path)
    source = remembered(f"{repository}#configs")
    if source is None:
        if offline():
            raise PipelineError(
                f"{path.name} needs the configurations of {repository}, and BIGART_OFFLINE forbids the "
                f"network: unset it once, or put them in the folder {beside}"
            )
        from bigart_lib.generate.pipeline_fetching import fetch_configs

        source = fetch_configs(repository, report, announce)
    pipeline_class(path.name, read_json(source.folder / INDEX))
    return replace(source, model=str(path), file=path)


def _derived_from(path: Path) -> str:
    """The repository of the model that a single file has the structure of."""
    from diffusers.loaders.single_file_utils import fetch_diffusers_config

    try:
        return fetch_diffusers_config(read_shapes(path))["pretrained_model_name_or_path"]
    except WeightsError as error:
        raise PipelineError(str(error)) from error


def components(index: Mapping[str, Any]) -> list[str]:
    """The components of a pipeline that it has."""
    return [
        name for name, entry in index.items()
        if name[0] != "_" and isinstance(entry, list) and entry and entry[0] and re.fullmatch(r"\w+", name)
    ]  # fmt: skip


def variant_of(name: str) -> str | None:
    """`fp16` in `model.fp16.safetensors`; None where the name says none."""
    found = VARIANT.search(name)
    return found[1] if found else None


def chosen_variant(name: str, index: Mapping[str, Any], files: list[str], half: bool) -> str | None:
    """Which variant of the weights is loaded; None for those without.

    Raises
    ------
    PipelineError
        When a component has its weights in pickles alone.
    """
    variants: list[set[str | None]] = []
    for component in components(index):
        own = [file for file in files if file.startswith(f"{component}/") and file.count("/") == 1]
        found = {variant_of(file) for file in own if file.endswith(".safetensors")}
        if not found and any(file.endswith(PICKLES) for file in own):
            raise PipelineError(
                f"{name} has its {component} in pickles alone, which may run code and are not read: choose "
                "a model in safetensors"
            )
        variants += [found] if found else []
    if not variants:
        raise PipelineError(f"{name} has no weights in safetensors: choose another model, or get it again")
    shared = set.intersection(*variants)
    if HALF in shared and (half or None not in shared):
        return HALF
    if None in shared:
        return None
    raise PipelineError(f"{name} has not all of its weights in safetensors of one kind: choose another model")
