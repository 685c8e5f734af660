"""What a print cannot be: one line for each, and nothing is written."""

import errno
import os

import pytest
from print_pictures import SMALL, drawn, press, printed, saved, srgb

from bigart_lib.pictures import profiles
from bigart_lib.pictures.images import PictureError
from bigart_lib.printing.ready import Wanted, print_ready


@pytest.fixture
def picture(tmp_path):
    return saved(tmp_path / "photo.png", drawn(600, 900))


def _not_a_profile(tmp_path):
    path = tmp_path / "none.icc"
    path.write_bytes(b"acsp" * 100)
    return str(path)


@pytest.mark.parametrize("field", ["profile", "soft_proof"])
@pytest.mark.parametrize("kind", ["no file", "no profile", "a folder", "a picture", "cut"])
def test_a_profile_that_is_none_is_one_line_and_nothing_is_written(picture, tmp_path, field, kind):
    cut = tmp_path / "cut.icc"
    cut.write_bytes(profiles.SRGB()[:300])
    path = {
        "no file": str(tmp_path / "nowhere.icc"), "no profile": _not_a_profile(tmp_path),
        "a folder": str(tmp_path), "a picture": str(picture), "cut": str(cut),
    }[kind]  # fmt: skip
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match="profile") as error:
        if field == "profile":
            printed(picture, profile=path)
        else:
            printed(picture, wanted=Wanted(soft_proof=path))
    assert "\n" not in str(error.value) and path in str(error.value) and sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"format": "png", "profile": "press"}, "a PNG holds no CMYK"),
        ({"shop": "lab", "profile": "press"}, "a photo lab takes RGB"),
        ({"shop": "offset", "profile": "srgb"}, "offset prints in CMYK"),
        ({"caption": "x" * 250, "border": "10mm"}, "too long for the picture's width"),
        ({"caption": "x"}, "needs a border"), ({"border": "48mm"}, "leaves less than 10 mm"),
        ({"dpi": 2400, "paper": "20x700mm", "format": "jpg"}, "a JPEG at most"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_line_and_nothing_is_written(picture, tmp_path, more, says):
    if "profile" in more:
        (tmp_path / "srgb.icc").write_bytes(srgb())
        more = {
            **more,
            "profile": str(press(tmp_path) if more["profile"] == "press" else tmp_path / "srgb.icc"),
        }
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=says):
        printed(picture, **more)
    assert sorted(tmp_path.iterdir()) == before


def test_a_picture_that_is_none_is_one_line_and_nothing_is_written(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    whole = saved(tmp_path / "whole.png", drawn(600, 900)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    before = sorted(tmp_path.iterdir())
    for name in ("a.png", "cut.png", "none.png"):
        with pytest.raises(PictureError) as error:
            printed(tmp_path / name)
        assert "\n" not in str(error.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_is_said_and_leaves_nothing(picture, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="No space"):
        printed(picture)
    assert sorted(tmp_path.iterdir()) == before


def test_work_can_be_stopped_and_leaves_nothing(picture, tmp_path):
    class StopError(Exception):
        pass

    def stop(progress):
        raise StopError

    before = sorted(tmp_path.iterdir())
    with pytest.raises(StopError):
        print_ready(picture, None, SMALL, report=stop)
    assert sorted(tmp_path.iterdir()) == before
