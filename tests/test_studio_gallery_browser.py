"""The gallery in the studio, in a browser: looked through, opened, renamed, thrown away and taken back."""

import json
import os
import re
import shutil
import time
import uuid
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import browser
import pytest

from bigart_lib.runs.folders import folder_name
from bigart_lib.runs.run import open_run

pytestmark = browser.marks("voila", "jupyterlab")
SHOTS = browser.SHOTS / "studio gallery"
AXE = find_spec("axe_playwright_python")
PROMPTS = ("rolling farmland", "a tabby cat", "sunset over the sea <b>bold</b>", "colorful circles")
MANY = 100


def like(run, prompt, seed, touched):
    """Another run with the pictures of this one, as if it had been painted of another prompt."""
    folder = run.parent / f"{folder_name(prompt)}-{seed}"
    shutil.copytree(
        run, folder, copy_function=os.link, ignore=shutil.ignore_patterns("*.lock", "exact", "run.json")
    )
    values = json.loads((run / "run.json").read_text())
    values["recipe"]["prompt"], values["recipe"]["generate"]["seed"] = prompt, seed
    values |= {"id": uuid.uuid4().hex, "touched": touched}
    (folder / "run.json").write_text(json.dumps(values))
    return folder


@pytest.fixture
def studio(front_ends, tmp_path):
    """Opens the page of a studio with tiny models whose pictures lie in the test's folder."""

    @contextmanager
    def opened(kind="voila", **options):
        with front_ends.studio(kind, tmp_path, 1280, 900, **options) as page:
            page.on("dialog", lambda dialog: page.errors.append(dialog.message))
            yield Gallery(page)
            assert page.errors == []

    return opened


class Gallery(browser.Artist):
    """An artist who looks through what is on disk."""

    def __init__(self, page):
        super().__init__(page, SHOTS)
        self.dialog = page.locator("dialog.bigart-gallery")
        self.search = self.dialog.get_by_role("searchbox")
        self.runs = self.dialog.locator("section.bigart-run")
        self.said = page.locator(".bigart-said")

    def look(self):
        """Open the gallery."""
        self.page.locator("button.bigart-nav", has_text="Pictures").click()
        self.dialog.locator(".bigart-count:not(:empty)").wait_for()

    def run(self, words):
        """The run whose heading has these words."""
        return self.runs.filter(has=self.page.locator("h4", has_text=words))

    def focused(self):
        """What has the focus, by its name."""
        return self.page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        )

    def titles(self):
        """The headings, in order."""
        return self.dialog.locator("h4").all_text_contents()

    def wait_for_pictures(self):
        """Until all small pictures in view have come."""
        empty = """[...document.querySelectorAll('.bigart-picture:not(:has(img))')].filter((one) => {
            const {top, bottom, width} = one.getBoundingClientRect();
            return width && bottom > 0 && top < innerHeight; }).length"""
        self.until(lambda: self.page.evaluate(empty), 0)

    def shot(self, name):
        """Keep a picture of the window."""
        self.page.screenshot(path=self.shots / f"{name}.png")


@pytest.fixture
def pictures(painted):
    """The painted run, touched last, and a few others like it."""
    run, now = painted / "a-lake", time.time()
    for place, prompt in enumerate(PROMPTS):
        like(run, prompt, place, now - 3600 * (place + 1))
    open_run(run).toggle_favourite(2)
    open_run(painted / "a-tabby-cat-1").toggle_favourite(4)
    values = json.loads((painted / "a-tabby-cat-1" / "run.json").read_text())
    (painted / "a-tabby-cat-1" / "run.json").write_text(json.dumps({**values, "touched": now - 7200}))
    return painted


