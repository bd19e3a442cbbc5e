"""One SSH connection, and how many sessions it carries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncssh

_MOST = 8  # sessions; OpenSSH allows 10 by default, of which some are left to others


class Link:
    """An SSH connection to a machine.

    Attributes:
        connection: The library's object; set once it is connected.
        sessions: How many programs and file transfers it carries now.
    """

    connection: asyncssh.SSHClientConnection

    def __init__(self) -> None:
        self.sessions = 0

    @property
    def has_room(self) -> bool:
        """Whether it can carry one more session."""
        return self.sessions < _MOST

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
