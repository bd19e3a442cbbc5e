"""A `ProxyCommand`: a program whose input and output lead to a machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import PIPE, Process

_KEPT = 500  # bytes of what it says that are kept
_LAST_WORDS = 1.0  # seconds that it has for them once it leads nowhere any more


class Proxy:
    """A running `ProxyCommand`.

    The library would take what it says to standard error for the machine's answers.

    Attributes:
        socket: What leads to the machine, for the library, which closes it.
    """

    def __init__(self, process: Process, ours: socket.socket) -> None:
        self._process = process
        self.socket = ours
        self._said = b""
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    async def start(cls, command: str) -> Proxy:
        """Start it by the user's shell, as `ssh` does.

        Raises:
            OSError: There is no such shell.
        """
        argv = (os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {command}")
        ours, theirs = socket.socketpair()
        with theirs:
            end = theirs.fileno()
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv, stdin=end, stdout=end, stderr=PIPE, start_new_session=True
                )
            except BaseException:
                ours.close()
                raise
        return cls(process, ours)

    async def said(self) -> str:
        """Return the last that it has said, if it says something before long."""
        await asyncio.wait({self._listening}, timeout=_LAST_WORDS)
        return " ".join(self._said.decode(errors="replace").split())

    def end(self) -> None:
        """End it, with what it has started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGTERM)

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(_KEPT):
            self._said = (self._said + data)[-_KEPT:]
