"""An artist before a studio's page, who looks and clicks."""

import re
import time
from pathlib import Path

SHOWN = ".bigart-studio[data-bigart=started]"  # a studio whose scripts run


class Artist:
    """Looks at a studio's page and does what people do there."""

    def __init__(self, page, shots, address=None):
        self.page, self.shots = page, Path(shots)
        self.shots.mkdir(parents=True, exist_ok=True)
        if address:
            page.goto(address)
        page.wait_for_selector(SHOWN)

    def card(self, number):
        return self.page.locator(".bigart-card").nth(number - 1)

    def button(self, words, card=None):
        where = self.page if card is None else self.card(card)
        return where.locator("button", has_text=words).first

    def step(self, name):
        """Turn to a step of the way from the picked one to its print: 1K, 4K or Print."""
        self.page.locator("button.bigart-tab", has_text=name).click()

    def status(self, *_):
        return self.page.locator(".bigart-status [role]").last

    def wait_for(self, *words):
        """Until the status line says some words."""
        self.page.locator(".bigart-status", has_text=words[-1]).wait_for()

    def create(self, prompt="sunset over a lake"):
        field = self.page.locator(".bigart-prompt input")
        field.fill(prompt)
        self.button(re.compile("(Create|Queue) 7")).click()

    def paint(self, prompt="sunset over a lake"):
        """Create seven, and wait for them; how tiny models get on may be too short to be seen."""
        first = self.thumbnail(1).inner_text
        before = first()
        self.create(prompt)
        self.until(lambda: ", seed " in first() and first() != before)
        self.wait_for("7 pictures in")

    def thumbnail(self, number):
        return self.page.locator("button.bigart-thumb").nth(number - 1)

    def picked(self):
        """Numbers of the thumbnails that are marked as picked."""
        return [n for n in range(1, 8) if "bigart-picked" in self.thumbnail(n).get_attribute("class")]

    def image(self, card):
        """The picture that a card shows at 1:1, by its address on the page."""
        return self.card(card).locator(".bigart-crop").get_attribute("src")

    def until(self, look, expected=True, seconds=60):
        """Wait until looking gives what is expected."""
        deadline = time.monotonic() + seconds
        while (seen := look()) != expected:
            assert time.monotonic() < deadline, f"expected {expected!r}, still {seen!r}"
            self.page.wait_for_timeout(50)

    def until_other(self, look, than, seconds=60):
        """Wait until looking gives something else."""
        self.until(lambda: look() != than, True, seconds)

    def look_around(self, photo):
        """Open the gallery, the viewer, the presets and the door, and do one thing in each; 1K is made."""
        page = self.page
        page.locator("button.bigart-nav", has_text="Pictures").click()
        star = page.locator(".bigart-gallery .bigart-star").first
        star.wait_for()
        was_starred = star.get_attribute("aria-pressed")
        star.click()
        self.until_other(lambda: star.get_attribute("aria-pressed"), was_starred)
        page.keyboard.press("Escape")

        page.locator(".bigart-part-look button:visible").first.click()
        page.locator(".bigart-pane-0 p", has_text="exact pixels").wait_for()
        page.keyboard.press("4")
        page.locator(".bigart-pane-0 p", has_text="400").wait_for()
        page.keyboard.press("Escape")

        self.button("Settings").click()
        page.locator(".bigart-presets").get_by_label("Name").fill("as it was")
        page.locator(".bigart-presets button", has_text="Save as").click()
        page.locator(".bigart-preset-words", has_text="as it was is saved").wait_for()

        with page.expect_file_chooser() as chooser:
            page.locator("button.bigart-nav", has_text="Open a picture").click()
        chooser.value.set_files(photo)
        self.wait_for("is open, ")

    def shoot(self, name):
        """Keep a picture of the studio."""
        self.page.locator(".bigart-studio").screenshot(path=self.shots / f"{name}.png")

    def shoot_cards(self, name, first, last):
        """Keep a picture of some cards, as a strip of the page."""
        top, end = self.card(first).bounding_box(), self.card(last).bounding_box()
        area = {"x": top["x"] - 12, "y": top["y"] - 12, "width": top["width"] + 24}
        area["height"] = end["y"] + end["height"] - top["y"] + 24
        self.page.screenshot(path=self.shots / f"{name}.png", clip=area)
