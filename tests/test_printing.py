"""The print room: paper, settings and where everything lies, to the pixel and to the point."""

import re
from dataclasses import fields, replace

import pytest

from bigart_lib.printing.layout import Box, judged, lay_out, times_needed
from bigart_lib.printing.paper import NAMED, Paper, read_length, read_paper
from bigart_lib.printing.settings import PrintSettings, texture_bounds
from bigart_lib.settings import Bounds


@pytest.mark.parametrize(
    ("words", "name", "sides"),
    [
        ("A2", "A2", (420, 594)), ("a4", "A4", (210, 297)), ("B5", "B5", (176, 250)),
        ("Letter", "letter", (215.9, 279.4)), ("tabloid", "tabloid", (279.4, 431.8)),
        ("8x10in", "8x10in", (203.2, 254)), ("11 x 14 in", "11x14in", (279.4, 355.6)),
        ('8.5x11"', "8.5x11in", (215.9, 279.4)), ("30x40cm", "30x40cm", (300, 400)),
        ("200×300mm", "200x300mm", (200, 300)), ("29,7x42cm", "29.7x42cm", (297, 420)),
    ],
)  # fmt: skip
def test_paper_is_known_by_name_and_by_size(words, name, sides):
    found = read_paper(words)
    assert found.name == name and found[1:] == pytest.approx(sides)


@pytest.mark.parametrize("number", range(6))
def test_iso_papers_halve_and_keep_their_shape(number):
    for series in "AB":
        larger, smaller = NAMED[f"{series}{number}"], NAMED.get(f"{series}{number + 1}")
        assert larger[1] / larger[0] == pytest.approx(2**0.5, abs=0.01)
        assert smaller is None or (smaller[1] == larger[0] and smaller[0] == larger[1] // 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("A9x", "A0 to A6"), ("A7", "not 'A7'"), ("", "not ''"),
        ("0x10cm", "from 20 to 5000 mm, not 0 x 100 mm"),
        ("30x40", "30x40cm"), ("30x40furlong", "8x10in"), ("-30x40cm", "paper must"), ("1x1mm", "from 20"),
        ("9999x9999cm", "to 5000 mm"), ("1e9x10cm", "paper must"), ("x" * 10_000, "paper must"),
        ("\x1b[31mA4", r"\\x1b"), ("nanxnancm", "paper must"),
    ],
)  # fmt: skip
def test_what_is_no_paper_is_one_line(words, says):
    with pytest.raises(ValueError, match=says) as error:
        read_paper(words)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("words", "mm"), [("3mm", 3), ("0.125in", 3.175), ("1,5 cm", 15), (4, 4), (2.5, 2.5), ('1"', 25.4)]
)
def test_lengths_have_units(words, mm):
    assert read_length("bleed", words, Bounds(0, 100)) == pytest.approx(mm)


