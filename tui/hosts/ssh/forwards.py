"""Ways from this machine to sockets and ports of the other one, which outlive a connection."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from tui.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


LOOPBACK = "127.0.0.1"


class Forwards:
    """The ways to one machine: each stays where it is when the connection is a new one."""

    def __init__(self, name: str, connection: Callable[[], Awaitable[asyncssh.SSHClientConnection]]) -> None:
        """Prepares them.

        Args:
            name: The machine's.
            connection: The connection that stands now.
        """
        self._name = name
        self._connection = connection
        self._folder: Path | None = None
        self._sockets: dict[str | tuple[str, int], Path] = {}
        self.ports: dict[int, tuple[str, int]] = {}
        self._opening = asyncio.Lock()

    async def socket(self, there: str | tuple[str, int]) -> Path:
        """The Unix socket of this machine that leads to a socket's path, or an address and port, there."""
        connection = await self._connection()
        async with self._opening:
            if there not in self._sockets:
                if not isinstance(there, str):
                    await self._check(connection, *there)
                path = await self._place(f"{len(self._sockets)}.sock")
                await _listen(connection, path, there)
                self._sockets[there] = path
        return self._sockets[there]

    async def port(self, address: str, port: int) -> int:
        """The port of this machine's loopback that leads to an address and port there."""
        connection = await self._connection()
        async with self._opening:
            for local, there in self.ports.items():
                if there == (address, port):
                    return local
            await self._check(connection, address, port)
            local = await _forward(connection, port, address, port)
            self.ports[local] = (address, port)
        return local

    async def restore(self, connection: asyncssh.SSHClientConnection) -> None:
        """Opens all ways anew, over a new connection."""
        async with self._opening:
            for there, path in self._sockets.items():
                await asyncio.to_thread(path.unlink, missing_ok=True)
                await _listen(connection, path, there)
            for local, (address, port) in tuple(self.ports.items()):
                anew = await _forward(connection, local, address, port)
                if anew != local:  # somebody has taken it meanwhile
                    del self.ports[local]
                    self.ports[anew] = (address, port)

    async def close(self) -> None:
        """Removes the sockets."""
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _check(self, connection: asyncssh.SSHClientConnection, address: str, port: int) -> None:
        if await _is_forbidden(connection, address, port):
            cause = f"{self._name} leads nobody to its port {port}: its sshd forbids that"
            raise NotReadyError(cause, "its sshd_config has to allow AllowTcpForwarding, PermitOpen the port")

    async def _place(self, name: str) -> Path:
        if self._folder is None:  # of mode 0700: the sockets themselves are everybody's
            self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bringup-"))
        return self._folder / name


async def _listen(connection: asyncssh.SSHClientConnection, path: Path, there: str | tuple[str, int]) -> None:
    if isinstance(there, str):
        await connection.forward_local_path(str(path), there)
    else:
        await connection.forward_local_path_to_port(str(path), *there)


async def _forward(connection: asyncssh.SSHClientConnection, wanted: int, address: str, port: int) -> int:
    with contextlib.suppress(OSError):  # somebody has it, or may have it only as root
        return (await connection.forward_local_port(LOOPBACK, wanted, address, port)).get_port()
    return (await connection.forward_local_port(LOOPBACK, 0, address, port)).get_port()


async def refusal(connection: asyncssh.SSHClientConnection, path: str) -> str:
    """Why a socket there cannot be connected to; empty where it can.

    OpenSSH does not tell what it forbids from what nobody listens at.
    """
    try:
        _, writer = await connection.open_unix_connection(path)
    except asyncssh.ChannelOpenError as error:
        return error.reason
    writer.close()
    return ""


async def _is_forbidden(connection: asyncssh.SSHClientConnection, address: str, port: int) -> bool:
    """Whether the other machine leads nobody to a port; to one where nobody listens it does."""
    try:
        _, writer = await connection.open_connection(address, port)
    except asyncssh.ChannelOpenError as error:
        return error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
    writer.close()
    return False
