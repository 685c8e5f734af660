"""The studio's page in a real browser: what is typed stays, keys and focus, one screen, names of controls."""

import browser
import pytest

pytestmark = browser.marks("voila")
SHOTS = browser.SHOTS / "page"
WIDTHS = {390: 844, 768: 1024, 1280: 800, 1920: 1080}

CUT = """() => [...document.querySelectorAll('.bigart-studio button')]
  .filter((one) => !one.matches('.bigart-thumb, .bigart-back, .bigart-act'))
  .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""
IN_VIEW = """(one) => {  // at least its middle, and nothing lies over that
  const {left, top, width, height} = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """`bigart studio` with tiny models, the same for all tests: each finds what the one before left."""
    folder = tmp_path_factory.mktemp("studio")
    with browser.bigart_studio(folder, cell=browser.tiny_cell(folder)) as server:
        yield server


@pytest.fixture
def artist(server, chromium):
    with browser.new_page(chromium, 1280, 800) as page:
        page.goto(server.address)
        yield browser.Artist(page, SHOTS)
        assert page.errors == []


def prompt(artist):
    return artist.page.locator(".bigart-prompt input")


def focused(artist):
    return artist.page.evaluate("document.activeElement.className")


def test_enter_creates_and_the_focus_goes_to_the_candidates_where_numbers_pick(artist):
    prompt(artist).fill("a lake")
    prompt(artist).press("Enter")
    artist.until(lambda: "bigart-grid" in focused(artist))
    artist.wait_for("7 pictures in")
    artist.page.keyboard.press("4")
    artist.until(artist.picked, [4])
    artist.page.mouse.click(700, 790)  # empty space: nothing has the focus
    artist.page.keyboard.press("2")
    artist.until(artist.picked, [2])
    artist.page.keyboard.press("ArrowRight")
    artist.until(artist.picked, [3])
    ring, mark = artist.thumbnail(3).evaluate(
        "(one) => [getComputedStyle(one).outlineStyle, getComputedStyle(one, '::after').content]"
    )
    assert ring == "dashed" and "✓" in mark
    assert artist.thumbnail(3).get_attribute("aria-pressed") == "true"
    artist.page.keyboard.press("f")
    artist.page.locator("button.bigart-thumb.bigart-starred").nth(0).wait_for()
    artist.page.keyboard.press("?")
    artist.page.locator("dialog.bigart-help[open]").get_by_text("make it a favourite").wait_for()
    artist.page.keyboard.press("Escape")
    assert artist.page.locator("dialog[open]").count() == 0


def test_numbers_typed_into_fields_pick_nothing(artist):
    artist.paint("a lake")
    artist.page.keyboard.press("5")
    artist.until(artist.picked, [5])
    prompt(artist).press("End")
    prompt(artist).press_sequentially(" 1 2 f ?")
    readout = artist.page.locator(".widget-readout[contenteditable]:visible").first
    readout.click()
    artist.page.keyboard.type("3")
    artist.page.keyboard.press("Enter")
    artist.page.wait_for_timeout(500)
    assert artist.picked() == [5] and prompt(artist).input_value().endswith(" 1 2 f ?")
    assert artist.page.locator("dialog[open]").count() == 0


def paint_for_long(artist, number):
    """Begin a batch of so many steps; the field of the steps, and what it said before."""
    artist.button("Settings").click()
    steps = artist.page.locator(".bigart-settings").get_by_label("Steps")
    before = steps.input_value()
    steps.fill(number)
    steps.press("Tab")
    prompt(artist).fill("a lake")
    prompt(artist).press("Enter")
    artist.wait_for("Painting: ")
    return steps, before


def test_what_is_typed_while_a_batch_is_painted_stays_and_waits_its_turn(artist):
    steps, before = paint_for_long(artist, "150")  # so that there is time to type
    prompt(artist).fill("sunset")
    prompt(artist).press("Enter")
    prompt(artist).fill("mountains")
    artist.button("Queue 7").click()
    rows = artist.page.locator(".bigart-queue-row")
    artist.until(rows.count, 2)
    assert "sunset" in rows.nth(0).inner_text()
    rows.nth(1).get_by_role("button", name="↑").click()
    artist.until(lambda: "mountains" in rows.nth(0).inner_text())
    rows.nth(1).get_by_role("button", name="✕").click()
    artist.until(rows.count, 1)
    steps.fill(before)
    steps.press("Tab")
    artist.button("Settings").click()
    artist.button("Cancel").click()
    prompt(artist).fill("typed meanwhile")
    artist.until(artist.page.locator(".bigart-queue-row:visible").count, 0, 120)
    artist.wait_for("7 pictures in")
    assert "mountains" in artist.thumbnail(1).inner_text()
    assert prompt(artist).input_value() == "typed meanwhile"
    artist.button("Examples").click()
    artist.page.locator("button.bigart-example").first.click()
    back = artist.page.locator("button.bigart-back")
    back.wait_for()
    back.click()
    artist.until(prompt(artist).input_value, "typed meanwhile")
    artist.button("Examples").click()


def test_the_focus_stays_in_the_queue_as_it_changes(artist):
    steps, before = paint_for_long(artist, "900")  # so that nothing else moves the queue
    for words in ("one", "two", "three", "four"):
        prompt(artist).fill(words)
        artist.button("Queue 7").click()
    rows, where = artist.page.locator(".bigart-queue-row"), "document.activeElement.textContent"
    artist.until(rows.count, 4)
    row = "document.activeElement.closest('.bigart-queue-row')?.textContent ?? ''"
    rows.nth(2).get_by_role("button", name="↑").focus()
    for place in (1, 0):
        artist.page.keyboard.press("Enter")
        artist.until(lambda: "three" in rows.nth(place).inner_text())  # noqa: B023
        artist.until(lambda: "three" in artist.page.evaluate(row))
    assert artist.page.evaluate(where) != "✕"  # the row has it, whose ↑ can do nothing more
    rows.nth(1).get_by_role("button", name="✕").focus()
    for left, named in ((3, "two"), (2, "four"), (1, "three")):
        artist.page.wait_for_timeout(500)  # until all rows are there: a person looks first
        artist.page.keyboard.press("Enter")
        artist.until(rows.count, left)
        artist.until(lambda: named in artist.page.evaluate(row))  # noqa: B023
        assert artist.page.evaluate(where) == "✕"
    artist.page.keyboard.press("Enter")
    artist.until(lambda: artist.page.evaluate("document.activeElement.matches('.bigart-prompt input')"))
    steps.fill(before)
    steps.press("Tab")
    artist.button("Settings").click()
    artist.button("Cancel").click()
    artist.wait_for("Cancelled")


def test_cancel_keeps_what_is_typed_and_picked(artist):
    artist.paint("a lake")
    artist.page.keyboard.press("6")
    artist.until(artist.picked, [6])
    prompt(artist).fill("something else")
    prompt(artist).press("Enter")
    artist.wait_for("Painting: ")
    prompt(artist).fill("typed meanwhile")
    artist.button("Cancel").click()
    artist.wait_for("Cancelled")
    artist.until(artist.picked, [6])
    assert prompt(artist).input_value() == "typed meanwhile"


def test_an_empty_prompt_is_told_beside_the_field_until_something_is_typed(artist):
    prompt(artist).fill("")
    prompt(artist).press("Enter")
    problem = artist.page.locator(".bigart-hint [role=alert]")
    problem.wait_for()
    field, words = prompt(artist).bounding_box(), problem.bounding_box()
    assert 0 <= words["y"] - field["y"] - field["height"] < 40
    prompt(artist).press_sequentially("a lake")
    artist.until(problem.count, 0)


def test_the_order_of_tab_is_the_order_of_work(artist):
    artist.paint("a lake")
    prompt(artist).focus()
    stops = []
    for _ in range(14):
        artist.page.keyboard.press("Tab")
        stops.append(artist.page.evaluate("document.activeElement.textContent.trim()"))
    assert stops[0].startswith("Create") and any(words.startswith("1: ") for words in stops), stops


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_no_control_lacks_a_name(artist, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    artist.page.emulate_media(color_scheme=scheme)
    artist.paint("a lake")
    artist.page.keyboard.press("1")
    artist.until(artist.picked, [1])
    artist.button("Settings").click()
    artist.page.wait_for_timeout(300)
    found = axe.run(artist.page, context=".bigart-studio").response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in serious]
    nameless = artist.page.evaluate(
        """() => [...document.querySelectorAll('.bigart-studio *')]
          .filter((one) => one.matches('input, select, textarea, button, [role=slider]'))
          .filter((one) => one.offsetParent && !one.closest('[aria-hidden=true]'))
          .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length))
          .map((one) => one.outerHTML.slice(0, 200))"""
    )
    assert nameless == []
    titles = artist.page.evaluate("document.querySelectorAll('.bigart-studio [title=null]').length")
    assert titles == 0
    dark = artist.page.locator(".bigart-card").first.evaluate(
        "(one) => getComputedStyle(one).backgroundColor"
    )
    assert (dark == "rgb(255, 254, 251)") == (scheme == "light")
    artist.button("Settings").click()


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_one_screen_at_each_width(artist, width):
    page, height = artist.page, WIDTHS[width]
    page.set_viewport_size({"width": width, "height": height})
    artist.paint("a lake")
    page.keyboard.press("2")
    artist.until(artist.picked, [2])
    page.wait_for_timeout(300)
    page.screenshot(path=SHOTS / f"{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    if width >= 1280:
        edges = [artist.thumbnail(number).bounding_box() for number in (1, 7)]
        assert all(one["y"] >= 0 and one["y"] + one["height"] <= height for one in edges)
        grid, work = (page.locator(name).bounding_box() for name in (".bigart-grid", ".bigart-work"))
        assert work["x"] > grid["x"] + grid["width"]  # beside it
        assert work["x"] + work["width"] > 0.9 * width  # uses the room of a wide window
    assert_cancel_is_in_view(artist, height)


def assert_cancel_is_in_view(artist, height):
    """While something is painted, even at the end of the page; it is cancelled then."""
    prompt(artist).fill("another lake")
    prompt(artist).press("Enter")
    artist.wait_for("Painting: ")
    artist.page.mouse.wheel(0, 5000)
    artist.page.wait_for_timeout(200)
    cancel = artist.button("Cancel").bounding_box()
    assert 0 <= cancel["y"] <= height - cancel["height"], "Cancel is out of view"
    artist.button("Cancel").click()
    artist.wait_for("Cancelled")


def test_at_200_percent_nothing_is_cut_and_all_is_reached(server, chromium):
    with browser.new_page(chromium, 640, 400, device_scale_factor=2) as page:  # of a window of 1280 x 800
        page.goto(server.address)
        artist = browser.Artist(page, SHOTS)
        artist.paint("a lake")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640
        assert page.evaluate(CUT) == []
        for number in range(1, 8):
            page.keyboard.press(str(number))
            artist.until(artist.picked, [number])
            artist.until(lambda: artist.thumbnail(number).evaluate(IN_VIEW))  # noqa: B023
        page.screenshot(path=SHOTS / "200 %.png")
        assert_cancel_is_in_view(artist, 400)
        assert page.errors == []


def test_a_slider_value_that_is_not_saved_is_marked_and_what_is_made_again_is_said(artist):
    artist.paint("a lake")
    artist.page.keyboard.press("1")
    artist.until(artist.picked, [1])
    card = artist.card(3)
    assert "To be made: 1K, texture on 1K." in card.inner_text()
    artist.button("Make 1K", 3).click()
    artist.wait_for("Made in")
    artist.step("1K")
    assert "the very pixels of the result." in card.inner_text()
    card.locator(".bigart-enlarge .noUi-handle").first.focus()
    artist.page.keyboard.press("ArrowRight")
    card.get_by_text("not saved yet").wait_for()
    artist.button("New texture only, about ").wait_for()
    assert "To be made: texture on 1K." in card.inner_text()
