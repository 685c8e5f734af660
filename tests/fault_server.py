"""A local server that fails in the ways that servers do."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"


@dataclass(frozen=True)
class Answer:
    """How one request is answered; the default is faultless."""

    status: int = 200
    body: bytes | None = None  # in place of the file
    content_type: str | None = "application/octet-stream"
    drop_at: float | None = None  # share of the whole file at which the connection is cut
    ranges: bool = True
    pause: float = 0.0  # seconds between two pieces
    stall: float = 0.0  # seconds of silence at `drop_at`, before the cut
    location: str | None = None  # where to be sent on to
    retry_after: str | None = None
    announce_size: bool = True
    tag: str | None = None  # in place of the file's own


class FaultServer:
    """Serves files by path; `faults[path]` holds the answers to its first requests, the last one for good
    if `forever`."""

    def __init__(self):
        self.files = {}
        self.faults = {}
        self.forever = set()
        self.requests = []  # (path, the byte it was asked to start at)
        self.url = ""

    def serve(self, path, content, *answers, forever=False):
        """Serve a file with these faults; returns its address."""
        self.files[path], self.faults[path] = content, list(answers)
        if forever:
            self.forever.add(path)
        return f"{self.url}/{path}"

    def starts(self, path):
        """The byte that each request for a file wanted to start at."""
        return [start for asked, start in self.requests if asked == path]

    def next_answer(self, path):
        answers = self.faults.get(path, [])
        if not answers:
            return Answer()
        return answers[0] if len(answers) == 1 and path in self.forever else answers.pop(0)


@contextmanager
def running():
    """A server on a port of this machine."""
    faults = FaultServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # noqa: N802
            _answer(self, faults)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    faults.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield faults
    finally:
        server.shutdown()
        server.server_close()


def _answer(handler, faults):
    path = handler.path.lstrip("/")
    wanted = handler.headers.get("Range", "")
    asked = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
    faults.requests.append((path, asked))
    answer = faults.next_answer(path)
    if path not in faults.files:
        answer = Answer(status=404, body=b"nothing here")
    content = faults.files.get(path, b"") if answer.body is None else answer.body
    tag = answer.tag or f'"{hash(content)}"'
    start = asked if answer.ranges and answer.body is None else 0
    if handler.headers.get("If-Range", tag) != tag:
        start = 0
    status = answer.status
    handler.close_connection = True
    if status == 200 and start:
        status = 206 if start < len(content) else 416
    handler.send_response(status)
    if answer.content_type:
        handler.send_header("Content-Type", answer.content_type)
    if answer.location:
        handler.send_header("Location", answer.location)
    if answer.retry_after:
        handler.send_header("Retry-After", answer.retry_after)
    handler.send_header("ETag", tag)
    if status == 206:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    if status == 416:
        handler.send_header("Content-Range", f"bytes */{len(content)}")
        content = b""
    if answer.announce_size:
        handler.send_header("Content-Length", str(max(0, len(content) - start)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    end = len(content) if answer.drop_at is None else int(answer.drop_at * len(content))
    try:
        _send(handler, content[start : max(start, end)], answer.pause)
        time.sleep(answer.stall)
    except OSError:
        pass  # the client has gone


def _send(handler, content, pause):
    if not pause:
        handler.wfile.write(content)
        return
    size = max(1, len(content) // 10)
    for start in range(0, len(content), size):
        handler.wfile.write(content[start : start + size])
        handler.wfile.flush()
        time.sleep(pause)
