"""The gallery: which pictures it finds, what it writes, and that nobody's text or file does harm."""

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from bigart_lib.cli.again import again
from bigart_lib.gallery import beside as beside_page
from bigart_lib.gallery.collecting import MARK, collect
from bigart_lib.gallery.making import make
from bigart_lib.pictures import profiles, writing
from bigart_lib.pictures.carried import Carried
from bigart_lib.pictures.images import PictureError
from bigart_lib.runs.run import open_run

HOSTILE = (
    "</script><script>alert(1)</script><!-- \u2028\u202e\x1b[2J \"'> <img src=x onerror=alert(2)> & &lt;"
)


def draw(path, prompt="a lake", size=(48, 32), index=2, carried=None, colour=(200, 90, 30)):
    """A picture with a recipe, in the format that its name says."""
    recipe = {"models": "embedded", "prompt": prompt, "index": index, "stage": "256"}
    recipe["generate"] = {"seed": 5, "count": 7}
    writing.save(Image.new("RGB", size, colour), path, {"bigart": json.dumps(recipe)}, carried or Carried())
    return path


def describe(recipe, place):
    """Stands for the command line's."""
    return {"seed": str(recipe.generate.seed)}, f"bigart redo {place}"


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.inside, self._open = [], [], None
        self.feed(path.read_text(encoding="utf-8"))
        (data,) = self.within("script", type="application/json")
        self.pictures = json.loads(data)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open = len(self.elements) - 1

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open is not None:
            self.inside.append((self._open, data))

    def within(self, name, **attributes):
        """The texts of all elements of a name that have these attributes."""
        texts = {}
        for place, data in self.inside:
            tag, found = self.elements[place]
            if tag == name and all(found.get(key) == value for key, value in attributes.items()):
                texts[place] = texts.get(place, "") + data
        return list(texts.values())


def test_a_run_gives_a_picture_for_each_candidate_with_its_steps(painted):
    run = open_run(painted / "a-lake")
    run.toggle_favourite(2)
    found = collect(painted)
    assert [entry.recipe.index for entry in found.entries] == list(range(7))
    assert [entry.is_favourite for entry in found.entries].index(True) == 2
    steps = [stage.name for stage in found.entries[2].stages]
    assert steps[:2] == ["64", "256"] and steps[-1].startswith("1024") and len(steps) > 3
    assert found.left_out == [] and found.without_recipe == 0


