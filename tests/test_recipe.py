"""A recipe goes into a picture and comes out the same; what anybody wrote is read as data, within limits."""

import json
from dataclasses import replace

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bigart_lib.pictures import recipe, writing
from bigart_lib.pictures.images import PictureError
from bigart_lib.pictures.results import with_pixels
from bigart_lib.settings import Ancestor, GenerateSettings, PaintSettings, TextureSettings

RECIPE = recipe.Recipe(
    models="embedded",
    networks={"base": "ab" * 32, "enlarger": "cd" * 32},
    machine={"device": "CPU", "precision": "bf16", "threads": 2, "torch": "2.13.0", "bigart": "0.7.0"},
    prompt='a "red" lake, ünder 湖 sky',
    generate=GenerateSettings(7, 3, 20, 3.0, "dpm++", near=(Ancestor(5, 1, 1.0),), distance=0.3),
    sampling={"upsampler_noise": 0.99},
    index=2,
    paint=PaintSettings(1024, TextureSettings(0.1, 4), TextureSettings(0, 1, "article"), False),
)
IMAGE = Image.new("RGB", (8, 8), "teal")


@pytest.fixture
def path(tmp_path):
    made_by = with_pixels(RECIPE, "1024", IMAGE)
    writing.save(IMAGE, tmp_path / "any.png", made_by.texts())
    return tmp_path / "any.png"


def with_text(path, text, **others):
    """A picture with this text as its recipe."""
    texts = PngInfo()
    texts.add_itxt("bigart", text)
    IMAGE.save(path, pnginfo=texts)
    return path


def test_a_recipe_survives_the_file(path):
    found, same = recipe.read(path)
    assert same and found == with_pixels(RECIPE, "1024", IMAGE)
    assert found.steps == {"1024": recipe.pixel_hash(IMAGE)}


def test_it_is_ascii_json_in_a_plain_text_chunk_which_other_programs_leave_alone(path):
    chunk = path.read_bytes().partition(b"tEXtbigart\0")[2]
    text = json.dumps(with_pixels(RECIPE, "1024", IMAGE).to_dict())
    assert chunk.startswith(text.encode("ascii"))


def test_other_tools_find_the_parameters_in_their_plain_form():
    first, second = replace(RECIPE, prompt="a lake").texts()["parameters"].splitlines()
    assert first == "a lake"
    assert second == (
        "Steps: 20, Sampler: dpm++, CFG scale: 3.0, Seed: 7, Candidate: 3, Model: embedded, "
        "Model hash: ababababab, Version: BIG.art 0.7.0"
    )


def test_changed_pixels_are_seen(path, tmp_path):
    with Image.open(path) as image:
        text = image.text["bigart"]
    other = with_text(tmp_path / "other.png", text)
    with Image.open(other) as image:
        image.putpixel((0, 0), (1, 2, 3))
        texts = PngInfo()
        texts.add_text("bigart", text)
        image.save(tmp_path / "changed.png", pnginfo=texts)
    assert recipe.read(other)[1] and not recipe.read(tmp_path / "changed.png")[1]


def test_a_recipe_that_another_program_put_behind_the_pixels_is_found(path, tmp_path):
    whole = path.read_bytes()
    begins = whole.index(b"tEXtbigart") - 4
    ends = begins + 12 + int.from_bytes(whole[begins : begins + 4], "big")
    last = whole.index(b"IEND") - 4
    moved = whole[:begins] + whole[ends:last] + whole[begins:ends] + whole[last:]
    (tmp_path / "moved.png").write_bytes(moved)
    assert recipe.read(tmp_path / "moved.png") == recipe.read(path)
    assert recipe.read_as_written(tmp_path / "moved.png")["prompt"] == RECIPE.prompt


def test_the_picture_that_is_read_with_its_recipe_outlives_its_file(path):
    found, image = recipe.read_picture(path)
    assert image.mode == "RGB" and found.pixels == recipe.pixel_hash(image)
    assert image.getpixel((3, 3)) == IMAGE.getpixel((3, 3))


def test_what_older_versions_always_did_is_said_as_what_can_be_chosen_now(path):
    values = RECIPE.to_dict()
    for name in ("quality", "guided", "spacing", "upsampler_timesteps"):
        del values["generate"][name]
    values["sampling"]["upsampler_timesteps"] = [640, 520]
    found = recipe.from_dict(values)
    made_by = found.generate
    assert (made_by.guided, made_by.spacing, made_by.upsampler_timesteps) == (1.0, "even", (640, 520))
    assert found.sampling == {"upsampler_noise": 0.99} and found.unknown == ()
    assert recipe.from_json(json.dumps(found.to_dict())) == found


