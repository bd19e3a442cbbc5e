"""Ports and sockets of every host."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tui.hosts.host import Host


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that says again what it is told, until it is told no more."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def through_port(port: int, data: bytes) -> bytes:
    return await _exchange(*await asyncio.open_connection("127.0.0.1", port), data)


async def through_socket(path: str, data: bytes) -> bytes:
    return await _exchange(*await asyncio.open_unix_connection(path), data)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    async def send() -> None:
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    try:
        return await reader.read(-1)
    finally:
        await sending
        writer.close()


async def test_a_port_leads_there(host: Host, echo: int) -> None:
    assert await through_port(await host.forward(echo), b"hello") == b"hello"


async def test_much_goes_through_a_port_and_many_at_once(host: Host, echo: int) -> None:
    port = await host.forward(echo)
    data = [bytes([number]) * 300_000 for number in range(5)]
    assert await asyncio.gather(*(through_port(port, each) for each in data)) == data


async def test_the_way_to_a_port_is_one(host: Host, echo: int) -> None:
    ports = await asyncio.gather(*(host.forward(echo) for _ in range(3)))
    assert len(set(ports)) == 1


async def test_a_port_keeps_its_number_if_that_is_free(host: Host) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert await host.forward(port) == port


async def test_forwards_are_listed(host: Host, echo: int) -> None:
    assert dict(host.forwards) == {}
    port = await host.forward(echo, "localhost")
    assert dict(host.forwards) == ({} if host.shares_loopback else {port: ("localhost", echo)})


async def test_a_port_where_nobody_listens_closes(host: Host, echo: int) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        port = await host.forward(silent.getsockname()[1])
        with contextlib.suppress(ConnectionError):
            assert await through_port(port, b"") == b""
    assert await through_port(await host.forward(echo), b"hello") == b"hello"


async def test_a_socket_leads_to_a_port_there(host: Host, echo: int) -> None:
    path = await host.socket(echo)
    if host.shares_loopback:
        assert path is None
        return
    assert path is not None
    assert await host.socket(echo) == path
    assert await through_socket(str(path), b"x" * 300_000) == b"x" * 300_000
    mode = await asyncio.to_thread(lambda: path.parent.stat().st_mode)
    assert mode & 0o777 == 0o700
    assert dict(host.forwards) == {}


async def test_forwards_end_with_the_host(remote: Host, echo: int) -> None:
    port, path = await remote.forward(echo), await remote.socket(echo)
    await remote.close()
    assert path is not None
    assert not await asyncio.to_thread(path.parent.exists)
    with pytest.raises(ConnectionRefusedError):
        await through_port(port, b"")
