"""`bigart gallery`: all pictures below a folder on one page."""

from pathlib import Path

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.again import again
from bigart_lib.cli.call import Call
from bigart_lib.cli.info import facts as facts_of
from bigart_lib.gallery.making import NAME, Made, make
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.settings import DEFAULT_FOLDER
from bigart_lib.text import shown


@click.command()
@click.argument("folder", type=shared.FOLDER, metavar="[FOLDER]", default=str(DEFAULT_FOLDER))
@shared.option("--out", shared.FILE, None, "The page.", f"{NAME} in the folder")
@shared.quiet
@click.pass_obj
def gallery(call: Call, folder: Path, out: Path | None) -> None:
    """Write a page of all pictures of BIG.art below FOLDER: by default, where they are painted.

    Open it in any browser; it needs no network. Made again, it has what is new, and marks that were made on
    it stay. Its small pictures, and large ones in tiles, lie in a folder beside it.
    """
    made = make(folder, _describe, out, call.report)
    for line in made.left_out:
        call.announce(f"bigart: left out: {shown(line)}")
    call.say(_in_words(made))
    call.show(made.page)


def _describe(recipe: Recipe, place: Path) -> tuple[dict[str, str], str]:
    facts = {name: str(value) for name, value in facts_of(recipe).items() if value not in (None, "")}
    facts.pop("prompt", None)  # which stands above them
    return facts, again(recipe, place)


def _in_words(made: Made) -> str:
    is_one = made.num_pictures == 1
    words = [f"{made.num_pictures:,} picture{'' if is_one else 's'}"]
    if made.without_recipe:
        words.append(f"{made.without_recipe:,} without a recipe are not shown")
    return "; ".join(words)
