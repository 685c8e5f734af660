"""Fetches pipelines from the hub: refused before weights come, resumed, verified, at one commit."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bigart_lib.files import check_room, size_in_words
from bigart_lib.generate.known_models import KnownModel, in_terms
from bigart_lib.generate.pipeline_kinds import INDEX, PipelineError, pipeline_class, read_json
from bigart_lib.generate.pipeline_source import (
    TEXTS,
    Source,
    chosen_variant,
    components,
    remember,
    variant_of,
)
from bigart_lib.progress import Announce, Progress, Report, no_report
from bigart_lib.weights.fetching import offline
from bigart_lib.weights.records import fingerprint

FORBIDDEN = (401, 403)  # status codes


def fetch(
    repository: str,
    known: KnownModel | None,
    revision: str | None,
    half: bool,
    report: Report,
    announce: Announce,
) -> Source:
    """Fetch a pipeline: what its index names, in safetensors; see `pipeline_source.find`."""
    if offline():
        raise PipelineError(
            f"{repository} is not on this machine, and BIGART_OFFLINE forbids the network: unset it and run "
            f"bigart generators fetch {known.name if known else repository}"
        )
    info = _ask(repository, revision)
    names = {one.rfilename: one for one in info.siblings or ()}
    if INDEX not in names:
        raise PipelineError(
            f"{repository} holds no pipeline of diffusers (it has no {INDEX}): choose another"
        )
    folder = _get(repository, info.sha, INDEX, no_report, 0, 0)
    index = read_json(folder / INDEX)
    pipeline_class(repository, index)
    variant = chosen_variant(repository, index, [*names], half)
    wanted = [INDEX, *(name for name in names if _is_wanted(name, index, variant))]
    announce(_terms(repository, known, info, sum(_size(names[name]) for name in wanted)))
    return _fetch_all(repository, info, wanted, variant, report)


def fetch_configs(repository: str, report: Report, announce: Announce) -> Source:
    """Fetch a pipeline without its weights, which a single file has."""
    info = _ask(repository, None)
    names = [one.rfilename for one in info.siblings or ()]
    index = read_json(_get(repository, info.sha, INDEX, no_report, 0, 0) / INDEX)
    wanted = [INDEX, *(name for name in names if _is_text(name, index))]
    source = _fetch_all(repository, info, wanted, None, report, remembered_as=f"{repository}#configs")
    announce(f"The configurations are those of {repository}.")
    return source


def fetch_preview(repository: str, report: Report) -> Path:
    """Fetch a tiny autoencoder."""
    info = _ask(repository, None)
    plain = ("config.json", "diffusion_pytorch_model.safetensors")
    wanted = [one.rfilename for one in info.siblings or () if one.rfilename in plain]
    if len(wanted) < len(plain):
        raise PipelineError(f"{repository} holds no tiny autoencoder in safetensors")
    return _fetch_all(repository, info, wanted, None, report).folder


def _fetch_all(
    repository: str,
    info: Any,
    wanted: list[str],
    variant: str | None,
    report: Report,
    remembered_as: str | None = None,
) -> Source:
    files = {one.rfilename: one for one in info.siblings or ()}
    total, done, folder = sum(_size(files[name]) for name in wanted), 0, Path()
    from huggingface_hub import constants

    check_room(constants.HF_HUB_CACHE, total)
    for name in wanted:
        folder = _get(repository, info.sha, name, report, done, total)
        _verify(repository, folder / name, files[name], report)
        done += _size(files[name])
        report(Progress("fetch", done, max(total, done), name=repository))
    source = Source(remembered_as or repository, folder, info.sha, variant=variant)
    remember(source, wanted)
    return source


def _get(repository: str, commit: str, name: str, report: Report, done: int, total: int) -> Path:
    """Fetch a file, or go on where that broke off; returns the folder of the snapshot."""
    from huggingface_hub import hf_hub_download

    raised: list[BaseException] = []
    bar = {"tqdm_class": _bar(report, repository, done, total, raised)}
    if "tqdm_class" not in inspect.signature(hf_hub_download).parameters:
        bar = {}  # of huggingface_hub before 1: it shows its own, and the report hears of whole files
    with _answered(repository, raised):
        path = hf_hub_download(repository, name, revision=commit, **bar)
    folder = Path(path)
    for _ in Path(name).parts:
        folder = folder.parent
    return folder


def _bar(report: Report, name: str, start: int, total: int, raised: list[BaseException]) -> type:
    """A progress bar that shows nothing and tells the report."""
    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            named.pop("name", None)
            self.arrived = named.get("initial") or 0
            super().__init__(*arguments, **{**named, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self.arrived += n or 0
            done = int(start + self.arrived)
            try:
                report(Progress("fetch", done, max(total, done), name=name))
            except BaseException as error:
                raised.append(error)
                raise

    return Bar


def _verify(repository: str, path: Path, listed: Any, report: Report) -> None:
    """Compare a file with the size and SHA-256 that the hub lists; a wrong one is removed."""
    expected = getattr(listed.lfs, "sha256", None) if listed.lfs else None
    size = path.stat().st_size
    problem = ""
    if listed.size is not None and size != listed.size:
        problem = f"expected {listed.size:,} bytes, got {size:,}"
    elif expected and (found := fingerprint(path, report, repository).sha256) != expected:
        problem = f"expected SHA-256 {expected}, got {found}"
    if problem:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise PipelineError(f"{repository}: {path.name} was damaged on the way ({problem}): fetch it again")


def _is_text(name: str, index: dict) -> bool:
    folder, _, file = name.rpartition("/")
    return folder in components(index) and file.endswith(TEXTS)


def _is_wanted(name: str, index: dict, variant: str | None) -> bool:
    if _is_text(name, index):
        return True
    folder = name.rpartition("/")[0]
    return folder in components(index) and name.endswith(".safetensors") and variant_of(name) == variant


def _size(listed: Any) -> int:
    return listed.size or 0


def _terms(repository: str, known: KnownModel | None, info: Any, num_bytes: int) -> str:
    terms = in_terms(known) if known else ""
    if not terms:
        card = info.card_data.to_dict() if info.card_data else {}
        licence = card.get("license_name") or card.get("license")
        terms = f"{repository}: its card states {json.dumps(licence) if licence else 'no licence'}"
    return f"{terms}. Its card counts. {size_in_words(num_bytes)} are fetched, at commit {info.sha[:12]}."


def _ask(repository: str, revision: str | None) -> Any:
    """What the hub lists of a repository."""
    from huggingface_hub import HfApi

    with _answered(repository, []):
        return HfApi().model_info(repository, revision=revision, files_metadata=True)


@contextmanager
def _answered(repository: str, raised: list[BaseException]) -> Iterator[None]:
    """Says in a line why the hub does not give something; what a report raised goes through."""
    from huggingface_hub import errors

    try:
        yield
    except Exception as error:  # the hub's client has a kind for each way in which it fails
        if raised:
            raise raised[0] from None
        if isinstance(error, OSError) and error.errno and not hasattr(error, "response"):
            raise  # of the disk
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(error, errors.GatedRepoError) or (
            status in FORBIDDEN and not isinstance(error, errors.RepositoryNotFoundError)
        ):
            reason = "is gated: accept its terms on its page, sign in by hf auth login, and try again"
        elif isinstance(error, errors.RevisionNotFoundError):
            reason = "has no such commit: leave the revision out, or name one of its commits"
        elif isinstance(error, errors.RepositoryNotFoundError):
            reason = "is not on the hub, or not for you: check the name; private models need hf auth login"
        else:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            reason = (
                f"could not be fetched ({words}): check the network; what arrived is kept for the next try"
            )
        raise PipelineError(f"{repository} {reason}") from error
