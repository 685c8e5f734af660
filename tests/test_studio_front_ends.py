"""The studio in its front ends: pages loaded again or closed, and kernels that are gone or silent."""

import contextlib
import json
import re
import signal
import time
from textwrap import indent

import browser
import pytest

pytestmark = browser.marks("voila", "jupyterlab", "psutil", timeout=300)
SLOWLY = """
import time
from bigart_lib.studio import jobs
report = jobs._Job._report
def slowly(self, progress):
    time.sleep(0.04)
    report(self, progress)
jobs._Job._report = slowly
"""
LEFT_SOON = "from bigart_lib.studio import link\nlink.IDLE, link.CHECK = 4, 0.5\n"
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"
WORDS = """(now) => {
  window.said = [];
  const line = document.querySelector('.bigart-link'), changes = {childList: true, subtree: true};
  new MutationObserver(() => window.said.push(line.textContent)).observe(line, changes);
}"""


class Page:
    """A page that shows a studio, or will."""

    def __init__(self, page):
        self.page = page
        page.on("dialog", lambda dialog: dialog.accept())  # of a page that is left unsaved

    def until_shown(self):
        self.page.wait_for_selector(browser.SHOWN)
        self.studio = self.page.locator(browser.SHOWN).last
        return self

    def create(self, prompt="a lake in the evening"):
        self.studio.locator(".bigart-prompt").locator("input, textarea").first.fill(prompt)
        self.studio.locator("button.bigart-primary", has_text="Create").first.click()

    def prompt(self):
        return self.studio.locator(".bigart-prompt").locator("input, textarea").first.input_value()

    def until_said(self, words):
        self.studio.locator(".bigart-status", has_text=words).first.wait_for()

    def progress(self):
        """Percent of the work that is shown."""
        bar = self.studio.locator("[role=progressbar]").first
        return int(bar.get_attribute("aria-valuenow"))

    def until_made(self):
        self.until_said("7 pictures in")

    def until_picks_work(self, *numbers):
        for number in numbers:
            self.studio.locator("button.bigart-thumb").nth(number - 1).click()
            self.studio.locator("button.bigart-thumb.bigart-picked").nth(0).wait_for()
            self.until(lambda: self.picked(), [number])

    def picked(self):
        thumbs = self.studio.locator("button.bigart-thumb").all()
        return [n for n, one in enumerate(thumbs, 1) if "bigart-picked" in one.get_attribute("class")]

    def link(self):
        """What is said of the kernel."""
        return self.page.locator(".bigart-link").last.inner_text()

    def until(self, look, expected, seconds=60):
        deadline = time.monotonic() + seconds
        while (seen := look()) != expected:
            assert time.monotonic() < deadline, f"expected {expected!r}, still {seen!r}"
            self.page.wait_for_timeout(50)

    def seconds_until_link_says(self, words, seconds=60):
        began = time.monotonic()
        while not (words in self.link() if words else self.link() == ""):
            assert time.monotonic() < began + seconds, f"expected {words!r}, still {self.link()!r}"
            self.page.wait_for_timeout(50)
        return time.monotonic() - began

    # JupyterLab

    def open_lab(self, address):
        self.page.goto(f"{address}lab/tree/studio.ipynb")
        return self.until_lab()

    def until_lab(self):
        browser.until_lab(self.page)
        return self

    def run_all(self):
        self.page.evaluate(browser.RUN_ALL)
        return self


def tiny_cell(folder, before=""):
    """What shows a studio with tiny models, the same ones each time; `before` is run once, before it."""
    models, studio = browser.tiny_cell(folder).split("import bigart_lib\n")
    return f"if 'tiny' not in globals():\n{indent(before + models, '    ')}\nimport bigart_lib\n{studio}"


@pytest.fixture
def opened(chromium):
    """Opens a page of a server of its own, its studio shown; `before` is run before it."""

    @contextlib.contextmanager
    def opened(front_end, folder, before=""):
        cell, port = tiny_cell(folder, before), browser.free_port()
        with contextlib.ExitStack() as stack:
            if front_end == "bigart studio":
                server = stack.enter_context(browser.bigart_studio(folder, cell=cell))
                address = server.address
            else:
                notebook = browser.write_notebook(folder / "studio.ipynb", cell)
                command = getattr(browser, front_end)(notebook, port)
                address = stack.enter_context(browser.serve(command, port, folder / "server.log"))
            page = Page(stack.enter_context(browser.new_page(chromium)))
            page.address = address
            if front_end == "jupyterlab":
                page.open_lab(address).run_all()
            else:
                page.page.goto(address)
            yield page.until_shown()

    return opened


