"""The scores measure what they say: pictures with a known fault get a known number."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("skia", exc_type=ImportError)  # or a library that it is linked against

from training.painter import SCENES, paint  # noqa: E402
from training.score import classifier, colour, command, fresh, manner, measures, table, variety  # noqa: E402
from training.score.given import Given  # noqa: E402

pytestmark = pytest.mark.training
SIDE = 64


@pytest.fixture(scope="module", autouse=True)
def _look_at_fewer_captions():
    """Half of the captions, so that the tests are done in seconds."""
    looked_at = fresh.LOOKED_AT
    fresh.LOOKED_AT = looked_at // 2
    yield
    fresh.LOOKED_AT = looked_at
    for cached in (fresh.unseen, fresh.article_prompts, fresh._scenes_by_form):
        cached.cache_clear()


def painted(scene, count, size=SIDE):
    return fresh.as_tensor(
        np.stack([fresh.paint_unseen(scene, number, size).picture for number in range(count)])
    )


def textured(size=SIDE):
    """A picture with some of every frequency, well inside [0, 1]."""
    return 0.3 + 0.4 * torch.rand(1, 3, size, size)


def blurred(picture):
    return torch.nn.functional.avg_pool2d(
        torch.nn.functional.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, stride=1
    )


# measures against the truth


def test_psnr_of_an_error_of_a_tenth_is_20_db():
    truth = textured()
    assert measures.psnr(truth + 0.1, truth) == pytest.approx(20, abs=0.01)


def test_a_flat_shift_of_three_levels_is_a_colour_shift_of_three():
    truth = textured()
    shifted = truth + torch.tensor([0, -3 / 255, 1 / 255])[:, None, None]
    assert measures.colour_shift(shifted, truth) == pytest.approx(3, abs=0.01)


def test_a_blurred_picture_is_less_sharp_and_has_less_detail():
    truth = painted("squares", 1)
    assert measures.sharpness(truth, truth) == 1
    assert measures.sharpness(blurred(truth), truth) < 0.8
    soft, true = measures.detail(blurred(truth), truth)
    assert soft < 0.5 * true


def test_added_noise_is_added_detail():
    truth = painted("sunset", 1)
    noisy, true = measures.detail(truth + 0.05 * torch.randn_like(truth), truth)
    assert noisy > 1.5 * true


@pytest.mark.parametrize("period", measures.PERIODS)
def test_a_weave_is_found_at_its_own_period(period):
    truths = [painted(scene, 1, 256) for scene in ("sunset", "squares", "corgi", "forest")]
    noisy = [truth + 0.01 * torch.randn_like(truth) for truth in truths]
    axis = 2 * math.pi * torch.arange(256) / period
    weave = 0.05 * torch.cos(axis)[:, None] * torch.cos(axis)[None]
    woven = [one + weave for one in noisy]
    for looked_for in measures.PERIODS:
        assert measures.grid(noisy, truths, looked_for) < 1.5
        assert (measures.grid(woven, truths, looked_for) > 5) == (looked_for == period)


def test_a_blurred_picture_has_no_grid():
    truths = [painted(scene, 1, 256) for scene in SCENES]
    soft = [blurred(truth) for truth in truths]
    assert all(measures.grid(soft, truths, period) < 1.5 for period in measures.PERIODS)


def test_tiles_that_differ_in_tone_leave_seams():
    truth = textured(128)
    noisy = truth + 0.02 * torch.randn_like(truth)
    tones = 0.1 * torch.rand(1, 3, 4, 4).repeat_interleave(32, 2).repeat_interleave(32, 3)
    assert measures.seam(noisy, truth, 32) == pytest.approx(1, abs=0.1)
    assert measures.seam(noisy + tones, truth, 32) > 1.5


def test_unevenness_is_the_deviation_added_to_a_flat_picture():
    flat = torch.full((1, 3, SIDE, SIDE), 0.5)
    assert measures.unevenness(flat) == 0
    assert measures.unevenness(flat + 2 / 255 * torch.randn_like(flat)) == pytest.approx(2, rel=0.05)


# colour


def test_painted_pictures_show_the_pair_they_were_given_and_not_another():
    generator = np.random.default_rng(1)
    pictures = [paint(generator, SIDE, "squares", ("red", "teal")).picture for _ in range(20)]
    pictures = fresh.as_tensor(np.stack(pictures))
    shown, swapped = (
        sum(colour.shows(picture, pair) for picture in pictures)
        for pair in (["red", "teal"], ["orange", "blue"])
    )
    assert shown >= 19 and swapped == 0


# prompts


def test_the_articles_prompts_name_their_scenes():
    named = fresh.article_prompts()
    assert named["sunset over a lake"] == "sunset"
    assert named["a tabby cat"] == "cat"
    assert named["a block color painting with purple and green squares"] == "squares"


@pytest.mark.parametrize("scene", SCENES)
def test_a_prompt_of_a_scene_is_said_of_no_other(scene):
    said = {fresh.form(one.caption) for other in SCENES if other != scene for one in fresh.unseen(other)}
    asked = fresh.prompts(scene, 10)
    assert len(asked) == len(set(asked)) and len(asked) >= 3
    assert not said & {fresh.form(prompt) for prompt in asked if prompt not in fresh.article_prompts()}


# manner


@pytest.mark.parametrize(
    ("word", "caption", "plain"),
    [
        ("night", "a forest path at night", "a forest path"),
        ("winter", "oil painting of a villa in winter", "oil painting of a villa"),
        ("oil", "an oil painting of a cat", "a painting of a cat"),
        ("watercolor", "a watercolor of a cat", "a painting of a cat"),
        ("watercolor", "watercolor painting of an italian villa", "painting of an italian villa"),
        ("minimalist", "a minimalist abstract painting with lines", "an abstract painting with lines"),
        ("impressionist", "an impressionist painting of the sea", "a painting of the sea"),
    ],
)
def test_a_word_of_manner_can_be_left_out(word, caption, plain):
    assert manner.without(word, caption) == plain


def test_each_measure_of_manner_tells_what_its_name_says():
    picture = painted("farmland", 8)
    dark_and_blue = picture * torch.tensor([0.4, 0.4, 0.7])[:, None, None]
    snowy = picture.lerp(torch.ones_like(picture), 0.5)
    warm = picture * torch.tensor([1.0, 0.7, 1.0])[:, None, None]
    noisy = (picture + 0.05 * torch.randn_like(picture)).clamp(0, 1)
    for word, changed in (
        ("night", dark_and_blue),
        ("winter", snowy),
        ("watercolor", snowy),
        ("autumn", warm),
        ("oil", noisy),
        ("minimalist", blurred(blurred(picture))),
    ):
        moves = manner.Moves(manner.move(manner.EXPECTED[word], changed, picture), {})
        assert moves.right_share == 1, word
        back = manner.Moves(manner.move(manner.EXPECTED[word], picture, changed), {})
        assert back.right_share == 0, word


@pytest.mark.parametrize("word", manner.EXPECTED)
def test_the_painters_own_pictures_move_as_expected(word):
    asked = manner.scenes_with(word)
    if not asked:
        pytest.skip(f"the painter does not say {word}")
    moves = manner.painters_move(word, manner.EXPECTED[word], asked)
    assert all(size > 0 for size in moves.values()), moves


# variety


def test_spread_and_nearest_are_distances():
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert variety.spread(points) == 5
    distance, index = variety.nearest(points, torch.tensor([[0.0, 1.0], [3.0, 4.0]]))
    assert distance.tolist() == [1, 0] and index.tolist() == [0, 1]


def test_a_copy_is_found_with_the_picture_it_copies(tmp_path):
    learned = variety.learned_from(30, 1)
    copies = (0.97 * learned[[7, 21]] + 0.02 * torch.rand(2, 3, SIDE, SIDE)).clamp(0, 1)
    distance, index = variety.nearest(variety.coarse(copies), variety.coarse(learned))
    assert index.tolist() == [7, 21]
    others = variety.nearest(variety.coarse(painted("corgi", 5)), variety.coarse(learned))[0]
    assert distance.max() < 0.3 * others.min()
    variety.write_sheet([copies, learned[index]], tmp_path / "sheets" / "nearest.png")
    with Image.open(tmp_path / "sheets" / "nearest.png") as sheet:
        assert sheet.size == (2 * SIDE, 2 * SIDE)


def test_common_captions_come_with_seven_pictures_that_bear_them():
    asked = variety.common_captions(4)
    assert len(asked) == 4
    for caption, alike in asked.items():
        assert len(alike) == variety.EACH
        assert {fresh.paint_unseen(one.scene, one.number, 8).caption for one in alike} == {caption}


# the classifier


QUICK = classifier.Recipe(
    scenes=("sunset", "corgi"), size=32, widths=(8, 16), strides=(2, 2), painted=800, batch=16
)


def test_the_classifier_learns_to_tell_two_scenes_and_is_kept(tmp_path):
    file = tmp_path / "classifier.pt"
    network = classifier.load(QUICK, file)
    assert classifier.accuracy(network, 20, size=32) > 0.9
    before = file.stat().st_mtime_ns
    again = classifier.load(QUICK, file)
    assert file.stat().st_mtime_ns == before
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_another_recipe_is_another_classifier():
    assert classifier.fingerprint(QUICK) == classifier.fingerprint(replace(QUICK))
    assert classifier.fingerprint(QUICK) != classifier.fingerprint(replace(QUICK, seed=3))


# the command and the card


def test_the_card_gets_the_scores_between_its_markers(tmp_path):
    card = tmp_path / "card.md"
    card.write_text(f"Before\n\n{table.BEGIN}\nold\n{table.END}\n\nAfter\n", encoding="utf-8")
    for scores in ("new", "newer"):
        table.write_card(card, scores)
    assert card.read_text(encoding="utf-8") == f"Before\n\n{table.BEGIN}\nnewer\n{table.END}\n\nAfter\n"


def test_a_card_without_markers_stays_as_it_is(tmp_path):
    card = tmp_path / "card.md"
    card.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="once each"):
        table.write_card(card, "new")
    assert card.read_text(encoding="utf-8") == "no markers"


def test_the_command_scores_a_set_and_writes_the_card(tiny_models, tmp_path, capsys):
    card = tmp_path / "card.md"
    card.write_text(f"{table.BEGIN}\n{table.END}\n", encoding="utf-8")
    command.main(["--only", "colour,vqgan", "--count", "0.05", "--steps", "2", "--card", str(card)])
    printed = capsys.readouterr().out
    assert "| base | both named colours shown (40 pictures) |" in printed
    assert "| VQGAN | painted (1): PSNR |" in printed
    assert printed.strip() in card.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "smell"],
        ["--upsampler-timesteps", "10,20"],
        ["--steps", "0"],
        ["--weights", "."],
        ["--card", "none.md"],
    ],
)
def test_what_cannot_be_scored_ends_with_a_reason(arguments, capsys, tiny_models, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "error" in capsys.readouterr().err


def test_a_set_paints_the_same_picture_from_the_same_noise(tiny_set):
    given = Given(tiny_set)
    both = given.paint("sunset over a lake", 2, first=4)
    torch.testing.assert_close(
        given.paint_all(["sunset over a lake"] * 2, 1, first=4), both, atol=1e-3, rtol=0
    )
