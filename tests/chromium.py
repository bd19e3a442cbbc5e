"""Pages in a real browser, driven over its debugging protocol."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


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

    async def open(self, url: str) -> None:
        for domain in ("Runtime", "Log", "Network", "Page"):
            await self.tell(f"{domain}.enable")
        await self.tell("Page.navigate", url=url)
        while self.said[-1]["method"] != "Page.loadEventFired":
            self.said.append(await self._socket.receive_json(timeout=20))


@contextmanager
def browsing(folder: Path) -> Iterator[str]:
    """A browser without a window, and its address for debuggers."""
    assert CHROMIUM is not None
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = [
        "--headless",
        "--disable-gpu",
        "--enable-unsafe-swiftshader",
        *root,
        "--remote-debugging-port=0",
        "--window-size=1200,900",
    ]
    argv = [CHROMIUM, *options, f"--user-data-dir={folder / 'profile'}", "about:blank"]
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


def wrong(page: Tab) -> list[dict[str, Any]]:
    """What a page reported that should not be: errors, dialogs, what its policy forbade."""
    bad = {
        "Runtime.exceptionThrown",
        "Log.entryAdded",
        "Page.javascriptDialogOpening",
        "Runtime.consoleAPICalled",
    }
    return [message for message in page.said if message["method"] in bad]
