"""The print card, downloads and presets without a browser."""

import base64
import html
import json
import re

import pytest
from PIL import Image

from bigart_lib.printing.layout import lay_out
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.settings import PaintSettings, TextureSettings
from bigart_lib.studio import wall
from bigart_lib.studio.download import PIECE, Download
from bigart_lib.studio.presets import FILE, MOST, Presets, checked
from bigart_lib.studio.print_card import OWN, Printable, PrintCard, prints_of
from bigart_lib.studio.wire import Wire

GENERATE = {"steps": 9, "guidance": 4.0, "sampler": "ddim", "shape": "3:2", "negative": "blur"}


def at_once(words, job, done):
    """Long work, done here and now."""
    at_once.said = done(job(lambda progress: None), 1.0)


def plain(function):
    return function


@pytest.fixture
def wire():
    return Wire(plain)


@pytest.fixture
def card(wire):
    return PrintCard(5, plain, at_once, Download(wire))


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "4096.png"
    Image.linear_gradient("L").convert("RGB").resize((600, 400)).save(path)
    return path


def printable(picture, **more):
    with Image.open(picture) as image:
        image.load()
    given = {"folder": picture.parent, "file": picture, "files": [picture], **more}
    return Printable(image, more.pop("size", image.size), **{k: v for k, v in given.items() if k != "size"})


def choose(card, **values):
    for name, value in values.items():
        card._widgets[name].value = value


def answer(wire, topic, **data):
    wire._hear(json.dumps({"number": "1", "topic": topic, "data": data}))
    return json.loads(html.unescape(re.search(r'data-json="([^"]*)"', wire._answer.value)[1]))


def shown(widget):
    return widget.layout.display != "none"


def test_what_is_chosen_is_what_is_printed(card):
    assert card.settings() == PrintSettings(format="pdf")
    choose(card, paper="20x30cm", fit="whole", dpi=200, bleed=3, marks=True, format="tiff", border=10)
    expected = PrintSettings("20x30cm", fit="whole", dpi=200, bleed=3, marks=True, format="tiff", border=10)
    assert card.settings() == expected
    choose(card, paper=OWN, own="16x20in", orientation="landscape")
    assert card.settings().paper.name == "16x20in" and card.settings().orientation == "landscape"


def test_every_paper_that_is_offered_can_be_printed(card):
    for _, paper in card._widgets["paper"].options:
        assert paper == OWN or PrintSettings(paper=paper).paper.name == paper


def test_a_size_that_is_none_is_said_in_the_words_of_the_library(card, picture):
    card.show(printable(picture))
    choose(card, paper=OWN, own="<b>huge</b>")
    assert card.make.disabled and "paper must be A0 to A6" in card.problem.value
    assert "<b>huge" not in card.problem.value
    choose(card, own="10x15cm")
    assert not card.make.disabled and "pixels an inch" in card.problem.value


def test_too_few_pixels_are_told_and_enough_are_not(card, picture):
    card.show(printable(picture))
    choose(card, paper="A3")
    assert "prints want 200 or more" in card.problem.value and "--enlarge" not in card.problem.value
    card.show(printable(picture, size=(6000, 4000)))
    assert "bigart-warning" not in card.problem.value and "342 pixels an inch" in card.problem.value


def test_prints_are_made_listed_and_kept(card, picture):
    card.show(printable(picture))
    assert card.prints.value == ""
    choose(card, paper="A6", dpi=100)
    card.make.click()
    assert at_once.said.startswith("Printed in a second: 4096_A6.pdf, ")
    choose(card, format="png", bleed=3)
    card.make.click()
    card.make.click()
    names = [path.name for path in prints_of(picture, picture.parent)]
    assert sorted(names) == ["4096_A6-2.png", "4096_A6.pdf", "4096_A6.png"] and names[0] == "4096_A6-2.png"
    assert all(name in card.prints.value for name in names)
    assert card.prints.value.count("data-bigart-download") == 3


def test_steps_of_a_plan_are_no_prints(picture):
    for name in ("4096_enlarged.png", "4096_textured.png", "4096-2_A4.pdf", "4096_A4.txt", "x4096_A4.pdf"):
        (picture.parent / name).write_bytes(b"")
    (picture.parent / "4096_30x40cm-3.tif").write_bytes(b"")
    assert [path.name for path in prints_of(picture, picture.parent)] == ["4096_30x40cm-3.tif"]


