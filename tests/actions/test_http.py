"""URLs are asked until they answer as wanted."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.actions.recorder import Recorder
from tui.actions.http import check
from tui.errors import ActionError
from tui.plan.steps import HttpCheck
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    """A server on a port, any free one by default, as its URL."""
    runner = web.ServerRunner(web.Server(handler, handler_cancellation=True))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def answering(*answers: tuple[int, str]) -> Handler:
    """Gives one answer after the other, the last for ever."""
    left = list(answers)

    async def handler(request: web.BaseRequest) -> web.Response:
        status, text = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=status, text=text)

    return handler


def step(url: str, **wanted: Any) -> HttpCheck:
    return HttpCheck.model_validate({"kind": "http.check", "url": url, "interval": 0, **wanted})


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path, tmp_path)


def in_time(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def logged(ctx: Recorder) -> list[str]:
    return [text.split(": ", 1)[1] for _, text in ctx.lines]


async def test_an_answer_as_wanted_is_the_end(ctx: Recorder) -> None:
    async with serving(answering((200, '{"status":"ok"}'))) as url:
        assert await check(step(url, contains="ok"), ctx) == Done("200 OK", changed=False)
    assert ctx.lines == []
    assert [(span.name, span.subject, span.closed) for span in ctx.spans] == [("ready", url, True)]


async def test_every_change_of_the_answer_is_logged_once(ctx: Recorder) -> None:
    answers = answering((503, "a"), (503, "b"), (404, ""), (200, "no"), (200, "no"), (200, "yes"))
    async with serving(answers) as url:
        await check(step(url, contains="yes"), ctx)
    assert logged(ctx) == ["503 Service Unavailable", "404 Not Found", "200 OK without 'yes'"]


async def test_the_deadline_ends_it_with_the_last_answer(ctx: Recorder) -> None:
    ctx.deadline = in_time(0.3)
    async with serving(answering((503, "x" * 400))) as url:
        with pytest.raises(ActionError) as raised:
            await check(step(url), ctx)
    assert raised.value.cause == f"{url} has not answered 200 within 0 s; last: 503 Service Unavailable"
    assert raised.value.details == ("x" * 300 + "…",)
    assert raised.value.hint
    assert ctx.spans[0].closed


async def test_it_is_asked_once_more_at_the_deadline_however_long_the_interval(ctx: Recorder) -> None:
    ctx.deadline = in_time(0.3)
    async with serving(answering((503, ""), (200, ""))) as url:
        assert (await check(step(url, interval=60), ctx)).note == "200 OK"


async def test_another_status_may_be_wanted(ctx: Recorder) -> None:
    async with serving(answering((401, ""))) as url:
        assert (await check(step(url, status=401), ctx)).note == "401 Unauthorized"


@pytest.mark.parametrize(("wanted", "note"), [(302, "302 Found"), (200, "200 OK")])
async def test_a_redirection_is_followed_unless_wanted(ctx: Recorder, wanted: int, note: str) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return (
            web.Response()
            if request.path == "/there"
            else web.Response(status=302, headers={"Location": "/there"})
        )

    async with serving(handler) as url:
        assert (await check(step(url, status=wanted), ctx)).note == note


@dataclass
class Listener(Recorder):
    """Knows when the first line was logged."""

    spoken: asyncio.Event = field(default_factory=asyncio.Event)

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        super().log(text, source)
        self.spoken.set()


async def test_nothing_there_is_asked_again_until_something_is(tmp_path: Path) -> None:
    ctx = Listener(tmp_path, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asking = asyncio.create_task(check(step(f"http://127.0.0.1:{port}"), ctx))
    await ctx.spoken.wait()
    assert logged(ctx) == ["Connection refused"]
    async with serving(answering((200, "")), port):
        assert (await asking).note == "200 OK"


async def test_a_refused_connection_is_said(ctx: Recorder) -> None:
    ctx.deadline = in_time(0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ActionError) as raised:
            await check(step(url), ctx)
    assert raised.value.cause.endswith("last: Connection refused")
    assert "port" in raised.value.hint


async def test_a_server_that_says_nothing_is_not_waited_for_beyond_the_deadline(
    ctx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.actions.http._LAST_REQUEST", 0.1)
    ctx.deadline = in_time(0.1)
    began = time.monotonic()

    async def silent(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with serving(silent) as url:
        with pytest.raises(ActionError, match="last: no answer within"):
            await check(step(url), ctx)
    assert time.monotonic() - began < 20


async def test_an_endless_body_is_read_only_so_far(ctx: Recorder) -> None:
    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async with serving(endless) as url:
        assert (await check(step(url), ctx)).note == "200 OK"


async def test_what_does_not_speak_http_is_said(ctx: Recorder) -> None:
    async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    ctx.deadline = in_time(0)
    server = await asyncio.start_server(gibberish, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ActionError) as raised:
            await check(step(f"http://127.0.0.1:{port}"), ctx)
    assert "HTTP" in raised.value.hint


async def test_a_proxy_is_not_asked(ctx: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with serving(answering((200, ""))) as url:
        assert (await check(step(url), ctx)).note == "200 OK"


async def test_cancelled_it_ends_at_once(ctx: Recorder) -> None:
    asked = asyncio.Event()

    async def silent(request: web.BaseRequest) -> web.Response:
        asked.set()
        await asyncio.sleep(60)
        return web.Response()

    async with serving(silent) as url:
        asking = asyncio.create_task(check(step(url), ctx))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asking, 20)
    assert ctx.spans[0].closed


@pytest.mark.parametrize(
    ("location", "said"),
    [("/", "it redirects without end"), ("mailto:me@example.com", "it redirects to mailto:")],
)
async def test_a_redirection_that_leads_nowhere_is_said(ctx: Recorder, location: str, said: str) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    ctx.deadline = in_time(0)
    async with serving(handler) as url:
        with pytest.raises(ActionError, match=f"last: {said}"):
            await check(step(url), ctx)


@pytest.mark.parametrize("contains", ["", "ready"])
async def test_a_body_without_end_is_read_until_it_has_what_is_wanted(ctx: Recorder, contains: str) -> None:
    async def events(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"data: ready\n\n")
        await asyncio.sleep(60)
        return response

    async with serving(events) as url:
        assert (await check(step(url, contains=contains), ctx)).note == "200 OK"


async def test_a_server_without_tls_is_said(ctx: Recorder) -> None:
    ctx.deadline = in_time(0)
    async with serving(answering((200, ""))) as url:
        with pytest.raises(ActionError) as raised:
            await check(step(url.replace("http:", "https:")), ctx)
    assert "last: TLS failed: " in raised.value.cause
    assert "TLS" in raised.value.hint


async def test_a_damaged_body_is_said_and_not_raised(ctx: Recorder) -> None:
    async def damaged(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})

    ctx.deadline = in_time(0)
    async with serving(damaged) as url:
        with pytest.raises(ActionError, match="200 OK without 'x'"):
            await check(step(url, contains="x"), ctx)


async def test_ipv6_is_spoken(ctx: Recorder) -> None:
    runner = web.ServerRunner(web.Server(answering((200, ""))))
    await runner.setup()
    try:
        await web.TCPSite(runner, "::1", 0).start()
    except OSError:
        pytest.skip("no IPv6 here")
    try:
        assert (await check(step(f"http://[::1]:{runner.addresses[0][1]}"), ctx)).note == "200 OK"
    finally:
        await runner.cleanup()
