"""Peers of the doctor's: servers that answer what a test says."""

from __future__ import annotations

import asyncio
import platform
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from tui.doctor.rules import GIB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path

_T = TypeVar("_T")


def answers_of(kernel: str, root: Path, containers: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What an engine answers."""
    info = {
        "KernelVersion": kernel,
        "DockerRootDir": str(root),
        "Architecture": platform.machine(),
        "CgroupVersion": "2",
        "CgroupDriver": "systemd",
        "MemTotal": 8 * GIB,
        "NCPU": 4,
    }
    return {
        "/version": (200, {"Version": "99.1", "ApiVersion": "1.41"}),
        "/info": (200, info),
        "/containers/json": (200, list(containers)),
        "/system/df": (200, {"LayersSize": 3 * GIB}),
    }


@asynccontextmanager
async def serving(answers: Mapping[str, tuple[int, object]], path: str = "") -> AsyncIterator[str]:
    """Serve answers on a Unix socket or a free port of loopback; yields the URL.

    Args:
        answers: Status and body by path, or by method and path: a text, something for JSON, or a function
            that returns either.
        path: The socket's.
    """

    async def answer(request: web.BaseRequest) -> web.Response:
        asked = request.path.removeprefix("/v1.41")
        absent = (404, {"message": f"no {asked}"})
        status, body = answers.get(f"{request.method} {asked}", answers.get(asked, absent))
        if callable(body):
            body = await asyncio.to_thread(body)
        if isinstance(body, str):
            return web.Response(text=body, status=status)
        return web.json_response(body, status=status)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        site = web.UnixSite(runner, path) if path else web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"unix://{path}" if path else f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def serving_aside(answers: Mapping[str, tuple[int, object]], path: str = "") -> Iterator[str]:
    """Do so on a thread, for tests that run commands in their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    served = serving(answers, path)
    try:
        yield there(served.__aenter__())
        there(served.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
