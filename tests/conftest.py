"""What holds for every test: the same surroundings and random numbers, and no other machine is reached."""

import os
import random
import shutil
import signal
import socket
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import colab_machine
import numpy as np
import pytest
import torch

from bigart_lib.weights import sets as model_sets

LOCAL = {None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
FOLDERS = {  # that take the place of the user's own
    "BIGART_CACHE": "bigart",
    "XDG_CACHE_HOME": "",
    "TORCH_EXTENSIONS_DIR": "torch_extensions",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter",
}
UNWANTED = ("PYTHONIOENCODING", "HF_ENDPOINT")  # variables of a user, beside BIGART_...
FOR_TESTS = ("BIGART_COLAB_ROOT", "BIGART_SCREENSHOTS")  # variables of a user that are meant for them

_proxies: dict[str, str] = {}  # the user's, for tests that may reach other machines


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the user's machine would bring from the tests, and from the processes that they start."""
    patch, folders = pytest.MonkeyPatch(), tempfile.mkdtemp(prefix="bigart-tests-")
    config.add_cleanup(partial(shutil.rmtree, folders, ignore_errors=True))
    config.add_cleanup(patch.undo)
    for name, value in list(os.environ.items()):
        if name.lower() in PROXIES:
            _proxies[name] = value
            patch.delenv(name)
        elif name in UNWANTED or (name.startswith("BIGART_") and name not in FOR_TESTS):
            patch.delenv(name)
    patch.setenv("BIGART_OFFLINE", "1")
    for name, folder in FOLDERS.items():
        patch.setenv(name, os.path.join(folders, folder))
    if "PYTEST_XDIST_WORKER" in os.environ:  # one of two processes
        torch.set_num_threads(1)
    # Ignored where pytest was started by nohup or in the background, and its children would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # goes on here, and is no more ignored in children


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "training" not in config.getoption("markexpr"):
        apart = [item for item in items if item.get_closest_marker("training")]
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in apart]
    # First what forks: libvips hangs in the forks of a process that has used it.
    items.sort(key=lambda item: item.path.name != "test_faults.py")
    no_gpu = pytest.mark.skip(reason="needs a CUDA GPU")
    no_colab = pytest.mark.skip(reason=colab_machine.why_not() or "")
    too_large = pytest.mark.skip(reason="takes minutes and 5 GB of disk: run with -m full_size")
    no_network = pytest.mark.skip(reason="reaches other machines: run with -m network")
    for item in items:
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(no_gpu)
        if item.get_closest_marker("colab") and colab_machine.why_not():
            item.add_marker(no_colab)
        if item.get_closest_marker("network") and "network" not in config.getoption("markexpr"):
            item.add_marker(no_network)
        if item.get_closest_marker("full_size") and "full_size" not in config.getoption("markexpr"):
            item.add_marker(too_large)


@pytest.fixture(autouse=True)
def _seed() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _refuse_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse names and addresses that are not of this machine, in this process."""
    if request.node.get_closest_marker("network"):
        return

    def guard(original, host_of):
        def guarded(*arguments, **options):
            host = host_of(*arguments, **options)
            if host not in LOCAL:
                raise RuntimeError(f"this test reached for {host}: mark it `network` or serve it locally")
            return original(*arguments, **options)

        return guarded

    def peer(this: socket.socket, address) -> str | None:
        return None if this.family == getattr(socket, "AF_UNIX", None) else address[0]

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guard(getattr(socket.socket, name), peer))
    monkeypatch.setattr(socket, "getaddrinfo", guard(socket.getaddrinfo, lambda host, *_, **__: host))


@pytest.fixture(autouse=True)
def _reach_others_as_the_user_does(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go by the user's proxies where a test may reach other machines."""
    if request.node.get_closest_marker("network"):
        for name, value in _proxies.items():
            monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetch no models, whatever machine this is; tests of fetching allow it, from a server of their own."""
    monkeypatch.setenv("BIGART_OFFLINE", "1")


@pytest.fixture(scope="session")
def small_base():
    """The golden base model."""
    from small_glide import small_base

    return small_base()


@pytest.fixture(scope="session")
def small_upsampler():
    """The golden upsampler."""
    from small_glide import small_upsampler

    return small_upsampler()


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory):
    """A set of models that does all a real one does, with random weights, in milliseconds."""
    from tiny_set import write_tiny_set

    return write_tiny_set(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tiny_set_in_module(tiny_set):
    """Make `--models embedded`, and so `auto`, take the tiny set, for all tests of a module."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work is not worth dividing
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(model_sets.SETS, "embedded", lambda: tiny_set)
        yield tiny_set
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def bigart(tiny_set_in_module):
    """The tiny set's models, for all tests of a module."""
    import bigart_lib

    return bigart_lib.load("embedded", device="cpu")


