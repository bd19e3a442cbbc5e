"""`bringup serve` as a program: one run, seen and given commands by pages, and ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.chromium import browsing, needs_chromium, tab, wrong
from tests.commands import BRINGUP
from tests.processes import PROC, children, is_running, needs_proc
from tui.run.journal import read_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from tui.run.state import RunState

PLAN = """
apiVersion: bringup/v1
name: small
phases:
  - id: one
    tasks:
      - {id: first, title: The first, steps: [{kind: command, shell: "sleep 60"}]}
      - {id: second, title: The second, needs: [first], steps: [{kind: command, shell: "true"}]}
"""


DRAWN = 20_000
"""The size of a picture from which on a page shows more than an empty screen, in base64."""


class Served:
    """A run that is served, and the server's process."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "small.yaml").write_text(PLAN)
        self._folder = folder
        self.process = subprocess.Popen(
            [*BRINGUP, "serve", "--live", "small.yaml", *options],
            cwd=folder,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = re.findall(r"http://\S+/", self.process.stdout.readline())[0]
        self.origin, self.token = self.address.rstrip("/").rsplit("/", 1)

    def state(self) -> RunState:
        """The run, as far as its journal goes."""
        return read_state(next((self._folder / "bringup" / "runs").glob("*/events.jsonl")).parent)

    @contextlib.asynccontextmanager
    async def page(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with aiohttp.ClientSession() as session:
            url = f"{self.address}ws?width=100&height=30"
            async with session.ws_connect(url, headers={"Origin": self.origin}) as found:
                yield found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[str]:
    with browsing(tmp_path) as address:
        yield address


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serves a run with some options; the server is killed in the end, if it still goes on."""
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Served:
            served = Served(tmp_path, *options)
            stack.callback(served.process.communicate)
            stack.callback(served.process.kill)
            return served

        yield start


async def shows(page: aiohttp.ClientWebSocketResponse, text: str) -> None:
    seen = ""
    while text not in seen:
        message = await page.receive(timeout=20)
        assert message.type is aiohttp.WSMsgType.BINARY, seen
        seen += message.data.decode()


def viewing(pids: list[int]) -> list[int]:
    """Those of some processes that draw for a page."""
    return [pid for pid in pids if b"show" in (PROC / str(pid) / "cmdline").read_bytes()]


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@needs_proc
@pytest.mark.programs
async def test_many_look_on_and_may_command_and_all_ends_with_it(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = await asyncio.to_thread(serve, "--control")

    def told_to_others() -> list[bytes]:
        """What other processes and files hold."""
        pids = (served.process.pid, *below)
        held = [(PROC / str(pid) / name).read_bytes() for pid in pids for name in ("cmdline", "environ")]
        return held + [path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()]

    async with served.page() as one, served.page() as other:
        await asyncio.gather(shows(one, "The first"), shows(other, "The first"))
        await one.send_json(["stdin", "p"])  # a page keeps it until it follows the run
        await until(lambda: served.state().paused)
        below = await asyncio.to_thread(children, served.process.pid)
        assert len(await asyncio.to_thread(viewing, below)) == 2
        assert not [held for held in await asyncio.to_thread(told_to_others) if served.token.encode() in held]
        await other.send_json(["stdin", "q"])  # leaves the page, not the run
        while (await other.receive(timeout=20)).type is not aiohttp.WSMsgType.CLOSE:
            pass
        served.process.send_signal(signal.SIGINT)
        said, _ = await asyncio.to_thread(served.process.communicate, timeout=20)
    assert served.process.returncode == 130
    assert "cancelled" in said
    assert not await asyncio.to_thread(lambda: [pid for pid in below if is_running(pid)])


@needs_proc
@pytest.mark.programs
async def test_who_only_looks_on_changes_nothing(serve: Callable[..., Served]) -> None:
    served = await asyncio.to_thread(serve)
    async with served.page() as page:
        await shows(page, "The first")
        await page.send_json(["stdin", "p?"])
        await shows(page, "Start nothing more, or go on")  # by `?`, which came after `p`
        assert not (await asyncio.to_thread(served.state)).paused
        below = await asyncio.to_thread(children, served.process.pid)
        viewers = await asyncio.to_thread(viewing, below)
        assert len(viewers) == 1
        served.process.kill()
        await until(lambda: not any(is_running(pid) for pid in viewers))
    for pid in below:  # the step's own program, which nobody could stop
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def became(name: str) -> str:
    """A script that waits until the page has a class."""
    has = f"document.body.classList.contains('{name}')"
    return f"new Promise(done => {{const look = () => {has} ? done() : setTimeout(look, 50); look()}})"


@needs_chromium
@pytest.mark.e2e
async def test_it_is_seen_and_typed_at_in_a_browser(serve: Callable[..., Served], browser: str) -> None:
    served = await asyncio.to_thread(serve, "--control")
    async with tab(browser) as page:
        await page.open(served.address)
        await page.run(became("-first-byte"))
        while not (await asyncio.to_thread(served.state)).cancelling:  # until then no run may be on the page
            await page.tell("Input.insertText", text="X")
            await page.run("new Promise(done => setTimeout(done, 200))")
            await page.tell("Input.insertText", text="y")
        assert len((await page.tell("Page.captureScreenshot"))["data"]) > DRAWN
        asked = [m["params"] for m in page.said if m["method"] == "Network.requestWillBeSent"]
        assert {each["request"]["url"].startswith(served.address) for each in asked} == {True}
        assert [each for each in wrong(page) if "ping=" not in str(each)] == []
        await page.tell("Input.insertText", text="q")
        await page.run(became("-closed"))
        assert "Open it again" in await page.run("document.body.innerText")
