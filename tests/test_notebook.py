"""The notebook: short cells that run from top to bottom, in any place that it may be opened in."""

import ast
import base64
import io
import json
import re
import sys
from pathlib import Path

import ipywidgets
import pytest
from PIL import Image

NOTEBOOK = Path(__file__).parent.parent / "BIG_art_Image_Creation.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
WORDS = "".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown")
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]


def run(cell, names):
    """Run a cell as IPython does, but for its magics, which are noted; returns its last expression."""
    noted = []
    lines = [
        line.replace("%pip install -q", "installed.append(").replace('"{source}"', "source)")
        if line.lstrip().startswith("%pip")
        else line
        for line in cell.splitlines()
        if not line.lstrip().startswith("%env")
    ]
    names["installed"] = noted
    names["display"] = lambda *shown: names.update(shown=shown)
    tree = ast.parse("\n".join(lines))
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    value = last and eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    return value, noted


def made_at_once(cell):
    """The cell that paints in code, asked to do so, up to a size that is quick."""
    return cell.replace("make_it = False", "make_it = True").replace("4096", "1024")


def test_there_are_at_most_six_short_code_cells():
    assert len(CODE) <= 6
    assert max(len([line for line in cell.splitlines() if line.strip()]) for cell in CODE) <= 10


def test_it_is_stored_without_outputs():
    assert {len(cell["outputs"]) for cell in CELLS if cell["cell_type"] == "code"} == {0}


def test_its_header_is_a_small_picture_in_the_file_itself():
    ((address, data),) = re.findall(r"!\[[^]]*\]\((data:image/jpeg;base64,)([^)]*)\)", WORDS)
    with Image.open(io.BytesIO(base64.b64decode(data))) as header:
        assert header.format == "JPEG" and header.width >= 800
    assert len(address + data) < 150_000


def test_it_leads_to_no_other_project():
    assert not re.findall(r"colab\.research|github|gitlab", WORDS)
    assert "`git_address`" in WORDS and "its zip beside the notebook" in WORDS


def test_nothing_in_it_is_large_and_it_says_what_is_owed():
    words = WORDS
    assert NOTEBOOK.stat().st_size < 300_000
    assert "This image was created with BIG.art by Robert A. Gonsalves." in words and "CC BY-SA 4.0" in words


def test_its_cells_run_and_leave_a_studio_and_a_picture(tiny_models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    set_up, drive, load, studio, code = CODE
    _, installed = run(set_up, names)
    assert installed == [] and "Python 3" in capsys.readouterr().out
    run(drive, names)
    run(load, names)
    assert "embedded models" in capsys.readouterr().out
    widget, _ = run(studio, names)
    assert isinstance(widget, ipywidgets.VBox) and "bigart-studio" in widget._dom_classes
    run(code, names)
    assert not Path("bigart_pictures").exists()  # the studio is what "Run all" leads to
    for again in ("", "-2"):  # whoever runs it twice loses nothing
        run(made_at_once(code), names)
        made = Path("bigart_pictures", f"sunset-over-a-lake{again}", "candidate-3", "1024_textured.png")
        path, shown, problem = names["shown"]
        assert shown.size == (768, 768) and path == made and not problem
        with Image.open(made) as image:
            assert image.size == (1024, 1024) and "sunset over a lake" in image.text["bigart"]


@pytest.mark.parametrize("prompt", ["black/white lake", "../../x", "a lake " * 60, "con"])
def test_no_prompt_names_a_file(prompt, tiny_models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"drive_folder": None}
    run(CODE[2], names)
    run(made_at_once(CODE[-1]).replace("sunset over a lake", prompt), names)
    (folder,) = tmp_path.glob("bigart_pictures/*")
    assert names["work"].last.is_file() and [path.name for path in tmp_path.iterdir()] == ["bigart_pictures"]
    assert folder.name != "con"


@pytest.mark.parametrize(
    ("here", "git_address", "expected"),
    [
        (["bigart_lib/"], "", ["."]),
        (["BIG.art-main.zip"], "", ["BIG.art-main.zip"]),
        (["bigart.zip"], "https://example.org/bigart", ["git+https://example.org/bigart"]),
    ],
)
def test_set_up_installs_from_what_it_finds(here, git_address, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in here:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    cell = CODE[0].replace('git_address = ""', f"git_address = {git_address!r}")
    _, installed = run(cell, {})
    assert installed == expected


def test_set_up_says_what_to_do_where_it_finds_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AssertionError, match="upload its zip, or fill in git_address"):
        run(CODE[0], {})


def test_pictures_and_models_go_to_drive_only_when_asked():
    names = {}
    run(CODE[1], names)
    assert names["drive_folder"] is None and "google.colab" not in sys.modules
