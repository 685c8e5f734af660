"""The command line: what it writes, and one clear line for everything that cannot be."""

import io
import json
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import click
import pytest
import torch
from PIL import Image, ImageCms

from bigart_lib import machine
from bigart_lib.bigart import BigArt
from bigart_lib.cli import main as cli
from bigart_lib.cli import paint
from bigart_lib.cli.bars import Bars
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.finish.enhancer import VQGANEnhancer
from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.pictures.recipe import ATTRIBUTION
from bigart_lib.progress import Progress
from bigart_lib.runs.run import open_run

PROMPT = "Sunset over a lake"
RUN = Path("bigart_pictures/sunset-over-a-lake")
TESTS = Path(__file__).parent


@pytest.fixture
def bigart(tiny_models, command_line):
    """The command line with tiny models."""
    return command_line


def read_recipe(path):
    with Image.open(path) as image:
        return json.loads(image.text["bigart"])


def interrupt(*_, **__):
    raise KeyboardInterrupt


def widths(folder):
    found = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            found[path.stem] = image.width
    return found


def test_a_prompt_makes_a_folder_with_every_stage_and_says_where(bigart):
    code, lines, _ = bigart(PROMPT, "--seed", 3, "--size", 1024, "--count", 2, "--device", "cpu", "--enhance")
    assert code == 0
    assert lines[0].startswith("Embedded models on CPU") and "seed 3; about " in lines[0]
    assert lines[0].endswith(" of memory")
    assert lines[1] == f"candidate 1 of 2, see {RUN / 'candidates.png'}"
    assert lines[2:] == [str(RUN / "candidate-1" / "1024_enhanced.png")]
    candidate = {"64": 64, "256": 256}
    later = {"1024": 1024, "1024_textured": 1024, "1024_enhanced": 1024}
    assert widths(RUN / "candidate-1") == candidate | later
    assert widths(RUN / "candidate-2") == candidate


def test_the_finished_picture_is_4096_at_300_dpi_in_srgb_and_carries_its_recipe(bigart):
    code, lines, _ = bigart(PROMPT, "--seed", 3, "--count", 1)
    assert code == 0
    with Image.open(lines[-1]) as image:
        assert image.size == (4096, 4096)
        assert [round(dots) for dots in image.info["dpi"]] == [300, 300]
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        recipe = json.loads(image.text["bigart"])
        assert image.text["Comment"] == ATTRIBUTION
    assert recipe["prompt"] == PROMPT and recipe["generate"]["seed"] == 3 and recipe["index"] == 0


def test_the_same_command_twice_gives_the_same_bytes_in_two_folders(bigart):
    first, second = (bigart(PROMPT, "--seed", 5, "--size", 1024, "--count", 2)[1][-1] for _ in range(2))
    assert first != second
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_a_candidate_does_not_depend_on_how_many_were_asked_for(bigart):
    few = Path(bigart(PROMPT, "--seed", 5, "--size", 256, "--count", 2)[1][-1]).parent
    many = Path(bigart(PROMPT, "--seed", 5, "--size", 256, "--count", 4)[1][-1]).parent
    for size in (64, 256):
        pictures = []
        for folder in (few, many):
            with Image.open(folder / "candidate-2" / f"{size}.png") as image:
                pictures.append(image.tobytes())
        assert pictures[0] == pictures[1]


def test_size_256_makes_the_candidates_only(bigart):
    code, lines, _ = bigart(PROMPT, "--size", 256, "--count", 2, "--quiet")
    assert code == 0 and len(lines) == 1
    assert Path(lines[0]).name == "candidates.png"
    assert {path.name for path in RUN.glob("*/*.png")} == {"64.png", "256.png"}


