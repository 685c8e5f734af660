"""The server behind `bigart studio`: whom it answers, what it serves, its kernel, and how it ends."""

import http.client
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from urllib.parse import urlsplit

import browser
import pytest
from browser import kernels

from bigart_lib.cli import main as cli
from bigart_lib.cli import studio

on_voila = pytest.mark.skipif(not (find_spec("voila") and find_spec("ipykernel")), reason="needs voila")
on_lab = pytest.mark.skipif(not find_spec("jupyterlab"), reason="needs jupyterlab")
SOON = 30  # seconds after which a test gives up; none waits for them where all is well
SHOWN = "import ipywidgets; ipywidgets.Label('shown by the cell')"
FAILS = "raise ValueError('there is no room on the disk')"
WEBSOCKET = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
WEBSOCKET["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio's server that shows a label."""
    with browser.bigart_studio(tmp_path_factory.mktemp("served"), cell=SHOWN) as server:
        yield server


def ask(server, path="/", method="GET", token=True, **headers):
    """What a server answers: its status, headers and body."""
    where = urlsplit(server.address)
    if token:
        path += f"?{where.query}"
    connection = http.client.HTTPConnection(where.netloc, timeout=SOON)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): headers[name] for name in headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


def kernel_of(page):
    """The kernel that a page shows, by its number."""
    return re.search(r'"kernelId": ?"([\w-]+)"', page)[1]


def until(look, expected=True):
    """Wait until looking gives what is expected."""
    deadline = time.monotonic() + SOON
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, f"expected {expected!r}, still {seen!r}"
        time.sleep(0.05)


def is_free(address):
    """Whether nobody listens where a server was."""
    where = urlsplit(address)
    with socket.socket() as caller:
        return caller.connect_ex((where.hostname, where.port)) != 0


# -------------------------------------------------------------------------------------------- who is answered


@on_voila
def test_no_kernel_starts_and_nothing_is_served_before_the_token_is_seen(tmp_path):
    with browser.bigart_studio(tmp_path, cell=SHOWN) as server:
        for path in (
            "/",
            "/?token=",
            "/?token=wrong",
            "/voila/static/voila.js",
            "/api/kernels",
            "/elsewhere",
        ):
            assert ask(server, path, token=False)[0] == 403
        assert kernels(server) == []
        assert ask(server)[0] == 200
        assert len(kernels(server)) == 1


@on_voila
def test_a_cookie_then_stands_for_the_token(server):
    status, headers, _ = ask(server)
    assert status == 200 and {"HttpOnly", "SameSite=Strict"} <= {*headers["Set-Cookie"].split("; ")}
    assert ask(server, token=False, Cookie=headers["Set-Cookie"].split(";")[0])[0] == 200
    name = headers["Set-Cookie"].partition("=")[0]
    assert ask(server, token=False, Cookie=f"{name}=wrong")[0] == 403


@on_voila
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1]", ""])
def test_another_name_of_this_machine_is_refused(server, host):
    assert ask(server, Host=host)[0] == 403


@on_voila
@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1", "http://127.0.0.1:1", "null"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_address_is_refused(server, origin, method):
    assert ask(server, method=method, Origin=origin)[0] == 403


@on_voila
def test_a_websocket_is_opened_for_the_own_page_alone(server):
    where = urlsplit(server.address)
    path = f"/api/kernels/{kernel_of(ask(server)[2])}/channels"
    connection = socket.create_connection((where.hostname, where.port), timeout=SOON)
    with connection:
        words = {"Host": where.netloc, "Origin": f"http://{where.netloc}", **WEBSOCKET}
        head = "".join(f"{name}: {word}\r\n" for name, word in words.items())
        connection.sendall(f"GET {path}?{where.query} HTTP/1.1\r\n{head}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 101")
    assert ask(server, path, Origin="http://evil.example", **WEBSOCKET)[0] == 403
    assert ask(server, path, token=False, Origin=f"http://{where.netloc}", **WEBSOCKET)[0] == 403


