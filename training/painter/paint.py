"""Draws a scene and a manner by weight, has it painted, lays texture on, and has it captioned."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import built, indoors, land, outdoors, pets, still_life, water
from .abstract import FAMILIES, paint_abstract
from .captions import Mood, Subject, abstract_caption, scene_caption
from .colours import COLOURS
from .dabs import dab
from .easel import Easel, ridge, textured

SceneFunction = Callable[[Easel, np.random.Generator, Mood], Subject]


@dataclass(frozen=True)
class Painted:
    """A picture and what it shows."""

    picture: np.ndarray  # uint8, size x size x 3
    caption: str  # lower case
    scene: str  # one of SCENES
    colours: tuple[str, ...]  # the colour names in the caption


@dataclass(frozen=True)
class Scene:
    """A figurative scene and the moods that suit it."""

    function: SceneFunction
    weight: float  # share of all pictures
    night: float = 0.0  # chance of night
    seasons: tuple[str, ...] = ()


BOTH = ("autumn", "winter")
FIGURATIVE: dict[str, Scene] = {
    "sunset": Scene(water.sunset, 0.05),
    "mountains": Scene(land.mountains, 0.05, 0.12, ("winter",)),
    "sea": Scene(water.sea, 0.045, 0.12),
    "farmland": Scene(land.farmland, 0.037, 0.08, BOTH),
    "forest": Scene(land.forest, 0.032, 0.1, BOTH),
    "desert": Scene(land.desert, 0.03, 0.15),
    "skyline": Scene(built.skyline, 0.043, 0.45, ("winter",)),
    "villa": Scene(built.villa, 0.037, 0.1, BOTH),
    "harbor": Scene(outdoors.harbor, 0.038, 0.12, ("winter",)),
    "sky": Scene(outdoors.sky, 0.03, 0.12, BOTH),
    "traffic": Scene(outdoors.traffic, 0.019, 0.35, ("winter",)),
    "workshop": Scene(indoors.workshop, 0.019),
    "organisms": Scene(indoors.organisms, 0.02),
    "bottles": Scene(still_life.bottles, 0.028),
    "fruit": Scene(still_life.fruit, 0.027),
    "flowers": Scene(still_life.flowers, 0.025),
    "corgi": Scene(pets.corgi, 0.027),
    "cat": Scene(pets.cat, 0.025),
    "goldfish": Scene(pets.goldfish, 0.025),
}
ABSTRACT: dict[str, float] = {
    "squares": 0.08, "circles": 0.1, "triangles": 0.1, "stripes": 0.08, "lines": 0.09, "splatter": 0.055,
    "grid": 0.03, "spirals": 0.04, "mosaic": 0.025, "color fields": 0.035,
}  # fmt: skip
WEIGHTS: dict[str, float] = {**ABSTRACT, **{name: scene.weight for name, scene in FIGURATIVE.items()}}
SCENES: tuple[str, ...] = tuple(WEIGHTS)
WATERCOLOR_BLUR = 0.0055  # of the picture's side
PAPER = np.array((252, 250, 244), np.float32)


def paint(
    generator: np.random.Generator,
    size: int | tuple[int, int],
    scene: str | None = None,
    colours: tuple[str, ...] | None = None,
) -> Painted:
    """Paint one picture, `size` px a side, or width and height; a generator state gives one at any size.

    `scene` None draws one by weight. `colours` sets an abstract scene's named colours, held-out ones too.

    Raises ValueError for a scene or colour that is not known, or colours for a scene that is not abstract.
    """
    if scene is None:
        pool = ABSTRACT if colours else WEIGHTS
        weights = np.array(list(pool.values()))
        scene = list(pool)[int(generator.choice(len(pool), p=weights / weights.sum()))]
    _check(scene, colours)
    mood = _mood(generator, scene)
    easel = Easel(size)
    if mood.manner == "watercolor":
        easel.softened(WATERCOLOR_BLUR)
    if scene in FAMILIES:
        subject, styles = paint_abstract(easel, generator, scene, mood, colours)
        caption = abstract_caption(generator, subject, mood, styles)
    else:
        subject = FIGURATIVE[scene].function(easel, generator, mood)
        caption = scene_caption(generator, subject, mood)
    if mood.manner == "watercolor":
        _bare_edges(easel, generator)
        easel.restore()
    elif mood.manner == "impressionist":
        dab(easel, generator)
    said = tuple(word for word in caption.split() if word in COLOURS)
    return Painted(_finished(generator, easel, mood), caption, scene, said)


def _bare_edges(easel: Easel, generator: np.random.Generator) -> None:
    """Paper left unpainted along the edges, more or less of it."""
    depth = float(generator.uniform(0.0, 0.09))
    for side in range(4):
        easel.turned(90 * side)
        inner = ridge(generator, -0.5 + depth, 0.3 * depth, 2.5)
        easel.polygon([(-0.6, -0.6), *((x - 0.5, y) for x, y in inner), (0.6, -0.6)], (252, 250, 244))
        easel.restore()


def _check(scene: str, colours: tuple[str, ...] | None) -> None:
    if scene not in WEIGHTS:
        raise ValueError(f"expected a scene of {', '.join(SCENES)}, got {scene!r}")
    if colours is None:
        return
    if scene not in FAMILIES:
        raise ValueError(f"colours are for abstract scenes ({', '.join(FAMILIES)}), got scene {scene!r}")
    if not 1 <= len(set(colours)) == len(colours) <= 3 or not set(colours) <= set(COLOURS):
        raise ValueError(f"expected one to three different colours of {', '.join(COLOURS)}, got {colours!r}")


def _mood(generator: np.random.Generator, scene: str) -> Mood:
    """At most one or two departures from the plain manner."""
    manner, night, season, minimal, pick = generator.random(5).tolist()
    abstract = scene in FAMILIES
    if minimal < 0.06:
        return Mood(minimal=True)
    about = FIGURATIVE.get(scene)
    is_night = about is not None and night < about.night
    seasons = about.seasons if about else ()
    style = "plain"
    if manner < (0.06 if abstract else 0.14):
        style = "oil"
    elif manner < 0.22 and not abstract:
        style = "impressionist"
    elif manner > 0.88 and not abstract and not is_night:  # a pale wash turns night into mud
        style = "watercolor"
    return Mood(
        manner=style,
        night=is_night,
        season=seasons[int(pick * len(seasons))] if seasons and season < 0.26 else "summer",
    )


def _finished(generator: np.random.Generator, easel: Easel, mood: Mood) -> np.ndarray:
    """The picture with the texture of its manner."""
    picture = easel.picture()
    draw = float(generator.random())
    if mood.manner == "oil":
        middle = picture.mean((0, 1), dtype=np.float32, keepdims=True).mean()
        return textured(middle + 1.08 * (picture - middle), generator, 0.03, 0.11)
    if mood.manner == "watercolor":
        # A pale wash that pools unevenly on white paper.
        return textured(picture + 0.3 * (PAPER - picture), generator, 0.025, 0.025)
    if draw < 0.45 or mood.manner == "impressionist":
        return picture.copy()
    grain = 0.035 * (draw - 0.45)
    return textured(picture, generator, grain + 0.01, 0.05 * max(0.0, draw - 0.7))
