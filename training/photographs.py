"""The public-domain photographs and paintings that the embedded models learn from.

Fetches Debian packages with apt, keeps only the pictures that are in the public domain or under CC0, and cuts
training crops from them. Knows no model; what each picture shows stands in `photograph_captions`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from .painterly import called_painting, painterly
from .photograph_captions import captions_for
from .qt_resources import read_rcc

DATA = Path(__file__).parent / "data"
PUBLIC_DOMAIN = "public domain"
CC0 = "CC0-1.0"
PICTURE_SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")

# The prefixes of Endless Sky's pictures under CC BY-SA. After a hyphen, too, stands somebody who chose
# CC BY-SA (sfiera, harro, spfld, iridium, striker); a name not known here is left out with them.
SHARE_ALIKE_PREFIXES = ("bwerner", "myrabella", "dmottl", "mfield")
SHARE_ALIKE_NAMES = ("lava5",)

# The GCompris archives that hold photographs or paintings, the larger pictures first, and the kind of each.
# Where two pictures bear one name, the first is kept. The archive "paintings" is not read: its README claims
# the scans under GPLv3. Nor are "babyshapes" and "lang", which state no licence. The READMEs decide: Debian's
# copyright file still lists the pictures of an older release, and puts all of "details" under GPLv3, where
# the README has a licence for each picture.
GCOMPRIS_KINDS = {
    ("explore_monuments", ""): "monuments",
    ("explore_world_animals", ""): "animals",
    ("explore_farm_animals", ""): "animals",
    ("erase", ""): "animals",
    ("clickgame", ""): "scenes",
    ("explore_world_music", ""): "scenes",
    ("solar_system", ""): "planets",
    ("details", ""): "paintings",
    ("categorization", "monuments"): "monuments",
    ("categorization", "fishes"): "animals",
    ("categorization", "renewable"): "scenes",
}
GCOMPRIS_RENAMED = {
    ("erase", "giraffe"): "giraffe_head",
    ("categorization", "victoriaMemorial"): "victoriaMemorialLondon",
}

# As scikit-image's docstrings state: NASA's astronaut is in the public domain, the others are CC0.
SCIKIT_IMAGE_LICENCES = {"astronaut": PUBLIC_DOMAIN, "chelsea": CC0, "coffee": CC0}

CROP_SHARE = (0.55, 1.0)  # side of a crop as a share of the picture's short side


@dataclass(frozen=True)
class Photograph:
    """One picture on disk, and what may be said of it."""

    path: Path
    captions: tuple[str, ...]  # lower case, at least one
    licence: str  # PUBLIC_DOMAIN or CC0
    source: str  # the package that it came from


def fetch(folder: Path = DATA) -> list[Photograph]:
    """The captioned photographs below `folder`; packages not yet there are fetched and unpacked first.

    Raises
    ------
    RuntimeError
        Where a package is neither in `folder`/packages nor to be had from apt, or scikit-image is missing.
    """
    photographs = []
    for source, unpack in SOURCES.items():
        target = Path(folder) / source
        if not (target / "licences.json").exists():
            _unpack_source(source, unpack, target)
        licences = json.loads((target / "licences.json").read_text(encoding="utf-8"))
        for name, licence in sorted(licences.items()):
            path = target / name
            captions = captions_for(path.parent.name, path.stem)
            if captions:
                photographs.append(Photograph(path, captions, licence, source))
    return photographs


def load_crops(
    photographs: Sequence[Photograph],
    size: int,
    count: int,
    generator: np.random.Generator,
    painted: float = 0.0,
) -> tuple[np.ndarray, list[str]]:
    """Random square crops for training, each with one of its picture's captions.

    A crop takes 55 to 100 % of the picture's short side, is never smaller than `size`, is averaged down over
    areas and flipped left to right half the time. Pictures smaller than `size` are passed over. Of the crops
    whose caption calls them a photograph, the share `painted` (0 to 1) is made to look, and called, painted.

    Returns
    -------
    crops : uint8, count x size x size x 3, RGB
    captions : count strings

    Raises
    ------
    ValueError
        Where no picture is large enough, or `size` is below 1.
    """
    if size < 1:
        raise ValueError(f"size should be 1 pixel or more, got {size}")
    usable = [photograph for photograph in photographs if _short_side(photograph.path) >= size]
    if not usable:
        raise ValueError(f"none of {len(photographs)} pictures is {size} pixels or more on its short side")
    chosen = generator.integers(len(usable), size=count)
    draws = generator.random((count, 6))  # caption, side, left, top, flip, painted
    crops = np.empty((count, size, size, 3), np.uint8)
    captions = [""] * count
    for index in np.unique(chosen):
        photograph = usable[index]
        picture = _open_rgb(photograph.path)
        for row in np.flatnonzero(chosen == index):
            crops[row] = _crop(picture, size, draws[row, 1:5])
            captions[row] = photograph.captions[int(draws[row, 0] * len(photograph.captions))]
            if draws[row, 5] < painted and (caption := called_painting(captions[row])):
                captions[row], crops[row] = caption, painterly(crops[row])
    return crops, captions


def endless_sky_licence(name: str) -> str | None:
    """`PUBLIC_DOMAIN`, or None for a landscape of Endless Sky (its name, no suffix) that is not free."""
    if "-" in name or name.startswith(SHARE_ALIKE_PREFIXES) or name in SHARE_ALIKE_NAMES:
        return None
    return PUBLIC_DOMAIN


def readme_licences(text: str) -> dict[str, str]:
    """The free pictures that a GCompris README lists: file name to `PUBLIC_DOMAIN` or `CC0`.

    Its records are parted by empty lines; each has one "License:" and the files it is for. Other licences,
    records with none or several, and files that two records list, are left out.
    """
    licences: dict[str, str | None] = {}
    for record in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        stated = re.findall(r"^\s*License:\s*(.+?)\s*$", record, re.MULTILINE)
        free = (
            {"public domain": PUBLIC_DOMAIN, "cc0-1.0": CC0}.get(stated[0].lower())
            if len(stated) == 1
            else None
        )
        for name in re.findall(r"^\s*(?:Files:\s*)?(\S+\.\w+)\s*$", record, re.MULTILINE):
            if name.lower().endswith(PICTURE_SUFFIXES):
                licences[name] = None if name in licences else free
    return {name: licence for name, licence in licences.items() if licence}


def _unpack_source(source: str, unpack: Callable[[Path, Path], dict[str, str]], target: Path) -> None:
    """Fill `target` whole or not at all: into a folder beside it, then moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{source}-", dir=target.parent) as scratch:
        finished = Path(scratch) / "finished"
        finished.mkdir()
        licences = unpack(target.parent / "packages", finished)
        (finished / "licences.json").write_text(
            json.dumps(licences, indent=1, sort_keys=True), encoding="utf-8"
        )
        finished.rename(target)


