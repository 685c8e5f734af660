"""The project on a machine like Colab's: its tests, its notebook run as it is, and its studio on the page.

Kernels there have `google.colab`, and lose what other threads than the main one tell a widget.
"""

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import browser
import pytest
from colab_machine import HOME, PROJECT, ColabMachine, why_not
from PIL import Image

pytestmark = [pytest.mark.colab, pytest.mark.slow, pytest.mark.timeout(600)]

TESTS = Path(__file__).parent
NOTEBOOK = "BIG_art_Image_Creation.ipynb"
CHECKOUT = f"{HOME}/BIG.art"
IMAGES = [
    pytest.param(image, marks=pytest.mark.skipif(bool(why), reason=why or ""))
    for image, why in (("newest", None), ("oldest", why_not("oldest")))
]
STARTUP = "/root/.ipython/profile_default/startup"  # what is here runs when a kernel starts

# A new page asks the kernel for widgets, in two rounds; it would lose sight of any that came up meanwhile.
ALL_ASKED = """() => {
  const ask = () => new Promise((answered) => Jupyter.notebook.kernel.comm_info('jupyter.widget', answered));
  return ask().then(ask).then(ask);
}"""
TINY_MODELS = """
import dataclasses, pathlib, tempfile, tiny_set, torch
torch.set_num_threads(1)  # so little work is not worth dividing
from bigart_lib.weights import sets as model_sets
tiny = tiny_set.write_tiny_set(pathlib.Path(tempfile.mkdtemp()))
tiny = dataclasses.replace(tiny, sampling=dataclasses.replace(tiny.sampling, steps={steps}))
model_sets.SETS["embedded"] = model_sets.embedded = lambda: tiny
"""
ARTIST = """
import ipywidgets, lost_updates

made = ipywidgets.Widget.widgets.values()
widgets = [widget for widget in made if isinstance(widget, ipywidgets.DOMWidget)]
prompt = next(widget for widget in widgets if "bigart-prompt" in widget._dom_classes)

def click(words):
    buttons = (widget for widget in widgets if isinstance(widget, ipywidgets.Button))
    next(button for button in buttons if words in button.description).click()

status = next(widget for widget in widgets if "bigart-status" in widget._dom_classes)

prompt.value = "a lake"
click("Create 7")
assert "7 pictures in" in status.value, status.value  # and so on the page, as nothing is lost
click("3: a lake")
click("Make 1K")
assert not lost_updates.lost, lost_updates.lost
"""


def hand_out(folder, image="newest"):
    """A machine as Colab hands it out, its kernels simulating Colab's."""
    machine = ColabMachine(folder, image)
    for name in (machine.modules, STARTUP):
        machine.path(name).mkdir(parents=True)
    for name in ("lost_updates.py", "tiny_set.py"):
        shutil.copy(TESTS / name, machine.path(machine.modules))
    machine.path(f"{STARTUP}/colab.py").write_text(
        "import lost_updates\nlost_updates.simulate()\n", encoding="utf-8"
    )
    return machine


def pytest_there(machine, *arguments):
    """Run tests of the checkout there, in one process: Colab has no pytest-xdist, for our options."""
    pytest = ("python3", "-m", "pytest", "-q", "-o", "addopts=--strict-markers")
    said = machine.run(*pytest, *arguments, seconds=500, cwd=CHECKOUT)
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said