@on_voila
def test_the_page_may_be_framed_by_itself_alone_and_ask_no_other_machine(server):
    _, headers, body = ask(server)
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["frame-ancestors"] == "'self'" and headers["X-Frame-Options"] == "SAMEORIGIN"
    assert not re.search(r"https?://(?!127\.0\.0\.1|localhost|www\.w3\.org)", policy["default-src"])
    assert not re.findall(r"<(?:link|script|img)[^>]+(?:href|src)=.https?:[^>]*>", body)


# --------------------------------------------------------------------------------------------- what is served


@on_voila
@pytest.mark.parametrize(
    "path",
    [
        *(
            "/api/contents",
            "/api/kernels",
            "/api/sessions",
            "/api/terminals",
            "/api/config",
            "/login",
            "/lab",
        ),
        *("/tree", "/voila/tree", "/voila/render/BIG.art.ipynb", "/voila/api/contents", "/BIG.art.ipynb"),
        *("/voila/files/BIG.art.ipynb", "/files/BIG.art.ipynb", "/kernel.log", "/voila/files/kernel.log"),
    ],
)
def test_nothing_is_served_but_the_page(server, path):
    assert ask(server, path)[0] == 404
    assert ask(server, path, "POST")[0] == 404


@on_voila
def test_no_page_ends_the_kernel(server):
    kernel = kernel_of(ask(server)[2])
    assert ask(server, f"/api/kernels/{kernel}")[0] == 200
    assert ask(server, f"/api/kernels/{kernel}", "DELETE")[0] == 405
    assert ask(server, f"/api/kernels/{kernel}/restart", "POST")[0] == 404
    assert (
        ask(server, f"/voila/api/shutdown/{kernel}", "POST")[0] == 404
    )  # which each page asks for as it goes
    assert kernel_of(ask(server)[2]) == kernel and len(kernels(server)) == 1


@on_voila
def test_whoever_asks_gets_the_same_page_and_kernel(tmp_path):
    with browser.bigart_studio(tmp_path, cell=SHOWN) as server, ThreadPoolExecutor() as tabs:
        pages = [re.sub(r"\n+", "", body) for _, _, body in tabs.map(lambda _: ask(server), range(4))]
        assert len({*pages}) == 1 and "shown by the cell" in pages[0]
        assert len(kernels(server)) == 1


# -------------------------------------------------------------------------------------- kernels that are gone


@on_voila
def test_a_kernel_that_no_page_shows_ends_and_the_next_page_gets_another(tmp_path):
    with browser.bigart_studio(tmp_path, cell=SHOWN, idle=8) as server:
        first = kernel_of(ask(server)[2])
        until(lambda: kernels(server), [])
        assert kernel_of(ask(server)[2]) != first
    assert (tmp_path / "said").read_text() == ""


@on_voila
def test_a_kernel_that_was_killed_is_told_once_and_the_next_page_gets_another(tmp_path):
    with browser.bigart_studio(tmp_path, cell=SHOWN) as server:
        first = kernel_of(ask(server)[2])
        kernels(server)[0].kill()
        until(lambda: (tmp_path / "said").read_text().count("\n"), 1)
        assert kernel_of(ask(server)[2]) != first and len(kernels(server)) == 1
    assert "kernel has ended" in (tmp_path / "said").read_text()


@on_voila
def test_a_studio_that_does_not_open_says_why_in_one_line_and_is_tried_again(tmp_path):
    with browser.bigart_studio(tmp_path, cell=FAILS) as server:
        status, _, body = ask(server)
        assert status == 200 and "Reload this page to try again" in body
        assert (tmp_path / "said").read_text() == "bigart: there is no room on the disk\n"
        assert kernel_of(ask(server)[2]) != kernel_of(body) and len(kernels(server)) == 1


# ------------------------------------------------------------------------------------------------ how it ends


def assert_ended(server, folder, code=0):
    assert server.wait(SOON) == code
    until(lambda: [one for one in server.started if one.is_running() and one.status() != "zombie"], [])
    assert is_free(server.address)
    if code == 0:
        assert list((folder / "temporary").iterdir()) == [] and (folder / "said").read_text() == ""