@pytest.mark.parametrize(
    "words", ["-3mm", "3m", "mm", "", True, float("nan"), float("inf"), None, "3mm3mm", "1e2"]
)
def test_what_is_no_length_is_one_line(words):
    with pytest.raises(ValueError, match="bleed must be"):
        read_length("bleed", words, Bounds(0, 50))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"dpi": 0}, "dpi must be from 20 to 2400, not 0"), ({"dpi": float("nan")}, "dpi must be a number"),
        ({"bleed": "-3mm"}, "bleed must be from 0 to 50 mm, not -3 mm"), ({"fit": "stretch"}, "crop, whole"),
        ({"paper": "A9x"}, "paper must be"), ({"orientation": "up"}, "portrait"),
        ({"keep": "middle"}, "keep must be"),
        ({"keep": (0.5, 1.5)}, "keep must be from 0 to 1"), ({"keep": "120%,1%"}, "keep must be from 0 to 1"),
        ({"wrap_with": "stripes"}, "mirror or blur"), ({"border_colour": "whitish"}, "border colour"),
        ({"caption": "x" * 301}, "caption must be a line"), ({"marks": "yes"}, "marks must be true or false"),
        ({"intent": "best"}, "relative"), ({"shop": "corner"}, "lab, giclee, offset"),
        ({"format": "gif"}, "pdf"),
        ({"depth": 12}, "8, 16"), ({"quality": 0}, "quality must be from 1"),
        ({"sharpen": 9}, "sharpen must be"),
        ({"texture": 0.5}, "texture must be"), ({"shop": "offset"}, "profile of the press"),
        ({"seed": -1}, "seed"),
        ({"format": "jpg", "depth": 16}, "a JPEG has 8 bits"), ({"wrap": "1km"}, "wrap must be a length"),
        ({"texture_size": "3mm"}, "texture size must be from 0.085 to 0.762 mm, not 3 mm"),
        ({"paper": Paper("mine", 0.0, 10.0)}, "side of the paper"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_line(wrong, says):
    with pytest.raises(ValueError, match=says) as error:
        PrintSettings(**wrong)
    assert "\n" not in str(error.value)


def test_settings_are_plain_and_can_be_changed():
    settings = PrintSettings(
        paper="30x40cm", bleed="0.3cm", border_colour="ivory", keep="top-left", wrap_with="Blur"
    )
    assert (settings.bleed, settings.border_colour, settings.keep) == (3.0, "#fffff0", (0.0, 0.0))
    assert settings.wrap_with == "blur"
    again = replace(settings, dpi=150)  # checked values pass as they are
    assert again.dpi == 150 and again.paper == settings.paper
    assert PrintSettings(**{one.name: getattr(settings, one.name) for one in fields(settings)}) == settings


@pytest.mark.parametrize(
    ("shop", "kind", "depth"),
    [("lab", "jpg", 8), ("giclee", "tiff", 16), ("offset", "pdf", 8), (None, None, None)],
)
def test_a_shop_chooses_format_and_depth(shop, kind, depth):
    settings = PrintSettings(shop=shop, profile="press.icc")
    assert (settings.chosen("format"), settings.chosen("depth")) == (kind, depth)
    assert PrintSettings(shop="lab", format="png").ending == ".png"


def test_texture_is_as_wide_on_paper_at_any_resolution():
    for dpi, size in ((150, 2), (300, 4), (600, 8)):
        assert PrintSettings(dpi=dpi, texture=0.05, texture_size="0.34mm").texture_settings.size == size
    assert texture_bounds(600).most == pytest.approx(0.381)
    with pytest.raises(ValueError, match=r"from 0.042 to 0.381 mm"):
        PrintSettings(dpi=600, texture_size="0.5mm")


def sides(box):
    return round(box.width), round(box.height)


def test_a2_with_bleed_and_marks_is_exact():
    found = lay_out((4000, 3000), PrintSettings(paper="A2", bleed="3mm", marks=True))
    assert found.paper == Paper("A2", 594, 420)  # landscape, as the picture is
    assert sides(found.trim) == (7016, 4961) and sides(found.bleed) == (7086, 5031)
    assert found.points(found.trim_mm) == pytest.approx((22.677, 22.677, 1706.457, 1213.228), abs=1e-3)
    assert found.points(found.bleed_mm)[:2] == pytest.approx((14.173, 14.173), abs=1e-3)
    assert found.points(found.page_mm) == pytest.approx((0, 0, 1729.134, 1235.906), abs=1e-3)


def test_crop_marks_lie_outside_of_the_bleed_and_point_at_the_trim():
    for bleed in (0, 3, 8):
        found = lay_out((3000, 3000), PrintSettings(paper="A4", bleed=bleed, marks=True))
        marks, trim = found.marks(), found.trim_mm
        assert len(marks) == 8
        for mark in marks:
            assert mark.width == pytest.approx(5) or mark.height == pytest.approx(5)
            on_edge = mark.left in (trim.left, trim.right) or mark.upper in (trim.upper, trim.lower)
            assert on_edge and min(mark) >= -1e-9
            inside = found.bleed_mm
            assert (
                mark.right <= inside.left or mark.left >= inside.right or mark.lower <= inside.upper
                or mark.upper >= inside.lower
            )  # fmt: skip


@pytest.mark.parametrize("orientation", ["portrait", "landscape"])
def test_the_paper_lies_as_it_is_told(orientation):
    paper = lay_out((4000, 3000), PrintSettings(paper="30x40cm", orientation=orientation)).paper
    assert (paper.width < paper.height) == (orientation == "portrait")


def test_a_crop_fills_the_paper_and_keeps_the_shape():
    found = lay_out((4000, 4000), PrintSettings(paper="20x30cm"))
    assert found.picture == found.trim == found.page
    assert found.crop.height == 4000 and found.crop.width == pytest.approx(4000 * 200 / 300)
    assert found.crop.left == pytest.approx((4000 - found.crop.width) / 2)
    assert found.effective_dpi == pytest.approx(4000 / (300 / 25.4))


@pytest.mark.parametrize(
    ("keep", "left"),
    [("left", 0), ("right", 2000 / 3), ("centre", 1000 / 3), ("10%,50%", 0), ("50%,9%", 1000 / 3)],
)
def test_what_is_kept_can_be_chosen(keep, left):
    found = lay_out((2000, 2000), PrintSettings(paper="20x30cm", keep=keep))
    assert found.crop.left == pytest.approx(left) and found.crop.width == pytest.approx(4000 / 3)
    assert found.crop.upper == 0 and found.crop.lower == 2000


def test_the_whole_picture_is_shown_in_the_middle():
    found = lay_out((3000, 1000), PrintSettings(paper="A4", fit="whole", border="10mm"))
    assert found.crop == Box(0, 0, 3000, 1000)
    picture, face = found.picture, found.face
    assert picture.left == 118 and picture.width / picture.height == pytest.approx(3, abs=0.01)
    assert abs((picture.upper - face.upper) - (face.lower - picture.lower)) <= 1
    assert found.drawn == found.extended == found.picture


def test_a_picture_made_for_the_paper_is_not_resampled():
    found = lay_out((3508, 2480), PrintSettings(paper="A4"))
    assert found.crop == Box(0, 0, 3508, 2480) and sides(found.drawn) == (3508, 2480)


def test_the_bleed_takes_what_the_picture_can_spare():
    found = lay_out((3600, 2400), PrintSettings(paper="20x20cm", bleed="5mm"))  # 600 px too wide on each side
    assert (found.drawn.left, found.drawn.right) == (found.bleed.left, found.bleed.right)
    assert (found.drawn.upper, found.drawn.lower) == (found.face.upper, found.face.lower)  # nothing to spare
    assert found.extended == found.bleed
    assert found.crop.width == pytest.approx(2400 * 210 / 200) and found.crop.height == 2400


def test_the_bleed_takes_from_one_side_what_is_on_that_side():
    found = lay_out((2430, 2400), PrintSettings(paper="20x20cm", bleed="5mm", keep="left"))
    assert found.crop.left == 0 and found.drawn.left == found.face.left
    assert found.crop.right == 2430 and 0 < found.drawn.right - found.face.right < 59


def test_a_canvas_is_cut_round_its_wrap():
    found = lay_out((3000, 2000), PrintSettings(paper="30x20cm", wrap="40mm", bleed="3mm"))
    assert sides(found.trim_mm) == (380, 280) and sides(found.bleed_mm) == (386, 286)
    assert sides(found.face) == (3543, 2362)
    assert found.drawn == found.face and found.extended == found.bleed  # mirrored, whatever was cropped
    plain = lay_out((3000, 2000), PrintSettings(paper="30x20cm", wrap="40mm", wrap_with="black"))
    assert plain.extended == plain.face


def test_a_caption_needs_room_below_the_picture():
    with pytest.raises(ValueError, match="--border 9mm"):
        lay_out((2000, 2000), PrintSettings(paper="A4", caption="A lake", border="5mm"))
    found = lay_out((2000, 2000), PrintSettings(paper="A4", caption="A lake", border="15mm"))
    assert found.caption.upper > found.picture.lower * 25.4 / 300
    assert found.caption.lower < found.trim_mm.lower
    whole = PrintSettings(paper="A4", fit="whole", caption="A lake")  # leaves room by itself
    assert lay_out((2000, 2000), whole).caption is not None


def test_a_border_must_leave_a_picture():
    with pytest.raises(ValueError, match="a border of 140 mm leaves less than 10 mm of A4"):
        lay_out((2000, 2000), PrintSettings(paper="A4", border="140mm"))


def test_a_print_of_too_many_pixels_is_refused():
    with pytest.raises(ValueError, match="choose a smaller --dpi or paper"):
        lay_out((2000, 2000), PrintSettings(paper="A0", dpi=2400))


@pytest.mark.parametrize("dpi", [72, 240, 300, 359.7, 1200])
@pytest.mark.parametrize("size", [(4096, 4096), (1000, 1500), (37, 4999), (8000, 6000)])
@pytest.mark.parametrize(
    "more", [{}, {"fit": "whole"}, {"border": 12}, {"wrap": 38}, {"wrap": 38, "fit": "whole"}]
)
def test_boxes_always_lie_in_one_another(size, dpi, more):
    for keep in ("centre", "bottom-right", "33%,66%"):
        found = lay_out(size, PrintSettings(paper="A3", dpi=dpi, bleed=3, marks=True, keep=keep, **more))
        inside = [found.picture, found.drawn, found.extended, found.bleed, found.page]
        for inner, outer in zip(inside, inside[1:], strict=False):
            assert outer.left <= inner.left < inner.right <= outer.right
            assert outer.upper <= inner.upper < inner.lower <= outer.lower
        assert 0 <= found.crop.left < found.crop.right <= size[0]
        assert 0 <= found.crop.upper < found.crop.lower <= size[1]
        stretched = (found.crop.width / found.drawn.width) / (found.crop.height / found.drawn.height)
        assert stretched == pytest.approx(1, abs=1.5 / min(sides(found.drawn)) + 1e-9)


@pytest.mark.parametrize(
    ("size", "dpi", "times"),
    [
        (2362, 300, None), (1575, 300, None), (1000, 300, 2.37), (1500, 300, 1.58), (30, 300, 64),
        (1000, 150, 1.5), (1200, 150, None),
    ],
)  # fmt: skip
def test_how_many_times_a_picture_must_be_enlarged(size, dpi, times):
    settings = PrintSettings(paper="20x20cm", dpi=dpi)
    assert times_needed((size, size), settings) == times
    if times and times < 64:
        assert size * times / (200 / 25.4) >= dpi


@pytest.mark.parametrize(
    ("dpi", "says"), [(200, None), (199, "199 pixels an inch.* soft"), (149, "149 .* poor")]
)
def test_too_few_pixels_are_said_with_their_number(dpi, says):
    assert judged(dpi, 300) is None if says is None else re.search(says, judged(dpi, 300))
    assert judged(100, 100) is None and judged(99, 100)  # of more the print would have nothing
