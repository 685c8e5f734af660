"""Take the studio's screenshots: the whole way from a prompt to a print, with the embedded models.

python docs/screenshots.py

Nothing else should run meanwhile, so that the times in them are true.
"""

import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

import browser  # noqa: E402

PROMPT, SEED, NUMBER = "sunset over a lake", "7", 3
SLOWEST = 30 * 60 * browser.SECONDS
SIZE = (1280, 800)
THEMES = {"light": "true", "dark": "false"}  # as JupyterLab and Voila mark them


def main() -> None:
    """Drive `bigart studio` and keep a picture of each step."""
    with tempfile.TemporaryDirectory() as folder:
        with browser.bigart_studio(Path(folder)) as server, browser.open_page(*SIZE) as page:
            page.set_default_timeout(SLOWEST)
            drive(browser.Artist(page, Path(folder) / "shots", server.address))
        for shot in sorted(Path(folder).glob("shots/*.png")):
            with Image.open(shot) as image:
                image.convert("RGB").save(DOCS / f"studio_{shot.stem}.jpg", quality=82, optimize=True)


def shoot(artist: browser.Artist, name: str) -> None:
    """Keep a picture of the window in each theme."""
    artist.page.wait_for_timeout(browser.SECONDS)
    for theme, is_light in THEMES.items():
        artist.page.evaluate(f"document.body.dataset.jpThemeLight = '{is_light}'")
        artist.page.screenshot(path=artist.shots / f"{name}_{theme}.png")


def drive(artist: browser.Artist) -> None:
    """From the prompt to the print."""
    page = artist.page
    artist.button("Settings", 1).click()
    page.locator(".bigart-seed-number input").fill(SEED)
    artist.button("Settings", 1).click()
    artist.create(PROMPT)
    artist.wait_for(re.compile("[3-9][0-9] %, about"))
    shoot(artist, "1_painting")
    artist.wait_for("7 pictures in")
    artist.thumbnail(NUMBER).click()
    artist.until(artist.picked, [NUMBER])
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("f")
    artist.button("★ Favourite").wait_for()
    shoot(artist, "2_pick")
    artist.card(3).locator("input[type=checkbox]").check()
    artist.button("Make 1K", 3).click()
    artist.wait_for("Made in")
    shoot(artist, "3_vqgan")
    artist.button("Texture, live", 3).click()
    shoot(artist, "4_texture")
    artist.card(3).locator("input[type=checkbox]").uncheck()
    artist.step("4K")
    artist.button("Make 4K", 4).click()
    artist.wait_for(re.compile("[1-9][0-9] %, about"))
    shoot(artist, "5_enlarging")
    artist.wait_for("Made in")
    artist.step("Print")
    shoot(artist, "6_print")
    artist.button("Open in the viewer", 5).click()
    page.keyboard.press("1")
    page.wait_for_timeout(3 * browser.SECONDS)
    shoot(artist, "7_viewer")
    page.keyboard.press("Escape")
    page.locator(".bigart-nav[data-opens=gallery]").click()
    shoot(artist, "8_gallery")


if __name__ == "__main__":
    main()
