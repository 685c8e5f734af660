"""Hints are gentle, and only where they are called for."""

import pytest

from bigart_lib.prompts import EXAMPLES, hint


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
