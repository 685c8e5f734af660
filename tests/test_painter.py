"""The painter of training pictures: repeatable, the same at any size, and true to its captions."""

import itertools
import re
import sys
from functools import partial

import numpy as np
import pytest

pytest.importorskip("skia", exc_type=ImportError)  # or a library that it is linked against

from training.painter import COLOURS, HELD_OUT_PAIRS, SCENES, colour_shares, easel, paint
from training.painter.captions import Mood

pytestmark = pytest.mark.training
drawing = sys.modules["training.painter.paint"]  # the module, whose name in the package is the function's
FIGURATIVE = tuple(drawing.FIGURATIVE)
ABSTRACT = (
    "squares",
    "circles",
    "triangles",
    "stripes",
    "splatter",
    "grid",
    "spirals",
    "mosaic",
    "color fields",
)
ARTICLE = {  # what the article's prompts ask for, and the scene that is called so
    "circles": "an abstract painting with colorful circles",
    "splatter": "a splatter painting with thin yellow and black lines",
    "squares": "a block color painting with purple and green squares",
    "triangles": "an abstract painting with orange triangles",
    "villa": "landscape painting of an italian villa",
    "sunset": "sunset over a lake",
    "mountains": "majestic snow-capped mountains",
    "corgi": "a painting of a corgi",
    "cat": "a tabby cat",
    "goldfish": "a goldfish in a glass bowl",
    "workshop": "a wood workshop",
    "organisms": "microscopic organisms",
    "traffic": "traffic jam",
    "bottles": "still life painting of colorful glass bottles",
    "farmland": "a painting of rolling farmland",
    "fruit": "a still life painting of a bowl of fruit",
    "sea": "a seascape with crashing waves",
    "skyline": "boston city skyline",
}


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_paints_a_picture_that_is_not_flat(scene):
    for seed in range(4):
        painted = paint(_generator(seed), 64, scene)
        assert painted.picture.shape == (64, 64, 3)
        assert painted.picture.dtype == np.uint8
        assert painted.scene == scene
        assert painted.picture.std() > 4


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others():
    first, again, other = (paint(_generator(seed), 64) for seed in (3, 3, 4))
    assert np.array_equal(first.picture, again.picture)
    assert first.caption == again.caption
    assert not np.array_equal(first.picture, other.picture)


@pytest.mark.parametrize("scene", SCENES)
def test_a_small_picture_is_the_large_one_averaged(scene):
    for seed, (width, height) in enumerate([(64, 64), (64, 64), (72, 48), (48, 88)]):
        sizes = (width, height), (4 * width, 4 * height)
        small, large = (paint(_generator(seed + 1), size, scene) for size in sizes)
        averaged = large.picture.reshape(height, 4, width, 4, 3).mean((1, 3))
        assert small.caption == large.caption
        # Lines of about a pixel are where the two sizes' antialiasing differs most.
        assert np.abs(averaged - small.picture).mean() < (5 if "thin" in small.caption else 3)


def test_in_a_wide_picture_the_layout_is_stretched_and_things_are_not():
    board = easel.Easel((120, 60))
    near = partial(pytest.approx, abs=1)

    def extent(draw):
        board.fill((0, 0, 0))
        draw()
        rows, columns = board.picture()[:, :, 0].nonzero()
        return [*np.ptp([columns, rows], axis=1) + 1, columns.mean(), rows.mean()]

    def inside(*place, **options):
        board.upright(*place, **options)
        board.rectangle(0.4, 0.4, 0.2, 0.2, (255, 255, 255))
        board.restore()

    def placed():
        board.placed(0.5, 0.5, 0.5, 90)
        board.oval(0, 0, 0.4, 0.1, (255, 255, 255))
        board.restore()

    def rectangle():
        board.rectangle(0.4, 0.4, 0.2, 0.2, (255, 255, 255))

    assert extent(rectangle) == near([24, 12, 59.5, 29.5])
    assert extent(lambda: board.disc(0.5, 0.5, 0.1, (255, 255, 255))) == near([12, 12, 59.5, 29.5])
    assert extent(lambda: inside(0.5, 0.5)) == near([12, 12, 59.5, 29.5])
    assert extent(lambda: inside(0.5, 0.5, covering=True)) == near([24, 24, 59.5, 29.5])
    assert extent(lambda: inside(0.4, 0.4)) == near([12, 12, 53.5, 29.5])
    assert extent(placed) == near([6, 24, 59.5, 29.5])
    assert extent(rectangle) == near([24, 12, 59.5, 29.5])  # all is restored


