"""`bigart generators`: the text-to-image models that can paint in place of GLIDE, and how they come here."""

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.files import size_in_words
from bigart_lib.generate import known_models
from bigart_lib.generate.known_models import KNOWN_MODELS, KnownModel

ACTIONS = ("list", "fetch")
HEADINGS = (
    "name",
    "paints",
    "steps",
    "negative",
    "weights",
    "on this machine",
    "here",
    "commercial use",
    "licence",
)
COMMERCIAL = {True: "yes", False: "no", None: "ask its card"}


@click.command()
@click.argument("action", type=shared.choice("action", ACTIONS), default="list", metavar="[ACTION]")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@shared.quiet
@click.pass_obj
def generators(call: Call, action: str, names: tuple[str, ...]) -> None:
    """List the models that are known, and whether they fit this machine; or fetch some.

    NAME: one of those that the list shows, or OWNER/NAME of any text-to-image model on the hub.
    """
    if action == "list":
        return _list(call)
    if not names:
        raise ValueError(f"fetch needs a name: one of {', '.join(KNOWN_MODELS)}, or OWNER/NAME on the hub")
    call.kept = "what arrived is kept, and the next fetch goes on from there"
    for name in names:
        _fetch(call, name)
    return None


def _fetch(call: Call, name: str) -> None:
    import torch

    from bigart_lib.generate.pipeline_fetching import fetch_preview
    from bigart_lib.generate.pipeline_source import find, remembered
    from bigart_lib.machine import pick_device, pick_precision

    half = pick_precision(pick_device()) == torch.float16
    source = find(name, half=half, report=call.report, announce=call.announce)
    if source.known and source.known.preview and remembered(source.known.preview) is None:
        fetch_preview(source.known.preview, call.report)
    size = sum(path.stat().st_size for path in source.weights())
    commit = f", commit {source.commit[:12]}" if source.commit else ""
    call.show(f"{source.name}: ready, {size_in_words(size)}{commit}, {source.folder}")


def _list(call: Call) -> None:
    from bigart_lib.machine import free_memory, pick_device

    device = pick_device()
    free = free_memory(device)
    rows = [HEADINGS, *(_row(known, device.type, free) for known in KNOWN_MODELS.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    for *cells, licence in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        call.show("  ".join([*padded, licence]))
    call.show(
        "Any other text-to-image model of diffusers can paint too: OWNER/NAME on the hub, a folder, or a "
        ".safetensors file. What each model's card says counts."
    )


def _row(known: KnownModel, device: str, free: int) -> tuple[str, ...]:
    """What the list says of a model."""
    from bigart_lib.generate.pipeline_source import remembered

    return (
        known.name,
        f"{known.side} px",
        str(known.steps),
        "yes" if known.has_negative else "no",
        size_in_words(known.memory.weights),
        _fit(known, device, free),
        "yes" if remembered(known.repository) else "no, gated" if known.is_gated else "no",
        COMMERCIAL[known.is_commercial],
        known.licence,
    )


def _fit(known: KnownModel, device: str, free: int) -> str:
    """How a model would run on this machine, in words."""
    working = known_models.working_memory((known.side, known.side))
    if device == "cuda":
        how = known_models.placement(known.memory, working, free)
        return {"whole": "fits", "model": "fits in parts", "sequential": "piece by piece, slow"}[how]
    fp32 = 2 * known.memory.weights + working  # on most CPUs
    if fp32 <= free:
        return "fits, slow without a GPU"
    return "fits in bf16, slow without a GPU" if known.memory.weights + working <= free else "too large"
