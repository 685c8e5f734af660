"""`bigart print`: thin over the library, one line for all that cannot be, and nothing written then."""

import json

import numpy as np
import pytest
from PIL import Image
from print_pictures import boxes, drawn, press, saved, srgb

from bigart_lib.cli import main as cli
from bigart_lib.cli import print as command
from bigart_lib.cli.call import Call
from bigart_lib.pictures import pdf
from bigart_lib.printing.ready import Wanted
from bigart_lib.printing.settings import PrintSettings

SMALL = ("--paper", "10x15cm", "--dpi", 100)


@pytest.fixture
def bigart(command_line, tmp_path):
    """The command line in a folder with a picture."""
    saved(tmp_path / "photo.png", drawn(600, 900))
    return command_line


def test_a_picture_is_printed_and_the_file_named(bigart, tmp_path):
    code, lines, errors = bigart("print", "photo.png", *SMALL, "--bleed", "3mm", "--marks")
    assert (code, lines, errors) == (0, ["photo_10x15cm.pdf"], [])
    assert boxes(tmp_path / "photo_10x15cm.pdf")["TrimBox"][2] == pytest.approx(108 / 25.4 * 72, abs=0.01)


def test_every_setting_has_an_option_with_the_same_default(bigart):
    params = {param.name: param for param in command.print_picture.params}
    for name, default in command.DEFAULTS.items():
        assert params[name].default == default or name == "marks", name  # a flag, off by itself
    code, lines, _ = bigart("print", "--help")
    assert code == 0 and max(map(len, lines)) <= 110


