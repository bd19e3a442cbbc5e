"""The page in a real browser: it draws itself, loads nothing, and answers pointer, keys and search."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.export.making import HOSTILE, came_up, exported, hostile
from tui.export import find_export

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


class Tab:
    """A browser's page, driven over its debugging protocol; `said` is what it reported."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)
        self.said: list[dict[str, Any]] = []

    async def tell(self, method: str, **params: Any) -> Any:
        id_ = next(self._ids)
        await self._socket.send_json({"id": id_, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=20)
            if message.get("id") == id_:
                assert "error" not in message, message
                return message["result"]
            self.said.append(message)

    async def run(self, script: str) -> Any:
        """The value of a script, in the page."""
        told = await self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def open(self, page: Path) -> None:
        for domain in ("Runtime", "Log", "Network", "Page"):
            await self.tell(f"{domain}.enable")
        await self.tell("Page.navigate", url=page.as_uri())
        while self.said[-1]["method"] != "Page.loadEventFired":
            self.said.append(await self._socket.receive_json(timeout=20))


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, Path]:
    """The pages of a run that came up, and of one whose texts are hostile."""
    found = {}
    for name, events in (("up", came_up()), ("hostile", hostile())):
        found[name] = tmp_path / f"{name}.html"
        found[name].write_bytes(find_export("html").of(exported(events, tmp_path / name, good=True)))
    return found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[str]:
    """A browser without a window, and its address for debuggers."""
    assert CHROMIUM is not None
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = ["--headless", "--disable-gpu", *root, "--remote-debugging-port=0", "--window-size=1200,900"]
    argv = [CHROMIUM, *options, f"--user-data-dir={tmp_path / 'profile'}", "about:blank"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True) as started:
        assert started.stderr is not None
        line = next(line for line in started.stderr if line.startswith("DevTools listening on "))
        yield f"http://{urlsplit(line.split()[-1]).netloc}"
        os.killpg(started.pid, signal.SIGTERM)


@asynccontextmanager
async def tab(browser: str) -> AsyncIterator[Tab]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{browser}/json/list") as answer:
            targets = await answer.json()
        address = next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            yield Tab(socket)


async def test_it_works_in_a_browser_and_asks_for_nothing(pages: dict[str, Path], browser: str) -> None:
    file = pages["up"]
    async with tab(browser) as page:
        await page.open(file)
        width = "document.querySelector('.axis .track').getBoundingClientRect().width"
        before = await page.run(width)
        await page.run("document.querySelector('#in').click()")
        assert await page.run(width) > 1.9 * before
        await page.run("document.querySelector('#fit').click()")
        assert await page.run(width) == before
        x, y = await page.run(
            "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
            "(document.querySelector('.bar').getBoundingClientRect())"
        )
        await page.tell("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        assert "a: succeeded\n0:00 – 0:10, 10.0s" in await page.run(
            "document.querySelector('#tip').textContent"
        )
        assert await page.run("document.querySelector('#at').dataset.time") == "0:05.0"
        await page.run("document.querySelector('#folds').click()")
        assert await page.run("document.querySelectorAll('details.task[open]').length") == 3
        search = "s => {const i = document.querySelector('#search'); i.value = s; i.oninput()}"
        await page.run(f"({search})('team')")
        await page.run("new Promise(done => setTimeout(done, 300))")
        assert await page.run("document.querySelector('#found').textContent") == "1 line"
        assert await page.run("document.querySelector('mark').textContent") == "team"
        shown = "[...document.querySelectorAll('.log .line')].filter(l => l.offsetParent).length"
        assert await page.run(shown) == 1
        asked = [
            m["params"]["request"]["url"] for m in page.said if m["method"] == "Network.requestWillBeSent"
        ]
        assert asked == [file.as_uri()]
        assert wrong(page) == []


async def test_hostile_texts_do_nothing_in_a_browser(pages: dict[str, Path], browser: str) -> None:
    async with tab(browser) as page:
        await page.open(pages["hostile"])
        assert "alert(1)" in await page.run("document.querySelector('h1').textContent")
        assert await page.run("document.querySelectorAll('img, .log b, .log a').length") == 0
        moved = "new PointerEvent('pointermove', {bubbles: true, clientX: 500, clientY: 200})"
        await page.run(f"document.querySelectorAll('[data-tip]').forEach(bar => bar.dispatchEvent({moved}))")
        log = json.dumps(HOSTILE[0])
        assert await page.run(f"[...document.querySelectorAll('.line')].some(l => l.textContent === {log})")
        assert wrong(page) == []


def wrong(page: Tab) -> list[dict[str, Any]]:
    """What a page reported that should not be: errors, dialogs, what its policy forbade."""
    bad = {
        "Runtime.exceptionThrown",
        "Log.entryAdded",
        "Page.javascriptDialogOpening",
        "Runtime.consoleAPICalled",
    }
    return [message for message in page.said if message["method"] in bad]