def test_loose_pictures_of_every_format_are_found_and_others_are_counted(tmp_path):
    for ending in (".png", ".tif", ".jpg", ".webp", ".pdf"):
        draw(tmp_path / "deep" / "down" / f"a{ending}")
    Image.new("RGB", (8, 8)).save(tmp_path / "photograph.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    draw(tmp_path / ".hidden" / "a.png")
    found = collect(tmp_path)
    kinds = sorted(entry.finished.kind for entry in found.entries)
    assert kinds == ["jpeg", "pdf", "png", "tiff", "webp"]
    assert (found.without_recipe, found.left_out) == (1, [])


def test_what_was_enlarged_stands_before_its_steps(tiny_models, command_line, tmp_path):
    Image.effect_noise((40, 30), 50).convert("RGB").save(tmp_path / "photo.jpg")
    assert command_line("enlarge", "photo.jpg", "--times", "2", "--out", "pictures")[0] == 0
    (entry,) = collect(tmp_path / "pictures").entries
    assert (entry.stages[0].name, entry.stages[0].size) == ("as brought", (40, 30))
    assert entry.finished.size == (80, 60) and entry.title == "photo.jpg"
    page = Page(make(tmp_path / "pictures", lambda *_: ({}, "")).page)
    assert page.pictures[0]["stages"][0]["tiles"]["format"] == "jpg"  # of any format, for any browser


def test_the_order_is_that_of_prompts_then_of_seeds_and_numbers(tmp_path):
    for name, prompt, date in (("c", "old", 1000), ("b", "new", 3000), ("a", "new", 2000)):
        path = draw(tmp_path / f"{name}.png", prompt, index="abc".index(name))
        os.utime(path, (date, date))
    assert [entry.finished.path.stem for entry in collect(tmp_path).entries] == ["a", "b", "c"]


def test_the_command_line_makes_a_page_that_says_how_each_picture_is_made_again(painted, command_line):
    code, lines, errors = command_line("gallery", painted)
    assert (code, lines, errors) == (0, ["7 pictures", str(painted / "gallery.html")], [])
    page = Page(painted / "gallery.html")
    third = page.pictures[2]
    entry = collect(painted).entries[2]
    assert third["command"] == again(entry.recipe, entry.finished.path.relative_to(painted))
    assert third["command"].startswith("bigart ") and ["seed", "5"] in third["facts"]
    links = [found["href"] for tag, found in page.elements if tag == "a" and "href" in found]
    assert links[0] == "a-lake/candidate-1/256.png" and (painted / links[2]).is_file()
    pictures = [found for tag, found in page.elements if tag == "img"]
    assert len(pictures) == 7 and all(found["width"] and found["height"] for found in pictures)
    assert all((painted / found["src"]).is_file() for found in pictures)


def test_no_text_of_a_file_becomes_a_part_of_the_page(tmp_path):
    path = draw(tmp_path / "javascript:alert(3).png", HOSTILE)
    draw(tmp_path / "b.png", "plain")
    usual = Page(make(tmp_path, describe, tmp_path / "first.html").page)
    path.rename(tmp_path / "a'\"><b>.png")
    page = Page(make(tmp_path, lambda recipe, _: ({"<b>": HOSTILE}, HOSTILE)).page)
    for seen in (usual, page):
        assert [tag for tag, _ in seen.elements].count("script") == 3
        assert not any("onerror" in found for _, found in seen.elements)
        first = next(one for one in seen.pictures if one["title"] != "plain")
        assert first["title"].startswith("</script><script>alert(1)</script><!-- \\u2028\\u202e\\x1b[2J")
    assert all("javascript:" not in (found.get("href") or "") for _, found in usual.elements)
    assert not {"\u2028", "\u202e", "\x1b"} & {
        *page.pictures[0]["facts"][0][1],
        *(tmp_path / "gallery.html").read_text(),
    }
    assert page.pictures[0]["command"] == ""  # what is shown would not be what is copied


def test_the_policy_of_the_page_lets_its_own_scripts_and_styles_run_alone(tmp_path):
    draw(tmp_path / "a.png")
    page = Page(make(tmp_path, describe).page)
    policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv"))
    allowed = {*re.findall(r"'sha256-([^']+)'", policy)}
    texts = [*page.within("script"), *page.within("style")]
    texts = [text for text in texts if text not in page.within("script", type="application/json")]
    assert {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts} == allowed
    assert len(allowed) == 3 and "unsafe" not in policy and "http" not in policy
    assert policy.startswith("default-src 'none'")


def test_made_again_only_what_is_new_is_made_and_what_is_gone_is_removed(tmp_path):
    draw(tmp_path / "a.png")
    gone = draw(tmp_path / "b.png")
    first = make(tmp_path, describe)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "gallery_files").iterdir()}
    page = first.page.read_bytes()
    again_ = make(tmp_path, describe)
    assert (first.num_new, again_.num_new, again_.page.read_bytes() == page) == (2, 0, True)
    draw(tmp_path / "c.png")
    gone.unlink()
    assert make(tmp_path, describe).num_new == 1
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "gallery_files").iterdir()}
    assert len(after) == len(before) == 3 and len(before.items() & after.items()) == 2  # one, and the mark


