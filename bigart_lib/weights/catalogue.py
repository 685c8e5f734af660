"""The published checkpoints that BIG.art can fetch, as data.

Sources are in order of preference: `https://...`; `hf://OWNER/REPOSITORY/PATH` on Hugging Face;
`drive://FOLDER/NAME`, a file in a shared folder of Google Drive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

GLIDE_NOTE = (
    "GLIDE (OpenAI, MIT): its makers do not recommend it for commercial use; it was trained without people "
    "and cannot draw them"
)
BSRGAN_NOTE = "BSRGAN and its siblings (Kai Zhang et al.): Apache-2.0"
VQGAN_NOTE = "VQGAN ImageNet (Patrick Esser et al.): MIT"
WIKIART_NOTE = "VQGAN WikiArt: the code that trained it is MIT; with the file itself no licence is stated"

_GLIDE = "https://openaipublic.blob.core.windows.net/diffusion/dec-2021"
_BSRGAN = "https://github.com/cszn/KAIR/releases/download/v1.0"
_BSRGAN_DRIVE = "drive://13kfr3qny7S2xwG9h7v95F5mkWs0OmU0D"
_VQGAN = "https://heibox.uni-heidelberg.de/d/a7530b09fed84f80a887/files"


@dataclass(frozen=True)
class Checkpoint:
    """A file that its makers published, and what it becomes here."""

    name: str  # what people call it on the command line
    network: str  # which part of a set of models it can play
    kind: str  # the structure it must have; see `conversion.convert`
    file: str  # its published name
    sources: tuple[str, ...]
    num_bytes: int
    licence: str
    purpose: str
    note: str  # the terms of use in a sentence, shown before a download
    sha256: str | None = None  # None: not published; later files must equal the first that could be converted
    size_is_exact: bool = True

    @property
    def variable(self) -> str:
        """The environment variable that names a file or an address of the user's own."""
        return "BIGART_" + re.sub(r"\W", "_", self.name).upper()


def _enlarger(name: str, file: str, hugging_face: str, **facts: Any) -> Checkpoint:
    sources = (f"{_BSRGAN}/{file}", f"hf://{hugging_face}/{file}", f"{_BSRGAN_DRIVE}/{file}")
    terms = {"licence": "Apache-2.0", "note": BSRGAN_NOTE}
    return Checkpoint(name, "enlarger", "rrdbnet", file, sources, **terms, **facts)


_glide = partial(
    Checkpoint, size_is_exact=False, licence="MIT, not recommended for commercial use", note=GLIDE_NOTE
)
_vqgan = partial(Checkpoint, network="enhancer", kind="vqgan")
_ALL = (
    _glide(
        name="glide-base",
        network="base",
        kind="glide-base",
        file="base.pt",
        sources=(f"{_GLIDE}/base.pt",),
        num_bytes=1_540_300_000,
        purpose="paints 64 px from a prompt",
    ),
    _glide(
        name="glide-upsampler",
        network="upsampler",
        kind="glide-upsampler",
        file="upsample.pt",
        sources=(f"{_GLIDE}/upsample.pt",),
        num_bytes=1_593_600_000,
        purpose="makes 256 px of 64",
    ),
    _enlarger(
        "bsrgan",
        "BSRGAN.pth",
        "kadirnar/bsrgan",
        num_bytes=67_046_751,
        sha256="5d505a0766160921e0388d76e1ddf08cb114303990f9080432bf2b1c988b1c54",
        purpose="enlarges 4 times",
    ),
    _enlarger(
        "bsrnet",
        "BSRNet.pth",
        "uwg/upscaler/ESRGAN",
        num_bytes=67_000_000,
        size_is_exact=False,
        sha256="fa633d80ff4db5a546740ae8e3baebe925fc84d3c03e3e9002493acc5e88c3ec",
        purpose="enlarges 4 times, smoother",
    ),
    _enlarger(
        "bsrgan-x2",
        "BSRGANx2.pth",
        "kadirnar/BSRGANx2",
        num_bytes=66_894_171,
        sha256="614f68bcafcf123a1ea51cc75ae5741640a8b1d49dd75757ad3ad531f772c736",
        purpose="enlarges 2 times; runs twice for 4",
    ),
    _vqgan(
        name="vqgan-imagenet",
        file="last.ckpt",
        sources=(
            f"{_VQGAN}/?p=%2Fckpts%2Flast.ckpt&dl=1",
            "hf://Somnai/pytti-vqgan-checkpoints/imagenet/imagenet.ckpt",
            "hf://pxlpshr/pytti-models/vqgan/imagenet.ckpt",
        ),
        num_bytes=980_092_370,
        sha256="845a68805098cb666420d5db93df53f3a3b6dd443e6dd85c05759c5b998cd663",
        licence="MIT",
        purpose="repaints details",
        note=VQGAN_NOTE,
    ),
    _vqgan(
        name="vqgan-wikiart",
        file="wikiart.ckpt",
        sources=("hf://Somnai/pytti-vqgan-checkpoints/wikiart/wikiart.ckpt",),
        num_bytes=1_005_327_541,
        sha256="bd08bb46301f98be1712bb2be9f8868cea30b53137cd985d4d6e8da8b3e02c36",
        licence="none stated",
        purpose="repaints details, like paintings",
        note=WIKIART_NOTE,
    ),
)
CATALOGUE = {checkpoint.name: checkpoint for checkpoint in _ALL}
PUBLISHED_SET = ("glide-base", "glide-upsampler", "bsrgan", "vqgan-imagenet")


def find(name: str) -> Checkpoint:
    """The checkpoint of this name.

    Raises
    ------
    ValueError
        When none has it.
    """
    if name not in CATALOGUE:
        raise ValueError(f"the published models are {', '.join(CATALOGUE)}; there is no {name!r}")
    return CATALOGUE[name]
