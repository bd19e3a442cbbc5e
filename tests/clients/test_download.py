from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import recorder, serving
from tui.clients import download as module
from tui.clients.download import fetch, retry_after
from tui.errors import ActionError
from tui.plan.steps import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.recorder import Recorder

CONTENT = b"apiVersion: v1\n"
PIN = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def ctx(tmp_path: Path) -> Recorder:
    return recorder(tmp_path)


class Release:
    """A release server that fails a few times first."""

    def __init__(
        self, *statuses: int, content: bytes = CONTENT, headers: dict[str, str] | None = None
    ) -> None:
        self.statuses = list(statuses)
        self.content = content
        self.headers = headers or {}
        self.asked = 0
        self.app = web.Application()
        self.app.router.add_get("/release.yaml", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.headers)
        tag = f'"{hashlib.sha256(self.content).hexdigest()}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=self.content, headers={"ETag": tag})


async def test_a_pinned_file_is_fetched_once(ctx: Recorder) -> None:
    release = Release()
    async with serving(release.app) as url:
        remote = Remote(url=f"{url}/release.yaml", sha256=PIN.upper())
        assert await fetch(remote, ctx.cache, ctx) == CONTENT
        assert await fetch(remote, ctx.cache, ctx) == CONTENT
    assert await fetch(remote, ctx.cache, ctx) == CONTENT  # the server is gone by now
    assert release.asked == 1


async def test_a_file_that_is_not_what_its_pin_says_is_refused_and_not_kept(ctx: Recorder) -> None:
    release = Release(content=b"something else")
    async with serving(release.app) as url:
        remote = Remote(url=f"{url}/release.yaml", sha256=PIN)
        for _ in range(2):
            with pytest.raises(ActionError, match="not the file that the plan pins") as caught:
                await fetch(remote, ctx.cache, ctx)
    assert hashlib.sha256(b"something else").hexdigest() in caught.value.cause
    assert release.asked == 2


async def test_a_damaged_copy_is_fetched_anew(ctx: Recorder) -> None:
    release = Release()
    async with serving(release.app) as url:
        remote = Remote(url=f"{url}/release.yaml", sha256=PIN)
        await fetch(remote, ctx.cache, ctx)
        await asyncio.to_thread((ctx.cache / PIN).write_bytes, b"half of i")
        assert await fetch(remote, ctx.cache, ctx) == CONTENT
    assert release.asked == 2


async def test_without_a_pin_the_server_is_asked_whether_it_changed(ctx: Recorder) -> None:
    release = Release()
    async with serving(release.app) as url:
        remote = Remote(url=f"{url}/release.yaml")
        assert await fetch(remote, ctx.cache, ctx) == CONTENT
        assert await fetch(remote, ctx.cache, ctx) == CONTENT
        assert "has not changed" in ctx.lines[-1][1]
        release.content = b"newer"
        assert await fetch(remote, ctx.cache, ctx) == b"newer"
    assert release.asked == 3
    assert await fetch(remote, ctx.cache, ctx) == b"newer"  # the server is gone by now
    assert "using the copy" in ctx.warnings[0]


async def test_a_busy_server_is_asked_again(ctx: Recorder) -> None:
    release = Release(503, 502, 429)
    async with serving(release.app) as url:
        assert await fetch(Remote(url=f"{url}/release.yaml"), ctx.cache, ctx) == CONTENT
    tries = [line for _, line in ctx.lines if "request " in line]
    assert len(tries) == 3
    assert "status 503" in tries[0]
    assert "request 2 of 4" in tries[0]


async def test_a_server_that_stays_busy_is_given_up(ctx: Recorder) -> None:
    release = Release(*[503] * 10)
    async with serving(release.app) as url:
        with pytest.raises(ActionError, match="status 503 Service Unavailable, 4 times"):
            await fetch(Remote(url=f"{url}/release.yaml"), ctx.cache, ctx)
    assert release.asked == 4


async def test_what_is_not_there_is_not_asked_for_again(ctx: Recorder) -> None:
    release = Release(404)
    async with serving(release.app) as url:
        with pytest.raises(ActionError, match="status 404"):
            await fetch(Remote(url=f"{url}/release.yaml"), ctx.cache, ctx)
    assert release.asked == 1


async def test_a_server_that_asks_for_more_time_than_there_is_is_given_up(ctx: Recorder) -> None:
    ctx.deadline = asyncio.get_running_loop().time() + 5
    release = Release(503, headers={"Retry-After": "30"})
    async with serving(release.app) as url:
        with pytest.raises(ActionError, match="no time is left"):
            await fetch(Remote(url=f"{url}/release.yaml"), ctx.cache, ctx)
    assert release.asked == 1


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after({"Retry-After": "7"}) == 7.0
    later = retry_after(
        {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)}
    )
    assert later is not None
    assert 80 < later <= 90
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None
