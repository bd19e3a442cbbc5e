"""A program on the other machine: its output as lines, its end, and the end of all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

import asyncssh

from tui.hosts.lines import LineOutput
from tui.hosts.ssh.remote_shell import GRACE, request, wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath

_DRAIN = 1.0  # seconds that output may outlive its program: a daemon keeps it open for ever
_REAP = 3.0  # seconds more than the group is given, for the other machine to say that it is gone
_STRANGE = 5  # lines of what a login shell says that runs nothing
_LONGEST = 500  # bytes that are kept of what it says
_SIGNALLED = range(129, 193)  # a shell's statuses for what a signal has ended


class LostError(Exception):
    """The connection ended before the program did."""


class NoShellError(Exception):
    """The login shell runs no commands; with what it said."""


class Program(asyncssh.SSHClientSession[bytes]):
    """A running program.

    Attributes:
        group: Its process group there and when that was started, once they are known.
        left: What it has left running in the background, if it has.
    """

    def __init__(
        self,
        argv: Sequence[str],
        folder: PurePath | None,
        on_lines: Callable[[list[str]], None] | None,
    ) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._argv = argv
        self._folder = folder
        self._mark = f"bringup-{secrets.token_hex(8)}"
        self._ahead: bytes | None = b""  # the last of what comes ahead of the mark; None once that has come
        self._told = b""
        self._standing = ""  # how far the wrapper has come, in its own words
        self._strange: list[str] = []  # what was said in place of the wrapper's words
        self._output = LineOutput(on_lines, lambda: self._settle(self._exited))
        self._status: int | None = None
        self._exited: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self.group: tuple[str, str] | None = None
        self.left = ""

    @classmethod
    async def start(
        cls,
        connection: asyncssh.SSHClientConnection,
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: PurePath | None,
        on_lines: Callable[[list[str]], None] | None,
        keep: bool = False,
    ) -> Program:
        """Starts a program; see `Host.run`, and for `keep` see `request`.

        Raises:
            asyncssh.ChannelOpenError: The other machine allows no further session.
        """
        program = cls(argv, folder, on_lines)
        channel, _ = await connection.create_session(
            lambda: program, wrapper(program._mark), encoding=None, env={}, send_env=[], request_pty=False
        )
        with contextlib.suppress(OSError):  # it has ended already, of which its end tells
            channel.write(request(program._mark, argv, env, folder, keep))
        return program

    # What the library tells

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Takes the channel."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Takes output; what comes as errors is the wrapper's own."""
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            *lines, told = (self._told + data).split(b"\n")
            self._told = told[-_LONGEST:]
            for line in lines:
                self._heed(line[-_LONGEST:].decode(errors="replace"))
            return
        if self._ahead is not None:
            before, found, data = (self._ahead + data).partition(f"{self._mark}\n".encode())
            self._ahead = None if found else before[-_LONGEST:]
        if self._ahead is None:
            self._rest(self._output.feed(data))

    def exit_status_received(self, status: int) -> None:
        """Takes the shell's status."""
        self._status = 128 - status if status in _SIGNALLED else status
        self._settle(self._exited)

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Takes the end of the shell itself."""
        self._status = -9
        self._settle(self._exited)

    def eof_received(self) -> bool:
        """Leaves our direction open: only its end would end the program."""
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Takes the end of the channel, whatever it comes of."""
        self._settle(self._exited)
        self._settle(self._closed)

    # For whom has started it

    async def finish(self) -> int:
        """Waits for the end of the program and, for a bounded time, of its output.

        Raises:
            LostError: The connection ended first.
            FileNotFoundError: There is no such program, or folder.
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
        """Ends the whole group: asked to first, then killed."""
        self._output.stop()
        with contextlib.suppress(OSError):  # the channel is closed already
            self._channel.resume_reading()
            self._channel.write_eof()
        await asyncio.wait({self._closed}, timeout=GRACE + _REAP)

    def close(self) -> None:
        """Lets go of the channel."""
        self._channel.close()

    @property
    def ended(self) -> bool:
        """Whether the other machine has said that it has ended."""
        return self._status is not None

    def _heed(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if line.endswith(self._mark):  # what a start-up file has said may have no end of its own
            self._standing = "started"
        elif not self._standing:
            self._strange = [*self._strange[-_STRANGE:], line]
        elif self._standing and word in ("folder", "absent", "denied"):
            self._standing = word
        elif self._standing and word == "left":
            status, _, self.left = rest.partition(" ")
            self.exit_status_received(int(status))
        elif self._standing and word == "group":
            number, _, start = rest.partition(" ")
            self.group = (number, start)

    def _check_started(self) -> None:
        if not self._standing:
            output = ((self._ahead or b"") + b" " + self._told).decode(errors="replace")
            raise NoShellError(" ".join((*self._strange, *output.split())))
        if self._standing == "folder":
            raise FileNotFoundError(2, "no such folder", str(self._folder))
        if self._standing == "absent":
            raise FileNotFoundError(2, "no such program", self._argv[0])
        if self._standing == "denied":
            raise PermissionError(13, "permission denied", self._argv[0])

    def _rest(self, seconds: float) -> None:
        """Lets output gather on its way; one who says more than fits waits."""
        if not self._exited.done():
            self._channel.pause_reading()
            self._loop.call_later(seconds, self._channel.resume_reading)

    @staticmethod
    def _settle(future: asyncio.Future[None]) -> None:
        if not future.done():
            future.set_result(None)
