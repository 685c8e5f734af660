"""Strangers at the studio's page: other sites, other names of this machine, guesses, and rubbish."""

import json
import os
import re
import signal
import socket
import time
from importlib.util import find_spec

import psutil

from benchmarks.faults.trial import FINE, REFUSED, Trial, kind
from bigart_lib.cli.main import main as bigart

SOON = 30  # seconds
SERVED = find_spec("voila") and find_spec("ipykernel")
EVIL = "evil.example"
UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade",
    "Sec-WebSocket-Key": "x" * 22 + "==", "Sec-WebSocket-Version": "13",
}  # fmt: skip
CHANNELS = "/api/kernels/x/channels?token={token}"


def asks(path: str, method: str = "GET", host: str = "127.0.0.1:{port}", **headers: str) -> str:
    """A request; `{port}` and `{token}` stand for those of the page."""
    headers = {"Host": host, "Connection": "close", "Content-Length": "0", **headers}
    lines = (f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n"


REQUESTS = {
    "without the token": asks("/"),
    "with an empty token": asks("/?token="),
    "with another token": asks("/?token=" + "x" * 43),
    "with half of the token": asks("/?token={half}"),
    "by another name of this machine": asks("/?token={token}", host=EVIL),
    "by another name and the port": asks("/?token={token}", host=EVIL + ":{port}"),
    "from a page of another site": asks("/?token={token}", Origin=f"http://{EVIL}"),
    "from a page of no site": asks("/?token={token}", Origin="null"),
    "from a page of another port": asks("/?token={token}", Origin="http://127.0.0.1:1"),
    "for its kernels": asks("/api/kernels"),
    "for a new kernel": asks("/api/kernels?token={token}", "POST"),
    "for files": asks("/api/contents?token={token}"),
    "for files above": asks("/voila/files/../../../../etc/passwd?token={token}"),
    "for files above, in other letters": asks("/static/..%2f..%2f..%2fetc/passwd?token={token}"),
    "for a terminal": asks("/api/terminals?token={token}", "POST"),
    "for the end of a kernel": asks("/api/kernels/x?token={token}", "DELETE"),
    "for a websocket, from another site": asks(CHANNELS, Origin=f"http://{EVIL}", **UPGRADE),
    "of 300,000 letters": asks("/" + "x" * 300_000),
    "of rubbish": "\0\1\2\3" * 1000 + "\r\n\r\n",
    "of half a line": "GET /",
}  # fmt: skip


@kind("strangers at the studio's page (with Voila)", len(REQUESTS) if SERVED else 0)
def _(trial: Trial) -> None:
    trial.about, request = [*REQUESTS.items()][trial.number]
    ended = trial.call(lambda: serve_and_ask(request))
    trial.expect(ended.code == FINE, f"{ended.code}: {ended.err[-300:]}")
    seen = json.loads(ended.out.splitlines()[-1])
    trial.expect(not seen["answer"].startswith("HTTP/1.1 200"), f"it was answered: {seen['answer']}")
    trial.expect("root:" not in seen["answer"], "it was given a file")
    trial.expect(not seen["processes"], f"it started {seen['processes']}")
    trial.expect(seen["code"] == FINE, f"it ended with {seen['code']}")
    trial.expect("Traceback" not in ended.err, f"a traceback: {ended.err[-300:]}")


def serve_and_ask(request: str) -> int:
    """Start the page, ask it, end it; prints what was seen."""
    reading, writing = os.pipe()
    if (server := os.fork()) == 0:
        os.dup2(writing, 1)
        os._exit(bigart(["studio", "--no-browser", "--models", "embedded", "--out", "pictures"]))
    os.close(writing)
    told = b""
    while b"\n" not in told and (piece := os.read(reading, 1000)):
        told += piece
    address = re.search(r":(\d+)/\?token=([\w-]+)", told.decode())
    if address is None:
        return REFUSED
    port, token = address.groups()
    for name, value in {"port": port, "token": token, "half": token[: len(token) // 2]}.items():
        request = request.replace(f"{{{name}}}", value)
    answer = ask(int(port), request.encode())
    processes = [one.name() for one in psutil.Process(server).children(recursive=True)]
    os.kill(server, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(server, 0)[1])
    print(json.dumps({"answer": answer[:2000], "processes": processes, "code": code}))
    return FINE


def ask(port: int, request: bytes) -> str:
    """What a server answers, as far as it does so soon."""
    answer, ends = b"", time.monotonic() + SOON
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        try:
            connection.sendall(request)
            while time.monotonic() < ends and (piece := connection.recv(10_000)):
                answer += piece
        except OSError:
            pass
    return answer.decode(errors="replace")
