"""One SSH connection, and how many sessions it carries."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncssh

_MOST = 8  # sessions; OpenSSH allows 10 by default, of which some are left to others


class Link:
    """An SSH connection to a machine.

    Attributes:
        connection: The library's object; set once it is connected.
        sessions: How many programs and file transfers it carries now.
        most: How many it may carry: fewer once the machine has refused one.
        used: Whether it has carried one.
    """

    connection: asyncssh.SSHClientConnection

    def __init__(self) -> None:
        self.sessions = 0
        self.most = _MOST
        self.used = False

    @property
    def has_room(self) -> bool:
        """Whether it can carry one more session."""
        return self.sessions < self.most

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Count one more session during the block."""
        self.sessions += 1
        try:
            yield
        finally:
            self.sessions -= 1

    def refuse(self) -> bool:
        """Note that the machine refused the latest session; return whether it has allowed another one."""
        self.most = self.sessions - 1
        return self.used or self.most > 0

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return not self.connection.is_closed()

    async def close(self, patience: float) -> None:
        """Disconnect; cut it off where that takes longer than some seconds."""
        self.connection.close()
        closed = asyncio.ensure_future(self.connection.wait_closed())
        await asyncio.wait({closed}, timeout=patience)
        if not closed.done():
            self.connection.abort()
            await asyncio.wait({closed}, timeout=patience)
