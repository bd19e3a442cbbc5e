from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import api_server, refusal
from tui.clients.kubernetes import watch as module
from tui.clients.kubernetes.api import ApiError, UnreachableError
from tui.clients.kubernetes.watch import Changed, Listed, watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Script = Callable[[web.StreamResponse, str], Awaitable[None]]

PATH = "/api/v1/pods"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0,))


def _item(version: int, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p", "resourceVersion": str(version)}, **more}


class Server:
    """An API server whose list has a version, and whose watches do one thing after the other."""

    def __init__(self, *scripts: Script) -> None:
        self.lists = 0
        self.from_versions: list[str] = []
        self._scripts = list(scripts)
        self.app = web.Application()
        self.app.router.add_get(PATH, self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            self.lists += 1
            version = self.lists * 100
            return web.json_response(
                {"metadata": {"resourceVersion": str(version)}, "items": [_item(version)]}
            )
        version_from = request.query["resourceVersion"]
        self.from_versions.append(version_from)
        response = web.StreamResponse()
        await response.prepare(request)
        script = self._scripts.pop(0) if self._scripts else _hold
        await script(response, version_from)
        return response


async def _hold(_: web.StreamResponse, __: str) -> None:
    await asyncio.Event().wait()


def _tell(*changes: dict[str, Any]) -> Script:
    async def script(response: web.StreamResponse, _: str) -> None:
        for change in changes:
            await response.write(json.dumps(change).encode() + b"\n")

    return script


def _change(kind: str, version: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "object": _item(version, **more)}


async def _take(server: Server, folder: Path, count: int) -> list[str]:
    """The first changes, as `listed` or `KIND VERSION`."""
    taken: list[str] = []
    async with api_server(server.app, folder) as (api, _), contextlib.aclosing(watch(api, PATH)) as changes:
        async for change in changes:
            if isinstance(change, Listed):
                taken.append("listed")
            else:
                assert isinstance(change, Changed)
                taken.append(f"{change.kind} {change.item['metadata']['resourceVersion']}")
            if len(taken) == count:
                break
    return taken


async def test_a_list_then_its_changes(tmp_path: Path) -> None:
    server = Server(_tell(_change("ADDED", 101), _change("MODIFIED", 102)))
    assert await _take(server, tmp_path, 3) == ["listed", "ADDED 101", "MODIFIED 102"]
    assert server.from_versions[0] == "100"


async def test_a_connection_that_drops_is_taken_up_where_it_dropped(tmp_path: Path) -> None:
    async def drop(response: web.StreamResponse, _: str) -> None:
        await response.write(json.dumps(_change("ADDED", 101)).encode() + b'\n{"type": "ADDED", "obj')
        assert response._req is not None
        assert response._req.transport is not None
        response._req.transport.abort()

    server = Server(drop, _tell(_change("ADDED", 102)))
    assert await _take(server, tmp_path, 3) == ["listed", "ADDED 101", "ADDED 102"]
    assert server.lists == 1
    assert server.from_versions[:2] == ["100", "101"]


async def test_a_version_too_old_has_the_list_read_anew(tmp_path: Path) -> None:
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
    server = Server(_tell(_change("ADDED", 101), gone), _tell(_change("ADDED", 201)))
    assert await _take(server, tmp_path, 4) == ["listed", "ADDED 101", "listed", "ADDED 201"]
    assert server.from_versions[:2] == ["100", "200"]


async def test_bookmarks_move_the_version_and_are_not_told(tmp_path: Path) -> None:
    server = Server(_tell(_change("BOOKMARK", 150)), _tell(_change("DELETED", 151)))
    assert await _take(server, tmp_path, 2) == ["listed", "DELETED 151"]
    assert server.from_versions[:2] == ["100", "150"]


async def test_an_object_of_any_size_comes_whole(tmp_path: Path) -> None:
    server = Server(_tell(_change("ADDED", 101, data="x" * 5_000_000)))
    assert await _take(server, tmp_path, 2) == ["listed", "ADDED 101"]


async def test_a_server_that_ends_each_watch_is_asked_with_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.0, 3600.0))
    third = asyncio.Event()

    async def end(_: web.StreamResponse, __: str) -> None:
        if len(server.from_versions) == 3:
            third.set()

    server = Server(*[end] * 10)
    task = asyncio.create_task(_take(server, tmp_path, 2))
    await third.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await task
    assert len(server.from_versions) == 3


async def test_a_refusal_for_good_is_raised(tmp_path: Path) -> None:
    app = web.Application()

    async def forbidden(_: web.Request) -> web.Response:
        return refusal(403, "pods is forbidden")

    app.router.add_get(PATH, forbidden)
    async with api_server(app, tmp_path) as (api, _):
        with pytest.raises(ApiError, match="forbidden"):
            await anext(watch(api, PATH))


async def test_a_server_that_stays_away_is_raised_in_the_end(tmp_path: Path) -> None:
    asked = 0
    app = web.Application()

    async def hang_up(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app.router.add_get(PATH, hang_up)
    async with api_server(app, tmp_path) as (api, _):
        with pytest.raises(UnreachableError):
            await anext(watch(api, PATH))
    assert 8 <= asked <= 20
