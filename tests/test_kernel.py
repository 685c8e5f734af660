"""Jobs in a running kernel, seen from the page: what is shown, and when clicks and cells are heard.

Messages are made by hand, as the page makes them. One kernel is as found, one simulates Colab's.
"""

import os
import time
from pathlib import Path

import pytest

pytest.importorskip("ipywidgets")
ipykernel = pytest.importorskip("ipykernel")
manager = pytest.importorskip("jupyter_client.manager")

TESTS = Path(__file__).parent
SOON = 30  # seconds after which a test gives up; none waits for them where all is well
STUDIO = """
import itertools, threading, time, ipywidgets
from bigart_lib.progress import Progress
from bigart_lib.studio.jobs import Jobs, Listener

jobs = Jobs(threading.RLock())
begin, cancel = ipywidgets.Button(description="begin"), ipywidgets.Button(description="cancel")
slider, bar, status = ipywidgets.IntSlider(), ipywidgets.IntProgress(max=1000), ipywidgets.Label()
heard, threads = [], set()

def job(report):  # has no end of its own: what is heard meanwhile is heard while it runs
    for step in itertools.cycle(range(1000)):
        time.sleep(0.01)
        report(Progress("enlarge", step, 1000))

def show(progress):
    threads.add(threading.current_thread().name)
    bar.value = progress.step

def end(word):
    heard.append(word)
    status.value = word

def fail(error):
    end(repr(error))

listener = Listener(show, lambda result: end("done"), fail, lambda: end("cancelled"))
begin.on_click(lambda _: jobs.start(job, listener))
cancel.on_click(lambda _: jobs.cancel())

def move(change):
    heard.append(f"slider {change.new}")
    status.value = heard[-1]

slider.observe(move, "value")
"""


PAGES = """
from bigart_lib.studio import link

link.follow_pages()
link.follow_pages()  # as when the studio is opened a second time
"""