def _unpack_endless_sky(packages: Path, target: Path) -> dict[str, str]:
    licences = {}
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        root = _debian_package("endless-sky-high-dpi", packages, Path(scratch))
        for path in sorted(root.glob("usr/share/games/endless-sky/**/images/land/*.jpg")):
            name = path.stem.removesuffix("@2x")
            licence = endless_sky_licence(name)
            if licence:
                licences[_store(target, "landscapes", name + path.suffix, path.read_bytes())] = licence
    return licences


def _unpack_gcompris(packages: Path, target: Path) -> dict[str, str]:
    licences: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        root = _debian_package("gcompris-qt-data", packages, Path(scratch))
        for (archive, subfolder), kind in GCOMPRIS_KINDS.items():
            files = read_rcc((root / f"usr/share/gcompris-qt/rcc/{archive}.rcc").read_bytes())
            for readme in (path for path in files if PurePosixPath(path).name == "README"):
                folder = PurePosixPath(readme).parent
                if subfolder in ("", folder.name):
                    free = readme_licences(files[readme].decode("utf-8"))
                    for name, licence in free.items():
                        stored = f"{kind}/{gcompris_name(archive, name)}"
                        if str(folder / name) in files and stored not in licences:
                            licences[_store(target, *stored.split("/"), files[str(folder / name)])] = licence
    return licences