def kernels():
    """The kernels that this test's servers have started."""
    import psutil

    return browser.kernels(psutil.Process())


# ------------------------------------------------------------------------------- pages that are loaded again


def test_jupyterlab_shows_the_same_studio_with_its_progress_after_a_reload(opened, tmp_path):
    with opened("jupyterlab", tmp_path, SLOWLY) as page:
        page.create()
        page.until_said(re.compile(r"\d+ %"))
        page.page.evaluate(SAVE)
        page.page.reload()
        page.until_shown()
        before = page.progress()
        page.until(lambda: page.progress() > before, True)
        assert page.prompt() == "a lake in the evening"
        page.until_made()
        page.until_picks_work(3)
        for number in (4, 5):  # the studio is idle, and pages come and go
            page.page.reload()
            page.until_shown()
            assert page.picked() == [number - 1]
            page.until_picks_work(number)
        page.create("another lake")
        page.until_said(re.compile(r"\d+ %"))
        assert len(kernels()) == 1


def test_a_cell_that_is_run_again_shows_the_same_studio_and_its_work_goes_on(opened, tmp_path):
    with opened("jupyterlab", tmp_path, SLOWLY) as page:
        page.create()
        page.until_said(re.compile(r"\d+ %"))
        page.page.reload()  # unsaved: what the cell had shown is gone
        page.until_lab()
        assert page.page.locator(browser.SHOWN).count() == 0
        page.run_all().until_shown()
        before = page.progress()
        page.until(lambda: page.progress() > before, True)
        page.until_made()
        page.until_picks_work(2)
        page.run_all()
        page.page.wait_for_timeout(2000)
        page.until_shown()
        assert page.picked() == [2]
        page.until_picks_work(6)
        assert len([*tmp_path.glob("pictures/*/run.json")]) == 1


def test_jupyterlab_of_bigart_studio_keeps_the_page_for_a_reload(chromium, tmp_path):
    cell, lab = tiny_cell(tmp_path, SLOWLY), "studio.SERVERS.pop('voila')"
    with (
        browser.bigart_studio(tmp_path, cell=cell, prepare=lab) as server,
        browser.new_page(chromium) as opened,
    ):
        opened.goto(server.address)
        opened.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # before, JupyterLab loses what is run
        opened.locator(".jp-CodeCell .cm-content").click()
        opened.keyboard.press("Shift+Enter")
        page = Page(opened).until_shown()
        page.create()
        (saved,) = (tmp_path / "temporary").rglob("BIG.art.ipynb")
        page.until(lambda: "widget-view+json" in saved.read_text(encoding="utf-8"), True)
        page.page.reload()
        page.until_shown()
        page.until_made()
        page.until_picks_work(3, 4)
        assert opened.refused == opened.errors == []


def test_voila_of_bigart_studio_shows_the_running_work_after_a_reload(opened, tmp_path):
    with opened("bigart studio", tmp_path, SLOWLY) as page:
        page.create()
        page.until_said(re.compile(r"\d+ %"))
        page.page.reload()
        page.until_shown()
        before = page.progress()
        page.until(lambda: page.progress() > before, True)
        page.until_made()
        page.until_picks_work(3)
        assert len(kernels()) == 1


# ---------------------------------------------------------------------------------- kernels of closed pages


def test_voila_ends_the_kernel_of_a_page_that_was_closed_once_its_work_is_done(opened, tmp_path):
    with opened("voila", tmp_path, SLOWLY + LEFT_SOON) as page:
        time.sleep(7)
        assert len(kernels()) == 1  # which a page shows
        page.create()
        page.until_said(re.compile(r"\d+ %"))
        page.page.goto("about:blank")
        page.until(lambda: len(kernels()), 0)
        assert [*tmp_path.glob("pictures/*/candidates.png")]  # it was not broken off
        page.page.goto(page.address)
        page.until_shown()
        assert len(kernels()) == 1


def test_a_kernel_of_jupyterlab_is_never_ended_by_the_studio(opened, tmp_path):
    with opened("jupyterlab", tmp_path, LEFT_SOON) as page:
        page.page.goto("about:blank")
        time.sleep(8)
        assert len(kernels()) == 1


# ------------------------------------------------------------------------------------------- the notebook


