"""The one way in: files of weights become networks, and networks a BigArt, ready to paint.

Light until it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigart_lib.machine import Speeds, for_any_network, for_vqgan, pick_device, pick_precision
from bigart_lib.progress import Announce, Report, announce_nothing, no_report
from bigart_lib.settings import read_memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    import torch

    from bigart_lib.bigart import BigArt
    from bigart_lib.enlarge.enlarger import Enlarger
    from bigart_lib.finish.enhancer import VQGANEnhancer
    from bigart_lib.generate.generator import Generator
    from bigart_lib.weights import ModelSet
    from bigart_lib.weights.networks import Networks

KINDS = ("glide-base", "glide-upsampler", "rrdbnet", "vqgan")  # of published checkpoints
# Candidates that share a pass on a CUDA device, which always sees so many: of seven, one place is left over;
# one alone takes as long as four, not as seven.
CUDA_BATCH, CUDA_BATCH_LARGE = 4, 8
LARGE_CARD = 80  # multiprocessors, which four candidates leave idle


def load(
    models: str = "auto",
    generator: Generator | str | Path | None = None,
    enlarger: Enlarger | str | Path | None = None,
    enhancer: str | Path | None = None,
    device: str | None = None,
    dtype: torch.dtype | str | None = None,
    memory: int | str | None = None,
    report: Report = no_report,
    announce: Announce = announce_nothing,
) -> BigArt:
    """Choose models, device and precision; networks are read when they are first needed.

    Parameters
    ----------
    models : "embedded"; "published", fetched once if need be; "auto": published where they are, or can be
        fetched for a CUDA device, else embedded; or a recipe's name, such as "embedded+bsrgan".
    generator : in place of GLIDE: any text-to-image pipeline of diffusers by the name of a known model, as
        OWNER/NAME, with @COMMIT if need be, a folder or a file; or any object as in `generate.generator`.
    enlarger : in place of the set's: one of `sets.ENLARGERS`, a file of any network that enlarges and that
        spandrel reads (an RRDBNet needs no spandrel), or any object as in `enlarge.enlarger`.
    enhancer : in place of the set's: "vqgan-imagenet", "vqgan-wikiart", or a file.
    device : "cpu", "cuda" or "mps", which nobody has tried yet; None takes CUDA where torch can use it.
    dtype : a torch dtype, or one of `machine.PRECISIONS`; None takes what is fast. VQGAN never has fp16.
    memory : for enlarging, in bytes or as in "6GB"; None takes half of what is free, at most 8 GB on a CPU.
    report : told how far fetching and converting have come; see `weights.prepare`.
    announce : told what people should know: terms of use before a first download, what goes another way.

    Raises
    ------
    ValueError
        When there is no such set, network, device or precision here, or a file cannot be fetched.
    """
    from bigart_lib.bigart import BigArt
    from bigart_lib.weights import Networks, cache_folder, sets

    chosen = pick_device(device, announce)
    if dtype is None or isinstance(dtype, str):
        dtype = pick_precision(chosen, dtype or "auto")
    budget = read_memory(memory) if isinstance(memory, str) else memory
    own_generator = None if generator is None or isinstance(generator, (str, Path)) else generator
    pipeline = str(generator) if generator and own_generator is None else None
    own_enlarger = None if enlarger is None or isinstance(enlarger, (str, Path)) else enlarger
    name, others = split(models, {"enlarger": None if own_enlarger else enlarger, "enhancer": enhancer})
    model_set = sets.choose(
        name, **others, may_fetch=chosen.type == "cuda", report=report, announce=announce, convert=convert
    )
    speeds = Speeds(cache_folder(), chosen, dtype)
    precisions = {"enhancer": for_vqgan(dtype)}
    networks = Networks(model_set.files(), _loaders(), chosen, dtype, speeds.note, precisions, announce)
    bigart = BigArt(
        "+".join([model_set.name, *(type(one).__name__ for one in (own_generator, own_enlarger) if one)]),
        own_generator
        or (pipeline and _pipeline(pipeline, chosen, for_any_network(dtype, chosen), report, announce))
        or _glide(model_set, networks, chosen, announce),
        own_enlarger or _enlarger(model_set, networks, chosen, dtype, announce),
        _vqgan(model_set, networks, chosen, precisions["enhancer"]),
        networks, chosen, dtype, budget, speeds, announce,
    )  # fmt: skip
    bigart.options = _options(model_set.name, {**others, "generator": pipeline}, device, budget)
    return bigart


def with_generator(
    bigart: BigArt, generator: Generator | str | Path | None, report: Report = no_report
) -> BigArt:
    """The same models with another generator, in whose place no other keeps networks in memory.

    Parameters
    ----------
    bigart : stays as usable as it was; it loads networks again when they are needed.
    generator : as for `load`; None is GLIDE. The networks of a pipeline are loaded here.
    report : told how far reading and loading have come; may raise.

    Raises
    ------
    ValueError
        When it cannot be had; see `load`.
    """
    is_own = type(bigart.enlarger).__name__ in bigart.name.split("+")
    options = {**bigart.options, **({"enlarger": bigart.enlarger} if is_own else {}), "generator": generator}
    made = load(**options, dtype=bigart.dtype, report=report, announce=bigart.announce)
    bigart.free()
    if prepare := getattr(made.generator, "prepare", None):
        prepare(report)
    return made


def convert(kind: str, source: Path, target: Path, report: Report = no_report) -> None:
    """Convert a published checkpoint, once, so that loading it is quick and needs no conversion ever after.

    The source is mapped and goes through tensor by tensor: the network is never in memory as a whole. The
    target appears under its name only when it is complete.

    Parameters
    ----------
    kind : one of `KINDS`: the published network that the file must hold, name by name and shape by shape.
    source : what the publisher offers: a checkpoint of `torch.save`, or safetensors with the same names.
    target : a `.safetensors` file for the `load` of that network's module; replaced if it is there.
    report : told the bytes written; raising from it stops the work and leaves no file.

    Raises
    ------
    ValueError
        When there is no such kind.
    WeightsError
        When the source is damaged, would run code, or holds another network, naming the misfit.
    """
    if kind not in KINDS:
        raise ValueError(f"the kind must be one of {', '.join(KINDS)}, not {kind!r}")
    module, config = _published(kind)
    from bigart_lib.weights import WeightsError, read_tensors

    network = module.convert(read_tensors(source), str(source), config)
    try:
        module.save(network, Path(target), report)
    except WeightsError as error:
        raise WeightsError(f"{source} is damaged: {error}") from error


def _published(kind: str) -> tuple[ModuleType, object]:
    """The module of a kind, and the sizes of the published network; imports torch, which takes a second."""
    from bigart_lib.enlarge import published as rrdbnet
    from bigart_lib.finish import vqgan
    from bigart_lib.generate import network as glide

    return {
        "glide-base": (glide, glide.PUBLISHED_BASE),
        "glide-upsampler": (glide, glide.PUBLISHED_UPSAMPLER),
        "rrdbnet": (rrdbnet, rrdbnet.PUBLISHED),
        "vqgan": (vqgan, vqgan.PUBLISHED),
    }[kind]


def split(models: str, named: Mapping[str, str | Path | None]) -> tuple[str, dict[str, str | Path | None]]:
    """The set, and the networks in place of its own, of a name such as "embedded+bsrgan".

    Parameters
    ----------
    named : the enlarger and the enhancer that somebody named, or None, which count first.

    Raises
    ------
    ValueError
        When a network in the name can be had by no name.
    """
    from bigart_lib.weights import sets

    name, *others = models.split("+")
    places = {"enlarger": sets.ENLARGERS, "enhancer": sets.ENHANCERS}
    found = {network: one for network, names in places.items() for one in others if one in names}
    unknown = [one for one in others if one not in found.values()]
    if unknown and not any(named.values()):
        raise ValueError(
            f"{', '.join(unknown)} is a file of somebody's own, or an object: name it by enlarger or enhancer"
        )
    return name, {network: one or found.get(network) for network, one in named.items()}


def _options(
    models: str, networks: Mapping[str, Any], device: str | None, memory: int | None
) -> dict[str, Any]:
    """What a later process must ask `load` for, to get the same models."""
    named = {network: one for network, one in networks.items() if one is not None}
    files = {network: str(Path(one).resolve()) for network, one in named.items() if Path(one).is_file()}
    options = {"models": models.partition("+")[0], **named, **files, "device": device, "memory": memory}
    return {name: value for name, value in options.items() if value is not None}


def _loaders() -> Mapping[str, Any]:
    from bigart_lib.enlarge import spandrel_models
    from bigart_lib.finish import vqgan
    from bigart_lib.generate import network as glide

    return {
        "base": glide.load, "upsampler": glide.load, "enlarger": spandrel_models.load, "enhancer": vqgan.load,
    }  # fmt: skip


def _glide(model_set: ModelSet, networks: Networks, device: torch.device, announce: Announce) -> Generator:
    from bigart_lib.generate.glide import GlideGenerator
    from bigart_lib.generate.network import load_config

    return GlideGenerator(
        networks.lend("base"),
        networks.lend("upsampler"),
        (
            load_config(model_set.base, is_upsampler=False),
            load_config(model_set.upsampler, is_upsampler=True),
        ),
        model_set.sampling,
        lambda: _only(model_set, "base", "upsampler"),
        batch_size(device),
        model_set.terms,
        announce,
    )


def batch_size(device: torch.device) -> int:
    """How many candidates share a pass, which decides last digits: the same number always, on one card."""
    import torch

    if device.type != "cuda":
        return 1
    is_large = torch.cuda.get_device_properties(device).multi_processor_count >= LARGE_CARD
    return CUDA_BATCH_LARGE if is_large else CUDA_BATCH


def _pipeline(
    model: str, device: torch.device, dtype: torch.dtype, report: Report, announce: Announce
) -> Generator:
    """A pipeline by its name, which ends in @COMMIT where one commit is meant."""
    from bigart_lib.generate.pipelines import load_generator

    name, at, commit = (model, "", "") if Path(model).exists() else model.partition("@")
    return load_generator(name, device, dtype, commit if at else None, report, announce)


def _enlarger(
    model_set: ModelSet, networks: Networks, device: torch.device, dtype: torch.dtype, announce: Announce
) -> Enlarger:
    """Exact, if it is an RRDBNet; else in overlapping tiles."""
    from bigart_lib.enlarge import spandrel_models
    from bigart_lib.enlarge.exact import RRDBNetEnlarger
    from bigart_lib.enlarge.overlapping import OverlappingEnlarger
    from bigart_lib.enlarge.rrdbnet import RRDBNetConfig

    def fingerprint() -> str:
        return model_set.fingerprints()["enlarger"]

    lent = networks.lend("enlarger")
    config = spandrel_models.config(model_set.enlarger, lent)
    if isinstance(config, RRDBNetConfig):
        return RRDBNetEnlarger(lent, config, device, dtype, fingerprint, announce)
    return OverlappingEnlarger(lent, device, fingerprint, announce)


def _vqgan(
    model_set: ModelSet, networks: Networks, device: torch.device, dtype: torch.dtype
) -> VQGANEnhancer:
    from bigart_lib.finish import vqgan
    from bigart_lib.finish.enhancer import VQGANEnhancer

    return VQGANEnhancer(
        networks.lend("enhancer"),
        vqgan.load_config(model_set.enhancer),
        dtype,
        lambda: model_set.fingerprints()["enhancer"],
        device,
    )


def _only(model_set: ModelSet, *names: str) -> dict[str, str]:
    fingerprints = model_set.fingerprints()
    return {name: fingerprints[name] for name in names}