class Page:
    """A kernel, and what a page would send it and hear from it."""

    def __init__(self, setup, settings):
        self.manager = manager.KernelManager(kernel_name="python3")
        path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
        environment = {**os.environ, "PYTHONPATH": path, "IPYTHONDIR": str(settings)}
        self.manager.start_kernel(env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run(setup + STUDIO)
        names = ("begin", "cancel", "slider", "bar", "status")
        self.models = {name: self.value(f"{name}.model_id") for name in names}

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code, **options):
        """Run a cell to its end; returns its reply."""
        reply = self.client.execute(code, reply=True, timeout=SOON, **options)
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"]["traceback"])
        return reply["content"]

    def value(self, expression):
        """What an expression is worth in the kernel."""
        shown = self.run("", user_expressions={"it": expression})["user_expressions"]["it"]
        return eval(shown["data"]["text/plain"])

    def _send(self, model, data, subshell=None):
        message = self.client.session.msg("comm_msg", {"comm_id": self.models[model], "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def click(self, model, subshell=None):
        return self._send(model, {"method": "custom", "content": {"event": "click"}}, subshell)

    def ask_control(self, kind, **content):
        """What the kernel's control channel answers."""
        message = self.client.session.msg(f"{kind}_request", content)
        self.client.control_channel.send(message)
        reply = self.client.control_channel.get_msg(timeout=SOON)
        assert reply["content"]["status"] == "ok"
        return reply["content"]

    def move(self, model, value):
        return self._send(model, {"method": "update", "state": {"value": value}, "buffer_paths": []})

    def forget(self):
        """Let go of all that was heard so far."""
        self.until_done_with(self.client.execute(""))

    def until(self, wanted):
        """Wait for a message that is wanted."""
        give_up = time.monotonic() + SOON
        while not wanted(self.client.get_iopub_msg(timeout=SOON)):
            assert time.monotonic() < give_up, "the page never heard what it waited for"

    def until_shown(self, model, right=lambda value: True):
        """Wait until a widget on the page has the right value."""

        def wanted(message):
            content = message["content"]
            state = content.get("data", {}).get("state", {}) if message["msg_type"] == "comm_msg" else {}
            return content.get("comm_id") == self.models[model] and "value" in state and right(state["value"])

        self.until(wanted)

    def until_done_with(self, message_id):
        """Wait until the kernel says that it is done with a message."""
        self.until(
            lambda message: (
                message["parent_header"].get("msg_id") == message_id
                and message["content"].get("execution_state") == "idle"
            )
        )


@pytest.fixture(scope="module", params=["elsewhere", "in Colab"])
def kernel(request, tmp_path_factory):
    in_colab = request.param == "in Colab"
    if in_colab and ipykernel.version_info[:2] != (6, 17):
        pytest.skip(f"ipykernel {ipykernel.__version__} is not Colab's")
    setup = "import lost_updates; lost_updates.simulate()\n" if in_colab else ""
    page = Page(setup, tmp_path_factory.mktemp("ipython"))
    page.in_colab = in_colab
    yield page
    page.close()


@pytest.fixture
def page(kernel):
    """The page, a job at work whose progress it has seen."""
    kernel.run("heard.clear(); threads.clear(); status.value = ''")
    kernel.forget()
    kernel.click("begin")
    kernel.until_shown("bar")
    yield kernel
    kernel.click("cancel")
    kernel.run("jobs.wait()")


def test_progress_is_shown_while_a_job_runs(page):
    page.until_shown("bar", lambda value: value > 20)


def test_a_slider_is_heard_while_a_job_runs(page):
    page.move("slider", 7)
    page.until_shown("status", "slider 7".__eq__)
    page.until_shown("bar")  # the job goes on


def test_the_page_may_send_the_next_value_while_a_job_runs(page):
    for value in (11, 12):
        page.until_done_with(page.move("slider", value))
    page.until_shown("bar")


def test_cancel_is_heard_while_a_job_runs(page):
    page.click("cancel")
    page.until_shown("status", "cancelled".__eq__)


def test_cells_and_clicks_each_keep_their_order(page):
    for number in (1, 2, 3):
        page.client.execute(f"heard.append('ran {number}')")
        page.move("slider", 20 + number)
    page.click("cancel")
    heard = page.value("heard")
    assert [word for word in heard if "ran" in word] == ["ran 1", "ran 2", "ran 3"]
    assert [word for word in heard if "slider" in word] == ["slider 21", "slider 22", "slider 23"]
    if page.in_colab:  # a cell waits for the click that came before it, and for all that this began
        assert heard.index("cancelled") < heard.index("ran 1")


def test_widgets_are_changed_by_one_thread(page):
    page.until_shown("bar")
    page.click("cancel")
    assert page.value("sorted(threads)") == ["MainThread" if page.in_colab else "bigart-pump"]
    if page.in_colab:
        assert page.value("lost_updates.lost") == []


def test_interrupting_the_kernel_cancels_where_the_job_keeps_it_busy(page):
    if not page.in_colab:
        pytest.skip("the kernel is not busy")
    page.manager.interrupt_kernel()
    page.until_shown("status", "cancelled".__eq__)
    assert page.value("heard") == ["cancelled"]


def test_a_page_is_heard_that_was_loaded_again_while_a_job_runs(kernel):
    if ipykernel.version_info[:2] < (7, 4):
        pytest.skip("this ipykernel remembers no subshell")
    kernel.run(PAGES)
    kernel.run("bar.observe(lambda change: setattr(cancel, 'tooltip', str(change.new)), 'value')")
    before, after = (kernel.ask_control("create_subshell")["subshell_id"] for _ in range(2))
    kernel.run("status.value = ''")
    kernel.forget()
    kernel.click("begin", before)  # in JupyterLab each page has one
    kernel.until_shown("bar")
    kernel.ask_control("delete_subshell", subshell_id=before)
    kernel.until_shown("bar")
    kernel.click("cancel", after)
    kernel.until_shown("status", "cancelled".__eq__)
    kernel.run("status.value = ''")
    kernel.click("begin", before)  # of a page that is gone: it is heard all the same
    kernel.until_shown("bar")
    kernel.click("cancel", after)
    kernel.until_shown("status", "cancelled".__eq__)
    kernel.run("bar.unobserve_all('value')")
    kernel.ask_control("delete_subshell", subshell_id=after)


def test_the_simulator_loses_what_a_thread_tells_a_widget(kernel):
    if not kernel.in_colab:
        pytest.skip("not Colab")
    kernel.run("thread = threading.Thread(target=lambda: setattr(status, 'value', 'lost'), name='astray')")
    kernel.run("thread.start(); thread.join(); bar.value = 999")
    told = []

    def shown(message):
        told.append(message["content"].get("data", {}).get("state", {}).get("value"))
        return told[-1] == 999

    kernel.until(shown)
    assert "lost" not in told and kernel.value("lost_updates.lost") == ["astray"]
    kernel.run("lost_updates.lost.clear()")
