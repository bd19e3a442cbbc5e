"""A program on a machine over SSH, and the process group of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from typing import TYPE_CHECKING

import asyncssh

from tui.hosts.lines import LineOutput
from tui.hosts.ssh.remote_shell import GRACE, request, wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath

_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_REAP = 3.0  # seconds more than the group is given, for its end to be reported
_STRANGE = 5  # lines that are kept of what a login shell prints in place of running the wrapper
_LONGEST = 500  # bytes that are kept of such output
_TIMES = re.compile(
    r"(\d+)m([\d.,]+)s (\d+)m([\d.,]+)s"
)  # user and system, as `times` of a shell prints them
_SIGNALLED = range(129, 193)  # a shell's exit statuses for what a signal ended


class LostError(Exception):
    """The connection was lost before the program ended."""


class NoShellError(Exception):
    """The login shell runs no commands; the cause quotes what it printed."""


class Program(asyncssh.SSHClientSession[bytes]):
    """A running program.

    Attributes:
        group: Its process group there and when that was started, once they are known.
        left: What it has left running in the background, if it has.
        cpu: CPU seconds of it and of what it waited for, once it has finished.
    """

    def __init__(
        self,
        argv: Sequence[str],
        directory: PurePath | None,
        on_lines: Callable[[list[str]], None] | None,
    ) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._argv = argv
        self._directory = directory
        self._mark = f"bringup-{secrets.token_hex(8)}"
        self._ahead: bytes | None = b""  # the last of what comes ahead of the mark; None once that has come
        self._errors = b""
        self._reached = ""  # how far the wrapper has come, in its own words
        self._strange: list[str] = []  # what was said in place of the wrapper's words
        self._output = LineOutput(on_lines, lambda: self._settle(self._exited))
        self._status: int | None = None
        self._exited: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self.group: tuple[str, str] | None = None
        self.left = ""
        self.cpu = 0.0

    @classmethod
    async def start(
        cls,
        connection: asyncssh.SSHClientConnection,
        argv: Sequence[str],
        env: Mapping[str, str],
        directory: PurePath | None,
        on_lines: Callable[[list[str]], None] | None,
        keep: bool = False,
    ) -> Program:
        """Start a program; see `Host.run`, and for `keep` see `request`.

        Raises:
            asyncssh.ChannelOpenError: The machine allows no further session.
        """
        program = cls(argv, directory, on_lines)
        channel, _ = await connection.create_session(
            lambda: program, wrapper(program._mark), encoding=None, env={}, send_env=[], request_pty=False
        )
        with contextlib.suppress(OSError):  # it has ended already, as `finish` reports
            channel.write(request(program._mark, argv, env, directory, keep))
        return program

    # Called by the library

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Keep the opened channel."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Take output; the error stream carries the wrapper's reports."""
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            *lines, rest = (self._errors + data).split(b"\n")
            self._errors = rest[-_LONGEST:]
            for line in lines:
                self._take_report(line[-_LONGEST:].decode(errors="replace"))
            return
        if self._ahead is not None:
            before, found, data = (self._ahead + data).partition(f"{self._mark}\n".encode())
            self._ahead = None if found else before[-_LONGEST:]
        if self._ahead is None:
            self._rest(self._output.feed(data))

    def exit_status_received(self, status: int) -> None:
        """Keep the shell's exit status."""
        self._status = 128 - status if status in _SIGNALLED else status
        self._settle(self._exited)

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Keep the signal that killed the shell itself."""
        self._status = -9
        self._settle(self._exited)

    def eof_received(self) -> bool:
        """Keep the input open: its end would end the program."""
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the channel is closed, for whatever reason."""
        self._settle(self._exited)
        self._settle(self._closed)

    # Called by whoever started it

    async def finish(self) -> int:
        """Wait for the program and, for a bounded time, for the end of its output; return its exit status.

        Raises:
            LostError: The connection was lost first.
            FileNotFoundError: The program, or the directory, does not exist.
            PermissionError: It may not be run.
            NoShellError: The login shell runs no commands.
        """
        await self._exited
        if self._output.error is None:
            self._channel.resume_reading()
            await asyncio.wait({self._closed}, timeout=0 if self.left else _DRAIN)
            self._output.close()
        if self._output.error is not None:
            raise self._output.error
        if self._status is None:
            raise LostError
        self._check_started()
        return self._status

    async def end(self) -> None:
        """Terminate the whole group, by SIGTERM first."""
        self._output.stop()
        with contextlib.suppress(OSError):  # the channel is closed already
            self._channel.resume_reading()
            self._channel.write_eof()
        await asyncio.wait({self._closed}, timeout=GRACE + _REAP)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    @property
    def ended(self) -> bool:
        """Whether its end has been reported."""
        return self._status is not None

    def _take_report(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if line.endswith(self._mark):  # what a start-up file has said may have no end of its own
            self._reached = "started"
        elif not self._reached:
            self._strange = [*self._strange[-_STRANGE:], line]
        elif self._reached and word in ("directory", "absent", "denied"):
            self._reached = word
        elif self._reached and word == "left":
            status, _, self.left = rest.partition(" ")
            self.exit_status_received(int(status))
        elif self._reached and word == "group":
            number, _, start = rest.partition(" ")
            self.group = (number, start)
        elif used := _TIMES.fullmatch(line):  # of the shell itself, then of what it waited for
            parts = [float(part.replace(",", ".")) for part in used.groups()]
            self.cpu = 60 * (parts[0] + parts[2]) + parts[1] + parts[3]

    def _check_started(self) -> None:
        if not self._reached:
            output = ((self._ahead or b"") + b" " + self._errors).decode(errors="replace")
            raise NoShellError(" ".join((*self._strange, *output.split())))
        if self._reached == "directory":
            raise FileNotFoundError(2, "no such directory", str(self._directory))
        if self._reached == "absent":
            raise FileNotFoundError(2, "no such program", self._argv[0])
        if self._reached == "denied":
            raise PermissionError(13, "permission denied", self._argv[0])

    def _rest(self, seconds: float) -> None:
        """Let output gather on its way; a program that prints more than fits waits."""
        if not self._exited.done():
            self._channel.pause_reading()
            self._loop.call_later(seconds, self._channel.resume_reading)

    @staticmethod
    def _settle(future: asyncio.Future[None]) -> None:
        if not future.done():
            future.set_result(None)
