"""Pictures become files of the format that the name says: every pixel, profile and resolution, or nothing."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigart_lib.pictures import profiles, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.recipe import pixel_hash
from bigart_lib.pictures.rounding import to_bytes
from bigart_lib.pictures.vips import from_array, vips
from bigart_lib.pictures.writing import Form, check_form, check_name, save
from bigart_lib.pictures.written import read as read_written

ROOT = Path(__file__).parent.parent
EXACT = (".png", ".tif", ".webp")  # without loss, and read by ImageMagick
DEEP = (".png", ".tif")
MADE = {"bigart": '{"models": "embedded"}'}  # the texts of a picture of ours


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(*command):
    done = subprocess.run([str(one) for one in command], capture_output=True, timeout=60)
    return done.stdout


def levels(channels=3, height=90, width=70):
    """Colours that change fast in one half and slowly in the other."""
    values = np.random.default_rng(channels).integers(0, 65536, (height, width, channels), dtype=np.uint16)
    values[:, width // 2 :] = np.linspace(9000, 12_000, height)[:, None, None]
    return values


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", "png"), ("a.PNG", "png"), ("a.tif", "tiff"), ("a.TIFF", "tiff"), ("a.jpg", "jpeg")]
    + [("a.b.jpeg", "jpeg"), ("a.webp", "webp"), ("a.pdf", "pdf")],
)
def test_the_ending_says_the_format(name, kind):
    assert check_name(name) == check_name(Path("folder") / name) == kind


@pytest.mark.parametrize("name", ["a", "a.", "png", ".png", "a.eps", "a.png.txt", "a.jpg "])
def test_other_endings_are_refused_with_those_that_go(name, tmp_path):
    with pytest.raises(ValueError, match=r"\.png, \.tif, \.tiff, \.jpg, \.jpeg, \.webp or \.pdf") as refused:
        save(levels(), tmp_path / name)
    assert "\n" not in str(refused.value) and not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("name", "form", "size", "has_alpha", "said"),
    [
        ("a.jpg", Form(depth=16), None, False, "16 are possible in PNG, TIFF and PDF"),
        ("a.webp", Form(depth=16), None, False, "16 are possible"),
        ("a.png", Form(quality=90), None, False, "possible in JPEG and WebP"),
        ("a.tif", Form(quality=90), None, False, "possible in JPEG and WebP"),
        ("a.png", Form(compression="lzw"), None, False, "in TIFF, not in PNG"),
        ("a.jpg", Form(), (10, 10), True, "choose a background"),
        ("a.webp", Form(), (16_384, 10), False, "at most 16,383 on a side"),
        ("a.jpg", Form(), (10, 65_536), False, "at most 65,535 on a side"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(name, form, size, has_alpha, said):
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        check_form(name, form, size, has_alpha)
    assert str(refused.value).startswith(f"{name}: ") and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.tif", Form(16, compression="lzw")),
        ("a.jpg", Form(8, 80)),
        ("a.webp", Form(quality=1)),
        ("a.png", Form(16)),
    ]
    + [("a.pdf", Form(16))],
)
def test_what_can_be_is_not(name, form):
    check_form(name, form, (16_383, 16_383))


@pytest.mark.parametrize(
    "values",
    [{"depth": 12}, {"depth": "8"}, {"quality": 0}, {"quality": 101}, {"quality": 95.0}, {"quality": True}]
    + [{"compression": "zip"}, {"background": (1, 2)}, {"background": (0, 0, 256)}, {"background": "white"}],
)
def test_a_form_that_makes_no_sense_is_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Form(**values)


def test_a_large_picture_is_refused_as_webp_before_it_is_looked_at(tmp_path):
    with pytest.raises(ValueError, match="choose PNG or TIFF"):
        save(vips().Image.black(16_384, 16_384, bands=3), tmp_path / "a.webp")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_resolution_that_makes_no_sense_is_refused(dpi, tmp_path):
    with pytest.raises(ValueError, match="pixels an inch"):
        save(levels(), tmp_path / "a.png", dpi=dpi)


@pytest.mark.parametrize(
    ("channels", "profile"), [(3, profiles.GREY()), (1, profiles.SRGB()), (3, b"none"), (4, profiles.GREY())]
)
def test_a_profile_of_other_colours_is_refused(channels, profile, tmp_path):
    with pytest.raises(ValueError, match="does not go with"):
        save(levels(channels), tmp_path / "a.png", carried=Carried(profile))
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint16), np.zeros((4, 4, 5), np.uint16)]
)
def test_other_arrays_are_refused(picture, tmp_path):
    with pytest.raises(ValueError, match="expected uint16 levels"):
        save(picture, tmp_path / "a.png")


# ------------------------------------------------------------------------------------------------ pixels


@needs("convert")
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("ending", "depth"), [*((one, 8) for one in EXACT), *((one, 16) for one in DEEP)])
def test_imagemagick_reads_every_pixel(ending, depth, channels, tmp_path):
    path, values = tmp_path / f"a{ending}", levels(channels)
    save(values, path, form=Form(depth))
    found = run("convert", path, "-depth", "16", "-endian", "LSB", "rgba:-")
    found = np.frombuffer(found, "<u2").reshape(90, 70, 4)
    expected = values if depth == 16 else to_bytes(values).astype(np.uint16) * 257
    colours = 1 if channels < 3 else 3
    assert (found[..., :3] == expected[..., :colours]).all()
    assert (found[..., 3:] == (expected[..., colours:] if channels in (2, 4) else 65535)).all()


@pytest.mark.parametrize("compression", writing.COMPRESSIONS)
def test_a_tiff_may_be_compressed_in_three_ways(compression, tmp_path):
    save(levels(), tmp_path / "a.tif", form=Form(16, compression=compression))
    assert (vips().Image.new_from_file(str(tmp_path / "a.tif")).numpy() == levels()).all()


@pytest.mark.parametrize("ending", [".png", ".tif", ".webp", ".pdf"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_picture_has_one_hash_in_all_formats_and_depths(ending, channels, tmp_path):
    values = levels(channels)
    for depth in (8, 16) if ending != ".webp" else (8,):
        save(values, tmp_path / f"{depth}{ending}", form=Form(depth))
        found = _picture(tmp_path / f"{depth}{ending}")
        assert pixel_hash(found) == pixel_hash(values) == pixel_hash(from_array(to_bytes(values)))


def _picture(path):
    if path.suffix == ".pdf":
        from bigart_lib.pictures.pdf import read_image

        return read_image(path)[0]
    return read_written(path).picture()


def test_the_hash_of_rgb_is_as_it_always_was_and_that_of_grey_is_its_rgb():
    import hashlib

    image = Image.effect_noise((40, 30), 50).convert("RGB")
    assert pixel_hash(image) == hashlib.sha256(b"40x30" + image.tobytes()).hexdigest()
    assert pixel_hash(image.convert("L")) == pixel_hash(image)
    opaque, clear = image.convert("RGBA"), image.convert("RGBA")
    clear.putpixel((0, 0), (*clear.getpixel((0, 0))[:3], 254))
    assert pixel_hash(opaque) == pixel_hash(image) != pixel_hash(clear)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("form", ["array", "planes", "vips", "vips8", "pillow"])
def test_a_picture_may_come_in_any_form(form, depth, tmp_path):
    values = to_bytes(levels()).astype(np.uint16) * 257
    picture = {
        "array": values,
        "planes": np.ascontiguousarray(values.transpose(2, 0, 1)).transpose(1, 2, 0),
        "vips": from_array(values[..., :1].copy()).bandjoin(
            [from_array(values[..., one:][..., :1].copy()) for one in (1, 2)]
        ),
        "vips8": from_array((values // 257).astype(np.uint8)),
        "pillow": Image.fromarray((values // 257).astype(np.uint8)),
    }[form]
    save(picture, tmp_path / "a.png", form=Form(depth))
    save(values, tmp_path / "b.png", form=Form(depth))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("ending", "carried", "expected"),
    [(".png", 16, 16), (".tif", 16, 16), (".pdf", 16, 16), (".jpg", 16, 8), (".webp", 16, 8), (".png", 8, 8)],
)
def test_without_a_form_a_picture_has_as_many_bits_as_it_had(ending, carried, expected, tmp_path):
    path = tmp_path / f"a{ending}"
    save(levels(), path, MADE, Carried(depth=carried))
    assert read_written(path).depth == expected == Form().fitting(path, carried)


def test_a_jpeg_is_near_the_picture_with_colours_at_full_resolution(tmp_path):
    smooth = np.linspace(0, 65535, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16)
    smooth[:, ::2] = [65535, 0, 0]  # red lines of one pixel, which halved colours would lose
    save(smooth, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        apart = np.asarray(image).astype(int) - to_bytes(smooth)
        assert image.info["progressive"] and [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
    assert abs(apart).mean() < 3
    save(smooth, tmp_path / "b.jpg", form=Form(quality=30))
    assert (tmp_path / "b.jpg").stat().st_size < (tmp_path / "a.jpg").stat().st_size


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_transparency_is_laid_on_the_background_that_is_asked_for(ending, tmp_path):
    values = np.full((40, 40, 4), 65535, np.uint16)
    values[..., 3] = np.array([0, 32768])[:, None].repeat(20, 0)
    path = tmp_path / f"a{ending}"
    save(values, path, form=Form(8, background=(200, 100, 0)))
    with Image.open(path) as image:
        assert image.mode == "RGB"
        clear, half = image.getpixel((20, 5)), image.getpixel((20, 35))
    assert np.allclose(clear, (200, 100, 0), atol=3) and np.allclose(half, (228, 178, 128), atol=3)


def test_grey_on_a_coloured_background_becomes_rgb(tmp_path):
    values = np.zeros((8, 8, 2), np.uint16)
    save(values, tmp_path / "a.png", form=Form(background=(200, 100, 0)))
    save(values, tmp_path / "b.png", form=Form(background=(7, 7, 7)))
    assert Image.open(tmp_path / "a.png").getpixel((0, 0)) == (200, 100, 0)
    assert Image.open(tmp_path / "b.png").getpixel((0, 0)) == 7
    with pytest.raises(ValueError, match="grey background"):
        save(values, tmp_path / "c.png", carried=Carried(profiles.GREY()), form=Form(background=(1, 2, 3)))


def test_colours_below_clear_pixels_are_kept(tmp_path):
    values = levels(4)
    values[..., 3] = 0
    for ending in (*EXACT, ".pdf"):
        save(values, tmp_path / f"a{ending}", MADE)
        assert pixel_hash(read_written(tmp_path / f"a{ending}").picture()) == pixel_hash(values), ending


@pytest.mark.parametrize("ending", [".tif", ".jpg", ".pdf"])
def test_cmyk_is_written_where_it_can_be(ending, tmp_path):
    values = levels(4) if ending != ".jpg" else np.full((40, 40, 4), 20_000, np.uint16)
    picture = from_array(values, "cmyk")
    save(picture, tmp_path / f"a{ending}", carried=Carried(profiles.PRESS(), depth=16))
    if ending == ".tif":
        file = vips().Image.new_from_file(str(tmp_path / "a.tif"))
        assert file.interpretation == "cmyk" and (file.numpy() == values).all()
    if ending == ".jpg":
        with Image.open(tmp_path / "a.jpg") as image:
            assert image.mode == "CMYK" and np.allclose(np.asarray(image), 78, atol=2)


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_cmyk_is_refused_where_it_cannot_be(ending, tmp_path):
    picture = from_array(levels(4), "cmyk")
    with pytest.raises(ValueError, match="TIFF, JPEG or PDF"):
        save(picture, tmp_path / f"a{ending}", carried=Carried(profiles.PRESS()))
    with pytest.raises(ValueError, match="profile of its inks"):
        save(picture, tmp_path / "a.tif")


# ------------------------------------------------------------------------------------------------- facts


@needs("exiftool")
@pytest.mark.parametrize("dpi", [300, 72, 254.3])
@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp"])
def test_the_resolution_is_said_as_each_format_says_it(ending, dpi, tmp_path):
    path = tmp_path / f"a{ending}"
    save(levels(), path, dpi=dpi)
    tags = {
        ".png": ["PNG-pHYs:PixelsPerUnitX", "PNG-pHYs:PixelsPerUnitY"],
        ".tif": ["IFD0:XResolution", "IFD0:YResolution"],
        ".jpg": ["JFIF:XResolution", "JFIF:YResolution", "IFD0:XResolution", "IFD0:YResolution"],
        ".webp": ["IFD0:XResolution", "IFD0:YResolution"],
    }[ending]
    found = run("exiftool", "-n", "-s3", *(f"-{tag}" for tag in tags), path).decode().split()
    factor = 0.0254 if ending == ".png" else 1
    assert len(found) == len(tags)
    for tag, value in zip(tags, found, strict=True):
        assert float(value) * factor == pytest.approx(dpi, abs=0.5 if tag.startswith("JFIF") else 0.02)
    assert run("exiftool", "-n", "-s3", "-ResolutionUnit", path).decode().split()[:1] in ([], ["2"])


@needs("pdfinfo")
def test_a_page_is_as_large_as_the_picture(tmp_path):
    save(levels(width=720, height=360), tmp_path / "a.pdf", dpi=72)
    assert b"Page size:       720 x 360 pts" in run("pdfinfo", tmp_path / "a.pdf")


@needs("identify")
@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg"])
def test_identify_agrees(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    save(levels(1), path, form=Form(16 if ending in DEEP else 8), dpi=150)
    done = subprocess.run(
        ["identify", "-units", "PixelsPerInch", "-format", "%m %wx%h %z %[colorspace] %x", path],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    kind, size, depth, space, across = done.stdout.split()
    names = {".png": "PNG", ".tif": "TIFF", ".jpg": "JPEG"}
    assert (kind, size, depth) == (names[ending], "70x90", "16" if ending in DEEP else "8")
    assert space == "Gray" and float(across) == pytest.approx(150, abs=0.01) and done.stderr == ""


@needs("tiffinfo")
def test_tiffinfo_has_nothing_to_complain_of(tmp_path):
    save(levels(4), tmp_path / "a.tif", {"Software": "BIG.art"}, form=Form(16, compression="lzw"))
    done = subprocess.run(["tiffinfo", tmp_path / "a.tif"], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    for line in (
        "Tile Width: 256 Tile Length: 256", "Resolution: 300, 300 pixels/inch", "Bits/Sample: 16",
        "Compression Scheme: LZW", "Extra Samples: 1<unassoc-alpha>", "Predictor: horizontal differencing",
        "Software: BIG.art", "ICC Profile: <present>",
    ):  # fmt: skip
        assert line in done.stdout, line


@needs("exiftool")
@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp", ".pdf"])
@pytest.mark.parametrize("profile", [None, profiles.DISPLAY_P3()])
def test_a_profile_is_always_there(ending, profile, tmp_path):
    path = tmp_path / f"a{ending}"
    save(levels(), path, MADE, Carried(profile))
    assert read_written(path).profile == (profile or profiles.SRGB())
    if ending != ".pdf":
        assert run("exiftool", "-icc_profile", "-b", path) == (profile or profiles.SRGB())
    assert run("exiftool", "-validate", "-s3", path).split()[:1] in (
        [b"OK"],
        [b"4"],
    )  # TIFF: that it has tiles


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".pdf"])
def test_grey_is_written_as_grey_with_its_own_profile(ending, tmp_path):
    save(levels(1), tmp_path / f"a{ending}", MADE)
    found = read_written(tmp_path / f"a{ending}")
    assert found.profile == profiles.GREY() and found.picture().bands == 1


def test_grey_in_a_webp_which_knows_none_is_rgb_of_equal_values(tmp_path):
    linear = profiles.grey("linear", profiles.gamma(1.0))
    for name, profile in (("a", None), ("b", linear)):
        save(np.full((8, 8, 1), 128 * 257, np.uint16), tmp_path / f"{name}.webp", MADE, Carried(profile))
        found = read_written(tmp_path / f"{name}.webp")
        assert found.profile == profiles.SRGB() and found.picture().bands == 3
        value = found.picture()(0, 0)
        assert np.ptp(value) <= 1 and value[0] == pytest.approx(128 if name == "a" else 188, abs=1)


def test_a_long_profile_is_in_several_segments_of_a_jpeg(tmp_path):
    profile = profiles.PRESS()
    long = profile[:36] + profile[36:] + bytes(200_000)
    long = len(long).to_bytes(4, "big") + long[4:]
    picture = from_array(np.full((8, 8, 4), 30_000, np.uint16), "cmyk")
    save(picture, tmp_path / "a.jpg", carried=Carried(long))
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.info["icc_profile"] == long


# ------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("ending", [*writing.ENDINGS])
def test_nothing_is_overwritten_and_the_same_picture_is_the_same_file(ending, tmp_path):
    path, other = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    save(levels(), path)
    time.sleep(1.1)  # a second in which a clock goes on
    save(levels(), other)
    assert path.read_bytes() == other.read_bytes()
    with pytest.raises(FileExistsError, match=re.escape(str(path))):
        save(levels(1), path)
    assert path.read_bytes() == other.read_bytes() and len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("ending", [*writing.ENDINGS])
def test_a_full_disk_leaves_nothing_and_is_named(ending, tmp_path):
    """A limit on the length of files is to a program what a full disk is: its writes fail."""
    code = f"""
