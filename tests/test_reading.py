"""Pictures of all modes, formats and profiles are read with the colours that others see."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from drawn_pictures import (
    COLOURS,
    INKS,
    LAB,
    PATCH,
    Page,
    alpha,
    centres,
    delta_e,
    icc_chunk,
    magick,
    spread,
    transicc,
    write_png,
    write_psd,
    write_tiff,
)
from PIL import Image

from bigart_lib.pictures import profiles, reading

GREYS = COLOURS[..., :1]
SWOP = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
SPACES = {
    "untagged": None,
    "srgb": profiles.SRGB(),
    "p3": profiles.DISPLAY_P3(),
    "adobe": profiles.ADOBE_RGB(),
    "gamma22": profiles.rgb("g", profiles.SRGB_PRIMARIES, profiles.D65, profiles.gamma(2.2)),
    "prophoto": profiles.rgb("pp", profiles.ROMM_PRIMARIES, profiles.ROMM_WHITE, profiles.gamma(1.8)),
    "linear": profiles.rgb("l", profiles.SRGB_PRIMARIES, profiles.D65, profiles.gamma(1)),
}
KEPT = ("p3", "adobe", "gamma22")
GREY_CURVES = {"untagged": None, "srgb": "srgb", "grey22": 2.2, "grey18": 1.8, "grey10": 1.0}
needs_transicc = pytest.mark.skipif(not shutil.which("transicc"), reason="transicc is not installed")
needs_magick = pytest.mark.skipif(not shutil.which("convert"), reason="ImageMagick is not installed")

WIDE_8 = spread(COLOURS)
WIDE_16 = WIDE_8.astype(np.uint16) * 257
GREY_8, GREY_16 = WIDE_8[..., :1], WIDE_16[..., :1]


def with_alpha(values):
    scale = 257 if values.dtype == np.uint16 else 1
    return np.concatenate([values, alpha() * values.dtype.type(scale)], 2)


def by_pillow(values, **options):
    def write(path, profile):
        picture = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
        picture.save(path, icc_profile=profile, **options)

    return write


def by_pillow_as(mode, **options):
    def write(path, profile):
        picture = Image.fromarray(WIDE_8)
        picture = picture.quantize(16) if mode == "P" else picture.convert(mode)
        try:
            picture.save(path, icc_profile=profile, **options)
        except OSError as error:
            pytest.skip(f"this Pillow cannot write it ({error})")

    return write


def png(values, **options):
    def write(path, profile):
        write_png(path, values, [icc_chunk(profile)] if profile else [], **options)

    return write


def tiff(values, order="<", **options):
    def write(path, profile):
        tags = ((34675, 7, profile),) if profile else ()
        write_tiff(path, Page(values, tags=tags, **options), order=order)

    return write


def psd(values, mode):
    def write(path, profile):
        write_psd(path, values, mode, [(1039, profile)] if profile else [])

    return write


PALETTE = COLOURS.reshape(-1, 3)
INDICES = spread(np.arange(12, dtype=np.uint8).reshape(3, 4, 1))
RGB_FILES = {  # how it is written, whether deep, and how many levels of 8 bits it may be off
    "rgb.png": (png(WIDE_8), False, 0),
    "rgba.png": (png(with_alpha(WIDE_8)), False, 0),
    "rgb16.png": (png(WIDE_16), True, 0),
    "rgba16.png": (png(with_alpha(WIDE_16)), True, 0),
    "palette.png": (png(INDICES, palette=PALETTE), False, 0),
    "palette4.png": (png(INDICES, bits=4, palette=PALETTE), False, 0),
    "rgb.tif": (tiff(WIDE_8), False, 0),
    "rgb16.tif": (tiff(WIDE_16), True, 0),
    "rgb16be.tif": (tiff(WIDE_16, ">"), True, 0),
    "rgba16.tif": (tiff(with_alpha(WIDE_16), extra=(2,)), True, 0),
    "float.tif": (tiff((WIDE_16 / 65535).astype(np.float32)), True, 0),
    "lzw.tif": (by_pillow(WIDE_8, compression="tiff_lzw"), False, 0),
    "deflate.tif": (by_pillow(WIDE_8, compression="tiff_adobe_deflate"), False, 0),
    "rgb.jpg": (by_pillow(WIDE_8, quality=100, subsampling=0), False, 1),
    "progressive.jpg": (by_pillow(WIDE_8, quality=95, progressive=True), False, 3),
    "rgb.webp": (by_pillow(WIDE_8, lossless=True), False, 0),
    "rgba.webp": (by_pillow(with_alpha(WIDE_8), lossless=True, exact=True), False, 0),
    "rgb.avif": (by_pillow(WIDE_8, quality=100, subsampling="4:4:4"), False, 4),
    "rgb.psd": (psd(WIDE_8, 3), False, 0),
    "rgb16.psd": (psd(WIDE_16, 3), True, 0),
}
GREY_FILES = {
    "l.png": (png(GREY_8), False, 0),
    "la.png": (png(with_alpha(GREY_8)), False, 0),
    "l16.png": (png(GREY_16), True, 0),
    "la16.png": (png(with_alpha(GREY_16)), True, 0),
    "l.tif": (tiff(GREY_8, photometric=1), False, 0),
    "white.tif": (tiff(255 - GREY_8, photometric=0), False, 0),
    "l16.tif": (tiff(GREY_16, photometric=1), True, 0),
    "la16.tif": (tiff(with_alpha(GREY_16), ">", photometric=1, extra=(2,)), True, 0),
    "float.tif": (tiff((GREY_16 / 65535).astype(np.float32), photometric=1), True, 0),
    "l.jpg": (by_pillow(GREY_8, quality=100), False, 1),
    "l.psd": (psd(GREY_8, 1), False, 0),
    "l16.psd": (psd(GREY_16, 1), True, 0),
}
PLAIN_FILES = {  # of formats without profiles, or by other ways
    "p.gif": (by_pillow_as("P"), 3),
    "l.gif": (by_pillow_as("L"), 1),
    "rgb.bmp": (by_pillow_as("RGB"), 3),
    "l.bmp": (by_pillow_as("L"), 1),
    "p.bmp": (by_pillow_as("P"), 3),
    "one.bmp": (by_pillow_as("1"), 1),
    "one.png": (by_pillow_as("1"), 1),
    "one.tif": (by_pillow_as("1"), 1),
    "group4.tif": (by_pillow_as("1", compression="group4"), 1),
    "rgb.ppm": (by_pillow_as("RGB"), 3),
    "l.pgm": (by_pillow_as("L"), 1),
    "one.pbm": (by_pillow_as("1"), 1),
    "rgb.jp2": (by_pillow_as("RGB"), 3),
    "l.jp2": (by_pillow_as("L"), 1),
    "i16.png": (by_pillow(GREY_16), 1),
    "i16.tif": (by_pillow(GREY_16), 1),
    "i16.pgm": (by_pillow(GREY_16), 1),
    "i16.jp2": (by_pillow(GREY_16), 1),
    "p.tif": (by_pillow_as("P"), 3),
    "ycc.tif": (by_pillow_as("RGB", compression="jpeg"), 3),
    "zstd.tif": (by_pillow_as("RGB", compression="zstd"), 3),
    "packbits.tif": (by_pillow_as("RGB", compression="packbits"), 3),
}


@pytest.fixture
def lab_of(tmp_path):
    """Colours in Lab by Little CMS's own tool, given levels and a profile (None: sRGB)."""

    def convert(levels, profile):
        path = tmp_path / "of_lab.icc"
        path.write_bytes(profile or profiles.SRGB())
        return transicc(path, "*Lab4", np.asarray(levels, float) / 257)

    return convert


