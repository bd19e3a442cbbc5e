"""Stopping in time, with words."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from tui.reporter import Reporter


@contextlib.asynccontextmanager
async def in_time(
    report: Reporter, state: Callable[[], str], details: Callable[[], Iterable[str]] = tuple
) -> AsyncIterator[None]:
    """Cancel the block at the step's deadline.

    Args:
        report: Whose deadline it is.
        state: Says what was still going on: `redis:7 was still being pulled`.
        details: Lines that show it.

    Raises:
        ActionError: The deadline has come.
    """
    try:
        async with asyncio.timeout_at(report.deadline) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise ActionError(
            f"{state()} when the time was up",
            "give the step or its task a longer `timeout`",
            tuple(details()),
        ) from error
