"""What can be chosen for a print, with bounds and units: plain values, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bigart_lib.printing.paper import INCH, SIDE, Paper, read_length, read_paper
from bigart_lib.settings import (
    SEED,
    TEXTURE_AMOUNT,
    TEXTURE_SIZE,
    Bounds,
    TextureSettings,
    check,
    check_choice,
    check_colour,
    check_flag,
)
from bigart_lib.text import readable

ORIENTATIONS = ("auto", "portrait", "landscape")
FITS = ("crop", "whole")
KEEP = {  # where in the picture, across and down
    "centre": (0.5, 0.5), "center": (0.5, 0.5), "top": (0.5, 0.0), "bottom": (0.5, 1.0),
    "left": (0.0, 0.5), "right": (1.0, 0.5), "top-left": (0.0, 0.0), "top-right": (1.0, 0.0),
    "bottom-left": (0.0, 1.0), "bottom-right": (1.0, 1.0),
}  # fmt: skip
INTENTS = ("relative", "perceptual", "saturation", "absolute")
FORMATS = ("pdf", "tiff", "jpg", "png")
SHOPS: dict[str, dict[str, Any]] = {  # what each kind of print shop takes
    "lab": {"format": "jpg", "depth": 8},  # tagged RGB
    "giclee": {"format": "tiff", "depth": 16},
    "offset": {"format": "pdf", "depth": 8},  # CMYK by the press's profile
}
WRAPS = ("mirror", "blur")  # or a colour
DPI = Bounds(20, 2400)
BLEED = Bounds(0, 50)  # mm on each side
WRAP = Bounds(0, 250)  # mm on each side
BORDER = Bounds(0, 1000)  # mm on each side
CAPTION_SIZE = Bounds(1, 50)  # mm from one line to the next of its letters
LONGEST_CAPTION = 300  # letters
SHARPEN = Bounds(0, 3)  # how much of what a blur takes is added
SHARPEN_RADIUS = Bounds(0.02, 2)  # mm on paper
QUALITY = Bounds(1, 100)
MOST_PIXELS = 1_000_000_000  # of a print


@dataclass(frozen=True)
class PrintSettings:
    """How a picture is laid on paper and written for a print shop."""

    paper: str | Paper = "A3"  # a name, or a size with a unit: "A2", "30x40cm"; the size once it is trimmed
    orientation: str = "auto"  # one of ORIENTATIONS; "auto" goes by the picture
    fit: str = "crop"  # "crop" fills the paper, "whole" shows all; a picture is never stretched
    keep: str | tuple[float, float] = (
        "centre"  # what is kept where it is cropped: KEEP, or a point, 0 to 1 each
    )
    dpi: float = 300  # px an inch on paper; DPI
    bleed: str | float = 0.0  # mm beyond each edge, to be cut off; BLEED
    wrap: str | float = 0.0  # mm round the edges of a canvas; WRAP
    wrap_with: str = "mirror"  # "mirror", "blur" or a colour
    border: str | float = 0.0  # mm within each edge; BORDER
    border_colour: str = "white"  # also of what the picture does not fill
    caption: str | None = None  # a line below the picture
    caption_size: str | float = 4.0  # mm; CAPTION_SIZE
    marks: bool = False  # whether crop marks are drawn
    profile: str | None = (
        None  # file of an ICC profile that colours are converted to; None keeps the picture's
    )
    intent: str = "relative"  # one of INTENTS
    black_point: bool = True  # whether black is fitted to the paper's black
    shop: str | None = None  # one of SHOPS, which sets format and depth where these are not given
    format: str | None = None  # one of FORMATS; None: the shop's, or "pdf"
    depth: int | None = None  # bits a colour, 8 or 16; None: the shop's, or the picture's
    quality: int = 95  # of a JPEG; QUALITY
    sharpen: float = 0.0  # amount of an unsharp mask on the finished size; SHARPEN
    sharpen_radius: str | float = 0.15  # mm on paper, the blur's standard deviation; SHARPEN_RADIUS
    texture: float = 0.0  # amount, as a share of full scale; TEXTURE_AMOUNT
    texture_size: str | float | None = None  # mm on paper, the width of its clumps; None is one px
    seed: int = 0  # of the texture

    def __post_init__(self) -> None:
        paper = self.paper if isinstance(self.paper, Paper) else read_paper(self.paper)
        for side in paper[1:]:
            check("side of the paper in mm", side, SIDE)
        plain: dict[str, Any] = {"paper": paper}
        for name, choices in (("orientation", ORIENTATIONS), ("fit", FITS), ("intent", INTENTS)):
            plain[name] = check_choice(name, getattr(self, name), choices)
        for name, choices in (
            ("shop", (None, *SHOPS)),
            ("format", (None, *FORMATS)),
            ("depth", (None, 8, 16)),
        ):
            plain[name] = _optional(name, getattr(self, name), choices)
        lengths = {"bleed": BLEED, "wrap": WRAP, "border": BORDER, "caption_size": CAPTION_SIZE}
        for name, bounds in {**lengths, "sharpen_radius": SHARPEN_RADIUS}.items():
            plain[name] = read_length(name.replace("_", " "), getattr(self, name), bounds)
        for name, bounds in (("dpi", DPI), ("sharpen", SHARPEN), ("texture", TEXTURE_AMOUNT)):
            plain[name] = float(check(name, getattr(self, name), bounds))
        plain["quality"] = check("quality", self.quality, QUALITY, whole=True)
        plain["seed"] = check("seed", self.seed, SEED, whole=True)
        for name in ("marks", "black_point"):
            check_flag(name.replace("_", " "), getattr(self, name))
        plain["keep"] = read_keep(self.keep)
        plain["caption"] = _line(self.caption)
        plain["border_colour"] = check_colour("border colour", self.border_colour)
        wrapped = str(self.wrap_with).lower()
        name = "wrap, where it is not mirror or blur,"
        plain["wrap_with"] = wrapped if wrapped in WRAPS else check_colour(name, self.wrap_with)
        if self.texture_size is not None:
            plain["texture_size"] = read_length(
                "texture size", self.texture_size, texture_bounds(plain["dpi"])
            )
        _set(self, plain)
        _check_together(self)

    def chosen(self, name: str) -> Any:
        """The format, or the depth: what is given, or the shop's; None where neither says."""
        given = getattr(self, name)
        return given if given is not None else SHOPS.get(self.shop or "", {}).get(name)

    @property
    def ending(self) -> str:
        """How the name of the file ends."""
        return f".{self.chosen('format') or 'pdf'}".replace(".tiff", ".tif")

    @property
    def texture_settings(self) -> TextureSettings:
        """The texture in px of the print."""
        size = 1 if self.texture_size is None else round(self.texture_size * self.dpi / INCH)
        return TextureSettings(self.texture, int(min(max(size, TEXTURE_SIZE.least), TEXTURE_SIZE.most)))