def grey_profile(curve):
    if curve == "srgb":
        return profiles.GREY()
    return None if curve is None else profiles.grey("a grey", profiles.gamma(curve))


# ---------------------------------------------------------------------------------------------- colours


@needs_transicc
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", RGB_FILES)
def test_rgb_of_any_format_and_space_is_read_with_the_colours_that_little_cms_sees(
    name, space, tmp_path, lab_of
):
    write, is_deep, slack = RGB_FILES[name]
    write(tmp_path / name, SPACES[space])
    found = reading.read(tmp_path / name)
    is_kept = space in ("untagged", "srgb", *KEPT)
    assert found.levels.shape == (3 * PATCH, 4 * PATCH, 4 if "rgba" in name else 3)
    assert found.carried.depth == (16 if is_deep or not is_kept else 8)
    if is_kept:
        assert found.carried.profile == (SPACES[space] if space in KEPT else None)
        off = abs(centres(found.levels)[..., :3] - COLOURS * 257.0)
        assert off.max() <= 257 * slack
    elif space == "linear":
        assert found.carried.profile is None
    told = any("converted" in note for note in found.carried.notes)
    assert told == (not is_kept)
    colours = centres(found.levels)[..., :3]
    difference = delta_e(lab_of(colours, found.carried.profile), lab_of(COLOURS * 257.0, SPACES[space]))
    assert difference.mean() < (0.1 if slack == 0 else 1) and difference.max() < (0.7 if slack == 0 else 4)
    if "rgba" in name:
        assert (found.levels[..., 3:] == alpha() * 257.0).all()