@pytest.fixture
def machine(tmp_path):
    return hand_out(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A machine with a checkout, which is installed as the notebook would install it."""
    machine = hand_out(tmp_path_factory.mktemp("colab"))
    machine.copy_project(CHECKOUT)
    machine.run("python3", "-m", "pip", "install", "-q", ".", cwd=CHECKOUT)
    return machine


@pytest.fixture(scope="module", params=IMAGES)
def notebook_ran(request, tmp_path_factory):
    """A machine where the notebook of a checkout ran to its end, and the words that it then showed."""
    machine = hand_out(tmp_path_factory.mktemp(request.param), request.param)
    machine.copy_project(CHECKOUT)
    write_notebook(machine, CHECKOUT, steps=2, appended=ARTIST)
    return machine, widget_texts(run_notebook(machine, CHECKOUT))


def write_notebook(machine, folder, steps=None, appended="", make_it=False):
    """Put the notebook there; its cell of code makes three candidates in four steps, and 1024 pixels of one.

    Parameters
    ----------
    steps : of tiny models that take the place of the embedded ones; None leaves those.
    appended : a last cell.
    make_it : whether the cell of code is asked to make its picture.
    """
    notebook = json.loads((PROJECT / NOTEBOOK).read_text(encoding="utf-8"))
    cells = notebook["cells"]
    for cell in cells:
        source = "".join(cell["source"]).replace("4096", "1024")
        source = source.replace("make_it = False", f"make_it = {make_it}")
        cell["source"] = source.replace("(seed=seed)", "(seed=seed, steps=4, count=3)")
    if steps:
        loading = next(place for place, cell in enumerate(cells) if "bigart_lib.load(" in cell["source"])
        cells.insert(loading, code_cell(TINY_MODELS.format(steps=steps)))
    if appended:
        cells.append(code_cell(appended))
    target = machine.path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")


def code_cell(source):
    return {
        "cell_type": "code", "id": f"test-{abs(hash(source))}", "metadata": {}, "source": source,
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def run_notebook(machine, folder):
    """Run the notebook to its end; returns it as the page then has it."""
    shutil.copy(TESTS / "run_notebook.py", machine.path("/"))
    machine.run(
        "python3", "/run_notebook.py", f"{folder}/{NOTEBOOK}", "/result.ipynb", seconds=500, cwd=folder
    )
    return json.loads(machine.path("/result.ipynb").read_text(encoding="utf-8"))


def printed(notebook):
    """All that its cells printed."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs)


def widget_texts(notebook):
    """The words of all widgets that reached the page."""
    widgets = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    return [str(widget["state"].get("value", "")) for widget in widgets.values()]


def test_the_notebook_of_a_checkout_runs_and_its_studio_makes_pictures(notebook_ran):
    machine, shown = notebook_ran
    assert any("Made in" in words for words in shown)
    assert list(machine.path(CHECKOUT).glob("bigart_pictures/*/candidate-3/1024*.png"))


def test_the_notebook_changes_nothing_that_colab_installed(notebook_ran):
    machine, _ = notebook_ran
    pins = machine.pinned()
    code = f"from importlib.metadata import version; print(*map(version, {list(pins)!r}))"
    assert machine.run("python3", "-c", code).split() == list(pins.values())


def test_other_generators_work_there(notebook_ran):
    machine, _ = notebook_ran
    machine.run("python3", "-c", "import transformers, diffusers, bigart_lib")
    pytest_there(machine, "tests/test_pipelines.py", "-k", "precision or tiny_autoencoder")


def test_the_tests_of_the_studio_pass_there(installed):
    names = ("jobs", "kernel", "studio")
    files = [f"tests/test_{name}.py" for name in names if (TESTS / f"test_{name}.py").is_file()]
    pytest_there(installed, *files)


def test_the_notebook_beside_a_zip_runs_with_the_models_that_come_with_it(machine):
    machine.copy_project("/packed/BIG.art-main")
    packed = machine.path("/packed")
    shutil.make_archive(str(machine.path(f"{HOME}/BIG.art-main")), "zip", packed, "BIG.art-main")
    shutil.rmtree(packed)
    write_notebook(machine, HOME, make_it=True)
    assert "embedded models" in printed(run_notebook(machine, HOME))
    assert list(machine.path(HOME).glob("bigart_pictures/*/candidate-3/1024_textured.png"))


def test_the_notebook_alone_says_what_to_do(machine):
    write_notebook(machine, HOME)
    with pytest.raises(AssertionError, match="BIG.art is not here: upload its zip"):
        run_notebook(machine, HOME)


@pytest.fixture
def artist(installed, tmp_path):
    """An artist before the notebook's studio in a browser, all cells having run on the machine's server."""
    port = browser.free_port()
    write_notebook(installed, CHECKOUT, steps=60)
    server = installed.start(
        *("jupyter", "notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--NotebookApp.token=", "--NotebookApp.port_retries=0"),
        cwd=CHECKOUT,
    )
    try:
        assert any("is running at" in line for line in server.stdout), "the notebook server did not start"
        with browser.open_page() as page:
            page.goto(f"http://127.0.0.1:{port}/notebooks/{NOTEBOOK}")
            page.wait_for_function("window.Jupyter?.notebook?.kernel?.widget_manager")
            page.wait_for_function("Jupyter.notebook.kernel.is_connected()")
            page.evaluate(ALL_ASKED)
            page.evaluate("Jupyter.notebook.execute_all_cells()")
            artist = browser.Artist(page, tmp_path)
            page.wait_for_function("!Jupyter.notebook.kernel_busy")  # the last cell has run too
            yield artist
            assert page.errors == []
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.browser
@pytest.mark.skipif(
    not (browser.CHROMIUM and find_spec("playwright")), reason="needs playwright and chromium"
)
def test_the_studio_works_on_the_page(artist, installed, tmp_path):
    step = re.compile(r"Painting: \d+ %")
    artist.create("a lake")
    artist.wait_for(step)
    artist.until_other(artist.status(1).inner_text, than=artist.status(1).inner_text())
    artist.button("Cancel").click()
    artist.wait_for("Cancelled")

    artist.create("a lake")
    artist.wait_for("7 pictures in")
    artist.thumbnail(3).click()
    artist.until(artist.picked, [3])
    artist.step("1K")
    artist.button("Make 1K").click()
    artist.wait_for("Made in")
    assert list(installed.path(HOME).glob("BIG.art/bigart_pictures/*/candidate-3/1024*.png"))
    photo = tmp_path / "photo.png"
    Image.effect_noise((80, 60), 60).save(photo)
    artist.look_around(photo)
