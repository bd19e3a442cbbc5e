"""A connection, and how many sessions it carries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncssh

_MOST = 8  # sessions; OpenSSH's default is 10, of which people keep some for themselves


class Link:
    """A connection to a machine.

    Attributes:
        connection: The library's; set as soon as it stands.
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
        """Whether it stands."""
        return not self.connection.is_closed()

    async def close(self, patience: float) -> None:
        """Ends it; cuts it off where that takes longer than some seconds."""
        self.connection.close()
        closed = asyncio.ensure_future(self.connection.wait_closed())
        await asyncio.wait({closed}, timeout=patience)
        if not closed.done():
            self.connection.abort()
            await asyncio.wait({closed}, timeout=patience)
