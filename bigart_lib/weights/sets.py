"""The sets of models to choose from: which files paint, enlarge and enhance, and how to sample."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from bigart_lib.progress import Announce, Report, announce_nothing, no_report
from bigart_lib.weights.catalogue import CATALOGUE, GLIDE_NOTE, Checkpoint, find
from bigart_lib.weights.fetching import refuse_offline
from bigart_lib.weights.prepare import Convert, prepare
from bigart_lib.weights.records import fingerprint
from bigart_lib.weights.sources import is_remote
from bigart_lib.weights.store import PACKAGED, Stored, packaged
from bigart_lib.weights.tensors import WeightsError

EMBEDDED_FOLDER = Path(__file__).parent / "embedded"
NETWORKS = ("base", "upsampler", "enlarger", "enhancer")
ENLARGERS = (*(known.name for known in CATALOGUE.values() if known.network == "enlarger"), *PACKAGED)
ENHANCERS = tuple(known.name for known in CATALOGUE.values() if known.network == "enhancer")


FAST27 = (  # of glide_text2im: the upsampler's timesteps, as published
    *(997, 800, 799, 600, 599, 500, 400, 399, 377, 355, 333, 311, 288, 266),
    *(244, 222, 200, 199, 177, 155, 133, 111, 88, 66, 44, 22, 0),
)


@dataclass(frozen=True)
class Sampling:
    """How the networks of a set want to be sampled."""

    steps: int  # of the base model, unless the artist chooses
    guidance: float
    sampler: str
    upsampler_timesteps: tuple[int, ...]  # of 1000, noisiest first
    start_log_snr: float | None = None  # where denoising starts; None starts at pure noise
    upsampler_noise: float = 0.997  # scale of the upsampler's first noise
    guided: float = 1.0  # share of the steps, the noisiest first, that are guided
    spacing: str = "even"  # one of `settings.SPACINGS`
    qualities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # beside standard

    def at(self, quality: str | None) -> Sampling:
        """The same in one of `settings.QUALITIES`."""
        return replace(self, **self.qualities.get(quality or "", {}))


@dataclass(frozen=True)
class ModelSet:
    """A set of networks that work together."""

    name: str
    base: Path  # GLIDE, 64 px
    upsampler: Path  # GLIDE, 64 to 256 px
    enlarger: Path | str  # RRDBNet: a file, or the name of one that a package brings
    enhancer: Path  # VQGAN
    sampling: Sampling
    terms: str = ""  # of GLIDE, in a sentence

    def files(self) -> dict[str, Path | str]:
        """The file of each network, by the network's name."""
        return {network: getattr(self, network) for network in NETWORKS}

    def missing(self) -> list[Path]:
        """Files of the set that are not there."""
        return [file for file in self.files().values() if isinstance(file, Path) and not file.is_file()]

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of the file that each network is loaded from, by the network's name.

        Of a converted file the recorded one, if its size is still the recorded one.
        """
        return {network: _sha256(file) for network, file in self.files().items()}


def embedded() -> ModelSet:
    """The small models that come with BIG.art, and Real-ESRGAN, full size, from its package."""
    return ModelSet(
        name="embedded",
        base=EMBEDDED_FOLDER / "glide_base.safetensors",
        upsampler=EMBEDDED_FOLDER / "glide_upsampler.safetensors",
        enlarger="realesrgan-x4plus",
        enhancer=EMBEDDED_FOLDER / "vqgan.safetensors",
        sampling=Sampling(
            steps=15,
            guidance=3.0,
            guided=0.4,
            spacing="log-snr",
            sampler="ddim",  # the second order exaggerates what is as fine as brush strokes
            # At pure noise the tint of the noise would decide the colours: Lin et al. 2024.
            start_log_snr=-5.2,
            upsampler_timesteps=(640, 320),
            upsampler_noise=0.99,  # what noise there is at the first of these
            qualities={
                "draft": {"steps": 10},
                "published": {"steps": 100, "sampler": "ancestral", "guided": 1.0, "spacing": "even"},
            },
        ),
        terms="GLIDE, embedded: licence: CC BY-SA 4.0; commercial use is allowed within its terms",
    )


def published() -> ModelSet:
    """OpenAI's GLIDE, BSRGAN and VQGAN ImageNet f16/16384, converted, or files that people name instead."""
    return ModelSet(
        name="published",
        base=_file(find("glide-base")),
        upsampler=_file(find("glide-upsampler")),
        enlarger=_file(find("bsrgan")),
        enhancer=_file(find("vqgan-imagenet")),
        sampling=Sampling(
            steps=25,
            guidance=3.0,
            guided=0.4,
            sampler="dpm++",
            # Searched where the perfect network is known: benchmarks/upsampler_timesteps.py.
            upsampler_timesteps=(997, 700, 348, 198, 120, 75, 47, 28, 15, 6, 1),
            qualities={
                "draft": {"steps": 15, "upsampler_timesteps": (997, 600, 246, 109, 51, 21, 5)},
                "published": {
                    "steps": 100,
                    "sampler": "ancestral",
                    "guided": 1.0,
                    "upsampler_timesteps": FAST27,
                },  # fmt: skip
            },
        ),
        terms=GLIDE_NOTE,
    )