def test_of_a_newer_version_what_is_known_is_read_and_what_is_not_is_named(tmp_path):
    values = RECIPE.to_dict()
    values["future"], values["generate"]["dream"], values["paint"]["texture_1k"]["scent"] = 1, 2, 3
    found, _ = recipe.read(with_text(tmp_path / "new.png", json.dumps(values)))
    assert replace(found, unknown=()) == RECIPE
    assert set(found.unknown) == {"future", "generate.dream", "paint.texture_1k.scent"}


def test_the_recipes_of_the_versions_before_are_read(tmp_path):
    old = {
        "version": "0.6.0", "models": "embedded", "device": "CPU with 2 threads, bf16", "torch": "2.13.0",
        "prompt": "a lake", "source": None, "index": 2, "stage": "1024", "pixels": recipe.pixel_hash(IMAGE),
        "generate": {
            "seed": 7, "count": 7, "steps": 20, "guidance": 3.0, "sampler": "ddim", "near": [],
            "distance": 0.5,
        },
        "paint": None,
    }  # fmt: skip
    found, same = recipe.read(with_text(tmp_path / "old.png", json.dumps(old)))
    assert same and found.unknown == () and found.generate.seed == 7
    assert found.machine == {"bigart": "0.6.0", "device": "CPU with 2 threads, bf16", "torch": "2.13.0"}


def values(**changes):
    return json.dumps({**RECIPE.to_dict(), **changes})


def generate(**changes):
    return values(generate={**RECIPE.to_dict()["generate"], **changes})


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "{",
        "[" * 1_000_000,
        '{"a":' * 2000,
        values(models=1),
        values(prompt=["a"]),
        values(prompt="a" * 200_000),
        values(generate=3),
        values(generate=[]),
        values(index="x"),
        values(index=10**400),
        values(index=-1),
        values(index=1.5),
        values(networks=["x"]),
        values(networks={"base": 7}),
        values(steps={"a": {"b": 1}}),
        values(machine={"threads": 10**400}),
        values(sampling={"timesteps": [[1]]}),
        values(sampling={str(number): number for number in range(5000)}),
        generate(seed=-1),
        generate(seed=10**400),
        generate(seed="7"),
        generate(near=[[1]]),
        generate(near=3),
        generate(guidance=float("nan")),
        generate(sampler="__class__"),
        values(paint={"size": 3000}),
        values(paint={"texture_1k": {"amount": "0.1"}}),
        values(paint={"enhance": "no"}),
        values(paint={"texture_1k": None}),
        '{"models": NaN}',
    ],
)
def test_what_is_no_recipe_gets_one_clear_line(text, tmp_path):
    with pytest.raises(PictureError) as refused:
        recipe.read(with_text(tmp_path / "bad.png", text))
    message = str(refused.value)
    assert "bad.png: not a recipe" in message and "\n" not in message and len(message) < 400


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"texture_4k.amount": "0.08"}, {"paint": {"texture_4k": {"amount": 0.08}}}),
        ({"texture_1k.size": 9, "size": "4096"}, {"paint": {"texture_1k": {"size": 9}, "size": 4096}}),
        ({"enhance": "true"}, {"paint": {"enhance": True}}),
        ({"seed": "12", "sampler": "ddim"}, {"generate": {"seed": 12, "sampler": "ddim"}}),
        ({"number": "1"}, {"index": 0}),
        ({"prompt": "7"}, {"prompt": "7"}),
    ],
)
def test_any_setting_can_be_changed_by_its_name(changes, expected):
    def contains(whole, part):
        if isinstance(part, dict):
            return all(contains(whole[name], value) for name, value in part.items())
        return whole == part

    assert contains(recipe.changed(RECIPE, changes).to_dict(), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "no setting is called 'colour': expected prompt, number, seed"),
        ({"texture_4k": "0.08"}, "no setting is called 'texture_4k'"),
        ({"texture_4k.scent": "1"}, "as in texture_4k.amount"),
        ({"near": "[]"}, "no setting is called 'near'"),
        ({"seed.x": "1"}, "no setting is called 'seed.x'"),
        ({"texture_4k.amount": "0.2"}, "texture amount must be from 0 to 0.15, not 0.2"),
        ({"size": "big"}, "size must be one of 256, 1024, 4096, 16384, not 'big'"),
        ({"number": "0"}, "number must be from 1 to 49, not 0"),
        ({"enhance": "maybe"}, "enhance must be true or false, not 'maybe'"),
    ],
)
def test_a_change_that_is_none_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recipe.changed(RECIPE, changes)
