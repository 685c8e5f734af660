"""The command line: what it writes, and one clear line for everything that cannot be."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageCms

from bigart_lib.cli import main as cli
from bigart_lib.pictures.recipe import ATTRIBUTION, Recipe
from bigart_lib.runs.run_folder import RunFolder
from bigart_lib.settings import Ancestor, GenerateSettings

PROMPT = "Sunset over a lake"


@pytest.fixture
def bigart(tiny_models, tmp_path, monkeypatch, capsys):
    """Run the command line in a folder of its own; gives exit code, lines of output, lines of errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return code, output.out.splitlines(), output.err.splitlines()

    return run


def test_a_prompt_makes_a_folder_with_every_stage_and_says_where(bigart):
    code, lines, _ = bigart(PROMPT, "--seed", 3, "--size", 1024, "--count", 2, "--device", "cpu", "--enhance")
    folder = Path("bigart_pictures/sunset-over-a-lake")
    assert code == 0
    assert lines[0].startswith("Embedded models on CPU") and "seed 3" in lines[0]
    assert lines[-1] == str(folder / "1024_enhanced.png")
    sizes = {}
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            sizes[path.stem] = image.size
    sizes.pop("candidates")
    square = {name: size[0] for name, size in sizes.items() if size[0] == size[1]}
    assert square == {
        "candidate_1_64": 64,
        "candidate_1_256": 256,
        "candidate_2_64": 64,
        "candidate_2_256": 256,
        "256": 256,
        "1024": 1024,
        "1024_textured": 1024,
        "1024_enhanced": 1024,
    }


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
            with Image.open(folder / f"candidate_2_{size}.png") as image:
                pictures.append(image.tobytes())
        assert pictures[0] == pictures[1]


def test_size_256_makes_the_candidates_only(bigart):
    code, lines, _ = bigart(PROMPT, "--size", 256, "--count", 2, "--quiet")
    assert code == 0 and len(lines) == 1
    assert Path(lines[0]).name == "candidates.png"
    assert not (Path(lines[0]).parent / "256.png").exists()


