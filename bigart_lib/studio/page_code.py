"""The page's style sheets and scripts, as HTML that any front end shows and runs."""

from __future__ import annotations

import html
from pathlib import Path

from bigart_lib.gallery.page import looking

PAGE = Path(__file__).parent / "page"
FIRST = ("start.js", "wire.js")  # what the other scripts use
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="


def page_code() -> str:
    """The style sheets, and the scripts, which start when a tiny picture is loaded.

    Each script is a block with `root`, the studio's element, and `bigart`, what scripts share, in its scope.
    """
    style = "".join(_read(path) for path in sorted(PAGE.glob("*.css"), key=_order))
    first, *scripts = (_read(path) for path in sorted(PAGE.glob("*.js"), key=_order))
    blocks = "".join(f"{{\n{script}}}\n" for script in scripts)
    script = f"(function start(pixel, tries) {{\n{first}{looking()}{blocks}}})(this, 50)"
    return f'<style>{style}</style><img alt="" src="{PIXEL}" onload="{html.escape(script)}">'


def _order(path: Path) -> tuple[bool, str]:
    """The basic ones first, then by name."""
    return path.name not in (*FIRST, "studio.css"), path.name


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
