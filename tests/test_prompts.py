"""Hints are gentle, and only where they are called for."""

import pytest

from bigart_lib.generate.prompts import EXAMPLES, MOST_SUGGESTIONS, about_words, hint
from bigart_lib.generate.words import Reading


@pytest.mark.parametrize("prompt", [prompt for group in EXAMPLES.values() for prompt in group])
def test_no_hint_for_a_prompt_that_works(prompt):
    assert hint(prompt) == ""


@pytest.mark.parametrize(
    "prompt", ["children playing", "The Mona Lisa", "portrait of a sailor", "Barack Obama"]
)
def test_people_are_hinted_at(prompt):
    assert "without people" in hint(prompt)


@pytest.mark.parametrize("prompt", ["freedom", "a brand new day", "haywire"])
def test_ideas_that_cannot_be_seen_are_hinted_at(prompt):
    assert "No common picture" in hint(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["", "New York skyline", "the river at a time of peace in autumn", "Golden Gate Bridge", "a queenfish"],
)
def test_what_only_looks_like_them_is_not(prompt):
    assert hint(prompt) == ""


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
        (Reading(("lake",), beyond=("sea",)), "Followed: lake. Too far back in the prompt to be read: sea."),
    ],
)
def test_only_what_is_not_followed_as_it_stands_is_told(reading, words):
    assert about_words("it", reads(("it", reading)), "small") == words


def test_where_no_word_is_known_examples_are_suggested_of_which_all_are():
    unknown = [(example, Reading(unknown=("x",))) for example in EXAMPLES["Pets"]]
    words = about_words("zzyzx", reads(("zzyzx", Reading(unknown=("zzyzx",))), *unknown), "small")
    assert "The small models know none of these words" in words
    assert words.count("“") == MOST_SUGGESTIONS
    assert not [example for example in EXAMPLES["Pets"] if example in words]
