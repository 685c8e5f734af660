"""The studio in a real browser, on Voila and JupyterLab, driven as an artist would, up to the print."""

import json

import browser
import pytest
from PIL import Image

pytestmark = browser.marks("voila", "jupyterlab")
SHOTS = browser.SHOTS


@pytest.fixture(params=["voila", "jupyterlab"])
def artist(request, front_ends, tmp_path):
    """An artist before a new studio with tiny models; `artist.again` is one who begins there once more."""
    with front_ends.studio(request.param, tmp_path) as page:
        artist = browser.Artist(page, SHOTS / request.param)

        def again():
            if request.param == "jupyterlab":
                page.evaluate("document.querySelector('.bigart-studio').dataset.before = 'yes'")
                page.evaluate(browser.RUN_ALL)  # the same studio
                page.locator(".bigart-studio:not([data-before])").wait_for()
                return browser.Artist(page, SHOTS / request.param)
            page.reload()  # which gets a new kernel
            artist = browser.Artist(page, SHOTS / request.param)
            artist.button("Continue").click()
            return artist

        artist.again = again
        yield artist
        assert page.errors == []


def test_from_a_prompt_to_a_print(artist, tmp_path):
    artist.shoot("1 empty")
    artist.paint()
    artist.shoot("2 seven")

    artist.thumbnail(3).click()
    artist.until(artist.picked, [3])
    artist.page.keyboard.press("5")
    artist.until(artist.picked, [5])
    artist.page.keyboard.press("ArrowUp")
    artist.until(artist.picked, [1])
    artist.page.keyboard.press("ArrowRight")
    artist.until(artist.picked, [2])
    ring = artist.thumbnail(2).evaluate("(button) => getComputedStyle(button).outlineWidth")
    assert ring == "3px"
    assert "2: sunset over a lake, seed " in artist.thumbnail(2).inner_text()

    artist.card(3).locator("input[type=checkbox]").check()
    artist.button("Make 1K", 3).click()
    artist.wait_for("Made in")
    comparison = artist.card(3).locator(".bigart-comparison")
    box = comparison.bounding_box()
    artist.page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
    at = comparison.evaluate("(box) => box.style.getPropertyValue('--bigart-at')")
    assert float(at.removesuffix("%")) == pytest.approx(20, abs=1)
    artist.shoot("3 before and after VQGAN")

    artist.button("Texture, live", 3).click()
    before = artist.image(3)
    handle = artist.card(3).locator(".widget-slider .noUi-handle, .widget-slider .ui-slider-handle").first
    handle.scroll_into_view_if_needed()
    spot = handle.bounding_box()
    artist.page.mouse.move(spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2)
    artist.page.mouse.down()
    artist.page.mouse.move(spot["x"] + 90, spot["y"] + spot["height"] / 2, steps=8)
    artist.page.mouse.up()
    artist.until_other(lambda: artist.image(3), before)
    dragged = artist.image(3)
    artist.card(3).locator(".bigart-overview img").click(position={"x": 30, "y": 40})
    artist.until_other(lambda: artist.image(3), dragged)
    artist.shoot("4 texture")

    artist.step("4K")
    artist.button("Make 4K", 4).click()
    artist.wait_for("Made in")
    artist.step("Print")
    artist.card(5).get_by_text("34.7 × 34.7 cm").wait_for()
    artist.shoot("5 print")
    (finished,) = (tmp_path / "pictures").rglob("4096.png")
    with Image.open(finished) as image:
        assert image.size == (4096, 4096)
        paint = json.loads(image.text["bigart"])["paint"]
        assert paint["enhance"] and paint["texture_1k"]["amount"] > 0.05
    tooltips = artist.page.eval_on_selector_all("[title]", "(all) => all.map((one) => one.title)")
    assert "null" not in tooltips and "None" not in tooltips
    if "lab" not in artist.page.url:
        assert artist.page.title() == "BIG.art"


ON_VOILA = pytest.mark.parametrize("artist", ["voila"], indirect=True)  # what no front end changes


@ON_VOILA
def test_cancel_then_another_run(artist, tmp_path):
    artist.create("a lake over a sunset")
    artist.wait_for("Painting: ")
    artist.button("Cancel").click()
    artist.wait_for("Cancelled")
    assert not list((tmp_path / "pictures").rglob("candidates.png"))
    artist.create("sunset over a lake")
    artist.wait_for("7 pictures in")
    artist.button("7 more").click()
    artist.wait_for("Painting: ")
    artist.wait_for("7 pictures in")
    assert len(list((tmp_path / "pictures").rglob("candidates.png"))) == 2


