"""The viewer and the part at 1:1 in a real browser: what the screen shows is compared with the files."""

import io
from importlib.util import find_spec
from pathlib import Path

import browser
import numpy as np
import pytest
from PIL import Image

pytestmark = browser.marks("voila", "jupyterlab")
SHOTS = browser.SHOTS / "viewer"
AXE = find_spec("axe_playwright_python")
PATCH = 24  # px a side of what is looked for in a file


class Looker(browser.Artist):
    """Looks closely at number 3 of seven, at 1K with VQGAN; number 5 was picked before it."""

    def __init__(self, page, pictures):
        super().__init__(page, SHOTS)
        self.pictures, self.scale = pictures, page.evaluate("devicePixelRatio")
        self.create()
        self.said("7 pictures in")
        self.press("5")
        self.until(self.picked, [5])
        self.press("3")
        self.until(self.picked, [3])
        page.locator("input[type=checkbox]:visible").first.check()
        self.button("Make 1K").click()
        self.said("Made in")
        self.button("Texture, live").click()
        page.locator(".bigart-comparison:visible").first.wait_for(state="detached")  # it hides a moment later

    def said(self, words):
        self.page.locator(".bigart-status", has_text=words).first.wait_for()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def press_for(self, key, words):
        """Press a key, and wait until the first pane says some words."""
        self.press(key)
        self.words(words)

    def words(self, words, pane=0):
        self.page.locator(f".bigart-pane-{pane} p", has_text=words).wait_for()

    def open(self):
        if self.page.locator(".bigart-viewer[open]").count():  # a test before this one has failed
            self.close()
        self.page.locator(".bigart-part-look button:visible").click()
        self.page.locator(".bigart-pane-0 p", has_text="%").wait_for()

    def close(self):
        self.press("Escape")
        self.page.locator(".bigart-viewer").wait_for(state="hidden")

    def choose(self, field, name):
        self.page.locator(f"#bigart-viewer-{field}").select_option(label=name)

    def file(self, name):
        (path,) = self.pictures.rglob(f"candidate-3/{name}.png")
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))

    def seen(self, box):
        """The device pixels in a rectangle of the page."""
        shot = np.asarray(Image.open(io.BytesIO(self.page.screenshot(scale="device"))).convert("RGB"))
        left, top = (round(self.scale * box[name]) for name in ("x", "y"))
        right, end = left + round(self.scale * box["width"]), top + round(self.scale * box["height"])
        return shot[top:end, left:right]

    def easel(self, share=1.0):
        """What the screen shows of the left side of the easel, or of a share of it, without its captions."""
        self.page.locator(".bigart-viewer-whole").focus()  # so that no ring is seen
        self.page.wait_for_timeout(700)  # of its movement
        box = self.page.locator(".bigart-easel").bounding_box()
        box["height"] -= 60
        return self.seen({**box, "width": share * box["width"]})

    def center(self):
        box = self.page.locator(".bigart-easel").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def line(self):
        """Where the viewer's line is, in px of the page."""
        box = self.page.locator(".bigart-easel > i").bounding_box()
        return round(box["x"] + box["width"] / 2)

    def drag(self, start, end):
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=6)
        self.page.mouse.up()


def place_in(picture, seen, times=1):
    """Column and row of a picture, enlarged, that what is seen begins at, found by its middle's pixels."""
    row, column = seen.shape[0] // 2, seen.shape[1] // 2
    patch = seen[row : row + PATCH * times, column : column + PATCH * times]
    small = patch[::times, ::times]
    for y, x in zip(*np.nonzero((picture == small[0, 0]).all(axis=2)), strict=True):
        if np.array_equal(picture[y : y + PATCH, x : x + PATCH], small):
            around = picture[y : y + PATCH + 1, x : x + PATCH + 1].repeat(times, axis=0).repeat(times, axis=1)
            for down in range(times):
                for across in range(times):
                    part = around[down : down + PATCH * times, across : across + PATCH * times]
                    if np.array_equal(part, patch):
                        return times * x + across - column, times * y + down - row
    raise AssertionError("what is seen is nowhere in the picture, pixel by pixel")


