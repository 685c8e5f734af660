"""Words of a prompt are found in a small vocabulary, by themselves or as another, or said to be unknown."""

import json
from importlib.resources import files

import pytest

from bigart_lib.generate.words import Reading, make_reading, read_words, spelled_reading, split_words

TABLES = json.loads(files("bigart_lib.generate").joinpath("words.json").read_text(encoding="utf-8"))
FUNCTION_WORDS = {*" ".join(TABLES["function words"]).split()}
SYNONYMS = [entry for topic in TABLES["synonyms"].values() for entry in topic.items()]


def read(prompt, vocabulary, context_length=20):
    return make_reading(prompt, vocabulary.split(), context_length)


def known(prompt, vocabulary):
    return [known for word in read_words(prompt, vocabulary.split()) for known in word.known]


def test_words_are_told_once_in_their_spelling_and_order_without_function_words():
    reading = read("A Zzyzx sunset over the LAKE, and a lake with zzyzx", "a lake over sunset")
    assert reading == Reading(followed=("sunset", "LAKE"), unknown=("Zzyzx",))


@pytest.mark.parametrize(
    ("word", "vocabulary"),
    [
        ("mountains", "mountain"),
        ("mountain", "mountains"),
        ("boxes", "box"),
        ("box", "boxes"),
        ("skies", "sky"),
        ("sky", "skies"),
        ("leaves", "leaf"),
        ("geese", "goose"),
        ("colour", "color"),
        ("color", "colour"),
        ("Grey", "gray"),
        ("watercolours", "watercolor"),
        ("harbor", "harbours"),
        ("café", "cafe"),
        ("mountain's", "mountains"),
    ],
)
def test_a_form_of_a_known_word_is_followed_without_a_word(word, vocabulary):
    assert known(word, vocabulary) == [vocabulary]
    assert read(word, vocabulary) == Reading(followed=(word,))


def test_hyphens_separate_words():
    assert known("Snow-capped", "capped snow") == ["snow", "capped"]


@pytest.mark.parametrize(
    ("word", "vocabulary"),
    [
        ("wood", "forest"),
        ("woods", "wood"),
        ("news", "new"),
        ("glass", "glas"),
        ("its", "it"),
        ("four", "for"),
    ],
)
def test_what_only_looks_like_a_form_is_not(word, vocabulary):
    assert known(word, vocabulary) == []


def test_a_word_is_read_as_one_that_the_vocabulary_holds():
    assert read("two dogs", "corgi two").read_as == (("dogs", "corgi"),)
    assert read("two dogs", "dog corgi two").read_as == ()
    assert read("two dogs", "two") == Reading(followed=("two",), unknown=("dogs",))


def test_the_first_known_of_several_stands_in():
    assert known("town", "city skyline") == ["city"]
    assert known("town", "skyline") == ["skyline"]


def test_a_phrase_stands_in_only_whole():
    assert known("kitten", "cat tabby") == ["tabby", "cat"]
    assert known("kitten", "tabby") == []


def test_a_known_word_further_back_than_the_model_reads_is_not_followed():
    reading = read("a lake of zzyzx over a sunset, a lake", "a lake over sunset", context_length=4)
    assert reading == Reading(followed=("lake",), unknown=("zzyzx",), beyond=("sunset",), length=(4, 7))


@pytest.mark.parametrize("prompt", ["закат", "🌅", "42", "?!"])
def test_a_prompt_without_one_latin_letter_is_unknown(prompt):
    assert read(prompt, "a lake") == Reading(unknown=(prompt,))


def test_an_apostrophe_or_an_accent_does_not_hide_what_is_known_beside_it():
    assert known("l'arc de Gogh's château", "arc gogh") == ["arc", "gogh"]


def test_a_caption_of_known_words_is_read_as_it_stands():
    caption = "a cat in snow-capped mountains, l'arc; café"
    words = split_words(caption)
    assert known(caption, " ".join(words)) == words


def test_where_every_word_is_known_function_words_and_signs_are_left_out():
    prompt = "A lake, a Lake and the sunset's light"
    assert spelled_reading(prompt, prompt.lower(), 20, 9) == Reading(("lake", "sunset's", "light"))


@pytest.mark.parametrize(
    ("prompt", "read", "followed", "beyond"),
    [
        ("a lake, a Boat", "a lake, a", ("lake",), ("Boat",)),
        ("a lake, a Boat", "a lake, a bo", ("lake",), ("Boat",)),
        ("a lake, a Boat, a lake", "a lake, a boat", ("lake", "Boat"), ()),
        ("İİİ İstanbul, lake", "İİİ İstanbul".lower(), ("İİİ", "İstanbul"), ("lake",)),
    ],
)
def test_what_is_not_read_to_its_end_is_left_out(prompt, read, followed, beyond):
    assert spelled_reading(prompt, read, 3, 5) == Reading(followed, beyond=beyond, length=(3, 5))


def test_the_table_holds_lower_case_words_that_stand_for_others():
    for phrase, words in SYNONYMS:
        assert not {*phrase.split()} & {*words.split()}, phrase
        assert phrase == " ".join(split_words(phrase)) and words == words.lower()
        assert len({*words.split()}) == len(words.split()), phrase
        assert not FUNCTION_WORDS & {*words.split(), *phrase.split()}
