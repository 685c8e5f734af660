"""Make the gallery: what the embedded models paint of the article's prompts, and a print of each group.

python docs/gallery.py sheets     # seven candidates of every prompt, a few minutes
python docs/gallery.py prints     # one 4096-pixel print a group, with details at 1:1: 1 to 7 minutes each
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import bigart_lib
from bigart_lib.bigart import BigArt
from bigart_lib.generate.prompts import EXAMPLES
from bigart_lib.pictures.results import Candidates

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
    "Bonus": ("still life painting of colorful glass bottles", 3),
}
THUMBNAIL = 160  # px a side
PRINT = 640  # px a side of the whole print, and of its detail
DETAIL = (0.4, 0.58)  # of the print's side: left and top edge of the detail
LINE = 26  # px high, of text above a row
INK, PAPER = (40, 40, 40), (255, 255, 255)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("sheets", "prints"))
    parser.add_argument("groups", nargs="*", help="of " + ", ".join([*EXAMPLES, *BEYOND]) + " (default: all)")
    options = parser.parse_args()
    GALLERY.mkdir(exist_ok=True)
    bigart = bigart_lib.load("embedded")
    prompts = {name: EXAMPLES[name] + MORE.get(name, ()) for name in EXAMPLES} | BEYOND
    wanted = options.groups or [*(prompts if options.what == "sheets" else PRINTS)]
    for group in wanted:
        if options.what == "sheets":
            picture = sheet(bigart, prompts[group])
        else:
            picture = print_with_detail(bigart, *PRINTS[group])
        kind = options.what.removesuffix("s")
        picture.save(GALLERY / f"{kind}_{group.lower()}.jpg", quality=85, optimize=True)


def candidates_of(bigart: BigArt, prompt: str) -> Candidates:
    """Seven pictures of a prompt, as `bigart PROMPT --seed 1 --size 256 --models embedded` makes them."""
    return bigart.generate(prompt, bigart_lib.GenerateSettings(seed=SEED))


def sheet(bigart: BigArt, prompts: tuple[str, ...]) -> Image.Image:
    """A row of candidates for each prompt, the prompt above it."""
    rows = []
    for prompt in prompts:
        images = [candidate.image for candidate in candidates_of(bigart, prompt)]
        row = Image.new("RGB", (THUMBNAIL * len(images), THUMBNAIL + LINE), PAPER)
        ImageDraw.Draw(row).text((4, 4), f"“{prompt}”", INK, ImageFont.load_default(16))
        for index, image in enumerate(images):
            row.paste(
                image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS), (THUMBNAIL * index, LINE)
            )
        rows.append(row)
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    for index, row in enumerate(rows):
        whole.paste(row, (0, index * row.height))
    return whole


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
