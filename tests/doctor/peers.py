"""Peers of the doctor's: servers that answer what a test says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@asynccontextmanager
async def serving(answers: Mapping[str, tuple[int, object]], path: str = "") -> AsyncIterator[str]:
    """A server of fixed JSON answers, on a Unix socket or a free port of loopback, as its URL."""

    async def answer(request: web.BaseRequest) -> web.Response:
        asked = request.path.removeprefix("/v1.41")
        status, body = answers.get(asked, (404, {"message": f"no {asked}"}))
        return web.json_response(body, status=status)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        site = web.UnixSite(runner, path) if path else web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"unix://{path}" if path else f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
