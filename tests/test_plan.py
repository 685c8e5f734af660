"""A plan is the recipe unfolded: which steps, what they are called, what each depends on."""

from dataclasses import replace

import pytest

from bigart_lib.generate.generator import Stage
from bigart_lib.pictures.recipe import Recipe, from_dict
from bigart_lib.pictures.results import Painting
from bigart_lib.plan import plan, to_do
from bigart_lib.progress import Cost
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings

FINE, COARSE, NONE = TextureSettings(0.05, 1), TextureSettings(0.1, 6), TextureSettings(0)
PAINTED = Recipe(
    "any",
    networks={"base": "b", "upsampler": "u", "enlarger": "e", "enhancer": "v"},
    machine={"precision": "bf16", "threads": 2},
    prompt="a lake",
    generate=GenerateSettings(seed=7, count=7, steps=20, guidance=3.0, sampler="ddim"),
    sampling={"upsampler_timesteps": [5, 0]},
    index=2,
)
BROUGHT = Recipe("any", source="photo.jpg", source_pixels="p", generate=GenerateSettings(seed=7))


KEYS = ["edce3c34", "2ba67407", "81c8cfab", "8ff4d8d0"]  # of a plan of these settings


class Glide:
    """Costs and stages like GLIDE's."""

    scale = 4

    def stages(self, native_size, settings):
        return Stage("base", (64, 64), Cost(1)), Stage("upsample", native_size, Cost(2))

    def cost(self, action, size):
        return Cost(size[0] * size[1])


def steps(recipe=PAINTED, native=(256, 256), models=None, **paint):
    return plan(replace(recipe, paint=PaintSettings(**paint) if paint else None), native, models or Glide())


def names(*arguments, shown=True, **paint):
    return [step.name for step in steps(*arguments, **paint) if step.is_shown or not shown]


def test_without_painting_a_plan_is_the_candidate():
    assert names() == ["64", "256"]
    assert [(step.action, step.size) for step in steps()] == [("base", (64, 64)), ("upsample", (256, 256))]


@pytest.mark.parametrize(
    ("paint", "expected"),
    [
        ({"size": 256}, []),
        ({"size": 1024}, ["1024", "1024_textured"]),
        ({"size": 1024, "enhance": True}, ["1024", "1024_textured", "1024_enhanced"]),
        ({"size": 1024, "texture_1k": NONE}, ["1024"]),
        ({"size": 4096}, ["1024", "1024_textured", "4096"]),
        ({"size": 4096, "enhance": True}, ["1024", "1024_textured", "1024_enhanced", "4096"]),
        ({"size": 4096, "texture_1k": NONE, "texture_4k": NONE}, ["1024", "4096"]),
        ({"size": 16384}, ["1024", "1024_textured", "4096", "16384"]),
    ],
)
def test_the_pictures_of_a_square_candidate(paint, expected):
    assert names(**paint) == ["64", "256", *expected]


def test_texture_is_laid_after_the_last_enlarging_at_every_size():
    for size in (1024, 4096, 16384):
        last = steps(size=size, texture_1k=FINE, texture_4k=COARSE)[-1]
        assert last.action == "texture" and last.texture == (FINE if size == 1024 else COARSE)
        assert last.size == (size, size) and last.seed == (7, 2, size)


def test_every_name_and_every_key_is_given_once():
    for native in ((256, 256), (512, 512), (1024, 768), (384, 256)):
        made = steps(PAINTED, native, size=16384, enhance=True)
        assert len({step.name for step in made}) == len({step.key for step in made}) == len(made)


def test_a_larger_candidate_takes_fewer_enlargings_and_is_enhanced_before_them():
    made = steps(PAINTED, (1024, 1024), size=4096, enhance=True)
    assert [step.action for step in made[2:]] == ["enhance", "enlarge", "texture"]
    assert made[-1].name == "4096" and made[-1].texture == FINE


def test_enlargings_that_go_beyond_the_size_end_with_a_reduction_to_it():
    made = steps(PAINTED, (768, 512), size=4096)
    assert [step.action for step in made[2:]] == ["enlarge", "texture", "enlarge", "fit", "texture"]
    assert made[-1].name == "4096" and made[-1].size == (4096, 2731)
    assert [step.name for step in made[2:] if step.is_shown] == ["3072", "4096"]


def test_a_picture_that_was_brought_keeps_its_size_in_mind_by_how_many_times_it_was_enlarged():
    assert names(BROUGHT, (300, 200), size=4096) == ["4x", "4x_textured", "16x"]
    made = steps(BROUGHT, (300, 200), size=1024)
    assert made[0].action == "source" and made[-1].size == (1200, 800) and made[-1].seed == (7, 1024)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ((600, 400), ["enlarge", "fit"]),
        ((1200, 800), ["enlarge"]),
        ((1203, 802), ["enlarge", "enlarge", "fit"]),
        ((900, 900), ["enlarge", "enlarge", "fit"]),  # another shape: its middle
        ((150, 100), ["fit"]),
    ],
)
def test_any_size_is_reached_by_as_few_enlargings_as_cover_it(fit, expected):
    made = steps(BROUGHT, (300, 200), fit=fit, texture_1k=NONE, texture_4k=NONE)
    assert [step.action for step in made[1:]] == expected and made[-1].size == fit
    assert [step.size for step in made if step.is_shown][-1] == fit


