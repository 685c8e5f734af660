"""The studio's page on Voila: one page, one kernel, and nothing for those who do not know the token."""

import asyncio
import hmac
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest, split_host_and_port
from tornado.iostream import StreamClosedError
from tornado.routing import Matcher
from tornado.web import ErrorHandler, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.notebook_renderer import NotebookRenderer
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import get_page_config

from bigart_lib.cli.serving import CHECK, HOST, IDLE, Address, at_a_signal

SERVED = (  # of all that Voila can serve, what the page asks for
    VoilaKernelWebsocketHandler,
    TemplateStaticFileHandler,
    MultiStaticFileHandler,
    ThemesHandler,
    FileFindHandler,
)
KERNEL = r"/api/kernels/(?P<kernel_id>[\w-]+)"
ELSEWHERE = re.compile(r'<link\b[^>]*\bhref="https?:[^>]*>')  # fonts that Voila would fetch
POLL = 0.2  # seconds
WHY = "The terminal says why. Reload this page to try again."
log = logging.getLogger(__name__)


def serve(listener: socket.socket, notebook: Path, address: Address, tell: Callable[[], object]) -> None:
    """Show a notebook as a page until a signal asks to end; `tell` is called once it is served."""
    asyncio.run(_serve(listener, notebook, address, tell))


async def _serve(
    listener: socket.socket, notebook: Path, address: Address, tell: Callable[[], object]
) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    server = _Server(listener, notebook, address)
    at_a_signal(lambda: loop.call_soon_threadsafe(stopped.set))
    server.start()
    tell()
    await stopped.wait()
    await server.close()


class Stranger(Matcher):
    """Matches each request that does not come from who knows the token, through a page of this address."""

    def __init__(self, address: Address) -> None:
        self._token, self._cookie = address.token, cookie(address)

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """See `tornado.routing.Matcher`."""
        host = request.host.lower()
        is_here = split_host_and_port(host)[0] in (HOST, "localhost")  # another name may be rebound to here
        is_own = request.headers.get("Origin", f"http://{host}") == f"http://{host}"
        return None if is_here and is_own and self._knows_token(request) else {}

    def _knows_token(self, request: HTTPServerRequest) -> bool:
        said = list(request.query_arguments.get("token", []))
        if self._cookie in request.cookies:
            said.append(request.cookies[self._cookie].value.encode())
        return any(hmac.compare_digest(one, self._token.encode()) for one in said)


def cookie(address: Address) -> str:
    """The name of the cookie that stands for the token; browsers share cookies among ports."""
    return f"bigart-{address.port}"


