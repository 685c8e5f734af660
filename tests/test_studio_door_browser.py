"""Files dropped on the studio, prints and presets in a real browser, on Voila; one story on JupyterLab."""

import json
from importlib.util import find_spec
from pathlib import Path

import browser
import pytest
from PIL import Image

pytestmark = browser.marks("voila", "jupyterlab")
SHOTS = browser.SHOTS / "door"
AXE = find_spec("axe_playwright_python")
# Drops files as a file manager does; each is [name, base64], or [name, null, n]: a beginning of a PNG and
# n million zeros.
DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, content, megabytes] of files) {
    const head = content === null ? [137, 80, 78, 71, 13, 10, 26, 10] : [];
    const coded = (one) => Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0));
    const bytes = content === null ? new Uint8Array(megabytes * 1e6) : coded(content);
    bytes.set(head);
    transfer.items.add(new File([bytes], name));
  }
  const target = document.querySelector('.bigart-studio');
  for (const type of ['dragenter', 'dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
  }
}"""


class Visitor:
    """Brings files to a page."""

    def __init__(self, page, folder):
        self.page, self.folder = page, folder
        page.wait_for_selector(browser.SHOWN)
        page.set_default_timeout(30 * browser.SECONDS)

    def drop(self, *files):
        import base64

        encoded = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in files]
        self.page.evaluate(DROP, [encoded])

    def until_said(self, words, seconds=60):
        self.page.locator(".bigart-status", has_text=words).wait_for(timeout=seconds * 1000)

    def problem(self):
        """What a file was refused with."""
        box = self.page.locator(".bigart-transfer.bigart-problem [role=alert]")
        box.wait_for()
        words = box.inner_text()
        self.page.locator(".bigart-transfer.bigart-problem button").click()
        box.wait_for(state="detached")
        return words

    def button(self, words):
        return self.page.get_by_role("button", name=words, exact=True)

    def field(self, words):
        return self.page.get_by_label(words, exact=True)

    def paper(self, words):
        self.page.locator("button.bigart-tab", has_text="Print").click()
        self.field("Paper").select_option(label=words)

    def print(self):
        self.button("Make print").click()
        self.until_said("Printed in")

    def download(self, words):
        with self.page.expect_download() as waiting:
            self.button(words).click()
        return Path(waiting.value.path()).read_bytes(), waiting.value.suggested_filename

    def shoot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.locator(".bigart-studio").screenshot(path=SHOTS / f"{name}.png")


def axe(page):
    """What axe finds serious in the studio; nothing where it is not installed."""
    if AXE is None:
        return []
    page.evaluate((Path(AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.bigart-studio')")["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in serious]


@pytest.fixture(params=["voila"])
def visitor(request, front_ends, tmp_path):
    with front_ends.studio(request.param, tmp_path, 1280, 1000) as page:
        yield Visitor(page, tmp_path / "pictures")
        assert page.errors == []


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "my <b>photo.jpg"
    Image.effect_mandelbrot((900, 600), (-2, -1.3, 1, 1.3), 60).convert("RGB").save(path, quality=95)
    return path


@pytest.mark.parametrize("visitor", ["voila", "jupyterlab"], indirect=True)
def test_a_photograph_is_dropped_printed_and_downloaded(visitor, photo):
    visitor.drop(photo)
    visitor.until_said("is open, 900 × 600 pixels")
    assert visitor.page.locator(".bigart-status b").count() == 0  # its name is text
    (run,) = [path.parent for path in visitor.folder.glob("*/run.json")]  # beside it are small pictures
    assert next((run / "source").iterdir()).read_bytes() == photo.read_bytes()
    visitor.paper("10 × 15 cm")
    visitor.page.locator(".bigart-wall", has_text="15 × 10 cm").wait_for()
    visitor.print()
    visitor.page.locator(".bigart-prints li").wait_for()
    visitor.shoot(f"print {visitor.page.url.count('lab')}")
    (file,) = run.rglob("*_10x15cm.pdf")
    content, name = visitor.download(f"Download {file.name}")
    assert content == file.read_bytes() and content.startswith(b"%PDF")
    assert name == f"{file.parent.name}-{file.name}"
    assert axe(visitor.page) == []
    visitor.field("DPI").fill("150")
    visitor.field("DPI").press("Tab")
    visitor.print()
    visitor.page.locator(".bigart-prints li").nth(1).wait_for()


def test_one_of_ours_fills_the_fields_and_gets_another_texture(visitor, painted_once):
    stages = painted_once / "a-lake" / "candidate-3"
    visitor.drop(stages / "1024_textured.png")
    visitor.until_said("is one of ours")
    assert visitor.page.locator(".bigart-prompt input").input_value() == "a lake"
    visitor.page.locator(".bigart-door", has_text="“a lake”, seed 5, number 3").wait_for()
    visitor.shoot("one of ours")
    visitor.button("Another texture").click()
    visitor.until_said("choose another texture")
    (run,) = [path.parent for path in visitor.folder.glob("*/run.json")]  # beside it are small pictures
    assert (run / "candidate-3" / "1024_textured.png").is_file()
    visitor.page.locator(".bigart-door").wait_for(state="hidden")


def test_bad_files_get_one_line_and_change_nothing(visitor, photo, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture" * 100)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.jpg").write_bytes(photo.read_bytes()[:3000])
    visitor.drop(tmp_path / "notes.txt")
    assert "notes.txt is not a picture that can be read: it is of no kind that is known" in visitor.problem()
    visitor.drop(tmp_path / "empty.png")
    assert "empty.png: expected a picture, found an empty file" in visitor.problem()
    visitor.drop(tmp_path / "cut.jpg")
    visitor.until_said("cut.jpg is not a picture that can be read")
    assert not visitor.folder.exists() or [*visitor.folder.iterdir()] == []


def test_two_at_once_a_folder_and_a_long_file_are_harmless(visitor, photo, tmp_path):
    visitor.page.evaluate(DROP, [[["long.png", None, 300]]])
    visitor.page.locator(".bigart-transfer", has_text="Opening long.png: 1 %").wait_for()
    visitor.drop(photo)
    assert "long.png is being opened: wait for it, or cancel it." in visitor.problem()
    visitor.page.get_by_role("button", name="cancel: Opening long.png").click()
    visitor.page.locator(".bigart-transfer", has_text="Not opened: cancelled.").wait_for()
    assert [*visitor.folder.iterdir()] == []
    visitor.page.evaluate("""() => {
      const items = [{webkitGetAsEntry: () => ({isDirectory: true, name: '<i>pictures</i>'})}];
      const event = new Event('drop', {bubbles: true, cancelable: true});
      event.dataTransfer = {types: ['Files'], items, files: []};
      document.querySelector('.bigart-studio').dispatchEvent(event);
    }""")
    assert visitor.problem() == "<i>pictures</i> is a folder: open one picture of it."
    visitor.drop(photo, photo)
    visitor.page.locator(".bigart-transfer", has_text="one picture at a time, so not the others").wait_for()
    visitor.until_said("is open, 900 × 600 pixels")


def test_a_picture_is_chosen_by_the_button_and_text_is_dropped_as_ever(visitor, photo):
    with visitor.page.expect_file_chooser() as chooser:
        visitor.button("Open a picture").click()
    assert ".tif" in visitor.page.locator(".bigart-door-file").get_attribute("accept")
    chooser.value.set_files(photo)
    visitor.until_said("is open, 900 × 600 pixels")
    taken = visitor.page.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.setData('text/plain', 'a lake');
      const event = new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true});
      document.querySelector('.bigart-prompt input').dispatchEvent(event);
      return event.defaultPrevented;
    }""")
    assert taken is False


def test_presets_survive_a_reload(visitor, photo):
    visitor.drop(photo)
    visitor.until_said("is open, 900 × 600 pixels")
    visitor.paper("30 × 40 cm")
    visitor.button("Settings").click()
    visitor.field("Name").fill("Wide <b>sky</b>")
    visitor.button("Save as").click()
    visitor.page.locator(".bigart-preset-words", has_text="Wide <b>sky</b> is saved.").wait_for()
    saved = json.loads((visitor.folder / "presets.json").read_text())
    assert saved["presets"]["Wide <b>sky</b>"]["print"]["paper"] == "30x40cm"
    visitor.page.reload()  # which gets a new kernel
    again = Visitor(visitor.page, visitor.folder)
    again.drop(photo)
    again.until_said("is open, 900 × 600 pixels")
    again.button("Settings").click()
    again.field("Preset").select_option(label="Wide <b>sky</b>")
    again.page.locator("button.bigart-tab", has_text="Print").click()
    again.page.locator(".bigart-wall", has_text="40 × 30 cm").wait_for()
