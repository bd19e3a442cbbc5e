"""Commands in containers whose engine takes no more of their input."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tui.clients import execution
from tui.clients.engine_api import connect
from tui.hosts.listen import listen
from tui.hosts.local import LocalHost

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.clients.execution import Execution

SAID = b"it is full\n"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "_STALLED", "_STATUS":
        monkeypatch.setattr(execution, name, 0.05)


class Engine:
    """An engine with one command, which has said something and reads nothing until it is told to."""

    def __init__(self) -> None:
        self.running = True
        self.reads = asyncio.Event()
        self.asked = asyncio.Event()
        self.received = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            length = 0
            while (header := await reader.readline()).strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            await reader.readexactly(length)
            if line.startswith(b"POST") and b"/start" in line:
                await self._run(reader, writer)
                return
            body = json.dumps(self._about(line.decode())).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)

    def _about(self, line: str) -> dict[str, object]:
        if "/exec/it/json" in line:
            self.asked.set()
            config = {"tty": False}
            return {"Running": self.running, "ExitCode": None if self.running else 1, "ProcessConfig": config}
        return {"Version": "20.10", "ApiVersion": "1.41", "Id": "it"}

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        writer.write(bytes((2, 0, 0, 0, 0, 0, 0, len(SAID))) + SAID)
        await self.reads.wait()
        while data := await reader.read(1 << 16):
            self.received += len(data)
        self.running = False


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def command(engine: Engine) -> AsyncIterator[Execution]:
    async with listen(engine.answer) as (host, port):
        here = LocalHost({"DOCKER_HOST": f"tcp://{host}:{port}"})
        async with connect(await here.engine()) as api, api.feed("node", ("ctr", "import")) as made:
            yield made


@pytest.mark.parametrize("size", [1 << 22, 0])
async def test_a_command_that_has_finished_is_not_fed_any_more(
    engine: Engine, command: Execution, size: int
) -> None:
    engine.running = False
    async with asyncio.timeout(5):
        await command.write(bytes(size))
        assert await command.finish() == (1, SAID.decode())
    assert engine.received == 0


async def test_a_command_that_takes_a_rest_gets_all(engine: Engine, command: Execution) -> None:
    writing = asyncio.create_task(command.write(bytes(1 << 22)))
    await engine.asked.wait()
    assert not writing.done()
    engine.reads.set()
    await writing
    assert await command.finish() == (1, SAID.decode())
    assert engine.received == 1 << 22
