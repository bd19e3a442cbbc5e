"""A machine over SSH as a host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

import asyncssh
from asyncssh.constants import OPEN_REQUEST_SESSION_FAILED

from tui.errors import NotReadyError
from tui.hosts.cpu_account import charge
from tui.hosts.host import HostFullError, HostLostError
from tui.hosts.ssh.connection import Connection, no_shell
from tui.hosts.ssh.files import copy
from tui.hosts.ssh.forwards import LOOPBACK
from tui.hosts.ssh.program import LostError, NoShellError, Program
from tui.hosts.ssh.remote_engine import find_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.machine import Machine
    from tui.hosts.ssh.link import Link
    from tui.hosts.ssh.login import Prompter
    from tui.plan.address import Address

_PATIENCE = 10.0  # seconds for the other machine to be ready for files


class SshHost:
    """A machine over SSH.

    It belongs to the event loop that it is first used on.
    """

    shares_files = shares_loopback = shares_kernel = False

    def __init__(self, address: Address, prompter: Prompter | None = None) -> None:
        """Prepare it.

        Args:
            address: Where it is.
            prompter: Asks the user for what is not known, until the first connection is made.
        """
        self.name = self.location = str(address)
        self._connection = Connection(address, prompter)
        self._engine: ContainerEngine | None = None
        self._finding = asyncio.Lock()
        self._left: list[Program] = []

    async def connect(self) -> None:
        """Connect, unless that is done; see `Host.connect`."""
        await self._connection.get()

    async def run(
        self,
        argv: Sequence[str],
        *,
        on_lines: Callable[[list[str]], None] | None = None,
        env: Mapping[str, str] | None = None,
        directory: PurePath | None = None,
        on_left: Callable[[str], None] | None = None,
    ) -> int:
        """Run a program and wait for it; see `Host.run`."""

        def start(link: Link) -> Awaitable[Program]:
            return self._start(link, argv, env or {}, directory, on_lines, on_left is not None)

        async with self._connection.session(start) as (link, program):
            try:
                status = await program.finish()
                if program.left and not status and on_left is not None:
                    self._left.append(program)
                    link.sessions += 1  # its channel stays open
                    on_left(program.left)
                elif program.left:
                    await program.end()
                return status
            except LostError:
                raise self._connection.lost() from None
            except NoShellError as error:
                raise no_shell(self.name, str(error)) from error
            except BaseException:
                await program.end()
                raise
            finally:
                charge(program.cpu)
                if not program.ended and program.group is not None:
                    self._connection.left.add(program.group)
                if program not in self._left:
                    program.close()

    async def machine(self) -> Machine:
        """Return what the machine reports of itself; see `Host.machine`."""
        return (await self._connection.facts()).machine

    async def engine(self) -> ContainerEngine:
        """Return the container engine that answers there; see `Host.engine`."""
        async with self._finding:
            if self._engine is None:
                self._engine = await find_engine(self, self._connection)
        await self.connect()  # the forward to it needs one
        return self._engine

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[PurePath]:
        """Make a private directory there for the block; see `Host.scratch`."""
        facts = await self._connection.facts()
        if not facts.directory:
            raise _full(self.name, facts.error)
        directory = PurePosixPath(facts.directory) / f"step-{secrets.token_hex(4)}"
        async with self._files(directory.parent) as files:
            await files.mkdir(str(directory), asyncssh.SFTPAttrs(permissions=0o700))
        try:
            yield directory
        finally:
            if self._connection.still_has(facts):  # else the connection took it along
                with contextlib.suppress(HostLostError, NotReadyError):
                    await self.run(("rm", "-rf", str(directory)))

    async def write(self, path: PurePath, content: AsyncIterator[bytes]) -> None:
        """Write a file there; see `Host.write`."""
        async with self._files(path.parent) as files, files.open(str(path), "wb") as file:
            async for chunk in content:
                await file.write(chunk)

    async def copy(self, source: Path, path: PurePath) -> None:
        """Copy a file or directory there; see `Host.copy`."""
        async with self._files(path.parent) as files:
            await copy(files, source, path)

    async def forward(self, port: int, address: str = LOOPBACK) -> int:
        """Return the local port that leads to one there; see `Host.forward`."""
        return await self._connection.forwards.port(address, port)

    async def socket(self, port: int, address: str = LOOPBACK) -> Path:
        """Return the local socket that leads to a port there; see `Host.socket`."""
        return await self._connection.forwards.socket((address, port))

    @property
    def loss(self) -> HostLostError | None:
        """The error for what fails now because the connection was just lost; see `Host.loss`."""
        return self._connection.lost() if self._connection.is_fresh_loss else None

    @property
    def forwards(self) -> Mapping[int, tuple[str, int]]:
        """The forwarded local ports; see `Host.forwards`."""
        return self._connection.forwards.ports

    def kill(self) -> None:
        """Cut the connection, which ends all that runs there."""
        self._connection.abort()

    async def close(self) -> None:
        """End what programs have left in the background, and the connection; see `Host.close`."""
        left, self._left = self._left, []
        await asyncio.gather(*(program.end() for program in left))
        await self._connection.close()

    async def _start(
        self,
        link: Link,
        argv: Sequence[str],
        env: Mapping[str, str],
        directory: PurePath | None,
        on_lines: Callable[[list[str]], None] | None,
        keep: bool,
    ) -> Program:
        start = Program.start(link.connection, argv, env, directory, on_lines, keep)
        starting = asyncio.ensure_future(start)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:  # it may run already
            with contextlib.suppress(asyncssh.Error, OSError):
                program = await starting
                await program.end()
                program.close()
            raise
        except (asyncssh.Error, OSError) as error:
            if link.is_open and isinstance(error, asyncssh.ChannelOpenError):
                raise
            raise self._connection.lost() from error

    @contextlib.asynccontextmanager
    async def _files(self, directory: PurePath) -> AsyncIterator[asyncssh.SFTPClient]:
        """Give an SFTP client for a directory; raise its errors as the local host would."""
        async with self._connection.session(self._start_files) as (link, started), started as files:
            try:
                yield files
            except asyncssh.SFTPError as error:
                raise await self._explained(files, directory, error) from error
            except (asyncssh.Error, OSError) as error:
                if link.is_open:
                    raise
                raise self._connection.lost() from error

    async def _start_files(self, link: Link) -> asyncssh.SFTPClient:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await link.connection.start_sftp_client()
        except (asyncssh.Error, TimeoutError) as error:
            if not link.is_open:
                raise self._connection.lost() from error
            if isinstance(error, asyncssh.ChannelOpenError) and error.code != OPEN_REQUEST_SESSION_FAILED:
                raise  # the session was refused, not its subsystem
            if isinstance(error, asyncssh.SFTPBadMessage):
                why, hint = (
                    "what answers there is not SFTP",
                    "let start-up files of shells there print nothing",
                )
            else:
                why, hint = (
                    "it has no SFTP",
                    "name an sftp-server that is installed there as `Subsystem sftp` in its sshd_config",
                )
            raise NotReadyError(f"{self.name} cannot store files: {why}", hint) from error

    async def _explained(
        self, files: asyncssh.SFTPClient, directory: PurePath, error: asyncssh.SFTPError
    ) -> Exception:
        if isinstance(error, asyncssh.SFTPNoConnection | asyncssh.SFTPConnectionLost):
            return self._connection.lost()
        if isinstance(error, asyncssh.SFTPNoSuchFile):
            return FileNotFoundError(errno.ENOENT, "no such file there", str(directory))
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return PermissionError(errno.EACCES, f"permission denied at {self.name}", str(directory))
        with contextlib.suppress(asyncssh.SFTPError):  # OpenSSH calls a full disk a failure, and no more
            if not (await files.statvfs(str(directory))).bavail:
                return _full(self.name, f"no space left at {directory}")
        return OSError(errno.EIO, error.reason or "it failed", str(directory))


def open_host(address: Address, prompter: Prompter | None = None) -> SshHost:
    """Make the host at an `ssh://` address; nothing is connected yet."""
    return SshHost(address, prompter)


def _full(name: str, why: str) -> HostFullError:
    return HostFullError(
        f"{name} cannot store files: {why}", "make room there, or make the directory writable"
    )
