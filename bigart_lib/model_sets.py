"""The sets of models to choose from, as data: which files paint, enlarge and enhance, and how to sample.

Knows where the files are, not what the networks do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from bigart_lib.settings import Sampling
from bigart_lib.weights import WeightsError

EMBEDDED_FOLDER = Path(__file__).parent / "embedded"
NETWORKS = ("base", "upsampler", "enlarger", "enhancer")


@dataclass(frozen=True)
class ModelSet:
    """A set of networks that work together."""

    name: str
    base: Path  # GLIDE, 64 px
    upsampler: Path  # GLIDE, 64 to 256 px
    enlarger: Path | str  # RRDBNet: a file, or the name of one that a package brings
    enhancer: Path  # VQGAN
    sampling: Sampling

    def missing(self) -> list[Path]:
        """Files of the set that are not there."""
        files = (getattr(self, network) for network in NETWORKS)
        return [file for file in files if isinstance(file, Path) and not file.is_file()]


def cache_folder() -> Path:
    """Where downloaded models are kept: `BIGART_CACHE`, or the platform's folder for such files."""
    return Path(os.environ.get("BIGART_CACHE") or platformdirs.user_cache_path("bigart"))


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
            sampler="dpm++",
            # At pure noise the tint of the noise would decide the colours: Lin et al. 2024.
            start_log_snr=-5.2,
            upsampler_timesteps=(999, 850, 700, 550, 400, 250, 120, 30),
            upsampler_noise=1.0,
        ),
    )


def published() -> ModelSet:
    """OpenAI's GLIDE, BSRGAN and VQGAN ImageNet f16/16384, as published, from the cache folder."""
    folder = cache_folder()
    return ModelSet(
        name="published",
        base=folder / "base.pt",
        upsampler=folder / "upsample.pt",
        enlarger=folder / "BSRGAN.pth",
        enhancer=folder / "last.ckpt",
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


def choose(name: str = "auto") -> ModelSet:
    """The named set; `auto` takes the published one where all its files are, else the embedded one.

    Raises
    ------
    ValueError
        When no set has this name.
    WeightsError
        When files of the set are missing.
    """
    if name == "auto":
        return published() if not published().missing() else embedded()
    if name not in SETS:
        raise ValueError(f"models must be one of auto, {', '.join(SETS)}, not {name!r}")
    chosen = SETS[name]()
    if missing := chosen.missing():
        names = ", ".join(path.name for path in missing)
        raise WeightsError(
            f"the {name} models need {names} in {missing[0].parent}: put them there, or use --models embedded"
        )
    return chosen
