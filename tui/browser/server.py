"""The server: who has its address, which holds a token, sees the run; nobody else is told anything."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import html
import re
import secrets
import socket
import string
import threading
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from textual_serve.server import Server, to_int

from tui.browser.viewer import Viewer
from tui.errors import BringupError
from tui.run.commands import Close, Stay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from tui.run.commands import Command

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST = "127.0.0.1"
_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
"""What a request calls this machine. A page elsewhere whose name was made to lead here has another one."""

_ENDS_WITHIN = 4.0  # seconds in which browsers are taken leave of
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' {socket}; frame-ancestors 'none'",
}


class Shown(NamedTuple):
    """What is served.

    Attributes:
        title: What the page is called.
        argv: The program that draws it for one browser, with its arguments.
        take: Takes the commands that users of the page give; None where they only look.
    """

    title: str
    argv: Sequence[str]
    take: Callable[[Command], None] | None = None


def listen(port: int | None) -> socket.socket:
    """Return a socket that listens on the loopback alone.

    Args:
        port: The port; None for one that is free.

    Raises:
        BringupError: The port is not to be had.
    """
    try:
        return socket.create_server((HOST, port or 0))
    except OSError as error:
        raise BringupError(
            f"port {port} of {HOST} cannot be listened on: {error.strerror}",
            "name another port by --port, or none for one that is free",
        ) from error


@contextlib.contextmanager
def served(shown: Shown, listening: socket.socket) -> Iterator[str]:
    """Serve a run until left, on a thread; hand out the address, which is the right to look at it.

    Args:
        shown: What is served.
        listening: The socket, which is closed in the end.
    """
    token = secrets.token_urlsafe(24)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    serving = _serve(_Pages(shown, token).application(), listening, stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), name="serving")
    thread.start()
    try:
        yield f"http://{HOST}:{listening.getsockname()[1]}/{token}/"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(pages: web.Application, listening: socket.socket, stop: asyncio.Event) -> None:
    runner = web.AppRunner(pages, access_log=None, shutdown_timeout=_ENDS_WITHIN)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await stop.wait()
    await runner.cleanup()


class _Pages(Server):
    """The page, what it loads, and the sockets over which it draws."""

    def __init__(self, shown: Shown, token: str) -> None:
        super().__init__("", title=shown.title)
        self._shown = shown
        self._token = token.encode()
        self._open: set[web.WebSocketResponse] = set()
        self._page = string.Template(_own("page.html"))
        self._script = _own("page.js")

    def application(self) -> web.Application:
        """Return the application."""
        found = web.Application(middlewares=[self._guard])
        found.router.add_get("/{token}/", self.handle_index)
        found.router.add_get("/{token}/page.js", self._get_script)
        found.router.add_get("/{token}/ws", self.handle_websocket)
        found.router.add_get(r"/{token}/static/{name:(css|js|fonts)/[\w-]+\.\w+}", self._static)
        found.on_shutdown.append(self.on_shutdown)
        return found

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer those alone who ask this machine by its own name, and have the token."""
        given = request.path.split("/")[1].encode()
        if not hmac.compare_digest(given, self._token) or not _HERE.fullmatch(request.host):
            raise web.HTTPForbidden(text="open the address that `bringup serve` has printed, all of it\n")
        response = await handler(request)
        if not response.prepared:
            for name, value in _HEADERS.items():
                response.headers[name] = value.format(socket=f"ws://{request.host}")
        return response

    async def handle_index(self, request: web.Request) -> web.Response:
        """Return the page."""
        text = self._page.substitute(
            title=html.escape(self._shown.title),
            socket=f"ws://{request.host}{request.path}ws",
            size=min(max(to_int(request.query.get("fontsize", ""), 14), 6), 40),
        )
        return web.Response(text=text, content_type="text/html")

    async def _get_script(self, _: web.Request) -> web.Response:
        return web.Response(text=self._script, content_type="text/javascript")

    async def _static(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(self.statics_path / request.match_info["name"])

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Have the dashboard drawn for a page, for as long as that is open."""
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="only the page itself may ask for this\n")
        page = web.WebSocketResponse(heartbeat=15, timeout=_ENDS_WITHIN)
        await page.prepare(request)
        viewer = Viewer(
            self._shown.argv,
            self._shown.take,
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=page.close,
            download_manager=self.download_manager,
        )
        self._open.add(page)
        self._tell_of_pages()
        try:
            await viewer.start(*(to_int(request.query.get(name, ""), 80) for name in ("width", "height")))
            with contextlib.suppress(AssertionError, AttributeError, LookupError, TypeError, ValueError):
                await self._process_messages(page, viewer)  # what breaks it, no page of ours has sent
        finally:
            self._open.discard(page)
            self._tell_of_pages()
            await viewer.stop()
        return page

    async def on_shutdown(self, app: web.Application) -> None:
        """Close all pages."""
        await asyncio.gather(*(page.close() for page in self._open))

    def _tell_of_pages(self) -> None:
        """Keep a run open for commands while somebody may give it some, as a dashboard in a terminal does."""
        if self._shown.take is not None:
            self._shown.take(Stay() if self._open else Close())


def _own(name: str) -> str:
    return files("tui.browser").joinpath(name).read_text(encoding="utf-8")
