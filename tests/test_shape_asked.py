"""Shapes at the command line and in the studio: what is asked for is what is shown and written."""

import numpy as np
import pytest
from PIL import Image
from test_studio import Artist, pixels

from bigart_lib import GenerateSettings, shapes
from bigart_lib.pictures.recipe import read
from bigart_lib.studio.tiles import Enlarged


@pytest.fixture
def command(tiny_models, command_line):
    """The command line with tiny models, one candidate."""
    return lambda *words: command_line("a lake", "--seed", 3, "--count", 1, "--device", "cpu", *words)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (("--shape", "3:2", "--size", 1024), (1024, 683)),
        (("--paper", "A6", "--dpi", 150), (620, 874)),
        (("--paper", "A6", "--dpi", 150, "--shape", "landscape"), (874, 620)),
        (("--print", "15x10cm", "--dpi", 150), (886, 591)),
    ],
)
def test_a_shape_or_a_paper_leads_to_a_file_that_covers_it(command, words, size):
    code, lines, errors = command(*words)
    assert (code, errors) == (0, [])
    with Image.open(lines[-1]) as image:
        assert image.size == size
        if "--dpi" in words:
            assert image.info["dpi"][0] == pytest.approx(150, abs=0.1)


def test_again_and_info_say_the_shape(command, command_line):
    _, lines, _ = command("--shape", "portrait", "--size", 256)
    folder = lines[-1].rpartition("candidates.png")[0]
    _, lines, _ = command_line("info", f"{folder}candidate-1/288.png")
    assert "shape: 2:3" in lines and any("--shape 2:3 --size 256" in line for line in lines)


def test_a_paper_is_made_again_by_redo(command, command_line):
    _, lines, _ = command("--paper", "A6", "--dpi", 150)
    _, told, _ = command_line("info", lines[-1])
    assert any(line.startswith("again: bigart redo ") for line in told)
    code, told, _ = command_line("redo", lines[-1])
    assert code == 0 and all("identical" in line for line in told if line.startswith("874"))


def test_variations_keep_the_shape_of_the_picture(command, command_line):
    _, lines, _ = command("--shape", "2:3", "--size", 256)
    candidate = lines[-1].replace("candidates.png", "candidate-1/288.png")
    arguments = ("--near", candidate, "--distance", 0, "--count", 1, "--size", 256, "--device", "cpu")
    _, lines, _ = command_line(*arguments)
    made = read(lines[-1].replace("candidates.png", "candidate-1/288.png"))[0]
    assert made.generate.shape == "2:3" and made.pixels == read(candidate)[0].pixels


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shape", "7:2"), "shape must be from 1:3 to 3:1, not 3.5:1"),
        (("--shape", "round"), "shape must be a width to a height"),
        (("--paper", "A3", "--print", "10x15cm"), "--paper and --print both say how large"),
        (("--paper", "A3", "--size", 4096), "--paper and --size both say how large"),
        (("--paper", "A3", "--shape", "3:2"), "--shape 3:2 is not the shape of A3: leave it out"),
        (("--paper", "X3"), "paper must be A0 to A6"),
        (("--print", "10x100cm"), "shape must be from 1:3 to 3:1, not 0.1:1"),
        (("--paper", "A0", "--dpi", 1200), "A0 at 1200 DPI has 39732x56173 pixels, of at most 268 million"),
        (("--paper", "A0", "--dpi", 400, "--format", "webp"), "WebP at most 16,383"),
    ],
)
def test_what_is_no_shape_or_two_is_refused_in_one_line(command, words, message):
    code, lines, errors = command(*words)
    assert (code, lines) == (2, []) and len(errors) == 1 and message in errors[0]


# ------------------------------------------------------------------------------------------------ the studio


def test_the_studio_paints_the_shape_that_was_clicked_and_shows_the_very_pixels_of_the_result(
    tiny_models, tmp_path
):
    artist = Artist(tmp_path / "pictures")
    artist.prompt.choices["shape"].value = "16:9"
    artist.create(count=1)
    assert artist.studio.batch.candidates[0].size == (352, 192)
    assert f"aspect-ratio:{352 / 192:.4f}" in artist.picks._shape_style.value
    artist.pick(1)
    artist.click(artist.small.make)
    artist.small.size.value = 3
    assert artist.small.make.description.startswith("New texture only")
    box, seen = artist.small.overview.box, pixels(artist.small.image.value)
    artist.click(artist.small.make)
    with Image.open(artist.work(0).last) as image:
        assert image.size == (1024, 576) and np.array_equal(seen, np.asarray(image.crop(box)))


def test_a_batch_in_another_shape_brings_its_frame_and_more_of_it_have_that_shape(tiny_models, tmp_path):
    artist = Artist(tmp_path / "pictures")
    row, usual = artist.prompt.choices["shape"], artist.prompt._frames.value
    artist.prompt.take_over("a lake", GenerateSettings(seed=1, shape="5:7"))
    assert row.value == "5:7" and row.options == (*shapes.OFFERED, "5:7")
    assert artist.prompt._frames.value.startswith(usual.removesuffix("</style>"))
    assert artist.prompt.like(GenerateSettings(seed=2)).shape == "5:7"
    artist.prompt.take_over("a lake", GenerateSettings(seed=1, shape="3:2"))
    assert row.value == "3:2" and row.options == shapes.OFFERED


def test_every_frame_that_is_offered_is_a_shape_in_lowest_terms():
    assert [shapes.read_shape(shape) for shape in shapes.OFFERED] == [*shapes.OFFERED]


def test_bicubic_enlarging_shows_the_part_of_the_candidate_that_was_not_cut_off():
    candidate = Image.effect_noise((352, 192), 60).convert("RGB")  # five px too wide on each side
    seen = Enlarged(candidate, (4096, 2304)).part(0, (0, 0, 512, 512))
    box = (16 / 3, 0, 48, 128 / 3)
    assert seen.tobytes() == candidate.resize((512, 512), Image.Resampling.BICUBIC, box=box).tobytes()
