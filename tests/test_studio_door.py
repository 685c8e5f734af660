"""The door for files without a browser: what comes in pieces, what becomes of it, and what is refused."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

import bigart_lib
from bigart_lib.pictures.recipe import read
from bigart_lib.runs.run import open_run
from bigart_lib.runs.session import Session
from bigart_lib.settings import PaintSettings, TextureSettings
from bigart_lib.studio.door import MOST_BYTES, PLACE
from bigart_lib.studio.studio_page import Studio

WAIT = 120


class Visitor:
    """Brings files to a page."""

    def __init__(self, folder):
        self.page = Studio(bigart_lib.load("embedded", device="cpu"), folder)

    def ask(self, topic, **data):
        """A question by the wire; returns the answer, or raises its problem."""
        self.page.wire._hear(json.dumps({"number": "1", "topic": topic, "data": data}))
        answer = json.loads(_data(self.page.wire._answer.value))
        if "problem" in answer:
            raise ValueError(answer["problem"])
        return answer

    def send(self, name, content, piece=1000, said_size=None, upload="a"):
        """All pieces of a file."""
        for start in range(0, max(len(content), 1), piece):
            part = base64.b64encode(content[start : start + piece]).decode()
            size = len(content) if said_size is None else said_size
            self.ask("door-piece", id=upload, name=name, size=size, start=start, piece=part)

    def bring(self, name, content):
        """A file, opened; returns what is said in the end."""
        self.send(name, content, max(len(content) // 3, 1))
        self.ask("act", name="door-open", data={"id": "a"})
        self.page.wire.widget.children[-1].click()
        return self.wait()

    def click(self, button):
        button.click()
        return self.wait()

    def wait(self):
        self.page.tasks.jobs.wait(WAIT)
        return self.page.tasks.row.words.value


def _data(value):
    import html
    import re

    return html.unescape(re.search(r'data-json="([^"]*)"', value)[1])


@pytest.fixture
def visitor(tiny_models, tmp_path):
    return Visitor(tmp_path / "pictures")


@pytest.fixture
def at_home(tiny_models, painted):
    """Where a batch was painted before: "a lake", seed 5, number 3 at 1K with VQGAN."""
    return Visitor(painted)


def photograph(tmp_path, mode="RGB", ending="jpg", size=(48, 32), **more):
    path = tmp_path / f"photo.{ending}"
    Image.radial_gradient("L").resize(size).convert(mode).save(path, **more)
    return path.read_bytes()


def left(folder):
    return [path.name for path in folder.glob(f"{PLACE}*")]


def shown(widget):
    return widget.layout.display != "none"


def test_any_picture_becomes_a_run_as_enlarging_makes_it(visitor, tmp_path):
    said = visitor.bring("my photo.jpg", photograph(tmp_path))
    batch = visitor.page.batch
    assert "my photo.jpg is open, 48 × 32 pixels" in said
    assert batch.is_brought and len(batch.candidates) == 1 and batch.index(0) is None
    assert batch.run.path == tmp_path / "pictures" / "my-photo" and left(batch.run.path.parent) == []
    assert batch.run.source.file(batch.run.path).read_bytes() == photograph(tmp_path)
    session = visitor.page.session
    work = session.paint(batch, 0, PaintSettings(1024, TextureSettings(0), TextureSettings(0)))
    by_hand = session.bigart.paint_image(tmp_path / "photo.jpg", "photo.jpg")
    assert np.array_equal(np.asarray(work.image(work.steps[-1])), np.asarray(by_hand.image))
    assert read(work.last)[0].source == "my photo.jpg"


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_grey_and_transparent_pictures_are_shown_in_colour_on_white(visitor, tmp_path, mode):
    image = Image.linear_gradient("L").resize((40, 40)).convert(mode)
    if "A" in mode:
        image.putalpha(Image.new("L", (40, 40), 0))
    image.save(tmp_path / "a.png")
    visitor.bring("a.png", (tmp_path / "a.png").read_bytes())
    batch = visitor.page.batch
    seen = batch.candidates[0].image
    assert seen.mode == "RGB" and seen.size == (40, 40)
    assert seen.getpixel((20, 2)) == ((255,) * 3 if "A" in mode else seen.getpixel((5, 2)))
    settings = PaintSettings(1024, TextureSettings(0.1), TextureSettings(0))
    visitor.page.session.paint(batch, 0, settings)
    preview = visitor.page.session.preview(batch, 0, settings, 1024)
    assert (preview is None) == ("A" in mode)


def test_colours_of_another_space_are_shown_in_srgb(visitor, tmp_path):
    from bigart_lib.pictures import profiles

    Image.new("RGB", (20, 20), (0, 255, 0)).save(tmp_path / "p3.png", icc_profile=profiles.DISPLAY_P3())
    Image.new("RGB", (20, 20), (200, 80, 80)).save(tmp_path / "b.png", icc_profile=profiles.DISPLAY_P3())
    visitor.bring("b.png", (tmp_path / "b.png").read_bytes())
    red, green, _ = visitor.page.batch.candidates[0].image.getpixel((9, 9))
    assert red > 205 and green < 78


def test_a_run_of_a_picture_is_opened_again(visitor, tmp_path):
    visitor.bring("photo.jpg", photograph(tmp_path))
    batch, session = visitor.page.batch, visitor.page.session
    settings = PaintSettings(1024, TextureSettings(0.05), TextureSettings(0))
    session.paint(batch, 0, settings)
    session.toggle_favourite(batch, 0)
    later = Session(session.bigart, session.folder)
    again = later.open(batch.run.path)
    assert again.is_brought and again.last_picked() == 0 and again.favourites == {0}
    assert later.work(again, 0).settings().texture_1k == settings.texture_1k
    assert later.forecast(again, 0, settings).steps == ()
    assert later.preview(again, 0, settings, 1024) is not None


def test_only_sizes_that_can_be_held_are_offered(visitor, tmp_path, monkeypatch):
    visitor.bring("photo.jpg", photograph(tmp_path))
    batch, session = visitor.page.batch, visitor.page.session
    assert session.sides(batch) == [1024, 4096]
    monkeypatch.setattr("bigart_lib.forecast.MOST_PIXELS", 200 * 200)
    assert session.sides(batch) == [1024]
    with pytest.raises(ValueError, match="is too many"):
        session.paint(batch, 0, PaintSettings(4096))


def test_one_of_ours_fills_the_fields_and_is_not_brought(at_home, painted):
    file = painted / "a-lake" / "candidate-3" / "1024_textured.png"
    said = at_home.bring("from a friend.png", file.read_bytes())
    card, paint = at_home.page.prompt_card, at_home.page.work_panel.chosen()
    chosen = card.settings()
    assert "is one of ours" in said and card.prompt.value == "a lake"
    assert (chosen.seed, chosen.steps, chosen.sampler) == (5, 3, "ddim")
    assert paint.enhance and paint.texture_1k == TextureSettings()
    words = at_home.page.door._words.value
    assert "“a lake”, seed 5, number 3" in words and "Its run is here" in words
    assert shown(at_home.page.door.widget) and len(left(painted)) == 1
    assert [path.name for path in painted.iterdir() if not path.name.startswith(".")] == ["a-lake"]
    at_home.page.door.close.click()
    assert not shown(at_home.page.door.widget) and left(painted) == []


def test_another_texture_opens_its_run_where_that_is_here(at_home, painted):
    at_home.bring("b.png", (painted / "a-lake" / "candidate-3" / "1024.png").read_bytes())
    assert "choose another texture" in at_home.click(at_home.page.door.texture)
    assert at_home.page.batch.run.path == painted / "a-lake" and left(painted) == []
    assert len(at_home.page.batch.candidates) == 7


def test_another_texture_makes_it_again_where_it_is_not(visitor, painted_once):
    visitor.bring("b.png", (painted_once / "a-lake" / "candidate-3" / "1024_textured.png").read_bytes())
    assert "Its run is here" not in visitor.page.door._words.value
    visitor.click(visitor.page.door.texture)
    batch, session = visitor.page.batch, visitor.page.session
    assert [one.recipe.index for one in batch.candidates] == [2] and batch.run.path.parent == session.folder
    assert session.work(batch, 0).settings() == PaintSettings(1024, enhance=True)
    assert session.preview(batch, 0, PaintSettings(1024, enhance=True), 1024) is not None


def test_made_again_says_whether_it_is_the_same(visitor, painted_once):
    visitor.bring("b.png", (painted_once / "a-lake" / "candidate-3" / "256.png").read_bytes())
    assert "the same to the last bit" in visitor.click(visitor.page.door.again)
    assert len(visitor.page.batch.candidates) == 1


def test_a_contact_sheet_is_made_again_as_a_whole(visitor, painted_once):
    visitor.bring("sheet.png", (painted_once / "a-lake" / "candidates.png").read_bytes())
    assert not shown(visitor.page.door.vary) and not shown(visitor.page.door.texture)
    visitor.click(visitor.page.door.again)
    assert len(visitor.page.batch.candidates) == 7


def test_variations_stay_near_what_the_file_says(visitor, painted_once):
    visitor.bring("b.png", (painted_once / "a-lake" / "candidate-3" / "256.png").read_bytes())
    visitor.click(visitor.page.door.vary)
    near = visitor.page.batch.candidates.settings.near
    assert [(one.seed, one.index) for one in near] == [(5, 2)]


def test_one_of_ours_can_be_taken_as_any_picture(visitor, painted_once):
    visitor.bring("b.png", (painted_once / "a-lake" / "candidate-3" / "256.png").read_bytes())
    assert "b.png is open, 256 × 256" in visitor.click(visitor.page.door.own)
    assert visitor.page.batch.is_brought and left(visitor.page.session.folder) == []


def test_changed_pixels_are_said_and_belong_to_no_run(at_home, painted, tmp_path):
    with Image.open(painted / "a-lake" / "candidate-3" / "256.png") as image:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("bigart", image.text["bigart"])
        image.convert("L").convert("RGB").save(tmp_path / "changed.png", pnginfo=info)
    at_home.bring("changed.png", (tmp_path / "changed.png").read_bytes())
    words = at_home.page.door._words.value
    assert "Its pixels were changed since" in words and "Its run is here" not in words


BAD = {
    "notes.txt": b"no picture at all" * 100,
    "empty.png": b"",
    "cut.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
    "bomb.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "strange.pdf": b"%PDF-1.7\n" + b"\0" * 500,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_gets_one_line_and_leaves_nothing(visitor, name, tmp_path):
    try:
        said = visitor.bring(name, BAD[name])
    except ValueError as error:  # at the first piece
        said = str(error)
    else:
        assert 'role="alert"' in said
    assert name in said and "picture" in said and str(tmp_path) not in said and "\n" not in said
    folder = visitor.page.session.folder
    assert not folder.exists() or [*folder.iterdir()] == []


def test_what_is_no_picture_is_refused_at_its_first_piece(visitor):
    with pytest.raises(ValueError, match="is not a picture that can be read"):
        visitor.send("film.mov", b"\0" * 3000, said_size=300_000_000)


def test_what_is_too_large_is_refused_at_its_first_piece(visitor):
    with pytest.raises(ValueError, match="bytes, of at most"):
        visitor.send("large.png", b"\x89PNG\r\n\x1a\n", said_size=MOST_BYTES + 1)
    with pytest.raises(ValueError, match="size of the file is not known"):
        visitor.send("large.png", b"\x89PNG\r\n\x1a\n", said_size="many")


@pytest.mark.parametrize(
    "name",
    ["../../evil.jpg", "..\\..\\evil.jpg", "/etc/evil.jpg", '<img src=x onerror="alert(1)">.jpg', "a\nb‮.jpg"],
)
def test_a_name_is_nothing_but_a_name(visitor, tmp_path, name):
    said = visitor.bring(name, photograph(tmp_path))
    run = visitor.page.batch.run
    assert run.path.parent == tmp_path / "pictures" and "<img" not in said and "‮" not in said
    files = {"evil.jpg"} if "evil" in name else set()
    assert {path.name for path in tmp_path.rglob("evil*.jpg")} == files and left(run.path.parent) == []
    assert "/" not in run.recipe.source and "\\" not in run.recipe.source
    assert open_run(run.path).recipe.source == run.recipe.source


def test_a_second_file_takes_the_place_of_one_that_is_not_whole(visitor, tmp_path):
    content = photograph(tmp_path)
    visitor.ask(
        "door-piece", id="a", name="a.jpg", size=10**6, start=0, piece=base64.b64encode(content).decode()
    )
    visitor.send("b.jpg", content, upload="b")
    assert len(left(visitor.page.session.folder)) == 1
    with pytest.raises(ValueError, match="another picture came meanwhile"):
        visitor.ask("door-piece", id="a", name="a.jpg", size=10**6, start=len(content), piece="AAAA")
    with pytest.raises(ValueError, match="another picture came meanwhile"):
        visitor.ask("door-piece", id="b", name="b.jpg", size=len(content), start=3, piece="AAAA")


def test_cancelled_or_damaged_pieces_leave_no_file(visitor, tmp_path):
    folder, content = visitor.page.session.folder, photograph(tmp_path)
    part = base64.b64encode(content[:100]).decode()
    visitor.ask("door-piece", id="a", name="a.jpg", size=999, start=0, piece=part)
    visitor.ask("door-cancel", id="a")
    assert [*folder.iterdir()] == []
    with pytest.raises(ValueError, match="damaged"):
        visitor.ask("door-piece", id="a", name="a.jpg", size=999, start=0, piece="no base64!")
    visitor.ask("door-piece", id="a", name="a.jpg", size=120, start=0, piece=part)
    with pytest.raises(ValueError, match="grew"):
        visitor.ask("door-piece", id="a", name="a.jpg", size=120, start=100, piece=part)
    assert [*folder.iterdir()] == []


def test_a_file_that_is_not_whole_cannot_be_opened(visitor, tmp_path):
    part = base64.b64encode(photograph(tmp_path)[:100]).decode()
    visitor.ask("door-piece", id="a", name="a.jpg", size=999, start=0, piece=part)
    visitor.ask("act", name="door-open", data={"id": "a"})
    visitor.page.wire.widget.children[-1].click()
    assert "not here as a whole" in visitor.page.tasks.row.words.value and visitor.page.batch is None


def test_what_a_killed_studio_left_is_removed_after_a_day(tiny_models, tmp_path):
    import os

    for name, age in (("old", 2 * 86400), ("new", 60)):
        place = tmp_path / "pictures" / f"{PLACE}{name}"
        place.mkdir(parents=True)
        then = place.stat().st_mtime - age
        os.utime(place, (then, then))
    Visitor(tmp_path / "pictures")
    assert left(tmp_path / "pictures") == [f"{PLACE}new"]


def test_a_picture_with_too_few_pixels_is_enlarged_for_its_print(visitor, tmp_path):
    visitor.bring("photo.jpg", photograph(tmp_path, size=(120, 80)))
    card = visitor.page.work_panel.print_card
    card._widgets["dpi"].value, card._widgets["paper"].value = 100, "A6"
    assert shown(card.enlarge) and card.enlarge.description.startswith("Enlarge it 5.17 times first, about")
    card.enlarge.value = True
    assert "photo_A6.pdf" in visitor.click(card.make)
    folder = visitor.page.batch.run.path
    (larger,) = visitor.page.session.folder.glob("*/*.tif")
    with Image.open(larger) as image:
        assert image.size == (620, 414) and larger.parent != folder
    assert (folder / "photo_A6.pdf").is_file()
    card.take({"paper": "30x20mm", "dpi": 100})
    assert not shown(card.enlarge)