def test_a_damaged_file_is_left_out_with_a_line(tmp_path, command_line):
    draw(tmp_path / "good.png")
    bad = draw(tmp_path / "bad.png", size=(300, 300))
    Image.effect_noise((300, 300), 80).save(tmp_path / "noise.png")
    recipe = json.dumps({"models": "embedded", "prompt": "noise"})
    writing.save(Image.open(tmp_path / "noise.png").convert("RGB"), tmp_path / "cut.png", {"bigart": recipe})
    for path in (bad, tmp_path / "cut.png"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 2 // 3])
    code, lines, errors = command_line("gallery", tmp_path)
    assert (code, lines[0]) == (0, "1 picture; 1 without a recipe are not shown")
    assert len(errors) == 2 and all(line.startswith("bigart: left out: ") for line in errors)


def test_nobody_elses_files_are_replaced(tmp_path, command_line):
    draw(tmp_path / "a.png")
    page, folder = tmp_path / "gallery.html", tmp_path / "gallery_files"
    page.write_text("<!doctype html><title>Mine</title>")
    code, _, (error,) = command_line("gallery", tmp_path)
    assert code == 2 and "--out" in error and page.read_text().endswith("<title>Mine</title>")
    page.unlink()
    folder.mkdir()
    (folder / "0123456789abcdef01234567.webp").write_text("mine")
    code, _, (error,) = command_line("gallery", tmp_path)
    assert code == 2 and "gallery_files" in error
    assert [path.name for path in folder.iterdir()] == ["0123456789abcdef01234567.webp"]
    assert command_line("gallery", tmp_path, "--out", tmp_path / "a.png")[0] == 2


def test_without_a_picture_there_is_one_line_and_no_page(tmp_path, command_line):
    Image.new("RGB", (8, 8)).save(tmp_path / "photograph.png")
    code, lines, (error,) = command_line("gallery", tmp_path)
    assert (code, lines) == (2, []) and "no picture of BIG.art" in error
    assert command_line("gallery", tmp_path / "none")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["photograph.png"]


def test_a_page_elsewhere_finds_the_pictures(tmp_path):
    draw(tmp_path / "pictures" / "a b#1.png")
    made = make(tmp_path / "pictures", describe, tmp_path / "pages" / "all.html")
    page = Page(made.page)
    assert page.pictures[0]["stages"][0]["address"] == "../pictures/a%20b%231.png"
    assert (tmp_path / "pages" / "all_files" / MARK).is_file()
    assert collect(tmp_path).without_recipe == 0  # the small pictures of a page are no pictures


def test_large_pictures_are_tiled_once(tmp_path, monkeypatch):
    monkeypatch.setattr(beside_page, "MOST_WHOLE", 1000 * 1000)
    draw(tmp_path / "large.png", size=(1300, 900))
    draw(tmp_path / "small.png", size=(900, 900))
    page = Page(make(tmp_path, describe).page)
    large, small = (picture["stages"][0] for picture in page.pictures)
    assert small["tiles"] is None
    tiles = large["tiles"]
    levels = tmp_path / tiles["address"]
    finest = max(int(level.name) for level in levels.iterdir())
    assert finest == 11  # the power of two that holds the longer side
    names = sorted(path.name for path in (levels / str(finest)).iterdir())
    assert names == [f"{column}_{row}.jpg" for column in range(3) for row in range(2)]
    with Image.open(levels / str(finest) / "2_1.jpg") as tile:
        assert tile.size == (1300 - 2 * 512 + 1, 900 - 512 + 1)
        assert all(abs(a - b) <= 2 for a, b in zip(tile.getpixel((9, 9)), (200, 90, 30), strict=True))
    stamp = levels.stat().st_mtime_ns
    assert make(tmp_path, describe).num_new == 0 and levels.stat().st_mtime_ns == stamp


def test_small_pictures_are_in_srgb_and_keep_the_shape(tmp_path):
    size, green = (1200, 400), (60, 200, 60)
    wide = draw(tmp_path / "a.png", size=size, colour=green, carried=Carried(profile=profiles.DISPLAY_P3()))
    deep = draw(tmp_path / "b.tif", size=size, colour=green)
    (tmp_path / "page_files").mkdir()
    (tmp_path / "page_files" / MARK).touch()
    place = beside_page.Beside(tmp_path / "page_files")
    seen = []
    for entry in collect(tmp_path).entries:
        small = place.small(entry.finished)
        with Image.open(place.folder / small.name) as image:
            assert image.size == (small.width, small.height) == (960, 320)
            seen.append((entry.finished.path, image.convert("RGB").getpixel((480, 160))))
    pixels = dict(seen)
    assert pixels[wide][0] < 20 and abs(pixels[deep][0] - 60) < 4  # red is less in the smaller space


def test_a_file_that_vanishes_meanwhile_is_left_out(tmp_path, monkeypatch):
    draw(tmp_path / "a.png")
    gone = draw(tmp_path / "b.png")
    original = beside_page.Beside.small
    monkeypatch.setattr(
        beside_page.Beside, "small", lambda this, stage: gone.unlink(missing_ok=True) or original(this, stage)
    )
    made = make(tmp_path, describe)
    assert made.num_pictures == 1 and len(made.left_out) == 1
    gone.write_bytes(b"")
    (tmp_path / "a.png").unlink()
    with pytest.raises(PictureError):
        make(tmp_path, describe)
