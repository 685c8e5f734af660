"""Proofs at 1:1 and soft proofs: what they show, and the figures against an independent reference."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from print_pictures import difference, drawn, flat, press, program, saved, srgb

from bigart_lib.pictures import pdf
from bigart_lib.pictures.vips import from_array
from bigart_lib.printing import proof, soft_proof
from bigart_lib.printing.ready import Wanted, print_ready
from bigart_lib.printing.scratch import scratch_in
from bigart_lib.printing.settings import PrintSettings

SMALL = PrintSettings(paper="20x30cm", dpi=100)


def levels(path):
    return pdf.read_image(path)[0].numpy()


def halves():
    """Detail at the left of the middle, nothing at the right."""
    pixels = flat(1200, 800, (90, 120, 150))
    pixels[200:600, 100:500] = np.random.default_rng(0).integers(0, 256, (400, 400, 3))
    return pixels


def test_the_most_detailed_and_the_flattest_part_are_found():
    image = from_array(halves().astype(np.uint16) * 257, "rgb16")
    detailed, flattest = proof.extremes(image, 300)
    assert 88 <= detailed[0] <= 213 and 188 <= detailed[1] <= 313
    assert flattest[0] >= 500 or flattest[1] + 300 <= 200 or flattest[1] >= 600


@pytest.mark.parametrize("size", [(5, 5), (40, 7), (7, 400), (300, 300)])
def test_parts_lie_within_any_picture(size):
    image = from_array(drawn(*size).astype(np.uint16) * 257, "rgb16")
    side = min(size)
    for left, upper in proof.extremes(image, side):
        assert 0 <= left <= size[0] - side and 0 <= upper <= size[1] - side


def test_a_proof_is_an_a4_page_with_parts_of_the_print_pixel_by_pixel(tmp_path):
    source = saved(tmp_path / "a.png", halves())
    files = print_ready(source, None, replace(SMALL, texture=0.05), Wanted(proof=True))
    assert [file.name for file in files] == ["a_20x30cm.pdf", "a_20x30cm_proof.pdf"]
    assert "A4" in program("pdfinfo", files[1])
    page, print_ = levels(files[1]), levels(files[0])
    assert page.shape == (1169, 827, 3)
    side = round(proof.PART / 25.4 * 100)
    upper = round((proof.MARGIN + proof.TITLE + 14) / 25.4 * 100)
    for left in (proof.MARGIN, proof.PAGE[0] - proof.MARGIN - proof.PART):
        x = round(left / 25.4 * 100)
        part = page[upper : upper + side, x : x + side]
        corner = part[:8, :8].tobytes()
        rows, columns = print_.shape[0] - side, print_.shape[1] - side
        places = np.argwhere((print_[: rows + 1, : columns + 1] == part[0, 0]).all(2))
        found = [(y, x) for y, x in places if print_[y : y + 8, x : x + 8].tobytes() == corner]
        assert any(np.array_equal(print_[y : y + side, x : x + side], part) for y, x in found)


def test_patches_have_the_amounts_that_they_say(tmp_path):
    source = saved(tmp_path / "a.png", flat(1200, 800, (128, 128, 128)))
    files = print_ready(source, None, replace(SMALL, depth=16), Wanted(proof=True))
    page = levels(files[1]) / 65535
    upper = round((proof.MARGIN + proof.TITLE + 14 + proof.PART + 12) / 25.4 * 100)
    side = round(proof.PATCH / 25.4 * 100)
    for number, amount in enumerate(proof.AMOUNTS):
        left = round((proof.MARGIN + number * (proof.PATCH + proof.PATCH_GAP)) / 25.4 * 100)
        patch = page[upper + 2 : upper + side - 2, left + 2 : left + side - 2, 0]
        assert patch.std() == pytest.approx(amount, abs=0.004) and patch.mean() == pytest.approx(
            0.502, abs=0.01
        )


@pytest.mark.parametrize("kind", ["tiff", "jpg", "png"])
def test_a_proof_is_in_the_format_and_the_colours_of_the_print(tmp_path, kind):
    source = saved(tmp_path / "a.png", halves())
    profile = None if kind == "png" else str(press(tmp_path))
    files = print_ready(
        source, tmp_path / "out", replace(SMALL, format=kind, profile=profile), Wanted(proof=True)
    )
    with Image.open(files[1]) as image:
        assert image.size == (827, 1169) and image.mode == ("RGB" if kind == "png" else "CMYK")


def test_a_proof_tells_the_facts_and_the_recipe(tmp_path):
    from bigart_lib.printing.layout import lay_out

    settings = replace(SMALL, texture=0.03, bleed=3, intent="perceptual")
    lines = "\n".join(proof.facts(lay_out((1200, 800), settings), settings, (1200, 800), "RGB, sRGB"))
    said = ("20x30cm", "300 x 200 mm", "bleed 3 mm", "1200 x 800 px", "100 DPI", "102 pixels", "RGB, sRGB")
    for words in (*said, "perceptual", "3 %"):
        assert words in lines
    recipe = {"prompt": "a lake", "generate": {"seed": 7}, "index": 2, "models": "embedded"}
    assert proof.recipe_facts(recipe) == ["Prompt: a lake", "Seed: 7", "Candidate: 3", "Models: embedded"]


@pytest.mark.parametrize(
    "recipe", [{}, {"prompt": 5, "generate": [], "index": "x"}, {"prompt": "x" * 10**6}, {"index": 10**400}]
)
def test_a_strange_recipe_does_no_harm_to_a_proof(tmp_path, recipe):
    lines = proof.recipe_facts(recipe)
    assert all(len(line) < 1100 for line in lines)
    image = from_array(drawn(200, 200).astype(np.uint16) * 257, "rgb16")
    with scratch_in(tmp_path) as scratch:
        page = proof.proof_page(image, image, SMALL, "Proof", lines, scratch)
    assert (page.width, page.height) == (827, 1169)


def test_figures_are_those_of_an_independent_reference(tmp_path):
    profile, source = press(tmp_path), tmp_path / "srgb.icc"
    source.write_bytes(srgb())
    colours = np.random.default_rng(3).integers(0, 256, (1, 60, 3)).astype(np.uint8)
    image = from_array(colours.astype(np.uint16) * 257, "rgb16")
    figures = soft_proof.measured(image, srgb(), profile.read_bytes(), "relative", False)
    rgb = "\n".join(" ".join(map(str, colour)) for colour in colours[0].tolist())
    lab, cmyk = (
        program("transicc", "-t1", "-n", "-c0", "-i", source, "-o", out, input=rgb + "\n")
        for out in ("*Lab", profile)
    )
    back = program("transicc", "-t1", "-n", "-c0", "-i", profile, "-o", "*Lab", input=cmyk)
    first, second = (np.array([line.split()[:3] for line in text.splitlines() if line.strip()], float)
                     for text in (lab, back))  # fmt: skip
    right = difference(first, second)
    assert figures.mean == pytest.approx(right.mean(), abs=0.1)
    assert figures.most == pytest.approx(right.max(), abs=0.3)
    assert figures.nearly_all == pytest.approx(np.percentile(right, 95), abs=0.3)
    assert figures.out_of_gamut == pytest.approx((right > 3).mean(), abs=0.04)


def test_a_paper_that_holds_all_colours_changes_none():
    image = from_array(drawn(80, 60).astype(np.uint16) * 257, "rgb16")
    figures = soft_proof.measured(image, srgb(), srgb(), "relative", True)
    assert figures.most < 0.1 and figures.out_of_gamut == 0


def test_a_soft_proof_shows_the_paper_and_what_is_out_of_gamut(tmp_path):
    pixels = flat(900, 600, (255, 255, 255))
    pixels[:, 450:] = (0, 0, 255)  # no press has this blue
    messages = []
    wanted = Wanted(soft_proof=press(tmp_path))
    files = print_ready(saved(tmp_path / "a.png", pixels), None, SMALL, wanted, announce=messages.append)
    assert files[1].name == "a_20x30cm_soft-proof.png" and "out of gamut" in messages[-1]
    assert 45 < float(messages[-1].partition(" % out")[0].split()[-1]) < 55
    with Image.open(files[1]) as image:
        assert image.mode == "RGB" and b"sRGB" in image.info["icc_profile"].replace(b"\0", b"")
        sheet = np.asarray(image).astype(int)
    magenta = (np.abs(sheet - (255, 0, 204)).max(2) < 4).mean(axis=(0, 1))
    blue, dulled = (np.abs(sheet - (0, 0, 255)).max(2) < 4).mean(), magenta
    assert magenta == pytest.approx(blue, rel=0.1) and dulled > 0.05
    paper = soft_proof._on_paper(_white_cmyk(), press(tmp_path).read_bytes()).getpoint(0, 0)
    assert 0.7 * 65535 < min(paper) <= max(paper) < 65535  # darker than the screen's white


def _white_cmyk():
    return from_array(np.zeros((4, 4, 4), np.uint16), "cmyk")


def test_the_papers_white_is_that_of_its_profile(tmp_path):
    profile, target = press(tmp_path), tmp_path / "srgb.icc"
    target.write_bytes(srgb())
    answer = program("transicc", "-t3", "-n", "-c0", "-i", profile, "-o", target, input="0 0 0 0\n")
    found = np.array(soft_proof._on_paper(_white_cmyk(), profile.read_bytes()).getpoint(0, 0)) / 257
    assert found == pytest.approx([min(255.0, float(word)) for word in answer.split()], abs=0.6)


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (40, 40), (1500, 1500)])
def test_soft_proofs_of_any_shape_hold_three_pictures(tmp_path, size):
    image = from_array(drawn(*size).astype(np.uint16) * 257, "rgb16")
    sheet, _ = soft_proof.soft_proof(
        image, srgb(), press(tmp_path).read_bytes(), "perceptual", True, "x" * 50
    )
    shown = sheet.numpy()
    assert shown.shape[2] == 3 and (np.abs(shown.astype(int) - 65535).max(2) > 3000).mean() > 0.001


def test_a_grey_picture_is_proofed_too(tmp_path):
    source = saved(tmp_path / "a.png", drawn(400, 300)[..., 0])
    wanted = Wanted(proof=True, soft_proof=press(tmp_path))
    files = print_ready(source, tmp_path / "out", SMALL, wanted)
    assert len(files) == 3 and all(file.stat().st_size for file in files)