def test_a_new_kernel_or_a_cell_that_is_run_again_goes_on(artist):
    artist.paint()
    artist.thumbnail(4).click()
    artist.button("Make 1K", 3).click()
    artist.wait_for("Made in")
    later = artist.again()
    later.until(later.picked, [4])
    later.step("1K")
    later.card(3).locator(".bigart-crop").wait_for()


@ON_VOILA
def test_nothing_jumps_while_work_runs(artist):
    def places():
        names = (".bigart-prompt", ".bigart-grid", ".bigart-create", ".bigart-tabs")
        return [artist.page.locator(name).bounding_box() for name in names]

    artist.paint()  # the examples have made room
    before = places()
    artist.create()
    artist.wait_for("Painting: ")
    during = places()
    artist.wait_for("7 pictures in")
    artist.button("Create 7").wait_for()
    assert before == during == places()


@pytest.fixture(scope="module")
def made(chromium, tmp_path_factory):
    """The address of `bigart studio`, where 1K is made of a picture."""
    folder = tmp_path_factory.mktemp("made")
    with browser.bigart_studio(folder, cell=browser.tiny_cell(folder)) as server:
        with browser.new_page(chromium) as page:
            artist = browser.Artist(page, SHOTS / "widths", server.address)
            artist.paint()
            artist.thumbnail(1).click()
            artist.button("Make 1K", 3).click()
            artist.wait_for("Made in")
        yield server.address


@pytest.mark.parametrize("width", [390, 768, 1100, 1280, 1920])
def test_nothing_is_wider_than_the_page_and_no_button_cuts_its_words(chromium, made, width):
    with browser.new_page(chromium, width) as page:
        artist = browser.Artist(page, SHOTS / "widths", made)
        artist.card(3).locator(".bigart-crop").wait_for()
        artist.shoot(f"1K {width}")
        right = page.locator(".bigart-studio").bounding_box()
        edges = page.eval_on_selector_all(
            ".bigart-studio *:not(.bigart-hidden *):not(.bigart-spot *)",
            "(all) => Math.max(...all.map((one) => one.getBoundingClientRect().right))",
        )
        assert edges <= right["x"] + right["width"] <= width
        cut = page.eval_on_selector_all(
            ".bigart-studio button:not(.bigart-thumb, .bigart-hidden *)",
            "(all) => all.filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)"
            ".map((one) => one.textContent)",
        )
        assert cut == []


def test_bigart_studio_serves_a_page_that_asks_no_other_machine(chromium, tmp_path):
    with browser.bigart_studio(tmp_path) as server, browser.new_page(chromium) as page:
        said = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(server.address)
        artist = browser.Artist(page, SHOTS / "bigart studio")
        artist.create("")
        page.get_by_role("alert").get_by_text("Type what to paint first").wait_for()
        assert page.title() == "BIG.art"
        assert page.refused == page.errors == said == []


def test_a_reload_and_a_second_tab_show_the_same_studio(chromium, tmp_path):
    cell = browser.tiny_cell(tmp_path)
    with browser.bigart_studio(tmp_path, cell=cell) as server, browser.new_page(chromium) as page:
        page.goto(server.address)
        artist = browser.Artist(page, SHOTS / "bigart studio")
        artist.create("a lake in the evening")
        artist.wait_for("Painting: ")
        page.reload()
        artist = browser.Artist(page, SHOTS / "bigart studio")
        artist.wait_for("7 pictures in")
        artist.thumbnail(3).click()
        artist.until(artist.picked, [3])
        page.reload()
        reloaded = browser.Artist(page, SHOTS / "bigart studio")
        second = browser.Artist(page.context.new_page(), SHOTS / "second tab", server.address)
        for tab in (reloaded, second):
            tab.until(tab.picked, [3])
            assert tab.page.locator(".bigart-prompt input").input_value() == "a lake in the evening"
        second.thumbnail(5).click()
        reloaded.until(reloaded.picked, [5])
        second.page.close()
        reloaded.thumbnail(2).click()
        reloaded.until(reloaded.picked, [2])
        assert len(browser.kernels(server)) == 1 and page.errors == []


def test_bigart_studio_shows_the_studio_in_jupyterlab_too(chromium, tmp_path):
    cell, hide = browser.tiny_cell(tmp_path), "studio.SERVERS.pop('voila')"
    with (
        browser.bigart_studio(tmp_path, cell=cell, prepare=hide) as server,
        browser.new_page(chromium) as page,
    ):
        page.goto(server.address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # before, JupyterLab loses what is run
        page.locator(".jp-CodeCell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        browser.Artist(page, SHOTS / "bigart studio in JupyterLab")
        assert page.refused == page.errors == []
