"""Take the studio's screenshots: the whole way from a prompt to a print, with the embedded models.

python docs/screenshots.py [light|dark]
"""

import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

import browser  # noqa: E402

CELL = """
import bigart_lib
from bigart_lib.widgets import studio
studio(bigart_lib.load("embedded"), "bigart_pictures")
"""
PROMPT, SEED, NUMBER = "sunset over a lake", "7", 3
SLOWEST = 30 * 60 * browser.SECONDS


def main(theme: str = "light") -> None:
    """Drive a studio on Voila and keep a picture of each step."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = browser.write_notebook(Path(folder) / "studio.ipynb", CELL)
        port = browser.free_port()
        command = [*browser.voila(notebook, port), f"--theme={theme}"]
        with browser.serve(command, port, Path(folder) / "log") as address, browser.open_page() as page:
            page.set_default_timeout(SLOWEST)
            page.goto(address)
            shots = Path(folder) / "shots"
            drive(browser.Artist(page, shots))
        for shot in sorted(shots.glob("*.png")):
            save_small(shot, DOCS / f"studio_{shot.stem}_{theme}.jpg")


def drive(artist: browser.Artist) -> None:
    """From the prompt to the print."""
    artist.button("Settings", 1).click()
    artist.page.locator(".bigart-seed-number input").fill(SEED)
    artist.create(PROMPT)
    artist.wait_for(1, "step 8 of")
    artist.shoot_cards("1_painting", 1, 2)
    artist.wait_for(1, "7 pictures in")
    artist.thumbnail(NUMBER).click()
    artist.until(artist.picked, [NUMBER])
    artist.button("☆ Favourite").click()
    artist.button("★ Favourite").wait_for()
    artist.shoot_cards("2_pick", 2, 2)
    artist.card(3).locator("input[type=checkbox]").check()
    artist.button("Make 1K", 3).click()
    artist.wait_for(3, "Made in")
    artist.shoot_cards("3_vqgan", 3, 3)
    artist.button("Texture, live", 3).click()
    artist.shoot_cards("4_texture", 3, 3)
    artist.card(3).locator("input[type=checkbox]").uncheck()
    artist.button("Make 4K", 4).click()
    artist.wait_for(4, "about")
    artist.shoot_cards("5_enlarging", 4, 4)
    artist.wait_for(4, "Made in")
    artist.shoot_cards("6_print", 4, 5)


def save_small(shot: Path, path: Path) -> None:
    """As a JPEG that a page can carry."""
    from PIL import Image

    with Image.open(shot) as image:
        image.convert("RGB").save(path, quality=82, optimize=True)
    print(f"{path}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