def gcompris_name(archive: str, listed: str) -> str:
    """File name under which a picture is kept that a README lists, perhaps with a folder."""
    path = PurePosixPath(listed)
    stem = path.stem.removesuffix("_background") if archive == "details" else path.stem
    return GCOMPRIS_RENAMED.get((archive, stem), stem) + path.suffix


def _unpack_mypaint(packages: Path, target: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        root = _debian_package("mypaint-data-extras", packages, Path(scratch))
        paths = sorted(root.glob("usr/share/mypaint/backgrounds/*/*.png"))
        return {_store(target, "textures", path.name, path.read_bytes()): CC0 for path in paths}


def _unpack_scikit_image(packages: Path, target: Path) -> dict[str, str]:
    """Copies of pictures inside the installed package; nothing is downloaded."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise RuntimeError(
            "scikit-image is not installed, whose sample pictures are needed: pip install scikit-image"
        )
    data = Path(package.origin).parent / "data"
    return {
        _store(target, "samples", f"{name}.png", (data / f"{name}.png").read_bytes()): licence
        for name, licence in SCIKIT_IMAGE_LICENCES.items()
    }


SOURCES = {
    "endless-sky-high-dpi": _unpack_endless_sky,
    "gcompris-qt-data": _unpack_gcompris,
    "mypaint-data-extras": _unpack_mypaint,
    "scikit-image": _unpack_scikit_image,
}


def _store(target: Path, kind: str, name: str, content: bytes) -> str:
    """Write one picture; its path below `target`, with slashes."""
    (target / kind).mkdir(exist_ok=True)
    (target / kind / name).write_bytes(content)
    return f"{kind}/{name}"


def _debian_package(name: str, packages: Path, root: Path) -> Path:
    """Unpack a Debian package into `root`, from `packages` or, where it is not there, from apt."""
    if not list(packages.glob(f"{name}_*.deb")):
        packages.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=packages) as scratch:
            _command(["apt-get", "download", name], scratch, name, packages)
            for path in Path(scratch).glob(f"{name}_*.deb"):
                path.rename(packages / path.name)
    archive = sorted(packages.glob(f"{name}_*.deb"))[-1]
    _command(["dpkg-deb", "-x", str(archive.resolve()), str(root)], str(packages), name, packages)
    return root


def _command(command: list[str], folder: str, package: str, packages: Path) -> None:
    advice = (
        f"The pictures of the Debian package {package} are needed. Run this where apt works (apt-get update "
        f"first), or copy {package}_*.deb to {packages}, where dpkg-deb will find it."
    )
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise RuntimeError(f"{command[0]} is not on this machine. {advice}") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(
            f"{' '.join(command[:2])} failed: {error.stderr.strip()[-300:]}. {advice}"
        ) from error


@cache
def _short_side(path: Path) -> int:
    with Image.open(path) as picture:
        return min(picture.size)


def _open_rgb(path: Path) -> Image.Image:
    """The picture in RGB; what is transparent becomes black (the planets stand before space)."""
    with Image.open(path) as picture:
        if picture.mode in ("RGB", "L"):
            return picture.convert("RGB")
        layered = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layered.size, "black"), layered).convert("RGB")


def _crop(picture: Image.Image, size: int, draws: np.ndarray) -> np.ndarray:
    """One crop from four draws in [0, 1): side, left, top, flip."""
    short = min(picture.size)
    smallest = max(CROP_SHARE[0] * short, size)
    side = smallest + (CROP_SHARE[1] * short - smallest) * draws[0]
    left, top = (picture.width - side) * draws[1], (picture.height - side) * draws[2]
    box = (left, top, left + side, top + side)
    crop = np.asarray(picture.resize((size, size), Image.Resampling.BOX, box=box))
    return crop[:, ::-1] if draws[3] < 0.5 else crop


def main() -> None:
    """Fetch the pictures, and print how many came from where under which licence."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="where the pictures are kept")
    photographs = fetch(parser.parse_args().folder)
    table = Counter((photograph.source, photograph.licence) for photograph in photographs)
    print(f"{'source':<24}{'count':>6}  licence")
    for (source, licence), count in sorted(table.items()):
        print(f"{source:<24}{count:>6}  {licence}")
    print(f"{'all':<24}{len(photographs):>6}")


if __name__ == "__main__":
    main()
