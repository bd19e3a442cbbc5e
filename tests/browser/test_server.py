"""The server answers this machine alone, those alone who have its address, and says nothing to others."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.commands import bringup
from tui.browser.server import Shown, listen, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = Shown("<b>one & two</b>", ["false"])


@pytest.fixture
def address() -> Iterator[str]:
    with contextlib.closing(listen(None)) as listening, served(NOTHING, listening) as found:
        yield found


async def answer(url: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as told:
        return told.status, await told.text()


async def test_the_page_and_what_it_loads_come_from_here_alone(address: str) -> None:
    status, text = await answer(address)
    assert status == 200
    assert "<title>&lt;b&gt;one &amp; two&lt;/b&gt;</title>" in text
    assert "http" not in text
    assert f'"ws://{address.removeprefix("http://")}ws"' in text
    for name in (
        "page.js",
        "static/js/textual.js",
        "static/css/xterm.css",
        "static/fonts/RobotoMono-VariableFont_wght.ttf",
    ):
        assert name in text
        async with aiohttp.ClientSession() as session, session.get(address + name) as told:
            assert told.status == 200
            assert "default-src 'self'" in told.headers["Content-Security-Policy"]
    for name in (
        "static/../server.py",
        "static/js/..%2f..%2fserver.py",
        "static/css",
        "download/x",
        "static/",
    ):
        assert (await answer(address + name))[0] == 404


@pytest.mark.parametrize("path", ["", "ws", "page.js", "static/js/textual.js", "nowhere"])
async def test_without_the_whole_token_nothing_is_told(address: str, path: str) -> None:
    origin, token = address.rstrip("/").rsplit("/", 1)
    for wrong in ("", token[:-1], token + "x", token.swapcase(), "%00", "é", f"x/{token}"):
        status, text = await answer(f"{origin}/{wrong}/{path}", Origin=origin)
        assert (status, "printed" in text) == (403, True)
        assert token not in text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "x@localhost",
        "localhost:80'<b>",
        "[",
    ],
)
async def test_a_name_that_was_made_to_lead_here_gets_nothing(address: str, host: str) -> None:
    assert (await answer(address, Host=host))[0] == 403


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:80"])
async def test_a_port_that_is_forwarded_here_leads_here(address: str, host: str) -> None:
    status, text = await answer(address, Host=host)
    assert status == 200
    assert f"ws://{host}/" in text


async def test_another_page_cannot_open_the_socket(address: str) -> None:
    for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1"}):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(f"{address}ws", headers=origin)


async def test_a_dashboard_that_does_not_start_closes_its_page(address: str) -> None:
    origin = address.rsplit("/", 2)[0]
    url = f"{address}ws?width=x&height=-1"
    async with aiohttp.ClientSession() as session:
        page = await session.ws_connect(url, headers={"Origin": origin})
        assert (await page.receive(timeout=10)).type is aiohttp.WSMsgType.CLOSE
        await page.close()


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    with contextlib.closing(listen(None)) as listening:
        port = str(listening.getsockname()[1])
        taken = bringup(tmp_path, "serve", "--port", port)
    assert (taken.returncode, taken.stdout) == (2, "")
    assert f"error: port {port} of 127.0.0.1 cannot be listened on: Address already in use" in taken.stderr
    assert "hint: name another port" in taken.stderr
    for arguments, said in (
        (("nowhere",), "nowhere"),
        (("--control",), "--control needs --live"),
        (("--mode", "eager"), "--mode needs --live"),
        (("latest", "--live", "."), "name a RUN, or a plan"),
        (("--live", "nowhere.yaml"), "nowhere.yaml"),
    ):
        done = bringup(tmp_path, "serve", *arguments, XDG_STATE_HOME=str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