def test_after_all_cells_of_the_notebook_were_run_create_works_at_once(chromium, tmp_path):
    notebook = json.loads((browser.ROOT / "BIG_art_Image_Creation.ipynb").read_text(encoding="utf-8"))
    models = browser.tiny_cell(tmp_path).partition("import bigart_lib\n")[0]
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    notebook["cells"].insert(0, {**code, "id": "tiny", "source": models})
    path, port = tmp_path / "studio.ipynb", browser.free_port()
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with (
        browser.serve(browser.jupyterlab(path, port), port, tmp_path / "log") as address,
        browser.new_page(chromium) as opened,
    ):
        page = Page(opened).open_lab(address).run_all().until_shown()
        page.create()
        page.until_made()
        assert len([*tmp_path.glob("bigart_pictures/*/run.json")]) == 1
        assert [*tmp_path.rglob("candidates.png")] and not [*tmp_path.rglob("1024*.png")]


# -------------------------------------------------------------------------- kernels that are gone or silent


@pytest.mark.parametrize(
    ("front_end", "what_to_do"),
    [
        ("voila", "Reload this page."),
        ("jupyterlab", "Run the cells again."),
        ("bigart studio", "Reload this page."),
    ],
)
def test_a_page_whose_kernel_is_gone_says_so_in_one_sentence(opened, front_end, what_to_do, tmp_path):
    with opened(front_end, tmp_path) as page:
        page.create()
        page.until_made()
        assert page.link() == ""
        (kernel,) = kernels()
        kernel.kill()
        assert (
            page.seconds_until_link_says(
                f"kernel has ended. Everything that was finished is on disk. {what_to_do}"
            )
            < 15
        )
        line = page.page.locator(".bigart-link").last
        assert line.get_attribute("role") == "alert"
        top = page.studio.bounding_box()["y"]
        assert line.bounding_box()["y"] < top + 60
        marks = (
            "(root) => [root, ...root.querySelectorAll('*')].filter((one) => "
            "!['none', 'normal'].includes(getComputedStyle(one, '::before').content) && "
            "one.classList.contains('jupyter-widgets-disconnected')).length"
        )
        assert page.studio.evaluate(marks) == 0
        if front_end != "jupyterlab":
            page.page.reload()
            page.until_shown()
            assert page.link() == ""
            page.create("another lake")
            page.until_made()


def test_a_question_that_stays_open_holds_the_sentence_back_for_no_minute(opened, tmp_path):
    with opened("bigart studio", tmp_path) as page:
        (kernel,) = kernels()
        kernel.send_signal(signal.SIGSTOP)
        page.studio.locator(".bigart-nav[data-opens=gallery]").click()
        kernel.kill()
        assert page.seconds_until_link_says("kernel has ended.") < 15


def test_a_page_whose_server_is_gone_says_so(chromium, tmp_path):
    cell = tiny_cell(tmp_path)
    with browser.new_page(chromium) as opened, browser.bigart_studio(tmp_path, cell=cell) as server:
        opened.goto(server.address)
        page = Page(opened).until_shown()
        server.terminate()
        server.wait(30)
        assert page.seconds_until_link_says("is on disk") < 20


def test_a_kernel_that_pauses_is_not_called_dead_and_a_silent_one_is_until_it_answers(opened, tmp_path):
    with opened("bigart studio", tmp_path) as page:
        page.page.evaluate(WORDS)
        (kernel,) = kernels()
        kernel.send_signal(signal.SIGSTOP)
        time.sleep(5)
        kernel.send_signal(signal.SIGCONT)
        page.page.wait_for_timeout(8000)
        assert page.page.evaluate("window.said") == []
        kernel.send_signal(signal.SIGSTOP)
        assert 10 < page.seconds_until_link_says("does not answer: it is busy, or it has ended") < 40
        kernel.send_signal(signal.SIGCONT)
        assert page.seconds_until_link_says("") < 10
        page.create()
        page.until_made()


def test_a_kernel_that_is_busy_with_another_cell_is_said_to_be_busy(opened, tmp_path):
    with opened("jupyterlab", tmp_path) as page:
        page.page.evaluate(
            "jupyterapp.serviceManager.kernels.commsOverSubshells = 'disabled'"
        )  # as before 4.4
        page.page.evaluate(
            "jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells = 'disabled'"
        )
        page.page.evaluate(
            "() => { jupyterapp.shell.currentWidget.sessionContext.session.kernel"
            ".requestExecute({code: 'import time; time.sleep(40)'}) }"
        )
        page.seconds_until_link_says("The kernel is busy with another cell.")
        page.seconds_until_link_says("")
        page.create()
        page.until_made()
