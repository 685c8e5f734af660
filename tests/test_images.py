"""Pictures to tensors and back, without losing a level; and what an artist may bring."""

import json
import os
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from bigart_lib.pictures import encoding, images, reading, writing


def gradient(mode="RGB", size=(16, 9)):
    rows = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(rows).convert(mode)


def test_pictures_survive_the_way_to_tensors_and_back_exactly():
    picture = gradient()
    tensor = images.to_tensor(picture)
    assert tensor.shape == (1, 3, 9, 16) and tensor.dtype == torch.float32
    assert images.to_image(tensor).tobytes() == picture.tobytes()


def test_values_are_rounded_and_clamped_not_cut():
    values = torch.tensor([-0.1, 0.49 / 255, 0.51 / 255, 254.6 / 255, 1.3]).expand(1, 3, 1, 5)
    assert np.asarray(images.to_image(values))[0, :, 0].tolist() == [0, 0, 1, 255, 255]


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected a picture of shape \(1, 1 to 4, height, width\)"):
        images.to_image(torch.zeros(3, 8, 8))


@pytest.mark.parametrize("name", ["drawing.eps", "holiday.png", "photo.jpg"])
def test_a_file_that_would_run_a_program_is_refused_whatever_it_is_called(tmp_path, name):
    ran = tmp_path / "ran"
    (tmp_path / name).write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
        f"({ran}) (w) file closefile showpage\n%%EOF\n"
    )
    with pytest.raises(images.PictureError, match="is not a picture that can be read"):
        reading.read(tmp_path / name)
    assert not ran.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("pipe.png", "."):
        with pytest.raises(images.PictureError, match="found no plain file"):
            reading.read(tmp_path / name)


def test_sixteen_bits_are_handed_on_and_kept(tmp_path):
    picture = torch.rand(1, 3, 700, 20)
    levels = images.to_levels(picture)
    assert levels.dtype == torch.uint16 and torch.equal(images.to_levels(images.from_levels(levels)), levels)


def test_a_save_that_is_broken_off_leaves_nothing(tmp_path, monkeypatch):
    def broken_off(image, file, *_):
        file.write(b"half a picture")
        raise KeyboardInterrupt

    monkeypatch.setattr(encoding, "png", broken_off)
    with pytest.raises(KeyboardInterrupt):
        writing.save(Image.new("RGB", (8, 8)), tmp_path / "mine.png")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    writing.save(gradient(), tmp_path / "mine.png")
    with pytest.raises(FileExistsError):
        writing.save(gradient(), tmp_path / "mine.png")


def test_text_of_any_script_survives_in_the_file(tmp_path):
    writing.save(gradient(), tmp_path / "a.png", {"bigart": '{"prompt": "夕陽 über dem See"}'})
    with Image.open(tmp_path / "a.png") as image:
        assert json.loads(image.text["bigart"]) == {"prompt": "夕陽 über dem See"}


def side_of(path, width, height):
    """Let a picture's header announce another size."""
    header = bytearray(path.read_bytes())
    header[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    path.write_bytes(header)


@pytest.mark.parametrize("size", [(1, 100_000_000), (100_000_000, 1), (16385, 16384), (60_000, 60_000)])
def test_what_is_too_large_is_refused_by_its_header(size, tmp_path, recwarn):
    gradient().save(tmp_path / "huge.png")
    side_of(tmp_path / "huge.png", *size)
    with pytest.raises(images.PictureError, match=f"has {size[0]}x{size[1]} pixels, too many to read"):
        reading.read(tmp_path / "huge.png")
    assert not recwarn.list


def test_the_limit_is_our_own_and_pillow_keeps_its_for_the_rest_of_the_process(
    tmp_path, monkeypatch, recwarn
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    gradient().save(tmp_path / "mine.png")
    read = images.to_image(images.from_array(reading.read(tmp_path / "mine.png").levels))
    assert read.tobytes() == gradient().tobytes()
    assert Image.MAX_IMAGE_PIXELS == 20 and not recwarn.list


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp", "bmp", "gif", "ppm"])
def test_usual_formats_are_known_by_what_is_in_the_file(kind, tmp_path):
    gradient().save(tmp_path / f"mine.{kind}")
    unnamed = (tmp_path / f"mine.{kind}").rename(tmp_path / "mine")
    assert reading.read(unnamed).size == (16, 9)
