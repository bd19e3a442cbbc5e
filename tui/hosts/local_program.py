"""A program on this machine: its output as lines, its end, and the end of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from tui.hosts.lines import LineOutput
from tui.hosts.processes import list_family, list_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import PurePath

_GRACE = 1.5  # seconds between asking a cancelled group to end and killing it
_REAP = 0.4  # seconds for a killed group to be gone
_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_LOOKS = 10  # at every so many, zombies are looked for
_POLL = 0.02  # seconds between looks at a group that is ending


class Program(asyncio.Protocol):
    """A running program, in a session of its own.

    The event loop's own subprocesses do not tell what CPU time they used: this one is started and waited for
    here.

    Attributes:
        group: Its process group and session, which are the program's process number.
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
            await gone({self.group}, _DRAIN)
        processes = await asyncio.to_thread(list_processes)
        names = [
            f"{each.name} ({each.number})"
            for each in processes
            if each.session == self.group and not each.has_ended
        ]
        return ", ".join(names) or ("" if self._silent.done() else "a process of a session of its own")

    async def end(self) -> None:
        """Terminate all that it started and that has not become a daemon, by SIGTERM first."""
        groups = {self.group}
        try:
            groups |= await asyncio.to_thread(groups_of, self.group)
            send_signal(groups, signal.SIGTERM)
            await gone(groups, _GRACE)
        finally:  # also where this itself is cancelled
            send_signal(groups, signal.SIGKILL)
            await gone(groups, _REAP)
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


def groups_of(session: int) -> set[int]:
    """Return the groups of a program's session and of its descendants: `timeout` makes one; blocks."""
    groups = {process.group for process in list_family(session)}
    return groups - {0, 1}  # a signal to which would be one to far more


def send_signal(groups: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to all of some process groups, those that there are."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left that takes one
            os.killpg(group, number)


async def gone(groups: set[int], patience: float) -> None:
    """Wait, for some seconds at most, until no process of some groups runs any more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience  # by the clock: on a busy machine each look takes longer
    number = 0
    while loop.time() < deadline and any(map(_exists, groups)):
        number += 1
        if number % _LOOKS == 0 and await asyncio.to_thread(_are_dead, groups):
            return
        await asyncio.sleep(_POLL)


def _exists(group: int) -> bool:
    """Return whether a group has a process, be it a zombie."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, 0)
        return True
    return False


def _are_dead(groups: set[int]) -> bool:
    """Return whether all of some groups are zombies: in containers without an init they stay."""
    return all(process.has_ended for process in list_processes() if process.group in groups)
