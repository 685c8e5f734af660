"""The gallery in a real browser, opened from the disk as people do."""

import io
import json
import os
import shutil
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser
import numpy as np
import pytest
from PIL import Image, ImageDraw

from bigart_lib.cli import main as cli
from bigart_lib.gallery import beside
from bigart_lib.pictures import writing

pytestmark = browser.marks()
SHOTS = browser.SHOTS / "gallery"
AXE = find_spec("axe_playwright_python")
PROMPTS = (
    "sunset over a lake",
    "a painting of a corgi",
    "colorful circles </script><img src=x onerror=alert(1)>",
)
COUNT = 4  # pictures of each
WIDTHS = (390, 1600)


def draw(path, prompt, index, size=(300, 200)):
    """A picture with a recipe, with squares of one pixel to look at."""
    image = Image.new("RGB", size, (40 + 40 * index, 120, 200 - 30 * index))
    ImageDraw.Draw(image).rectangle((size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2), "gold")
    recipe = {"models": "embedded", "prompt": prompt, "index": index, "stage": "256"}
    recipe["generate"] = {"seed": 5, "count": 7}
    writing.save(image, path, {"bigart": json.dumps(recipe)})


@pytest.fixture(scope="module")
def gallery(tmp_path_factory, painted_once):
    """The address of a gallery: a run of three steps and more, loose pictures, and one in tiles."""
    folder = tmp_path_factory.mktemp("gallery") / "my pictures"
    folder.mkdir()
    for prompt in PROMPTS:
        for index in range(COUNT):
            draw(folder / f"{prompt[:8]}{index}.png", prompt, index)
    draw(folder / "large.png", "a wide panorama", 0, (2100, 900))
    os.utime(folder / "large.png", (1_000_000_000, 1_000_000_000))  # long ago
    shutil.copytree(painted_once / "a-lake", folder / "a-lake", copy_function=os.link)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "MOST_WHOLE", 1500 * 1000)
        assert cli.main(["gallery", str(folder), "--quiet"]) == 0
    return (folder / "gallery.html").as_uri()


@pytest.fixture
def opened(chromium, gallery):
    """Opens the page as of somebody who was never here; whatever it complains of fails the test."""

    @contextmanager
    def opened(width=1600, height=1000, **options):
        with browser.new_page(chromium, width, height, **options) as page:
            page.said = said = page.errors
            page.set_default_timeout(30 * browser.SECONDS)
            page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
            page.on("dialog", lambda dialog: said.append(dialog.message))
            page.on("requestfailed", lambda one: said.append(f"failed: {one.url}"))
            page.goto(gallery)
            yield page
            assert said == page.refused == []

    return opened


def count(page):
    return page.locator("#count").inner_text()


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def wait_for(page, condition):
    """Until a condition holds; the page's own policy lets no waiting of playwright's in."""
    end = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


def wait_for_picture(page):
    """Until the viewer has loaded what it shows, and drawn it."""
    wait_for(page, "now.items.length > 0 && now.items.every((item) => item.getFullyLoaded())")
    page.wait_for_timeout(600)  # of its movement


def test_search_favourites_and_order(opened):
    with opened() as page:
        whole = 7 + 3 * COUNT + 1
        assert count(page) == f"{whole} pictures"
        assert len(page.locator("section").all()) == 5
        page.keyboard.press("/")
        page.keyboard.type("Corgi painting")
        assert count(page) == f"{COUNT} of {whole} pictures"
        page.locator("#search").fill("unicorn")
        assert page.get_by_text("No prompt has these words").is_visible()
        page.locator("#search").fill("")
        page.locator("#by-day").click()
        days = page.locator("section h2").all_inner_texts()
        assert days == sorted(days, reverse=True) and days[-1].startswith("2001-09-0")
        assert page.locator("section").last.locator("li").count() == 1
        page.locator("#by-title").click()
        assert "sunset over a lake" in page.locator("section h2").all_inner_texts()
        page.locator("#only-starred").click()
        assert page.get_by_text("No favourites yet").is_visible()


