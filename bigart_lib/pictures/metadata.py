"""What a picture's file says of itself: its recipe, who made it and how, and all that its author had said.

Ours is added to the author's, never in place of it: a property that is there stays, but for those that would
be false now (size, resolution, orientation). Nothing says when, so that the same picture is the same file.

**Digital source type.** The vocabulary of the IPTC (https://cv.iptc.org/newscodes/digitalsourcetype/, as of
October 2024) tells by a picture's origin. We go by these of its definitions:

- `trainedAlgorithmicMedia` is what a generative model created. That is every picture painted of a prompt, and
  what is made of one, for its content is the model's.
- `compositeWithTrainedAlgorithmicMedia` is something that was there and was augmented, corrected or enhanced
  with a generative model. That is a photograph whose details VQGAN painted anew, of codes it has learned.
- `algorithmicallyEnhanced` is a change by an algorithm which a person asked for and which leaves the main
  content as it is, as sharpening does. A photograph that was only enlarged comes nearest to that, but the
  property has one value, and it says what is in the picture: a capture, a scan of a film, a drawing. Only the
  author knows which. So we write none there, leave the author's, and tell of the enlarging in the history.

Where VQGAN repainted a picture whose author says that it is a capture, that is no more so: the value is
changed, and the history keeps the one before. Values that already tell of generative AI stay.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from bigart_lib.machine import VERSION
from bigart_lib.pictures import properties
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.xmp import Packet

TEXT_KEY = "bigart"  # of the text chunk that holds the recipe
ATTRIBUTION = "This image was created with BIG.art by Robert A. Gonsalves."
AGENT = f"BIG.art {VERSION}"
RECIPE, TEXTS, SOURCE_TYPE = "bigart:recipe", "bigart:texts", "Iptc4xmpExt:DigitalSourceType"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PAINTED, REPAINTED = (
    f"{SOURCE_TYPES}trainedAlgorithmicMedia",
    f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia",
)
GENERATIVE = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
NOTHING = Carried()
LONGEST_TEXTS = 1_000_000  # characters of all texts of an author's in a packet
DEEPEST_SOURCES = 8  # recipes within recipes that are looked through
DEEPEST_SOURCE, LONGEST_SOURCE = (
    7,
    500_000,
)  # brackets within brackets, and characters, of a recipe in another
STALE = (
    "xmp:Thumbnails",
    "xmpNote:HasExtendedXMP",
    "tiff:BitsPerSample",
    "tiff:NativeDigest",
    "exif:NativeDigest",
)


def is_painted(recipe: Mapping[str, Any]) -> bool:
    """Whether a picture with this recipe, as plain values, or the one it was made of, was painted."""
    return prompt_of(recipe) is not None


def is_repainted(recipe: Mapping[str, Any]) -> bool:
    """Whether VQGAN painted details of a picture with this recipe anew."""
    names = (
        name for one in _lineage(recipe) if isinstance(one.get("steps"), Mapping) for name in one["steps"]
    )
    return any(str(name).endswith("_enhanced") for name in names)


def digital_source_type(recipe: Mapping[str, Any]) -> str | None:
    """What the IPTC calls the origin of a picture with this recipe; None where only the author knows it."""
    return PAINTED if is_painted(recipe) else REPAINTED if is_repainted(recipe) else None


def as_source(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe as the `source_recipe` of a picture that is made of that one.

    Of the recipes within it, the innermost are left out as far as they would make the new one too deep or too
    long to be read; see `recipe.load_json`.
    """
    lineage = [{name: one[name] for name in one if name != "source_recipe"} for one in _lineage(recipe)]
    while lineage:
        nested = lineage[-1]
        for one in reversed(lineage[:-1]):
            nested = {**one, "source_recipe": nested}
        if _depth(nested) <= DEEPEST_SOURCE and len(json.dumps(nested)) <= LONGEST_SOURCE:
            return nested
        lineage.pop()
    return {}


def packet(
    texts: Mapping[str, str],
    carried: Carried = NOTHING,
    size: tuple[int, int] | None = None,
    dpi: tuple[float, float] | None = None,
    kept: Collection[str] = (),
) -> tuple[bytes, tuple[str, ...]]:
    """The XMP packet of a picture: the author's, corrected, with ours added.

    Parameters
    ----------
    texts : what `Recipe.texts` gives; without a recipe, ours says only that the picture was edited.
    carried : what its author said.
    size : width and height in px.
    dpi : pixels an inch, across and down.
    kept : which of "exif", "iptc", "texts" and "comment" the file holds elsewhere; of others, what XMP has
        words for is written here.

    Returns
    -------
    The packet, in UTF-8, and in sentences what of the author's had to be left out.
    """
    found, notes = _authors(carried)
    recipe = recipe_of(texts, carried)
    was = found.text(SOURCE_TYPE)
    _correct(found, size, dpi)
    notes += properties.derive(found, carried, kept)
    if "texts" in kept:
        found.remove(TEXTS)
    elif others := _without(kept, {**texts_in(found), **authors_texts(carried)}):
        if sum(map(len, others.values())) <= LONGEST_TEXTS:
            found.set(TEXTS, json.dumps(others))
        else:
            notes += ("its texts are too long for this format and were left out",)
    now = digital_source_type(recipe)
    if now and not (was and was.rpartition("/")[2] in GENERATIVE):
        found.set(SOURCE_TYPE, now)
    if recipe:
        _describe(found, recipe)
    _tell_history(found, recipe, size, was if was and found.text(SOURCE_TYPE) != was else None)
    return found.to_bytes(), notes


