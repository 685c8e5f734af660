"""The viewer's kernel side, and what a card shows at 1:1, without a page."""

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import bigart_lib
from bigart_lib.pictures import writing
from bigart_lib.runs.session import Session
from bigart_lib.settings import TextureSettings
from bigart_lib.studio import comparison, overview, parts, tiles, viewer
from bigart_lib.studio.wire import Wire


class Looking:
    """A viewer of a studio at the batch that was painted before; `look` may be changed."""

    def __init__(self, folder):
        self.session = Session(bigart_lib.load("embedded", device="cpu"), folder)
        self.batch = self.session.open(next(folder.iterdir()))
        self.look = viewer.Look(self.session, self.batch, 2, None)
        self.wire = Wire(lambda function: function)
        self.viewer = viewer.Viewer(self.wire, lambda: self.look)

    def views(self, **asked):
        return self.viewer.views(asked).data

    def keys(self, **asked):
        """The keys of what is listed of the one that is looked at, by their names."""
        return {view["name"]: view["key"] for view in self.views(**asked)["views"]}

    def tile(self, *where, seconds=20):
        """A tile, once its picture is decoded."""
        end = time.monotonic() + seconds
        while not (found := self.viewer.tiles({"tiles": [list(where)]}).pictures):
            assert time.monotonic() < end
            time.sleep(0.01)
        return found["0"]

    def work(self):
        return self.session.work(self.batch, 2)


@pytest.fixture
def looking(tiny_models, painted):
    """Number 3 of seven, at 1K with VQGAN."""
    return Looking(painted)


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_every_stage_that_is_made_can_be_shown_and_the_last_comes_first(looking):
    found = looking.views()
    own = [view["name"] for view in found["views"] if view["group"] == "Number 3"]
    assert own == ["64", "256, the candidate", "1024", "1024 textured", "1024 enhanced", "bicubic"]
    named = {view["key"]: view for view in found["views"]}
    assert named[found["shown"]]["name"] == "1024 enhanced" and found["against"] is None
    assert named[found["shown"]]["size"] == (1024, 1024)
    others = [view["name"] for view in found["views"] if view["group"] != "Number 3"]
    assert others == [f"number {number}, 256, the candidate" for number in (1, 2, 4, 5, 6, 7)]
    assert found["title"] == "a lake: Number 3"


def test_versions_of_a_stage_that_are_on_disk_can_be_shown(looking):
    begun = looking.work().settings()
    other = replace(begun, texture_1k=TextureSettings(0.12, 3))
    looking.session.paint(looking.batch, 2, other)
    keys = looking.keys()
    assert {"1024 textured", "1024 textured-2", "1024 enhanced", "1024 enhanced-2"} < {*keys}
    folder = looking.work().folder
    for name in ("1024 textured", "1024 textured-2"):
        with Image.open(folder / f"{name.replace(' ', '_')}.png") as image:
            data = looking.tile(keys[name], 0, 0, 0)
            assert np.array_equal(pixels(data), np.asarray(image.convert("RGB"))[:513, :513]), name


@pytest.mark.parametrize(
    ("asked", "shown", "against"),
    [
        ({"stage": "last"}, "1024 enhanced", None),
        ({"stage": 256}, "256, the candidate", None),
        ({"stage": "1024_textured", "against": "before"}, "1024 textured", "1024"),
        ({"stage": "enhance", "against": "before"}, "1024 enhanced", "1024 textured"),
        ({"against": "bicubic"}, "1024 enhanced", "bicubic"),
        ({"index": 0}, "256, the candidate", None),
    ],
)
def test_other_scripts_say_what_is_shown_first(looking, asked, shown, against):
    found = looking.views(**asked)
    names = {view["key"]: view["name"] for view in found["views"]}
    assert (names[found["shown"]], names.get(found["against"])) == (shown, against)


def test_the_one_picked_before_is_compared_at_the_same_stage(looking):
    with pytest.raises(ValueError, match="nothing was picked before"):
        looking.views(compare="last")
    looking.look = looking.look._replace(picked=4, last_picked=2)
    found = looking.views(compare="last")
    names = {view["key"]: view["name"] for view in found["views"]}
    assert names[found["shown"]] == "256, the candidate"
    assert names[found["against"]] == "number 3, 256, the candidate"
    assert "number 3, 1024 enhanced" in names.values()


def test_nothing_to_look_at_is_said_in_words(looking):
    with pytest.raises(ValueError, match="expected one of 7 pictures, got number 9"):
        looking.views(index=9)
    looking.look = looking.look._replace(batch=None)
    with pytest.raises(ValueError, match="there are no pictures yet"):
        looking.views()