@pytest.mark.parametrize("curve", GREY_CURVES)
@pytest.mark.parametrize("name", GREY_FILES)
def test_grey_stays_grey_and_has_the_curve_of_srgb(name, curve, tmp_path):
    write, is_deep, slack = GREY_FILES[name]
    write(tmp_path / name, grey_profile(GREY_CURVES[curve]))
    found = reading.read(tmp_path / name)
    assert found.levels.shape[2] == (2 if name.startswith("la") else 1) and found.carried.profile is None
    values = GREYS[..., 0] / 255
    if isinstance(GREY_CURVES[curve], float):
        light = values ** GREY_CURVES[curve]
        values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        assert found.carried.depth == 16 and "converted from a grey" in found.carried.notes[0]
    else:
        assert found.carried.depth == (16 if is_deep else 8) and not found.carried.notes
    assert abs(centres(found.levels)[..., 0] / 65535 - values).max() < (slack + 0.6) / 255
    if name.startswith("la"):
        assert (found.levels[..., 1:] == alpha() * 257.0).all()


@pytest.mark.parametrize("name", PLAIN_FILES)
def test_every_other_format_and_mode_is_read_as_pillow_shows_it(name, tmp_path):
    write, channels = PLAIN_FILES[name]
    write(tmp_path / name, None)
    found = reading.read(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        shown = image if image.mode.startswith("I") else image.convert("RGB" if channels == 3 else "L")
        values = np.asarray(shown).reshape(48, 64, channels)
    assert (found.levels == values * (1.0 if name.startswith("i16") else 257.0)).all()
    assert found.carried.depth == (16 if name.startswith("i16") else 8) and not found.carried.notes


@needs_magick
@pytest.mark.parametrize(
    "name", [name for name in (*RGB_FILES, *GREY_FILES) if not name.endswith((".psd", ".avif", ".webp"))]
)
def test_untagged_values_are_those_that_imagemagick_sees(name, tmp_path):
    write, _, slack = {**RGB_FILES, **GREY_FILES}[name]
    write(tmp_path / name, None)
    found = reading.read(tmp_path / name).levels.astype(int)
    theirs = magick(tmp_path / name, 64, 48).astype(int)
    colours = found[..., :3] if found.shape[2] > 2 else found[..., :1].repeat(3, 2)
    assert abs(colours - theirs[..., :3]).max() <= max(2, 257 * slack)
    if found.shape[2] in (2, 4):
        assert abs(found[..., -1] - theirs[..., 3]).max() <= 2


CMYK_FILES = {
    "cmyk.jpg": by_pillow(spread(INKS)),
    "cmyk.tif": tiff(spread(INKS), photometric=5),
    "cmyk16.tif": tiff(spread(INKS).astype(np.uint16) * 257, ">", photometric=5),
    "cmyk.psd": psd(255 - spread(INKS), 4),
    "cmyk16.psd": psd((255 - spread(INKS)).astype(np.uint16) * 257, 4),
}


def save_cmyk_jpeg(path, profile):
    Image.frombytes("CMYK", (64, 48), spread(INKS).tobytes()).save(
        path, quality=100, subsampling=0, icc_profile=profile
    )


@needs_transicc
@pytest.mark.parametrize("is_tagged", [False, True])
@pytest.mark.parametrize("name", CMYK_FILES)
def test_inks_are_converted_by_their_profile_or_by_that_of_a_usual_press(name, is_tagged, tmp_path, lab_of):
    if is_tagged and not SWOP.is_file():
        pytest.skip(f"{SWOP} is not installed")
    profile = SWOP.read_bytes() if is_tagged else None
    (save_cmyk_jpeg if name.endswith("jpg") else CMYK_FILES[name])(tmp_path / name, profile)
    found = reading.read(tmp_path / name)
    press = tmp_path / "press.icc"
    press.write_bytes(profile or profiles.PRESS())
    expected = transicc(press, "*Lab4", INKS / 2.55, black_point=True)
    difference = delta_e(lab_of(centres(found.levels), found.carried.profile), expected)
    assert difference.mean() < 1 and difference.max() < 2.5
    assert found.levels.shape[2] == 3 and found.carried.depth == 16
    assert any("a usual press" in note for note in found.carried.notes) != is_tagged


def lab_tiff(values, white):
    """As TIFF has it: lightness without a sign, a and b with one."""
    kind = np.uint8 if white == 255 else np.uint16
    signed = np.int8 if white == 255 else np.int16
    scale = white / 255 if white == 255 else 256
    height = np.rint(values[..., :1] * white / 100).astype(kind)
    return np.concatenate([height, np.rint(values[..., 1:] * scale).astype(signed).view(kind)], 2)


def lab_psd(values, white):
    kind = np.uint8 if white == 255 else np.uint16
    scale, offset = (1, 128) if white == 255 else (256, 32768)
    height = np.rint(values[..., :1] * white / 100)
    return np.concatenate([height, np.rint(values[..., 1:] * scale + offset)], 2).astype(kind)


@needs_transicc
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("lab8.tif", tiff(spread(lab_tiff(LAB, 255)), photometric=8)),
        ("lab16.tif", tiff(spread(lab_tiff(LAB, 65535)), photometric=8)),
        ("lab16be.tif", tiff(spread(lab_tiff(LAB, 65535)), ">", photometric=8)),
        ("lab8.psd", psd(spread(lab_psd(LAB, 255)), 9)),
        ("lab16.psd", psd(spread(lab_psd(LAB, 65535)), 9)),
    ],
)
def test_lab_is_converted_to_a_space_that_holds_it(name, write, tmp_path, lab_of):
    write(tmp_path / name, None)
    found = reading.read(tmp_path / name)
    difference = delta_e(lab_of(centres(found.levels), found.carried.profile), LAB)
    assert difference.mean() < 0.5 and difference.max() < 1.2
    assert found.carried.depth == 16 and "from Lab" in found.carried.notes[0]


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16", "RGBX"],
)
def test_pictures_in_memory_are_taken_in_any_mode(mode):
    if mode in ("I", "F", "I;16"):
        kind = {"I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]
        picture = Image.fromarray(GREY_8[..., 0].astype(kind) * kind(257))
    elif mode == "LAB":
        picture = Image.merge(
            "LAB", [Image.fromarray(band) for band in np.moveaxis(spread(lab_psd(LAB, 255)), 2, 0)]
        )
    else:
        picture = Image.fromarray(WIDE_8).convert("RGBA" if mode in ("PA", "LA") else "RGB").convert(mode)
    found = reading.from_image(picture)
    assert found.size == (64, 48) and found.levels.dtype == np.uint16
    assert found.levels.shape[2] == (1 if mode in ("1", "L", "LA", "I", "F", "I;16") else 3)
    expected = {1: GREY_16, 3: WIDE_16}[found.levels.shape[2]]
    if mode in ("I", "F", "I;16", "RGB", "RGBX", "RGBA"):
        assert (found.levels == expected).all()
    assert found.carried.depth == (16 if mode in ("I", "F", "I;16", "CMYK", "LAB") else 8)


def test_8_bit_jpegs_have_the_very_pixels_that_pillow_gives(tmp_path):
    rng = np.random.default_rng(0)
    for number, (quality, subsampling, progressive) in enumerate(
        [(30, 0, False), (80, 1, True), (90, 2, False), (75, 2, True)]
    ):
        noise = Image.fromarray(rng.integers(0, 256, (37, 53, 3), np.uint8)).resize((211, 149))
        noise.save(
            tmp_path / f"{number}.jpg", quality=quality, subsampling=subsampling, progressive=progressive
        )
        with Image.open(tmp_path / f"{number}.jpg") as image:
            assert (reading.read(tmp_path / f"{number}.jpg").levels == np.asarray(image) * 257.0).all()


# -------------------------------------------------------------------------------------------- PNG's own words


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ([(b"gAMA", struct.pack(">I", 100000))], "gamma of 1"),
        ([(b"gAMA", struct.pack(">I", 45455))], None),
        ([(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))], None),
        ([(b"cICP", bytes([1, 8, 0, 1]))], "code points"),
        ([(b"cICP", bytes([1, 13, 0, 1])), (b"gAMA", struct.pack(">I", 100000))], None),
        ([(b"cICP", bytes([9, 16, 0, 1]))], "HDR"),
    ],
)
def test_what_a_png_says_of_its_light_is_heeded(chunks, says, tmp_path):
    write_png(tmp_path / "a.png", WIDE_8, chunks)
    found = reading.read(tmp_path / "a.png")
    assert (found.levels != WIDE_16).any() == (says is not None)
    assert says is None or says in " ".join(found.carried.notes)
    if says == "gamma of 1":  # half the light is 188 in sRGB
        assert found.levels[-1, 0] / 257 == pytest.approx([188, 188, 188], abs=0.5)


