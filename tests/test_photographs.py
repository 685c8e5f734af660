"""The training photographs: captions, licences, crops and the archive reader. Downloads nothing."""

import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import photographs
from training.painterly import painterly
from training.photograph_captions import LANDSCAPES, MOVED_TO_CLASS, SUBJECTS, TECHNICAL, captions_for
from training.photographs import (
    CC0,
    PUBLIC_DOMAIN,
    Photograph,
    endless_sky_licence,
    load_crops,
    readme_licences,
)
from training.qt_resources import read_rcc

pytestmark = pytest.mark.training

README = """Copyright: A
License: Public Domain
Source: https://example.org/wiki/File:Somewhere_else.jpg
Files:
wonders/colosseum.webp

Copyright: B
License: CC0-1.0
Comments: cropping
Files: crab.webp

Copyright: C
License: Public domain
bridge_background.webp
Comment: based on an original painting

Copyright: D
License: CC-BY-SA 4.0
Files:
bee.webp

Copyright: E
License: GPLv3 or later
Files:
  wave_a1.webp

License: Public Domain
License: CC-BY 3.0
Files:
both.webp

License: CC0-1.0
Files:
bee.webp
tune.ogg
"""


def make_picture(folder: Path, name: str, width: int, height: int, colour: tuple[int, ...]) -> Photograph:
    path = folder / f"{name}.png"
    Image.new("RGBA" if len(colour) == 4 else "RGB", (width, height), colour).save(path)
    return Photograph(path, (f"a photograph of {name}",), CC0, "test")


def make_rcc(version: int = 3) -> bytes:
    """A root with plain.txt and a folder, in which packed.txt is compressed."""
    names, name_offsets = b"", []
    for name in ("plain.txt", "folder", "packed.txt"):
        name_offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    packed = struct.pack(">I", 300) + zlib.compress(b"abc" * 100)
    contents = struct.pack(">I", 5) + b"hello" + struct.pack(">I", len(packed)) + packed
    time = b"" if version == 1 else bytes(8)
    tree = struct.pack(">IHII", 0, 2, 2, 1) + time
    tree += struct.pack(">IHII", name_offsets[0], 0, 0, 0) + time
    tree += struct.pack(">IHII", name_offsets[1], 2, 1, 3) + time
    tree += struct.pack(">IHII", name_offsets[2], 1, 0, 9) + time
    start = 20 + 4 * (version == 3)
    offsets = (start, start + len(tree), start + len(tree) + len(contents))
    return b"qres" + struct.pack(">IIII", version, *offsets) + bytes(start - 20) + tree + contents + names


def test_a_landscape_is_captioned_from_its_own_name_and_its_class():
    captions = captions_for("landscapes", "sea7")
    assert captions[0] == "a photograph of a sunset over the sea"
    assert "a photograph of the sea" in captions


def test_a_landscape_that_belies_its_class_is_not_captioned_with_it():
    assert not any("sea shore" in caption for caption in captions_for("landscapes", "beach0"))
    assert "a photograph of sand dunes" in captions_for("landscapes", "badlands5")


def test_a_picture_that_cannot_be_told_has_no_caption():
    assert captions_for("landscapes", "space6") == ()
    assert captions_for("scenes", "solar5") == ()


def test_a_numbered_name_without_its_own_phrase_takes_the_one_of_its_series():
    assert captions_for("scenes", "windmill7") == captions_for("scenes", "windmill")
    assert "a photograph of a fish" in captions_for("animals", "fish12")


def test_every_caption_is_lower_case_and_every_picture_has_two_to_four():
    names = [("landscapes", name) for name in (*LANDSCAPES, *TECHNICAL)]
    names += [(kind, name) for kind, subjects in SUBJECTS.items() for name in subjects]
    for kind, name in names:
        captions = captions_for(kind, name)
        assert 2 <= len(captions) <= 4, name
        assert all(caption == caption.lower() and caption.startswith(("a ", "an ")) for caption in captions)


def test_every_moved_landscape_is_one_that_has_captions():
    assert {name for names in MOVED_TO_CLASS.values() for name in names.split()} <= set(LANDSCAPES)


@pytest.mark.parametrize("name", ["sea3", "canyon01", "lava4", "nasa0", "earthrise"])
def test_a_landscape_without_a_contributor_in_its_name_is_public_domain(name):
    assert endless_sky_licence(name) == PUBLIC_DOMAIN


@pytest.mark.parametrize(
    "name",
    ["sea10-sfiera", "beach11-harro", "mountain22-spfld", "industrial0-iridium", "mountain16-striker"]
    + ["bwerner0", "myrabella8", "dmottl5", "mfield3", "lava5", "sea20-somebody"],
)
def test_a_landscape_of_a_share_alike_contributor_is_left_out(name):
    assert endless_sky_licence(name) is None


def test_a_readme_yields_exactly_its_public_domain_and_cc0_pictures():
    expected = {
        "wonders/colosseum.webp": PUBLIC_DOMAIN,
        "crab.webp": CC0,
        "bridge_background.webp": PUBLIC_DOMAIN,
    }
    assert readme_licences(README) == expected


def test_a_picture_whose_name_another_archive_uses_is_renamed():
    assert photographs.gcompris_name("erase", "giraffe.webp") == "giraffe_head.webp"
    assert photographs.gcompris_name("details", "Gogh4_background.webp") == "Gogh4.webp"
    assert photographs.gcompris_name("explore_monuments", "france/pontduGard.webp") == "pontduGard.webp"


