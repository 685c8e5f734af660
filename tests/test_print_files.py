"""Prints as files: pixels, colours, boxes and words as promised, and nothing overwritten."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter
from print_pictures import SMALL, boxes, drawn, flat, press, printed, program, rendered, saved, srgb

from bigart_lib.pictures import pdf, profiles, reading
from bigart_lib.pictures.vips import from_array
from bigart_lib.printing import fitting, grain
from bigart_lib.printing.layout import Box
from bigart_lib.printing.ready import print_ready
from bigart_lib.printing.scratch import scratch_in
from bigart_lib.printing.settings import PrintSettings


def levels(path):
    """The pixels of a print, 16 bits."""
    image = pdf.read_image(path)[0] if path.suffix == ".pdf" else reading.stream(path)[0]
    return image.numpy().reshape(image.height, image.width, image.bands)


@pytest.fixture
def picture(tmp_path):
    return saved(tmp_path / "photo.png", drawn(600, 900))


@pytest.mark.parametrize(
    ("size", "crop", "target"),
    [
        ((60, 40), (0, 0, 60, 40), (150, 100)), ((600, 400), (0, 0, 600, 400), (150, 100)),
        ((300, 200), (10.25, 5.5, 210.75, 180.25), (401, 349)), ((300, 200), (40, 30, 240, 130), (200, 100)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("strip", [100, 4_000_000])
def test_resampling_is_lanczos_in_float_whatever_the_strips(tmp_path, monkeypatch, size, crop, target, strip):
    monkeypatch.setattr(fitting, "STRIP_PIXELS", strip)
    pixels = np.random.default_rng(1).integers(0, 65536, (size[1], size[0], 3), dtype=np.uint16)
    with scratch_in(tmp_path) as scratch:
        found = fitting.fitted(from_array(pixels), Box(*crop), target, scratch).numpy()
    for channel in range(3):
        plane = Image.fromarray(pixels[..., channel].astype(np.float32))
        right = np.asarray(plane.resize(target, Image.Resampling.LANCZOS, crop)).clip(0, 65535)
        assert (
            np.abs(found[..., channel] - right).max() <= 40
        )  # of 65,535: positions are 32-bit floats in Pillow
    assert not list(tmp_path.iterdir())


def test_flat_colours_stay_to_the_last_level(tmp_path):
    path, _ = printed(saved(tmp_path / "flat.png", flat(700, 1100, (201, 17, 99))))
    assert np.unique(levels(path).reshape(-1, 3), axis=0).tolist() == [[201 * 257, 17 * 257, 99 * 257]]


def test_a_picture_of_the_papers_size_is_printed_bit_for_bit(tmp_path):
    pixels = drawn(394, 591)
    for kind in ("pdf", "tiff", "png"):
        path, _ = printed(saved(tmp_path / f"{kind}.png", pixels), format=kind)
        assert np.array_equal(levels(path), pixels.astype(np.uint16) * 257)


@pytest.mark.parametrize("kind", ["pdf", "tiff", "jpg", "png"])
def test_each_format_is_what_it_says(picture, kind):
    path, _ = printed(picture, format=kind, bleed=3, marks=True)
    assert path.name == f"photo_10x15cm{ {'tiff': '.tif'}.get(kind, '.' + kind) }"
    if kind == "pdf":
        program("qpdf", "--check", path)
        return
    words = program("identify", "-format", "%m %w %h %z %x %U", f"{path}[0]").split()
    assert words[0] == {"jpg": "JPEG"}.get(kind, kind.upper())
    assert [int(words[1]), int(words[2])] == [394 + 2 * 31, 591 + 2 * 31] and words[3] == "8"
    values = json.loads(
        program("exiftool", "-json", "-n", "-XResolution", "-PixelsPerUnitX", "-ProfileDescription", path)
    )[0]
    name, dots = ("PixelsPerUnitX", 3937) if kind == "png" else ("XResolution", 100)
    assert values[name] == pytest.approx(dots, abs=0.5)
    assert "sRGB" in values["ProfileDescription"]


def test_a_pdf_has_the_papers_boxes_and_one_image_at_its_dpi(picture):
    path, _ = printed(picture, bleed=3, marks=True, dpi=150)
    found, mm = boxes(path), 72 / 25.4
    assert found["MediaBox"] == pytest.approx((0, 0, 116 * mm, 166 * mm), abs=0.01)
    assert found["TrimBox"] == pytest.approx((8 * mm, 8 * mm, 108 * mm, 158 * mm), abs=0.01)
    assert found["BleedBox"] == pytest.approx((5 * mm, 5 * mm, 111 * mm, 161 * mm), abs=0.01)
    (line,) = program("pdfimages", "-list", path).splitlines()[2:]
    words = line.split()
    assert (words[3], words[4]) == ("627", "922") and words[5] == "icc" and words[8] == "image"
    assert abs(int(words[12]) - 150) <= 1


def test_crop_marks_are_drawn_at_the_corners_of_the_trim(picture):
    for kind in ("pdf", "png"):
        path, _ = printed(picture, format=kind, marks=True, dpi=200, fit="whole", border="20mm")
        if kind == "pdf":
            found = rendered(path, 200)
        else:
            found = levels(path)[..., :3] / 257
        edge = round(8 / 25.4 * 200)
        corner = found[:edge, edge - 4 : edge + 5].min(
            axis=(1, 2)
        )  # the mark that stands above the left edge
        dark = np.flatnonzero(corner < 128)
        assert dark.size and dark.min() <= 3 and dark.max() <= round(5.2 / 25.4 * 200)
        assert found[edge + 3 : edge + 60, edge + 3 : edge + 60].min() > 250  # nothing within


def test_the_bleed_mirrors_what_the_picture_cannot_spare(tmp_path):
    pixels = drawn(394, 591)
    path, _ = printed(saved(tmp_path / "a.png", pixels), bleed="10mm")
    found, bleed = levels(path) // 257, 39
    inner = found[bleed : bleed + 591, bleed : bleed + 394]
    assert np.array_equal(inner, pixels)
    assert np.array_equal(found[bleed : bleed + 591, :bleed], pixels[:, :bleed][:, ::-1])
    assert np.array_equal(found[:bleed, bleed : bleed + 394], pixels[:bleed][::-1])


def test_the_bleed_shows_more_of_the_picture_where_there_is_more(tmp_path):
    pixels = drawn(394 + 200, 591)
    path, _ = printed(saved(tmp_path / "a.png", pixels), bleed="10mm", orientation="portrait")
    found, bleed = levels(path)[39 : 39 + 591] // 257, 39
    assert np.array_equal(found, pixels[:, 100 - bleed : 494 + bleed])


def test_a_canvas_wrap_mirrors_blurs_or_is_of_a_colour(tmp_path):
    source, edge = saved(tmp_path / "a.png", drawn(394, 591)), round(20 / 25.4 * 100)
    folded = {
        how: levels(printed(source, wrap="20mm", wrap_with=how, depth=16)[0])
        for how in ("mirror", "blur", "#102030")
    }
    face = folded["mirror"][edge : edge + 591, edge : edge + 394]
    for found in folded.values():
        assert np.array_equal(found[edge : edge + 591, edge : edge + 394], face)
    side = {how: found[edge : edge + 591, : edge - 20].astype(int) for how, found in folded.items()}
    assert np.array_equal(folded["mirror"][edge : edge + 591, :edge], face[:, :edge][:, ::-1])
    assert np.unique(side["#102030"].reshape(-1, 3), axis=0).tolist() == [[16 * 257, 32 * 257, 48 * 257]]
    steps = {how: np.abs(np.diff(found, axis=0)).mean() for how, found in side.items()}
    assert steps["blur"] < steps["mirror"] and np.abs(side["blur"].mean() - side["mirror"].mean()) < 800


def test_a_border_is_of_its_colour_and_carries_the_caption(picture):
    for kind in ("pdf", "png"):
        path, _ = printed(
            picture, format=kind, border="15mm", border_colour="#f5f0e6", caption="Größe 42", dpi=200, bleed=3
        )
        found = (
            rendered(path, 200).astype(int) if kind == "pdf" else (levels(path)[..., :3] // 257).astype(int)
        )
        assert np.abs(found[5:90, 5:-5] - (245, 240, 230)).max() <= 2  # the bleed too
        below = found[-120:-24]
        assert below.min() < 60 and (np.abs(below - (245, 240, 230)).max(axis=2) > 40).mean() < 0.1
    values = json.loads(program("exiftool", "-json", "-Title", path))[0]
    assert values["Title"] == "Größe 42"


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((591, 394, 4), np.uint8)
    pixels[:, :200, 3] = 255
    path, _ = printed(saved(tmp_path / "a.png", pixels))
    found = levels(path)
    assert found.shape[2] == 3 and found[:, :200].max() == 0 and found[:, 200:].min() == 65535


def test_grey_stays_grey_and_takes_a_coloured_border(tmp_path):
    source = saved(tmp_path / "a.png", drawn(394, 591)[..., 0])
    path, _ = printed(source)
    assert levels(path).shape[2] == 1
    tinted, _ = printed(source, border="10mm", border_colour="red")
    found = levels(tinted)
    assert found.shape[2] == 3 and found[5, 5].tolist() == [65535, 0, 0]
    inner = found[100:200, 100:200].astype(int)
    assert np.ptp(inner, axis=2).max() <= 64  # grey by lcms, to rounding


def test_the_pictures_own_profile_goes_along_unless_another_is_given(tmp_path):
    pixels = flat(394, 591, (120, 160, 90))
    wide = saved(tmp_path / "a.png", pixels, icc_profile=profiles.ADOBE_RGB())
    path, _ = printed(wide)
    assert pdf.read_image(path)[1] == profiles.ADOBE_RGB() and (levels(path)[0, 0] // 257).tolist() == [
        120,
        160,
        90,
    ]
    target = tmp_path / "p3.icc"
    target.write_bytes(profiles.DISPLAY_P3())
    path, _ = printed(wide, profile=str(target), depth=16)
    found = levels(path)[0, 0] / 65535 * 255
    source = tmp_path / "source.icc"
    source.write_bytes(profiles.ADOBE_RGB())
    answer = program("transicc", "-t1", "-n", "-c0", "-i", source, "-o", target, input="120 160 90\n")
    assert found == pytest.approx([float(word) for word in answer.split()], abs=0.2)


def test_offset_is_cmyk_by_the_press_with_its_output_intent(picture, tmp_path):
    import pikepdf

    profile = press(tmp_path)
    path, _ = printed(picture, shop="offset", profile=str(profile), bleed=3)
    image, found = pdf.read_image(path)
    assert image.interpretation == "cmyk" and found == profile.read_bytes()
    with pikepdf.open(path) as document:
        assert bytes(document.Root.OutputIntents[0].DestOutputProfile.read_bytes()) == profile.read_bytes()
    assert "cmyk" in program("pdfimages", "-list", path) or " 4 " in program("pdfimages", "-list", path)
    program("qpdf", "--check", path)


@pytest.mark.parametrize("intent", ["relative", "perceptual", "absolute"])
def test_cmyk_is_what_lcms_makes_of_it(tmp_path, intent):
    profile, source = press(tmp_path), tmp_path / "srgb.icc"
    source.write_bytes(srgb())
    colour = (200, 120, 60)
    path, _ = printed(
        saved(tmp_path / "a.png", flat(394, 591, colour)), profile=str(profile), depth=16, intent=intent,
        black_point=False,
    )  # fmt: skip
    number = {"perceptual": 0, "relative": 1, "absolute": 3}[intent]
    answer = program(
        "transicc", f"-t{number}", "-n", "-c0", "-i", source, "-o", profile, input="200 120 60\n"
    )
    assert levels(path)[10, 10] / 655.35 == pytest.approx([float(word) for word in answer.split()], abs=0.3)


@pytest.mark.parametrize("kind", ["tiff", "jpg"])
def test_cmyk_can_be_a_tiff_or_a_jpeg(picture, tmp_path, kind):
    path, _ = printed(picture, format=kind, profile=str(press(tmp_path)))
    assert "CMYK" in program("identify", "-format", "%[colorspace]", path)
    with Image.open(path) as image:
        assert image.mode == "CMYK" and image.info["icc_profile"] == press(tmp_path).read_bytes()


def test_a_lab_gets_8_bit_rgb_that_it_knows(tmp_path):
    pixels = (np.random.default_rng(0).integers(0, 65536, (591, 394), dtype=np.uint16) // 4) + 20000
    grey = tmp_path / "grey.png"
    Image.fromarray(pixels).save(grey)
    path, _ = printed(grey, shop="lab")
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB") and b"sRGB" in image.info["icc_profile"].replace(
            b"\0", b""
        )
    wide = saved(tmp_path / "wide.png", drawn(394, 591), icc_profile=profiles.DISPLAY_P3())
    with Image.open(printed(wide, shop="lab")[0]) as image:
        assert image.info["icc_profile"] == profiles.SRGB()
    known = saved(tmp_path / "known.png", drawn(394, 591), icc_profile=profiles.ADOBE_RGB())
    with Image.open(printed(known, shop="lab")[0]) as image:
        assert image.info["icc_profile"] == profiles.ADOBE_RGB()


def test_giclee_is_a_tiff_of_16_bits(picture):
    path, _ = printed(picture, shop="giclee")
    words = program("tiffinfo", path)
    assert "Bits/Sample: 16" in words and "Resolution: 100, 100 pixels/inch" in words


def test_16_bits_stay_16(tmp_path):
    import pyvips

    ramp = np.linspace(20000, 20600, 394).astype(np.uint16)
    pixels = np.repeat(np.repeat(ramp[None, :, None], 591, 0), 3, 2)
    path = tmp_path / "deep.png"
    pyvips.Image.new_from_memory(pixels.tobytes(), 394, 591, 3, "ushort").copy(
        interpretation="rgb16"
    ).write_to_file(str(path))
    assert np.array_equal(levels(printed(path)[0]), pixels)


def test_sharpening_is_off_by_default_and_sharpens_lightness_alone(tmp_path):
    pixels = drawn(394, 591)
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1.5)))
    source = saved(tmp_path / "a.png", soft)
    assert np.array_equal(levels(printed(source)[0]) // 257, soft)
    found = levels(printed(source, sharpen=1.0, sharpen_radius="0.4mm")[0]) / 257
    added = found - soft
    inside = (found > 1).all(2) & (found < 254).all(2)
    assert np.ptp(added, axis=2)[inside].max() < 1.1  # the same in all colours
    assert np.abs(np.diff(found, axis=1)).mean() > 1.1 * np.abs(np.diff(soft.astype(float), axis=1)).mean()


def test_texture_has_its_amount_and_its_width_on_paper(tmp_path):
    source = saved(tmp_path / "grey.png", flat(800, 1200, (128, 128, 128)))
    widths = {}
    for dpi in (150, 300):
        found = (
            levels(printed(source, dpi=dpi, texture=0.05, texture_size="0.5mm", depth=16)[0])[..., 0] / 65535
        )
        assert found.std() == pytest.approx(0.05, rel=0.05) and found.mean() == pytest.approx(
            128 / 255, abs=1e-3
        )
        field = found - found.mean()
        shares = [(field[:, :-step] * field[:, step:]).mean() / field.var() for step in range(1, 20)]
        widths[dpi] = np.interp(0.5, shares[::-1], range(19, 0, -1)) * 25.4 / dpi
    assert widths[150] == pytest.approx(widths[300], rel=0.25)


def test_the_same_seed_lays_the_same_texture(tmp_path):
    source = saved(tmp_path / "grey.png", flat(394, 591, (128, 128, 128)))
    first, same, other = (printed(source, texture=0.05, seed=seed)[0].read_bytes() for seed in (1, 1, 2))
    assert first == same != other


def test_a_field_is_the_same_in_strips_and_has_zero_mean(tmp_path):
    with scratch_in(tmp_path) as scratch:
        settings = PrintSettings(texture=0.1, texture_size="0.3mm").texture_settings
        field = grain.field((700, 1100), settings, (3,), scratch).numpy()
    assert (
        field.shape[:2] == (1100, 700)
        and abs(field.mean()) < 1e-4
        and field.std() == pytest.approx(0.1, rel=0.03)
    )


def test_nothing_is_overwritten_and_names_get_numbers(picture):
    paths = [printed(picture)[0] for _ in range(3)]
    assert [path.name for path in paths] == [f"photo_10x15cm{end}.pdf" for end in ("", "-2", "-3")]
    assert paths[0].read_bytes() == paths[2].read_bytes()


def test_the_name_of_the_file_can_say_the_format(picture, tmp_path):
    (path,) = print_ready(picture, tmp_path / "shop" / "for the lab.tif", SMALL)
    with Image.open(path) as image:
        assert image.format == "TIFF" and path.name == "for the lab.tif"
    with pytest.raises(FileExistsError):
        print_ready(picture, path, SMALL)
    with pytest.raises(ValueError, match="another format"):
        print_ready(picture, tmp_path / "a.tif", replace(SMALL, format="png"))
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_the_author_said_is_kept_in_each_format(tmp_path):
    exif = Image.Exif()
    exif[0x013B], exif[0x8298] = "A. Nyone", "(c) A. Nyone"
    source = saved(tmp_path / "a.jpg", drawn(394, 591), exif=exif, quality=95)
    for kind in ("pdf", "tiff", "jpg", "png"):
        path, _ = printed(source, format=kind)
        values = json.loads(
            program("exiftool", "-json", "-Artist", "-Creator", "-Author", "-Copyright", "-Rights", path)
        )
        said = {
            str(one)
            for value in values[0].values()
            for one in (value if isinstance(value, list) else [value])
        }
        assert "A. Nyone" in said and "(c) A. Nyone" in said, (kind, values)


def test_few_pixels_are_said_with_their_number(tmp_path):
    source = saved(tmp_path / "a.png", drawn(394, 591))
    _, messages = printed(source, dpi=300)
    assert len(messages) == 1 and "100 pixels an inch" in messages[0] and "poor" in messages[0]
    assert printed(saved(tmp_path / "b.png", drawn(900, 1300)))[1] == []
