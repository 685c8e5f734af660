"""What holds for every test: the same random numbers, and no other machine is reached."""

import random
import socket
import sys

import colab_machine
import numpy as np
import pytest
import torch

from bigart_lib.weights import sets as model_sets

LOCAL = {None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
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


@pytest.fixture
def tiny_models(tiny_set, monkeypatch):
    """Make `--models embedded`, and so `auto`, take the tiny set."""
    monkeypatch.setitem(model_sets.SETS, "embedded", lambda: tiny_set)
    monkeypatch.setattr(model_sets, "embedded", lambda: tiny_set)
    monkeypatch.setenv("BIGART_CACHE", "/nonexistent")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so little work is not worth dividing
    yield tiny_set
    torch.set_num_threads(threads)


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


@pytest.fixture
def conversion_turns_files_round(monkeypatch):
    """Put a conversion in place that needs no network of tensors."""
    from tiny_checkpoint import CONVERSION

    monkeypatch.setitem(sys.modules, "bigart_lib.weights.conversion", None)  # so that it goes with the test
    exec(CONVERSION, {})
