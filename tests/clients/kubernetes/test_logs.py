from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.clients.kubernetes.peer import api_server, refusal
from tui.clients.kubernetes import logs
from tui.clients.kubernetes.logs import follow

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/api/v1/namespaces/default/pods/p/log"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PAUSE", 0.0)


async def _followed(folder: Path, *answers: bytes | int, drop: bool = False) -> tuple[list[str], list[str]]:
    """What is taken of a log that comes in several answers, and from when each was asked for."""
    since: list[str] = []
    lines: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        since.append(request.query.get("sinceTime", ""))
        content = answers[len(since) - 1]
        if isinstance(content, int):
            return refusal(content, "no")
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(content)
        if drop and len(since) < len(answers):
            assert request.transport is not None
            request.transport.close()
        return response

    app = web.Application()
    app.router.add_get(PATH, answer)
    async with api_server(app, folder) as (api, _):
        await follow(api, PATH, "app", lines.extend, lambda: len(since) < len(answers))
    return lines, since


async def test_lines_come_without_their_times(tmp_path: Path) -> None:
    lines, _ = await _followed(
        tmp_path, b"2026-01-01T00:00:00.1Z one\n2026-01-01T00:00:00.2Z \n2026-01-01T00:00:01.3Z two"
    )
    assert lines == ["one", "", "two"]


async def test_a_log_that_breaks_off_is_taken_up_without_telling_twice(tmp_path: Path) -> None:
    first = b"2026-01-01T00:00:00.100Z one\n2026-01-01T00:00:00.200Z two\n"
    second = b"2026-01-01T00:00:00.200Z two\n2026-01-01T00:00:00.300Z three\n"
    lines, since = await _followed(tmp_path, first, second, drop=True)
    assert lines == ["one", "two", "three"]
    assert since == ["", "2026-01-01T00:00:00.200Z"]


async def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    lines, _ = await _followed(tmp_path, b"2026-01-01T00:00:00.1Z caf\xc3\xa9 \xff!\n")
    assert lines == ["café \N{REPLACEMENT CHARACTER}!"]


async def test_a_line_of_any_length_is_cut(tmp_path: Path) -> None:
    lines, _ = await _followed(
        tmp_path, b"2026-01-01T00:00:00.1Z " + b"x" * 60_000 + b"\n2026-01-01T00:00:00.2Z end\n"
    )
    assert len(lines[0]) < 20_000
    assert "more characters" in lines[0]
    assert lines[-1] == "end"


async def test_a_container_that_is_gone_has_no_log(tmp_path: Path) -> None:
    lines, since = await _followed(tmp_path, 404, b"never asked for")
    assert lines == []
    assert len(since) == 1


async def test_a_server_in_trouble_is_asked_again(tmp_path: Path) -> None:
    lines, since = await _followed(tmp_path, 500, b"2026-01-01T00:00:00.1Z one\n")
    assert lines == ["one"]
    assert len(since) == 2
