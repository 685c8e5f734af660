"""Patterns in prompts: what each stands for, that the same seed draws the same, and what is refused."""

import re

import pytest

from bigart_lib.series.patterns import MOST_PROMPTS, Template, Words


@pytest.fixture
def words(tmp_path):
    (tmp_path / "colours.txt").write_text("\ufeff# mine\nred\n\n3::dark {blue|green}\n", encoding="utf-8")
    (tmp_path / "ring.txt").write_text("a __ring__\n")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "dutch.txt").write_bytes("geel\nblauw\ncafé\n".encode("cp1252"))
    (tmp_path / "animals").mkdir()
    (tmp_path / "animals" / "small_cats.txt").write_text("a cat\n")
    return Words(tmp_path)


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("plain, with | and 50% $ signs # and __ lines", None),
        ("{red|blue} circles", ["red circles", "blue circles"]),
        ("a {|very |very, very }red sun", ["a red sun", "a very red sun", "a very, very red sun"]),
        ("{{rose|white} gold|platinum} ring", ["rose gold ring", "white gold ring", "platinum ring"]),
        ("{2::red|0.5::blue}", ["red", "blue"]),
        ("{2$$a|b|c}", ["a, b", "a, c", "b, c"]),
        ("{2-3$$ and $$a|b|c}", ["a and b", "a and c", "b and c", "a and b and c"]),
        ("{0-1$$a|b}!", ["!", "a!", "b!"]),
        ("{2-$$+$$a|b}", ["a+b"]),
        ("{-1$$a|b}", ["a", "b"]),
        ("{a|a|b}", ["a", "b"]),
        (r"\{a\|b\} \\ \__colours__ C:\x", [r"{a|b} \ __colours__ C:\x"]),
        ("__colours__ sky", ["red sky", "dark blue sky", "dark green sky"]),
        ("{2$$ on $$__colours__}", ["red on dark blue", "red on dark green"]),
        ("{__animals/small_cats__|a dog}", ["a cat", "a dog"]),
        ("{}", [""]),
    ],
)
def test_a_pattern_stands_for_these_prompts(text, prompts, words):
    template = Template(text, words)
    assert [*template.every()] == ([text] if prompts is None else prompts)
    assert template.count >= len([*template.every()])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {red", "the { at letter 3 is never closed"),
        ("a {red|{blue|green}", "the { at letter 3 is never closed"),
        ("red} b", "a } was never opened, at letter 4"),
        ("{3$$a|b}", "asks for 3 of 2 options"),
        ("{2-1$$a|b|c}", "asks for 2-1 of 3 options"),
        ("__nowhere__", r"nowhere\.txt cannot be read .*--words"),
        ("__ring__", "does a file of words name itself"),
        ("__empty__", "has no words"),
        ("__dutch__", "is not in UTF-8"),
        ("__a/../../passwd__", "names a file outside"),
        ("{" * 30 + "}" * 30, "more than 20 patterns within one another"),
    ],
)
def test_what_is_no_pattern_is_refused_in_a_line(text, message, words):
    with pytest.raises(ValueError, match=message) as caught:
        Template(text, words)
    assert "\n" not in str(caught.value)


def test_too_many_prompts_are_counted_and_not_made(words):
    template = Template("{a|b}" * 40, words)
    assert template.count == 2**40
    with pytest.raises(ValueError, match=re.escape("1,099,511,627,776 prompts, of at most 1,000")):
        [*template.every()]
    with pytest.raises(ValueError, match="some 10"):
        [*Template("{a|b}" * 4000, words).every()]
    assert len([*Template("{0|1|2|3|4|5|6|7|8|9}" * 3, words).every()]) == MOST_PROMPTS


def test_the_same_seed_draws_the_same_different_prompts_whatever_other_lines_there_are(words):
    template = Template("{a|b|c|d|e} {1|2|3|4|5} __colours__", words)
    drawn = template.drawn(6, 1)
    assert drawn == Template("{a|b|c|d|e} {1|2|3|4|5} __colours__", words).drawn(6, 1)
    assert len({*drawn}) == 6 and {*drawn} < {*template.every()}
    assert drawn != template.drawn(6, 2) and drawn[:3] == template.drawn(3, 1)
    assert sorted(Template("{a|b}", words).drawn(9, 1)) == ["a", "b"]


def test_weights_say_how_often_an_option_is_drawn(words):
    template = Template("{9::often|seldom|0::never}", words)
    drawn = [template.drawn(1, seed)[0] for seed in range(400)]
    assert 320 < drawn.count("often") < 390 and "never" not in drawn