SETS = {"embedded": embedded, "published": published}


def choose(
    name: str = "auto",
    enlarger: str | Path | None = None,
    enhancer: str | Path | None = None,
    may_fetch: bool = False,
    report: Report = no_report,
    announce: Announce = announce_nothing,
    *,
    convert: Convert,
) -> ModelSet:
    """The named set, ready to load: what it lacks is fetched and converted.

    Parameters
    ----------
    name : "embedded"; "published"; or "auto": published where it is here already or `may_fetch` and that
        goes well, else embedded.
    enlarger, enhancer : another network in place of the set's: one of `ENLARGERS` or `ENHANCERS`, or a file.
    may_fetch : whether "auto" may download.
    report, announce, convert : see `prepare`.

    Raises
    ------
    ValueError
        When no set or network has such a name.
    WeightsError
        When files of the set are missing and cannot be fetched.
    """
    if name not in ("auto", *SETS):
        raise ValueError(f"models must be one of auto, {', '.join(SETS)}, not {name!r}")
    others = {
        network: _resolve(network, wanted, names)
        for network, wanted, names in (("enlarger", enlarger, ENLARGERS), ("enhancer", enhancer, ENHANCERS))
        if wanted is not None
    }
    if name == "auto":
        name = "embedded"
        wanted = _swap(SETS["published"](), others)
        if may_fetch or all(_is_here(file) for file in wanted.files().values()):
            try:
                return _ready(wanted, convert, report, announce)
            except WeightsError as error:
                announce(f"the embedded models paint, as the published ones cannot: {error}")
    return _ready(_swap(SETS[name](), others), convert, report, announce)


def _file(checkpoint: Checkpoint) -> Path:
    """The file to load for a checkpoint: the user's own, or the converted one."""
    own = os.environ.get(checkpoint.variable, "")
    return Path(own).expanduser() if own and not is_remote(own) else Stored(checkpoint).converted


def _resolve(network: str, wanted: str | Path, names: tuple[str, ...]) -> Path | str:
    if wanted in names:
        return str(wanted) if wanted in PACKAGED else _file(find(str(wanted)))
    if Path(wanted).is_file():
        return Path(wanted)
    raise ValueError(f"{network} must be one of {', '.join(names)}, or a file that is there, not {wanted!r}")


def _swap(model_set: ModelSet, others: dict[str, Path | str]) -> ModelSet:
    """A set with other networks, which its name tells."""
    others = {network: file for network, file in others.items() if getattr(model_set, network) != file}
    names = [Path(file).stem if _stored(file) else Path(file).name for file in others.values()]
    return replace(model_set, name="+".join([model_set.name, *names]), **others)


def _stored(file: Path | str) -> Stored | None:
    """The checkpoint that is converted to this file in the cache folder; None for other files."""
    every = (Stored(known) for known in CATALOGUE.values())
    return next((stored for stored in every if stored.converted == file), None)


def _is_here(file: Path | str) -> bool:
    if stored := _stored(file):
        return stored.action != "fetch"
    return isinstance(file, str) or file.is_file()


def _ready(model_set: ModelSet, convert: Convert, report: Report, announce: Announce) -> ModelSet:
    """A set all of whose files can be loaded; what people named themselves is checked before any download."""
    if own := [file for file in model_set.missing() if not _stored(file)]:
        variables = ", ".join(name for known in CATALOGUE.values() if os.environ.get(name := known.variable))
        raise WeightsError(
            f"the {model_set.name} models need {', '.join(map(str, own))}, and there is no such file"
            + (f": mend or unset {variables}" if variables else "")
        )
    stored = {network: found for network, file in model_set.files().items() if (found := _stored(file))}
    refuse_offline([one for one in stored.values() if one.action == "fetch"])
    prepared = {
        network: prepare(one.checkpoint, convert, report, announce) for network, one in stored.items()
    }
    return replace(model_set, **prepared)


def _sha256(file: Path | str) -> str:
    path = packaged(file) if isinstance(file, str) else file
    if path.suffix == ".param":
        path = path.with_suffix(".bin")  # which holds the numbers; the other names the layers
    state = path.stat()
    for checkpoint in CATALOGUE.values():
        stored = Stored(checkpoint, path.parent)
        recorded = stored.record.converted if stored.converted == path else None
        if recorded and recorded.num_bytes == state.st_size:
            return recorded.sha256
    return _computed(path, state.st_size, state.st_mtime_ns)


@cache
def _computed(path: Path, num_bytes: int, changed: int) -> str:
    """The hash of a file that had this size and time of change."""
    return fingerprint(path).sha256
