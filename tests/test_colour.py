"""Profiles that we write, what a profile is found to be, and colours converted and measured."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from drawn_pictures import COLOURS, INKS, delta_e, transicc

from bigart_lib.pictures import colour, profiles, spaces
from bigart_lib.pictures.vips import from_array, vips

ICC = Path("/usr/share/color/icc")
OURS = (profiles.SRGB, profiles.DISPLAY_P3, profiles.ADOBE_RGB, profiles.WIDE, profiles.GREY)
PRO_PHOTO = profiles.rgb("ProPhoto", profiles.ROMM_PRIMARIES, profiles.ROMM_WHITE, profiles.gamma(1.8))
LINEAR = profiles.rgb("linear", profiles.SRGB_PRIMARIES, profiles.D65, profiles.gamma(1))
needs_transicc = pytest.mark.skipif(not shutil.which("transicc"), reason="transicc is not installed")
needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")


@pytest.fixture
def file_of(tmp_path):
    def write(profile):
        path = tmp_path / f"{abs(hash(profile))}.icc"
        path.write_bytes(profile)
        return path

    return write


def system(name):
    path = ICC / name
    if not path.is_file():
        pytest.skip(f"{path} is not installed")
    return path.read_bytes()


# ---------------------------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("make", OURS, ids=lambda make: make.__name__)
def test_a_profile_of_ours_is_small_and_equal_values_are_grey_in_it(make):
    profile = make()
    assert (
        len(profile) < 600 and len(profile) % 4 == 0 and struct.unpack(">I", profile[:4])[0] == len(profile)
    )
    if make is not profiles.GREY:
        assert spaces.colorants_of(profile).sum(1) == pytest.approx(profiles.D50, abs=1e-5)


def test_a_profile_of_ours_is_the_same_in_every_process():
    code = "from bigart_lib.pictures import profiles as p; print((p.SRGB() + p.WIDE() + p.GREY()).hex())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Asia/Tokyo")
    }
    assert len(runs) == 1


@needs_exiftool
@pytest.mark.parametrize("make", OURS, ids=lambda make: make.__name__)
def test_exiftool_validates_a_profile_of_ours(make, file_of):
    said = subprocess.run(
        ["exiftool", "-validate", "-warning", "-ProfileVersion", "-ColorSpaceData", file_of(make())],
        capture_output=True,
        text=True,
    )
    assert "4.3.0" in said.stdout and "Warning" not in said.stdout and not said.stderr


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (profiles.SRGB, "sRGB.icc"),
        (profiles.ADOBE_RGB, "compatibleWithAdobeRGB1998.icc"),
        (lambda: PRO_PHOTO, "colord/ProPhotoRGB.icc"),
    ],
)
def test_our_primaries_are_those_of_the_profiles_that_others_make(make, name):
    theirs = spaces.describe(system(name))
    assert abs(spaces.colorants_of(make()) - theirs.colorants).max() < 0.0015


@pytest.mark.parametrize(
    ("make", "red", "green"),
    [(profiles.DISPLAY_P3, (215, 69, 17), (0, 163, 81)), (profiles.ADOBE_RGB, (228, 79, 32), (0, 162, 84))],
)
def test_known_colours_are_where_they_are_known_to_be(make, red, green):
    patches = from_array(np.array([[[199, 80, 40], [40, 160, 89]]], np.uint8))
    found = colour.convert(patches, make(), profiles.SRGB()).numpy()[0] / 257
    assert found == pytest.approx(np.array([red, green]), abs=1)


# ---------------------------------------------------------------------------------------------- what it is


@pytest.mark.parametrize(
    ("name", "is_near"),
    [
        ("sRGB.icc", True),
        ("LStar-RGB.icc", True),
        ("colord/AdobeRGB1998.icc", True),
        ("colord/Rec709.icc", True),
        ("colord/ECI-RGBv2.icc", True),
        ("colord/WideGamutRGB.icc", True),
        ("colord/ProPhotoRGB.icc", False),
        ("colord/AppleRGB.icc", False),
        ("colord/SwappedRedAndGreen.icc", False),
        ("ghostscript/scrgb.icc", False),
        ("ghostscript/default_cmyk.icc", False),
        ("Gray.icc", False),
    ],
)
def test_what_a_network_may_be_given_as_it_is_follows_from_curve_and_primaries(name, is_near):
    assert spaces.describe(system(name)).is_near_srgb == is_near


@pytest.mark.parametrize(
    ("exponent", "distance"), [(1.0, 0.287), (1.8, 0.0757), (2.2, 0.0335), (2.4, 0.0502)]
)
def test_the_distance_of_a_curve_is_measured_in_encoded_values(exponent, distance):
    profile = profiles.rgb("a", profiles.SRGB_PRIMARIES, profiles.D65, profiles.gamma(exponent))
    assert spaces.describe(profile).distance == pytest.approx(distance, abs=0.0005)


def test_srgb_is_known_by_whatever_name():
    assert spaces.describe(profiles.SRGB()).is_srgb and spaces.describe(profiles.GREY()).is_srgb
    table = profiles.table(
        [
            float(spaces.decoded(profiles.parametric(*profiles.SRGB_CURVE), np.array(x)))
            for x in np.linspace(0, 1, 500)
        ]
    )
    assert spaces.describe(profiles.rgb("other", profiles.SRGB_PRIMARIES, profiles.D65, table)).is_srgb
    assert not spaces.describe(profiles.DISPLAY_P3()).is_srgb
    gamma = profiles.rgb("g", profiles.SRGB_PRIMARIES, profiles.D65, profiles.gamma(2.2))
    assert not spaces.describe(gamma).is_srgb and spaces.describe(gamma).is_near_srgb


def damaged():
    good = profiles.SRGB()
    yield "empty", b""
    yield "words", b"this is no profile" * 20
    yield "cut short", good[:-40]
    yield "link", good[:12] + b"link" + good[16:]
    yield "six inks", good[:16] + b"6CLR" + good[20:]
    yield "many tags", good[:128] + b"\xff\xff\xff\xff" + good[132:]
    yield "far tags", good[:136] + b"\xff\xff\xff\xf0" + good[140:]
    yield "no tags", good[:128] + bytes(4) + good[132:]
    yield "large", good + bytes(17_000_000)
    place = good.index(b"para")
    yield "curve", good[:place] + b"none" + good[place + 4 :]
    place = int.from_bytes(good[good.index(b"rXYZ") + 4 :][:4], "big")
    yield "flat", good[: place + 8] + bytes(12) + good[place + 20 :]


@pytest.mark.parametrize(("kind", "profile"), list(damaged()), ids=[kind for kind, _ in damaged()])
def test_a_profile_that_cannot_be_used_is_refused_in_one_sentence(kind, profile):
    with pytest.raises(ValueError, match="^it ") as refusal:
        spaces.describe(profile)
    assert len(str(refusal.value).splitlines()) == 1 and len(str(refusal.value)) < 250


def test_any_byte_of_a_profile_may_be_wrong():
    good, rng = profiles.ADOBE_RGB(), np.random.default_rng(0)
    for _ in range(400):
        bad = bytearray(good)
        for place in rng.integers(0, len(good), 3):
            bad[place] = rng.integers(256)
        try:
            spaces.describe(bytes(bad))
        except ValueError as error:
            assert str(error).startswith("it ")


# ---------------------------------------------------------------------------------------------- converting


def lab_of(image, profile):
    return colour.to_lab(image, profile).numpy()


@needs_transicc
@pytest.mark.parametrize("target", [profiles.SRGB, profiles.DISPLAY_P3, profiles.ADOBE_RGB, profiles.WIDE])
@pytest.mark.parametrize(
    "source",
    [profiles.SRGB(), profiles.ADOBE_RGB(), PRO_PHOTO, LINEAR],
    ids=["srgb", "adobe", "prophoto", "linear"],
)
def test_conversion_gives_what_little_cms_gives(source, target, file_of):
    ours = colour.convert(from_array(COLOURS), source, target()).numpy() / 257
    theirs = transicc(file_of(source), file_of(target()), COLOURS)
    labs = [transicc(file_of(target()), "*Lab4", values.clip(0, 255)) for values in (ours, theirs)]
    assert delta_e(*labs).mean() < 0.1 and delta_e(*labs).max() < 0.5


@needs_transicc
@pytest.mark.parametrize("black_point", [True, False])
def test_inks_are_converted_as_little_cms_does(black_point, file_of):
    profile = profiles.PRESS()
    ours = (
        colour.convert(from_array(INKS), profile, profiles.ADOBE_RGB(), black_point=black_point).numpy() / 257
    )
    theirs = transicc(file_of(profile), file_of(profiles.ADOBE_RGB()), INKS / 2.55, black_point).clip(0, 255)
    labs = [transicc(file_of(profiles.ADOBE_RGB()), "*Lab4", values) for values in (ours, theirs)]
    assert delta_e(*labs).mean() < 0.3 and delta_e(*labs).max() < 1
    dark = labs[0][1, 0, 0]
    assert dark < 12 if black_point else dark > 12


def test_to_inks_and_back_changes_little_of_what_inks_can_show():
    inks = colour.convert(from_array(INKS), profiles.PRESS(), profiles.ADOBE_RGB())
    again = colour.convert(
        colour.convert(inks, profiles.ADOBE_RGB(), profiles.PRESS()), profiles.PRESS(), profiles.ADOBE_RGB()
    )
    assert again.bands == 3
    assert delta_e(lab_of(inks, profiles.ADOBE_RGB()), lab_of(again, profiles.ADOBE_RGB())).mean() < 1.5


def test_transparency_goes_along_as_it_is():
    values = np.concatenate([COLOURS, np.full((3, 4, 1), 77, np.uint8)], 2)
    for target, channels in ((profiles.WIDE(), 4), (profiles.GREY(), 2), (profiles.PRESS(), 5)):
        done = colour.convert(from_array(values), None, target)
        assert done.bands == channels and done.format == "ushort"
        assert (done.numpy()[..., -1] == 77 * 257).all()


def test_the_same_space_is_no_conversion_and_8_bits_become_16_exactly():
    assert (colour.convert(from_array(COLOURS), None, None).numpy() == COLOURS.astype(int) * 257).all()
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert (
        colour.convert(from_array(grey), None, profiles.GREY()).numpy().reshape(grey.shape) == grey * 257.0
    ).all()


def test_intents_differ_and_an_unknown_one_is_refused():
    image = from_array(COLOURS)
    relative, absolute = (
        colour.convert(image, None, profiles.PRESS(), intent).numpy() for intent in ("relative", "absolute")
    )
    assert (relative[0, 0] < 50).all() and (absolute[0, 0] > 50).any() and (relative != absolute).any()
    with pytest.raises(
        ValueError, match="expected an intent of relative, perceptual, saturation, absolute, got 'nice'"
    ):
        colour.convert(image, None, None, "nice")


@pytest.mark.parametrize(
    ("image", "source", "target", "message"),
    [
        (COLOURS, profiles.PRESS(), None, "the picture's profile is CMYK, but it has 3 channels"),
        (COLOURS, b"words", None, "the picture's profile: it is no ICC profile"),
        (COLOURS, None, b"words", "the profile to convert to: it is no ICC profile"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(image, source, target, message):
    with pytest.raises(ValueError, match=message):
        colour.convert(from_array(image), source, target)


def test_a_large_picture_takes_no_more_memory_than_a_strip():
    image = (vips().Image.black(5000, 3000, bands=3) + 20000).cast("ushort")  # 90 MB, which is never held
    image.crop(0, 0, 64, 64).avg()
    done = colour.convert(image, PRO_PHOTO, profiles.WIDE())
    before = psutil.Process().memory_info().rss
    most = 0
    for top in range(0, 3000, 500):
        assert done.crop(0, top, 5000, 500).avg() > 20000
        most = max(most, psutil.Process().memory_info().rss)
    assert most - before < 60e6


# ---------------------------------------------------------------------------------------------- spaces


def filled(*colour_of):
    return from_array(np.full((20, 20, 3), colour_of, np.uint16))


@pytest.mark.parametrize(
    ("source", "values", "name"),
    [
        (PRO_PHOTO, (20000, 30000, 25000), "sRGB"),
        (PRO_PHOTO, (65535, 65535, 65535), "sRGB"),
        (PRO_PHOTO, (0, 0, 0), "sRGB"),
        (PRO_PHOTO, (0, 60000, 0), "ROMM RGB with the curve of sRGB"),
        (profiles.DISPLAY_P3(), (60000, 9000, 9000), "Display P3"),
        (profiles.ADOBE_RGB(), (9000, 60000, 9000), "Adobe RGB"),
        (profiles.ADOBE_RGB(), (30000, 40000, 30000), "sRGB"),
    ],
)
def test_the_smallest_space_that_holds_a_picture_is_found(source, values, name):
    found, profile, is_held = colour.smallest_space(filled(*values), source)
    assert (found, is_held) == (name, True)
    done = colour.convert(filled(*values), source, profile)
    assert delta_e(lab_of(done, profile), lab_of(filled(*values), source)).max() < 1


def test_a_space_that_holds_all_of_another_needs_no_look_at_the_pixels():
    image = vips().Image.new_from_array([[0]]).bandjoin([0, 0]).cast("ushort")
    assert colour.smallest_space(image, LINEAR)[0] == "sRGB"


def test_a_speck_does_not_ask_for_a_larger_space_and_light_beyond_white_neither():
    values = np.full((200, 200, 3), 30000, np.uint16)
    values[0, 0] = (0, 65535, 0)
    assert colour.smallest_space(from_array(values), PRO_PHOTO)[0] == "sRGB"
    lab = np.zeros((9, 9, 3), np.float32) + np.array([100.4, 0, -0.3], np.float32)
    assert colour.smallest_space(from_array(lab, "lab"), None)[0] == "sRGB"


def test_colours_that_no_space_holds_are_told():
    lab = np.zeros((9, 9, 3), np.float32) + np.array([50, 120, 120], np.float32)
    assert colour.smallest_space(from_array(lab, "lab"), None) == (
        colour.HOLDERS[-1][0],
        profiles.WIDE(),
        False,
    )


SHARMA = (  # of the 34 published pairs those that tell implementations apart
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0011), 7.2195),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_differences_are_those_that_were_published(first, second, expected):
    one, two = (from_array(np.array([[values]], np.float32), "lab") for values in (first, second))
    assert colour.difference(one, two)(0, 0)[0] == pytest.approx(expected, rel=2.5e-3)
    assert delta_e(first, second) == pytest.approx(expected, abs=1e-4)
