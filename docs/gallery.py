"""Make the gallery: what the embedded models paint of the article's prompts, and a print of each group.

python docs/gallery.py sheets     # seven candidates of every prompt, a few minutes
python docs/gallery.py shapes     # five prompts in three shapes, and a tile three by three, some minutes
python docs/gallery.py prints     # one 4096-pixel print a group, with details at 1:1: 1 to 7 minutes each
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

import bigart_lib
from bigart_lib.bigart import BigArt
from bigart_lib.generate.prompts import EXAMPLES
from bigart_lib.pictures.results import Candidates
from bigart_lib.shapes import sides

GALLERY = Path(__file__).parent / "gallery"
SEED = 1
MORE = {"Bonus": ("a still life painting of a bowl of fruit",)}
BEYOND = {  # what these models do not know, or know too little of
    "Beyond": (
        "a volcano on the moon",
        "children playing",
        "freedom",
        "an armchair in the shape of an avocado",
    )
}
PRINTS = {  # the prompt of each group's print, and the number that was picked
    "Abstract": ("a block color painting with purple and green squares", 4),
    "Landscape": ("sunset over a lake", 4),
    "Pets": ("a painting of a corgi", 4),
    "Bonus": ("still life painting of colorful glass bottles", 7),
}
SHAPED = (  # the last is known to be hard
    "sunset over a lake",
    "mountains in spring",
    "a villa by the sea",
    "a block color painting with purple and green squares",
    "a painting of a corgi",
)
SHAPES, EACH = ("1:1", "3:2", "2:3"), 2  # candidates of each
TILED = ("colorful circles", 1)  # the prompt of the tile, and the number that was picked
TILES = 3  # laid side by side, and one below the other
THUMBNAIL = 160  # px a side
SHAPED_HEIGHT, GAP = 180, 6  # px
THREE_TO_ONE = 3  # the widest shape
PRINT = 640  # px a side of the whole print, and of its detail
DETAIL = (0.4, 0.58)  # of the print's side: left and top edge of the detail
LINE = 26  # px high, of text above a row
INK, PAPER = (40, 40, 40), (255, 255, 255)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("sheets", "shapes", "prints"))
    parser.add_argument("groups", nargs="*", help="of " + ", ".join([*EXAMPLES, *BEYOND]) + " (default: all)")
    options = parser.parse_args()
    GALLERY.mkdir(exist_ok=True)
    bigart = bigart_lib.load("embedded")
    if options.what == "shapes":
        keep(sheet_of_shapes(bigart), "sheet_shapes")
        keep(wall(bigart), "sheet_repeat")
        return
    prompts = {name: EXAMPLES[name] + MORE.get(name, ()) for name in EXAMPLES} | BEYOND
    wanted = options.groups or [*(prompts if options.what == "sheets" else PRINTS)]
    for group in wanted:
        if options.what == "sheets":
            picture = sheet(bigart, prompts[group])
        else:
            picture = print_with_detail(bigart, *PRINTS[group])
        keep(picture, f"{options.what.removesuffix('s')}_{group.lower()}")


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture of the gallery."""
    picture.save(GALLERY / f"{name}.jpg", quality=85, optimize=True)


def candidates_of(bigart: BigArt, prompt: str, **settings: Any) -> Candidates:
    """Seven pictures of a prompt, as `bigart PROMPT --seed 1 --size 256 --models embedded` makes them."""
    return bigart.generate(prompt, bigart_lib.GenerateSettings(seed=SEED, **settings))


def sheet(bigart: BigArt, prompts: tuple[str, ...]) -> Image.Image:
    """A row of candidates for each prompt, the prompt above it."""
    rows = {prompt: [one.image for one in candidates_of(bigart, prompt)] for prompt in prompts}
    return stacked(rows, THUMBNAIL)


def sheet_of_shapes(bigart: BigArt) -> Image.Image:
    """A row of candidates for each prompt: the first ones in each shape, as their prints are cut."""
    rows = {}
    for prompt in SHAPED:
        found = {shape: candidates_of(bigart, prompt, shape=shape, count=EACH) for shape in SHAPES}
        rows[prompt] = [cut(one.image, shape) for shape in SHAPES for one in found[shape]]
    return stacked(rows, SHAPED_HEIGHT, GAP)


def cut(image: Image.Image, shape: str) -> Image.Image:
    """A candidate without what lies beside its shape."""
    return ImageOps.fit(image, sides(shape, max(image.size)), Image.Resampling.LANCZOS)


def stacked(rows: Mapping[str, Sequence[Image.Image]], height: int, gap: int = 0) -> Image.Image:
    """Rows of pictures of this height in px, so many px apart, the prompt above each."""
    small = {
        prompt: [ImageOps.contain(one, (THREE_TO_ONE * height, height)) for one in images]
        for prompt, images in rows.items()
    }
    width = max(sum(image.width + gap for image in images) - gap for images in small.values())
    whole = Image.new("RGB", (width, (height + LINE) * len(small)), PAPER)
    for top, (prompt, images) in zip(range(0, whole.height, height + LINE), small.items(), strict=True):
        ImageDraw.Draw(whole).text((4, top + 4), f"“{prompt}”", INK, ImageFont.load_default(16))
        left = 0
        for image in images:
            whole.paste(image, (left, top + LINE))
            left += image.width + gap
    return whole


def wall(bigart: BigArt) -> Image.Image:
    """A tile, laid side by side and one below the other."""
    tile = candidates_of(bigart, TILED[0], repeats=True)[TILED[1] - 1].image
    made = Image.new("RGB", (TILES * tile.width, TILES * tile.height))
    for place in range(TILES**2):
        made.paste(tile, (place % TILES * tile.width, place // TILES * tile.height))
    return made


def print_with_detail(bigart: BigArt, prompt: str, number: int) -> Image.Image:
    """The 4096-pixel print of one candidate, shrunk, and beside it a part of it at 1:1."""
    image = bigart.paint(candidates_of(bigart, prompt)[number - 1]).image
    left, top = (round(share * image.width) for share in DETAIL)
    both = Image.new("RGB", (2 * PRINT, PRINT))
    both.paste(image.resize((PRINT, PRINT), Image.Resampling.LANCZOS), (0, 0))
    both.paste(image.crop((left, top, left + PRINT, top + PRINT)), (PRINT, 0))
    return both


if __name__ == "__main__":
    main()
