"""The page: pictures, styles and scripts as one HTML text that asks no other machine for anything.

Whatever comes from files is text that anybody may have written: it is shown with its controls escaped, stands
in attributes and texts escaped for HTML, and in data that no script runs; the page's own policy lets nothing
but its own two scripts run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from bigart_lib.text import shown

MARK = '<meta name="generator" content="BIG.art gallery">'  # of a page that may be replaced
MARK_WITHIN = 500  # bytes from the beginning
HERE = Path(__file__).parent
LOOKING = "looking.js"  # which the studio's viewer has too
SCRIPTS = (LOOKING, "grid.js", "viewer.js")
LIBRARY, LICENCE = "vendor/openseadragon.min.js", "vendor/openseadragon.LICENSE.txt"
APACHE = "\n\nThe Apache License 2.0,"  # where the licence of a small part begins, which pages leave out
LIBRARY_STYLE = "data-openseadragon-mobile-css"  # the mark of a style, without which the library adds one
LONGEST_ALT = 200  # characters
LONGEST_SEARCHED = 2000  # characters of a prompt


@dataclass(frozen=True)
class ShownStage:
    """A picture after one step, as the page shows it."""

    name: str
    address: str  # of its file, as a link has it
    size: tuple[int, int]  # px
    printed: str = ""  # how large it is on paper
    tiles: dict[str, Any] | None = None  # {"address", "format", "side", "overlap"}


@dataclass(frozen=True)
class ShownPicture:
    """A picture, as the page shows it."""

    place: str  # of its file below the folder, which it is known by
    title: str  # the prompt, or what was enlarged
    caption: str  # what tells it from others of its title
    day: str  # 2026-07-31
    small: tuple[str, int, int]  # address, width and height of its small picture
    stages: tuple[ShownStage, ...]
    facts: dict[str, str] = field(default_factory=dict)  # the recipe in words, by their names
    command: str = ""  # that makes it again
    is_favourite: bool = False


def page(pictures: Sequence[ShownPicture], title: str) -> str:
    """The HTML of a page.

    Parameters
    ----------
    pictures : in order; those of one title that follow one another get one heading.
    title : of the page.
    """
    style, library = _read("gallery.css"), openseadragon()
    script = "\n".join(map(_read, SCRIPTS))
    groups = "\n".join(_groups(pictures))
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' file: data: blob:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(library)}' '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARK}',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_text(title)}</title>\n<style {LIBRARY_STYLE}>{style}</style>\n</head>\n<body>",
        _read("gallery.html").replace("<!--title-->", _text(title)).replace("<!--groups-->", groups),
        f'<script type="application/json" id="pictures">{_data(pictures)}</script>',
        f"<script>{library}</script>\n<script>{script}</script>\n</body>\n</html>\n",
    )
    return "\n".join(parts)


def looking() -> str:
    """The script that says how both viewers set OpenSeadragon."""
    return _read(LOOKING)


def openseadragon() -> str:
    """The script of OpenSeadragon, with its licence."""
    licence = _read(LICENCE).partition(APACHE)[0].replace("*/", "* /")
    library = re.sub(r"//# sourceMappingURL=\S*\s*$", "", _read(LIBRARY))
    return f"/*!\n{licence}\n*/\n{library}\n"


def _groups(pictures: Sequence[ShownPicture]) -> Iterator[str]:
    number = 0
    for title, group in groupby(pictures, lambda one: one.title):
        yield f'<section>\n<h2>{_text(title)}</h2>\n<ul class="grid">'
        for picture in group:
            yield _tile(picture, number)
            number += 1
        yield "</ul>\n</section>"


def _tile(picture: ShownPicture, number: int) -> str:
    """A link to the picture's file, which needs no script."""
    address, width, height = picture.small
    title = picture.title if len(picture.title) <= LONGEST_ALT else f"{picture.title[:LONGEST_ALT]} ..."
    name = _text(f"{title}, {picture.caption}")
    star = ' class="starred"' if picture.is_favourite else ""
    return (
        f'<li{star} data-n="{number}"><a href="{_text(picture.stages[-1].address)}">'
        f'<img src="{_text(address)}" width="{width}" height="{height}" loading="lazy" decoding="async" '
        f'alt="{name}"></a><p><b>{_text(title)}</b><span>{_text(picture.caption)}</span></p></li>'
    )


def _data(pictures: Sequence[ShownPicture]) -> str:
    """What the scripts know of the pictures, as JSON that can neither end its element nor begin another."""
    listed = [
        {
            "place": shown(picture.place),
            "title": shown(picture.title),
            "words": shown(picture.title)[:LONGEST_SEARCHED].casefold(),
            "caption": shown(picture.caption),
            "day": picture.day,
            "facts": [[shown(name), shown(value)] for name, value in picture.facts.items()],
            "command": picture.command if shown(picture.command) == picture.command else "",
            "starred": picture.is_favourite,
            "stages": [
                {"name": shown(one.name), "address": one.address, "size": one.size, "printed": one.printed,
                 "tiles": one.tiles}
                for one in picture.stages
            ],
        }
        for picture in pictures
    ]  # fmt: skip
    data = json.dumps(listed, separators=(",", ":"))  # in ASCII
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(text: str) -> str:
    return escape(shown(text))


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
