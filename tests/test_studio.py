"""The studio without a kernel: buttons are clicked and sliders moved from here."""

import io
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest
from counters import count_networks
from PIL import Image

import bigart_lib
from bigart_lib import settings
from bigart_lib.generate.generator import Abilities
from bigart_lib.generate.prompts import EXAMPLES, LIMITS
from bigart_lib.generate.words import Reading
from bigart_lib.progress import Progress
from bigart_lib.runs.run import open_run
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.studio import opening
from bigart_lib.studio.overview import CROP
from bigart_lib.studio.progress_row import ProgressRow
from bigart_lib.studio.prompt_card import PromptCard
from bigart_lib.studio.studio_page import Studio

WAIT = 120  # seconds that a job of tiny models may take on a busy machine


class Artist:
    """Does in a studio what people do, and waits for what comes of it."""

    def __init__(self, folder):
        self.bigart = bigart_lib.load("embedded", device="cpu")
        self.studio = Studio(self.bigart, folder)
        self.prompt, self.picks = self.studio.prompt_card, self.studio.pick_card
        panel = self.studio.work_panel
        (self.small, self.large), self.result = panel.enlarge_cards, panel.print_card

    @property
    def status(self):
        return self.studio.tasks.row.words.value

    def click(self, button):
        assert not button.disabled, f"{button.description} cannot be clicked"
        button.click()
        self.studio.tasks.jobs.wait(WAIT)

    def create(self, prompt="a lake", seed="5", count=2):
        self.prompt.prompt.value = prompt
        self.prompt.seed.value = seed
        self.prompt.choices["count"].value = count
        self.click(self.prompt.create)

    def go_on(self):
        """Continue with the batch on disk, and with number 3 that was picked there."""
        self.click(self.studio.gallery.found.children[1])
        return self

    def pick(self, number):
        self.click(self.picks.thumbnails[number - 1])

    def work(self, index=2):
        return self.studio.session.work(self.studio.batch, index)

    def file(self, name):
        return self.work().folder / f"{name}.png"


@pytest.fixture
def artist(tiny_models, tmp_path):
    """One before an empty studio."""
    return Artist(tmp_path / "pictures")


@pytest.fixture
def returning(tiny_models, painted):
    """One who goes on with what was painted before: number 3 of seven, at 1K with VQGAN."""
    return Artist(painted).go_on()


@pytest.fixture
def networks(returning, monkeypatch):
    return count_networks(monkeypatch, returning.bigart)