@on_voila
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_every_signal_ends_the_server_and_its_kernel(tmp_path, name):
    with browser.bigart_studio(tmp_path, cell=SHOWN) as server:
        assert ask(server)[0] == 200
        server.started = kernels(server)
        server.send_signal(getattr(signal, name))
        assert_ended(server, tmp_path, -signal.SIGKILL if name == "SIGKILL" else 0)


@on_voila
def test_a_request_to_end_is_heard_while_the_page_gets_ready(tmp_path):
    sleeps = "import time; time.sleep(600)"
    with ThreadPoolExecutor() as tabs, browser.bigart_studio(tmp_path, cell=sleeps) as server:
        tab = tabs.submit(ask, server)
        until(lambda: len(kernels(server)), 1)
        server.started = kernels(server)
        server.terminate()
        assert_ended(server, tmp_path)
        tab.exception()


@on_lab
def test_jupyterlab_takes_its_place_where_voila_is_not_installed(tmp_path):
    with browser.bigart_studio(tmp_path, prepare="studio.SERVERS.pop('voila')") as server:
        assert ask(server, "/lab")[0] == 200 and ask(server, "/lab", Host="evil.example")[0] == 403
        assert ask(server, "/api/contents")[0] == 200 and ask(server, "/api/contents", token=False)[0] == 403
        assert ask(server, "/api/terminals")[0] == 404
        assert "frame-ancestors 'self'" in ask(server, "/lab")[1]["Content-Security-Policy"]
        server.started = []
        server.terminate()
        assert_ended(server, tmp_path)


# ------------------------------------------------------------------------------------------- before it starts


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run `bigart studio` in this process, with a server that only notes what it is given."""
    given = []
    monkeypatch.chdir(tmp_path)

    def way_to_serve(name):
        def serve(listener, notebook, address, tell):
            given.extend([name, listener.getsockname()[1], notebook.read_text()])
            tell()

        return serve

    monkeypatch.setattr(studio, "_way_to_serve", way_to_serve)
    monkeypatch.setattr(studio, "find_spec", lambda name: True)

    def run(*options):
        given.clear()
        code, output = cli.main(["studio", "--no-browser", *options]), capsys.readouterr()
        return code, output.out.splitlines(), output.err.splitlines(), given

    return run


def test_it_says_what_to_install_where_nothing_can_show_it(command, monkeypatch):
    monkeypatch.setattr(studio, "find_spec", lambda name: None)
    code, lines, errors, _ = command()
    assert (code, lines, len(errors)) == (2, [], 1) and "pip install voila ipykernel" in errors[0]


@pytest.mark.parametrize(
    ("installed", "expected"), [(["voila", "jupyterlab"], "voila"), (["jupyterlab"], "jupyterlab")]
)
def test_the_first_server_that_is_installed_is_taken(command, monkeypatch, installed, expected):
    monkeypatch.setattr(studio, "find_spec", lambda name: name in [*installed, "ipykernel"] or None)
    assert command()[3][0] == expected


def test_the_port_that_is_named_is_the_one_served(command, monkeypatch):
    monkeypatch.setattr(studio, "PORT", browser.free_port())
    code, lines, errors, given = command()
    assert code == 0 and len(lines) == 1 and errors == [] and f"http://127.0.0.1:{studio.PORT}/" in lines[0]
    with socket.create_server(("127.0.0.1", studio.PORT)):
        _, lines, _, given = command()
        assert given[1] != studio.PORT and f"http://127.0.0.1:{given[1]}/" in lines[0]


def test_a_port_that_was_asked_for_and_is_taken_is_told_in_one_line(command):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, lines, errors, given = command("--port", str(port))
    assert (code, lines, len(errors), given) == (2, [], 1, [])
    assert f"port {port}" in errors[0] and "choose another by --port" in errors[0]


@pytest.mark.parametrize("port", ["0", "-1", "65536", "many"])
def test_a_port_that_cannot_be_is_told_in_one_line(command, port):
    code, lines, errors, given = command("--port", port)
    assert (code, lines, len(errors), given) == (2, [], 1, [])


def test_every_start_has_a_token_of_its_own(command):
    assert command()[1] != command()[1]