def test_a_story_in_voila(pictures, studio):
    with studio() as artist:
        artist.page.locator(
            ".bigart-found", has_text="a lake, seed 5, painted up to 1024 px, number 3"
        ).wait_for()
        strip = artist.page.locator(".bigart-strip .bigart-item")
        artist.until(strip.count, 5)
        artist.page.locator(".bigart-shelf button", has_text="Favourites").click()
        artist.until(strip.count, 2)
        artist.look()
        assert artist.titles() == ["a lake", "a tabby cat", *(one for one in PROMPTS if "cat" not in one)]
        artist.wait_for_pictures()
        artist.shot("1 all")
        first = artist.run("a lake").locator(".bigart-item")
        assert first.count() == 10 and "number 3" in first.first.text_content()
        artist.until(lambda: "1024 px, 8.7 × 8.7 cm" in artist.run("a lake").text_content())

        first.first.locator(".bigart-open").focus()
        artist.page.keyboard.press("/")
        artist.page.keyboard.type("SEA sunset")
        artist.until(artist.titles, [PROMPTS[2]])
        artist.search.fill("unicorn")
        artist.dialog.get_by_text("No prompt has these words").wait_for()
        artist.search.fill("")
        artist.dialog.get_by_role("button", name="Favourites only").click()
        artist.until(artist.titles, ["a lake", "a tabby cat"])
        assert artist.run("a tabby cat").locator(".bigart-item").count() == 1
        artist.run("a tabby cat").locator(".bigart-open").click()  # a favourite of another run
        assert artist.dialog.is_hidden()
        artist.until(artist.picked, [5])
        assert "a tabby cat" in artist.thumbnail(1).inner_text()
        artist.until(lambda: artist.page.locator(".bigart-found").is_visible(), False)

        artist.look()
        artist.dialog.get_by_role("button", name="Latest first").click()
        artist.run("a tabby cat").locator(".bigart-open").first.focus()
        artist.page.keyboard.press("f")  # it stays open in the studio, whose star goes too
        artist.until(lambda: artist.page.locator(".bigart-thumb.bigart-starred").count(), 0)
        assert "a tabby cat" in artist.focused()  # though the list was drawn anew meanwhile
        artist.page.keyboard.press("ArrowRight")
        artist.page.keyboard.press("F")
        artist.until(lambda: artist.page.locator(".bigart-thumb.bigart-starred").count(), 1)
        assert open_run(pictures / "a-tabby-cat-1").favourites


DRAWN_ANEW = """async () => {  // the list, twice in a row
  for (const order of ['latest', 'first']) {
    document.querySelector('.bigart-gallery section').id = 'before';
    document.querySelector(`.bigart-gallery [data-order=${order}]`).click();
    while (document.getElementById('before')) await new Promise((go) => setTimeout(go, 10));
  }
}"""
STAR_AND_ORDER = """([...names]) => {  // at once, so that the answers come one after the other
  const item = document.activeElement.closest('.bigart-item');
  for (const name of names) {
    const one = name === 'star' ? item.querySelector('.bigart-star')
      : document.querySelector(`.bigart-gallery [data-order=${name}]`);
    one.click();
  }
}"""


def test_a_list_that_is_drawn_anew_keeps_the_focus(pictures, studio):
    with studio() as artist:
        artist.look()
        item = artist.run("a tabby cat").locator(".bigart-item").nth(3)
        name = item.get_attribute("data-file")
        for button in (".bigart-open", ".bigart-save"):
            item.locator(button).focus()
            wanted = artist.focused()
            artist.page.evaluate(DRAWN_ANEW)
            assert artist.focused() == wanted and "a tabby cat" in artist.titles()
            where = "document.activeElement.closest('.bigart-item').dataset.file"
            assert artist.page.evaluate(where) == name
        for names in (["star", "latest"], ["first", "star", "latest", "first"]):
            item.locator(".bigart-open").focus()
            wanted, starred = artist.focused(), open_run(pictures / "a-tabby-cat-1").favourites
            artist.page.evaluate(STAR_AND_ORDER, names)
            artist.until(lambda: open_run(pictures / "a-tabby-cat-1").favourites != starred)  # noqa: B023
            artist.page.wait_for_timeout(400)
            assert artist.focused() == wanted
        item.locator(".bigart-open").focus()
        artist.page.evaluate("document.querySelector('[data-order=favourites]').click()")
        artist.until(lambda: {*artist.titles()}, {"a lake", "a tabby cat"})
        artist.until(lambda: "a tabby cat" in artist.focused())  # of what is left, the nearest one
        artist.page.keyboard.press("Escape")

        strip = artist.page.locator(".bigart-strip .bigart-open")
        strip.nth(2).focus()
        wanted = artist.focused()
        artist.page.evaluate("""async () => {
          for (const words of ['Favourites', 'Latest']) {
            document.querySelector('.bigart-strip').id = 'before';
            const buttons = [...document.querySelectorAll('.bigart-shelf button')];
            buttons.find((one) => one.textContent === words).click();
            while (document.getElementById('before')) await new Promise((go) => setTimeout(go, 10));
          }
        }""")
        artist.until(artist.focused, wanted, 5)


