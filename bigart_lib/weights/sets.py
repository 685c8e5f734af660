"""The sets of models to choose from, as data: which files paint, enlarge and enhance, and how to sample.

Knows where the files are, not what the networks do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from bigart_lib.progress import Announce, Report, announce_nothing, no_report
from bigart_lib.settings import Sampling
from bigart_lib.weights import (
    CATALOGUE,
    Checkpoint,
    WeightsError,
    cache_folder,
    find,
    is_available,
    is_remote,
    refuse_offline,
)
from bigart_lib.weights.prepare import prepare

EMBEDDED_FOLDER = Path(__file__).parent / "embedded"
NETWORKS = ("base", "upsampler", "enlarger", "enhancer")
PACKAGED_ENLARGERS = ("realesrgan-x4plus",)
ENLARGERS = (*(known.name for known in CATALOGUE if known.network == "enlarger"), *PACKAGED_ENLARGERS)
ENHANCERS = tuple(known.name for known in CATALOGUE if known.network == "enhancer")


@dataclass(frozen=True)
class ModelSet:
    """A set of networks that work together."""

    name: str
    base: Path  # GLIDE, 64 px
    upsampler: Path  # GLIDE, 64 to 256 px
    enlarger: Path | str  # RRDBNet: a file, or the name of one that a package brings
    enhancer: Path  # VQGAN
    sampling: Sampling

    def files(self) -> list[Path | str]:
        """The file of each network, in the order of `NETWORKS`."""
        return [getattr(self, network) for network in NETWORKS]

    def missing(self) -> list[Path]:
        """Files of the set that are not there."""
        return [file for file in self.files() if isinstance(file, Path) and not file.is_file()]


def embedded() -> ModelSet:
    """The small models that come with BIG.art, and Real-ESRGAN, full size, from its package."""
    return ModelSet(
        name="embedded",
        base=EMBEDDED_FOLDER / "glide_base.safetensors",
        upsampler=EMBEDDED_FOLDER / "glide_upsampler.safetensors",
        enlarger="realesrgan-x4plus",
        enhancer=EMBEDDED_FOLDER / "vqgan.safetensors",
        sampling=Sampling(
            steps=20,
            guidance=3.0,
            sampler="ddim",  # the second order exaggerates what is as fine as brush strokes
            # At pure noise the tint of the noise would decide the colours: Lin et al. 2024.
            start_log_snr=-5.2,
            upsampler_timesteps=(640, 520, 400, 280),
            upsampler_noise=0.99,  # what noise there is at the first of these
        ),
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
            steps=100,
            guidance=3.0,
            sampler="dpm++",
            # "fast27" of glide_text2im
            upsampler_timesteps=(
                *(997, 800, 799, 600, 599, 500, 400, 399, 377, 355, 333, 311, 288, 266),
                *(244, 222, 200, 199, 177, 155, 133, 111, 88, 66, 44, 22, 0),
            ),
        ),
    )


SETS = {"embedded": embedded, "published": published}


def choose(
    name: str = "auto",
    enlarger: str | Path | None = None,
    enhancer: str | Path | None = None,
    may_fetch: bool = False,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> ModelSet:
    """The named set, ready to load: what it lacks is fetched and converted.

    Parameters
    ----------
    name : "embedded"; "published"; or "auto": published where it is here already or `may_fetch` and that
        goes well, else embedded.
    enlarger, enhancer : another network in place of the set's: one of `ENLARGERS` or `ENHANCERS`, or a file.
    may_fetch : whether "auto" may download.
    report, announce : see `published.prepare`.

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
        if may_fetch or all(_is_here(file) for file in wanted.files()):
            try:
                return _ready(wanted, report, announce)
            except WeightsError as error:
                announce(f"the embedded models paint, as the published ones cannot: {error}")
    return _ready(_swap(SETS[name](), others), report, announce)


def _file(checkpoint: Checkpoint) -> Path:
    """The file to load for a checkpoint: the user's own, or the converted one."""
    own = os.environ.get(checkpoint.variable, "")
    if own and not is_remote(own):
        return Path(own).expanduser()
    return cache_folder() / checkpoint.converted_file


def _resolve(network: str, wanted: str | Path, names: tuple[str, ...]) -> Path | str:
    if wanted in PACKAGED_ENLARGERS and network == "enlarger":
        return str(wanted)
    if wanted in names:
        return _file(find(str(wanted)))
    if Path(wanted).is_file():
        return Path(wanted)
    raise ValueError(f"{network} must be one of {', '.join(names)}, or a file that is there, not {wanted!r}")


def _swap(model_set: ModelSet, others: dict[str, Path | str]) -> ModelSet:
    """A set with other networks, which its name tells."""
    others = {network: file for network, file in others.items() if getattr(model_set, network) != file}
    names = [Path(file).stem if _checkpoint(file) else Path(file).name for file in others.values()]
    return replace(model_set, name="+".join([model_set.name, *names]), **others)


def _checkpoint(file: Path | str) -> Checkpoint | None:
    """The checkpoint that BIG.art converts to this file."""
    folder = cache_folder()
    return next((known for known in CATALOGUE if folder / known.converted_file == file), None)


def _is_here(file: Path | str) -> bool:
    checkpoint = _checkpoint(file)
    if checkpoint:
        return is_available(checkpoint, cache_folder())
    return isinstance(file, str) or file.is_file()


def _ready(model_set: ModelSet, report: Report, announce: Announce) -> ModelSet:
    """A set all of whose files can be loaded; what people named themselves is checked before any download."""
    own = [file for file in model_set.missing() if not _checkpoint(file)]
    if own:
        variables = ", ".join(name for known in CATALOGUE if os.environ.get(name := known.variable))
        raise WeightsError(
            f"the {model_set.name} models need {', '.join(map(str, own))}, and there is no such file"
            + (f": mend or unset {variables}" if variables else "")
        )
    files = {network: getattr(model_set, network) for network in NETWORKS}
    checkpoints = {network: known for network, file in files.items() if (known := _checkpoint(file))}
    refuse_offline(
        [known for known in checkpoints.values() if not _is_here(files[known.network])], cache_folder()
    )
    prepared = {network: prepare(known, report, announce) for network, known in checkpoints.items()}
    return replace(model_set, **prepared)