def test_tiles_of_level_0_are_the_files_own_pixels(looking):
    key = looking.keys()["1024 enhanced"]
    whole = np.zeros((1024, 1024, 3), np.uint8)
    for column in range(2):
        for row in range(2):
            data = looking.tile(key, 0, column, row)
            assert data.startswith(b"\x89PNG")
            top, left = max(0, 512 * row - 1), max(0, 512 * column - 1)
            part = pixels(data)
            whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    with Image.open(looking.work().folder / "1024_enhanced.png") as image:
        assert np.array_equal(whole, np.asarray(image.convert("RGB")))


def test_smaller_levels_are_the_whole_picture_reduced(looking):
    key = looking.keys()["1024 enhanced"]
    data = looking.tile(key, 1, 0, 0)
    assert data.startswith(b"\xff\xd8") and pixels(data).shape == (512, 512, 3)
    with Image.open(looking.work().folder / "1024_enhanced.png") as image:
        expected = np.asarray(image.convert("RGB").reduce(2), float)
    assert np.abs(pixels(data) - expected).mean() < 3


def test_several_tiles_come_with_one_answer(looking):
    keys = looking.keys()
    looking.tile(keys["1024"], 1, 0, 0)
    wanted = [[keys["1024"], 0, 1, 1], [keys["256, the candidate"], 0, 0, 0], [keys["bicubic"], 1, 0, 0]]
    answer = looking.viewer.tiles({"tiles": wanted})
    assert [pixels(answer.pictures[name]).shape for name in "012"] == [
        (513, 513, 3),
        (256, 256, 3),
        (512, 512, 3),
    ]


@pytest.mark.parametrize("where", [(2, 0, 0), (0, 2, 0), (0, 0, -1), (-1, 0, 0), ("0", 0, 0), (0.5, 0, 0)])
def test_a_tile_that_is_not_there_is_refused(looking, where):
    key = looking.keys()["1024"]
    looking.tile(key, 0, 0, 0)
    with pytest.raises(ValueError, match="tile"):
        looking.viewer.tiles({"tiles": [[key, *where]]})


def test_what_was_not_listed_is_refused(looking):
    looking.views()
    for key in ("../../etc/passwd", "2-none"):
        with pytest.raises(ValueError, match="no longer listed"):
            looking.viewer.tiles({"tiles": [[key, 0, 0, 0]]})
    with pytest.raises(ValueError, match="at most 8"):
        looking.viewer.tiles({"tiles": [[key, 0, 0, 0]] * 9})


def test_a_damaged_file_is_told_in_words(looking):
    path = looking.work().folder / "1024.png"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"1024\.png is not a picture that can be read"):
        looking.tile(looking.keys()["1024"], 0, 0, 0)


def opened(looking):
    """What is decoded, by the names of views."""
    names = {key: name for name, key in looking.keys().items()}
    return {names[key]: one for (key, *_), one in looking.viewer._opened.items()}


def test_decoded_pictures_are_kept_in_files_for_the_next_look_until_others_take_their_place(
    looking, monkeypatch
):
    keys = looking.keys()
    expected = looking.tile(keys["1024"], 0, 1, 1)
    assert isinstance(opened(looking)["1024"], tiles.Stored)
    looking.viewer.close({})
    looking.keys()
    with monkeypatch.context() as patch:
        patch.setattr(viewer, "_decoded", None)  # not needed
        assert looking.viewer.tiles({"tiles": [[keys["1024"], 0, 1, 1]]}).pictures["0"] == expected
    monkeypatch.setattr(viewer, "STORED", 2)
    for name in ("1024 textured", "1024 enhanced", "1024 textured", "64"):
        looking.tile(keys[name], 0, 0, 0)
    assert [*opened(looking)] == ["1024 textured", "64"]


