"""The studio without a kernel: buttons are clicked and sliders moved from here."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import bigart_lib
from bigart_lib import settings
from bigart_lib.bigart import BigArt
from bigart_lib.generate.prompts import EXAMPLES
from bigart_lib.progress import Progress
from bigart_lib.studio.overview import CROP
from bigart_lib.studio.studio_page import Studio

WAIT = 120  # seconds that a job of tiny models may take on a busy machine


class Artist:
    """Does in a studio what people do, and waits for what comes of it."""

    def __init__(self, folder):
        self.studio = Studio(bigart_lib.load("embedded", device="cpu"), folder)
        self.prompt, self.picks = self.studio.prompt_card, self.studio.pick_card
        self.small, self.large, self.result = (
            self.studio.small_card, self.studio.large_card, self.studio.result_card,
        )  # fmt: skip

    def click(self, button):
        assert not button.disabled, f"{button.description} cannot be clicked"
        button.click()
        self.studio.jobs.wait(WAIT)

    def create(self, prompt="a lake", seed="5"):
        self.prompt.prompt.value = prompt
        self.prompt.seed.value = seed
        self.click(self.prompt.create)

    def pick(self, number):
        self.click(self.picks.thumbnails[number - 1])


@pytest.fixture
def artist(tiny_models, tmp_path):
    return Artist(tmp_path / "pictures")


def shown(widget):
    return widget.layout.display != "none"


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_the_controls_have_the_bounds_of_the_settings(artist):
    prompt, small = artist.prompt, artist.small
    assert (prompt.steps.min, prompt.steps.max) == settings.STEPS
    assert (prompt.guidance.min, prompt.guidance.max) == settings.GUIDANCE
    assert prompt.sampler.options == settings.SAMPLERS
    assert (small.amount.min / 100, small.amount.max / 100) == settings.TEXTURE_AMOUNT
    assert (small.size.min, small.size.max) == settings.TEXTURE_SIZE
    assert small.texture() == settings.TextureSettings()


def test_seven_are_painted_and_can_be_picked(artist):
    artist.create()
    assert "7 pictures in" in artist.prompt.progress.words
    assert not any(thumbnail.disabled for thumbnail in artist.picks.thumbnails)
    assert artist.picks.thumbnails[3].description == "4: a lake, seed 5"
    artist.pick(4)
    picked = ["bigart-picked" in thumbnail._dom_classes for thumbnail in artist.picks.thumbnails]
    assert picked == [False, False, False, True, False, False, False]
    assert shown(artist.small._body) and not shown(artist.large._body)


def test_thumbnails_are_shown_while_they_are_painted(artist, monkeypatch):
    seen = []
    monkeypatch.setattr(artist.picks, "show", lambda images: seen.append((len(images), images[0].size)))
    monkeypatch.setattr("bigart_lib.studio.jobs.SHOW_EVERY", 0)
    artist.create()
    assert (7, (64, 64)) in seen and seen[-1] == (7, (256, 256))


def test_an_example_fills_in_the_prompt(artist):
    artist.click(artist.prompt.examples[0])
    assert artist.prompt.prompt.value == EXAMPLES["Abstract"][0]


def test_a_hint_comes_before_anything_is_painted(artist):
    artist.prompt.prompt.value = "a portrait of a queen"
    assert "without people" in artist.prompt.hint
    artist.prompt.prompt.value = "a lake"
    assert artist.prompt.hint == ""


def test_the_prompt_card_says_which_words_are_followed(artist):
    artist.prompt.prompt.value = "A zzyzx over a <Lake>"
    assert artist.prompt.hint == "Followed: Lake. Not known to the embedded models: zzyzx."
    artist.prompt.prompt.value = "a pond"
    assert artist.prompt.hint == "Read “pond” as “lake”."
    artist.prompt.prompt.value = "zzyzx"
    assert "none of these words" in artist.prompt.hint and "sunset over a lake" in artist.prompt.hint
    artist.prompt.prompt.value = "lakes"
    assert artist.prompt.hint == ""


def test_what_cannot_be_painted_comes_before_what_is_followed(artist):
    artist.prompt.prompt.value = "a sailor on a lake"
    hint, words = artist.prompt.hint.split(" Followed: ")
    assert "without people" in hint and words.startswith("lake.")


@pytest.mark.parametrize("seed", ["-1", "seven", "1.5", ""])
def test_a_bad_seed_is_told_in_words_and_nothing_is_painted(artist, seed):
    artist.prompt.seed_from.value = "number"
    artist.create(seed=seed)
    assert (
        "bigart-error" in artist.prompt.progress.words and "the seed must be" in artist.prompt.progress.words
    )
    assert not artist.studio.session.folder.exists()


def test_an_empty_prompt_is_told_in_words(artist):
    artist.create(prompt="  ")
    assert "the prompt is empty" in artist.prompt.progress.words
    artist.create()
    assert "7 pictures in" in artist.prompt.progress.words


def test_seeds_are_new_kept_or_a_number(artist):
    artist.prompt.seed_from.value = "new"
    first, second = artist.prompt.settings().seed, artist.prompt.settings().seed
    artist.prompt.seed_from.value = "keep"
    kept = artist.prompt.settings().seed
    assert first != second == kept
    artist.prompt.seed.value = "12"
    assert artist.prompt.seed_from.value == "number" and artist.prompt.settings().seed == 12


def test_a_slider_shows_that_crop_of_what_make_will_make(artist):
    artist.create()
    artist.pick(2)
    artist.click(artist.small.make)
    before = artist.small.image.value
    artist.small.amount.value, artist.small.size.value = 12.0, 5
    artist.small.overview.spot.value = "0.9 0.3"
    preview = pixels(artist.small.image.value)
    assert artist.small.image.value != before
    artist.click(artist.small.make)
    path = artist.studio.session.work(artist.studio.batch, 1).files["1024_textured"]
    box = artist.small.overview.box
    assert box == (512, 51, 1024, 563)
    with Image.open(path) as image:
        assert np.array_equal(preview, np.asarray(image.crop(box)))


def test_moving_a_slider_runs_no_network(artist, monkeypatch):
    artist.create()
    artist.pick(1)
    artist.click(artist.small.make)
    monkeypatch.setattr(BigArt, "_network", lambda *_: pytest.fail("a network ran"))
    artist.small.amount.value, artist.small.size.value = 3.0, 9


def test_the_whole_way_to_a_print(artist):
    artist.create()
    artist.pick(3)
    artist.small.enhance.value = True
    artist.click(artist.small.make)
    assert shown(artist.small.comparison.widget) and "before VQGAN" in artist.small.comparison.widget.value
    artist.click(artist.large.make)
    assert "Made in" in artist.large.progress.words
    facts = artist.result.facts
    assert "4096 × 4096 pixels" in facts and "34.7 × 34.7 cm, 13.7 × 13.7 in" in facts
    assert "bicubic" in artist.result.comparison.widget.value
    preview = pixels(artist.large.image.value)
    path = artist.studio.session.work(artist.studio.batch, 2).files["4096"]
    with Image.open(path) as image:
        assert image.size == (4096, 4096) and round(image.info["dpi"][0]) == 300
        assert np.array_equal(preview, np.asarray(image.crop(artist.large.overview.box)))
    sent = (artist.result.comparison.widget, artist.result.overview._picture, artist.large.image)
    assert max(len(widget.value) for widget in (artist.picks._style, *sent)) < 1e6


def test_cancel_stops_at_the_next_step_and_the_next_run_works(artist):
    original = artist.prompt.progress.show
    steps = []

    def cancel_at_the_first(progress: Progress):
        original(progress)
        steps.append(progress)
        artist.prompt.progress.cancel_button.click()

    artist.prompt.progress.show = cancel_at_the_first
    artist.create()
    assert "Cancelled" in artist.prompt.progress.words
    assert len(steps) <= 3 and all(progress.step <= 2 for progress in steps)
    artist.prompt.progress.show = original
    artist.create()
    assert "7 pictures in" in artist.prompt.progress.words


def test_cancel_brings_back_the_batch_before(artist):
    artist.create()
    before = artist.studio.batch
    artist.prompt.progress.show = lambda progress: artist.studio.cancel()
    artist.create(seed="6")
    assert artist.studio.batch is before and not artist.picks.thumbnails[0].disabled


def test_a_failing_job_is_told_in_words_and_the_next_run_works(artist, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("bigart_lib.pictures.images.save", fail)
        artist.create()
    assert "No space left on device" in artist.prompt.progress.words
    artist.create()
    assert "7 pictures in" in artist.prompt.progress.words


def test_nothing_can_be_begun_while_something_is_made(artist, monkeypatch):
    disabled = []

    def look(progress):
        buttons = (artist.prompt.create, artist.picks.seven_more, artist.small.make, artist.large.make)
        disabled.append(all(button.disabled for button in buttons))

    artist.prompt.progress.show = look
    artist.create()
    assert disabled and all(disabled)


def test_earlier_batches_and_favourites_are_reached_from_the_strip(artist):
    artist.create(seed="5")
    artist.pick(6)
    artist.click(artist.picks.favourite)
    artist.create(prompt="sunset", seed="6")
    assert [tile.description for tile in artist.picks.tiles] == ["sunset, seed 6", "a lake, seed 5"]
    artist.click(artist.picks.tiles[1])
    assert artist.studio.batch.candidates.prompt == artist.prompt.prompt.value == "a lake"
    artist.picks.strip_of.value = "Favourites"
    artist.click(artist.picks.tiles[0])
    assert artist.studio.picked == 5 and artist.picks.favourite.description.startswith("★")


def test_more_like_this_and_seven_more_paint_batches(artist):
    artist.create(seed="5")
    artist.pick(2)
    artist.click(artist.picks.more_like_this)
    settings = artist.studio.batch.candidates.settings
    assert [(one.seed, one.index) for one in settings.near] == [(5, 1)]
    artist.click(artist.picks.seven_more)
    assert artist.studio.batch.candidates.settings.seed != settings.seed


def test_a_new_studio_offers_to_continue_and_does(artist, tmp_path):
    artist.create()
    artist.pick(7)
    artist.small.size.value = 4
    artist.click(artist.small.make)
    later = Artist(artist.studio.session.folder)
    assert shown(later.studio.continue_row)
    assert "a lake, seed 5, painted up to 1024 px" in later.studio.continue_row.children[0].value
    later.click(later.studio.continue_row.children[1])
    assert later.studio.picked == 6 and later.small.size.value == 4
    assert later.small.image.value == artist.small.image.value
    assert not shown(later.studio.continue_row)


def test_the_cell_that_shows_a_studio_can_be_run_again(tiny_models, tmp_path):
    for _ in range(2):
        names = {"pictures": tmp_path}
        exec(
            "import bigart_lib\nfrom bigart_lib.studio import studio\nstudio(bigart_lib.load(), pictures)",
            names,
        )


def test_no_offer_where_nothing_was_made(artist):
    assert not shown(artist.studio.continue_row)


def test_what_artists_type_is_text_in_the_page(artist):
    artist.create(prompt="<b>lake</b>")
    later = Artist(artist.studio.session.folder)
    words = later.studio.continue_row.children[0].value
    assert "<b>lake" not in words and "&lt;b&gt;lake&lt;/b&gt;" in words


def test_a_crop_stays_inside_the_picture(artist):
    artist.create()
    artist.pick(1)
    artist.click(artist.small.make)
    for spot in ("0 0", "1 1", "-3 9", "nonsense", ""):
        artist.small.overview.spot.value = spot
        left, upper, right, lower = artist.small.overview.box
        assert right - left == lower - upper == CROP
        assert left >= 0 and upper >= 0 and right <= 1024 and lower <= 1024


def test_the_page_asks_no_other_machine_for_anything(artist):
    artist.create()
    page = artist.studio.widget.children[0].value
    addresses = re.findall(r"(?:src|href|url\()=?[\"'(]?([^\"')>\s]+)", page)
    assert addresses and all(address.startswith("data:") for address in addresses)
