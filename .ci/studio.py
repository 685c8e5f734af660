"""Start `bigart studio` as a person does, see whom it answers and that it ends; takes the path of `bigart`.

Standard library alone: the environment is one that has nothing but the studio.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

SOON = 60  # seconds


def main(bigart: str) -> None:
    """Raise SystemExit with what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder, "BIGART_OFFLINE": "1"}
        command = [bigart, "studio", "--no-browser", "--models", "embedded", "--out", f"{folder}/pictures"]
        studio = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            line = studio.stdout.readline()
            address = urlsplit(next((word for word in line.split() if word.startswith("http://")), ""))
            check("the line names an address", bool(address.netloc))
            look(address.netloc, f"/?{address.query}")
            check("it has a kernel", running(folder))
            studio.send_signal(signal.SIGTERM)
            check("it ends well when it is told to", studio.wait(SOON) == 0)
            check("no process is left", not until_none_runs(folder))
        finally:
            studio.kill()
            studio.stdout.close()


def look(netloc: str, secret: str) -> None:
    """See whom it answers."""
    check("403 without the token", ask(netloc, "/")[0] == 403)
    check("403 for another name of this machine", ask(netloc, secret, Host="evil.example")[0] == 403)
    check("403 for the page of another site", ask(netloc, secret, Origin="http://evil.example")[0] == 403)
    status, page = ask(netloc, secret)
    check("200 with the token", status == 200)
    check("the page shows the studio", "application/vnd.jupyter.widget-view+json" in page)


def ask(netloc: str, path: str, **headers: str) -> tuple[int, str]:
    """The status and the body of an answer."""
    connection = HTTPConnection(netloc, timeout=SOON)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def running(folder: str) -> list[str]:
    """The processes whose command names a folder, or that have it for their temporary files."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
        if folder.encode() in words and path.name != str(os.getpid()):
            found.append(path.name)
    return found


def until_none_runs(folder: str) -> list[str]:
    """The processes that are left after a while."""
    deadline = time.monotonic() + SOON
    while (left := running(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def check(what: str, is_so: object) -> None:
    """Tell what was looked at, and end where it is not so."""
    if not is_so:
        sys.exit(f"bigart studio, alone in its environment: not so that {what}")


main(sys.argv[1])