def test_what_is_downloaded_is_the_file(pictures, studio):
    with studio() as artist:
        artist.look()
        item = artist.run("a lake").locator(".bigart-item", has_text="1024 enhanced")
        with artist.page.expect_download() as download:
            item.get_by_role("button", name="Download").click()
        file = pictures / "a-lake" / "candidate-3" / "1024_enhanced.png"
        assert Path(download.value.path()).read_bytes() == file.read_bytes()


def test_rename_delete_undo_and_empty(pictures, studio):
    with studio() as artist:
        artist.look()
        run = artist.run("rolling farmland")
        run.get_by_role("button", name="Rename").click()
        field = run.get_by_role("textbox", name="New name of the folder")
        assert field.input_value() == "rolling-farmland-0"
        field.fill("Grandma's <fields> / 2026")
        artist.page.keyboard.press("Enter")
        artist.said.get_by_text("It is called grandma-s-fields-2026 now").wait_for()
        assert not (pictures / "rolling-farmland-0").exists()
        folder = pictures / "grandma-s-fields-2026"
        assert len(open_run(folder).indices) == 7
        run.get_by_role("button", name="Folder").click()
        assert run.get_by_role("textbox", name="Path").input_value() == str(folder)

        run.get_by_role("button", name="Delete").click()
        artist.said.get_by_text("“rolling farmland” is in the bin").wait_for()
        assert not folder.exists() and (pictures / ".bin" / folder.name / "run.json").is_file()
        assert artist.dialog.locator("button", has_text="Bin: 1").is_visible()
        artist.shot("2 in the bin")
        artist.said.get_by_role("button", name="Undo").click()
        artist.said.get_by_text("is back").wait_for()
        assert (folder / "candidate-1" / "256.png").is_file() and run.count() == 1

        run.get_by_role("button", name="Delete").click()
        artist.dialog.locator("button", has_text="Bin: 1").click()
        artist.dialog.get_by_role("button", name="Empty the bin").click()
        artist.shot("3 emptied?")
        artist.dialog.get_by_role("button", name="Keep").click()
        assert (pictures / ".bin" / folder.name).is_dir()
        artist.dialog.get_by_role("button", name="Empty the bin").click()
        artist.dialog.get_by_role("button", name=re.compile("Delete 1 run, .* for good")).click()
        artist.said.get_by_text("1 run deleted").wait_for()
        assert not (pictures / ".bin" / folder.name).exists() and (pictures / "a-lake").is_dir()


def test_what_is_open_may_be_renamed_and_thrown_away(pictures, studio):
    with studio() as artist:
        artist.button("Continue").click()
        artist.until(artist.picked, [3])  # which was worked on last
        artist.look()
        run = artist.run("a lake")
        run.get_by_role("button", name="Rename").click()
        run.get_by_role("textbox").fill("the lake")
        run.get_by_role("button", name="Save").click()
        artist.said.get_by_text("It is called the-lake now").wait_for()
        artist.page.keyboard.press("Escape")
        artist.page.keyboard.press("5")
        artist.until(artist.picked, [5])
        artist.page.keyboard.press("f")
        artist.until(lambda: open_run(pictures / "the-lake").favourites, {2, 4})
        assert not (pictures / "a-lake").exists()
        artist.look()
        artist.run("a lake").get_by_role("button", name="Delete").click()
        artist.said.get_by_text("is in the bin").wait_for()
        artist.page.keyboard.press("Escape")
        artist.until(artist.picked, [])
        assert not (pictures / "the-lake").exists()


