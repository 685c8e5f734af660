"""`bigart enlarge`: many pictures at once, to any size, each as its author made it but for the size."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import bigart_lib
from bigart_lib.pictures import reading
from bigart_lib.runs.run import open_run


@pytest.fixture
def bigart(tiny_models, command_line):
    """The command line with tiny models."""
    return command_line


def draw(path, size=(16, 12), mode="RGB", colour="teal", **options):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def size_of(path):
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ([], (64, 48)),
        (["--times", 1.5], (24, 18)),
        (["--times", 2], (32, 24)),
        (["--times", 16], (256, 192)),
        (["--size", 100], (100, 75)),
        (["--width", 80], (80, 60)),
        (["--height", 90], (120, 90)),
        (["--print", "40x30mm", "--dpi", 50], (79, 59)),
        (["--paper", "A6", "--dpi", 20], (117, 88)),
    ],
)
def test_any_size_is_reached(bigart, words, size):
    draw("mine.png")
    code, lines, errors = bigart("enlarge", "mine.png", *words)
    assert code == 0, errors
    assert size_of(lines[-1]) == size


def test_results_are_named_after_the_source(bigart):
    draw("my lake.photo.png")
    made = Path(bigart("enlarge", "my lake.photo.png", "--times", 2)[1][-1])
    assert made == Path("bigart_pictures/my-lake-photo/my lake.photo_2x.png")
    assert (made.parent / "source" / "my lake.photo.png").read_bytes() == Path(
        "my lake.photo.png"
    ).read_bytes()


def test_many_files_folders_and_patterns_one_bad_file_does_not_stop_the_rest(bigart):
    for name in ("a.png", "folder/b.jpg", "folder/c.tif", "x-1.png", "x-2.png"):
        draw(name)
    Path("bad.png").write_bytes(b"no picture")
    Path("folder/notes.txt").write_text("no picture either")
    code, lines, errors = bigart("enlarge", "a.png", "bad.png", "folder", "x-*.png", "a.png", "--quiet")
    assert code == 2
    assert [Path(line).name for line in lines] == [
        "a_4x.png", "b_4x.png", "c_4x.png", "x-1_4x.png", "x-2_4x.png",
    ]  # fmt: skip
    assert any(line.startswith("5 of 6 were enlarged") for line in errors)
    assert sum(line.startswith("  bad.png ") for line in errors) == 1
    assert not Path("bigart_pictures/bad").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["a.png", "--times", "1.2"], "times must be from 1.5 to 64, not 1.2"),
        (["a.png", "--times", "2", "--width", "90"], "--times and --width both say how large"),
        (["a.png", "--width", "10"], "there is nothing to enlarge"),
        (["a.png", "--width", "9000"], "of at most 64"),
        (["a.png", "--paper", "A9x"], "A9x"),
        (["a.png", "--format", "gif"], "format must be one of png, tiff, jpg, webp, pdf, not 'gif'"),
        (["a.png", "--format", "jpg", "--depth", "16"], "16"),
        (["a.png", "--background", "blurple"], "background must be a colour"),
        (["a.png", "--out", "there.jpg"], "there is such a file already"),
        (["a.png", "--out", "new.jpg", "--format", "png"], "leave one of them out"),
        (["a.png", "b.png", "--out", "new.jpg"], "--out names one file"),
        (["empty"], "there is no picture in the folder empty"),
        (["no*.png"], "no file is called like no*.png"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(bigart, words, line):
    for name in ("a.png", "b.png", "there.jpg"):
        draw(name)
    Path("empty").mkdir()
    code, lines, errors = bigart("enlarge", *words)
    assert code == 2 and lines == [] and len(errors) == 1 and line in errors[0], errors
    assert not Path("bigart_pictures").exists() and not Path("new.jpg").exists()


def test_out_names_the_file_and_its_format(bigart):
    draw("a.png")
    code, lines, _ = bigart("enlarge", "a.png", "--out", "prints/big.tif", "--depth", 16)
    assert code == 0 and lines[-1] == str(Path("prints/big.tif"))
    made = reading.read(Path("prints/big.tif"))
    assert made.size == (64, 48) and made.carried.depth == 16


def test_sixteen_bits_grey_and_transparency_are_kept(bigart):
    deep = np.linspace(20000, 20600, 16 * 12).reshape(12, 16).astype(np.uint16)
    Image.fromarray(deep).save("grey16.png")
    draw("logo.png", mode="RGBA", colour=(200, 30, 30, 0))
    draw("grey.jpg", mode="L", colour=127)
    for name, channels, depth in (("grey16.png", 1, 16), ("logo.png", 4, 8), ("grey.jpg", 1, 8)):
        made = reading.read(Path(bigart("enlarge", name)[1][-1]))
        assert (made.levels.shape[2], made.carried.depth) == (channels, depth), name
    made = reading.read(Path("bigart_pictures/grey16/grey16_4x.png"))
    assert abs(made.levels.mean() - deep.mean()) < 100


def test_a_transparent_picture_can_be_laid_on_a_colour(bigart):
    draw("logo.png", mode="RGBA", colour=(200, 30, 30, 0))
    code, lines, _ = bigart("enlarge", "logo.png", "--background", "#204060", "--format", "jpg")
    assert code == 0 and reading.read(Path(lines[-1])).levels.shape[2] == 3
    assert bigart("enlarge", "logo.png", "--format", "jpg")[0] == 2  # which has no transparency


def test_profile_resolution_and_the_authors_words_are_kept(bigart):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "Somebody Else")
    draw("mine.png", dpi=(600, 600), pnginfo=words, icc_profile=profile)
    made = reading.read(Path(bigart("enlarge", "mine.png", "--times", 2)[1][-1]))
    assert made.carried.texts["Author"] == "Somebody Else"
    assert [round(dots) for dots in made.carried.dpi] == [600, 600]


@pytest.mark.parametrize("precision", ["auto", "fp32"])
def test_the_shipped_enlarger_keeps_colours_and_lays_no_grain(precision):
    colours = [(255, 255, 255), (0, 0, 0), (128, 128, 128), (194, 82, 38), (20, 30, 200), (45, 160, 99)]
    chart = Image.new("RGB", (64 * len(colours), 64))
    for number, colour in enumerate(colours):
        chart.paste(colour, (64 * number, 0, 64 * number + 64, 64))
    made = np.asarray(bigart_lib.load("embedded", dtype=precision).enlarge(chart)).astype(int)
    for number, colour in enumerate(colours):
        patch = made[80:176, 256 * number + 80 : 256 * number + 176]
        assert np.abs(patch.mean((0, 1)) - colour).max() < 0.6 and patch.std((0, 1)).max() < 1.5


def test_what_was_enlarged_is_resumed_from_the_runs_own_copy(bigart, monkeypatch):
    from bigart_lib.maker import Maker

    draw("mine.png", mode="RGBA", colour=(9, 99, 199, 128))
    with monkeypatch.context() as patch:
        patch.setattr(Maker, "enlarge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert bigart("enlarge", "mine.png", "--format", "tiff")[0] == 130
    Path("mine.png").unlink()
    code, lines, _ = bigart("resume")
    assert code == 0 and Path(lines[-1]).name == "mine_4x.tif"
    assert reading.read(Path(lines[-1])).levels.shape == (48, 64, 4)
    assert open_run("bigart_pictures/mine").unfinished() == []


def test_what_was_enlarged_is_made_again_from_the_copy_beside_it(bigart):
    draw("mine.jpg", quality=90)
    made = bigart("enlarge", "mine.jpg", "--times", 2)[1][-1]
    Path("mine.jpg").unlink()
    code, lines, errors = bigart("redo", made)
    assert code == 0, errors
    assert "2x: identical" in lines and Path(lines[-1]).read_bytes() == Path(made).read_bytes()


def test_a_picture_of_ours_keeps_its_recipe_when_it_is_enlarged(bigart):
    sheet = Path(bigart("a lake", "--seed", 3, "--size", 256, "--count", 1, "--quiet")[1][-1])
    made = bigart("enlarge", sheet.parent / "candidate-1" / "64.png", "--times", 2)[1][-1]
    said = "\n".join(bigart("info", made)[1])
    assert "a lake" in said and "64.png" in said


def test_heic_and_postscript_are_one_line(bigart):
    Path("page.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    code, lines, errors = bigart("enlarge", "page.png")
    assert code == 2 and lines == [] and len(errors) == 1


def test_a_jpeg_profile_stays_on_the_result(bigart, tmp_path):
    from bigart_lib.pictures import profiles

    draw("p3.jpg", icc_profile=profiles.DISPLAY_P3())
    with Image.open(bigart("enlarge", "p3.jpg")[1][-1]) as image:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))
    assert "P3" in name
