"""What is said of a prompt is short, and only where it is called for."""

import pytest

from bigart_lib.generate.prompts import EXAMPLES, LIMITS, MOST_LEFT_OUT, MOST_SUGGESTIONS, about_words
from bigart_lib.generate.words import Reading


def test_the_limits_are_told_in_one_or_two_sentences():
    assert "people" in LIMITS and "ideas" in LIMITS
    assert LIMITS.endswith(".") and 1 <= LIMITS.count(".") <= 2


def reads(*readings):
    """A reader with a reading for a prompt, and every word followed of any other."""
    return lambda prompt: dict(readings).get(prompt, Reading(followed=(prompt,)))


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading(("lake",)), ""),
        (Reading(), ""),
        (
            Reading(("sunset", "lake"), ("zzyzx",)),
            "Followed: sunset, lake. Not known to the small models: zzyzx.",
        ),
        (
            Reading(("dog", "ocean"), read_as=(("dog", "corgi"), ("ocean", "sea"))),
            "Read “dog” as “corgi” and “ocean” as “sea”.",
        ),
        (
            Reading(("lake",), beyond=("sea", "sky"), length=(2, 5)),
            "Only the first 2 of 5 tokens (words, or parts of them) are read; left out: sea and sky.",
        ),
        (
            Reading(("sea",), length=(2, 3)),
            "Only the first 2 of 3 tokens (words, or parts of them) are read.",
        ),
    ],
)
def test_only_what_is_not_followed_as_it_stands_is_told(reading, words):
    assert about_words("it", reads(("it", reading)), "small") == words


def test_of_a_very_long_prompt_not_every_word_is_listed_that_is_left_out():
    beyond = tuple(f"word{number}" for number in range(MOST_LEFT_OUT + 3))
    words = about_words("it", reads(("it", Reading(("lake",), beyond=beyond, length=(2, 30)))), "small")
    assert words.endswith(f"{beyond[MOST_LEFT_OUT - 1]} and 3 more.") and len(words) < 300


def test_where_no_word_is_known_examples_are_suggested_of_which_all_are():
    unknown = [(example, Reading(unknown=("x",))) for example in EXAMPLES["Pets"]]
    words = about_words("zzyzx", reads(("zzyzx", Reading(unknown=("zzyzx",))), *unknown), "small")
    assert "The small models know none of these words" in words
    assert words.count("“") == MOST_SUGGESTIONS
    assert not [example for example in EXAMPLES["Pets"] if example in words]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a lake with no blue", "“no blue” may paint just that: models do not read “no”."),
        (
            "a lake WITHOUT any boats",
            "“WITHOUT any boats” may paint just that: models do not read “without”.",
        ),
        (
            "a {red|blue} lake",
            "Braces are read as they stand; `bigart series` makes a picture of each choice",
        ),
    ],
)
def test_ways_of_writing_that_no_model_follows_are_named(prompt, said):
    assert said in about_words(prompt, lambda _: Reading(followed=("lake",)), "small")


def test_words_that_only_begin_like_a_negation_are_none():
    for prompt in ("a northern lake", "a notebook", "nocturne in blue", "{a lake}"):
        assert about_words(prompt, lambda _: Reading(followed=("lake",)), "small") == ""