def test_where_there_is_no_room_for_files_two_are_in_memory_and_none_after_closing(looking, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(viewer, "Stored", type("Stored", (), {"__init__": lambda *_: full(None)}))
    keys = looking.keys()
    for name in ("1024", "1024 textured", "1024 enhanced", "64"):
        looking.tile(keys[name], 0, 0, 0)
    assert [*opened(looking)] == ["1024 enhanced", "64"]
    looking.viewer.close({})
    assert not looking.viewer._opened and not looking.viewer._views


def test_what_was_just_made_is_decoded_before_anybody_looks(looking):
    looking.viewer.prepare()
    deadline = time.monotonic() + 20
    while looking.viewer._opening and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [*opened(looking)] == ["1024 enhanced"]


def test_a_picture_too_large_for_the_memory_has_the_same_pixels(looking, monkeypatch):
    keys = looking.keys()
    expected = {where: looking.tile(keys["1024"], *where) for where in ((0, 1, 0), (0, 1, 1), (1, 0, 0))}
    looking.viewer.close({})
    looking.viewer._opened.clear()
    monkeypatch.setattr(viewer, "MOST_IN_MEMORY", 1000)
    monkeypatch.setattr(tiles, "COARSE", 1)
    looking.keys()
    for where, data in expected.items():
        found = looking.tile(keys["1024"], *where)
        assert isinstance(opened(looking)["1024"], tiles.Streamed)
        difference = np.abs(pixels(found).astype(int) - pixels(data))
        assert difference.max() == 0 if where[0] == 0 else difference.mean() < 2


def test_sixteen_bits_are_rounded_as_ever_in_a_picture_too_large_for_the_memory(tmp_path):
    from bigart_lib.pictures.reading import read
    from bigart_lib.pictures.recipe import read_picture

    slow = np.linspace(20000, 22000, 700 * 600 * 3, dtype=np.uint16).reshape(600, 700, 3)
    path = tmp_path / "slow.png"
    recipe = {"bigart": '{"models": "embedded", "prompt": "a lake", "index": 0, "generate": {"seed": 1}}'}
    writing.save(slow, path, recipe)
    assert read(path).levels.dtype == np.uint16
    streamed, whole = tiles.Streamed(path), read_picture(path)[1]
    for box in ((0, 0, 513, 513), (511, 511, 700, 600)):
        assert np.array_equal(np.asarray(streamed.part(0, box)), np.asarray(whole.crop(box)))


@pytest.mark.parametrize("size", [(1024, 1024), (1024, 640), (700, 1024)])
def test_bicubic_tiles_are_those_of_the_enlarged_picture(size):
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8))
    enlarged = tiles.Enlarged(image, size)
    times = max(size) / 64
    cut = [(64 - side / times) / 2 for side in size]
    box = (cut[0], cut[1], 64 - cut[0], 64 - cut[1])
    whole = np.asarray(image.resize(size, Image.Resampling.BICUBIC, box=box), int)
    left, upper, right, lower = 400, 300, 600, 500
    part = np.asarray(enlarged.part(0, (left, upper, right, lower)), int)
    assert np.abs(part - whole[upper:lower, left:right]).max() <= 1
    small = enlarged.part(1, (0, 0, -(-size[0] // 2), -(-size[1] // 2)))
    assert small.size == (-(-size[0] // 2), -(-size[1] // 2))


def test_a_card_shows_as_many_pixels_as_the_page_has_room_for():
    moved = []
    loupe = overview.Overview(lambda: moved.append(loupe.box))
    loupe.show(Image.new("RGB", (300, 300)), "the whole picture", (4096, 4096))
    sides = {}
    for said in ("0.5 0.5", "0.5 0.5 620 480", "0.5 0.5 2000 500", "0.5 0.5 700 2000", "0.1 0.9 340 340"):
        loupe.spot.value = said
        left, upper, right, lower = loupe.box
        sides[said] = right - left, lower - upper
        assert left >= 0 and lower <= 4096
        assert (right - left) * (lower - upper) <= overview.AREA
    assert [*sides.values()] == [(512, 512), (620, 480), (784, 500), (700, 585), (340, 340)]
    assert len(moved) == 4


@pytest.mark.parametrize("said", ["", "x y", "nan 0.5", "0.5 0.5 inf 3", "0.5", "0.5 0.5 1 2 3", "2 -3 0 0"])
def test_whatever_comes_into_the_field_a_part_is_inside_of_the_picture(said):
    loupe = overview.Overview(lambda: None)
    loupe.show(Image.new("RGB", (90, 60)), "the whole picture", (900, 600))
    loupe.spot.value = said
    left, upper, right, lower = loupe.box
    assert 0 <= left < right <= 900 and 0 <= upper < lower <= 600


def test_a_comparison_has_the_very_pixels_of_both():
    random = np.random.default_rng(0)
    before, after = (Image.fromarray(random.integers(0, 256, (50, 60, 3), np.uint8)) for _ in range(2))
    shown = comparison.Comparison()
    shown.show(before, after, "before <b>", "after")
    sent = [pixels(child.value) for child in shown.widget.children[:2]]
    assert np.array_equal(sent[0], np.asarray(before)) and np.array_equal(sent[1], np.asarray(after))
    words = shown.words.value
    assert 'role="slider"' in words and "before &lt;b&gt;" in words and "<b>before" not in words[4:]
    line = shown.words
    shown.show(after, before, "before <b>", "after")
    assert shown.words is line and shown.words.value == words  # the page keeps where the line is
    parts.close(shown.widget)