def test_pick_ask_shows_the_sheet_and_asks_until_it_gets_a_number(bigart, monkeypatch):
    answers = iter(["nine", "9", "2"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    code, lines, _ = bigart(PROMPT, "--size", 1024, "--count", 2, "--pick", "ask", "--no-enhance")
    assert code == 0
    assert sum("type a number from 1 to 2" in line for line in lines) == 2
    with Image.open(lines[-1]) as image:
        assert json.loads(image.text["bigart"])["index"] == 1


@pytest.mark.parametrize(
    ("pick", "numbers"), [("1,3", [1, 3]), ("2-3", [2, 3]), ("3,1,3", [3, 1]), ("all", [1, 2, 3])]
)
def test_several_candidates_are_enlarged_one_after_the_other(bigart, pick, numbers):
    options = ("--size", 1024, "--count", 3, "--texture", 0, 1)
    code, lines, _ = bigart(PROMPT, *options, "--pick", pick)
    assert code == 0 and lines[-len(numbers) :] == [
        str(RUN / f"candidate-{one}" / "1024.png") for one in numbers
    ]
    assert len(list(RUN.glob("*/1024.png"))) == len(numbers)


def test_several_are_picked_where_it_asks(bigart, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: "1, 2")
    lines = bigart(PROMPT, "--size", 1024, "--count", 2, "--pick", "ask", "--texture", 0, 1)[1]
    assert lines[-2:] == [str(RUN / f"candidate-{one}" / "1024.png") for one in (1, 2)]


def test_each_seed_of_several_gets_a_run_of_its_own(bigart):
    code, lines, _ = bigart(PROMPT, "--seed", "7,1-2", "--size", 256, "--count", 1)
    sheets = [Path(f"{RUN}{again}") / "candidates.png" for again in ("", "-2", "-3")]
    assert code == 0 and "seeds 7, 1, 2; about " in lines[0] and lines[1:] == [str(sheet) for sheet in sheets]
    assert [read_recipe(sheet)["generate"]["seed"] for sheet in sheets] == [7, 1, 2]


def test_seed_minus_1_is_a_new_one(bigart, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "mine.png")
    for words in ([PROMPT, "--size", 256, "--count", 1], ["enlarge", "mine.png"]):
        seeds = [read_recipe(bigart(*words, "--seed", "-1")[1][-1])["generate"]["seed"] for _ in range(2)]
        assert seeds[0] != seeds[1] and min(seeds) >= 0


@pytest.mark.parametrize("name", ["con", "AUX", "com1", "Lpt9 ", "nul."])
def test_no_folder_is_called_as_windows_calls_a_device(bigart, name):
    folder = Path(bigart(name, "--size", 256, "--count", 1)[1][-1]).parent.name
    assert folder == f"{name.strip(' .').lower()}-picture"


@pytest.mark.parametrize("prompt", ["湖" * 100, "\U0001d49c" * 100, "a" * 1000])
def test_the_names_of_folders_fit_in_encrypted_home_folders(bigart, prompt):
    folder = Path(bigart(prompt, "--size", 256, "--count", 1)[1][-1]).parent.name
    assert len(folder.encode()) <= 130


def test_texture_reaches_both_passes_or_one(bigart):
    line = bigart(PROMPT, "--size", 1024, "--count", 1, "--texture", 0.1, 4, "--texture-1k", 0, 1)[1][-1]
    with Image.open(line) as image:
        paint = json.loads(image.text["bigart"])["paint"]
    assert (paint["texture_1k"]["amount"], paint["texture_4k"]["amount"], paint["texture_4k"]["size"]) == (
        0,
        0.1,
        4,
    )
    assert not (Path(line).parent / "1024_textured.png").exists()


def test_enlarge_takes_any_size_with_alpha_and_a_turned_camera(bigart, tmp_path):
    picture = Image.new("RGBA", (30, 21), (255, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    picture.save(tmp_path / "mine.png", exif=exif)
    code, lines, _ = bigart("enlarge", "mine.png")
    assert code == 0 and "21x30 pixels; about" in lines[0]
    assert lines[-1] == str(Path("bigart_pictures/mine/mine_4x.png"))
    with Image.open(lines[-1]) as image:
        assert image.size == (84, 120) and image.mode == "RGBA"
        assert image.getpixel((40, 40))[3] == 0
    assert read_recipe(lines[-1])["source"] == "mine.png"


def test_enlarge_lays_texture_only_where_it_is_asked_for(bigart, tmp_path):
    Image.new("RGB", (16, 16), "gray").save(tmp_path / "grey.png")
    plain, textured = (
        bigart("enlarge", "grey.png", *options)[1][-1] for options in ((), ("--texture", 0.1, 2))
    )
    assert [Path(one).name for one in (plain, textured)] == ["grey_4x.png", "grey_4x_textured.png"]
    assert read_recipe(textured)["paint"]["texture_1k"]["amount"] == 0.1


@pytest.mark.parametrize("words", [["./-leading.png"], ["--", "-leading.png"]])
def test_a_picture_whose_name_begins_with_a_dash_can_be_named(bigart, tmp_path, words):
    Image.new("RGB", (8, 8)).save(tmp_path / "-leading.png")
    assert bigart("enlarge", *words)[0] == 0


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("A zzyzx lake", "Followed: lake. Not known to the embedded models: zzyzx."),
        ("a pond", "Read “pond” as “lake”."),
    ],
)
def test_words_that_are_not_followed_as_they_stand_are_told(bigart, prompt, line):
    code, _, errors = bigart(prompt, "--size", 256, "--count", 1)
    assert code == 0 and line in errors


def test_a_prompt_of_unknown_words_paints_and_says_what_is_known(bigart):
    code, lines, errors = bigart("zzyzx", "--size", 256, "--count", 1)
    assert code == 0 and Path(lines[-1]).exists()
    assert [line for line in errors if "none of these words" in line and "“sunset over a lake”" in line]


def test_nothing_is_said_where_every_word_is_known(bigart):
    assert bigart(PROMPT, "--size", 256, "--count", 1)[2] == []


def test_quiet_says_nothing_of_words(bigart):
    assert bigart("a zzyzx lake", "--size", 256, "--count", 1, "--quiet")[2] == []


def write_bad_pictures(folder):
    (folder / "text.png").write_text("this is no picture")
    Image.new("RGB", (64, 64), "red").save(folder / "whole.png")
    noisy = torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8).numpy()
    Image.fromarray(noisy).save(folder / "noisy.png")
    (folder / "truncated.png").write_bytes((folder / "noisy.png").read_bytes()[:3000])
    # A header that announces 60000x60000 pixels
    header = bytearray((folder / "whole.png").read_bytes())
    header[16:24] = (60000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    (folder / "huge.png").write_bytes(header)
    (folder / "file").write_text("in the way")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the prompt is empty"),
        ([" "], "the prompt is empty"),
        ([PROMPT, "--texture", "0.2", "1"], "texture amount must be from 0 to 0.15, not 0.2"),
        ([PROMPT, "--texture", "abc", "1"], "texture amount must be a number, not 'abc'"),
        ([PROMPT, "--texture", "nan", "1"], "texture amount must be a number, not nan"),
        ([PROMPT, "--texture", "0.1", "0"], "texture size must be from 1 to 9, not 0"),
        ([PROMPT, "--texture-4k", "0.1", "2.5"], "texture size must be a whole number, not '2.5'"),
        ([PROMPT, "--texture-1k", "0.1", "10"], "texture size must be from 1 to 9, not 10"),
        ([PROMPT, "--seed", "-2"], "seed must be from 0 to"),
        ([PROMPT, "--seed", "1,x"], "seed must be a whole number, not 'x'"),
        ([PROMPT, "--seed", "4-1"], "seed must be at most 100 numbers, the smaller first, not 4-1"),
        ([PROMPT, "--seed", "1-1000000000000"], "seed must be at most 100 numbers"),
        ([PROMPT, "--seed", "9" * 5000], "seed must be a whole number, not '999"),
        (["enlarge", "whole.png", "--seed", "1,2"], "seed must be a whole number, not '1,2'"),
        ([PROMPT, "--seed", "x"], "seed must be a whole number, not 'x'"),
        ([PROMPT, "--pick", "9"], "from 1 to 7, as in 2 or 1,3 or 2-4, or all, or ask, not '9'"),
        ([PROMPT, "--pick", "0"], "pick must be numbers from 1 to 7"),
        ([PROMPT, "--pick", "1,8"], "pick must be numbers from 1 to 7"),
        ([PROMPT, "--pick", ""], "pick must be numbers from 1 to 7"),
        ([PROMPT, "--count", "0"], "count must be from 1 to 49, not 0"),
        ([PROMPT, "--models", "huge"], "models must be one of auto, embedded, published, not 'huge'"),
        ([PROMPT, "--models", "published"], "base.pt (1.54 GB), upsample.pt (1.59 GB), BSRGAN.pth (67 MB)"),
        ([PROMPT, "--enlarger", "huge"], "enlarger must be one of bsrgan, bsrnet, bsrgan-x2"),
        ([PROMPT, "--enhancer", "bsrgan"], "enhancer must be one of vqgan-imagenet, vqgan-wikiart, or"),
        (["models", "paint"], "action must be one of list, fetch, verify, remove, where, not 'paint'"),
        (["models", "fetch", "dalle"], "the published models are glide-base, glide-upsampler"),
        ([PROMPT, "--quality", "best"], "quality must be one of draft, standard, published, not 'best'"),
        ([PROMPT, "--quality", "101"], "quality of a JPEG must be from 1 to 100, not 101"),
        ([PROMPT, "--sampler", "euler"], "sampler must be one of dpm++, ddim, ancestral, not 'euler'"),
        ([PROMPT, "--size", "3000"], "size must be one of 256, 1024, 4096, 16384, not 3000"),
        ([PROMPT, "--steps", "1"], "steps must be from 2 to 1000, not 1"),
        ([PROMPT, "--guidance", "inf"], "guidance must be a number, not inf"),
        ([PROMPT, "--device", "tpu"], "device must be cpu, cuda or mps, not 'tpu'"),
        ([PROMPT, "--precision", "fp16", "--device", "cpu"], "precision fp16 needs a CUDA device"),
        ([PROMPT, "--colour", "red"], "--colour"),
        (["sunset", "over", "a", "lake"], 'put quotes round the prompt, as in bigart "sunset over a lake"'),
        ([PROMPT, "--memory", "much"], "memory must be an amount such as 6GB or 800MB, not 'much'"),
        ([PROMPT, "--out", ""], "expected the name of a file or a folder, got nothing"),
        ([PROMPT, "--device", ""], "device must be cpu, cuda or mps, not ''"),
        ([PROMPT, "--keep", "some"], "keep must be one of none, exact, all, not 'some'"),
        ([PROMPT, "--seed"], "option '--seed' requires an argument"),
        (["enlarge", "-leading.png"], "write ./-leading.png"),
        (["redo", "whole.png"], "whole.png carries no recipe"),
        (["redo", "whole.png", "--change", "seed"], "change must be KEY=VALUE"),
        (["resume", "absent"], "absent is no run of BIG.art"),
        ([PROMPT, "--out", "file"], "cannot write to the folder file"),
        ([PROMPT, "--out", "big.jpg"], "--out names a folder, where runs get folders of"),
        (["enlarge", "whole.png", "--out", "whole.png"], "whole.png: there is such a file already"),
        ([PROMPT, "--out", "~nobody-is-called-so/x"], "there is no such home folder"),
        (["enlarge"], "missing argument 'PICTURE...'"),
        (["enlarge", "absent.png"], "absent.png: expected a picture, found no file"),
        (["enlarge", "text.png"], "text.png is not a picture that can be read"),
        (["enlarge", "truncated.png"], "truncated.png is not a picture that can be read"),
        (["enlarge", "huge.png"], "huge.png"),
        (["enlarge", "whole.png", "--times", "65"], "times must be from 1.5 to 64, not 65"),
        (["info", "whole.png"], "whole.png carries no recipe"),
        (["info", "text.png"], "text.png is not a picture that can be read"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_line_and_code_2_and_nothing_is_written(bigart, tmp_path, arguments, message):
    write_bad_pictures(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, lines, errors = bigart(*arguments)
    assert code == 2 and len(errors) == 1 and errors[0].startswith("bigart: "), errors
    assert message in errors[0]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_without_a_cuda_device_is_refused(bigart):
    code, _, errors = bigart(PROMPT, "--device", "cuda")
    assert code == 2 and "this machine has none" in errors[0]


def test_pick_is_refused_before_any_work(bigart, monkeypatch):
    monkeypatch.setattr("bigart_lib.cli.paint.load", interrupt)
    assert bigart(PROMPT, "--count", 2, "--pick", 3)[0] == 2


def test_pick_ask_without_anybody_to_answer_says_how_to_go_on(bigart, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, lines, errors = bigart(PROMPT, "--size", 1024, "--count", 2, "--pick", "ask")
    assert code == 2 and f"The candidates are in {RUN / 'candidates.png'}" in lines
    assert len(errors) == 1 and f"bigart resume {RUN} --pick N" in errors[0]
    code, lines, _ = bigart("resume", RUN, "--pick", 2, "--size", 1024, "--texture", 0, 1)
    assert (code, lines[-1]) == (0, str(RUN / "candidate-2" / "1024.png"))


def test_the_forecast_is_of_all_candidates_and_of_the_painting(bigart, monkeypatch):
    told, forecast = [], BigArt.forecast

    def spy(self, steps, kept=None):
        told.append(forecast(self, steps, kept))
        return told[-1]

    monkeypatch.setattr(BigArt, "forecast", spy)
    bigart(PROMPT, "--size", 1024, "--count", 3)
    assert [step.name for step in told[0].steps] == 3 * ["64", "256"] + ["1024", "1024_textured"]


def test_an_interrupt_between_seeds_says_which_are_not_begun(bigart, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(GlideGenerator, "paint", stop)
    code, _, errors = bigart(PROMPT, "--size", 256, "--seed", "3,5,7")
    assert code == 130 and errors[-1] == "bigart: interrupted; not begun: seed 5, 7"


def test_the_forecast_is_of_all_seeds_and_of_all_that_are_picked(bigart, monkeypatch):
    told, forecast = [], BigArt.forecast
    monkeypatch.setattr(BigArt, "forecast", lambda *arguments: told.append(forecast(*arguments)) or told[-1])
    bigart(PROMPT, "--size", 1024, "--count", 2, "--pick", "all", "--seed", "1-2")
    assert [step.name for step in told[0].steps] == 4 * ["64", "256", "1024", "1024_textured"]


def test_what_the_memory_does_not_allow_is_said_once_and_not_in_quiet(bigart, monkeypatch):
    sentence = "faint seams may show"
    monkeypatch.setattr(RRDBNetEnlarger, "compromise", lambda *_: sentence)
    assert bigart(PROMPT, "--size", 1024, "--count", 1)[2] == [sentence]
    assert bigart(PROMPT, "--size", 1024, "--count", 1, "--quiet")[2] == []


def test_memory_reaches_the_enlarger_and_is_kept_for_resume(bigart, monkeypatch):
    budgets, enlarge = [], RRDBNetEnlarger.enlarge

    def spy(self, picture, memory_budget, report):
        budgets.append(memory_budget)
        return enlarge(self, picture, memory_budget, report)

    monkeypatch.setattr(RRDBNetEnlarger, "enlarge", spy)
    monkeypatch.setattr(machine.memory, "resident_memory", lambda: 300_000_000)
    bigart(PROMPT, "--size", 1024, "--count", 1, "--memory", "0.5 GB")
    assert budgets == [200_000_000 - 6 * 1024**2]  # beside the program, and the result
    assert open_run(RUN).options == {"models": "embedded", "memory": 500_000_000, "keep": "exact"}


def test_keep_none_keeps_no_unrounded_results(bigart):
    bigart(PROMPT, "--size", 1024, "--count", 1, "--keep", "none")
    assert not list(RUN.rglob("*.safetensors"))


def test_an_interrupted_run_resumed_gives_the_bytes_of_an_undisturbed_one(bigart, monkeypatch):
    options = ("--seed", 5, "--size", 1024, "--count", 2, "--enhance", "--pick", 2)
    undisturbed = Path(bigart(PROMPT, *options, "--out", "undisturbed")[1][-1])
    with monkeypatch.context() as patch:
        patch.setattr(VQGANEnhancer, "enhance", interrupt)
        code, _, errors = bigart(PROMPT, *options)
    assert code == 130
    assert errors == [f'bigart: interrupted; what is finished is in {RUN}, and "bigart resume {RUN}" goes on']
    assert (RUN / "candidate-2" / "1024_textured.png").exists()
    code, lines, _ = bigart("resume")
    resumed = Path(lines[-1])
    assert code == 0 and resumed.parent == RUN / "candidate-2"
    assert resumed.read_bytes() == undisturbed.read_bytes()
    assert bigart("resume")[:2] == (0, ["nothing is unfinished in bigart_pictures"])


def test_an_interrupt_among_the_candidates_goes_on_to_the_painting_that_was_wanted(bigart, monkeypatch):
    paint = GlideGenerator.paint

    def interrupted(self, *arguments):
        yield next(paint(self, *arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(GlideGenerator, "paint", interrupted)
        assert bigart(PROMPT, "--size", 1024, "--count", 2, "--texture", 0, 1)[0] == 130
    assert bigart("resume", "--quiet")[1] == [str(RUN / "candidate-1" / "1024.png")]


def test_resume_goes_on_to_all_that_were_picked(bigart, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(RRDBNetEnlarger, "enlarge", interrupt)
        options = ("--size", 1024, "--count", 3, "--pick", "3,1", "--texture", 0, 1)
        assert bigart(PROMPT, *options)[0] == 130
    made = [str(RUN / f"candidate-{one}" / "1024.png") for one in (3, 1)]
    assert sorted(bigart("resume", "--quiet")[1]) == sorted(made)
    more = bigart("resume", RUN, "--pick", "2,1", "--size", 1024, "--texture", 0, 1, "--quiet")[1]
    assert more == [str(RUN / f"candidate-{one}" / "1024.png") for one in (2, 1)]


def test_resume_says_where_nothing_is_unfinished(bigart):
    assert bigart("resume", "--out", "elsewhere") == (0, ["nothing is unfinished in elsewhere"], [])


def test_an_enlarging_is_resumed(bigart, tmp_path, monkeypatch):
    Image.new("RGB", (16, 16), "gray").save(tmp_path / "grey.png")
    with monkeypatch.context() as patch:
        patch.setattr(RRDBNetEnlarger, "enlarge", interrupt)
        assert bigart("enlarge", "grey.png")[0] == 130
    (tmp_path / "grey.png").unlink()
    assert bigart("resume", "--quiet") == (0, [str(Path("bigart_pictures/grey/grey_4x.png"))], [])


def test_redo_makes_the_same_picture_again_and_says_so_of_every_step(bigart):
    made = bigart(PROMPT, "--seed", 3, "--size", 1024, "--count", 2, "--pick", 2)[1][-1]
    code, lines, _ = bigart("redo", made)
    assert code == 0
    assert lines[:-1] == [
        "64: identical",
        "256: identical",
        "1024: identical",
        "1024_textured: identical",
        "3 steps computed by networks",
    ]
    assert Path(lines[-1]).read_bytes() == Path(made).read_bytes()


def test_redo_with_other_texture_runs_no_network(bigart):
    made = bigart(PROMPT, "--size", 1024, "--count", 1)[1][-1]
    code, lines, _ = bigart("redo", made, "--change", "texture_1k.amount=0.1")
    assert code == 0 and "0 steps computed by networks" in lines
    assert [line for line in lines if line.startswith("1024_textured: different, by at most")]
    assert read_recipe(lines[-1])["paint"]["texture_1k"]["amount"] == 0.1


def test_redo_fails_where_a_step_differs_and_nothing_was_changed_on_purpose(bigart, monkeypatch):
    made = bigart(PROMPT, "--size", 1024, "--count", 1, "--texture", 0, 1)[1][-1]
    monkeypatch.setattr(RRDBNetEnlarger, "enlarge", lambda self, picture, *_: torch.zeros(1, 3, 1024, 1024))
    code, lines, _ = bigart("redo", made)
    assert code == 1 and [line for line in lines if line.startswith("1024: different, by at most ")]


@pytest.mark.parametrize("change", ["mood=calm", "path=x", "source=x", "texture_1k=0.1", "size=3000"])
def test_redo_refuses_a_change_that_is_none(bigart, change):
    bigart(PROMPT, "--size", 256, "--count", 1)
    before = sorted(Path().rglob("*"))
    code, _, errors = bigart("redo", RUN / "candidate-1" / "256.png", "--change", change)
    assert code == 2 and len(errors) == 1 and sorted(Path().rglob("*")) == before


def test_a_redo_that_fails_leaves_no_empty_folder(bigart, monkeypatch):
    bigart(PROMPT, "--size", 256, "--count", 1)
    monkeypatch.setattr(GlideGenerator, "paint", interrupt)
    assert bigart("redo", RUN / "candidate-1" / "256.png")[0] == 130
    assert [path.name for path in Path("bigart_pictures").iterdir()] == [RUN.name]


# -------------------------------------------------------------------------------------------- ending early


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            KeyError("x"),
            "something went wrong that should not have (KeyError: 'x'); BIGART_DEBUG=1 shows where",
        ),
        (
            RuntimeError("CUDA error:\nan illegal access"),
            "the GPU failed (CUDA error: an illegal access): begin anew, or let the processor do it",
        ),
        (MemoryError(), "memory is not enough (MemoryError): close other programs"),
        (OSError(28, "No space left on device", "256.png"), "256.png: no space left on device: make room"),
    ],
)
def test_any_error_is_one_line_with_code_2_and_the_empty_folder_is_removed(
    bigart, tmp_path, monkeypatch, error, message
):
    def fail(*_):
        raise error

    monkeypatch.setattr(GlideGenerator, "paint", fail)
    code, _, errors = bigart(PROMPT)
    assert code == 2 and len(errors) == 1 and message in errors[0]
    assert list(tmp_path.glob("bigart_pictures/*")) == []


def test_an_error_after_something_is_made_says_how_to_go_on(bigart, monkeypatch):
    def fail(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(VQGANEnhancer, "enhance", fail)
    code, _, errors = bigart(PROMPT, "--size", 1024, "--count", 1, "--enhance")
    assert code == 2
    assert errors == [f'bigart: no; what is finished is in {RUN}, and "bigart resume {RUN}" goes on']


def test_a_journal_that_cannot_be_written_leaves_no_folder(bigart, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bigart_lib.runs.journal.write_text", full)
    code, _, errors = bigart(PROMPT)
    assert code == 2 and len(errors) == 1 and "no space left on device" in errors[0]
    assert list(tmp_path.glob("bigart_pictures/*")) == []


def test_bigart_debug_shows_where(bigart, monkeypatch):
    monkeypatch.setenv("BIGART_DEBUG", "1")
    with pytest.raises(ValueError, match="prompt is empty"):
        bigart(" ")


def test_an_interrupt_before_anything_is_finished_leaves_nothing(bigart, monkeypatch, tmp_path):
    monkeypatch.setattr(GlideGenerator, "paint", interrupt)
    code, _, errors = bigart(PROMPT, "--size", 1024)
    assert (code, errors[-1]) == (130, "bigart: interrupted; nothing was finished")
    assert list(tmp_path.glob("bigart_pictures/*")) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_a_request_to_end_is_told_like_ctrl_c(bigart, monkeypatch):
    monkeypatch.setattr(VQGANEnhancer, "enhance", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    code, _, errors = bigart(PROMPT, "--size", 1024, "--count", 1, "--enhance")
    assert code == 143
    assert errors == [
        f'bigart: ended by SIGTERM; what is finished is in {RUN}, and "bigart resume {RUN}" goes on'
    ]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_real_process_ends_without_a_traceback_and_goes_on_later(bigart, tmp_path, number):
    """It sends itself the signal in the middle of work, so that nothing depends on time."""
    process = start(tmp_path, f"signal={number:d}", PROMPT, "--size", "1024", "--count", "1", "--enhance")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert f"bigart resume {RUN}" in errors and "Traceback" not in errors
    assert bigart("resume", "--quiet")[0] == 0


def start(folder, *arguments, **streams):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **streams}
    command = [sys.executable, str(TESTS / "tiny_cli.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "BIGART_CACHE": "/nonexistent"}
    return subprocess.Popen(command, cwd=folder, env=environment, **streams)


# ------------------------------------------------------------------------------------ where nobody listens


@pytest.mark.skipif(os.name == "nt", reason="streams are closed otherwise there")
def test_closed_streams_cost_no_picture(tmp_path):
    def close():
        os.close(1)
        os.close(2)

    process = start(tmp_path, "", PROMPT, "--size", "256", "--count", "1", preexec_fn=close)
    assert process.wait(timeout=120) == 0
    for path in (*tmp_path.rglob("candidates.png"), *tmp_path.rglob("256.png")):
        with Image.open(path) as image:
            image.load()
    assert len(list(tmp_path.rglob("256.png"))) == 1


class Broken(io.StringIO):
    """What is left of a pipe whose reader went away, or a full disk."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("stream", [lambda: None, Broken], ids=["absent", "broken"])
def test_streams_that_cannot_be_written_cost_no_picture(tiny_models, tmp_path, monkeypatch, stream):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout", stream())
    monkeypatch.setattr("sys.stderr", stream())
    assert cli.main(["a zzyzx lake", "--size", "1024", "--count", "1"]) == 0
    assert list(tmp_path.rglob("1024.png"))
    assert cli.main(["a lake", "--count", "0"]) == 2


def test_a_prompt_and_a_folder_that_the_terminal_cannot_print_cost_no_picture(
    tiny_models, tmp_path, monkeypatch
):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout", narrow)
    monkeypatch.setattr("sys.stderr", narrow)
    assert cli.main(["озеро lake", "--size", "256", "--count", "1", "--out", "картины"]) == 0
    printed = narrow.buffer.getvalue().decode("cp1252")
    assert "Not known to the embedded models: \\u043e" in printed and "candidates.png" in printed


def test_bytes_that_are_no_text_in_prompt_and_file_name_cost_no_picture(bigart, tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    Image.new("RGB", (8, 8)).save(tmp_path / name)
    code, lines, _ = bigart("enlarge", name)
    assert code == 0 and read_recipe(lines[-1])["source"] == "caf�.png"
    code, lines, _ = bigart(os.fsdecode(b"a caf\xe9 lake"), "--size", 256, "--count", 1)
    assert code == 0 and read_recipe(lines[-1])["prompt"] == "a caf� lake"
    code, _, errors = bigart("info", os.fsdecode(b"absent\xe9.png"))
    assert code == 2 and errors == ["bigart: absent\\udce9.png: expected a picture, found no file"]


# ------------------------------------------------------------------------------------------------ progress


def plan_progress(share, stage="enlarge", seconds_left=120.0):
    return Progress(stage, 1, 2, share=share, seconds_left=seconds_left)


def test_where_nobody_watches_progress_is_a_line_every_ten_seconds_at_most(capsys):
    clock = iter(range(10_000))
    bars = Bars(is_watched=False, clock=lambda: next(clock) / 100)
    for event in range(10_000):  # in a hundred seconds
        bars(plan_progress(event / 10_000))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "enlarging, 10 %, about 2 minutes left"
    assert len(lines) == 9


def test_a_short_run_shows_no_progress_where_nobody_watches(bigart):
    assert bigart(PROMPT, "--size", 1024, "--count", 1)[2] == []


def test_on_a_terminal_one_bar_shows_the_whole_plan(capsys):
    bars = Bars(is_watched=True)
    bars(plan_progress(0.42))
    bars(plan_progress(0.5, "texture", None))
    bars.close(done=True)
    shown = capsys.readouterr().err
    assert "enlarging" in shown or "laying texture" in shown
    assert "100 %" in shown and shown.count("\n") == 1


def test_a_bar_says_stage_share_and_time_left(capsys):
    bars = Bars(is_watched=True)
    bars(plan_progress(0.1))
    bars._bar.refresh()
    shown = capsys.readouterr().err
    assert "enlarging" in shown and " 10 %" in shown and ", about 2 minutes left" in shown


def test_another_plan_gets_a_bar_of_its_own(capsys):
    bars = Bars(is_watched=True)
    for share in (0.2, 0.9, 0.1):
        bars(plan_progress(share))
    bars.close()
    assert capsys.readouterr().err.count("\n") == 2


def test_a_terminal_that_goes_away_ends_no_work(monkeypatch):
    monkeypatch.setattr("sys.stderr", Broken())
    bars = Bars(is_watched=True)
    for share in (0.1, 0.9, 0.2):
        bars(plan_progress(share))
    bars.close()


def test_work_outside_a_plan_is_shown_by_its_own_steps(capsys):
    clock = iter([0, 20])
    bars = Bars(is_watched=False, clock=lambda: next(clock))
    bars(Progress("enlarge", 0, 4))
    bars(Progress("enlarge", 1, 4))
    assert capsys.readouterr().err == "enlarging, 25 %\n"


# ---------------------------------------------------------------------------------------------------- help


def test_help_lists_every_command_with_a_line_and_every_option_with_its_default(bigart):
    code, lines, _ = bigart("--help")
    text = " ".join(" ".join(lines).split())
    assert code == 0
    for command, words in cli.COMMANDS.items():
        assert f" {command} {words}" in text
    assert text.count("[default: ") == len(paint.paint.params) - 2  # a prompt, and --quiet


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_of_every_command_shows_its_default(bigart, name):
    command = cli.bigart.get_command(None, name)
    code, lines, _ = bigart(name, "--help")
    valued = [one for one in command.params if isinstance(one, click.Option) and not one.is_flag]
    assert code == 0 and " ".join(lines).count("[default:") >= len(valued)


def test_enlarge_says_that_it_lays_no_texture_by_default(bigart):
    text = " ".join(" ".join(bigart("enlarge", "--help")[1]).split())
    assert "Texture is laid only where asked for" in text and "[default: (0 1)]" in text