def test_favourites_are_kept_and_exported(opened):
    with opened() as page:
        first = page.locator(".grid li", has_text="corgi").first
        first.locator("a").focus()
        page.keyboard.press("f")
        page.keyboard.press("ArrowRight")
        page.locator(".grid li", has_text="corgi").nth(2).hover()
        page.locator(".grid li", has_text="corgi").nth(2).locator(".star").click()
        page.reload()
        page.locator("#only-starred").click()
        assert count(page).startswith("2 of ")
        with page.expect_download() as download:
            page.locator("#save-list").click()
        assert download.value.suggested_filename == "favourites.txt"
        assert Path(download.value.path()).read_text() == "a painti0.png\na painti2.png\n"


def test_the_viewer_shows_steps_and_compares_them_at_one_to_one(opened):
    with opened(device_scale_factor=2) as page:
        tile = page.locator(".grid li[data-n]", has_text="number 3, 1024").first
        tile.locator("a").focus()
        page.keyboard.press("Enter")
        wait_for_picture(page)
        steps = page.locator("#steps button").all_inner_texts()
        assert (
            steps[:2] == ["64", "256"]
            and page.locator("#steps [aria-pressed=true]").inner_text() == steps[-1]
        )
        assert "1024 × 1024 px; 8.7 × 8.7 cm at 300 DPI" in page.locator("#shown-size").inner_text()
        page.keyboard.press("1")
        page.wait_for_timeout(800)
        assert page.locator("#percent").inner_text() == "100 %"
        shown = page.evaluate("now.items[0].imageToViewportZoom(1) * 0 + viewer.viewport.getZoom(true)")
        assert shown * page.locator("#canvas").bounding_box()["width"] == pytest.approx(1024 / 2, rel=0.01)
        file = page.locator("#file").evaluate("(link) => link.href")
        assert_shows_pixels_of(Path(unquote(urlsplit(file).path)), page)
        page.keyboard.press("b")
        wait_for_picture(page)
        assert page.locator("#name-after").inner_text() == steps[-1]
        assert page.evaluate("now.items.length") == 2
        page.locator("#line").fill("50")
        clip = page.evaluate("now.items[1].getClip().x")
        assert 0 < clip < 1024
        page.locator("#line").fill("60")
        assert page.evaluate("now.items[1].getClip().x") > clip
        shoot(page, "before and after")
        page.locator("#steps button").nth(1).click()
        wait_for_picture(page)
        assert page.locator("#name-before").inner_text() == "64"
        page.locator("#steps button").nth(0).click()
        wait_for_picture(page)
        assert page.locator("#compare").is_disabled() and page.evaluate("now.items.length") == 1
        page.keyboard.press("Escape")
        assert not page.locator("#viewer").is_visible()
        assert page.evaluate("document.activeElement.closest('li').dataset.n") == tile.get_attribute("data-n")


def assert_shows_pixels_of(path, page, side=40):
    """The middle of the screen shows a part of a file as it is, pixel by pixel."""
    with Image.open(path) as image:
        picture = np.asarray(image.convert("RGB"))
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(scale="device"))).convert("RGB"))
    box = page.locator("#canvas").bounding_box()
    left, top = (round(2 * (box[one] + box[two] / 2)) for one, two in (("x", "width"), ("y", "height")))
    seen = shot[top : top + side, left : left + side]
    found = [
        (x, y)
        for y, x in zip(*np.nonzero((picture == seen[0, 0]).all(axis=2)), strict=True)
        if np.array_equal(picture[y : y + side, x : x + side], seen)
    ]
    assert found


def test_keys_go_from_picture_to_picture_and_zoom(opened):
    with opened() as page:
        page.locator("#search").fill("corgi")
        page.locator(".grid li:not([hidden]) a").first.click()
        wait_for_picture(page)
        captions = []
        for _ in range(COUNT + 1):  # it ends at the last
            captions.append(page.locator("#shown-caption").inner_text())
            page.keyboard.press("ArrowRight")
        assert len({*captions}) == COUNT and captions[-1] == captions[-2]
        assert page.locator("#after").is_disabled()
        wait_for_picture(page)

        def zoom():
            page.wait_for_timeout(700)
            return int(page.locator("#percent").inner_text().removesuffix(" %"))

        whole = zoom()
        page.keyboard.press("+")
        assert (larger := zoom()) > whole
        page.mouse.move(600, 400)
        page.mouse.wheel(0, -300)
        assert zoom() > larger
        page.mouse.dblclick(600, 400)
        page.keyboard.press("0")
        assert zoom() == whole
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("#viewer").is_visible() and not page.locator("#keys").is_visible()


