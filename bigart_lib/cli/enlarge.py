"""`bigart enlarge`: a picture of the artist's own becomes larger."""

from pathlib import Path
from typing import Any

import click

from bigart_lib.cli import options as shared
from bigart_lib.cli.call import Call
from bigart_lib.loading import load
from bigart_lib.pictures import images
from bigart_lib.settings import BROUGHT_SIZE, TextureSettings

TEXTURE = TextureSettings(amount=0)  # a picture of somebody's own keeps its own


@click.command(short_help="Enlarge a picture of your own.")
@shared.picture
@shared.option("--times", shared.choice("times", (4, 16, 64)), 4, "How many times longer its sides get.")
@shared.finishing(TEXTURE)
@shared.seed
@shared.models("auto", "that of the models")
@shared.keep
@shared.place
def enlarge(call: Call, picture: Path, times: int, out: Path, **options: Any) -> None:
    """Enlarge a PICTURE of your own: PNG, JPEG, TIFF or the like. Texture is laid only where asked for."""
    settings = shared.paint_settings(options, BROUGHT_SIZE * times, TEXTURE)
    image = images.read(picture)
    bigart = load(**shared.to_load(call, options))
    recipe = bigart.recipe_for(picture.name, image, settings, options["seed"])
    steps = bigart.plan(recipe, image.size)
    call.foretell(bigart, f"{image.width}x{image.height} pixels", bigart.forecast(steps))
    remembered = {**bigart.options, "keep": options["keep"]}
    run = call.new_run(out, picture.stem, recipe, remembered, image.size)
    run.work(None).put(steps[0], images.image_levels(image))  # first: what is wanted can be gone on with
    run.want((None, settings, steps))
    call.show(run.paint(bigart, None, settings, call.report).last)