@pytest.fixture
def tiny_models(tiny_set):
    """Make `--models embedded`, and so `auto`, take the tiny set."""
    with _as_embedded(tiny_set):
        yield tiny_set


@contextmanager
def _as_embedded(tiny_set):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work is not worth dividing
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(model_sets.SETS, "embedded", lambda: tiny_set)
        patch.setattr(model_sets, "embedded", lambda: tiny_set)
        patch.setenv("BIGART_CACHE", "/dev/null/none")  # which not even root can make
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def painted_once(tiny_set, tmp_path_factory):
    """A folder of pictures that tests copy; see `painted`."""
    import bigart_lib
    from bigart_lib.runs.session import Session

    folder = tmp_path_factory.mktemp("painted") / "pictures"
    with _as_embedded(tiny_set):
        session = Session(bigart_lib.load("embedded", device="cpu"), folder)
        settings = bigart_lib.GenerateSettings(seed=5, steps=3, guidance=2.5, sampler="ddim")
        batch = session.generate("a lake", settings)
        session.paint(batch, 2, bigart_lib.PaintSettings(1024, enhance=True))
    return folder


@pytest.fixture
def painted(painted_once, tmp_path):
    """A folder with a batch of the tiny set: "a lake", seed 5, number 3 at 1K with VQGAN."""
    # Files are replaced, never written into, so that links do for copies.
    ignored = shutil.ignore_patterns("*.lock")
    return Path(shutil.copytree(painted_once, tmp_path / "pictures", copy_function=os.link, ignore=ignored))


@pytest.fixture
def command_line(tmp_path, monkeypatch, capsys):
    """Run the command line in a folder of its own; gives exit code, lines of output, lines of errors."""
    from bigart_lib.cli import main as cli

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return code, output.out.splitlines(), output.err.splitlines()

    return run


@pytest.fixture
def full_disk(monkeypatch):
    """Lets a disk take so many more files below a folder, and then none: `full_disk(folder, 3)`."""
    from bigart_lib import files
    from bigart_lib.pictures import pdf
    from bigart_lib.pictures import writing as pictures
    from bigart_lib.runs import source, work

    def fill(folder, most):
        original, left = files.writing, iter(range(most))

        @contextmanager
        def writing(path, replace=False):
            if Path(folder).absolute() in Path(path).absolute().parents and next(left, None) is None:
                raise OSError(28, "No space left on device", str(path))
            with original(path, replace) as file:
                yield file

        for module in (files, pictures, pdf, source, work):
            monkeypatch.setattr(module, "writing", writing)

    return fill


@pytest.fixture(scope="session")
def running_server():
    """A server that fails as it is told."""
    from fault_server import running

    with running() as server:
        yield server


@pytest.fixture
def server(running_server, monkeypatch, tmp_path):
    """The failing server with nothing to serve yet, the network allowed, and an empty cache folder."""
    from bigart_lib.weights import fetching, sources, store

    for state in (
        running_server.files,
        running_server.faults,
        running_server.forever,
        running_server.requests,
    ):
        state.clear()
    monkeypatch.delenv("BIGART_OFFLINE")
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path))
    monkeypatch.setattr(fetching, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sources, "TIMEOUT", (5, 0.5))
    monkeypatch.setattr(store, "LOCK_POLL", 0.05)
    return running_server


@pytest.fixture(scope="module")
def chromium():
    """A browser, for all tests of a module."""
    import browser

    with browser.launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def front_ends(chromium, tmp_path_factory):
    """Servers of notebooks, for all tests of a module."""
    import browser

    with browser.FrontEnds(chromium, tmp_path_factory.mktemp("front ends")) as front_ends:
        yield front_ends