def recipe_of(texts: Mapping[str, str], carried: Carried = NOTHING) -> dict[str, Any]:
    """The recipe among the texts, as plain values; without one, that which the picture came with."""
    return json.loads(texts[TEXT_KEY]) if TEXT_KEY in texts else dict(carried.recipe)


def merged_texts(texts: Mapping[str, str], carried: Carried) -> dict[str, str]:
    """The author's texts with ours where he has none of that name; the recipe is ours."""
    recipe = recipe_of(texts, carried)
    merged = {**texts, **_texts_of_packet(carried), **authors_texts(carried)}
    return {**merged, **({TEXT_KEY: json.dumps(recipe)} if recipe else {})}


def authors_texts(carried: Carried) -> dict[str, str]:
    """The author's texts, without what is kept apart."""
    apart = ("XML:com.adobe.xmp", TEXT_KEY)
    return {
        name: text for name, text in carried.texts.items()
        if name not in apart and not name.lower().startswith("raw profile type ")
    }  # fmt: skip


def find_recipe(texts: Mapping[str, Any], *packets: bytes | None) -> str | None:
    """The recipe's text, in a file with these texts and XMP packets; None where there is none."""
    if isinstance(text := texts.get(TEXT_KEY), str):
        return text
    for data in filter(None, packets):
        try:
            found = Packet(data).text(RECIPE)
        except ValueError:
            continue
        if found:
            return found
    return None


def texts_in(found: Packet) -> dict[str, str]:
    """The texts that `packet` kept for a format that has no place for them."""
    try:
        texts = json.loads(found.text(TEXTS) or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(texts, dict):
        return {}
    return {name[:79]: text for name, text in texts.items() if name and isinstance(text, str)}


def _without(kept: Collection[str], texts: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name.lower() not in kept}


def _lineage(recipe: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A recipe, that of the picture it was made of, and so on."""
    found: list[Mapping[str, Any]] = []
    while isinstance(recipe, Mapping) and recipe and len(found) < DEEPEST_SOURCES:
        found.append(recipe)
        recipe = recipe.get("source_recipe") or {}
    return found


def _depth(value: Any) -> int:
    inner = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else None
    )
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _authors(carried: Carried) -> tuple[Packet, tuple[str, ...]]:
    try:
        return Packet(carried.xmp or None), ()
    except ValueError as error:
        return Packet(), (f"{error}: it was left out",)


def _texts_of_packet(carried: Carried) -> dict[str, str]:
    return texts_in(_authors(carried)[0])


def _correct(found: Packet, size: tuple[int, int] | None, dpi: tuple[float, float] | None) -> None:
    """Put right what the author's properties say of size and resolution."""
    right = {"tiff:Orientation": "1"}
    if size:
        for one, names in zip(
            size, (("ImageWidth", "XDimension"), ("ImageLength", "YDimension")), strict=True
        ):
            right |= {f"tiff:{names[0]}": str(one), f"exif:Pixel{names[1]}": str(one)}
    if dpi:
        across, down = (f"{round(one * 1000)}/1000" for one in dpi)
        right |= {"tiff:XResolution": across, "tiff:YResolution": down, "tiff:ResolutionUnit": "2"}
    for name, value in right.items():
        if found.text(name) is not None:
            found.set(name, value)
    for name in STALE:
        found.remove(name)


def prompt_of(recipe: Mapping[str, Any]) -> str | None:
    """The prompt that a picture, or the one it was made of, was painted of."""
    return next((str(one["prompt"]) for one in _lineage(recipe) if one.get("prompt")), None)


def _describe(found: Packet, recipe: Mapping[str, Any]) -> None:
    """Add the recipe and, to a painted picture, what it is and who made it."""
    found.set(RECIPE, json.dumps(recipe))
    prompt = prompt_of(recipe)
    if not prompt:
        return
    for name in ("dc:title", "dc:description"):
        if not found.text(name):
            found.set_list(name, "Alt", [prompt])
    said = {
        "photoshop:Credit": ATTRIBUTION,
        "xmp:CreatorTool": AGENT,
        "Iptc4xmpExt:AIPromptInformation": prompt,
        "Iptc4xmpExt:AISystemUsed": "BIG.art",
        "Iptc4xmpExt:AISystemVersionUsed": VERSION,
    }
    for name, value in said.items():
        if not found.text(name):
            found.set(name, value)


def _tell_history(
    found: Packet, recipe: Mapping[str, Any], size: tuple[int, int] | None, before: str | None
) -> None:
    done = []
    if recipe.get("source") and size:
        done.append(f"enlarged to {size[0]}x{size[1]} px")
    if before:
        done.append(f"{SOURCE_TYPE} was {before}")
    entry = {"stEvt:action": "created" if recipe.get("prompt") else "edited", "stEvt:softwareAgent": AGENT}
    found.append("xmpMM:History", {**entry, **({"stEvt:parameters": "; ".join(done)} if done else {})})