def test_a_png_that_names_display_p3_keeps_its_values_and_gets_the_profile(tmp_path):
    write_png(tmp_path / "a.png", WIDE_8, [(b"cICP", bytes([12, 13, 0, 1]))])
    found = reading.read(tmp_path / "a.png")
    assert (found.levels == WIDE_16).all() and found.carried.profile == profiles.DISPLAY_P3()


def test_an_untagged_camera_picture_in_adobe_rgb_is_known_by_its_exif(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0xA001: 0xFFFF, 0xA005: {1: "R03"}})
    Image.fromarray(WIDE_8).save(tmp_path / "a.jpg", exif=exif)
    assert reading.read(tmp_path / "a.jpg").carried.profile == profiles.ADOBE_RGB()


@pytest.mark.parametrize(
    "bad",
    [b"words", profiles.SRGB()[:-30], profiles.PRESS(), profiles.GREY()],
    ids=["words", "cut", "cmyk", "grey"],
)
def test_a_profile_that_cannot_be_its_own_is_left_out_with_a_word(bad, tmp_path):
    write_png(tmp_path / "a.png", WIDE_8, [icc_chunk(bad)])
    found = reading.read(tmp_path / "a.png")
    assert found.carried.profile is None and (found.levels == WIDE_16).all()
    assert found.carried.notes[0].startswith("its profile is left out: it is ")


def test_grey_with_a_colour_profile_takes_its_curve(tmp_path):
    for name, same in (("p3", True), ("linear", False)):
        png(GREY_8)(tmp_path / f"{name}.png", SPACES[name])
        assert (reading.read(tmp_path / f"{name}.png").levels == GREY_16).all() == same
