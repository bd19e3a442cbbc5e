"""A port of this machine whose connections are carried somewhere else."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

CHUNK = 1 << 16
"""Bytes that are carried at once."""


@contextlib.asynccontextmanager
async def listen(
    carry: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], port: int = 0
) -> AsyncIterator[tuple[str, int]]:
    """Open a port of this machine's loopback; it and its connections are closed when the block ends.

    Args:
        carry: Carries a connection, which is closed when this returns.
        port: The port; 0 for any that is free.

    Yields:
        Host and port to connect to.

    Raises:
        OSError: The port cannot be had.
    """
    connections: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # a coroutine of the server runs in one
        connections.add(task)
        try:
            await carry(reader, writer)
        except asyncio.CancelledError:
            pass  # only this block's end cancels it
        finally:
            connections.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(take, "127.0.0.1", port, limit=CHUNK)
    try:
        host, number = server.sockets[0].getsockname()
        yield host, number
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
