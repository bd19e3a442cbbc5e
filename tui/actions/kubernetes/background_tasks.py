"""Background tasks of a block of code, which end with it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    Start = Callable[[Coroutine[object, object, None]], None]


@contextlib.asynccontextmanager
async def background_tasks() -> AsyncIterator[Start]:
    """Run background tasks during a block; cancel and await them when it ends.

    Yields:
        A function that starts a task.

    Raises:
        BaseException: The first error of the block or of a task, not wrapped in a group.
    """
    tasks: list[asyncio.Task[None]] = []
    try:
        async with asyncio.TaskGroup() as group:
            yield lambda coroutine: tasks.append(group.create_task(coroutine))
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as failures:
        first = _first(failures)
        raise first from first.__cause__


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