class Page:
    """The page, rendered once for each kernel: whoever asks gets the same, and so the same studio."""

    def __init__(self, voila: Voila) -> None:
        self._voila, self._kernel = voila, ""
        self._pieces: list[str] = []
        self._rendering: asyncio.Task | None = None
        self._begins = asyncio.Lock()

    async def pieces(self) -> AsyncIterator[str]:
        """The page, piece by piece as it gets ready; starts the kernel where none is alive."""
        async with self._begins:
            if not await self._is_alive():
                await self._begin()
        pieces, rendering, sent = self._pieces, self._rendering, 0
        while sent < len(pieces) or not rendering.done():
            if sent == len(pieces):
                await asyncio.wait([rendering], timeout=POLL)
            ready = pieces[sent:]
            sent += len(ready)
            yield "".join(ready) or "\n"  # so that the browser goes on waiting

    async def close(self) -> None:
        """End the kernel, for good."""
        await self._begins.acquire()  # and never released
        if self._rendering is not None:
            self._rendering.cancel()
        await self._voila.kernel_manager.shutdown_all()

    async def _is_alive(self) -> bool:
        if self._rendering is not None and not self._rendering.done():
            return True
        kernels = self._voila.kernel_manager
        return self._kernel in kernels and await ensure_async(kernels.is_alive(self._kernel))

    async def _begin(self) -> None:
        kernels = self._voila.kernel_manager
        await kernels.shutdown_all(now=True)  # one that is dead, or where the studio did not open
        with open(Path(self._voila.root_dir, "kernel.log"), "ab") as output:
            self._kernel = await kernels.start_kernel(path="", stdout=output, stderr=output)
        kernels.add_restart_callback(self._kernel, self._tell_of_death, "dead")
        self._pieces = []
        self._rendering = asyncio.create_task(self._render(self._pieces))

    async def _render(self, pieces: list[str]) -> None:
        try:
            renderer = self._renderer()
            await renderer.initialize()
            kernel = self._voila.kernel_manager.get_kernel(self._kernel)
            async for piece, _ in renderer.generate_content_generator(self._kernel, kernel):
                pieces.append(ELSEWHERE.sub("", piece))
        except Exception:
            log.exception("the studio's page did not get ready")
            pieces.append(f"<p>The studio did not open. {WHY}</p>")
            self.give_up()

    def _renderer(self) -> NotebookRenderer:
        voila = self._voila
        common = {"base_url": voila.base_url, "voila_configuration": voila.voila_configuration}
        return NotebookRenderer(
            **common,
            traitlet_config=voila.config,
            notebook_path=Path(voila.notebook_path).name,
            template_paths=voila.template_paths,
            config_manager=voila.config_manager,
            contents_manager=voila.contents_manager,
            kernel_spec_manager=voila.kernel_spec_manager,
            page_config=get_page_config(**common, settings=voila.app.settings, log=log),
        )

    def give_up(self) -> None:
        """Let who asks next get a new kernel."""
        self._kernel = ""

    def _tell_of_death(self) -> None:
        log.error("the studio's kernel has ended by itself; reload the page to go on with what is on disk")


class _PageHandler(RequestHandler):
    def initialize(self, page: Page, address: Address) -> None:
        self._page, self._address = page, address

    def set_default_headers(self) -> None:
        for name, value in self.settings["headers"].items():
            self.set_header(name, value)

    async def get(self) -> None:
        self.set_cookie(cookie(self._address), self._address.token, httponly=True, samesite="Strict")
        self.set_header("Cache-Control", "no-store")
        with suppress(StreamClosedError):  # the tab was closed meanwhile
            async for piece in self._page.pieces():
                self.write(piece)
                await self.flush()


class _KernelHandler(KernelHandler):
    SUPPORTED_METHODS = ("GET",)  # no page may end the kernel of another


class _Server(Voila):
    """Voila with one page, without what else it serves, and without its own way to listen and to end."""

    def __init__(self, listener: socket.socket, notebook: Path, address: Address) -> None:
        self._page, self._address, self._listener = Page(self), address, listener
        settings = {"headers": address.headers(), "log_function": lambda handler: None}
        super().__init__(
            config=self._limits(), notebook_path=str(notebook), connection_dir_root=str(notebook.parent),
            config_file_paths=[], tornado_settings=settings, log=log,
        )  # fmt: skip
        self.initialize([])

    def _limits(self) -> Config:
        page = self._page
        return Config(
            MappingKernelManager={"cull_idle_timeout": IDLE, "cull_interval": CHECK},
            KernelRestarter={"restart_limit": 0},  # a new kernel knows nothing of the page
            KernelSpecManager={"kernel_dirs": []},  # this Python's own, whatever else is called python3
            # Configurations are copied, and a method would be with its object.
            VoilaExecutor={"cell_error_instruction": WHY, "on_cell_error": lambda **_: page.give_up()},
        )

    def init_handlers(self) -> list[Any]:
        """See `Voila`; the first that matches answers."""
        page = {"page": self._page, "address": self._address}
        return [
            (Stranger(self._address), ErrorHandler, {"status_code": 403}),
            ("/", _PageHandler, page),
            (KERNEL, _KernelHandler),
            *(rule for rule in super().init_handlers() if rule[1] in SERVED),
        ]

    def listen(self) -> None:
        """See `Voila`."""
        self._http = HTTPServer(self.app)
        self._listener.setblocking(False)
        self._http.add_socket(self._listener)

    async def close(self) -> None:
        """Answer nobody any more, and end the kernel."""
        self._http.stop()
        await self._page.close()