def test_a_size_in_between_is_called_by_how_many_times_longer_its_sides_are():
    assert names(BROUGHT, (300, 200), fit=(510, 340), texture_1k=NONE) == ["1.7x"]


def test_transparency_is_enlarged_too_and_costs_as_much_again_unless_it_is_laid_on_a_colour():
    def costs(channels, **paint):
        recipe = replace(BROUGHT, source_channels=channels)
        made = steps(recipe, (30, 20), size=1024, texture_1k=NONE, **paint)
        return [step.action for step in made], made[-1].cost.operations

    assert costs(3) == (["source", "enlarge"], 600)
    assert costs(4) == (["source", "enlarge"], 1200)
    assert costs(2, background="white") == (["source", "background", "enlarge"], 600)
    assert costs(3, background="white") == costs(3)


def test_networks_steps_depend_on_whether_colours_are_matched_and_others_on_nothing_new():
    plain = steps(size=4096, enhance=True)
    assert [step.key for step in steps(size=4096, enhance=True, fit=(4096, 4096))] == [s.key for s in plain]
    matched = steps(size=4096, enhance=True, match_colours=True)
    differing = [a.action for a, b in zip(plain, matched, strict=True) if a.key != b.key]
    assert differing[0] == "enlarge" and plain[1].key == matched[1].key


def test_costs_come_from_the_models():
    made = steps(size=4096, enhance=True)
    assert [step.cost.operations for step in made] == [1, 2, 256**2, 1024**2, 1024**2, 1024**2, 4096**2]
    assert {step.cost for step in plan(PAINTED, (256, 256))} == {Cost()}


def changed_keys(**changes):
    """The names of the steps whose keys are others with another recipe."""
    paint = {"size": 4096, "enhance": True}
    recipe = replace(PAINTED, **{k: v for k, v in changes.items() if k in Recipe.__dataclass_fields__})
    paint.update({k: v for k, v in changes.items() if k in PaintSettings.__dataclass_fields__})
    before = {step.key for step in steps(size=4096, enhance=True)}
    return [step.name for step in steps(recipe, **paint) if step.key not in before]


ALL = ["64", "256", "1024", "1024_textured", "1024_enhanced", "4096_enlarged", "4096"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"texture_4k": COARSE}, ALL[-1:]),
        ({"texture_1k": COARSE}, ALL[3:]),
        ({"enhance": False}, ALL[-2:]),
        ({"prompt": "a sea"}, ALL),
        ({"index": 3}, ALL),
        ({"sampling": {"upsampler_timesteps": [9, 0]}}, ALL),
        ({"generate": replace(PAINTED.generate, guidance=4.0)}, ALL),
        ({"generate": replace(PAINTED.generate, count=3)}, []),  # a candidate does not depend on the others
        ({"machine": {"precision": "fp32", "threads": 2}}, ALL),
        ({"machine": {"precision": "bf16", "threads": 8}}, []),  # another machine goes on with a run
        ({"networks": {**PAINTED.networks, "base": "x"}}, ALL),
        ({"networks": {**PAINTED.networks, "enlarger": "x"}}, ALL[2:]),
        ({"networks": {**PAINTED.networks, "enhancer": "x"}}, ALL[4:]),
    ],
)
def test_a_key_changes_with_what_its_result_depends_on_and_with_nothing_else(changes, expected):
    assert changed_keys(**changes) == expected


def test_keys_stay_what_they_are_on_the_disks_of_artists():
    assert [step.key[:8] for step in steps(size=1024)] == KEYS
    values = PAINTED.to_dict()
    for name in ("quality", "guided", "spacing", "upsampler_timesteps"):
        del values["generate"][name]
    read = from_dict(values)  # by this version, which says more of how candidates are painted
    assert read.generate.upsampler_timesteps == (5, 0)
    assert [step.key[:8] for step in steps(read, size=1024)] == KEYS


@pytest.mark.parametrize("change", [{"guided": 0.4}, {"spacing": "log-snr"}, {"upsampler_timesteps": (9, 0)}])
def test_how_candidates_are_sampled_is_in_their_keys(change):
    assert changed_keys(generate=replace(PAINTED.generate, **change)) == ALL


class KeptSome(Painting):
    """Holds the results, and the pictures, of the steps with these names."""

    def __init__(self, held, finished):
        super().__init__()
        self._held, self._finished = held, finished

    def holds(self, step):
        return step.name in self._held

    def made(self, step):
        return "pixels" if step.name in self._finished else None


@pytest.mark.parametrize(
    ("held", "finished", "computed", "written"),
    [
        ([], [], ALL, [name for name in ALL if name != "4096_enlarged"]),
        (["4096_enlarged"], ALL[:-1], ["4096"], ["4096"]),  # only the last texture
        ([], ALL[:-1], ALL, ["4096"]),  # nothing to go on from
        (["256"], ["64", "256"], ALL[2:], ["1024", "1024_textured", "1024_enhanced", "4096"]),
        (["1024"], [name for name in ALL if name != "1024_textured"], ["1024_textured"], ["1024_textured"]),
        ([], ALL, [], []),
    ],
)
def test_what_is_to_do_goes_on_at_the_first_result_that_is_kept(held, finished, computed, written):
    made = steps(size=4096, enhance=True)
    to_compute, to_write = to_do(made, KeptSome(held, finished))
    assert [step.name for step in to_compute] == computed and [step.name for step in to_write] == written
