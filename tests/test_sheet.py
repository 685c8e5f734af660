"""The contact sheet: every picture whole, below a title of any script and any length."""

import numpy as np
import pytest
from PIL import Image

from bigart_lib.pictures import fonts
from bigart_lib.pictures.sheet import MOST_LINES, _lines, contact_sheet

SIZE, WIDTH = 18, 1048  # of letters and of a line, in px
TEXTS = [
    "Café in Köln – “señor” naïve… Łódź ß",
    "Закат над озером, ηλιοβασίλεμα",
    "夕陽 über dem See 湖の夕日 호수",
    "غروب الشمس فوق بحيرة and שקיעה",
    "sunset 😀🌅 ❤️ 👩‍👩‍👧 over — lake",
    "a\x1b[2J \u202egnp.exe \ud800 \ue000",
]


@pytest.fixture
def no_fonts(monkeypatch):
    """A machine without fonts."""
    monkeypatch.setattr(fonts, "NAMES", ())
    monkeypatch.setattr(fonts, "_by_fontconfig", lambda letters: "none")
    fonts._font.cache_clear()
    yield
    fonts._font.cache_clear()


def sheet_of(title, count=7, side=64):
    pictures = [Image.new("RGB", (side, side), (10 * index, 200, 30)) for index in range(count)]
    return contact_sheet(pictures, [str(index) for index in range(count)], title, "seed 7")


@pytest.mark.parametrize("count", [1, 4, 7])
@pytest.mark.parametrize("title", ["a lake", "a long title " * 20, "夕陽" * 500])
def test_it_shows_every_picture_whole(count, title):
    pixels = np.asarray(sheet_of(title, count))
    for index in range(count):
        assert (pixels == (10 * index, 200, 30)).all(-1).sum() == 64 * 64


@pytest.mark.parametrize("text", TEXTS)
def test_no_letter_is_drawn_in_a_font_that_lacks_it(text):
    spelled = fonts.spelled(text, SIZE)
    assert "".join(part for part, _ in fonts.pieces(spelled, SIZE)) == spelled
    for part, font in fonts.pieces(spelled, SIZE):
        assert all(fonts._has(font, char) for char in part if not char.isspace())


def test_without_fonts_letters_are_spelled_by_what_is_nearest(no_fonts):
    assert fonts.spelled("Cafe\u0301 – señor ㎞ 夕陽 ❤️", SIZE) == "Cafe - senor km ?? ?"


def test_what_is_not_seen_is_not_drawn():
    assert fonts.spelled("a\x1b[2J \u202egnp.exe\u200b \ud800", SIZE) == "a[2J gnp.exe"


def test_a_letter_that_pillow_lacks_is_looked_for_on_the_machine(no_fonts, monkeypatch):
    asked = []
    monkeypatch.setattr(fonts, "_by_fontconfig", lambda letters: asked.append(letters) or "none")
    fonts.spelled("a 湖", SIZE)
    assert asked == ["湖"]


@pytest.mark.parametrize("title", ["word " * 280, "x" * 100_000, "夕" * 3000, "a lake " + "y" * 2000])
def test_a_long_title_is_cut_within_its_lines_and_the_seed_stays(title):
    lines = _lines(title, "seed 7", SIZE, WIDTH)
    assert len(lines) == MOST_LINES and lines[-1] == "seed 7" and lines[-2].endswith("…")
    assert all(fonts.width(line, SIZE) <= WIDTH for line in lines)


def test_a_title_that_fits_is_not_cut():
    title = "Donaudampfschifffahrtsgesellschaft" * 8
    lines = _lines(title, "seed 7", SIZE, WIDTH)
    assert "".join(lines).replace(" - seed 7", "") == title
    assert all(fonts.width(line, SIZE) <= WIDTH for line in lines)
    assert _lines("a lake", "", SIZE, WIDTH) == ["a lake"]


def test_however_long_the_prompt_the_pictures_keep_their_room():
    sheet = sheet_of("word " * 280, side=256)
    assert 2 * 256 / sheet.height > 0.7
