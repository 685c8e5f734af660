"""Take the studio's screenshots: the whole way from a prompt to a print, with the embedded models.

python docs/screenshots.py
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
THEMES = {"light": "true", "dark": "false"}  # as JupyterLab and Voila mark them


def main() -> None:
    """Drive `bigart studio` and keep a picture of each step."""
    with tempfile.TemporaryDirectory() as folder:
        with browser.bigart_studio(Path(folder)) as server, browser.open_page() as page:
            page.set_default_timeout(SLOWEST)
            drive(browser.Artist(page, Path(folder) / "shots", server.address))
        for shot in sorted(Path(folder).glob("shots/*.png")):
            with Image.open(shot) as image:
                image.convert("RGB").save(DOCS / f"studio_{shot.stem}.jpg", quality=82, optimize=True)


def shoot(artist: browser.Artist, name: str, first: int, last: int) -> None:
    """Keep a picture of some cards in each theme."""
    for theme, is_light in THEMES.items():
        artist.page.evaluate(f"document.body.dataset.jpThemeLight = '{is_light}'")
        artist.shoot_cards(f"{name}_{theme}", first, last)


def drive(artist: browser.Artist) -> None:
    """From the prompt to the print."""
    artist.button("Settings", 1).click()
    artist.page.locator(".bigart-seed-number input").fill(SEED)
    artist.create(PROMPT)
    artist.wait_for(1, re.compile("[1-9] %, about"))
    shoot(artist, "1_painting", 1, 2)
    artist.wait_for(1, "7 pictures in")
    artist.thumbnail(NUMBER).click()
    artist.until(artist.picked, [NUMBER])
    artist.button("☆ Favourite").click()
    artist.button("★ Favourite").wait_for()
    shoot(artist, "2_pick", 2, 2)
    artist.card(3).locator("input[type=checkbox]").check()
    artist.button("Make 1K", 3).click()
    artist.wait_for(3, "Made in")
    shoot(artist, "3_vqgan", 3, 3)
    artist.button("Texture, live", 3).click()
    shoot(artist, "4_texture", 3, 3)
    artist.card(3).locator("input[type=checkbox]").uncheck()
    artist.card(4).locator(".bigart-overview img").click(position={"x": 190, "y": 150})
    artist.button("Make 4K", 4).click()
    artist.wait_for(4, re.compile("[1-9] %, about"))
    shoot(artist, "5_enlarging", 4, 4)
    artist.wait_for(4, "Made in")
    artist.card(5).locator(".bigart-overview img").click(position={"x": 190, "y": 150})
    artist.page.wait_for_timeout(2 * browser.SECONDS)
    shoot(artist, "6_print", 4, 5)


if __name__ == "__main__":
    main()
