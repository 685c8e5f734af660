"""The published checkpoints that BIG.art can fetch, as data. Knows no network and no file of this machine.

Sources are in order of preference: `https://...`; `hf://OWNER/REPOSITORY/PATH` on Hugging Face;
`drive://FOLDER/NAME`, a file in a shared folder of Google Drive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    note: str  # the terms, in a sentence to show before a download
    sha256: str | None = None  # None: not published; the first one whose structure fits is held to
    size_is_exact: bool = True

    @property
    def converted_file(self) -> str:
        """The file that BIG.art loads."""
        return f"{self.name}.safetensors"

    @property
    def variable(self) -> str:
        """The environment variable that names a file or an address of the user's own."""
        return "BIGART_" + re.sub(r"\W", "_", self.name).upper()


CATALOGUE = (
    Checkpoint(
        name="glide-base",
        network="base",
        kind="glide-base",
        file="base.pt",
        sources=(f"{_GLIDE}/base.pt",),
        num_bytes=1_540_300_000,
        size_is_exact=False,
        licence="MIT, not recommended for commercial use",
        purpose="paints 64 px from a prompt",
        note=GLIDE_NOTE,
    ),
    Checkpoint(
        name="glide-upsampler",
        network="upsampler",
        kind="glide-upsampler",
        file="upsample.pt",
        sources=(f"{_GLIDE}/upsample.pt",),
        num_bytes=1_593_600_000,
        size_is_exact=False,
        licence="MIT, not recommended for commercial use",
        purpose="makes 256 px of 64",
        note=GLIDE_NOTE,
    ),
    Checkpoint(
        name="bsrgan",
        network="enlarger",
        kind="rrdbnet",
        file="BSRGAN.pth",
        sources=(f"{_BSRGAN}/BSRGAN.pth", "hf://kadirnar/bsrgan/BSRGAN.pth", f"{_BSRGAN_DRIVE}/BSRGAN.pth"),
        num_bytes=67_046_751,
        sha256="5d505a0766160921e0388d76e1ddf08cb114303990f9080432bf2b1c988b1c54",
        licence="Apache-2.0",
        purpose="enlarges 4 times",
        note=BSRGAN_NOTE,
    ),
    Checkpoint(
        name="bsrnet",
        network="enlarger",
        kind="rrdbnet",
        file="BSRNet.pth",
        sources=(
            f"{_BSRGAN}/BSRNet.pth",
            "hf://uwg/upscaler/ESRGAN/BSRNet.pth",
            f"{_BSRGAN_DRIVE}/BSRNet.pth",
        ),
        num_bytes=67_000_000,
        size_is_exact=False,
        sha256="fa633d80ff4db5a546740ae8e3baebe925fc84d3c03e3e9002493acc5e88c3ec",
        licence="Apache-2.0",
        purpose="enlarges 4 times, smoother",
        note=BSRGAN_NOTE,
    ),
    Checkpoint(
        name="bsrgan-x2",
        network="enlarger",
        kind="rrdbnet",
        file="BSRGANx2.pth",
        sources=(
            f"{_BSRGAN}/BSRGANx2.pth",
            "hf://kadirnar/BSRGANx2/BSRGANx2.pth",
            f"{_BSRGAN_DRIVE}/BSRGANx2.pth",
        ),
        num_bytes=66_894_171,
        sha256="614f68bcafcf123a1ea51cc75ae5741640a8b1d49dd75757ad3ad531f772c736",
        licence="Apache-2.0",
        purpose="enlarges 2 times; runs twice for 4",
        note=BSRGAN_NOTE,
    ),
    Checkpoint(
        name="vqgan-imagenet",
        network="enhancer",
        kind="vqgan",
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
    Checkpoint(
        name="vqgan-wikiart",
        network="enhancer",
        kind="vqgan",
        file="wikiart.ckpt",
        sources=("hf://Somnai/pytti-vqgan-checkpoints/wikiart/wikiart.ckpt",),
        num_bytes=1_005_327_541,
        sha256="bd08bb46301f98be1712bb2be9f8868cea30b53137cd985d4d6e8da8b3e02c36",
        licence="none stated",
        purpose="repaints details, like paintings",
        note=WIKIART_NOTE,
    ),
)
PUBLISHED_SET = ("glide-base", "glide-upsampler", "bsrgan", "vqgan-imagenet")


def find(name: str) -> Checkpoint:
    """The checkpoint of this name.

    Raises
    ------
    ValueError
        When none has it.
    """
    for checkpoint in CATALOGUE:
        if checkpoint.name == name:
            return checkpoint
    names = ", ".join(checkpoint.name for checkpoint in CATALOGUE)
    raise ValueError(f"the published models are {names}; there is no {name!r}")