def test_all_options_reach_the_settings(bigart, monkeypatch, tmp_path):
    given = {}

    def take(picture, out, settings, wanted, **more):
        given.update(settings=settings, wanted=wanted, out=out, **more)
        return []

    monkeypatch.setattr(command, "print_ready", take)
    profile = press(tmp_path)
    code, _, errors = bigart(
        "print", "photo.png", "--paper", "A5", "--orientation", "landscape", "--fit", "whole", "--keep",
        "10%,20%",
        "--dpi", "250", "--bleed", "2mm", "--wrap", "1cm", "--wrap-with", "blur", "--border", "10mm",
        "--border-colour", "black", "--caption", "2026", "--caption-size", "5mm", "--marks", "--profile",
        profile,
        "--intent", "perceptual", "--no-black-point", "--format", "tiff", "--depth", "16", "--sharpen",
        "0.5",
        "--sharpen-radius", "0.2mm", "--texture", "0.02", "--texture-size", "0.2mm", "--seed", "9",
        "--proof",
        "--soft-proof", profile, "--edition", "7", "--title", "12", "--artist", "A", "--prompt", "--out",
        "shop",
    )  # fmt: skip
    assert code == 0, errors
    right = PrintSettings(
        paper="A5", orientation="landscape", fit="whole", keep=(0.1, 0.2), dpi=250, bleed=2, wrap=10,
        wrap_with="blur",
        border=10, border_colour="#000000", caption="2026", caption_size=5, marks=True,
        profile=str(profile),
        intent="perceptual", black_point=False, format="tiff", depth=16, sharpen=0.5, sharpen_radius=0.2,
        texture=0.02, texture_size=0.2, seed=9,
    )  # fmt: skip
    assert given["settings"] == right and str(given["out"]) == "shop" and given["name"] == "photo"
    wanted = given["wanted"]
    assert wanted.proof and wanted.soft_proof == profile
    assert (wanted.edition.total, wanted.edition.title, wanted.edition.artist, wanted.edition.prompt) == (
        7, "12", "A", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--paper", "A9x"], "paper must be A0"), (["--bleed", "-3mm"], "bleed must be from 0"),
        (["--bleed=-3mm"], "not -3 mm"), (["--dpi", "0"], "dpi must be from 20"),
        (["--dpi", "x"], "dpi must be a number"),
        (["--shop", "offset"], "--profile"), (["--profile", "photo.png"], "no profile to print by"),
        (["--profile", "none.icc"], "found no file"), (["--soft-proof", "photo.png"], "no profile"),
        (["--shop", "lab", "--profile", "press.icc"], "takes RGB"),
        (["--format", "png", "--profile", "press.icc"], "CMYK"),
        (["--edition", "0"], "edition must be from 1"),
        (["--edition", "x"], "edition must be a whole number"),
        (["--artist", "A"], "--edition NUMBER"), (["--keep", "middle"], "keep must be"),
        (["--fit", "stretch"], "fit"),
        (["--caption", "A lake"], "needs a border"), (["--texture-size", "9mm"], "texture size must be"),
        (["--wrap-with", "plaid", "--wrap", "2cm"], "mirror or blur"), (["--depth", "12"], "depth"),
        (["--format", "gif"], "format must be"), (["--paper", "0x10cm"], "from 20 to 5000 mm"),
        (["--out", "photo.png"], "another format|file already"), (["--quality", "101"], "quality"),
        (["--edition", "2", "--out", "a.pdf"], "many files"),
        (["--caption", "x" * 301, "--border", "2cm"], "caption"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(bigart, tmp_path, words, says):
    import re

    press(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, lines, errors = bigart("print", "photo.png", *SMALL, *words)
    assert code == 2 and not lines and len(errors) == 1, errors
    assert errors[0].startswith("bigart: ") and re.search(says, errors[0]), errors
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["none.png", ".", "text.png", "-x.png"])
def test_a_picture_that_is_none_is_one_line(bigart, tmp_path, name):
    (tmp_path / "text.png").write_text("no picture")
    code, lines, errors = bigart("print", name, *SMALL)
    assert code == 2 and not lines and len(errors) == 1


def test_few_pixels_are_warned_of_and_enlarged_when_asked_for(bigart, tmp_path, monkeypatch):
    code, _, errors = bigart("print", "photo.png", "--paper", "20x30cm")
    assert code == 0 and len(errors) == 1 and "76 pixels an inch" in errors[0] and "--enlarge" in errors[0]
    asked = []

    def enlarged(call, options, picture, times):
        asked.append((picture.name, times))
        path = tmp_path / "elsewhere" / "4x.png"
        path.parent.mkdir(exist_ok=True)
        with Image.open(picture) as image:
            return saved(path, np.asarray(image.resize((2400, 3600))))

    monkeypatch.setattr(command, "_enlarged", enlarged)
    code, lines, errors = bigart("print", "photo.png", "--paper", "20x30cm", "--enlarge")
    assert code == 0 and asked == [("photo.png", 3.94)] and errors == []
    assert lines[-1] == "photo_20x30cm-2.pdf" and "3.94 times" in lines[0]
    asked.clear()
    bigart("print", "photo.png", "--paper", "5x7cm", "--enlarge")
    assert asked == []  # it has enough


def test_nothing_is_enlarged_for_a_print_that_cannot_be(bigart, monkeypatch):
    def enlarged(*_):
        raise AssertionError("it should have been refused")

    monkeypatch.setattr(command, "_enlarged", enlarged)
    words = ("--paper", "20x30cm", "--enlarge", "--profile", "photo.png")
    code, _, errors = bigart("print", "photo.png", *words)
    assert code == 2 and "no profile" in errors[0]


def test_enlarging_is_that_of_bigart_enlarge(bigart, tiny_models, tmp_path):
    saved(tmp_path / "small.png", drawn(90, 60))
    code, lines, errors = bigart("print", "small.png", "--paper", "3x2cm", "--enlarge", "--device", "cpu")
    assert code == 0, errors
    assert lines[-1] == "small_3x2cm.pdf" and not any("pixels an inch" in line for line in errors)
    assert pdf.read_image(tmp_path / lines[-1])[0].width == 354
    assert (tmp_path / "bigart_pictures").is_dir()  # where the enlarged picture is


def test_a_print_of_our_own_picture_keeps_its_recipe(bigart, tmp_path, painted):
    candidate = next(painted.glob("*/candidate-3/1024.png"))
    code, lines, errors = bigart(
        "print", candidate, "--paper", "8x8cm", "--proof", "--out", tmp_path / "shop"
    )
    assert code == 0, errors
    packet = pdf.read_metadata(tmp_path / lines[0])
    assert b"a lake" in packet and b"trainedAlgorithmicMedia" in packet
    with Image.open(candidate) as image:
        seed = json.loads(image.text["bigart"])["generate"]["seed"]
    assert f'"seed": {seed}'.encode() in packet.replace(b"&quot;", b'"')


def test_an_edition_goes_on_when_the_command_is_given_again(bigart, tmp_path):
    words = (
        "print",
        "photo.png",
        *SMALL,
        "--border",
        "10mm",
        "--edition",
        2,
        "--artist",
        "A",
        "--out",
        "shop",
    )
    code, lines, _ = bigart(*words)
    assert code == 0 and len(lines) == 4
    first = {name: (tmp_path / name).stat().st_mtime_ns for name in lines}
    code, again, errors = bigart(*words)
    assert (code, again, errors) == (0, lines, [])
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in lines} == first


def test_soft_proof_prints_its_figures(bigart, tmp_path):
    (tmp_path / "srgb.icc").write_bytes(srgb())
    code, lines, errors = bigart("print", "photo.png", *SMALL, "--soft-proof", "srgb.icc")
    assert code == 0 and lines == ["photo_10x15cm.pdf", "photo_10x15cm_soft-proof.png"]
    assert len(errors) == 1 and "dE2000 0.0 in the mean" in errors[0]


def test_write_print_asks_the_callable_that_it_is_given(bigart, tmp_path):
    made = []

    def enlarged(picture, times):
        made.append(times)
        return saved(tmp_path / "large.png", drawn(2400, 3600))

    settings = PrintSettings(paper="20x30cm")
    files = command.write_print(Call(), tmp_path / "photo.png", None, settings, Wanted(), enlarged)
    assert made == [3.94] and [file.name for file in files] == ["photo_20x30cm.pdf"]
    assert "print" in cli.COMMANDS
