"""Ports and sockets forwarded to a machine, which outlive a connection."""

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
    """The forwards to one machine: each keeps its port or path when the connection is made again."""

    def __init__(self, name: str, connection: Callable[[], Awaitable[asyncssh.SSHClientConnection]]) -> None:
        """Prepare them.

        Args:
            name: The machine's.
            connection: Returns the connection of the moment.
        """
        self._name = name
        self._connection = connection
        self._directory: Path | None = None
        self._sockets: dict[str | tuple[str, int], Path] = {}
        self.ports: dict[int, tuple[str, int]] = {}
        self._opening = asyncio.Lock()

    async def socket(self, there: str | tuple[str, int]) -> Path:
        """Return the Unix socket here that leads to a socket, or an address and port, there."""
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
        """Return the port of this machine's loopback that leads to an address and port there."""
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
        """Open all forwards again, over a new connection."""
        async with self._opening:
            for there, path in self._sockets.items():
                await asyncio.to_thread(path.unlink, missing_ok=True)
                await _listen(connection, path, there)
            for local, (address, port) in tuple(self.ports.items()):
                again = await _forward(connection, local, address, port)
                if again != local:  # another program has taken it meanwhile
                    del self.ports[local]
                    self.ports[again] = (address, port)

    async def close(self) -> None:
        """Remove the sockets."""
        if self._directory is not None:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def _check(self, connection: asyncssh.SSHClientConnection, address: str, port: int) -> None:
        if await _is_forbidden(connection, address, port):
            cause = f"{self._name} does not forward its port {port}: its sshd forbids that"
            raise NotReadyError(
                cause, "set AllowTcpForwarding in its sshd_config, and PermitOpen for the port"
            )

    async def _place(self, name: str) -> Path:
        if self._directory is None:  # of mode 0700: everybody may use the sockets themselves
            self._directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bringup-"))
        return self._directory / name


async def _listen(connection: asyncssh.SSHClientConnection, path: Path, there: str | tuple[str, int]) -> None:
    if isinstance(there, str):
        await connection.forward_local_path(str(path), there)
    else:
        await connection.forward_local_path_to_port(str(path), *there)


async def _forward(connection: asyncssh.SSHClientConnection, wanted: int, address: str, port: int) -> int:
    with contextlib.suppress(OSError):  # it is taken, or only root may have it
        return (await connection.forward_local_port(LOOPBACK, wanted, address, port)).get_port()
    return (await connection.forward_local_port(LOOPBACK, 0, address, port)).get_port()


async def refusal(connection: asyncssh.SSHClientConnection, path: str) -> str:
    """Return why a socket there cannot be connected to; empty if it can.

    OpenSSH gives the same reason where it forbids that and where nobody listens.
    """
    try:
        _, writer = await connection.open_unix_connection(path)
    except asyncssh.ChannelOpenError as error:
        return error.reason
    writer.close()
    return ""


async def _is_forbidden(connection: asyncssh.SSHClientConnection, address: str, port: int) -> bool:
    """Return whether sshd there forbids to forward a port; one where nobody listens is not forbidden."""
    try:
        _, writer = await connection.open_connection(address, port)
    except asyncssh.ChannelOpenError as error:
        return error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
    writer.close()
    return False