def test_pick_ask_shows_the_sheet_and_asks_until_it_gets_a_number(bigart, monkeypatch):
    answers = iter(["nine", "9", "2"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    code, lines, _ = bigart(PROMPT, "--size", 1024, "--count", 2, "--pick", "ask", "--no-enhance")
    assert code == 0
    assert sum("type a number from 1 to 2" in line for line in lines) == 2
    with Image.open(lines[-1]) as image:
        assert json.loads(image.text["bigart"])["index"] == 1


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
    code, lines, _ = bigart("enlarge", "mine.png", "--texture", 0, 1)
    assert code == 0
    with Image.open(lines[-1]) as image:
        assert image.size == (84, 120) and image.mode == "RGB"
        recipe = json.loads(image.text["bigart"])
    assert recipe["source"] == "mine.png"
    with Image.open(Path(lines[-1]).parent / "1x.png") as start:
        assert start.getpixel((5, 5)) == (255, 255, 255)  # what is transparent lies on white


def test_info_prints_the_recipe_and_sees_a_change(bigart, tmp_path):
    made = bigart(PROMPT, "--seed", 3, "--size", 256, "--count", 1)[1][-1]
    made = Path(made).parent / "candidate_1_256.png"
    code, lines, _ = bigart("info", made)
    assert code == 0
    assert f"prompt: {PROMPT}" in lines and "seed: 3" in lines and "pixels: as made" in lines
    with Image.open(made) as image:
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("bigart", image.text["bigart"])
        image.putpixel((0, 0), (1, 2, 3))
        image.save(tmp_path / "changed.png", pnginfo=texts)
    assert "pixels: changed since they were made" in bigart("info", tmp_path / "changed.png")[1]


def test_studio_says_what_to_install_where_nothing_can_show_it(bigart, monkeypatch):
    monkeypatch.setattr("bigart_lib.cli.studio.find_spec", lambda name: None)
    code, lines, errors = bigart("studio")
    assert (code, lines, len(errors)) == (2, [], 1) and "pip install voila" in errors[0]


@pytest.mark.parametrize(
    ("installed", "expected"), [(["voila", "jupyterlab"], "voila"), (["jupyterlab"], "jupyterlab")]
)
def test_studio_takes_the_first_server_that_is_installed(bigart, monkeypatch, installed, expected):
    started = []

    class Process:
        def __init__(self, command):
            started.extend(command)

        def wait(self):
            return 0

    monkeypatch.setattr("bigart_lib.cli.studio.find_spec", lambda name: name in installed or None)
    monkeypatch.setattr("bigart_lib.cli.studio.subprocess.Popen", Process)
    code, lines, _ = bigart("studio", "--port", 9999)
    assert code == 0 and "http://localhost:9999/" in lines[0]
    assert started[2] == expected and "--port=9999" in started


def test_info_says_of_what_a_picture_is_a_variation(bigart, tmp_path):
    near = (Ancestor(seed=5, index=1, distance=1.0),)
    made_by = Recipe(
        "0", "embedded", "CPU", "2", PROMPT, None, GenerateSettings(7, near=near, distance=0.3), index=0
    )
    path = RunFolder(tmp_path, "any").save("picture", Image.new("RGB", (8, 8)), made_by)
    assert "a variation of: seed 5 number 2, at a distance of 0.3" in bigart("info", path)[1]


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
    errors = bigart(PROMPT, "--size", 256, "--count", 1, "--quiet")[2]
    assert errors == []


def write_bad_pictures(folder):
    (folder / "text.png").write_text("this is no picture")
    Image.new("RGB", (64, 64), "red").save(folder / "whole.png")
    noisy = torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8).numpy()
    Image.fromarray(noisy).save(folder / "noisy.png")
    (folder / "truncated.png").write_bytes((folder / "noisy.png").read_bytes()[:3000])
    # A header that announces 60000x60000 pixels
    header = bytearray((folder / "whole.png").read_bytes())
    header[16:24] = (60000).to_bytes(4, "big") * 2
    import zlib

    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    (folder / "huge.png").write_bytes(header)
    (folder / "file").write_text("in the way")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: prompt"),
        ([" "], "the prompt is empty"),
        ([PROMPT, "--texture", "0.2", "1"], "texture amount must be from 0 to 0.15, not 0.2"),
        ([PROMPT, "--texture", "abc", "1"], "texture amount must be a number, not 'abc'"),
        ([PROMPT, "--texture", "nan", "1"], "texture amount must be a number, not nan"),
        ([PROMPT, "--texture", "0.1", "0"], "texture size must be from 1 to 9, not 0"),
        ([PROMPT, "--texture-4k", "0.1", "2.5"], "texture size must be a whole number, not '2.5'"),
        ([PROMPT, "--texture-1k", "0.1", "10"], "texture size must be from 1 to 9, not 10"),
        ([PROMPT, "--seed", "-1"], "seed must be from 0 to"),
        ([PROMPT, "--seed", "x"], "seed must be a whole number, not 'x'"),
        ([PROMPT, "--pick", "9"], "pick must be a number from 1 to 7, or ask, not '9'"),
        ([PROMPT, "--pick", "0"], "pick must be a number from 1 to 7"),
        ([PROMPT, "--count", "0"], "count must be from 1 to 49, not 0"),
        ([PROMPT, "--models", "huge"], "models must be one of auto, embedded, published, not 'huge'"),
        ([PROMPT, "--models", "published"], "base.pt (1.54 GB), upsample.pt (1.59 GB), BSRGAN.pth (67 MB)"),
        ([PROMPT, "--enlarger", "huge"], "enlarger must be one of bsrgan, bsrnet, bsrgan-x2"),
        ([PROMPT, "--enhancer", "bsrgan"], "enhancer must be one of vqgan-imagenet, vqgan-wikiart, or"),
        (["models", "paint"], "invalid choice: 'paint'"),
        (["models", "fetch", "dalle"], "the published models are glide-base, glide-upsampler"),
        ([PROMPT, "--sampler", "euler"], "sampler must be one of dpm++, ddim, ancestral, not 'euler'"),
        ([PROMPT, "--size", "3000"], "size must be one of 256, 1024, 4096, 16384, not 3000"),
        ([PROMPT, "--steps", "1"], "steps must be from 2 to 1000, not 1"),
        ([PROMPT, "--guidance", "inf"], "guidance must be a number, not inf"),
        ([PROMPT, "--device", "tpu"], "device must be cpu or cuda, not 'tpu'"),
        ([PROMPT, "--precision", "fp16", "--device", "cpu"], "precision fp16 needs a CUDA device"),
        ([PROMPT, "--colour", "red"], "unrecognized arguments: --colour red"),
        ([PROMPT, "--out", "file"], "cannot write to the folder file"),
        (["enlarge"], "the following arguments are required: picture"),
        (["enlarge", "absent.png"], "absent.png: expected a picture, found no file"),
        (["enlarge", "text.png"], "text.png is not a picture that can be read"),
        (["enlarge", "truncated.png"], "truncated.png is not a picture that can be read"),
        (["enlarge", "huge.png"], "huge.png"),
        (["enlarge", "whole.png", "--times", "5"], "times must be one of 4, 16, 64, not 5"),
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


def test_an_interrupt_leaves_the_finished_stages_and_says_where(bigart, monkeypatch):
    from bigart_lib import stages

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "enhance", interrupted)
    code, _, errors = bigart(PROMPT, "--size", 1024, "--count", 1, "--enhance")
    assert code == 130
    assert errors[-1] == "bigart: interrupted; what was finished is in bigart_pictures/sunset-over-a-lake"
    assert Path("bigart_pictures/sunset-over-a-lake/1024_textured.png").exists()


def test_an_interrupt_before_anything_is_finished_leaves_nothing(bigart, monkeypatch, tmp_path):
    from bigart_lib import stages

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "generate", interrupted)
    code, _, errors = bigart(PROMPT, "--size", 1024)
    assert (code, errors[-1]) == (130, "bigart: interrupted; nothing was finished")
    assert list(tmp_path.glob("bigart_pictures/*")) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_in_a_real_process_ends_it_without_a_traceback(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "bigart_lib", "enlarge", "picture.png", "--times", "16"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    Image.new("RGB", (128, 128), "blue").save(tmp_path / "picture.png")
    deadline = time.monotonic() + 120
    while not (tmp_path / "bigart_pictures").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.2)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; what was finished is in" in errors and "Traceback" not in errors
