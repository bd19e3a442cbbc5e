"""A command in a container, while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import ClientError

from tui.clients.engine_errors import LIBRARY, EngineLostError, explained

if TYPE_CHECKING:
    from aiodocker.execs import Exec
    from aiodocker.stream import Stream

_STATUS = 2.0  # seconds for the engine to know how a command finished
_LOOK = 0.05  # seconds between looks at that
_STALLED = 1.0  # seconds without a write after which it is asked whether the command has finished


class Execution:
    """A command in a container that reads what is written to it; see `EngineApi.feed`."""

    def __init__(self, command: Exec, stream: Stream) -> None:
        self._command = command
        self._stream = stream
        self._output = bytearray()
        self._written = False  # lately
        self._reading = asyncio.create_task(self._read())
        self._watching = asyncio.create_task(self._watch())

    @property
    def finished(self) -> bool:
        """Whether the command has finished, or the connection broke."""
        return self._reading.done()

    @property
    def _transport(self) -> asyncio.WriteTransport | None:
        """The open connection, which the library does not give out."""
        response = self._stream._resp
        return response.connection.transport if response and response.connection else None

    async def write(self, data: bytes) -> None:
        """Write to the command's input; what comes after its end is dropped."""
        if not self.finished and self._transport is not None:
            with contextlib.suppress(ConnectionError):  # it has finished, or `finish` tells of the loss
                await self._stream.write_in(data)
                self._written = True

    async def finish(self) -> tuple[int, str]:
        """End the command's input, and wait until it finishes.

        Returns:
            Its exit status, and its output and errors.

        Raises:
            EngineLostError: The connection broke.
        """
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()
        try:
            await self._reading
            async with asyncio.timeout(_STATUS):
                while True:
                    if not (found := await self._command.inspect())["Running"]:
                        break
                    await asyncio.sleep(_LOOK)
        except LIBRARY as error:
            raise explained(error) from error
        except TimeoutError as error:
            raise EngineLostError("a command in a container goes on unheard") from error
        return int(found["ExitCode"] or 0), self._output.decode(errors="replace")

    async def close(self) -> None:
        """Stop reading what the command prints."""
        tasks = {self._reading, self._watching}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _read(self) -> None:
        with contextlib.suppress(ClientError, OSError):  # the engine is asked how it finished
            while message := await self._stream.read_out():
                self._output += message.data

    async def _watch(self) -> None:
        """Break the connection to a finished command: Docker 20.10 holds it while there is input left."""
        while True:
            self._written = False
            await asyncio.wait({self._reading}, timeout=_STALLED)
            if self.finished:
                return
            if not self._written and not await self._is_running():
                await asyncio.wait({self._reading}, timeout=_STATUS)
                if self._transport is not None:
                    self._transport.abort()

    async def _is_running(self) -> bool:
        with contextlib.suppress(*LIBRARY, TimeoutError):
            return bool((await self._command.inspect())["Running"])
        return True