def test_what_is_gone_or_damaged_stops_nothing(pictures, studio):
    (pictures / "a-tabby-cat-1" / "run.json").write_text("[99]")
    with studio() as artist:
        artist.look()
        assert artist.runs.count() == 5
        words = artist.run("a-tabby-cat-1").text_content()
        assert "a-tabby-cat-1 is no run of BIG.art that can be read" in words
        shutil.rmtree(pictures / "rolling-farmland-0")
        artist.run("rolling farmland").get_by_role("button", name="Delete").click()
        artist.said.get_by_text("rolling-farmland-0 is gone").wait_for()
        artist.run("rolling farmland").locator(".bigart-open").first.click()
        artist.page.locator(".bigart-status", has_text="rolling-farmland-0 is gone").wait_for()
        assert "Errno" not in artist.page.locator(".bigart-studio").inner_text()


def test_a_hundred_runs_are_shown_soon_and_a_thousand_page_by_page(painted, studio):
    run, now = painted / "a-lake", time.time()
    for number in range(MANY):
        like(run, f"lake {number}", number, now - 60 * number)
    with studio() as artist:
        artist.page.locator(".bigart-strip .bigart-item").first.wait_for()
        milliseconds = artist.page.evaluate(f"""() => new Promise((done) => {{
            const began = performance.now();
            document.querySelector('.bigart-nav[data-opens=gallery]').click();
            const look = () => document.querySelectorAll('.bigart-gallery section').length >= {MANY}
              ? requestAnimationFrame(() => done(performance.now() - began)) : setTimeout(look, 5);
            look();
        }})""")
        print(f"{MANY} runs shown in {milliseconds:.0f} ms")
        artist.until(artist.runs.count, MANY)
        artist.dialog.locator(".bigart-end").scroll_into_view_if_needed()
        artist.until(artist.runs.count, MANY + 1)
        assert artist.page.evaluate("document.querySelectorAll('.bigart-gallery img').length") < 3 * MANY


@pytest.mark.skipif(AXE is None, reason="needs axe-playwright-python")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_any_width(pictures, studio, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with studio(color_scheme=scheme) as artist:
        for width in (390, 1280):
            artist.page.set_viewport_size({"width": width, "height": 900})
            artist.look()
            artist.run("a tabby cat").get_by_role("button", name="Rename").click()
            artist.wait_for_pictures()
            found = Axe().run(artist.page, context="dialog.bigart-gallery").response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
            overflow = "document.documentElement.scrollWidth > innerWidth"
            assert not artist.page.evaluate(overflow)
            artist.shot(f"4 {width} {scheme}")
            artist.page.keyboard.press("Escape")
            assert artist.dialog.is_hidden()
            focused = artist.page.evaluate("document.activeElement.textContent")
            assert focused == "Pictures"
            shelf = artist.page.locator(".bigart-shelf")
            shelf.scroll_into_view_if_needed()
            artist.wait_for_pictures()
            shelf.screenshot(path=artist.shots / f"5 strip {width} {scheme}.png")


def test_a_story_in_jupyterlab(pictures, studio):
    with studio("jupyterlab") as artist:
        artist.look()
        artist.until(artist.runs.count, 5)
        artist.wait_for_pictures()
        artist.shot("6 jupyterlab")
        item = artist.run("a lake").locator(".bigart-item").first
        with artist.page.expect_download() as download:
            item.get_by_role("button", name="Download").click()
        file = pictures / "a-lake" / "candidate-3" / item.get_attribute("data-file").split("/")[-1]
        assert Path(download.value.path()).read_bytes() == file.read_bytes()
        artist.run("a tabby cat").locator(".bigart-open").first.click()
        artist.until(artist.picked, [5])
