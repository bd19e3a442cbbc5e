"""Machines of the contract suite, and what hosts leave there."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import with_variable
from tui.hosts.local import LocalHost
from tui.hosts.ssh.host import SshHost

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.servers import Client, Server
    from tui.hosts.host import Host

_SETTLED = 4.0  # seconds until nothing of a host is left


@dataclass(frozen=True)
class Place:
    """A machine.

    Attributes:
        host: Makes a host of it.
        left: The processes and folders there that belong to such hosts.
        home: The home of the user there.
    """

    host: Callable[[], Host]
    left: Callable[[], list[str]]
    home: Path

    async def settled(self) -> list[str]:
        """Waits until nothing is left; what still is, if it takes too long."""
        return await settled(self.left)


async def settled(left: Callable[[], list[str]]) -> list[str]:
    """Waits until nothing is left somewhere; what still is, if it takes too long."""
    until = time.monotonic() + _SETTLED
    while True:
        found = await asyncio.to_thread(left)
        if not found or time.monotonic() > until:
            return found
        await asyncio.sleep(0.05)


def local(folder: Path) -> Place:
    """This machine, with its cache in a folder."""
    mark = secrets.token_hex(8)
    cache = folder / "cache"

    def left() -> list[str]:
        return [*(argv for _, argv in with_variable("MARK", mark)), *map(str, cache.glob("*"))]

    return Place(lambda: LocalHost({**os.environ, "MARK": mark}, cache), left, Path.home())


def remote(server: Server, user: Client) -> Place:
    """A server's machine, for a user who knows it."""
    user.knows(server)
    return Place(lambda: SshHost(server.address), server.left, server.home)