def texture_bounds(dpi: float) -> Bounds:
    """How wide the clumps of texture may be, in mm on paper at this many px an inch."""
    return Bounds(*(round(size * INCH / dpi, 3) for size in TEXTURE_SIZE))


def read_keep(words: str | tuple[float, float]) -> tuple[float, float]:
    """The point of a picture that is kept, across and down from 0 to 1.

    Raises
    ------
    ValueError
        When the words name no part of a picture, and no point such as 30%,40% or 0.3,0.4.
    """
    if isinstance(words, str):
        if words.lower() in KEEP:
            return KEEP[words.lower()]
        found = re.fullmatch(r"\s*(\d{1,3}(?:\.\d+)?)(%?)\s*,\s*(\d{1,3}(?:\.\d+)?)(%?)\s*", words)
        words = tuple(float(found[i]) / (100 if found[i + 1] else 1) for i in (1, 3)) if found else ()
    if isinstance(words, (tuple, list)) and len(words) == 2:
        point = tuple(check("keep", one, Bounds(0, 1)) for one in words)
        return float(point[0]), float(point[1])
    names = ", ".join(name for name in KEEP if name != "center")
    raise ValueError(f"keep must be {names} or a point such as 30%,40%")


def _optional(name: str, value: Any, choices: tuple) -> Any:
    return None if value is None else check_choice(name, value, choices[1:])


def _line(caption: Any) -> str | None:
    if caption is None or (isinstance(caption, str) and not caption.strip()):
        return None
    if not isinstance(caption, str) or len(caption) > LONGEST_CAPTION:
        raise ValueError(f"caption must be a line of at most {LONGEST_CAPTION} letters")
    return " ".join(readable(caption).split())


def _check_together(settings: PrintSettings) -> None:
    """Refuse what does not go together."""
    if settings.shop == "offset" and settings.profile is None:
        raise ValueError(
            "for offset, colours are converted to CMYK by the profile of the press: name its file (--profile)"
        )
    if settings.chosen("format") == "jpg" and settings.chosen("depth") == 16:
        raise ValueError("a JPEG has 8 bits a colour: choose tiff, png or pdf for 16")
    if settings.chosen("format") == "jpg" and settings.depth is None:
        _set(settings, {"depth": 8})


def _set(settings: PrintSettings, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        object.__setattr__(settings, name, value)
