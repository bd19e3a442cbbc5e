"""Content that is read piece by piece, without blocking the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


async def pieces_of(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of content whose iterator blocks; each is read in a thread."""
    while (piece := await asyncio.to_thread(next, content, None)) is not None:
        yield piece
