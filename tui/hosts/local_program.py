"""A program on this machine: its output as lines, its end, and the end of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.lines import LineOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath

_GRACE = 1.5  # seconds between asking a cancelled group to end and killing it
_REAP = 0.4  # seconds for a killed group to be gone
_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_LOOKS = 10  # at every so many, zombies are looked for
_POLL = 0.02  # seconds between looks at a group that is ending


class Program(asyncio.Protocol):
    """A running program, and the process group of all that it started.

    The event loop's own subprocesses do not tell what CPU time they used: this one is started and waited for
    here.

    Attributes:
        group: The process group, which is the program's process number.
        cpu: CPU seconds of the program and of what it waited for, once it has finished.
    """

    def __init__(self, on_lines: Callable[[list[str]], None] | None, groups: set[int]) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._groups = groups
        self._exited: asyncio.Future[None] = loop.create_future()
        self._silent: asyncio.Future[None] = loop.create_future()
        self._output = LineOutput(on_lines, lambda: _settle(self._exited))
        self._pipe: asyncio.ReadTransport | None = None
        self.cpu = 0.0

    async def start(self, argv: Sequence[str], env: Mapping[str, str], directory: PurePath | None) -> None:
        """Start it.

        Raises:
            OSError: It cannot be started.
        """
        started: asyncio.Future[None] = self._loop.create_future()
        carry_out = functools.partial(self._carry_out, started, argv, env, directory)
        threading.Thread(target=carry_out, name="program", daemon=True).start()
        await started
        self.group = self._process.pid
        self._groups.add(self.group)
        self._pipe, _ = await self._loop.connect_read_pipe(lambda: self, self._process.stdout)

    def _carry_out(
        self,
        started: asyncio.Future[None],
        argv: Sequence[str],
        env: Mapping[str, str],
        directory: PurePath | None,
    ) -> None:
        """Start the program and wait for it, on a thread of its own."""
        try:
            self._process = subprocess.Popen(
                argv,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=directory,
                start_new_session=True,
            )
        except BaseException as error:  # it is raised where the program is awaited
            self._tell(_settle, started, error)
            return
        self._tell(_settle, started)
        _, status, used = os.wait4(self._process.pid, 0)
        self._tell(self._reaped, status, used.ru_utime + used.ru_stime)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call, *arguments)

    def _reaped(self, status: int, cpu: float) -> None:
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = cpu
        _settle(self._exited)
        if self._pipe is not None:
            self._pipe.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Take output."""
        self._rest(self._output.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the output has ended."""
        _settle(self._silent)

    async def finish(self) -> int:
        """Wait for the program and, for a bounded time, for the end of its output; return its exit status."""
        await self._exited
        if self._output.error is None:
            await asyncio.wait({self._silent}, timeout=_DRAIN)
            self._output.close()
        if self._output.error is not None:
            raise self._output.error
        assert self._process.returncode is not None
        return self._process.returncode

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
        """Close the pipe."""
        self._groups.discard(self.group)
        if self._pipe is not None:
            self._pipe.close()

    def _rest(self, seconds: float) -> None:
        """Let output gather in the pipe while the program runs; one that prints more than it holds waits."""
        if self._pipe is not None and not self._exited.done():
            self._pipe.pause_reading()
            self._loop.call_later(seconds, self._pipe.resume_reading)


def _settle(future: asyncio.Future[None], error: BaseException | None = None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
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
