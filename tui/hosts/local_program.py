"""A program on this machine: its output as lines, its end, and the end of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.lines import LineOutput

if TYPE_CHECKING:
    from collections.abc import Callable

_GRACE = 1.5  # seconds between asking a cancelled group to end and killing it
_REAP = 0.4  # seconds for a killed group to be gone
_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_LOOKS = 10  # at every so many, zombies are looked for
_POLL = 0.02  # seconds between looks at a group that is ending


class Program(asyncio.SubprocessProtocol):
    """A running program, and the process group of all that it started."""

    def __init__(self, on_lines: Callable[[list[str]], None] | None, groups: set[int]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._groups = groups
        self._exited: asyncio.Future[None] = loop.create_future()
        self._silent: asyncio.Future[None] = loop.create_future()
        self._output = LineOutput(on_lines, lambda: _settle(self._exited))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that the program has started."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        pipe = transport.get_pipe_transport(1)
        self._pipe = pipe if isinstance(pipe, asyncio.ReadTransport) else None
        self.group = transport.get_pid()
        self._groups.add(self.group)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take output."""
        self._rest(self._output.feed(data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Note that the output has ended."""
        if fd == 1:
            _settle(self._silent)

    def process_exited(self) -> None:
        """Note that the program has finished."""
        _settle(self._exited)
        if self._pipe is not None:
            self._pipe.resume_reading()

    async def finish(self) -> int:
        """Wait for the program and, for a bounded time, for the end of its output; return its exit status."""
        await self._exited
        if self._output.error is None:
            await asyncio.wait({self._silent}, timeout=_DRAIN)
            self._output.close()
        if self._output.error is not None:
            raise self._output.error
        status = self._transport.get_returncode()
        assert status is not None
        return status

    async def outlived(self) -> str:
        """Return what goes on although the program has finished, as `sleep (4711)`, if anything does."""
        if self._silent.done():
            await _gone(self.group, _DRAIN)
        names = await asyncio.to_thread(_members, self.group)
        return names or ("" if self._silent.done() else "a process of a session of its own")

    async def end(self) -> None:
        """Terminate the whole group, by SIGTERM first."""
        try:
            send_signal(self.group, signal.SIGTERM)
            await _gone(self.group, _GRACE)
        finally:  # also where this itself is cancelled
            send_signal(self.group, signal.SIGKILL)
            await _gone(self.group, _REAP)
            await asyncio.wait({self._exited}, timeout=_REAP)
            self.close()

    def close(self) -> None:
        """Close the pipes."""
        self._groups.discard(self.group)
        self._transport.close()

    def _rest(self, seconds: float) -> None:
        """Let output gather in the pipe while the program runs; one that prints more than it holds waits."""
        if self._pipe is not None and not self._exited.done():
            self._pipe.pause_reading()
            self._loop.call_later(seconds, self._pipe.resume_reading)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def send_signal(group: int, number: signal.Signals) -> None:
    """Send a signal to all of a process group, if there is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left that takes one
        os.killpg(group, number)


async def _gone(group: int, patience: float) -> None:
    """Wait, for some seconds at most, until no process of a group runs any more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience  # by the clock: on a busy machine each look takes longer
    number = 0
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while loop.time() < deadline:
            number += 1
            os.killpg(group, 0)
            if number % _LOOKS == 0 and await asyncio.to_thread(_is_dead, group):
                return
            await asyncio.sleep(_POLL)


def _members(group: int) -> str:
    """Return the processes of a group that still do something, with their numbers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has gone meanwhile
            before, _, after = stat.read_text(errors="replace").rpartition(")")
            state, _, its, *_ = after.split()
            if int(its) == group and state not in "ZX":
                found.append(f"{before.partition('(')[2]} ({stat.parent.name})")
    return ", ".join(found)


def _is_dead(group: int) -> bool:
    """Return whether all of a group are zombies: in containers without an init they stay."""
    found = False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has gone meanwhile
            state, _, its, *_ = stat.read_text(errors="replace").rpartition(")")[2].split()
            if int(its) == group:
                found = True
                if state not in "ZX":
                    return False
    return found