def assert_same_pixels(picture, seen, times=1):
    """What is seen is a part of the picture, each pixel so many times; returns where that begins."""
    larger = picture.repeat(times, axis=0).repeat(times, axis=1)
    left, top = place_in(picture, seen, times)
    first = max(0, -left), max(0, -top)
    last = min(seen.shape[1], larger.shape[1] - left), min(seen.shape[0], larger.shape[0] - top)
    part = seen[first[1] : last[1], first[0] : last[0]]
    assert part.size > 3 * 100 * 100
    expected = larger[top + first[1] : top + last[1], left + first[0] : left + last[0]]
    rows, columns = np.nonzero((part != expected).any(axis=2))
    assert not rows.size, (
        f"{rows.size} differ, in rows {rows.min()}-{rows.max()}, columns {columns.min()}-{columns.max()}"
    )
    return left, top


def faults(page):
    """What axe finds that is serious; nothing where it is not installed."""
    if not AXE:
        return []
    page.evaluate((Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.bigart-viewer')")["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in serious]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the pictures, for both screens."""
    return tmp_path_factory.mktemp("viewer")


@pytest.fixture(scope="module")
def looker(front_ends, folder):
    """Before a usual screen."""
    with front_ends.studio("voila", folder, 1280, 800) as page:
        yield Looker(page, folder / "pictures" / "sunset-over-a-lake")
        assert page.errors == []


@pytest.fixture(scope="module")
def on_phone(front_ends, folder, looker):
    """Before a small screen of two device pixels a px, in the dark."""
    options = {"device_scale_factor": 2, "has_touch": True, "color_scheme": "dark"}
    with front_ends.studio("voila", folder, 390, 844, **options) as page:
        yield Looker(page, folder / "pictures" / "sunset-over-a-lake-2")
        assert page.errors == []


@pytest.fixture(params=["looker", "on_phone"])
def any_looker(request):
    return request.getfixturevalue(request.param)


def test_at_1_to_1_and_4_to_1_the_screen_shows_the_very_pixels_of_the_file(any_looker):
    looker = any_looker
    looker.open()
    looker.words("1024 enhanced · 100 %, exact pixels")
    assert_same_pixels(looker.file("1024_enhanced"), looker.easel())
    looker.choose("shown", "1024 textured")
    looker.words("1024 textured · 100 %, exact pixels")
    picture = looker.file("1024_textured")
    left, top = assert_same_pixels(picture, looker.easel())
    looker.press_for("ArrowRight", "exact")  # moves it by no whole number of pixels
    looker.page.wait_for_timeout(700)
    assert assert_same_pixels(picture, looker.easel())[0] > left
    looker.press_for("4", "400 %, exact pixels")
    assert_same_pixels(picture, looker.easel(), times=4)
    looker.press("0")
    looker.until(lambda: "exact" in looker.page.locator(".bigart-pane-0 p").inner_text(), False)
    looker.page.wait_for_timeout(700)
    with pytest.raises(AssertionError, match="nowhere"):
        place_in(picture, looker.easel())
    looker.page.screenshot(path=SHOTS / f"whole {looker.scale}.png")
    looker.close()


def test_the_line_is_taken_anywhere_and_stays_where_it_was_put(looker):
    looker.open()
    looker.choose("against", "bicubic")
    looker.words("bicubic", pane=1)
    x, y = looker.center()
    assert abs(looker.line() - x) <= 1
    looker.drag((x, y - 90), (x - 200, y + 60))
    put = looker.line()
    assert abs(put - (x - 200)) <= 2
    looker.page.wait_for_timeout(800)
    shown = looker.easel()
    looker.drag((x + 100, y), (x + 40, y - 50))  # the picture
    looker.page.wait_for_timeout(800)
    assert looker.line() == put and not np.array_equal(looker.easel(), shown)
    looker.choose("shown", "1024 textured")
    looker.words("1024 textured · 100 %, exact")
    looker.choose("against", "1024")
    looker.words("1024 · 100 %, exact", pane=1)
    assert looker.line() == put
    left = assert_same_pixels(looker.file("1024"), looker.easel((put - 20) / 1280))
    right = assert_same_pixels(looker.file("1024_textured"), looker.easel()[:, put + 20 :])
    assert (left[0] + put + 20, left[1]) == right
    looker.page.screenshot(path=SHOTS / "line.png")
    looker.page.locator(".bigart-easel > i").focus()
    looker.press("Home")
    assert looker.line() <= 1
    looker.press("ArrowRight", "ArrowRight")
    assert looker.page.locator(".bigart-easel > i").get_attribute("aria-valuenow") == "2"
    looker.close()


def test_two_side_by_side_move_together(looker):
    looker.open()
    looker.choose("shown", "1024 textured")
    looker.choose("against", "1024")
    looker.press("s")
    looker.words("1024 · 100 %, exact", pane=1)
    looker.words("1024 textured · 100 %, exact")
    x, y = looker.center()

    def places():
        seen = looker.easel()
        sides = seen[:, : seen.shape[1] // 2 - 20], seen[:, seen.shape[1] // 2 + 20 :]
        names = "1024_textured", "1024"
        return [assert_same_pixels(looker.file(name), side) for name, side in zip(names, sides, strict=True)]

    looker.page.wait_for_timeout(800)
    first = places()
    looker.drag((x + 200, y), (x + 140, y - 70))  # the right one
    looker.page.wait_for_timeout(900)
    then = places()
    assert then[0] == (first[0][0] + 60, first[0][1] + 70)
    assert (then[1][0] - first[1][0], then[1][1] - first[1][1]) == (60, 70)
    looker.press("0")
    looker.page.wait_for_timeout(900)
    zooms = looker.page.locator(".bigart-pane p").all_inner_texts()
    assert len({words.split(" · ")[1] for words in zooms}) == 1 and "exact" not in zooms[0]
    looker.page.screenshot(path=SHOTS / "side by side.png")
    looker.press("l")
    looker.close()


def test_wheel_keys_full_screen_and_back_to_where_it_was_opened(looker):
    looker.open()
    zoom = looker.page.locator(".bigart-viewer-zoom output")
    looker.press("1")
    looker.until(lambda: zoom.inner_text().replace("\u00a0", " "), "100 %")
    looker.page.mouse.move(*looker.center())
    looker.page.mouse.wheel(0, -300)
    looker.until(lambda: int(zoom.inner_text()[:-2]) > 110)
    larger = int(zoom.inner_text()[:-2])
    looker.press("-")
    looker.until(lambda: int(zoom.inner_text()[:-2]) < larger)
    looker.page.get_by_role("button", name="Full screen").click()
    looker.until(lambda: looker.page.evaluate("document.fullscreenElement?.className"), "bigart-viewer-whole")
    looker.page.wait_for_timeout(500)
    assert looker.page.locator(".bigart-easel").is_visible()
    looker.page.evaluate("document.exitFullscreen()")
    looker.until(lambda: looker.page.evaluate("document.fullscreenElement"), None)
    looker.close()
    focused = "document.activeElement.closest('.bigart-part-look') !== null"
    assert looker.page.evaluate(focused)
    looker.thumbnail(3).focus()
    looker.press("Space")
    looker.words("256, the candidate", pane=1)
    against = looker.page.locator("#bigart-viewer-against option:checked").inner_text()
    assert against.startswith("number 5")
    looker.close()
    assert looker.page.evaluate("document.activeElement.matches('.bigart-thumb')")


def test_two_fingers_zoom(on_phone):
    on_phone.open()
    on_phone.press("0")
    zoom = on_phone.page.locator(".bigart-viewer-zoom output")
    on_phone.page.wait_for_timeout(800)
    before = int(zoom.inner_text()[:-2])
    x, y = on_phone.center()
    session = on_phone.page.context.new_cdp_session(on_phone.page)

    def touch(kind, apart):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}] if apart else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        on_phone.page.wait_for_timeout(30)

    touch("touchStart", 30)
    for apart in range(40, 130, 10):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    on_phone.until(lambda: int(zoom.inner_text()[:-2]) > 1.5 * before)
    on_phone.close()


def test_axe_finds_nothing_serious_and_nothing_is_cut_off(any_looker):
    looker = any_looker
    looker.open()
    looker.choose("against", "bicubic")
    looker.words("bicubic", pane=1)
    looker.page.wait_for_timeout(500)
    assert faults(looker.page) == []
    width = looker.page.viewport_size["width"]
    controls = "[...document.querySelectorAll('.bigart-viewer :is(button, select)')]"
    edges = f"{controls}.map((one) => one.getBoundingClientRect()).map(({{left, right}}) => [left, right])"
    for left, right in looker.page.evaluate(edges):
        assert left >= 0 and right <= width
    looker.page.screenshot(path=SHOTS / f"compared {looker.scale}.png")
    looker.close()


def test_the_part_of_a_card_has_the_files_pixels_and_is_dragged(any_looker):
    looker = any_looker
    page = looker.page
    crop = page.locator(".bigart-crop:visible")
    looker.until(lambda: crop.evaluate("(one) => one.naturalWidth / one.clientWidth"), looker.scale)
    column = page.locator(".bigart-large:visible").evaluate("(one) => one.clientWidth")
    assert abs(crop.evaluate("(one) => one.clientWidth") - column) <= 1
    crop.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    picture = looker.file("1024_textured")
    box = crop.bounding_box()
    before = assert_same_pixels(picture, looker.seen(box)[8:-8, 8:-8])
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    looker.drag(middle, (middle[0] - 40, middle[1] - 60))
    page.wait_for_timeout(1500)
    after = assert_same_pixels(picture, looker.seen(crop.bounding_box())[8:-8, 8:-8])
    moved = [end - start for start, end in zip(before, after, strict=True)]
    assert moved == [40 * looker.scale, 60 * looker.scale]
    marker = page.locator(".bigart-overview:visible i").evaluate("(one) => parseFloat(one.style.left)")
    assert abs(marker - 100 * (after[0] - 8) / 1024) < 1


def test_the_line_of_a_card_is_taken_anywhere_and_stays_where_the_part_moves(looker):
    page = looker.page
    looker.button("VQGAN: before, after").click()
    box = page.locator(".bigart-comparison:visible")
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    edges = box.bounding_box()
    put = edges["x"] + 0.25 * edges["width"], edges["y"] + 0.3 * edges["height"]
    looker.drag((edges["x"] + 0.7 * edges["width"], edges["y"] + 20), put)

    def line():
        one = page.locator(".bigart-comparison:visible i").bounding_box()
        return one["x"] + 1

    assert abs(line() - put[0]) <= 1
    overview = page.locator(".bigart-overview:visible img")
    before = page.locator(".bigart-before").first.get_attribute("src")
    overview.click(position={"x": 30, "y": 40})
    looker.until_other(lambda: page.locator(".bigart-before").first.get_attribute("src"), before)
    page.wait_for_timeout(500)
    assert abs(line() - put[0]) <= 1
    seen, at = looker.seen(box.bounding_box()), round(0.25 * edges["width"])
    left = assert_same_pixels(looker.file("1024_textured"), seen[40:-8, 8 : at - 24])
    right = assert_same_pixels(looker.file("1024_enhanced"), seen[40:-8, at + 24 : -8])
    assert right == (left[0] + at + 16, left[1])
    page.locator(".bigart-comparison:visible i").focus()
    looker.press("ArrowLeft")
    assert line() < put[0] - 2
    box.dblclick(position={"x": 200, "y": 200})
    looker.words("1024 textured", pane=1)
    looker.words("1024 enhanced · 100 %, exact")
    looker.close()


def test_the_viewer_works_in_jupyterlab_too(front_ends, tmp_path):
    with front_ends.studio("jupyterlab", tmp_path, 1280, 800) as page:
        looker = Looker(page, tmp_path / "pictures")
        looker.open()
        looker.words("1024 enhanced · 100 %, exact pixels")
        assert_same_pixels(looker.file("1024_enhanced"), looker.easel())
        page.screenshot(path=SHOTS / "jupyterlab.png")
        looker.close()
        assert page.evaluate("document.activeElement.closest('.bigart-part-look') !== null")
        assert page.errors == []