def test_a_seed_gives_kindred_pictures_in_all_shapes():
    for number, scene in enumerate(SCENES):
        square, wide, tall = (paint(_generator(number), size, scene) for size in (64, (88, 48), (48, 88)))
        assert wide.picture.shape == (48, 88, 3) and tall.picture.shape == (88, 48, 3)
        if scene in FIGURATIVE:  # abstract layouts are drawn again until their colours show in the shape
            assert square.caption == wide.caption == tall.caption
        means = [one.picture.mean((0, 1)) for one in (square, wide, tall)]
        assert np.ptp(means, axis=0).max() < 70, scene


def test_texture_on_a_large_picture_has_no_squares():
    flat = np.full((1024, 1024, 3), 128, np.uint8)
    textured = easel.textured(flat, np.random.default_rng(1), grain=0.1, relief=0.1).astype(float)
    for axis in (0, 1):
        steps = np.abs(np.diff(textured, axis=axis)).mean((1 - axis, 2))
        phases = [steps[phase::4].mean() for phase in range(4)]
        assert max(phases) < 3 * min(phases)  # cells repeated have steps at their borders alone


def test_named_colours_cover_their_share():
    generator = _generator(5)
    names = list(COLOURS)
    shown = []
    for number in range(240):
        pair = tuple(generator.choice(names, 2, replace=False).tolist())
        size = (64, (72, 48), (48, 88))[number % 4 % 3]
        painted = paint(generator, size, ABSTRACT[number % len(ABSTRACT)], pair)
        if "thin" in painted.caption:
            continue
        shares = colour_shares(painted.picture)
        shown.append(min(shares[name] for name in pair) >= 0.12)
        assert painted.colours == pair
    assert np.mean(shown) >= 0.95


def test_captions_are_lower_case_words_and_few():
    generator = _generator(6)
    captions = [paint(generator, 16).caption for _ in range(600)]
    assert all(re.fullmatch(r"[a-z-]+( [a-z-]+)*", caption) for caption in captions)
    assert len({word for caption in captions for word in caption.split()}) < 250


@pytest.mark.parametrize(("scene", "prompt"), ARTICLE.items())
def test_every_prompt_of_the_article_is_a_caption_of_its_scene(scene, prompt):
    generator = _generator(10)
    colours = tuple(word for word in prompt.split() if word in COLOURS) or None
    assert any(paint(generator, 8, scene, colours).caption == prompt for _ in range(1200))


def _local_contrast(picture: np.ndarray) -> float:
    """How far neighbouring pixels lie apart, on average."""
    return float(np.abs(np.diff(picture.astype(float), axis=1)).mean())


@pytest.mark.parametrize("scene", FIGURATIVE)
def test_an_impressionist_picture_is_broken_into_more_colours_than_a_plain_one(scene, monkeypatch):
    contrast = {}
    for manner in ("plain", "impressionist"):
        monkeypatch.setattr(drawing, "_mood", lambda generator, scene, manner=manner: Mood(manner=manner))
        painted = [paint(_generator(seed), 64, scene) for seed in range(4)]
        assert all(("impressionist" in one.caption) == (manner == "impressionist") for one in painted)
        contrast[manner] = np.mean([_local_contrast(one.picture) for one in painted])
    assert contrast["impressionist"] > 1.1 * contrast["plain"]


def test_the_colours_of_a_picture_are_those_in_its_caption():
    generator = _generator(7)
    for _ in range(100):
        painted = paint(generator, 16)
        assert painted.colours == tuple(word for word in painted.caption.split() if word in COLOURS)


def test_a_held_out_pair_is_never_painted_unasked():
    generator = _generator(8)
    for number in range(400):
        painted = paint(generator, 16, ABSTRACT[number % len(ABSTRACT)])
        assert not any(
            frozenset(pair) in HELD_OUT_PAIRS for pair in itertools.combinations(painted.colours, 2)
        )


def test_a_held_out_pair_is_painted_when_asked_for():
    pair = tuple(sorted(next(iter(HELD_OUT_PAIRS))))
    assert paint(_generator(9), 64, "squares", pair).colours == pair


def test_purple_and_green_is_not_held_out():
    assert frozenset(("purple", "green")) not in HELD_OUT_PAIRS


@pytest.mark.parametrize(
    ("scene", "colours"),
    [("portrait", None), ("sunset", ("red",)), ("squares", ("mauve",)), ("squares", ("red", "red"))],
)
def test_what_cannot_be_painted_is_refused_with_what_can(scene, colours):
    with pytest.raises(ValueError, match="expected|abstract"):
        paint(_generator(0), 16, scene, colours)