def test_a_picture_that_is_not_made_yet_is_made_first(card, picture):
    made = []

    def make(report):
        made.append(1)
        return picture

    card.show(printable(picture, file=None, files=[], make=make, seconds=125.0, name="4K", size=(600, 400)))
    assert card.make.description == "Make 4K and print, about 2 minutes" and card.whole.value == ""
    choose(card, paper="A6", dpi=72)
    card.make.click()
    assert made == [1] and (picture.parent / "4096_A6.pdf").is_file()


def test_no_print_is_begun_while_other_work_forbids_it(card, picture):
    card.show(printable(picture))
    card.allow(False)
    assert card.make.disabled
    card.allow(True)
    assert not card.make.disabled
    card.close("Pick <one> first.")
    assert not shown(card._body) and "Pick &lt;one&gt; first." in card._waiting.value


def test_files_are_named_with_their_sizes_and_ours_with_its_line(card, picture):
    card.show(printable(picture))
    assert "4096.png" in card.facts.value and "600 × 400 pixels" in card.facts.value
    assert "bigart-attribution" in card.facts.value
    card.show(printable(picture, is_painted=False))
    assert "bigart-attribution" not in card.facts.value


@pytest.mark.parametrize(
    ("paper", "fit"), [("A6", "crop"), ("A3", "whole"), ("A0", "crop"), ("200x120cm", "whole")]
)
def test_the_wall_is_true_to_scale(paper, fit):
    settings = PrintSettings(paper, fit=fit, bleed=3, dpi=72)
    layout = lay_out((3000, 2000), settings)
    drawn = wall.drawing(layout, (3000, 2000), "data:,")
    left, top, across, up = map(float, re.search(r'viewBox="([^"]*)"', drawn)[1].split())
    sheet = re.search(r'bigart-sheet" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"', drawn)
    x, y, wide, high = map(float, sheet.groups())
    assert (wide, high) == pytest.approx((layout.paper.width / 10, layout.paper.height / 10))
    assert left <= x and x + wide <= left + across and top <= y and y + high <= top + up  # all is seen
    assert f"aspect-ratio:{across:.2f}/{up:.2f}" in drawn  # so that a cm is as long in both directions
    assert top <= -wall.PERSON and "170 cm" in drawn
    inner = re.search(
        r'<svg x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)" viewBox="([^"]*)"', drawn
    )
    _, _, w, h = map(float, inner.groups()[:4])
    seen = [*map(float, inner[5].split())]
    assert seen[2] / seen[3] == pytest.approx(w / h, rel=0.01)  # never stretched
    assert (w <= wide + 0.1) and (h <= high + 0.1)


