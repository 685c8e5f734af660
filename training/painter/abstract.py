"""Abstract pictures: squares, circles, grids, fields of colour and so on, in named colours.

A layout is a ground and a list of shapes, each with the number of its colour; it is kept only where every
named colour covers enough of a small flat proof of it. Captions are put together elsewhere.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from .captions import Mood, Subject, article, choose, joined
from .colours import Colour, draw_names, shade
from .easel import Easel
from .patterns import color_fields, grid, mosaic, spirals
from .shapes import Layout, Shape, circles, drips, lines, splatter, squares, stripes, triangles

MIN_SHARE = 0.16  # of the picture, for each named colour
SPLATTER_SHARE = 0.135
MIN_LINE_SHARE = 0.06  # for thin lines and splatter
PROOF_SIZE = 32  # pixels on a side of the proof
PROOF_TRIES = 14
NEUTRALS: tuple[str, ...] = ("white", "white", "white", "cream", "cream", "black", "black", "gray")
CREAM: Colour = (244, 234, 214)
CHROMA: tuple[str, ...] = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal")


@dataclass(frozen=True)
class Family:
    """A scene of abstract shapes: how it is laid out and what it is called."""

    layout: Layout
    nouns: tuple[str, ...]
    styles: tuple[str, ...] = ("abstract painting",)
    share: float = MIN_SHARE
    soft: float = 0.0  # blur of the edges, in picture sides
    single: bool = False  # the noun is of one thing and takes an article
    unsaid: bool = False  # the colours alone may stand for it
    stretched: bool = False  # to the picture's sides; else its middle is what a square picture would show


_thin = functools.partial(lines, width=0.022)
_thick = functools.partial(lines, width=0.075)
FAMILIES: dict[str, tuple[Family, ...]] = {
    "squares": (
        Family(
            squares,
            ("squares", "squares", "blocks"),
            ("abstract painting", "block color painting", "block color painting", "geometric painting"),
        ),
    ),
    "circles": (
        Family(circles, ("circles",), ("abstract painting", "abstract painting", "geometric painting")),
    ),
    "triangles": (
        Family(triangles, ("triangles",), ("abstract painting", "abstract painting", "geometric painting")),
    ),
    "stripes": (Family(stripes, ("stripes",)),),
    "lines": (
        Family(_thin, ("thin {} lines",), share=MIN_LINE_SHARE),
        Family(_thick, ("thick {} lines",)),
    ),
    "splatter": (
        Family(splatter, ("splatter", "paint drops"), ("splatter painting",), SPLATTER_SHARE),
        Family(drips, ("thin {} lines",), ("splatter painting",), MIN_LINE_SHARE),
    ),
    "grid": (
        Family(
            grid, ("grid",), ("abstract painting", "abstract painting", "geometric painting"), single=True
        ),
    ),
    "spirals": (Family(spirals, ("spirals",)),),
    "mosaic": (Family(mosaic, ("tiles",), ("mosaic", "mosaic", "abstract painting")),),
    "color fields": (
        Family(
            color_fields,
            ("color fields",),
            ("color field painting", "color field painting", "abstract painting"),
            soft=0.014,
            stretched=True,
            unsaid=True,
        ),
    ),
}


def paint_abstract(
    easel: Easel, generator: np.random.Generator, scene: str, mood: Mood, forced: tuple[str, ...] | None
) -> tuple[Subject, tuple[str, ...]]:
    """Paint one; its subject, and the styles it may be called by."""
    family: Family = choose(generator, FAMILIES[scene])
    number = int(generator.choice(4, p=(0.18, 0.24, 0.44, 0.14)))
    names = draw_names(generator, number) if forced is None else forced
    colourful = not names
    on_ground = len(names) == 2 and generator.random() < 0.3
    if colourful:
        shape_names = tuple(
            CHROMA[i] for i in generator.permutation(len(CHROMA))[: int(generator.integers(4, 8))]
        )
    else:
        shape_names = names[:1] if on_ground else names
    ground = names[1] if on_ground else _neutral(generator, shape_names)
    proof = _proof(easel.width / easel.height, family.stretched)
    shapes, bare = _proofed(generator, proof, family, len(shape_names), mood.minimal, on_ground, colourful)

    if bare < 0.03:  # else the seams between shapes that touch would show a colour that is not said
        ground = shape_names[0]
    easel.fill(CREAM if ground == "cream" else shade(generator, ground))
    shades = [[shade(generator, name) for _ in range(3)] for name in shape_names]
    picks = generator.integers(3, size=len(shapes)).tolist()
    clear = 0.85 if scene == "circles" and colourful and generator.random() < 0.4 else 1.0
    if not family.stretched:
        easel.upright(0.5, 0.5, covering=True)
    if family.soft:
        easel.softened(family.soft)
    for shape, pick in zip(shapes, picks, strict=True):
        colour = shades[shape.colour][pick]
        if shape.width:
            easel.outline(shape.path, shape.width, colour)
        else:
            easel.path(shape.path, colour, clear)
    if family.soft:
        easel.restore()
    if not family.stretched:
        easel.restore()
    return Subject(_phrases(generator, family, names, on_ground), names, kind="abstract"), family.styles


def _phrases(
    generator: np.random.Generator, family: Family, names: tuple[str, ...], on_ground: bool
) -> tuple[str, ...]:
    """What the shapes are called: in colours, colorful, or on a ground."""
    noun = str(choose(generator, family.nouns))
    shown = names[:1] if on_ground else names
    phrase = _named(noun, joined(shown) if shown else "colorful")
    if family.single:
        phrase = article(phrase)
    if on_ground:
        return (f"{phrase} on {article(names[1])} background",)
    return (phrase, joined(names)) if family.unsaid and names else (phrase,)


def _named(noun: str, name: str) -> str:
    return noun.format(name) if "{}" in noun else f"{name} {noun}"


def _neutral(generator: np.random.Generator, names: tuple[str, ...]) -> str:
    """A plain ground that stands out from every named colour."""
    clashes = {"white": ("cream",), "yellow": ("cream", "white"), "brown": ("black",), "gray": ("gray",)}
    banned = {*names, *(c for name in names for c in clashes.get(name, ()))}
    free = [name for name in NEUTRALS if name not in banned]
    return str(choose(generator, free)) if free else names[0]


def _proofed(
    generator: np.random.Generator,
    proof: Easel,
    family: Family,
    number: int,
    minimal: bool,
    on_ground: bool,
    colourful: bool,
) -> tuple[list[Shape], float]:
    """A layout in which every colour that must show does, or the best of those tried; the ground's share."""
    best, best_score, bare = [], -1.0, 1.0
    for _ in range(PROOF_TRIES):
        shapes = family.layout(generator, number, minimal)
        shares = _shares(proof, shapes, number)
        shown = shares if on_ground else shares[1:]
        score = min(shown) / (family.share if not colourful else 0.5 * family.share / number)
        if score > best_score:
            best, best_score, bare = shapes, score, shares[0]
        if score >= 1:
            break
    return best, bare


@functools.cache
def _proof(wide: float, stretched: bool) -> Easel:
    """Of a picture of this ratio of width to height."""
    proof = Easel((round(PROOF_SIZE * math.sqrt(wide)), round(PROOF_SIZE / math.sqrt(wide))))
    if not stretched:
        proof.upright(0.5, 0.5, covering=True)
    return proof


def _shares(proof: Easel, shapes: list[Shape], number: int) -> list[float]:
    """The share of the picture of the ground, then of each colour."""
    proof.fill((0, 0, 0))
    for shape in shapes:
        level = ((shape.colour + 1) * 20,) * 3
        if shape.width:
            proof.outline(shape.path, shape.width, level)
        else:
            proof.path(shape.path, level)
    levels = (proof.picture()[:, :, 0].astype(np.int32) + 10) // 20
    return (np.bincount(levels.ravel(), minlength=number + 1)[: number + 1] / levels.size).tolist()