import resource, numpy
from bigart_lib.pictures.writing import Form, save
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
values = numpy.random.default_rng(0).integers(0, 65536, (300, 300, 3), dtype=numpy.uint16)
try:
    save(values, {str(tmp_path / f"a{ending}")!r})
except OSError as error:
    print(error.errno, error.filename)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["27", str(tmp_path / f"a{ending}")], done.stderr
    assert done.stderr == "" and not [*tmp_path.iterdir()]


@pytest.mark.parametrize("ending", [".png", ".tif", ".jpg", ".webp"])
def test_ctrl_c_while_it_writes_leaves_nothing(ending, tmp_path, monkeypatch):
    original = writing.writing

    @contextmanager
    def interrupted(path, replace=False):
        with original(path, replace) as file:
            yield _Interrupted(file)

    class _Interrupted:
        def __init__(self, file):
            self.name, self._file = file.name, file

        def write(self, data):
            raise KeyboardInterrupt

        def flush(self):
            self._file.flush()

        def fileno(self):
            return self._file.fileno()

    monkeypatch.setattr(writing, "writing", interrupted)
    if ending == ".tif":  # is opened anew, to be read too
        monkeypatch.setattr(
            writing.encoding._Sink, "_put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
    with pytest.raises(KeyboardInterrupt):
        save(levels(), tmp_path / f"a{ending}")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_damage_in_what_is_read_meanwhile_leaves_nothing(ending, tmp_path):
    from_array(levels(3, 600, 600)).pngsave(str(tmp_path / "whole.png"))
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    cut = vips().Image.new_from_file(str(tmp_path / "cut.png"), access="sequential", fail_on="truncated")
    with pytest.raises(OSError, match="could not be written"):
        save(cut, tmp_path / f"a{ending}", form=Form(16))
    assert {one.name for one in tmp_path.iterdir()} == {"whole.png", "cut.png"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured on Linux")
@pytest.mark.parametrize(("ending", "side"), [(".tif", 16_384), (".png", 8192)])
def test_a_large_picture_of_16_bits_is_written_strip_by_strip(ending, side, tmp_path):
    picture = np.memmap(tmp_path / "levels", np.uint16, "w+", shape=(side, side, 3))  # a file with holes
    most, is_done, before = [0], threading.Event(), _own_memory()

    def watch():
        while not is_done.wait(0.02):
            most[0] = max(most[0], _own_memory())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        save(picture, tmp_path / f"a{ending}", form=Form(16))
    finally:
        is_done.set()
        watching.join()
    assert most[0] - before < 400e6  # the picture has 1.6 GB
    file = read_written(tmp_path / f"a{ending}")
    assert (file.size, file.depth) == ((side, side), 16)


def _own_memory():
    """Bytes that are this process's own, and no file's."""
    text = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", text)[1]) * 1024


def test_a_tiff_that_may_pass_4_gb_is_a_big_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writing.encoding, "CLASSIC_TIFF", 10_000)
    save(levels(), tmp_path / "a.tif", dpi=150, form=Form(16))
    assert (tmp_path / "a.tif").read_bytes()[:4] == b"II+\0"
    found = read_written(tmp_path / "a.tif")
    assert found.dpi == (150, 150) and pixel_hash(found.picture()) == pixel_hash(levels())
    assert found.profile == profiles.SRGB()


# ------------------------------------------------------------------------------- large PNGs, by one filter


def _large(kind, channels=3):
    """More than `encoding.FEW_PIXELS` of 16-bit levels."""
    down, across = np.mgrid[0:1100, 0:1000]
    slope = (9000 + 20 * down + 7 * across)[..., None]
    random = np.random.default_rng(0)
    if kind == "texture":
        slope = slope + random.normal(0, 3000, (1100, 1000, 1))
    elif kind == "flat":
        slope = (slope // 6000) * 6000
    elif kind == "columns":
        slope = slope + random.normal(0, 9000, (1, 1000, 1))
    return np.clip(np.repeat(slope, channels, axis=2), 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", ["texture", "slope", "flat", "columns"])
def test_a_large_png_has_every_pixel_and_is_no_larger_than_by_a_filter_for_each_row(
    kind, depth, tmp_path, monkeypatch
):
    picture = _large(kind)
    save(picture, tmp_path / "a.png", MADE, form=Form(depth))
    monkeypatch.setattr(writing.encoding, "png_filter", lambda _: "all")
    save(picture, tmp_path / "b.png", MADE, form=Form(depth))
    chosen, usual = (tmp_path / name for name in ("a.png", "b.png"))
    assert chosen.stat().st_size <= 1.05 * usual.stat().st_size + 10_000
    expected = picture if depth == 16 else to_bytes(picture)
    for path in (chosen, usual):
        assert (vips().Image.new_from_file(str(path)).numpy() == expected).all()
    assert _beside_pixels(chosen) == _beside_pixels(usual)  # every other chunk is as it was


def _beside_pixels(path):
    """The bytes before a PNG's pixels, and the kinds of its chunks."""
    data, kinds, place = path.read_bytes(), [], 8
    while place < len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        kinds += [kind] if kind not in kinds else []
        place += length + 12
    return data[: data.index(b"IDAT") - 4], kinds


def test_texture_gets_one_filter_and_a_picture_that_is_read_once_is_not_tried_on(tmp_path):
    large = writing.as_vips(_large("texture"))
    assert writing.encoding.png_filter(large) != "all"
    assert writing.encoding.png_filter(large.crop(0, 0, 300, 300)) == "all"  # is quick in any case
    large.pngsave(str(tmp_path / "a.png"))
    once = vips().Image.new_from_file(str(tmp_path / "a.png"), access="sequential")
    assert writing.encoding.png_filter(once) == "all"
    save(once, tmp_path / "b.png", form=Form(16))
    assert pixel_hash(read_written(tmp_path / "b.png").picture()) == pixel_hash(_large("texture"))


def test_damage_that_shows_when_filters_are_tried_is_told_as_ever_and_leaves_nothing(tmp_path):
    from_array(_large("texture")).pngsave(str(tmp_path / "whole.png"))
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    cut = vips().Image.new_from_file(str(tmp_path / "cut.png"), fail_on="truncated")
    assert not cut.get_typeof("vips-sequential")
    with pytest.raises(OSError, match="could not be written"):
        save(cut, tmp_path / "a.png", form=Form(16))
    assert {one.name for one in tmp_path.iterdir()} == {"whole.png", "cut.png"}


@pytest.mark.parametrize("depth", [8, 16])
def test_the_number_of_threads_changes_no_byte(depth, tmp_path, monkeypatch):
    np.save(tmp_path / "levels.npy", _large("texture"))
    for threads in (1, 2, 5):
        code = f"""
import os
os.cpu_count = lambda: {threads}
import numpy
from bigart_lib.pictures import rounding
from bigart_lib.pictures.writing import Form, save
rounding.STRIP_VALUES = 60_000
save(numpy.load("levels.npy"), "{threads}.png", {MADE}, form=Form({depth}))
"""
        environment = {**os.environ, "VIPS_CONCURRENCY": str(threads), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=120)
    assert len({path.read_bytes() for path in tmp_path.glob("*.png")}) == 1
    assert len([*tmp_path.glob("*.png")]) == 3