def everything(widget):
    """A widget and all that lies in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def shown(widget):
    return widget.layout.display != "none"


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_the_controls_have_the_bounds_of_the_settings(artist):
    prompt, small = artist.prompt.choices, artist.small
    assert (prompt["steps"].min, prompt["steps"].max) == settings.STEPS
    assert (prompt["guidance"].min, prompt["guidance"].max) == settings.GUIDANCE
    assert (prompt["count"].min, prompt["count"].max) == settings.COUNT
    assert prompt["sampler"].options == settings.SAMPLERS
    assert (small.amount.min / 100, small.amount.max / 100) == settings.TEXTURE_AMOUNT
    assert (small.size.min, small.size.max) == settings.TEXTURE_SIZE
    assert small.texture() == TextureSettings()


def test_only_what_a_generator_can_do_is_offered():
    plain = SimpleNamespace(abilities=Abilities(guidance=False), complete=lambda settings: settings)
    plain.native = lambda shape=1.0: (64, 64)
    bigart = SimpleNamespace(generator=plain, name="plain", read=lambda prompt: Reading((), (), (), ()))
    bigart.describe = lambda: "plain models"
    card = PromptCard(bigart, print, lambda function: function)
    assert [*card.choices] == ["count", "shape"] and card.settings().steps is None
    card.take_over("a lake", GenerateSettings(seed=1, steps=9, sampler="ddim"))
    assert card.prompt.value == "a lake" and card.settings().sampler is None


def test_candidates_are_painted_and_can_be_picked(artist):
    artist.create(count=3)
    assert "3 pictures in" in artist.status
    assert not any(thumbnail.disabled for thumbnail in artist.picks.thumbnails)
    assert [one.description for one in artist.picks.thumbnails] == [f"{n}: a lake, seed 5" for n in (1, 2, 3)]
    artist.pick(2)
    picked = ["bigart-picked" in thumbnail._dom_classes for thumbnail in artist.picks.thumbnails]
    assert picked == [False, True, False]
    assert shown(artist.small._body) and not shown(artist.large._body)


def test_as_many_places_are_shown_as_there_are_candidates(artist):
    assert len(artist.picks.thumbnails) == GenerateSettings.count
    for count in (12, 5, 7):
        artist.picks.show_batch("a lake", 5, count * [Image.new("RGB", (8, 8))])
        assert len(artist.picks.thumbnails) == count
        styles = [style.value for style in artist.picks._styles.children]
        assert [style.count(".bigart-thumb:nth-child(") for style in styles] == count * [1]
        assert artist.picks.thumbnails[-1].description.startswith(f"{count}: ")


def test_thumbnails_are_shown_as_they_are_begun(artist, monkeypatch):
    seen = []
    monkeypatch.setattr(artist.picks, "show", lambda images: seen.append((len(images), images[0].size)))
    monkeypatch.setattr("bigart_lib.studio.jobs.SHOW_EVERY", 0)
    monkeypatch.setattr("bigart_lib.studio.jobs.POLL", 0)
    artist.create()
    assert seen[0] == (1, (64, 64)) and seen[-1] == (2, (256, 256)) and seen == sorted(seen, key=sum_of)


def sum_of(one):
    return one[1][0], one[0]


def test_an_example_fills_in_the_prompt(artist):
    artist.click(artist.prompt.examples[0])
    assert artist.prompt.prompt.value == EXAMPLES["Abstract"][0]


def test_what_cannot_be_painted_is_said_once_and_for_all(artist):
    limits = artist.prompt._limits
    assert limits.value == LIMITS and shown(limits)


def test_the_prompt_card_says_which_words_are_followed(artist):
    artist.prompt.prompt.value = "A zzyzx over a <Lake>"
    assert artist.prompt.hint.value == "Followed: Lake. Not known to the embedded models: zzyzx."
    artist.prompt.prompt.value = "a pond"
    assert artist.prompt.hint.value == "Read “pond” as “lake”."
    artist.prompt.prompt.value = "zzyzx"
    assert (
        "none of these words" in artist.prompt.hint.value and "sunset over a lake" in artist.prompt.hint.value
    )
    artist.prompt.prompt.value = "lakes"
    assert artist.prompt.hint.value == ""


@pytest.mark.parametrize("seed", ["-1", "seven", "1.5", ""])
def test_a_bad_seed_is_told_in_words_and_nothing_is_painted(artist, seed):
    artist.prompt.seed_from.value = "number"
    artist.create(seed=seed)
    assert "bigart-error" in artist.status and "the seed must be" in artist.status
    assert not artist.studio.session.folder.exists()


def test_an_empty_prompt_is_told_in_words_and_leaves_the_page_as_it_was(returning):
    returning.create(prompt="  ")
    assert "Type what to paint first" in returning.prompt.hint.value
    returning.prompt.prompt.value = "a lake"
    assert returning.prompt.hint.value == ""
    assert returning.studio.picked == 2 and len(returning.picks.thumbnails) == 7


def test_seeds_are_new_kept_or_a_number(artist):
    artist.prompt.seed_from.value = "new"
    first, second = artist.prompt.settings().seed, artist.prompt.settings().seed
    artist.prompt.seed_from.value = "keep"
    kept = artist.prompt.settings().seed
    assert first != second == kept
    artist.prompt.seed.value = "12"
    assert artist.prompt.seed_from.value == "number" and artist.prompt.settings().seed == 12


def test_a_batch_from_disk_brings_back_all_that_it_was_painted_with(returning):
    prompt = returning.prompt
    prompt.seed_from.value = "keep"
    assert prompt.settings() == returning.studio.batch.candidates.settings
    asked = {"steps": 3, "guidance": 2.5, "sampler": "ddim"}
    of_the_models = {"guided": 1.0, "spacing": "even", "upsampler_timesteps": (500, 0)}
    assert prompt.settings() == GenerateSettings(5, 7, **asked, **of_the_models)


def test_a_slider_shows_that_crop_of_what_make_will_make(returning):
    small, before = returning.small, returning.small.image.value
    small.amount.value, small.size.value = 12.0, 5
    small.overview.spot.value = "0.9 0.3"
    preview = pixels(small.image.value)
    assert small.image.value != before
    returning.click(small.make)
    box = small.overview.box
    assert box == (512, 51, 1024, 563)
    with Image.open(returning.file("1024_textured-2")) as image:
        assert np.array_equal(preview, np.asarray(image.crop(box)))


def test_another_texture_runs_no_network_and_the_button_says_so(returning, networks):
    small = returning.small
    assert small.make.description == "1K is made" and small.make.disabled
    assert small._note.value == "At 1:1, the very pixels of the result."
    small.enhance.value = False
    small.amount.value, small.size.value = 3.0, 9
    assert small.make.description.startswith("New texture only, about ")
    returning.click(small.make)
    assert networks == [] and small.make.description == "1K is made"
    small.enhance.value = True
    assert re.fullmatch("Make 1K, about .+", small.make.description)


def test_buttons_tell_the_time_of_all_that_is_still_to_be_made(returning):
    def seconds(card):
        studio = returning.studio
        return studio.session.forecast(studio.batch, studio.picked, studio.work_panel.wanted(card))

    returning.pick(1)
    assert "Make 1K, about " in returning.small.make.description
    actions = [step.action for step in seconds(returning.large).steps]
    assert actions == ["enlarge", "texture", "enhance", "enlarge", "texture"]
    assert seconds(returning.large).seconds > seconds(returning.small).seconds > 0


def test_speed_is_measured_soon_after_the_start_and_not_in_a_click(
    tiny_models, painted, tmp_path, monkeypatch
):
    measured = []
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bigart_lib.machine.speeds.measure_speed", lambda *_: measured.append(1) or 1e10)
    monkeypatch.setattr(opening, "WARM_UP_AFTER", 0)
    opening.open_studio(bigart_lib.load("embedded", device="cpu"), painted, None)
    opening._warming[0].join(WAIT)
    assert len(measured) == 1
    page = opening._at_work[0]
    page.gallery.found.children[1].click()
    page.tasks.jobs.wait(WAIT)
    page.pick(0)
    opening._close_before()
    assert len(measured) == 1


def test_work_that_begins_while_the_studio_warms_up_waits_for_it_and_there_is_none_beside_work(artist):
    tasks, order, goes_on = artist.studio.tasks, [], threading.Event()

    def slow():
        goes_on.wait(WAIT)
        order.append("warm")

    warming = threading.Thread(target=tasks.warm_up, args=(slow,))
    warming.start()
    tasks.start(lambda report: order.append("work"), lambda *_: "done")
    time.sleep(0.1)
    assert order == []
    goes_on.set()
    tasks.jobs.wait(WAIT)
    assert order == ["warm", "work"]
    goes_on.clear()
    tasks.start(lambda report: goes_on.wait(WAIT), lambda *_: "done")
    tasks.warm_up(lambda: order.append("beside"))
    goes_on.set()
    tasks.jobs.wait(WAIT)
    assert order == ["warm", "work"]


def test_what_loading_and_painting_announce_is_on_the_page_until_it_is_closed(tiny_models, tmp_path):
    def load(announce):
        announce("the <b>GPU</b> cannot be used")
        return bigart_lib.load("embedded", device="cpu", announce=announce)

    opening.open_studio(load, tmp_path, None)
    (page,), notes = opening._at_work, opening._at_work[0].notes
    assert notes.widget in page.widget.children and shown(notes.widget)
    assert "the &lt;b&gt;GPU&lt;/b&gt; cannot be used" in notes._words.value
    notes.close.click()
    assert not shown(notes.widget)
    for _ in range(2):
        page.session.bigart.announce("memory ran out")
    assert shown(notes.widget) and notes._words.value.count("memory ran out") == 1
    opening._close_before()


def test_large_candidates_are_enlarged_once_on_one_card(tiny_models, tmp_path, monkeypatch):
    bigart = bigart_lib.load("embedded", device="cpu")
    monkeypatch.setattr(bigart.generator, "native", lambda shape=1.0: (1024, 1024))
    studio = Studio(bigart, tmp_path)
    (card,) = studio.work_panel.enlarge_cards
    assert card.name == "4K" and shown(card.enhance)


def test_what_memory_does_not_allow_is_said_before_the_work(returning, monkeypatch):
    monkeypatch.setattr(returning.bigart.enlarger, "compromise", lambda *_: "it is done <in pieces>")
    returning.pick(1)
    to_be_made = "To be made: 1K, texture on 1K, VQGAN on 1K."
    assert returning.small._note.value == f"{to_be_made} it is done &lt;in pieces&gt;"


def test_progress_is_that_of_the_whole_plan():
    row = ProgressRow(print)
    row.show(Progress("enlarge", 1, 2, share=0.42, seconds_left=120))
    assert "Enlarging: 42 %, about 2 minutes left" in row.words.value
    row.show(Progress("enhance", 1, 2))
    assert "VQGAN repaints details: 50 %<" in row.words.value


@pytest.mark.slow
def test_the_whole_way_to_a_print(returning, networks):
    returning.pick(4)
    returning.small.enhance.value = True
    returning.click(returning.small.make)
    comparison = returning.small.comparison.widget
    assert shown(comparison) and "before VQGAN" in returning.small.comparison.words.value
    assert networks == ["enlarge", "enhance"]
    returning.click(returning.large.make)
    assert networks == ["enlarge", "enhance", "enlarge"]
    assert "Made in" in returning.status
    facts = returning.result.facts.value
    assert "4096 × 4096 pixels" in facts and "34.7 × 34.7 cm, 13.7 × 13.7 in" in facts
    names = ["4096", "1024_enhanced", "1024_textured", "1024", "256", "64"]
    assert re.findall(r"<code>(\w+)\.png", facts) == names
    preview = pixels(returning.large.image.value)
    with Image.open(returning.work(3).folder / "4096.png") as image:
        assert image.size == (4096, 4096) and round(image.info["dpi"][0]) == 300
        assert np.array_equal(preview, np.asarray(image.crop(returning.large.overview.box)))
    sent = (returning.result.whole, returning.result.wall, returning.large.image)
    assert max(len(widget.value) for widget in (*returning.picks._styles.children, *sent)) < 1e6
    returning.large.amount.value = 9.0
    assert returning.large.make.description.startswith("New texture only, about ")
    returning.small.amount.value = 9.0
    assert returning.large.make.description.startswith("Make 4K, about ")
    assert returning.large._note.value == (
        "At 1:1, as it was made before, not saved yet. "
        "To be made: texture on 1K, VQGAN on 1K, 4K, texture on 4K."
    )


def test_cancel_stops_at_the_next_step_and_the_next_run_works(artist):
    original = artist.studio.tasks.row.show
    steps = []

    def cancel_at_the_first(progress: Progress):
        original(progress)
        steps.append(progress)
        artist.studio.tasks.row.cancel.click()

    artist.studio.tasks.row.show = cancel_at_the_first
    artist.create()
    assert "Cancelled" in artist.status
    assert len(steps) <= 3 and all(progress.step <= 2 for progress in steps)
    artist.studio.tasks.row.show = original
    artist.create()
    assert "2 pictures in" in artist.status


def test_cancel_brings_back_the_batch_before(returning):
    before = returning.studio.batch
    returning.studio.tasks.row.show = lambda progress: returning.studio.tasks.cancel()
    returning.create(seed="6")
    assert returning.studio.batch is before and len(returning.picks.thumbnails) == 7
    assert not returning.picks.thumbnails[0].disabled


def test_a_cancelled_painting_is_not_wanted_any_more(returning):
    returning.studio.tasks.row.show = lambda progress: returning.studio.tasks.cancel()
    returning.click(returning.large.make)
    assert "Cancelled" in returning.status and not returning.large.make.disabled
    run = open_run(returning.studio.batch.run.path)
    assert run.unfinished() == [] and returning.work().settings() == PaintSettings(1024, enhance=True)
    returning.pick(5)
    returning.studio.tasks.row.show = lambda progress: returning.studio.tasks.cancel()
    returning.click(returning.small.make)
    assert [one.index for one in open_run(run.path).wanted() if one.paint] == [2]


def test_a_failing_job_is_told_in_words_and_the_next_run_works(artist, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("bigart_lib.pictures.writing.save", fail)
        artist.create()
    assert "No space left on device" in artist.status
    artist.create()
    assert "2 pictures in" in artist.status


def test_what_cannot_wait_cannot_be_begun_while_something_is_made(returning):
    disabled = []

    def look(progress):
        buttons = (returning.small.make, returning.large.make)
        disabled.append(all(button.disabled for button in buttons))

    returning.studio.tasks.row.show = look
    returning.create()
    assert disabled and all(disabled)


def test_what_is_created_meanwhile_waits_and_is_painted_in_order(artist):
    queue, asked, names = artist.studio.tasks.queue, [], ["a lake", "sunset", "mountains", "circles"]

    def ask_for_more(progress):
        if not asked:
            assert artist.prompt.create.description == "Queue 2"
            for name in names[1:]:
                artist.prompt.prompt.value = name
                artist.prompt.create.click()
            asked.extend(one.words for one in queue.waiting)
            assert shown(queue.widget)
            up, away = queue._rows.children[2].children[1], queue._rows.children[0].children[2]
            up.click()
            away.click()
            artist.prompt.prompt.value = "typed meanwhile"

    artist.studio.tasks.row.show = ask_for_more
    artist.create(names[0])
    assert asked == ["2 of “sunset”", "2 of “mountains”", "2 of “circles”"]
    made = [batch.candidates.prompt for batch in artist.studio.session.batches]
    assert made == ["a lake", "circles", "mountains"] and not shown(queue.widget)
    assert artist.prompt.prompt.value == "typed meanwhile" and artist.prompt.create.description == "Create 2"


def test_the_queue_goes_on_after_a_cancel_and_can_be_emptied(artist):
    queue, seen = artist.studio.tasks.queue, []

    def cancel_the_first(progress):
        if not seen:
            seen.append(progress)
            artist.prompt.prompt.value = "sunset"
            artist.prompt.create.click()
            artist.studio.tasks.cancel()

    artist.studio.tasks.row.show = cancel_the_first
    artist.create()
    assert [batch.candidates.prompt for batch in artist.studio.session.batches] == ["sunset"]

    def empty(progress):
        artist.prompt.create.click()
        queue.empty.click()

    artist.studio.tasks.row.show = empty
    artist.create()
    assert len(artist.studio.session.batches) == 2


def test_a_cancelled_batch_leaves_what_is_typed_and_picked(returning):
    def type_and_cancel(progress):
        returning.prompt.prompt.value = "typed meanwhile"
        returning.studio.tasks.cancel()

    returning.studio.tasks.row.show = type_and_cancel
    returning.create(seed="6")
    assert returning.prompt.prompt.value == "typed meanwhile" and returning.studio.picked == 2


def test_what_an_example_or_a_batch_replaces_can_be_brought_back(returning):
    prompt = returning.prompt
    prompt.prompt.value, prompt.choices["steps"].value = "my own words", 9
    for replace_it in (prompt.examples[3], prompt.examples[4]):
        returning.click(replace_it)
    assert shown(prompt.back) and "my own words" in prompt.back.description
    returning.studio.open(returning.studio.batch)
    assert prompt.prompt.value == "a lake" and prompt.choices["steps"].value == 3
    returning.click(prompt.back)
    assert (
        prompt.prompt.value == "my own words"
        and prompt.choices["steps"].value == 9
        and not shown(prompt.back)
    )


def test_another_can_be_picked_while_one_is_made_and_stays_picked(returning):
    returning.pick(4)
    returning.studio.tasks.row.show = lambda progress: returning.picks.thumbnails[1].click()
    returning.click(returning.small.make)
    assert returning.studio.picked == 1 and returning.small.make.description.startswith("Make 1K")
    returning.pick(4)
    assert returning.small.make.description == "1K is made"


def test_more_like_this_and_more_paint_batches(artist):
    artist.create()
    artist.pick(2)
    artist.click(artist.picks.alike)
    candidates = artist.studio.batch.candidates
    assert [(one.seed, one.index) for one in candidates.settings.near] == [(5, 1)] and len(candidates) == 2
    artist.click(artist.picks.more)
    assert artist.studio.batch.candidates.settings.seed != candidates.settings.seed


def test_more_of_an_opened_batch_keep_its_settings(returning):
    opened = returning.studio.batch.candidates.settings
    assert returning.picks.more.description == "7 more"
    for button in (returning.picks.more, returning.picks.alike):
        returning.pick(1)
        returning.click(button)
        more = returning.studio.batch.candidates.settings
        assert more.seed != opened.seed
        assert replace(more, seed=opened.seed, near=()) == opened


def test_more_are_painted_with_the_settings_that_the_page_shows(returning):
    returning.prompt.choices["count"].value, returning.prompt.choices["steps"].value = 2, 4
    returning.prompt.choices["guidance"].value = 1.2
    assert returning.picks.more.description == "2 more"
    for button in (returning.picks.more, returning.picks.alike):
        returning.pick(1)
        returning.click(button)
        more = returning.studio.batch.candidates.settings
        assert (more.count, more.steps, more.guidance, more.sampler) == (2, 4, 1.2, "ddim")


def test_a_new_studio_offers_to_continue_and_does(returning):
    returning.pick(7)
    returning.small.size.value = 4
    returning.click(returning.small.make)
    later = Artist(returning.studio.session.folder)
    assert shown(later.studio.gallery.found)
    assert "a lake, seed 5, painted up to 1024 px" in later.studio.gallery.found.children[0].value
    later.go_on()
    assert later.studio.picked == 6 and later.small.size.value == 4
    assert later.small.image.value == returning.small.image.value
    assert not shown(later.studio.gallery.found)


def test_what_the_command_line_painted_goes_on_in_the_studio_and_back(
    tiny_models, tmp_path, monkeypatch, capsys
):
    from bigart_lib.cli.main import main

    line = ["a lake", "--seed=5", "--count=2", "--pick=2", "--size=1024", "--enhance", "--models=embedded"]
    line += ["--device=cpu", f"--out={tmp_path / 'pictures'}"]
    assert main(line) == 0
    artist = Artist(tmp_path / "pictures").go_on()
    networks = count_networks(monkeypatch, artist.bigart)
    assert artist.studio.picked == 1 and artist.small.make.description == "1K is made"
    assert artist.small.enhance.value and artist.small._enhanced is not None
    artist.small.enhance.value, artist.small.amount.value = False, 9.0
    artist.click(artist.small.make)
    assert networks == [] and (artist.work(1).folder / "1024_textured-2.png").is_file()
    run = open_run(artist.studio.batch.run.path)
    run.paint(artist.bigart, 1, PaintSettings(1024, TextureSettings(0.02, 2)))  # as the command line does
    assert networks == [] and run.unfinished() == []


def test_the_cell_that_shows_a_studio_can_be_run_again(tiny_models, tmp_path):
    for _ in range(2):
        names = {"pictures": tmp_path}
        exec(
            "import bigart_lib\nfrom bigart_lib.studio import studio\nstudio(bigart_lib.load(), pictures)",
            names,
        )


def test_no_offer_where_nothing_was_made(artist):
    assert not shown(artist.studio.gallery.found)


def test_what_artists_type_is_text_in_the_page(artist):
    artist.create(prompt="<b>lake</b>")
    later = Artist(artist.studio.session.folder)
    words = later.studio.gallery.found.children[0].value
    assert "<b>lake" not in words and "&lt;b&gt;lake&lt;/b&gt;" in words


def test_a_crop_stays_inside_the_picture(returning):
    for spot in ("0 0", "1 1", "-3 9", "nonsense", ""):
        returning.small.overview.spot.value = spot
        left, upper, right, lower = returning.small.overview.box
        assert right - left == lower - upper == CROP
        assert left >= 0 and upper >= 0 and right <= 1024 and lower <= 1024


def test_the_page_asks_no_other_machine_for_anything(returning):
    widgets = everything(returning.studio.widget)
    page = "".join(widget.value for widget in widgets if isinstance(widget, ipywidgets.HTML))
    addresses = re.findall(r"https?://[^\s\"')]+", page)
    assert addresses and all(address.startswith("http://www.w3.org/") for address in addresses)


# ------------------------------------------------------------------------------------------ a full disk


def test_where_the_disk_is_full_the_page_asks_for_another_folder_and_nothing_is_lost(
    artist, full_disk, tmp_path
):
    rescue, folder = artist.studio.rescue, artist.studio.session.folder
    assert rescue.widget.layout.display == "none"
    full_disk(folder, 3)
    artist.create()
    assert "could not be written" in artist.status and len(artist.studio.batch.candidates) == 2
    assert rescue.widget.layout.display is None
    rescue.save.click()
    assert "name a folder that has room" in artist.status
    rescue.folder.value = str(tmp_path / "elsewhere")
    rescue.save.click()
    assert rescue.widget.layout.display == "none" and "Everything is written to" in artist.status
    assert (tmp_path / "elsewhere" / "a-lake" / "candidate-2" / "256.png").is_file()
    artist.pick(2)
    artist.click(artist.small.make)
    assert (tmp_path / "elsewhere" / "a-lake" / "candidate-2" / "1024_textured.png").is_file()


def test_a_quality_shows_what_it_chooses_and_forgets_what_a_batch_had(returning):
    prompt = returning.prompt
    assert prompt.settings().upsampler_timesteps == (500, 0)  # of the batch that was opened
    prompt.choices["quality"].value = "draft"
    chosen = prompt.settings()
    assert (chosen.quality, chosen.steps, chosen.upsampler_timesteps) == ("draft", 2, None)
    prompt.take(vars(prompt._bigart.generator.complete(chosen)))
    assert prompt.choices["quality"].value == "draft"