def test_crops_have_the_size_and_the_captions_of_their_pictures(tmp_path):
    pictures = [
        make_picture(tmp_path, "red", 90, 70, (255, 0, 0)),
        make_picture(tmp_path, "blue", 64, 99, (0, 0, 255)),
    ]
    crops, captions = load_crops(pictures, 32, 20, np.random.default_rng(0))
    assert crops.shape == (20, 32, 32, 3) and crops.dtype == np.uint8
    assert {"a photograph of red", "a photograph of blue"} == set(captions)
    for crop, caption in zip(crops, captions, strict=True):
        assert (crop == ((255, 0, 0) if caption.endswith("red") else (0, 0, 255))).all()


def test_the_same_seed_gives_the_same_crops_and_another_seed_others(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (80, 120, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    pictures = [Photograph(tmp_path / "noise.png", ("a", "b"), CC0, "test")]
    first, again, other = (load_crops(pictures, 16, 4, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert (first[0] == again[0]).all() and first[1] == again[1]
    assert (first[0] != other[0]).any()


def test_crops_that_are_to_be_painted_are_called_paintings(tmp_path):
    pictures = [make_picture(tmp_path, "red", 90, 70, (255, 0, 0))]
    captions = load_crops(pictures, 32, 40, np.random.default_rng(0), 0.5)[1]
    assert set(captions) == {"a photograph of red", "a painting of red"}


def test_the_painterly_filter_takes_grain_away_and_keeps_edges():
    picture = np.full((64, 64, 3), 60, np.uint8)
    picture[:, 32:] = 200
    noisy = (picture + np.random.default_rng(0).integers(-20, 20, picture.shape)).astype(np.uint8)
    painted = painterly(noisy).astype(int)
    assert painted[:, :28].std() < 0.6 * noisy[:, :28].std()
    assert (painted[:, 34] - painted[:, 29] > 100).all()


def test_a_crop_covers_55_to_100_percent_of_the_short_side_and_may_be_flipped(tmp_path):
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 200, 0).repeat(3, 2)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    crops, _ = load_crops(
        [Photograph(tmp_path / "ramp.png", ("a",), CC0, "t")], 50, 300, np.random.default_rng(2)
    )
    slopes = (crops[:, 0, -1, 0].astype(int) - crops[:, 0, 0, 0]) / 49 * 50 / 200
    assert 0.53 < abs(slopes).min() < 0.6 and 0.95 < abs(slopes).max() <= 1.02
    assert 0.35 < (slopes < 0).mean() < 0.65


def test_a_crop_is_averaged_over_areas(tmp_path):
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "board.png")
    crops, _ = load_crops(
        [Photograph(tmp_path / "board.png", ("a",), CC0, "t")], 8, 20, np.random.default_rng(3)
    )
    assert abs(crops.astype(float) - 127.5).max() < 40


def test_a_picture_smaller_than_the_crop_is_passed_over_and_none_left_is_an_error(tmp_path):
    small, large = (
        make_picture(tmp_path, "s", 40, 30, (1, 1, 1)),
        make_picture(tmp_path, "l", 70, 64, (2, 2, 2)),
    )
    assert set(load_crops([small, large], 64, 9, np.random.default_rng(0))[1]) == {"a photograph of l"}
    with pytest.raises(ValueError, match="64 pixels or more"):
        load_crops([small], 64, 1, np.random.default_rng(0))


def test_what_is_transparent_becomes_black(tmp_path):
    crops, _ = load_crops(
        [make_picture(tmp_path, "t", 20, 20, (255, 255, 255, 0))], 8, 2, np.random.default_rng(0)
    )
    assert (crops == 0).all()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_archive_reader_finds_plain_and_compressed_files_in_folders(version):
    assert read_rcc(make_rcc(version)) == {"plain.txt": b"hello", "folder/packed.txt": b"abc" * 100}


def test_the_archive_reader_refuses_what_is_no_archive_or_is_cut_short():
    with pytest.raises(ValueError, match="begins with"):
        read_rcc(b"<!DOCTYPE html>")
    with pytest.raises(ValueError, match="cut short"):
        read_rcc(make_rcc()[:60])


def test_without_apt_the_error_says_what_to_do_and_nothing_is_left_half_done(tmp_path, monkeypatch):
    def absent(*arguments, **options):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", absent)
    with pytest.raises(RuntimeError, match="apt-get is not on this machine.*copy endless-sky-high-dpi_"):
        photographs.fetch(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["packages"]


def test_fetching_again_runs_no_command(tmp_path, monkeypatch):
    for source in photographs.SOURCES:
        (tmp_path / source).mkdir()
        (tmp_path / source / "licences.json").write_text("{}", encoding="utf-8")
    (tmp_path / "endless-sky-high-dpi" / "licences.json").write_text(
        '{"landscapes/sea7.jpg": "public domain"}', encoding="utf-8"
    )
    monkeypatch.setattr(subprocess, "run", None)
    (found,) = photographs.fetch(tmp_path)
    assert found.path == tmp_path / "endless-sky-high-dpi" / "landscapes" / "sea7.jpg"
    assert found.licence == PUBLIC_DOMAIN and found.source == "endless-sky-high-dpi"