def test_only_files_that_were_offered_are_given(wire, tmp_path):
    download, content = Download(wire), bytes(range(256)) * 10000
    (tmp_path / "a.bin").write_bytes(content)
    (tmp_path / "secret").write_text("x")
    number = download.offer(tmp_path / "a.bin")
    assert download.offer(tmp_path / "a.bin") == number
    parts, start = [], 0
    while start < len(content):
        said = answer(wire, "download-piece", number=number, start=start)
        parts.append(base64.b64decode(said["piece"]))
        start += len(parts[-1])
    assert (
        b"".join(parts) == content
        and len(parts) == -(-len(content) // PIECE)
        and said["name"] == f"{tmp_path.name}-a.bin"
    )
    for wrong in (1, -1, None, "0", "../secret", True, 0.0):
        assert "no such file" in answer(wire, "download-piece", number=wrong, start=0)["problem"]
    for wrong in (-1, None, "0"):
        assert "no such file" in answer(wire, "download-piece", number=0, start=wrong)["problem"]


def test_a_file_that_is_gone_is_one_line(wire, tmp_path):
    number = Download(wire).offer(tmp_path / "gone.png")
    assert "no such file or directory" in answer(wire, "download-piece", number=number, start=0)["problem"]


class Artist:
    """Has presets, and what is chosen."""

    def __init__(self, folder):
        self.taken, self.chosen = (
            [],
            {"generate": {**GENERATE, "seed": 7}, "paint": {}, "print": {"paper": "A2"}},
        )
        self.problem = ""
        self.presets = Presets(folder, self.taken.append, lambda: self.chosen, self.guard)

    def guard(self, function):
        """As the studio says what goes wrong."""

        def guarded(*arguments):
            try:
                function(*arguments)
            except (ValueError, OSError) as error:
                self.problem = str(error)

        return guarded

    def save(self, name):
        self.problem, self.presets.name.value = "", name
        self.presets.save.click()

    @property
    def words(self):
        return self.presets.words.value


@pytest.fixture
def artist(tmp_path):
    return Artist(tmp_path)


def test_presets_are_saved_and_found_by_the_next_studio(artist, tmp_path):
    artist.chosen["paint"] = {"size": 4096, "texture_4k": TextureSettings(0.08, 3), "enhance": True}
    artist.save("  Misty   hills ")
    later = Artist(tmp_path)
    assert later.presets.choice.options == ("choose …", "Misty hills")
    later.presets.choice.value = "Misty hills"
    (taken,) = later.taken
    assert taken["generate"] == GENERATE  # a seed belongs to one picture
    assert PaintSettings(**taken["paint"]).texture_4k == TextureSettings(0.08, 3)
    assert taken["print"] == {"paper": "A2"} and "Not taken" not in later.words


def test_presets_are_renamed_deleted_and_taken_back(artist):
    artist.save("one")
    artist.save("two")
    artist.presets.name.value = "one"
    artist.presets.rename.click()
    assert "there is a preset 'one' already" in artist.problem
    artist.presets.name.value = "three"
    artist.presets.rename.click()
    assert artist.presets.names() == ["one", "three"] and artist.presets.choice.value == "three"
    artist.presets.delete.click()
    assert artist.presets.names() == ["one"] and shown(artist.presets.undo)
    artist.presets.undo.click()
    assert artist.presets.names() == ["one", "three"] and not shown(artist.presets.undo)


def test_a_preset_needs_a_name_and_there_are_only_so_many(artist, tmp_path):
    for name in ("", "   ", "x" * 61):
        artist.save(name)
        assert "needs a name of at most 60 letters" in artist.problem
    (tmp_path / FILE).write_text(json.dumps({"format": 1, "presets": {str(n): {} for n in range(MOST)}}))
    artist.save("one more")
    assert "delete one first" in artist.problem
    artist.save("7")
    assert artist.problem == "" and "in place of the one before" in artist.words


@pytest.mark.parametrize(
    "text", ["{", '{"format": 9, "presets": {}}', '{"format": 1, "presets": []}', "[" * 900, "\0"]
)
def test_a_damaged_file_is_one_sentence_and_nothing_is_lost(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    artist = Artist(tmp_path)
    assert "could not be read" in artist.words and "set aside" in artist.words and "\n" not in artist.words
    assert (tmp_path / "presets_set-aside.json").read_text() == text
    artist.save("new")
    assert Artist(tmp_path).presets.names() == ["new"]
    assert (tmp_path / "presets_set-aside.json").read_text() == text


def test_what_cannot_be_read_at_all_is_not_replaced(tmp_path):
    (tmp_path / FILE).mkdir()
    artist = Artist(tmp_path)
    assert "Presets cannot be read" in artist.words
    artist.save("new")
    assert "no plain file" in artist.problem and (tmp_path / FILE).is_dir()


def test_what_a_hand_has_written_wrong_is_said_and_the_rest_is_taken(artist, tmp_path):
    preset = {
        "generate": {"steps": 5000, "guidance": 3, "colour": "blue", "sampler": [1], "near": []},
        "paint": {"texture_1k": {"amount": 9}, "enhance": True, "texture_4k": {"amount": 0.1}},
        "print": {"paper": "<A9>", "dpi": 150},
        "sound": 1,
        "generator": 7,
    }
    (tmp_path / FILE).write_text(json.dumps({"format": 1, "presets": {"<b>mine</b>": preset, "list": []}}))
    artist.presets = Presets(tmp_path, artist.taken.append, lambda: {}, plain)
    artist.presets.choice.value = "<b>mine</b>"
    (taken,) = artist.taken
    assert taken["generate"] == {"guidance": 3} and taken["print"] == {"dpi": 150}
    assert taken["paint"] == {"enhance": True, "texture_4k": TextureSettings(0.1)}
    for said in (
        "steps must be from 1 to 1000",
        "generator must be a name",
        "colour",
        "sampler must be one of",
        "texture amount",
        "paper must be",
    ):
        assert said in artist.words
    assert "<b>" not in artist.words and "nothing is called sound" in artist.words
    artist.presets.choice.value = "list"
    assert "must be an object" in artist.words and artist.taken[-1] == {}


def test_every_setting_that_is_given_can_be_taken(card):
    settings, problems = checked({"print": card.chosen(), "generate": GENERATE})
    assert problems == [] and settings["print"] == card.chosen()
    choose(card, paper=OWN, own="33x44cm", fit="whole", dpi=240)
    kept = card.chosen()
    choose(card, paper="A4", fit="crop", dpi=300)
    card.take(kept)
    assert card.chosen() == kept and card._widgets[OWN].value == "33x44cm"
