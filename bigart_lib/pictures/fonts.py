"""Fonts that have the letters of a text, of any script: the one of Pillow, or what this machine has.

Pillow's own has little more than ASCII. A letter that no font here has is spelled by what is nearest.
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import groupby

from PIL import ImageFont

# With many letters, on Linux, macOS and Windows; Pillow knows the folders. fontconfig finds others.
NAMES = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "NotoEmoji-Regular.ttf",
    "Arial Unicode.ttf", "Apple Symbols.ttf", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc",
    "segoeui.ttf", "msyh.ttc", "malgun.ttf", "msgothic.ttc", "Nirmala.ttf", "LeelawUI.ttf", "seguiemj.ttf",
)  # fmt: skip
NO_LETTER = "\uffff"  # is drawn as fonts draw what they do not have
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # categories of characters that are not drawn
MARKS = ("Mn", "Me", "Sk")  # that only change the letter before, and can be left out
FONTCONFIG_PATIENCE = 5  # seconds

Font = ImageFont.FreeTypeFont


def spelled(text: str, size: int) -> str:
    """The text in letters that a font here has."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    seen = (char for char in text if unicodedata.category(char) not in UNSEEN)
    return " ".join("".join(_spelled(char, size) for char in seen).split())


def pieces(text: str, size: int) -> Iterator[tuple[str, Font]]:
    """What `spelled` gave, in pieces of one font each; a word keeps to one font if one has all of it."""
    with_fonts = [one for word in re.findall(r"\S*\s*", text) for one in _with_fonts(word, size)]
    for font, parts in groupby(with_fonts, key=lambda one: one[1]):
        part = "".join(part for part, _ in parts)
        yield part.rstrip(), font
        if part[-1:].isspace():  # apart: behind letters that run from right to left it would be drawn first
            yield " ", font


def width(text: str, size: int) -> float:
    """Of a line in px."""
    return sum(font.getlength(part) for part, font in pieces(text, size))


def default(size: int) -> Font:
    """The font that Pillow brings."""
    return _loaded("", size)


def _with_fonts(word: str, size: int) -> list[tuple[str, Font]]:
    if font := _font(word, size):
        return [(word, font)]
    return [(char, _font(char, size) or default(size)) for char in word]


def _spelled(char: str, size: int) -> str:
    if _font(char, size):
        return char
    plain = "".join(one for one in unicodedata.normalize("NFKD", char) if one.isascii())
    category = unicodedata.category(char)
    return plain or ("-" if category == "Pd" else "" if category in MARKS else "?")


@lru_cache(maxsize=4096)
def _font(text: str, size: int) -> Font | None:
    """The first font that has all these letters."""
    letters = {char for char in text if not char.isspace()}
    for name in ("", *NAMES):
        if (font := _loaded(name, size)) and all(_has(font, char) for char in letters):
            return font
    font = _loaded(_by_fontconfig("".join(sorted(letters))), size)
    return font if font and all(_has(font, char) for char in letters) else None


@lru_cache(maxsize=256)
def _loaded(name: str, size: int) -> Font | None:
    """A font by name or file, or Pillow's own; None where it is not here, or cannot be drawn."""
    with suppress(OSError):
        return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    return None


@lru_cache(maxsize=16384)
def _has(font: Font, char: str) -> bool:
    drawn, missing = font.getmask(char), font.getmask(NO_LETTER)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


@lru_cache(maxsize=1024)
def _by_fontconfig(letters: str) -> str:
    """The file of the font that suits these letters best; without fontconfig, one that is not there."""
    charset = " ".join(f"{ord(char):x}" for char in letters)
    command = ["fc-match", "--format=%{file}", f"sans-serif:color=false:charset={charset}"]
    with suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(command, capture_output=True, timeout=FONTCONFIG_PATIENCE, check=True)
        return found.stdout.decode(errors="surrogateescape") or "none"
    return "none"
