"""Pictures and outside programs for the tests of prints and PDFs."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bigart_lib.pictures import profiles
from bigart_lib.printing.ready import print_ready
from bigart_lib.printing.settings import PrintSettings

SMALL = PrintSettings(paper="10x15cm", dpi=100)  # 394 x 591 px


def drawn(width, height, seed=0):
    """An 8-bit RGB picture: soft colours with some detail in its right half."""
    down, across = np.mgrid[0:height, 0:width]
    planes = [across / width, down / height, 0.5 + 0.5 * np.sin(across / 17 + down / 29)]
    picture = np.stack(planes, 2) * 200 + 20
    picture[:, width // 2 :] += np.random.default_rng(seed).normal(0, 12, (height, width - width // 2, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def flat(width, height, colour):
    """An 8-bit RGB picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def saved(path, pixels, **options):
    """A picture's file; returns its path."""
    Image.fromarray(pixels).save(path, **options)
    return path


def printed(picture, settings=SMALL, wanted=None, **more):
    """A picture printed beside itself with more settings: the file, and what was said."""
    messages = []
    files = print_ready(picture, None, replace(settings, **more), wanted, announce=messages.append)
    return files[0], messages


def program(*words, input=None):
    """What an outside program prints; the test is skipped where it is not here."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"needs {words[0]}")
    done = subprocess.run([str(word) for word in words], input=input, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(path, dpi=72, page=1):
    """A page of a PDF as poppler draws it: RGB."""
    target = path.with_suffix("")
    program("pdftoppm", "-r", dpi, "-f", page, "-l", page, "-singlefile", "-png", path, target)
    with Image.open(target.with_suffix(".png")) as image:
        return np.asarray(image.convert("RGB"))


def boxes(path):
    """The boxes of a PDF's first page, in points, as poppler reads them."""
    lines = (line.split(":") for line in program("pdfinfo", "-box", path).splitlines() if "Box:" in line)
    return {name: tuple(map(float, numbers.split())) for name, numbers in lines}


def srgb():
    """An sRGB profile, always the same bytes."""
    return profiles.SRGB()


def press(folder):
    """The file of a CMYK profile of a press: the one that libvips brings."""
    import pyvips

    path = folder / "press.icc"
    if not path.exists():
        path.write_bytes(bytes(pyvips.Image.profile_load("cmyk")))
    return path


def difference(first, second):
    """The dE2000 between Lab colours (n, 3), by the formulas of Sharma, Wu and Dalal, 2005."""
    (light_1, a_1, b_1), (light_2, a_2, b_2) = first.T, second.T
    chroma = (np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2
    more = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    chroma_1, chroma_2 = np.hypot(more * a_1, b_1), np.hypot(more * a_2, b_2)
    hue_1, hue_2 = (np.degrees(np.arctan2(b, more * a)) % 360 for a, b in ((a_1, b_1), (a_2, b_2)))
    turn = (hue_2 - hue_1 + 180) % 360 - 180
    is_grey = chroma_1 * chroma_2 == 0
    change = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(np.where(is_grey, 0, turn)) / 2)
    light, chroma = (light_1 + light_2) / 2, (chroma_1 + chroma_2) / 2
    hue = np.where(is_grey, hue_1 + hue_2, (hue_1 + turn / 2) % 360)
    angle = np.radians(hue)
    tone = (
        1 - 0.17 * np.cos(angle - np.radians(30)) + 0.24 * np.cos(2 * angle)
        + 0.32 * np.cos(3 * angle + np.radians(6)) - 0.20 * np.cos(4 * angle - np.radians(63))
    )  # fmt: skip
    of_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    of_chroma, of_hue = 1 + 0.045 * chroma, 1 + 0.015 * chroma * tone
    twist = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    turned = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(twist))
    parts = (light_2 - light_1) / of_light, (chroma_2 - chroma_1) / of_chroma, change / of_hue
    return np.sqrt(sum(part**2 for part in parts) + turned * parts[1] * parts[2])