@pytest.mark.parametrize("permissions", [["clipboard-read", "clipboard-write"], []])
def test_the_command_is_copied_even_where_there_is_no_clipboard(opened, permissions):
    with opened(permissions=permissions) as page:
        if not permissions:
            page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.locator(".grid li", has_text="corgi").locator("a").first.click()
        page.locator("#copy").click()
        page.get_by_text("Copied").wait_for()
        command = page.locator("#command").inner_text()
        page.keyboard.press("Escape")
        page.wait_for_function("document.activeElement.matches('.grid a')")  # where it was before
        page.locator("#search").focus()
        page.keyboard.press("Control+v")  # whose text may come a moment later
        page.wait_for_function("document.querySelector('#search').value")
        assert page.locator("#search").input_value() == command
        assert command.startswith("bigart 'a painting of a corgi' --seed 5")


def test_large_pictures_come_in_tiles(opened):
    with opened() as page:
        asked = []
        page.on("request", lambda one: asked.append(one.url))
        page.locator(".grid li", has_text="panorama").locator("a").click()
        wait_for_picture(page)
        page.keyboard.press("1")
        wait_for_picture(page)
        tiles = [one for one in asked if "/gallery%20files" in one or "_files/" in one]
        assert tiles and not [one for one in asked if one.endswith("large.png")]
        assert any("/12/" in one for one in tiles)  # the finest, of 2100 px


def test_a_file_that_is_gone_is_told(opened):
    with opened() as page:
        page.locator(".grid li", has_text="corgi").locator("a").first.click()
        wait_for_picture(page)
        page.evaluate("pictures[now.n].stages.push({...pictures[now.n].stages[0], address: 'gone.png'})")
        page.evaluate("showPicture(now.n)")
        page.get_by_text("it may have been moved").wait_for()
        assert any("gone.png" in one for one in page.said)
        page.said.clear()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_looks_and_reads_well(opened, scheme, width):
    """Nothing is wider than the page or jumps, and axe finds nothing, if it is installed."""
    height = 844 if width < 500 else 1000
    with opened(width, height, color_scheme=scheme) as page:
        places = "[...document.querySelectorAll('.grid li')].map((one) => one.getBoundingClientRect().top)"
        early = page.evaluate(places)
        wait_for(page, "[...document.images].some((one) => one.complete)")
        page.wait_for_timeout(300)
        assert page.evaluate(places) == early
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(27, 26, 24)"
        assert dark == (scheme == "dark")
        shoot(page, f"grid {scheme} {width}")
        assert faults(page) == []
        page.locator(".grid li", has_text="number 3, 1024").locator("a").first.click()
        wait_for_picture(page)
        shoot(page, f"viewer {scheme} {width}")
        assert faults(page) == []
        page.keyboard.press("b")
        wait_for_picture(page)
        assert faults(page) == []
        page.keyboard.press("?")
        assert faults(page) == []


def faults(page):
    """What axe finds; nothing where it is not installed."""
    if not AXE:
        return []
    page.evaluate((Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in found]


def test_without_scripts_it_is_a_page_of_links(opened):
    with opened(java_script_enabled=False) as page:
        link = page.locator(".grid a").first
        assert link.is_visible() and not page.locator("#tools").is_visible()
        assert not page.locator("#viewer").is_visible()
        link.click()
        assert page.url.endswith(".png")


def test_no_text_of_a_file_runs(opened):
    with opened() as page:
        page.locator("section", has_text="circles").locator("a").first.click()
        wait_for_picture(page)
        assert page.locator("#shown-title").inner_text() == PROMPTS[2]
        assert page.locator("img[src='x']").count() == 0
